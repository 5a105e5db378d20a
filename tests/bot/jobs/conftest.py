from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bot.clock import SystemClock
from bot.store import migrate
from tests.support.workshop import Rig, open_rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.clock import ManualClock


@pytest.fixture
async def rig(migrated_file: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Rig]:
    """The jobs' side on a new database, nothing running yet."""
    shutil.copy(migrated_file, tmp_path / "atelier.db")
    async with open_rig(f"sqlite:///{tmp_path}/atelier.db", tmp_path, clock) as made:
        yield made


@pytest.fixture
async def shared_rig(postgres_database: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Rig]:
    """The same on PostgreSQL, where several processes may work."""
    import asyncio

    await asyncio.to_thread(migrate.upgrade, postgres_database, SystemClock())
    async with open_rig(postgres_database, tmp_path, clock) as made:
        yield made
