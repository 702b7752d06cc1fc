"""The one place where paths from outside are accepted or refused.

A media path is a relative key inside the object store, with `/` between its parts. It is the
same text in a bucket and in a folder, so everything that either would read differently is
refused: roots, drives, schemes, `..`, empty parts, backslashes, control characters.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from choreo.errors import UnsafePath

MAX_PATH_CHARS = 512
"""Far above any key of this product, and below the 1,024 bytes that a bucket allows."""

MAX_PART_BYTES = 255
"""The longest file name that common file systems take."""

_DRIVE_OR_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")


def checked_path(text: str) -> str:
    """Return `text` unchanged if it is a safe relative key.

    Raises:

        UnsafePath: For anything else, saying which part is wrong.
    """
    fault = _fault_in(text)
    if fault:
        raise UnsafePath(
            f"{text[:80]!r} {fault}; use a relative key such as 'songs/amor/audio.mp3'"
        )
    return text


def _fault_in(text: str) -> str | None:
    if not text:
        return "is empty"
    if len(text) > MAX_PATH_CHARS:
        return f"has {len(text)} characters; {MAX_PATH_CHARS} is the most"
    if _DRIVE_OR_SCHEME.match(text):
        return "starts with a scheme or a drive"
    if text.startswith(("/", "~")):
        return "is not relative"
    if "\\" in text:
        return "contains a backslash"
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        return "contains a control character"
    for part in text.split("/"):
        if part in ("", ".", ".."):
            return f"contains the part {part!r}"
        if len(part.encode("utf-8", "surrogatepass")) > MAX_PART_BYTES:
            return f"has a part longer than {MAX_PART_BYTES} bytes"
        if part.endswith((" ", ".")):
            return f"has the part {part!r}, which ends in a space or a dot"
    return None


def _for_pydantic(text: str) -> str:
    # pydantic collects ValueErrors; our own error type would end the validation at once.
    fault = _fault_in(text)
    if fault:
        raise ValueError(f"{text[:80]!r} {fault}")
    return text


MediaPath = Annotated[str, AfterValidator(_for_pydantic)]
"""A relative key inside the object store, checked wherever a frozen value is built."""
