"""What a render job is told, as variables of its environment."""

MAX_VARIABLE_BYTES = 32_768
"""The most that Cloud Run takes for one variable. It counts characters; counting bytes of
UTF-8 is never less, and keeps below what an operating system takes."""


def variables_for(
    task_id: str, blueprint_json: str, traceparent: str | None = None
) -> dict[str, str]:
    """Return `TASK_ID`, `TRACEPARENT` if known, and `BLUEPRINT_JSON` when it fits one variable.

    A job that is not given the blueprint reads it by the task's id.
    """
    variables = {"TASK_ID": task_id} | ({"TRACEPARENT": traceparent} if traceparent else {})
    if blueprint_json and len(blueprint_json.encode()) <= MAX_VARIABLE_BYTES:
        variables["BLUEPRINT_JSON"] = blueprint_json
    return variables
