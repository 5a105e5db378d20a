"""How far Wiro's clock was ahead when a job was submitted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of jobs that are at work it stays unknown."""
    op.add_column("job", sa.Column("submitted_skew_s", sa.Float()))
