"""Models that members trained: what one is, whom it is shared with, and who may use it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.errors import InvalidValue

if TYPE_CHECKING:
    from datetime import datetime

MAX_NAME = 50
"""Characters of a model's name here; the name at Wiro is another, and never changes."""
_SIGNS = " .-_'"


class ShareKind(StrEnum):
    """With whom a model is shared; the words are stored."""

    MEMBER = "member"
    ROLE = "role"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One permission to use a model, in one server."""

    guild_id: int
    kind: ShareKind
    target_id: int
    """The member, the role, or the server itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """All that is known of a model when its training is done."""

    owner_id: int
    guild_id: int
    """Where it was trained."""
    job_id: int
    """Its training; a training makes one model."""
    name: str = field(repr=False)  # a name that its owner gave may be a person's
    wiro_name: str = field(repr=False)
    """`trainModelName` as it was sent, with its suffix."""
    wiro_id: str | None = None
    """What `selectedModelPrivate` is sent; None while Wiro has not told."""
    trigger_words: tuple[str, ...] = ()
    """What it was trained on: put in front of a prompt that lacks them, in this order."""
    base: str = ""
    """The model that it was trained from, as people know it."""
    description: str = field(default="", repr=False)
    photos: int = 0
    """How many photos it was trained on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel(NewModel):
    """A model as the database has it."""

    id: int
    created_at: datetime
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A member where they are, as far as models are concerned."""

    user_id: int
    guild_id: int
    role_ids: frozenset[int] = frozenset()
    """The roles that they have in that server."""


def clean_name(written: str) -> str:
    """The name that a member wrote, as one line.

    Raises:
        InvalidValue: A model cannot be called so; it says why.
    """
    name = " ".join(written.split())
    if not 1 <= len(name) <= MAX_NAME:
        raise InvalidValue(f"A model's name has 1 to {MAX_NAME} characters; this one has {len(name)}.")
    odd = next((each for each in name if not each.isalnum() and each not in _SIGNS), None)
    if odd is not None or not any(each.isalnum() for each in name):
        raise InvalidValue(f"A model's name is made of letters, digits, spaces and `{_SIGNS.strip()}`.")
    return name


def may_use(model: TrainedModel, reader: Reader) -> bool:
    """Whether the member may make images with the model in that server.

    Its owner may everywhere; others where it was shared, as long as what it was shared with is theirs.
    """
    if model.owner_id == reader.user_id:
        return True
    return any(_covers(share, reader) for share in model.shares)


def is_by_role(model: TrainedModel, reader: Reader) -> bool:
    """Whether nothing but a role could let the member use the model there."""
    no_roles = Reader(user_id=reader.user_id, guild_id=reader.guild_id)
    shared = any(share.kind is ShareKind.ROLE and share.guild_id == reader.guild_id for share in model.shares)
    return shared and not may_use(model, no_roles)


def _covers(share: Share, reader: Reader) -> bool:
    if share.guild_id != reader.guild_id:
        return False
    return {
        ShareKind.MEMBER: share.target_id == reader.user_id,
        ShareKind.ROLE: share.target_id in reader.role_ids,
        ShareKind.SERVER: True,
    }[share.kind]
