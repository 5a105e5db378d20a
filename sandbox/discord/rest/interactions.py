"""The callback: a bot's first response to an interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord.actions import Answer, AnswerKind
from sandbox.discord.errors import ApiError, Problems, invalid, unknown
from sandbox.discord.faults import Outcome
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT
from sandbox.discord.rest.core import Call, Reply, Route, no_content
from sandbox.discord.uploads import Body
from sandbox.discord.validate.commands import check_choices
from sandbox.discord.validate.messages import EPHEMERAL, LOADING, ON_CREATE, ON_EDIT, Rules, check_message
from sandbox.discord.validate.modals import check_modal

if TYPE_CHECKING:
    from sandbox.discord.actions import Interaction
    from sandbox.discord.context import Context
    from sandbox.discord.messages import MessageDesk
    from sandbox.discord.model import Json, Message, StoredFile

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
_FOR = {
    COMMAND: {MESSAGE, DEFERRED, MODAL},
    COMPONENT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE},
}


class InteractionRoutes:
    """`POST /interactions/{id}/{token}/callback`."""

    def __init__(self, context: Context, desk: MessageDesk) -> None:
        self._context = context
        self._desk = desk

    def routes(self) -> list[Route]:
        """The one route; no rate limit is known for it."""
        path = "/interactions/{interaction}/{token}/callback"
        return [Route("callback", "POST", path, self._callback, auth=False, bucket="")]

    async def _callback(self, call: Call) -> Reply:
        body = await call.body()
        interaction = self._waiting(call)
        kind = body.form.get("type")
        allowed = _FOR[interaction.type]
        if interaction.type == MODAL_SUBMIT and interaction.source is None:
            allowed = allowed - {DEFERRED_UPDATE, UPDATE}
        if kind not in allowed:
            kinds = ", ".join(str(one) for one in sorted(allowed))
            raise invalid(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {{{kinds}}}.")
        answer = self._respond(interaction, int(kind), body)
        call.message_id = interaction.original.id if interaction.original else None
        self._context.interactions.answer(interaction, answer)
        if not call.flag("with_response"):
            return no_content()
        return Reply(self._response(interaction, int(kind)))

    def _waiting(self, call: Call) -> Interaction:
        """The interaction, if a response is still due; raises 10062 or 40060."""
        interactions = self._context.interactions
        interaction = interactions.by_token(call.text("token"))
        if interaction is None or interaction.id != call.id("interaction"):
            raise unknown("interaction", 10062)
        if call.fault and call.fault.outcome is Outcome.LATE:
            interaction.due_s = 0.0
        interactions.fail_if_due(interaction)
        if interaction.failed:
            raise unknown("interaction", 10062)
        if interaction.answer is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        return interaction

    def _respond(self, interaction: Interaction, kind: int, body: Body) -> Answer:
        data: Any = body.form.get("data")
        if kind == CHOICES:
            return Answer(AnswerKind.CHOICES, choices=_choices(interaction, data))
        if kind == MODAL:
            modal = self._context.interactions.open_modal(interaction, check_modal(data))
            return Answer(AnswerKind.MODAL, modal=modal)
        form: Json = data if isinstance(data, dict) else {}
        if kind == MESSAGE:
            interaction.original = self._reply(interaction, Body(form, body.files))
            return Answer(AnswerKind.MESSAGE, message=self._context.views.message(interaction.original))
        if kind == DEFERRED:
            interaction.original = self._think(interaction, form)
            return Answer(AnswerKind.DEFERRED, message=self._context.views.message(interaction.original))
        interaction.original = interaction.source
        if kind == UPDATE and interaction.source is not None:
            self._update(interaction, interaction.source, Body(form, body.files))
            return Answer(AnswerKind.UPDATE, message=self._context.views.message(interaction.source))
        return Answer(AnswerKind.DEFERRED_UPDATE)

    def _reply(self, interaction: Interaction, body: Body) -> Message:
        with _UnderData():
            draft = check_message(body, self._rules(interaction, ON_CREATE | EPHEMERAL))
        message = self.blank(interaction)
        if draft.flags & EPHEMERAL:
            message.ephemeral_for = interaction.person.id
            for file in draft.files:
                make_ephemeral(file, self._context.world.application_id)
        self._desk.post(interaction.channel, message, draft)
        return message

    def _think(self, interaction: Interaction, form: Json) -> Message:
        message = self.blank(interaction)
        message.flags = LOADING | int(form.get("flags") or 0) & EPHEMERAL
        if message.flags & EPHEMERAL:
            message.ephemeral_for = interaction.person.id
        self._desk.post(interaction.channel, message)
        return message

    def _update(self, interaction: Interaction, source: Message, body: Body) -> None:
        with _UnderData():
            draft = check_message(body, self._rules(interaction, ON_EDIT), before=source)
        self._desk.edit(interaction.channel, source, draft)

    def _rules(self, interaction: Interaction, flags: int) -> Rules:
        return token_rules(self._context, interaction, flags)

    def blank(self, interaction: Interaction, *, followup: bool = False) -> Message:
        """An empty message of the bot that says which interaction it comes from."""
        menu = interaction.type == COMMAND and interaction.payload["data"]["type"] != 1
        replies_to = interaction.original if followup else interaction.source
        kind = 19 if replies_to else 23 if menu else 20
        message = self._desk.new(interaction.channel, self._context.world.bot, kind=kind)
        message.application_id = message.webhook_id = self._context.world.application_id
        message.interaction_metadata = metadata(self._context, interaction)
        if interaction.type == COMMAND:
            message.interaction = {
                "id": str(interaction.id),
                "type": COMMAND,
                "name": command_name(interaction.payload["data"]),
                "user": self._context.views.user(interaction.person),
            }
        if replies_to:
            message.reference = {
                "type": 0,
                "channel_id": str(interaction.channel.id),
                "message_id": str(replies_to.id),
            }
            if interaction.channel.guild_id:
                message.reference["guild_id"] = str(interaction.channel.guild_id)
        if followup and interaction.original:
            message.interaction_metadata["original_response_message_id"] = str(interaction.original.id)
        return message

    def _response(self, interaction: Interaction, kind: int) -> Json:
        seen: Json = {"id": str(interaction.id), "type": interaction.type}
        reply: Json = {"interaction": seen}
        message = interaction.original
        if message is not None:
            seen["response_message_id"] = str(message.id)
            seen["response_message_loading"] = message.is_loading
            seen["response_message_ephemeral"] = message.ephemeral_for is not None
        seen["channel_id"] = str(interaction.channel.id)
        if interaction.channel.guild_id:
            seen["guild_id"] = str(interaction.channel.guild_id)
        if kind in {MESSAGE, UPDATE} and message is not None:
            reply["resource"] = {"type": kind, "message": self._context.views.message(message)}
        return reply


class _UnderData:
    """Faults of a callback's message are told under `data`, where the bot put them."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ApiError) and "errors" in error.body:
            error.body["errors"] = {"data": error.body["errors"]}


def _choices(interaction: Interaction, data: Any) -> list[Json]:
    choices = data.get("choices") if isinstance(data, dict) else None
    problems = Problems()
    kind = focused_option(interaction.payload["data"]["options"])["type"]
    cleaned = check_choices(choices, kind, ("data", "choices"), problems)
    problems.raise_if_any()
    return cleaned


def focused_option(options: list[Json]) -> Json:
    """The option that is being typed."""
    for option in options:
        if option.get("focused"):
            return option
        if option.get("options"):
            return focused_option(option["options"])
    raise LookupError("no option has the focus")


def command_name(data: Json) -> str:
    """The whole name, subcommands too: `tasks list`."""
    names = [data["name"]]
    options = data.get("options") or []
    while options and options[0]["type"] in {1, 2}:
        names.append(options[0]["name"])
        options = options[0].get("options") or []
    return " ".join(names)


def token_rules(context: Context, interaction: Interaction, flags: int) -> Rules:
    """The rules for messages sent with an interaction's token."""
    return Rules(
        place_id=interaction.channel.id,
        file_bytes=interaction.payload["attachment_size_limit"],
        new_id=context.times.new_id,
        flags=flags,
        mentions_all=False,
    )


def make_ephemeral(file: StoredFile, application_id: int) -> None:
    """Files of ephemeral messages live elsewhere."""
    file.ephemeral, file.folder, file.place_id = True, "ephemeral-attachments", application_id


def metadata(context: Context, interaction: Interaction) -> Json:
    """The `interaction_metadata` of a message that answers an interaction."""
    seen: Json = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": context.views.user(interaction.person),
        "authorizing_integration_owners": interaction.payload["authorizing_integration_owners"],
    }
    data = interaction.payload["data"]
    if interaction.type == COMMAND and data["type"] == 3:
        seen["target_message_id"] = data["target_id"]
    if interaction.type == COMMAND and data["type"] == 2:
        seen["target_user"] = data["resolved"]["users"][data["target_id"]]
    if interaction.type == COMPONENT and interaction.source:
        seen["interacted_message_id"] = str(interaction.source.id)
    if interaction.type == MODAL_SUBMIT and interaction.opened_by:
        seen["triggering_interaction_metadata"] = metadata(context, interaction.opened_by)
    return seen
