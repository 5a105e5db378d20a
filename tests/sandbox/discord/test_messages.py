"""Message bodies: lengths, files, flags, permissions."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import Upload
from sandbox.discord.model import Overwrite
from tests.sandbox.discord.conftest import Answered, Json, RawClient, button, card, codes, gallery, png, text


@pytest.fixture(autouse=True)
def _unlimited(raw: RawClient) -> None:
    raw.stand_in.limits.rate_limits = False


def path(raw: RawClient, channel: str = "portraits", tail: str = "") -> str:
    return f"/channels/{raw.stand_in.channels[channel].id}/messages{tail}"


async def send(raw: RawClient, body: Json, channel: str = "portraits", **more: Any) -> Answered:
    return await raw.call("POST", path(raw, channel), body, **more)


async def edit(raw: RawClient, message: Json, body: Json, **more: Any) -> Answered:
    return await raw.call("PATCH", path(raw, tail=f"/{message['id']}"), body, **more)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 50006),
        ({"content": "   "}, 50006),
        ({"content": "a" * 2001}, 50035),
        ({"embeds": [{"description": "a"}] * 11}, 50035),
        ({"embeds": [{"description": "a" * 4097}]}, 50035),
        ({"embeds": [{"description": "a" * 3001}] * 2}, 50035),
        ({"content": "a", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 50035),
        ({"content": "a", "nonce": "n" * 26}, 50035),
        ({"content": "a", "message_reference": {"message_id": "1"}}, 50035),
        ({"content": "a", "components": [text("a")]}, 50035),
        ({"content": "a", "components": [button()] * 6}, 50035),
        ({"flags": 1 << 15}, 50035),
        ({"flags": 1 << 15, "content": "a", "components": [text("a")]}, 50035),
        ({"flags": 1 << 15, "embeds": [{"title": "a"}], "components": [text("a")]}, 50035),
    ],
)
async def test_a_body_against_the_rules_is_refused(raw: RawClient, body: Json, code: int) -> None:
    answer = await send(raw, body)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert raw.stand_in.messages("portraits", as_="mira") == []


async def test_bytes_that_are_no_json_are_refused(raw: RawClient) -> None:
    headers = {"Authorization": f"Bot {raw.stand_in.token}", "User-Agent": "DiscordBot (x, 1)"}
    url = f"{raw.stand_in.base_url}/api/v10{path(raw)}"
    async with raw.session.post(
        url, data=b"{", headers=headers | {"Content-Type": "application/json"}
    ) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50109)


async def test_answers_carry_exactly_application_json(raw: RawClient) -> None:
    assert (await send(raw, {"content": "a"})).headers["Content-Type"] == "application/json"
    assert (await send(raw, {})).headers["Content-Type"] == "application/json"


async def test_files_of_a_card_are_in_its_gallery_and_not_in_attachments(raw: RawClient) -> None:
    files = {0: ("one.png", png(10)), 1: ("two.png", png(20))}
    body = card(gallery("one.png", "two.png"), button()) | {"attachments": [{"id": 0}, {"id": 1}]}
    message = (await send(raw, body, files=files)).json
    assert message["attachments"] == []
    media = [item["media"] for item in message["components"][0]["items"]]
    assert [(one["width"], one["height"], one["content_type"]) for one in media] == [
        (10, 10, "image/png"),
        (20, 20, "image/png"),
    ]
    assert all(one["attachment_id"] in one["url"] for one in media)
    async with raw.session.get(media[0]["proxy_url"]) as response:
        assert await response.read() == png(10)
        assert response.headers["Content-Type"] == "image/png"


async def test_a_file_that_no_component_shows_stays_in_attachments(raw: RawClient) -> None:
    files = {0: ("one.png", png()), 1: ("notes.txt", b"hello")}
    message = (await send(raw, card(gallery("one.png")), files=files)).json
    assert [one["filename"] for one in message["attachments"]] == ["notes.txt"]
    assert message["attachments"][0]["content_type"] == "text/plain; charset=utf-8"


async def test_a_gallery_of_a_file_that_did_not_come_is_refused(raw: RawClient) -> None:
    answer = await send(raw, card(gallery("missing.png")))
    assert codes(answer.json["errors"]) == {"UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"}
    place = answer.json["errors"]["components"]["0"]["items"]["0"]["media"]["url"]
    assert place["_errors"]


async def test_an_edit_that_uploads_must_list_its_attachments(raw: RawClient) -> None:
    message = (await send(raw, card(text("a")))).json
    files = {0: ("new.png", png())}
    refused = await edit(raw, message, card(gallery("new.png")), files=files)
    assert codes(refused.json["errors"]) == {"UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"}
    listed = card(gallery("new.png")) | {"attachments": [{"id": "0", "description": "a face"}]}
    assert (await edit(raw, message, listed, files=files)).status == 200


async def test_an_edit_keeps_what_it_lists_and_drops_the_rest(raw: RawClient) -> None:
    files = {number: (f"{number}.png", png(number + 1)) for number in range(3)}
    message = (await send(raw, {"content": "a"}, files=files)).json
    kept = message["attachments"][1]
    numeric = {"attachments": [kept | {"id": int(kept["id"]), "spoiler": False}, {"id": 0}]}
    edited = (await edit(raw, message, numeric, files={0: ("new.png", png(9))})).json
    assert [one["filename"] for one in edited["attachments"]] == ["1.png", "new.png"]
    async with raw.session.get(message["attachments"][0]["url"]) as gone:
        assert gone.status == 404
    untouched = (await edit(raw, message, {"content": "b"})).json
    assert len(untouched["attachments"]) == 2
    appended = (await edit(raw, message, {}, files={0: ("more.png", png())})).json
    assert len(appended["attachments"]) == 3
    assert (await edit(raw, message, {"attachments": []})).json["attachments"] == []
    unknown = await edit(raw, message, {"attachments": [{"id": "123"}]})
    assert codes(unknown.json["errors"]) == {"ATTACHMENT_NOT_FOUND"}


async def test_a_card_keeps_its_files_through_an_edit_without_attachments(raw: RawClient) -> None:
    message = (await send(raw, card(gallery("a.png"), text("one")), files={0: ("a.png", png())})).json
    edited = (await edit(raw, message, card(gallery("a.png"), text("two")))).json
    assert edited["components"][0]["items"][0]["media"]["attachment_id"]
    by_url = edited["components"][0]["items"][0]["media"]["url"]
    again = {"type": 12, "items": [{"media": {"url": by_url}}]}
    assert (await edit(raw, message, card(again))).json["components"][0]["items"][0]["media"]["attachment_id"]


async def test_the_components_flag_sticks_and_needs_the_old_fields_gone(raw: RawClient) -> None:
    message = (await send(raw, {"content": "words"})).json
    assert (await edit(raw, message, card(text("a")))).status == 400
    changed = await edit(raw, message, card(text("a")) | {"content": None, "embeds": []})
    assert changed.json["flags"] == 1 << 15
    assert (await edit(raw, message, {"flags": 0, "components": [text("b")]})).json["flags"] == 1 << 15
    assert (await edit(raw, message, {"content": "words"})).status == 400


async def test_an_eleventh_file_and_a_file_over_the_limit_are_refused(raw: RawClient) -> None:
    many = {number: (f"{number}.txt", b"x") for number in range(11)}
    assert (await send(raw, {"content": "a"}, files=many)).json["code"] == 30015
    raw.stand_in.limits.file_bytes = 1000
    assert (await send(raw, {"content": "a"}, files={0: ("a.bin", b"x" * 1000)})).status == 200
    big = await send(raw, {"content": "a"}, files={0: ("a.bin", b"x" * 1001)})
    assert (big.status, big.json["code"]) == (413, 40005)


async def test_a_request_over_its_limit_is_refused_whatever_its_files(raw: RawClient) -> None:
    raw.stand_in.limits.request_bytes = 100_000
    files = {number: (f"{number}.bin", b"x" * 40_000) for number in range(3)}
    big = await send(raw, {"content": "a"}, files=files)
    assert (big.status, big.json["code"]) == (413, 40005)


async def test_an_interactions_limit_may_be_higher_than_the_channels(painting: RawClient) -> None:
    painting.stand_in.limits.file_bytes = 1000
    painting.stand_in.people["mira"].nitro_upload_bytes = 5000
    used = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    files = {0: ("a.bin", b"x" * 3000)}
    assert (await painting.respond(used, 4, {"content": "a"}, files=files)).status == 200
    assert (await painting.call("PATCH", painting.hook(used), {}, files=files)).status == 200
    assert (await send(painting, {"content": "a"}, files=files)).status == 413


async def test_mentions_follow_what_is_allowed(raw: RawClient) -> None:
    mira, role = raw.stand_in.people["mira"].id, next(iter(raw.stand_in.guilds["harbour"].roles))
    body = {"content": f"<@{mira}> <@&{role}> @everyone"}
    everything = (await send(raw, body)).json
    assert [one["id"] for one in everything["mentions"]] == [str(mira)]
    assert everything["mention_everyone"] is True
    nothing = (await send(raw, body | {"allowed_mentions": {"parse": []}})).json
    assert (nothing["mentions"], nothing["mention_roles"], nothing["mention_everyone"]) == ([], [], False)
    on_card = card(text(f"for <@{mira}>")) | {"allowed_mentions": {"parse": [], "users": [mira]}}
    assert len((await send(raw, on_card)).json["mentions"]) == 1


async def test_a_nonce_is_sent_once(raw: RawClient) -> None:
    body = {"content": "a", "nonce": "n1", "enforce_nonce": True}
    first, second = await send(raw, body), await send(raw, body)
    assert first.json["id"] == second.json["id"]
    assert second.json["nonce"] == "n1"
    assert "nonce" not in raw.stand_in.messages("portraits", as_="mira")[0]
    raw.stand_in.advance(600)
    assert (await send(raw, body)).json["id"] != first.json["id"]


async def test_a_reply_names_its_message(raw: RawClient) -> None:
    said = await raw.stand_in.say("mira", "portraits", "hello")
    reply = (await send(raw, {"content": "hi", "message_reference": {"message_id": said["id"]}})).json
    assert reply["type"] == 19
    assert reply["referenced_message"]["content"] == "hello"


async def test_others_messages_cannot_be_edited_and_deleted_only_with_the_right(raw: RawClient) -> None:
    said = await raw.stand_in.say("mira", "portraits", "hello")
    assert (await edit(raw, said, {"content": "x"})).json["code"] == 50005
    assert (await raw.call("DELETE", path(raw, tail=f"/{said['id']}"))).json["code"] == 50013
    with pytest.raises(ValueError, match="may not delete"):
        await raw.stand_in.delete_message("tomas", said)
    await raw.stand_in.delete_message("ines", said)
    assert raw.stand_in.messages("portraits", as_="mira") == []


async def test_listing_pages_through_a_channel(raw: RawClient) -> None:
    sent = [(await send(raw, {"content": str(number)})).json["id"] for number in range(5)]

    async def listed(query: str) -> list[str]:
        return [one["content"] for one in (await raw.call("GET", path(raw, tail=f"?{query}"))).json]

    assert await listed("limit=2") == ["4", "3"]
    assert await listed(f"before={sent[3]}&limit=2") == ["2", "1"]
    assert await listed(f"after={sent[1]}&limit=2") == ["3", "2"]
    assert await listed(f"around={sent[2]}&limit=3") == ["3", "2", "1"]
    assert (await raw.call("GET", path(raw, tail="?limit=101"))).status == 400


async def test_where_the_bot_may_not_write_channel_routes_say_so(raw: RawClient) -> None:
    assert (await send(raw, {"content": "a"}, "lounge")).json["code"] == 50013
    hidden = raw.stand_in.channels["after-dark"]
    hidden.overwrites.append(Overwrite(raw.stand_in.application_id, 1, deny=1 << 10))
    assert (await send(raw, {"content": "a"}, "after-dark")).json["code"] == 50001
    assert (await raw.call("GET", f"/channels/{hidden.id}")).json["code"] == 50001
    assert (await raw.call("GET", "/channels/123")).json["code"] == 10003
    assert (await raw.call("GET", "/channels/abc")).json["code"] == 50035


async def test_files_need_the_right_to_attach_them(raw: RawClient) -> None:
    portraits = raw.stand_in.channels["portraits"]
    portraits.overwrites.append(Overwrite(raw.stand_in.application_id, 1, deny=1 << 15))
    message = await send(raw, {"content": "a"})
    assert message.status == 200
    assert (await send(raw, {"content": "a"}, files={0: ("a.png", png())})).json["code"] == 50013
    assert (await edit(raw, message.json, {}, files={0: ("a.png", png())})).json["code"] == 50013


async def test_reactions_and_typing_reach_the_screens(raw: RawClient) -> None:
    message = (await send(raw, {"content": "a"})).json
    screen = raw.stand_in.subscribe("tomas")
    assert (await raw.call("PUT", path(raw, tail=f"/{message['id']}/reactions/👍/@me"))).status == 204
    assert (await raw.call("POST", path(raw).replace("messages", "typing"))).status == 204
    update, typing = screen.get_nowait(), screen.get_nowait()
    assert update["d"]["reactions"][0]["count"] == 1
    assert typing["t"] == "TYPING_START"
    await raw.call("DELETE", path(raw, tail=f"/{message['id']}/reactions/👍/@me"))
    assert "reactions" not in raw.stand_in.messages("portraits", as_="mira")[0]


async def test_a_stranger_gets_no_direct_message_channel(raw: RawClient) -> None:
    juno = raw.stand_in.people["juno"]
    assert (await raw.call("POST", "/users/@me/channels", {"recipient_id": juno.id})).status == 200
    await raw.stand_in.remove_bot("tiny")
    refused = await raw.call("POST", "/users/@me/channels", {"recipient_id": str(juno.id)})
    assert refused.json["code"] == 50278


async def test_people_send_files_where_they_may(raw: RawClient) -> None:
    said = await raw.stand_in.say("tomas", "portraits", "", [Upload("a.png", png(12))])
    (attachment,) = said["attachments"]
    assert (attachment["filename"], attachment["width"]) == ("a.png", 12)
    portraits, tomas = raw.stand_in.channels["portraits"], raw.stand_in.people["tomas"]
    portraits.overwrites.append(Overwrite(tomas.id, 1, deny=1 << 15))
    with pytest.raises(ValueError, match="may not attach files"):
        await raw.stand_in.say("tomas", "portraits", "", [Upload("a.png", png())])
