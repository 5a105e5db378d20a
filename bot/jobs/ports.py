"""What the life of a job needs of the outside: the stage (Discord, for jobs), Wiro, and an observer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from typing import Any

    from bot.jobs.refusals import Shut
    from bot.model import Job, JobState, Progress, Reason, ResultFile
    from bot.wiro import Download, Reconnected, RunAnswer, Task, TaskEvent, TaskPage


class Way(StrEnum):
    """By which way a message reaches the owner of a job."""

    CARD = "card"
    """The job's one message; a private job's is reached only by the token."""
    CHANNEL = "channel"
    """A new message in the job's channel; never for a private job."""
    DM = "dm"
    """A new direct message to the owner."""
    HERE = "here"
    """`@original` of the interaction whose fresh token the job carries: the owner asked for it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The message is as it should be."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The message was deleted (Discord: 10008)."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The bot may not write there, or the channel, the server or the member's DM is closed to it."""

    why: str
    """For the log: Discord's code and words."""


@dataclass(frozen=True, slots=True)
class TokenDead:
    """The interaction's token has expired or was refused; it is never tried again."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Discord refused the size of a file or of the request (413, 40005, 50045)."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or a fault of Discord's: it may or may not have happened."""


Put = Done | Gone | Denied | TokenDead | TooLarge | Unknown
"""What became of one attempt to write a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a waiting job stands in the line."""

    ahead: int
    """Jobs that go before it; 0: it is next."""
    as_of: datetime
    expected_start: datetime | None = None
    """None while nothing honest can be said."""
    shut: Shut | None = None
    """Why nothing like it goes to Wiro for now; one real job tries from time to time."""
    paused: str | None = None
    """The server's managers have paused its jobs: their words, "" when they gave none."""


class Stage(Protocol):
    """What jobs need of Discord; `bot.ui.stage` implements it. No method raises for what Discord does.

    A method may be cancelled at any await (the process is stopping); the job is asserted again after a
    restart.
    """

    async def show(self, job: Job, progress: Progress | None, place: Place | None) -> None:
        """Hand a progress or position edit of the card to the pacer; latest wins; returns at once."""
        ...

    async def settle(self, job: Job, way: Way = Way.CARD) -> Put:
        """Write the card of a job that ended without images, was kept, or went back to the line.

        One attempt outside the pacer, with the retries that are safe within a few seconds; the caller repeats
        `Unknown` later. With `Way.DM` or `Way.CHANNEL` the same words are a new message.
        """
        ...

    async def put_result(self, job: Job, files: Sequence[ResultFile], way: Way) -> Put:
        """Write the finished card with exactly these files; with `Way.CARD` a repeat is the same edit.

        Waits at most for the one progress edit in flight. A token known to be dead answers `TokenDead`
        unsent.
        """
        ...

    def file_limit_bytes(self, job: Job, way: Way) -> int:
        """What one file may weigh on the route that `put_result` would take now."""
        ...

    async def find_result(self, job: Job, way: Way) -> Done | Unknown | None:
        """The second message (`CHANNEL` or `DM`) that an earlier attempt left, None when there is none.

        `Unknown` when Discord did not say: then nothing may be sent, or it would be there twice.
        """
        ...

    async def find_card(self, job: Job) -> Done | Unknown | None:
        """The card of a job that never learned its id: `@original` while the token lives, else None.

        `Unknown` when Discord did not say: then nothing may be concluded.
        """
        ...

    async def farewell(self, job: Job) -> None:
        """Let the private card say where the result will come: its token is about to die. Not retried."""
        ...

    async def share(self, job: Job, files: Sequence[ResultFile]) -> Put:
        """Post a copy of a private result into the job's channel; a repeat soon after is the same message."""
        ...

    async def tell_owner(self, job: Job) -> None:
        """One short reply that mentions the owner, or a DM, or nothing: as the member chose. Not retried."""
        ...

    async def may_still(self, job: Job) -> Reason | None:
        """Why the job's place is closed to the bot by now (`NO_ACCESS`, `SERVER_LEFT`), None when open.

        Answered from the gateway's cache; no request.
        """
        ...

    async def roles_of(self, job: Job) -> frozenset[int] | None:
        """The roles of the job's owner in its server; none when they are no longer there.

        None when Discord did not say: then nothing may be concluded. One request.
        """
        ...


class Wiro(Protocol):
    """What jobs need of `bot.wiro.WiroClient`, which says what each call does and raises."""

    @property
    def clock_skew_s(self) -> float | None:
        """Seconds that Wiro's clock is ahead of ours."""
        ...

    async def run(
        self,
        owner_slug: str,
        project_slug: str,
        inputs: Mapping[str, Any],
        *,
        callback_url: str | None = None,
    ) -> RunAnswer:
        """Start a task."""
        ...

    async def detail(self, *, task_id: str | None = None, token: str | None = None) -> Task:
        """The task as it is now."""
        ...

    async def tasks(self, *, start: int = 0, limit: int = 50) -> TaskPage:
        """A page of the account's tasks, newest first."""
        ...

    async def cancel(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        """Take a task out of Wiro's queue."""
        ...

    async def kill(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        """Stop a task that has been assigned."""
        ...

    async def delete_files(self, token: str) -> None:
        """Delete the inputs and outputs of an ended task."""
        ...

    async def check(self) -> None:
        """Raise what is wrong with the account."""
        ...

    async def download(self, url: str, *, max_bytes: int, content_types: Collection[str]) -> Download:
        """Fetch an output."""
        ...


class Events(Protocol):
    """What jobs need of `bot.wiro.EventSocket`."""

    @property
    def connected(self) -> bool:
        """Whether its connection stands, so that an end would be told."""
        ...

    def subscribe(self, token: str) -> AbstractAsyncContextManager[AsyncIterator[TaskEvent | Reconnected]]:
        """Follow one task by its socket token."""
        ...


class Observer(Protocol):
    """What happens to jobs, for metrics; `bot.web.metrics` implements it. Calls are quick and never raise."""

    def state_changed(self, job: Job, before: JobState | None, in_state_s: float) -> None:
        """`job` is now in `job.state`; it was `before` for `in_state_s` (None: it was just accepted)."""
        ...

    def delivered(self, job: Job, lag_s: float) -> None:
        """The images are in their message, `lag_s` after Wiro's end time by our clock."""
        ...

    def refused(self, unit: str) -> None:
        """Acceptance refused a job: "image", "training", "task", "budget" or "blocked"."""
        ...

    def line_paused(self, why: str | None) -> None:
        """Wiro refuses the account, so the line stands still ("auth"); None: it moves again."""
        ...


class Deaf:
    """An observer that does nothing."""

    def state_changed(self, job: Job, before: JobState | None, in_state_s: float) -> None:
        """Ignore it."""

    def delivered(self, job: Job, lag_s: float) -> None:
        """Ignore it."""

    def refused(self, unit: str) -> None:
        """Ignore it."""

    def line_paused(self, why: str | None) -> None:
        """Ignore it."""
