from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.model import ResultFile
from bot.ui.layout import note
from bot.ui.messages import Answer, DiscordMessages, Lost, Outgoing, Refused, Sent

if TYPE_CHECKING:
    from tests.support.clock import ManualClock
    from tests.support.discord_api import DiscordApi

HELLO = Outgoing(content="hello")
BUCKET = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "4.0"}


async def edit(messages: DiscordMessages, message: Outgoing = HELLO) -> Answer:
    return await messages.edit(88, 77, message, timeout_s=5)


async def test_a_channel_edit_carries_the_bots_token_and_mentions_nobody(
    messages: DiscordMessages, api: DiscordApi
) -> None:
    answer = await edit(messages, Outgoing(view=note("words")))
    assert isinstance(answer, Sent)
    asked = api.asked[0]
    assert (asked.method, asked.path) == ("PATCH", "/channels/88/messages/77")
    assert asked.headers["Authorization"] == "Bot bot-token"
    assert asked.json["allowed_mentions"] == {"parse": [], "users": [], "replied_user": False}
    assert asked.json["flags"] == 1 << 15
    assert "attachments" not in asked.json


async def test_the_token_route_carries_no_authorization(messages: DiscordMessages, api: DiscordApi) -> None:
    await messages.edit_original("secret", HELLO, timeout_s=5)
    assert api.asked[0].path == "/webhooks/1100000000000000001/secret/messages/@original"
    assert "Authorization" not in api.asked[0].headers


async def test_uploads_list_exactly_their_attachments(messages: DiscordMessages, api: DiscordApi) -> None:
    files = [
        ResultFile(
            name=f"atelier-4F7K-{n}.png", data=b"\x89PNG" * n, content_type="image/png", description="a fox"
        )
        for n in (1, 2)
    ]
    await edit(messages, Outgoing(view=note("words"), files=files))
    asked = api.asked[0]
    assert asked.json["attachments"] == [
        {"id": "0", "filename": "atelier-4F7K-1.png", "description": "a fox"},
        {"id": "1", "filename": "atelier-4F7K-2.png", "description": "a fox"},
    ]
    assert asked.files == {
        "files[0]=atelier-4F7K-1.png": b"\x89PNG",
        "files[1]=atelier-4F7K-2.png": b"\x89PNG" * 2,
    }


async def test_no_files_takes_them_all_away(messages: DiscordMessages, api: DiscordApi) -> None:
    await edit(messages, Outgoing(view=note("words"), files=()))
    assert api.asked[0].json["attachments"] == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, 50013, Refused(403, 50013, "words")),
        (404, 10008, Refused(404, 10008, "words")),
        (401, 50027, Refused(401, 50027, "words")),
        (413, 40005, Refused(413, 40005, "words")),
        (400, [], Refused(400, 0, "Bad Request")),
        (500, 0, Lost("HTTP 500")),
        (503, 0, Lost("HTTP 503")),
    ],
)
async def test_every_answer_is_asked_once_and_told_apart(
    messages: DiscordMessages, api: DiscordApi, status: int, body: Any, expected: Answer
) -> None:
    api.reply(status, body)
    assert await edit(messages) == expected
    assert len(api.asked) == 1


async def test_a_cut_connection_is_lost_not_refused(messages: DiscordMessages, api: DiscordApi) -> None:
    api.reply(drop=True)
    assert isinstance(await edit(messages), Lost)


async def test_no_answer_in_time_is_lost(
    messages: DiscordMessages, api: DiscordApi, clock: ManualClock
) -> None:
    api.reply(hold=asyncio.Event())
    task = asyncio.create_task(messages.edit(88, 77, HELLO, timeout_s=2))
    await clock.until(lambda: bool(api.asked))
    await clock.advance(2)
    assert await task == Lost("no answer in time")


async def test_an_empty_bucket_is_waited_for_and_announced(
    messages: DiscordMessages, api: DiscordApi, clock: ManualClock
) -> None:
    api.reply(headers=BUCKET)
    await edit(messages)
    assert messages.is_short("edit message", "88")
    assert not messages.is_short("edit message", "99")
    task = asyncio.create_task(edit(messages))
    await clock.advance(3.9)
    assert len(api.asked) == 1
    await clock.until(task.done)
    assert len(api.asked) == 2


async def test_a_limit_is_told_with_its_time_and_keeps_the_next_call_back(
    messages: DiscordMessages, api: DiscordApi
) -> None:
    api.reply(429, {"retry_after": 1.5, "global": False})
    assert await edit(messages) == Refused(429, 0, "rate limited", 1.5)
    assert messages.wait_s("edit message", "88") == 1.5
    assert messages.wait_s("edit message", "99") == 0


async def test_a_global_limit_keeps_every_call_back(messages: DiscordMessages, api: DiscordApi) -> None:
    api.reply(429, {"retry_after": 2, "global": True})
    await edit(messages)
    assert messages.wait_s("create message", "99") == 2


async def test_calls_are_counted_by_route_and_result(messages: DiscordMessages, api: DiscordApi) -> None:
    calls: list[tuple[str, str]] = []
    messages.on_call = lambda route, result, _s: calls.append((route, result))
    api.reply(404, 10008)
    await edit(messages)
    await messages.open_dm(5, timeout_s=5)
    api.reply(drop=True)
    await messages.create(88, HELLO, timeout_s=5)
    assert calls == [("edit message", "404"), ("open DM", "200"), ("create message", "lost")]


def test_a_secret_is_not_in_the_repr() -> None:
    assert "bot-token" not in repr(
        DiscordMessages(None, "http://x", "bot-token", None)  # type: ignore[arg-type]
    )
