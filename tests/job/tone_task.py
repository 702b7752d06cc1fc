"""A task that is planned: one clip, danced again and again to a tone."""

import math
import struct
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from choreo.blueprint import Blueprint
from choreo.database.tasks import SqlTasks
from choreo.task import GenerationRequest, Phase

CLIP, SONG = "moves/step/clip.mp4", "songs/tone/tone.wav"


def plan_document(
    task_id: str, moves: int, shown: float = 1.0, **of_each: object
) -> dict[str, Any]:
    """A blueprint's JSON document: so many moves of `shown` seconds, with these fields."""
    move = {
        "clip_id": "step",
        "video_path": CLIP,
        "duration": shown,
        "original_duration": 2.0,
        "trim_start": 0.5,
        **of_each,
    }
    return {
        "task_id": task_id,
        "audio_path": SONG,
        "audio_tempo": 120,
        "moves": [
            {
                **move,
                "start_time": index * shown,
                "transition_type": "crossfade" if index else "cut",
            }
            for index in range(moves)
        ],
        "total_duration": moves * shown,
        "difficulty_level": "beginner",
        "generation_timestamp": "2026-03-01T12:00:00Z",
        "generation_parameters": {"quality": {"moves": moves}},
        "output_config": {
            "output_path": f"outputs/{task_id}.mp4",
            "width": 160,
            "height": 90,
            "transition_duration": 0.2,
        },
    }


def planned(
    tasks: SqlTasks,
    moves: int,
    shown: float = 1.0,
    of_each: Mapping[str, object] | None = None,
    **changes: object,
) -> str:
    """Store a task with its plan, as the planner leaves it; return its id."""
    task = tasks.create(GenerationRequest(song_id="tone"))
    claim = tasks.claim(task.id, Phase.PLAN)
    assert claim is not None
    plan = {**plan_document(task.id, moves, shown, **(of_each or {})), **changes}
    tasks.store_plan(claim, Blueprint.from_document(plan))
    return task.id


def write_tone(path: Path) -> None:
    """Write 4 s of a sine as the song."""
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as song:
        song.setparams((1, 2, 44_100, 0, "NONE", ""))
        samples = (round(8_000 * math.sin(index / 16)) for index in range(4 * 44_100))
        song.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
