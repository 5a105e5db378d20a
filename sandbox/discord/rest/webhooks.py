"""Edits and follow-ups through an interaction's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.errors import ApiError, unknown
from sandbox.discord.rest.core import Call, Reply, Route, no_content
from sandbox.discord.rest.interactions import make_ephemeral, token_rules
from sandbox.discord.validate.messages import EPHEMERAL, ON_CREATE, ON_EDIT, check_message

if TYPE_CHECKING:
    from sandbox.discord.actions import Interaction
    from sandbox.discord.context import Context
    from sandbox.discord.messages import MessageDesk
    from sandbox.discord.model import Message, StoredFile
    from sandbox.discord.rest.interactions import InteractionRoutes

_BASE = "/webhooks/{application}/{token}"


class WebhookRoutes:
    """The routes under `/webhooks/{application}/{token}`, good for fifteen minutes."""

    def __init__(self, context: Context, desk: MessageDesk, callbacks: InteractionRoutes) -> None:
        self._context = context
        self._desk = desk
        self._callbacks = callbacks

    def routes(self) -> list[Route]:
        """Original and follow-ups share one bucket per token."""
        one = _BASE + "/messages/{message}"
        original = _BASE + "/messages/@original"
        table = [
            ("followup", "POST", _BASE, self._followup),
            ("get_original", "GET", original, self._get),
            ("edit_original", "PATCH", original, self._edit),
            ("delete_original", "DELETE", original, self._delete),
            ("get_followup", "GET", one, self._get),
            ("edit_followup", "PATCH", one, self._edit),
            ("delete_followup", "DELETE", one, self._delete),
        ]
        return [
            Route(name, method, path, handler, auth=False, bucket="webhook", major="token")
            for name, method, path, handler in table
        ]

    def _live(self, call: Call) -> Interaction:
        """The answered interaction of a token that still works; raises 50027, 10015."""
        interactions = self._context.interactions
        interaction = interactions.by_token(call.text("token"))
        if interaction is None or call.id("application") != self._context.world.application_id:
            raise unknown("Webhook", 10015)
        if interactions.is_expired(interaction):
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if interaction.answer is None or interaction.failed:
            raise unknown("Webhook", 10015)
        return interaction

    def _message(self, call: Call, interaction: Interaction) -> Message:
        """The message meant, which must be one of this interaction's; raises 10008."""
        wanted = call.request.match_info.get("message")
        if wanted is None:
            found = interaction.original
        else:
            message_id = call.id("message")
            ours = message_id in interaction.followup_ids or (
                interaction.original is not None and interaction.original.id == message_id
            )
            found = self._context.world.message(message_id) if ours else None
        if found is None or self._context.world.message(found.id) is None:
            raise unknown("Message", 10008)
        call.message_id = found.id
        return found

    async def _get(self, call: Call) -> Reply:
        return Reply(self._context.views.message(self._message(call, self._live(call))))

    async def _edit(self, call: Call) -> Reply:
        body = await call.body()
        interaction = self._live(call)
        message = self._message(call, interaction)
        flags = ON_EDIT | (ON_CREATE if message.is_loading else 0)
        draft = check_message(body, token_rules(self._context, interaction, flags), before=message)
        self._keep_ephemeral(message, draft.files)
        self._desk.edit(interaction.channel, message, draft)
        return Reply(self._context.views.message(message))

    async def _delete(self, call: Call) -> Reply:
        interaction = self._live(call)
        self._desk.delete(interaction.channel, self._message(call, interaction))
        return no_content()

    async def _followup(self, call: Call) -> Reply:
        body = await call.body()
        interaction = self._live(call)
        waiting = interaction.original
        rules = token_rules(self._context, interaction, ON_CREATE | EPHEMERAL)
        if waiting is not None and waiting.is_loading:
            # The first follow-up after a defer takes the place of "thinking…", ephemeral or not as that was.
            rules.flags = ON_CREATE
            draft = check_message(body, rules, before=waiting)
            self._keep_ephemeral(waiting, draft.files)
            self._desk.edit(interaction.channel, waiting, draft)
            call.message_id = waiting.id
            return Reply(self._context.views.message(waiting))
        draft = check_message(body, rules)
        message = self._callbacks.blank(interaction, followup=True)
        if draft.flags & EPHEMERAL:
            message.ephemeral_for = interaction.person.id
            self._keep_ephemeral(message, draft.files)
        self._desk.post(interaction.channel, message, draft)
        interaction.followup_ids.add(message.id)
        call.message_id = message.id
        return Reply(self._context.views.message(message))

    def _keep_ephemeral(self, message: Message, files: list[StoredFile]) -> None:
        if message.ephemeral_for is not None:
            for file in files:
                make_ephemeral(file, self._context.world.application_id)
