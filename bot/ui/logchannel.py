"""The messages of a server's log channel, each posted once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord

from bot.jobs.ports import Denied, Done, Unknown
from bot.log import get_logger
from bot.ui.audit import log_message
from bot.ui.courier import is_unsaid
from bot.ui.messages import Outgoing, Refused, Sent
from bot.ui.reports import report_panel
from bot.ui.text import text_for

if TYPE_CHECKING:
    from discord import ui

    from bot.jobs.ports import Put
    from bot.store.logbook import Batch
    from bot.store.reports import Report
    from bot.ui.messages import DiscordMessages

log = get_logger(__name__)

TIMEOUT_S = 10.0
NOT_THE_PLACES_FAULT = frozenset({401, 429})
CLOCKS_DIFFER = timedelta(seconds=30)
MARKS_FROM = 1_000_000
"""Above the numbers that Discord gives to parts of a message by itself."""


class LogChannel:
    """Posts batches of the audit."""

    def __init__(self, messages: DiscordMessages) -> None:
        self._messages = messages

    async def post(self, batch: Batch) -> Put:
        """Post the batch, or find it when it may be there already."""
        if batch.is_repeat:
            found = await self._find(batch)
            if found is not None:
                return found
        _ = text_for(batch.language or "en-US")
        mark = mark_of(batch.number)
        if batch.report is not None:
            view = report_panel(batch.report, mark, _)
        else:
            view = log_message(batch.entries, mark, _)
        message = Outgoing(view=view, nonce=f"log{batch.number}")
        answer = await self._messages.create(batch.channel_id, message, timeout_s=TIMEOUT_S)
        match answer:
            case Sent(body=dict() as body):
                return Done(channel_id=batch.channel_id, message_id=int(body["id"]))
            case Refused(status=status, code=code, words=words) if status not in NOT_THE_PLACES_FAULT:
                return Denied(f"{status} {code} {words}")
            case _:
                return Unknown()

    async def redraw(self, report: Report, language: str | None) -> None:
        """Have the message of a report say what was decided elsewhere; once, and not where it is gone."""
        if report.channel_id is None or report.message_id is None:
            return
        view = report_view(report, language)
        answer = await self._messages.edit(
            report.channel_id, report.message_id, Outgoing(view=view), timeout_s=TIMEOUT_S
        )
        if not isinstance(answer, Sent):
            log.info("a report could not be drawn again", report=report.id, answer=type(answer).__name__)

    async def _find(self, batch: Batch) -> Put | None:
        """The message of a batch whose process ended before it knew; a nonce is forgotten in minutes."""
        since = discord.utils.time_snowflake(batch.begun_at - CLOCKS_DIFFER)
        answer = await self._messages.newer_than(batch.channel_id, since, limit=100, timeout_s=TIMEOUT_S)
        if is_unsaid(answer):
            return Unknown()
        if not isinstance(answer, Sent) or not isinstance(answer.body, list):
            return None
        for message in answer.body:
            if mark_of(batch.number) in _ids_of(message.get("components", [])):
                return Done(channel_id=batch.channel_id, message_id=int(message["id"]))
        return None


def report_view(report: Report, language: str | None) -> ui.LayoutView:
    """The message of a report, whose batch has the number of its entry."""
    return report_panel(report, mark_of(report.entry_id or 0), text_for(language or "en-US"))


def mark_of(number: int) -> int:
    """The id of a part of that batch's message, by which it is known."""
    return MARKS_FROM + number % 1_000_000_000


def _ids_of(components: list[dict[str, Any]]) -> set[int]:
    """The ids of all parts of a message."""
    found: set[int] = set()
    for each in components:
        found |= {int(each.get("id", 0))} | _ids_of(each.get("components", []))
    return found
