"""The little world: who is where and may do what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.clock import SandboxClock
from sandbox.discord import DiscordStandIn
from sandbox.discord.model import Overwrite
from sandbox.discord.permissions import ALL, P

if TYPE_CHECKING:
    from sandbox.discord.model import Json


@pytest.fixture
def stand_in() -> DiscordStandIn:
    return DiscordStandIn(SandboxClock())


def test_everyone_sees_what_is_theirs(stand_in: DiscordStandIn) -> None:
    def seen(key: str) -> set[str]:
        guilds = stand_in.state(key)["guilds"]
        return {channel["key"] for guild in guilds for channel in guild["channels"]}

    harbour = {"portraits", "lounge", "after-dark", "wall-of-faces"}
    assert seen("tomas") == seen("lev") == harbour
    assert seen("ines") == seen("oskar") == harbour | {"mod-log"}
    assert seen("mira") == harbour | {"general"}
    assert seen("juno") == {"general"}


def test_ids_look_like_discords(stand_in: DiscordStandIn) -> None:
    def ids(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["id"]] if isinstance(value.get("id"), str) else []
            return own + [one for inner in value.values() for one in ids(inner)]
        return [one for inner in value for one in ids(inner)] if isinstance(value, list) else []

    found = ids(stand_in.state("mira"))
    assert len(found) > 30
    assert all(re.fullmatch(r"\d{17,20}", one) for one in found)
    other: Json = DiscordStandIn(SandboxClock()).state("mira")
    assert ids(other) == found  # the same at every start


def test_the_rights_of_the_six_are_as_told(stand_in: DiscordStandIn) -> None:
    portraits = stand_in.channels["portraits"]

    def may(key: str, right: P) -> bool:
        return bool(stand_in.world.permissions(stand_in.people[key], portraits) & right)

    assert [key for key in stand_in.people if may(key, P.MODERATE_MEMBERS)] == ["ines", "oskar"]
    assert [key for key in stand_in.people if may(key, P.MANAGE_MESSAGES)] == ["ines", "oskar"]
    assert [key for key in stand_in.people if may(key, P.MANAGE_GUILD)] == ["oskar"]
    assert not may("juno", P.VIEW_CHANNEL)
    general = stand_in.channels["general"]
    assert stand_in.world.permissions(stand_in.people["juno"], general) & P.MODERATE_MEMBERS


def test_overwrites_apply_in_discords_order(stand_in: DiscordStandIn) -> None:
    portraits, harbour = stand_in.channels["portraits"], stand_in.guilds["harbour"]
    mira = stand_in.people["mira"]
    regulars = next(role for role in harbour.roles.values() if role.name == "Regulars")

    def bits() -> int:
        return stand_in.world.permissions(mira, portraits)

    portraits.overwrites = [Overwrite(harbour.id, 0, deny=int(P.SEND_MESSAGES))]
    assert not bits() & P.SEND_MESSAGES
    assert not bits() & P.ATTACH_FILES  # means nothing without it
    portraits.overwrites.append(Overwrite(regulars.id, 0, allow=int(P.SEND_MESSAGES)))
    assert bits() & P.SEND_MESSAGES
    assert bits() & P.ATTACH_FILES
    portraits.overwrites.append(Overwrite(mira.id, 1, deny=int(P.VIEW_CHANNEL)))
    assert bits() == 0
    assert not stand_in.world.sees(mira, stand_in.channels["wall-of-faces"])
    regulars.permissions = int(P.ADMINISTRATOR)
    assert bits() == ALL


def test_unknown_names_are_told(stand_in: DiscordStandIn) -> None:
    with pytest.raises(ValueError, match="nobody here is called 'anna'"):
        stand_in.person("anna")
    with pytest.raises(ValueError, match="no channel is called 'attic'"):
        stand_in.channel("attic")
    with pytest.raises(ValueError, match="not there any more"):
        stand_in.message(123)
