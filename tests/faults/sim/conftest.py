from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.sim.disk import image_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def image(migrated_file: Path) -> bytes:
    """A new, migrated database."""
    return image_of(migrated_file)
