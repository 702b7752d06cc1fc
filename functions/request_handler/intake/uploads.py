"""One file of a person's own, from a request's body into the inbox."""

import contextlib
import errno
import hashlib
import logging
import os
import secrets
import shutil
import unicodedata
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath

from flask import Request

from choreo.errors import UnsafePath
from choreo.media_kinds import CLIP_SUFFIXES, SONG_SUFFIXES
from choreo.media_path import checked_path
from intake.problems import FieldFault, Problem

_log = logging.getLogger(__name__)

CONTENT_TYPE = "application/octet-stream"
"""Asked for, since a foreign page may send a plain form or text to this machine unasked."""

CHUNK = 1 << 20
"""Bytes held in memory while a file comes in."""

KEPT_FREE = 256 << 20
"""Bytes of the disk that no upload may take: videos have to be made as well."""

MAX_NAME_BYTES = 200
"""Leaves room for a number at the end, and for the name of the unfinished file."""

_NAMES_TRIED = 1000


@dataclass(frozen=True)
class Upload:
    """A file that has come in."""

    name: str
    """Place below the inbox: `songs/NAME` or `moves/FOLDER/NAME`."""
    size: int
    is_new: bool
    """False when the same file was there already under its name."""


def take_upload(request: Request, inbox: Path, limit: int) -> Upload:
    """Write the request's body into the inbox.

    Args:

        request: Raw bytes, with the file's name in the query; a clip's folder names its move.

        inbox: The folder; what is below it is made.

        limit: Bytes of a file, at most.

    Raises:

        Problem: 415, 422, 413, 507 or 400; then nothing is left of the file.
    """
    if request.mimetype != CONTENT_TYPE:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            f"Content-Type is {request.mimetype[:80]!r}; send the file's bytes as {CONTENT_TYPE}",
            headers={"Accept": CONTENT_TYPE},
        )
    name = inbox_name(request.args.get("name", ""))
    _check_room(request.content_length or 0, inbox, limit)
    part = inbox / f".{secrets.token_hex(8)}.part"
    try:
        inbox.mkdir(parents=True, exist_ok=True)
        digest = _receive(request, part, limit)
        return _place(part, inbox, name, digest)
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _no_room() from exc
        raise
    finally:
        part.unlink(missing_ok=True)


def inbox_name(text: str) -> str:
    """Return where a file of this name belongs in the inbox.

    Raises:

        Problem: 422, if it is no plain name of a song or a clip.
    """
    name = unicodedata.normalize("NFC", text)
    try:
        parts = checked_path(name).split("/")
    except UnsafePath as exc:
        raise _wrong_name(
            str(exc).split("; use ")[0].removeprefix(f"{name[:80]!r} "), name
        ) from exc
    for part in parts:
        if part.startswith("."):
            raise _wrong_name("has a part that begins with a dot", name)
        if len(part.encode()) > MAX_NAME_BYTES:
            raise _wrong_name(f"has a part longer than {MAX_NAME_BYTES} bytes", name)
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in SONG_SUFFIXES:
        return f"songs/{parts[-1]}"
    if suffix in CLIP_SUFFIXES:
        return "/".join(["moves", *parts[-2:]])
    songs, clips = (", ".join(sorted(kinds)) for kinds in (SONG_SUFFIXES, CLIP_SUFFIXES))
    raise _wrong_name(f"is neither a song ({songs}) nor a clip ({clips}) by its ending", name)


def _wrong_name(fault: str, name: str) -> Problem:
    detail = f"{fault}" if name else "is missing; send the file's name, such as ?name=amor.mp3"
    shown = f"{name[:80]!r} " if name else ""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "unusable-name",
        f"the file's name {shown}{detail}",
        [FieldFault(field="name", message=f"{shown}{detail}")],
    )


def _check_room(promised: int, inbox: Path, limit: int) -> None:
    if promised > limit:
        raise _too_large(limit)
    folder = inbox
    while not folder.exists():
        folder = folder.parent
    if shutil.disk_usage(folder).free - promised < KEPT_FREE:
        raise _no_room()


def _too_large(limit: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "file-too-large",
        f"the file is larger than {limit >> 20} MiB, which is the most for one file; cut it, or "
        "put it into the library with `choreo ingest`",
    )


def _no_room() -> Problem:
    return Problem(
        HTTPStatus.INSUFFICIENT_STORAGE,
        "no-room",
        "there is no room left for this file on the disk of the library; make some, and try again",
    )


def _receive(request: Request, part: Path, limit: int) -> str:
    """Write the body into `part` and return its SHA-256."""
    # A stream without a length is cut at its limit in silence: the byte after ours tells.
    request.max_content_length = limit + 1
    digest = hashlib.sha256()
    size = 0
    with part.open("xb") as file:
        while chunk := _next_chunk(request):
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if size < (request.content_length or 0):
        raise _not_whole("it ended early")
    if not size:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "empty-file", "the file is empty (0 bytes)")
    return digest.hexdigest()


def _next_chunk(request: Request) -> bytes:
    try:
        return request.stream.read(CHUNK)
    except Exception as exc:
        raise _not_whole(type(exc).__name__) from exc


def _not_whole(reason: str) -> Problem:
    _log.warning("a file did not arrive whole: %s", reason)
    return Problem(
        HTTPStatus.BAD_REQUEST, "invalid-request", "the file did not arrive whole; send it again"
    )


def _place(part: Path, inbox: Path, name: str, digest: str) -> Upload:
    """Give a finished file its name, or the next free one; the same file is kept once."""
    wanted = PurePosixPath(name)
    (inbox / wanted.parent).mkdir(parents=True, exist_ok=True)
    size = part.stat().st_size
    for number in range(1, _NAMES_TRIED):
        place = wanted if number == 1 else wanted.with_stem(f"{wanted.stem} ({number})")
        target = inbox / place
        with contextlib.suppress(FileExistsError):
            # A link, unlike a rename, fails when the name is taken: one writer wins.
            os.link(part, target)
            return Upload(str(place), size, is_new=True)
        if target.is_file() and target.stat().st_size == size and _digest(target) == digest:
            return Upload(str(place), size, is_new=False)
    raise _wrong_name(f"is taken, and so are {_NAMES_TRIED} like it; rename the file", name)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
