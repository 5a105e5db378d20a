"""Only this machine, and in a browser only the sandbox's own page, may talk to the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiohttp import ClientSession, WSServerHandshakeError

from tests.sandbox.page.conftest import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.sandbox.page.conftest import Ground


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Ground]:
    async with served() as ground:
        yield ground


@pytest_asyncio.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def test_page_has_a_policy_that_lets_nothing_else_in(place: Ground, http: ClientSession) -> None:
    async with http.get(place.url) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_uploaded_files_cannot_run_scripts_when_opened(place: Ground, http: ClientSession) -> None:
    async with http.get(f"{place.url}/cdn/attachments/1/2/page.html") as answer:
        assert answer.headers["Content-Security-Policy"].endswith("; sandbox")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "evil.example:80", "[bad"]
)
async def test_another_name_for_this_machine_is_refused(
    place: Ground, http: ClientSession, host: str
) -> None:
    """A web site whose name was made to point here sends its own name."""
    async with http.get(place.url, headers={"Host": host}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_loopback_names_are_served(place: Ground, http: ClientSession, host: str) -> None:
    port = place.url.rsplit(":", 1)[1]
    async with http.get(place.url, headers={"Host": f"{host}:{port}"}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/sandbox/lever", "/sandbox/files"])
@pytest.mark.parametrize("origin", [None, "https://evil.example", "http://127.0.0.1:1", "null"])
async def test_control_needs_the_pages_own_origin(
    place: Ground, http: ClientSession, path: str, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    async with http.post(place.url + path, data=b"{}", headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_socket_needs_the_pages_own_origin(
    place: Ground, http: ClientSession, origin: str | None
) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await http.ws_connect(f"{place.url}/sandbox/ws?as=mira", origin=origin)
    assert refused.value.status == 403


async def test_socket_opens_for_the_page(place: Ground, http: ClientSession) -> None:
    async with http.ws_connect(f"{place.url}/sandbox/ws?as=mira", origin=place.url) as socket:
        ready = await socket.receive_json(timeout=5)
        assert ready["t"] == "READY"
        assert ready["d"]["me"]["global_name"] == "Mira"


async def test_levers_can_be_pulled_over_http(place: Ground, http: ClientSession) -> None:
    order = {"lever": "speed", "value": 7}
    async with http.post(f"{place.url}/sandbox/lever", json=order, headers={"Origin": place.url}) as answer:
        assert answer.status == 200
    assert place.wiro.speed == 7
    async with http.get(f"{place.url}/sandbox/state") as answer:
        assert (await answer.json())["wiro"]["speed"] == 7


@pytest.mark.parametrize(
    "order",
    [{"lever": "speed", "value": -1}, {"lever": "none"}, {"lever": "bot", "value": "start"}, {}, [], "x"],
)
async def test_unknown_levers_are_refused(place: Ground, http: ClientSession, order: object) -> None:
    async with http.post(f"{place.url}/sandbox/lever", json=order, headers={"Origin": place.url}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    "path", ["/package.json", "/../server.py", "/static/main.js", "/nothing.js", "/.npmrc"]
)
async def test_only_the_pages_files_are_served(place: Ground, http: ClientSession, path: str) -> None:
    async with http.get(place.url + path) as answer:
        assert answer.status == 404
