"""`/mod words`: what may not be asked for in this server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands

from bot.log import get_logger
from bot.ui.answers import say
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import note
from bot.ui.moderating import pages_of, read_page_argument
from bot.ui.references import MAX_CHOICES
from bot.ui.safe import code_span, one_line
from bot.ui.text import text_for
from bot.ui.unwanted import WORDS_A_PAGE, added_sentence, trial_sentence, words_panel
from cogs.mod.common import Interaction, redraw, server

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.services import Services

log = get_logger(__name__)

SUGGEST_WITHIN_S = 1.0
_MOST_WRITTEN = 1000
_ALL = 10_000


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer the commands of the list, and its pages."""
    group = app_commands.Group(name="words", description="Words that may not be asked for here", parent=mod)
    lists = services.words

    @group.command(description="Put words on the list; whoever asks for one of them is refused")
    @app_commands.describe(words="With commas between; a * at an end stands for any letters")
    async def add(interaction: Interaction, words: app_commands.Range[str, 1, _MOST_WRITTEN]) -> None:
        """Put words on the server's list."""
        added = await lists.add(words, guild_id=server(interaction), moderator_id=interaction.user.id)
        await say(interaction, note(added_sentence(added, text_for(str(interaction.locale)))))

    @group.command(description="Take a word off the list")
    @app_commands.describe(word="Choose it, or write it as it stands there")
    async def remove(interaction: Interaction, word: app_commands.Range[str, 1, _MOST_WRITTEN]) -> None:
        """Take a word off the server's list."""
        gone = await lists.remove(word, guild_id=server(interaction), moderator_id=interaction.user.id)
        _ = text_for(str(interaction.locale))
        await say(interaction, note(_("{word} is off the list.", word=code_span(gone))))

    @group.command(name="list", description="The words that may not be asked for here")
    async def show(interaction: Interaction) -> None:
        """Answer with the server's list."""
        await say(interaction, await page_of(interaction, 0))

    @group.command(description="Whether a text would be refused, and for which word")
    @app_commands.describe(text="What somebody might write")
    async def test(interaction: Interaction, text: app_commands.Range[str, 1, _MOST_WRITTEN]) -> None:
        """Try the list on a text; nothing is started."""
        found = await lists.find(server(interaction), text)
        await say(interaction, note(trial_sentence(found, text_for(str(interaction.locale)))))

    @remove.autocomplete("word")
    async def _words(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        words: list[str] = []
        try:
            async with services.clock.timeout(SUGGEST_WITHIN_S):
                words = list((await lists.listed(server(interaction), limit=_ALL))[0])
        except Exception:  # suggestions are a help: a word can still be written
            log.warning("words could not be suggested", exc_info=True)
        wanted = current.strip().casefold()
        found = [word for word in words if wanted in word.casefold()]
        return [app_commands.Choice(name=one_line(word), value=word) for word in found[:MAX_CHOICES]]

    async def page_of(interaction: Interaction, page: int) -> ui.LayoutView:
        """A page of this server's list; the last one when there are fewer by now."""
        here = server(interaction)
        words, total = await lists.listed(here, limit=WORDS_A_PAGE, offset=page * WORDS_A_PAGE)
        if not words and total:
            page = pages_of(total, WORDS_A_PAGE) - 1
            words, total = await lists.listed(here, limit=WORDS_A_PAGE, offset=page * WORDS_A_PAGE)
        return words_panel(words, total, page, text_for(str(interaction.locale)))

    async def turn(interaction: Interaction, target: ButtonId) -> None:
        """Turn to a page of the list, in place."""
        await services.require_moderator(interaction)
        _user_id, page = read_page_argument(target.arg)
        await redraw(interaction, await page_of(interaction, page))

    services.router.on_click(Verb.MOD_WORDS, turn)
