"""Sending the first answer to an interaction, Discord's callback, so that a passing fault does not cost it.

Discord waits three seconds. discord.py gives up at once when the connection is cut and at a 429 without
`Via`, waits a whole second after a 5xx, and takes the refusal of its own repeat (40060) for a failure,
although it proves that the attempt before was taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import orjson
from discord.http import json_or_text
from discord.webhook.async_ import AsyncWebhookAdapter

from bot.log import get_logger
from bot.ui.answers import ALREADY_ANSWERED

if TYPE_CHECKING:
    from discord.http import Route

    from bot.clock import Clock

log = get_logger(__name__)

WITHIN_S = 3.0
"""No repeat is begun later: Discord has given up by then."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 0.8
ATTEMPT_TIMEOUT_S = 10.0
"""A callback that is slow may still be taken; longer than this nobody waits for the answer."""


class Callbacks(AsyncWebhookAdapter):
    """discord.py's way to its webhook routes, with a way of its own for callbacks.

    A callback may be repeated safely: Discord takes the first one and refuses all others.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # discord.py's own has no types
        self._clock = clock

    async def request(
        self,
        route: Route,
        session: aiohttp.ClientSession,
        *,
        payload: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """What Discord answered, as JSON.

        Raises:
            discord.HTTPException: Discord refused, or had faults until the time was up.
            aiohttp.ClientError, OSError: It could not be reached; a callback may have been taken.
        """
        if payload is None or not route.path.endswith("/callback"):
            return await super().request(route, session, payload=payload, **options)
        asked = {name: options.get(name) for name in ("params", "proxy", "proxy_auth")}
        return await self._call_back(route, session, payload, asked)

    async def _call_back(
        self, route: Route, session: aiohttp.ClientSession, payload: dict[str, Any], asked: dict[str, Any]
    ) -> Any:
        ends_s = self._clock.monotonic_s() + WITHIN_S
        pause_s, was_lost = FIRST_PAUSE_S, False
        while True:
            fault: Exception
            wait_s = pause_s
            try:
                response, data = await self._send(route, session, payload, asked)
            except (aiohttp.ClientError, OSError) as error:
                fault, was_lost = error, True
            else:
                if response.status < 300:
                    return data if isinstance(data, dict) else _taken(route)
                fault = _fault_of(response, data)
                if was_lost and fault.code == ALREADY_ANSWERED:
                    return _taken(route)
                if response.status == 429:
                    wait_s = _retry_after_s(response, data)
                elif response.status < 500:
                    raise fault
                else:
                    was_lost = True
            if self._clock.monotonic_s() + wait_s >= ends_s:
                raise fault
            log.info("a callback is sent again", because=type(fault).__name__)
            await self._clock.sleep(wait_s)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    async def _send(
        self, route: Route, session: aiohttp.ClientSession, payload: dict[str, Any], asked: dict[str, Any]
    ) -> tuple[aiohttp.ClientResponse, Any]:
        body = aiohttp.BytesPayload(orjson.dumps(payload), content_type="application/json")
        async with (
            self._clock.timeout(ATTEMPT_TIMEOUT_S),
            session.request(route.method, route.url, data=body, **asked) as response,
        ):
            return response, await json_or_text(response)


def _taken(route: Route) -> dict[str, Any]:
    """The least that Discord says of a callback that it took; what the message is, `@original` tells."""
    return {"interaction": {"id": str(route.webhook_id)}}


def _fault_of(response: aiohttp.ClientResponse, data: Any) -> discord.HTTPException:
    kinds = {403: discord.Forbidden, 404: discord.NotFound}
    kind = discord.DiscordServerError if response.status >= 500 else kinds.get(response.status)
    return (kind or discord.HTTPException)(response, data)


def _retry_after_s(response: aiohttp.ClientResponse, data: Any) -> float:
    stated = data.get("retry_after") if isinstance(data, dict) else None
    return float(stated if stated is not None else response.headers.get("Retry-After", 1))
