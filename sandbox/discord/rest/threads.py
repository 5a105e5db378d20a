"""Threads: opening them, and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.errors import ApiError, invalid, missing_access, thread_archived, unknown
from sandbox.discord.model import Channel
from sandbox.discord.permissions import P
from sandbox.discord.rest.core import Call, Reply, Route, no_content
from sandbox.discord.rest.places import archive_minutes, place_name

if TYPE_CHECKING:
    from sandbox.discord.context import Context
    from sandbox.discord.messages import MessageDesk
    from sandbox.discord.model import Json, Person
    from sandbox.discord.rest.places import Places

PUBLIC, PRIVATE = 11, 12
_RECIPIENT_ADD, _RECIPIENT_REMOVE = 1, 2


class ThreadRoutes:
    """The routes of threads that channels have not."""

    def __init__(self, context: Context, places: Places, desk: MessageDesk) -> None:
        self._context = context
        self._places = places
        self._desk = desk

    def routes(self) -> list[Route]:
        """Opening, joining, taking in and leaving."""
        members = "/channels/{channel}/thread-members"
        from_message = "/channels/{channel}/messages/{message}/threads"
        table = [
            ("create_thread", "POST", "/channels/{channel}/threads", self._create),
            ("thread_from_message", "POST", from_message, self._create_from_message),
            ("join_thread", "PUT", members + "/@me", self._join),
            ("leave_thread", "DELETE", members + "/@me", self._leave),
            ("list_thread_members", "GET", members, self._members),
            ("get_thread_member", "GET", members + "/{user}", self._member),
            ("add_thread_member", "PUT", members + "/{user}", self._add),
            ("remove_thread_member", "DELETE", members + "/{user}", self._remove),
        ]
        return [Route(name, method, path, handler, major="channel") for name, method, path, handler in table]

    # Opening

    async def _create(self, call: Call) -> Reply:
        form = (await call.body()).form
        kind = form.get("type") or PRIVATE
        if kind not in {PUBLIC, PRIVATE}:
            raise invalid(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {{{PUBLIC}, {PRIVATE}}}.")
        needed = P.CREATE_PRIVATE_THREADS if kind == PRIVATE else P.CREATE_PUBLIC_THREADS
        parent = self._places.channel(call, needed)
        thread = self._open(parent, self._context.times.new_id(), kind, form)
        return Reply(self._context.views.channel(thread), 201)

    async def _create_from_message(self, call: Call) -> Reply:
        form = (await call.body()).form
        parent = self._places.channel(call, P.CREATE_PUBLIC_THREADS)
        message = self._context.world.message(call.id("message"), parent.id)
        if message is None or message.ephemeral_for is not None:
            raise unknown("Message", 10008)
        if message.thread_id:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        thread = self._open(parent, message.id, PUBLIC, form)
        message.thread_id, message.flags = thread.id, message.flags | 1 << 5
        self._desk.touch(parent, message)
        return Reply(self._context.views.channel(thread), 201)

    def _open(self, parent: Channel, thread_id: int, kind: int, form: Json) -> Channel:
        guild = self._context.world.guild_of(parent)
        if guild is None or parent.is_thread:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        bot, now_s = self._context.world.bot, self._context.times.now_s()
        thread = Channel(
            f"thread-{thread_id}",
            thread_id,
            kind,
            place_name(form),
            guild.id,
            parent_id=parent.id,
            owner_id=bot.id,
            auto_archive_minutes=archive_minutes(form, 1440),
            invitable=form.get("invitable") is not False,
            created_s=now_s,
            archive_changed_s=now_s,
            joined_s={bot.id: now_s},
        )
        guild.channels[thread.id] = thread
        self._context.events.channel_event(thread, "THREAD_CREATE", newly_created=True)
        return thread

    # Who is in it

    def _thread(self, call: Call, *needed: P) -> Channel:
        """The thread in the path; raises 50024 for another place, 50083 for an archived one."""
        thread = self._places.channel(call, *needed)
        if not thread.is_thread:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        if thread.archived:
            raise thread_archived()
        return thread

    async def _join(self, call: Call) -> Reply:
        self._take_in(self._thread(call), self._context.world.bot, told=False)
        return no_content()

    async def _leave(self, call: Call) -> Reply:
        self._let_go(self._thread(call), self._context.world.bot, told=False)
        return no_content()

    async def _members(self, call: Call) -> Reply:
        self._places.channel(call)
        raise missing_access()  # the application has no privileged intent

    async def _member(self, call: Call) -> Reply:
        thread = self._places.channel(call)
        bot_id = self._context.world.bot.id
        user_id = bot_id if call.text("user") == "@me" else call.id("user")
        if user_id not in thread.joined_s:
            raise unknown("Member", 10007)
        seen = self._context.views.thread_member(thread, user_id)
        guild = self._context.world.guild_of(thread)
        if call.flag("with_member") and guild is not None:
            seen |= {"member": self._context.views.member(guild.members[user_id])}
        return Reply(seen)

    async def _add(self, call: Call) -> Reply:
        thread = self._thread(call, P.SEND_MESSAGES_IN_THREADS)
        bot = self._context.world.bot
        if thread.is_private_thread and not thread.invitable and thread.owner_id != bot.id:
            self._places.require(thread, P.MANAGE_THREADS)
        self._take_in(thread, self._person(call, thread), told=True)
        return no_content()

    async def _remove(self, call: Call) -> Reply:
        thread = self._thread(call)
        own = thread.is_private_thread and thread.owner_id == self._context.world.bot.id
        if not own:
            self._places.require(thread, P.MANAGE_THREADS)
        self._let_go(thread, self._person(call, thread), told=True)
        return no_content()

    def _person(self, call: Call, thread: Channel) -> Person:
        guild = self._context.world.guild_of(thread)
        member = guild.members.get(call.id("user")) if guild else None
        if member is None:
            raise unknown("Member", 10007)
        return member.person

    def _take_in(self, thread: Channel, person: Person, *, told: bool) -> None:
        if person.id in thread.joined_s:
            return
        thread.joined_s[person.id] = self._context.times.now_s()
        self._context.events.thread_member_added(thread, person)
        if told:
            self._say(thread, person, _RECIPIENT_ADD)

    def _let_go(self, thread: Channel, person: Person, *, told: bool) -> None:
        if thread.joined_s.pop(person.id, None) is None:
            return
        self._context.events.thread_member_removed(thread, person)
        if told:
            self._say(thread, person, _RECIPIENT_REMOVE)

    def _say(self, thread: Channel, person: Person, kind: int) -> None:
        """The line in the thread itself that Discord writes."""
        message = self._desk.new(thread, self._context.world.bot, kind=kind)
        message.mention_ids = [person.id]
        self._desk.post(thread, message)
