"""What people see on the page when the bot is killed, and what others do not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import PHONE, browser, browser_tests, expect, open_tab
from tests.support.house import open_house

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

__all__ = ["browser"]

pytestmark = browser_tests()

SLOW, FAST = 0.7, 40  # slow enough to be seen at work on a busy machine, then no waiting
PATIENCE_MS = 20_000
PROMPT = "a sailor with a red scarf, morning mist"
SMALL = {"prompt": PROMPT, "samples": "1", "steps": "4"}


async def test_bot_that_is_killed_at_work_finishes_when_it_is_back(browser: Browser, tmp_path: Path) -> None:
    async with (
        open_house(tmp_path, speed=SLOW) as house,
        open_tab(browser, house.sandbox.url, viewport=PHONE, is_mobile=True) as tab,
    ):
        await tab.run_command("portrait", {"prompt": PROMPT, "samples": "2"})
        await expect(tab.last_message).to_contain_text("%")
        await house.bot.kill()
        await expect(tab.page.locator(".strip")).to_contain_text("The bot is not connected")
        await house.bot.start()
        house.wiro.speed = FAST
        await expect(tab.last_message.locator(".tile")).to_have_count(2, timeout=PATIENCE_MS)
        await expect(tab.messages).to_have_count(1)
        assert house.runs() == 1


async def test_private_result_is_its_owners_until_the_page_is_reloaded(
    browser: Browser, tmp_path: Path
) -> None:
    async with open_house(tmp_path) as house, open_tab(browser, house.sandbox.url) as tab:
        await tab.run_command("portrait", SMALL | {"private": "True"})
        await expect(tab.last_message.locator(".tile")).to_have_count(1, timeout=PATIENCE_MS)
        await tab.become("Ines")
        await expect(tab.messages).to_have_count(0)
        await tab.become("Mira")
        await expect(tab.last_message.locator(".tile")).to_have_count(1)
        await tab.page.reload()
        await tab.composer.wait_for()
        await expect(tab.messages).to_have_count(0)


async def test_details_are_for_whoever_asks_and_a_moderator_deletes(browser: Browser, tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, open_tab(browser, house.sandbox.url) as tab:
        await tab.run_command("portrait", SMALL)
        await expect(tab.last_message.locator(".tile")).to_have_count(1, timeout=PATIENCE_MS)
        await tab.become("Ines")
        await tab.use_menu("Task details")
        await expect(tab.last_message).to_contain_text("Only you can see this")
        await tab.press("Dismiss message")
        await expect(tab.messages).to_have_count(1)
        await tab.press("Delete")
        await expect(tab.last_message.locator(".tile")).to_have_count(0)
        await expect(tab.last_message).to_contain_text("Deleted")


async def test_a_manager_sets_the_server_up_and_takes_it_back(browser: Browser, tmp_path: Path) -> None:
    """What is chosen on the panel holds for the next command of a member, and one click undoes it."""
    async with open_house(tmp_path) as house, open_tab(browser, house.sandbox.url) as tab:
        await tab.become("Oskar")
        await tab.run_command("settings")
        panel = tab.message("Settings of this server")
        await panel.get_by_text("Every channel", exact=True).click()
        await panel.get_by_role("checkbox", name="#after-dark").click()
        await panel.get_by_role("button", name="Done").click()
        await expect(panel).to_contain_text("Channels: all →")
        await expect(panel.locator("summary")).to_have_text("#after-dark")
        await tab.become("Mira")
        await tab.run_command("portrait", SMALL)
        await expect(tab.last_message).to_contain_text("tasks are started in")
        await tab.become("Oskar")
        await tab.press("Undo", panel)
        await expect(panel).to_contain_text("→ all")
        await tab.become("Mira")
        await tab.run_command("portrait", SMALL)
        await expect(tab.last_message.locator(".tile")).to_have_count(1, timeout=PATIENCE_MS)
