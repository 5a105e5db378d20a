"""Limits in words: what each is called, how much it is, who gave it; a member's quota as a panel. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord import ui

from bot.limits import COUNTED, Limit, Subject, Target
from bot.model import NORMAL_WEIGHT, Unit
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, small, text
from bot.ui.safe import bar
from bot.ui.text import moment, relative

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.jobs.quotas import LedgerFile
    from bot.limits import Bonus, Giver
    from bot.quota.rules import Given, Limits
    from bot.ui.records import Account, Allowance, Spending
    from bot.ui.text import Text

LISTED_BONUSES = 5


def limit_name(limit: Limit, _: Text) -> str:
    """What people call a limit."""
    return {
        Limit.IMAGES_PER_DAY: _("images a day"),
        Limit.TRAININGS_PER_WEEK: _("trainings a week"),
        Limit.CONCURRENT_TASKS: _("tasks at once"),
        Limit.SAMPLES: _("images of one task"),
        Limit.STEPS: _("steps"),
        Limit.SIDE: _("longer side in pixels"),
        Limit.WEIGHT: _("share of the line in %"),
        Limit.MONEY_PER_DAY: _("money a day"),
        Limit.MONEY_PER_MONTH: _("money a month"),
        Limit.SHARED_PER_DAY: _("money of all together a day"),
        Limit.SHARED_PER_MONTH: _("money of all together a month"),
    }[limit]


def amount_words(limit: Limit, amount: int | None, _: Text) -> str:
    """How much a rule says of a limit; None: nothing."""
    if amount is None:
        return "–"
    return _.money(amount) if limit.is_money else _.number(amount)


def giver_words(giver: Giver, _: Text) -> str:
    """Whose rule a limit is."""
    return {
        Subject.MEMBER: _("by a rule for this member"),
        Subject.ROLE: _("by the role {role}", role=f"<@&{giver.id}>"),
        Subject.PREMIUM: _("by a premium tier"),
        Subject.SERVER: _("by this server's rule"),
        Subject.INSTANCE: _("by the operator of this bot"),
    }[giver.subject]


def target_words(target: Target, _: Text) -> str:
    """For whom a rule is."""
    if target.subject is Subject.MEMBER:
        return f"<@{target.id}>"
    return f"<@&{target.id}>" if target.subject is Subject.ROLE else _("everybody here")


def bonus_words(bonus: Bonus, _: Text) -> str:
    """A bonus with its end."""
    more = (
        _.plural("{n} more image a day", "{n} more images a day", bonus.amount)
        if bonus.unit is Unit.IMAGE
        else _.plural("{n} more training a week", "{n} more trainings a week", bonus.amount)
    )
    return _("{more} until {when}", more=more, when=moment(bonus.until))


def ceiling_words(limit: Limit, amount: int, _: Text) -> str:
    """That the operator allows no more, and what the operator can do about it."""
    setting = {
        Limit.IMAGES_PER_DAY: "QUOTA_IMAGES_PER_DAY_MAX",
        Limit.TRAININGS_PER_WEEK: "QUOTA_TRAININGS_PER_WEEK_MAX",
        Limit.CONCURRENT_TASKS: "QUOTA_CONCURRENT_TASKS_MAX",
    }.get(limit)
    most = f"{amount_words(limit, amount, _)} {limit_name(limit, _)}"
    if setting is None:
        return _(
            "The operator of this bot allows no more than {most} ({setting}).",
            most=most,
            setting="`QUOTA_LIMITS_MAX`",
        )
    return _(
        "The operator of this bot allows no more than {most}, over all servers ({setting}).",
        most=most,
        setting=f"`{setting}`",
    )


def given_back_words(given_back: Mapping[Unit, int], _: Text) -> str:
    """What was used and counts no more."""
    parts = []
    if images := given_back.get(Unit.IMAGE):
        parts.append(_.plural("{n} image", "{n} images", images))
    if trainings := given_back.get(Unit.TRAINING):
        parts.append(_.plural("{n} training", "{n} trainings", trainings))
    return ", ".join(parts)


def granted_words(detail: str, _: Text) -> str:
    """What the audit says of a bonus ("image 20" and its end) or of what was given back ("image 12")."""
    unit, amount, *until = detail.split()
    limit = COUNTED[Unit(unit)]
    words = f"{int(amount):+d} {limit_name(limit, _)}"
    return _("{more} until {when}", more=words, when=f"<t:{until[0]}:f>") if until else words


def quota_panel(account: Account, _: Text, *, user_id: int | None = None) -> ui.LayoutView:
    """What is used of each limit, with a bar, when it comes back, who gave it, and what it has cost.

    With `user_id` it is that member's, for a moderator: it has buttons for the ledgers.
    """
    whose = _("Quota of {member} in this server", member=f"<@{user_id}>")
    heading = _("### Your quota in this server") if user_id is None else f"### {whose}"
    blocks = [
        text(f"**{_unit_title(each.unit, _)}**", *_allowance_lines(each, _)) for each in account.allowances
    ]
    bonuses = [f"🎁 {bonus_words(each, _)}" for each in account.bonuses[:LISTED_BONUSES]]
    items: list[ui.Item[Any] | None] = [
        text(heading),
        *blocks,
        text(*bonuses) if bonuses else None,
        *(text(*lines) for each in account.spending if (lines := _spending_lines(each, _))),
        text(*(small(line) for line in (*_other_lines(account.limits, _), _spent_line(account, _)))),
    ]
    buttons = []
    if user_id is not None:
        buttons = [
            button(_("Their ledgers as CSV"), ButtonId(Verb.MOD_LEDGER, NO_JOB, str(user_id))),
            button(_("The server's ledgers as CSV"), ButtonId(Verb.MOD_LEDGER, NO_JOB, "0")),
        ]
    return card(Accent.RUNNING, *items, buttons=buttons)


def ledger_panel(files: Sequence[LedgerFile], _: Text, *, user_id: int) -> ui.LayoutView:
    """The ledgers of a member, or with 0 of the server, as files; `ledger_name` is what they are called."""
    whose = f"<@{user_id}>" if user_id else _("everybody")
    counts = " · ".join(
        _.plural("{n} entry of {ledger}", "{n} entries of {ledger}", each.entries, ledger=_ledger(each, _))
        for each in files
    )
    lines = [_("### Ledgers of {whom} in this server", whom=whose), small(counts)]
    if not all(each.is_whole for each in files):
        lines.append(small(_("Only the newest entries fit into a message; older ones are left out.")))
    shown = [ui.File[Any](f"attachment://{ledger_name(each)}") for each in files]
    return card(Accent.QUIET, text(*lines), *shown)


def ledger_name(file: LedgerFile) -> str:
    """What the file of a ledger is called."""
    return f"{file.name}-ledger.csv"


def _ledger(file: LedgerFile, _: Text) -> str:
    return {"quota": _("quota"), "money": _("money")}[file.name]


def _unit_title(unit: Unit, _: Text) -> str:
    return {
        Unit.IMAGE: _("Images today"),
        Unit.TRAINING: _("Trainings this week"),
        Unit.TASK: _("Tasks at once"),
    }[unit]


def _allowance_lines(each: Allowance, _: Text) -> list[str]:
    if each.cap == 0:
        return [_("Turned off here."), small(_by(each.given, _))]
    counted = _(
        "{used} of {cap} used, {left} left",
        used=_.number(each.used),
        cap=_.number(each.cap),
        left=_.number(each.left),
    )
    lines = [f"{bar(each.used / each.cap)} {counted}"]
    parts = []
    if each.used and each.back_at is not None:
        parts.append(_("all of it comes back {when}", when=relative(each.back_at)))
    elif each.used:
        parts.append(_("a place comes back with each task that ends"))
    parts.append(_by(each.given, _))
    return [*lines, small(" · ".join(parts))]


def _by(given: Given, _: Text) -> str:
    """Who gave a limit, and what of it is a bonus or was cut off."""
    by = _("limit {by}", by=giver_words(given.by, _))
    if given.bonus:
        by += " " + _("and {n} as a bonus", n=_.number(given.bonus))
    if given.at_ceiling:
        by += " " + (
            _("(over all servers)")
            if given.by.subject is Subject.INSTANCE
            else _("(at the operator's ceiling)")
        )
    return by


def _spending_lines(each: Spending, _: Text) -> Sequence[str]:
    """Money that has a limit."""
    if each.given is None:
        return ()
    used = each.spent_nano_usd + each.held_nano_usd
    title = _("Money today") if each.limit is Limit.MONEY_PER_DAY else _("Money this month")
    counted = _("{used} of {cap} used", used=_.money(used), cap=_.money(each.given.amount))
    share = used / each.given.amount if each.given.amount else 1.0
    back = _("all of it comes back {when}", when=relative(each.back_at))
    return (f"**{title}**", f"{bar(share)} {counted}", small(f"{back} · {_by(each.given, _)}"))


def _other_lines(limits: Limits, _: Text) -> Sequence[str]:
    """What limits one task, and what the member is in the line."""
    lines = [
        _(
            "at most {amount} {what}, {by}",
            amount=_.number(given.amount),
            what=limit_name(limit, _),
            by=giver_words(given.by, _),
        )
        for limit, given in limits.sizes.items()
    ]
    if limits.weight != NORMAL_WEIGHT:
        by = giver_words(limits.given[Limit.WEIGHT].by, _)
        share = f"{_.number(limits.weight)} %"
        lines.append(_("{share} of the usual share of the line, {by}", share=share, by=by))
    if limits.cooldown_s:
        lines.append(_("a pause of {time} between two tasks", time=_.duration(limits.cooldown_s)))
    return lines


def _spent_line(account: Account, _: Text) -> str:
    today, month = (_.money(each.spent_nano_usd) for each in account.spending)
    return _("Tasks here have cost {today} today and {month} this month.", today=today, month=month)
