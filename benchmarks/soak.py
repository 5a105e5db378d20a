"""Two hours of a busy bot in which every fault befalls one job in a hundred: memory, and every promise.

The jobs' side and the cards on a virtual clock and a real SQLite, as in the fault suite: it takes minutes.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.table import Figure
from bot.clock import SystemClock
from bot.log import configure
from bot.store import migrate
from tests.faults.sim.disk import image_of
from tests.faults.sim.life import adapt
from tests.faults.sim.soak import soak

HOURS = 2.0
SETTLED_S = 1800.0
"""By then all that is kept for ever has been made."""


async def measure() -> list[Figure]:
    """Let the bot work for two hours of its clock, and look at what it holds and at what it promised."""
    configure("CRITICAL")
    adapt(asyncio.get_running_loop())
    found = await soak(_new_database(), hours=HOURS)
    for line in found.broken:
        print(line, file=sys.stderr)
    settled = next(look for look in found.looks if look.at_s >= SETTLED_S)
    last = found.looks[-1]
    return [
        *(
            Figure(
                f"soak: held by the bot's code after {look.at_s / 60:.0f} min", look.held_bytes / 1e3, "KB"
            )
            for look in found.looks
        ),
        Figure(
            "soak: … grown in the last hour and a half",
            (last.held_bytes - settled.held_bytes) / 1e3,
            "KB",
            500,
        ),
        Figure("soak: asyncio tasks when all is done", last.tasks, ""),
        Figure("soak: jobs accepted", sum(found.ends.values()), ""),
        *(Figure(f"soak: … {state}", number, "") for state, number in sorted(found.ends.items())),
        Figure("soak: refused", found.refused, ""),
        Figure("soak: faults", sum(found.faults.values()), ""),
        Figure("soak: … kinds of them", len(found.faults), ""),
        Figure("soak: processes started", found.lives, ""),
        Figure("soak: promises broken", len(found.broken), "", 0),
    ]


def _new_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "atelier.db"
        migrate.upgrade(f"sqlite:///{file}", SystemClock())
        return image_of(file)
