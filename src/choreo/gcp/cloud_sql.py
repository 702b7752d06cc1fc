"""Cloud SQL through its connector: TLS and IAM login, without addresses or certificates."""

import threading
from typing import Any

import aiohttp
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.cloud.sql.connector import Connector, IPTypes
from google.cloud.sql.connector.exceptions import (
    AutoIAMAuthNotSupported,
    CloudSQLIPTypeError,
    RefreshNotValidError,
    TLSVersionError,
)
from sqlalchemy import Engine, create_engine, event

from choreo.errors import Unavailable
from choreo.settings import Settings

CONNECT_SECONDS = 30

_FAULTS = (
    aiohttp.ClientError,
    GoogleAuthError,
    AutoIAMAuthNotSupported,
    CloudSQLIPTypeError,
    RefreshNotValidError,
    TLSVersionError,
    OSError,
    TimeoutError,
    ValueError,  # the instance lies in another region than its name says
    KeyError,  # an answer of the Admin API without a field that it must have
)


def connector_engine(
    settings: Settings,
    pool_size: int,
    credentials: Credentials | None = None,
    admin_endpoint: str | None = None,
) -> Engine:
    """Return a pooled engine for `settings.cloud_sql_instance`; nothing is connected yet.

    Without a password the service account logs in as the IAM user `db_user`.

    Args:

        settings: Instance, database, user, kind of address.

        pool_size: Connections that are kept; as many again may be open for a moment.

        credentials: Who connects; by default the account that this process runs as.

        admin_endpoint: Address of the Cloud SQL Admin API; by default Google's.
    """
    connect = _Connect(settings, credentials, admin_endpoint)
    engine = create_engine(
        "postgresql+pg8000://",
        creator=connect,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
    )
    event.listen(engine, "engine_disposed", lambda _engine: connect.close())
    return engine


class _Connect:
    """Opens single connections; the connector is made at the first one.

    It keeps a thread, which a server that forks after the import would lose.
    """

    def __init__(
        self, settings: Settings, credentials: Credentials | None, admin_endpoint: str | None
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._admin_endpoint = admin_endpoint
        self._connector: Connector | None = None
        self._making = threading.Lock()

    def __call__(self) -> Any:
        settings = self._settings
        login: dict[str, Any] = {"enable_iam_auth": True}
        if settings.db_password:
            login = {"password": settings.db_password}
        try:
            return self._ready_connector().connect(
                settings.cloud_sql_instance,
                "pg8000",
                user=settings.db_user,
                db=settings.db_name,
                **login,
            )
        except _FAULTS as exc:
            raise Unavailable(
                f"the Cloud SQL instance {settings.cloud_sql_instance} cannot be reached: "
                f"{type(exc).__name__}, {exc}; check that it runs, that it has a "
                f"{settings.cloud_sql_ip} address which this service can reach, and that this "
                "service account has roles/cloudsql.client and roles/cloudsql.instanceUser"
            ) from exc

    def close(self) -> None:
        """End the connector's thread and its sessions; the next call makes a new one."""
        with self._making:
            connector, self._connector = self._connector, None
        if connector is not None:
            connector.close()

    def _ready_connector(self) -> Connector:
        with self._making:
            if self._connector is None:
                self._connector = Connector(
                    # A frozen instance cannot renew certificates in the background.
                    refresh_strategy="LAZY",
                    ip_type=IPTypes[self._settings.cloud_sql_ip.upper()],
                    timeout=CONNECT_SECONDS,
                    credentials=self._credentials,
                    sqladmin_api_endpoint=self._admin_endpoint,
                )
            return self._connector
