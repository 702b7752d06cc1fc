"""Bringing a database to the newest schema, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

MIGRATIONS = Path(__file__).parent / "migrations"

PERMISSION_DENIED = "42501"
"""PostgreSQL's code for it."""


def upgrade(engine: Engine) -> None:
    """Apply the migrations that the database lacks; safe to call at every start."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def upgrade_own(engine: Engine) -> None:
    """Apply the migrations, unless the tables are another user's: then that one has done it.

    In the cloud each part has a user of its own, and only the migrator's owns the tables.
    """
    try:
        upgrade(engine)
    except ProgrammingError as exc:
        words = exc.orig.args[0] if exc.orig is not None and exc.orig.args else {}
        if not isinstance(words, dict) or words.get("C") != PERMISSION_DENIED:
            raise
