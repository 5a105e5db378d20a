"""Private answers, and the one path by which every error reaches the person who clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands

from bot.errors import StoreBusy, TooBusy, TooLate, UserError
from bot.log import get_logger, reference_id
from bot.ui.layout import Accent, note
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from discord import ui

log = get_logger(__name__)

Interaction = discord.Interaction[Any]

NOBODY = discord.AllowedMentions.none()
UNKNOWN_INTERACTION = 10062
ALREADY_ANSWERED = 40060


async def say(interaction: Interaction, view: ui.LayoutView, *, files: Sequence[discord.File] = ()) -> None:
    """Answer privately: as the first answer, in place of "thinking", or as a follow-up.

    `files` are those that the view shows.

    Raises:
        discord.HTTPException, aiohttp.ClientError: Discord did not take it.
    """
    response = interaction.response
    shown: Any = files or discord.utils.MISSING
    if response.type is discord.InteractionResponseType.deferred_channel_message:
        await interaction.edit_original_response(view=view, attachments=shown, allowed_mentions=NOBODY)
    elif response.is_done():
        await interaction.followup.send(view=view, files=shown, ephemeral=True, allowed_mentions=NOBODY)
    else:
        await response.send_message(view=view, files=shown, ephemeral=True, allowed_mentions=NOBODY)


async def answer_error(
    interaction: Interaction, error: BaseException, *, buttons: Iterable[ui.Button[Any]] = ()
) -> None:
    """Tell the person what went wrong, once; never raises.

    A refusal is said as it is. Anything else is an apology with a reference, under which the log has the
    traceback.
    """
    refusal = _as_refusal(error, interaction)
    if refusal is None:
        reference = reference_id()
        log.error(
            "an interaction failed",
            reference=reference,
            kind=str(interaction.type.name),
            what=_name_of(interaction),
            guild_id=interaction.guild_id,
            exc_info=_cause_of(error),
        )
        _ = text_for(str(interaction.locale))
        refusal = _(
            "Something went wrong on my side, and it has been noted. Try again in a minute; if it "
            "happens again, tell the people who run this bot: reference `{reference}`.",
            reference=reference,
        )
    try:
        await say(interaction, note(refusal, accent=Accent.FAILED, buttons=buttons))
    except discord.HTTPException as failure:
        if failure.code == ALREADY_ANSWERED and not interaction.response.is_done():
            await _say_afterwards(interaction, refusal)
        else:
            log.info("an answer was not taken", status=failure.status, code=failure.code)
    except (aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as failure:
        # A RuntimeError is aiohttp's answer to a session that was closed: the process is stopping.
        log.info("an answer was lost", error=type(failure).__name__)


async def _say_afterwards(interaction: Interaction, sentence: str) -> None:
    """The first answer was taken although its acknowledgement was lost: this one comes behind it."""
    try:
        await interaction.followup.send(
            view=note(sentence, accent=Accent.FAILED), ephemeral=True, allowed_mentions=NOBODY
        )
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as failure:
        log.info("an answer was not taken", error=type(failure).__name__)


def _as_refusal(error: BaseException, interaction: Interaction) -> str | None:
    """The sentence of an error that is the person's to know; None for a fault."""
    cause = _cause_of(error)
    if isinstance(cause, UserError):
        return cause.message
    if isinstance(cause, (TooLate, StoreBusy)):
        return TooBusy().message
    if isinstance(cause, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)):
        _ = text_for(str(interaction.locale))
        return _("This command has changed. Reload Discord (Ctrl+R, or restart the app) and use it again.")
    if isinstance(cause, app_commands.CheckFailure):
        _ = text_for(str(interaction.locale))
        return _("You may not use that here.")
    return None


def _cause_of(error: BaseException) -> BaseException:
    """What was raised inside discord.py's wrappers."""
    if isinstance(error, app_commands.CommandInvokeError):
        return error.original
    if isinstance(error, app_commands.TransformerError) and error.__cause__ is not None:
        return error.__cause__
    return error


def _name_of(interaction: Interaction) -> str:
    """What was used: the command, or the verb of the button, never what was written."""
    data: Any = interaction.data or {}
    return str(data.get("name") or str(data.get("custom_id", "")).partition("-")[0][:60])
