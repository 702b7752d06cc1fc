"""Migrations: from nothing to the tables that the code uses, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from machine import PATIENCE_SECONDS, new_postgres_database
from samples import a_request
from sqlalchemy import Engine

from choreo.database.engine import engine_for
from choreo.database.migrate import upgrade
from choreo.database.tables import metadata
from choreo.database.tasks import SqlTasks


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'choreo.db'}"
    return new_postgres_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = engine_for(empty_url)
    yield engine
    engine.dispose()


def test_migrating_makes_exactly_the_tables_that_the_code_uses(empty):
    upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing_and_keeps_the_data(empty):
    upgrade(empty)
    task = SqlTasks(empty).create(a_request())
    upgrade(empty)
    assert SqlTasks(empty).get(task.id) == task


def test_two_deployments_that_migrate_at_once_both_succeed(empty_url):
    code = (
        "import sys; from choreo.database.engine import engine_for;"
        "from choreo.database.migrate import upgrade; upgrade(engine_for(sys.argv[1]))"
    )
    deployments = [
        subprocess.Popen([sys.executable, "-c", code, empty_url], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    words = [deployment.communicate(timeout=PATIENCE_SECONDS)[1] for deployment in deployments]
    assert [deployment.returncode for deployment in deployments] == [0, 0], words


def test_many_may_open_a_new_file_at_once(tmp_path):
    many = 8
    for number in range(25):
        url = f"sqlite:///{tmp_path / str(number)}.db"
        together = Barrier(many)

        def opened(_: int, url: str = url, together: Barrier = together) -> str:
            engine = engine_for(url)
            together.wait()
            with engine.connect() as connection:
                return connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()

        with ThreadPoolExecutor(many) as openers:
            assert set(openers.map(opened, range(many))) == {"wal"}
