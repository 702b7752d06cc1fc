"""Choreography → Blueprint: counts become seconds, once, and every step is tied to its beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from choreo.blueprint import (
    Blueprint,
    BlueprintMove,
    Counts,
    MedleySong,
    OutputConfig,
    TransitionType,
)
from choreo.song import Song
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, SectionLabel
from planning.model import Brief, Choreography, Slot, SlotKind, Slots, Step

DECIMALS = 6
"""Microseconds."""

FRAME = 1 / 30
"""Seconds; handles keep one frame to spare."""

VISIBLE_JUMP = 0.5
"""Change of pose (0 to 1) at a cut that a dissolve should soften."""


@dataclass(frozen=True)
class Origin:
    """What a blueprint says about where it comes from."""

    task_id: str
    timestamp: str
    """ISO 8601, UTC."""
    seed: int
    parameters: Mapping[str, Any]


def build_blueprint(
    song: Song,
    brief: Brief,
    slots: Slots,
    choreography: Choreography,
    origin: Origin,
    medley: tuple[MedleySong, ...] = (),
) -> Blueprint:
    """Write the plan down.

    Args:

        song: The song, or the first one of a medley.

        brief: What was asked for.

        slots: The music.

        choreography: The moves.

        origin: Where the plan comes from.

        medley: The songs after the first.

    Raises:

        InvalidBlueprint: If it would not pass the job's own checks.
    """
    config = OutputConfig(output_path=f"outputs/{origin.task_id}.mp4")
    steps = choreography.steps
    edges = [0.0, *(_seconds(_end(step, slots)) for step in steps)]
    edges[-1] = _seconds(slots.length)
    moves: list[BlueprintMove] = []
    for number, step in enumerate(steps):
        move = _placed(step, slots, edges[number], edges[number + 1])
        before = moves[-1] if moves else None
        moves.append(
            move.model_copy(
                update={
                    "transition_type": _transition(
                        brief, before, move, steps, number, slots, config
                    ),
                    "why": _why(step, slots.slots[step.slot], brief),
                }
            )
        )
    hardest = max((step.move.difficulty for step in steps), key=lambda level: level.rank)
    blueprint = Blueprint(
        task_id=origin.task_id,
        audio_path=song.audio_path,
        audio_start=_seconds(slots.audio_start),
        audio_tempo=round(slots.slots[0].tempo, 3),
        audio_loudness=song.loudness,
        audio_true_peak=song.true_peak,
        medley=medley,
        moves=tuple(moves),
        total_duration=edges[-1],
        difficulty_level=Difficulty(brief.difficulty or hardest),
        generation_timestamp=origin.timestamp,
        generation_parameters=dict(origin.parameters),
        output_config=config,
        counts=Counts(
            beats=tuple(_seconds(max(0.0, beat)) for beat in slots.beats),
            ones=slots.ones,
            resets=slots.resets,
        ),
        seed=origin.seed,
    )
    return Blueprint.from_json(blueprint.to_json())


def _seconds(value: float) -> float:
    return round(value, DECIMALS)


def _end(step: Step, slots: Slots) -> float:
    return slots.beats[step.first_beat + step.counts] + step.tail


def _placed(step: Step, slots: Slots, start: float, end: float) -> BlueprintMove:
    pairs = _pairs(step, slots, start, end)
    duration = round(step.move.duration, DECIMALS)
    return BlueprintMove(
        clip_id=step.move.id,
        video_path=step.move.video_path,
        preview_path=step.move.preview_path,
        start_time=start,
        duration=_seconds(end - start),
        original_duration=duration,
        trim_start=pairs[0][0],
        trim_end=_seconds(max(0.0, duration - pairs[-1][0])),
        move_name=step.move.name[:200],
        count_start=step.first_beat,
        counts=step.counts or None,
        beat_map=pairs,
        entry_state=step.move.entry_state,
        exit_state=step.move.exit_state,
    )


def _pairs(step: Step, slots: Slots, start: float, end: float) -> tuple[tuple[float, float], ...]:
    """Tie the clip's counts to the song's, with what lies before and after at the same speed."""
    clip = step.move.beat_times
    first, last = step.clip_count, step.clip_count + step.counts
    if step.free:
        begin = clip[first] - step.lead
        return ((_seconds(begin), start), (_seconds(begin + end - start), end))
    song = slots.beats[step.first_beat : step.first_beat + step.counts + 1]
    pairs = [(clip[first + k], song[k]) for k in range(step.counts + 1)]
    speed = 1.0 if step.counts < 1 else (clip[last] - clip[first]) / (song[-1] - song[0])
    if step.lead > 0:
        pairs.insert(0, (clip[first] - step.lead * speed, start))
    if step.tail > 0:
        pairs.append((clip[last] + step.tail * speed, end))
    limit = step.move.duration
    rounded = [(_seconds(min(max(0.0, a), limit)), _seconds(b)) for a, b in pairs]
    rounded[0] = (rounded[0][0], start)
    rounded[-1] = (rounded[-1][0], end)
    return tuple(rounded)


def _transition(
    brief: Brief,
    before: BlueprintMove | None,
    move: BlueprintMove,
    steps: tuple[Step, ...],
    number: int,
    slots: Slots,
    config: OutputConfig,
) -> TransitionType:
    """Choose the joint: as asked, else a dissolve where a cut would show."""
    if before is None:
        return TransitionType.CUT
    step, previous = steps[number], steps[number - 1]
    wanted = brief.transition
    if wanted is None:
        new_section = slots.slots[step.slot].section != slots.slots[previous.slot].section
        new_session = step.move.session != previous.move.session
        soft = new_section or new_session or step.jump > VISIBLE_JUMP
        wanted = TransitionType.CROSSFADE if soft else TransitionType.CUT
    if wanted is TransitionType.CROSSFADE:
        # The clips are retimed by at most a tenth, and so are their handles.
        needed = 1.1 * config.transition_duration / 2 + FRAME
        if before.trim_end < needed or move.trim_start < needed:
            return TransitionType.CUT
    return wanted


_SECTIONS: Mapping[SectionLabel, str] = {
    SectionLabel.INTRO: "The intro",
    SectionLabel.VERSE: "The verse",
    SectionLabel.CHORUS: "The chorus",
    SectionLabel.MAMBO: "The mambo",
    SectionLabel.BRIDGE: "The bridge",
    SectionLabel.BREAK: "The break",
    SectionLabel.OUTRO: "The outro",
}

_HOLDS: Mapping[Hold, str] = {
    Hold.OPEN: "open hold",
    Hold.CLOSED: "closed hold",
    Hold.SHADOW: "shadow position",
    Hold.HAMMERLOCK: "hammerlock",
    Hold.CROSS_HAND: "crossed hands",
    Hold.SIDE_BY_SIDE: "side by side",
    Hold.SINGLE_HAND: "one hand held",
}

_ENERGIES: Mapping[EnergyLevel, str] = {
    EnergyLevel.LOW: "calm",
    EnergyLevel.MEDIUM: "flowing",
    EnergyLevel.HIGH: "full",
}


def _why(step: Step, slot: Slot, brief: Brief) -> str:
    """Say in one sentence why this move stands here."""
    move = step.move
    enters, leaves = _HOLDS[move.entry_state.hold], _HOLDS[move.exit_state.hold]
    same = move.entry_state.hold is move.exit_state.hold
    way = f"in {enters}" if same else f"from {enters} to {leaves}"
    energy = _ENERGIES[move.energy_level]
    if slot.kind is SlotKind.LEAD_IN:
        return f"Before the first 1: a {energy} way in, {way}."
    if slot.kind is SlotKind.TAIL:
        return f"The song ends: a {energy} close from {enters}."
    if slot.kind is SlotKind.BREAK:
        return f"The music breaks for {step.counts} counts: hold it in {enters}, then again on 1."
    if move.role == "intro":
        return f"The dance opens: a {energy} way in, {way}."
    if move.role == "outro":
        return f"The dance closes: a {energy} ending from {enters}."
    asked = []
    if step.wanted:
        asked.append("you asked for it")
    elif brief.style is not None and move.style is brief.style:
        asked.append(f"{move.style.value} as you asked")
    if step.returns:
        asked.append(f"back from the {slot.label.value} before")
    return ", ".join([_to_the_music(step, slot, brief, way), *asked])[:499] + "."


def _to_the_music(step: Step, slot: Slot, brief: Brief, way: str) -> str:
    """Say how the move's energy answers the music's."""
    section, level = _SECTIONS[slot.label], step.move.energy_level
    music = min(2, int(3 * slot.energy))
    heard = f"{section} is {('calm', 'flowing', 'full')[music]}"
    if level.rank == music:
        return f"{heard}, and so is this move {way}"
    shown = f"{heard}: a {_ENERGIES[level]} move {way}"
    if level is brief.energy:
        return shown.replace(":", f", and you asked for {level.value} energy:")
    return f"{shown} leaves room for the music" if level.rank < music else f"{shown} livens it up"
