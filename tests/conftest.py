"""Fixtures that every test may ask for. Warnings are errors by pyproject's `filterwarnings`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from bot.clock import SystemClock
from bot.store import migrate
from tests.support.clock import ManualClock
from tests.support.postgres import NoServerError, fresh_database, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A busy machine is no fault of the code under test.
settings.register_profile("atelier", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("atelier")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--faults`: the fault suite whole; without it the suite has its short form alone."""
    parser.addoption("--faults", action="store_true", help="run tests/faults whole, which takes long")
    parser.addoption(
        "--replay", metavar="FILE", help="a play that failed, from build/plays, in place of drawn ones"
    )


@pytest.fixture
def clock() -> ManualClock:
    """Virtual time that stands still until the test advances it."""
    return ManualClock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("migrated") / "atelier.db"
    migrate.upgrade(f"sqlite:///{path}", SystemClock())
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of a PostgreSQL server's maintenance database; one server a run (and xdist worker)."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running_server())
        except NoServerError as error:
            pytest.skip(str(error))
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """Address of a new, empty database, dropped after the test. Mark the test `postgres`."""
    with fresh_database(postgres_url) as url:
        yield url
