"""What the tests of the request handler share: its parts, and small true media."""

import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import functions_framework
from flask import Flask
from flask.testing import FlaskClient

from choreo.blueprint import Blueprint
from choreo.database.catalogue import EmbeddedMove, SqlCatalogue
from choreo.database.tasks import SqlTasks
from choreo.errors import Unavailable
from choreo.move import DanceState, Move
from choreo.song import Section, Song, SongAnalysis
from choreo.task import Phase, Rendered
from choreo.vocabulary import Difficulty, EnergyLevel, Hold, RhythmMode, SectionLabel, Style

SOURCE = Path(__file__).parents[2] / "functions" / "request_handler" / "main.py"

FROM_SONG = "/api/choreography/generate-from-song"
WITH_AI = "/api/choreography/generate-with-ai"
TASKS = "/api/choreography/tasks/"


def serve() -> Flask:
    """Load the function as functions-framework does, with the environment as it is."""
    app = functions_framework.create_app("handle", str(SOURCE))  # type: ignore[no-untyped-call] # the framework has no annotations
    assert isinstance(app, Flask)
    return app


@dataclass
class RecordingQueue:
    """A planning queue that remembers, and that can be taken away."""

    published: list[str] = field(default_factory=list)
    down: bool = False

    def publish(self, task_id: str) -> None:
        if self.down:
            raise Unavailable("the queue is down")
        self.published.append(task_id)


@dataclass
class World:
    """The handler's client, and what stands behind it."""

    client: FlaskClient
    tasks: SqlTasks
    catalogue: SqlCatalogue
    queue: RecordingQueue
    media: Path
    database: Path

    def ask(self, **body: Any) -> Any:
        return self.client.post(FROM_SONG, json={"song_id": "amor", **body})

    def task_id(self) -> str:
        return str(self.ask().get_json()["task_id"])

    def poll(self, task_id: str) -> Any:
        return self.client.get(TASKS + task_id)

    def plan(self, task_id: str, **fields: Any) -> Any:
        """Plan the task as the planner would; return the claim."""
        claim = self.tasks.claim(task_id, Phase.PLAN)
        assert claim is not None
        self.tasks.store_plan(claim, a_blueprint(task_id, **fields))
        return claim

    def complete(self, task_id: str, **fields: Any) -> None:
        claim = self.plan(task_id, **fields)
        self.tasks.note_started(claim, "run-1")
        claim = self.tasks.claim(task_id, Phase.RENDER)
        assert claim is not None
        path = f"outputs/{task_id}.mp4"
        (self.media / "outputs").mkdir(exist_ok=True)
        if not (self.media / path).exists():
            (self.media / path).write_bytes(bytes(range(256)) * 8)
        self.tasks.complete(
            claim,
            Rendered(
                video_path=path, duration=8.0, file_size=2048, quality={"sentence": "All on the 1."}
            ),
        )


def a_song(song_id: str = "amor", **fields: Any) -> Song:
    analysis = SongAnalysis(
        duration=8.0,
        tempo=120.0,
        beats=tuple(index * 0.5 for index in range(16)),
        downbeats=(0.0, 2.0, 4.0, 6.0),
        eight_counts=(0.0, 4.0),
        sections=(
            Section(
                start=0.0,
                end=8.0,
                label=SectionLabel.VERSE,
                energy=0.5,
                rhythm_mode=RhythmMode.DERECHO,
            ),
        ),
        rhythm_strength=0.7,
        syncopation_level=0.2,
        confidence=0.9,
    )
    return Song.model_validate(
        {
            "id": song_id,
            "title": "Amor de prueba",
            "artist": "Los Ensayos",
            "audio_path": f"songs/{song_id}/audio.wav",
            "duration": 8.0,
            "peaks": (0.1, 0.5, 1.0),
            "analysis": analysis,
            **fields,
        }
    )


def a_move(move_id: str, difficulty: Difficulty, style: Style) -> EmbeddedMove:
    state = DanceState(hold=Hold.CLOSED)
    move = Move(
        id=move_id,
        name="Basic",
        family="basic",
        difficulty=difficulty,
        energy_level=EnergyLevel.MEDIUM,
        style=style,
        duration=6.0,
        counts=8,
        beat_times=tuple(1 + index * 0.5 for index in range(9)),
        video_path=f"moves/{move_id}.mp4",
        width=1280,
        height=720,
        frame_rate=30.0,
        conformed=True,
        entry_state=state,
        exit_state=state,
    )
    return EmbeddedMove(move, bytes(4 * 512), bytes(4 * 128), bytes(4 * 384))


def a_blueprint(task_id: str, **fields: Any) -> Blueprint:
    def move(index: int) -> dict[str, Any]:
        start = index * 4.0
        return {
            "clip_id": f"clip-{index}",
            "video_path": f"moves/clip-{index}.mp4",
            "start_time": start,
            "duration": 4.0,
            "transition_type": "crossfade" if index else "cut",
            "original_duration": 6.0,
            "trim_start": 1.0,
            "trim_end": 1.0,
            "move_name": "Básico" if index == 0 else "Turn <right>",
            "count_start": index * 8,
            "counts": 8,
            "why": "It opens the verse.",
        }

    return Blueprint.from_document(
        {
            "task_id": task_id,
            "audio_path": "songs/amor/audio.wav",
            "audio_tempo": 120.0,
            "moves": [move(0), move(1)],
            "total_duration": 8.0,
            "difficulty_level": "beginner",
            "generation_timestamp": "2026-01-01T00:00:00Z",
            "output_config": {"output_path": f"outputs/{task_id}.mp4"},
            "counts": {"beats": [index * 0.5 for index in range(17)], "ones": [0, 8, 16]},
            **fields,
        }
    )


def write_wav(file: Path, seconds: float = 0.5) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * int(8000 * seconds)))
