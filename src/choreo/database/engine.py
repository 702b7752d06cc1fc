"""Opening a database: SQLite in a file, PostgreSQL by address, or Cloud SQL by instance."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from choreo.errors import Unavailable
from choreo.settings import Settings

SQLITE_BUSY_SECONDS = 20
"""How long a writer waits for another one; writes here last milliseconds."""

_BETWEEN_TRIES = 0.01
"""Seconds."""

SQLITE_CACHE_KIB = 256
"""Of pages that each connection may keep, instead of 2,000. They are of no use after the next write
of another process, the system has the file in memory anyway, and what many connections held for a
moment stays with their process."""

POOL_SIZE = 5
"""Connections an instance holds; Cloud SQL's small machines allow 25 to 50 in all."""

PASSING_STATES = ("08", "25006", "28", "3D", "40", "42501", "42P01", "53", "57")
"""Beginnings of PostgreSQL's error codes that speak of the server and not of the statement:
connection lost, read-only, login refused, no such database, lost a race, no right, not yet
migrated, no resources, shutting down."""


_READS_ONLY = "choreo_reads_only"


def open_engine(settings: Settings) -> Engine:
    """Return an engine for the database that the settings name; nothing is connected yet."""
    if settings.cloud_sql_instance:
        from choreo.gcp.cloud_sql import connector_engine

        return connector_engine(settings, pool_size=POOL_SIZE)
    return engine_for(settings.database_url)


def engine_for(url: str) -> Engine:
    """Return an engine for a SQLAlchemy URL, `sqlite:///…` or `postgresql+pg8000://…`."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, pool_pre_ping=True)
    file = url.removeprefix("sqlite:///")
    if file and not file.startswith(":"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would open transactions late, which turns two writers into a deadlock.
    connection.isolation_level = None
    cache = f"cache_size=-{SQLITE_CACHE_KIB}"
    _write_ahead(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", cache):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Set the journal's mode; of two that do so in a new file at once SQLite lets one fail."""
    until = time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            busy = exc.sqlite_errorname.startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > until:
                raise
        time.sleep(_BETWEEN_TRIES)


def _begin(connection: Connection) -> None:
    # A transaction that writes takes the lock at once; readers need none beside a writer.
    reads = connection.get_execution_options().get(_READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine, *, reads_only: bool = False) -> Iterator[Connection]:
    """Run one transaction; the database being away becomes `Unavailable`."""
    try:
        with engine.execution_options(**{_READS_ONLY: reads_only}).begin() as connection:
            yield connection
    except DBAPIError as exc:
        if _is_away(exc):
            raise Unavailable(f"the database cannot be used now: {_words(exc)}") from exc
        raise
    except (SQLAlchemyError, OSError) as exc:
        # The driver passes the reset of a connection on as it is while it connects or reads.
        raise Unavailable(f"the database cannot be used now: {exc}") from exc


def _is_away(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    name = type(error.orig).__name__
    return name in ("InterfaceError", "OperationalError") or _postgres(error, "C").startswith(
        PASSING_STATES
    )


def _words(error: DBAPIError) -> str:
    return _postgres(error, "M") or str(error.orig)


def _postgres(error: DBAPIError, field: str) -> str:
    """Return one field of what PostgreSQL said, or an empty text."""
    told = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return str(told.get(field, "")) if isinstance(told, dict) else ""
