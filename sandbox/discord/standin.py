"""The stand-in as others use it: routes to serve, people to be, things to do, faults to cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord.model import Limits

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from sandbox.clock import SandboxClock
    from sandbox.discord.actions import Interaction, Modal
    from sandbox.discord.model import Channel, Guild, Json, Message, Person, Upload


class DiscordStandIn:
    """Two servers, six people and one bot on loopback.

    Wherever a `person`, `channel` or `message` is asked for, its key ("mira", "portraits"), its id or its JSON
    will do as well.
    """

    token: str
    """What the bot must log in with."""
    application_id: int
    people: Mapping[str, Person]
    channels: Mapping[str, Channel]
    guilds: Mapping[str, Guild]

    def __init__(self, clock: SandboxClock, *, base_url: str = "", limits: Limits | None = None) -> None:
        self.clock = clock
        self.base_url = base_url
        """`http://127.0.0.1:port`, set once the port is known: addresses in JSON begin with it."""
        self.limits = limits or Limits()

    def routes(self) -> list[web.RouteDef]:
        """Everything under `/api/v10`, `/gateway/` and `/cdn/`."""
        raise NotImplementedError

    async def close(self) -> None:
        """Ends gateway connections and timers."""
        raise NotImplementedError

    # What people do

    async def command(
        self,
        person: Person | str,
        channel: Channel | str,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        attachments: Mapping[str, Upload | tuple[str, bytes]] | None = None,
    ) -> Interaction:
        """Use a slash command; subcommands are written with spaces: `tasks list`.

        Raises:
            ValueError: Discord's client would not let this person do that here; the text says why.
        """
        raise NotImplementedError

    async def autocomplete(
        self, person: Person | str, channel: Channel | str, name: str, options: Mapping[str, Any], focused: str
    ) -> list[Json]:
        """The choices (`name`, `value`) the bot suggests for the option `focused`; raises `InteractionFailed`."""
        raise NotImplementedError

    async def click(
        self, person: Person | str, message: Message | Json | int | str, custom_id: str, values: Sequence[Any] = ()
    ) -> Interaction:
        """Press a button, or choose `values` in a select; raises ValueError as `command`."""
        raise NotImplementedError

    async def submit(self, person: Person | str, modal: Modal | str, values: Mapping[str, Any]) -> Interaction:
        """Send a modal: text by custom id, a list for selects and checkboxes, `Upload`s for files."""
        raise NotImplementedError

    async def menu(
        self, person: Person | str, target: Message | Json | Person | int | str, name: str
    ) -> Interaction:
        """Use a message menu (or, on a person, a user menu) of the bot."""
        raise NotImplementedError

    async def say(
        self, person: Person | str, channel: Channel | str, content: str, uploads: Sequence[Upload] = ()
    ) -> Json:
        """An ordinary message of a person."""
        raise NotImplementedError

    async def delete_message(self, person: Person | str, message: Message | Json | int | str) -> None:
        """Delete one's own message, any message as a moderator, or dismiss an ephemeral one."""
        raise NotImplementedError

    # What people see

    def messages(self, channel: Channel | str, as_: Person | str) -> list[Json]:
        """The channel as this person sees it, oldest first, with their ephemeral messages."""
        raise NotImplementedError

    def commands(self, person: Person | str, channel: Channel | str) -> list[Json]:
        """The commands this person's client would offer there."""
        raise NotImplementedError

    def subscribe(self, person: Person | str) -> asyncio.Queue[Json]:
        """Events for this person's screen from now on: `{"t": …, "d": Discord's JSON}`."""
        raise NotImplementedError

    def unsubscribe(self, person: Person | str, queue: asyncio.Queue[Json]) -> None:
        """End a subscription."""
        raise NotImplementedError

    def reload(self, person: Person | str) -> None:
        """The person reloaded Discord: their ephemeral messages and open modals are gone."""
        raise NotImplementedError

    def state(self, person: Person | str) -> Json:
        """What the page draws first: `me`, `people`, `guilds` with the channels visible to them, `dms`."""
        raise NotImplementedError

    # What a test moves

    def advance(self, seconds: float) -> None:
        """Moves the sandbox's time, and fails the interactions whose three seconds are over."""
        raise NotImplementedError

    async def remove_bot(self, guild: Guild | str) -> None:
        """The bot is removed from a server."""
        raise NotImplementedError
