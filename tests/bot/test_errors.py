"""The sentences of refusals: what is wrong, in numbers, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.errors import MissingPermissions, NoSuchTask, QuotaRefused
from bot.model import Unit

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
BACK = f"<t:{int(MIDNIGHT.timestamp())}:R>"


@pytest.mark.parametrize(
    ("unit", "used", "cap", "wanted", "sentence"),
    [
        (
            Unit.IMAGE,
            38,
            40,
            4,
            (
                "This needs 4 images, and you have 2 of 40 left today. Ask for 2 or fewer. "
                f"There are new ones {BACK}."
            ),
        ),
        (Unit.IMAGE, 40, 40, 1, f"You have used all of your 40 images today. There are new ones {BACK}."),
        (Unit.TRAINING, 1, 1, 1, f"You have used your training this week. There is a new one {BACK}."),
        (Unit.IMAGE, 0, 0, 1, "Images are turned off for you here. A moderator can change that."),
        (
            Unit.TASK,
            3,
            3,
            1,
            (
                "You have 3 of 3 tasks waiting or running. Wait until one has finished, or cancel one with "
                "`/tasks cancel`."
            ),
        ),
    ],
    ids=["too many", "used up", "the only one", "turned off", "tasks at once"],
)
def test_a_quota_says_how_much_is_left_and_when_it_comes_back(
    unit: Unit, used: int, cap: int, wanted: int, sentence: str
) -> None:
    refused = QuotaRefused(unit, used=used, cap=cap, back_at=MIDNIGHT, wanted=wanted)
    assert refused.message == sentence


def test_missing_permissions_are_listed_as_discord_calls_them() -> None:
    said = MissingPermissions(["View Channel", "Send Messages", "Attach Files"]).message
    assert "missing **View Channel**, **Send Messages** and **Attach Files** in this channel" in said
    assert "`private:true`" in said
    assert "`private:true`" not in MissingPermissions(["Attach Files"], private_helps=False).message


def test_a_task_that_is_not_there_is_named_when_its_number_was_given() -> None:
    assert NoSuchTask("4F7K").message.startswith("You do not have a task #4F7K.")
    assert NoSuchTask().message.startswith("You do not have such a task.")
