"""Trace context: which request a piece of work belongs to, across processes.

A trace is named by 32 hexadecimal digits, as W3C Trace Context has it. Spans are not kept: the
log's lines carry the trace, and Cloud Trace and Cloud Logging put them together.
"""

import re
import secrets

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_CLOUD = re.compile(r"([0-9a-fA-F]{32})(?:/[0-9]{1,20})?(?:;o=[0-9])?")
_TRACE = re.compile(r"[0-9a-f]{32}")
_NONE = "0" * 32


def new_trace() -> str:
    """Return the id of a new trace."""
    return secrets.token_hex(16)


def trace_of(traceparent: str, cloud_context: str = "") -> str | None:
    """Return the trace id that a caller sent, or None.

    Args:

        traceparent: The W3C header's value, `00-TRACE-SPAN-FLAGS`, or empty.

        cloud_context: The value of X-Cloud-Trace-Context, `TRACE/SPAN;o=1`, or empty; it is
            used if the other one is missing or malformed.
    """
    for shape, text in ((_TRACEPARENT, traceparent), (_CLOUD, cloud_context)):
        match = shape.fullmatch(text[:200])
        if match and match[1] != _NONE and not text.startswith("ff-"):
            return match[1].lower()
    return None


def traceparent(trace: str | None) -> str | None:
    """Return the W3C header for a piece of work that belongs to `trace`; None without one."""
    if trace is None or not _TRACE.fullmatch(trace):
        return None
    return f"00-{trace}-{secrets.token_hex(8)}-01"
