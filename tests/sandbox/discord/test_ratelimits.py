"""Buckets, the global limit, and edits of old messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.discord.conftest import Json, RawClient


def path(raw: RawClient, channel: str = "portraits", tail: str = "") -> str:
    return f"/channels/{raw.stand_in.channels[channel].id}/messages{tail}"


async def test_a_channels_bucket_counts_down_and_refuses_the_sixth(raw: RawClient) -> None:
    answers = [await raw.call("POST", path(raw), {"content": str(number)}) for number in range(6)]
    left = [answer.headers["X-RateLimit-Remaining"] for answer in answers]
    assert left == ["4", "3", "2", "1", "0", "0"]
    refused = answers[-1]
    assert refused.status == 429
    assert refused.headers["Via"]
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert refused.json["global"] is False
    assert 0 < refused.json["retry_after"] <= 5
    assert float(answers[0].headers["X-RateLimit-Reset-After"]) <= 5
    assert len({answer.headers["X-RateLimit-Bucket"] for answer in answers}) == 1
    raw.stand_in.advance(5.1)
    assert (await raw.call("POST", path(raw), {"content": "again"})).status == 200


async def test_every_channel_and_route_has_its_own_bucket(raw: RawClient) -> None:
    raw.stand_in.limits.message_create = (5, 60.0)
    message = (await raw.call("POST", path(raw), {"content": "a"})).json
    for _ in range(5):
        await raw.call("POST", path(raw), {"content": "a"})
    assert (await raw.call("POST", path(raw, "general"), {"content": "a"})).status == 200
    assert (await raw.call("PATCH", path(raw, tail=f"/{message['id']}"), {"content": "b"})).status == 200


async def test_all_webhook_routes_of_a_token_share_a_bucket(painting: RawClient) -> None:
    painting.stand_in.limits.webhook = (5, 60.0)

    async def used() -> Json:
        interaction = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
        await painting.respond(interaction, 4, {"content": "a"})
        return {"hook": painting.hook(interaction), "followup": painting.hook(interaction, "")}

    one, other = await used(), await used()
    for number in range(4):
        assert (await painting.call("PATCH", one["hook"], {"content": str(number)})).status == 200
    assert (await painting.call("POST", one["followup"], {"content": "a"})).status == 200
    assert (await painting.call("GET", one["hook"])).status == 429
    assert (await painting.call("GET", other["hook"])).status == 200


async def test_callbacks_are_not_limited(painting: RawClient) -> None:
    used = [await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"}) for _ in range(80)]
    answers = await asyncio.gather(*(painting.respond(one, 4, {"content": "a"}) for one in used))
    assert {answer.status for answer in answers} == {200}


async def test_over_the_global_limit_the_whole_bot_waits(raw: RawClient) -> None:
    raw.stand_in.limits.other, raw.stand_in.limits.global_per_s = (1000, 1.0), 10
    answers = await asyncio.gather(*(raw.call("GET", "/users/@me") for _ in range(60)))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert refused[0].json["global"] is True
    assert refused[0].headers["X-RateLimit-Global"] == "true"
    assert raw.stand_in.requests.invalid_requests[429] == len(refused)


async def test_messages_older_than_an_hour_take_few_edits(raw: RawClient) -> None:
    raw.stand_in.limits.old_edit = (3, 60.0)
    message = (await raw.call("POST", path(raw), {"content": "a"})).json
    raw.stand_in.advance(3601)
    one = path(raw, tail=f"/{message['id']}")
    answers = [await raw.call("PATCH", one, {"content": str(number)}) for number in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json["code"] == 30046


async def test_limits_can_be_switched_off(raw: RawClient) -> None:
    raw.stand_in.limits.rate_limits = False
    answers = [await raw.call("POST", path(raw), {"content": "a"}) for _ in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert "X-RateLimit-Remaining" not in answers[0].headers


async def test_wrong_tokens_and_strange_clients_are_refused_and_counted(raw: RawClient) -> None:
    wrong = await raw.call("GET", "/users/@me", headers={"Authorization": "Bot wrong"})
    assert (wrong.status, wrong.json) == (401, {"message": "401: Unauthorized", "code": 0})
    strange = await raw.call("GET", "/users/@me", headers={"User-Agent": "curl"})
    assert (strange.status, strange.json["code"]) == (403, 40333)
    assert raw.stand_in.requests.invalid_requests == {401: 1, 403: 1}
    assert (await raw.call("GET", "/gateway", headers={"Authorization": ""})).status == 200
    assert (await raw.call("GET", "/nowhere")).json["code"] == 0
