"""Media between the store and the scratch folder, with retries."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import stamina

from choreo.blueprint import Blueprint
from choreo.errors import AlreadyPublished, MediaMissing, RenderFailed, Unavailable
from choreo.media_path import MediaPath
from choreo.ports import ObjectStore
from execution.waiting import awaited, awaited_all
from rendering import place_of

TRIES = 3
"""Each object is asked for this often before the task fails."""

PARALLEL_FETCHES = 8
"""A bucket serves small objects best several at a time; memory use is one buffer each."""

_patiently = stamina.retry(
    on=(MediaMissing, Unavailable), attempts=TRIES, wait_initial=0.5, wait_max=8.0, timeout=None
)


def fetch_media(
    blueprint: Blueprint,
    store: ObjectStore,
    folder: Path,
    progress: Callable[[int, int], None],
    check: Callable[[], None],
) -> Mapping[MediaPath, Path]:
    """Fetch every song and every clip into `folder`, each once.

    Args:

        progress: Called with (fetched, all) after each object.

        check: Called several times a second; what it raises ends the fetching.

    Returns: The local file of each media path of the blueprint.

    Raises:

        MediaMissing: Naming the first path that the store does not have, with its place.

        Unavailable: If the store does not answer.
    """
    places = _places(blueprint)
    paths = sorted(places)
    files = {
        path: folder / f"{index:04d}{Path(path).suffix.lower()[:8]}"
        for index, path in enumerate(paths)
    }

    def fetch(path: MediaPath) -> None:
        try:
            _patiently(store.fetch)(path, files[path])
        except MediaMissing as exc:
            raise MediaMissing(f"{places[path]}: {exc}") from exc

    fetches = [partial(fetch, path) for path in paths]
    for done, _ in enumerate(awaited_all(fetches, PARALLEL_FETCHES, check), start=1):
        progress(done, len(paths))
    return files


def _places(blueprint: Blueprint) -> dict[MediaPath, str]:
    """Return how errors name each file of a plan: by the first place that needs it."""
    songs = (blueprint.audio_path, *(song.audio_path for song in blueprint.medley))
    moves = {
        move.video_path: place_of(index, move)
        for index, move in reversed(list(enumerate(blueprint.moves)))
    }
    return {path: f"the song {path}" for path in songs} | moves


def publish_video(
    store: ObjectStore, video: Path, path: MediaPath, check: Callable[[], None]
) -> int:
    """Publish the finished video and return its size in bytes.

    An earlier attempt may have ended between publishing and reporting; its video followed the
    same blueprint, so it is as good.

    Args:

        check: As for `fetch_media`. What it ends may still be published a moment later.

    Raises:

        Unavailable: If the store does not answer.
    """
    try:
        return int(awaited(lambda: _patiently(store.publish)(video, path), check))
    except AlreadyPublished:
        size = store.size(path)
        if size is None:
            raise RenderFailed(f"publishing {path}: it was there and then was not") from None
        return size
