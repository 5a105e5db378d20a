"""Trainings: what Run refuses, where photos come from, how long it lasts, and the model that is made."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.sandbox.wiro.wire import INPUTS, TRAIN, TRAINING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.wiro import Task, WiroStandIn
    from tests.sandbox.wiro.wire import Wire

IMAGINE = "Run/wiro/text-to-image-sd"


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"a photo")
    return out.getvalue()


async def options(wire: Wire, project: str, wiro_id: str) -> dict[str, str]:
    """What a select of a tool's page offers: labels by value."""
    answer = await wire.call("Tool/Detail", {"slugowner": "wiro", "slugproject": project})
    items = {item["id"]: item for item in answer["tool"][0]["parameters"][0]["items"]}
    return {option["value"]: option["label"] for option in items[wiro_id]["options"]}


@pytest.fixture
async def offered() -> AsyncIterator[dict[str, Any]]:
    """A server of ours: bodies by path, and under "url" where it is."""
    files: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        if request.path not in files:
            return web.Response(status=404)
        body = files[request.path]
        return body if isinstance(body, web.Response) else web.Response(body=body)

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    files["url"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield files
    await runner.cleanup()


# What Run refuses.


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my model!", "Your model name should be contain (A-Z) (0-9) (-) (_) (.)"),
        ("Münze", "Your model name should be contain (A-Z) (0-9) (-) (_) (.)"),
        ("wiro", "This name is not allowed"),
        ("Fox-1", "This model name is already in use"),
        ("", "Request parameter [trainModelName] required"),
    ],
)
async def test_model_name_is_refused(wire: Wire, wiro: WiroStandIn, name: str, message: str) -> None:
    wiro.speed = 0
    await wire.train(trainModelName="fox-1")
    folder = await wire.folder("a.jpg")

    inputs = {**TRAINING, "selectedFolder": folder, "trainModelName": name}
    assert await wire.error(TRAIN, inputs) == (0, message)
    assert len(wiro.tasks) == 1


async def test_failed_training_leaves_its_name_free(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "fail_task"})
    failed = await wire.train()
    row = await wire.ended(failed)

    assert (row["pexit"], row["totalcost"], failed.model_id) == ("1", "0", "")
    assert await options(wire, "text-to-image-sd", "selectedModelPrivate") == {}
    assert await wire.train()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "Request files [selectedFolder] required"),
        ({"selectedFolder": "77"}, "Request parameters are invalid."),
        ({"selectedFolderUrl": "photos.zip"}, "Request parameters are invalid."),
        ({"selectedFolderUrl": "ftp://127.0.0.1/photos.zip"}, "Request parameters are invalid."),
    ],
    ids=["neither", "no such folder", "no address", "no web address"],
)
async def test_training_without_photos_is_refused(wire: Wire, wrong: dict[str, str], message: str) -> None:
    assert await wire.error(TRAIN, {**TRAINING, **wrong}) == (0, message)


async def test_folder_without_photos_and_a_file_are_no_folders_of_photos(wire: Wire) -> None:
    empty, texts = await wire.folder(), await wire.folder("001-a.txt")
    [photo] = (await wire.upload(b"a photo", "a.jpg"))["list"]
    for folder in (empty, texts):
        answer = await wire.error(TRAIN, {**TRAINING, "selectedFolder": folder})
        assert answer == (0, "Request files [selectedFolder] required")
    answer = await wire.error(TRAIN, {**TRAINING, "selectedFolder": photo["id"]})
    assert answer == (0, "Request parameters are invalid.")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"resolution": "768"}, "Request parameters are invalid."),
        ({"padTokens": "--pad"}, "Request parameters are invalid."),
        ({"classificationDataSet": ""}, "Request parameter [classificationDataSet] required"),
        ({"learningRate": "fast"}, "Request parameter [learningRate] must be integer or float"),
        ({"trainingSteps": 0}, "Request parameter [trainingSteps] must be between 1 and 20000"),
        ({"referenceModelPrivate": "77"}, "Request parameters are invalid."),
    ],
    ids=lambda wrong: next(iter(wrong)) if isinstance(wrong, dict) else "",
)
async def test_wrong_input_is_refused(wire: Wire, wrong: dict[str, Any], message: str) -> None:
    inputs = {**TRAINING, "selectedFolder": await wire.folder("a.jpg"), **wrong}
    assert await wire.error(TRAIN, inputs) == (0, message)


@pytest.mark.parametrize("name", TRAINING)
async def test_each_declared_input_must_be_sent(wire: Wire, name: str) -> None:
    inputs = {**TRAINING, "selectedFolder": await wire.folder("a.jpg")}
    del inputs[name]
    assert await wire.error(TRAIN, inputs) == (0, f"Request parameter [{name}] required")


async def test_training_needs_ten_dollars(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.balance_usd = 9.99
    inputs = {**TRAINING, "selectedFolder": await wire.folder("a.jpg")}
    assert await wire.error(TRAIN, inputs) == (97, "Insufficient balance")
    wiro.balance_usd = 10
    assert await wire.train()


# Its life, and the model.


async def test_training_takes_minutes_and_tells_of_a_hundred_steps(wire: Wire, wiro: WiroStandIn) -> None:
    async with wire.session.ws_connect("/wiro/socket/v1") as socket:
        wiro.speed = 0
        task = await wire.train()
        await socket.send_json({"type": "task_info", "tasktoken": task.token})
        await wire.until(lambda: wiro.state()["tasks"][0]["followed"])
        wiro.speed = 2000
        frames = await wire.frames(socket)
    told = [frame["message"] for frame in frames if isinstance(frame.get("message"), dict)]
    percents = [message["percentage"] for message in told if message.get("type") == "progressGenerate"]

    assert 180 < task.duration_s < 320
    assert percents == [str(percent) for percent in range(1, 101)]


async def test_trained_model_is_on_the_page_and_makes_pictures_of_its_own(wire: Wire) -> None:
    task = await wire.train(trainModelDescription="a fox")
    row = await wire.ended(task)
    own = await options(wire, "text-to-image-sd", "selectedModelPrivate")

    assert task.photos == ("001-a.jpg", "002-b.jpg")
    assert [output["name"] for output in row["outputs"]] == ["0.png", "1.png"]
    assert row["modelfolderid"] == ""
    assert own == {task.model_id: "fox-1"}
    assert await options(wire, "train-dreambooth-sd", "referenceModelPrivate") == own
    assert await wire.train(trainModelName="fox-2", referenceModel="", referenceModelPrivate=task.model_id)
    pictures = []
    for chosen in ({"selectedModel": "6"}, {"selectedModelPrivate": task.model_id}):
        inputs = {**INPUTS, "selectedModel": "", "selectedModelPrivate": "", **chosen}
        made = await wire.ended(wire.wiro.tasks[(await wire.call(IMAGINE, inputs))["taskid"]])
        async with wire.session.get(made["outputs"][0]["url"]) as answer:
            pictures.append(await answer.read())
    assert pictures[0] != pictures[1]


async def test_model_that_nobody_trained_is_refused(wire: Wire) -> None:
    inputs = {**INPUTS, "selectedModel": "", "selectedModelPrivate": "900"}
    assert await wire.error(IMAGINE, inputs) == (0, "Request parameters are invalid.")


async def test_model_can_be_named_in_its_task_alone(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "unlisted_model"})
    task = await wire.train()
    row = await wire.ended(task)

    assert row["modelfolderid"] == task.model_id != ""
    assert await options(wire, "text-to-image-sd", "selectedModelPrivate") == {}
    inputs = {**INPUTS, "selectedModel": "", "selectedModelPrivate": task.model_id}
    assert (await wire.call(IMAGINE, inputs))["result"] is True


async def test_deleting_a_training_deletes_its_photos_alone(wire: Wire, wiro: WiroStandIn) -> None:
    folder = await wire.folder("001-a.jpg")
    [extra] = (await wire.upload(b"a photo", "002-b.jpg", folderid=folder))["list"]
    task = await wire.train(selectedFolder=folder)
    await wire.ended(task)
    assert [file.name for file in wiro.files_in(folder)] == ["001-a.jpg", "002-b.jpg"]
    await wire.call("Task/InputOutputDelete", {"tasktoken": task.token})

    assert wiro.files_in(folder) == []
    async with wire.session.get(extra["url"]) as answer:
        assert answer.status == 404
    assert task.model_id in await options(wire, "text-to-image-sd", "selectedModelPrivate")


async def test_model_can_be_listed_late(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "late_model", "seconds": 30})
    task = await wire.train()
    await wire.ended(task)
    assert await options(wire, "text-to-image-sd", "selectedModelPrivate") == {}
    wiro.clock.offset_s += 30
    assert list(await options(wire, "text-to-image-sd", "selectedModelPrivate")) == [task.model_id]


async def test_model_can_go_with_the_files_of_its_training(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "model_goes_with_files"})
    task = await wire.train()
    await wire.ended(task)
    made = task.model_id
    await wire.call("Task/InputOutputDelete", {"tasktoken": task.token})

    assert await options(wire, "text-to-image-sd", "selectedModelPrivate") == {}
    inputs = {**INPUTS, "selectedModel": "", "selectedModelPrivate": made}
    assert await wire.error(IMAGINE, inputs) == (0, "Request parameters are invalid.")


# Where photos come from.


async def test_zip_of_photos_is_fetched_from_our_address_or_the_uploads(
    wire: Wire, offered: dict[str, Any]
) -> None:
    offered["/photos.zip"] = zipped("003-c.jpg", "in/004-d.HEIC", "notes.txt")
    [upload] = (await wire.upload(zipped("a.jpg"), "photos.zip", "application/zip"))["list"]
    trained: list[Task] = []
    for number, url in enumerate((f"{offered['url']}/photos.zip", upload["url"])):
        trained.append(await wire.train(trainModelName=f"fox-{number}", selectedFolderUrl=url))
        await wire.ended(trained[-1])

    assert [task.photos for task in trained] == [("003-c.jpg", "in/004-d.HEIC"), ("a.jpg",)]
    assert all(task.model_id for task in trained)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/nowhere.zip", "Dataset could not be downloaded: HTTP 404"),
        ("/moved.zip", "Dataset could not be downloaded: HTTP 302"),
        ("/broken.zip", "Dataset archive could not be extracted"),
        ("/damaged.zip", "Dataset archive could not be extracted"),
        ("/texts.zip", "No image found in the dataset folder"),
    ],
)
async def test_training_ends_before_it_starts_without_its_photos(
    wire: Wire, offered: dict[str, Any], path: str, error: str
) -> None:
    offered["/moved.zip"] = web.Response(status=302, headers={"Location": "http://example.com/"})
    offered["/broken.zip"] = b"PK no archive"
    offered["/damaged.zip"] = zipped("a.jpg").replace(b"a photo", b"b photo", 1)
    offered["/texts.zip"] = zipped("a.txt")
    row = await wire.ended(await wire.train(selectedFolderUrl=offered["url"] + path))

    assert (row["status"], row["debugerror"], row["pexit"]) == ("task_error", error, "")
    assert (row["starttime"], row["totalcost"]) == ("0", "0")


async def test_no_other_machine_is_called_for_photos(wire: Wire) -> None:
    row = await wire.ended(await wire.train(selectedFolderUrl="https://example.com/photos.zip"))

    assert row["status"] == "task_error"
    assert "the sandbox calls no other machine" in row["debugerror"]


async def test_zip_can_be_answered_with_the_folder_it_became(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "zip_is_folder"})
    [folder] = (await wire.upload(zipped("a.jpg", "b.jpg"), "photos.zip", "application/zip"))["list"]
    task = await wire.train(selectedFolder=folder["id"])
    await wire.ended(task)

    assert "url" not in folder
    assert task.photos == ("a.jpg", "b.jpg")


async def test_upload_can_land_elsewhere_or_be_refused(wire: Wire, wiro: WiroStandIn) -> None:
    folder = await wire.folder()
    wiro.apply({"fault": "upload_elsewhere"})
    [file] = (await wire.upload(b"a photo", "a.jpg", folderid=folder))["list"]
    assert file["parentid"] == "0"
    assert wiro.files_in(folder) == []
    wiro.apply({"fault": "upload_refused"})
    answer = await wire.upload(b"a photo", "a.jpg", folderid=folder)
    assert answer["errors"] == [{"code": 0, "message": "invalid-parameters"}]
    assert (await wire.upload(b"a photo", "a.jpg", folderid=folder))["result"] is True


@pytest.mark.parametrize("name", ["a.exe", "jpg", "a" * 252 + ".jpg"])
async def test_file_of_a_wrong_name_or_type_is_not_stored(wire: Wire, wiro: WiroStandIn, name: str) -> None:
    answer = await wire.upload(b"a photo", name)
    assert answer["errors"] == [{"code": 0, "message": "Request parameters are invalid."}]
    assert wiro.files_in("0") == []


async def test_folder_is_made_in_another_one_that_exists(wire: Wire) -> None:
    outer = await wire.folder()
    [inner] = (await wire.call("File/FolderCreate", {"name": "inner", "parentid": outer}))["list"]
    assert inner["parentid"] == outer
    for nowhere in ("77", (await wire.upload(b"x", "a.jpg"))["list"][0]["id"]):
        answer = await wire.error("File/FolderCreate", {"name": "inner", "parentid": nowhere})
        assert answer == (0, "Request parameters are invalid.")
