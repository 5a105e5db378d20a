"""The way of the audit into log channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the queue, and prompts to the audit; entries that are there are not queued."""
    op.add_column("audit", sa.Column("words", sa.Text(), nullable=True))
    op.create_table(
        "log_outbox",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("held_channel_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name="pk_log_outbox"),
    )
