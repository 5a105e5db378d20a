from __future__ import annotations

from typing import TYPE_CHECKING

from bot.web.limits import Limiter, Rate

if TYPE_CHECKING:
    from tests.support.clock import ManualClock


async def test_bucket_fills_again_at_its_rate_and_never_over_its_brim(clock: ManualClock) -> None:
    limiter = Limiter(Rate(burst=3, per_s=2), clock)
    assert [limiter.allows("a") for _ in range(4)] == [True, True, True, False]
    await clock.advance(0.5)
    assert [limiter.allows("a") for _ in range(2)] == [True, False]
    await clock.advance(3600)
    assert [limiter.allows("a") for _ in range(4)] == [True, True, True, False]


def test_keys_are_forgotten_oldest_first_so_memory_is_bounded(clock: ManualClock) -> None:
    limiter = Limiter(Rate(burst=1, per_s=0), clock, max_keys=2)
    assert limiter.allows("a")
    assert limiter.allows("b")
    assert not limiter.allows("a")
    assert limiter.allows("c")
    assert not limiter.allows("a")
    assert limiter.allows("b")
