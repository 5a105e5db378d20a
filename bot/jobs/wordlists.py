"""The lists of unwanted words: the operator's and each server's, and whether a text has one of them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import UserError, WordRefused
from bot.moderation.words import Entry, NotAWord, WordList
from bot.store import wordlists as units
from bot.store.wordlists import StoredWord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.clock import Clock
    from bot.store.database import Database
    from bot.store.wordlists import Version

MOST_WORDS = 500
"""On one server's list."""
_MOST_LISTS = 1_000
"""Servers whose lists are kept ready."""


@dataclass(frozen=True, slots=True)
class Found:
    """An unwanted word in a text."""

    entry: Entry
    is_operators: bool
    """It is on the list of the bot's operator, which holds in every server."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of words that were to be put on a list."""

    new: tuple[str, ...]
    known: tuple[str, ...]
    """They were on it already."""


class WordLists:
    """Unwanted words, server by server.

    Args:
        db: Where the servers' lists are.
        clock: For the audit.
        operators: The list that holds in every server.
    """

    def __init__(self, db: Database, clock: Clock, operators: WordList) -> None:
        self._db = db
        self._clock = clock
        self._operators = operators
        self._ready: dict[int, tuple[Version, WordList]] = {}

    async def require(self, guild_id: int, texts: Mapping[str, str]) -> None:
        """Return when none of the texts, each by what its reader calls it, has an unwanted word.

        Raises:
            WordRefused: One has; it says which text.
        """
        for name, text in texts.items():
            if (found := await self.find(guild_id, text)) is not None:
                # The operator's words are not a server's to know.
                raise WordRefused(name, None if found.is_operators else found.entry.word)

    async def find(self, guild_id: int, text: str) -> Found | None:
        """The first unwanted word in the text, by this server's list and then the operator's."""
        if not text:
            return None
        here = await self._list(guild_id)

        def look() -> Found | None:
            for words, is_operators in ((here, False), (self._operators, True)):
                if (entry := words.find(text)) is not None:
                    return Found(entry, is_operators)
            return None

        return await asyncio.to_thread(look) if here or self._operators else None

    async def add(self, written: str, *, guild_id: int, moderator_id: int) -> Added:
        """Put words, with commas between, on the server's list.

        Raises:
            UserError: One cannot be on a list, or the list would be too long; nothing was changed.
        """
        entries = {entry.key: entry for entry in map(_read, _parted(written))}
        if not entries:
            raise UserError("Write the words, with commas between.")
        wanted = [StoredWord(key=entry.key, word=entry.word) for entry in entries.values()]
        there = (await self._db.read(lambda conn: units.version(conn, guild_id))).words
        if there + len(wanted) > MOST_WORDS:
            raise UserError(f"A list has at most {MOST_WORDS} words, and there are {there} on this one.")
        now = self._clock.now()
        added = await self._db.write(
            lambda conn: units.add(conn, wanted, guild_id=guild_id, by=moderator_id, now=now)
        )
        return Added(
            new=tuple(each.word for each in added),
            known=tuple(each.word for each in wanted if each not in added),
        )

    async def remove(self, written: str, *, guild_id: int, moderator_id: int) -> str:
        """Take a word off the server's list, however it is written; the word as it stood there.

        Raises:
            UserError: It is not on the list.
        """
        entry, now = _read(written), self._clock.now()
        removed = await self._db.write(
            lambda conn: units.remove(conn, entry.key, guild_id=guild_id, by=moderator_id, now=now)
        )
        if removed is None:
            raise UserError("That word is not on this server's list. `/mod words list` shows it.")
        return removed.word

    async def listed(self, guild_id: int, *, limit: int, offset: int = 0) -> tuple[Sequence[str], int]:
        """A part of the server's list by the alphabet, and how many words it has."""
        version, words = await self._db.read(
            lambda conn: (
                units.version(conn, guild_id),
                units.words(conn, guild_id, limit=limit, offset=offset),
            )
        )
        return [each.word for each in words], version.words

    async def _list(self, guild_id: int) -> WordList:
        """The server's list, read anew only when it has changed, here or in another process."""
        version = await self._db.read(lambda conn: units.version(conn, guild_id))
        known = self._ready.get(guild_id)
        if known is not None and known[0] == version:
            return known[1]
        version, stored = await self._db.read(
            lambda conn: (units.version(conn, guild_id), units.words(conn, guild_id))
        )
        words = WordList(Entry(word=each.word, key=each.key) for each in stored)
        while len(self._ready) >= _MOST_LISTS:
            self._ready.pop(next(iter(self._ready)))
        self._ready[guild_id] = (version, words)
        return words


def _parted(written: str) -> list[str]:
    return [part for part in map(str.strip, re.split(r"[,;\n]", written)) if part]


def _read(written: str) -> Entry:
    try:
        return Entry.read(written)
    except NotAWord as error:
        raise UserError(str(error)) from error
