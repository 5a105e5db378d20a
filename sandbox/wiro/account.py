"""The account behind the key: its balance, and how many tasks that lets it run at once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.wiro import refusals

if TYPE_CHECKING:
    from sandbox.wiro.tools import Tool

_UNLIMITED_ABOVE_USD = Decimal(250)


@dataclass(slots=True)
class Account:
    """Money, and a limit that is reckoned from it unless `max_concurrent` sets one."""

    balance_usd: Decimal
    max_concurrent: int | None = None

    @property
    def limit(self) -> int | None:
        """Tasks at once, from the queue to the end; None is as many as wanted."""
        if self.max_concurrent is not None:
            return self.max_concurrent
        if self.balance_usd > _UNLIMITED_ABOVE_USD:
            return None
        return max(1, int(self.balance_usd / 10))

    def check(self, tool: Tool, active: int) -> None:
        """Return when one more task of that tool may start beside `active` ones.

        Raises:
            Refusal: Code 97, the balance is too small; code 96, too many are active.
        """
        if self.balance_usd < tool.minimum_balance_usd:
            raise refusals.insufficient_balance()
        if self.limit is not None and active >= self.limit:
            raise refusals.concurrency_limit(self.balance_usd, self.limit)
