"""Every field of a blueprint at its edges: refused by name, or a proven video."""

import copy
import json
import random
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from barcodes import conformed_clip, move, noise_song, plan, write_wav
from outcome import outcome

from choreo.blueprint import Blueprint, json_schema
from choreo.errors import InvalidBlueprint
from rendering import RenderReport
from rendering.clip import Clip, VideoFormat
from rendering.segments import Copy, segments
from rendering.timeline import Timeline

SIZE = (160, 90)
LENGTH = 0.5
"""Seconds of each move."""

SCHEMA = json_schema()

PLACES: dict[str, tuple[str | int, ...]] = {
    "Blueprint": (),
    "BlueprintMove": ("moves", 1),
    "OutputConfig": ("output_config",),
    "MedleySong": ("medley", 0),
    "Counts": ("counts",),
}
"""Where a value of each kind stands in the document below."""


NAMED_BY = {
    "audio_path": ("its file was not given",),
    "video_path": ("its file was not given",),
    "beats": ("counts.ones names beat 0",),
    "start_time": ("of 0.500 s", "no move starts"),
    "duration": ("total_duration",),
    "trim_start": ("moves[1]",),
}
"""Fields whose fault shows in another place of the plan, and what is said of it."""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    files = {f"moves/c{n}.mp4": conformed_clip(folder / f"c{n}.mp4", n, 75, SIZE) for n in range(2)}
    files["songs/song.wav"] = write_wav(folder / "song.wav", noise_song(3))
    files["songs/other.wav"] = write_wav(folder / "other.wav", noise_song(3, seed=2))
    return files


def document() -> dict[str, Any]:
    moves = [
        move(
            f"c{n}", n * LENGTH, LENGTH,
            trim_start=1.0, trim_end=1.0, original_duration=2.5, transition_type="crossfade",
        )
        for n in range(2)
    ]  # fmt: skip
    second = {
        "audio_path": "songs/other.wav",
        "audio_start": 0.5,
        "start_time": LENGTH,
        "crossfade": 0.2,
        "audio_tempo": 120.0,
    }
    output = {"width": SIZE[0], "height": SIZE[1]}
    counts = {"beats": [0.25 * n for n in range(4)], "ones": [0]}
    return json.loads(plan(moves, medley=[second], counts=counts, output=output).to_json())


def edges(field: dict[str, Any]) -> Iterator[Any]:
    """Values at the borders that a field's schema draws, and just beyond them."""
    if "$ref" in field:
        field = SCHEMA["$defs"][field["$ref"].rpartition("/")[2]]
    for option in field.get("anyOf", ()):
        yield from edges(option)
    kind = field.get("type")
    if kind == "boolean":
        yield from (True, False)
    elif kind in ("number", "integer"):
        whole = kind == "integer"
        least = field.get("minimum", field.get("exclusiveMinimum", 0))
        most = field.get("maximum", field.get("exclusiveMaximum", 2**62 if whole else 1e300))
        yield from (least, most, least - 1, most * 2 + 1, 0)
        yield from (1, 2**70) if whole else (5e-324, 1e-9, 1e308)
    elif kind == "string":
        yield from field.get("enum", ())
        yield from ("", "\0", "x" * 201, "💃" * 100, "1", "99999999M", "../x")
    elif kind == "array":
        yield from ([], [None])
    elif kind == "null":
        yield None


def bent(place: tuple[str | int, ...], name: str, value: Any) -> dict[str, Any]:
    whole = document()
    part: Any = whole
    for step in place:
        part = part[step]
    part[name] = value
    if name.startswith("audio_"):
        whole["output_config"]["normalize_audio"] = True
    return whole


def judged(whole: dict[str, Any], media: dict[str, Path], folder: Path) -> RenderReport | str:
    try:
        blueprint = Blueprint.from_document(whole)
    except InvalidBlueprint as exc:
        return str(exc)
    return outcome(blueprint, media, folder)


FIELDS = [
    (kind, name)
    for kind in PLACES
    for name in (SCHEMA if kind == "Blueprint" else SCHEMA["$defs"][kind])["properties"]
]


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_field_at_its_edges_is_refused_by_name_or_makes_a_proven_video(
    media: dict[str, Path], folder: Path, kind: str, name: str
) -> None:
    known = (SCHEMA if kind == "Blueprint" else SCHEMA["$defs"][kind])["properties"][name]
    for value in edges(known):
        found = judged(bent(PLACES[kind], name, value), media, folder)
        if isinstance(found, str):
            assert len(found) < 2_000
            assert any(word in found for word in (*NAMED_BY.get(name, ()), name)), found
        elif name in ("width", "height"):
            assert found.quality["black_frames"] == 0


OUTPUTS: dict[str, list[Any]] = {
    "video_bitrate": ["1", "10000M"],
    "audio_bitrate": ["1", "10000M"],
    "frame_rate": [1, 23.976, 29.97, 59.94, 119.88, 120],
    "transition_duration": [0, 0.3, 5],
    "fade_duration": [0, 0.5, 10],
    "width": [16, 18, 160, 322],
    "height": [16, 90, 202],
    "add_audio_overlay": [True, False],
    "normalize_audio": [True, False],
    "constant_frame_rate": [True, False],
    "fit": ["letterbox", "crop"],
    "mirror": [True, False],
    "speed": [0.5, 0.77, 1],
    "overlay": ["none", "counts", "moves"],
}


@pytest.mark.parametrize("seed", range(10))
def test_edges_of_the_output_go_together(media: dict[str, Path], folder: Path, seed: int) -> None:
    chosen = random.Random(seed)
    whole = copy.deepcopy(document())
    whole["output_config"] |= {name: chosen.choice(values) for name, values in OUTPUTS.items()}
    if chosen.random() < 0.5:
        for number, entry in enumerate(whole["moves"]):
            start = number * LENGTH
            middle = [1.0 + chosen.choice([0.001, 0.2, 0.3, 0.499]), start + LENGTH / 2]
            entry["beat_map"] = [[1.0, start], middle, [1.5, start + LENGTH]]
    assert isinstance(judged(whole, media, folder), RenderReport)


@pytest.mark.parametrize("rate", [23.976, 29.97, 59.94])
@pytest.mark.parametrize("length", [0.777, 1 / 3])
def test_odd_rates_have_every_frame_whether_bent_or_not(
    media: dict[str, Path], folder: Path, rate: float, length: float
) -> None:
    moves = []
    for number in range(2):
        start = number * length
        pairs = [[1.0, start], [1.3, start + length / 2], [1.6, start + length]]
        moves.append(
            move(
                f"c{number}", start, length,
                trim_start=1.0, trim_end=0.9, original_duration=2.5, beat_map=pairs,
                transition_type="crossfade",
            )
        )  # fmt: skip
    output = {
        "width": SIZE[0], "height": SIZE[1], "frame_rate": rate, "constant_frame_rate": True
    }  # fmt: skip
    report = outcome(plan(moves, output=output), media, folder)
    assert isinstance(report, RenderReport)
    assert report.frames == round(2 * length * Fraction(rate).limit_denominator(1001))


@pytest.mark.parametrize(
    "pairs",
    [
        [[0, 0], [1, 1e-320], [2, 1.0]],
        [[0, 0], [1e-300, 0.5], [2, 1.0]],
        [[0, 0], [1e-310, 1.0]],
        [[0, 0], [0.001, 0.999999], [2, 1.0]],
        [[0, 0], [1.9, 1e-6], [2, 1.0]],
    ],
)
@pytest.mark.parametrize("song", [True, False])
def test_a_beat_map_as_steep_or_flat_as_numbers_go_makes_a_proven_video(
    media: dict[str, Path], folder: Path, pairs: list[list[float]], song: bool
) -> None:
    moves = [move("c0", 0.0, 1.0, original_duration=pairs[-1][0] + 1e-9, beat_map=pairs)]
    output = {"width": SIZE[0], "height": SIZE[1], "add_audio_overlay": song}
    assert isinstance(outcome(plan(moves, output=output), media, folder), RenderReport)


@pytest.mark.parametrize("rate", [1.0, 23.976, 24.0, 25.0, 29.97, 30.0, 59.94, 120.0])
def test_an_hour_is_divided_without_a_frame_lost(rate: float) -> None:
    stamps = array("q", range(0, 3_700 * 30 * 512, 512))
    order = array("q", range(len(stamps)))
    clip = Clip(
        path=Path("none"),
        name="long",
        stamps=stamps,
        time_base=Fraction(1, 15_360),
        decode_order=order,
        keys=order[::15],
        format=(layout := VideoFormat(*SIZE, Fraction(30), b"")),
        rate=Fraction(30),
        pixel_shape=Fraction(1),
        has_sound=False,
    )
    lengths = [0.004, 1.234567, 2.0, 3.333333, 0.01, 1200.1] * 3
    moves, start = [], 0.0
    for number, length in enumerate(lengths):
        moves.append(
            move(
                f"m{number}", start, length, trim_start=1.0 + number, original_duration=3_700.0,
                transition_type=("cut", "crossfade", "fade_black")[number % 3],
            )
        )  # fmt: skip
        start += length
    blueprint = plan(moves, output={"frame_rate": rate, "fade_duration": 0.5})
    timeline = Timeline(blueprint, [clip] * len(moves))
    wanted = round(Fraction(blueprint.total_duration) * timeline.clock.rate)
    row = segments(timeline, layout, even_rate=True)
    parts = [s.run.end - s.run.start if isinstance(s, Copy) else s.frames for s in row]
    assert timeline.frames == sum(parts) == wanted
    assert sum(shot.end - shot.first for shot in timeline.shots) == wanted
    assert rate > 1 or segments(timeline, layout, even_rate=False)
    if rate == 30:
        assert sum(isinstance(segment, Copy) for segment in row) >= 9
