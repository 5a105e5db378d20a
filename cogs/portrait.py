"""The tools that make images: a command each, built from its file, and the buttons that start such jobs."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.errors import InvalidValue, LimitRefused, UserError
from bot.log import get_logger
from bot.tools import Place
from bot.ui import defaults
from bot.ui.access import actor_of, reader_of, require
from bot.ui.answers import answer_error
from bot.ui.drafts import Draft
from bot.ui.forms import NUMBERS, edit_form, numbers_line, read_edit_form, read_form
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import button
from bot.ui.modelchoices import SUGGEST_WITHIN_S, completion
from bot.ui.models import read_argument
from bot.ui.options import annotation_of, choices_of, completion_of_choices, parameter, settable
from bot.ui.references import MAX_CHOICES, RECENT, ideas_of, suggestions
from bot.ui.starting import Wish, given_of, is_private_here
from bot.ui.text import text_for

if TYPE_CHECKING:
    from bot.model import Job
    from bot.tools import Tool
    from bot.trained import TrainedModel
    from bot.ui.services import Services

log = get_logger(__name__)

Interaction = discord.Interaction[Any]

PRIVATE = "private"
PRIVATE_HELP = (
    "Only you see the task and its images; you can share them later. Left out: everyone here sees them."
)
MODEL = "model"
MODEL_HELP = "A model that was trained here: yours, or one that is shared with you. Left out: none."


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer every tool that makes images, and the buttons of their cards."""
    for tool in services.catalogue.values():
        if tool.command and not tool.is_training:
            tree.add_command(tool_command(tool, services))
    buttons = StartingButtons(services)
    services.router.on_click(Verb.AGAIN, buttons.again)
    services.router.on_click(Verb.TRY_AGAIN, buttons.try_again)
    services.router.on_click(Verb.EDIT, buttons.edit)
    services.router.on_click(Verb.EDIT_AGAIN, buttons.edit_again)
    services.router.on_form(Verb.EDIT, buttons.edited)
    services.router.on_form(Verb.USE_IDEA, buttons.idea_sent)
    services.router.on_click(Verb.MODEL_USE, buttons.use_model)
    services.router.on_form(Verb.MODEL_USE, buttons.model_sent)


def tool_command(tool: Tool, services: Services) -> app_commands.Command[Any, ..., Any]:
    """The slash command of a tool: an option for each input that a person sets, and `private`."""

    async def run(interaction: Interaction, **given: Any) -> None:
        private = bool(given.pop(PRIVATE, None))
        name = given.pop(MODEL, None)
        model = None if name is None else await services.models.named(name, reader_of(interaction))
        has_defaults = tool.command == defaults.COMMAND
        wish = Wish(tool=tool, given=given, private=private, model=model, server_defaults=has_defaults)
        await services.starter.start(interaction, wish)

    inputs = sorted(settable(tool), key=lambda each: not each.required)
    own = [
        inspect.Parameter(
            "interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction
        )
    ]
    own += [parameter(each.option, annotation_of(each), required=each.required) for each in inputs]
    helps = {each.option: each.help for each in inputs}
    if tool.with_model:
        own.append(parameter(MODEL, str, required=False))
        helps[MODEL] = MODEL_HELP
    own.append(parameter(PRIVATE, bool, required=False))
    run.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]  # discord.py reads the options from it
    described = app_commands.describe(**helps, private=PRIVATE_HELP)
    chosen = app_commands.choices(
        **{each.option: choices_of(each) for each in inputs if 0 < len(each.choices) <= MAX_CHOICES}
    )
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=tool.command, description=tool.description, callback=chosen(described(run))
    )
    for each in inputs:
        if each.option == "prompt":
            command.autocomplete(each.option)(_prompts(tool, services))
        elif len(each.choices) > MAX_CHOICES:
            command.autocomplete(each.option)(completion_of_choices(each))
    if tool.with_model:
        command.autocomplete(MODEL)(completion(services))
    return command


def _prompts(tool: Tool, services: Services) -> Any:
    """Autocompletion of the prompt: the member's own recent ones, and the tool's ideas."""

    async def complete(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        guild_id = interaction.guild_id or 0
        private = bool(getattr(interaction.namespace, PRIVATE, False))
        recent: Any = ()
        real_persons = False
        try:
            async with services.clock.timeout(SUGGEST_WITHIN_S):
                recent = await services.records.recent_prompts(
                    interaction.user.id, guild_id, limit=RECENT, private=private
                )
                real_persons = (await services.records.guild_policy(guild_id)).real_persons
        except Exception:  # suggestions are a help: without the database the ideas remain
            log.warning("recent prompts could not be read", exc_info=True)
        found = suggestions(current, recent, ideas_of(tool, real_persons=real_persons))
        return [app_commands.Choice(name=name, value=value) for name, value in found]

    return complete


class StartingButtons:
    """Buttons and forms that start a job: Again, Try again, Edit, Edit again, an idea."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def again(self, interaction: Interaction, target: ButtonId) -> None:
        """The same request with a new seed, as the clicker's own."""
        job = await self._services.job(target.job)
        require(Verb.AGAIN, job, actor_of(interaction))
        tool = self._services.catalogue[job.tool]
        await self._services.starter.start(
            interaction,
            Wish(
                tool=tool,
                given=given_of(job, tool),
                private=is_private_here(job, interaction),
                parent_code=job.code,
                model=await self._model_of(job, interaction),
            ),
        )

    async def try_again(self, interaction: Interaction, target: ButtonId) -> None:
        """The very same request, for its owner."""
        job = await self._services.job(target.job)
        require(Verb.TRY_AGAIN, job, actor_of(interaction))
        tool = self._services.catalogue[job.tool]
        await self._services.starter.start(
            interaction,
            Wish(
                tool=tool,
                given=given_of(job, tool, same_seed=True),
                private=job.private,
                parent_code=job.code,
                model=await self._model_of(job, interaction),
            ),
        )

    async def edit(self, interaction: Interaction, target: ButtonId) -> None:
        """Open a form with the job's settings."""
        job = await self._services.job(target.job)
        require(Verb.EDIT, job, actor_of(interaction))
        tool = self._services.catalogue[job.tool]
        await self._model_of(job, interaction)  # refused before anything is written into the form
        values = given_of(job, tool, same_seed=True)
        await self._open(interaction, tool, ButtonId(Verb.EDIT, job.code), values)

    async def edit_again(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form that was refused, as it was filled in."""
        draft = self._services.drafts.find(target.arg, user_id=interaction.user.id)
        if draft is not None:
            tool = self._services.catalogue[draft.tool]
            await self._open(interaction, tool, draft.target, draft.values, numbers=draft.numbers)
        elif target.job != NO_JOB:
            await self.edit(interaction, target)
        else:
            raise UserError("What you wrote is no longer here. Use the command again.")

    async def edited(self, interaction: Interaction, target: ButtonId) -> None:
        """Start a job from the form of another one."""
        job = await self._services.job(target.job)
        require(Verb.EDIT, job, actor_of(interaction))
        private = is_private_here(job, interaction)
        tool = self._services.catalogue[job.tool]
        model = await self._model_of(job, interaction)
        await self._start_from_form(
            interaction, tool, target, private=private, parent_code=job.code, model=model
        )

    async def idea_sent(self, interaction: Interaction, target: ButtonId) -> None:
        """Start a job from the form of an inspiration."""
        key, _, _number = target.arg.partition(".")
        tool = self._services.catalogue.get(key)
        if tool is None:
            raise UserError("This tool is no longer offered here. `/help` shows what is.")
        await self._start_from_form(interaction, tool, target, private=False, parent_code=None)

    async def use_model(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form for a portrait with a trained model."""
        await self._model(interaction, target)
        tool = self._tool_for_models()
        inputs = [each for each in tool.inputs if each.place is not Place.FIXED and not each.draw]
        await self._open(interaction, tool, target, {each.option: each.default for each in inputs})

    async def model_sent(self, interaction: Interaction, target: ButtonId) -> None:
        """Start a job with a trained model from its form."""
        model = await self._model(interaction, target)
        tool = self._tool_for_models()
        await self._start_from_form(interaction, tool, target, private=False, parent_code=None, model=model)

    async def _model(self, interaction: Interaction, target: ButtonId) -> TrainedModel:
        """The model that a button, or the training of a button, names, for the one who clicks.

        Raises:
            NoSuchModel: It is gone, or not for them.
            UserError: They click in a direct message, where nothing can be started.
        """
        if interaction.guild_id is None:
            raise UserError("Portraits are made in a server: use `/portrait` there, with `model`.")
        if target.job != NO_JOB:
            training = await self._services.shown_job(target.job)
            return await self._services.models.made_by(training, reader_of(interaction))
        number, _more = read_argument(target.arg)
        return await self._services.models.one(number, reader_of(interaction))

    def _tool_for_models(self) -> Tool:
        catalogue = self._services.catalogue
        return next(catalogue[each.with_model] for each in catalogue.values() if each.with_model)

    async def _model_of(self, job: Job, interaction: Interaction) -> TrainedModel | None:
        """The trained model of a job, for the one who clicks. Raises `NoSuchModel` when it is not theirs."""
        tool = self._services.catalogue[job.tool]
        return await self._services.models.of_job(job, tool, reader_of(interaction))

    async def _open(
        self,
        interaction: Interaction,
        tool: Tool,
        target: ButtonId,
        values: Any,
        *,
        numbers: str | None = None,
    ) -> None:
        _ = text_for(str(interaction.locale))
        title = _("Edit {tool}", tool=tool.title)
        tool = self._services.tool_today(tool.key)
        await interaction.response.send_modal(edit_form(tool, target, values, title, _, numbers=numbers))

    async def _start_from_form(
        self,
        interaction: Interaction,
        tool: Tool,
        target: ButtonId,
        *,
        private: bool,
        parent_code: str | None,
        model: TrainedModel | None = None,
    ) -> None:
        try:
            given = read_edit_form(interaction, tool)
            wish = Wish(tool=tool, given=given, private=private, parent_code=parent_code, model=model)
            await self._services.starter.start(interaction, wish)
        except (InvalidValue, LimitRefused) as error:
            sent = read_form(interaction)
            draft = Draft(
                user_id=interaction.user.id,
                tool=tool.key,
                target=target,
                values=sent,
                numbers=sent.get(NUMBERS) or numbers_line(tool, {}),
            )
            name = self._services.drafts.keep(interaction.id, draft)
            _ = text_for(str(interaction.locale))
            again = button(_("Edit again"), ButtonId(Verb.EDIT_AGAIN, target.job, name))
            await answer_error(interaction, error, buttons=(again,))
