"""The composer: from "/" to a command with its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.discord import Upload
from tests.sandbox.page.fakes import LOUNGE, MODERATORS, PORTRAITS
from tests.support.browser import browser_tests, expect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.page.conftest import Ground
    from tests.support.browser import Tab

pytestmark = browser_tests()

Json = dict[str, Any]


def option(name: str, kind: int, **more: Any) -> Json:
    return {"name": name, "type": kind, "description": f"What {name} is", "required": False} | more


def command(name: str, *options: Json) -> Json:
    return {"id": name, "type": 1, "name": name, "description": f"About {name}", "options": list(options)}


def sub(name: str, *options: Json) -> Json:
    return {"type": 1, "name": name, "description": f"About {name}", "options": list(options)}


PORTRAIT = command(
    "portrait",
    option("prompt", 3, required=True, autocomplete=True, max_length=60),
    option("samples", 4, min_value=1, max_value=10),
    option("scale", 10, min_value=0, max_value=30),
    option("scheduler", 3, choices=[{"name": "Euler a", "value": "EULER_A"}, {"name": "DDIM", "value": "D"}]),
    option("private", 5),
)
QUOTA = command("quota")
TASKS = command("tasks", sub("list"), sub("show", option("task", 3, required=True)))
MOD = command(
    "mod",
    {
        "type": 2,
        "name": "quota",
        "description": "Quotas",
        "options": [
            sub(
                "grant",
                option("user", 6, required=True),
                option("role", 8),
                option("where", 7, channel_types=[0]),
                option("who", 9),
            )
        ],
    },
)
TRAIN = command("train", option("image1", 11, required=True), option("image2", 11))


async def test_slash_lists_commands_with_subcommands_and_filters_them(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT, QUOTA, TASKS, MOD)
    await tab.composer.fill("/")
    await expect(tab.suggestions).to_have_count(5)
    await expect(tab.suggestions.first).to_contain_text("/portrait prompt")
    await tab.composer.fill("/quo")
    await expect(tab.suggestions).to_contain_text(["/quota", "/mod quota grant"])
    await expect(tab.composer).to_have_attribute("aria-expanded", "true")
    await tab.page.keyboard.press("Escape")
    await expect(tab.suggestions).to_have_count(0)
    await expect(tab.composer).to_have_attribute("aria-expanded", "false")


async def test_command_is_run_with_the_keyboard_alone(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT, QUOTA)
    await tab.composer.press_sequentially("/por")
    await expect(tab.suggestions).to_have_count(1)
    await tab.page.keyboard.press("Enter")
    await expect(tab.option("prompt")).to_be_focused()
    await tab.page.keyboard.type("a fox")
    await tab.page.keyboard.press("Enter")
    asked = await ground.discord.asked_for("command")
    assert asked.person == "mira"
    assert asked.details["channel"] == PORTRAITS
    assert (asked.details["name"], asked.details["options"]) == ("portrait", {"prompt": "a fox"})
    await expect(tab.composer).to_be_focused()


async def test_option_types_arrive_as_discord_sends_them(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT)
    options = {"prompt": "a fox", "samples": "2", "scale": "7.5", "scheduler": "Euler a", "private": "True"}
    await tab.run_command("portrait", options)
    sent = (await ground.discord.asked_for("command")).details["options"]
    expected = {"prompt": "a fox", "samples": 2, "scale": 7.5, "scheduler": "EULER_A", "private": True}
    assert sent == expected


async def test_people_roles_and_channels_are_picked_from_lists(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(MOD)
    await tab.choose_command("mod quota grant")
    picks = {"user": "Ines", "role": "@Moderators", "where": "#lounge", "who": "Mira"}
    for name, label in picks.items():
        await tab.fill_option(name, label[:3])
        await tab.suggestions.filter(has_text=label).click()
        await expect(tab.option(name)).to_have_value(label)
    await tab.page.get_by_role("button", name="Run /mod quota grant").click()
    details = (await ground.discord.asked_for("command")).details
    assert details["name"] == "mod quota grant"
    people = {key: str(person.id) for key, person in ground.discord.people.items()}
    expected = {"user": people["ines"], "role": MODERATORS, "where": LOUNGE, "who": people["mira"]}
    assert details["options"] == expected


async def test_channel_option_offers_only_its_types(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(MOD)
    await tab.choose_command("mod quota grant")
    await tab.fill_option("where", "")
    await expect(tab.suggestions).to_have_text(["#portraits", "#lounge"])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "prompt is required."),
        ({"prompt": "x" * 61}, "prompt can have 60 characters at most; this has 61."),
        ({"prompt": "a fox", "samples": "many"}, "samples is a whole number."),
        ({"prompt": "a fox", "samples": "11"}, "samples is 1 to 10."),
        ({"prompt": "a fox", "scheduler": "none such"}, "Choose scheduler from its list."),
    ],
    ids=["missing", "too long", "not a number", "out of range", "not in the list"],
)
async def test_wrong_options_are_named_and_not_sent(
    tab: Tab, ground: Ground, options: dict[str, str], problem: str
) -> None:
    ground.discord.offer(PORTRAIT)
    await tab.run_command("portrait", options)
    await expect(tab.page.get_by_role("alert")).to_have_text(problem)
    wrong = list(options)[-1] if options else "prompt"
    await expect(tab.option(wrong)).to_be_focused()
    await expect(tab.option(wrong)).to_have_attribute("aria-invalid", "true")
    assert not [asked for asked in ground.discord.asked if asked.what == "command"]


async def test_autocomplete_asks_once_typing_rests_and_takes_free_text(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT)
    ground.discord.choices = [{"name": "A fox in snow, in full", "value": "@inspire:11"}]
    await tab.choose_command("portrait")
    await expect(tab.suggestions).to_have_count(1)
    ground.discord.asked.clear()
    ground.discord.choices = [{"name": "Another fox", "value": "@recent:4F7K"}]
    await tab.option("prompt").press_sequentially("fox")
    await expect(tab.suggestions).to_have_text(["Another fox"])
    asked = [one for one in ground.discord.asked if one.what == "autocomplete"]
    assert {"options": {"prompt": "fox"}, "focused": "prompt"} in [one.details for one in asked]
    assert len(asked) < 3
    await tab.page.keyboard.press(
        "Enter"
    )  # runs with what was typed: a suggestion is taken with an arrow first
    assert (await ground.discord.asked_for("command")).details["options"] == {"prompt": "fox"}


async def test_taken_suggestion_sends_its_value_and_edited_text_itself(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT)
    ground.discord.choices = [{"name": "A fox in snow", "value": "@inspire:11"}]
    for edit, sent in (("", "@inspire:11"), ("!", "A fox in snow!")):
        await tab.choose_command("portrait")
        await expect(tab.suggestions).to_have_count(1)
        await tab.page.keyboard.press("ArrowDown")
        await tab.page.keyboard.press("Enter")
        await expect(tab.option("prompt")).to_have_value("A fox in snow")
        await tab.page.keyboard.type(edit)
        await tab.page.keyboard.press("Enter")
        assert (await ground.discord.asked_for("command")).details["options"] == {"prompt": sent}


async def test_late_suggestions_for_older_text_are_dropped(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT)
    await tab.choose_command("portrait")
    release = ground.discord.hold_autocomplete()
    ground.discord.choices = [{"name": "for the older text", "value": "1"}]
    await tab.option("prompt").fill("a")
    await ground.discord.asked_for("autocomplete")
    ground.discord.choices = [{"name": "for the newer text", "value": "2"}]
    await tab.option("prompt").fill("ab")
    await ground.discord.asked_for("autocomplete")
    release(1)
    await expect(tab.suggestions).to_have_text(["for the newer text"])
    release(0)
    await tab.page.wait_for_timeout(100)
    await expect(tab.suggestions).to_have_text(["for the newer text"])


async def drop(tab: Tab, *names: str) -> None:
    """Let files fall on the composer; each holds its own name."""
    await tab.drop(tab.page.locator(".composer"), {name: name.encode() for name in names})


async def test_files_go_in_by_choice_and_by_drop(tab: Tab, ground: Ground, tmp_path: Path) -> None:
    chosen = tmp_path / "first.png"
    chosen.write_bytes(b"one")
    ground.discord.offer(TRAIN)
    await tab.choose_command("train")
    await tab.fill_option("image1", chosen)
    await drop(tab, "second.png", "third.png")
    await expect(tab.page.locator(".composer")).to_contain_text("second.png (10 B)")
    await expect(tab.page.get_by_role("status")).to_have_text("/train takes no more files.")
    await tab.page.get_by_role("button", name="Run /train").click()
    sent = (await ground.discord.asked_for("command")).details["attachments"]
    assert sent == {"image1": Upload("first.png", b"one"), "image2": Upload("second.png", b"second.png")}


async def test_backspace_and_escape_lead_out_of_a_command(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT)
    await tab.choose_command("portrait")
    await tab.fill_option("samples", "")
    await tab.option("samples").press("Backspace")
    await expect(tab.option("samples")).to_have_count(0)
    await expect(tab.option("prompt")).to_be_focused()
    await tab.page.keyboard.press("Backspace")
    await expect(tab.composer).to_be_focused()
    await tab.choose_command("portrait")
    await expect(tab.option("prompt")).to_be_focused()
    await tab.page.keyboard.press("Escape")
    await expect(tab.composer).to_be_focused()


async def test_command_waits_then_fails_when_nobody_answers(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(QUOTA)
    await tab.run_command("quota")
    await expect(tab.last_message).to_contain_text("Mira used /quota")
    await expect(tab.last_message).to_contain_text("Sending command…")
    asked = await ground.discord.asked_for("command")
    ground.discord.emit("INTERACTION_FAILED", {"id": asked.details["interaction_id"]})
    await expect(tab.last_message).to_contain_text("The application did not respond")
    ground.discord.post(content="later news")
    await expect(tab.last_message).to_contain_text("later news")  # below the failure, which is older
    await tab.press("Dismiss message", tab.message("did not respond"))
    await expect(tab.messages).to_have_count(1)


async def test_first_step_puts_a_sample_portrait_into_the_composer(tab: Tab, ground: Ground) -> None:
    ground.discord.offer(PORTRAIT | {"options": [option("prompt", 3, required=True)]})
    await tab.page.get_by_role("button", name="Try /portrait").click()
    await expect(tab.option("prompt")).to_be_focused()
    assert len(await tab.option("prompt").input_value()) > 20
    await tab.page.keyboard.press("Enter")
    await ground.discord.asked_for("command")
    await expect(tab.page.get_by_role("button", name="Try /portrait")).to_have_count(0)


async def test_page_says_when_the_bot_is_not_there(tab: Tab, ground: Ground) -> None:
    ground.discord.gateway.connected = False
    await expect(tab.page.locator(".strip")).to_contain_text("The bot is not connected yet")
    ground.discord.gateway.connected = True
    ground.discord.offer(PORTRAIT)
    await expect(tab.page.get_by_role("button", name="Try /portrait")).to_be_visible()


async def test_plain_message_is_said(tab: Tab) -> None:
    await tab.composer.fill("hello there")
    await tab.page.keyboard.press("Enter")
    await expect(tab.last_message).to_contain_text("hello there")
    await expect(tab.composer).to_have_value("")


async def test_message_takes_files_by_choice_and_by_drop(tab: Tab, ground: Ground, tmp_path: Path) -> None:
    chosen = tmp_path / "first.png"
    chosen.write_bytes(b"one")
    send = tab.page.get_by_role("button", name="Send message")
    await expect(send).to_be_disabled()
    await tab.page.get_by_label("Attach files").set_input_files(chosen)
    await drop(tab, "second.png", "third.png")
    files = tab.page.locator(".composer").get_by_role("listitem")
    await expect(files).to_have_text(["first.png (3 B)", "second.png (10 B)", "third.png (9 B)"])
    await tab.page.get_by_role("button", name="Remove second.png").click()
    await tab.composer.press("Enter")
    said = (await ground.discord.asked_for("say")).details
    uploads = [Upload("first.png", b"one"), Upload("third.png", b"third.png")]
    assert said == {"content": "", "uploads": uploads}
    await expect(files).to_have_count(0)


async def test_unknown_command_is_refused(tab: Tab, ground: Ground) -> None:
    await tab.composer.fill("/nothing")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("status")).to_have_text("There is no such command here.")
    assert not [asked for asked in ground.discord.asked if asked.what == "command"]
