"""The language model as Gemini, through google-generativeai.

The library is at the end of its life and lives in this file alone. Its own retries repeat a
503 for ten minutes, whatever time-out is given, so they are off: there is one retry of ours,
inside one deadline.
"""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Mapping
from typing import Any

from choreo.errors import Unavailable

DEADLINE = 8.0
"""Seconds for a whole answer, its retry included; a plan without it takes one second."""

LEAST_TIME = 1.0
"""Seconds that must be left for a retry to be worth it."""

MAX_ANSWER_CHARS = 200_000
"""Far above any answer that is asked for; more is noise."""

MAX_ANSWER_TOKENS = 4_096

_CONFIGURE = threading.Lock()
"""The library keeps its configuration in a module."""


class Gemini:
    """Gemini as a `LanguageModel`; see `choreo.ports`.

    Args:

        api_key: Key of the Generative Language API.

        model: Such as `gemini-2.5-flash`.

        endpoint: `host`, `https://host` or `http://host:port`; empty for Google's.

        deadline: Seconds for an answer.
    """

    def __init__(
        self, api_key: str, model: str, endpoint: str = "", deadline: float = DEADLINE
    ) -> None:
        self._api_key, self._model, self._endpoint = api_key, model, endpoint
        self._deadline = deadline

    def answer(
        self, instructions: str, data: Mapping[str, object], schema: Mapping[str, object]
    ) -> object:
        """Return a JSON value that should follow `schema`; callers validate it.

        Raises:

            Unavailable: On time-outs, quota, refusals and answers that are not JSON.
        """
        ends = time.monotonic() + self._deadline
        try:
            return self._ask(instructions, data, schema, ends)
        except _Passing as exc:
            if ends - time.monotonic() < LEAST_TIME:
                raise Unavailable(str(exc)) from exc
        try:
            return self._ask(instructions, data, schema, ends)
        except _Passing as exc:
            raise Unavailable(f"{exc}, twice") from exc

    def _ask(
        self,
        instructions: str,
        data: Mapping[str, object],
        schema: Mapping[str, object],
        ends: float,
    ) -> object:
        library = _library()
        try:
            with _CONFIGURE:
                library.configure(
                    api_key=self._api_key,
                    transport="rest",
                    client_options={"api_endpoint": self._endpoint} if self._endpoint else None,
                )
                model = library.GenerativeModel(
                    self._model,
                    system_instruction=instructions,
                    generation_config={
                        "temperature": 0.0,
                        "max_output_tokens": MAX_ANSWER_TOKENS,
                        "response_mime_type": "application/json",
                        "response_schema": _plain(schema),
                    },
                )
            response = model.generate_content(
                json.dumps(data, ensure_ascii=False, sort_keys=True),
                request_options={"timeout": max(0.1, ends - time.monotonic()), "retry": None},
            )
        except Exception as exc:
            raise _translated(exc, self._api_key) from exc
        try:
            text = response.text
        except ValueError as exc:
            raise Unavailable("Gemini gave no text, as for a blocked prompt") from exc
        if len(text) > MAX_ANSWER_CHARS:
            raise _Passing(f"Gemini answered {len(text)} characters")
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise _Passing("Gemini's answer is not JSON") from exc
        return value


class _Passing(Exception):
    """A fault that the same question may not meet again."""


def _library() -> Any:
    with warnings.catch_warnings():
        # At import it announces its own end; operators can do nothing about that.
        warnings.simplefilter("ignore", FutureWarning)
        import google.generativeai

        return google.generativeai


def _plain(schema: Mapping[str, object]) -> dict[str, object]:
    """Return what the library's schema type knows of a JSON Schema."""
    known = {"type", "enum", "required", "description"}
    plain: dict[str, object] = {key: value for key, value in schema.items() if key in known}
    if "enum" in plain:
        plain["format"] = "enum"
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, Mapping):
        plain["properties"] = {name: _plain(value) for name, value in properties.items()}
    if isinstance(items, Mapping):
        plain["items"] = _plain(items)
    return plain


def _translated(error: Exception, api_key: str) -> Exception:
    """Turn the library's error into ours: one to repeat, or one that stays."""
    name = type(error).__name__
    said = " ".join(str(error).replace(api_key, "…").split())[:200]
    sentence = f"Gemini did not answer ({name}: {said})"
    if name in ("InternalServerError", "ServiceUnavailable", "BadGateway", "ConnectionError"):
        return _Passing(sentence)
    return Unavailable(sentence)
