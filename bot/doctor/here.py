"""What the doctor looks at on this machine: clock, database, folder, port."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.doctor.findings import Finding, good, note, wrong
from bot.errors import SettingsError, StoreError
from bot.store import engines, ledger, logbook, migrate
from bot.store.database import Database
from bot.web import Metrics, OperatorPort

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.clock import Clock
    from bot.settings import Settings

SKEW_WORTH_A_NOTE_S = 5.0  # the Date header has whole seconds, and the answer took its time
SKEW_WRONG_S = 60.0
LITTLE_SPACE_BYTES = 500 * 1024 * 1024


def clock_skew(skews_s: dict[str, float | None]) -> Finding:
    """Compares our clock with those of the services (theirs ahead of ours, in seconds)."""
    known = {name: skew_s for name, skew_s in skews_s.items() if skew_s is not None}
    if not known:
        return note("Clock", "no service told the time")
    worst = max(known, key=lambda name: abs(known[name]))
    off_s = abs(known[worst])
    if off_s < SKEW_WORTH_A_NOTE_S:
        return good("Clock", f"it agrees with {' and '.join(known)}")
    says = f"it is {off_s:.0f} s {'behind' if known[worst] > 0 else 'ahead of'} {worst}"
    mend = "Turn on time synchronisation (timedatectl set-ntp true)."
    return wrong("Clock", says, mend) if off_s >= SKEW_WRONG_S else note("Clock", says, mend)


async def database(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    """Whether the database is reachable, migrated and writable, and whether its ledgers add up."""
    url = settings.database_url
    file = engines.sqlite_file(engines.read_url(url))
    try:
        if file is not None and not file.exists():
            yield await asyncio.to_thread(_place_for, file)
            return
        async with Database.open(url, clock=clock) as db:
            await db.ping()
            revision = await db.read(migrate.revision)
            yield good("Database", f"{db.dialect} answers at {db.url}")
            yield _migration(revision)
            yield await _writable(db)
            if revision == migrate.head():
                yield _ledgers(await db.read(ledger.check))
                yield _log_channels(await db.read(lambda conn: logbook.held_back(conn, clock.now())))
    except StoreError as error:
        yield wrong(
            "Database", str(error), "Look at DATABASE_URL, and whether the server runs and lets you in."
        )


def _place_for(file: Path) -> Finding:
    try:
        _try_to_write(file.parent)
    except OSError as error:
        return wrong(
            "Database",
            f"{file} cannot be made: {error.strerror}",
            f"Give its folder to the user that runs the bot ({_user()}), or set DATABASE_URL.",
        )
    return note("Database", f"{file} is not there yet; the first run makes it")


def _migration(revision: str | None) -> Finding:
    if revision == migrate.head():
        return good("Migrations", f"at {revision}, as this version needs it")
    if revision is None:
        return note("Migrations", "the database is empty; the first run prepares it")
    if not migrate.knows(revision):
        return wrong(
            "Migrations",
            f"at {revision}, which a later version has made",
            "Install that version or a newer one, or restore a backup from before it.",
        )
    return note("Migrations", f"at {revision}; the next run brings it to {migrate.head()}")


async def _writable(db: Database) -> Finding:
    class Undo(StoreError):
        """Takes the trial back."""

    def trial(conn: Any) -> None:
        conn.exec_driver_sql("CREATE TABLE atelier_doctor (id INTEGER)")
        raise Undo

    try:
        await db.write(trial)
    except Undo:
        return good("Database writes", "a table could be made (and was taken back)")
    except StoreError as error:
        return wrong(
            "Database writes", str(error), "Give the database's user the right to write and make tables."
        )
    raise AssertionError("the trial always raises")


def _ledgers(differences: list[Any]) -> Finding:
    if not differences:
        return good("Ledgers", "every counter is the sum of its entries")
    return wrong(
        "Ledgers",
        f"{len(differences)} counters differ: {differences[0]}",
        "Please report this; keep a backup.",
    )


def _log_channels(closed: int) -> Finding:
    if not closed:
        return good("Log channels", "none refuses what is written to it")
    return note(
        "Log channels",
        f"{closed} cannot be written to; their entries wait for a week",
        "Ask the managers to let the bot write there, or to choose another channel in /settings.",
    )


def data_folder(settings: Settings) -> Finding:
    """Whether files can be written there, and how much space is left. Blocks."""
    folder = settings.data_dir
    try:
        _try_to_write(folder)
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return wrong(
            "Data folder",
            f"{folder} cannot be written: {error.strerror}",
            f"Give it to the user that runs the bot ({_user()}), or set DATA_DIR.",
        )
    space = f"{free_bytes / 1024**3:.1f} GiB free"
    if free_bytes < LITTLE_SPACE_BYTES:
        return note("Data folder", f"{folder} is writable, but there is little space: {space}", "Make room.")
    return good("Data folder", f"{folder} is writable, {space}")


def _try_to_write(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # as the bot makes it: prompts will lie there
    with tempfile.TemporaryFile(dir=folder) as trial:
        trial.write(b"x")


async def operators_port(
    session: aiohttp.ClientSession, settings: Settings, clock: Clock
) -> AsyncIterator[Finding]:
    """Whether the port can be had, and whether `PUBLIC_URL` leads to it."""
    heard: list[str] = []
    host, port = settings.http_host, settings.http_port
    async with _listening(settings, clock, heard) as problem:
        if problem is None:
            yield good("Operator's port", f"{host}:{port} is free")
        elif await _is_atelier(session, host, port):
            yield good("Operator's port", f"an Atelier is running at {host}:{port}")
        else:
            yield wrong("Operator's port", *_split(problem))
        if settings.public_url is None:
            yield note("PUBLIC_URL", "not set: Wiro does not call back; its socket and polling tell the same")
        else:
            yield await _public(session, settings.public_url, heard if problem is None else None)


@asynccontextmanager
async def _listening(settings: Settings, clock: Clock, heard: list[str]) -> AsyncIterator[str | None]:
    """The operator's port itself for the length of the check; what is wrong where it cannot be opened."""

    async def hear(token: str) -> None:
        heard.append(token)

    server = OperatorPort(
        settings.http_host, settings.http_port, clock=clock, metrics=Metrics(), probes={}, on_hint=hear
    )
    try:
        await server.__aenter__()
    except SettingsError as error:
        yield error.problems[0]
        return
    try:
        yield None
    finally:
        await server.__aexit__()


async def _public(session: aiohttp.ClientSession, public_url: str, heard: list[str] | None) -> Finding:
    """Calls the hook from outside, as Wiro would; None for `heard`: another process listens."""
    token = secrets.token_urlsafe(24)
    mend = (
        "Let the proxy pass /hooks/ on to HTTP_HOST:HTTP_PORT. (Some routers do not let you call yourself.)"
    )
    try:
        async with session.post(f"{public_url}/hooks/wiro/{token}", data=b"") as response:
            status = response.status
    except aiohttp.ClientError as error:
        return wrong("PUBLIC_URL", f"{public_url} cannot be reached from here ({type(error).__name__})", mend)
    if status != 200:
        return wrong("PUBLIC_URL", f"{public_url} answered {status} to a callback", mend)
    if heard is not None and token not in heard:
        return wrong("PUBLIC_URL", f"{public_url} answers, but another program does", mend)
    return good("PUBLIC_URL", f"a callback to {public_url} arrives")


async def _is_atelier(session: aiohttp.ClientSession, host: str, port: int) -> bool:
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not listened on
    address = f"[{near}]" if ":" in near else near
    try:
        async with session.get(f"http://{address}:{port}/healthz") as response:
            return response.status == 200 and response.headers.get("Server") == "atelier"
    except aiohttp.ClientError:
        return False


def _split(problem: str) -> tuple[str, str]:
    says, _, mend = problem.partition(". ")
    return says, mend


def _user() -> str:
    return Path.home().name if os.name == "nt" else f"uid {os.getuid()}"
