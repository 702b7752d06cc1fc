"""An earlier plan → the same moves as another video."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from choreo.blueprint import Blueprint, Fit, OutputConfig
from choreo.errors import PlanImpossible
from choreo.task import Variant

LANDSCAPE, PORTRAIT = (1280, 720), (720, 1280)
"""Width and height, in pixels."""


def vary(text: str | None, wish: Variant, task_id: str, timestamp: datetime) -> Blueprint:
    """Return an earlier plan with another output; nothing is searched, all moves stay.

    Args:

        text: The stored blueprint, or None if there is none.

        wish: What to change; what it leaves out stays as it is in the earlier plan.

        task_id: Names the output.

        timestamp: The time of the new plan, aware.

    Raises:

        PlanImpossible: If there is no such plan.

        InvalidBlueprint: If the stored text is no blueprint.
    """
    if text is None:
        raise PlanImpossible(f"the task {wish.task_id} has no plan that could be written otherwise")
    plan = Blueprint.from_json(text)
    parameters = {**plan.generation_parameters, "variant": {"of": wish.task_id, **wish.changes()}}
    return plan.model_copy(
        update={
            "task_id": task_id,
            "generation_timestamp": timestamp.isoformat(timespec="seconds"),
            "generation_parameters": parameters,
            "output_config": _output(plan.output_config, wish, task_id),
        }
    )


def _output(config: OutputConfig, wish: Variant, task_id: str) -> OutputConfig:
    changes: dict[str, Any] = wish.model_dump(exclude={"task_id", "portrait"}, exclude_none=True)
    if wish.portrait is not None:
        changes["width"], changes["height"] = PORTRAIT if wish.portrait else LANDSCAPE
        changes["fit"] = Fit.CROP if wish.portrait else Fit.LETTERBOX
    return config.model_copy(update={**changes, "output_path": f"outputs/{task_id}.mp4"})
