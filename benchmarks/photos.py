"""How long fifty 12-megapixel photos take on their way into a draft, and what the loop and memory feel."""

from __future__ import annotations

import asyncio
import io
import random
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil
from PIL import Image, ImageFilter

from benchmarks.table import Figure
from bot.clock import SystemClock
from bot.jobs.intake import Given, Intake, Refusal
from bot.media.photos import Verdict
from bot.store import drafts, migrate
from bot.store.database import Database
from bot.store.photofiles import PhotoFiles
from bot.training import Follow

if TYPE_CHECKING:
    from collections.abc import Coroutine

PHOTOS, KINDS = 50, 5
TICK_S = 0.005


def a_photo(seed: int) -> bytes:
    """12 megapixels of soft and sharp parts, about as heavy as a phone's."""
    rng = random.Random(seed)
    small = Image.frombytes("RGB", (200, 150), rng.randbytes(200 * 150 * 3))
    large = small.resize((4000, 3000), Image.Resampling.BICUBIC).filter(ImageFilter.SHARPEN)
    out = io.BytesIO()
    large.save(out, "JPEG", quality=92)
    return out.getvalue()


class Memory:
    """Gives out photos that are there already."""

    def __init__(self) -> None:
        self.photos = [a_photo(seed) for seed in range(KINDS)]

    async def read(self, url: str, *, most_bytes: int) -> bytes:
        """One of them."""
        del most_bytes
        await asyncio.sleep(0)
        return self.photos[int(url)]

    async def save(self, url: str, path: Path, *, most_bytes: int) -> None:
        """There are no archives here."""
        raise NotImplementedError


async def measure() -> list[Figure]:
    """Seconds for all, the loop's worst lateness, and megabytes above idle."""
    source, clock, refused = Memory(), SystemClock(), list[Refusal]()
    given = [
        Given(name=f"{number}.jpg", url=str(number % KINDS), size_bytes=len(source.photos[number % KINDS]))
        for number in range(PHOTOS)
    ]

    def note(refusal: Refusal) -> str:
        refused.append(refusal)
        return ""

    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/atelier.db"
        await asyncio.to_thread(migrate.upgrade, url, clock)
        async with Database.open(url, clock=clock) as db:
            opened = partial(drafts.open_draft, guild_id=1, user_id=2, given={}, suffix="x")
            draft = await db.write(partial(opened, follow=Follow.DM, now=clock.now()))
            intake = Intake(db, PhotoFiles(Path(folder) / "drafts"), source)
            figures = await _watched(intake.take(draft, given, note))
            intake.close()
    # All are looked at to the end; what shows the same as another one is told so then.
    assert [each.why for each in refused] == [Verdict.TWIN] * (PHOTOS - KINDS)
    return figures


async def _watched(work: Coroutine[Any, Any, None]) -> list[Figure]:
    process, idle, most, late_s = psutil.Process(), psutil.Process().memory_info().rss, 0, 0.0
    running = True

    async def watch() -> None:
        nonlocal most, late_s
        while running:
            began_s = time.perf_counter()
            await asyncio.sleep(TICK_S)
            late_s = max(late_s, time.perf_counter() - began_s - TICK_S)
            most = max(most, process.memory_info().rss)

    watching, began_s = asyncio.create_task(watch()), time.perf_counter()
    await work
    took_s = time.perf_counter() - began_s
    running = False
    await watching
    return [
        Figure("fifty 12-megapixel photos into a draft", took_s, "s", 30),
        Figure("the loop's worst lateness meanwhile", late_s * 1000, "ms", 100),
        Figure("memory above idle", (most - idle) / 1024**2, "MB", 300),
    ]
