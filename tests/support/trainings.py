"""Trainings with the real bot: a draft, its start, and what is where meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord.actions import AnswerKind
from sandbox.discord.model import Upload
from tests.support.house import House, buttons, parts, until, words
from tests.support.photos import a_photo

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import Job, JobState


def photos(count: int, first: int = 1) -> dict[str, Upload]:
    return {
        f"image{number}": Upload(f"me-{number}.jpg", a_photo(first + number - 1))
        for number in range(1, count + 1)
    }


async def draft(
    house: House, given: dict[str, Upload], person: str = "mira", channel: str = "portraits", **options: Any
) -> dict[str, Any]:
    """Use `/train`; the draft's card once it is drawn."""
    used = await house.discord.command(person, channel, "train", options, attachments=given)

    def drawn() -> dict[str, Any] | None:
        card = house.card(used, person)
        return card if card is not None and "Discard" in buttons(card) else None

    found: dict[str, Any] = await until(drawn, "the draft is shown")
    return found


async def follow(house: House, card: dict[str, Any], where: str, person: str = "mira") -> None:
    """Choose where the training is followed; return when the draft says so."""
    chosen = await house.discord.click(person, card, draft_id(card, "follow"), [where])
    await chosen.answered()

    def is_drawn() -> bool:
        menus = [part for part in parts(house.card(chosen, person) or {}) if part["type"] == 3]
        return [one["value"] for menu in menus for one in menu["options"] if one.get("default")] == [where]

    await until(is_drawn, f"the draft is to be followed in {where}")


def draft_id(card: dict[str, Any], verb: str) -> str:
    """The id of a control, by its verb."""
    number = buttons(card)["Discard"].rpartition(":")[2]
    return f"at:draft_{verb}:-:{number}"


async def start(house: House, card: dict[str, Any], person: str = "mira") -> str:
    """Press Start and agree; what became of the draft's card, or the refusal."""
    opened = await (await house.discord.click(person, card, draft_id(card, "start"))).answered()
    assert opened.kind is AnswerKind.MODAL, opened
    assert opened.modal is not None
    sent = await house.discord.submit(person, opened.modal, {"consent": ["agreed"]})
    answer = await sent.answered()
    assert answer.message is not None
    return words(answer.message)


async def a_training(house: House, where: str = "dm", person: str = "mira", first: int = 1) -> Job:
    """A training of five photos that was just started."""
    before = {job.id for job in house.jobs()}
    card = await draft(house, photos(5, first), person, name="anna")
    await follow(house, card, where, person)
    told = await start(house, card, person)
    assert "Started as" in told, told
    [job] = [job for job in house.jobs() if job.id not in before]
    return job


def job_of(house: House, job: Job) -> Job:
    return next(each for each in house.jobs() if each.id == job.id)


async def reaches(house: House, job: Job, *states: JobState, patience_s: float = 30.0) -> Job:
    def there() -> Job | None:
        found = job_of(house, job)
        return found if found.state in states else None

    found: Job = await until(there, f"the training is {' or '.join(states)}", patience_s, every_s=0.03)
    return found


def trainings(house: House) -> list[Any]:
    return [task for task in house.tasks() if task.tool.trains]


def photos_here(house: House) -> list[Path]:
    return [path for path in (house.bot.folder / "data" / "drafts").rglob("*") if path.is_file()]


def uploads(house: House) -> dict[str, list[str]]:
    """The names of the files in each folder of the account's storage, by the folder's name."""
    stored = house.wiro.uploads.values()
    folders = {each.id: each.name for each in stored if each.data is None}
    return {
        name: [each.name for each in stored if each.data is not None and each.parent_id == number]
        for number, name in folders.items()
    }
