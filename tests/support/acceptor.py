"""A process that accepts commands: `python -m tests.support.acceptor URL FIRST COUNT SAMPLES AT_ONCE AT`.

All are of one member. It says "ready" when it is connected, starts when a line comes in, and tells in JSON
how many were accepted and how many each rule refused.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.errors import RuleRefused
from bot.jobs.acceptance import take_in
from bot.limits import Standing
from bot.model import NewJob
from bot.store.database import Database
from tests.support.limits import instance_of
from tests.support.store import CHANNEL, GUILD, USER

if TYPE_CHECKING:
    from collections.abc import Sequence


async def main(url: str, numbers: Sequence[int], at: datetime) -> None:
    """Accept so many commands at once."""
    first, count, samples, at_once = numbers
    instance = instance_of(images_per_day=5, concurrent_tasks=at_once)
    heard: Counter[str] = Counter()

    async def accept(number: int) -> None:
        new = NewJob(
            code=f"N{number:05d}",
            interaction_id=number,
            guild_id=GUILD,
            channel_id=CHANNEL,
            user_id=USER,
            tool="portraitplus",
            inputs={"prompt": "a red fox", "samples": samples},
            images=samples,
            hook_token=f"hook-{number}",
            estimate_nano_usd=1_000,
        )
        try:
            await db.write(partial(take_in, new=new, standing=Standing(), instance=instance, now=at))
        except RuleRefused as refusal:
            heard[refusal.rule.value] += 1
        else:
            heard["accepted"] += 1

    async with Database.open(url, clock=SystemClock()) as db:
        await db.ping()
        tell("ready")
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(accept(first + number) for number in range(count)))
    tell(json.dumps(heard))


def tell(line: str) -> None:
    """Say a line to the parent."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    address, *given, moment = sys.argv[1:]
    asyncio.run(main(address, [int(each) for each in given], datetime.fromisoformat(moment)))
