"""What the stand-in answers, and what discord.py asks of it, against Discord's own description of its API."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import discord
import pytest
from jsonschema import Draft202012Validator

from sandbox.discord.rest import core
from sandbox.discord.uploads import Body, read_body
from tests.sandbox.discord.bots import Bot, Card, painter, running
from tests.sandbox.discord.conftest import (
    Json,
    RawClient,
    button,
    card,
    gallery,
    png,
    text,
)

if TYPE_CHECKING:
    from aiohttp import web

    from sandbox.discord import DiscordStandIn

DESCRIPTION = Path(__file__).parents[4] / "shared" / "discord" / "openapi.json"
pytestmark = pytest.mark.skipif(not DESCRIPTION.exists(), reason="Discord's OpenAPI description is not here")

DEVIATIONS = {
    r" 4\d\d \$\.errors:": "described as integers; the documentation shows words for a field's codes",
}
"""Where the stand-in follows the documentation against the description: pattern of the fault, and why."""


class Description:
    """Finds and checks schemas of answers."""

    def __init__(self) -> None:
        self.document: Json = json.loads(DESCRIPTION.read_text())
        self.by_shape = {self.shape(path): path for path in self.document["paths"]}
        self.checked: set[str] = set()

    @staticmethod
    def shape(path: str) -> str:
        return re.sub(r"\{[^}]*\}", "{}", path)

    def operation(self, template: str) -> Json:
        method, path = template.split(" ")
        return dict(self.document["paths"][self.by_shape[self.shape(path)]][method.lower()])

    def request_faults(self, template: str, body: Any) -> list[str]:
        content = self.operation(template)["requestBody"]["content"]
        return self.against(content["application/json"]["schema"], body, template)

    def against(self, schema: Json, body: Any, what: str) -> list[str]:
        whole = {**schema, "components": self.document["components"]}
        errors = Draft202012Validator(whole).iter_errors(body)
        return [f"{what} {error.json_path}: {best(error)}" for error in errors]

    def faults(self, template: str, status: int, body: Any) -> list[str]:
        responses = self.operation(template)["responses"]
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if response is None:
            return [f"{template} never answers {status}"]
        self.checked.add(template)
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
        if "content" not in response:
            return [] if body is None else [f"{template} {status} has no body"]
        schema = response["content"]["application/json"]["schema"]
        return self.against(schema, body, f"{template} {status}")


def best(error: Any) -> str:
    inner = sorted(error.context or [], key=lambda one: -len(one.absolute_path))
    return f"{error.message[:150]} / " + " / ".join(
        f"{one.json_path} {one.message[:150]}" for one in inner[:4]
    )


async def tour(raw: RawClient) -> None:
    """One of everything."""
    stand_in = raw.stand_in
    portraits, harbour = stand_in.channels["portraits"].id, stand_in.guilds["harbour"].id
    role = next(one for one in stand_in.guilds["harbour"].roles.values() if one.name == "Atelier")
    role.permissions |= 1 << 34 | 1 << 13
    base = f"/applications/{raw.app}"
    for path in (
        "/users/@me",
        f"/users/{stand_in.people['mira'].id}",
        "/users/@me/guilds",
        "/oauth2/applications/@me",
        "/applications/@me",
        "/gateway",
        "/gateway/bot",
        f"{base}/commands?with_localizations=1",
        f"{base}/entitlements",
        f"{base}/guilds/{harbour}/commands",
        f"/guilds/{harbour}?with_counts=true",
        f"/guilds/{harbour}/channels",
        f"/guilds/{harbour}/roles",
        f"/guilds/{harbour}/threads/active",
        f"/guilds/{harbour}/members/{stand_in.people['mira'].id}",
        f"/channels/{portraits}",
        f"/channels/{stand_in.channels['wall-of-faces'].id}",
    ):
        assert (await raw.call("GET", path)).status == 200, path
    made = (await raw.call("POST", f"{base}/commands", {"name": "extra", "description": "d"})).json
    await raw.call("GET", f"{base}/commands/{made['id']}")
    await raw.call("PATCH", f"{base}/commands/{made['id']}", {"description": "e"})
    await raw.call("DELETE", f"{base}/commands/{made['id']}")
    await raw.call("GET", f"{base}/commands/{made['id']}")
    await tour_messages(raw, f"/channels/{portraits}")
    await tour_interactions(raw)
    dm = (
        await raw.call("POST", "/users/@me/channels", {"recipient_id": str(stand_in.people["mira"].id)})
    ).json
    await raw.call("POST", f"/channels/{dm['id']}/messages", {"content": "a"})


async def tour_messages(raw: RawClient, channel: str) -> None:
    files = {0: ("a.png", png()), 1: ("b.txt", b"text")}
    everything = card(
        {"type": 17, "accent_color": 5, "components": [text("a"), gallery("a.png"), button("x")]},
        {
            "type": 9,
            "components": [text("b")],
            "accessory": {"type": 11, "media": {"url": "attachment://a.png"}},
        },
        {"type": 1, "components": [{"type": 3, "custom_id": "p", "options": [{"label": "A", "value": "a"}]}]},
        {"type": 1, "components": [{"type": 5, "custom_id": "u"}]},
        {"type": 1, "components": [{"type": 2, "style": 5, "label": "out", "url": "https://example.org/"}]},
        {"type": 13, "file": {"url": "attachment://b.txt"}},
        {"type": 14},
    )
    message = (await raw.call("POST", f"{channel}/messages", everything, files=files)).json
    embed = {"title": "t", "description": "d", "image": {"url": "attachment://a.png"}, "color": 1}
    await raw.call(
        "POST", f"{channel}/messages", {"content": "hi", "embeds": [embed], "nonce": "n"}, files=files
    )
    reply = {
        "content": f"<@{raw.stand_in.people['mira'].id}>",
        "message_reference": {"message_id": message["id"]},
    }
    await raw.call("POST", f"{channel}/messages", reply)
    one = f"{channel}/messages/{message['id']}"
    await raw.call("PUT", f"{one}/reactions/👍/@me")
    await raw.call("GET", f"{one}/reactions/👍")
    await raw.call("GET", one)
    await raw.call("PATCH", one, {"components": [text("edited")], "attachments": []})
    await raw.call("POST", f"{one}/threads", {"name": "t"})
    thread = (await raw.call("POST", f"{channel}/threads", {"name": "t", "type": 12})).json
    member = f"/channels/{thread['id']}/thread-members/{raw.stand_in.people['mira'].id}"
    for method in ("PUT", "GET", "DELETE", "GET"):
        await raw.call(method, member)
    await raw.call("GET", f"/channels/{thread['id']}/messages")
    await raw.call("PATCH", f"/channels/{thread['id']}", {"archived": True})
    await raw.call("PUT", member)
    await raw.call("GET", f"{channel}/messages")
    await raw.call("POST", f"{channel}/typing")
    await raw.call("POST", f"{channel}/messages", {"content": "a" * 2001})
    await raw.call("DELETE", f"{one}/reactions/👍/@me")
    await raw.call("DELETE", one)
    await raw.call("GET", one)


async def tour_interactions(raw: RawClient) -> None:
    stand_in = raw.stand_in
    used = await stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    first = (await raw.respond(used, 4, card(text("a"), button()))).json["resource"]["message"]
    await raw.call("GET", raw.hook(used))
    await raw.call(
        "PATCH",
        raw.hook(used),
        card(gallery("a.png"), button()) | {"attachments": [{"id": 0}]},
        files={0: ("a.png", png())},
    )
    follow = (await raw.call("POST", raw.hook(used, "?wait=true"), {"content": "more", "flags": 64})).json
    await raw.call("GET", raw.hook(used, f"/messages/{follow['id']}"))
    await raw.call("PATCH", raw.hook(used, f"/messages/{follow['id']}"), {"content": "less"})
    await raw.call("DELETE", raw.hook(used, f"/messages/{follow['id']}"))
    click = await stand_in.click("tomas", first, "go")
    await raw.respond(click, 7, {"components": [text("b"), button()]})
    again = await stand_in.click("tomas", first, "go")
    await raw.respond(
        again, 9, {"custom_id": "m", "title": "T", "components": [{"type": 10, "content": "a"}]}
    )
    modal = (await again.answered()).modal
    assert modal is not None
    await raw.respond(await stand_in.submit("tomas", modal, {}), 4, {"content": "thanks", "flags": 64})
    menu = await stand_in.menu("ines", first, "Task details")
    await raw.respond(menu, 5, {"flags": 64})
    await raw.respond(menu, 4, {"content": "again"})
    await raw.call("DELETE", raw.hook(menu))


async def test_every_answer_is_as_discord_describes_it(
    painting: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting.stand_in.limits.rate_limits = False
    description = Description()
    answers: list[tuple[str, int, Any]] = []
    plain = RawClient.call

    async def noted(self: RawClient, method: str, path: str, *args: Any, **more: Any) -> Any:
        answer = await plain(self, method, path, *args, **more)
        answers.append((list(self.stand_in.requests)[-1].template, answer.status, answer.json))
        return answer

    monkeypatch.setattr(RawClient, "call", noted)
    await tour(painting)
    faults = sorted({fault for one in answers for fault in description.faults(*one)})
    excused = {fault: why for fault in faults for why in DEVIATIONS if re.search(why, fault)}
    assert [fault for fault in faults if fault not in excused] == []
    assert set(excused.values()) == set(DEVIATIONS), "a deviation that is none any more"
    assert len(description.checked) > 35


async def test_the_check_sees_what_is_missing(raw: RawClient) -> None:
    answer = await raw.call("GET", "/users/@me")
    description = Description()
    assert description.faults("GET /users/@me", 200, answer.json) == []
    del answer.json["username"]
    assert "username" in description.faults("GET /users/@me", 200, answer.json)[0]
    assert description.faults("GET /users/@me", 302, answer.json)


def with_text_ids(body: Any) -> Any:
    """Ids as the description wants them."""
    if isinstance(body, list):
        return [with_text_ids(one) for one in body]
    if not isinstance(body, dict):
        return body
    return {
        key: str(value) if key in ID_KEYS and isinstance(value, int) else with_text_ids(value)
        for key, value in body.items()
    }


ID_KEYS = {"id", "guild_id", "channel_id", "message_id", "recipient_id"}
OF_DISCORDPY = {"ids of attachments, replies and recipients are numbers": with_text_ids}
"""Where discord.py's requests are not as described, and what mends them."""


@pytest.mark.usefixtures("pointed")
async def test_discordpys_requests_are_as_described_but_for_named_deviations(
    discord_stand_in: DiscordStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []

    async def noted(request: web.Request, most_bytes: int) -> Body:
        body = await read_body(request, most_bytes)
        resource = request.match_info.route.resource
        assert resource is not None
        asked.append((f"{request.method} {resource.canonical.removeprefix('/api/v10')}", body.payload))
        return body

    monkeypatch.setattr(core, "read_body", noted)
    async with running(painter(), discord_stand_in) as bot:
        await bot.tree.sync()
        await tour_of_discordpy(discord_stand_in, bot)
    assert len({template for template, _ in asked}) >= 8
    description = Description()
    for mend in OF_DISCORDPY.values():
        assert any(description.request_faults(*one) for one in asked), "a deviation that is none any more"
        asked = [(template, mend(body)) for template, body in asked]
    assert [fault for one in asked for fault in description.request_faults(*one)] == []


async def tour_of_discordpy(stand_in: DiscordStandIn, bot: Bot) -> None:
    def file(name: str) -> discord.File:
        return discord.File(io.BytesIO(png()), name, description="a face")

    used = await stand_in.command("mira", "portraits", "paint", {"prompt": "a"})
    shown = (await used.answered()).message
    assert shown is not None
    interaction = bot.seen[0]
    await interaction.edit_original_response(view=Card("x", "a.png"), attachments=[file("a.png")])
    await interaction.followup.send("hi", file=file("b.png"), ephemeral=True)
    channel = bot.get_channel(stand_in.channels["portraits"].id)
    assert isinstance(channel, discord.TextChannel)
    message = await channel.send("hello", file=file("c.png"), nonce="n")
    await message.edit(content="y", attachments=[*message.attachments, file("d.png")])
    await message.reply("z", allowed_mentions=discord.AllowedMentions.none())
    await channel.get_partial_message(int(shown["id"])).edit(view=Card("q"))
    await message.create_thread(name="t")
    await (await channel.create_thread(name="p", invitable=False)).edit(archived=True)
    await (await bot.fetch_user(stand_in.people["mira"].id)).send("in private")
    await (await stand_in.command("mira", "portraits", "think")).answered()
    await stand_in.autocomplete("mira", "portraits", "paint", {"prompt": "c"}, "prompt")
