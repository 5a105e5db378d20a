"""From a draft to a training: what keeps it from being started, what it would cost, and its start."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord

from bot.errors import InvalidValue, NoSuchModel, RuleRefused, UserError
from bot.jobs.codes import draw_code, draw_hook_token
from bot.model import NewJob, Unit
from bot.tools import Note, Place
from bot.tools.training import TOOL, training_inputs
from bot.training import LEAST_PHOTOS, MOST_PHOTOS, Follow
from bot.ui.access import is_thread, reader_of, require_allowed_channel, require_place, standing_of
from bot.ui.draftcard import DraftFacts, settings_of
from bot.ui.starting import ACCEPT_WITHIN_S, DEFAULT_FILE_LIMIT_BYTES, draw
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.clock import Clock
    from bot.jobs.desk import Desk
    from bot.jobs.models import Models
    from bot.jobs.moderation import Moderation
    from bot.jobs.wordlists import WordLists
    from bot.model import Job
    from bot.tools import Tool
    from bot.trained import TrainedModel
    from bot.training import Consent, Draft, Photo
    from bot.ui.answers import Interaction
    from bot.ui.records import Records

BASE = "reference_model_private"
"""The option that names a trained model to start from."""

_OPEN_PLACES = frozenset({discord.ChannelType.voice, discord.ChannelType.stage_voice})
"""Where no thread can be opened below, but everybody talks."""


class Trainer:
    """Starts trainings from drafts; every refusal comes before anything is charged."""

    def __init__(
        self,
        desk: Desk,
        records: Records,
        models: Models,
        clock: Clock,
        *,
        moderation: Moderation,
        words: WordLists,
        tool_today: Callable[[str], Tool],
    ) -> None:
        self._desk = desk
        self._records = records
        self._models = models
        self._clock = clock
        self._moderation = moderation
        self._words = words
        self._tool_today = tool_today

    @property
    def tool(self) -> Tool:
        """The tool that trains, with what its page at Wiro lists today."""
        return self._tool_today(TOOL)

    async def facts(self, interaction: Interaction, draft: Draft, photos: Sequence[Photo]) -> DraftFacts:
        """What the draft's card says beyond the draft, for its owner where they look at it."""
        _ = text_for(str(interaction.locale))
        problems: list[str] = []
        quote = None
        base: TrainedModel | None = None
        if (missing := LEAST_PHOTOS - len(photos)) > 0:
            problems.append(_.plural("Add one more photo.", "Add {n} more photos.", missing))
        try:
            await self._require_place(interaction, draft)
        except UserError as error:
            problems.append(error.message)
        try:
            base = await self._base(interaction, draft)
            new = await self._new_job(interaction, draft, photos, base)
        except InvalidValue as error:
            problems += [
                _("Name the model, with Details.") if "name" not in draft.given and "`name`" in each else each
                for each in error.problems
            ]
        except UserError as error:
            problems.append(error.message)
        else:
            quote = await self._desk.quote(new, standing=standing_of(interaction))
            if quote.refusal is not None:
                problems.append(quote.refusal.message)
        account = await self._records.account(
            interaction.user.id, interaction.guild_id or 0, standing_of(interaction)
        )
        return DraftFacts(
            photos=photos,
            places=places_at(interaction),
            problems=problems,
            settings=settings_of(draft, self.tool, _, base=base.name if base is not None else ""),
            quote=quote,
            allowance=next((each for each in account.allowances if each.unit is Unit.TRAINING), None),
        )

    async def start(
        self, interaction: Interaction, draft: Draft, photos: Sequence[Photo], consent: Consent
    ) -> Job:
        """Let the draft become a training.

        Raises:
            UserError: It cannot be started; nothing was stored.
            Moved: It was started, or discarded, in this moment.
            TooLate: The machine was too slow; nothing was stored.
        """
        not_after_s = self._clock.monotonic_s() + ACCEPT_WITHIN_S
        try:
            new = await self._checked(interaction, draft, photos)
            return await self._desk.train(
                new,
                standing=standing_of(interaction),
                draft_id=draft.id,
                consent=consent,
                not_after_s=not_after_s,
            )
        except RuleRefused as refusal:
            await self._moderation.refused(
                refusal, guild_id=interaction.guild_id or 0, user_id=interaction.user.id
            )
            raise

    async def require_words(self, guild_id: int, texts: dict[str, str], user_id: int) -> None:
        """Return when none of the texts has an unwanted word; the audit has who was refused.

        Raises:
            WordRefused: One has.
        """
        try:
            await self._words.require(guild_id, texts)
        except RuleRefused as refusal:
            await self._moderation.refused(refusal, guild_id=guild_id, user_id=user_id)
            raise

    async def _checked(self, interaction: Interaction, draft: Draft, photos: Sequence[Photo]) -> NewJob:
        """The job, after all rules of the place."""
        await self._require_place(interaction, draft)
        if not LEAST_PHOTOS <= len(photos) <= MOST_PHOTOS:
            raise UserError(
                f"A training needs {LEAST_PHOTOS} to {MOST_PHOTOS} photos, and this draft has {len(photos)}. "
                "Add some with Add photos."
            )
        new = await self._new_job(interaction, draft, photos, await self._base(interaction, draft))
        texts = {
            each.option: str(draft.given.get(each.option) or "")
            for each in self.tool.inputs
            if each.is_text and each.place is not Place.FIXED
        }
        guild_id = interaction.guild_id or 0
        await self._words.require(guild_id, texts)
        policy = await self._records.guild_policy(guild_id)
        spoken = policy.language or interaction.guild_locale or interaction.locale
        return replace(new, locale=str(spoken)) if draft.follow is Follow.HERE else new

    async def _require_place(self, interaction: Interaction, draft: Draft) -> None:
        """Return when a training may be started there, and followed where the draft says.

        Raises:
            NotInThisChannel: The server lets tasks be started in other channels only.
            MissingPermissions: The bot could not post there.
        """
        policy = await self._records.guild_policy(interaction.guild_id or 0)
        require_allowed_channel(interaction, policy.allowed_channels)
        if draft.follow is Follow.HERE:
            require_place(interaction, private=False, private_helps=False)

    async def _base(self, interaction: Interaction, draft: Draft) -> TrainedModel | None:
        """The trained model to start from.

        Raises:
            UserError: The member may not use it, or Wiro has not told its number.
        """
        named = str(draft.given.get(BASE) or "")
        if not named:
            return None
        try:
            model = await self._models.named(named, reader_of(interaction))
        except NoSuchModel as error:
            raise InvalidValue(
                f"`{BASE}` is no model that you may use here. Choose one of the list, or leave it out."
            ) from error
        if model.wiro_id is None:
            raise InvalidValue(
                f"`{BASE}`: Wiro has not told me the number of that model yet. Choose another one, or wait."
            )
        return model

    async def _new_job(
        self, interaction: Interaction, draft: Draft, photos: Sequence[Photo], base: TrainedModel | None
    ) -> NewJob:
        given: dict[str, Any] = {name: value for name, value in draft.given.items() if value != ""}
        if base is not None:
            given[BASE] = base.wiro_id
        checked = training_inputs(
            self.tool, given, photos=max(LEAST_PHOTOS, len(photos)), suffix=draft.suffix, draw=draw
        )
        guild = interaction.guild
        notes = [
            f"{Note.PHOTOS}:{len(photos)}",
            *([Note.NAME_SHOWN] if draft.show_name else []),
            *([Note.IN_THE_OPEN] if draft.follow is Follow.HERE else []),
        ]
        return NewJob(
            code=draw_code(),
            interaction_id=interaction.id,
            guild_id=interaction.guild_id or 0,
            channel_id=interaction.channel_id or 0,
            user_id=interaction.user.id,
            tool=TOOL,
            inputs=checked.inputs,
            images=0,
            preparing=True,
            locale=str(interaction.locale),
            notes=tuple(map(str, notes)),
            hook_token=draw_hook_token(),
            channel_file_limit_bytes=guild.filesize_limit if guild is not None else DEFAULT_FILE_LIMIT_BYTES,
        )


def places_at(interaction: Interaction) -> tuple[Follow, ...]:
    """Where a training that is started there can be followed; the first is what a new draft has.

    In a thread, a forum's post or a voice channel's chat that is the place itself. In a channel it is a
    private thread, where the bot may open one, and else what only its owner sees.
    """
    channel = interaction.channel
    if is_thread(interaction) or (channel is not None and channel.type in _OPEN_PLACES):
        return (Follow.HERE, Follow.DM)
    rights = interaction.app_permissions
    needed = (rights.create_private_threads, rights.send_messages_in_threads, rights.attach_files)
    may_open = rights.administrator or all(needed)
    if channel is not None and channel.type is discord.ChannelType.text and may_open:
        return (Follow.THREAD, Follow.HERE, Follow.DM)
    return (Follow.DM, Follow.HERE)
