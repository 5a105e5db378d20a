"""What a person sees of an interaction: the answer they wait for, and the modal that was opened."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.discord.model import Channel, Json, Message, Person


class AnswerKind(StrEnum):
    """What the application's first response was."""

    MESSAGE = "message"
    DEFERRED = "deferred"
    """"thinking…": a message follows."""
    DEFERRED_UPDATE = "deferred_update"
    """Nothing visible: the message with the component may be edited later."""
    UPDATE = "update"
    CHOICES = "choices"
    MODAL = "modal"
    FAILED = "failed"
    """No response within three seconds."""


class InteractionFailed(Exception):
    """The application did not respond in time."""


@dataclass(eq=False, slots=True)
class Modal:
    """A form on one person's screen."""

    id: str
    custom_id: str
    title: str
    components: list[Json]
    interaction: Interaction
    """The one that was answered with it."""


@dataclass(slots=True)
class Answer:
    """The first response to an interaction, as Discord's JSON where it has one."""

    kind: AnswerKind
    message: Json | None = None
    """As it was when the answer came; `Interaction.message` is what it became."""
    modal: Modal | None = None
    choices: list[Json] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Interaction:
    """One use of the application by one person, from the gateway event to its token's end."""

    id: int
    token: str
    type: int
    person: Person
    channel: Channel
    payload: Json
    created_s: float
    """Sandbox time."""
    due_s: float
    """On the stand-in's pace: when the first response is too late."""
    source: Message | None = None
    """The message whose component, or whose modal, this is."""
    answer: Answer | None = None
    original: Message | None = None
    """What `@original` is."""
    opened_by: Interaction | None = None
    """Of a modal's submit: the interaction that was answered with the modal."""
    followup_ids: set[int] = field(default_factory=set)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def failed(self) -> bool:
        """Whether the three seconds passed without a response."""
        return self.answer is not None and self.answer.kind is AnswerKind.FAILED

    async def answered(self, timeout_s: float = 10.0) -> Answer:
        """The first response, waited for; `AnswerKind.FAILED` after three seconds without one.

        Raises:
            TimeoutError: neither happened within `timeout_s` real seconds.
        """
        async with asyncio.timeout(timeout_s):
            await self.done.wait()
        assert self.answer is not None  # noqa: S101 - set before `done`
        return self.answer
