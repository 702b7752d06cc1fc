"""What a video is made of, kept beside it for the videos that are made from its plan.

A re-roll changes a few moves of an earlier plan, a variant its output: most joints and the sound
are the same. The earlier video's are fetched in one piece and found again by their content. They
lie beside the video and are removed with it.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from choreo.blueprint import Blueprint
from choreo.errors import AlreadyPublished, ChoreoError, ClaimLost
from choreo.media_path import MediaPath, checked_path
from choreo.ports import ObjectStore
from execution.waiting import awaited
from rendering import JointCache

SUFFIX = ".joints"

_ORIGINS = ("variant", "reroll")
"""Entries of `generation_parameters` whose `of` names the task that a plan was made from; a
variant of a re-roll has both."""


def kept_path(output_path: MediaPath) -> MediaPath:
    """Return where the joints of a video are kept."""
    return f"{output_path.removesuffix('.mp4')}{SUFFIX}"


def fetch_kept(
    store: ObjectStore,
    blueprint: Blueprint,
    cache: JointCache,
    folder: Path,
    check: Callable[[], None],
) -> None:
    """Take the joints of the video that this plan was made from into the cache, if there are any.

    Nothing depends on them: what goes wrong is only noted. What `check` raises, which is called
    several times a second, ends the wait for them.
    """
    earlier = _origin(blueprint)
    if earlier is None:
        return
    name = blueprint.output_config.output_path.replace(blueprint.task_id, earlier)
    file = folder / "earlier"
    try:
        path = kept_path(checked_path(name))
        awaited(lambda: store.fetch(path, file), check)
        taken = cache.unpack(file)
        file.unlink()
    except ClaimLost:
        raise
    except (ChoreoError, OSError, ValueError) as exc:
        logging.info("nothing is known of the video of task %s: %s", earlier, exc)
        return
    logging.info("took %d joints from the video of task %s", taken, earlier)


def publish_kept(
    store: ObjectStore,
    blueprint: Blueprint,
    cache: JointCache,
    folder: Path,
    check: Callable[[], None],
) -> None:
    """Keep the joints of a finished video beside it; `check` is as for `fetch_kept`."""
    file = folder / "kept.zip"
    try:
        if cache.pack(file):
            path = kept_path(blueprint.output_config.output_path)
            awaited(lambda: store.publish(file, path), check)
    except AlreadyPublished:
        return
    except ClaimLost:
        raise
    except (ChoreoError, OSError) as exc:
        logging.warning("the joints are not kept for other videos: %s", exc)


def _origin(blueprint: Blueprint) -> str | None:
    for name in _ORIGINS:
        described = blueprint.generation_parameters.get(name)
        earlier = described.get("of") if isinstance(described, dict) else None
        if isinstance(earlier, str) and earlier and earlier != blueprint.task_id:
            return earlier
    return None
