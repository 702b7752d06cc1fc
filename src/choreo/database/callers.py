"""How much each caller has asked for: fixed windows of time, counted in the database.

Every instance of the request handler counts in the same rows, so a limit holds however many of
them there are.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, case, delete, or_
from sqlalchemy.dialects import postgresql, sqlite

from choreo.database.engine import transaction
from choreo.database.tables import caller_counts

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

KEPT = timedelta(days=2)
"""Counts older than this are removed; no window is longer."""

_C = caller_counts.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SqlCallers:
    """Counts of callers in a SQL database.

    Args:

        engine: From `choreo.database.engine`.

        clock: Gives the time as aware UTC.
    """

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._clock = clock

    def count(self, caller: str, what: str, limit: int, window: timedelta) -> timedelta | None:
        """Count one more of `what`, unless the caller has had `limit` in this window.

        Args:

            caller: Name of at most 100 characters.

            what: Kind of thing that is counted, such as `request`.

            limit: The most in one window.

            window: Length of the windows, which begin at its multiples since 1970.

        Returns: None if it was counted, else the time until the next window.

        Raises:

            Unavailable: If the database does not answer.
        """
        now = self._clock()
        start = now - (now - _EPOCH) % window
        kind = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        wish = kind.insert(caller_counts).values(caller=caller, what=what, started=start, count=1)
        earlier = _C.started < start
        # The row is changed only if there is room: two instances cannot both take the last place.
        statement = wish.on_conflict_do_update(
            index_elements=[_C.caller, _C.what],
            set_={
                "count": case((earlier, 1), else_=_C.count + 1),
                "started": case((earlier, start), else_=_C.started),
            },
            where=or_(earlier, _C.count < limit),
        ).returning(_C.count)
        with transaction(self._engine) as connection:
            row = connection.execute(statement).first()
            if row is not None and row[0] == 1:  # once per caller and window, so seldom
                connection.execute(delete(caller_counts).where(_C.started < now - KEPT))
        return None if row is not None else start + window - now
