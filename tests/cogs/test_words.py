from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.model import Act, JobState
from bot.store import auditing
from tests.cogs.test_mod import told
from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from bot.store.auditing import AuditEntry
    from sandbox.discord.actions import Answer
    from tests.support.stand import Stand


async def mod_words(stand: Stand, action: str, who: str = "ines", **options: str) -> str:
    """What a moderator is told by `/mod words …`."""
    return told(await stand.use(who, f"mod words {action}", dict(options)))


async def refused(stand: Stand, **options: str) -> str:
    """What Mira is told whose request is refused."""
    return told(await stand.use("mira", "portrait", {"prompt": "a red fox"} | options))


async def last_entry(stand: Stand) -> AuditEntry:
    guild = stand.sandbox.discord.guilds["harbour"].id
    [entry] = await stand.db.read(partial(auditing.entries, guild_id=guild, limit=1))
    return entry


async def test_a_request_with_an_unwanted_word_is_refused_before_anything_is_charged(stand: Stand) -> None:
    assert "`kill`" in await mod_words(stand, "add", words="kill, cold blood")
    for given in (
        {"prompt": "how to K1LL"},
        {"negative_prompt": "no k i l l ing"},
        {"prompt": "in cold, blood"},
    ):
        said = await refused(stand, **given)
        assert f"`{next(iter(given))}` has a word that is not wanted here" in said
        assert "kill" not in said.casefold()
        assert "blood" not in said
    assert stand.desk.accepted == []
    assert (await stand.portrait(prompt="a skilled fox")).state is JobState.WAITING
    entry = await last_entry(stand)
    assert (entry.act, entry.detail) == (Act.REFUSE, "words")
    assert entry.actor_id == stand.sandbox.discord.people["mira"].id
    assert entry.reason == "prompt: cold blood"


async def test_what_the_bot_puts_in_front_of_a_prompt_is_nobodys_word(stand: Stand) -> None:
    await mod_words(stand, "add", words="style")
    assert (await stand.portrait()).prompt == "portrait+ style a red fox"
    assert "`prompt` has a word" in await refused(stand, prompt="a fox in style")


async def test_a_form_is_read_as_carefully_as_a_command(stand: Stand) -> None:
    done = await stand.finish(await stand.portrait())
    await mod_words(stand, "add", words="kill")
    opened = await stand.click("mira", done.message_id or 0, buttons(stand.card(done))["Edit"])
    modal = (await opened.answered()).modal
    assert modal is not None
    sent = await stand.sandbox.discord.submit("mira", modal, {"prompt": "kill"})
    assert "`prompt` has a word" in await stand.said(sent)
    assert len(stand.desk.accepted) == 1


async def test_the_operators_words_hold_everywhere_and_are_told_nobody(stand: Stand) -> None:
    assert "`prompt` has a word" in await refused(stand, prompt="an operatorword")
    assert (await last_entry(stand)).reason == "prompt: a word of the operator"
    tried = await mod_words(stand, "test", text="an OPERATORW0RD")
    assert "operator of this bot" in tried
    assert "operatorword" not in tried
    assert "There are none" in await mod_words(stand, "list")


async def test_a_list_is_shown_tried_and_shortened(stand: Stand) -> None:
    assert "There are none" in await mod_words(stand, "list")
    first = await mod_words(stand, "add", words="Kill, spam*")
    assert "On the list now: `Kill` `spam*`" in first
    assert "On it already: `kill`" in await mod_words(stand, "add", words="kill")
    listed = await mod_words(stand, "list")
    assert "2 in all" in listed
    assert "`Kill` `spam*`" in listed
    assert "refused for `spam*`" in await mod_words(stand, "test", text="a spammer")
    assert "would pass" in await mod_words(stand, "test", text="skill")
    suggested = await stand.sandbox.discord.autocomplete(
        "ines", "portraits", "mod words remove", {"word": "ki"}, "word"
    )
    assert [each["value"] for each in suggested] == ["Kill"]
    assert "`Kill` is off the list" in await mod_words(stand, "remove", word="KILL")
    assert "not on this server's list" in await mod_words(stand, "remove", word="kill")
    assert "would pass" in await mod_words(stand, "test", text="kill")
    said = told(await stand.use("ines", "mod audit"))
    assert "took `Kill` off the list" in said
    assert "put `spam*` on the list" in said


@pytest.mark.parametrize(
    ("written", "says"),
    [("k", "at least two letters"), (" , ", "with commas between"), ("x" * 61, "at most 60 characters")],
)
async def test_what_cannot_be_on_a_list_is_refused_with_the_reason(
    stand: Stand, written: str, says: str
) -> None:
    assert says in await mod_words(stand, "add", words=written)
    assert "There are none" in await mod_words(stand, "list")


async def test_a_list_has_an_end_and_its_pages_turn(stand: Stand) -> None:
    def some(first: int, number: int) -> str:
        return ", ".join(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(first, first + number))

    for first in range(0, 500, 100):
        await mod_words(stand, "add", words=some(first, 100))
    assert "at most 500 words" in await mod_words(stand, "add", words="onemore")
    listed: Answer = await stand.use("ines", "mod words list")
    assert listed.message is not None
    assert "page 1 of 13" in told(listed)
    turned = await stand.click("ines", int(listed.message["id"]), buttons(listed.message)["Next"])
    after = (await turned.answered()).message
    assert after is not None
    assert "`wbo`" in words(after)


async def test_another_servers_list_is_its_own(stand: Stand) -> None:
    await mod_words(stand, "add", words="fox")
    answer = await stand.use("juno", "mod words list", channel="general")
    assert "There are none" in told(answer)
