"""Owners of tasks, counts of callers, and light documents for lists of songs."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

LISTED = ("id", "title", "artist", "audio_path", "duration", "peaks")
LISTED_OF_ANALYSIS = ("tempo", "confidence", "sections", "warnings")


def upgrade() -> None:
    """Add two columns and a table, and fill the listings from the documents."""
    op.add_column("choreography_tasks", sa.Column("owner", sa.String(40)))
    op.create_table(
        "caller_counts",
        sa.Column("caller", sa.String(100), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("started", TIME, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("caller", "what", name="pk_caller_counts"),
    )
    op.add_column("songs", sa.Column("listing", sa.Text))
    songs = sa.table("songs", sa.column("id"), sa.column("document"), sa.column("listing"))
    connection = op.get_bind()
    for song_id in connection.scalars(sa.select(songs.c.id)).all():
        document = connection.scalars(
            sa.select(songs.c.document).where(songs.c.id == song_id)
        ).one()
        connection.execute(
            sa.update(songs).where(songs.c.id == song_id).values(listing=_listing(document))
        )


def _listing(document: str) -> str:
    song = json.loads(document)
    listed = {name: song[name] for name in LISTED if name in song}
    if song.get("analysis"):
        analysis = song["analysis"]
        listed["analysis"] = {
            name: analysis[name] for name in LISTED_OF_ANALYSIS if name in analysis
        }
    return json.dumps(listed, ensure_ascii=False)


def downgrade() -> None:
    """Drop what was added."""
    op.drop_column("songs", "listing")
    op.drop_table("caller_counts")
    op.drop_column("choreography_tasks", "owner")
