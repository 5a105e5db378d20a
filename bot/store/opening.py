"""The database as the bot needs it: its own, in shape, open; what is wrong with it is a sentence."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from bot.errors import CannotStart, SettingsError, StoreError
from bot.store import engines
from bot.store.database import Database
from bot.store.lock import exclusive
from bot.store.shape import bring_to_shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.clock import Clock


@asynccontextmanager
async def ready_database(url: str, clock: Clock) -> AsyncIterator[Database]:
    """The database at a contract address, locked against a second process where it is a file, and migrated.

    Raises:
        SettingsError: The file cannot be written.
        AlreadyRunning: Another process works on the same file.
        CannotStart: The database does not answer, or is not one that this version can use.
    """
    file = engines.sqlite_file(engines.read_url(url))
    with ExitStack() as stack:
        if file is not None:
            try:
                stack.enter_context(exclusive(file))
            except OSError as error:
                raise SettingsError([_cannot_write(file, error)]) from error
        try:
            await bring_to_shape(url, clock)
        except StoreError as error:
            why = f"the database cannot be used (./atelier doctor tells more): {error}"
            raise CannotStart(why) from error
        async with Database.open(url, clock=clock) as db:
            yield db


def _cannot_write(file: Path, error: OSError) -> str:
    return (
        f"DATABASE_URL names {file}, which cannot be written: {error.strerror}. It must lie in a folder that "
        "the user who runs the bot may write. Example: DATABASE_URL=sqlite:///data/atelier.db"
    )
