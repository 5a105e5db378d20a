"""Drafts of trainings, their photos, and what is known of a training beyond its job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GENERATED = sa.BigInteger().with_variant(sa.Integer, "sqlite")
IS_OPEN = sa.text("job_id IS NULL")
IS_WAITING = sa.text("state = 'waiting'")
LINE = ["guild_id", "user_id", "tool", "id", "message_id", "not_before", "preparing"]


def upgrade() -> None:
    """Add three tables and a column; no job that is there prepares anything."""
    op.create_table(
        "draft",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("follow", sa.Text(), nullable=False),
        sa.Column("show_name", sa.Boolean(), nullable=False),
        sa.Column("delete_photos", sa.Boolean(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
        sa.UniqueConstraint("job_id", name="uq_draft_job_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_draft_open",
        "draft",
        ["guild_id", "user_id"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_table(
        "draft_photo",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("wiro_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name="fk_draft_photo_draft_id_draft", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_draft_photo"),
        sa.UniqueConstraint("draft_id", "digest", name="uq_draft_photo_draft_id_digest"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "training",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("photos", sa.Integer(), nullable=False),
        sa.Column("follow", sa.Text(), nullable=False),
        sa.Column("delete_photos", sa.Boolean(), nullable=False),
        sa.Column("consent_words", sa.Text(), nullable=False),
        sa.Column("consent_locale", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("folder_id", sa.Text(), nullable=True),
        sa.Column("archive_token", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name="pk_training"),
        sa.UniqueConstraint("archive_token", name="uq_training_archive_token"),
    )
    op.add_column("job", sa.Column("preparing", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_index("ix_job_line", "job")
    op.create_index("ix_job_line", "job", LINE, sqlite_where=IS_WAITING, postgresql_where=IS_WAITING)
