"""The page "Limits" of `/settings` over the real client: for everybody, for a role, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.limits import Limit, Target
from tests.cogs.test_settings import opened, pick, policy, shown
from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from bot.limits import Amounts
    from tests.support.stand import Stand


def harbour(stand: Stand) -> int:
    return stand.sandbox.discord.guilds["harbour"].id


def regulars(stand: Stand) -> int:
    roles = stand.sandbox.discord.guilds["harbour"].roles.values()
    return next(role.id for role in roles if role.name == "Regulars")


async def fill(stand: Stand, panel: int, control: str, values: dict[str, str], who: str = "oskar") -> Any:
    """The answer to the form that a button opened."""
    clicked = await stand.click(who, panel, control)
    modal = (await clicked.answered()).modal
    assert modal is not None, clicked.answer
    return await (await stand.sandbox.discord.submit(who, modal, values)).answered()


async def said(stand: Stand, target: Target) -> Amounts:
    return await stand.services.quotas.rule(target)


async def test_limits_for_everybody_are_set_in_a_form_hold_at_once_and_are_taken_back(stand: Stand) -> None:
    """What the other forms set stays; the audit and the undo are those of every setting."""
    panel = await opened(stand, "limits")
    answer = await fill(stand, panel, "at:set:-:limits.amounts", {"images_per_day": "7", "weight": "50"})
    assert "Limits of everybody here: images a day – → 7, share of the line in % – → 50" in shown(answer)
    answer = await fill(stand, panel, "at:set:-:limits.sizes", {"samples": "2"})
    assert "images a day **7**, images of one task **2**, share of the line in % **50**" in shown(answer)
    refused = await stand.use("mira", "portrait", {"prompt": "a fox", "samples": 4})
    assert "`samples` is 4, and the rule of this server allows at most 2" in words(refused.message or {})
    assert (await stand.portrait("mira", samples=2)).weight == 50
    back = await pick(stand, panel, buttons(answer.message or {})["Undo"])
    assert "images of one task 2 → –" in shown(back)
    assert await said(stand, Target.server(harbour(stand))) == {Limit.IMAGES_PER_DAY: 7, Limit.WEIGHT: 50}
    audit = words((await stand.use("ines", "mod audit")).message or {})
    assert audit.count("changed a setting. Limits of everybody here") == 3


async def test_a_role_is_chosen_shown_with_its_members_and_changed(stand: Stand) -> None:
    """Its page stays after a form, and the list of roles has it."""
    role, panel = regulars(stand), await opened(stand, "limits")
    turned = await pick(stand, panel, "at:set:-:limits.role", str(role))
    assert f"Limits of <@&{role}> (1 member)" in shown(turned)
    answer = await fill(
        stand,
        panel,
        f"at:set:-:limits-{role}.money",
        {"nano_usd_per_day": "0.5", "shared_nano_usd_per_day": "3"},
    )
    assert f"Limits of <@&{role}>: money a day – → $0.50" in shown(answer)
    assert await said(stand, Target.role(harbour(stand), role)) == {
        Limit.MONEY_PER_DAY: 500_000_000,
        Limit.SHARED_PER_DAY: 3_000_000_000,
    }
    listed = await pick(stand, panel, buttons(answer.message or {})["All limits"])
    assert f"<@&{role}> (1 member): money a day **$0.50**" in shown(listed)
    await pick(stand, panel, "at:set:-:limits.role", str(role))
    cleared = await pick(stand, panel, f"at:set:-:limits-{role}.clear")
    assert "money a day $0.50 → –" in shown(cleared)
    assert await said(stand, Target.role(harbour(stand), role)) == {}


async def test_the_role_that_all_have_is_the_server(stand: Stand) -> None:
    panel = await opened(stand, "limits")
    turned = await pick(stand, panel, "at:set:-:limits.role", str(harbour(stand)))
    assert "**Limits of everybody here**" in shown(turned)


async def test_a_form_with_wrong_numbers_changes_nothing_and_names_each(stand: Stand) -> None:
    panel = await opened(stand, "limits")
    answer = await fill(
        stand,
        panel,
        "at:set:-:limits.amounts",
        {"images_per_day": "lots", "weight": "5", "concurrent_tasks": "2"},
    )
    told = words(answer.message or {})
    assert "`lots` cannot be images a day: it has to be a whole number from 0 to 1,000,000" in told
    assert "`5` cannot be share of the line in %: it has to be a whole number from 10 to 1,000" in told
    assert await said(stand, Target.server(harbour(stand))) == {}


async def test_the_pause_between_tasks_is_chosen_and_holds(stand: Stand) -> None:
    panel = await opened(stand, "limits")
    changed = await pick(stand, panel, "at:set:-:limits.cooldown_s", "300")
    assert "Pause between tasks: none → 5 min 0 s" in shown(changed)
    assert (await policy(stand)).cooldown_s == 300
    await stand.portrait("mira")
    refused = words((await stand.use("mira", "portrait", {"prompt": "a fox"})).message or {})
    assert "a pause of 5 minutes between two tasks of a member" in refused
    assert "Ask again <t:" in refused
    audit = words((await stand.use("ines", "mod audit")).message or {})
    assert "was refused: the pause between tasks" in audit


async def test_a_members_limits_that_a_moderator_set_are_taken_back_in_the_list_of_changes(
    stand: Stand,
) -> None:
    mira = stand.sandbox.discord.person("mira").id
    await stand.use("ines", "mod quota set", {"user": "mira", "images": 3})
    panel = await opened(stand, "changes")
    [change] = await stand.services.choices.changes(harbour(stand), limit=1)
    await pick(stand, panel, f"at:undo:-:changes.{change.id}")
    assert await said(stand, Target.member(harbour(stand), mira)) == {}


async def test_what_was_changed_since_stays_when_an_older_change_is_undone(stand: Stand) -> None:
    here = Target.server(harbour(stand))
    await stand.services.quotas.change(here, {Limit.IMAGES_PER_DAY: 9, Limit.SAMPLES: 3}, by=1)
    older = await stand.services.quotas.change(here, {Limit.IMAGES_PER_DAY: 7, Limit.STEPS: 40}, by=1)
    assert older is not None
    await stand.services.quotas.change(here, {Limit.MONEY_PER_DAY: 500_000_000, Limit.SAMPLES: None}, by=2)
    panel = await opened(stand, "changes")
    await pick(stand, panel, f"at:undo:-:changes.{older.id}")
    assert await said(stand, here) == {Limit.IMAGES_PER_DAY: 9, Limit.MONEY_PER_DAY: 500_000_000}


async def test_a_page_without_discords_numbers_is_shown_all_the_same(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = regulars(stand)
    await stand.services.quotas.change(Target.role(harbour(stand), role), {Limit.STEPS: 40}, by=1)

    async def fails(_guild: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("discord.Guild.role_member_counts", fails)
    panel = await opened(stand)
    assert f"<@&{role}>: steps **40**" in shown(await pick(stand, panel, "at:settings:-", "limits"))


@pytest.mark.parametrize("control", ["at:set:-:limits.amounts", "at:set:-:limits-5.clear"])
async def test_nobody_else_may_press_what_managers_are_shown_of_limits(stand: Stand, control: str) -> None:
    job = await stand.portrait()
    card = job.message_id or 0
    forged = {"type": 2, "style": 2, "label": "forged", "custom_id": control, "id": 9000}
    stand.sandbox.discord.message(card).components.append({"type": 1, "id": 9001, "components": [forged]})
    for who in ("mira", "ines"):
        assert "Only managers" in await stand.said(await stand.click(who, card, control))
