"""Alembic's entry: it works on the connection that `choreo.database.migrate` hands over."""

from alembic import context
from sqlalchemy import text

from choreo.database.tables import metadata

MIGRATION_LOCK = 7_263_001
"""Any number that only this product's migrations use on its database."""

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        # Two deployments at once must not both create the tables.
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    context.run_migrations()
