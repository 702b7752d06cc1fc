"""One process that takes hostile files in and says what became of each, a line of JSON at a time.

It runs by itself, so that whatever a file does to it is seen from outside. Its argument is a
JSON file; see `trials.run`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")
"""Events of Python's own audit that taking a file in must never cause."""

SUBJECT = "SUBJECT"


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    ways = {
        "song": as_song,
        "clip": as_clip,
        "rendered clip": in_a_video,
        "rendered song": to_a_video,
    }
    folder = Path(job["folder"])
    scene = Scene(Path(job["good_clip"]), Path(job["good_song"]))
    warm_up(ways, scene)
    from choreo.limits import limit_cpu, limit_memory

    limit_memory(job["memory_mib"])
    seen: list[str] = []
    sys.addaudithook(
        lambda event, args: (
            seen.append(f"{event} {args!r:.200}") if event.startswith(FORBIDDEN) else None
        )
    )
    for name, way in job["trials"]:
        print(json.dumps({"begin": [name, way]}), flush=True)
        seen.clear()
        limit_cpu(job["cpu_seconds"])
        started, used = time.monotonic(), time.process_time()
        outcome = outcome_of(ways[way], folder / name, scene)
        line = {
            "end": [name, way],
            "outcome": outcome,
            "cpu": round(time.process_time() - used, 3),
            "wall": round(time.monotonic() - started, 3),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "forbidden": list(seen),
        }
        print(json.dumps(line), flush=True)


class Scene:
    """Sound media beside which a hostile file is rendered."""

    def __init__(self, clip: Path, song: Path) -> None:
        self.clip = clip
        self.song = song


def outcome_of(way: Callable[[Path, Scene], object], file: Path, scene: Scene) -> str:
    from choreo.errors import ChoreoError

    try:
        way(file, scene)
    except ChoreoError as exc:
        return f"refused: {exc}"
    except MemoryError:
        return "refused: memory"
    except Exception as exc:  # noqa: BLE001 - what is not foreseen is what is looked for
        import traceback

        place = traceback.extract_tb(exc.__traceback__)[-1]
        return f"bug: {type(exc).__name__}: {exc} ({Path(place.filename).name}:{place.lineno})"
    return "taken"


def warm_up(ways: dict[str, Any], scene: Scene) -> None:
    """Load every library before anything is measured or watched."""
    for way in ways.values():
        outcome_of(way, scene.clip if way is in_a_video else scene.song, scene)
    outcome_of(as_clip, scene.clip, scene)


def as_song(file: Path, _scene: Scene) -> None:
    from catalog.songs import labels_of, make_song
    from catalog.source_files import Source, content_hash

    source = Source(file, file.name)
    make_song(source, labels_of(source), "song", content_hash(file))


def as_clip(file: Path, _scene: Scene) -> None:
    from catalog.clips import ClipJob, make_moves
    from catalog.manifest import Told
    from catalog.source_files import Source, content_hash
    from catalog.words import naming_of

    source = Source(file, f"moves/{file.name}")
    with tempfile.TemporaryDirectory() as scratch:
        digest = content_hash(file)
        make_moves(
            ClipJob(
                source, digest, digest[:24], naming_of(source), Told(source.relative), Path(scratch)
            )
        )


def in_a_video(file: Path, scene: Scene) -> None:
    """Show a sound clip, then the hostile one, with the clips' own sound."""
    rendered(scene.song, file, scene, heard="clips")


def to_a_video(file: Path, scene: Scene) -> None:
    """Show sound clips to a hostile song."""
    rendered(file, scene.clip, scene, heard="song")


def rendered(song: Path, clip: Path, scene: Scene, heard: str) -> None:
    from choreo.blueprint import Blueprint
    from rendering import render

    def move(name: str, start: float) -> dict[str, object]:
        return {
            "clip_id": name,
            "video_path": f"moves/{name}.mp4",
            "start_time": start,
            "duration": 1.5,
            "transition_type": "crossfade",
            "original_duration": 5.0,
            "trim_start": 1.0,
        }

    plan = Blueprint.from_document(
        {
            "task_id": "trial",
            "audio_path": "songs/song.wav",
            "audio_tempo": 120.0,
            "moves": [move("good", 0.0), move("given", 1.5)],
            "total_duration": 3.0,
            "difficulty_level": "beginner",
            "generation_timestamp": "2026-01-01T00:00:00Z",
            "output_config": {
                "output_path": "outputs/trial.mp4",
                "width": 192,
                "height": 108,
                "add_audio_overlay": heard == "song",
            },
        }
    )
    media = {"songs/song.wav": song, "moves/good.mp4": scene.clip, "moves/given.mp4": clip}
    with tempfile.TemporaryDirectory() as folder:
        render(
            plan, media, Path(folder) / "v.mp4", report=lambda _s, _t: None, cancelled=lambda: False
        )


if __name__ == "__main__":
    main()
