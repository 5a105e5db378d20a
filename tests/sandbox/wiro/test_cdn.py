from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from PIL import Image

if TYPE_CHECKING:
    from sandbox.wiro import WiroStandIn
    from tests.sandbox.wiro.wire import Wire


async def url_of(wire: Wire, **inputs: Any) -> str:
    row = await wire.ended(await wire.run(**inputs))
    url: str = row["outputs"][0]["url"]
    return url


async def test_output_is_a_public_png_of_the_asked_size(wire: Wire) -> None:
    row = await wire.ended(await wire.run(width=96, height=128))
    [output] = row["outputs"]
    async with wire.session.get(output["url"]) as response:
        data = await response.read()

    assert response.content_type == "image/png"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert len(data) == int(output["size"])
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("PNG", (96, 128))


async def test_same_inputs_give_the_same_picture_another_seed_another(wire: Wire) -> None:
    pictures = []
    for seed in ("1", "1", "2"):
        async with wire.session.get(await url_of(wire, seed=seed)) as response:
            pictures.append(await response.read())

    assert pictures[0] == pictures[1] != pictures[2]


async def test_variety_bounds_how_many_pictures_are_drawn(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.variety = 2
    pictures = set()
    for seed in range(6):
        async with wire.session.get(await url_of(wire, seed=str(seed), prompt=f"fox {seed}")) as response:
            pictures.add(await response.read())

    assert len(pictures) == 2


async def test_unknown_file_is_a_404(wire: Wire) -> None:
    url = await url_of(wire)
    for wrong in (url.replace("0.png", "1.png"), url.replace("/cdn/", "/cdn/0")):
        async with wire.session.get(wrong) as response:
            assert response.status == 404


async def test_deleted_output_is_gone_and_deleting_again_is_fine(wire: Wire) -> None:
    task = await wire.run()
    row = await wire.ended(task)
    for _ in range(2):
        assert await wire.call("Task/InputOutputDelete", {"tasktoken": task.token}) == {
            "result": True,
            "errors": [],
        }
    async with wire.session.get(row["outputs"][0]["url"]) as response:
        assert response.status == 404
    after = await wire.row(task)
    assert (after["outputfolderid"], after["outputs"]) == ("0", [])


async def test_files_of_a_running_or_unknown_task_cannot_be_deleted(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused = True
    task = await wire.run()

    assert await wire.error("Task/InputOutputDelete", {"tasktoken": task.token}) == (
        0,
        "Task must be completed or cancelled before deleting files",
    )
    assert await wire.error("Task/InputOutputDelete", {"tasktoken": "x"}) == (1, "task-not-exist")


@pytest.mark.parametrize(("fault", "status"), [("cdn_missing", 404), ("cdn_error", 503)])
async def test_download_can_fail_once(wire: Wire, wiro: WiroStandIn, fault: str, status: int) -> None:
    url = await url_of(wire)
    wiro.apply({"fault": fault})
    statuses = []
    for _ in range(2):
        async with wire.session.get(url) as response:
            statuses.append(response.status)

    assert statuses == [status, 200]


async def test_download_can_be_a_web_page(wire: Wire, wiro: WiroStandIn) -> None:
    url = await url_of(wire)
    wiro.apply({"fault": "cdn_wrong"})
    async with wire.session.get(url) as response:
        assert (response.status, response.content_type) == (200, "text/html")


async def test_download_can_be_cut_short(wire: Wire, wiro: WiroStandIn) -> None:
    url = await url_of(wire)
    wiro.apply({"fault": "cdn_truncated"})
    async with wire.session.get(url) as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_download_can_be_slow(wire: Wire, wiro: WiroStandIn) -> None:
    url = await url_of(wire)
    wiro.apply({"fault": "cdn_slow", "seconds": 0.3})
    began = wiro.clock.monotonic_s()
    async with wire.session.get(url) as response:
        data = await response.read()

    assert len(data) == response.content_length
    assert wiro.clock.monotonic_s() - began >= 0.3


async def test_downloads_are_logged_apart_from_calls(wire: Wire, wiro: WiroStandIn) -> None:
    async with wire.session.get(await url_of(wire)) as response:
        await response.read()

    assert wiro.requests.counts["cdn"] == 1
    assert wiro.requests[-1].path.startswith("cdn/")
