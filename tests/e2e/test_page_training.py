"""A member trains a model on the page, from photos that are dropped on it to a portrait with the model.

The pictures are kept in `build/pictures`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import FilePayload

from tests.support.browser import PHONE, browser, browser_tests, expect, open_tab
from tests.support.house import ROOT, open_house
from tests.support.photos import a_photo, a_picture, blurred, encoded, heic

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.browser import Browser, Tab
    from tests.support.house import House

__all__ = ["browser"]

pytestmark = browser_tests()

PICTURES = ROOT / "build" / "pictures"
SIZE = {"width": 1280, "height": 1000}
SLOW, FAST = 8.0, 400.0  # a training takes half a minute: slow enough to be seen at work; then no waiting
PATIENCE_MS = 20_000


async def look(tab: Tab, name: str) -> None:
    """Keep a picture of the page as it is."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await tab.page.wait_for_load_state("networkidle")
    await tab.page.mouse.move(0, 0)
    await tab.page.screenshot(path=PICTURES / f"{name}.png")


def five_photos() -> dict[str, bytes]:
    return {f"me-{number}.jpg": a_photo(number) for number in range(1, 6)}


async def agree(tab: Tab) -> None:
    """Start, and give the consent without which nothing starts."""
    await tab.press("Start")
    await tab.modal.get_by_role("button", name="Submit").click()
    await expect(tab.modal.get_by_role("alert")).to_have_text("Choose at least 1.")
    await tab.modal.get_by_role("checkbox").check()
    await expect(tab.modal.get_by_role("alert")).to_have_count(0)


async def test_a_training_from_dropped_photos_to_a_portrait_with_the_model(
    browser: Browser, tmp_path: Path
) -> None:
    """Twelve photos come in two ways, three are refused with their reasons, and nine are trained on."""
    async with (
        open_house(tmp_path, speed=SLOW) as house,
        open_tab(browser, house.sandbox.url, viewport=SIZE) as tab,
    ):
        await tab.choose_command("train")
        await tab.fill_option("name", "mira")
        await tab.drop(tab.page.locator(".composer"), five_photos())
        await tab.page.get_by_role("button", name="Run /train").click()
        await expect(tab.last_message).to_contain_text("5 photos, all fit to train on", timeout=PATIENCE_MS)
        await the_sheet_is_drawn(tab)

        await tab.press("Add photos")
        fields = tab.modal.locator(".drop-zone")
        await tab.drop(fields.first, {f"me-{number}.jpg": a_photo(number) for number in range(6, 9)})
        await tab.drop(fields.first, {"from-my-phone.heic": heic(a_picture(9))})
        bad = {
            "tiny.png": encoded(a_picture(40, 300, 700), "PNG"),
            "smeared.jpg": blurred(41),
            "me-again.webp": encoded(a_picture(3), "WEBP"),
        }
        await tab.drop(fields.last, bad)
        await expect(tab.modal.get_by_role("listitem")).to_have_count(7)
        await look(tab, "training-photos")
        await tab.modal.get_by_role("button", name="Submit").click()
        card = tab.last_message
        await expect(card).to_contain_text("9 photos, all fit to train on", timeout=PATIENCE_MS)
        for name, reason in (
            ("tiny.png", "300×700"),
            ("smeared.jpg", "too blurred"),
            ("me-again.webp", "same as photo 3"),
        ):
            await expect(card.get_by_role("listitem").filter(has_text=name)).to_contain_text(reason)
        await expect(card.locator(".tile")).to_have_count(1)
        await look(tab, "training-draft")

        await agree(tab)
        await look(tab, "training-consent")
        await tab.modal.get_by_role("button", name="Submit").click()
        await expect(tab.last_message).to_contain_text("Started as", timeout=PATIENCE_MS)
        await in_its_thread(tab, house)
        await a_portrait_with_the_model(tab)
        [training] = [task for task in house.tasks() if task.tool.trains]
        assert len(training.photos) == 9
        assert all(re.fullmatch(r"\d{3}-[0-9a-f]{12}\.jpg", name) for name in training.photos)


async def the_sheet_is_drawn(tab: Tab) -> None:
    """Each edit of the draft brings a new sheet and takes the old one away, even from who fetches it."""
    sheet = tab.last_message.locator(".tile img")
    await expect(sheet).to_have_js_property("complete", value=True, timeout=PATIENCE_MS)


async def in_its_thread(tab: Tab, house: House) -> None:
    """The thread appears by itself, shows how far the training is, and how it ended."""
    await tab.open_channel("Training #")
    await expect(tab.log).to_contain_text("Atelier added Mira to the thread.")
    card = tab.messages.filter(has=tab.page.get_by_role("button", name="Stop"))
    await expect(card).to_contain_text(re.compile(r"\d+ %"), timeout=PATIENCE_MS)
    await look(tab, "training-progress")
    house.wiro.speed = FAST
    made = tab.messages.filter(has_text="The model is trained")
    await expect(made).to_be_visible(timeout=PATIENCE_MS)
    await expect(made.locator(".tile")).to_have_count(4)
    await look(tab, "training-done")


async def a_portrait_with_the_model(tab: Tab) -> None:
    await tab.open_channel("portraits")
    await tab.choose_command("portrait")
    await tab.fill_option("prompt", "as a lighthouse keeper")
    await tab.fill_option("samples", "1")
    await tab.fill_option("model", "mi")
    await tab.suggestions.filter(has_text="mira").click()
    await tab.page.get_by_role("button", name="Run /portrait").click()
    await expect(tab.last_message.locator(".tile")).to_have_count(1, timeout=PATIENCE_MS)
    await expect(tab.last_message).to_contain_text("photo of sks person")
    await look(tab, "training-portrait")


async def test_a_training_on_a_phone_that_is_followed_in_direct_messages(
    browser: Browser, tmp_path: Path
) -> None:
    """The images of a message are taken too; nothing sticks out of the screen on the way."""
    async with (
        open_house(tmp_path, speed=FAST) as house,
        open_tab(browser, house.sandbox.url, viewport=PHONE, color_scheme="light") as tab,
    ):
        await tab.page.get_by_label("Attach files").set_input_files(
            [
                FilePayload(name=name, mimeType="image/jpeg", buffer=data)
                for name, data in five_photos().items()
            ]
        )
        await tab.page.get_by_role("button", name="Send message").click()
        await expect(tab.last_message.locator(".tile")).to_have_count(5, timeout=PATIENCE_MS)
        await tab.use_menu("Add to my training photos")
        await expect(tab.last_message).to_contain_text("5 photos, all fit to train on", timeout=PATIENCE_MS)
        await the_sheet_is_drawn(tab)
        await tab.press("Details")
        await tab.modal.get_by_role("textbox", name="Name").fill("mira")
        await tab.modal.get_by_role("button", name="Submit").click()
        await expect(tab.last_message).to_contain_text("It is to be called mira", timeout=PATIENCE_MS)
        await the_sheet_is_drawn(tab)
        await tab.last_message.get_by_role("combobox").select_option("dm")
        await expect(tab.last_message.get_by_role("button", name="Start")).to_be_enabled(timeout=PATIENCE_MS)
        await the_sheet_is_drawn(tab)
        await look(tab, "training-phone-draft")
        await agree(tab)
        await look(tab, "training-phone-consent")
        await tab.modal.get_by_role("button", name="Submit").click()
        await expect(tab.last_message).to_contain_text("Started as", timeout=PATIENCE_MS)
        await tab.page.get_by_role("button", name="Servers and channels").click()
        await tab.open_server("Direct messages")
        made = tab.messages.filter(has_text="The model is trained")
        await expect(made).to_be_visible(timeout=PATIENCE_MS)
        await look(tab, "training-phone-done")
        assert await tab.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
