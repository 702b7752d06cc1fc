"""Counts are found by word, sound or motion, and clips are cut on 1 or 5."""

import itertools

import numpy as np
import pytest
from catalog_media import write_clip

from catalog.beat_map import LANDING, BeatMap, heard, seen, told
from catalog.cutting import cut
from catalog.manifest import COLUMNS, read_manifest, write_manifest
from catalog.probing import probe
from catalog.sessions import Sessions, signature
from catalog.source_files import Source, slug
from catalog.words import naming_of
from choreo.vocabulary import Difficulty, Hold, Style


def even(first_at, tempo, number, first=1, confidence=1.0):
    times = tuple(first_at + 60 / tempo * index for index in range(number))
    return BeatMap(times, first, confidence, "person")


def test_a_persons_grid_reaches_to_the_end_of_the_clip():
    beats = told(1.0, 120.0, 6.0)
    assert beats.times == tuple(1.0 + 0.5 * index for index in range(11))
    assert beats.confidence == 1


@pytest.mark.parametrize("tempo", [108, 120, 126, 137])
@pytest.mark.parametrize("first_at", [0.3, 0.9])
def test_motion_that_rests_on_the_counts_gives_tempo_and_phase(tempo, first_at):
    beat = 60 / tempo
    times = np.arange(0, 9, 1 / 30, dtype=np.float32)
    counts = (times - LANDING - first_at) / beat
    rng = np.random.default_rng(tempo)
    energy = 1 - np.cos(2 * np.pi * counts) + 0.2 * rng.normal(size=len(times))
    # Out until 3, back until 7: the way that a basic step makes.
    way = np.sin(2 * np.pi * ((times - first_at) / beat + 1 - 1.5) / 8)
    speed = np.gradient(way).astype(np.float32)
    beats = seen(times, energy.astype(np.float32), 9.0, travel=(times, speed))
    found = 60 * (len(beats.times) - 1) / (beats.times[-1] - beats.times[0])
    assert found == pytest.approx(tempo, rel=0.01)
    ones = [t for i, t in enumerate(beats.times) if beats.count_of(i) in (1, 5)]
    offsets = [(t - first_at) / beat for t in ones]
    assert max(abs(o - 4 * round(o / 4)) for o in offsets) * beat < 0.09


def test_a_still_picture_still_has_a_grid_without_confidence():
    times = np.arange(0, 6, 1 / 30, dtype=np.float32)
    beats = seen(times, np.zeros(len(times), np.float32), 6.0)
    assert len(beats.times) >= 8
    assert beats.confidence < 0.3


def test_clicks_in_a_clips_own_sound_give_its_beats(tmp_path):
    clicks = [0.4 + 0.48 * index for index in range(24)]
    write_clip(tmp_path / "loud.mp4", seconds=12.0, size=(64, 64), clicks_at=clicks)
    facts = probe(tmp_path / "loud.mp4")
    beats = heard(tmp_path / "loud.mp4", facts.sound_delay, 12.0)
    assert beats is not None
    errors = [min(abs(time - click) for click in clicks) for time in beats.times]
    assert max(errors) < 0.05
    assert heard(tmp_path / "loud.mp4", 0.0, 12.0, tempo=100.0) is None


def test_cutting_enters_on_one_where_that_loses_no_eight():
    # Counts 3 4 | 5 6 7 8 | 1 ...: entering on 5 would put every eight across the music's.
    parts = cut(even(0.2, 120, 2 + 4 + 16 + 1, first=3), 12.0)
    assert [(part.counts, part.enters_on) for part in parts] == [(8, 1), (8, 1)]
    # With one eight in all, it is better to enter on 5 than to have only a four.
    parts = cut(even(0.2, 120, 2 + 4 + 4 + 1, first=3), 6.0)
    assert [(part.counts, part.enters_on) for part in parts] == [(8, 5)]


def test_moves_of_one_clip_lie_end_to_end_and_enter_on_one_or_five():
    parts = cut(even(0.0, 126, 40), 30.0)
    for before, after in itertools.pairwise(parts):
        assert before.beat_times[-1] == after.beat_times[0]
    assert {part.enters_on for part in parts} <= {1, 5}


def test_the_figure_after_the_last_move_of_a_dance_is_kept():
    first, last = cut(even(1.0, 120, 17), 14.0, ends_the_dance=True)
    assert first.end == pytest.approx(first.beat_times[-1] + 1.0)
    assert last.end == pytest.approx(last.beat_times[-1] + 5.0) or last.end == 14.0
    (told,) = cut(even(1.0, 120, 9), 12.0, 8, ends_the_dance=True)
    assert told.end == pytest.approx(10.0)


def test_handles_are_a_second_or_what_there_is():
    (part,) = cut(even(0.4, 120, 9), 4.6)
    assert part.start == 0.0
    assert part.end == 4.6
    part, *_ = cut(even(2.0, 120, 9), 20.0)
    assert part.start == 1.0
    assert part.end == 7.0


def test_too_few_counts_give_nothing():
    assert cut(even(0.5, 120, 4), 2.2) == []
    assert cut(even(0.5, 120, 8), 4.2, counts=16) == []


@pytest.mark.parametrize(
    ("relative", "family", "base", "difficulty", "style", "hold"),
    [
        ("body_roll/body_roll_1.mp4", "body_roll", "body_roll_1", None, Style.SENSUAL, None),
        ("Basic Step/a.mov", "basic_step", "basic_step_a", Difficulty.BEGINNER, None, None),
        ("Shadow_Turn.mp4", "shadow_turn", "shadow_turn", None, None, Hold.SHADOW),
        ("moves/dip_02.mp4", "dip", "dip_02", Difficulty.ADVANCED, Style.SENSUAL, None),
        ("ダンス.mp4", "move", "move", None, None, None),
    ],
)
def test_folders_and_names_say_what_a_move_is(
    relative, family, base, difficulty, style, hold, tmp_path
):
    naming = naming_of(Source(tmp_path / relative, relative))
    assert naming.family == family
    assert naming.base_id == base
    for found, wanted in ((naming.difficulty, difficulty), (naming.style, style)):
        assert wanted is None or found is wanted
    assert naming.hold is hold


def test_slugs_are_plain():
    assert slug("¡Dulce Mañana! (Remix)") == "dulce_manana_remix"
    assert slug("舞", "fallback") == "fallback"


def test_a_manifest_survives_semicolons_json_and_nonsense(tmp_path):
    (tmp_path / "m.csv").write_bytes("\ufefffile;tempo;wat\na.mp4;126,5;x\n;1;\n".encode())
    manifest = read_manifest(tmp_path / "m.csv")
    assert manifest.rows["a.mp4"].tempo == 126.5
    reasons = " ".join(refusal.reason for refusal in manifest.refusals)
    assert "unknown column 'wat'" in reasons
    assert "line 3 names no file" in reasons

    (tmp_path / "m.json").write_text('[{"file": "a.mp4", "tags": ["x", "y"], "loopable": true}]')
    told_row = read_manifest(tmp_path / "m.json").rows["a.mp4"]
    assert told_row.tags == ("x", "y")
    assert told_row.loopable is True

    for text in ("name,tempo\nx,1\n", "[1, 2]", "\x00\x01"):
        (tmp_path / "bad.json").write_text(text)
        assert read_manifest(tmp_path / "bad.json").refusals
    (tmp_path / "bad.csv").write_text("name,tempo\nx,1\n")
    assert "no column 'file'" in read_manifest(tmp_path / "bad.csv").refusals[0].reason
    (tmp_path / "latin.csv").write_bytes(b"file\ncaf\xe9.mp4\n")
    assert "UTF-8" in read_manifest(tmp_path / "latin.csv").refusals[0].reason


def test_a_written_manifest_reads_back_the_same(tmp_path):
    (tmp_path / "a.csv").write_text(
        ",".join(COLUMNS) + "\na.mp4,A,a,hold,advanced,low,fusion,8,1.25,120.5,open,closed,left,"
        'right,right,left,-30,45,yes,s1,x;y,"One, two"\n'
    )
    rows = read_manifest(tmp_path / "a.csv").rows
    write_manifest(rows.values(), tmp_path / "b.csv")
    assert read_manifest(tmp_path / "b.csv").rows == rows
    with pytest.raises(FileExistsError):
        write_manifest(rows.values(), tmp_path / "b.csv")


def test_rooms_are_told_apart_by_their_colours():
    rng = np.random.default_rng(5)

    def room(wall, dress):
        picture = np.full((180, 320, 3), wall, np.float64) + rng.normal(0, 6, (180, 320, 3))
        left = rng.integers(110, 180)
        picture[40:160, left : left + 40] = dress
        return signature(np.clip(picture, 0, 255).astype(np.uint8))

    sessions = Sessions()
    names = [sessions.place(room(wall, (200, 20, 30))) for wall in ((180, 160, 140),) * 3]
    other = [sessions.place(room((40, 60, 90), (20, 160, 60))) for _ in range(3)]
    assert len(set(names)) == len(set(other)) == 1
    assert names[0] != other[0]
