"""The tables. `migrations/` makes them; a test holds that both say the same.

Discord's ids and all money are 64-bit integers, times are microseconds in UTC. The two ledgers point to jobs
without a foreign key: they outlive what they tell of.
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from bot.limits import Subject
from bot.model import NORMAL_WEIGHT, Act, AgeRule, CancelBy, EntryKind, JobState, MoneyScope, Reason, Unit
from bot.store.types import FreeText, GeneratedId, IdTuple, Outputs, TextTuple, UtcTime, Words
from bot.trained import ShareKind
from bot.training import Follow, UploadWay

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _required(name: str, type_: sa.types.TypeEngine[Any], *, unique: bool | None = None) -> Column[Any]:
    return Column(name, type_, nullable=False, unique=unique)


def _snowflake(name: str, *, primary_key: bool = False) -> Column[int]:
    auto: Literal["auto", False] = False if primary_key else "auto"
    return Column(name, sa.BigInteger, nullable=False, primary_key=primary_key, autoincrement=auto)


process = Table(
    "process",
    METADATA,
    _snowflake("id", primary_key=True),  # never used twice: it is the fencing token of every owner's write
    _required("started_at", UtcTime()),
    _required("heartbeat_at", UtcTime()),
    Column("ended_at", UtcTime()),  # set when it stopped or was taken over: it may not claim any more
)

job = Table(
    "job",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _required("code", sa.Text(), unique=True),
    _snowflake("interaction_id"),
    _snowflake("guild_id"),
    _snowflake("channel_id"),
    _snowflake("user_id"),
    _required("tool", sa.Text()),
    _required("inputs", sa.JSON()),
    _required("images", sa.Integer()),
    _required("private", sa.Boolean()),
    _required("locale", sa.Text()),
    _required("notes", TextTuple()),
    Column("parent_code", sa.Text),
    _required("hook_token", sa.Text(), unique=True),
    Column("interaction_token", sa.Text),
    Column("token_expires_at", UtcTime()),
    _required("file_limit_bytes", sa.BigInteger()),
    _required("channel_file_limit_bytes", sa.BigInteger()),
    _required("estimate_nano_usd", sa.BigInteger()),
    _required("size_key", sa.Text()),
    _required("state", Words(JobState)),
    _required("state_at", UtcTime()),
    _required("created_at", UtcTime()),
    Column("message_id", sa.BigInteger),
    Column("owner", sa.BigInteger),
    _required("attempt", sa.Integer()),
    _required("returned", sa.Boolean()),
    Column("not_before", UtcTime()),
    Column("submitted_at", UtcTime()),
    Column("submitted_skew_s", sa.Float),
    Column("task_id", sa.Text, unique=True),
    Column("socket_token", sa.Text),
    Column("wiro_status", FreeText),
    Column("started_at", UtcTime()),
    Column("wiro_ended_at", UtcTime()),
    _required("outputs", Outputs()),
    Column("cost_nano_usd", sa.BigInteger),
    _required("cost_is_estimate", sa.Boolean()),
    Column("cancel_by", Words(CancelBy)),
    Column("cancel_user_id", sa.BigInteger),
    Column("cancel_reason", FreeText),
    Column("cancel_at", UtcTime()),
    Column("reason", Words(Reason)),
    Column("reason_text", FreeText),
    Column("quota_kept", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("ended_at", UtcTime()),
    Column("result_message_id", sa.BigInteger),
    Column("result_channel_id", sa.BigInteger),
    Column("kept_until", UtcTime()),
    Column("deleted_at", UtcTime()),
    Column("shared_message_id", sa.BigInteger),
    Column("sweep_until", UtcTime()),
    Column("preparing", sa.Boolean, nullable=False, server_default=sa.false()),
    # What the last claim charged to the two clocks of the line, so that a return can take it back.
    _required("server_charge", sa.BigInteger()),
    _required("member_charge", sa.BigInteger()),
    Column("weight", sa.Integer, nullable=False, server_default=str(NORMAL_WEIGHT)),
    sa.UniqueConstraint("interaction_id"),
    sqlite_autoincrement=True,  # a code or an event may outlive its job: an id must not come back
)

_WAITING = sa.text("state = 'waiting'")
_UNFINISHED = sa.text("ended_at IS NULL")
_WITH_TOKEN = sa.text("interaction_token IS NOT NULL")
_HAS_RESULT = sa.text("result_message_id IS NOT NULL")
_SHARED = sa.text("shared_message_id IS NOT NULL")
_SWEPT = sa.text("sweep_until IS NOT NULL")

Index("ix_job_member", job.c.user_id, job.c.guild_id, job.c.id)
Index("ix_job_message", job.c.message_id)
Index("ix_job_result", job.c.result_message_id, sqlite_where=_HAS_RESULT, postgresql_where=_HAS_RESULT)
Index("ix_job_shared", job.c.shared_message_id, sqlite_where=_SHARED, postgresql_where=_SHARED)
Index(  # all that tells who stands first, so that the line is read without its jobs
    "ix_job_line",
    job.c.guild_id,
    job.c.user_id,
    job.c.tool,
    job.c.id,
    job.c.message_id,
    job.c.not_before,
    job.c.preparing,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
Index("ix_job_unfinished", job.c.state, sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED)
Index("ix_job_ended", job.c.ended_at)
Index("ix_job_token", job.c.token_expires_at, sqlite_where=_WITH_TOKEN, postgresql_where=_WITH_TOKEN)
Index("ix_job_sweep", job.c.sweep_until, sqlite_where=_SWEPT, postgresql_where=_SWEPT)

# Literals: neither engine uses a partial index for a condition whose value it does not see while planning.
IS_WAITING = job.c.state == sa.literal_column("'waiting'")
IS_UNFINISHED = job.c.ended_at.is_(None)

job_event = Table(
    "job_event",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    Column("job_id", sa.BigInteger, sa.ForeignKey("job.id", ondelete="CASCADE"), nullable=False, index=True),
    _required("at", UtcTime()),
    Column("from_state", Words(JobState)),
    _required("to_state", Words(JobState)),
    Column("owner", sa.BigInteger),
    Column("note", FreeText),
)

delivery_claim = Table(
    "delivery_claim",
    METADATA,
    Column(
        "job_id",
        sa.BigInteger,
        sa.ForeignKey("job.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("way", sa.Text, primary_key=True),
    _required("at", UtcTime()),
)

quota_counter = Table(
    "quota_counter",
    METADATA,
    _snowflake("user_id", primary_key=True),
    _snowflake("guild_id", primary_key=True),
    Column("unit", Words(Unit), primary_key=True),
    Column("window", sa.Text, primary_key=True),
    _required("held", sa.BigInteger()),
    _required("settled", sa.BigInteger()),
)

quota_entry = Table(
    "quota_entry",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _required("at", UtcTime()),
    Column("job_id", sa.BigInteger),
    _required("kind", Words(EntryKind)),
    _snowflake("user_id"),
    _snowflake("guild_id"),
    _required("unit", Words(Unit)),
    _required("window", sa.Text()),
    _required("held", sa.BigInteger()),  # what the entry adds to the counter's `held`
    _required("settled", sa.BigInteger()),  # likewise
    Column("cap", sa.BigInteger),  # of a hold: what it could not pass
    Column("granted", sa.BigInteger, nullable=False, server_default="0"),  # what it adds to a bonus
    Column("until", UtcTime()),  # when that bonus ends
    Column("actor_id", sa.BigInteger),  # who granted or reset
    Column("why", FreeText),
    sa.UniqueConstraint("job_id", "unit", "guild_id", "kind"),
)

_HAS_END = sa.text("until IS NOT NULL")
Index(
    "ix_quota_entry_bonus",
    quota_entry.c.user_id,
    quota_entry.c.guild_id,
    quota_entry.c.until,
    sqlite_where=_HAS_END,
    postgresql_where=_HAS_END,
)
HAS_END = quota_entry.c.until.is_not(None)

money_counter = Table(
    "money_counter",
    METADATA,
    Column("scope", Words(MoneyScope), primary_key=True),
    Column("scope_id", sa.Text, primary_key=True),
    Column("window", sa.Text, primary_key=True),
    _required("held", sa.BigInteger()),
    _required("settled", sa.BigInteger()),
)

money_entry = Table(
    "money_entry",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _required("at", UtcTime()),
    Column("job_id", sa.BigInteger),
    _required("kind", Words(EntryKind)),
    _required("scope", Words(MoneyScope)),
    _required("scope_id", sa.Text()),
    _required("window", sa.Text()),
    _required("held", sa.BigInteger()),
    _required("settled", sa.BigInteger()),
    _required("is_estimate", sa.Boolean()),  # settled without Wiro's word on the cost
    sa.UniqueConstraint("job_id", "scope", "window", "kind"),
)

# (0, 0) is the account: only its `inner_time` counts. (guild, 0) is a server, (guild, user) a member of it.
line_clock = Table(
    "line_clock",
    METADATA,
    _snowflake("guild_id", primary_key=True),
    _snowflake("user_id", primary_key=True),
    _required("time", sa.BigInteger()),  # the virtual time of this server or member
    _required("inner_time", sa.BigInteger()),  # the start of the last claim among those inside it
)

gate = Table(
    "gate",
    METADATA,
    Column("key", sa.Text, primary_key=True),  # "" is the account, else a tool
    Column("closed_until", UtcTime()),
    Column("why", FreeText),
    _required("strikes", sa.Integer()),  # closed so often in a row: for the backoff
    Column("learned_limit", sa.Integer),
    _required("clean_submits", sa.Integer()),
)

guild_policy = Table(
    "guild_policy",
    METADATA,
    _snowflake("guild_id", primary_key=True),
    _required("real_persons", sa.Boolean()),
    _required("deleted_card", sa.Text()),
    Column("language", sa.Text),
    _required("allowed_channels", IdTuple()),
    _required("age_rule", Words(AgeRule)),
    Column("retention_days", sa.Integer),
    Column("log_channel_id", sa.BigInteger),
    _required("log_prompts", sa.Boolean()),
    _required("moderator_roles", IdTuple()),
    _required("portrait_defaults", sa.JSON()),
    _required("cooldown_s", sa.Integer()),
    _required("stop_returns_quota", sa.Boolean()),
    Column("line_paused", FreeText),  # why its jobs wait for now; empty: they do not
    _required("updated_at", UtcTime()),
)

# Servers that were told who the bot is.
greeting = Table("greeting", METADATA, _snowflake("guild_id", primary_key=True), _required("at", UtcTime()))

# What a server's managers and moderators say of limits: for everybody there, a role or a member.
limit_rule = Table(
    "limit_rule",
    METADATA,
    _snowflake("guild_id", primary_key=True),
    Column("subject", Words(Subject), primary_key=True),
    _snowflake("subject_id", primary_key=True),
    _required("amounts", sa.JSON()),
    _required("updated_at", UtcTime()),
)

member_policy = Table(
    "member_policy",
    METADATA,
    _snowflake("user_id", primary_key=True),
    _snowflake("guild_id", primary_key=True),
    _required("notify", sa.Text()),
    _required("updated_at", UtcTime()),
)

block = Table(
    "block",
    METADATA,
    _snowflake("guild_id", primary_key=True),
    _snowflake("user_id", primary_key=True),
    _snowflake("by"),
    Column("reason", FreeText),
    _required("at", UtcTime()),
    Column("until", UtcTime()),  # empty: until a moderator ends it
)

word = Table(
    "word",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _snowflake("guild_id"),
    _required("key", sa.Text()),
    _required("word", sa.Text()),
    _snowflake("by"),
    _required("at", UtcTime()),
    sa.UniqueConstraint("guild_id", "key"),
    sqlite_autoincrement=True,  # the last number tells whether the list has changed
)

# Append-only, and without a key to `job`: it outlives what it tells of.
audit = Table(
    "audit",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _snowflake("guild_id"),
    _required("at", UtcTime()),
    _snowflake("actor_id"),
    _required("act", Words(Act)),
    Column("target_user_id", sa.BigInteger),
    Column("job_id", sa.BigInteger),
    Column("reason", FreeText),
    Column("detail", FreeText),
    Column("words", FreeText),  # a prompt, where the server chose that prompts are logged
    Index("ix_audit_guild", "guild_id", "id"),
    sqlite_autoincrement=True,  # an entry's number is never another's
)

# Without a key to `job`: retention deletes both. `entry_id` is empty for a moment only, inside one unit.
report = Table(
    "report",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _snowflake("guild_id"),
    _snowflake("job_id"),
    _snowflake("reporter_id"),
    _required("at", UtcTime()),
    Column("entry_id", sa.BigInteger, unique=True),
    Column("channel_id", sa.BigInteger),
    Column("message_id", sa.BigInteger),
    Column("removed_by", sa.BigInteger),
    Column("blocked_by", sa.BigInteger),
    Column("dismissed_by", sa.BigInteger),
    Column("decided_at", UtcTime()),
    sa.UniqueConstraint("job_id", "reporter_id"),
    Index("ix_report_reporter", "guild_id", "reporter_id", "at"),
    sqlite_autoincrement=True,  # stands in buttons: an id must not come back
)

# A training makes one model. Without a key to `job`: it outlives its training's row.
draft = Table(
    "draft",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _snowflake("guild_id"),
    _snowflake("user_id"),
    _required("suffix", sa.Text()),
    _required("given", sa.JSON()),
    _required("follow", Words(Follow)),
    _required("show_name", sa.Boolean()),
    _required("delete_photos", sa.Boolean()),
    _required("problems", TextTuple()),
    _required("created_at", UtcTime()),
    _required("expires_at", UtcTime()),
    Column("job_id", sa.BigInteger, unique=True),
    sqlite_autoincrement=True,  # names a folder and stands in buttons: an id must not come back
)

_IS_OPEN = sa.text("job_id IS NULL")
Index(
    "uq_draft_open",
    draft.c.guild_id,
    draft.c.user_id,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)

draft_photo = Table(
    "draft_photo",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    Column("draft_id", sa.BigInteger, sa.ForeignKey("draft.id", ondelete="CASCADE"), nullable=False),
    _required("name", FreeText()),
    _required("file", sa.Text()),
    _required("digest", sa.Text()),
    _required("fingerprint", sa.Text()),
    _required("width", sa.Integer()),
    _required("height", sa.Integer()),
    _required("size_bytes", sa.BigInteger()),
    Column("sent_at", UtcTime()),
    Column("wiro_id", sa.Text),
    sa.UniqueConstraint("draft_id", "digest"),
    sqlite_autoincrement=True,  # stands in a menu: an id must not come back
)

# Who agreed to what outlives the job's photos: it has no key to the draft.
training = Table(
    "training",
    METADATA,
    _snowflake("job_id", primary_key=True),
    _snowflake("draft_id"),
    _required("photos", sa.Integer()),
    _required("follow", Words(Follow)),
    _required("delete_photos", sa.Boolean()),
    _required("consent_words", FreeText()),
    _required("consent_locale", sa.Text()),
    _required("consented_at", UtcTime()),
    Column("way", Words(UploadWay)),
    _required("attempt", sa.Integer()),
    Column("folder_id", sa.Text),
    Column("archive_token", sa.Text, unique=True),
    Column("photos_deleted_at", UtcTime()),
)

model = Table(
    "model",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _snowflake("owner_id"),
    _snowflake("guild_id"),
    Column("job_id", sa.BigInteger, nullable=False, unique=True),
    _required("name", FreeText()),
    _required("name_key", FreeText()),  # by which an owner's names differ, whatever their case
    _required("wiro_name", sa.Text()),
    Column("wiro_id", sa.Text, unique=True),
    _required("trigger_words", TextTuple()),
    _required("base", sa.Text()),
    _required("description", FreeText()),
    _required("photos", sa.Integer()),
    _required("created_at", UtcTime()),
    sa.UniqueConstraint("owner_id", "name_key"),
    sqlite_autoincrement=True,  # a button may outlive its model: an id must not come back
)

model_share = Table(
    "model_share",
    METADATA,
    Column(
        "model_id",
        sa.BigInteger,
        sa.ForeignKey("model.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    _snowflake("guild_id", primary_key=True),
    Column("kind", Words(ShareKind), primary_key=True),
    _snowflake("target_id", primary_key=True),
    _required("at", UtcTime()),
    Index("ix_model_share_guild", "guild_id", "model_id"),
)

log_outbox = Table(
    "log_outbox",
    METADATA,
    Column("entry_id", sa.BigInteger, primary_key=True, autoincrement=False),
    _snowflake("guild_id"),
    _required("queued_at", UtcTime()),
    Column("batch", sa.BigInteger),  # the entries of one message have the number of the first
    Column("begun_at", UtcTime()),
    Column("not_before", UtcTime()),
    Column("held_channel_id", sa.BigInteger),  # the channel that could not be written to
)

# What was told of caps that are nearly reached, or reached: each once in its window.
purse_mark = Table(
    "purse_mark",
    METADATA,
    Column("scope", Words(MoneyScope), primary_key=True),
    Column("scope_id", sa.Text, primary_key=True),
    Column("window", sa.Text, primary_key=True),
    Column("percent", sa.Integer, primary_key=True, autoincrement=False),
    _required("at", UtcTime()),
)

tool_run = Table(
    "tool_run",
    METADATA,
    Column("id", GeneratedId, primary_key=True),
    _required("at", UtcTime()),
    _required("tool", sa.Text()),
    _required("size_key", sa.Text()),
    _required("duration_s", sa.Float()),
    Column("cost_nano_usd", sa.BigInteger),
    Index("ix_tool_run_past", "tool", "size_key", "id"),
)

result_file = Table(
    "result_file",
    METADATA,
    _snowflake("job_id", primary_key=True),
    Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _required("name", sa.Text()),
    _required("content_type", sa.Text()),
    _required("description", FreeText()),
    _required("reencoded", sa.Boolean()),
    _required("size_bytes", sa.BigInteger()),
    _required("saved_at", UtcTime()),
    _required("data", sa.LargeBinary()),
    Index("ix_result_file_saved", "saved_at"),
)

late_task = Table(
    "late_task",
    METADATA,
    Column("task_id", sa.Text, primary_key=True),
    _snowflake("job_id"),
    _required("found_at", UtcTime()),
    _required("action", sa.Text()),  # "killed" or "attached"
    Column("cost_nano_usd", sa.BigInteger),
    Index("ix_late_task_job", "job_id"),
)
