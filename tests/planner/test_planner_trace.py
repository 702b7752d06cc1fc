"""The trace of a request, as the planner takes it from the queue's message."""

import base64

import pytest

from planning.worker import decode


def body(attributes: object) -> dict[str, object]:
    data = base64.b64encode(b'{"task_id": "task-1"}').decode()
    return {"message": {"data": data, "attributes": attributes}}


@pytest.mark.parametrize(
    ("attributes", "trace"),
    [({"trace": "1a2b"}, "1a2b"), ({"trace": 7}, None), ({}, None), (None, None), ("trace", None)],
)
def test_a_message_may_carry_a_trace(attributes: object, trace: str | None) -> None:
    message = decode(body(attributes))
    assert message is not None
    assert (message.task_id, message.trace, message.dead) == ("task-1", trace, False)
