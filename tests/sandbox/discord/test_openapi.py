"""What the stand-in answers, held against Discord's own description of its API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.sandbox.discord.conftest import Json, RawClient, button, card, gallery, png, text

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

    def faults(self, template: str, status: int, body: Any) -> list[str]:
        method, path = template.split(" ")
        operation = self.document["paths"][self.by_shape[self.shape(path)]][method.lower()]
        responses = operation["responses"]
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if response is None:
            return [f"{template} never answers {status}"]
        self.checked.add(template)
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
        if "content" not in response:
            return [] if body is None else [f"{template} {status} has no body"]
        schema = response["content"]["application/json"]["schema"]
        whole = {**schema, "components": self.document["components"]}
        errors = Draft202012Validator(whole).iter_errors(body)
        return [f"{template} {status} {error.json_path}: {best(error)}" for error in errors]


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
    role.permissions |= 1 << 36 | 1 << 34 | 1 << 13
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
    await raw.call("POST", f"{channel}/threads", {"name": "t", "type": 12})
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
