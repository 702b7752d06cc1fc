"""The tables, as SQLAlchemy Core."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which keeps no zone, is given and gives UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse nothing: every time in this product is aware."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return an aware time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

songs = Table(
    "songs",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("title", Text, nullable=False),
    Column("artist", Text, nullable=False),
    Column("tempo", Float),
    Column("duration", Float, nullable=False),
    Column("document", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("listing", Text),
)
"""`document` is the whole `Song` as JSON, `listing` the `ListedSong`: a list of hundreds need not
read their vectors. The other columns are what lists are sorted by."""

move_embeddings = Table(
    "move_embeddings",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("family", String(100), nullable=False),
    Column("difficulty", String(20), nullable=False),
    Column("energy_level", String(20), nullable=False),
    Column("style", String(20), nullable=False),
    Column("duration", Float, nullable=False),
    Column("session", String(100), nullable=False),
    Column("pose", LargeBinary, nullable=False),
    Column("audio", LargeBinary, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("document", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
"""`pose` (512), `audio` (128) and `text` (384) are little-endian float32 of unit length;
`document` is the whole `Move` as JSON, with its beat map and its entry and exit states."""

choreography_tasks = Table(
    "choreography_tasks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("idempotency_key", String(255), unique=True),
    Column("request", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("stage", String(20), nullable=False),
    Column("progress", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("video_path", Text),
    Column("duration", Float),
    Column("file_size", BigInteger),
    Column("quality", Text),
    Column("error", Text),
    Column("degraded", Text),
    Column("attempt", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("execution_name", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("published_at", UtcTime),
    Column("lease_until", UtcTime),
    Column("owner", String(40)),
    Index(None, "status", "published_at"),
)
"""`owner` is the caller whose task it is; null where callers have no names."""

blueprints = Table(
    "blueprints",
    metadata,
    Column("task_id", String(64), ForeignKey("choreography_tasks.id"), primary_key=True),
    Column("document", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("plan_key", String(64), index=True),
)
"""`plan_key` is the same for requests that have the same plan; null where it cannot be known."""

caller_counts = Table(
    "caller_counts",
    metadata,
    Column("caller", String(100), primary_key=True),
    Column("what", String(20), primary_key=True),
    Column("started", UtcTime, nullable=False),
    Column("count", Integer, nullable=False),
)
"""How many of `what` a caller has had since the window `started`."""
