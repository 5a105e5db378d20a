"""Messages through the bot's token: the way that works when an interaction's token is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.errors import (
    ApiError,
    invalid,
    missing_permissions,
    snowflake_of,
    thread_archived,
    unknown,
)
from sandbox.discord.permissions import P
from sandbox.discord.rest.core import Call, Reply, Route, no_content
from sandbox.discord.validate.messages import ON_EDIT, Rules, check_message

if TYPE_CHECKING:
    from sandbox.discord.context import Context
    from sandbox.discord.messages import MessageDesk
    from sandbox.discord.model import Channel, Json, Message
    from sandbox.discord.rest.places import Places
    from sandbox.discord.uploads import Body

_OLD_S = 3600.0
_NONCE_S = 180.0


class MessageRoutes:
    """List, read, send, edit, delete, react."""

    def __init__(self, context: Context, places: Places, desk: MessageDesk) -> None:
        self._context = context
        self._places = places
        self._desk = desk
        self._nonces: dict[tuple[int, str], tuple[float, int]] = {}

    def routes(self) -> list[Route]:
        """The routes under `/channels/{channel}/messages`."""
        base = "/channels/{channel}/messages"
        one = base + "/{message}"
        reaction = one + "/reactions/{emoji}"
        table = [
            ("list_messages", "GET", base, self._list, "other"),
            ("create_message", "POST", base, self._create, "message_create"),
            ("get_message", "GET", one, self._get, "other"),
            ("edit_message", "PATCH", one, self._edit, "message_edit"),
            ("delete_message", "DELETE", one, self._delete, "message_delete"),
            ("bulk_delete", "POST", base + "/bulk-delete", self._bulk_delete, "message_delete"),
            ("get_reactions", "GET", reaction, self._reactions, "reaction"),
            ("add_reaction", "PUT", reaction + "/@me", self._react, "reaction"),
            ("remove_reaction", "DELETE", reaction + "/@me", self._unreact, "reaction"),
        ]
        return [
            Route(name, method, path, handler, bucket=bucket, major="channel")
            for name, method, path, handler, bucket in table
        ]

    def _message(self, call: Call, channel: Channel) -> Message:
        """The message in the path; ephemeral ones are not there for these routes."""
        message = self._context.world.message(call.id("message"), channel.id)
        if message is None or message.ephemeral_for is not None:
            raise unknown("Message", 10008)
        call.message_id = message.id
        return message

    async def _list(self, call: Call) -> Reply:
        channel = self._places.channel(call)
        bits = self._context.world.permissions(self._context.world.bot, channel)
        if not channel.is_dm and not bits & P.READ_MESSAGE_HISTORY:
            return Reply([])
        query = call.request.query
        limit = int(query.get("limit", "50")) if query.get("limit", "50").isdecimal() else 0
        if not 1 <= limit <= 100:
            raise invalid(("limit",), "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
        shown = [one for one in self._context.world.messages(channel.id) if one.ephemeral_for is None]
        if "after" in query:
            page = [one for one in shown if one.id > snowflake_of(query["after"], ("after",))][:limit]
        elif "around" in query:
            middle, half = snowflake_of(query["around"], ("around",)), limit // 2
            older = [one for one in shown if one.id < middle][-half or len(shown) :]
            newer = [one for one in shown if one.id >= middle][: limit - half]
            page = [*older, *newer]
        else:
            before = snowflake_of(query.get("before", 2**63), ("before",))
            page = [one for one in shown if one.id < before][-limit:]
        return Reply([self._context.views.message(one) for one in reversed(page)])

    async def _get(self, call: Call) -> Reply:
        channel = self._places.channel(call, P.READ_MESSAGE_HISTORY)
        return Reply(self._context.views.message(self._message(call, channel)))

    async def _create(self, call: Call) -> Reply:
        body = await call.body()
        channel = self._places.channel(call)
        self._require_to_send(channel, body)
        if earlier := self._same_nonce(channel, body.form):
            return self._sent(earlier)
        draft = check_message(body, self._rules(channel))
        reference = self._reference(channel, body.form)
        message = self._desk.new(channel, self._context.world.bot, kind=19 if reference else 0)
        message.reference, message.nonce = reference, body.form.get("nonce")
        self._desk.post(channel, message, draft)
        call.message_id = message.id
        if message.nonce is not None:
            self._nonces[(channel.id, str(message.nonce))] = (self._context.times.now_s(), message.id)
        return self._sent(message)

    def _sent(self, message: Message) -> Reply:
        """The answer to the sender, which alone carries the nonce: later readers do not see it."""
        nonce = {} if message.nonce is None else {"nonce": message.nonce}
        return Reply(self._context.views.message(message) | nonce)

    def _require_to_send(self, channel: Channel, body: Body) -> None:
        speak = P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES
        self._places.require(channel, speak)
        if body.files:
            self._places.require(channel, P.ATTACH_FILES)
        if channel.is_thread and channel.locked:
            self._places.require(channel, P.MANAGE_THREADS)
        if channel.is_dm:
            person = self._context.world.members_of_dm(channel)
            mutual = self._context.world.share_a_guild(self._context.world.bot, person)
            if not person.dms_open or not mutual:
                raise ApiError(403, 50007, "Cannot send messages to this user")

    def _same_nonce(self, channel: Channel, form: Json) -> Message | None:
        """The message that was sent with this nonce a few minutes ago, when the bot wants it only once."""
        nonce = form.get("nonce")
        if nonce is None:
            return None
        if len(str(nonce)) > 25:
            raise invalid(("nonce",), "NONCE_TYPE_TOO_LONG", "Nonce must be 25 characters or fewer.")
        at_s, message_id = self._nonces.get((channel.id, str(nonce)), (0.0, 0))
        if not form.get("enforce_nonce") or self._context.times.now_s() - at_s > _NONCE_S:
            return None
        return self._context.world.message(message_id, channel.id)

    def _reference(self, channel: Channel, form: Json) -> Json | None:
        """The reply's target; raises 160002 without the history, 50035 for a message that is not there."""
        wanted = form.get("message_reference")
        if not wanted:
            return None
        self._require_history(channel)
        target_id = snowflake_of(wanted.get("message_id"), ("message_reference", "message_id"))
        target = self._context.world.message(target_id, channel.id)
        if target is None or target.ephemeral_for is not None:
            if wanted.get("fail_if_not_exists", True):
                raise invalid(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            return None
        seen: Json = {"type": 0, "channel_id": str(channel.id), "message_id": str(target.id)}
        return seen | ({"guild_id": str(channel.guild_id)} if channel.guild_id else {})

    def _require_history(self, channel: Channel) -> None:
        try:
            self._places.require(channel, P.READ_MESSAGE_HISTORY)
        except ApiError:
            raise ApiError(
                400, 160002, "You cannot reply without permission to read message history"
            ) from None

    def _rules(self, channel: Channel, flags: int | None = None) -> Rules:
        limit = self._context.interactions.upload_limit_bytes(channel)
        rules = Rules(place_id=channel.id, file_bytes=limit, new_id=self._context.times.new_id)
        if flags is not None:
            rules.flags = flags
        return rules

    async def _edit(self, call: Call) -> Reply:
        body = await call.body()
        channel = self._places.channel(call)
        message = self._message(call, channel)
        if message.author is not self._context.world.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if channel.is_thread and channel.archived:
            raise thread_archived()
        if body.files:
            self._places.require(channel, P.ATTACH_FILES)
        if self._context.times.now_s() - message.created_s > _OLD_S:
            self._context.rate_limits.take_old_edit(channel.id)
        draft = check_message(body, self._rules(channel, ON_EDIT), before=message)
        self._desk.edit(channel, message, draft)
        return Reply(self._context.views.message(message))

    async def _delete(self, call: Call) -> Reply:
        channel = self._places.channel(call)
        message = self._message(call, channel)
        if message.author is not self._context.world.bot:
            if channel.is_dm:
                raise ApiError(403, 50003, "Cannot execute action on a DM channel")
            self._places.require(channel, P.MANAGE_MESSAGES)
        self._desk.delete(channel, message)
        return no_content()

    async def _bulk_delete(self, call: Call) -> Reply:
        body = await call.body()
        channel = self._places.channel(call, P.MANAGE_MESSAGES)
        wanted = body.form.get("messages")
        if not isinstance(wanted, list) or not 2 <= len(wanted) <= 100:
            raise invalid(("messages",), "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
        for message_id in wanted:
            if message := self._context.world.message(snowflake_of(message_id, ("messages",)), channel.id):
                self._desk.delete(channel, message)
        return no_content()

    # Reactions

    async def _reactions(self, call: Call) -> Reply:
        channel = self._places.channel(call, P.READ_MESSAGE_HISTORY)
        by = self._message(call, channel).reactions.get(call.text("emoji"), set())
        world, views = self._context.world, self._context.views
        return Reply([views.user(world.accounts[one]) for one in by])

    async def _react(self, call: Call) -> Reply:
        channel = self._places.channel(call, P.READ_MESSAGE_HISTORY)
        if channel.archived:
            raise thread_archived()
        message, emoji = self._message(call, channel), call.text("emoji")
        bits = self._context.world.permissions(self._context.world.bot, channel)
        if emoji not in message.reactions and not bits & P.ADD_REACTIONS and not channel.is_dm:
            raise missing_permissions()
        message.reactions.setdefault(emoji, set()).add(self._context.world.bot.id)
        self._desk.touch(channel, message)
        return no_content()

    async def _unreact(self, call: Call) -> Reply:
        channel = self._places.channel(call)
        message, emoji = self._message(call, channel), call.text("emoji")
        message.reactions.get(emoji, set()).discard(self._context.world.bot.id)
        if not message.reactions.get(emoji):
            message.reactions.pop(emoji, None)
        self._desk.touch(channel, message)
        return no_content()
