"""`/models`: the trained models that a member has or may use; sharing, renaming and deleting one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import discord
from discord import app_commands

from bot.errors import NoSuchModel, RuleRefused, UserError
from bot.trained import MAX_NAME, Share, ShareKind, clean_name
from bot.ui.access import reader_of
from bot.ui.answers import NOBODY, say
from bot.ui.forms import read_form
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import note
from bot.ui.modelchoices import completion
from bot.ui.models import (
    NAME,
    YES,
    delete_question,
    model_panel,
    models_panel,
    read_argument,
    rename_form,
    share_of,
)
from bot.ui.safe import code_span
from bot.ui.text import text_for

if TYPE_CHECKING:
    from discord import ui

    from bot.trained import TrainedModel
    from bot.ui.services import Services

Interaction = discord.Interaction[Any]

WHICH = "Which one: choose it, or write its name"
WITH_WHOM = "Say with whom: a `member:`, a `role:`, `everyone:true`, or `nobody:true` to take all of it back."


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/models` and its buttons."""
    tree.add_command(Models(services))
    buttons = ModelButtons(services)
    services.router.on_click(Verb.MODEL, buttons.show)
    services.router.on_click(Verb.MODEL_SHARE, buttons.share)
    services.router.on_click(Verb.MODEL_UNSHARE, buttons.unshare)
    services.router.on_click(Verb.MODEL_RENAME, buttons.open_rename)
    services.router.on_form(Verb.MODEL_RENAME, buttons.renamed)
    services.router.on_click(Verb.MODEL_DELETE, buttons.delete)


class Models(app_commands.Group):
    """`/models list`, `show`, `share`, `rename`, `delete`; every answer is for its reader alone."""

    def __init__(self, services: Services) -> None:
        super().__init__(name="models", description="The models that you trained, or may use")
        self._services = services
        self._acts = ModelActs(services)
        self.show.autocomplete("model")(completion(services))
        for command in (self.share, self.rename, self.delete):
            command.autocomplete("model")(completion(services, own=True))

    @app_commands.command(name="list", description="Your models, and those that are shared with you here")
    async def list_(self, interaction: Interaction) -> None:
        """Answer with the models that the member may use here."""
        reader = reader_of(interaction)
        models = await self._services.models.usable_by(reader)
        await say(interaction, models_panel(models, reader.user_id, text_for(str(interaction.locale))))

    @app_commands.command(description="All about a model, and what you can do with it")
    @app_commands.describe(model=WHICH)
    async def show(self, interaction: Interaction, model: str) -> None:
        """Answer with one model."""
        found = await self._services.models.named(model, reader_of(interaction))
        await say(interaction, panel_of(found, interaction))

    @app_commands.command(description="Let others in this server use a model of yours, or nobody again")
    @app_commands.describe(
        model=WHICH,
        member="This member",
        role="Whoever has this role when they use it",
        everyone="Everyone in this server",
        nobody="It is yours alone again, in every server",
    )
    async def share(
        self,
        interaction: Interaction,
        model: str,
        *,
        member: Optional[discord.User] = None,  # noqa: UP045 -- read by discord.py
        role: Optional[discord.Role] = None,  # noqa: UP045 -- likewise
        everyone: bool = False,
        nobody: bool = False,
    ) -> None:
        """Share a model with one of these."""
        if sum([member is not None, role is not None, everyone, nobody]) != 1:
            raise UserError(WITH_WHOM)
        own = await self._acts.own(interaction, model)
        share = None
        if not nobody:
            target = member or role
            kind = ShareKind.MEMBER if member is not None else ShareKind.ROLE
            share = _share_with(interaction, kind, target.id) if target else _with_everyone(interaction)
        await say(interaction, panel_of(await self._acts.share(interaction, own.id, share), interaction))

    @app_commands.command(description="Call a model of yours something else")
    @app_commands.describe(model=WHICH, name="Its new name here; at Wiro it keeps its own")
    async def rename(
        self, interaction: Interaction, model: str, name: app_commands.Range[str, 1, MAX_NAME]
    ) -> None:
        """Rename a model."""
        own = await self._acts.own(interaction, model)
        await say(interaction, panel_of(await self._acts.rename(interaction, own.id, name), interaction))

    @app_commands.command(description="Delete a model of yours; it is asked first")
    @app_commands.describe(model=WHICH)
    async def delete(self, interaction: Interaction, model: str) -> None:
        """Ask whether a model is to be deleted."""
        own = await self._acts.own(interaction, model)
        await say(interaction, delete_question(own, text_for(str(interaction.locale))))


class ModelButtons:
    """The menu, the buttons and the form of the panels."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._acts = ModelActs(services)

    async def show(self, interaction: Interaction, target: ButtonId) -> None:
        """Show a model: the one chosen of the list as an answer of its own, else in place."""
        chosen = _chosen(interaction)
        number, _more = read_argument(chosen or target.arg)
        model = await self._services.models.one(number, reader_of(interaction))
        view = panel_of(model, interaction)
        await (say(interaction, view) if chosen else _redraw(interaction, view))

    async def share(self, interaction: Interaction, target: ButtonId) -> None:
        """Share a model with whom was chosen, or with everyone here."""
        number, more = read_argument(target.arg)
        share = _with_everyone(interaction) if more else _picked(interaction)
        await _redraw(interaction, panel_of(await self._acts.share(interaction, number, share), interaction))

    async def unshare(self, interaction: Interaction, target: ButtonId) -> None:
        """Take one share back, or all of them."""
        number, more = read_argument(target.arg)
        which = share_of(more, interaction.guild_id or 0) if more else None
        model = await self._services.models.unshare(number, which, owner_id=interaction.user.id)
        await _redraw(interaction, panel_of(model, interaction))

    async def open_rename(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form for another name."""
        model = await self._acts.own_by_number(interaction, read_argument(target.arg)[0])
        await interaction.response.send_modal(rename_form(model, text_for(str(interaction.locale))))

    async def renamed(self, interaction: Interaction, target: ButtonId) -> None:
        """Rename a model as the form says."""
        name = read_form(interaction).get(NAME, "")
        model = await self._acts.rename(interaction, read_argument(target.arg)[0], name)
        await _redraw(interaction, panel_of(model, interaction))

    async def delete(self, interaction: Interaction, target: ButtonId) -> None:
        """Ask whether the model is to be deleted; on Yes do it."""
        number, more = read_argument(target.arg)
        _ = text_for(str(interaction.locale))
        if more != [YES]:
            model = await self._acts.own_by_number(interaction, number)
            await _redraw(interaction, delete_question(model, _))
            return
        gone = await self._services.models.delete(number, owner_id=interaction.user.id)
        told = _("{model} is deleted.", model=code_span(gone.name))
        await _redraw(interaction, note(f"{told} {_('Images that were made with it stay.')}"))


class ModelActs:
    """What commands and buttons do alike."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def own(self, interaction: Interaction, name: str) -> TrainedModel:
        """The member's own model that a choice or a name means. Raises `NoSuchModel`."""
        return _own(await self._services.models.named(name, reader_of(interaction)), interaction)

    async def own_by_number(self, interaction: Interaction, number: int) -> TrainedModel:
        """The member's own model of that number. Raises `NoSuchModel`."""
        return _own(await self._services.models.one(number, reader_of(interaction)), interaction)

    async def share(self, interaction: Interaction, number: int, share: Share | None) -> TrainedModel:
        """The model, shared so, or with None with nobody.

        Raises:
            NoSuchModel: It is not the member's.
            WordRefused: Its name has a word that is unwanted here; the audit has it.
        """
        owner_id = interaction.user.id
        if share is None:
            return await self._services.models.unshare(number, None, owner_id=owner_id)
        await self._require_wanted(interaction, (await self.own_by_number(interaction, number)).name)
        return await self._services.models.share(number, share, owner_id=owner_id)

    async def rename(self, interaction: Interaction, number: int, written: str) -> TrainedModel:
        """The model under its new name.

        Raises:
            NoSuchModel: It is not the member's.
            InvalidValue: A model cannot be called so, or another one of theirs is.
            WordRefused: The name has an unwanted word; the audit has it.
        """
        model = await self.own_by_number(interaction, number)
        name = clean_name(written)
        await self._require_wanted(interaction, name)
        return await self._services.models.rename(model.id, name, owner_id=interaction.user.id)

    async def _require_wanted(self, interaction: Interaction, name: str) -> None:
        """Return when the name has no word that is unwanted here. Raises `WordRefused`."""
        guild_id = interaction.guild_id or 0
        try:
            await self._services.words.require(guild_id, {NAME: name})
        except RuleRefused as refusal:
            await self._services.moderation.refused(refusal, guild_id=guild_id, user_id=interaction.user.id)
            raise


def panel_of(model: TrainedModel, interaction: Interaction) -> ui.LayoutView:
    """The model for the one who looks at it there."""
    _ = text_for(str(interaction.locale))
    return model_panel(model, interaction.user.id, interaction.guild_id or 0, _)


def _own(model: TrainedModel, interaction: Interaction) -> TrainedModel:
    if model.owner_id != interaction.user.id:
        raise NoSuchModel
    return model


def _share_with(interaction: Interaction, kind: ShareKind, target_id: int) -> Share:
    """A share with a member or a role; the role of everyone is the server's number."""
    guild_id = interaction.guild_id or 0
    everyone = kind is ShareKind.ROLE and target_id == guild_id
    return Share(guild_id=guild_id, kind=ShareKind.SERVER if everyone else kind, target_id=target_id)


def _with_everyone(interaction: Interaction) -> Share:
    guild_id = interaction.guild_id or 0
    return Share(guild_id=guild_id, kind=ShareKind.SERVER, target_id=guild_id)


def _chosen(interaction: Interaction) -> str:
    """What was chosen in a menu; "" for a button."""
    data: Any = interaction.data or {}
    return str(next(iter(data.get("values", ())), ""))


def _picked(interaction: Interaction) -> Share:
    """The member or the role that was picked."""
    data: Any = interaction.data or {}
    chosen = _chosen(interaction)
    is_role = chosen in data.get("resolved", {}).get("roles", {})
    return _share_with(interaction, ShareKind.ROLE if is_role else ShareKind.MEMBER, int(chosen))


async def _redraw(interaction: Interaction, view: ui.LayoutView) -> None:
    await interaction.response.edit_message(view=view, allowed_mentions=NOBODY)
