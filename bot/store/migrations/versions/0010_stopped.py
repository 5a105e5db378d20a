"""Whether a job that ended without images counted all the same: a server's rule for what moderators stop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: until now everything was given back."""
    op.add_column("job", sa.Column("quota_kept", sa.Boolean(), server_default=sa.false(), nullable=False))
