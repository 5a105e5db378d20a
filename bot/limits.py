"""Limits as plain types: what is limited, for whom a rule is made, who gave a number. No I/O.

Amounts are whole numbers: images, trainings, tasks, steps, pixels, per cent of a usual share, nano-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from bot.model import NORMAL_WEIGHT, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    Amounts = Mapping["Limit", int]


class Limit(StrEnum):
    """What a rule may limit; the words are stored in rules for ever, so they never change."""

    IMAGES_PER_DAY = "images_per_day"
    TRAININGS_PER_WEEK = "trainings_per_week"
    CONCURRENT_TASKS = "concurrent_tasks"
    SAMPLES = "samples"  # images of one task
    STEPS = "steps"
    SIDE = "side"  # the longer side of an image, in pixels
    WEIGHT = "weight"  # the share of the line, in per cent of the usual one
    MONEY_PER_DAY = "nano_usd_per_day"  # of each member
    MONEY_PER_MONTH = "nano_usd_per_month"
    SHARED_PER_DAY = "shared_nano_usd_per_day"  # of all to whom the rule applies, together
    SHARED_PER_MONTH = "shared_nano_usd_per_month"

    @property
    def is_money(self) -> bool:
        """Whether it is counted in nano-dollars."""
        return self in {*MONEY, *SHARED}


COUNTED: Mapping[Unit, Limit] = {
    Unit.IMAGE: Limit.IMAGES_PER_DAY,
    Unit.TRAINING: Limit.TRAININGS_PER_WEEK,
    Unit.TASK: Limit.CONCURRENT_TASKS,
}
"""The limit of what the quota ledger counts."""
SIZES = (Limit.SAMPLES, Limit.STEPS, Limit.SIDE)
MONEY = (Limit.MONEY_PER_DAY, Limit.MONEY_PER_MONTH)
SHARED = (Limit.SHARED_PER_DAY, Limit.SHARED_PER_MONTH)
EACH = tuple(limit for limit in Limit if limit not in SHARED)
"""The limits of one member; the others are of all together."""

MOST_USD = 1_000_000
NANO_PER_USD = 1_000_000_000
BOUNDS: Mapping[Limit, tuple[int, int]] = {
    **dict.fromkeys(COUNTED.values(), (0, 1_000_000)),
    Limit.SAMPLES: (1, 100),
    Limit.STEPS: (1, 10_000),
    Limit.SIDE: (64, 16_384),
    Limit.WEIGHT: (NORMAL_WEIGHT // 10, NORMAL_WEIGHT * 10),
    **dict.fromkeys((*MONEY, *SHARED), (0, MOST_USD * NANO_PER_USD)),
}
"""The least and the most that a rule may say."""


class Subject(StrEnum):
    """Whose rule it is; the words are stored for ever, so they never change."""

    MEMBER = "member"
    ROLE = "role"
    PREMIUM = "premium"  # a tier bought at Discord, by the operator's settings
    SERVER = "server"
    INSTANCE = "instance"  # the operator's settings


@dataclass(frozen=True, slots=True)
class Giver:
    """Who gave a limit."""

    subject: Subject
    id: int = 0
    """Of the member, the role or the SKU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """For whom a server makes a rule: a member, the members of a role, or everybody there."""

    guild_id: int
    subject: Subject
    id: int = 0
    """Of the member or the role; 0 for the server."""

    @classmethod
    def server(cls, guild_id: int) -> Self:
        """Everybody in the server."""
        return cls(guild_id=guild_id, subject=Subject.SERVER)

    @classmethod
    def role(cls, guild_id: int, role_id: int) -> Self:
        """The members of a role; the role that all have is the server."""
        return (
            cls.server(guild_id)
            if role_id == guild_id
            else cls(guild_id=guild_id, subject=Subject.ROLE, id=role_id)
        )

    @classmethod
    def member(cls, guild_id: int, user_id: int) -> Self:
        """One member."""
        return cls(guild_id=guild_id, subject=Subject.MEMBER, id=user_id)

    @property
    def setting(self) -> str:
        """What the rule is called among the server's settings: "limits.role.123"."""
        return f"{SETTINGS}{self.subject.value}.{self.id}"

    @classmethod
    def of_setting(cls, guild_id: int, setting: str) -> Self | None:
        """The target that a setting is about; None when it is no rule."""
        word, _, number = setting.removeprefix(SETTINGS).partition(".")
        known = {Subject.MEMBER, Subject.ROLE, Subject.SERVER}
        if not setting.startswith(SETTINGS) or word not in known or not number.isdecimal():
            return None
        return cls(guild_id=guild_id, subject=Subject(word), id=int(number))


SETTINGS = "limits."
"""How the names of settings begin that are rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an interaction says of the member in it that limits may depend on."""

    role_ids: frozenset[int] = frozenset()
    sku_ids: frozenset[int] = frozenset()
    """Of what the member, or the server, has bought of this application at Discord."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonus:
    """More than the limit for a while: so many more in every window until it ends."""

    unit: Unit
    amount: int
    until: datetime
    window: str
    """The last one in which it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRules:
    """All that a server says of one member's limits."""

    member: Amounts = field(default_factory=dict)
    roles: Mapping[int, Amounts] = field(default_factory=dict)
    """The rules of the member's roles."""
    server: Amounts = field(default_factory=dict)
    bonuses: tuple[Bonus, ...] = ()
    """Those that hold now."""
    cooldown_s: int = 0
    """How long the member waits between two tasks."""


def check_amounts(amounts: Amounts) -> None:
    """Return when a rule may say that.

    Raises:
        ValueError: A number is out of its bounds; the text names the limit and the bounds.
    """
    for limit, amount in amounts.items():
        least, most = BOUNDS[limit]
        if not least <= amount <= most:
            raise ValueError(f"{limit.value} is {amount}, not from {least} to {most}")


def stored(amounts: Amounts) -> dict[str, int]:
    """The amounts as plain JSON, always in the same order."""
    return {limit.value: amounts[limit] for limit in Limit if limit in amounts}


def loaded(plain: Mapping[str, int]) -> dict[Limit, int]:
    """The amounts out of plain JSON; what a later version knows and this one does not is passed over."""
    known = {limit.value: limit for limit in Limit}
    return {known[name]: int(amount) for name, amount in plain.items() if name in known}


def differing(one: Amounts, other: Amounts) -> Iterator[Limit]:
    """The limits of which the two say different things."""
    return (limit for limit in Limit if one.get(limit) != other.get(limit))
