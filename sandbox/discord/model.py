"""What the stand-in remembers: plain records of people, places and messages, without behaviour.

Ids are integers here; Discord's JSON writes them as strings (and discord.py sometimes sends numbers).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

MIB = 1024 * 1024


@dataclass(eq=False, slots=True)
class Person:
    """Someone with an account: the six who use the page, and the bot itself."""

    key: str
    id: int
    username: str
    display_name: str
    locale: str
    colour: str
    """Of the drawn avatar, as `#rrggbb`."""
    about: str = ""
    """One line for the page: who this is and what they may do."""
    bot: bool = False
    dms_open: bool = True
    """False: direct messages are refused with 50007."""
    nitro_upload_bytes: int = 0
    """What a subscription lets this person upload; 0 without one."""
    bought: tuple[int, ...] = ()
    """SKU ids of the bot's premium tiers that this person pays for."""


@dataclass(eq=False, slots=True)
class Role:
    """A role of one server."""

    id: int
    name: str
    permissions: int
    position: int = 1
    colour: int = 0


@dataclass(eq=False, slots=True)
class Member:
    """A person in one server."""

    person: Person
    role_ids: list[int] = field(default_factory=list)
    nick: str | None = None
    joined_s: float = 0.0


@dataclass(slots=True)
class Overwrite:
    """What a channel allows and denies a role (`kind` 0) or a member (`kind` 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(eq=False, slots=True)
class Channel:
    """A text channel (type 0), a thread (10 to 12) or a direct-message channel (1)."""

    key: str
    id: int
    type: int
    name: str
    guild_id: int | None = None
    topic: str | None = None
    nsfw: bool = False
    position: int = 0
    parent_id: int | None = None
    overwrites: list[Overwrite] = field(default_factory=list)
    recipient_ids: list[int] = field(default_factory=list)
    """The two people of a direct-message channel."""
    owner_id: int | None = None
    """Of a thread: who opened it."""
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 1440
    archive_changed_s: float = 0.0
    invitable: bool = True
    """Of a private thread: whether others than its owner and moderators may take people in."""
    created_s: float = 0.0
    joined_s: dict[int, float] = field(default_factory=dict)
    """Of a thread: who is in it, and since when."""
    total_sent: int = 0
    last_message_id: int | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread under a text channel."""
        return self.type in {10, 11, 12}

    @property
    def is_private_thread(self) -> bool:
        """Whether only those see it who are in it, and moderators."""
        return self.type == 12

    @property
    def is_dm(self) -> bool:
        """Whether this is a direct-message channel with the bot."""
        return self.type == 1


@dataclass(eq=False, slots=True)
class Guild:
    """A server."""

    key: str
    id: int
    name: str
    owner_id: int
    locale: str
    colour: str
    premium_tier: int = 0
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    """Text channels and threads, by id."""
    unavailable: bool = False

    @property
    def boost_upload_bytes(self) -> int:
        """The size of one file that the server's boosts allow; 0 below the second tier."""
        return {2: 50 * MIB, 3: 100 * MIB}.get(self.premium_tier, 0)


@dataclass(eq=False, slots=True)
class StoredFile:
    """One uploaded file, with what was found in its bytes."""

    id: int
    filename: str
    data: bytes
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    title: str | None = None
    description: str | None = None
    spoiler: bool = False
    ephemeral: bool = False
    folder: str = "attachments"
    """`attachments` or `ephemeral-attachments`: the first part of its address."""
    place_id: int = 0
    """Second part of its address: the channel, or the application for ephemeral ones."""


@dataclass(eq=False, slots=True)
class Message:
    """A message as stored; `views.message` writes it as Discord's JSON."""

    id: int
    channel_id: int
    author: Person
    type: int = 0
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    files: list[StoredFile] = field(default_factory=list)
    created_s: float = 0.0
    edited_s: float | None = None
    tts: bool = False
    mention_ids: list[int] = field(default_factory=list)
    mention_role_ids: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    nonce: str | int | None = None
    reference: Json | None = None
    application_id: int | None = None
    webhook_id: int | None = None
    interaction: Json | None = None
    """The older `interaction` object, which carries the command's name."""
    interaction_metadata: Json | None = None
    ephemeral_for: int | None = None
    """The only person who sees it."""
    reactions: dict[str, set[int]] = field(default_factory=dict)
    thread_id: int | None = None

    @property
    def is_loading(self) -> bool:
        """Whether it is the "thinking…" of a deferred answer."""
        return bool(self.flags & 1 << 7)


@dataclass(slots=True)
class Upload:
    """A file that a person attaches to a command or to a modal."""

    filename: str
    data: bytes


@dataclass(slots=True)
class Limits:
    """Discord's sizes and times; a test changes what is in its way."""

    first_response_s: float = 3.0
    """An interaction that is not answered by then has failed."""
    token_s: float = 15 * 60.0
    """How long the webhook routes take an answered interaction's token."""
    file_bytes: int = 10 * MIB
    """One file's size, when neither the person nor the server has more."""
    request_bytes: int = 25 * MIB
    cdn_link_s: float = 24 * 3600.0
    rate_limits: bool = True
    """False: no bucket is counted, and no header of one sent."""
    global_per_s: int = 50
    message_create: tuple[int, float] = (5, 5.0)
    """Requests and seconds, per channel; likewise below."""
    message_edit: tuple[int, float] = (5, 5.0)
    message_delete: tuple[int, float] = (5, 1.0)
    webhook: tuple[int, float] = (5, 2.0)
    """Per interaction token, all webhook routes together."""
    reaction: tuple[int, float] = (1, 0.25)
    other: tuple[int, float] = (50, 1.0)
    """Every other route, per channel or server."""
    old_edit: tuple[int, float] = (3, 6.0)
    """Edits of messages older than an hour, per channel; beyond it 429 with code 30046."""
    identify_every_s: float = 0.0
    """Least time between two IDENTIFYs (Discord: 5 s); 0 lets a restarted bot in at once."""
    session_kept_s: float = 180.0
    """How long a lost gateway session can be resumed."""
