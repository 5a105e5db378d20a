"""By which ways a result may reach its owner, and in which order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.ports import Gone, Way

if TYPE_CHECKING:
    from bot.jobs.ports import Put
    from bot.model import Job

NEW_MESSAGE = (Way.CHANNEL, Way.DM)
"""Ways that make a second message, which must be claimed and looked for before it is sent."""

MESSAGE_INSTEAD = "message"
"""A server's choice for a deleted card: a new message in the channel; else a DM."""


def ways_without_card(job: Job, card: Put, deleted_card: str) -> tuple[Way, ...]:
    """What to try, in order, once the card cannot be written; after the last one the result is kept.

    Args:
        job: The job; a private one never falls back to a channel.
        card: Why the card could not be written.
        deleted_card: The server's choice for deleted cards, "dm" or "message".
    """
    if job.private:
        return (Way.DM,)
    if isinstance(card, Gone) and deleted_card != MESSAGE_INSTEAD:
        return (Way.DM,)
    return (Way.CHANNEL, Way.DM)
