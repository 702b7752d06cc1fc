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

DANCE_TICKET = re.compile(r"~([A-Za-z0-9_-]{1,64})\.([0-9]{1,12})\.([0-9a-f]{64})")
"""The sign before it keeps it apart from a caller's: no name begins so."""

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
    dance: str | None = None
    """The one task that may be seen, for whoever comes by a shared link."""
    ticket: str | None = None
    """What a shared link was opened with."""


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

        open_key: Signs links where there are no tokens; every instance has the same.
    """

    def __init__(
        self,
        tokens: TokenRing | None,
        limits: Limits,
        counts: SqlCallers,
        forwarded_hops: int,
        clock: Callable[[], float] = time.time,
        open_key: bytes = b"",
    ) -> None:
        self._tokens = tokens
        self._limits = limits
        self._counts = counts
        self._key = tokens.signing_key if tokens else open_key
        self._hops = forwarded_hops
        self._clock = clock

    def visitor(self, request: Request) -> Caller | None:
        """Return who comes by a link to one dance; None for everybody else.

        Raises:

            Problem: 410, if the link was good and has ended; 404, if it never was.
        """
        ticket = request.args.get("ticket", "")
        if not ticket.startswith("~"):
            return None
        match = DANCE_TICKET.fullmatch(ticket)
        if match is None or not self._good(ticket):
            raise Problem(
                HTTPStatus.NOT_FOUND, "unknown-link", "this link is not whole; ask for it again"
            )
        dance, ends, _ = match.groups()
        if int(ends) <= self._clock():
            raise Problem(
                HTTPStatus.GONE,
                "link-expired",
                "this link has ended; whoever sent it can make a new one",
            )
        return Caller(f"address {self._address(request)}", dance=dance, ticket=ticket)

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
            raise _refused(
                "this token is not known here, or no longer good"
                if stale
                else "this service asks for a token: send Authorization: Bearer TOKEN",
                stale,
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
            return caller.ticket
        return self._signed(f"{caller.owner}.{int(self._clock()) + TICKET_SECONDS}")

    def ticket_for_dance(self, task_id: str, ends: int) -> str:
        """Return what opens one dance until `ends`, in seconds since 1970."""
        return self._signed(f"~{task_id}.{ends}")

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
        name, ends, _ = match.groups()
        return name if self._good(ticket) and int(ends) > self._clock() else None

    def _signed(self, said: str) -> str:
        return f"{said}.{hmac.new(self._key, said.encode(), 'sha256').hexdigest()}"

    def _good(self, ticket: str) -> bool:
        return hmac.compare_digest(ticket, self._signed(ticket.rpartition(".")[0]))

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


def _refused(detail: str, stale: bool) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "unauthorized",
        detail,
        headers={"WWW-Authenticate": CHALLENGE + ', error="invalid_token"' * stale},
    )


def _too_many(limit: str, wait: timedelta) -> Problem:
    seconds = max(1, ceil(wait.total_seconds()))
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-requests",
        f"{limit}; try again in {seconds} seconds",
        headers={"Retry-After": str(seconds)},
    )
