"""The page of `/settings` for the limits of the server and of its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.errors import OldButton
from bot.limits import Subject, Target, differing, loaded
from bot.log import get_logger
from bot.ui.forms import read_form
from bot.ui.settings.limits import (
    CLEAR,
    COOLDOWN,
    COOLDOWNS_S,
    FORMS,
    ROLE,
    Form,
    limits_form,
    page_of,
    read_limits_form,
    role_items,
    server_items,
)
from bot.ui.text import text_for
from cogs.settings.page import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from discord import ui

    from bot.store.changes import Change
    from bot.ui.services import Services
    from bot.ui.text import Text

Interaction = discord.Interaction[Any]

log = get_logger(__name__)

MOST_ROLES = 250
"""A server has no more."""
COUNT_WITHIN_S = 1.0
"""Discord waits three seconds for the page, which is worth showing without the numbers too."""


class LimitsPage:
    """What holds for everybody in the server, or with a role's id for its members."""

    def __init__(self, services: Services, role_id: int = 0) -> None:
        self._services = services
        self._role_id = role_id
        self.key = page_of(self._target(0))

    def of_role(self, role_id: int) -> LimitsPage:
        """The page of one role."""
        return LimitsPage(self._services, role_id)

    def title(self, _: Text) -> str:
        """What the page is called."""
        return _("Limits")

    async def items(self, guild: discord.Guild | None, guild_id: int, _: Text) -> Sequence[ui.Item[Any]]:
        """The rules as they are now, with how many members each role has."""
        quotas, target = self._services.quotas, self._target(guild_id)
        rule = await quotas.rule(target)
        if target.subject is Subject.ROLE:
            members = await self._members(guild) if guild is not None else {}
            return role_items(target, rule, members.get(target.id), _)
        every = await quotas.rules(guild_id, Subject.ROLE, limit=MOST_ROLES)
        roles = {role: said for role, said in every.items() if guild is None or guild.get_role(role.id)}
        policy = await self._services.choices.policy(guild_id)
        members = await self._members(guild) if guild is not None and roles else {}
        return server_items(rule, roles, members, policy.cooldown_s, _)

    async def clicked(
        self, interaction: Interaction, setting: str, values: Sequence[str]
    ) -> Change | Turn | None:
        """Turn to a role, choose the pause, clear the rule, or open one of its forms."""
        guild_id, by = interaction.guild_id or 0, interaction.user.id
        if setting == ROLE:
            return Turn(page_of(Target.role(guild_id, int(values[0]))))
        if setting == COOLDOWN:
            pause_s = COOLDOWNS_S[COOLDOWNS_S.index(int(values[0]))]
            return await self._services.choices.choose(guild_id, COOLDOWN, pause_s, by=by)
        target = self._target(guild_id)
        if setting == CLEAR:
            return await self._services.quotas.replace(target, {}, by=by)
        rule = await self._services.quotas.rule(target)
        form = limits_form(_form(setting), target, rule, text_for(str(interaction.locale)))
        await interaction.response.send_modal(form)
        return None

    async def sent(self, interaction: Interaction, setting: str) -> Change | None:
        """Let the rule say what the form says; the limits of other forms stay as they are."""
        _ = text_for(str(interaction.locale))
        said = read_limits_form(_form(setting), read_form(interaction), _)
        target = self._target(interaction.guild_id or 0)
        return await self._services.quotas.change(target, said, by=interaction.user.id)

    async def restore(self, guild_id: int, change: Change, *, by: int) -> Change | None:
        """Let the rule, whosever it is, say again what that change made it say otherwise; the rest stays."""
        target = Target.of_setting(guild_id, change.setting)
        if target is None:
            raise OldButton
        before = loaded(change.before)
        said = {each: before.get(each) for each in differing(before, loaded(change.after))}
        return await self._services.quotas.change(target, said, by=by)

    def owns(self, setting: str) -> bool:
        """Every rule, those of members too."""
        return Target.of_setting(0, setting) is not None

    def _target(self, guild_id: int) -> Target:
        return Target.role(guild_id, self._role_id) if self._role_id else Target.server(guild_id)

    async def _members(self, guild: discord.Guild) -> Mapping[int, int]:
        """How many members each role has; nothing when Discord does not tell in time."""
        try:
            async with self._services.clock.timeout(COUNT_WITHIN_S):
                return {role.id: count for role, count in (await guild.role_member_counts()).items()}
        except (discord.HTTPException, TimeoutError, OSError) as error:
            log.info("the members of roles could not be counted", error=type(error).__name__)
            return {}


def _form(key: str) -> Form:
    form = next((each for each in FORMS if each.key == key), None)
    if form is None:
        raise OldButton
    return form
