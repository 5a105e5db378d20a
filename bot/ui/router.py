"""The one router for buttons, selects and modals: a custom id names its handler.

discord.py's own dispatch keeps views in memory: it loses modals over a restart and only logs what handlers
raise. So all views are sent stopped, and everything comes here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import discord

from bot.errors import OldButton
from bot.ui.answers import answer_error
from bot.ui.ids import ButtonId, Verb

if TYPE_CHECKING:
    from bot.ui.answers import Interaction

Handler = Callable[[discord.Interaction[Any], ButtonId], Awaitable[None]]


class Router:
    """Finds the handler of a click or of a sent form, and answers for whatever goes wrong in it."""

    def __init__(self) -> None:
        self._clicks: dict[Verb, Handler] = {}
        self._forms: dict[Verb, Handler] = {}

    def on_click(self, verb: Verb, handler: Handler) -> None:
        """Have buttons and selects with that verb handled.

        Raises:
            ValueError: The verb has a handler.
        """
        self._add(self._clicks, verb, handler)

    def on_form(self, verb: Verb, handler: Handler) -> None:
        """Have modals with that verb handled.

        Raises:
            ValueError: The verb has a handler.
        """
        self._add(self._forms, verb, handler)

    @property
    def clicks(self) -> frozenset[Verb]:
        """The verbs of buttons that have a handler."""
        return frozenset(self._clicks)

    @property
    def forms(self) -> frozenset[Verb]:
        """The verbs of modals that have a handler."""
        return frozenset(self._forms)

    async def route(self, interaction: Interaction) -> None:
        """Handle a click or a form; other interactions are left to the command tree. Never raises."""
        handlers = {
            discord.InteractionType.component: self._clicks,
            discord.InteractionType.modal_submit: self._forms,
        }.get(interaction.type)
        if handlers is None:
            return
        data: Any = interaction.data or {}
        target = ButtonId.read(str(data.get("custom_id", "")))
        handler = handlers.get(target.verb) if target is not None else None
        try:
            if target is None or handler is None:
                raise OldButton  # noqa: TRY301 -- the one error path is right below
            await handler(interaction, target)
        except Exception as error:  # noqa: BLE001 -- a border: everything is answered
            await answer_error(interaction, error)

    def _add(self, handlers: dict[Verb, Handler], verb: Verb, handler: Handler) -> None:
        if verb in handlers:
            raise ValueError(f"{verb} has a handler already")
        handlers[verb] = handler
