from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import NoSuchTask
from bot.model import CancelBy, JobState, Reason
from sandbox.discord.model import Member
from tests.support.stand import buttons, until, words

if TYPE_CHECKING:
    from bot.model import Job
    from sandbox.discord.actions import Answer, Interaction
    from tests.support.stand import Stand


def told(answer: Answer) -> str:
    """The words of a private answer."""
    assert answer.message is not None, answer
    assert answer.message["flags"] & 64, "the answer is public"
    return words(answer.message)


async def running(stand: Stand, who: str = "mira", **options: Any) -> Job:
    job = await stand.portrait(who, **options)
    return await stand.finish(job, JobState.RUNNING, ended_at=None, wiro_ended_at=None, draw=False)


async def press(stand: Stand, answer: Answer, label: str, who: str = "ines") -> Interaction:
    assert answer.message is not None
    return await stand.click(who, int(answer.message["id"]), buttons(answer.message)[label])


def juno_joins(stand: Stand) -> None:
    """Who moderates the other server becomes a plain member of this one too."""
    juno = stand.sandbox.discord.people["juno"]
    stand.sandbox.discord.guilds["harbour"].members[juno.id] = Member(juno)


# Who may


@pytest.mark.parametrize("who", ["mira", "tomas"])
async def test_members_are_not_offered_mod(stand: Stand, who: str) -> None:
    offered = {each["name"] for each in stand.sandbox.discord.commands(who, "portraits")}
    assert "mod" not in offered
    assert "portrait" in offered


async def test_moderators_are_offered_mod(stand: Stand) -> None:
    assert "mod" in {each["name"] for each in stand.sandbox.discord.commands("ines", "portraits")}


@pytest.mark.parametrize("label", ["Stop", "Next", "Stop them", "look"])
async def test_nobody_else_may_press_what_moderators_are_shown(stand: Stand, label: str) -> None:
    # A forged click: whoever has the id of a button is still asked for their rights.
    juno_joins(stand)
    job = await running(stand)
    card = job.message_id or 0
    message = stand.sandbox.discord.message(card)
    ids = {
        "Stop": f"at:mod_stop:{job.code}",
        "Next": "at:mod_tasks:-:0.1",
        "Stop them": "at:mod_all:-:0",
        "look": "at:mod_audit:-:0.0",
    }
    forged = {"type": 2, "style": 2, "label": label, "custom_id": ids[label], "id": 9000}
    message.components.append({"type": 1, "id": 9001, "components": [forged]})
    for who in ("mira", "tomas", "juno"):
        assert "Only moderators" in await stand.said(await stand.click(who, card, ids[label]))
    assert (await stand.read(job)).cancel_by is None


async def test_moderators_see_and_touch_their_own_server_only(stand: Stand) -> None:
    job = await running(stand)
    assert "Nothing waits" in told(await stand.use("juno", "mod tasks", channel="general"))
    refused = await stand.use("juno", "mod kill", {"task": job.code}, channel="general")
    assert "no task" in told(refused)
    asked = await stand.use("juno", "mod kill", {"everyone": True}, channel="general")
    assert "Nothing of that is at work" in told(asked)
    assert (await stand.read(job)).cancel_by is None
    await stand.use("ines", "mod block", {"user": "tomas"})
    assert "Nobody is blocked" in told(await stand.use("juno", "mod blocked", channel="general"))
    assert "Nothing yet" in told(await stand.use("juno", "mod audit", channel="general"))


async def test_a_role_that_the_server_chose_presses_what_moderators_press_there_alone(stand: Stand) -> None:
    world, job = stand.sandbox.discord, await running(stand, "tomas")
    harbour, tiny = world.guilds["harbour"], world.guilds["tiny"]
    [regulars] = [role.id for role in harbour.roles.values() if role.name == "Regulars"]
    stop, oskar = f"at:mod_stop:{job.code}", world.people["oskar"].id
    forged = {"type": 2, "style": 2, "label": "Stop", "custom_id": stop, "id": 9000}
    card = job.message_id or 0
    world.message(card).components.append({"type": 1, "id": 9001, "components": [forged]})
    await stand.services.choices.choose(tiny.id, "moderator_roles", [regulars], by=oskar)
    assert "Only moderators" in await stand.said(await stand.click("mira", card, stop))
    await stand.services.choices.choose(harbour.id, "moderator_roles", [regulars], by=oskar)
    assert "Only moderators" in await stand.said(await stand.click("lev", card, stop))
    assert "is being stopped" in await stand.said(await stand.click("mira", card, stop))
    assert (await stand.read(job)).cancel_by is CancelBy.MODERATOR


# Tasks


async def test_tasks_shows_who_runs_what_where_in_which_state_and_for_how_much(stand: Stand) -> None:
    job, private = await running(stand), await stand.portrait("tomas", prompt="a secret", private=True)
    answer = await stand.use("ines", "mod tasks")
    said = told(answer)
    for part in (job.code, f"<@{job.user_id}>", f"<#{job.channel_id}>", "running", "about $", private.code):
        assert part in said
    assert "in the line" in said
    assert "a secret" not in str(answer.message)
    only = told(await stand.use("ines", "mod tasks", {"user": "tomas"}))
    assert private.code in only
    assert job.code not in only


async def test_a_task_is_chosen_looked_at_and_stopped(stand: Stand) -> None:
    job = await running(stand)
    listed = await stand.use("ines", "mod tasks")
    assert listed.message is not None
    chosen = await stand.sandbox.discord.click(
        "ines", int(listed.message["id"]), "at:mod_task:-", values=(job.code,)
    )
    shown = await chosen.answered()
    assert "a red fox" in told(shown)
    assert f"/{job.channel_id}/{job.message_id}" in str(shown.message)
    assert "is being stopped" in await stand.said(await press(stand, shown, "Stop"))
    await until(lambda: "### Stopping" in words(stand.card(job)))
    now = await stand.read(job)
    assert now.cancel_by is CancelBy.MODERATOR
    assert now.cancel_user_id == stand.sandbox.discord.people["ines"].id


async def test_pages_of_tasks_turn(stand: Stand) -> None:
    for who in ("mira", "tomas", "ines", "oskar"):
        for _ in range(3):
            await stand.portrait(who)
    first = await stand.use("ines", "mod tasks")
    assert "12 in all · page 1 of 2" in told(first)
    turned = await (await press(stand, first, "Next")).answered()
    assert turned.kind == "update"
    assert turned.message is not None
    assert "page 2 of 2" in words(turned.message)
    assert set(buttons(turned.message)) == {"Previous", "Refresh"}


async def test_a_moderator_finds_stop_in_task_details(stand: Stand) -> None:
    job = await running(stand)
    message = stand.sandbox.discord.message(job.message_id or 0)
    for who, offered in (("ines", True), ("tomas", False)):
        menu = await stand.sandbox.discord.menu(who, message, "Task details")
        answer = await menu.answered()
        assert answer.message is not None
        assert ("Stop" in buttons(answer.message)) is offered


# Kill


async def test_kill_stops_a_waiting_task_with_a_reason_on_its_card(stand: Stand) -> None:
    job = await stand.portrait()
    answer = await stand.use("ines", "mod kill", {"task": f"#{job.code.lower()}", "reason": "not `here`"})
    assert "is stopped" in told(answer)
    await until(lambda: "A moderator of this server stopped it" in words(stand.card(job)))
    assert "not ˋhereˋ" in words(stand.card(job))
    assert (await stand.read(job)).reason is Reason.MODERATOR_STOPPED


@pytest.mark.parametrize(
    "options", [{}, {"task": "4F7K", "everyone": True}, {"user": "mira", "task": "4F7K"}]
)
async def test_kill_wants_exactly_one_thing(stand: Stand, options: dict[str, Any]) -> None:
    assert "Name one thing" in told(await stand.use("ines", "mod kill", options))


async def test_kill_of_a_members_tasks_asks_first_and_carries_the_reason_along(stand: Stand) -> None:
    mine = [await stand.portrait("mira"), await running(stand)]
    other = await stand.portrait("tomas")
    asked = await stand.use("ines", "mod kill", {"user": "mira", "reason": "slow down"})
    assert "Stop all 2 tasks" in told(asked)
    assert [(await stand.read(job)).cancel_by for job in mine] == [None, None]
    await (await press(stand, asked, "Stop them")).answered()

    def done() -> bool:
        seen = stand.sandbox.discord.messages("portraits", "ines")
        return any("2 tasks were told to stop, 1 of them" in words(each) for each in seen)

    await until(done)
    assert [(await stand.read(job)).cancel_reason for job in mine] == ["slow down", "slow down"]
    assert (await stand.read(other)).cancel_by is None
    said = told(await stand.use("ines", "mod audit"))
    assert all(job.code in said for job in mine)
    assert said.count("slow down") == 2


async def test_kill_of_everyones_tasks_leaves_other_servers_alone(stand: Stand) -> None:
    here = [await stand.portrait("mira"), await stand.portrait("tomas")]
    there = await stand.portrait("mira", channel="general")
    asked = await stand.use("ines", "mod kill", {"everyone": True})
    await (await press(stand, asked, "Stop them")).answered()
    for job in here:
        await until(lambda job=job: "moderator" in words(stand.card(job)))  # type: ignore[misc]  # a lambda's default has no type
    assert (await stand.read(there)).state is JobState.WAITING


async def test_many_are_told_to_stop_together_those_that_wait_first(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None waits for another's answer, and one that cannot be stopped keeps no other from being."""
    at_work = [await running(stand, who) for who in ("mira", "tomas")]
    waiting = [await stand.portrait(who) for who in ("mira", "tomas")]
    together, order, stop = asyncio.Barrier(2), list[str](), stand.desk.stop
    stopped: list[Job] = []

    async def slow(code: str, **wish: Any) -> Job:
        order.append(code)
        async with asyncio.timeout(5):
            await together.wait()
        if code == waiting[0].code:
            raise NoSuchTask(code)
        stopped.append(await stop(code, **wish))
        return stopped[-1]

    monkeypatch.setattr(stand.desk, "stop", slow)
    asked = await stand.use("ines", "mod kill", {"everyone": True})
    await (await press(stand, asked, "Stop them")).answered()
    await until(lambda: len(stopped) == 3)
    assert set(order[:2]) == {job.code for job in waiting}
    for job in (*at_work, waiting[1]):
        assert (await stand.read(job)).cancel_by is CancelBy.MODERATOR


async def test_tasks_are_suggested_to_moderators_without_private_words(stand: Stand) -> None:
    public, private = await stand.portrait(), await stand.portrait("tomas", prompt="a secret", private=True)
    found = await stand.sandbox.discord.autocomplete("ines", "portraits", "mod kill", {"task": ""}, "task")
    assert {each["value"] for each in found} == {public.code, private.code}
    assert "a secret" not in str(found)


# Block


async def test_a_blocked_member_is_refused_everywhere_they_could_start(stand: Stand) -> None:
    done = await stand.finish(await stand.portrait())
    failed = await stand.finish(await stand.portrait(), JobState.FAILED, reason=Reason.WIRO_FAILED)
    blocked = told(await stand.use("ines", "mod block", {"user": "mira", "reason": "too much", "days": 3}))
    assert "0 waiting tasks" in blocked
    used = len(stand.desk.accepted)
    refusals = [
        told(await stand.use("mira", "portrait", {"prompt": "a hare"})),
        await stand.said(await stand.click("mira", done.message_id or 0, f"at:again:{done.code}")),
        await stand.said(await stand.click("mira", failed.message_id or 0, f"at:try:{failed.code}")),
    ]
    for refusal in refusals:
        assert "blocked you" in refusal
        assert "too much" in refusal
        assert "<t:" in refusal
    form = (await (await stand.click("mira", done.message_id or 0, f"at:edit:{done.code}")).answered()).modal
    assert form is not None
    assert "blocked you" in await stand.said(await stand.sandbox.discord.submit("mira", form, {}))
    assert len(stand.desk.accepted) == used
    elsewhere = await stand.portrait("mira", channel="general")
    assert elsewhere.state is JobState.WAITING


async def test_blocking_ends_what_waits_lists_the_member_and_unblocking_ends_it(stand: Stand) -> None:
    job, at_work = await stand.portrait(), await running(stand)
    said = told(await stand.use("ines", "mod block", {"user": "mira", "reason": "too much"}))
    assert "1 waiting task was ended" in said
    await until(lambda: "blocked its owner" in words(stand.card(job)))
    assert (await stand.read(job)).reason is Reason.BLOCKED
    assert (await stand.read(at_work)).state is JobState.RUNNING
    listed = told(await stand.use("ines", "mod blocked"))
    assert f"<@{job.user_id}>" in listed
    assert "too much" in listed
    assert "until a moderator ends it" in listed
    assert "here again" in told(await stand.use("ines", "mod unblock", {"user": "mira"}))
    assert "not blocked here" in told(await stand.use("ines", "mod unblock", {"user": "mira"}))
    assert "Nobody is blocked" in told(await stand.use("ines", "mod blocked"))
    assert (await stand.portrait()).state is JobState.WAITING


async def test_the_audit_tells_newest_first_who_did_what_to_whom(stand: Stand) -> None:
    done = await stand.finish(await stand.portrait("tomas"))
    await (await stand.click("ines", done.message_id or 0, f"at:delete:{done.code}")).answered()
    await stand.use("ines", "mod block", {"user": "mira", "days": 2})
    await stand.use("ines", "mod unblock", {"user": "mira"})
    said = told(await stand.use("ines", "mod audit"))
    places = [said.index(act) for act in ("unblocked", " blocked", "deleted the images")]
    assert places == sorted(places)
    assert "3 in all" in said
    theirs = told(await stand.use("ines", "mod audit", {"user": "tomas"}))
    assert done.code in theirs
    assert "blocked" not in theirs


async def test_the_audit_is_searched_by_who_whom_what_when_and_why(stand: Stand) -> None:
    world = stand.sandbox.discord
    await stand.use("ines", "mod block", {"user": "mira", "reason": "Too LOUD at night"})
    await stand.use("ines", "mod block", {"user": "tomas", "reason": "100% rude"})
    await stand.use("oskar", "mod unblock", {"user": "mira"})
    mira, tomas = (f"<@{world.people[each].id}>" for each in ("mira", "tomas"))

    async def found(**options: Any) -> str:
        return told(await stand.use("ines", "mod audit", options))

    assert "2 in all" in await found(by="ines")
    assert "1 in all" in await found(by="ines", user="tomas")
    assert tomas not in await found(action="unblock")
    assert mira not in (await found(text="0% ")).replace("by or about", "")
    assert "1 in all" in await found(text="too loud", by="ines", since=1)
    assert "Nothing that fits" in await found(text="too_loud")
    assert "Nothing that fits" in await found(by="ines", action="unblock")
    assert "3 in all" in await found(since=1)


async def test_pages_and_the_file_of_a_search_keep_to_it(stand: Stand) -> None:
    for number in range(12):
        reason = "=loud `noise`" if number != 5 else "rude"
        await stand.use("ines", "mod block", {"user": "mira", "reason": reason, "days": number + 1})
    await stand.use("oskar", "mod unblock", {"user": "mira"})
    first = await stand.use("ines", "mod audit", {"by": "ines", "action": "block", "text": "`noise`"})
    assert "11 in all · page 1 of 2" in told(first)
    turned = await (await press(stand, first, "Next")).answered()
    assert turned.message is not None
    assert "page 2 of 2" in words(turned.message)
    assert "rude" not in words(turned.message)
    clicked = await press(stand, turned, "As CSV")
    await until(lambda: clicked.original is not None and bool(clicked.original.files))
    assert clicked.original is not None
    [file] = clicked.original.files
    head, *rows = file.data.decode().splitlines()
    assert head.startswith("entry,at,act,by,member")
    assert len(rows) == 11
    assert all(",'=loud ˋnoiseˋ," in row and ",block," in row for row in rows)


async def test_buttons_of_older_pages_still_turn(stand: Stand) -> None:
    await stand.use("ines", "mod block", {"user": "mira"})
    answer = await stand.use("ines", "mod audit")
    assert answer.message is not None
    mira = stand.sandbox.discord.people["mira"].id
    message = stand.sandbox.discord.message(int(answer.message["id"]))
    old = {"type": 2, "style": 2, "label": "x", "custom_id": f"at:mod_audit:-:{mira}.0", "id": 9000}
    message.components.append({"type": 1, "id": 9001, "components": [old]})
    turned = await (await stand.click("ines", message.id, f"at:mod_audit:-:{mira}.0")).answered()
    assert turned.message is not None
    assert "1 in all" in words(turned.message)


async def test_an_owners_own_deletion_is_nobodys_act(stand: Stand) -> None:
    done = await stand.finish(await stand.portrait())
    await (await stand.click("mira", done.message_id or 0, f"at:delete:{done.code}")).answered()
    assert "Nothing yet" in told(await stand.use("ines", "mod audit"))
