"""What was spent in a server, in words, and what is drawn of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.quota.spending import Period, by_tool_and_day, sums
from bot.ui.layout import Accent, card, small, text
from bot.ui.safe import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.store.spending import Spent
    from bot.tools import Tool
    from bot.ui.text import Text

CHART, FILE = "spending.png", "spending.csv"
LISTED_MEMBERS = 10
LISTED_TOOLS = 5
"""Others share a line, and a colour."""
MAX_ALT = 1024
"""Characters of a picture's description that Discord takes."""


def period_name(period: Period, _: Text) -> str:
    """What people call it."""
    return {
        Period.TODAY: _("today"),
        Period.WEEK: _("the last 7 days"),
        Period.DAYS_30: _("the last 30 days"),
        Period.MONTH: _("this month"),
    }[period]


def bars_of(
    spent: Sequence[Spent], days: Sequence[str], catalogue: Mapping[str, Tool], _: Text
) -> Mapping[str, Sequence[int]]:
    """What each tool cost on each day, by the tool's name; empty when nothing was spent."""
    found = list(by_tool_and_day(spent, days).items())
    bars = {_tool_name(tool, catalogue, _): amounts for tool, amounts in found[:LISTED_TOOLS]}
    if others := found[LISTED_TOOLS:]:
        bars[_("other tools")] = [
            sum(day) for day in zip(*(amounts for _tool, amounts in others), strict=True)
        ]
    return bars


def day_label(day: str) -> str:
    """A day under its bar: "11-28"."""
    return day[5:]


def spending_panel(
    spent: Sequence[Spent],
    days: Sequence[str],
    period: Period,
    catalogue: Mapping[str, Tool],
    _: Text,
    *,
    has_chart: bool,
) -> ui.LayoutView:
    """The sum, a chart, the tools, the members with the most, and everything as a file."""
    lines = [
        _("### Spent in this server: {period}", period=period_name(period, _)),
        _total_line(spent, _),
        small(_days_line(days, _)),
    ]
    chart: ui.MediaGallery[Any] | None = None
    if has_chart:
        described = chart_words(spent, catalogue, _)
        chart = ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{CHART}", description=described))
    return card(
        Accent.QUIET,
        text(*lines),
        chart,
        _listed(_("**By tool**"), spent, lambda each: _tool_name(each.tool, catalogue, _), LISTED_TOOLS, _),
        _listed(_("**By member**"), spent, lambda each: f"<@{each.user_id}>", LISTED_MEMBERS, _),
        ui.File[Any](f"attachment://{FILE}") if spent else None,
    )


def chart_words(spent: Sequence[Spent], catalogue: Mapping[str, Tool], _: Text) -> str:
    """The figures of the chart, for those who do not see it."""
    tools = sums(spent, lambda each: _tool_name(each.tool, catalogue, _))
    by_day = sorted(sums(spent, lambda each: each.day).items())
    said = _(
        "Money spent by day. {days}. By tool: {tools}.",
        days=", ".join(f"{day}: {_.money(amount)}" for day, amount in by_day if amount),
        tools=", ".join(f"{name}: {_.money(amount)}" for name, amount in tools.items() if amount),
    )
    return cut(said, MAX_ALT)


def _total_line(spent: Sequence[Spent], _: Text) -> str:
    if not spent:
        return _("Nothing was spent.")
    tasks = _.plural("{n} task", "{n} tasks", sum(each.tasks for each in spent))
    said = _("**{money}** for {tasks}", money=_.money(sum(each.settled for each in spent)), tasks=tasks)
    held = sum(each.held for each in spent)
    if held:
        said += " · " + _("{money} more is set aside for those that have not ended", money=_.money(held))
    return said


def _days_line(days: Sequence[str], _: Text) -> str:
    if len(days) == 1:
        return _("{day}, from midnight to midnight in UTC", day=days[0])
    return _("{first} to {last}, days in UTC", first=days[0], last=days[-1])


def _listed(
    heading: str, spent: Sequence[Spent], key: Callable[[Spent], str], most: int, _: Text
) -> ui.TextDisplay[Any] | None:
    """What was spent by each, the most first; the last line has all others."""
    found = [(name, amount) for name, amount in sums(spent, key).items() if amount]
    if not found:
        return None
    lines = [f"{name}: {_.money(amount)}" for name, amount in found[:most]]
    if rest := found[most:]:
        others = _.plural("{n} other", "{n} others", len(rest))
        lines.append(f"{others}: {_.money(sum(amount for _name, amount in rest))}")
    return text(heading, *lines)


def _tool_name(tool: str | None, catalogue: Mapping[str, Tool], _: Text) -> str:
    """The name of a tool, also of one that is offered no more."""
    if tool is None:
        return _("tasks no longer kept")
    return catalogue[tool].title if tool in catalogue else tool
