"""Options that name a trained model: their completion as somebody types, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord import app_commands

from bot.log import get_logger
from bot.ui.access import reader_of
from bot.ui.references import model_choices
from bot.ui.text import text_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.ui.access import Interaction
    from bot.ui.services import Services

    Completion = Callable[[Interaction, str], Awaitable[list[app_commands.Choice[str]]]]

log = get_logger(__name__)

SUGGEST_WITHIN_S = 1.0
"""A suggestion that comes later than the next keystroke is worth nothing."""


def completion(services: Services, *, own: bool = False) -> Any:
    """Completes the models that the member may use there; `own`: those that are theirs."""

    async def complete(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        reader = reader_of(interaction)
        try:
            async with services.clock.timeout(SUGGEST_WITHIN_S):
                models = await services.models.usable_by(reader)
        except Exception:  # suggestions are a help: a name can still be written
            log.warning("models could not be suggested", exc_info=True)
            return []
        wanted = [model for model in models if model.owner_id == reader.user_id or not own]
        found = model_choices(current, wanted, reader.user_id, text_for(str(interaction.locale)))
        return [app_commands.Choice(name=name, value=value) for name, value in found]

    return complete
