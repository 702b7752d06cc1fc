"""Media between the store and the scratch folder, with retries."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import stamina

from choreo.blueprint import Blueprint
from choreo.errors import AlreadyPublished, MediaMissing, RenderFailed, Unavailable
from choreo.media_path import MediaPath
from choreo.ports import ObjectStore

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
) -> Mapping[MediaPath, Path]:
    """Fetch every song and every clip into `folder`, each once.

    Args:

        progress: Called with (fetched, all) after each object.

    Returns: The local file of each media path of the blueprint.

    Raises:

        MediaMissing: Naming the first path that the store does not have.

        Unavailable: If the store does not answer.
    """
    songs = (blueprint.audio_path, *(song.audio_path for song in blueprint.medley))
    paths = sorted({*songs, *(move.video_path for move in blueprint.moves)})
    files = {
        path: folder / f"{index:04d}{Path(path).suffix.lower()[:8]}"
        for index, path in enumerate(paths)
    }
    with ThreadPoolExecutor(PARALLEL_FETCHES) as pool:
        fetches = [pool.submit(_patiently(store.fetch), path, file) for path, file in files.items()]
        try:
            for done, fetch in enumerate(fetches, start=1):
                fetch.result()
                progress(done, len(fetches))
        finally:
            pool.shutdown(cancel_futures=True)
    return files


def publish_video(store: ObjectStore, video: Path, path: MediaPath) -> int:
    """Publish the finished video and return its size in bytes.

    An earlier attempt may have ended between publishing and reporting; its video followed the
    same blueprint, so it is as good.

    Raises:

        Unavailable: If the store does not answer.
    """
    try:
        return int(_patiently(store.publish)(video, path))
    except AlreadyPublished:
        size = store.size(path)
        if size is None:
            raise RenderFailed(f"publishing {path}: it was there and then was not") from None
        return size
