"""Signed addresses of media in a bucket."""

import os
import threading
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

import google.auth
import google.auth.transport.requests
from google.auth.credentials import AnonymousCredentials, Credentials, Signing
from google.cloud.storage import Bucket, Client

from choreo.errors import Unavailable
from choreo.gcp.faults import translated
from choreo.gcp.object_store import content_type
from choreo.media_path import MediaPath, checked_path

LIFETIME = timedelta(minutes=60)
"""Long enough to watch and download. Google-managed keys may stop signing for an address
before 12 hours have passed, so an address is made at each poll and never stored."""

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class SignedLinks:
    """V4 signed addresses, signed by the IAM service: no key file lies anywhere.

    A server named in `STORAGE_EMULATOR_HOST` checks no signatures; its addresses have none.

    Args:

        bucket: The bucket's name.

        credentials: Who signs; by default the service account that this process runs as.
    """

    def __init__(self, bucket: str, credentials: Credentials | None = None) -> None:
        self._name = bucket
        self._given = credentials
        self._refreshing = threading.Lock()

    @property
    def origin(self) -> str:
        """Cloud Storage, or the server that stands for it."""
        return (_emulator() or "https://storage.googleapis.com").rstrip("/")

    def link(self, path: MediaPath, download_name: str | None = None) -> str:
        """Return an address that plays, or with a name downloads, `path` for an hour.

        Raises:

            Unavailable: If nobody can sign now; the text names the grant that it takes.
        """
        how = "inline"
        if download_name is not None:
            how = f"attachment; filename*=UTF-8''{quote(download_name, safe='')}"
        served = {"response_disposition": how, "response_type": content_type(path)}
        if _emulator():
            address = f"{self.origin}/{quote(self._name)}/{quote(checked_path(path))}"
            return f"{address}?response-content-disposition={quote(how, safe='')}"
        with translated(
            f"an address for {path!r} cannot be signed",
            "grant this service account roles/iam.serviceAccountTokenCreator on itself",
            refusal=Unavailable,
        ):
            signer = self._signer()
            blob = self._bucket.blob(checked_path(path))
            return str(
                blob.generate_signed_url(
                    version="v4", method="GET", expiration=LIFETIME, **served, **signer
                )
            )

    def _signer(self) -> dict[str, Any]:
        credentials = self._credentials
        with self._refreshing:
            if not credentials.valid:
                credentials.refresh(google.auth.transport.requests.Request())
        if isinstance(credentials, Signing):
            return {"credentials": credentials}
        return {
            "service_account_email": credentials.service_account_email,
            "access_token": credentials.token,
        }

    @cached_property
    def _credentials(self) -> Any:
        return self._given or google.auth.default(scopes=[SCOPE])[0]

    @cached_property
    def _bucket(self) -> Bucket:
        # It only builds addresses and never calls the service.
        nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]  # it has no hints
        client = Client(project=None, credentials=nobody)
        return client.bucket(self._name)


def _emulator() -> str | None:
    return os.environ.get("STORAGE_EMULATOR_HOST")
