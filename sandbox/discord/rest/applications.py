"""The bot's account, its application and its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.errors import ApiError, missing_access, unknown
from sandbox.discord.rest.core import Call, Reply, Route, no_content

if TYPE_CHECKING:
    from sandbox.discord.context import Context

_GLOBAL = "/applications/{application}/commands"
_OF_GUILD = "/applications/{application}/guilds/{guild}/commands"


class ApplicationRoutes:
    """Login, and the command registry."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """Users, application, gateway address, commands."""
        return [
            Route("me", "GET", "/users/@me", self._me),
            Route("user", "GET", "/users/{user}", self._user),
            Route("oauth2_application", "GET", "/oauth2/applications/@me", self._application),
            Route("application", "GET", "/applications/@me", self._application),
            Route("gateway", "GET", "/gateway", self._gateway, auth=False, bucket=""),
            Route("gateway_bot", "GET", "/gateway/bot", self._gateway_bot),
            Route("entitlements", "GET", "/applications/{application}/entitlements", self._none),
            Route("skus", "GET", "/applications/{application}/skus", self._none),
            *self._command_routes("", _GLOBAL),
            *self._command_routes("guild_", _OF_GUILD),
        ]

    def _command_routes(self, prefix: str, base: str) -> list[Route]:
        major = "guild" if prefix else ""
        table = [
            ("list_commands", "GET", base, self._list),
            ("put_commands", "PUT", base, self._put),
            ("create_command", "POST", base, self._create),
            ("get_command", "GET", base + "/{command}", self._get),
            ("edit_command", "PATCH", base + "/{command}", self._edit),
            ("delete_command", "DELETE", base + "/{command}", self._delete),
        ]
        return [
            Route(prefix + name, method, path, handler, major=major) for name, method, path, handler in table
        ]

    # Account

    async def _me(self, _: Call) -> Reply:
        return Reply(self._context.views.me())

    async def _user(self, call: Call) -> Reply:
        person = self._context.world.accounts.get(call.id("user"))
        if person is None:
            raise unknown("User", 10013)
        return Reply(self._context.views.user(person))

    async def _application(self, _: Call) -> Reply:
        return Reply(self._context.views.application())

    async def _gateway(self, call: Call) -> Reply:
        return Reply({"url": gateway_url(call)})

    async def _gateway_bot(self, call: Call) -> Reply:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return Reply({"url": gateway_url(call), "shards": 1, "session_start_limit": limit})

    async def _none(self, call: Call) -> Reply:
        self._own(call)
        return Reply([])

    # Commands

    def _own(self, call: Call) -> int | None:
        """The scope: a server's id, or None; raises for another application or a server without the bot."""
        world = self._context.world
        if call.id("application") != world.application_id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
        if "guild" not in call.request.match_info:
            return None
        guild = world.guild(call.id("guild"))
        if guild is None or world.bot.id not in guild.members:
            raise missing_access()
        return guild.id

    async def _list(self, call: Call) -> Reply:
        commands = self._context.commands.all(self._own(call))
        if call.flag("with_localizations"):
            return Reply(commands)
        hidden = {"name_localizations", "description_localizations"}
        return Reply([{key: one[key] for key in one if key not in hidden} for one in commands])

    async def _put(self, call: Call) -> Reply:
        body = await call.body()
        commands, changed = self._context.commands.replace_all(self._own(call), body.payload)
        if changed:
            self._context.events.commands_changed()
        return Reply(commands)

    async def _create(self, call: Call) -> Reply:
        body = await call.body()
        command, new = self._context.commands.upsert(self._own(call), body.payload)
        self._context.events.commands_changed()
        return Reply(command, 201 if new else 200)

    async def _get(self, call: Call) -> Reply:
        return Reply(self._context.commands.get(self._own(call), call.id("command")))

    async def _edit(self, call: Call) -> Reply:
        body = await call.body()
        command = self._context.commands.edit(self._own(call), call.id("command"), body.form)
        self._context.events.commands_changed()
        return Reply(command)

    async def _delete(self, call: Call) -> Reply:
        self._context.commands.delete(self._own(call), call.id("command"))
        self._context.events.commands_changed()
        return no_content()


def gateway_url(call: Call) -> str:
    """Where this stand-in's gateway is, as seen by the caller."""
    return f"ws://{call.request.host}/gateway/"
