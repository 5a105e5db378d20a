"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GENERATED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "gate",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("closed_until", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("learned_limit", sa.Integer(), nullable=True),
        sa.Column("clean_submits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_gate"),
    )
    op.create_table(
        "guild_policy",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("real_persons", sa.Boolean(), nullable=False),
        sa.Column("deleted_card", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guild_policy"),
    )
    op.create_table(
        "job",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("hook_token", sa.Text(), nullable=False),
        sa.Column("interaction_token", sa.Text(), nullable=True),
        sa.Column("token_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("file_limit_bytes", sa.BigInteger(), nullable=False),
        sa.Column("channel_file_limit_bytes", sa.BigInteger(), nullable=False),
        sa.Column("estimate_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("size_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("socket_token", sa.Text(), nullable=True),
        sa.Column("wiro_status", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("wiro_ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outputs", sa.JSON(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=True),
        sa.Column("cost_is_estimate", sa.Boolean(), nullable=False),
        sa.Column("cancel_by", sa.Text(), nullable=True),
        sa.Column("cancel_user_id", sa.BigInteger(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("cancel_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_text", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("result_message_id", sa.BigInteger(), nullable=True),
        sa.Column("result_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("kept_until", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("shared_message_id", sa.BigInteger(), nullable=True),
        sa.Column("sweep_until", sa.BigInteger(), nullable=True),
        sa.Column("server_charge", sa.BigInteger(), nullable=False),
        sa.Column("member_charge", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("code", name="uq_job_code"),
        sa.UniqueConstraint("hook_token", name="uq_job_hook_token"),
        sa.UniqueConstraint("interaction_id", name="uq_job_interaction_id"),
        sa.UniqueConstraint("task_id", name="uq_job_task_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_ended", "job", ["ended_at"])
    op.create_index(
        "ix_job_line",
        "job",
        ["guild_id", "user_id", "tool", "id", "message_id", "not_before"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_job_member", "job", ["user_id", "guild_id", "id"])
    op.create_index("ix_job_message", "job", ["message_id"])
    op.create_index(
        "ix_job_result",
        "job",
        ["result_message_id"],
        sqlite_where=sa.text("result_message_id IS NOT NULL"),
        postgresql_where=sa.text("result_message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_job_shared",
        "job",
        ["shared_message_id"],
        sqlite_where=sa.text("shared_message_id IS NOT NULL"),
        postgresql_where=sa.text("shared_message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_job_sweep",
        "job",
        ["sweep_until"],
        sqlite_where=sa.text("sweep_until IS NOT NULL"),
        postgresql_where=sa.text("sweep_until IS NOT NULL"),
    )
    op.create_index(
        "ix_job_token",
        "job",
        ["token_expires_at"],
        sqlite_where=sa.text("interaction_token IS NOT NULL"),
        postgresql_where=sa.text("interaction_token IS NOT NULL"),
    )
    op.create_index(
        "ix_job_unfinished",
        "job",
        ["state"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.create_table(
        "late_task",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", name="pk_late_task"),
    )
    op.create_index("ix_late_task_job", "late_task", ["job_id"])

    op.create_table(
        "line_clock",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("inner_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_line_clock"),
    )
    op.create_table(
        "member_policy",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notify", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "guild_id", name="pk_member_policy"),
    )
    op.create_table(
        "money_counter",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "scope_id", "window", name="pk_money_counter"),
    )
    op.create_table(
        "money_entry",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("is_estimate", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_money_entry"),
        sa.UniqueConstraint(
            "job_id", "scope", "window", "kind", name="uq_money_entry_job_id_scope_window_kind"
        ),
    )
    op.create_table(
        "process",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_process"),
    )
    op.create_table(
        "quota_counter",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "guild_id", "unit", "window", name="pk_quota_counter"),
    )
    op.create_table(
        "quota_entry",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quota_entry"),
        sa.UniqueConstraint(
            "job_id", "unit", "guild_id", "kind", name="uq_quota_entry_job_id_unit_guild_id_kind"
        ),
    )
    op.create_table(
        "result_file",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("reencoded", sa.Boolean(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_result_file"),
    )
    op.create_index("ix_result_file_saved", "result_file", ["saved_at"])

    op.create_table(
        "tool_run",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("size_key", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tool_run"),
    )
    op.create_index("ix_tool_run_past", "tool_run", ["tool", "size_key", "id"])

    op.create_table(
        "delivery_claim",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_delivery_claim_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "way", name="pk_delivery_claim"),
    )
    op.create_table(
        "job_event",
        sa.Column("id", GENERATED, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_event_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_job_event"),
    )
    op.create_index("ix_job_event_job_id", "job_event", ["job_id"])
