"""The images are made of files that exist, of locked packages, and run without rights."""

import re
from pathlib import Path, PurePosixPath

import pytest
from cloud_paths import ROOT

from tools.stage import DEPLOYABLES, SHARED

DOCKERFILES = {
    deployable.name: ROOT / deployable.folder / "Dockerfile" for deployable in DEPLOYABLES
}

each_image = pytest.mark.parametrize("image", DOCKERFILES)


def _lines(image: str) -> list[str]:
    text = DOCKERFILES[image].read_text().replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def _copied(image: str) -> dict[str, str]:
    pairs = [line.split()[1:] for line in _lines(image) if line.startswith("COPY ")]
    return {to: source for source, to in (pair for pair in pairs if "--from" not in pair[0])}


@each_image
def test_an_image_holds_what_the_bundle_of_its_deployable_holds(image: str) -> None:
    deployable = next(found for found in DEPLOYABLES if found.name == image)
    wanted = {f"/app/{PurePosixPath(part).name}": part for part in (*deployable.parts, SHARED)}
    lock = {"/build/requirements.txt": f"{deployable.folder}/requirements.txt"}
    assert _copied(image) == wanted | lock


@each_image
def test_what_an_image_copies_exists_and_reaches_the_build(image: str) -> None:
    admitted = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    for source in _copied(image).values():
        assert (ROOT / source).exists(), source
        assert any(source == entry or source.startswith(f"{entry}/") for entry in admitted), source


@each_image
def test_packages_come_from_the_lock_by_hash_and_nothing_is_resolved(image: str) -> None:
    install = next(line for line in _lines(image) if "pip install" in line)
    for option in ("--no-deps", "--require-hashes", "--only-binary :all:", "requirements.txt"):
        assert option in install
    lock = (ROOT / _copied(image)["/build/requirements.txt"]).read_text()
    assert lock.count("==") <= lock.count("--hash=sha256:")


@each_image
def test_the_base_image_is_an_argument_of_both_stages(image: str) -> None:
    lines = _lines(image)
    assert lines[0].startswith("ARG BASE_IMAGE=docker.io/library/python:3.13-slim")
    stages = [line for line in lines if line.startswith("FROM ")]
    assert stages == ["FROM ${BASE_IMAGE} AS build", "FROM ${BASE_IMAGE}"]


@each_image
def test_an_image_runs_as_a_numeric_user_without_rights_and_without_pip(image: str) -> None:
    lines = _lines(image)
    last = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 10001:10001" in last
    assert any(line.startswith("RUN rm -rf") and "pip" in line for line in last)
    after_user = last[last.index("USER 10001:10001") :]
    assert not any(line.startswith(("RUN", "COPY", "ADD")) for line in after_user)
    assert not any(line.startswith("ADD ") for line in lines)


@each_image
def test_an_image_says_what_it_is_and_of_which_revision(image: str) -> None:
    label = next(line for line in _lines(image) if line.startswith("LABEL "))
    for key in ("title", "description", "licenses", "revision"):
        assert f"org.opencontainers.image.{key}=" in label
    assert "ARG REVISION=unknown" in _lines(image)


@each_image
def test_an_image_states_how_its_health_is_known(image: str) -> None:
    health = next(line for line in _lines(image) if line.startswith("HEALTHCHECK"))
    serves = image in ("request_handler", "planner")
    assert (health != "HEALTHCHECK NONE") == serves


@each_image
def test_a_package_that_compiles_at_its_first_use_is_not_used_cold(image: str) -> None:
    deployable = next(found for found in DEPLOYABLES if found.name == image)
    lock = (ROOT / deployable.folder / "requirements.txt").read_text()
    compiles = bool(re.search(r"(?m)^(librosa|numba)==", lock))
    # A first beat_track costs 38 s of processor; with a cache made for any processor, 9 s.
    warmed = "NUMBA_CPU_NAME=generic" in " ".join(_lines(image))
    assert warmed == compiles


def test_the_job_is_given_nothing_numeric_and_no_language_model() -> None:
    names = set(
        re.findall(r"(?m)^([a-z0-9][\w.-]*)==", (ROOT / "job_image/requirements.txt").read_text())
    )
    heavy = {"numpy", "scipy", "librosa", "numba", "faiss-cpu", "scikit-learn"}
    assert names & (heavy | {"google-generativeai", "google-genai"}) == set()


def test_every_image_of_the_local_containers_has_its_dockerfile() -> None:
    compose = ROOT / "local_emulators" / "docker-compose.yaml"
    named = re.findall(r"dockerfile: (\S+) }", compose.read_text())
    assert {ROOT / name for name in named} == set(map(Path, DOCKERFILES.values()))
