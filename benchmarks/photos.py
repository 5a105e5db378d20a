"""How long fifty 12-megapixel photos take to be checked by two workers, and what the loop and memory feel."""

from __future__ import annotations

import asyncio
import io
import random
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
from PIL import Image, ImageFilter

from benchmarks.table import Figure
from bot.media.photos import CheckedPhoto, check_photo

PHOTOS, KINDS, WORKERS = 50, 5, 2
TICK_S = 0.005


def a_photo(seed: int) -> bytes:
    """12 megapixels of soft and sharp parts, about as heavy as a phone's."""
    rng = random.Random(seed)
    small = Image.frombytes("RGB", (200, 150), rng.randbytes(200 * 150 * 3))
    large = small.resize((4000, 3000), Image.Resampling.BICUBIC).filter(ImageFilter.SHARPEN)
    out = io.BytesIO()
    large.save(out, "JPEG", quality=92)
    return out.getvalue()


async def measure() -> list[Figure]:
    """Seconds for all, the loop's worst lateness, and megabytes above idle."""
    photos = [a_photo(seed) for seed in range(KINDS)]
    process, idle, most, late_s = psutil.Process(), psutil.Process().memory_info().rss, 0, 0.0
    running = True

    async def watch() -> None:
        nonlocal most, late_s
        while running:
            began_s = time.perf_counter()
            await asyncio.sleep(TICK_S)
            late_s = max(late_s, time.perf_counter() - began_s - TICK_S)
            most = max(most, process.memory_info().rss)

    watching = asyncio.create_task(watch())
    loop, began_s = asyncio.get_running_loop(), time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [loop.run_in_executor(pool, check_photo, photos[number % KINDS]) for number in range(PHOTOS)]
        found = await asyncio.gather(*jobs)
    took_s = time.perf_counter() - began_s
    running = False
    await watching
    assert all(isinstance(each, CheckedPhoto) for each in found)
    return [
        Figure("fifty 12-megapixel photos checked", took_s, "s", 30),
        Figure("the loop's worst lateness meanwhile", late_s * 1000, "ms", 100),
        Figure("memory above idle", (most - idle) / 1024**2, "MB", 300),
    ]
