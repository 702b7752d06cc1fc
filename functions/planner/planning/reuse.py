"""Request → key: equal keys mean equal plans, so that a plan is made once."""

from __future__ import annotations

import functools
import hashlib
from datetime import datetime
from pathlib import Path

from choreo.blueprint import Blueprint
from choreo.task import GenerationRequest
from planning.model import Catalogue


def plan_key(request: GenerationRequest, catalogue: Catalogue, top_k: int) -> str | None:
    """Return the key of a request's plan, 64 hexadecimal digits; None if it changes another.

    All that decides a plan is in it, apart from a language model, whose answers nobody knows
    beforehand: the request with its seed, the library, the songs, and the planner's own code.

    Raises:

        UnknownSong: If the request names a song that is not there.
    """
    if request.reroll is not None or request.variant is not None:
        return None
    named = request.songs_named()
    songs = [catalogue.song(one) for one in named] if named else catalogue.songs()
    parts = [request.model_dump_json(), catalogue.version(), str(top_k), _code()]
    parts += [song.model_dump_json() for song in songs]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def for_task(text: str, task_id: str, timestamp: datetime) -> Blueprint:
    """Return a stored plan as that of another task: only ids and times differ.

    Raises:

        InvalidBlueprint: If the stored text is none.
    """
    plan = Blueprint.from_json(text)
    output = plan.output_config.model_copy(update={"output_path": f"outputs/{task_id}.mp4"})
    return plan.model_copy(
        update={
            "task_id": task_id,
            "generation_timestamp": timestamp.isoformat(timespec="seconds"),
            "output_config": output,
        }
    )


@functools.cache
def _code() -> str:
    """Digest the planner's own code, since another release may plan otherwise."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
