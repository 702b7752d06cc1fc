"""What every answer tells the browser to refuse."""

import base64
import hashlib
from functools import cache

from werkzeug.wrappers import Response

from choreo.exports import CUE_SHEET_STYLE


@cache
def _page_policy(media: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: {media}".rstrip(),
            f"media-src 'self' blob: {media}".rstrip(),
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


_STYLE_HASH = base64.b64encode(hashlib.sha256(CUE_SHEET_STYLE.encode()).digest()).decode()

_DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_SHEET_POLICY = f"{_DATA_POLICY}; style-src 'sha256-{_STYLE_HASH}'"

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def guard(reply: Response, endpoint: str, media: str) -> Response:
    """Add the security headers that suit what `endpoint` answers.

    The page may play media of this service and of the origin `media`, if that is not empty.
    """
    policies = {"page": _page_policy(media), "task_cue_sheet": _SHEET_POLICY}
    reply.headers["Content-Security-Policy"] = policies.get(endpoint, _DATA_POLICY)
    for name, value in _ALWAYS.items():
        reply.headers[name] = value
    return reply
