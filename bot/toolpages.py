"""The tools' own pages at Wiro, read when the bot starts and about every hour."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bot.log import get_logger, reference_id
from bot.quota.estimate import NANO_PER_USD, Price
from bot.tools import narrowed
from bot.wiro.errors import WiroError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.clock import Clock
    from bot.tools import Tool
    from bot.wiro import ToolPage

log = get_logger(__name__)

FRESH_FOR_S = 3600.0
RETRY_AFTER_S = 300.0
"""While a page could not be had."""
JITTER = 0.1
"""Part by which a pause is longer or shorter: many processes shall not ask at the same moment."""


class Source(Protocol):
    """Where pages come from; `bot.wiro.WiroClient` is one."""

    async def tool(self, owner: str, project: str) -> ToolPage: ...  # noqa: D102  # a name that says it


class ToolPages:
    """What Wiro says of the tools today, as far as it could be asked; one per process.

    Until a page is there its tool is as its file has it. A page that was read once stays in force while Wiro
    cannot be asked again.
    """

    def __init__(
        self, wiro: Source, catalogue: Mapping[str, Tool], clock: Clock, *, rng: random.Random | None = None
    ) -> None:
        self._wiro = wiro
        self._catalogue = catalogue
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._tools = dict(catalogue)
        self._prices: dict[str, Price] = {}
        self._ignored: dict[str, tuple[str, ...]] = {}
        self._out_of_reach: set[str] = set()

    def tool(self, key: str) -> Tool:
        """The tool with today's ranges and choices; KeyError when the catalogue has none of that key."""
        return self._tools[key]

    def price(self, key: str) -> Price | None:
        """What Wiro says that the tool costs; None while its page could not be read."""
        return self._prices.get(key)

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Read the pages in the background, now and again, until the block ends."""
        reading = asyncio.create_task(self._keep_fresh(), name="tool pages")
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def refresh(self) -> bool:
        """Read every page once; whether all could be had. Never raises on Wiro's account."""
        return all([await self._read(key) for key in self._catalogue])

    async def _keep_fresh(self) -> None:
        while True:
            pause_s = FRESH_FOR_S if await self.refresh() else RETRY_AFTER_S
            await self._clock.sleep(pause_s * self._rng.uniform(1 - JITTER, 1 + JITTER))

    async def _read(self, key: str) -> bool:
        try:
            tool = self._catalogue[key]
            page = await self._wiro.tool(tool.slug_owner, tool.slug_project)
            self._follow(key, page)
        except WiroError as error:
            if key not in self._out_of_reach:
                log.warning("a tool's page cannot be had", tool=key, why=error.message)
        except Exception:  # the border of a background task: the bot can do without the page
            if key not in self._out_of_reach:
                log.exception("a tool's page cannot be used", tool=key, reference=reference_id())
        else:
            if key in self._out_of_reach:
                log.info("a tool's page can be had again", tool=key)
            self._out_of_reach.discard(key)
            return True
        self._out_of_reach.add(key)
        return False

    def _follow(self, key: str, page: ToolPage) -> None:
        found = narrowed(self._catalogue[key], page)
        if found.ignored != self._ignored.get(key, ()):
            log.warning("a tool's page was not followed in all", tool=key, ignored=found.ignored)
        self._ignored[key] = found.ignored
        self._tools[key] = found.tool
        self._prices[key] = _price(page)


def _price(page: ToolPage) -> Price:
    """The page's prices in the estimate's terms: dollars, under Wiro's own names."""
    return Price(
        dynamic_price=[
            {
                "inputs": rule.inputs,
                "price": _usd(rule.price_nano_usd),
                "priceMethod": rule.method or "cpr",
                "priceExtra": _usd(rule.extra_nano_usd),
            }
            for rule in page.prices
        ],
        usd_per_s=_usd(page.cps_nano_usd),
        approximate_usd=_usd(page.approximate_cost_nano_usd),
    )


def _usd(nano_usd: int | None) -> Decimal | None:
    return None if nano_usd is None else Decimal(nano_usd) / NANO_PER_USD
