"""Songs, moves, tasks and blueprints."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "songs",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("artist", sa.Text, nullable=False),
        sa.Column("tempo", sa.Float),
        sa.Column("duration", sa.Float, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_songs"),
    )
    op.create_table(
        "move_embeddings",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("family", sa.String(100), nullable=False),
        sa.Column("difficulty", sa.String(20), nullable=False),
        sa.Column("energy_level", sa.String(20), nullable=False),
        sa.Column("style", sa.String(20), nullable=False),
        sa.Column("duration", sa.Float, nullable=False),
        sa.Column("session", sa.String(100), nullable=False),
        sa.Column("pose", sa.LargeBinary, nullable=False),
        sa.Column("audio", sa.LargeBinary, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_move_embeddings"),
    )
    op.create_table(
        "choreography_tasks",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("phase", sa.String(20), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("video_path", sa.Text),
        sa.Column("duration", sa.Float),
        sa.Column("file_size", sa.BigInteger),
        sa.Column("quality", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("degraded", sa.Text),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("execution_name", sa.Text),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("published_at", TIME),
        sa.Column("lease_until", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_choreography_tasks"),
        sa.UniqueConstraint("idempotency_key", name="uq_choreography_tasks_idempotency_key"),
    )
    op.create_index(
        "ix_choreography_tasks_status_published_at",
        "choreography_tasks",
        ["status", "published_at"],
    )
    op.create_table(
        "blueprints",
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("task_id", name="pk_blueprints"),
        sa.ForeignKeyConstraint(
            ["task_id"], ["choreography_tasks.id"], name="fk_blueprints_task_id_choreography_tasks"
        ),
    )


def downgrade() -> None:
    """Drop the four tables."""
    for table in ("blueprints", "choreography_tasks", "move_embeddings", "songs"):
        op.drop_table(table)
