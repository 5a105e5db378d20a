"""The page of the settings for limits of the server and its roles, and its forms. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.errors import InvalidValue
from bot.limits import BOUNDS, MONEY, NANO_PER_USD, SHARED, SIZES, Limit, Subject, Target
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import button, small, text
from bot.ui.limits import amount_words, limit_name, target_words
from bot.ui.safe import code_span, cut
from bot.ui.settings.controls import heading, menu, set_id
from bot.ui.settings.words import setting_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.limits import Amounts
    from bot.ui.text import Text

KEY = "limits"
ROLE, CLEAR, COOLDOWN = "role", "clear", "cooldown_s"
COOLDOWNS_S = (0, 10, 30, 60, 300, 900, 3_600)
LISTED_ROLES = 8
MAX_WRITTEN = 16


@dataclass(frozen=True, slots=True)
class Form:
    """A few limits that are set together."""

    key: str
    title: Callable[[Text], str]
    limits: tuple[Limit, ...]


FORMS = (
    Form(
        "amounts",
        lambda _: _("Amounts"),
        (Limit.IMAGES_PER_DAY, Limit.TRAININGS_PER_WEEK, Limit.CONCURRENT_TASKS, Limit.WEIGHT),
    ),
    Form("sizes", lambda _: _("Sizes"), SIZES),
    Form("money", lambda _: _("Money"), (*MONEY, *SHARED)),
)


def page_of(target: Target) -> str:
    """The key of the page on which a rule is changed."""
    return f"{KEY}-{target.id}" if target.subject is Subject.ROLE else KEY


def server_items(
    server: Amounts, roles: Mapping[Target, Amounts], members: Mapping[int, int], cooldown_s: int, _: Text
) -> Sequence[ui.Item[Any]]:
    """The rule for everybody, which roles have one, and the pause between tasks.

    Args:
        server: What the server's rule says.
        roles: What those of roles say, the last changed ones first.
        members: How many members each role has, by its id, as far as that is known.
        cooldown_s: The pause between two tasks of a member.
        _: The reader's words.
    """
    explained = _(
        "A member's own limits (`/mod quota set`) go first, then the best of their roles', then these, then "
        "the operator's, whose ceilings nothing passes. `/quota` tells everyone theirs."
    )
    listed = [
        f"<@&{target.id}>{_counted(members.get(target.id), _)}: {rule_words(rule, _)}"
        for target, rule in list(roles.items())[:LISTED_ROLES]
    ]
    if len(roles) > LISTED_ROLES:
        more = len(roles) - LISTED_ROLES
        listed.append(small(_.plural("{n} more role has some", "{n} more roles have some", more)))
    choose: ui.RoleSelect[Any] = ui.RoleSelect(
        custom_id=str(set_id(KEY, ROLE)), placeholder=_("Choose a role to see and set its limits")
    )
    pauses = {str(each): _.duration(each) if each else _("No pause between tasks") for each in COOLDOWNS_S}
    if str(cooldown_s) not in pauses:
        pauses[str(cooldown_s)] = _.duration(cooldown_s)
    return [
        heading(_("Limits of everybody here"), explained),
        text(rule_words(server, _)),
        _buttons(KEY, server, _),
        text(f"**{_('Limits of roles')}**", *(listed or [small(_("No role has any yet."))])),
        ui.ActionRow(choose),
        heading(
            setting_name(COOLDOWN, _), _("How long a member waits after asking for a task, before the next.")
        ),
        menu(set_id(KEY, COOLDOWN), pauses, str(cooldown_s)),
    ]


def role_items(target: Target, rule: Amounts, members: int | None, _: Text) -> Sequence[ui.Item[Any]]:
    """The rule of one role."""
    explained = _(
        "Of several roles the best counts for each limit. Money of all together is one purse for everybody "
        "who has the role."
    )
    back = button(_("All limits"), ButtonId(Verb.SETTINGS, NO_JOB, KEY))
    name = _("Limits of {whom}", whom=target_words(target, _))
    return [
        heading(f"{name}{_counted(members, _)}", explained),
        text(rule_words(rule, _)),
        _buttons(page_of(target), rule, _, back),
    ]


def rule_words(rule: Amounts, _: Text) -> str:
    """What a rule says, in a line."""
    if not rule:
        return _("nothing of their own")
    said = [limit for limit in Limit if limit in rule]
    return ", ".join(f"{limit_name(each, _)} **{amount_words(each, rule[each], _)}**" for each in said)


def _counted(members: int | None, _: Text) -> str:
    if members is None:
        return ""
    return f" ({_.plural('{n} member', '{n} members', members)})"


def _buttons(page: str, rule: Amounts, _: Text, *more: ui.Button[Any]) -> ui.ActionRow[Any]:
    opened = [button(form.title(_), set_id(page, form.key), discord.ButtonStyle.primary) for form in FORMS]
    clear = button(_("Clear"), set_id(page, CLEAR), disabled=not rule)
    return ui.ActionRow(*opened, clear, *more)


def limits_form(form: Form, target: Target, rule: Amounts, _: Text) -> ui.Modal:
    """A form with a field for each limit, filled with what the rule says."""
    modal = ui.Modal(title=cut(form.title(_), 45), custom_id=str(set_id(page_of(target), form.key)))
    for limit in form.limits:
        least, most = (written(limit, bound) for bound in BOUNDS[limit])
        unit = _("US dollars, {least} to {most}") if limit.is_money else _("{least} to {most}")
        hint = unit.format(least=least, most=most)
        field = ui.TextInput[Any](
            custom_id=limit.value,
            required=False,
            max_length=MAX_WRITTEN,
            default=written(limit, rule[limit]) if limit in rule else None,
        )
        modal.add_item(
            ui.Label(
                text=cut(limit_name(limit, _), 45),
                description=cut(_("{hint}; empty: this rule says nothing of it", hint=hint), 100),
                component=field,
            )
        )
    modal.stop()
    return modal


def written(limit: Limit, amount: int) -> str:
    """An amount as it is written in a field."""
    if not limit.is_money:
        return str(amount)
    return f"{(Decimal(amount) / NANO_PER_USD).normalize():f}"


def read_limits_form(form: Form, sent: Mapping[str, str], _: Text) -> dict[Limit, int | None]:
    """What the form says of each of its limits; None: nothing.

    Raises:
        InvalidValue: It says what no rule may; each is named with its bounds.
    """
    said: dict[Limit, int | None] = {}
    problems = []
    for limit in form.limits:
        value = sent.get(limit.value, "").strip()
        try:
            said[limit] = _amount(limit, value) if value else None
        except ValueError:
            least, most = (amount_words(limit, bound, _) for bound in BOUNDS[limit])
            name = limit_name(limit, _)
            must = (
                _("an amount from {least} to {most}", least=least, most=most)
                if limit.is_money
                else _("a whole number from {least} to {most}", least=least, most=most)
            )
            problems.append(
                _(
                    "{value} cannot be {name}: it has to be {must}, or empty.",
                    value=code_span(value),
                    name=name,
                    must=must,
                )
            )
    if problems:
        raise InvalidValue(problems)
    return said


def _amount(limit: Limit, value: str) -> int:
    """The amount that somebody wrote; ValueError when it is none, or out of its bounds."""
    plain = re.sub(r"[\s$]", "", value).replace(",", "." if limit.is_money else "")
    try:
        exact = Decimal(plain) * (NANO_PER_USD if limit.is_money else 1)
    except InvalidOperation:
        raise ValueError from None
    least, most = BOUNDS[limit]
    if not exact.is_finite() or not least <= exact <= most or exact != int(exact):
        raise ValueError
    return int(exact)
