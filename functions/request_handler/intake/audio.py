"""Telling whether a song's audio is there and looks like audio, without decoding it."""

from choreo.errors import MediaMissing, UnsafePath
from choreo.media_path import MediaPath
from intake.doors import Doors

HEAD_BYTES = 12
"""What the formats below need to be told apart."""

LEAST_BYTES = 128
"""No file of sound is smaller: a WAV of nothing has 44 bytes of head."""


def fault_in_audio(doors: Doors, path: MediaPath) -> str | None:
    """Return why the audio under `path` cannot be used, or None.

    Where the store's files can be opened here, their first bytes must be those of a format
    that the library takes. A bucket's objects were decoded at ingest and are written once, so
    there it is enough that they exist and are not empty.

    Raises:

        Unavailable: If the store does not answer.
    """
    try:
        size = doors.store.size(path)
    except UnsafePath as exc:
        return f"its audio is out of reach: {exc}"
    if size is None:
        return f"its audio {path!r} is missing from the store; ingest the song again"
    if size < LEAST_BYTES:
        return f"its audio {path!r} has {size} bytes and no sound; ingest the song again"
    if doors.files is not None:
        try:
            with doors.files.file_of(path).open("rb") as file:
                head = file.read(HEAD_BYTES)
        except MediaMissing:
            return f"its audio {path!r} is missing from the store; ingest the song again"
        except OSError as exc:
            return f"its audio {path!r} cannot be read: {exc.strerror}"
        if not _begins_like_audio(head):
            return f"its audio {path!r} is no mp3, wav, ogg, flac or m4a; ingest the song again"
    return None


def _begins_like_audio(head: bytes) -> bool:
    if head[:4] in (b"OggS", b"fLaC"):
        return True
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return True
    if head[4:8] == b"ftyp" or head[:3] == b"ID3":
        return True
    # A frame of MPEG audio or of ADTS begins with eleven or twelve ones.
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
