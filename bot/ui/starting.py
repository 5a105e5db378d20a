"""Starting a job from anything a person does: a command, Again, an edited form, an inspiration."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.errors import RuleRefused, StoreError, UserError
from bot.jobs.codes import draw_code, draw_hook_token
from bot.log import get_logger
from bot.model import NewJob
from bot.tools import ModelInUse, Note, Place, added_words, check
from bot.ui.access import require_allowed_channel, require_place, standing_of
from bot.ui.cards import CardFacts, job_card
from bot.ui.defaults import with_defaults, within_limits
from bot.ui.references import resolve
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.clock import Clock
    from bot.jobs.desk import Desk
    from bot.jobs.moderation import Moderation
    from bot.jobs.ports import Place as PlaceInLine
    from bot.jobs.wordlists import WordLists
    from bot.model import Job
    from bot.tools import Checked, Tool
    from bot.trained import TrainedModel
    from bot.ui.acknowledge import Acknowledger
    from bot.ui.answers import Interaction
    from bot.ui.records import Records

log = get_logger(__name__)

ACCEPT_WITHIN_S = 2.0
"""Discord waits three seconds for the card; what is not stored by then is not stored at all."""
PLACE_WITHIN_S = 0.3
TOKEN_LIVES = timedelta(minutes=15)
DEFAULT_FILE_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for."""

    tool: Tool
    given: Mapping[str, Any]
    """Values by option name; None is the tool's default."""
    private: bool = False
    parent_code: str | None = None
    model: TrainedModel | None = None
    """A trained model that the member may use; another tool may run in the place of `tool` with it."""
    server_defaults: bool = False
    """What is left out takes the server's default, where it has one."""

    @property
    def runs(self) -> str:
        """Key of the tool that is really to run."""
        return self.tool.with_model if self.model is not None and self.tool.with_model else self.tool.key


class Starter:
    """Turns a wish into a job with its card; every refusal comes before anything is charged."""

    def __init__(
        self,
        desk: Desk,
        acknowledger: Acknowledger,
        records: Records,
        clock: Clock,
        *,
        moderation: Moderation,
        words: WordLists,
        tool_today: Callable[[str], Tool],
    ) -> None:
        self._desk = desk
        self._acknowledger = acknowledger
        self._records = records
        self._clock = clock
        self._moderation = moderation
        self._words = words
        self._tool_today = tool_today

    async def start(self, interaction: Interaction, wish: Wish) -> Job:
        """Accept the wish and answer the interaction with the job's card.

        Raises:
            UserError: It cannot be done; nothing was stored, and the interaction is not answered yet.
            TooLate: The machine was too slow; likewise.
        """
        not_after_s = self._clock.monotonic_s() + ACCEPT_WITHIN_S
        tool = self._tool_today(wish.runs)
        try:
            job = await self._accept(interaction, wish, tool, not_after_s=not_after_s)
        except RuleRefused as refusal:
            await self._moderation.refused(
                refusal,
                guild_id=interaction.guild_id or 0,
                user_id=interaction.user.id,
                words=None if wish.private else str(wish.given.get("prompt") or "") or None,
            )
            raise
        card = job_card(job, tool, text_for(job.locale), CardFacts(place=await self._place(job)))
        return await self._acknowledger.show(interaction, job, card)

    async def _accept(self, interaction: Interaction, wish: Wish, tool: Tool, *, not_after_s: float) -> Job:
        guild_id = interaction.guild_id or 0
        policy = await self._records.guild_policy(guild_id)
        require_allowed_channel(interaction, policy.allowed_channels)
        require_place(interaction, private=wish.private)
        given = await resolve(
            wish.given,
            wish.tool,
            self._records,
            user_id=interaction.user.id,
            guild_id=guild_id,
            private=wish.private,
        )
        notes: list[Note] = []
        if wish.server_defaults:
            before, given = given, with_defaults(tool, given, policy.portrait_defaults)
            notes += [Note.SERVER_DEFAULTS] if given != before else []
        standing = standing_of(interaction)
        limits = await self._records.limits(interaction.user.id, guild_id, standing)
        larger, given = given, within_limits(tool, given, wish.given, limits)
        notes += [Note.WITHIN_LIMITS] if given != larger else []
        checked = check(tool, given, draw=draw, model=_in_use(wish.model))
        await self._words.require(guild_id, _texts(tool, checked))
        new = self._new_job(interaction, wish, checked, notes=notes, language=policy.language)
        return await self._desk.accept(new, standing=standing, not_after_s=not_after_s)

    async def _place(self, job: Job) -> PlaceInLine | None:
        """Where the job will stand; the card comes first, so this may not take long."""
        try:
            async with self._clock.timeout(PLACE_WITHIN_S):
                return await self._desk.place(job)
        except (StoreError, TimeoutError) as error:
            log.info("the place in the line could not be told", error=type(error).__name__)
            return None

    def _new_job(
        self,
        interaction: Interaction,
        wish: Wish,
        checked: Checked,
        *,
        notes: Sequence[Note],
        language: str | None,
    ) -> NewJob:
        guild = interaction.guild
        spoken_here = language or interaction.guild_locale or interaction.locale
        reader = interaction.locale if wish.private else spoken_here
        return NewJob(
            code=draw_code(),
            interaction_id=interaction.id,
            guild_id=interaction.guild_id or 0,
            channel_id=interaction.channel_id or 0,
            user_id=interaction.user.id,
            tool=wish.runs,
            inputs=checked.inputs,
            images=checked.images,
            private=wish.private,
            locale=str(reader),
            notes=tuple(map(str, (*checked.notes, *notes))),
            parent_code=wish.parent_code,
            hook_token=draw_hook_token(),
            interaction_token=interaction.token,
            token_expires_at=self._clock.now() + TOKEN_LIVES,
            file_limit_bytes=interaction.filesize_limit or DEFAULT_FILE_LIMIT_BYTES,
            channel_file_limit_bytes=guild.filesize_limit if guild is not None else DEFAULT_FILE_LIMIT_BYTES,
        )


def _texts(tool: Tool, checked: Checked) -> dict[str, str]:
    """All that somebody wrote, by its option.

    The tool's own trigger in front is none of it; a trained model's words are, for its owner chose them.
    """
    own = tool.trigger if Note.TRIGGER_ADDED in checked.notes else ""
    texts = {each.option: str(checked.inputs[each.id]) for each in tool.inputs if each.is_text}
    return {name: text.removeprefix(own) for name, text in texts.items()}


def draw(lowest: int, highest: int) -> int:
    """A random whole number between the two, both included."""
    return lowest + secrets.randbelow(highest - lowest + 1)


def given_of(job: Job, tool: Tool, *, same_seed: bool = False) -> dict[str, Any]:
    """What would have to be given to ask for the same again; without the seed unless `same_seed`."""
    given = {
        each.option: job.inputs[each.id]
        for each in tool.inputs
        if each.id in job.inputs and each.place is not Place.FIXED and (same_seed or not each.draw)
    }
    if (words := added_words(job.notes, tool)) and "prompt" in given:
        # They are put in front again; left there, a prompt of full length would be too long the second time.
        given["prompt"] = str(given["prompt"]).removeprefix(words).lstrip(", ")
    return given


def _in_use(model: TrainedModel | None) -> ModelInUse | None:
    """The model as a run needs it.

    Raises:
        UserError: Wiro has not told yet by which number it goes there.
    """
    if model is None:
        return None
    if model.wiro_id is None:
        raise UserError(
            "Wiro has not told me the number of this model yet, so it cannot be used. "
            "I look again every few minutes."
        )
    return ModelInUse(wiro_id=model.wiro_id, trigger_words=model.trigger_words)


def is_private_here(job: Job, interaction: Interaction) -> bool:
    """Whether what starts from this message is private too: its job is, and this is not the shared copy."""
    message = interaction.message
    return job.private and (message is None or message.id != job.shared_message_id)
