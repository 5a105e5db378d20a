"""Messages as the page shows them."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.sandbox.page.fakes import LOUNGE, PORTRAITS
from tests.support.browser import browser_tests, expect

if TYPE_CHECKING:
    from tests.sandbox.page.conftest import Ground
    from tests.support.browser import Tab

pytestmark = browser_tests()

META = {"id": "9", "type": 2, "name": "portrait"}


def text(content: str) -> dict[str, object]:
    return {"type": 10, "content": content}


async def test_message_says_who_wrote_and_who_asked(tab: Tab, ground: Ground) -> None:
    mira = ground.discord.people["mira"].user
    ground.discord.post(content="Done.", interaction_metadata=META | {"user": mira})
    await expect(tab.last_message).to_contain_text("Atelier")
    await expect(tab.last_message).to_contain_text("APP")
    await expect(tab.last_message).to_contain_text("Mira used /portrait")


async def test_messages_of_one_author_share_a_header(tab: Tab, ground: Ground) -> None:
    for line in ("one", "two"):
        ground.discord.post(author=ground.discord.people["ines"].user, content=line)
    await expect(tab.messages).to_have_count(2)
    assert await tab.messages.locator(".author").count() == 1


async def test_edit_changes_the_message_and_says_so(tab: Tab, ground: Ground) -> None:
    message = ground.discord.post(content="first")
    await expect(tab.last_message).to_contain_text("first")
    ground.discord.edit(message, content="second")
    await expect(tab.last_message).to_contain_text("second (edited)")
    await expect(tab.messages).to_have_count(1)


async def test_deleted_message_goes(tab: Tab, ground: Ground) -> None:
    message = ground.discord.post(content="soon gone")
    await expect(tab.messages).to_have_count(1)
    ground.discord.emit("MESSAGE_DELETE", {"id": message["id"], "channel_id": PORTRAITS})
    await expect(tab.messages).to_have_count(0)


async def test_deferred_answer_is_thinking(tab: Tab, ground: Ground) -> None:
    message = ground.discord.post(flags=1 << 7)
    await expect(tab.last_message).to_contain_text("Atelier is thinking…")
    ground.discord.edit(message, flags=0, content="Here.")
    await expect(tab.last_message).not_to_contain_text("thinking")


async def test_private_message_can_be_dismissed(tab: Tab, ground: Ground) -> None:
    ground.discord.post(flags=1 << 6, content="for you alone")
    await expect(tab.last_message).to_contain_text("Only you can see this")
    await tab.press("Dismiss message")
    await expect(tab.messages).to_have_count(0)


async def test_markdown_is_drawn_and_bad_links_are_not(tab: Tab, ground: Ground) -> None:
    ground.discord.post(
        content="**bold** `code` <@1224000000000000011> <#1224000000000000031>\n- first\n- second\n"
        "> quoted\n-# small\n[good](https://wiro.ai) [bad](javascript:alert(1)) <img src=x onerror=alert(1)>"
    )
    message = tab.last_message
    await expect(message.locator("strong")).to_have_text("bold")
    await expect(message.locator(".pill")).to_have_text(["@Mira", "#lounge"])
    await expect(message.locator("li")).to_have_text(["first", "second"])
    await expect(message.locator("blockquote")).to_have_text("quoted")
    await expect(message.locator(".subtext")).to_have_text("small")
    await expect(message.get_by_role("link")).to_have_count(1)
    await expect(message.get_by_role("link", name="good")).to_have_attribute("href", "https://wiro.ai/")
    await expect(message).to_contain_text("<img src=x onerror=alert(1)>")


async def test_relative_time_moves_by_itself(tab: Tab, ground: Ground) -> None:
    ground.discord.post(content=f"ready <t:{int(time.time()) + 45}:R>")
    stamp = tab.last_message.locator("time.stamp")
    before = await stamp.inner_text()
    assert before.startswith("in 4")
    await expect(stamp).not_to_have_text(before)


async def test_spoiler_text_is_shown_by_a_press(tab: Tab, ground: Ground) -> None:
    ground.discord.post(content="it was ||the gardener||")
    spoiler = tab.last_message.get_by_role("button", name="Hidden text, press to show it")
    await spoiler.click()
    await expect(spoiler).to_have_count(0)
    await expect(tab.last_message).to_contain_text("the gardener")


async def test_embed_with_everything(tab: Tab, ground: Ground) -> None:
    ground.discord.post(
        embeds=[
            {
                "title": "Title",
                "url": "javascript:alert(1)",
                "description": "with **words**",
                "color": 0x3388FF,
                "author": {"name": "Author"},
                "fields": [{"name": "Field", "value": "Value", "inline": True}],
                "footer": {"text": "Footer"},
                "timestamp": "2026-01-02T03:04:05+00:00",
                "image": {"url": f"{ground.url}/pictures/1"},
                "thumbnail": {"url": f"{ground.url}/pictures/2"},
            }
        ]
    )
    embed = tab.last_message.get_by_role("article")
    for words in ("Title", "with words", "Author", "Field", "Value", "Footer"):
        await expect(embed).to_contain_text(words)
    await expect(embed.get_by_role("link")).to_have_count(0)
    await expect(embed.locator("img")).to_have_count(2)


async def test_reply_quotes_and_reactions_count(tab: Tab, ground: Ground) -> None:
    first = ground.discord.post(content="the question")
    ground.discord.post(
        content="the answer",
        message_reference={"message_id": first["id"]},
        reactions=[{"emoji": {"id": None, "name": "🔥"}, "count": 3, "me": True}],
    )
    await expect(tab.last_message.get_by_role("button", name="the question")).to_be_visible()
    await expect(tab.last_message.locator(".reaction")).to_contain_text("3")


async def test_attachments_show_as_pictures_and_files(tab: Tab, ground: Ground) -> None:
    ground.discord.post(
        attachments=[
            {"id": "1", "filename": "a.png", "url": f"{ground.url}/pictures/1", "content_type": "image/png"},
            {"id": "2", "filename": "notes.txt", "url": f"{ground.url}/pictures/2", "size": 2048},
        ]
    )
    await expect(tab.last_message.locator(".tile")).to_have_count(1)
    await expect(tab.last_message.get_by_role("link", name="notes.txt")).to_be_visible()
    await expect(tab.last_message).to_contain_text("2.0 KB")


async def test_files_of_discords_hosts_come_from_the_sandbox(tab: Tab, ground: Ground) -> None:
    """The end of `tab` checks that nothing else was asked."""
    address = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1"
    ground.discord.post(components=[{"type": 12, "items": [{"media": {"url": address}}]}])
    await expect(tab.last_message.locator("img[src^='/cdn/attachments/1/2/a.png']")).to_have_count(1)
    tab.faults.clear()  # there is no such file here


async def test_discords_own_links_lead_within_the_page(tab: Tab, ground: Ground) -> None:
    for number in range(30):
        ground.discord.post(LOUNGE, content=f"line {number}\nsecond line\nthird line")
    target = ground.discord.messages(LOUNGE, ground.discord.people["mira"])[0]
    address = f"https://discord.com/channels/1224000000000000020/{LOUNGE}/{target['id']}"
    ground.discord.post(content=f"[go to it]({address})")
    await tab.last_message.get_by_role("link", name="go to it").click()
    await expect(tab.log).to_have_accessible_name("Messages in lounge")
    await expect(tab.message(re.compile("line 0"))).to_be_in_viewport()
    assert len(tab.page.context.pages) == 1


async def test_signed_again_picture_is_not_loaded_again(tab: Tab, ground: Ground) -> None:
    def card(signature: int) -> list[dict[str, object]]:
        return [{"type": 12, "items": [{"media": {"url": f"{ground.url}/pictures/1?hm={signature}"}}]}]

    message = ground.discord.post(components=card(1))
    await expect(tab.last_message.locator("img[src$='hm=1']")).to_be_visible()
    ground.discord.edit(message, components=[*card(2), text("more")])
    await expect(tab.last_message).to_contain_text("more")
    await expect(tab.last_message.locator("img[src$='hm=1']")).to_be_visible()


async def test_other_channels_are_marked_unread(tab: Tab, ground: Ground) -> None:
    ground.discord.post(LOUNGE, content="over here")
    lounge = tab.page.get_by_role("navigation").get_by_role("button", name="lounge")
    await expect(lounge).to_have_attribute("data-unread", "yes")
    await lounge.click()
    await expect(tab.last_message).to_contain_text("over here")
    await expect(lounge).not_to_have_attribute("data-unread", "yes")


async def test_log_stays_at_the_newest_message_until_scrolled_up(tab: Tab, ground: Ground) -> None:
    for number in range(40):
        ground.discord.post(content=f"line {number}\nsecond line", author=ground.discord.people["ines"].user)
    await expect(tab.message("line 39")).to_be_in_viewport()
    await tab.log.evaluate("log => { log.scrollTop = 0; }")
    await expect(tab.messages.first).to_be_in_viewport()
    ground.discord.post(content="newest")
    await expect(tab.messages).to_have_count(41)
    await expect(tab.messages.first).to_be_in_viewport()
    await tab.composer.fill("mine")
    await tab.page.keyboard.press("Enter")
    await expect(tab.message("mine")).to_be_in_viewport()


async def test_live_edits_keep_focus_and_half_typed_text(tab: Tab, ground: Ground) -> None:
    cancel = {"type": 2, "style": 2, "label": "Cancel", "custom_id": "cancel"}
    message = ground.discord.post(components=[text("0 %"), {"type": 1, "components": [cancel]}])
    await tab.composer.fill("half a sent")
    button = tab.last_message.get_by_role("button", name="Cancel")
    await button.focus()
    for percent in range(10, 60, 10):
        ground.discord.edit(message, components=[text(f"{percent} %"), {"type": 1, "components": [cancel]}])
    await expect(tab.last_message).to_contain_text("50 %")
    await expect(button).to_be_focused()
    await expect(tab.composer).to_have_value("half a sent")


async def test_page_finds_the_sandbox_again_after_an_outage(tab: Tab, ground: Ground) -> None:
    await ground.page.drop_viewers()
    await expect(tab.page.get_by_role("alert")).to_contain_text("The sandbox went away")
    await expect(tab.page.get_by_role("alert")).to_have_count(0)
    ground.discord.post(content="still here")
    await expect(tab.last_message).to_contain_text("still here")
    tab.faults.clear()
