"""The greeting of a server is claimed by one alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.store import greetings
from tests.support.clock import START

if TYPE_CHECKING:
    from bot.store.database import Database


async def test_only_the_first_claims_until_it_is_forgotten(db: Database) -> None:
    """A server is greeted once for each time that it adds the bot."""
    claim = partial(greetings.claim, guild_id=1, now=START)
    assert not await db.read(lambda conn: greetings.is_greeted(conn, 1))
    assert await db.write(claim)
    assert not await db.write(claim)
    assert await db.read(lambda conn: greetings.is_greeted(conn, 1))
    assert not await db.read(lambda conn: greetings.is_greeted(conn, 2))
    await db.write(partial(greetings.forget, guild_id=1))
    assert await db.write(claim)
