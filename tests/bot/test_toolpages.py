"""The tools' pages, read from the sandbox's Wiro; where hours pass, from a source of the test's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import SystemClock
from bot.quota.estimate import estimate_nano_usd
from bot.toolpages import FRESH_FOR_S, JITTER, RETRY_AFTER_S, ToolPages
from bot.tools import load_catalogue
from bot.wiro import InputSpec, ServiceUnavailable, ToolPage, WiroClient
from bot.wiro.retry import RetryPolicy
from sandbox.wiro import WiroStandIn
from tests.support.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY, SLUG = "portraitplus", "wavymulder/portraitplus"
CATALOGUE = {KEY: load_catalogue()[KEY]}


@pytest.fixture
async def wiro() -> AsyncIterator[WiroStandIn]:
    async with WiroStandIn() as standin:
        app = web.Application()
        app.add_routes(standin.routes())
        async with TestServer(app) as server:
            standin.base_url = str(server.make_url("/"))
            yield standin
            await standin.stop()


@pytest.fixture
async def pages(wiro: WiroStandIn) -> AsyncIterator[ToolPages]:
    async with aiohttp.ClientSession() as session:
        client = WiroClient(
            session,
            api_url=f"{wiro.base_url}/wiro/v1",
            api_key="sandbox-key",
            api_secret="sandbox-secret",
            clock=SystemClock(),
            retry=RetryPolicy(attempts=1),
        )
        yield ToolPages(client, CATALOGUE, SystemClock())


class Shelf:
    """A source whose page a test exchanges; an exception on it is raised."""

    def __init__(self) -> None:
        self.page: ToolPage | Exception = page(maximum=60)
        self.asked = 0

    async def tool(self, _owner: str, _project: str) -> ToolPage:
        self.asked += 1
        if isinstance(self.page, Exception):
            raise self.page
        return self.page


def page(**said: Any) -> ToolPage:
    steps = InputSpec(id="steps", type="number", **said)
    return ToolPage(slug_owner="wavymulder", slug_project="portraitplus", inputs=(steps,), cps_nano_usd=7)


def estimate(pages: ToolPages) -> int:
    return estimate_nano_usd(CATALOGUE[KEY], {"samples": 4}, [], price=pages.price(KEY))


async def test_before_the_page_is_read_the_file_is_in_force(pages: ToolPages) -> None:
    assert pages.tool(KEY) == CATALOGUE[KEY]
    assert pages.price(KEY) is None


async def test_the_page_as_wiro_has_it_agrees_with_the_file_and_gives_the_price(pages: ToolPages) -> None:
    with structlog.testing.capture_logs() as logged:
        assert await pages.refresh()
    assert pages.tool(KEY) == CATALOGUE[KEY]
    assert logged == []
    assert estimate(pages) == 5_850_000


async def test_the_pages_ranges_and_options_are_followed(wiro: WiroStandIn, pages: ToolPages) -> None:
    options = [{"value": "EulerDiscreteScheduler"}, {"value": "NewScheduler"}, {"value": "NewScheduler"}]
    wiro.pages[SLUG] = {
        "parameters": {"samples": {"min": 1, "max": 4}, "scheduler": {"options": options}},
    }
    await pages.refresh()
    assert pages.tool(KEY).input("samples").maximum == 4
    assert pages.tool(KEY).input("scheduler").choices == ("EulerDiscreteScheduler", "NewScheduler")


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ({"dynamicprice": '[{"inputs": {}, "price": 0.004, "priceMethod": "cpo"}]'}, 16_000_000),
        ({"dynamicprice": '[{"inputs": {}, "price": 0.004}]'}, 4_000_000),
        ({"dynamicprice": "", "cps": "0.001"}, 10_000_000),
        ({"dynamicprice": None, "cps": "", "approximatelycost": "0.003"}, 3_000_000),
        ({"dynamicprice": "free!", "cps": None, "approximatelycost": None}, 20_000_000),
        ({"dynamicprice": '[{"price": 1e999}]', "cps": "9" * 9, "approximatelycost": "x"}, 10**15),
    ],
)
async def test_the_estimate_follows_the_pages_prices(
    wiro: WiroStandIn, pages: ToolPages, prices: dict[str, Any], expected: int
) -> None:
    wiro.pages[SLUG] = prices
    await pages.refresh()
    assert estimate(pages) == expected


async def test_an_outage_leaves_the_file_in_force(wiro: WiroStandIn, pages: ToolPages) -> None:
    wiro.faults.add("http_error", times=None, where={"path": "Tool/Detail"})
    with structlog.testing.capture_logs() as logged:
        assert not await pages.refresh()
        assert not await pages.refresh()
    assert pages.tool(KEY) == CATALOGUE[KEY]
    assert estimate(pages) == 20_000_000
    assert [entry["event"] for entry in logged if "page" in entry["event"]] == ["a tool's page cannot be had"]


async def test_the_last_good_page_outlives_an_outage(wiro: WiroStandIn, pages: ToolPages) -> None:
    wiro.pages[SLUG] = {"parameters": {"samples": {"max": 4}}, "dynamicprice": "", "cps": "0.001"}
    await pages.refresh()
    wiro.faults.add("http_error", times=None, where={"path": "Tool/Detail"})
    assert not await pages.refresh()
    assert pages.tool(KEY).input("samples").maximum == 4
    assert estimate(pages) == 10_000_000


async def test_pages_are_read_at_once_and_then_about_every_hour() -> None:
    clock, shelf = ManualClock(), Shelf()
    pages = ToolPages(shelf, CATALOGUE, clock)
    async with pages.kept_fresh():
        await clock.settle()
        assert pages.tool(KEY).input("steps").maximum == 60
        shelf.page = page(maximum=50)
        pauses = set()
        for asked in range(2, 6):
            assert clock.next_due_s is not None
            pauses.add(clock.next_due_s)
            await clock.advance(clock.next_due_s)
            assert shelf.asked == asked
        assert pages.tool(KEY).input("steps").maximum == 50
    assert len(pauses) == 4
    assert all(abs(pause_s - FRESH_FOR_S) <= FRESH_FOR_S * JITTER for pause_s in pauses)
    assert clock.sleepers == 0


@pytest.mark.parametrize("fault", [ServiceUnavailable("HTTP 503"), RuntimeError("a bug")])
async def test_a_page_that_cannot_be_had_is_asked_for_again_soon_and_logged_once(fault: Exception) -> None:
    clock, shelf = ManualClock(), Shelf()
    shelf.page = fault
    pages = ToolPages(shelf, CATALOGUE, clock)
    with structlog.testing.capture_logs() as logged:
        async with pages.kept_fresh():
            await clock.advance(4 * RETRY_AFTER_S)
            assert shelf.asked >= 4
            shelf.page = page(maximum=60)
            await clock.advance(2 * RETRY_AFTER_S)
    assert pages.tool(KEY).input("steps").maximum == 60
    assert [entry["log_level"] for entry in logged] in (["warning", "info"], ["error", "info"])


async def test_what_is_not_followed_is_logged_once_while_it_stays_the_same() -> None:
    shelf = Shelf()
    shelf.page = page(minimum=9, maximum=3)
    pages = ToolPages(shelf, CATALOGUE, ManualClock())
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await pages.refresh()
    assert [entry["ignored"] for entry in logged] == [("steps: the range from 9 to 3 is empty",)]


async def test_a_wiro_that_never_answers_holds_nobody_up() -> None:
    class Silent:
        async def tool(self, _owner: str, _project: str) -> ToolPage:
            await asyncio.Event().wait()
            raise AssertionError

    pages = ToolPages(Silent(), CATALOGUE, ManualClock())
    async with asyncio.timeout(5), pages.kept_fresh():
        await asyncio.sleep(0)
        assert pages.tool(KEY) == CATALOGUE[KEY]
