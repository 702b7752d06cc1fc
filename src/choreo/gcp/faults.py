"""One translation of what Google's clients raise into the errors of `choreo.errors`."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from choreo.errors import ChoreoError, StageFailed, Unavailable

_REFUSED = (
    api.BadRequest,
    api.NotFound,
    api.Forbidden,
    api.Unauthorized,
    api.FailedPrecondition,
    auth.DefaultCredentialsError,
)
"""Answers that stay the same however often the call is repeated."""

_AWAY = (
    api.GoogleAPIError,
    auth.GoogleAuthError,
    requests.RequestException,
    OSError,
    TimeoutError,
)

_QUOTA_WORDS = ("quota", "ratelimitexceeded", "rate limit")
"""A spent quota comes as 403 from some services, and passes with time."""


@contextmanager
def translated(what: str, remedy: str, refusal: type[ChoreoError] = StageFailed) -> Iterator[None]:
    """Run a call to a Google service; its errors come out as this product's.

    Args:

        what: What could not be done, to begin the sentence with.

        remedy: What an operator does about a refusal, to end the sentence with.

        refusal: The error for a refusal that lasts until somebody acts.
    """
    try:
        yield
    except _REFUSED as exc:
        kind = Unavailable if _is_about_quota(exc) else refusal
        raise kind(f"{what}: {_words(exc)}; {remedy}") from exc
    except _AWAY as exc:
        raise Unavailable(f"{what}: {_words(exc)}") from exc


def _is_about_quota(error: Exception) -> bool:
    words = str(error).lower()
    return isinstance(error, api.Forbidden) and any(word in words for word in _QUOTA_WORDS)


def _words(error: Exception) -> str:
    if isinstance(error, api.GoogleAPICallError):
        return f"{type(error).__name__}, {error.message}"
    return f"{type(error).__name__}, {error}" if str(error) else type(error).__name__
