"""A server's line can be paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every line goes on."""
    op.add_column("guild_policy", sa.Column("line_paused", sa.Text(), nullable=True))
