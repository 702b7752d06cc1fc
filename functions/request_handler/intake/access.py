"""Who calls, and how much one caller may ask for.

An operator who sets tokens has every call but the page's own files and the health checks name
its caller. An ID token, where Cloud Run asks for one, is checked by Cloud Run before the
request is here.
"""

import hmac
import ipaddress
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from math import ceil

from flask import Request

from choreo.database.callers import DAY, MINUTE, SqlCallers
from choreo.tokens import TokenRing
from intake.problems import Problem

TICKET_SECONDS = 4 * 3600
"""How long a browser can go on playing what it was given an address for."""

TICKET = re.compile(r"([a-z0-9][a-z0-9_-]{0,39})\.([0-9]{1,12})\.([0-9a-f]{64})")

CHALLENGE = 'Bearer realm="choreo"'

NEIGHBOURS = 64
"""Bits of an IPv6 address that name a household: whoever has one has all the rest."""


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request."""

    name: str
    """What is counted under: the name of a token, or an address."""
    owner: str | None = None
    """Whose tasks they are; None where callers have no names."""


@dataclass(frozen=True)
class Visit:
    """One request, and who sent it."""

    request: Request
    caller: Caller


@dataclass(frozen=True)
class Limits:
    """What one caller may ask for; 0 is no limit."""

    requests_per_minute: int
    videos_per_day: int


class Gate:
    """Lets callers in, and counts them.

    Args:

        tokens: Whom to let in; None for everybody.

        limits: What each may ask for.

        counts: Where it is counted.

        forwarded_hops: How many proxies append to X-Forwarded-For before a request is here.

        clock: Gives seconds since 1970.
    """

    def __init__(
        self,
        tokens: TokenRing | None,
        limits: Limits,
        counts: SqlCallers,
        forwarded_hops: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tokens = tokens
        self._limits = limits
        self._counts = counts
        self._hops = forwarded_hops
        self._clock = clock

    def caller(self, request: Request, takes_ticket: bool) -> Caller:
        """Return who sent the request.

        Args:

            request: The request, with `Authorization: Bearer TOKEN` where tokens are asked for.

            takes_ticket: True for addresses that a browser opens by itself, without a header.

        Raises:

            Problem: 401, if tokens are asked for and there is no good one.
        """
        if self._tokens is None:
            return Caller(f"address {self._address(request)}")
        ticket = request.args.get("ticket", "") if takes_ticket else ""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = scheme.lower() == "bearer"
        name = self._tokens.name_of(token.strip()) if given else self._name_on(ticket)
        if name is None:
            stale = given or bool(ticket)
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                "this token is not known here, or no longer good"
                if stale
                else "this service asks for a token: send Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": CHALLENGE + ', error="invalid_token"' * stale},
            )
        return Caller(f"token {name}", name)

    def count_request(self, caller: Caller) -> None:
        """Count one request that asks for work.

        Raises:

            Problem: 429, if the caller has had as many as it may.
        """
        limit = self._limits.requests_per_minute
        wait = self._counts.count(caller.name, "request", limit, MINUTE) if limit else None
        if wait is not None:
            raise _too_many(f"{limit} requests a minute are the most for one caller", wait)

    def count_video(self, caller: Caller) -> None:
        """Count one new video.

        Raises:

            Problem: 429, if the caller has had as many as it may.
        """
        limit = self._limits.videos_per_day
        wait = self._counts.count(caller.name, "video", limit, DAY) if limit else None
        if wait is not None:
            raise _too_many(f"{limit} videos a day are the most for one caller", wait)

    def ticket(self, caller: Caller) -> str | None:
        """Return what stands for the caller's token in addresses, for a while; None if open."""
        if self._tokens is None or caller.owner is None:
            return None
        said = f"{caller.owner}.{int(self._clock()) + TICKET_SECONDS}"
        return f"{said}.{_signature(self._tokens, said)}"

    def with_ticket(self, address: str, caller: Caller) -> str:
        """Return an address of this service that a browser can open; others are left alone."""
        ticket = self.ticket(caller)
        if ticket is None or not address.startswith("/"):
            return address
        return f"{address}{'&' if '?' in address else '?'}ticket={ticket}"

    def _name_on(self, ticket: str) -> str | None:
        match = TICKET.fullmatch(ticket)
        if match is None or self._tokens is None:
            return None
        name, ends, signature = match.groups()
        good = hmac.compare_digest(signature, _signature(self._tokens, f"{name}.{ends}"))
        return name if good and int(ends) > self._clock() else None

    def _address(self, request: Request) -> str:
        hops = request.headers.get("X-Forwarded-For", "").split(",") if self._hops else []
        # The last hops were appended by proxies of ours; what stands before them, by anybody.
        said = hops[-self._hops] if len(hops) >= self._hops > 0 else request.remote_addr or ""
        try:
            address = ipaddress.ip_address(said.strip())
        except ValueError:
            return "unknown"
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            return str(ipaddress.ip_network((address, NEIGHBOURS), strict=False))
        return str(address)


def _signature(tokens: TokenRing, said: str) -> str:
    return hmac.new(tokens.signing_key, said.encode(), "sha256").hexdigest()


def _too_many(limit: str, wait: timedelta) -> Problem:
    seconds = max(1, ceil(wait.total_seconds()))
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-requests",
        f"{limit}; try again in {seconds} seconds",
        headers={"Retry-After": str(seconds)},
    )
