"""Blueprints bent in every way: each is refused with its faults, or it is a good one."""

from __future__ import annotations

import copy
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from choreo.blueprint import Blueprint
from choreo.errors import InvalidBlueprint
from choreo.media_path import checked_path

BASE: dict[str, Any] = {
    "schema_version": "1.0",
    "task_id": "task-1",
    "audio_path": "songs/amor/audio.wav",
    "audio_start": 10.0,
    "audio_tempo": 120.0,
    "audio_loudness": -14.0,
    "medley": [
        {
            "audio_path": "songs/otro.wav",
            "audio_start": 2.0,
            "start_time": 4.0,
            "audio_tempo": 120.0,
        }
    ],
    "moves": [
        {
            "clip_id": f"clip-{n}",
            "video_path": f"moves/clip-{n}.mp4",
            "preview_path": f"moves/clip-{n}_360p.mp4",
            "start_time": 4.0 * n,
            "duration": 4.0,
            "transition_type": "crossfade",
            "original_duration": 6.0,
            "trim_start": 1.0,
            "trim_end": 1.0,
            "move_name": "Básico",
            "count_start": 8 * n,
            "counts": 8,
            "beat_map": [[1.0, 4.0 * n], [3.0, 4.0 * n + 2.0], [5.0, 4.0 * n + 4.0]],
            "why": "It opens the verse.",
        }
        for n in range(3)
    ],
    "total_duration": 12.0,
    "difficulty_level": "beginner",
    "generation_timestamp": "2026-01-01T00:00:00Z",
    "generation_parameters": {"query": "una bachata"},
    "output_config": {"output_path": "outputs/task-1.mp4", "width": 1280, "height": 720},
    "counts": {"beats": [n * 0.5 for n in range(25)], "ones": [0, 8, 16, 24]},
    "seed": 7,
}

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, -1e308, 5e-324, 2**63, 10**400, float("nan"), float("inf")),
    *("", "\0", "../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/x"),
    *("gs://other/x.mp4", "concat:a|b", "C:\\x.mp4", "a//b", "./a", "a/../b", "~root", "%2e%2e/x"),
    *("\u202e", "\ud800", "💃" * 300, "x" * 100_000, "$(touch x)", "'; DROP TABLE", "-i", "pipe:0"),
    *([], {}, [[]], [None] * 50, {"a": {"b": {}}}, [0] * 5_000, {"": ""}, "NaN", "1e5", "12.0"),
)


@dataclass
class Bent:
    """What became of many mutations."""

    refused: int = 0
    accepted: int = 0
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    """Processor seconds of one document."""


def mutations(count: int, seed: int = 1) -> Bent:
    """Check `count` bent blueprints, always the same for a seed."""
    chance, bent = random.Random(seed), Bent()
    for number in range(count):
        text = _bent(chance)
        started = time.process_time()
        try:
            blueprint = Blueprint.from_json(text)
        except InvalidBlueprint as exc:
            bent.refused += 1
            if not exc.faults or len(str(exc)) > 50_000:
                bent.faults.append(f"{number}: refused without a readable reason")
        except Exception as exc:  # noqa: BLE001 - what is not foreseen is what is looked for
            bent.faults.append(f"{number}: {type(exc).__name__}: {exc!s:.200}")
        else:
            bent.accepted += 1
            bent.faults += [f"{number}: {fault}" for fault in _faults_in(blueprint)]
        bent.slowest = max(bent.slowest, time.process_time() - started)
    return bent


def _faults_in(blueprint: Blueprint) -> list[str]:
    """What must hold of every blueprint that was let through."""
    paths = [blueprint.audio_path, blueprint.output_config.output_path]
    paths += [song.audio_path for song in blueprint.medley]
    for move in blueprint.moves:
        paths += [move.video_path, *([move.preview_path] if move.preview_path else [])]
    for path in paths:
        checked_path(path)
    again = Blueprint.from_json(blueprint.to_json())
    faults = [] if again == blueprint else ["it is another one when read again"]
    ends = blueprint.moves[-1].start_time + blueprint.moves[-1].duration
    if abs(ends - blueprint.total_duration) > 0.01:
        faults.append(f"it ends at {ends}, not at {blueprint.total_duration}")
    return faults


def _bent(chance: random.Random) -> str:
    document = copy.deepcopy(BASE)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        _bend(document, chance)
    text = json.dumps(document)
    if chance.random() < 0.15:
        text = _torn(text, chance)
    return text


def _bend(document: dict[str, Any], chance: random.Random) -> None:
    holder, key = chance.choice(list(_places(document)))
    match chance.randrange(6):
        case 0 | 1:
            holder[key] = copy.deepcopy(chance.choice(NASTY))
        case 2:
            del holder[key]
        case 3 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
            holder[key] = holder[key] * chance.choice((-1, 0, 0.999, 1.0001, 2, 1e9))
        case 4 if isinstance(holder, dict):
            holder[str(key) + chance.choice(("_", "x", "\0", "__class__"))] = holder[key]
        case _ if isinstance(holder, list):
            holder.insert(int(key), copy.deepcopy(chance.choice(holder)))
        case _:
            holder[key] = copy.deepcopy(holder[chance.choice(list(holder))])


def _places(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(pairs):
        yield value, key
        if isinstance(part, dict | list) and part:
            yield from _places(part)


def _torn(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    match chance.randrange(5):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + chance.choice('{}[],:"\\\0é') + text[place:]
        case 2:
            return text[:place] + text[place + chance.randrange(1, 40) :]
        case 3:
            return "[" * 100_000 + text
        case _:
            return text.replace("12.0", chance.choice(("1e99999", "NaN", "-Infinity", "0x10")))
