"""A person's word about the count."""

from __future__ import annotations

import itertools

import pytest

from choreo.errors import InvalidInput
from choreo.music import correct_by_taps, correct_counts
from choreo.song import Section, SongAnalysis
from choreo.vocabulary import RhythmMode, SectionLabel


def _analysis(beats: int = 64, first: int = 2, period: float = 0.5) -> SongAnalysis:
    times = tuple(round(0.4 + period * k, 6) for k in range(beats))
    ones = times[first::8]
    return SongAnalysis(
        duration=times[-1] + 1.0,
        tempo=60 / period,
        beats=times,
        downbeats=times[first % 4 :: 4],
        eight_counts=ones,
        sections=(
            Section(
                start=ones[0], end=ones[3], label=SectionLabel.VERSE, energy=0.4,
                rhythm_mode=RhythmMode.DERECHO,
            ),
            Section(
                start=ones[3], end=times[-1] + 1.0, label=SectionLabel.MAMBO, energy=1.0,
                rhythm_mode=RhythmMode.MAMBO,
            ),
        ),
        rhythm_strength=0.8,
        syncopation_level=0.3,
        confidence=0.3,
        warnings=("The bars are clear, but the 1 might be the 5.",),
    )  # fmt: skip


@pytest.mark.parametrize("shift", [-9, -4, -1, 0, 1, 3, 4, 7, 8, 13])
def test_a_shift_moves_every_one_by_so_many_counts(shift: int) -> None:
    before = _analysis()
    after = correct_counts(before, shift)
    assert after.beats == before.beats
    index = {beat: k for k, beat in enumerate(after.beats)}
    assert {index[one] % 8 for one in after.eight_counts} == {(2 + shift) % 8}
    assert index[after.eight_counts[0]] < 8
    assert {index[beat] % 4 for beat in after.downbeats} == {(2 + shift) % 4}
    assert len(after.downbeats) == len({index[beat] for beat in after.downbeats}) == 16


def test_a_correction_is_a_persons_word() -> None:
    for after in (
        correct_counts(_analysis(), 4),
        correct_by_taps(_analysis(), _analysis().eight_counts),
    ):
        assert after.corrected_by_person
        assert after.confidence == 1.0
        assert after.warnings == ()


def test_a_shift_there_and_back_changes_nothing_but_the_word() -> None:
    before = _analysis()
    back = correct_counts(correct_counts(before, 3), -3)
    assert (back.beats, back.downbeats, back.eight_counts) == (
        before.beats, before.downbeats, before.eight_counts,
    )  # fmt: skip


def test_sections_follow_the_one() -> None:
    after = correct_counts(_analysis(), 4)
    assert {section.start for section in after.sections} <= set(after.eight_counts)
    for a, b in itertools.pairwise(after.sections):
        assert a.end == b.start
    assert after.sections[-1].end == after.duration


def test_a_shift_keeps_resets() -> None:
    taps = [_analysis().beats[k] for k in (3, 11, 19, 23, 31)]
    tapped = correct_by_taps(_analysis(), taps)
    assert tapped.count_resets == (_analysis().beats[23],)
    shifted = correct_counts(tapped, 2)
    assert shifted.count_resets == (_analysis().beats[25],)


def test_taps_near_beats_keep_the_beats_and_move_the_one() -> None:
    before = _analysis()
    taps = [before.beats[k] + error for k, error in ((5, 0.08), (13, -0.06), (29, 0.1))]
    after = correct_by_taps(before, taps)
    assert after.beats == before.beats
    index = {beat: k for k, beat in enumerate(after.beats)}
    assert {index[one] % 8 for one in after.eight_counts} == {5}


def test_taps_at_another_tempo_make_their_own_beats() -> None:
    before = _analysis()
    taps = [1.0 + 3.6 * k for k in range(8)]
    after = correct_by_taps(before, taps)
    assert after.tempo == pytest.approx(8 * 60 / 3.6, rel=1e-3)
    assert set(after.eight_counts) >= {round(tap, 6) for tap in taps}
    assert set(after.eight_counts) <= set(after.downbeats) <= set(after.beats)


def test_taps_count_a_song_in_which_no_beat_was_found() -> None:
    silent = _analysis().model_copy(
        update={"beats": (), "downbeats": (), "eight_counts": (), "sections": (), "tempo": 0.0}
    )
    after = correct_by_taps(silent, [2.0, 6.0, 10.0, 14.0])
    assert after.tempo == pytest.approx(120.0, rel=1e-3)
    assert {2.0, 6.0, 10.0, 14.0} <= set(after.eight_counts)
    with pytest.raises(InvalidInput, match="no beats"):
        correct_counts(silent, 1)


@pytest.mark.parametrize(
    ("taps", "reason"),
    [
        ([], "two or more"),
        ([3.0], "two or more"),
        ([3.0, 2.0], "ascend"),
        ([3.0, 3.0], "ascend"),
        ([-1.0, 3.0], "between 0"),
        ([1.0, 900.0], "between 0"),
        ([1.0, float("nan")], "between 0"),
        ([1.0, 1.3, 1.6], "apart"),
    ],
)
def test_taps_that_make_no_sense_are_refused(taps: list[float], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        correct_by_taps(_analysis(), taps)


def test_a_shift_beyond_reason_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1000"):
        correct_counts(_analysis(), 1000)
