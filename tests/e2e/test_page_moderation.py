"""Moderation on the page: a moderator stops a member's task and decides about a reported image.

The pictures are kept in `build/pictures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import browser, browser_tests, expect, open_tab
from tests.support.house import ROOT, open_house

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

__all__ = ["browser"]

pytestmark = browser_tests()

PICTURES = ROOT / "build" / "pictures"
SLOW, FAST = 0.7, 40  # slow enough to be stopped at work on a busy machine, then no waiting
PATIENCE_MS = 20_000
SMALL = {"prompt": "a sailor with a red scarf", "samples": "1", "steps": "4"}


async def test_a_moderator_stops_a_task_and_removes_a_reported_image(
    browser: Browser, tmp_path: Path
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with (
        open_house(tmp_path, speed=SLOW) as house,
        open_tab(browser, house.sandbox.url) as tab,
    ):
        await tab.become("Oskar")
        await tab.run_command("settings")
        panel = tab.message("Settings of this server")
        await panel.locator("select").first.select_option(label="Log")
        await panel.locator("summary", has_text="None").click()
        await panel.get_by_role("checkbox", name="#mod-log").click()
        await panel.get_by_role("button", name="Done").click()
        await expect(panel).to_contain_text("Log channel: none →")

        await tab.become("Mira")
        await tab.run_command("portrait", SMALL)
        await expect(tab.last_message).to_contain_text("%")
        card = tab.messages.filter(has_text="a sailor").first

        await tab.become("Ines")
        await tab.run_command("mod tasks")
        await tab.last_message.locator("select").select_option(index=1)
        await expect(tab.last_message).to_contain_text("a sailor with a red scarf")
        await tab.page.screenshot(path=PICTURES / "moderator-task.png")
        await tab.press("Stop")
        await expect(card).to_contain_text("A moderator of this server stopped it", timeout=PATIENCE_MS)
        await expect(card.locator(".tile")).to_have_count(0)
        await tab.page.screenshot(path=PICTURES / "moderator-stopped.png")
        await tab.open_channel("mod-log")
        await expect(tab.log).to_contain_text("stopped", timeout=PATIENCE_MS)
        await expect(tab.log).to_contain_text("of @Mira")

        house.wiro.speed = FAST
        await tab.become("Mira")
        await tab.open_channel("portraits")
        await tab.run_command("portrait", SMALL)
        await expect(tab.last_message.locator(".tile")).to_have_count(1, timeout=PATIENCE_MS)
        await tab.become("Tomas")
        await tab.use_menu("Report image")
        await expect(tab.last_message).to_contain_text("have been told of")
        await tab.become("Ines")
        await tab.open_channel("mod-log")
        await expect(tab.last_message).to_contain_text("A reported image", timeout=PATIENCE_MS)
        await tab.page.screenshot(path=PICTURES / "report.png")
        await tab.press("Remove")
        await expect(tab.message("A reported image")).to_contain_text("Removed by @Ines")
        await tab.page.screenshot(path=PICTURES / "report-removed.png")
        await tab.open_channel("portraits")
        await expect(tab.message("deleted here and at Wiro").locator(".tile")).to_have_count(0)
        await expect(tab.log.locator(".tile")).to_have_count(0)
