"""Modals: every field, what is sent, and what happens when nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord import Upload
from tests.sandbox.page.fakes import MODERATORS
from tests.support.browser import browser_tests, expect
from tests.support.house import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import FileChooser

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
    await tab.modal.get_by_role("checkbox", name="C").uncheck()
    await expect(tab.modal.get_by_role("alert")).to_have_count(0)
    assert not [asked for asked in ground.discord.asked if asked.what == "submit"]


def several(most: int = 3, **more: Any) -> Json:
    return label("Photos", {"type": 19, "custom_id": "photos", "max_values": most} | more)


async def drop(tab: Tab, *names: str) -> None:
    """Let files fall on the form's field for them; each holds its own name."""
    await tab.drop(tab.modal.locator(".drop-zone"), {name: name.encode() for name in names})


async def test_files_come_by_and_by_and_go_one_by_one(tab: Tab, ground: Ground, tmp_path: Path) -> None:
    show(ground, several())
    chosen = tab.modal.get_by_role("listitem")
    await drop(tab, "a.png")
    await drop(tab, "b.png", "c.png", "d.png")
    await expect(chosen).to_have_text(["a.png (5 B)", "b.png (5 B)", "c.png (5 B)"])
    await expect(tab.modal.get_by_role("status")).to_have_text("3 files fit; 1 left out.")
    await tab.modal.get_by_role("button", name="Remove b.png").click()
    await expect(tab.modal.get_by_label("Photos")).to_be_focused()
    browsed = tmp_path / "e.png"
    browsed.write_bytes(b"e")
    await tab.modal.get_by_label("Photos").set_input_files(browsed)
    await expect(tab.modal.get_by_role("status")).to_have_text("3 of 3")
    await tab.modal.get_by_role("button", name="Submit").click()
    sent = (await ground.discord.asked_for("submit")).details["values"]["photos"]
    assert sent == [Upload("a.png", b"a.png"), Upload("c.png", b"c.png"), Upload("e.png", b"e")]


async def test_the_same_file_comes_once_and_one_takes_anothers_place(tab: Tab, ground: Ground) -> None:
    show(ground, several(most=1))
    chosen = tab.modal.get_by_role("listitem")
    await drop(tab, "a.png")
    await drop(tab, "b.png")
    await expect(chosen).to_have_text(["b.png (5 B)"])
    await tab.page.keyboard.press("Escape")
    show(ground, several())
    await expect(chosen).to_have_count(0)
    await tab.modal.get_by_label("Photos").evaluate(
        """input => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["a"], "a.png", { lastModified: 1 }));
            for (const _ of [1, 2]) {
              input.files = transfer.files;
              input.dispatchEvent(new Event("change"));
            }
        }"""
    )
    await expect(chosen).to_have_text(["a.png (1 B)"])


async def test_a_field_for_files_is_filled_and_emptied_with_the_keyboard(
    tab: Tab, ground: Ground, tmp_path: Path
) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(b"a")
    windows: list[FileChooser] = []
    # Early: the browser takes a moment until it hands them over.
    tab.page.on("filechooser", lambda window: windows.append(window))  # noqa: PLW0108 - Playwright marks it
    show(ground, several())
    await expect(tab.modal).to_be_visible()
    field = tab.modal.get_by_label("Photos")
    await field.focus()
    await expect(field).to_be_focused()
    await tab.page.keyboard.press("Enter")
    await until(lambda: windows, "the browser's window to choose files in opens")
    await windows[0].set_files(photo)
    await expect(tab.modal.get_by_role("listitem")).to_have_count(1)
    await field.press("Tab")
    await expect(tab.modal.get_by_role("button", name="Remove a.png")).to_be_focused()
    await tab.page.keyboard.press("Enter")
    await expect(field).to_be_focused()
    await tab.modal.get_by_role("button", name="Submit").press("Enter")
    await expect(field).to_be_focused()  # it is required
    assert not [asked for asked in ground.discord.asked if asked.what == "submit"]


async def test_files_of_another_kind_and_refused_ones_are_named_in_the_form(tab: Tab, ground: Ground) -> None:
    show(ground, several(file_types=["image", ".zip"]))
    await drop(tab, "notes.txt")
    await expect(tab.modal.get_by_role("status")).to_have_text(
        "notes.txt is not of a kind that is taken here."
    )
    await drop(tab, "photos.ZIP")
    await expect(tab.modal.get_by_role("listitem")).to_have_text(["photos.ZIP (10 B)"])
    ground.discord.refusal = "photos.ZIP is over this person's upload limit"
    await tab.modal.get_by_role("button", name="Submit").click()
    await expect(tab.modal.get_by_role("alert")).to_have_text("photos.ZIP is over this person's upload limit")
    await expect(tab.modal.get_by_role("listitem")).to_have_count(1)
    await expect(tab.modal.get_by_role("button", name="Submit")).to_be_enabled()


async def test_a_file_that_misses_its_field_does_not_take_the_pages_place(tab: Tab, ground: Ground) -> None:
    show(ground, several())
    kept = await tab.modal.get_by_role("heading").evaluate(
        """heading => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["a"], "a.png"));
            const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
            return !heading.dispatchEvent(event);
        }"""
    )
    assert kept
    await expect(tab.modal.get_by_role("listitem")).to_have_count(0)


async def test_unknown_field_says_so(tab: Tab, ground: Ground) -> None:
    show(ground, label("New", {"type": 77, "custom_id": "new"}))
    await expect(tab.modal).to_contain_text("component type 77 is not shown in the sandbox")
