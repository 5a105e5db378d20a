"""A process that accepts commands: `python -m tests.support.acceptor URL FIRST COUNT SAMPLES AT`.

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

from bot.clock import SystemClock
from bot.errors import RuleRefused
from bot.jobs.acceptance import take_in
from bot.limits import Standing
from bot.model import NewJob
from bot.store.database import Database
from tests.support.limits import instance_of
from tests.support.store import CHANNEL, GUILD, USER

INSTANCE = instance_of(images_per_day=5, concurrent_tasks=20)


async def main(url: str, first: int, count: int, samples: int, at: datetime) -> None:
    """Accept so many commands at once."""
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
            await db.write(partial(take_in, new=new, standing=Standing(), instance=INSTANCE, now=at))
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
    url, *numbers, at = sys.argv[1:]
    first, count, samples = map(int, numbers)
    asyncio.run(main(url, first, count, samples, datetime.fromisoformat(at)))
