"""Caps of money that are nearly reached, or reached: servers read it in their log channel."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.limits import NANO_PER_USD
from bot.log import get_logger
from bot.model import MoneyScope
from bot.quota.windows import day_window, month_window
from bot.store import purses
from bot.store.database import Lane

if TYPE_CHECKING:
    from bot.clock import Clock
    from bot.quota.rules import Instance
    from bot.store.database import Database

log = get_logger(__name__)

REMEMBERED = timedelta(days=70)
"""Longer than the longest window."""


class Purses:
    """Looks at the caps of the servers and of the instance."""

    def __init__(self, db: Database, clock: Clock, instance: Instance) -> None:
        self._db = db
        self._clock = clock
        self._instance = instance

    async def look(self) -> None:
        """Tell every mark that was passed since the last look, once in its window."""
        now = self._clock.now()
        day, month = day_window(now), month_window(now)
        caps = (
            (day, self._instance.budget_nano_usd_per_day),
            (month, self._instance.budget_nano_usd_per_month),
        )
        marks = await self._db.read(partial(purses.due, day=day, month=month, instance=caps))
        for mark in marks:
            is_new = await self._db.write(partial(purses.tell, mark=mark, now=now), lane=Lane.BACKGROUND)
            if is_new and mark.scope is MoneyScope.INSTANCE:
                log.warning(
                    "the instance's money is nearly gone"
                    if mark.percent < purses.ALL
                    else "no money is left",
                    window=mark.window,
                    percent=mark.percent,
                    used_usd=round(mark.used / NANO_PER_USD, 4),
                    cap_usd=round(mark.cap / NANO_PER_USD, 4),
                )

    async def forget(self) -> None:
        """Forget what was told long ago."""
        before = self._clock.now() - REMEMBERED
        await self._db.write(partial(purses.forget, before=before), lane=Lane.BACKGROUND)
