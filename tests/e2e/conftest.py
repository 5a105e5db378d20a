"""A house for each end-to-end test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The sandbox with the real bot in it; Wiro works forty times as fast as the real one."""
    async with open_house(tmp_path) as opened:
        yield opened
