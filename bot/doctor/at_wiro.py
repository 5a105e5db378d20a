"""What the doctor asks Wiro: one signed call that changes nothing, and whether the event socket opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from bot.doctor.findings import Finding, good, note, wrong
from bot.wiro import WiroClient
from bot.wiro.errors import AuthError, NotFound, RateLimited, ServiceUnavailable, WiroError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.clock import Clock
    from bot.settings import Settings

CALL_TIMEOUT_S = 8.0


@dataclass
class WiroExamination:
    """Asks Wiro about the key, the signature and the socket.

    Attributes:
        clock_skew_s: Seconds that Wiro's clock is ahead of ours; None before it answered.
    """

    session: aiohttp.ClientSession
    settings: Settings
    clock: Clock
    clock_skew_s: float | None = None

    async def findings(self) -> AsyncIterator[Finding]:
        """A line for each thing."""
        yield await self._key()
        yield await self._socket()

    async def _key(self) -> Finding:
        secret = self.settings.wiro_api_secret
        client = WiroClient(
            self.session,
            api_url=self.settings.wiro_api_url,
            api_key=self.settings.wiro_api_key.get_secret_value(),
            api_secret=secret.get_secret_value() if secret else None,
            clock=self.clock,
            timeout_s=CALL_TIMEOUT_S,
        )
        try:
            await client.check()
        except WiroError as error:
            return wrong("Wiro key", f"a call failed: {error.message}", _mend(error, signed=bool(secret)))
        finally:
            self.clock_skew_s = client.clock_skew_s
        return good(
            "Wiro key", "a signed call was accepted" if secret else "a call with the key alone was accepted"
        )

    async def _socket(self) -> Finding:
        url = self.settings.wiro_socket_url
        if not url:
            return note("Wiro socket", "turned off: tasks are followed by polling, which shows results later")
        try:
            async with self.session.ws_connect(url):
                return good("Wiro socket", "it opens")
        except aiohttp.ClientError as error:
            return wrong(
                "Wiro socket",
                f"it does not open ({type(error).__name__})",
                "Look at WIRO_SOCKET_URL and the firewall, or leave it empty to poll instead.",
            )


def _mend(error: WiroError, *, signed: bool) -> str:
    match error:
        case AuthError() if signed:
            return "Copy WIRO_API_KEY and WIRO_API_SECRET again from the project at Wiro."
        case AuthError():
            return (
                "Copy WIRO_API_KEY again; a project with signature authentication needs WIRO_API_SECRET too."
            )
        case RateLimited() | ServiceUnavailable() | NotFound():
            return "Look at WIRO_API_URL and the network, then try again."
    return "Look at the project at Wiro."
