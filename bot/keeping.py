"""`backup` and `restore`: a whole copy of the database, and taking it back without paying anything twice."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.errors import AlreadyRunning, SettingsError, StoreError
from bot.jobs.job import LONGEST_WAIT, SWEEP_FOR
from bot.log import configure
from bot.process import STOPPED_AS_ASKED, STOPPED_BY_A_FAULT, WRONG_SETTINGS
from bot.settings import load_settings
from bot.store import copies, engines, migrate
from bot.store.lock import exclusive
from bot.store.restoring import Reconciled, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.clock import Clock


def backup(file: Path) -> int:
    """Write a backup while the bot works, or while it does not; returns the exit code."""
    return _answered(lambda url, _clock: _back_up(url, file))


def restore(file: Path) -> int:
    """Put a backup in the place of the database, on which nobody may work; returns the exit code."""
    return _answered(lambda url, clock: _restore(url, file, clock))


def _answered(work: Callable[[str, Clock], str]) -> int:
    """Do it to the database that the settings name, and say what was done or what is wrong."""
    os.umask(0o077)  # prompts and tokens lie in the copies
    try:
        settings = load_settings()
        configure("WARNING", settings.log_format, secrets=settings.secrets)
        sys.stdout.write(f"{work(settings.database_url, SystemClock())}\n")
    except SettingsError as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.problems))
        return WRONG_SETTINGS
    except AlreadyRunning as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return STOPPED_BY_A_FAULT
    return STOPPED_AS_ASKED


def _back_up(url: str, file: Path) -> str:
    if file.exists():
        raise StoreError(f"{file} is there already: name a file that is not")
    copies.copy(_file_of(url), file)
    return f"The database is in {file} ({file.stat().st_size / 1e6:.1f} MB)."


def _restore(url: str, backup_file: Path, clock: Clock) -> str:
    file, now = _file_of(url), clock.now()
    with exclusive(file):
        made = file.with_name(f"{file.name}.restoring")
        kept = file.with_name(f"{file.name}.replaced-{now:%Y%m%d-%H%M%S}")
        try:
            copies.copy(backup_file, made)
            found = _made_ready(f"sqlite:///{made}", backup_file, clock)
            was_there = copies.put_in_place(made, file, kept)
        finally:
            with suppress(OSError):
                made.unlink()
    said = [f"{file} is what {backup_file} holds.", _told(found)]
    if was_there:
        said.append(f"What was there before is kept as {kept}.")
    return "\n".join(said)


def _made_ready(url: str, backup_file: Path, clock: Clock) -> Reconciled:
    """Bring a copy into this version's shape, and let it forget what may have been paid since."""
    if migrate.current(url) is None:
        raise StoreError(f"{backup_file} is not a backup of Atelier")
    migrate.upgrade(url, clock)
    now = clock.now()
    return migrate.on_connection(
        engines.read_url(url),
        lambda conn: reconcile(conn, now=now, follow_for=LONGEST_WAIT, sweep_for=SWEEP_FOR),
    )


def _told(found: Reconciled) -> str:
    return (
        f"Of the tasks that were unfinished then, the next start follows {found.followed} at Wiro and looks "
        f"there for {found.looked_for}; {found.ended} are over. None is started again."
    )


def _file_of(url: str) -> Path:
    file = engines.sqlite_file(engines.read_url(url))
    if file is None:
        raise StoreError("DATABASE_URL names a PostgreSQL: use its own tools, pg_dump and pg_restore")
    return file
