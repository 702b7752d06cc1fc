"""Requests and blueprints that nobody meant; `make fuzz` has ten thousand of each."""

from __future__ import annotations

import pytest
from api_fuzz import random_requests
from blueprint_mutations import BASE, mutations

from choreo.blueprint import Blueprint


def test_a_bent_blueprint_is_refused_with_its_faults_or_is_a_good_one() -> None:
    assert Blueprint.from_document(BASE).task_id == "task-1"
    bent = mutations(1_000)
    assert bent.faults == []
    assert bent.refused + bent.accepted == 1_000
    assert min(bent.refused, bent.accepted) > 20, "both are met"
    assert bent.slowest < 5, "processor seconds"


def test_a_random_request_is_answered_as_a_request_not_as_an_accident(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storm = random_requests(400, seed=2)
    assert storm.faults == []
    assert storm.requests == 400
    assert {200, 404, 405, 415} <= set(storm.statuses)
    assert not [record for record in caplog.records if record.exc_info]
