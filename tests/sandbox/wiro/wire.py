"""A signed client of the stand-in, for its tests."""

from __future__ import annotations

import asyncio
import io
import itertools
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.wiro.auth import signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.wiro import Task, WiroStandIn

PORTRAIT = "Run/wavymulder/portraitplus"
INPUTS: dict[str, Any] = {
    "prompt": "portrait+ style a fox",
    "negativePrompt": "",
    "samples": 1,
    "steps": 4,
    "scale": "7.5",
    "seed": "123456",
    "clipSkip": 4,
    "width": 64,
    "height": 64,
    "scheduler": "EulerDiscreteScheduler",
}
TRAIN = "Run/wiro/train-dreambooth-sd"
TRAINING: dict[str, Any] = {
    "trainModelName": "fox-1",
    "trainModelDescription": "",
    "referenceModel": "1",
    "referenceModelPrivate": "",
    "classificationDataSet": "person",
    "instancePrompt": "photo of sks fox",
    "classPrompt": "photo of a fox",
    "saveSamplePrompt": "photo of sks fox in the snow",
    "saveSampleNegativePrompt": "",
    "seed": "7",
    "classImages": 50,
    "nSaveSample": 2,
    "saveGuidanceScale": 7.5,
    "saveInferSteps": 30,
    "priorLossWeight": 1.0,
    "trainBatchSize": 1,
    "sampleBatchSize": 4,
    "trainingSteps": 800,
    "gradientAccumulationSteps": 1,
    "learningRate": 0.000002,
    "lrWarmUpSteps": 0,
    "adamBeta1": 0.9,
    "adamBeta2": 0.999,
    "adamWeightDecay": 0.01,
    "adamEpsilon": 1e-8,
    "maxGradNorm": 1.0,
    "saveInterval": 10_000,
    "saveMinSteps": 10_000,
    "padTokens": False,
    "withPriorPreservation": True,
    "centerCrop": True,
    "trainTextEncoder": True,
    "gradientCheckpointing": True,
    "scaleLR": False,
    "use8BitAdam": True,
    "resolution": "512",
    "lrScheduler": "constant",
    "mixedPrecision": "fp16",
    "selectedFolder": "",
    "selectedFolderUrl": "",
}
KEY, SECRET = "sandbox-key", "sandbox-secret"
_nonces = itertools.count(1)


def signed(key: str = KEY, secret: str = SECRET, nonce: str | None = None) -> dict[str, str]:
    nonce = nonce or str(next(_nonces))
    return {"x-api-key": key, "x-nonce": nonce, "x-signature": signature(key, secret, nonce)}


class Wire:
    """Calls, and waits on what the stand-in itself says has changed."""

    def __init__(self, wiro: WiroStandIn, session: aiohttp.ClientSession) -> None:
        self.wiro = wiro
        self.session = session

    async def post(self, path: str, **request: Any) -> aiohttp.ClientResponse:
        request.setdefault("headers", signed())
        response = await self.session.post(f"/wiro/v1/{path}", **request)
        await response.read()
        return response

    async def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        response = await self.post(path, json=body or {})
        answer: dict[str, Any] = await response.json()
        return answer

    async def error(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """Code and message of a call that is refused, with nothing else in its answer."""
        answer = await self.call(path, body)
        assert answer.keys() == {"result", "errors"}
        assert answer["result"] is False
        [error] = answer["errors"]
        return error["code"], error["message"]

    async def run(self, path: str = PORTRAIT, **inputs: Any) -> Task:
        answer = await self.call(path, {**INPUTS, **inputs})
        return self.wiro.tasks[answer["taskid"]]

    async def upload(
        self, data: bytes, name: str = "fox.png", content_type: str = "image/png", **fields: str
    ) -> dict[str, Any]:
        """The whole answer to an upload."""
        form = aiohttp.FormData()
        for key, value in fields.items():
            form.add_field(key, value)
        form.add_field("file", io.BytesIO(data), filename=name, content_type=content_type)
        answer: dict[str, Any] = await (await self.post("File/Upload", data=form)).json()
        return answer

    async def folder(self, *names: str) -> str:
        """The id of a new folder with files of these names in it."""
        [made] = (await self.call("File/FolderCreate", {"name": "photos"}))["list"]
        for name in names:
            await self.upload(b"a photo", name, folderid=made["id"])
        return str(made["id"])

    async def train(self, **inputs: Any) -> Task:
        """A training that was started, of two photos unless the inputs say otherwise."""
        if not inputs.keys() & {"selectedFolder", "selectedFolderUrl"}:
            inputs["selectedFolder"] = await self.folder("001-a.jpg", "002-b.jpg")
        answer = await self.call(TRAIN, {**TRAINING, **inputs})
        return self.wiro.tasks[answer["taskid"]]

    async def row(self, task: Task) -> dict[str, Any]:
        answer = await self.call("Task/Detail", {"taskid": task.id})
        row: dict[str, Any] = answer["tasklist"][0]
        return row

    async def until(self, holds: Callable[[], bool]) -> None:
        changed = self.wiro.subscribe()
        async with asyncio.timeout(20):
            while not holds():
                await changed.wait()
                changed.clear()
        self.wiro.unsubscribe(changed)

    async def ended(self, task: Task) -> dict[str, Any]:
        """The row of a task when it has ended."""
        await self.until(lambda: task.is_ended)
        return await self.row(task)

    async def frames(
        self, socket: aiohttp.ClientWebSocketResponse, last: str = "task_postprocess_end"
    ) -> list[dict[str, Any]]:
        """The socket's frames up to one of type `last`."""
        frames: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while not frames or frames[-1].get("type") != last:
                frames.append(await socket.receive_json())
        return frames
