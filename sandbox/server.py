"""The whole sandbox on one loopback port: Discord, Wiro and the page."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Self

from aiohttp import web

from sandbox.clock import SandboxClock
from sandbox.discord import DiscordStandIn, Limits
from sandbox.page import Page, guard, seal
from sandbox.wiro import WiroStandIn

if TYPE_CHECKING:
    from decimal import Decimal

_WIRO_KEY, _WIRO_SECRET = "sandbox-key", "sandbox-secret"  # they open nothing but the stand-in
_LARGEST_REQUEST_BYTES = 64 * 1024 * 1024  # above every limit that the stand-ins enforce themselves
_SHUTDOWN_S = 2.0


class Sandbox:
    """Stand-ins for Discord and Wiro and the page, served while the context is entered.

    Args:
        host: A loopback address: the sandbox has no passwords, so it is never served to other machines.
        port: 0 takes a free one; see `url`.
        clock: The sandbox's time, which both stand-ins follow.
        limits: Discord's sizes and times, where a test wants others.
        speed: How fast Wiro's workers are; 1 is about 10 s for a portrait.
        seed: The same seed gives the same Wiro ids and durations.
        balance_usd: Wiro's balance, from which the limit of tasks at once follows.
        max_concurrent: Wiro's limit of tasks at once, instead of the balance's.

    Raises:
        ValueError: The host is not a loopback address.
        OSError: The port is taken (on entering).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: SandboxClock | None = None,
        limits: Limits | None = None,
        speed: float = 1.0,
        seed: int = 0,
        balance_usd: Decimal | float = 100,
        max_concurrent: int | None = None,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"The sandbox is served on this machine only; {host} is not a loopback address.")
        self.clock = clock or SandboxClock()
        self.discord = DiscordStandIn(self.clock, limits=limits)
        self.wiro = WiroStandIn(
            api_key=_WIRO_KEY,
            api_secret=_WIRO_SECRET,
            speed=speed,
            seed=seed,
            balance_usd=balance_usd,
            max_concurrent=max_concurrent,
            clock=self.clock,
        )
        self.page = Page(self.discord, self.wiro)
        self.url = ""
        """`http://127.0.0.1:port` without a slash at its end; "" before the sandbox is entered."""
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[guard], client_max_size=_LARGEST_REQUEST_BYTES)
        app.on_response_prepare.append(seal)
        app.add_routes([*self.discord.routes(), *self.wiro.routes(), *self.page.routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        address = runner.addresses[0]
        name = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.url = f"http://{name}:{address[1]}"
        self.discord.base_url = self.url
        self.wiro.base_url = self.url
        self.page.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.page.close()
        await self.discord.close()
        await self.wiro.stop()
        if self._runner:
            await self._runner.cleanup()

    def bot_environment(self) -> dict[str, str]:
        """The settings that lead a bot here, as environment variables."""
        sockets = self.url.replace("http", "ws", 1)
        return {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": f"{self.url}/api/v10",
            "DISCORD_GATEWAY_URL": f"{sockets}/gateway/",
            "WIRO_API_KEY": _WIRO_KEY,
            "WIRO_API_SECRET": _WIRO_SECRET,
            "WIRO_API_URL": f"{self.url}/wiro/v1",
            "WIRO_SOCKET_URL": f"{sockets}/wiro/socket/v1",
        }
