"""Components of messages, one fixture for each type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.page.fakes import MODERATORS, PORTRAITS
from tests.support.browser import browser_tests, expect

if TYPE_CHECKING:
    from tests.sandbox.page.conftest import Ground
    from tests.support.browser import Tab

pytestmark = browser_tests()

Json = dict[str, Any]


def text(content: str) -> Json:
    return {"type": 10, "content": content}


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def button(label: str, **more: Any) -> Json:
    return {"type": 2, "style": 2, "label": label, "custom_id": label.lower()} | more


async def test_container_holds_text_with_its_accent(tab: Tab, ground: Ground) -> None:
    ground.discord.post(
        components=[{"type": 17, "accent_color": 0x43B581, "components": [text("### Inside")]}]
    )
    container = tab.last_message.locator(".container")
    await expect(container.get_by_role("heading", name="Inside")).to_be_visible()
    await expect(container).to_have_css("border-left-color", "rgb(67, 181, 129)")


async def test_section_shows_text_beside_a_thumbnail_or_a_button(tab: Tab, ground: Ground) -> None:
    thumbnail = {"type": 11, "media": {"url": f"{ground.url}/pictures/1"}, "description": "a fox"}
    ground.discord.post(
        components=[
            {"type": 9, "components": [text("first")], "accessory": thumbnail},
            {"type": 9, "components": [text("second")], "accessory": button("Press")},
        ]
    )
    await tab.last_message.get_by_role("button", name="a fox").click()
    await expect(tab.modal.get_by_role("img", name="a fox")).to_be_visible()
    await tab.page.keyboard.press("Escape")
    await expect(tab.modal).to_have_count(0)
    await tab.press("Press")
    assert (await ground.discord.asked_for("click")).details["custom_id"] == "press"


async def test_separator_and_file(tab: Tab, ground: Ground) -> None:
    file = {"type": 13, "file": {"url": f"{ground.url}/pictures/1"}, "name": "parameters.txt", "size": 2048}
    ground.discord.post(components=[text("above"), {"type": 14, "divider": True, "spacing": 2}, file])
    await expect(tab.last_message.get_by_role("separator")).to_be_visible()
    await expect(tab.last_message.get_by_role("link", name="parameters.txt")).to_be_visible()


async def test_unknown_component_says_so(tab: Tab, ground: Ground) -> None:
    ground.discord.post(components=[{"type": 99}])
    await expect(tab.last_message).to_contain_text("component type 99 is not shown in the sandbox")


async def test_galleries_of_one_to_ten_show_every_picture_in_full_rows(tab: Tab, ground: Ground) -> None:
    pictures = [
        {"media": {"url": f"{ground.url}/pictures/{n}", "width": 64, "height": 64}} for n in range(10)
    ]
    ground.discord.post(components=[{"type": 12, "items": pictures[:count]} for count in range(1, 11)])
    galleries = tab.last_message.locator(".gallery")
    await expect(galleries).to_have_count(10)
    for count in range(1, 11):
        gallery = galleries.nth(count - 1)
        await expect(gallery.locator(".tile")).to_have_count(count)
        box = await gallery.bounding_box()
        last = await gallery.locator(".tile").last.bounding_box()
        assert box
        assert last
        assert last["width"] > 40
        assert last["height"] > 40
        assert last["x"] + last["width"] == pytest.approx(box["x"] + box["width"], abs=1.5)


async def test_lightbox_turns_through_the_gallery_and_gives_the_focus_back(tab: Tab, ground: Ground) -> None:
    items = [{"media": {"url": f"{ground.url}/pictures/{n}"}, "description": f"face {n}"} for n in range(3)]
    ground.discord.post(components=[{"type": 12, "items": items}])
    opener = tab.last_message.get_by_role("button", name="face 1")
    await opener.click()
    await expect(tab.modal.get_by_role("img", name="face 1")).to_be_visible()
    await tab.page.keyboard.press("ArrowRight")
    await expect(tab.modal.get_by_role("img", name="face 2")).to_be_visible()
    await tab.modal.get_by_role("button", name="Next image").click()
    await expect(tab.modal.get_by_role("img", name="face 0")).to_be_visible()
    await expect(tab.modal.get_by_role("link", name="Open original")).to_have_attribute("href", "/pictures/0")
    await tab.modal.get_by_role("button", name="Close").click()
    await expect(opener).to_be_focused()


async def test_spoiler_picture_is_shown_by_a_press_then_opened(tab: Tab, ground: Ground) -> None:
    item = {"media": {"url": f"{ground.url}/pictures/1"}, "description": "a fox", "spoiler": True}
    ground.discord.post(components=[{"type": 12, "items": [item]}])
    await tab.press("Hidden image, press to show it")
    await tab.press("a fox")
    await expect(tab.modal).to_be_visible()


async def test_spoiler_container_is_covered_until_pressed(tab: Tab, ground: Ground) -> None:
    ground.discord.post(components=[{"type": 17, "spoiler": True, "components": [row(button("Inner"))]}])
    inner = tab.last_message.get_by_role("button", name="Inner")
    inside = tab.last_message.locator(".container-inside")
    await expect(inside).to_have_attribute("inert", "")  # neither the mouse nor the keyboard reaches it
    await tab.press("Hidden, press to show it")
    await inner.click()
    assert (await ground.discord.asked_for("click")).details["custom_id"] == "inner"


async def test_button_is_busy_until_it_is_answered(tab: Tab, ground: Ground) -> None:
    ground.discord.post(components=[row(button("Again", emoji={"id": None, "name": "🔁"}))])
    again = tab.last_message.get_by_role("button", name="Again")
    await again.click()
    asked = await ground.discord.asked_for("click")
    await expect(again).to_have_attribute("aria-busy", "true")
    ground.discord.emit("INTERACTION_ACK", {"id": asked.details["interaction_id"]})
    await expect(again).to_have_attribute("aria-busy", "false")


async def test_unanswered_click_fails_on_its_message(tab: Tab, ground: Ground) -> None:
    message = ground.discord.post(components=[row(button("Again"))])
    await tab.press("Again")
    asked = await ground.discord.asked_for("click")
    ground.discord.emit("INTERACTION_FAILED", {"id": asked.details["interaction_id"]})
    await expect(tab.last_message.get_by_role("alert")).to_have_text("This interaction failed")
    ground.discord.edit(message, components=[text("mended")])
    await expect(tab.last_message.get_by_role("alert")).to_have_count(0)


async def test_what_discords_client_forbids_is_said(tab: Tab, ground: Ground) -> None:
    ground.discord.post(components=[row(button("Again"))])
    ground.discord.refusal = "'again' is disabled"
    await tab.press("Again")
    await expect(tab.page.get_by_role("status")).to_have_text("'again' is disabled")
    await expect(tab.last_message.get_by_role("button", name="Again")).to_have_attribute("aria-busy", "false")


async def test_disabled_link_and_premium_buttons_send_nothing(tab: Tab, ground: Ground) -> None:
    ground.discord.post(
        components=[
            row(
                button("Off", disabled=True),
                {"type": 2, "style": 5, "label": "Site", "url": "https://wiro.ai/models"},
                {"type": 2, "style": 5, "label": "Bad", "url": "javascript:alert(1)"},
                {"type": 2, "style": 6, "sku_id": "1"},
            )
        ]
    )
    await expect(tab.last_message.get_by_role("button", name="Off")).to_be_disabled()
    await expect(tab.last_message.get_by_role("button", name="Bad")).to_be_disabled()
    await expect(tab.last_message.get_by_role("button", name="Premium")).to_be_disabled()
    site = tab.last_message.get_by_role("link", name="Site")
    await expect(site).to_have_attribute("href", "https://wiro.ai/models")
    await expect(site).to_have_attribute("rel", "noopener noreferrer")
    assert [asked.what for asked in ground.discord.asked if asked.what == "click"] == []


async def test_string_select_sends_its_choice(tab: Tab, ground: Ground) -> None:
    options = [
        {"label": "Photo", "value": "photo", "description": "Like a camera"},
        {"label": "Oil", "value": "oil"},
    ]
    select = {"type": 3, "custom_id": "style", "placeholder": "Pick a style", "options": options}
    ground.discord.post(components=[row(select)])
    await tab.last_message.get_by_role("combobox", name="Pick a style").select_option("oil")
    details = (await ground.discord.asked_for("click")).details
    assert (details["custom_id"], details["values"]) == ("style", ["oil"])


async def test_string_select_shows_what_its_message_says_is_chosen(tab: Tab, ground: Ground) -> None:
    """Also after somebody chose otherwise, and when its options become others."""

    def select(chosen: str, *names: str) -> list[dict[str, Any]]:
        options = [{"label": name, "value": name, "default": name == chosen} for name in names]
        return [row({"type": 3, "custom_id": "way", "placeholder": "Pick", "options": options})]

    message = ground.discord.post(components=select("Photo", "Photo", "Oil"))
    field = tab.last_message.get_by_role("combobox")
    await field.select_option("Oil")
    await ground.discord.asked_for("click")
    ground.discord.edit(message, components=select("Photo", "Photo", "Oil"))
    await expect(field).to_have_value("Photo")
    ground.discord.edit(message, components=select("Small", "Small", "Large"))
    await expect(field.locator("selectedcontent")).to_have_text("Small")


async def test_select_of_several_sends_them_when_it_is_closed(tab: Tab, ground: Ground) -> None:
    options = [{"label": name, "value": name.lower()} for name in ("Photo", "Oil", "Ink")]
    select = {"type": 3, "custom_id": "styles", "placeholder": "Pick", "max_values": 2, "options": options}
    ground.discord.post(components=[row(select)])
    await tab.last_message.get_by_text("Pick", exact=True).click()
    for name in ("Photo", "Ink", "Oil"):  # the third is one too many
        await tab.last_message.get_by_role("checkbox", name=name).click()
    await tab.last_message.get_by_role("button", name="Done").click()
    assert (await ground.discord.asked_for("click")).details["values"] == ["photo", "ink"]


async def test_entity_selects_offer_what_the_server_has(tab: Tab, ground: Ground) -> None:
    ines = "1224000000000000013"
    cases = [
        (5, "Ines", ines),
        (6, "@Moderators", MODERATORS),
        (7, "Ines", ines),
        (8, "#portraits", PORTRAITS),
    ]
    ground.discord.post(
        components=[
            row({"type": kind, "custom_id": f"of {kind}", "placeholder": f"Choose {kind}"})
            for kind, _, _ in cases
        ]
    )
    for kind, label, value in cases:
        select = tab.last_message.locator("details", has_text=f"Choose {kind}")
        await select.locator("summary").click()
        await select.get_by_role("radio", name=label).click()
        details = (await ground.discord.asked_for("click")).details
        assert (details["custom_id"], details["values"]) == (f"of {kind}", [value])


async def test_select_that_may_be_left_empty_shows_what_is_chosen_and_is_emptied(
    tab: Tab, ground: Ground
) -> None:
    """One or none: what is chosen is its label; another takes its place, and unticking leaves none."""
    chosen = {"default_values": [{"id": PORTRAITS, "type": "channel"}], "min_values": 0, "max_values": 1}
    ground.discord.post(components=[row({"type": 8, "custom_id": "log", "placeholder": "None", **chosen})])
    select = tab.last_message.locator("details")
    await expect(select.locator("summary")).to_have_text("#portraits")
    await select.locator("summary").click()
    boxes = select.get_by_role("checkbox")
    await boxes.last.click()
    await expect(select.get_by_role("checkbox", checked=True)).to_have_count(1)
    await boxes.last.click()
    await select.get_by_role("button", name="Done").click()
    assert (await ground.discord.asked_for("click")).details["values"] == []


async def test_disabled_selects_stay_shut(tab: Tab, ground: Ground) -> None:
    options = [{"label": "A", "value": "a"}]
    plain = {"type": 3, "custom_id": "one", "placeholder": "One", "options": options, "disabled": True}
    people = {"type": 5, "custom_id": "two", "placeholder": "Two", "disabled": True}
    ground.discord.post(components=[row(plain), row(people)])
    await expect(tab.last_message.get_by_role("combobox", name="One")).to_be_disabled()
    await tab.last_message.get_by_text("Two", exact=True).click()
    await expect(tab.last_message.get_by_role("radio")).to_have_count(0)


async def test_message_menu_offers_the_bots_commands(tab: Tab, ground: Ground) -> None:
    ground.discord.offer({"id": "1", "type": 3, "name": "Task details", "description": ""})
    message = ground.discord.post(content="a card")
    await tab.use_menu("Task details")
    assert (await ground.discord.asked_for("menu")).details["message"] == message["id"]


async def test_message_menu_opens_by_right_click_and_is_left_by_escape(tab: Tab, ground: Ground) -> None:
    ground.discord.offer({"id": "1", "type": 3, "name": "Task details", "description": ""})
    ground.discord.post(content="a card")
    await tab.last_message.click(button="right")
    menu = tab.page.get_by_role("menu", name="Message")
    await expect(menu.get_by_role("menuitem", name="Task details")).to_be_visible()
    await tab.page.keyboard.press("Home")
    await expect(menu.get_by_role("menuitem", name="Task details")).to_be_focused()
    await tab.page.keyboard.press("ArrowDown")
    await expect(menu.get_by_role("menuitem", name="Copy text")).to_be_focused()
    await tab.page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)


async def test_open_menu_shows_a_command_that_comes_meanwhile(tab: Tab, ground: Ground) -> None:
    ground.discord.post(content="a card")
    await tab.last_message.click(button="right")
    menu = tab.page.get_by_role("menu", name="Message")
    await expect(menu).to_contain_text("No message commands here")
    await expect(menu.get_by_role("menuitem", name="Copy text")).to_be_focused()
    ground.discord.offer({"id": "1", "type": 3, "name": "Task details", "description": ""})
    await expect(menu.get_by_role("menuitem", name="Task details")).to_be_enabled()


async def test_moderator_deletes_a_message(tab: Tab, ground: Ground) -> None:
    ground.discord.post(content="a card")
    await tab.use_menu("Delete message")
    await expect(tab.messages).to_have_count(0)
