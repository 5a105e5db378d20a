"""Modals: every field, what is sent, and what happens when nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord import Upload
from tests.sandbox.page.fakes import MODERATORS
from tests.support.browser import browser_tests, expect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.page.conftest import Ground
    from tests.support.browser import Tab

pytestmark = browser_tests()

Json = dict[str, Any]
TITLE = "Edit the portrait"


def label(text: str, component: Json, **more: Any) -> Json:
    return {"type": 18, "label": text, "component": component} | more


def options(*names: str) -> list[Json]:
    return [{"label": name, "value": name.lower()} for name in names]


def show(ground: Ground, *components: Json) -> str:
    modal_id = ground.discord.new_id()
    form = {"id": modal_id, "interaction_id": "1", "custom_id": "edit", "title": TITLE}
    ground.discord.emit("MODAL", form | {"components": list(components)})
    return modal_id


PROMPT = label("Prompt", {"type": 4, "custom_id": "prompt", "style": 2, "value": "a fox", "max_length": 100})


async def test_every_field_is_sent_in_its_own_shape(tab: Tab, ground: Ground, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"png")
    modal_id = show(
        ground,
        {"type": 10, "content": "Change **what** you like."},
        PROMPT,
        label("Seed", {"type": 4, "custom_id": "seed", "style": 1, "required": False}),
        label("Style", {"type": 3, "custom_id": "style", "options": options("Photo", "Oil")}),
        label("Tags", {"type": 3, "custom_id": "tags", "max_values": 2, "options": options("A", "B", "C")}),
        label("Who", {"type": 5, "custom_id": "who"}),
        label("Role", {"type": 6, "custom_id": "role"}),
        label("Photos", {"type": 19, "custom_id": "photos", "max_values": 3}),
        label("Look", {"type": 21, "custom_id": "look", "options": options("Soft", "Hard")}),
        label(
            "Also", {"type": 22, "custom_id": "also", "options": options("Frame", "Name"), "max_values": 2}
        ),
        label("I agree", {"type": 23, "custom_id": "agree"}),
    )
    form = tab.page.get_by_role("dialog", name=TITLE)
    await expect(form).to_contain_text("Change what you like.")
    await expect(form.get_by_label("Prompt")).to_have_value("a fox")
    await form.get_by_label("Prompt").fill("a red fox")
    await form.get_by_label("Style").select_option("oil")
    for name in ("A", "C", "Frame", "Name", "I agree"):
        await form.get_by_role("checkbox", name=name, exact=True).check()
    for name in ("Ines", "@Moderators", "Hard"):
        await form.get_by_role("radio", name=name).check()
    await form.get_by_label("Photos").set_input_files(photo)
    await expect(form).to_contain_text("photo.png (3 B)")
    await form.get_by_role("button", name="Submit").click()
    sent = (await ground.discord.asked_for("submit")).details
    assert sent["modal"] == modal_id
    assert sent["values"] == {
        "prompt": "a red fox",
        "seed": "",
        "style": ["oil"],
        "tags": ["a", "c"],
        "who": ["1224000000000000013"],
        "role": [MODERATORS],
        "photos": [Upload("photo.png", b"png")],
        "look": "hard",
        "also": ["frame", "name"],
        "agree": True,
    }
    ground.discord.emit("INTERACTION_ACK", {"id": sent["interaction_id"]})
    await expect(form).to_have_count(0)


async def test_unanswered_modal_keeps_what_was_typed(tab: Tab, ground: Ground) -> None:
    show(ground, PROMPT)
    await tab.fill_modal({"Prompt": "long and dear words"})
    sent = await ground.discord.asked_for("submit")
    await expect(tab.modal.get_by_role("button", name="Submit")).to_be_disabled()
    ground.discord.emit("INTERACTION_FAILED", {"id": sent.details["interaction_id"]})
    await expect(tab.modal.get_by_role("alert")).to_have_text("Something went wrong. Try again.")
    await expect(tab.modal.get_by_label("Prompt")).to_have_value("long and dear words")
    await tab.modal.get_by_role("button", name="Submit").click()
    await ground.discord.asked_for("submit")


async def test_edits_behind_a_modal_do_not_touch_it(tab: Tab, ground: Ground) -> None:
    message = ground.discord.post(content="0 %")
    show(ground, PROMPT)
    await tab.modal.get_by_label("Prompt").press_sequentially(" and half a")
    ground.discord.edit(message, content="50 %")
    await expect(tab.last_message).to_contain_text("50 %")
    await expect(tab.modal.get_by_label("Prompt")).to_have_value("a fox and half a")
    await expect(tab.modal.get_by_label("Prompt")).to_be_focused()


async def test_escape_closes_a_modal_unsent_and_gives_the_focus_back(tab: Tab, ground: Ground) -> None:
    await tab.composer.focus()
    modal_id = show(ground, PROMPT)
    await expect(tab.modal).to_be_visible()
    await tab.page.keyboard.press("Escape")
    await expect(tab.modal).to_have_count(0)
    await expect(tab.composer).to_be_focused()
    assert (await ground.discord.asked_for("dismiss_modal")).details == {"modal": modal_id}


async def test_required_fields_and_counts_are_checked_before_sending(tab: Tab, ground: Ground) -> None:
    group = {"type": 22, "custom_id": "also", "options": options("A", "B", "C"), "max_values": 2}
    show(ground, PROMPT, label("Also", group))
    await tab.fill_modal({"Prompt": ""})
    await expect(tab.modal.get_by_label("Prompt")).to_be_focused()
    await tab.fill_modal({"Prompt": "x"})
    await expect(tab.modal.get_by_role("alert")).to_have_text("Choose at least 1.")
    for name in ("A", "B", "C"):
        await tab.modal.get_by_role("checkbox", name=name).check()
    await tab.modal.get_by_role("button", name="Submit").click()
    await expect(tab.modal.get_by_role("alert")).to_have_text("Choose 2 at most.")
    assert not [asked for asked in ground.discord.asked if asked.what == "submit"]


async def test_unknown_field_says_so(tab: Tab, ground: Ground) -> None:
    show(ground, label("New", {"type": 77, "custom_id": "new"}))
    await expect(tab.modal).to_contain_text("component type 77 is not shown in the sandbox")
