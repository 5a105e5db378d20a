"""`/mod spend`: what the tasks of this server cost, by member, tool and day."""

from __future__ import annotations

import asyncio
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.media.chart import stacked_bars
from bot.quota.spending import Period, days_of, spending_csv
from bot.ui.answers import say
from bot.ui.spending import CHART, FILE, bars_of, day_label, spending_panel
from bot.ui.text import text_for
from cogs.mod.common import Interaction, server

if TYPE_CHECKING:
    from bot.ui.services import Services


def setup(mod: app_commands.Group, services: Services) -> None:
    """Offer `/mod spend`."""

    @mod.command(description="What the tasks of this server cost, by member, tool and day")
    @app_commands.describe(period="For how long back; left out: 7 days")
    @app_commands.choices(
        period=[
            app_commands.Choice(name="today", value=Period.TODAY.value),
            app_commands.Choice(name="7 days", value=Period.WEEK.value),
            app_commands.Choice(name="30 days", value=Period.DAYS_30.value),
            app_commands.Choice(name="this month", value=Period.MONTH.value),
        ]
    )
    async def spend(interaction: Interaction, period: str = Period.WEEK.value) -> None:
        """Answer with the sums, a chart and a file, which may take a moment."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        _ = text_for(str(interaction.locale))
        chosen = Period(period)
        days = days_of(chosen, services.clock.now())
        spent = await services.quotas.spending(server(interaction), days)
        bars = bars_of(spent, days, services.catalogue, _)
        files = [discord.File(BytesIO(spending_csv(spent)), FILE)] if spent else []
        if bars:
            drawn = partial(stacked_bars, [day_label(day) for day in days], bars, written=_.money)
            files.append(discord.File(BytesIO(await asyncio.to_thread(drawn)), CHART))
        view = spending_panel(spent, days, chosen, services.catalogue, _, has_chart=bool(bars))
        await say(interaction, view, files=files)
