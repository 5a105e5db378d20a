"""All that a server can choose, with what held before as the default."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EMPTY_LIST = sa.text("'[]'")
EMPTY_OBJECT = sa.text("'{}'")


def upgrade() -> None:
    """Add the columns; servers that chose something before keep it."""
    for column in (
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("allowed_channels", sa.JSON(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("age_rule", sa.Text(), server_default="off", nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("log_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("log_prompts", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("moderator_roles", sa.JSON(), server_default=EMPTY_LIST, nullable=False),
        sa.Column("portrait_defaults", sa.JSON(), server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("cooldown_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stop_returns_quota", sa.Boolean(), server_default=sa.true(), nullable=False),
    ):
        op.add_column("guild_policy", column)
