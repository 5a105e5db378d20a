"""Discord's message routes for cards: one request a call, and exactly what became of it.

discord.py retries by itself, waits inside a call when a bucket is empty, and gives an answer that was lost
the same face as one that was refused. A card needs to know: sent once or not, done, refused, or unknown. So
these few routes are asked directly; everything else goes through discord.py.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import orjson

from bot.log import get_logger
from bot.ui.layout import components

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from discord import ui

    from bot.clock import Clock
    from bot.model import ResultFile

log = get_logger(__name__)

COMPONENTS_V2 = 1 << 15
USER_AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__})"
"""Discord wants a name and an address; the library's own are true for us."""
MAX_BUCKETS = 4096
PRIVATE_THREAD = 12
THREAD_RESTS_MINUTES = 4320
"""Three days without a word, and Discord puts a thread away."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Discord did it; `body` is its answer."""

    body: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """Discord surely did not do it."""

    status: int
    code: int
    """Discord's own error code; 0 when it gave none."""
    words: str
    retry_after_s: float | None = None
    """Of a 429: when to ask again."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer, or a fault of Discord's: it may or may not have been done."""

    why: str


Answer = Sent | Refused | Lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message as it is to be."""

    view: ui.LayoutView | None = None
    content: str | None = None
    files: Sequence[ResultFile] | None = None
    """Exactly the files that the message is to have, uploaded anew; None leaves them as they are."""
    mention_user_id: int | None = None
    """The only one whom this message may notify."""
    reply_to: int | None = None
    nonce: str | None = None
    """For new messages: within some minutes the same nonce gives the same message."""

    def payload(self) -> dict[str, Any]:
        """The JSON of the message."""
        users = [] if self.mention_user_id is None else [str(self.mention_user_id)]
        allowed: dict[str, Any] = {"parse": [], "users": users, "replied_user": False}
        payload: dict[str, Any] = {"allowed_mentions": allowed}
        if self.view is not None:
            payload["components"] = components(self.view)
            payload["flags"] = COMPONENTS_V2
        if self.content is not None:
            payload["content"] = self.content
        if self.files is not None:
            payload["attachments"] = [
                {"id": str(number), "filename": file.name, "description": file.description}
                for number, file in enumerate(self.files)
            ]
        if self.reply_to is not None:
            payload["message_reference"] = {"message_id": str(self.reply_to), "fail_if_not_exists": False}
        if self.nonce is not None:
            payload["nonce"] = self.nonce
            payload["enforce_nonce"] = True
        return payload

    def body(self) -> aiohttp.BytesPayload | aiohttp.FormData:
        """The body of the request: JSON, or a form when there are files."""
        data = orjson.dumps(self.payload())
        if not self.files:
            return aiohttp.BytesPayload(data, content_type="application/json")
        form = aiohttp.FormData(quote_fields=False)  # Discord does not know "files%5B0%5D"
        form.add_field("payload_json", data.decode(), content_type="application/json")
        for number, file in enumerate(self.files):
            # From a buffer, which aiohttp sends in pieces; raw bytes would be written in one go.
            form.add_field(
                f"files[{number}]", io.BytesIO(file.data), filename=file.name, content_type=file.content_type
            )
        return form


@dataclass(slots=True)
class _Bucket:
    remaining: int = 1
    free_at_s: float = 0.0


@dataclass(slots=True)
class DiscordMessages:
    """Edits, posts and reads messages: one request a call, never repeated; no method raises for Discord."""

    session: aiohttp.ClientSession
    api_url: str
    bot_token: str = field(repr=False)
    clock: Clock
    on_call: Callable[[str, str, float], None] | None = None
    """Told of each call: route, result ("200", "429", "lost"), seconds."""
    application_id: int = 0
    """Set when the gateway has said it; the token routes need it."""
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _all_free_at_s: float = 0.0

    async def edit_original(self, token: str, message: Outgoing, *, timeout_s: float) -> Answer:
        """Edit the answer to an interaction."""
        path = f"/webhooks/{self.application_id}/{token}/messages/@original"
        return await self._ask(
            "PATCH", path, "edit @original", token, message, timeout_s=timeout_s, as_bot=False
        )

    async def original(self, token: str, *, timeout_s: float) -> Answer:
        """Read the answer to an interaction."""
        path = f"/webhooks/{self.application_id}/{token}/messages/@original"
        return await self._ask("GET", path, "read @original", token, None, timeout_s=timeout_s, as_bot=False)

    async def edit(self, channel_id: int, message_id: int, message: Outgoing, *, timeout_s: float) -> Answer:
        """Edit one of the bot's messages."""
        path = f"/channels/{channel_id}/messages/{message_id}"
        return await self._ask("PATCH", path, "edit message", str(channel_id), message, timeout_s=timeout_s)

    async def create(self, channel_id: int, message: Outgoing, *, timeout_s: float) -> Answer:
        """Post a message."""
        path = f"/channels/{channel_id}/messages"
        return await self._ask("POST", path, "create message", str(channel_id), message, timeout_s=timeout_s)

    async def newer_than(self, channel_id: int, message_id: int, *, limit: int, timeout_s: float) -> Answer:
        """Read the messages after one."""
        path = f"/channels/{channel_id}/messages"
        query = {"after": str(message_id), "limit": str(limit)}
        return await self._ask(
            "GET", path, "list messages", str(channel_id), None, timeout_s=timeout_s, query=query
        )

    async def open_dm(self, user_id: int, *, timeout_s: float) -> Answer:
        """Open (or find) the direct channel to a member."""
        return await self._ask(
            "POST", "/users/@me/channels", "open DM", "", {"recipient_id": str(user_id)}, timeout_s=timeout_s
        )

    async def open_thread(self, channel_id: int, name: str, *, timeout_s: float) -> Answer:
        """Open a private thread below a channel; members are not to invite others into it."""
        thread = {
            "name": name,
            "type": PRIVATE_THREAD,
            "invitable": False,
            "auto_archive_duration": THREAD_RESTS_MINUTES,
        }
        path = f"/channels/{channel_id}/threads"
        return await self._ask("POST", path, "open thread", str(channel_id), thread, timeout_s=timeout_s)

    async def threads(self, guild_id: int, *, timeout_s: float) -> Answer:
        """Read a server's open threads, as far as the bot sees them."""
        path = f"/guilds/{guild_id}/threads/active"
        return await self._ask("GET", path, "list threads", str(guild_id), None, timeout_s=timeout_s)

    async def join(self, thread_id: int, user_id: int, *, timeout_s: float) -> Answer:
        """Take a member into a thread; fine when they are in it."""
        path = f"/channels/{thread_id}/thread-members/{user_id}"
        return await self._ask("PUT", path, "join thread", str(thread_id), None, timeout_s=timeout_s)

    async def member(self, guild_id: int, user_id: int, *, timeout_s: float) -> Answer:
        """Read a member of a server."""
        path = f"/guilds/{guild_id}/members/{user_id}"
        return await self._ask("GET", path, "read member", str(guild_id), None, timeout_s=timeout_s)

    def is_short(self, route: str, major: str) -> bool:
        """Whether the next call on that route would spend the bucket's last, or has to wait."""
        now_s = self.clock.monotonic_s()
        bucket = self._buckets.get(f"{route}:{major}")
        if self._all_free_at_s > now_s:
            return True
        return bucket is not None and bucket.remaining <= 1 and bucket.free_at_s > now_s

    def wait_s(self, route: str, major: str) -> float:
        """Seconds until a call on that route may be sent; 0 when now."""
        now_s = self.clock.monotonic_s()
        bucket = self._buckets.get(f"{route}:{major}")
        own_s = bucket.free_at_s - now_s if bucket is not None and bucket.remaining <= 0 else 0.0
        return max(0.0, own_s, self._all_free_at_s - now_s)

    async def _ask(
        self,
        method: str,
        path: str,
        route: str,
        major: str,
        message: Outgoing | Mapping[str, Any] | None,
        *,
        timeout_s: float,
        as_bot: bool = True,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        began_s = self.clock.monotonic_s()
        try:
            async with self.clock.timeout(timeout_s):
                wait_s = self.wait_s(route, major)
                if wait_s > 0:
                    await self.clock.sleep(wait_s)
                answer = await self._send(
                    method, path, f"{route}:{major}", message, as_bot=as_bot, query=query
                )
        except TimeoutError:
            answer = Lost("no answer in time")
        except aiohttp.ClientConnectorError as error:
            answer = Lost(f"no connection: {type(error).__name__}")
        except (aiohttp.ClientError, OSError) as error:
            answer = Lost(type(error).__name__)
        if self.on_call is not None:
            self.on_call(route, _result(answer), self.clock.monotonic_s() - began_s)
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        key: str,
        message: Outgoing | Mapping[str, Any] | None,
        *,
        as_bot: bool,
        query: Mapping[str, str] | None,
    ) -> Answer:
        headers = {"User-Agent": USER_AGENT}
        if as_bot:
            headers["Authorization"] = f"Bot {self.bot_token}"
        data: Any = None
        if isinstance(message, Outgoing):
            data = message.body()
        elif message is not None:
            data = aiohttp.BytesPayload(orjson.dumps(message), content_type="application/json")
        url = f"{self.api_url}{path}"
        async with self.session.request(method, url, data=data, headers=headers, params=query) as response:
            body = _decoded(await response.read())
            self._note(key, response)
            if response.status == 429:
                return self._limited(key, response, body)
            if response.status >= 500:
                return Lost(f"HTTP {response.status}")
            if response.status >= 300:
                details = body if isinstance(body, dict) else {}
                words = str(details.get("message") or response.reason or "")
                return Refused(response.status, int(details.get("code") or 0), words)
            return Sent(body)

    def _note(self, key: str, response: aiohttp.ClientResponse) -> None:
        """Remember what the answer says of its bucket."""
        remaining = response.headers.get("X-RateLimit-Remaining")
        reset_after = response.headers.get("X-RateLimit-Reset-After")
        if remaining is None or reset_after is None:
            return
        if len(self._buckets) >= MAX_BUCKETS:
            now_s = self.clock.monotonic_s()
            self._buckets = {name: each for name, each in self._buckets.items() if each.free_at_s > now_s}
        bucket = self._buckets.setdefault(key, _Bucket())
        bucket.remaining = int(remaining)
        bucket.free_at_s = self.clock.monotonic_s() + float(reset_after)

    def _limited(self, key: str, response: aiohttp.ClientResponse, body: object) -> Refused:
        details = body if isinstance(body, dict) else {}
        stated = details.get("retry_after", response.headers.get("Retry-After", 1))
        retry_after_s = min(60.0, max(0.05, float(stated)))
        free_at_s = self.clock.monotonic_s() + retry_after_s
        if details.get("global"):
            self._all_free_at_s = free_at_s
        else:
            self._buckets[key] = _Bucket(0, free_at_s)
        log.warning(
            "Discord asks to slow down", route=key.partition(":")[0], retry_after_s=round(retry_after_s, 3)
        )
        return Refused(429, int(details.get("code") or 0), "rate limited", retry_after_s)


def _decoded(data: bytes) -> object:
    try:
        return orjson.loads(data) if data else None
    except orjson.JSONDecodeError:
        return None


def _result(answer: Answer) -> str:
    match answer:
        case Sent():
            return "200"
        case Refused(status=status):
            return str(status)
        case Lost():
            return "lost"
