"""Models that members trained, and with whom they are shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GENERATED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the two tables; nothing that is there is touched."""
    op.create_table(
        "model",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("wiro_name", sa.Text(), nullable=False),
        sa.Column("wiro_id", sa.Text(), nullable=True),
        sa.Column("trigger_words", sa.JSON(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("photos", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        sa.UniqueConstraint("job_id", name="uq_model_job_id"),
        sa.UniqueConstraint("wiro_id", name="uq_model_wiro_id"),
        sa.UniqueConstraint("owner_id", "name_key", name="uq_model_owner_id_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "model_share",
        sa.Column("model_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name="fk_model_share_model_id_model", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "guild_id", "kind", "target_id", name="pk_model_share"),
    )
    op.create_index("ix_model_share_guild", "model_share", ["guild_id", "model_id"])
