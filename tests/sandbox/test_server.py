"""The whole sandbox: both stand-ins and the page on one loopback port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest_asyncio.fixture
async def world() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest_asyncio.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def test_one_port_serves_page_discord_and_wiro(world: Sandbox, http: ClientSession) -> None:
    settings = world.bot_environment()
    async with http.get(world.url) as page:
        assert "<title>Sandbox</title>" in await page.text()
    bot = {"Authorization": f"Bot {settings['DISCORD_TOKEN']}", "User-Agent": "DiscordBot (test, 1)"}
    async with http.get(f"{settings['DISCORD_API_URL']}/users/@me", headers=bot) as me:
        assert (await me.json())["bot"] is True
    async with http.post(f"{settings['WIRO_API_URL']}/Task/List", json={}) as refused:
        assert (await refused.json())["result"] is False
    async with http.ws_connect(settings["DISCORD_GATEWAY_URL"]) as gateway:
        assert (await gateway.receive_json())["op"] == 10
    async with http.ws_connect(settings["WIRO_SOCKET_URL"]) as socket:
        assert not socket.closed


async def test_settings_for_a_bot_are_the_contracts_names_and_stay_on_this_machine(world: Sandbox) -> None:
    settings = world.bot_environment()
    assert settings.keys() == {
        "DISCORD_TOKEN",
        "DISCORD_API_URL",
        "DISCORD_GATEWAY_URL",
        "WIRO_API_KEY",
        "WIRO_API_SECRET",
        "WIRO_API_URL",
        "WIRO_SOCKET_URL",
    }
    for name, value in settings.items():
        if name.endswith("URL"):
            assert value.split("://", 1)[1].startswith("127.0.0.1:")


async def test_page_draws_what_the_stand_in_holds(world: Sandbox, http: ClientSession) -> None:
    async with http.ws_connect(f"{world.url}/sandbox/ws?as=ines", origin=world.url) as page:
        ready = (await page.receive_json(timeout=5))["d"]
        assert ready["me"]["key"] == "ines"
        assert len(ready["people"]) == 6
        assert ready["bot_connected"] is False
        channel = ready["start_channel"]
        said = {"channel_id": channel, "content": "hello", "files": []}
        await page.send_json({"number": 1, "action": "say", **said})
        told = await page.receive_json(timeout=5)
        while told["t"] != "MESSAGE_CREATE":  # the workbench is told of too, as often as it changes
            told = await page.receive_json(timeout=5)
    assert told["d"]["content"] == "hello"
    assert world.discord.messages("portraits", "mira")[-1]["content"] == "hello"


async def test_what_the_page_may_not_do_is_answered_with_a_sentence(
    world: Sandbox, http: ClientSession
) -> None:
    async with http.ws_connect(f"{world.url}/sandbox/ws?as=mira", origin=world.url) as page:
        await page.receive_json(timeout=5)
        requests: list[dict[str, object]] = [
            {"action": "command", "channel_id": "portraits", "name": "none", "options": []},
            {"action": "say", "channel_id": "portraits", "content": "x" * 2001},
            {"action": "nothing"},
            {},
        ]
        for number, request in enumerate(requests):
            await page.send_json({"number": number} | request)
            answer = await page.receive_json(timeout=5)
            while answer["t"] != "RESULT":
                answer = await page.receive_json(timeout=5)
            assert answer["d"]["number"] == number
            assert answer["d"]["error"]


async def test_unknown_people_have_no_page(world: Sandbox, http: ClientSession) -> None:
    async with http.get(f"{world.url}/sandbox/ws?as=nobody", headers={"Origin": world.url}) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "::"])
def test_other_machines_are_never_served(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        Sandbox(host=host)


async def test_taken_port_is_an_os_error_and_leaves_nothing_behind(world: Sandbox) -> None:
    port = int(world.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        async with Sandbox(port=port):
            pytest.fail("two sandboxes on one port")


async def test_leaving_closes_pages_and_bots(http: ClientSession) -> None:
    async with Sandbox() as sandbox:
        page = await http.ws_connect(f"{sandbox.url}/sandbox/ws?as=mira", origin=sandbox.url)
        await page.receive_json(timeout=5)
        gateway = await http.ws_connect(sandbox.bot_environment()["DISCORD_GATEWAY_URL"])
    async with page, gateway:
        while not page.closed:
            await page.receive(timeout=5)
        while not gateway.closed:
            await gateway.receive(timeout=5)
