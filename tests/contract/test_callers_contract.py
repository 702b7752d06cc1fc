"""Counting what callers ask for, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from samples import Clock
from sqlalchemy import Engine, select

from choreo.database.callers import DAY, KEPT, MINUTE, SqlCallers
from choreo.database.tables import caller_counts


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def callers(database: Engine, clock: Clock) -> SqlCallers:
    return SqlCallers(database, clock)


def test_so_many_are_counted_and_no_more(callers, clock):
    clock.pass_(timedelta(seconds=20))
    assert [callers.count("anna", "request", 3, MINUTE) for _ in range(5)] == [
        None,
        None,
        None,
        timedelta(seconds=40),
        timedelta(seconds=40),
    ]


def test_a_new_window_begins_anew(callers, clock):
    for _ in range(3):
        for _ in range(2):
            assert callers.count("anna", "request", 2, MINUTE) is None
        assert callers.count("anna", "request", 2, MINUTE) == MINUTE
        clock.pass_(MINUTE)


def test_callers_and_kinds_are_counted_apart(callers):
    for caller in ("anna", "beni"):
        for what, window in (("request", MINUTE), ("video", DAY)):
            assert callers.count(caller, what, 1, window) is None
            assert callers.count(caller, what, 1, window) is not None


def test_a_clock_that_is_behind_cannot_open_a_window_again(database, callers, clock):
    late = SqlCallers(database, Clock(clock.now - timedelta(seconds=1)))
    assert callers.count("anna", "request", 1, MINUTE) is None
    assert late.count("anna", "request", 1, MINUTE) is not None
    assert callers.count("anna", "request", 1, MINUTE) is not None


def test_many_at_once_never_get_more_than_the_limit(callers):
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: callers.count("anna", "video", 5, DAY), range(24)))
    assert waits.count(None) == 5


def test_old_counts_are_removed(database, callers, clock):
    for number in range(20):
        callers.count(f"address 192.0.2.{number}", "video", 5, DAY)
    clock.pass_(KEPT + DAY)
    callers.count("anna", "video", 5, DAY)
    with database.connect() as connection:
        assert connection.scalars(select(caller_counts.c.caller)).all() == ["anna"]
