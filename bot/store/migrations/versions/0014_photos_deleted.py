"""When Wiro was asked to delete the photos of a training, as its owner wanted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: until now nobody was asked."""
    op.add_column("training", sa.Column("photos_deleted_at", sa.BigInteger()))
