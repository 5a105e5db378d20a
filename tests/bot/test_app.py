"""The whole bot in this process, against the sandbox."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest

from bot.app import run
from bot.clock import SystemClock
from bot.errors import AlreadyRunning, CannotStart, SettingsError
from bot.settings import Settings
from bot.store.migrate import upgrade
from bot.tools import load_catalogue
from sandbox.server import Sandbox
from tests.support.books import all_jobs, reading
from tests.support.stand import buttons, until, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)
    async with Sandbox(speed=60) as sandbox:
        yield sandbox


def settings_for(sandbox: Sandbox, folder: Path, **values: Any) -> Settings:
    """Settings that lead into the sandbox, and a database that fits already."""
    given: dict[str, Any] = {name.lower(): value for name, value in sandbox.bot_environment().items()}
    given |= {"data_dir": folder, "database_url": f"sqlite:///{(folder / 'atelier.db').as_posix()}"}
    upgrade(given["database_url"], SystemClock())
    return Settings(_env_file=None, **(given | {"http_port": 0} | values))


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """The bot, stopped as SIGTERM stops it."""
    stop = asyncio.Event()
    bot = asyncio.create_task(run(settings, stop=stop, clock=SystemClock()))
    try:
        yield bot
    finally:
        stop.set()
        async with asyncio.timeout(8):
            await bot


async def test_a_portrait_from_the_command_to_the_images(sandbox: Sandbox, tmp_path: Path) -> None:
    async with running(settings_for(sandbox, tmp_path)):
        await until(lambda: sandbox.discord.gateway.connected)
        options = {"prompt": "a fox", "samples": 2}
        interaction = await sandbox.discord.command("mira", "portraits", "portrait", options)
        await interaction.answered()

        def card() -> dict[str, Any]:
            return sandbox.discord.messages("portraits", "tomas")[0]

        await until(lambda: "Again" in buttons(card()))
        assert "### 2 images" in words(card())
        assert "38 of 40 images left today" in words(card())


async def test_the_tools_page_at_wiro_is_followed_and_asked_for_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.wiro.pages["wavymulder/portraitplus"] = {
        "parameters": {"samples": {"max": 3}},
        "dynamicprice": '[{"inputs": {}, "price": 0.004, "priceMethod": "cpo"}]',
    }
    settings = settings_for(sandbox, tmp_path)
    async with running(settings):
        await until(lambda: sandbox.discord.gateway.connected)
        await until(lambda: sandbox.wiro.requests.counts["Tool/Detail"] > 0)
        options = {"prompt": "a fox", "samples": 4}
        answer = await (await sandbox.discord.command("mira", "portraits", "portrait", options)).answered()
        assert answer.message is not None
        assert "`samples` is 4; it goes from 1 to 3" in words(answer.message)
        assert answer.message["flags"] & 64

        for seed in (1, 2):
            options = {"prompt": "a fox", "samples": 2, "seed": seed}
            await (await sandbox.discord.command("mira", "portraits", "portrait", options)).answered()
        await until(lambda: len(done(sandbox)) == 2)
    calls = sandbox.wiro.requests.counts
    assert calls["Tool/Detail"] == len(load_catalogue()), "a job asks for no page"
    asked = {path: count for path, count in calls.items() if not path.startswith(("cdn", "socket"))}
    assert sum(asked.values()) - len(load_catalogue()) <= 2 * 3, asked
    with reading(tmp_path / "atelier.db") as conn:
        assert [job.estimate_nano_usd for job in all_jobs(conn)] == [8_000_000] * 2


def done(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The cards of finished jobs."""
    return [each for each in sandbox.discord.messages("portraits", "tomas") if "Again" in buttons(each)]


async def test_without_the_tools_page_the_bot_works_as_ever(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.wiro.faults.add("http_error", times=None, where={"path": "Tool/Detail"})
    async with running(settings_for(sandbox, tmp_path)):
        await until(lambda: sandbox.discord.gateway.connected)
        options = {"prompt": "a fox", "samples": 4}
        await (await sandbox.discord.command("mira", "portraits", "portrait", options)).answered()
        await until(lambda: len(done(sandbox)) == 1)
    with reading(tmp_path / "atelier.db") as conn:
        assert [job.estimate_nano_usd for job in all_jobs(conn)] == [20_000_000]


async def test_stopping_is_quick_and_leaves_nothing_open(sandbox: Sandbox, tmp_path: Path) -> None:
    loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
    async with running(settings_for(sandbox, tmp_path)):
        await until(lambda: sandbox.discord.gateway.connected)
        begun_s = loop.time()
    assert loop.time() - begun_s < 4

    def left() -> list[str]:
        names = [repr(task) for task in asyncio.all_tasks() - before]
        return [name for name in names if "/sandbox/" not in name and "aiohttp/web" not in name]

    # discord.py waits a second for servers that are still to be told, and then goes too.
    await until(lambda: not left())


async def test_a_refused_token_is_a_wrong_setting(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(sandbox, tmp_path, discord_token="MTE5OTk.wrong.token-that-nobody-knows")
    with pytest.raises(SettingsError, match="DISCORD_TOKEN is refused"):
        await run(settings, stop=asyncio.Event(), clock=SystemClock())


async def test_an_address_where_discord_is_not_is_a_wrong_setting(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(sandbox, tmp_path, discord_api_url=f"{sandbox.url}/elsewhere")
    with pytest.raises(SettingsError, match=r"DISCORD_API_URL is .*/elsewhere"):
        await run(settings, stop=asyncio.Event(), clock=SystemClock())


async def test_a_file_that_cannot_be_a_database_ends_the_start_with_a_sentence(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    settings = settings_for(sandbox, tmp_path)
    (tmp_path / "atelier.db").write_bytes(b"not a database" * 100)
    with pytest.raises(CannotStart, match=r"the database cannot be used .*: .*not a database"):
        await run(settings, stop=asyncio.Event(), clock=SystemClock())


async def test_a_place_where_no_database_can_be_is_a_wrong_setting(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, so nothing can lie in it")
    url = f"sqlite:///{(tmp_path / 'taken' / 'atelier.db').as_posix()}"
    settings = settings_for(sandbox, tmp_path).model_copy(update={"database_url": url})
    with pytest.raises(SettingsError, match=r"DATABASE_URL names .*taken"):
        await run(settings, stop=asyncio.Event(), clock=SystemClock())


async def test_a_second_bot_on_the_same_file_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(sandbox, tmp_path)
    async with running(settings):
        await until(lambda: sandbox.discord.gateway.connected)
        with pytest.raises(AlreadyRunning):
            await run(settings, stop=asyncio.Event(), clock=SystemClock())


async def test_an_outage_of_discord_at_the_start_is_waited_out(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.discord.faults.start_outage()
    async with running(settings_for(sandbox, tmp_path)):
        await until(lambda: len(sandbox.discord.requests) > 0)
        assert not sandbox.discord.gateway.connected
        sandbox.discord.faults.end_outage()
        await until(lambda: sandbox.discord.gateway.connected)


async def test_a_fault_of_discord_between_login_and_gateway_is_waited_out_too(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.discord.faults.fail_next("list_commands", "status")
    async with running(settings_for(sandbox, tmp_path)):
        await until(lambda: sandbox.discord.gateway.connected)


async def test_it_can_be_stopped_while_discord_is_out(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.discord.faults.start_outage()
    async with running(settings_for(sandbox, tmp_path)):
        await until(lambda: len(sandbox.discord.requests) > 0)


async def test_it_can_be_stopped_before_it_has_logged_in(sandbox: Sandbox, tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    await run(settings_for(sandbox, tmp_path), stop=stop, clock=SystemClock())
    assert not sandbox.discord.requests


async def test_ready_only_when_discord_is_heard(sandbox: Sandbox, tmp_path: Path) -> None:
    port = sandbox.discord.base_url.rpartition(":")[2]
    taken = settings_for(sandbox, tmp_path, http_port=int(port))
    with pytest.raises(SettingsError, match="HTTP_PORT"):
        await run(taken, stop=asyncio.Event(), clock=SystemClock())


async def test_a_broken_database_ends_the_bot(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.store.database import Database

    async def dies(_: Database) -> None:
        await until(lambda: sandbox.discord.gateway.connected)

    monkeypatch.setattr(Database, "until_dead", dies)
    with pytest.raises(RuntimeError, match="database"):
        await run(settings_for(sandbox, tmp_path), stop=asyncio.Event(), clock=SystemClock())


async def test_the_operators_port_tells_when_the_bot_is_ready(sandbox: Sandbox, tmp_path: Path) -> None:
    from tests.support.house import free_port

    port = free_port()
    async with running(settings_for(sandbox, tmp_path, http_port=port)), aiohttp.ClientSession() as session:

        async def ready() -> int:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    return response.status
            except aiohttp.ClientError:
                return 0

        seen: set[int] = set()
        async with asyncio.timeout(15):
            while 200 not in seen:
                seen.add(await ready())
                await asyncio.sleep(0.05)
        async with session.get(f"http://127.0.0.1:{port}/metrics") as response:
            text = await response.text()
        assert "atelier_discord_calls" in text
        assert "atelier_wiro_socket_connected" in text
