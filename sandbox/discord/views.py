"""Discord's JSON of everything in the world: complete, documented objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord import cdn
from sandbox.discord.permissions import in_guild
from sandbox.discord.times import iso

if TYPE_CHECKING:
    from sandbox.discord.model import Channel, Guild, Json, Member, Message, Person, Role, StoredFile
    from sandbox.discord.world import World

APPLICATION_FLAGS = 0


class Views:
    """Writes objects as JSON, with fresh addresses for their files."""

    def __init__(self, world: World, links: cdn.Links) -> None:
        self._world = world
        self._links = links

    # People

    def user(self, person: Person) -> Json:
        """A user object."""
        seen = {
            "id": str(person.id),
            "username": person.username,
            "discriminator": "0" if not person.bot else "4821",
            "global_name": None if person.bot else person.display_name,
            "avatar": cdn.picture_hash(person),
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
            "public_flags": 0,
            "flags": 0,
            "banner": None,
            "accent_color": None,
        }
        return seen | {"bot": True} if person.bot else seen

    def me(self) -> Json:
        """The bot's own account, as `/users/@me` gives it."""
        private = {"mfa_enabled": True, "locale": "en-US", "premium_type": 0, "email": None, "verified": True}
        return self.user(self._world.bot) | private

    def member(self, member: Member, *, with_user: bool = True) -> Json:
        """A guild member object."""
        seen: Json = {
            "avatar": None,
            "avatar_decoration_data": None,
            "banner": None,
            "collectibles": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": iso(member.joined_s),
            "nick": member.nick,
            "pending": False,
            "premium_since": None,
            "roles": [str(role_id) for role_id in member.role_ids],
            "mute": False,
            "deaf": False,
        }
        return seen | {"user": self.user(member.person)} if with_user else seen

    # Places

    def role(self, role: Role, guild: Guild) -> Json:
        """A role object."""
        managed = role.name == "Atelier"
        seen: Json = {
            "id": str(role.id),
            "name": role.name,
            "description": None,
            "permissions": str(role.permissions),
            "position": role.position,
            "color": role.colour,
            "colors": {"primary_color": role.colour, "secondary_color": None, "tertiary_color": None},
            "hoist": role.colour != 0,
            "managed": managed,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        bot_id = self._world.bot.id
        return seen | {"tags": {"bot_id": str(bot_id)}} if managed and bot_id in guild.members else seen

    def channel(self, channel: Channel) -> Json:
        """A channel, thread or direct-message channel object."""
        last = str(channel.last_message_id) if channel.last_message_id else None
        seen: Json = {
            "id": str(channel.id),
            "type": channel.type,
            "flags": 0,
            "last_message_id": last,
            "last_pin_timestamp": None,
        }
        if channel.is_dm:
            return seen | {"recipients": [self.user(self._world.members_of_dm(channel))]}
        seen |= {
            "guild_id": str(channel.guild_id),
            "name": channel.name,
            "parent_id": str(channel.parent_id) if channel.parent_id else None,
            "rate_limit_per_user": 0,
        }
        return seen | (self._thread_part(channel) if channel.is_thread else self._text_part(channel))

    def _text_part(self, channel: Channel) -> Json:
        return {
            "position": channel.position,
            "topic": channel.topic,
            "nsfw": channel.nsfw,
            "permission_overwrites": [
                {"id": str(o.id), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)}
                for o in channel.overwrites
            ],
            "default_auto_archive_duration": 1440,
        }

    def thread_member(self, thread: Channel, person_id: int) -> Json:
        """A thread member object."""
        joined = iso(thread.joined_s[person_id])
        return {"id": str(thread.id), "user_id": str(person_id), "join_timestamp": joined, "flags": 0}

    def _thread_part(self, channel: Channel) -> Json:
        bot_id = self._world.bot.id
        seen: Json = {
            "owner_id": str(channel.owner_id),
            "message_count": min(channel.total_sent, 50),
            "total_message_sent": channel.total_sent,
            "member_count": min(len(channel.joined_s), 50),
            "thread_metadata": {
                "archived": channel.archived,
                "archive_timestamp": iso(channel.archive_changed_s),
                "auto_archive_duration": channel.auto_archive_minutes,
                "locked": channel.locked,
                "create_timestamp": iso(channel.created_s),
            },
        }
        if channel.is_private_thread:
            seen["thread_metadata"]["invitable"] = channel.invitable
        return seen | ({"member": self.thread_member(channel, bot_id)} if bot_id in channel.joined_s else {})

    def guild(self, guild: Guild) -> Json:
        """A guild object, as `/guilds/{id}` gives it."""
        return {
            "id": str(guild.id),
            "name": guild.name,
            "icon": cdn.picture_hash(guild),
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": str(guild.owner_id),
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 1,
            "roles": [self.role(role, guild) for role in guild.roles.values()],
            "default_message_notifications": 1,
            "mfa_level": 0,
            "explicit_content_filter": 2,
            "max_presences": None,
            "max_members": 25_000_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": guild.premium_tier,
            "premium_subscription_count": (0, 2, 7, 14)[guild.premium_tier],
            "premium_progress_bar_enabled": False,
            "preferred_locale": guild.locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
        }

    def guild_create(self, guild: Guild) -> Json:
        """What GUILD_CREATE carries: the guild, and who and what the bot sees in it."""
        bot = self._world.bot
        places = [channel for channel in guild.channels.values() if self._world.sees(bot, channel)]
        ours = guild.members[bot.id]
        return self.guild(guild) | {
            "joined_at": iso(ours.joined_s),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "voice_states": [],
            "members": [self.member(ours)],
            "channels": [self.channel(channel) for channel in places if not channel.is_thread],
            "threads": [self.channel(channel) for channel in places if channel.is_thread],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def my_guild(self, guild: Guild) -> Json:
        """One entry of `/users/@me/guilds`."""
        return {
            "id": str(guild.id),
            "name": guild.name,
            "icon": cdn.picture_hash(guild),
            "banner": None,
            "owner": False,
            "permissions": str(in_guild(guild, guild.members[self._world.bot.id])),
            "features": [],
        }

    def application(self) -> Json:
        """The bot's application."""
        world = self._world
        owner = next(one for one in world.accounts.values() if one.key == "owner")
        return {
            "id": str(world.application_id),
            "name": world.bot.display_name,
            "icon": cdn.picture_hash(world.bot),
            "description": "",
            "type": None,
            "bot": self.user(world.bot),
            "bot_public": True,
            "bot_require_code_grant": False,
            "integration_types_config": {
                "0": {
                    "oauth2_install_params": {"scopes": ["applications.commands", "bot"], "permissions": "0"}
                }
            },
            "verify_key": f"{world.application_id:064x}",
            "flags": APPLICATION_FLAGS,
            "flags_new": str(APPLICATION_FLAGS),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.user(owner),
            "approximate_guild_count": sum(world.bot.id in guild.members for guild in world.guilds.values()),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "event_webhooks_url": None,
            "event_webhooks_status": 1,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": ["applications.commands", "bot"],
        }

    # Messages

    def attachment(self, file: StoredFile) -> Json:
        """An attachment object."""
        url = self._links.file(file)
        seen: Json = {
            "id": str(file.id),
            "filename": file.filename,
            "size": len(file.data),
            "url": url,
            "proxy_url": url,
        }
        found = {
            "title": file.title,
            "description": file.description,
            "content_type": file.content_type,
            "width": file.width,
            "height": file.height,
            "ephemeral": file.ephemeral or None,
            "flags": 1 << 3 if file.spoiler else None,
        }
        return seen | {key: value for key, value in found.items() if value is not None}

    def message(self, message: Message, *, bare: bool = False) -> Json:
        """A message object; `bare` leaves out the message that it replies to."""
        files = {file.id: file for file in message.files}
        shown: set[int] = set()
        components = [self._component(one, files, shown) for one in message.components]
        embeds = [self._embed(one, files, shown) for one in message.embeds]
        seen: Json = {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "type": message.type,
            "content": message.content,
            "author": self.user(message.author),
            "attachments": [self.attachment(file) for file in message.files if file.id not in shown],
            "embeds": embeds,
            "components": components,
            "mentions": [self.user(self._world.accounts[one]) for one in message.mention_ids],
            "mention_roles": [str(one) for one in message.mention_role_ids],
            "mention_everyone": message.mention_everyone,
            "pinned": False,
            "tts": message.tts,
            "timestamp": iso(message.created_s),
            "edited_timestamp": None if message.edited_s is None else iso(message.edited_s),
            "flags": message.flags,
        }
        self._add_origin(seen, message)
        if message.reactions:
            seen["reactions"] = [self._reaction(emoji, by) for emoji, by in message.reactions.items()]
        if message.reference is not None:
            seen["message_reference"] = message.reference
            if not bare and message.type in {19, 23}:
                earlier = self._world.message(int(message.reference["message_id"]))
                seen["referenced_message"] = earlier and self.message(earlier, bare=True)
        if message.thread_id and (thread := self._world.channel(message.thread_id)):
            seen["thread"] = self.channel(thread)
        return seen

    def _add_origin(self, seen: Json, message: Message) -> None:
        optional = {
            "application_id": message.application_id and str(message.application_id),
            "webhook_id": message.webhook_id and str(message.webhook_id),
            "interaction": message.interaction,
            "interaction_metadata": message.interaction_metadata,
        }
        seen.update((key, value) for key, value in optional.items() if value is not None)

    def _reaction(self, emoji: str, by: set[int]) -> Json:
        name, _, emoji_id = emoji.partition(":")
        return {
            "emoji": {"id": emoji_id or None, "name": name},
            "count": len(by),
            "count_details": {"burst": 0, "normal": len(by)},
            "burst_colors": [],
            "me_burst": False,
            "burst_me": False,
            "burst_count": 0,
            "me": self._world.bot.id in by,
        }

    def _component(self, component: Json, files: dict[int, StoredFile], shown: set[int]) -> Json:
        """A stored component with its media written out; `shown` gathers the files that it shows."""
        seen: Json = {}
        for key, value in component.items():
            if key in {"media", "file"}:
                seen[key] = self._media(value, files, shown)
                if key == "file" and (file := files.get(value.get("attachment_id", 0))):
                    seen |= {"name": file.filename, "size": len(file.data)}
            elif key in {"components", "items"}:
                seen[key] = [self._component(child, files, shown) for child in value]
            elif key == "accessory":
                seen[key] = self._component(value, files, shown)
            else:
                seen[key] = value
        return seen

    def _media(self, media: Json, files: dict[int, StoredFile], shown: set[int]) -> Json:
        file = files.get(media.get("attachment_id", 0))
        if file is None:  # an address elsewhere, or a file that an edit took away
            outside = {"placeholder": None, "width": 0, "height": 0, "content_type": None, "loading_state": 3}
            return {"id": media["id"], "url": media["url"], "proxy_url": media["url"]} | outside
        shown.add(file.id)
        url = self._links.file(file)
        return {
            "id": media["id"],
            "url": url,
            "proxy_url": url,
            "width": file.width,
            "height": file.height,
            "content_type": file.content_type,
            "attachment_id": str(file.id),
            "loading_state": 2,
            "flags": 0,
        }

    def _embed(self, embed: Json, files: dict[int, StoredFile], shown: set[int]) -> Json:
        seen: Json = {}
        for key, value in embed.items():
            file_id = value.get("attachment_id") if isinstance(value, dict) else None
            file = files.get(file_id) if file_id is not None else None
            if file is None:
                seen[key] = value
                continue
            shown.add(file.id)
            url = self._links.file(file)
            seen[key] = {"url": url, "proxy_url": url, "width": file.width, "height": file.height}
        return seen


def partial_channel(views: Views, channel: Channel, permissions: int) -> dict[str, Any]:
    """The channel as an interaction carries it: what everybody may know, and the person's permissions."""
    seen = views.channel(channel)
    seen.pop("permission_overwrites", None)
    return seen | ({} if channel.is_dm else {"permissions": str(permissions)})
