"""The sandbox's small world: two servers, six people, one bot."""

from __future__ import annotations

from sandbox.discord.model import Channel, Guild, Member, Overwrite, Person, Role
from sandbox.discord.permissions import BOT, EVERYONE, P
from sandbox.discord.times import snowflake

_MOMENT_S = 1_712_000_000.0
"""Spring 2024: ids of everything that was there before the sandbox started are made of it."""

_MODERATOR = int(P.MODERATE_MEMBERS | P.MANAGE_MESSAGES | P.MANAGE_THREADS | P.VIEW_AUDIT_LOG)
_SPEAK = int(P.SEND_MESSAGES | P.ATTACH_FILES | P.SEND_MESSAGES_IN_THREADS | P.CREATE_PRIVATE_THREADS)
_MANAGER = int(P.MANAGE_GUILD | P.MANAGE_CHANNELS | P.MANAGE_ROLES) | _MODERATOR


def _id(number: int) -> int:
    return snowflake(_MOMENT_S + number * 3_600 + number * 0.317, number)


APPLICATION_ID = _id(1)


def people() -> dict[str, Person]:
    """The six whom the page can be, by key."""
    return {
        person.key: person
        for person in (
            Person("mira", _id(11), "mira.k", "Mira", "en-US", "#3f8f7f", "Member of both servers"),
            Person("tomas", _id(12), "tomas_v", "Tomas", "de", "#b5653a", "Member; his Discord is in German"),
            Person("ines", _id(13), "ines", "Ines", "en-GB", "#7a5fb0", "Moderator of Harbour Arts"),
            Person("oskar", _id(14), "oskar.b", "Oskar", "en-US", "#3d6fb6", "Manager of Harbour Arts"),
            Person(
                "lev", _id(15), "levlev", "Lev", "en-US", "#8a8f3a", "Member; to be blocked by moderators"
            ),
            Person("juno", _id(16), "junojuno", "Juno", "en-US", "#b04a78", "Moderator of Tiny Studio only"),
        )
    }


def bot() -> Person:
    """The bot's own account; its id is the application's."""
    return Person("bot", APPLICATION_ID, "Atelier", "Atelier", "en-US", "#c2543d", bot=True)


def owner() -> Person:
    """Who made the servers and is never around: nobody here stands above all permissions."""
    return Person("owner", _id(19), "harbourmaster", "Harbourmaster", "en-US", "#5a5a5a")


def guilds(people: dict[str, Person], bot: Person, owner: Person) -> dict[str, Guild]:
    """The two servers, by key, with channels, roles and members."""
    return {"harbour": _harbour(people, bot, owner), "tiny": _tiny(people, bot, owner)}


def _harbour(people: dict[str, Person], bot: Person, owner: Person) -> Guild:
    guild = Guild("harbour", _id(20), "Harbour Arts", owner.id, "en-US", "#2f6d78")
    everyone = Role(guild.id, "@everyone", EVERYONE, position=0)
    atelier = Role(_id(21), "Atelier", BOT | int(P.CREATE_PRIVATE_THREADS), position=2)
    moderators = Role(_id(22), "Moderators", _MODERATOR, position=3, colour=0x7A5FB0)
    managers = Role(_id(23), "Managers", _MANAGER, position=4, colour=0x3D6FB6)
    regulars = Role(_id(24), "Regulars", 0, position=1, colour=0x3F8F7F)
    guild.roles = {role.id: role for role in (everyone, regulars, atelier, moderators, managers)}
    _join(guild, owner)
    _join(guild, bot, atelier)
    _join(guild, people["mira"], regulars)
    _join(guild, people["tomas"])
    _join(guild, people["ines"], moderators)
    _join(guild, people["oskar"], managers)
    _join(guild, people["lev"])
    no_bot = Overwrite(atelier.id, 0, deny=_SPEAK)
    portraits = Channel(
        "portraits", _id(30), 0, "portraits", guild.id, "Faces, real and imagined", position=0
    )
    lounge = Channel("lounge", _id(31), 0, "lounge", guild.id, "People only", position=1, overwrites=[no_bot])
    after_dark = Channel("after-dark", _id(32), 0, "after-dark", guild.id, None, nsfw=True, position=2)
    wall = Channel(
        "wall-of-faces",
        _id(33),
        11,
        "Wall of faces",
        guild.id,
        parent_id=portraits.id,
        owner_id=people["mira"].id,
        auto_archive_minutes=10080,
        created_s=_MOMENT_S,
        archive_changed_s=_MOMENT_S,
        joined_s=dict.fromkeys((people["mira"].id, people["tomas"].id), _MOMENT_S),
    )
    seen_by = [Overwrite(role.id, 0, allow=int(P.VIEW_CHANNEL)) for role in (atelier, moderators, managers)]
    hidden = Overwrite(everyone.id, 0, deny=int(P.VIEW_CHANNEL))
    mod_log = Channel(
        "mod-log",
        _id(34),
        0,
        "mod-log",
        guild.id,
        "For moderators",
        position=3,
        overwrites=[hidden, *seen_by],
    )
    guild.channels = {channel.id: channel for channel in (portraits, lounge, after_dark, wall, mod_log)}
    return guild


def _tiny(people: dict[str, Person], bot: Person, owner: Person) -> Guild:
    guild = Guild("tiny", _id(40), "Tiny Studio", owner.id, "en-GB", "#a5703c")
    everyone = Role(guild.id, "@everyone", EVERYONE, position=0)
    atelier = Role(_id(41), "Atelier", BOT, position=1)
    moderators = Role(_id(42), "Moderators", _MODERATOR, position=2, colour=0xB04A78)
    guild.roles = {role.id: role for role in (everyone, atelier, moderators)}
    _join(guild, owner)
    _join(guild, bot, atelier)
    _join(guild, people["juno"], moderators)
    _join(guild, people["mira"])
    general = Channel("general", _id(50), 0, "general", guild.id, "Everything", position=0)
    guild.channels = {general.id: general}
    return guild


def _join(guild: Guild, person: Person, *roles: Role) -> None:
    guild.members[person.id] = Member(person, [role.id for role in roles], joined_s=_MOMENT_S)
