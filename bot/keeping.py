"""`backup` and `restore`: a whole copy of the database, and taking it back without paying anything twice."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.errors import AlreadyRunning, SettingsError, StoreError
from bot.jobs.job import LONGEST_WAIT, SWEEP_FOR
from bot.jobs.lease import LEASE_S
from bot.log import configure
from bot.process import STOPPED_AS_ASKED, STOPPED_BY_A_FAULT, WRONG_SETTINGS
from bot.settings import load_settings
from bot.store import copies, dumps, engines, migrate, processes
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
    address = engines.read_url(url)
    source = engines.sqlite_file(address)
    if source is None:
        _refuse_unknown(migrate.current(url), "the database")  # its tables could be others than ours
        dumps.dump(address, file)
    else:
        copies.copy(source, file)
    return f"The database is in {file} ({file.stat().st_size / 1e6:.1f} MB)."


def _restore(url: str, backup_file: Path, clock: Clock) -> str:
    file = engines.sqlite_file(engines.read_url(url))
    stamp = f"replaced-{clock.now():%Y%m%d-%H%M%S}"
    if file is None:
        kept = backup_file.with_name(f"{backup_file.name}.{stamp}")
        found, was_there = _restore_server(url, backup_file, kept, clock)
    else:
        kept = file.with_name(f"{file.name}.{stamp}")
        found, was_there = _restore_file(file, backup_file, kept, clock)
    said = [f"The database is what {backup_file} holds.", _told(found)]
    if was_there:
        said.append(f"What was there before is kept as {kept}.")
    return "\n".join(said)


def _restore_file(file: Path, backup_file: Path, kept: Path, clock: Clock) -> tuple[Reconciled, bool]:
    """Make the new file ready beside the old one, then let it take its place; whether one was there."""
    made = file.with_name(f"{file.name}.restoring")
    with exclusive(file):
        try:
            copies.copy(backup_file, made)
            _refuse_unknown(migrate.current(f"sqlite:///{made}"), str(backup_file))
            found = _made_ready(f"sqlite:///{made}", clock)
            return found, copies.put_in_place(made, file, kept)
        finally:
            with suppress(OSError):
                made.unlink()


def _restore_server(url: str, backup_file: Path, kept: Path, clock: Clock) -> tuple[Reconciled, bool]:
    """Keep what is there, and replace it; whether there was anything."""
    address, now = engines.read_url(url), clock.now()
    was_there = migrate.current(url) is not None
    if was_there and migrate.on_connection(address, lambda conn: processes.lives(conn, now, LEASE_S)):
        raise AlreadyRunning(address.render_as_string(hide_password=True))
    _refuse_unknown(dumps.revision_of(address, backup_file), str(backup_file))
    if was_there:
        dumps.dump(address, kept)
    dumps.load(address, backup_file)
    return _made_ready(url, clock), was_there


def _refuse_unknown(revision: str | None, where: str) -> None:
    if revision is None:
        raise StoreError(f"{where} has nothing of Atelier in it")
    if not migrate.knows(revision):
        raise StoreError(
            f"{where} has revision {revision}, which this version of Atelier does not know: a later version "
            "made it. Install that version or a newer one."
        )


def _made_ready(url: str, clock: Clock) -> Reconciled:
    """Bring it into this version's shape, and let it forget what may have been paid since."""
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
