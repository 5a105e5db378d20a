"""Other people, other screens, other ways to read and to move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sandbox.page
from tests.sandbox.page.fakes import STUDIO, THREAD
from tests.support.browser import PHONE, browser_tests, expect, open_tab
from tests.support.house import until

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.sandbox.page.conftest import Ground
    from tests.support.browser import Tab

pytestmark = browser_tests()

AXE = Path(sandbox.page.__file__).parent / "node_modules/axe-core/axe.min.js"
CARD = [
    {
        "type": 17,
        "accent_color": 0x43B581,
        "components": [
            {"type": 10, "content": "### Portrait `#4F7K`\n```\na fox\n```\n-# small ||hidden||"},
            {
                "type": 1,
                "components": [
                    {"type": 2, "style": s, "label": f"B{s}", "custom_id": str(s)} for s in range(1, 5)
                ],
            },
            {"type": 1, "components": [{"type": 5, "custom_id": "who"}]},
            {
                "type": 1,
                "components": [{"type": 3, "custom_id": "s", "options": [{"label": "One", "value": "1"}]}],
            },
        ],
    }
]


FORM = {
    "interaction_id": "1",
    "custom_id": "form",
    "title": "Start the training",
    "components": [
        {"type": 10, "content": "**Here:** photos are deleted."},
        {"type": 18, "label": "Photos", "component": {"type": 19, "custom_id": "photos", "max_values": 10}},
        {
            "type": 18,
            "label": "Whom the photos show",
            "description": "Nothing starts without it",
            "component": {"type": 22, "custom_id": "yes", "options": [{"label": "Me", "value": "y"}]},
        },
    ],
}


async def test_page_says_once_that_it_is_not_discord(tab: Tab) -> None:
    assert await tab.page.title() == "Sandbox"
    await expect(tab.page.get_by_text("this is not Discord")).to_have_count(1)


async def test_switching_the_person_changes_whose_eyes_see(tab: Tab, ground: Ground) -> None:
    await tab.become("Ines")
    await tab.composer.fill("as a moderator")
    await tab.page.keyboard.press("Enter")
    await expect(tab.last_message.locator(".author")).to_have_text("Ines")
    await expect(tab.last_message.locator(".author")).to_have_css("color", "rgb(122, 95, 176)")
    await tab.page.reload()
    await expect(tab.page.get_by_role("button", name="You are Ines ")).to_be_visible()


async def test_only_a_reload_tells_the_sandbox_that_private_messages_are_gone(
    tab: Tab, ground: Ground
) -> None:
    assert [asked.person for asked in ground.discord.asked if asked.what == "reload"] == ["mira"]
    await tab.become("Ines")
    await tab.become("Mira")
    assert len([asked for asked in ground.discord.asked if asked.what == "reload"]) == 1
    await tab.page.reload()
    await tab.composer.wait_for()
    assert len([asked for asked in ground.discord.asked if asked.what == "reload"]) == 2


async def test_servers_channels_and_threads_are_opened(tab: Tab, ground: Ground) -> None:
    ground.discord.post(STUDIO, content="in the studio")
    await tab.open_channel("Wall of faces")
    await expect(tab.log).to_have_accessible_name("Messages in Wall of faces")
    await tab.open_server("Tiny Studio")
    await expect(tab.last_message).to_contain_text("in the studio")


async def test_threads_of_ones_own_appear_and_are_put_away_when_archived(tab: Tab, ground: Ground) -> None:
    places = tab.page.get_by_role("navigation").get_by_role("listitem")
    await expect(places).to_have_text(["portraits", "Wall of faces", "lounge"])
    thread = ground.discord.open("Training", type=12, member_count=2)
    await expect(places).to_have_text(["portraits", "Wall of faces", "Training", "lounge"])
    mira = ground.discord.people["mira"].user
    for number, kind in enumerate((1, 2)):
        ground.discord.post(thread, type=kind, mentions=[mira])
        await tab.open_channel("Training")
        did = ("added Mira to", "removed Mira from")[number]
        await expect(tab.last_message).to_contain_text(f"Atelier {did} the thread.")
    await expect(tab.page.locator("header.top")).to_contain_text("Private thread · 2 members")
    ground.discord.opened[0]["thread_metadata"] = {"archived": True}
    ground.discord.emit("THREAD_UPDATE", {})
    await expect(places.nth(2)).to_contain_text("archived")  # it is open: it stays in sight
    await tab.open_channel("portraits")
    await expect(places).to_have_text(["portraits", "Wall of faces", "lounge"])


async def test_a_thread_is_opened_from_the_message_it_hangs_on(tab: Tab, ground: Ground) -> None:
    ground.discord.post(content="a start", thread={"id": THREAD, "name": "Wall of faces"})
    await tab.press("Wall of faces")
    await expect(tab.log).to_have_accessible_name("Messages in Wall of faces")


async def test_direct_messages_appear_and_can_be_refused(tab: Tab, ground: Ground) -> None:
    direct = tab.page.get_by_role("button", name="Direct messages")
    await expect(direct).to_have_count(0)
    dm = ground.discord.open("", type=1)
    ground.discord.post(dm, content="your model is ready")
    await expect(direct).to_have_attribute("data-unread", "yes")
    await tab.open_server("Direct messages")
    await expect(tab.last_message).to_contain_text("your model is ready")
    mira = ground.discord.people["mira"]

    async def choose(label: str) -> None:
        await tab.page.get_by_role("button", name="Be someone else").click()
        await tab.page.get_by_role("menuitem", name=label).click()

    await choose("Refuse direct messages")
    await until(lambda: not mira.dms_open, "the page says so")
    await choose("Take direct messages")
    await until(lambda: mira.dms_open, "the page says so")


async def test_theme_follows_the_system_until_chosen_and_is_remembered(tab: Tab) -> None:
    background = "() => getComputedStyle(document.body).backgroundColor"
    dark = await tab.page.evaluate(background)
    await tab.page.emulate_media(color_scheme="light")
    light = await tab.page.evaluate(background)
    assert light != dark
    await tab.page.get_by_role("button", name="Switch between dark and light").click()
    assert await tab.page.evaluate(background) == dark
    await tab.page.reload()
    await tab.composer.wait_for()
    assert await tab.page.evaluate(background) == dark


async def test_phone_width_has_a_drawer_and_nothing_sticks_out(browser: Browser, ground: Ground) -> None:
    ground.discord.post(components=CARD)
    ground.discord.offer(
        {"id": "1", "type": 1, "name": "quota", "description": "What is left", "options": []}
    )
    async with open_tab(browser, ground.url, viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        navigation = tab.page.locator("#drawer")
        await expect(navigation).not_to_be_visible()
        await tab.page.get_by_role("button", name="Servers and channels").tap()
        await expect(navigation).to_be_visible()
        await navigation.get_by_role("button", name="lounge").tap()
        await expect(navigation).not_to_be_visible()
        await expect(tab.log).to_have_accessible_name("Messages in lounge")
        await tab.run_command("quota")
        await ground.discord.asked_for("command")
        await tab.open_workbench()
        await tab.page.get_by_role("button", name="Close the workbench").tap()
        assert await tab.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_axe_finds_nothing_serious(browser: Browser, ground: Ground, theme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --ignore-scripts in sandbox/page")
    ground.discord.post(components=CARD)
    ground.discord.post(content="<@1224000000000000011> hello", mentions=[ground.discord.people["mira"].user])
    ground.discord.post(flags=1 << 6, content="for you")
    async with open_tab(browser, ground.url, color_scheme=theme) as tab:
        await tab.open_workbench()
        await expect(tab.messages).to_have_count(3)
        await tab.page.evaluate(AXE.read_text("utf-8"))
        await nothing_serious(tab)
        thread = ground.discord.open("Training", type=12, member_count=2)
        ground.discord.post(thread, type=1, mentions=[ground.discord.people["mira"].user])
        await tab.open_channel("Training")
        await tab.drop(tab.page.locator(".composer"), {"a.png": b"png", "b.heic": b"heic"})
        await expect(tab.page.locator(".composer").get_by_role("listitem")).to_have_count(2)
        await nothing_serious(tab)
        ground.discord.emit("MODAL", FORM | {"id": ground.discord.new_id()})
        await tab.drop(tab.modal.locator(".drop-zone"), {"c.png": b"png"})
        await expect(tab.modal.get_by_role("listitem")).to_have_count(1)
        await nothing_serious(tab)


async def nothing_serious(tab: Tab) -> None:
    found = await tab.page.evaluate("axe.run({ resultTypes: ['violations'] })")
    serious = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    nodes = [(one["id"], node["html"][:200]) for one in serious for node in one["nodes"]]
    assert nodes == [], "\n".join(map(str, nodes))
