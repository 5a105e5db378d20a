"""Limits on the page: a manager sets them, a moderator grants more, a member reads who gave what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import browser, browser_tests, expect, open_tab
from tests.support.house import open_house

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

__all__ = ["browser"]

pytestmark = browser_tests()


async def test_limits_are_set_granted_read_and_taken_away_as_a_file(browser: Browser, tmp_path: Path) -> None:
    async with (
        open_house(tmp_path, QUOTA_IMAGES_PER_DAY_MAX="100") as house,
        open_tab(browser, house.sandbox.url) as tab,
    ):
        await tab.become("Oskar")
        await tab.run_command("settings")
        await tab.last_message.locator("select").first.select_option(label="Limits")
        await expect(tab.last_message).to_contain_text("No role has any yet.")
        await tab.press("Amounts", tab.last_message)
        await tab.fill_modal({"images a day": "12", "share of the line in %": "150"})
        await expect(tab.last_message).to_contain_text("images a day – → 12")

        await tab.become("Ines")
        more = {"user": "Mira", "what": "images a day", "amount": "5", "days": "3"}
        await tab.run_command("mod quota grant", more)
        await expect(tab.last_message).to_contain_text("Their limit is now: 17 images a day.")
        await tab.run_command("mod quota show", {"user": "Mira"})
        await expect(tab.last_message).to_contain_text("limit by this server's rule and 5 as a bonus")
        await tab.press("Their ledgers as CSV", tab.last_message)
        await expect(tab.last_message.get_by_text("quota-ledger.csv")).to_be_visible()

        await tab.become("Mira")
        await tab.run_command("quota")
        await expect(tab.last_message).to_contain_text("0 of 17 used, 17 left")
        await expect(tab.last_message).to_contain_text("150 % of the usual share of the line")
