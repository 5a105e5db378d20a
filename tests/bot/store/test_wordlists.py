from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.model import Act
from bot.store import auditing, wordlists
from bot.store.wordlists import StoredWord
from tests.support.clock import START
from tests.support.store import GUILD

if TYPE_CHECKING:
    from bot.store.database import Database

MODERATOR = 77
KILL, SPAM = StoredWord(key="kill", word="Kill"), StoredWord(key="spam*", word="spam*")


async def test_words_are_added_once_listed_by_the_alphabet_and_removed(db: Database) -> None:
    add = partial(wordlists.add, guild_id=GUILD, by=MODERATOR, now=START)
    assert await db.write(partial(add, wanted=[SPAM, KILL])) == [SPAM, KILL]
    assert await db.write(partial(add, wanted=[StoredWord(key="kill", word="KILL")])) == []
    assert await db.read(partial(wordlists.words, guild_id=GUILD)) == [KILL, SPAM]
    assert await db.read(partial(wordlists.words, guild_id=GUILD, limit=1, offset=1)) == [SPAM]
    assert await db.read(partial(wordlists.words, guild_id=GUILD + 1)) == []
    remove = partial(wordlists.remove, key="kill", by=MODERATOR, now=START)
    assert await db.write(partial(remove, guild_id=GUILD + 1)) is None
    assert await db.write(partial(remove, guild_id=GUILD)) == KILL
    assert await db.write(partial(remove, guild_id=GUILD)) is None
    assert await db.read(partial(wordlists.words, guild_id=GUILD)) == [SPAM]


async def test_every_change_of_a_list_is_in_the_audit_and_makes_another_version(db: Database) -> None:
    versions = [await db.read(partial(wordlists.version, guild_id=GUILD))]
    for _ in range(2):
        await db.write(
            partial(wordlists.add, wanted=[KILL], guild_id=GUILD, by=MODERATOR, now=START),
        )
        versions.append(await db.read(partial(wordlists.version, guild_id=GUILD)))
        await db.write(partial(wordlists.remove, key="kill", guild_id=GUILD, by=MODERATOR, now=START))
    assert len({(each.words, each.last_id) for each in versions}) == 3
    entries = await db.read(partial(auditing.entries, guild_id=GUILD, limit=9))
    assert [each.act for each in entries] == [Act.REMOVE_WORD, Act.ADD_WORD] * 2
    assert {(each.actor_id, each.detail, each.at) for each in entries} == {(MODERATOR, "Kill", START)}
