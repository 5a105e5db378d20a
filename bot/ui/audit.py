"""The audit as moderators read it: pages of it, and the messages in a log channel. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import ui

from bot.model import Act, Rule
from bot.store.changes import read_detail
from bot.ui.ids import Verb
from bot.ui.layout import Accent, card, small, text
from bot.ui.limits import granted_words
from bot.ui.moderating import MAX_REASON, page_line, pages_of, turn_buttons
from bot.ui.safe import code_span
from bot.ui.settings.words import change_words
from bot.ui.text import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.store.auditing import AuditEntry
    from bot.ui.text import Text

ENTRIES_A_PAGE = 10
MAX_SHARED = 110
"""How much an entry shows of its reason and of a prompt, when it has both: ten must fit into a message."""


def audit_panel(
    entries: Sequence[AuditEntry], total: int, page: int, _: Text, *, user_id: int | None = None
) -> ui.LayoutView:
    """A page of what moderators and rules did, newest first."""
    heading = _("### What moderators and rules did")
    if not entries:
        return card(Accent.QUIET, text(heading, _("Nothing yet.")))
    pages = pages_of(total, ENTRIES_A_PAGE)
    return card(
        Accent.QUIET,
        text(heading, small(page_line(total, page, pages, _))),
        text(*(_entry_lines(each, _) for each in entries)),
        buttons=turn_buttons(Verb.MOD_AUDIT, page, pages, _, user_id=user_id),
    )


def log_message(entries: Sequence[AuditEntry], mark: int, _: Text) -> ui.LayoutView:
    """Entries as one message of a log channel, oldest first; `mark` is what it is found by later."""
    lines = "\n".join(_entry_lines(each, _) for each in entries)
    return card(Accent.QUIET, ui.TextDisplay(lines, id=mark))


def _entry_lines(entry: AuditEntry, _: Text) -> str:
    """What was done, why, and the prompt where it was kept."""
    lines = [f"{moment(entry.at)} {_done(entry, _)}"]
    if entry.reason:
        lines.append(small(code_span(entry.reason, MAX_SHARED if entry.words else MAX_REASON)))
    if entry.words:
        lines.append(small(_("asked for {words}", words=code_span(entry.words, MAX_SHARED))))
    return "\n".join(lines)


def _done(entry: AuditEntry, _: Text) -> str:
    sentence = {
        Act.STOP: _("{who} stopped {task} of {whom}"),
        Act.DELETE: _("{who} deleted the images of {task} of {whom}"),
        Act.BLOCK: _("{who} blocked {whom}"),
        Act.UNBLOCK: _("{who} unblocked {whom}"),
        Act.SETTING: _("{who} changed a setting."),
        Act.ADD_WORD: _("{who} put {detail} on the list of unwanted words"),
        Act.REMOVE_WORD: _("{who} took {detail} off the list of unwanted words"),
        Act.REFUSE: _("{who} was refused: {rule}"),
        Act.REPORT: _("{who} reported {task} of {whom}"),
        Act.GRANT: _("{who} changed a bonus of {whom}"),
        Act.RESET: _("{who} gave back to {whom} what was used"),
        Act.DISMISS: _("{who} saw nothing wrong in {task} of {whom}"),
    }[entry.act]
    done = sentence.format(
        who=f"<@{entry.actor_id}>" if entry.actor_id else "Atelier",
        whom=f"<@{entry.target_user_id}>",
        task=code_span(f"#{entry.detail}"),
        detail=code_span(entry.detail or ""),
        rule=_rule_word(entry.detail, _),
    )
    if entry.act is Act.SETTING:
        done += " " + change_words(*read_detail(entry.detail), _)
    if entry.act in {Act.GRANT, Act.RESET} and entry.detail:
        done += ": " + granted_words(entry.detail, _)
    if entry.act is Act.BLOCK and entry.detail:
        done += " " + _("until {when}", when=f"<t:{entry.detail}:f>")
    return done


def _rule_word(rule: str | None, _: Text) -> str:
    words = {
        Rule.BLOCK: _("blocked here"),
        Rule.QUOTA: _("a limit"),
        Rule.BUDGET: _("the spending limit"),
        Rule.LIMIT: _("too large a task"),
        Rule.COOLDOWN: _("the pause between tasks"),
        Rule.CHANNEL: _("the channels of this server"),
        Rule.WORDS: _("an unwanted word"),
    }
    return words[Rule(rule)] if rule in set(Rule) else ""
