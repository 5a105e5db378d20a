"""The words of the house as types: states of a job, the job itself, its holds. No I/O, no imports of ours.

A job is one member's request from command to result. Times are aware UTC datetimes, money is nano-US-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NORMAL_WEIGHT = 100
"""The share of the line that a member has whom no rule gives another one."""

ALL_SERVERS = 0
"""The `guild_id` under which a member's counters over all servers are kept."""


class JobState(StrEnum):
    """Where a job is in its life; `EDGES` says what may follow."""

    WAITING = "waiting"
    SUBMITTING = "submitting"
    DOUBTFUL = "doubtful"
    RUNNING = "running"
    DELIVERING = "delivering"
    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Nothing more happens to the job by itself."""
        return self in ENDED

    @property
    def at_wiro(self) -> bool:
        """The job occupies one of the account's places at Wiro."""
        return self in AT_WIRO


ENDED = frozenset({JobState.DONE, JobState.KEPT, JobState.FAILED, JobState.CANCELLED})
AT_WIRO = frozenset({JobState.SUBMITTING, JobState.DOUBTFUL, JobState.RUNNING})

EDGES: Mapping[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset({JobState.SUBMITTING, JobState.CANCELLED, JobState.FAILED}),
    JobState.SUBMITTING: frozenset(
        {JobState.RUNNING, JobState.WAITING, JobState.FAILED, JobState.DOUBTFUL, JobState.CANCELLED}
    ),
    JobState.DOUBTFUL: frozenset({JobState.RUNNING, JobState.WAITING, JobState.FAILED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.DELIVERING, JobState.FAILED, JobState.CANCELLED}),
    JobState.DELIVERING: frozenset({JobState.DONE, JobState.KEPT, JobState.FAILED, JobState.CANCELLED}),
    JobState.DONE: frozenset(),
    JobState.KEPT: frozenset({JobState.DONE}),  # the owner fetched it
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


class Reason(StrEnum):
    """Why a job ended without its images; the card says each in plain words."""

    OWNER_CANCELLED = "owner_cancelled"
    MODERATOR_STOPPED = "moderator_stopped"
    NOBODY_SAW_IT = "nobody_saw_it"  # the acknowledgement came too late for Discord
    NO_ACCESS = "no_access"  # the bot may no longer write there
    SERVER_LEFT = "server_left"
    BLOCKED = "blocked"  # moderators of the server blocked its owner while it waited
    MODEL_CLOSED = "model_closed"  # its owner may no longer use the trained model, or it was deleted
    PHOTOS_NOT_SENT = (
        "photos_not_sent"  # a training's photos could not be brought to Wiro; reason_text says why
    )
    WAITED_TOO_LONG = "waited_too_long"
    WIRO_REFUSED = "wiro_refused"  # Run was answered with result:false; reason_text has Wiro's words
    WIRO_FAILED = "wiro_failed"  # pexit not 0, or no outputs
    WIRO_CANCELLED = "wiro_cancelled"  # ended at Wiro though nobody here asked
    LOST = "lost"  # Run's outcome stayed unknown and the task was not found
    TOOK_TOO_LONG = "took_too_long"
    OUTPUTS_GONE = "outputs_gone"
    RESTORED = "restored"  # the database was restored from a backup that is older than its end
    INTERNAL = "internal"  # a fault of ours; reason_text has the reference id


class CancelBy(StrEnum):
    """Whose wish an intent to stop is."""

    OWNER = "owner"
    MODERATOR = "moderator"
    SYSTEM = "system"


class Act(StrEnum):
    """What a moderator or a rule did; the words are stored in the audit for ever, so they never change."""

    STOP = "stop"
    DELETE = "delete"
    BLOCK = "block"
    UNBLOCK = "unblock"
    ADD_WORD = "add_word"
    REMOVE_WORD = "remove_word"
    REFUSE = "refuse"  # what a rule did: `detail` names the rule, the actor is who was refused
    REPORT = "report"  # a member reported an image
    DISMISS = "dismiss"  # a moderator saw nothing wrong in a reported image
    SETTING = "setting"  # a choice of the server was changed: `bot.store.changes`
    GRANT = "grant"  # a bonus; `detail` has its unit, its amount and its end: `bot.store.grants`
    MONEY = "money"  # so much of the server's money is gone; `detail` is of `bot.store.purses.Mark`
    RESET = "reset"  # what was used counts no more; `detail` has its unit and how much it was


class AgeRule(StrEnum):
    """Where a server allows what is marked as age-restricted."""

    OFF = "off"  # everywhere, like everything else
    SPOILER = "spoiler"  # as it is in age-restricted channels, behind a spoiler elsewhere
    NSFW_ONLY = "nsfw_only"  # in age-restricted channels only


class Rule(StrEnum):
    """A rule that refuses tasks; the words are stored in the audit for ever, so they never change."""

    BLOCK = "block"
    QUOTA = "quota"
    BUDGET = "budget"
    LIMIT = "limit"  # one task was too large
    COOLDOWN = "cooldown"
    WORDS = "words"
    CHANNEL = "channel"


class Unit(StrEnum):
    """What the quota ledger counts."""

    IMAGE = "image"  # window: a UTC day
    TRAINING = "training"  # window: an ISO week
    TASK = "task"  # jobs at once: one endless window ""


class EntryKind(StrEnum):
    """What an entry of a ledger does to its counter."""

    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"
    GRANT = "grant"
    RESET = "reset"
    CORRECT = "correct"  # the true cost of a task became known after its job had ended


class MoneyScope(StrEnum):
    """Whose spending a money counter sums."""

    INSTANCE = "instance"
    SERVER = "server"
    MEMBER = "member"  # of one server
    ROLE = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file that Wiro made."""

    url: str
    name: str
    content_type: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """All that acceptance stores of a job."""

    code: str
    """Short public id without the #, Crockford base 32, 4 to 8 characters; unique."""
    interaction_id: int
    guild_id: int
    channel_id: int
    user_id: int
    tool: str
    """Key of the tool's TOML: "portraitplus"."""
    inputs: Mapping[str, Any] = field(repr=False)  # a prompt is personal: no log line shows it by accident
    """Every declared input by its Wiro id, in the types that Run is sent."""
    images: int
    """How many images were asked for; 0 for a training."""
    preparing: bool = False
    """A training whose photos are not at Wiro yet: it has no place in the line."""
    private: bool = False
    locale: str = "en-US"
    """The language of the card: the server's, or the reader's when private."""
    notes: tuple[str, ...] = ()
    """Keys of the things that the bot changed and the card says: "trigger_added", "seed_drawn"; after a colon
    comes what a sentence needs."""
    parent_code: str | None = None
    """The job whose Again, Edit or Try again this is."""
    hook_token: str = field(repr=False)
    """Unguessable; the last segment of the callback's address. Unique."""
    interaction_token: str | None = field(default=None, repr=False)
    token_expires_at: datetime | None = None
    file_limit_bytes: int = 10 * 1024 * 1024
    """What one uploaded file may weigh by the interaction's route."""
    channel_file_limit_bytes: int = 10 * 1024 * 1024
    """What one uploaded file may weigh by the channel's route (the server's limit)."""
    estimate_nano_usd: int = 0
    size_key: str = ""
    """How big the run is, as `bot.quota.estimate.size_key` tells: past runs are compared within one size."""
    weight: int = NORMAL_WEIGHT
    """The owner's share of the server's turns, by the rule that held at acceptance: twice as much, twice as
    often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(NewJob):
    """A job as the database has it."""

    id: int
    state: JobState
    state_at: datetime
    created_at: datetime
    message_id: int | None = None
    """The card. Without it the job is not in the line."""
    owner: int | None = None
    """The process that carries it (`process.id`, never used twice)."""
    attempt: int = 0
    """How many times Run was begun."""
    returned: bool = False
    """It went back to the line out of doubt, which is allowed once."""
    not_before: datetime | None = None
    """A waiting job is left alone until then."""
    submitted_at: datetime | None = None
    submitted_skew_s: float | None = None
    """How far Wiro's clock was ahead of ours then; ours may have been set since."""
    task_id: str | None = None
    socket_token: str | None = field(default=None, repr=False)
    wiro_status: str | None = None
    started_at: datetime | None = None
    """Wiro began to work on it."""
    wiro_ended_at: datetime | None = None
    outputs: tuple[Output, ...] = ()
    cost_nano_usd: int | None = None
    cost_is_estimate: bool = False
    """A task existed but Wiro never told its cost: the estimate was booked."""
    cancel_by: CancelBy | None = None
    cancel_user_id: int | None = None
    cancel_reason: str | None = None
    cancel_at: datetime | None = None
    reason: Reason | None = None
    reason_text: str | None = None
    quota_kept: bool = False
    """It ended without images and counts against its owner's quota all the same."""
    ended_at: datetime | None = None
    result_message_id: int | None = None
    """Where the images are when that is not the card."""
    result_channel_id: int | None = None
    kept_until: datetime | None = None
    deleted_at: datetime | None = None
    """Its images were taken away by the owner or a moderator."""
    shared_message_id: int | None = None
    sweep_until: datetime | None = None
    """A task that was never found is still looked for until then."""

    @property
    def wants_to_stop(self) -> bool:
        """Somebody asked for its end."""
        return self.cancel_by is not None

    @property
    def seed(self) -> str:
        """The seed as sent; "" where the tool has none."""
        return str(self.inputs.get("seed", ""))

    @property
    def prompt(self) -> str:
        """The prompt as sent; "" where the tool has none."""
        return str(self.inputs.get("prompt", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaHold:
    """One guarded hold on a quota counter, refused when it would pass `cap`."""

    unit: Unit
    window: str
    """"2026-11-21", "2026-W47" or ""."""
    guild_id: int
    """The server, or `ALL_SERVERS`."""
    amount: int
    cap: int
    back_at: datetime | None = None
    """When the window ends and the quota is whole again; None for one that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyHold:
    """One guarded hold of money, refused when it would pass `cap_nano_usd`; None never refuses."""

    scope: MoneyScope
    scope_id: str
    """"" for the instance, "guild" for a server, "guild:user" for a member of it."""
    window: str
    """"2026-11-21" or "2026-11"."""
    amount_nano_usd: int
    cap_nano_usd: int | None
    back_at: datetime | None = None
    """When the window ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Everything that acceptance reserves, in the order in which the counters are locked."""

    quota: tuple[QuotaHold, ...] = field(default=())
    money: tuple[MoneyHold, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running job is, as far as Wiro tells."""

    status: str
    """Wiro's status word, unknown ones included."""
    percent: int | None = None
    step: int | None = None
    steps: int | None = None
    expected_end: datetime | None = None
    """Only once the tool's past allows an honest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """One file of a result, as it is uploaded to Discord."""

    name: str
    """"atelier-4F7K-1.png"."""
    data: bytes = field(repr=False)
    content_type: str
    description: str = field(repr=False)  # alt text is the prompt
    """Alt text, at most 1,024 characters."""
    reencoded: bool = False
    """It was made smaller to fit Discord's limit; the card says so."""
