"""The command registry, and what a client lets people do with it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import Upload
from sandbox.discord.validate.commands import size
from tests.sandbox.discord.conftest import MOD, PAINT, TASKS, Json, RawClient, codes, png


def command(**more: Any) -> Json:
    return {"name": "a", "description": "d", **more}


def option(**more: Any) -> Json:
    return {"type": 3, "name": "o", "description": "d", **more}


CHOICE = {"name": "a", "value": "a"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (command(name=""), "BASE_TYPE_REQUIRED"),
        (command(name="a" * 33), "BASE_TYPE_BAD_LENGTH"),
        (command(name="With Space"), "STRING_TYPE_REGEX"),
        (command(name="Großes"), "STRING_TYPE_REGEX"),
        (command(description=""), "BASE_TYPE_REQUIRED"),
        (command(description="a" * 101), "BASE_TYPE_BAD_LENGTH"),
        (command(name_localizations={"xx": "a"}), "BASE_TYPE_CHOICES"),
        (command(options=[option(name=f"o{n}") for n in range(26)]), "BASE_TYPE_BAD_LENGTH"),
        (command(options=[option(), option()]), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"),
        (
            command(options=[option(), option(name="p", required=True)]),
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (command(options=[option(type=99)]), "BASE_TYPE_CHOICES"),
        (command(options=[option(choices=[CHOICE] * 26)]), "BASE_TYPE_BAD_LENGTH"),
        (command(options=[option(choices=[{"name": "a" * 101, "value": "a"}])]), "BASE_TYPE_BAD_LENGTH"),
        (command(options=[option(choices=[{"name": "a", "value": "a" * 101}])]), "BASE_TYPE_BAD_LENGTH"),
        (
            command(options=[option(choices=[CHOICE], autocomplete=True)]),
            "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
        ),
        (command(options=[option(max_length=6001)]), "NUMBER_TYPE_MAX"),
        (command(options=[option(type=4, min_value=-(2**53))]), "NUMBER_TYPE_MIN"),
        (command(options=[option(type=1), option(name="p")]), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        (
            command(options=[option(type=1, options=[option(type=1)])]),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(type=3, name="Menu", description="no"),
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID",
        ),
        (command(default_member_permissions="x"), "INVALID_BITWISE_PERMISSION_FLAG"),
        (command(contexts=[7]), "BASE_TYPE_CHOICES"),
    ],
)
async def test_a_command_against_the_rules_is_refused(raw: RawClient, given: Json, code: str) -> None:
    answer = await raw.call("PUT", f"/applications/{raw.app}/commands", [given])
    assert answer.status == 400
    assert answer.json["code"] == 50035
    assert codes(answer.json["errors"]) == {code}
    assert (await raw.call("GET", f"/applications/{raw.app}/commands")).json == []


async def test_sets_of_commands_have_limits_by_type(raw: RawClient) -> None:
    url = f"/applications/{raw.app}/commands"
    menus = [{"type": 3, "name": f"Menu {number}"} for number in range(15)]
    assert (await raw.call("PUT", url, menus)).status == 200
    assert (await raw.call("PUT", url, [*menus, {"type": 3, "name": "One more"}])).status == 400
    assert (await raw.call("PUT", url, [PAINT, PAINT])).status == 400
    assert (await raw.call("POST", url, {"type": 3, "name": "One more"})).json["code"] == 30032


async def test_a_command_over_8000_characters_is_too_large(raw: RawClient) -> None:
    long = [
        option(name=f"o{n}", choices=[{"name": f"{m}{'n' * 90}", "value": "v" * 90} for m in range(10)])
        for n in range(5)
    ]
    big = command(options=long)
    assert size(big) > 8000
    answer = await raw.call("PUT", f"/applications/{raw.app}/commands", [big])
    assert codes(answer.json["errors"]) == {"APPLICATION_COMMAND_TOO_LARGE"}


async def test_two_hundred_creates_a_day_and_no_more(raw: RawClient) -> None:
    url = f"/applications/{raw.app}/commands"
    for start in (0, 100):
        names = [command(name=f"c{number}") for number in range(start, start + 100)]
        assert (await raw.call("PUT", url, names)).status == 200
        assert (await raw.call("PUT", url, names)).status == 200  # nothing new in it
    refused = await raw.call("PUT", url, [command(name="one-more")])
    assert (refused.status, refused.json["code"]) == (429, 30034)
    raw.stand_in.advance(86_401)
    assert (await raw.call("PUT", url, [command(name="one-more")])).status == 200


async def test_ids_stay_and_versions_move_only_with_a_change(raw: RawClient) -> None:
    screen = raw.stand_in.subscribe("mira")
    first = await raw.sync(PAINT, TASKS)
    assert screen.get_nowait()["t"] == "COMMANDS"
    second = await raw.sync(PAINT, TASKS | {"description": "Other words"})
    assert [one["id"] for one in second] == [one["id"] for one in first]
    assert second[0]["version"] == first[0]["version"]
    assert int(second[1]["version"]) > int(first[1]["version"])
    screen.get_nowait()
    await raw.sync(PAINT, TASKS | {"description": "Other words"})
    assert screen.empty()


async def test_single_commands_are_made_read_changed_and_removed(raw: RawClient) -> None:
    url = f"/applications/{raw.app}/guilds/{raw.stand_in.guilds['harbour'].id}/commands"
    made = await raw.call("POST", url, PAINT)
    assert made.status == 201
    assert (await raw.call("POST", url, PAINT)).status == 200
    one = f"{url}/{made.json['id']}"
    assert (await raw.call("PATCH", one, {"description": "New"})).json["description"] == "New"
    assert (await raw.call("GET", one)).json["guild_id"] == str(raw.stand_in.guilds["harbour"].id)
    assert [c["name"] for c in raw.stand_in.commands("mira", "portraits")] == ["paint"]
    assert raw.stand_in.commands("mira", "general") == []
    used = await raw.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    assert used.payload["data"]["guild_id"] == str(raw.stand_in.guilds["harbour"].id)
    assert (await raw.call("DELETE", one)).status == 204
    assert (await raw.call("GET", one)).json["code"] == 10063
    other = f"/applications/{raw.app}/guilds/1/commands"
    assert (await raw.call("GET", other)).json["code"] == 50001


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("draw", {}, "no command 'draw'"),
        ("tasks", {}, "with a subcommand: list"),
        ("tasks show", {}, "no subcommand 'show'"),
        ("paint", {}, "needs prompt"),
        ("paint", {"prompt": "a", "colour": "red"}, "no option colour"),
        ("paint", {"prompt": 3}, "does not take 3"),
        ("paint", {"prompt": "a", "steps": 0}, "at least 1"),
        ("paint", {"prompt": "a", "steps": 151}, "at most 150"),
        ("paint", {"prompt": "a", "steps": True}, "does not take True"),
        ("paint", {"prompt": "a", "size": "xl"}, "no choice 'xl'"),
        ("paint", {"prompt": "a" * 6001}, "at most 6000"),
        ("paint", {"prompt": "a", "photo": "file"}, "Upload"),
    ],
)
async def test_a_client_refuses_what_the_command_does_not_take(
    painting: RawClient, name: str, options: Json, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        await painting.stand_in.command("mira", "portraits", name, options)


async def test_subcommands_are_nested_in_the_payload(painting: RawClient) -> None:
    used = await painting.stand_in.command("mira", "portraits", "tasks list")
    assert used.payload["data"]["options"] == [{"type": 1, "name": "list", "options": []}]
    answer = await painting.respond(used, 4, {"content": "none"})
    assert answer.json["resource"]["message"]["interaction"]["name"] == "tasks list"


async def test_the_payload_says_who_where_and_with_which_rights(painting: RawClient) -> None:
    photo = Upload("my photo.png", png(5))
    used = await painting.stand_in.command(
        "tomas", "wall-of-faces", "paint", {"prompt": "a"}, attachments={"photo": photo}
    )
    payload, stand_in = used.payload, painting.stand_in
    assert payload["member"]["user"]["id"] == str(stand_in.people["tomas"].id)
    assert payload["locale"] == "de"
    assert payload["guild_locale"] == "en-US"
    assert payload["channel"]["type"] == 11
    assert payload["channel"]["parent_id"] == str(stand_in.channels["portraits"].id)
    assert payload["attachment_size_limit"] == 10 * 1024 * 1024
    assert payload["authorizing_integration_owners"] == {"0": str(stand_in.guilds["harbour"].id)}
    assert payload["context"] == 0
    file_id = payload["data"]["options"][1]["value"]
    file = payload["data"]["resolved"]["attachments"][file_id]
    assert (file["filename"], file["width"], file["ephemeral"]) == ("my_photo.png", 5, True)
    assert "/ephemeral-attachments/" in file["url"]
    in_lounge = await stand_in.command("tomas", "lounge", "paint", {"prompt": "a"})
    bits = int(in_lounge.payload["app_permissions"])
    assert not bits & (1 << 11 | 1 << 15)
    assert bits & 1 << 10


async def test_hidden_commands_are_neither_offered_nor_used(painting: RawClient) -> None:
    stand_in = painting.stand_in
    assert MOD["name"] in [one["name"] for one in stand_in.commands("ines", "portraits")]
    assert MOD["name"] not in [one["name"] for one in stand_in.commands("mira", "portraits")]
    with pytest.raises(ValueError, match="hidden from Mira"):
        await stand_in.command("mira", "portraits", "mod")
    with pytest.raises(ValueError, match="Juno does not see"):
        await stand_in.command("juno", "portraits", "mod")
    await stand_in.command("juno", "general", "mod")


async def test_age_restricted_and_server_only_commands_keep_to_their_places(raw: RawClient) -> None:
    await raw.sync(command(name="late", nsfw=True), command(name="here", contexts=[0]), command(name="both"))
    mira = raw.stand_in.people["mira"]
    await raw.call("POST", "/users/@me/channels", {"recipient_id": str(mira.id)})
    assert "late" in [one["name"] for one in raw.stand_in.commands("mira", "after-dark")]
    with pytest.raises(ValueError, match="age-restricted"):
        await raw.stand_in.command("mira", "portraits", "late")
    with pytest.raises(ValueError, match="servers only"):
        await raw.stand_in.command("mira", "dm-mira", "here")
    used = await raw.stand_in.command("mira", "dm-mira", "both")
    assert used.payload["context"] == 1
    assert used.payload["user"]["id"] == str(mira.id)
    assert "member" not in used.payload


async def test_a_select_resolves_whom_it_names(painting: RawClient) -> None:
    used = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    rows = [
        {"type": 1, "components": [{"type": 5, "custom_id": "who"}]},
        {"type": 1, "components": [{"type": 6, "custom_id": "role"}]},
        {"type": 1, "components": [{"type": 8, "custom_id": "where"}]},
        {
            "type": 1,
            "components": [{"type": 3, "custom_id": "pick", "options": [{"label": "A", "value": "a"}]}],
        },
        {
            "type": 1,
            "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "off", "disabled": True}],
        },
    ]
    message = (await painting.respond(used, 4, {"content": "?", "components": rows})).json["resource"][
        "message"
    ]
    stand_in = painting.stand_in
    who = await stand_in.click("tomas", message, "who", ["ines"])
    ines = str(stand_in.people["ines"].id)
    assert who.payload["data"]["values"] == [ines]
    assert who.payload["data"]["resolved"]["members"][ines]["permissions"]
    assert (await stand_in.click("tomas", message, "role", ["Regulars"])).payload["data"]["resolved"]["roles"]
    assert (await stand_in.click("tomas", message, "where", ["lounge"])).payload["data"]["resolved"][
        "channels"
    ]
    for custom_id, values, why in (
        ("pick", ["b"], "no option 'b'"),
        ("pick", [], "takes 1 to 1"),
        ("off", [], "disabled"),
        ("nothing", [], "no component 'nothing'"),
    ):
        with pytest.raises(ValueError, match=why):
            await stand_in.click("tomas", message, custom_id, values)


async def test_a_modals_fields_are_checked_as_the_client_does(painting: RawClient) -> None:
    fields = [
        {"type": 4, "custom_id": "name", "style": 1, "min_length": 2, "max_length": 5},
        {"type": 19, "custom_id": "files", "max_values": 2, "required": False},
        {
            "type": 21,
            "custom_id": "radio",
            "options": [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}],
        },
        {"type": 22, "custom_id": "boxes", "options": [{"label": "A", "value": "a", "default": True}]},
        {"type": 23, "custom_id": "tick"},
    ]
    form = {
        "custom_id": "m",
        "title": "T",
        "components": [{"type": 18, "label": "L", "component": field} for field in fields],
    }

    async def opened() -> Any:
        used = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
        assert (await painting.respond(used, 9, form)).status == 200
        return (await used.answered()).modal

    for values, why in (
        ({"name": ""}, "'name' is required"),
        ({"name": "a"}, "2 to 5 characters"),
        ({"name": "abc"}, "'radio' is required"),
        ({"name": "abc", "radio": "c"}, "no option 'c'"),
        ({"name": "abc", "radio": "a", "files": [("a", b"")] * 3}, "0 to 2|1 to 2"),
        ({"name": "abc", "radio": "a", "boxes": []}, "1 to 1"),
        ({"other": "x"}, "no field other"),
    ):
        with pytest.raises(ValueError, match=why):
            await painting.stand_in.submit("mira", await opened(), values)
    with pytest.raises(ValueError, match="Mira's screen"):
        await painting.stand_in.submit("tomas", await opened(), {"name": "abc", "radio": "a"})
    sent = await painting.stand_in.submit("mira", await opened(), {"name": "abc", "radio": "a", "tick": True})
    filled = [one["component"] for one in sent.payload["data"]["components"]]
    assert [one.get("value", one.get("values")) for one in filled] == ["abc", [], "a", ["a"], True]
    assert [one["id"] for one in filled] == [2, 4, 6, 8, 10]


async def test_a_modal_is_gone_after_a_reload(painting: RawClient) -> None:
    used = await painting.stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    await painting.respond(
        used, 9, {"custom_id": "m", "title": "T", "components": [{"type": 10, "content": "a"}]}
    )
    modal = (await used.answered()).modal
    assert modal is not None
    painting.stand_in.reload("mira")
    with pytest.raises(ValueError, match="no such modal"):
        await painting.stand_in.submit("mira", modal.id, {})
