"""The HTTP server of the operator's port."""

from __future__ import annotations

import asyncio
import errno
import inspect
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from bot.errors import SettingsError, StoreError
from bot.log import get_logger
from bot.web.hooks import MAX_BODY_BYTES, WiroHook
from bot.web.photos import PhotoArchives

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from bot.clock import Clock
    from bot.model import JobState
    from bot.web.metrics import Metrics

    Probe = Callable[[], bool | Awaitable[bool]]

log = get_logger(__name__)

PROBE_TIMEOUT_S = 2.0
SAMPLE_EVERY_S = 0.25
SHUTDOWN_S = 1.0
"""How long requests in hand are waited for at the end."""


class OperatorPort:
    """Health, readiness, metrics, and Wiro's hook and photos, on one port while the `async with` block lasts.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        clock: Time.
        metrics: What `/metrics` shows.
        probes: Named questions that must all be answered with yes for `/readyz` to say 200.
        on_hint: Told the token of each callback of Wiro; see `WiroHook`.
        count_jobs: Unfinished jobs by state, asked at every scrape.
        find_photos: The archive that is fetched under a token; see `PhotoArchives`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        clock: Clock,
        metrics: Metrics,
        probes: Mapping[str, Probe],
        on_hint: Callable[[str], Awaitable[object]],
        count_jobs: Callable[[], Awaitable[Mapping[JobState, int]]] | None = None,
        find_photos: Callable[[str], Awaitable[Path | None]] | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._metrics = metrics
        self._probes = probes
        self._count_jobs = count_jobs
        self._hook = WiroHook(on_hint, clock, metrics)
        self._photos = None if find_photos is None else PhotoArchives(find_photos, clock)
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        self._sampler: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        addresses = self._runner.addresses
        return int(addresses[0][1]) if addresses else self._port

    async def __aenter__(self) -> Self:
        """Start to listen.

        Raises:
            SettingsError: The address or the port cannot be had.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise SettingsError([_cannot_listen(self._host, self._port, error)]) from error
        self._sampler = asyncio.create_task(self._sample_loop_lag(), name="event loop lag")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._sampler is not None:
            self._sampler.cancel()
            with suppress(asyncio.CancelledError):
                await self._sampler
        await self._hook.close()
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._show_metrics)
        app.router.add_post("/hooks/wiro/{token}", self._hook.handle)
        if self._photos is not None:
            app.router.add_get("/photos/{token}.zip", self._photos.handle)
        app.on_response_prepare.append(_say_little)
        return app

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        answers = await asyncio.gather(*(self._ask(name, probe) for name, probe in self._probes.items()))
        parts = dict(zip(self._probes, answers, strict=True))
        ready = all(answers)
        return web.json_response({"ready": ready, "parts": parts}, status=200 if ready else 503)

    async def _ask(self, name: str, probe: Probe) -> bool:
        try:
            async with self._clock.timeout(PROBE_TIMEOUT_S):
                answer = probe()
                return bool(await answer if inspect.isawaitable(answer) else answer)
        except Exception as error:  # noqa: BLE001 -- a border: whatever it is, that part is not ready
            log.warning("not ready", part=name, error=error)
            return False

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        if self._count_jobs is not None:
            with suppress(StoreError, TimeoutError):  # the other figures are worth having without these
                async with self._clock.timeout(PROBE_TIMEOUT_S):
                    self._metrics.set_jobs(await self._count_jobs())
        return web.Response(
            body=self._metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    async def _sample_loop_lag(self) -> None:
        while True:
            begun_s = self._clock.monotonic_s()
            await self._clock.sleep(SAMPLE_EVERY_S)
            self._metrics.loop_was_late(self._clock.monotonic_s() - begun_s - SAMPLE_EVERY_S)


async def _say_little(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "atelier"
    response.headers["Cache-Control"] = "no-store"


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"HTTP_PORT is {port}, and another program listens there. It must be a free one. "
            f"Example: HTTP_PORT={port + 1}"
        )
    if error.errno == errno.EACCES:
        return (
            f"HTTP_PORT is {port}, which this user may not open. It must be 1024 or more. "
            "Example: HTTP_PORT=8081"
        )
    return f'HTTP_HOST is "{host}", which is no address of this machine. Example: HTTP_HOST=127.0.0.1'
