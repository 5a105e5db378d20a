"""What the doctor asks Discord: plain requests with the token, so that no session is used up."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.doctor.findings import Finding, good, note, wrong

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.clock import Clock
    from bot.settings import Settings

PERMISSIONS = 343597501440
"""View, Send (in Threads too), Create Private Threads, Embed Links, Attach Files, Read Message History."""
INVITATION = "https://discord.com/oauth2/authorize?client_id={id}&scope=bot+applications.commands&permissions={permissions}"

_HEADERS = {"User-Agent": "DiscordBot (https://atelier.invalid, 0.1)"}
_HELLO = 10


@dataclass
class DiscordExamination:
    """Asks Discord about the token, the application and the gateway.

    Attributes:
        clock_skew_s: Seconds that Discord's clock is ahead of ours; None before it answered.
    """

    session: aiohttp.ClientSession
    settings: Settings
    clock: Clock
    clock_skew_s: float | None = None

    async def findings(self) -> AsyncIterator[Finding]:
        """A line for each thing, and no more of them once the token turns out to be bad."""
        status, me = await self._get("/users/@me")
        if status != 200 or "id" not in me:
            yield self._token_refused(status)
            return
        yield good("Discord token", f"it is {me.get('username', '?')} ({me.get('id', '?')})")
        status, application = await self._get("/applications/@me")
        if status == 200:
            for finding in about_application(application):
                yield finding
        else:
            yield wrong("Discord application", f"Discord answered {status}", "Try again later.")
        yield await self._gateway()

    def _token_refused(self, status: int) -> Finding:
        if status == 401:
            return wrong(
                "Discord token",
                "Discord does not know it",
                "In the Developer Portal use Bot, Reset Token, and put the new one into DISCORD_TOKEN.",
            )
        if status in {200, 404}:
            return wrong("Discord token", "Discord's API is not at that address", "Look at DISCORD_API_URL.")
        return wrong(
            "Discord token", f"Discord answered {status}", "Look at DISCORD_API_URL, then try again later."
        )

    async def _gateway(self) -> Finding:
        url = f"{self.settings.discord_gateway_url}?v=10&encoding=json"
        try:
            async with self.session.ws_connect(url, headers=_HEADERS) as socket:
                hello = await socket.receive_json()
        except (aiohttp.ClientError, TypeError, ValueError) as error:
            return wrong(
                "Discord gateway",
                f"it cannot be reached ({type(error).__name__})",
                "Look at DISCORD_GATEWAY_URL.",
            )
        if hello.get("op") != _HELLO:
            return wrong("Discord gateway", "something else answers there", "Look at DISCORD_GATEWAY_URL.")
        return good("Discord gateway", "it says hello")

    async def _get(self, path: str) -> tuple[int, dict[str, Any]]:
        token = self.settings.discord_token.get_secret_value()
        async with self.session.get(
            self.settings.discord_api_url + path, headers={**_HEADERS, "Authorization": f"Bot {token}"}
        ) as response:
            if "Date" in response.headers:
                theirs = parsedate_to_datetime(response.headers["Date"])
                self.clock_skew_s = (theirs - self.clock.now()).total_seconds()
            try:
                body = await response.json(content_type=None)
            except ValueError:  # a web page, or nothing
                body = None
            return response.status, body if isinstance(body, dict) else {}


def about_application(application: dict[str, Any]) -> list[Finding]:
    """What the application's own settings mean for the bot, and how it is invited."""
    found = [
        good("Discord application", f"{application.get('name', '?')} ({application.get('id', '?')})"),
        good("Discord intents", "no privileged one is needed"),
    ]
    if application.get("interactions_endpoint_url"):
        found.append(
            wrong(
                "Discord interactions",
                "they are sent to an address, so the bot never sees a command",
                "In the Developer Portal empty General Information, Interactions Endpoint URL.",
            )
        )
    if application.get("bot_require_code_grant"):
        found.append(
            wrong(
                "Discord invitation",
                "the invitation would fail, because a code grant is required",
                "In the Developer Portal turn off Bot, Requires OAuth2 Code Grant.",
            )
        )
    address = INVITATION.format(id=application.get("id", ""), permissions=PERMISSIONS)
    return [*found, note("Discord invitation", address)]
