"""Signed addresses of files, and drawn pictures of people."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from sandbox.discord import Upload
from tests.sandbox.discord.conftest import RawClient, png


async def status(raw: RawClient, url: str) -> int:
    async with raw.session.get(url) as response:
        return response.status


async def test_a_link_works_for_a_day_and_a_fresh_one_after_it(raw: RawClient) -> None:
    message = await raw.stand_in.say("mira", "portraits", "look", [Upload("a b#?.png", png())])
    url = message["attachments"][0]["url"]
    assert await status(raw, url) == 200
    raw.stand_in.advance(24 * 3600 + 1)
    assert await status(raw, url) == 404
    fresh = raw.stand_in.messages("portraits", as_="mira")[0]["attachments"][0]["url"]
    assert await status(raw, fresh) == 200


@pytest.mark.parametrize("change", ["ex=", "hm=", "/attachments/", ".png"])
async def test_a_link_that_was_changed_does_not_work(raw: RawClient, change: str) -> None:
    message = await raw.stand_in.say("mira", "portraits", "look", [Upload("a.png", png())])
    url = message["attachments"][0]["url"]
    assert await status(raw, url.replace(change, f"{change}1")) == 404
    assert await status(raw, url.split("?")[0]) == 404
    assert await status(raw, url.replace("hm=", "hm=é")) == 404


async def test_everybody_has_a_picture_of_their_own(raw: RawClient) -> None:
    pictures = set()
    state = raw.stand_in.state("mira")
    for person in [*state["people"], state["bot"]]:
        url = f"{raw.stand_in.base_url}/cdn/avatars/{person['id']}/{person['avatar']}.png?size=64"
        async with raw.session.get(url) as response:
            data = await response.read()
        assert Image.open(io.BytesIO(data)).size == (128, 128)
        pictures.add(data)
    assert len(pictures) == 7
    guild = state["guilds"][0]
    assert await status(raw, f"{raw.stand_in.base_url}/cdn/icons/{guild['id']}/{guild['icon']}.png") == 200
    assert await status(raw, f"{raw.stand_in.base_url}/cdn/embed/avatars/0.png") == 200
    assert await status(raw, f"{raw.stand_in.base_url}/cdn/avatars/1/x.png") == 404


async def test_a_file_that_is_no_picture_is_not_called_one(raw: RawClient) -> None:
    uploads = [
        Upload("fake.png", b"not a picture"),
        Upload("a.zip", b"PK\x03\x04rest"),
        Upload("../../up.gif", png()),
    ]
    files = (await raw.stand_in.say("mira", "portraits", "look", uploads))["attachments"]
    assert [one.get("content_type") for one in files] == [None, "application/zip", "image/png"]
    assert "width" not in files[0]
    assert files[2]["filename"] == "up.gif"
