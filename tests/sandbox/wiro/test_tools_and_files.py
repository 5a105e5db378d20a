from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.wiro.wire import INPUTS, TRAINING, signed

if TYPE_CHECKING:
    from tests.sandbox.wiro.wire import Wire


async def tool(wire: Wire, owner: str, project: str, **more: Any) -> dict[str, Any]:
    answer = await wire.call("Tool/Detail", {"slugowner": owner, "slugproject": project, **more})
    [row] = answer["tool"]
    found: dict[str, Any] = row
    return found


async def test_portraitplus_page_has_the_ten_inputs_in_order(wire: Wire) -> None:
    row = await tool(wire, "wavymulder", "portraitplus")
    [group] = row["parameters"]

    assert [(item["id"], item["type"], item["default"]) for item in group["items"]] == [
        ("prompt", "textarea", "portrait+ style *Taylor swift*"),
        ("negativePrompt", "textarea", "painted illustration"),
        ("samples", "number", "4"),
        ("steps", "number", "30"),
        ("scale", "float", "7.5"),
        ("seed", "text", "123456"),
        ("clipSkip", "number", "4"),
        ("width", "number", "512"),
        ("height", "number", "512"),
        ("scheduler", "select", "EulerDiscreteScheduler"),
    ]
    schedulers = [option["value"] for option in group["items"][-1]["options"]]
    assert (len(schedulers), len(set(schedulers))) == (8, 7)
    assert not any("min" in item or "max" in item for item in group["items"])


async def test_tool_row_has_wiros_types(wire: Wire) -> None:
    row = await tool(wire, "wavymulder", "portraitplus")

    assert isinstance(row["id"], str)
    assert isinstance(row["marketplace"], int)
    assert (row["onlymembers"], row["averagepoint"], row["computingtime"]) == ("1", "5.00", "10 seconds")
    assert isinstance(row["taskstat"]["runcount"], int)
    assert isinstance(row["taskstat"]["successcount"], str)
    assert json.loads(row["dynamicprice"]) == [{"inputs": {}, "price": 0.000585, "priceMethod": "cps"}]
    assert row["cps"] == "0.000585000000"
    assert row["approximatelycost"] == "0.005850000000"
    assert isinstance(row["categories"], list)
    assert all(inspiration.keys() == {"prompt", "negativePrompt"} for inspiration in row["inspire"])


async def test_a_page_can_be_made_to_state_more(wire: Wire) -> None:
    wire.wiro.pages["wavymulder/portraitplus"] = {"cps": "0.1", "parameters": {"samples": {"max": 4}}}
    row = await tool(wire, "wavymulder", "portraitplus")
    items = {item["id"]: item for item in row["parameters"][0]["items"]}
    assert (row["cps"], items["samples"]["max"], items["samples"]["default"]) == ("0.1", 4, "4")
    assert "max" not in items["steps"]


async def test_training_page_lists_reference_models(wire: Wire) -> None:
    row = await tool(wire, "wiro", "train-dreambooth-sd")
    items = {item["id"]: item for item in row["parameters"][0]["items"]}
    models = {option["value"]: option for option in items["referenceModel"]["options"]}

    assert list(items) == list(TRAINING)
    assert models["632"]["triggerwords"] == ["gtav style"]
    assert models["1"]["label"] == "CompVis/stable-diffusion-v1-4"
    assert items["classificationDataSet"]["options"][0]["value"] == "person"


async def test_summary_leaves_the_inputs_out(wire: Wire) -> None:
    assert "parameters" not in await tool(wire, "wiro", "text-to-image-sd", summary=True)


async def test_unknown_tool_has_no_page(wire: Wire) -> None:
    body = {"slugowner": "nobody", "slugproject": "nothing"}

    assert await wire.error("Tool/Detail", body) == (1, "slug-owner-project-not-exist")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, 3),
        ({"search": "dreambooth"}, 2),
        ({"categories": ["train"]}, 1),
        ({"slugowner": "Wiro"}, 2),
        ({"search": "nothing like it"}, 0),
    ],
    ids=str,
)
async def test_tool_list_is_searched(wire: Wire, body: dict[str, Any], found: int) -> None:
    answer = await wire.call("Tool/List", body)

    assert answer["total"] == len(answer["tool"]) == found


async def test_tool_list_comes_in_pages(wire: Wire) -> None:
    pages = [await wire.call("Tool/List", {"start": str(start), "limit": "2"}) for start in (0, 2)]

    assert [len(page["tool"]) for page in pages] == [2, 1]
    assert {page["total"] for page in pages} == {3}


async def test_explore_has_sections_of_tools(wire: Wire) -> None:
    [section] = (await wire.call("Tool/Explore"))["explore"]

    assert section["total"] == len(section["tools"]) == 3


async def test_file_is_uploaded_into_a_folder_and_found_at_its_url(wire: Wire) -> None:
    [folder] = (await wire.call("File/FolderCreate", {"name": "fox_1"}))["list"]
    data = b"\x89PNG\r\n" * 400_000  # more than a web application takes by default
    [file] = (await wire.upload(data, folderid=folder["id"]))["list"]
    async with wire.session.get(file["url"]) as response:
        body = await response.read()

    assert folder.keys() == {"id", "name", "parentid", "size", "contenttype", "addedtime"}
    assert (folder["size"], folder["contenttype"], folder["parentid"]) == ("0", "", "0")
    assert file.keys() == {"id", "name", "contenttype", "size", "parentid", "url", "addedtime", "accesskey"}
    assert (file["parentid"], file["size"], file["contenttype"]) == (
        folder["id"],
        str(len(data)),
        "image/png",
    )
    assert len(body) == len(data)
    assert hash(body) == hash(data)  # not compared whole: a failure would print megabytes


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "Request parameter [name] required"), ("my folder", "Request parameters are invalid.")],
)
async def test_folder_needs_a_proper_name(wire: Wire, name: str, message: str) -> None:
    assert await wire.error("File/FolderCreate", {"name": name}) == (0, message)


async def test_upload_without_a_file_or_into_nowhere_is_refused(wire: Wire) -> None:
    assert await wire.error("File/Upload", {"folderid": "0"}) == (0, "Request files [file] required")
    nowhere = await wire.upload(b"x", folderid="77")
    assert nowhere["errors"] == [{"code": 0, "message": "Request parameters are invalid."}]


async def test_broken_multipart_is_refused(wire: Wire) -> None:
    headers = {**signed(), "Content-Type": "multipart/form-data; boundary=xyz"}
    response = await wire.post("File/Upload", data=json.dumps(INPUTS), headers=headers)

    assert (await response.json())["result"] is False
