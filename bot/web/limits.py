"""How often something may happen: a bucket for each key, but never more than a few thousand of them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` at once, and `per_s` a second after that."""

    burst: float
    per_s: float


class Limiter:
    """Says for each key whether it may happen once more now."""

    def __init__(self, rate: Rate, clock: Clock, *, max_keys: int = 4096) -> None:
        self._rate = rate
        self._clock = clock
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: (left, as of)

    def allows(self, key: str = "") -> bool:
        """Take one from the key's bucket; False when it is empty."""
        now_s = self._clock.monotonic_s()
        left, as_of_s = self._buckets.pop(key, (self._rate.burst, now_s))
        left = min(self._rate.burst, left + (now_s - as_of_s) * self._rate.per_s)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now_s)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)  # the longest unused: the fullest of them
        return allowed
