"""The stand-in as others use it: routes to serve, people to be, things to do, faults to cause."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from sandbox.discord.actions import AnswerKind, Interaction, InteractionFailed, Modal
from sandbox.discord.cdn import Cdn, Links
from sandbox.discord.commands import CommandBook
from sandbox.discord.context import Context
from sandbox.discord.events import Events
from sandbox.discord.faults import Faults
from sandbox.discord.forms import Forms
from sandbox.discord.gateway import Gateway
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interactions
from sandbox.discord.invoke import Invocations
from sandbox.discord.messages import MessageDesk
from sandbox.discord.model import Channel, Guild, Limits, Member, Message, Person, Upload
from sandbox.discord.permissions import P
from sandbox.discord.ratelimits import RateLimits
from sandbox.discord.requestlog import RequestLog
from sandbox.discord.rest.applications import ApplicationRoutes
from sandbox.discord.rest.core import Rest
from sandbox.discord.rest.interactions import InteractionRoutes
from sandbox.discord.rest.messages import MessageRoutes
from sandbox.discord.rest.places import PlaceRoutes, Places
from sandbox.discord.rest.threads import ThreadRoutes
from sandbox.discord.rest.webhooks import WebhookRoutes
from sandbox.discord.screens import Screens
from sandbox.discord.times import Times
from sandbox.discord.uploads import Body
from sandbox.discord.validate.messages import Rules, check_message
from sandbox.discord.views import Views
from sandbox.discord.world import World

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from sandbox.clock import SandboxClock
    from sandbox.discord.model import Json


class DiscordStandIn:
    """Two servers, six people and one bot on loopback.

    Wherever a `person`, `channel` or `message` is asked for, its key ("mira", "portraits"), its id or its
    JSON will do as well. What Discord's client would not let somebody do raises ValueError with the reason.
    """

    def __init__(self, clock: SandboxClock, *, base_url: str = "", limits: Limits | None = None) -> None:
        self.clock = clock
        self.limits = limits or Limits()
        self.times = Times(clock)
        self.world = World(self.times)
        self.token = _token(self.world.application_id)
        """What the bot must log in with."""
        self._links = Links(self.times, self.limits)
        self._links.base_url = base_url
        self.views = Views(self.world, self._links)
        self.events = Events(self.world, self.views)
        self.faults = Faults()
        self.requests = RequestLog()
        self._commands = CommandBook(self.times, self.world)
        self._interactions = Interactions(
            times=self.times,
            limits=self.limits,
            world=self.world,
            views=self.views,
            events=self.events,
            faults=self.faults,
        )
        context = Context(
            token=self.token,
            times=self.times,
            limits=self.limits,
            world=self.world,
            views=self.views,
            events=self.events,
            commands=self._commands,
            interactions=self._interactions,
            rate_limits=RateLimits(self.times, self.limits),
            faults=self.faults,
            requests=self.requests,
        )
        self.gateway = Gateway(context)
        self._desk = MessageDesk(self.times, self.world, self.events)
        self._rest = Rest(context)
        self._add_routes(context)
        self._cdn = Cdn(self.world, self._links)
        limit = self._interactions.upload_limit_bytes
        self._invocations = Invocations(self.times, self.world, self.views, self._commands, limit)
        self._forms = Forms(self._invocations)
        self._screens = Screens(self.world, self.views, self._commands)

    def _add_routes(self, context: Context) -> None:
        places = Places(context)
        callbacks = InteractionRoutes(context, self._desk)
        self._rest.add(ApplicationRoutes(context).routes())
        self._rest.add(callbacks.routes())
        self._rest.add(WebhookRoutes(context, self._desk, callbacks).routes())
        self._rest.add(MessageRoutes(context, places, self._desk).routes())
        self._rest.add(ThreadRoutes(context, places, self._desk).routes())
        self._rest.add(PlaceRoutes(context, places).routes())

    # Serving

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:port`, set once the port is known: addresses in JSON begin with it."""
        return self._links.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._links.base_url = url

    @property
    def application_id(self) -> int:
        """The application's id, which is the bot's too."""
        return self.world.application_id

    def routes(self) -> list[web.RouteDef]:
        """Everything under `/api/`, `/gateway/` and `/cdn/`."""
        return [*self._rest.definitions(), *self.gateway.routes(), *self._cdn.routes()]

    def route_names(self) -> dict[str, str]:
        """`METHOD /template` of every REST route by its name, for `faults` and `requests`."""
        return self._rest.templates()

    async def close(self) -> None:
        """Ends gateway connections and timers; to be called before the server stops."""
        self._interactions.close()
        await self.gateway.close()

    # Who and where

    @property
    def people(self) -> Mapping[str, Person]:
        """The six, by key."""
        return self.world.people

    @property
    def guilds(self) -> Mapping[str, Guild]:
        """The two servers: `harbour`, `tiny`."""
        return self.world.guilds

    @property
    def channels(self) -> Mapping[str, Channel]:
        """All by key: `portraits`, `lounge`, `after-dark`, `wall-of-faces`, `general`, `dm-mira`."""
        return {channel.key: channel for channel in self.world.all_channels()}

    def person(self, person: Person | str | int) -> Person:
        """One account; raises ValueError when there is none."""
        return self._invocations.person(person)

    def channel(self, channel: Channel | str | int) -> Channel:
        """One channel; raises ValueError when there is none."""
        if isinstance(channel, Channel):
            return channel
        found = self.channels.get(str(channel))
        if found is None and str(channel).isdecimal():
            found = self.world.channel(int(channel))
        if found is None:
            raise ValueError(f"no channel is called {channel!r}")
        return found

    def message(self, message: Message | Json | int | str) -> Message:
        """One stored message; raises ValueError when it is gone."""
        if isinstance(message, Message):
            message = message.id
        message_id = int(message["id"] if isinstance(message, dict) else message)
        found = self.world.message(message_id)
        if found is None:
            raise ValueError("that message is not there any more")
        return found

    def _place_of(self, message: Message) -> Channel:
        return self.channel(message.channel_id)

    def _seen(self, person: Person, message: Message | Json | int | str) -> tuple[Channel, Message]:
        """A message on this person's screen, and its channel."""
        found = self.message(message)
        channel = self._place_of(found)
        if not self._screens.shows(person, channel, found):
            raise ValueError(f"{person.display_name} does not see that message")
        return channel, found

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
        """Use a slash command; subcommands are written with spaces: `tasks list`."""
        who, where = self.person(person), self.channel(channel)
        given = {**(options or {}), **(attachments or {})}
        data = self._invocations.command(who, where, name, given)
        return self._interactions.create(COMMAND, who, where, data)

    async def autocomplete(
        self,
        person: Person | str,
        channel: Channel | str,
        name: str,
        options: Mapping[str, Any],
        focused: str,
    ) -> list[Json]:
        """The choices (`name`, `value`) that the bot suggests for the option `focused`.

        Raises:
            InteractionFailed: the bot gave none within three seconds.
        """
        who, where = self.person(person), self.channel(channel)
        data = self._invocations.command(who, where, name, options, focused=focused)
        interaction = self._interactions.create(AUTOCOMPLETE, who, where, data)
        answer = await interaction.answered()
        if answer.kind is AnswerKind.FAILED:
            raise InteractionFailed("Loading options failed")
        return answer.choices

    async def click(
        self,
        person: Person | str,
        message: Message | Json | int | str,
        custom_id: str,
        values: Sequence[Any] = (),
    ) -> Interaction:
        """Press a button, or choose `values` in a select."""
        who = self.person(person)
        channel, found = self._seen(who, message)
        data = self._invocations.component(who, channel, found, custom_id, values)
        return self._interactions.create(COMPONENT, who, channel, data, source=found)

    async def submit(
        self, person: Person | str, modal: Modal | str, values: Mapping[str, Any]
    ) -> Interaction:
        """Send a modal: text by custom id, a list for selects and checkboxes, `Upload`s for files."""
        who = self.person(person)
        opened = modal if isinstance(modal, Modal) else self._interactions.modal(who, modal)
        if opened.interaction.person is not who:
            raise ValueError(f"that modal is on {opened.interaction.person.display_name}'s screen")
        channel = opened.interaction.channel
        data = self._forms.submit(who, channel, opened, values)
        by = opened.interaction
        return self._interactions.create(MODAL_SUBMIT, who, channel, data, source=by.source, opened_by=by)

    async def menu(
        self,
        person: Person | str,
        target: Message | Json | Person | int | str,
        name: str,
        *,
        channel: Channel | str | None = None,
    ) -> Interaction:
        """Use a message menu of the bot or, with a Person as target and a channel, a user menu."""
        who = self.person(person)
        if isinstance(target, Person):
            if channel is None:
                raise ValueError("a user menu is opened in a channel")
            where, data_target = self.channel(channel), target
            data = self._invocations.menu(who, where, name, data_target)
            return self._interactions.create(COMMAND, who, where, data)
        where, message = self._seen(who, target)
        return self._interactions.create(
            COMMAND, who, where, self._invocations.menu(who, where, name, message)
        )

    async def say(
        self, person: Person | str, channel: Channel | str, content: str, uploads: Sequence[Upload] = ()
    ) -> Json:
        """An ordinary message of a person."""
        who, where = self.person(person), self.channel(channel)
        speak = P.SEND_MESSAGES_IN_THREADS if where.is_thread else P.SEND_MESSAGES
        if not self.world.permissions(who, where) & speak:
            raise ValueError(f"{who.display_name} may not write in #{where.name}")
        if uploads and not self.world.permissions(who, where) & P.ATTACH_FILES:
            raise ValueError(f"{who.display_name} may not attach files in #{where.name}")
        limit = self._interactions.upload_limit_bytes(where, who)
        files = {number: (upload.filename, upload.data) for number, upload in enumerate(uploads)}
        rules = Rules(place_id=where.id, file_bytes=limit, new_id=self.times.new_id)
        draft = check_message(Body({"content": content}, files), rules)
        message = self._desk.new(where, who)
        self._desk.post(where, message, draft)
        return self.views.message(message)

    async def delete_message(self, person: Person | str, message: Message | Json | int | str) -> None:
        """Delete one's own message, any message as a moderator, or dismiss an ephemeral one."""
        who = self.person(person)
        channel, found = self._seen(who, message)
        if found.ephemeral_for == who.id:
            self._screens.dismiss(who, found)
            gone = {"id": str(found.id), "channel_id": str(channel.id)}
            self.events.show(who, "MESSAGE_DELETE", gone)
            return
        if found.author is not who and not self.world.permissions(who, channel) & P.MANAGE_MESSAGES:
            raise ValueError(f"{who.display_name} may not delete others' messages in #{channel.name}")
        self._desk.delete(channel, found)

    def dismiss_modal(self, person: Person | str, modal: Modal | str) -> None:
        """Close a modal without sending it."""
        who = self.person(person)
        self._interactions.close_modal(
            modal if isinstance(modal, Modal) else self._interactions.modal(who, modal)
        )

    def take_direct_messages(self, person: Person | str, *, taken: bool) -> None:
        """Let the bot write to the person, or not."""
        self.person(person).dms_open = taken

    # What people see

    def messages(self, channel: Channel | str, as_: Person | str) -> list[Json]:
        """The channel as this person sees it, oldest first, with their ephemeral messages."""
        return self._screens.messages(self.channel(channel), self.person(as_))

    def commands(self, person: Person | str, channel: Channel | str) -> list[Json]:
        """The commands this person's client would offer there, menus too, as Discord's JSON."""
        return self._commands.offered(self.person(person), self.channel(channel))

    def subscribe(self, person: Person | str) -> asyncio.Queue[Json]:
        """Events for this person's screen from now on: `{"t": …, "d": Discord's JSON}`."""
        return self.events.subscribe(self.person(person))

    def unsubscribe(self, person: Person | str, queue: asyncio.Queue[Json]) -> None:
        """End a subscription."""
        self.events.unsubscribe(self.person(person), queue)

    def reload(self, person: Person | str) -> None:
        """The person reloaded Discord: their ephemeral messages and open modals are gone."""
        who = self.person(person)
        self._screens.reload(who)
        self._interactions.close_modals_of(who)

    def state(self, person: Person | str) -> Json:
        """What the page draws first: `me`, `bot`, `people`, `guilds` with channels and members, `dms`."""
        return self._screens.state(self.person(person)) | {"bot_connected": self.gateway.connected}

    # What a test moves

    def advance(self, seconds: float) -> None:
        """Moves the sandbox's time, and fails the interactions whose three seconds are over."""
        self.clock.offset_s += seconds
        self._interactions.fail_all_due()

    async def remove_bot(self, guild: Guild | str) -> None:
        """The bot is removed from a server."""
        found = self.guilds[guild] if isinstance(guild, str) else guild
        del found.members[self.world.bot.id]
        self.events.dispatch("GUILD_DELETE", {"id": str(found.id)}, guild_id=found.id, intent=1)
        self.events.commands_changed()

    async def add_bot(self, guild: Guild | str) -> None:
        """The bot is added to a server that it is not in."""
        found = self.guilds[guild] if isinstance(guild, str) else guild
        bot = self.world.bot
        own = [role.id for role in found.roles.values() if role.name == bot.display_name]
        found.members[bot.id] = Member(bot, own, joined_s=self.times.now_s())
        # What tells joining from finding at the start: the event does not speak of availability.
        data = self.views.guild_create(found)
        del data["unavailable"]
        self.events.dispatch("GUILD_CREATE", data, guild_id=found.id, intent=1)
        self.events.commands_changed()

    async def set_unavailable(self, guild: Guild | str, *, unavailable: bool) -> None:
        """An outage of one server: the bot is told so, and finds nothing there."""
        found = self.guilds[guild] if isinstance(guild, str) else guild
        self.gateway.set_unavailable(found, unavailable=unavailable)


def _token(application_id: int) -> str:
    """A token in the shape of a bot's; made here so that no file holds one."""
    owner = base64.urlsafe_b64encode(str(application_id).encode()).decode().rstrip("=")
    return f"{owner}.sandbx.sandbox-token-that-opens-nothing-else0"
