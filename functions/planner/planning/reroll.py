"""An earlier plan → what of it is danced anew, and the plan in which the rest stays.

The places of a plan are its moves, counted from 0. A place that is chosen anew gets another
move of the same length where one is legal, else other moves of other lengths; its own move
comes back only where nothing else may stand there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from choreo.blueprint import Blueprint, BlueprintMove
from choreo.errors import PlanImpossible
from choreo.move import Move
from choreo.task import Reroll
from planning.model import Brief, Earlier, Place, Slots, is_avoided, is_kind, listed

MAX_SHOWN = 200
"""Moves of still earlier plans that are remembered, the latest ones."""


@dataclass(frozen=True)
class Opened:
    """An earlier plan, opened in some places."""

    blueprint: Blueprint
    brief: Brief
    """What the plan was made for."""
    danced: Brief
    """The same, with what the new moves are wished to be."""
    earlier: Earlier
    locked: frozenset[int]
    """Indices of the moves that a person wants to keep, now and later."""
    warnings: tuple[str, ...] = ()


def open_plan(text: str | None, wish: Reroll, sentence: str, moves: Sequence[Move]) -> Opened:
    """Read an earlier plan and open the places that `wish` names.

    Args:

        text: The stored blueprint, or None if there is none.

        wish: The places to open and to lock, and what to avoid.

        sentence: The dancer's own words, which plans do not repeat; empty without any.

        moves: The library.

    Raises:

        PlanImpossible: If there is no such plan, it does not say what was asked for, or none
            of the places may be opened.

        InvalidBlueprint: If the stored text is no blueprint.
    """
    if text is None:
        raise PlanImpossible(f"the task {wish.task_id} has no plan of which moves could be changed")
    blueprint = Blueprint.from_json(text)
    size = len(blueprint.moves)
    beyond = sorted({place for place in (*wish.slots, *wish.lock) if place >= size})
    if beyond:
        raise PlanImpossible(f"the plan has {size} moves, 0 to {size - 1}; there is no {beyond[0]}")
    before = frozenset(place for place, move in enumerate(blueprint.moves) if move.locked)
    refused = sorted(before & set(wish.slots))
    free = set(wish.slots) - before
    warnings = [f"moves {_numbers(refused)} are locked and stay"] if refused else []
    if not free:
        raise PlanImpossible(
            f"moves {_numbers(refused)} are locked; no other was to be chosen anew"
        )
    brief = _wishes(blueprint, sentence)
    danced = _danced(brief, wish)
    places = [_place(move) for move in blueprint.moves]
    earlier = Earlier(
        kept=tuple(place for number, place in enumerate(places) if number not in free),
        free=tuple(places[number] for number in sorted(free)),
        avoided=frozenset(move.id for move in moves if _is_out(move, danced, wish)),
        shown=_shown(blueprint),
        energy=wish.energy_level,
    )
    locked = before | frozenset(wish.lock)
    return Opened(blueprint, brief, danced, earlier, locked, tuple(warnings))


def _danced(brief: Brief, wish: Reroll) -> Brief:
    levels = [level for level in (brief.difficulty, wish.difficulty) if level is not None]
    return replace(
        brief,
        difficulty=min(levels, key=lambda level: level.rank, default=None),
        energy=wish.energy_level or brief.energy,
    )


def check_counts(opened: Opened, slots: Slots) -> None:
    """Check that the song is still counted as it was when the plan was made.

    Raises:

        PlanImpossible: If it is not: the moves that stay would fall beside the beat.
    """
    counts = opened.blueprint.counts
    same = (
        counts is not None
        and len(counts.beats) == len(slots.beats)
        and counts.ones == slots.ones
        and all(
            abs(a - max(0.0, b)) < 0.001 for a, b in zip(counts.beats, slots.beats, strict=True)
        )
    )
    if not same:
        raise PlanImpossible(
            "the song has been counted differently since the plan was made, so its moves cannot "
            "stay where they are; ask for a new video"
        )


def put_together(
    opened: Opened, fresh: Blueprint, moves: Mapping[str, Move]
) -> tuple[Blueprint, tuple[str, ...]]:
    """Put the new moves into the earlier plan.

    What is kept stays as it is to the byte, apart from the lock, and from the transition into
    a move whose predecessor has changed.

    Args:

        opened: The earlier plan.

        fresh: The whole dance as it was searched again.

        moves: The library, by id.

    Returns:

        The plan, and warnings about moves that could not be changed as wished.

    Raises:

        InvalidBlueprint: If it would not pass the job's own checks.
    """
    kept = set(opened.earlier.kept)
    earlier = [
        (place, number, move)
        for number, move in enumerate(opened.blueprint.moves)
        if (place := _place(move)) in kept
    ]
    placed: list[BlueprintMove] = []
    unchanged: list[int] = []
    missed: list[int] = []
    changed_before = False
    for number, move in enumerate(fresh.moves):
        end = move.start_time + move.duration
        stays = next((one for one in earlier if one[0].is_at(move.start_time, end)), None)
        if stays is not None:
            _, old_number, old = stays
            update: dict[str, Any] = {"locked": old_number in opened.locked}
            if changed_before:
                update["transition_type"] = move.transition_type
            placed.append(old.model_copy(update=update))
            changed_before = False
            continue
        same = any(
            place.clip_id == move.clip_id and place.overlaps(move.start_time, end)
            for place in opened.earlier.free
        )
        if same:
            unchanged.append(number)
        elif opened.earlier.energy not in (None, moves[move.clip_id].energy_level):
            missed.append(number)
        lead = "Nothing else is legal here, so it stays" if same else "Chosen anew"
        # A sentence holds one colon.
        why = f"{lead}: {move.why[0].lower()}{move.why[1:].replace(': ', ', ')}"[:500]
        placed.append(move.model_copy(update={"why": why}))
        changed_before = True
    warnings = []
    if unchanged:
        warnings.append(
            f"nothing else is legal in the place of moves {_numbers(unchanged)}, which stay"
        )
    if missed and opened.earlier.energy is not None:
        warnings.append(
            f"nothing of {opened.earlier.energy.value} energy fits in the place of moves "
            f"{_numbers(missed)}"
        )
    plan = opened.blueprint.model_copy(
        update={
            "task_id": fresh.task_id,
            "moves": tuple(placed),
            "difficulty_level": fresh.difficulty_level,
            "generation_timestamp": fresh.generation_timestamp,
            "generation_parameters": fresh.generation_parameters,
            "output_config": opened.blueprint.output_config.model_copy(
                update={"output_path": fresh.output_config.output_path}
            ),
            "seed": fresh.seed,
        }
    )
    return Blueprint.from_json(plan.to_json()), tuple(warnings)


def described(opened: Opened) -> dict[str, Any]:
    """Return what later re-rolls need to know, for `generation_parameters`."""
    shown = (*opened.earlier.shown, *opened.earlier.free)
    return {
        "of": opened.blueprint.task_id,
        "shown": [asdict(place) for place in shown[-MAX_SHOWN:]],
    }


def _place(move: BlueprintMove) -> Place:
    return Place(move.clip_id, move.start_time, move.start_time + move.duration)


def _wishes(blueprint: Blueprint, sentence: str) -> Brief:
    parameters = blueprint.generation_parameters
    try:
        brief = TypeAdapter(Brief).validate_python(parameters.get("brief"))
    except ValidationError:
        brief = None
    if brief is None:
        raise PlanImpossible(
            "the plan does not say for which wishes it was made, so single moves of it cannot be "
            "chosen anew; ask for a new video"
        )
    return replace(brief, sentence=sentence)


def _shown(blueprint: Blueprint) -> tuple[Place, ...]:
    before = blueprint.generation_parameters.get("reroll")
    listed_places = before.get("shown") if isinstance(before, Mapping) else None
    try:
        return TypeAdapter(tuple[Place, ...]).validate_python(listed_places or ())
    except ValidationError:
        return ()


def _is_out(move: Move, brief: Brief, wish: Reroll) -> bool:
    """Tell whether a move may stand in no place that is chosen anew."""
    too_hard = brief.difficulty is not None and move.difficulty.rank > brief.difficulty.rank
    return (
        too_hard
        or is_avoided(move, wish.avoid)
        or any(is_kind(move, kind) for kind in brief.banned)
    )


def _numbers(places: Sequence[int]) -> str:
    return listed([str(place) for place in places])
