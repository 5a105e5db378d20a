"""The pictures that tasks make: drawn in a thread, kept while there is room, drawn again when wanted."""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from sandbox.wiro.inputs import number_of
from sandbox.wiro.portraits import Picture
from sandbox.wiro.tasks import Output, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.wiro.world import World

_KEPT_BYTES = 64 * 1024 * 1024
_PAINTERS = 2  # a picture is all CPU: more threads than cores only delay each other


class Gallery:
    """Paints what a task's inputs ask for; the same inputs give the same bytes.

    `variety` makes that many different pictures serve for all prompts and seeds, so that a benchmark does not
    measure the painter.
    """

    def __init__(self, world: World, painter: Callable[[Picture], bytes]) -> None:
        self.variety: int | None = None
        self._world = world
        self._painter = painter
        self._kept: OrderedDict[Picture, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._being_painted: dict[Picture, asyncio.Task[bytes]] = {}
        self._easel = asyncio.Semaphore(_PAINTERS)

    async def make_outputs(self, task: Task) -> tuple[Output, ...]:
        """The files that the task will have made, at an address nobody knows yet."""
        sizes = [len(await self.get(self.picture(task, index))) for index in range(_samples(task))]
        folder = self._world.add_output_folder(task)
        return tuple(
            Output(
                id=self._world.new_id(),
                name=f"{index}.png",
                content_type="image/png",
                size=size,
                folder=folder,
                access_key=self._world.new_token(16),
                added_s=self._world.now_s(),
                url=self._world.file_url(folder, f"{index}.png"),
            )
            for index, size in enumerate(sizes)
        )

    def picture(self, task: Task, index: int) -> Picture:
        """What the task's output of that index shows."""
        prompt = str(task.inputs.get("saveSamplePrompt" if task.tool.trains else "prompt") or "")
        seed = _seed(task.inputs.get("seed"))
        if own_model := str(task.inputs.get("selectedModelPrivate") or ""):
            seed ^= zlib.crc32(own_model.encode())  # it knows other faces
        if self.variety is not None:
            prompt, seed = "", seed % self.variety
        width, height = (int(number_of(task.inputs, side, 512)) for side in ("width", "height"))
        return Picture(prompt, seed, index, width, height)

    async def get(self, picture: Picture) -> bytes:
        """The picture as PNG."""
        if data := self._kept.get(picture):
            self._kept.move_to_end(picture)
            return data
        painting = self._being_painted.get(picture)
        if painting is None:
            painting = asyncio.create_task(self._paint(picture))
            self._being_painted[picture] = painting
        # Shielded: others may wait for the same picture.
        return await asyncio.shield(painting)

    async def stop(self) -> None:
        """Return when no picture is being painted any more."""
        await asyncio.gather(*self._being_painted.values(), return_exceptions=True)

    async def _paint(self, picture: Picture) -> bytes:
        try:
            async with self._easel:
                data = await asyncio.to_thread(self._painter, picture)
            self._keep(picture, data)
            return data
        finally:
            del self._being_painted[picture]

    def _keep(self, picture: Picture, data: bytes) -> None:
        self._kept[picture] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > _KEPT_BYTES:
            _, old = self._kept.popitem(last=False)
            self._kept_bytes -= len(old)


def _samples(task: Task) -> int:
    return int(number_of(task.inputs, "nSaveSample" if task.tool.trains else "samples", 4))


def _seed(value: object) -> int:
    """The seed as a number; the field is text, so that words are seeds too."""
    text = str(value if value is not None else "")
    return int(text) if text.isdecimal() and len(text) < 20 else zlib.crc32(text.encode())
