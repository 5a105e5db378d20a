"""The page of the settings on which a server's line is paused. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.ui.layout import button, text
from bot.ui.moderating import clean_reason
from bot.ui.safe import code_span, cut
from bot.ui.settings.controls import heading, set_id
from bot.ui.settings.pages import PolicyPage
from bot.ui.settings.words import setting_name
from bot.ui.words import MAX_PAUSE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.store.policies import GuildPolicy
    from bot.ui.text import Text

PAUSE, GO_ON = "pause", "go_on"
WHY = "why"


def _draw(policy: GuildPolicy, _guild: discord.Guild | None, _: Text) -> Sequence[ui.Item[Any]]:
    explained = heading(
        setting_name("line_paused", _),
        _(
            "While it is paused, tasks are taken and wait, and their cards say why. What is at work "
            "already is finished. A task that has waited for a day ends and is not counted."
        ),
    )
    if policy.line_paused is None:
        style, target, label = discord.ButtonStyle.danger, PAUSE, _("Pause")
        state = _("It moves.")
    else:
        style, target, label = discord.ButtonStyle.success, GO_ON, _("Go on")
        state = _("It is paused.")
        if policy.line_paused:
            state += f" {_('Reason:')} {code_span(policy.line_paused, MAX_PAUSE)}"
    return [ui.Section(explained, accessory=button(label, set_id("line", target), style)), text(state)]


LINE_PAGE = PolicyPage("line", lambda _: _("The line"), _draw)


def pause_form(_: Text) -> ui.Modal:
    """Asks why the line is to be paused."""
    form = ui.Modal(title=_("Pause the line"), custom_id=str(set_id("line", PAUSE)))
    why = ui.TextInput[Any](custom_id=WHY, required=False, max_length=MAX_PAUSE)
    form.add_item(
        ui.Label(
            text=_("Why"),
            description=cut(_("The cards of waiting tasks say it to everyone."), 100),
            component=why,
        )
    )
    form.stop()
    return form


def read_pause(sent: Mapping[str, str]) -> str:
    """The reason that the form brought; "" when none was given."""
    return clean_reason(sent.get(WHY)) or ""
