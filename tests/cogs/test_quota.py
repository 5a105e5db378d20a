"""`/quota`, and that every way to start a task knows the member's roles and what they bought."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.limits import Limit, Target
from bot.store import limits
from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.discord.actions import Interaction
    from tests.support.stand import Stand

    Way = Callable[[Stand, str], Awaitable[Interaction]]

SKU = 1_088_510_058_284_990_888


def harbour(stand: Stand) -> int:
    return stand.sandbox.discord.guilds["harbour"].id


def moderators(stand: Stand) -> int:
    roles = stand.sandbox.discord.guilds["harbour"].roles.values()
    return next(role.id for role in roles if role.name == "Moderators")


async def rule(stand: Stand, target: Target, **amounts: int) -> None:
    said = {Limit[name]: amount for name, amount in amounts.items()}
    now = stand.services.clock.now()
    await stand.db.write(lambda conn: limits.set_rule(conn, target, said, by=1, now=now))


async def quota(stand: Stand, who: str) -> str:
    answer = await stand.use(who, "quota")
    assert answer.message is not None
    assert answer.message["flags"] & 64
    return words(answer.message)


async def test_quota_names_the_rule_of_the_member_of_the_role_and_of_the_server(stand: Stand) -> None:
    ines = stand.sandbox.discord.person("ines").id
    await rule(stand, Target.server(harbour(stand)), IMAGES_PER_DAY=7, SAMPLES=4)
    await rule(stand, Target.role(harbour(stand), moderators(stand)), IMAGES_PER_DAY=60)
    assert "0 of 7 used\n-# limit by this server's rule" in await quota(stand, "mira")
    said = await quota(stand, "ines")
    assert f"0 of 60 used\n-# limit by the role <@&{moderators(stand)}>" in said
    assert "at most 4 images of one task, by this server's rule" in said
    await rule(stand, Target.member(harbour(stand), ines), IMAGES_PER_DAY=3)
    assert "0 of 3 used\n-# limit by a rule for this member" in await quota(stand, "ines")


async def test_what_a_member_bought_is_read_from_the_interaction(stand: Stand) -> None:
    premium = {SKU: {Limit.IMAGES_PER_DAY: 80}}
    stand.desk.instance = stand.services.records._instance = replace(stand.desk.instance, premium=premium)
    stand.sandbox.discord.person("mira").bought = (SKU,)
    assert "0 of 80 used\n-# limit by a premium tier" in await quota(stand, "mira")
    assert "0 of 40 used" in await quota(stand, "tomas")


async def _command(stand: Stand, who: str) -> Interaction:
    return await stand.sandbox.discord.command(who, "portraits", "portrait", {"prompt": "a fox"})


async def _again(stand: Stand, who: str) -> Interaction:
    job = await stand.finish(await stand.portrait(who="mira", samples=4))
    return await stand.click(who, job.message_id or 0, buttons(stand.card(job))["Again"])


async def _form(stand: Stand, who: str) -> Interaction:
    job = await stand.finish(await stand.portrait(who="mira", samples=4))
    clicked = await stand.click(who, job.message_id or 0, buttons(stand.card(job))["Edit"])
    modal = (await clicked.answered()).modal
    assert modal is not None
    return await stand.sandbox.discord.submit(who, modal, {"prompt": "a badger", "numbers": "samples 4"})


@pytest.mark.parametrize("way", [_command, _again, _form])
async def test_every_way_to_start_a_task_knows_the_roles(stand: Stand, way: Way) -> None:
    await rule(stand, Target.role(harbour(stand), moderators(stand)), WEIGHT=300)
    assert (await stand.until_carded(await way(stand, "tomas"))).weight == 100
    assert (await stand.until_carded(await way(stand, "ines"))).weight == 300


async def test_a_form_with_too_large_a_number_can_be_opened_again(stand: Stand) -> None:
    job = await stand.finish(await stand.portrait(prompt="a fox"))
    await rule(stand, Target.server(harbour(stand)), STEPS=40)
    clicked = await stand.click("mira", job.message_id or 0, buttons(stand.card(job))["Edit"])
    modal = (await clicked.answered()).modal
    assert modal is not None
    sent = await stand.sandbox.discord.submit("mira", modal, {"prompt": "a badger", "numbers": "steps 50"})
    answer = (await sent.answered()).message
    assert answer is not None
    assert "`steps` is 50, and the rule of this server allows at most 40" in words(answer)
    assert "Edit again" in buttons(answer)


async def test_the_card_says_what_is_left_under_the_cap_by_which_the_task_was_taken(stand: Stand) -> None:
    await rule(stand, Target.role(harbour(stand), moderators(stand)), IMAGES_PER_DAY=60)
    job = await stand.portrait("ines", samples=4)
    left = await stand.services.records.left(job)
    assert left is not None
    assert (left.left, left.cap) == (56, 60)
