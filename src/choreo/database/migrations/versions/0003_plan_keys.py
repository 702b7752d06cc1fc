"""Keys of plans, by which equal requests find them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and its index; earlier plans have no key."""
    op.add_column("blueprints", sa.Column("plan_key", sa.String(64)))
    op.create_index("ix_blueprints_plan_key", "blueprints", ["plan_key"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_blueprints_plan_key", "blueprints")
    op.drop_column("blueprints", "plan_key")
