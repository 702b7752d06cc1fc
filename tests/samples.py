"""Values that tests build on."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from choreo.blueprint import Blueprint
from choreo.task import GenerationRequest

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is told to move."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, time: timedelta) -> None:
        self.now += time


def a_request(song_id: str = "amor", **wishes: object) -> GenerationRequest:
    return GenerationRequest.model_validate_json(json.dumps({"song_id": song_id, **wishes}))


def a_move_document(start: float, duration: float, **fields: object) -> dict:
    return {
        "clip_id": "basic-1",
        "video_path": "moves/basic/basic_1.mp4",
        "start_time": start,
        "duration": duration,
        "transition_type": "crossfade",
        "original_duration": duration + 2.0,
        "trim_start": 1.0,
        "trim_end": 1.0,
        **fields,
    }


def a_document(task_id: str = "task-1", durations: Iterable[float] = (4.0, 3.5)) -> dict:
    """A blueprint's JSON document with moves of these lengths, in seconds."""
    moves, start = [], 0.0
    for duration in durations:
        moves.append(a_move_document(start, duration))
        start += duration
    return {
        "task_id": task_id,
        "audio_path": "songs/amor/audio.m4a",
        "audio_tempo": 129.2,
        "moves": moves,
        "total_duration": start,
        "difficulty_level": "beginner",
        "generation_timestamp": "2026-03-01T12:00:00Z",
        "output_config": {"output_path": "output/task-1/1.mp4"},
    }


def a_blueprint(task_id: str = "task-1") -> Blueprint:
    return Blueprint.from_document(a_document(task_id))
