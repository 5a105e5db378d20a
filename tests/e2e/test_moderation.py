"""A moderator's day: see what runs, stop it, block a member and let them in again; and whose server it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.model import CancelBy, JobState, Reason
from tests.support.house import buttons, gallery, until, words

if TYPE_CHECKING:
    from sandbox.discord.actions import Interaction
    from tests.support.house import House


async def mod(
    house: House, command: str, person: str = "ines", channel: str = "portraits", **options: Any
) -> Interaction:
    return await house.discord.command(person, channel, f"mod {command}", options)


async def test_a_moderator_stops_a_task_blocks_its_owner_and_lets_them_in_again(house: House) -> None:
    house.wiro.paused = True
    task = await house.portrait("mira")
    job = await house.reaches(task, JobState.RUNNING)

    listed = await house.private_answer(await mod(house, "tasks"))
    assert job.code in words(listed)
    assert f"<@{job.user_id}>" in words(listed)
    assert "Nothing waits" in await house.refusal(await mod(house, "tasks", "juno", "general"))
    there = await house.refusal(await mod(house, "kill", "juno", "general", task=job.code))
    assert "no task" in there

    chosen = await house.discord.click("ines", listed, "at:mod_task:-", values=(job.code,))
    shown = await house.private_answer(chosen)
    assert "Stop" in buttons(shown)
    assert "is being stopped" in await house.refusal(await house.press(shown, "Stop", "ines"))
    ended = await house.reaches(task, JobState.CANCELLED)
    assert (ended.cancel_by, ended.reason) == (CancelBy.MODERATOR, Reason.MODERATOR_STOPPED)
    card = await house.card_says(task, "A moderator of this server stopped it")
    assert gallery(card) == []

    said = await house.refusal(await mod(house, "block", user="mira", reason="too many foxes", days=2))
    assert "is blocked here" in said
    for start in (await house.portrait("mira"), await house.portrait("mira", private=True)):
        refusal = await house.refusal(start)
        assert "too many foxes" in refusal
        assert "<t:" in refusal
        assert house.job(start) is None
    assert "too many foxes" in await house.refusal(await mod(house, "blocked"))
    assert "Nobody is blocked" in await house.refusal(await mod(house, "blocked", "juno", "general"))

    assert "here again" in await house.refusal(await mod(house, "unblock", user="mira"))
    house.wiro.paused = False
    await house.images(await house.portrait("mira"), 1)

    audit = await house.refusal(await mod(house, "audit"))
    places = [audit.index(act) for act in ("unblocked", " blocked", "stopped")]
    assert places == sorted(places)
    assert "Nothing yet" in await house.refusal(await mod(house, "audit", "juno", "general"))


async def test_everyones_tasks_are_stopped_after_a_question_waiting_and_running_private_and_public(
    house: House,
) -> None:
    house.wiro.paused = True
    public, private = await house.portrait("mira"), await house.portrait("tomas", private=True)
    there = await house.portrait("mira", "general")
    for task in (public, private, there):
        await house.reaches(task, JobState.RUNNING)
    asked = await house.private_answer(await mod(house, "kill", everyone=True, reason="rule 4"))
    assert "Stop all 2 tasks" in words(asked)
    await (await house.press(asked, "Stop them", "ines")).answered()
    for task, person in ((public, "mira"), (private, "tomas")):
        await house.reaches(task, JobState.CANCELLED)
        assert "rule 4" in words(await house.card_says(task, "A moderator of this server", person))

    def told_in_private() -> bool:
        found = house.discord.channels.get("dm-tomas")
        return found is not None and any(
            "rule 4" in words(each) for each in house.posted("dm-tomas", "tomas")
        )

    await until(told_in_private, "the owner of the private task is told")
    job = await house.reaches(there, JobState.RUNNING)
    assert job.cancel_by is None
    house.wiro.paused = False
    await house.images(there, 1)
