"""Faults on demand, by route and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.sandbox.discord.conftest import RawClient


async def test_a_status_fault_does_nothing_and_is_used_up(raw: RawClient) -> None:
    path = f"/channels/{raw.stand_in.channels['portraits'].id}/messages"
    raw.stand_in.faults.fail_next("create_message", "status", 2, status=502)
    statuses = [(await raw.call("POST", path, {"content": "a"})).status for _ in range(3)]
    assert statuses == [502, 502, 200]
    assert len(raw.stand_in.messages("portraits", as_="mira")) == 1


async def test_a_lost_answer_was_applied_and_repeating_it_says_so(painting: RawClient) -> None:
    used = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    painting.stand_in.faults.fail_next("callback", "apply_then_status", status=502)
    assert (await painting.respond(used, 4, {"content": "a"})).status == 502
    assert (await used.answered()).kind == "message"
    assert (await painting.respond(used, 4, {"content": "a"})).json["code"] == 40060


@pytest.mark.parametrize(("outcome", "applied"), [("drop", False), ("apply_then_drop", True)])
async def test_a_cut_connection_is_an_error_at_the_client(
    raw: RawClient, outcome: str, applied: bool
) -> None:
    path = f"/channels/{raw.stand_in.channels['portraits'].id}/messages"
    raw.stand_in.faults.fail_next("POST /channels/*/messages", outcome)
    with pytest.raises(aiohttp.ClientError):
        await raw.call("POST", path, {"content": "a"})
    assert bool(raw.stand_in.messages("portraits", as_="mira")) is applied
    assert raw.stand_in.requests.of("create_message")[0].status == 0


async def test_a_late_callback_finds_the_interaction_gone(painting: RawClient) -> None:
    used = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    painting.stand_in.faults.apply({"fault": "callback_late"})
    assert (await painting.respond(used, 4, {"content": "a"})).json["code"] == 10062
    assert used.failed


async def test_an_outage_refuses_everything_until_it_ends(raw: RawClient) -> None:
    raw.stand_in.faults.start_outage()
    assert (await raw.call("GET", "/users/@me")).status == 503
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await raw.session.ws_connect(f"{raw.stand_in.base_url}/gateway/")
    raw.stand_in.faults.end_outage()
    assert (await raw.call("GET", "/users/@me")).status == 200


async def test_a_shared_429_does_not_count_towards_a_ban(raw: RawClient) -> None:
    for scope in ("shared", "user"):
        raw.stand_in.faults.fail_next("me", "rate_limit", scope=scope)
        answer = await raw.call("GET", "/users/@me")
        assert (answer.status, answer.headers["X-RateLimit-Scope"]) == (429, scope)
    raw.stand_in.faults.fail_next("me", "rate_limit", via=False)
    assert "Via" not in (await raw.call("GET", "/users/@me")).headers
    assert raw.stand_in.requests.invalid_requests == {429: 2}


async def test_latency_is_waited(raw: RawClient) -> None:
    raw.stand_in.faults.apply({"fault": "latency", "seconds": 0.05})
    await raw.call("GET", "/users/@me")
    assert raw.stand_in.requests.of("me")[0].took_s >= 0.05


async def test_every_fault_offered_to_the_page_can_be_applied_and_cleared(raw: RawClient) -> None:
    for one in raw.stand_in.faults.available():
        assert one["label"]
        raw.stand_in.faults.apply({"fault": one["fault"]})
    raw.stand_in.faults.apply({"fault": "clear"})
    raw.stand_in.faults.apply({"fault": "edit_500"})
    assert raw.stand_in.faults.active() == [{"route": "edit_*", "outcome": "status", "times": 1}]
    with pytest.raises(ValueError, match="nonsense"):
        raw.stand_in.faults.apply({"fault": "nonsense"})


async def test_the_log_names_routes_and_hides_tokens(painting: RawClient) -> None:
    used = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    await painting.respond(used, 4, {"content": "a"})
    await painting.call("PATCH", painting.hook(used), {"content": "b"})
    log = list(painting.stand_in.requests)
    assert [one.route for one in log] == ["put_commands", "callback", "edit_original"]
    assert used.token not in "".join(one.path for one in log)
    assert set(painting.stand_in.route_names()) >= {one.route for one in log}
