"""Secret Manager."""

from functools import cache

from google.cloud import secretmanager

from choreo.errors import StageFailed
from choreo.gcp.faults import translated

READ_SECONDS = 10.0


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
        answer = _client().access_secret_version(name=name, timeout=READ_SECONDS)
    try:
        return str(answer.payload.data.decode()).strip()
    except UnicodeDecodeError as exc:
        raise StageFailed(f"the secret {name} is not UTF-8 text; store the key itself") from exc


def _client() -> secretmanager.SecretManagerServiceClient:
    return secretmanager.SecretManagerServiceClient()
