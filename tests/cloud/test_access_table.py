"""Who may do what: the page says it, and the database holds to it."""

from collections.abc import Iterator

import pytest
import yaml
from click.testing import CliRunner
from cloud_paths import MODULE
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from choreo.database.engine import engine_for
from choreo.database.grants import GRANTS, apply_grants, parse_grantees
from choreo.database.migrate import upgrade, upgrade_own
from choreo.database.tables import metadata
from choreo.errors import InvalidSettings
from choreo_cli.main import main
from tools.iam_table import PAGE, page

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

USERS = {component: f"choreo-{component}@demo-project.iam" for component in GRANTS}


def test_the_page_of_grants_is_what_the_grants_say() -> None:
    assert PAGE.read_text() == page(), "run python tools/iam_table.py"
    for grant in yaml.safe_load((MODULE / "grants.yaml").read_text()):
        assert grant["role"] in PAGE.read_text()


def test_every_table_is_granted_to_somebody_and_no_other_is_named() -> None:
    assert {table for tables in GRANTS.values() for table in tables} == set(metadata.tables)


def test_grantees_are_read_from_one_line() -> None:
    line = ",".join(f"{component}={user}" for component, user in USERS.items())
    assert parse_grantees(line) == USERS
    assert parse_grantees(" ") == {}


@pytest.mark.parametrize("line", ["planner", "planner=", "stranger=ana", "planner=a,=b"])
def test_a_grantee_that_is_not_understood_is_refused_by_name(line: str) -> None:
    with pytest.raises(InvalidSettings, match=r"component=user.*request_handler"):
        parse_grantees(line)


@pytest.fixture
def granted(database_url: str) -> Iterator[Engine]:
    """A migrated PostgreSQL database whose users have what the grants say."""
    engine = engine_for(database_url)
    with engine.begin() as connection:
        for user in USERS.values():
            known = connection.scalar(
                text("SELECT 1 FROM pg_roles WHERE rolname = :u"), {"u": user}
            )
            if not known:
                connection.exec_driver_sql(f'CREATE ROLE "{user}"')
    apply_grants(engine, USERS)
    yield engine
    engine.dispose()


@on_postgresql
def test_users_may_do_what_the_grants_say_and_nothing_else(granted: Engine) -> None:
    apply_grants(granted, USERS)
    query = text("SELECT has_table_privilege(:user, :table, :privilege)")
    with granted.connect() as connection:
        for component, user in USERS.items():
            for table in metadata.tables:
                allowed = {
                    privilege
                    for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
                    if connection.scalar(
                        query, {"user": user, "table": table, "privilege": privilege}
                    )
                }
                assert allowed == set(GRANTS[component].get(table, ())), (component, table)


@on_postgresql
def test_a_user_without_the_privilege_is_refused_by_the_database(granted: Engine) -> None:
    with granted.connect() as connection:
        connection.exec_driver_sql(f'SET ROLE "{USERS["render_job"]}"')
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.exec_driver_sql("DELETE FROM choreography_tasks")
        connection.invalidate()


@on_postgresql
def test_a_user_of_anothers_tables_leaves_the_migration_to_the_owner(granted: Engine) -> None:
    with granted.begin() as connection:
        connection.exec_driver_sql(f'ALTER ROLE "{USERS["catalog"]}" LOGIN')
    catalog = engine_for(
        granted.url.set(username=USERS["catalog"]).render_as_string(hide_password=False)
    )
    with pytest.raises(DBAPIError, match="permission denied"):
        upgrade(catalog)
    upgrade_own(catalog)
    catalog.dispose()


@on_postgresql
def test_a_user_that_does_not_exist_is_named(granted: Engine) -> None:
    with pytest.raises(InvalidSettings, match="nobody-knows-me"):
        apply_grants(granted, {"planner": "nobody-knows-me"})


@on_postgresql
def test_the_migration_hands_out_privileges(granted: Engine, tmp_path, monkeypatch) -> None:
    apply_grants(granted, USERS)
    user = USERS["render_job"]
    with granted.begin() as connection:
        connection.exec_driver_sql(f'GRANT DELETE ON choreography_tasks TO "{user}"')
    monkeypatch.setenv("DATABASE_URL", granted.url.render_as_string(hide_password=False))
    monkeypatch.setenv("DB_GRANTEES", f"render_job={user}")
    done = CliRunner().invoke(main, ["migrate", "--library", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert user in done.output
    query = text("SELECT has_table_privilege(:user, 'choreography_tasks', 'DELETE')")
    with granted.connect() as connection:
        assert connection.scalar(query, {"user": user}) is False
