"""Who may talk to the sandbox: programs on this machine, and a browser on it that shows the sandbox page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Files that somebody uploaded are looked at, never run: not even when they are opened in a tab of their own.
_FILE_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
_FILE_PATHS = ("/cdn/", "/wiro/cdn/")


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer 403 to another machine's name for this one, and to pages of other origins.

    The first stops a web site that makes its name point here (DNS rebinding), the second one that calls here
    directly. What changes things by a browser's hand must say where it comes from; programs use the APIs.
    """
    host = request.headers.get("Host", "")
    if not _is_loopback(host):
        raise web.HTTPForbidden(text="The sandbox answers to 127.0.0.1 and localhost only.")
    origin = request.headers.get("Origin")
    if origin is None and _is_control(request):
        raise web.HTTPForbidden(text="The Origin header is missing.")
    if origin is not None and origin != f"http://{host}":
        raise web.HTTPForbidden(text="That page is not the sandbox's own.")
    return await handler(request)


async def seal(request: web.Request, response: web.StreamResponse) -> None:
    """Adds the headers that keep a browser from loading or running anything else (a signal of aiohttp)."""
    is_file = request.path.startswith(_FILE_PATHS)
    response.headers.setdefault("Content-Security-Policy", _FILE_POLICY if is_file else _PAGE_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")


def _is_loopback(host: str) -> bool:
    try:
        return URL(f"http://{host}").host in LOOPBACK_NAMES
    except ValueError:
        return False


def _is_control(request: web.Request) -> bool:
    changes = request.method not in {"GET", "HEAD"} or request.path == "/sandbox/ws"
    return changes and request.path.startswith("/sandbox/")
