from __future__ import annotations

import asyncio

from tests.faults.sim.life import new_loop
from tests.faults.sim.soak import soak


def test_a_busy_bot_keeps_its_promises_through_every_fault(image: bytes) -> None:
    loop = new_loop()
    asyncio.set_event_loop(loop)
    try:
        found = loop.run_until_complete(soak(image, hours=0.1))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert found.broken == []
    assert found.ends["done"] > 10
    assert found.faults.total() > 20
    assert [look.in_hand for look in found.looks] == [0]
