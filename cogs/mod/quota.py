"""`/mod quota`: what a member has left here, bonuses, limits of their own, and what was used given back."""

from __future__ import annotations

import inspect
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Optional

import discord
from discord import app_commands

from bot.errors import UserError
from bot.limits import BOUNDS, COUNTED, NANO_PER_USD, Limit, Standing, Target
from bot.model import Unit
from bot.ui.access import role_ids_of
from bot.ui.answers import say
from bot.ui.ids import Verb
from bot.ui.layout import note
from bot.ui.limits import (
    bonus_words,
    ceiling_words,
    given_back_words,
    ledger_name,
    ledger_panel,
    limit_name,
    quota_panel,
)
from bot.ui.moderating import MAX_REASON, clean_reason
from bot.ui.settings.words import change_words
from bot.ui.text import text_for
from cogs.mod.common import Interaction, server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.quota.rules import Given
    from bot.ui.ids import ButtonId
    from bot.ui.records import Account
    from bot.ui.services import Services
    from bot.ui.text import Text

Reason = app_commands.Range[str, 1, MAX_REASON]
User = discord.User | discord.Member

MOST_DAYS = 365
MOST_GRANTED = 1_000
LISTED = 5
USED, BONUSES, RULE = "used", "bonuses", "rule"
OWN: Mapping[str, tuple[Limit, str]] = {
    "images": (Limit.IMAGES_PER_DAY, "Images a day"),
    "trainings": (Limit.TRAININGS_PER_WEEK, "Trainings a week"),
    "tasks": (Limit.CONCURRENT_TASKS, "Tasks waiting or running at once"),
    "samples": (Limit.SAMPLES, "Images of one task, at most"),
    "steps": (Limit.STEPS, "Steps, at most"),
    "side": (Limit.SIDE, "The longer side of an image in pixels, at most"),
    "weight": (Limit.WEIGHT, "Their share of the line in per cent of the usual one"),
    "usd_per_day": (Limit.MONEY_PER_DAY, "US dollars a day"),
    "usd_per_month": (Limit.MONEY_PER_MONTH, "US dollars a month"),
}
"""The options of `/mod quota set`."""


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer the commands about one member's quota."""
    group = app_commands.Group(name="quota", description="What a member may do here", parent=mod)
    quota = MemberQuota(services)

    @group.command(description="What a member has left here, and which rule gave each limit")
    @app_commands.describe(user="Whose")
    async def show(interaction: Interaction, user: discord.User) -> None:
        """Answer with the member's quota."""
        await quota.show(interaction, user)

    @group.command(description="Give a member more for a while")
    @app_commands.describe(
        user="Whom",
        what="More of what",
        amount="How many more",
        days="For how many days; left out: today, or this week for trainings",
        reason="For the audit",
    )
    @app_commands.choices(
        what=[
            app_commands.Choice(name="images a day", value=Unit.IMAGE.value),
            app_commands.Choice(name="trainings a week", value=Unit.TRAINING.value),
        ]
    )
    async def grant(  # noqa: PLR0917 -- options of a command
        interaction: Interaction,
        user: discord.User,
        what: str,
        amount: app_commands.Range[int, 1, MOST_GRANTED],
        days: Optional[app_commands.Range[int, 1, MOST_DAYS]] = None,  # noqa: UP045 -- read by discord.py
        reason: Optional[Reason] = None,  # noqa: UP045 -- likewise
    ) -> None:
        """Give a member a bonus."""
        lasts = None if days is None else timedelta(days=days)
        await quota.grant(interaction, user, Unit(what), amount, lasts=lasts, why=clean_reason(reason))

    @group.command(description="Give back what a member used, end their bonuses, or their own limits")
    @app_commands.describe(user="Whose", what="What of it", reason="For the audit")
    @app_commands.choices(
        what=[
            app_commands.Choice(name="what was used here today, and of trainings this week", value=USED),
            app_commands.Choice(name="bonuses", value=BONUSES),
            app_commands.Choice(name="limits of their own", value=RULE),
        ]
    )
    async def reset(
        interaction: Interaction,
        user: discord.User,
        what: str,
        reason: Optional[Reason] = None,  # noqa: UP045 -- read by discord.py
    ) -> None:
        """Make it as if it had not been."""
        await quota.reset(interaction, user, what, why=clean_reason(reason))

    group.add_command(_set_command(quota))
    services.router.on_click(Verb.MOD_LEDGER, quota.export)


def _set_command(quota: MemberQuota) -> app_commands.Command[Any, ..., Any]:
    """The command with an option for each limit of a member."""

    async def run(interaction: Interaction, user: User, **given: float | None) -> None:
        said = {
            limit: round(number * (NANO_PER_USD if limit.is_money else 1))
            for name, (limit, _help) in OWN.items()
            if (number := given.get(name)) is not None
        }
        await quota.set(interaction, user, said)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter("interaction", kind, annotation=discord.Interaction),
        inspect.Parameter("user", kind, annotation=discord.User),
        *(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(limit))
            for name, (limit, _help) in OWN.items()
        ),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # discord.py reads the options from it
    described = app_commands.describe(user="Whose", **{name: told for name, (_limit, told) in OWN.items()})
    return app_commands.Command(
        name="set",
        description="Give a member limits of their own, before those of roles and server",
        callback=described(run),
    )


def _option(limit: Limit) -> Any:
    """The type of an option, with the bounds that Discord checks."""
    least, most = BOUNDS[limit]
    number = (
        app_commands.Range[float, 0, most // NANO_PER_USD]
        if limit.is_money
        else app_commands.Range[int, least, most]
    )
    return Optional[number]  # noqa: UP045 -- a Range is an object, which knows no "| None"


class MemberQuota:
    """What moderators see and change of one member's quota in their server."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._quotas = services.quotas
        self._records = services.records

    async def show(self, interaction: Interaction, user: User) -> None:
        """Answer with the quota; what somebody bought of the app is known in their own tasks alone."""
        account = await self._account(interaction, user)
        await say(interaction, quota_panel(account, text_for(str(interaction.locale)), user_id=user.id))

    async def grant(
        self,
        interaction: Interaction,
        user: User,
        unit: Unit,
        amount: int,
        *,
        lasts: timedelta | None,
        why: str | None,
    ) -> None:
        """Give a bonus, unless the operator allows no more anyway."""
        _ = text_for(str(interaction.locale))
        limit = COUNTED[unit]
        before = (await self._account(interaction, user)).limits
        if before.cap(unit) >= before.cap_everywhere(unit):
            ceiling = ceiling_words(limit, before.cap_everywhere(unit), text_for("en-US"))
            raise UserError(f"Nothing was granted. {ceiling}")
        bonus = await self._quotas.grant(
            unit,
            amount,
            lasts=lasts,
            guild_id=server(interaction),
            user_id=user.id,
            by=interaction.user.id,
            why=why,
        )
        given = (await self._account(interaction, user)).limits.given
        lines = [
            _("{member} gets {bonus}.", member=f"<@{user.id}>", bonus=bonus_words(bonus, _)),
            _(
                "Their limit is now: {amount} {what}.",
                amount=_.number(given[limit].amount),
                what=limit_name(limit, _),
            ),
        ]
        await say(interaction, note("\n".join([*lines, *_ceilings([limit], given, _)])))

    async def set(self, interaction: Interaction, user: User, said: Mapping[Limit, int]) -> None:
        """Change the member's own limits; those that are left out stay as they are."""
        if not said:
            raise UserError(
                "Say at least one limit, like `images:20`. `/mod quota reset` takes a member's own away."
            )
        target = Target.member(server(interaction), user.id)
        change = await self._quotas.change(target, said, by=interaction.user.id)
        _ = text_for(str(interaction.locale))
        if change is None:
            await say(interaction, note(_("It was so already.")))
            return
        given = (await self._account(interaction, user)).limits.given
        told = change_words(change.setting, change.before, change.after, _)
        await say(interaction, note("\n".join([told, *_ceilings(said, given, _)])))

    async def reset(self, interaction: Interaction, user: User, what: str, *, why: str | None) -> None:
        """Give back what was used, or end bonuses or the member's own limits."""
        ways = {USED: self._give_back, BONUSES: self._end_bonuses, RULE: self._end_rule}
        told = await ways[what](interaction, user, why, text_for(str(interaction.locale)))
        await say(interaction, note(told))

    async def export(self, interaction: Interaction, target: ButtonId) -> None:
        """Give the ledgers as files, which may take a moment to be read."""
        await self._services.require_moderator(interaction)
        user_id = int(target.arg)
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._quotas.ledgers(server(interaction), user_id=user_id or None)
        view = ledger_panel(found, text_for(str(interaction.locale)), user_id=user_id)
        files = [discord.File(BytesIO(each.data), ledger_name(each)) for each in found]
        await say(interaction, view, files=files)

    async def _give_back(self, interaction: Interaction, user: User, why: str | None, _: Text) -> str:
        back = await self._quotas.reset(
            guild_id=server(interaction), user_id=user.id, by=interaction.user.id, why=why
        )
        if not back:
            raise UserError("There is nothing to give back: what still runs counts until it ends.")
        told = _("{member} got back: {what}.", member=f"<@{user.id}>", what=given_back_words(back, _))
        # Over all servers it still counts: where that is what is left of, the answer says so.
        account = await self._account(interaction, user)
        given = {COUNTED[each.unit]: each.given for each in account.allowances if each.unit in back}
        return "\n".join([told, *_ceilings(given, given, _)])

    async def _end_bonuses(self, interaction: Interaction, user: User, why: str | None, _: Text) -> str:
        ended = await self._quotas.take_back(
            guild_id=server(interaction), user_id=user.id, by=interaction.user.id, why=why
        )
        if not ended:
            raise UserError("That member has no bonus here. `/mod quota show` shows what they have.")
        listed = ", ".join(bonus_words(each, _) for each in ended[:LISTED])
        return _("Ended for {member}: {what}.", member=f"<@{user.id}>", what=listed)

    async def _end_rule(self, interaction: Interaction, user: User, why: str | None, _: Text) -> str:
        del why  # a changed setting has no reason
        target = Target.member(server(interaction), user.id)
        change = await self._quotas.replace(target, {}, by=interaction.user.id)
        if change is None:
            raise UserError("That member has no limits of their own here. `/mod quota set` gives some.")
        return change_words(change.setting, change.before, change.after, _)

    async def _account(self, interaction: Interaction, user: User) -> Account:
        standing = Standing(role_ids=role_ids_of(user))
        return await self._records.account(user.id, server(interaction), standing)


def _ceilings(changed: Iterable[Limit], given: Mapping[Limit, Given], _: Text) -> list[str]:
    """Of which of these the operator allows no more."""
    return [ceiling_words(limit, given[limit].amount, _) for limit in changed if given[limit].at_ceiling]
