"""`/quota`, `/mod quota`, and that every way to start a task knows the member's roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.limits import Limit, Target
from bot.model import JobState
from bot.quota.windows import day_window, next_day
from bot.store import grants, ledger, limits
from tests.support.stand import buttons, until, words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.discord.actions import Interaction
    from tests.support.stand import Stand

    Way = Callable[[Stand, str], Awaitable[Interaction]]

SKU = 1_088_510_058_284_990_888


def harbour(stand: Stand) -> int:
    return stand.sandbox.discord.guilds["harbour"].id


def role(stand: Stand, name: str) -> int:
    roles = stand.sandbox.discord.guilds["harbour"].roles.values()
    return next(each.id for each in roles if each.name == name)


def moderators(stand: Stand) -> int:
    return role(stand, "Moderators")


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
    assert "0 of 7 used, 7 left\n-# limit by this server's rule" in await quota(stand, "mira")
    said = await quota(stand, "ines")
    assert f"0 of 60 used, 60 left\n-# limit by the role <@&{moderators(stand)}>" in said
    assert "at most 4 images of one task, by this server's rule" in said
    await rule(stand, Target.member(harbour(stand), ines), IMAGES_PER_DAY=3)
    assert "0 of 3 used, 3 left\n-# limit by a rule for this member" in await quota(stand, "ines")


async def test_what_a_member_bought_is_read_from_the_interaction(stand: Stand) -> None:
    premium = {SKU: {Limit.IMAGES_PER_DAY: 80}}
    stand.desk.instance = stand.services.records._instance = replace(stand.desk.instance, premium=premium)
    stand.sandbox.discord.person("mira").bought = (SKU,)
    assert "0 of 80 used, 80 left\n-# limit by a premium tier" in await quota(stand, "mira")
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


async def test_what_was_left_out_is_as_large_as_the_limits_allow_and_what_was_said_is_refused(
    stand: Stand,
) -> None:
    await rule(stand, Target.server(harbour(stand)), SAMPLES=2, STEPS=20, SIDE=500)
    job = await stand.portrait("mira")
    assert (job.images, job.inputs["steps"], job.inputs["width"], job.inputs["height"]) == (2, 20, 448, 448)
    done = await stand.finish(job)
    assert "What was left out is as large as the limits here allow." in words(stand.card(done))
    smaller = await stand.portrait("mira", samples=1)
    assert (smaller.images, smaller.inputs["steps"]) == (1, 20)
    answer = await stand.use("mira", "portrait", {"prompt": "a fox", "steps": 30})
    assert "`steps` is 30, and the rule of this server allows at most 20" in words(answer.message or {})


async def test_a_servers_default_is_kept_within_the_members_limits_too(stand: Stand) -> None:
    await stand.services.choices.choose(
        harbour(stand), "portrait_defaults", {"steps": 60, "samples": 1}, by=1
    )
    await rule(stand, Target.server(harbour(stand)), STEPS=50)
    job = await stand.portrait("mira")
    assert (job.images, job.inputs["steps"]) == (1, 50)


async def test_a_limit_under_the_smallest_choice_is_refused_as_a_limit(stand: Stand) -> None:
    await rule(stand, Target.server(harbour(stand)), SIDE=100)
    answer = await stand.use("mira", "portrait", {"prompt": "a fox"})
    assert "`width` is 512, and the rule of this server allows at most 100" in words(answer.message or {})


async def test_the_card_says_what_is_left_under_the_cap_by_which_the_task_was_taken(stand: Stand) -> None:
    await rule(stand, Target.role(harbour(stand), moderators(stand)), IMAGES_PER_DAY=60)
    job = await stand.portrait("ines", samples=4)
    left = await stand.services.records.left(job)
    assert left is not None
    assert (left.left, left.cap) == (56, 60)


# /mod quota


async def mod(stand: Stand, command: str, who: str = "ines", /, **options: Any) -> str:
    answer = await stand.use(who, f"mod quota {command}", options)
    assert answer.message is not None, answer
    assert answer.message["flags"] & 64
    return words(answer.message)


async def test_show_is_the_members_quota_with_their_roles(stand: Stand) -> None:
    await rule(stand, Target.role(harbour(stand), role(stand, "Regulars")), IMAGES_PER_DAY=60)
    await stand.portrait("mira", samples=4)
    said = await mod(stand, "show", user="mira")
    assert f"Quota of <@{stand.sandbox.discord.person('mira').id}> in this server" in said
    assert "4 of 60 used, 56 left\n-# all of it comes back <t:" in said
    assert f"limit by the role <@&{role(stand, 'Regulars')}>" in said


async def test_a_bonus_is_seen_by_its_member_and_ends_with_a_reset(stand: Stand) -> None:
    said = await mod(stand, "grant", user="mira", what="image", amount=20, days=2, reason="won the contest")
    assert "gets 20 more images a day until <t:" in said
    assert "Their limit is now: 60 images a day." in said
    own = await quota(stand, "mira")
    assert "0 of 60 used, 60 left\n-# limit by the operator of this bot and 20 as a bonus" in own
    assert "🎁 20 more images a day until <t:" in own
    assert "Ended for" in await mod(stand, "reset", user="mira", what="bonuses")
    assert "0 of 40 used" in await quota(stand, "mira")
    assert "has no bonus" in await mod(stand, "reset", user="mira", what="bonuses")
    audit = words((await stand.use("ines", "mod audit", {})).message or {})
    assert "changed a bonus of" in audit
    assert "+20 images a day until" in audit
    assert "-20 images a day until" in audit
    assert "won the contest" in audit


async def test_a_bonus_without_days_ends_with_the_day(stand: Stand) -> None:
    await mod(stand, "grant", user="mira", what="image", amount=5)
    now = stand.services.clock.now()
    [bonus] = await stand.db.read(
        lambda conn: grants.bonuses(
            conn, guild_id=harbour(stand), user_id=stand.sandbox.discord.person("mira").id, now=now
        )
    )
    assert (bonus.until, bonus.window) == (next_day(now), day_window(now))


async def test_more_than_the_operator_allows_is_said_to_be_so(stand: Stand) -> None:
    said = await mod(stand, "grant", user="mira", what="image", amount=90)
    assert "Their limit is now: 100 images a day." in said
    assert "no more than 100 images a day, over all servers (`QUOTA_IMAGES_PER_DAY_MAX`)" in said
    refused = await mod(stand, "grant", user="mira", what="training", amount=1)
    assert refused.startswith("Nothing was granted. The operator of this bot allows no more than 1 trainings")
    said = await mod(stand, "set", user="mira", tasks=9, steps=50)
    assert "tasks at once – → 9, steps – → 50" in said
    assert "no more than 3 tasks at once" in said
    assert "steps, over" not in said


async def test_limits_of_their_own_go_before_and_can_be_taken_away(stand: Stand) -> None:
    assert "images a day – → 3" in await mod(stand, "set", user="mira", images=3, usd_per_day=0.5)
    assert "money a day $0.50 → $0.25" in await mod(stand, "set", user="mira", usd_per_day=0.25)
    own = await quota(stand, "mira")
    assert "0 of 3 used, 3 left\n-# limit by a rule for this member" in own
    assert "$0.00 of $0.25 used" in own
    assert "so already" in await mod(stand, "set", user="mira", images=3)
    assert "at least one limit" in await mod(stand, "set", user="mira")
    assert "images a day 3 → –, money a day $0.25 → –" in await mod(stand, "reset", user="mira", what="rule")
    assert "0 of 40 used" in await quota(stand, "mira")
    assert "no limits of their own" in await mod(stand, "reset", user="mira", what="rule")
    audit = words((await stand.use("ines", "mod audit", {"user": "mira"})).message or {})
    assert audit.count("changed a setting. Limits of <@") == 3


async def test_what_was_used_is_given_back_but_not_what_still_runs(stand: Stand) -> None:
    job = await stand.portrait("mira", samples=4)
    assert "nothing to give back" in await mod(stand, "reset", user="mira", what="used")
    now, done = stand.services.clock.now(), replace(job, state=JobState.DONE)
    await stand.db.write(lambda conn: ledger.settle(conn, done, images_made=4, task_existed=False, now=now))
    await stand.portrait("mira", samples=2)
    assert "got back: " in await mod(stand, "reset", user="mira", what="used")
    assert "2 of 40 used" in await quota(stand, "mira")
    assert await stand.db.read(ledger.check) == []
    audit = words((await stand.use("ines", "mod audit", {})).message or {})
    assert "gave back to" in audit


async def test_the_quota_of_another_server_is_not_touched(stand: Stand) -> None:
    answer = await stand.use("juno", "mod quota set", {"user": "lev", "images": 1}, channel="general")
    assert "images a day – → 1" in words(answer.message or {})
    assert "0 of 40 used" in await quota(stand, "lev")


async def test_moderators_get_a_members_ledgers_and_the_servers_as_files(stand: Stand) -> None:
    await stand.portrait("mira", samples=4)
    await stand.portrait("tomas", samples=2)
    answer = await stand.use("ines", "mod quota show", {"user": "mira"})
    assert answer.message is not None
    panel, controls = int(answer.message["id"]), buttons(answer.message)
    for label, entries in (("Their ledgers as CSV", 2), ("The server's ledgers as CSV", 4)):
        clicked = await stand.click("ines", panel, controls[label])
        await until(lambda clicked=clicked: clicked.original is not None and bool(clicked.original.files))  # type: ignore[misc]  # a lambda's default has no type
        assert clicked.original is not None
        message = stand.sandbox.discord.views.message(clicked.original)
        assert message["flags"] & 64
        assert f"{entries} entries of quota" in words(message)
        assert [each.filename for each in clicked.original.files] == ["quota-ledger.csv", "money-ledger.csv"]
        assert len(clicked.original.files[0].data.splitlines()) == entries + 1


async def test_nobody_else_gets_a_ledger(stand: Stand) -> None:
    job = await stand.portrait()
    card = job.message_id or 0
    forged = {"type": 2, "style": 2, "label": "forged", "custom_id": "at:mod_ledger:-:0", "id": 9000}
    stand.sandbox.discord.message(card).components.append({"type": 1, "id": 9001, "components": [forged]})
    for who in ("mira", "tomas"):
        assert "Only moderators" in await stand.said(await stand.click(who, card, "at:mod_ledger:-:0"))
