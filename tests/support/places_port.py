"""Discord as trainings see it beyond the stage (`bot.jobs.preparing.Places`), and Wiro's storage."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.jobs.ports import Denied, Done, Unknown
from bot.wiro import StoredFile

if TYPE_CHECKING:
    from bot.jobs.milestones import Milestone
    from bot.jobs.ports import Put
    from bot.model import Job
    from bot.training import Follow
    from bot.wiro import FilePart


@dataclass
class SimulatedFile:
    """A file or a folder in the account's storage."""

    id: str
    name: str
    folder_id: str
    data: bytes = b""


class SimulatedPlaces:
    """Opens places and posts cards; remembers them.

    Attributes:
        opens: What becomes of the next openings; None (or none left): it works. (Unknown, True): it is made,
            and nobody is told.
        posts: Likewise of the next cards.
    """

    def __init__(self) -> None:
        self.opens: deque[Denied | Unknown | tuple[Unknown, bool] | None] = deque()
        self.posts: deque[Put | tuple[Unknown, bool] | None] = deque()
        self.channels: dict[str, tuple[int, Follow]] = {}
        self.cards: dict[int, tuple[int, int]] = {}
        self.opened = self.posted = 0
        self.said: list[tuple[str, Milestone]] = []

    async def open(self, job: Job, follow: Follow, *, may_be_there: bool) -> int | Denied | Unknown:
        await asyncio.sleep(0)
        if may_be_there and job.code in self.channels:
            return self.channels[job.code][0]
        outcome = self.opens.popleft() if self.opens else None
        if isinstance(outcome, Denied | Unknown):
            return outcome
        self.opened += 1
        self.channels[job.code] = (7_000 + job.id, follow)
        return Unknown() if outcome is not None else self.channels[job.code][0]

    async def put_card(self, job: Job, *, may_be_there: bool) -> Put:
        await asyncio.sleep(0)
        if may_be_there and job.id in self.cards:
            channel_id, message_id = self.cards[job.id]
            return Done(channel_id=channel_id, message_id=message_id)
        outcome = self.posts.popleft() if self.posts else None
        if outcome is not None and not isinstance(outcome, tuple):
            return outcome
        self.posted += 1
        self.cards[job.id] = (job.channel_id, 60_000 + job.id)
        return (
            Unknown() if outcome is not None else Done(channel_id=job.channel_id, message_id=60_000 + job.id)
        )

    async def say(self, job: Job, milestone: Milestone) -> None:
        self.said.append((job.code, milestone))


class SimulatedStorage:
    """Wiro's files.

    Attributes:
        fails: By "folder" or "upload": what its next calls raise, in order; None: nothing. With `stores` the
            file is there all the same.
    """

    def __init__(self) -> None:
        self.fails: dict[str, deque[Exception | None]] = defaultdict(deque)
        self.stores = False
        self.files: dict[str, SimulatedFile] = {}
        self.misplaces = False

    def folders(self) -> dict[str, list[str]]:
        """The names in each folder, by the folder's name."""
        found = {each.name: [] for each in self.files.values() if not each.data}  # type: dict[str, list[str]]
        for each in self.files.values():
            if each.data and each.folder_id:
                found[self.files[each.folder_id].name].append(each.name)
        return found

    async def create_folder(self, name: str) -> StoredFile:
        await self._call("folder")
        return self._keep(SimulatedFile(self._next(), name, ""))

    async def upload(self, file: FilePart, folder_id: str | None = None) -> StoredFile:
        part = SimulatedFile(self._next(), file.filename, folder_id or "", file.data)
        try:
            await self._call("upload")
        except Exception:
            if self.stores:
                self._keep(part)
            raise
        if self.misplaces:
            part.folder_id = "0"
        return self._keep(part)

    def _next(self) -> str:
        return str(len(self.files) + 1)

    def _keep(self, file: SimulatedFile) -> StoredFile:
        self.files[file.id] = file
        return StoredFile(
            id=file.id, name=file.name, folder_id=file.folder_id, url=f"https://cdn/{file.id}/{file.name}"
        )

    async def _call(self, name: str) -> None:
        await asyncio.sleep(0)
        if self.fails[name] and (error := self.fails[name].popleft()) is not None:
            raise error
