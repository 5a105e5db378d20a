"""A job's weight in the line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; jobs that are there weigh as much as they did."""
    op.add_column("job", sa.Column("weight", sa.Integer(), server_default="100", nullable=False))
