"""Who may press what, and what the bot needs in a place: pure rules, and how to read an interaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord

from bot.errors import MissingPermissions, NotAManager, NotAModerator, NotInThisChannel, NotYours, UserError
from bot.limits import Standing
from bot.trained import Reader
from bot.ui.ids import Verb

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.model import Job

Interaction = discord.Interaction[Any]

PUBLIC_VERBS = frozenset({Verb.AGAIN, Verb.EDIT, Verb.EDIT_AGAIN})
"""Start a job of the one who clicks: anyone who may use the command there."""
OWNER_VERBS = frozenset({Verb.CANCEL, Verb.TRY_AGAIN, Verb.SHARE, Verb.HERE})
OWNER_OR_MODERATOR_VERBS = frozenset({Verb.DELETE})
MODERATOR_VERBS = frozenset({Verb.MOD_TASK, Verb.MOD_STOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The member who clicks, as far as rights go."""

    user_id: int
    guild_id: int
    """The server in which the click happens; 0 in a direct message."""
    is_moderator: bool = False
    """May time members out there (`moderate_members`), or has a role that the server's managers named."""
    is_manager: bool = False
    """May change the server (`manage_guild`)."""
    may_use_commands: bool = True
    """May use application commands in that channel."""


def may(verb: Verb, job: Job, actor: Actor) -> bool:
    """Whether this member may do that to this job."""
    is_owner = actor.user_id == job.user_id
    if verb in PUBLIC_VERBS:
        at_home = actor.guild_id == job.guild_id
        return at_home and actor.may_use_commands and (is_owner or not job.private or is_shared(job))
    if verb in OWNER_VERBS:
        return is_owner
    if verb in OWNER_OR_MODERATOR_VERBS:
        return is_owner or moderates(actor, job.guild_id)
    if verb in MODERATOR_VERBS:
        return moderates(actor, job.guild_id)
    return False


def moderates(actor: Actor, guild_id: int) -> bool:
    """Whether this member is a moderator of that server, and acts in it."""
    return actor.is_moderator and actor.guild_id == guild_id != 0


def require_manager(interaction: Interaction) -> None:
    """Return when the one who asks may change the server where they ask.

    Raises:
        NotAManager: They may not.
    """
    if not actor_of(interaction).is_manager:
        raise NotAManager


def is_shared(job: Job) -> bool:
    """Whether the owner has shown a private result to everyone."""
    return job.shared_message_id is not None


def sees_cost(job: Job, actor: Actor) -> bool:
    """Whether this member may see what the job cost."""
    in_charge = (actor.is_moderator or actor.is_manager) and actor.guild_id == job.guild_id
    return actor.user_id == job.user_id or in_charge


def require(verb: Verb, job: Job, actor: Actor) -> None:
    """Return when the member may do that.

    Raises:
        NotYours: It is the owner's matter.
        NotAModerator: It is a moderator's matter, of the job's server.
        UserError: The member may not use commands there, or not in that place.
    """
    if may(verb, job, actor):
        return
    if verb in MODERATOR_VERBS:
        raise NotAModerator
    if verb not in PUBLIC_VERBS or (job.private and actor.user_id != job.user_id):
        raise NotYours
    if actor.guild_id != job.guild_id:
        raise UserError("That works only in the server where the task was asked for. Use the command there.")
    raise UserError("You may not use commands in this channel, so nothing was started.")


def actor_of(interaction: Interaction, moderator_roles: Collection[int] = ()) -> Actor:
    """The member of an interaction, with the rights that Discord states in it, and those of named roles."""
    rights = interaction.permissions
    is_member = interaction.guild_id is not None
    everything = is_member and rights.administrator
    is_named = role_ids_of(interaction.user)
    return Actor(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id or 0,
        is_moderator=is_member
        and (everything or rights.moderate_members or not is_named.isdisjoint(moderator_roles)),
        is_manager=is_member and (everything or rights.manage_guild),
        may_use_commands=is_member and (everything or rights.use_application_commands),
    )


def reader_of(interaction: Interaction) -> Reader:
    """The member of an interaction, as far as trained models are concerned."""
    user = interaction.user
    return Reader(user_id=user.id, guild_id=interaction.guild_id or 0, role_ids=role_ids_of(user))


def standing_of(interaction: Interaction) -> Standing:
    """The member of an interaction, as far as limits are concerned."""
    return Standing(
        role_ids=role_ids_of(interaction.user),
        sku_ids=frozenset(each.sku_id for each in interaction.entitlements if not each.deleted),
    )


def role_ids_of(user: discord.User | discord.Member) -> frozenset[int]:
    """A member's roles, as far as an interaction tells them."""
    roles = user.roles if isinstance(user, discord.Member) else ()
    return frozenset(role.id for role in roles)


def missing_to_write(rights: discord.Permissions, *, in_thread: bool) -> Sequence[str]:
    """Discord's names of what the bot lacks to post words, the most basic first."""
    if rights.administrator:
        return ()
    to_send = (
        ("Send Messages in Threads", rights.send_messages_in_threads)
        if in_thread
        else ("Send Messages", rights.send_messages)
    )
    needed = (("View Channel", rights.view_channel), to_send)
    return tuple(name for name, granted in needed if not granted)


def missing_for_public(rights: discord.Permissions, *, in_thread: bool) -> Sequence[str]:
    """Discord's names of what the bot lacks to post a result, the most basic first."""
    has_files = rights.administrator or rights.attach_files
    return (*missing_to_write(rights, in_thread=in_thread), *(() if has_files else ("Attach Files",)))


def require_place(interaction: Interaction, *, private: bool, private_helps: bool = True) -> None:
    """Return when the bot can put a result where the interaction happens.

    A private result needs nothing: it goes through the interaction itself.

    Raises:
        MissingPermissions: A public result could not be posted; it names what is missing.
    """
    if private:
        return
    missing = missing_for_public(interaction.app_permissions, in_thread=is_thread(interaction))
    if missing:
        raise MissingPermissions(missing, private_helps=private_helps)


def require_allowed_channel(interaction: Interaction, allowed: Collection[int]) -> None:
    """Return when the server lets tasks be started in that channel, or in the one that it is a thread of.

    Raises:
        NotInThisChannel: It named other channels; the refusal says which.
    """
    here = {interaction.channel_id, getattr(interaction.channel, "parent_id", None)}
    if allowed and not here & set(allowed):
        raise NotInThisChannel(allowed)


def is_thread(interaction: Interaction) -> bool:
    """Whether the interaction happens in a thread."""
    channel = interaction.channel
    return channel is not None and channel.type in {
        discord.ChannelType.public_thread,
        discord.ChannelType.private_thread,
        discord.ChannelType.news_thread,
    }
