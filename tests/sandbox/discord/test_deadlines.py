"""Three seconds for the first response, fifteen minutes for the token, one response only."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.discord import DiscordStandIn, Interaction, InteractionFailed, Limits
from tests.sandbox.discord.conftest import RawClient, button, card, codes, text

MINUTE_S = 60.0


async def paint(raw: RawClient, **more: object) -> Interaction:
    return await raw.stand_in.command("mira", "portraits", "paint", {"prompt": "a", **more})


async def test_a_response_after_three_seconds_finds_no_interaction(painting: RawClient) -> None:
    screen = painting.stand_in.subscribe("mira")
    used = await paint(painting)
    painting.stand_in.advance(3.1)
    assert used.failed
    late = await painting.respond(used, 4, {"content": "hi"})
    assert (late.status, late.json["code"]) == (404, 10062)
    assert screen.get_nowait()["t"] == "INTERACTION_FAILED"
    assert painting.stand_in.messages("portraits", as_="mira") == []


async def test_an_unanswered_interaction_fails_by_itself(painting: RawClient) -> None:
    painting.stand_in.limits.first_response_s = 0.02
    used = await paint(painting)
    assert (await used.answered(2)).kind == "failed"
    with pytest.raises(InteractionFailed):
        await painting.stand_in.autocomplete("mira", "portraits", "paint", {"prompt": "a"}, "prompt")


async def test_the_webhook_of_an_unanswered_interaction_is_unknown(painting: RawClient) -> None:
    used = await paint(painting)
    edit = await painting.call("PATCH", painting.hook(used), {"content": "x"})
    assert (edit.status, edit.json["code"]) == (404, 10015)


async def test_a_second_response_is_refused(painting: RawClient) -> None:
    used = await paint(painting)
    assert (await painting.respond(used, 5)).status == 200
    again = await painting.respond(used, 4, {"content": "x"})
    assert (again.status, again.json["code"]) == (400, 40060)


async def test_of_two_responses_at_once_one_wins(painting: RawClient) -> None:
    used = await paint(painting)
    answers = await asyncio.gather(*(painting.respond(used, 4, {"content": str(n)}) for n in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400, 400]
    assert len(painting.stand_in.messages("portraits", as_="mira")) == 1


async def test_the_token_works_for_fifteen_minutes(painting: RawClient) -> None:
    used = await paint(painting)
    await painting.respond(used, 4, {"content": "x"})
    painting.stand_in.advance(14.9 * MINUTE_S)
    assert (await painting.call("PATCH", painting.hook(used), {"content": "y"})).status == 200
    painting.stand_in.advance(0.2 * MINUTE_S)
    dead = await painting.call("PATCH", painting.hook(used), {"content": "z"})
    assert (dead.status, dead.json["code"]) == (401, 50027)
    assert painting.stand_in.requests.invalid_requests == {401: 1}
    assert painting.stand_in.messages("portraits", as_="mira")[0]["content"] == "y"


async def test_without_with_response_the_answer_is_empty(painting: RawClient) -> None:
    used = await paint(painting)
    path = f"/interactions/{used.id}/{used.token}/callback"
    assert (await painting.call("POST", path, {"type": 5})).status == 204


async def test_the_callbacks_answer_names_the_message(painting: RawClient) -> None:
    used = await paint(painting)
    answer = await painting.respond(used, 4, card(text("hi"), flags=32832))
    seen = answer.json["interaction"]
    assert seen["response_message_id"] == answer.json["resource"]["message"]["id"]
    assert seen["response_message_ephemeral"] is True
    assert seen["response_message_loading"] is False
    assert answer.json["resource"]["type"] == 4


async def test_a_deferred_answer_has_no_resource_and_loads(painting: RawClient) -> None:
    used = await paint(painting)
    answer = await painting.respond(used, 5, {"flags": 64 | 1 << 15})
    assert "resource" not in answer.json
    assert answer.json["interaction"]["response_message_loading"] is True
    original = await painting.call("GET", painting.hook(used))
    assert original.json["flags"] == 64 | 128


async def test_a_followup_after_a_defer_takes_its_place(painting: RawClient) -> None:
    used = await paint(painting)
    original = (await painting.respond(used, 5)).json["interaction"]["response_message_id"]
    first = await painting.call("POST", painting.hook(used, ""), {"content": "one", "flags": 64})
    second = await painting.call("POST", painting.hook(used, ""), {"content": "two", "flags": 64})
    assert first.json["id"] == original
    assert first.json["flags"] == 0  # not ephemeral: the defer was not
    assert second.json["id"] != original
    assert second.json["flags"] == 64
    assert second.json["interaction_metadata"]["original_response_message_id"] == original


async def test_a_deferred_card_is_set_to_components_by_the_edit(painting: RawClient) -> None:
    used = await paint(painting)
    await painting.respond(used, 5)
    edit = await painting.call("PATCH", painting.hook(used), card(text("hi"), button()))
    assert edit.status == 200
    assert edit.json["flags"] == 1 << 15
    assert edit.json["edited_timestamp"] is None
    assert [one["id"] for one in edit.json["components"]] == [1, 2]


async def test_an_ephemeral_message_is_for_one_and_not_for_channel_routes(painting: RawClient) -> None:
    used = await paint(painting)
    message_id = (await painting.respond(used, 4, {"content": "psst", "flags": 64})).json["resource"][
        "message"
    ]["id"]
    stand_in = painting.stand_in
    channel = stand_in.channels["portraits"].id
    assert (await painting.call("GET", f"/channels/{channel}/messages/{message_id}")).json["code"] == 10008
    assert (await painting.call("GET", f"/channels/{channel}/messages")).json == []
    assert stand_in.messages("portraits", as_="ines") == []
    assert [one["content"] for one in stand_in.messages("portraits", as_="mira")] == ["psst"]
    stand_in.reload("mira")
    assert stand_in.messages("portraits", as_="mira") == []
    assert (await painting.call("PATCH", painting.hook(used), {"content": "x"})).status == 200


async def test_an_ephemeral_message_can_be_dismissed_and_its_buttons_go_with_it(painting: RawClient) -> None:
    used = await paint(painting)
    message = (await painting.respond(used, 4, card(text("psst"), button(), flags=32832))).json["resource"][
        "message"
    ]
    with pytest.raises(ValueError, match="does not see"):
        await painting.stand_in.click("tomas", message, "go")
    await painting.stand_in.delete_message("mira", message)
    with pytest.raises(ValueError, match="does not see"):
        await painting.stand_in.click("mira", message, "go")


async def test_the_original_can_be_deleted_and_is_then_unknown(painting: RawClient) -> None:
    used = await paint(painting)
    await painting.respond(used, 4, {"content": "x"})
    assert (await painting.call("DELETE", painting.hook(used))).status == 204
    assert (await painting.call("GET", painting.hook(used))).json["code"] == 10008


async def test_a_components_own_message_is_its_original(painting: RawClient) -> None:
    used = await paint(painting)
    message = (await painting.respond(used, 4, card(text("a"), button()))).json["resource"]["message"]
    click = await painting.stand_in.click("tomas", message, "go")
    assert click.payload["message"]["id"] == message["id"]
    assert click.payload["data"] == {"component_type": 2, "custom_id": "go", "id": 3}
    assert (await painting.respond(click, 6)).status == 200
    edit = await painting.call("PATCH", painting.hook(click), {"components": [text("b")]})
    assert edit.json["id"] == message["id"]


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 10, 12, None])
async def test_a_command_takes_only_its_kinds_of_response(painting: RawClient, kind: int) -> None:
    used = await paint(painting)
    answer = await painting.respond(used, kind)
    assert answer.status == 400
    assert codes(answer.json["errors"]) == {"BASE_TYPE_CHOICES"}
    assert used.answer is None


async def test_a_modal_cannot_answer_a_modal(painting: RawClient) -> None:
    form = {"custom_id": "f", "title": "T", "components": [{"type": 10, "content": "read this"}]}
    used = await paint(painting)
    assert (await painting.respond(used, 9, form)).status == 200
    answer = await used.answered()
    assert answer.modal is not None
    sent = await painting.stand_in.submit("mira", answer.modal, {})
    assert (await painting.respond(sent, 9, form)).status == 400
    assert (await painting.respond(sent, 7, {"content": "x"})).status == 400
    assert (await painting.respond(sent, 4, {"content": "x"})).status == 200


async def test_more_than_25_choices_or_a_long_one_are_refused(painting: RawClient) -> None:
    async def complete(choices: list[dict[str, str]]) -> int:
        task = asyncio.create_task(
            painting.stand_in.autocomplete("mira", "portraits", "paint", {"prompt": "a"}, "prompt")
        )
        await asyncio.sleep(0)
        used = next(reversed(painting.stand_in._interactions._by_token.values()))
        answer = await painting.respond(used, 8, {"choices": choices})
        if answer.status != 200:
            painting.stand_in.advance(4)
            with pytest.raises(InteractionFailed):
                await task
            assert "data" in answer.json["errors"]
        else:
            assert await task == choices
        return answer.status

    assert await complete([{"name": "a", "value": "a"}] * 25) == 200
    assert await complete([{"name": "a", "value": "a"}] * 26) == 400
    assert await complete([{"name": "a" * 101, "value": "a"}]) == 400
    assert await complete([{"name": "a", "value": "a" * 101}]) == 400


async def test_the_uploads_limit_in_the_payload_is_the_persons_or_the_servers() -> None:
    from sandbox.clock import SandboxClock

    stand_in = DiscordStandIn(SandboxClock(), limits=Limits(file_bytes=1000))
    mira, portraits = stand_in.people["mira"], stand_in.channels["portraits"]
    assert stand_in._interactions.upload_limit_bytes(portraits, mira) == 1000
    mira.nitro_upload_bytes = 5000
    assert stand_in._interactions.upload_limit_bytes(portraits, mira) == 5000
    assert stand_in._interactions.upload_limit_bytes(portraits) == 1000
    stand_in.guilds["harbour"].premium_tier = 2
    assert stand_in._interactions.upload_limit_bytes(portraits) == 50 * 1024 * 1024


async def test_a_form_stays_open_until_it_is_answered(painting: RawClient) -> None:
    used = await paint(painting)
    form = {"custom_id": "m", "title": "T", "components": [{"type": 10, "content": "a"}]}
    await painting.respond(used, 9, form)
    opened = (await used.answered()).modal
    assert opened is not None
    unanswered = await painting.stand_in.submit("mira", opened.id, {})
    painting.stand_in.advance(3.1)
    assert unanswered.failed
    answered = await painting.stand_in.submit("mira", opened.id, {})
    await painting.respond(answered, 4, {"content": "thanks"})
    with pytest.raises(ValueError, match="no such modal"):
        await painting.stand_in.submit("mira", opened.id, {})
