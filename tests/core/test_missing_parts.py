"""A part that the machine lacks skips its tests, and fails them where it must be there."""

import pytest
from machine import require


def test_a_part_that_is_here_is_handed_on():
    assert require("/usr/bin/java", "no Java") == "/usr/bin/java"


def test_a_part_that_is_not_here_skips_with_the_reason(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Java"):
        require(None, "no Java")


def test_a_part_that_is_not_here_fails_where_it_must_be(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Java"):
        require(None, "no Java")
