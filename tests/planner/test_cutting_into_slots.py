"""Laws of the slots: the song is counted from its first 1 and covered to its end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.planning_material import make_song
from choreo.errors import PlanImpossible
from choreo.song import Section, Song
from choreo.vocabulary import RhythmMode, SectionLabel
from planning.model import SlotKind, Slots, Span, SpanKind
from planning.slots import cut_into_slots

TEMPI = [100.0, 113.0, 126.0, 137.5, 150.0]


def covers_everything(slots: Slots) -> bool:
    edges = [0.0]
    for slot in slots.slots:
        assert slots.start(slot) == pytest.approx(edges[-1], abs=1e-6)
        edges.append(slots.end(slot))
    return edges[-1] == pytest.approx(slots.length, abs=1e-6)


@pytest.mark.parametrize("tempo", TEMPI)
@pytest.mark.parametrize("first", [0.0, 0.3, 2.7, 11.0])
@pytest.mark.parametrize("tail", [0.0, 0.4, 6.0])
def test_slots_lie_end_to_end_over_the_whole_song(tempo: float, first: float, tail: float) -> None:
    song = make_song(tempo=tempo, first=first, tail=tail, drift=0.01)
    slots = cut_into_slots(song, Span())
    assert slots.length == pytest.approx(song.duration)
    assert covers_everything(slots)


@pytest.mark.parametrize("tempo", TEMPI)
def test_every_slot_after_the_first_1_starts_on_a_1(tempo: float) -> None:
    slots = cut_into_slots(make_song(tempo=tempo), Span())
    for slot in slots.slots:
        if slot.kind is SlotKind.DANCE and slot.first_beat <= slots.ones[-1]:
            assert slot.first_beat in slots.ones


def test_a_break_that_resets_the_count_is_a_slot_of_four_and_then_comes_a_1() -> None:
    slots = cut_into_slots(make_song(break_after=11), Span())
    breaks = [i for i, slot in enumerate(slots.slots) if slot.kind is SlotKind.BREAK]
    assert [slots.slots[i].counts for i in breaks] == [4]
    after = slots.slots[breaks[0] + 1]
    assert after.first_beat in slots.resets
    assert after.first_beat in slots.ones
    assert not after.joins_previous


def test_a_section_that_breaks_for_half_a_phrase_is_a_slot_of_its_own() -> None:
    song = make_song()
    analysis = song.analysis
    assert analysis is not None
    one = analysis.eight_counts[5]
    middle = analysis.beats[analysis.beats.index(one) + 4]
    end = analysis.eight_counts[6]
    still = Section(
        start=middle,
        end=end,
        label=SectionLabel.BREAK,
        energy=0.0,
        rhythm_mode=RhythmMode.DERECHO,
    )
    sections = [s for s in analysis.sections if not s.start <= middle < s.end]
    whole = next(s for s in analysis.sections if s.start <= middle < s.end)
    sections += [
        whole.model_copy(update={"end": middle}),
        still,
        whole.model_copy(update={"start": end}),
    ]
    ordered = tuple(sorted(sections, key=lambda section: section.start))
    changed = song.model_copy(
        update={"analysis": analysis.model_copy(update={"sections": ordered})}
    )
    slots = cut_into_slots(changed, Span())
    assert [(s.kind, s.counts) for s in slots.slots if s.kind is SlotKind.BREAK] == [
        (SlotKind.BREAK, 4)
    ]
    assert covers_everything(slots)


def test_beats_that_the_analysis_lost_are_filled_in() -> None:
    song = make_song()
    analysis = song.analysis
    assert analysis is not None
    lost = (*analysis.beats[:50], *analysis.beats[53:])
    thinned = song.model_copy(update={"analysis": analysis.model_copy(update={"beats": lost})})
    slots = cut_into_slots(thinned, Span())
    intervals = [b - a for a, b in pairwise(slots.beats)]
    assert max(intervals) < 1.2 * min(intervals)


@pytest.mark.parametrize("seconds", [20.0, 60.0, 101.0])
def test_the_first_seconds_end_on_a_bar_and_are_never_longer_than_asked(seconds: float) -> None:
    slots = cut_into_slots(make_song(), Span(SpanKind.SECONDS, 0.0, seconds))
    bar = 4 * 60.0 / 126.0
    assert seconds - bar - 0.2 <= slots.length <= seconds + 0.1
    assert covers_everything(slots)


def test_only_the_mambo_starts_and_ends_with_it() -> None:
    song = make_song()
    analysis = song.analysis
    assert analysis is not None
    mambo = next(s for s in analysis.sections if s.label is SectionLabel.MAMBO)
    slots = cut_into_slots(song, Span(SpanKind.SECTION, section=SectionLabel.MAMBO))
    assert slots.audio_start == pytest.approx(mambo.start, abs=0.001)
    assert slots.length == pytest.approx(mambo.end - mambo.start, abs=0.05)
    assert {slot.label for slot in slots.slots} == {SectionLabel.MAMBO}
    assert slots.beats[0] == pytest.approx(0.0, abs=0.001)


def test_the_last_seconds_start_on_a_1() -> None:
    song = make_song()
    slots = cut_into_slots(song, Span(SpanKind.SECONDS, -30.0))
    analysis = song.analysis
    assert analysis is not None
    assert min(abs(slots.audio_start - one) for one in analysis.eight_counts) < 0.001
    assert slots.audio_start + slots.length == pytest.approx(song.duration)


def sections_danced(slots: Slots) -> list[SectionLabel]:
    labels = [slot.label for slot in slots.slots if slot.kind is not SlotKind.LEAD_IN]
    return [label for n, label in enumerate(labels) if n == 0 or labels[n - 1] is not label]


def test_a_dance_starts_at_the_section_asked_for_and_goes_on_to_the_end() -> None:
    song = make_song()
    slots = cut_into_slots(song, Span(SpanKind.SECTIONS, section=SectionLabel.CHORUS, which=1))
    assert sections_danced(slots)[0] is SectionLabel.CHORUS
    assert slots.ones[0] == 0
    assert slots.audio_start + slots.length == pytest.approx(song.duration)
    last = Span(SpanKind.SECTIONS, section=SectionLabel.CHORUS, which=-1, length=20.0)
    short = cut_into_slots(song, last)
    assert short.audio_start > slots.audio_start
    assert 17.0 < short.length <= 20.1


def test_intro_and_outro_are_left_out_and_a_song_without_them_says_so() -> None:
    both = Span(SpanKind.SECTIONS, without=(SectionLabel.INTRO, SectionLabel.OUTRO))
    slots = cut_into_slots(make_song(), both)
    assert slots.ones[0] == 0
    assert {SectionLabel.INTRO, SectionLabel.OUTRO}.isdisjoint(sections_danced(slots))
    assert not slots.notes
    plain = make_song(parts=(("verse", 8, 0.5),))
    whole = cut_into_slots(plain, both)
    assert whole.length == pytest.approx(plain.duration)
    assert len(whole.notes) == 2


def test_a_dance_stops_before_the_section_asked_for() -> None:
    span = Span(SpanKind.SECTIONS, section=SectionLabel.VERSE, which=1, until=SectionLabel.MAMBO)
    slots = cut_into_slots(make_song(), span)
    assert sections_danced(slots) == [
        SectionLabel.VERSE,
        SectionLabel.CHORUS,
        SectionLabel.VERSE,
        SectionLabel.CHORUS,
    ]


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.5, 1.0), (2 / 3, 1.0)])
def test_a_share_of_the_song_is_cut_on_counts(start: float, end: float) -> None:
    song = make_song()
    slots = cut_into_slots(song, Span(SpanKind.SHARE, start, end))
    assert slots.audio_start == pytest.approx(start * song.duration, abs=2.0)
    assert slots.length == pytest.approx((end - start) * song.duration, abs=4.0)
    assert start == 0.0 or slots.ones[0] == 0


def test_a_part_that_the_song_does_not_have_is_said_and_all_is_danced() -> None:
    song = make_song(parts=(("verse", 8, 0.5),))
    slots = cut_into_slots(song, Span(SpanKind.SECTION, section=SectionLabel.MAMBO))
    assert slots.length == pytest.approx(song.duration)
    assert "mambo" in slots.notes[0]


def test_music_without_a_beat_is_refused_with_its_file() -> None:
    song = make_song()
    analysis = song.analysis
    assert analysis is not None
    silent = analysis.model_copy(update={"beats": (), "downbeats": (), "eight_counts": ()})
    with pytest.raises(PlanImpossible, match=r"songs/song\.m4a"):
        cut_into_slots(song.model_copy(update={"analysis": silent}), Span())


def test_a_song_without_marked_1s_is_counted_from_its_first_beat() -> None:
    song: Song = make_song()
    analysis = song.analysis
    assert analysis is not None
    unmarked = analysis.model_copy(update={"eight_counts": ()})
    slots = cut_into_slots(song.model_copy(update={"analysis": unmarked}), Span())
    assert slots.ones[:3] == (1, 9, 17) or slots.ones[:3] == (0, 8, 16)
