"""A real Chromium on the sandbox's page: fixtures to import into a conftest, and a hand that uses the page.

    from tests.support.browser import browser, tab  # noqa: F401

Mark such tests with `pytestmark = browser_tests()`: one browser, and so one event loop, serves them all.
"""

from __future__ import annotations

import base64
import mimetypes
import re
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def browser_tests() -> list[pytest.MarkDecorator]:
    """The marks of a module of browser tests."""
    return [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A Chromium of this machine; skips the test where there is none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Chromium on the PATH (looked for {', '.join(_NAMES)})")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the whole run (of this xdist worker)."""
    async with chromium() as launched:
        yield launched


class Tab:
    """One tab with the page. Finds things by what a person sees; `page` is Playwright's own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        """Errors of the page's scripts, and what its policy refused."""
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._note)

    def _note(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.faults.append(f"{line.text} ({line.location.get('url')})")

    def outside_requests(self, url: str) -> list[str]:
        """Addresses of other hosts that the page asked for anything."""
        here = urlsplit(url).netloc
        return [
            one for one in self.requests if urlsplit(one).scheme != "blob" and urlsplit(one).netloc != here
        ]

    async def open(self, url: str) -> None:
        """Load the page and wait until it is connected."""
        await self.page.goto(url)
        await self.composer.wait_for()

    # What is on the screen

    @property
    def log(self) -> Locator:
        """The messages of the open channel."""
        return self.page.get_by_role("log")

    @property
    def messages(self) -> Locator:
        """Each message, what is awaited too."""
        return self.log.locator(".message")

    @property
    def last_message(self) -> Locator:
        """The newest one."""
        return self.messages.last

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """The newest message that contains a text."""
        return self.messages.filter(has_text=text).last

    @property
    def composer(self) -> Locator:
        """The field for a message or a slash command."""
        return self.page.get_by_role("combobox", name=re.compile("^Message "))

    @property
    def suggestions(self) -> Locator:
        """What the open list offers."""
        return self.page.get_by_role("listbox", name="Suggestions").get_by_role("option")

    def option(self, name: str) -> Locator:
        """The field of a slash command's option."""
        return self.page.locator(f'[data-option="{name}"]')

    @property
    def modal(self) -> Locator:
        """The open form."""
        return self.page.get_by_role("dialog")

    @property
    def workbench(self) -> Locator:
        """The side panel."""
        return self.page.get_by_role("complementary", name="Workbench")

    # What a person does

    async def choose_command(self, path: str) -> None:
        """Type the command and take it from the list: "tasks list" for a subcommand."""
        await self.composer.fill(f"/{path}")
        await self.suggestions.filter(has_text=re.compile(rf"/{re.escape(path)}(\s|$)")).first.click()

    async def fill_option(self, name: str, value: str | Path) -> None:
        """Fill one option, adding its field first; a Path goes into an attachment option."""
        if not await self.option(name).count():
            more = self.page.get_by_role("group", name="More options")
            await more.get_by_role("button", name=name, exact=True).click()
        if isinstance(value, str):
            await self.option(name).fill(value)
        else:
            await self.option(name).set_input_files(value)

    async def run_command(self, path: str, options: Mapping[str, str | Path] | None = None) -> None:
        """Run a slash command with the options as a person types them: {"samples": "2"}."""
        await self.choose_command(path)
        for name, value in (options or {}).items():
            await self.fill_option(name, value)
        await self.page.get_by_role("button", name=f"Run /{path}").click()

    async def press(self, label: str, message: Locator | None = None) -> None:
        """Press a button of a message, the newest one's by default."""
        await (message or self.last_message).get_by_role("button", name=label, exact=True).click()

    async def use_menu(self, name: str, message: Locator | None = None) -> None:
        """Use something of a message's menu: the bot's own commands, "Delete message", …"""
        target = message or self.last_message
        await target.hover()
        await target.get_by_role("button", name="More for this message").click()
        await self.page.get_by_role("menu").get_by_role("menuitem", name=name, exact=True).click()

    async def fill_modal(self, fields: Mapping[str, str]) -> None:
        """Fill text fields of the open form by their labels, and send it."""
        for label, text in fields.items():
            await self.modal.get_by_label(label).fill(text)
        await self.modal.get_by_role("button", name="Submit").click()

    async def drop(self, target: Locator, files: Mapping[str, bytes]) -> None:
        """Let files fall on something, all at once, as a hand that drags them does."""
        given = [
            [name, mimetypes.guess_type(name)[0] or "", base64.b64encode(data).decode()]
            for name, data in files.items()
        ]
        await target.evaluate(
            """(target, given) => {
                const dataTransfer = new DataTransfer();
                for (const [name, type, data] of given) {
                    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                    dataTransfer.items.add(new File([bytes], name, { type }));
                }
                for (const kind of ["dragenter", "dragover", "drop"]) {
                    const event = { dataTransfer, bubbles: true, cancelable: true };
                    target.dispatchEvent(new DragEvent(kind, event));
                }
            }""",
            given,
        )

    async def become(self, name: str) -> None:
        """Be somebody else."""
        await self.page.get_by_role("button", name="Be someone else").click()
        await self.page.get_by_role("menuitemradio", name=name).click()
        await self.page.get_by_role("button", name=f"You are {name} ").wait_for()

    async def open_channel(self, name: str) -> None:
        """Open a channel or thread of the server that is open."""
        rows = self.page.get_by_role("navigation").get_by_role("button", name=name)
        await rows.first.click()

    async def open_server(self, name: str) -> None:
        """Open the other server, or "Direct messages"."""
        await self.page.get_by_role("navigation").get_by_role("button", name=name, exact=True).click()

    async def open_workbench(self) -> None:
        """Open the side panel."""
        if not await self.workbench.count():
            await self.page.get_by_role("button", name="Workbench", exact=True).click()
        await self.workbench.wait_for()

    async def pull(self, lever: str) -> None:
        """Press a button of the side panel: "Restart the bot", "Fail the next task", "4×"."""
        await self.open_workbench()
        named = re.compile(rf"^{re.escape(lever)}")  # how often it will strike may follow
        # By the keyboard: the panel grows with each task, and a click aimed at where a lever was misses it.
        await self.workbench.get_by_role("button", name=named).press("Enter")


@asynccontextmanager
async def open_tab(browser: Browser, url: str = "", **context: Any) -> AsyncIterator[Tab]:
    """A tab of its own context; on leaving, what went wrong in the page fails the test."""
    context = {"viewport": WIDE, "color_scheme": "dark", "reduced_motion": "reduce"} | context
    opened = await browser.new_context(**context)
    opened.set_default_timeout(10_000)
    try:
        tab = Tab(await opened.new_page())
        if url:
            await tab.open(url)
        yield tab
        assert not tab.faults, tab.faults
        assert tab.outside_requests(url or tab.page.url) == []
    finally:
        await opened.close()


__all__ = ["PHONE", "WIDE", "Browser", "Tab", "browser", "browser_tests", "chromium", "expect", "open_tab"]
