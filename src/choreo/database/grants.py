"""What each deployable may do with each table, where each logs in as a user of its own.

The user that migrates owns the tables, and gives the others exactly this after every migration.
A privilege that is taken out here is taken away there.
"""

from collections.abc import Mapping

from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from choreo.database.engine import transaction
from choreo.database.tables import metadata
from choreo.errors import InvalidSettings

READ = ("SELECT",)
WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")

GRANTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "request_handler": {
        "songs": READ,
        "move_embeddings": READ,
        "choreography_tasks": ("SELECT", "INSERT", "UPDATE"),
        "blueprints": READ,
        "caller_counts": WRITE,
    },
    "planner": {
        # The analysis of a song that had none is stored; replacing a row deletes and inserts it.
        "songs": ("SELECT", "INSERT", "DELETE"),
        "move_embeddings": READ,
        "choreography_tasks": ("SELECT", "UPDATE"),
        "blueprints": ("SELECT", "INSERT", "DELETE"),
    },
    "render_job": {
        "choreography_tasks": ("SELECT", "UPDATE"),
        "blueprints": READ,
    },
    "catalog": {
        "songs": WRITE,
        "move_embeddings": WRITE,
    },
}
"""Component, table, privileges; docs/iam.md shows it."""


def parse_grantees(text: str) -> dict[str, str]:
    """Return the database user of each component, from `component=user,component=user`.

    Raises:

        InvalidSettings: If a part is not of that form, or names no component.
    """
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    faults = [
        f"DB_GRANTEES has {component + equals + user!r}; it must be component=user, with one of "
        + ", ".join(GRANTS)
        for component, equals, user in pairs
        if component not in GRANTS or not user
    ]
    if faults:
        raise InvalidSettings(faults)
    return {component: user for component, _, user in pairs}


def apply_grants(engine: Engine, grantees: Mapping[str, str]) -> None:
    """Give each component's user what `GRANTS` says, and nothing else on these tables.

    PostgreSQL only; SQLite has no users. Applying them again changes nothing.

    Raises:

        InvalidSettings: If a user does not exist, or this one does not own the tables.

        Unavailable: If the database does not answer.
    """
    quote = engine.dialect.identifier_preparer.quote_identifier
    try:
        with transaction(engine) as connection:
            for component, user in grantees.items():
                for table in metadata.tables:
                    privileges = GRANTS[component].get(table, ())
                    target = f"ON TABLE {quote(table)}"
                    connection.exec_driver_sql(f"REVOKE ALL {target} FROM {quote(user)}")
                    if privileges:
                        connection.exec_driver_sql(
                            f"GRANT {', '.join(privileges)} {target} TO {quote(user)}"
                        )
    except ProgrammingError as exc:
        raise InvalidSettings(
            [
                f"DB_GRANTEES: {exc.orig}; each user must exist, and the one that migrates must "
                "own the tables"
            ]
        ) from exc
