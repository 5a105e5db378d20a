from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeAlias

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from bot.wiro import RetryPolicy, WiroClient
from tests.bot.wiro.fake import FakeWiro

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.clock import ManualClock

Calls: TypeAlias = list[tuple[str, str]]
"""Path and result of every attempt."""

KEY, SECRET = "the-api-key", "the-api-secret"

AT_ONCE = RetryPolicy(base_s=0.001, cap_s=0.004)
"""Wiro's own retries, but nearly without the waits, which are stamina's and real."""


@pytest.fixture
def wiro() -> FakeWiro:
    return FakeWiro()


@pytest.fixture
async def server(wiro: FakeWiro) -> AsyncIterator[TestServer]:
    server = TestServer(wiro.app())
    async with server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def calls() -> Calls:
    """Path and result of every attempt."""
    return []


@pytest.fixture
def client(
    server: TestServer, session: aiohttp.ClientSession, clock: ManualClock, calls: Calls
) -> WiroClient:
    return WiroClient(
        session,
        api_url=str(server.make_url("/v1")),
        api_key=KEY,
        api_secret=SECRET,
        clock=clock,
        retry=AT_ONCE,
        rng=random.Random(1),
        on_call=lambda path, result, _: calls.append((path, result)),
    )
