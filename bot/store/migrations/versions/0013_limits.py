"""Limits by server, role and member; bonuses and resets in the ledger of quota."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of rules, and what an entry says of caps, bonuses and who made it."""
    op.create_table(
        "limit_rule",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amounts", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "subject", "subject_id", name="pk_limit_rule"),
    )
    for column in (
        sa.Column("cap", sa.BigInteger(), nullable=True),
        sa.Column("granted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
    ):
        op.add_column("quota_entry", column)
    has_end = sa.text("until IS NOT NULL")
    op.create_index(
        "ix_quota_entry_bonus",
        "quota_entry",
        ["user_id", "guild_id", "until"],
        sqlite_where=has_end,
        postgresql_where=has_end,
    )
