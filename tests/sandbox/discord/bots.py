"""A bot on an unchanged discord.py, as a small version of what the real one does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.discord import DiscordStandIn


class Bot(discord.Client):
    """A client of discord.py as it comes, with a command tree and notes of what reached it."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)
        self.seen: list[discord.Interaction[Any]] = []
        self.came: asyncio.Event = asyncio.Event()
        self.resumed: asyncio.Event = asyncio.Event()
        self.connects = 0

    async def on_connect(self) -> None:
        self.connects += 1
        self.came.set()

    async def on_resumed(self) -> None:
        self.resumed.set()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        self.seen.append(interaction)


@asynccontextmanager
async def running(bot: Bot, stand_in: DiscordStandIn) -> AsyncIterator[Bot]:
    """The bot, logged in and connected."""
    await bot.login(stand_in.token)
    connection = asyncio.create_task(bot.connect(reconnect=True))
    try:
        async with asyncio.timeout(10):
            await bot.came.wait()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(connection, return_exceptions=True)


class Card(discord.ui.LayoutView):
    def __init__(self, words: str, *names: str) -> None:
        super().__init__(timeout=None)
        self.box = discord.ui.Container[Card](discord.ui.TextDisplay(words), accent_colour=0x336699)
        if names:
            items = [discord.MediaGalleryItem(f"attachment://{name}", description="a face") for name in names]
            self.box.add_item(discord.ui.MediaGallery(*items))
        row = discord.ui.ActionRow[Card]()
        row.add_item(discord.ui.Button(label="Edit", custom_id="at:edit:1"))
        self.box.add_item(row)
        self.add_item(self.box)
        self.stop()


class Form(discord.ui.Modal):
    def __init__(self) -> None:
        super().__init__(title="Edit", custom_id="at:form:1")
        prompt: Any = discord.ui.TextInput(custom_id="prompt", default="a face", max_length=100)
        self.add_item(discord.ui.Label(text="Prompt", component=prompt))
        photos: Any = discord.ui.FileUpload(custom_id="photos", max_values=2, required=False)
        self.add_item(discord.ui.Label(text="Photos", component=photos))
        self.stop()


def painter() -> Bot:
    bot = Bot()

    @bot.tree.command()
    async def paint(interaction: discord.Interaction[Bot], prompt: str, steps: int = 30) -> None:
        """Paint something."""
        await interaction.response.send_message(view=Card(f"{prompt} in {steps}"))

    @paint.autocomplete("prompt")
    async def complete(_: discord.Interaction[Bot], current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current}{end}", value=f"{current}{end}") for end in ("at", "ow")]

    @bot.tree.command()
    async def look(interaction: discord.Interaction[Bot], photo: discord.Attachment) -> None:
        """Look at a photo."""
        data = await photo.read()
        await interaction.response.send_message(f"{photo.width}x{photo.height} {len(data)}", ephemeral=True)

    @bot.tree.command()
    async def think(interaction: discord.Interaction[Bot]) -> None:
        """Think first."""
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content="done")

    @bot.tree.context_menu(name="Task details")
    async def details(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
        await interaction.response.send_message(f"about {message.id}", ephemeral=True)

    return bot
