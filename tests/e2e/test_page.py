"""The journey of a first portrait as a newcomer sees it: the page in a real Chromium, the real bot behind it.

The pictures are kept in `build/pictures`; the README's is a copy of `portrait.png` from there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest_asyncio

from tests.support.browser import PHONE, browser, browser_tests, expect, open_tab
from tests.support.house import ROOT, House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.browser import Browser

__all__ = ["browser"]

pytestmark = browser_tests()

PICTURES = ROOT / "build" / "pictures"


@pytest_asyncio.fixture(loop_scope="session")
async def page_house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose Wiro works at a pace that a person can follow."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with open_house(tmp_path, speed=4.0) as opened:
        yield opened


async def test_a_newcomer_gets_a_first_portrait_with_two_clicks(page_house: House, browser: Browser) -> None:
    size = {"width": 1280, "height": 1130}
    page_house.wiro.speed = 1.5
    async with open_tab(browser, page_house.sandbox.url, viewport=size) as tab:
        await tab.page.get_by_role("button", name="Try /portrait").click()
        await tab.page.get_by_role("button", name="Run /portrait").click()
        await expect(tab.last_message.get_by_role("button", name="Cancel")).to_be_visible()
        await expect(tab.last_message).to_contain_text(re.compile(r"\d+ %"))
        await tab.page.screenshot(path=PICTURES / "progress.png")
        page_house.wiro.speed = 10

        await expect(tab.last_message.get_by_role("button", name="Again")).to_be_visible()
        images = tab.last_message.get_by_role("button", name=re.compile("lighthouse keeper"))
        await expect(images).to_have_count(4)
        await expect(tab.messages).to_have_count(1)
        await tab.page.wait_for_load_state("networkidle")
        await tab.page.mouse.move(0, 0)
        await tab.page.screenshot(path=PICTURES / "portrait.png")


async def test_the_same_on_a_phone_in_light_colours(page_house: House, browser: Browser) -> None:
    async with open_tab(browser, page_house.sandbox.url, viewport=PHONE, color_scheme="light") as tab:
        await tab.run_command("portrait", {"prompt": "a beekeeper in her seventies", "samples": "1"})
        await expect(tab.last_message.get_by_role("button", name="Again")).to_be_visible()
        width = await tab.page.evaluate("document.documentElement.scrollWidth")
        assert width == PHONE["width"]
        await tab.page.wait_for_load_state("networkidle")
        await tab.page.screenshot(path=PICTURES / "phone.png")


async def test_a_private_portrait_is_edited_and_asked_for_again(page_house: House, browser: Browser) -> None:
    async with open_tab(browser, page_house.sandbox.url) as tab:
        await tab.run_command("portrait", {"prompt": "a red fox", "samples": "1", "private": "True"})
        await expect(tab.last_message.get_by_role("button", name="Share")).to_be_visible()
        await expect(tab.last_message).to_contain_text("Only you can see this")
        await tab.press("Edit")
        await expect(tab.modal).to_be_visible()
        await tab.page.screenshot(path=PICTURES / "edit.png")
        await tab.modal.get_by_role("textbox", name=re.compile("^Prompt")).fill("a grey wolf")
        await tab.modal.get_by_role("button", name="Submit").click()
        await expect(tab.messages).to_have_count(2)
        await expect(tab.last_message.get_by_role("button", name="Again")).to_be_visible()
        await expect(tab.last_message).to_contain_text("a grey wolf")
