"""What moderators are shown of the server's unwanted words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.ids import Verb
from bot.ui.layout import Accent, card, small, text
from bot.ui.moderating import page_line, pages_of, turn_buttons
from bot.ui.safe import code_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord import ui

    from bot.jobs.wordlists import Added, Found
    from bot.ui.text import Text

WORDS_A_PAGE = 40
MAX_NAMED = 20
"""How many words a sentence names."""


def words_panel(words: Sequence[str], total: int, page: int, _: Text) -> ui.LayoutView:
    """A page of the server's list."""
    heading = _("### Unwanted words")
    if not words:
        return card(Accent.QUIET, text(heading, _("There are none. `/mod words add` puts some here.")))
    pages = pages_of(total, WORDS_A_PAGE)
    return card(
        Accent.QUIET,
        text(heading, small(page_line(total, page, pages, _))),
        text(" ".join(code_span(word) for word in words)),
        text(small(_("A `*` at an end stands for any letters there: `kill*` is `killer` too."))),
        buttons=turn_buttons(Verb.MOD_WORDS, page, pages, _),
    )


def added_sentence(added: Added, _: Text) -> str:
    """What became of words that were to be put on the list."""
    lines = []
    if added.new:
        lines.append(_("On the list now: {words}", words=_named(added.new)))
    if added.known:
        lines.append(_("On it already: {words}", words=_named(added.known)))
    lines.append(small(_("Whole words count, however they are dressed up: `kill` lets `skill` pass.")))
    return "\n".join(lines)


def trial_sentence(found: Found | None, _: Text) -> str:
    """Whether a text would be refused, and for which word."""
    if found is None:
        return _("That would pass.")
    if found.is_operators:
        return _("That would be refused for a word that the operator of this bot wants nowhere.")
    return _("That would be refused for {word}.", word=code_span(found.entry.word))


def _named(words: Sequence[str]) -> str:
    named = " ".join(code_span(word) for word in words[:MAX_NAMED])
    return named if len(words) <= MAX_NAMED else f"{named} +{len(words) - MAX_NAMED}"
