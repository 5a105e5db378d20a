"""The audit as moderators read it: pages of it, and the messages in a log channel. Pure."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from discord import ui

from bot.csvfile import csv_rows, time_cell, words_cell
from bot.model import Act, Rule
from bot.quota.windows import end_of
from bot.store.auditing import EVERYTHING, Search
from bot.store.changes import read_detail
from bot.store.purses import ALL
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, small, text
from bot.ui.limits import granted_words
from bot.ui.moderating import MAX_REASON, page_line, pages_of, read_page_argument, turn_buttons
from bot.ui.safe import code_span
from bot.ui.settings.words import change_words
from bot.ui.text import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.store.auditing import AuditEntry
    from bot.ui.text import Text

ENTRIES_A_PAGE = 10
AUDIT_FILE = "audit.csv"
MAX_SEARCHED = 60
SEARCH_PART = 7002
"""The component of a page that holds the text that is searched for, so that clicks bring it along."""
SEARCH_PARTS = 5
MAX_SHARED = 110
"""How much an entry shows of its reason and of a prompt, when it has both: ten must fit into a message."""


def audit_panel(
    entries: Sequence[AuditEntry], total: int, page: int, _: Text, search: Search = EVERYTHING
) -> ui.LayoutView:
    """A page of what is searched for in the audit, newest first; it carries the search along."""
    heading = _("### What moderators and rules did")
    filters = small(" · ".join(_filter_words(search, _)))
    written: ui.TextDisplay[Any] | None = None
    if search.text:
        written = ui.TextDisplay(code_span(search.text, MAX_SEARCHED), id=SEARCH_PART)
    if not entries:
        nothing = _("Nothing yet.") if search == EVERYTHING else _("Nothing that fits.")
        return card(Accent.QUIET, text(heading, filters), written, text(nothing))
    pages = pages_of(total, ENTRIES_A_PAGE)
    turn = turn_buttons(
        Verb.MOD_AUDIT, page, pages, _, argument=lambda number: search_argument(search, number)
    )
    export = ButtonId(Verb.MOD_AUDIT_CSV, NO_JOB, search_argument(search, 0))
    return card(
        Accent.QUIET,
        text(heading, filters, small(page_line(total, page, pages, _))),
        written,
        text(*(_entry_lines(each, _) for each in entries)),
        buttons=[*turn, button(_("As CSV"), export)],
    )


def search_argument(search: Search, page: int) -> str:
    """A page of a search as a button's argument; its text does not fit, and stands in the message."""
    since = 0 if search.since is None else int(search.since.timestamp()) // 60
    numbers = (_short(search.user_id or 0), _short(search.actor_id or 0), search.act or "-", _short(since))
    return ".".join((*numbers, str(page)))


def read_search(argument: str, text: str | None) -> tuple[Search, int]:
    """The search and the page of `search_argument`, or of what buttons had as theirs before."""
    parts = argument.split(".")
    if len(parts) != SEARCH_PARTS or not re.fullmatch(
        r"(?:[0-9a-z]{1,13}\.){2}[a-z_-]+\.[0-9a-z]{1,7}\.\d{1,6}", argument
    ):
        user_id, page = read_page_argument(argument)
        return Search(user_id=user_id), page
    user_id, actor_id, minutes = (int(each, 36) for each in (parts[0], parts[1], parts[3]))
    search = Search(
        user_id=user_id or None,
        actor_id=actor_id or None,
        act=Act(parts[2]) if parts[2] in set(Act) else None,
        since=datetime.fromtimestamp(minutes * 60, UTC) if minutes else None,
        text=text,
    )
    return search, int(parts[4])


def _short(number: int) -> str:
    """A number in base 36: two ids, an act and a time fit into a custom id."""
    digits = ""
    while number:
        number, last = divmod(number, 36)
        digits = string.digits[last] + digits if last < 10 else string.ascii_lowercase[last - 10] + digits
    return digits or "0"


def _filter_words(search: Search, _: Text) -> list[str]:
    words = []
    if search.user_id:
        words.append(_("by or about {member}", member=f"<@{search.user_id}>"))
    if search.actor_id:
        words.append(_("by {member}", member=f"<@{search.actor_id}>"))
    if search.act:
        words.append(act_name(search.act, _))
    if search.since:
        words.append(_("since {when}", when=moment(search.since)))
    if search.text:
        words.append(_("in whose reason stands:"))
    return words


def act_name(act: Act, _: Text) -> str:
    """What people call that kind of act."""
    return {
        Act.STOP: _("stopped tasks"),
        Act.DELETE: _("deleted images"),
        Act.BLOCK: _("blocks"),
        Act.UNBLOCK: _("ended blocks"),
        Act.SETTING: _("changed settings"),
        Act.ADD_WORD: _("added words"),
        Act.REMOVE_WORD: _("removed words"),
        Act.REFUSE: _("refusals by a rule"),
        Act.REPORT: _("reports"),
        Act.GRANT: _("bonuses"),
        Act.RESET: _("quota given back"),
        Act.DISMISS: _("dismissed reports"),
        Act.MONEY: _("money that is nearly gone, or gone"),
    }[act]


def audit_file_panel(count: int, search: Search, _: Text, *, is_whole: bool) -> ui.LayoutView:
    """Entries of the audit as a file."""
    lines = [_("### The audit of this server"), small(" · ".join(_filter_words(search, _)))]
    if search.text:
        lines.append(code_span(search.text, MAX_SEARCHED))
    lines.append(small(_.plural("{n} entry", "{n} entries", count)))
    if not is_whole:
        lines.append(small(_("Only the newest entries fit into a message; older ones are left out.")))
    return card(Accent.QUIET, text(*lines), ui.File[Any](f"attachment://{AUDIT_FILE}"))


def audit_csv_header() -> str:
    """The line with the names of the columns."""
    return csv_rows([("entry", "at", "act", "by", "member", "task", "reason", "detail", "prompt")])


def audit_csv(entries: Sequence[AuditEntry]) -> str:
    """A line for each entry."""
    return csv_rows(
        (
            each.id,
            time_cell(each.at),
            each.act.value,
            each.actor_id or "",
            each.target_user_id or "",
            "" if each.job_id is None else f"#{each.detail}",
            words_cell(each.reason),
            words_cell(each.detail) if each.job_id is None else "",
            words_cell(each.words),
        )
        for each in entries
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


def _money_words(detail: str | None, _: Text) -> str:
    """How far a server's money is gone, and what that means: see `bot.store.purses.Mark`."""
    percent, window, used, cap = (detail or "").split()
    values = {"window": window, "used": _.money(int(used)), "cap": _.money(int(cap))}
    if int(percent) >= ALL:
        told = _("**No money is left** for {window}: {used} of {cap} are spent or reserved.", **values)
        until = f"<t:{int(end_of(window).timestamp())}:f>"
        return f"🛑 {told} {_('Tasks that cost more than the rest are refused until {when}.', when=until)}"
    percentage = f"{int(percent)} %"
    return "⚠️ " + _(
        "More than {percentage} of the money for {window} is gone: {used} of {cap}.",
        percentage=percentage,
        **values,
    )


def _done(entry: AuditEntry, _: Text) -> str:
    if entry.act is Act.MONEY:
        return _money_words(entry.detail, _)
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
