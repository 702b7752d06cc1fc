"""A Cloud Storage bucket as object store."""

import secrets
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path, PurePosixPath

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Bucket, Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY

from choreo.errors import AlreadyPublished, MediaMissing, Unavailable, UnreadableMedia
from choreo.gcp.faults import translated
from choreo.media_path import MediaPath, checked_path

TIMEOUT = (5.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""

RETRY_SECONDS = 20.0
"""How long one call is repeated on errors that pass; the job repeats the whole step too."""

CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".json": "application/json",
    ".vtt": "text/vtt; charset=utf-8",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
}
"""By suffix, and not by the machine's own table, which differs between images."""

CACHE_CONTROL = "private, max-age=3600"
"""Objects never change, but a link to one holds for an hour."""

_RETRY = DEFAULT_RETRY.with_timeout(RETRY_SECONDS)
_NO_BUCKET = "bucket does not exist"


def content_type(path: MediaPath) -> str:
    """Return the media type that `path` is stored and served with."""
    return CONTENT_TYPES.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")


class BucketStore:
    """Media in a bucket. With `STORAGE_EMULATOR_HOST` set, the client talks to that server.

    Args:

        bucket: The bucket's name; it is not looked at before the first call.
    """

    def __init__(self, bucket: str) -> None:
        self._name = bucket

    def fetch(self, path: MediaPath, to: Path) -> None:
        """Copy an object into the file `to`; see `choreo.ports.ObjectStore`."""
        part = to.parent / f".{secrets.token_hex(8)}.part"
        with self._call(f"{path!r} cannot be fetched"):
            try:
                blob = self._bucket.blob(checked_path(path))
                blob.download_to_filename(str(part), timeout=TIMEOUT, retry=_RETRY)
                part.replace(to)
            except NotFound as exc:
                if _NO_BUCKET in str(exc):
                    raise
                raise MediaMissing(f"{path!r} is not in the store") from exc
            except (DataCorruption, InvalidResponse) as exc:
                raise Unavailable(f"{path!r} did not arrive whole: {exc}") from exc
            finally:
                part.unlink(missing_ok=True)

    def publish(self, file: Path, path: MediaPath) -> int:
        """Store a file once and return its size; see `choreo.ports.ObjectStore`.

        Raises:

            UnreadableMedia: If `file` cannot be read.
        """
        blob_name = checked_path(path)
        try:
            size = file.stat().st_size
            reader = file.open("rb")
        except OSError as exc:
            raise UnreadableMedia(f"{file} cannot be published: {exc.strerror}") from exc
        with reader, self._call(f"{path!r} cannot be published"):
            blob = self._bucket.blob(blob_name)
            blob.cache_control = CACHE_CONTROL
            try:
                blob.upload_from_file(
                    reader,
                    size=size,
                    content_type=content_type(path),
                    if_generation_match=0,  # only if there is none
                    timeout=TIMEOUT,
                    retry=_RETRY,
                )
            except PreconditionFailed as exc:
                raise AlreadyPublished(f"{path!r} is already published") from exc
            except (DataCorruption, InvalidResponse) as exc:
                raise Unavailable(f"{path!r} did not arrive whole: {exc}") from exc
        return size

    def size(self, path: MediaPath) -> int | None:
        """Return the size in bytes, or None if there is no object under `path`."""
        with self._call(f"{path!r} cannot be looked up"):
            blob = self._bucket.get_blob(checked_path(path), timeout=TIMEOUT, retry=_RETRY)
        return None if blob is None else int(blob.size)

    def remove(self, path: MediaPath) -> None:
        """Remove the object; nothing happens if there is none."""
        with self._call(f"{path!r} cannot be removed"):
            try:
                self._bucket.blob(checked_path(path)).delete(timeout=TIMEOUT, retry=_RETRY)
            except NotFound as exc:
                if _NO_BUCKET in str(exc):
                    raise

    @cached_property
    def _bucket(self) -> Bucket:
        # No project: nothing here lists or makes buckets, and looking one up can fail.
        return Client(project=None).bucket(self._name)

    def _call(self, what: str) -> AbstractContextManager[None]:
        return translated(
            what,
            f"check that the bucket {self._name!r} exists and that this service account has "
            "roles/storage.objectUser on it",
        )
