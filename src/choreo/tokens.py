"""API tokens: what an operator writes down, and what a caller presents.

Several callers may have a token each, written as lines of `name:token`; a single token without
a name belongs to the caller `api`. One name may have two tokens while one replaces the other.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

NAMELESS = "api"
"""The caller to whom a token without a name belongs."""

LEAST_CHARS, MOST_CHARS = 20, 512
"""A token drawn from 36 letters and digits then has at least 100 bits."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_TOKEN = re.compile(rf"[!-~]{{{LEAST_CHARS},{MOST_CHARS}}}")


@dataclass(frozen=True)
class TokenRing:
    """The tokens that are good, as digests: the tokens themselves are not kept."""

    digests: tuple[tuple[str, bytes], ...] = field(repr=False)
    """Caller's name and SHA-256 of its token."""

    def name_of(self, token: str) -> str | None:
        """Return the caller to whom `token` belongs, or None.

        Every token is compared, each in constant time: how long it takes tells nothing.
        """
        given = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        found = None
        for name, digest in self.digests:
            if hmac.compare_digest(given, digest):
                found = name
        return found

    @property
    def signing_key(self) -> bytes:
        """A key that every instance with the same tokens has, and nobody else."""
        return hmac.digest(
            b"".join(sorted(digest for _, digest in self.digests)), b"choreo passes", "sha256"
        )


def read_tokens(text: str) -> tuple[TokenRing, list[str]]:
    """Return the tokens of `text` and what is wrong with it; no fault repeats a token."""
    digests: list[tuple[str, bytes]] = []
    faults: list[str] = []
    owners: dict[bytes, str] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        name, colon, token = line.partition(":")
        if not colon:
            name, token = NAMELESS, line
        name, token = name.strip(), token.strip()
        if not colon and len(lines) > 1:
            faults.append(f"line {number} must be name:token, since there are several tokens")
        elif not _NAME.fullmatch(name):
            faults.append(
                f"line {number} must begin with a name of 1 to 40 lower-case letters, digits, "
                "- and _, then a colon"
            )
        elif not _TOKEN.fullmatch(token):
            faults.append(
                f"line {number}: the token of {name!r} must be {LEAST_CHARS} to {MOST_CHARS} "
                "visible ASCII characters without spaces"
            )
        else:
            digest = hashlib.sha256(token.encode()).digest()
            if owners.setdefault(digest, name) != name:
                faults.append(f"line {number}: {name!r} and {owners[digest]!r} have the same token")
            digests.append((name, digest))
    if not lines:
        faults.append("there is no token")
    return TokenRing(tuple(digests)), faults
