"""Which servers were told who the bot is; those that have used it know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, with every server that asked for something or chose something."""
    op.create_table(
        "greeting",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_greeting"),
    )
    op.execute(
        "INSERT INTO greeting (guild_id, at) "
        "SELECT guild_id, 0 FROM job UNION SELECT guild_id, 0 FROM guild_policy"
    )
