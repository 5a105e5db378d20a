"""Images that members report to the moderators of their server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

GENERATED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "report",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("removed_by", sa.BigInteger()),
        sa.Column("blocked_by", sa.BigInteger()),
        sa.Column("dismissed_by", sa.BigInteger()),
        sa.Column("decided_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("job_id", "reporter_id", name="uq_report_job_id_reporter_id"),
        sa.UniqueConstraint("entry_id", name="uq_report_entry_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_report_reporter", "report", ["guild_id", "reporter_id", "at"])
