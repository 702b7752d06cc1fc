"""The base of every value that crosses a process border."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value: strict types, no unknown fields, no NaN or infinity."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        ser_json_inf_nan="null",
    )
