"""Secret Manager."""

from functools import cache

from google.api_core.exceptions import ResourceExhausted, ServiceUnavailable
from google.api_core.retry import Retry, if_exception_type
from google.cloud import secretmanager

from choreo.errors import StageFailed
from choreo.gcp.faults import translated

READ_SECONDS = 5.0
"""For one call, and for all its repetitions: the client's own patience is a minute."""

_RETRY = Retry(
    predicate=if_exception_type(ServiceUnavailable, ResourceExhausted),
    initial=0.2,
    timeout=READ_SECONDS,
)


@cache
def read_secret(name: str) -> str:
    """Return the text of a secret's version; read once per process.

    Args:

        name: `projects/P/secrets/S/versions/V`.

    Raises:

        StageFailed: If it does not exist, may not be read, or is no text.

        Unavailable: If the service does not answer.
    """
    with translated(
        f"the secret {name} cannot be read",
        "check that it exists, has an enabled version, and that this service account has "
        "roles/secretmanager.secretAccessor on it",
    ):
        answer = _client().access_secret_version(name=name, retry=_RETRY, timeout=READ_SECONDS)
    try:
        return str(answer.payload.data.decode()).strip()
    except UnicodeDecodeError as exc:
        raise StageFailed(f"the secret {name} is not UTF-8 text; store the key itself") from exc


def _client() -> secretmanager.SecretManagerServiceClient:
    return secretmanager.SecretManagerServiceClient()
