"""What the parts of the stand-in share: time, the account, the tasks, the files, the faults."""

from __future__ import annotations

import asyncio
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.clock import SandboxClock
from sandbox.wiro.faults import Faults
from sandbox.wiro.inputs import Option
from sandbox.wiro.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from sandbox.wiro.account import Account
    from sandbox.wiro.tools import Tool

_TOKEN_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded, or a folder (`data` is None)."""

    id: str
    name: str
    content_type: str
    parent_id: str
    folder: str
    access_key: str
    added_s: float
    data: bytes | None = field(default=None, repr=False)


class World:
    """The state of the stand-in; every part reads and changes it on the event loop's thread only."""

    def __init__(self, account: Account, clock: SandboxClock, rng: Random) -> None:
        self.account = account
        self.clock = clock
        # The workers' own time: it passes `speed` times as fast as the clock's.
        self.machine = SandboxClock(of=clock)
        self.rng = rng
        self.faults = Faults(self.changed)
        self.tasks: dict[str, Task] = {}
        self.pages: dict[str, Mapping[str, Any]] = {}
        self.uploads: dict[str, Upload] = {}
        self.base_url = ""
        self.stopping = asyncio.Event()
        self._by_token: dict[str, Task] = {}
        self._by_folder: dict[str, Task | Upload] = {}
        self._watchers: set[asyncio.Event] = set()
        self._next_id = rng.randrange(100_000, 900_000)

    # Time.

    def now_s(self) -> float:
        """Unix time of the sandbox, without Wiro's error."""
        return self.clock.time_s()

    def skew_s(self) -> float:
        """How far Wiro's own clock is ahead."""
        fault = self.faults.peek("clock_skew")
        return float(fault["seconds"]) if fault else 0.0

    async def pause(self, delay_s: float) -> None:
        """Wait as a fault wants it, but not past the stand-in's end."""
        sleep = asyncio.create_task(self.clock.sleep(delay_s))
        stop = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({sleep, stop}, return_when=asyncio.FIRST_COMPLETED)
        sleep.cancel()
        stop.cancel()

    # Names that Wiro gives.

    def new_id(self) -> str:
        """The next id: digits, as every id of Wiro's."""
        self._next_id += 1
        return str(self._next_id)

    def new_token(self, length: int = 30) -> str:
        """Letters and digits that nobody guesses."""
        return "".join(self.rng.choices(_TOKEN_LETTERS, k=length))

    def new_folder(self) -> str:
        """The part of a file's address that nobody guesses: eight groups of hexadecimal digits."""
        return "-".join(f"{self.rng.getrandbits(32):08x}" for _ in range(8))

    # Tasks.

    def add_task(
        self,
        tool: Tool,
        inputs: Mapping[str, Any],
        *,
        duration_s: float,
        callback_url: str = "",
        who: str = "bot",
        traits: Mapping[str, Any] | None = None,
    ) -> Task:
        """A new task, queued."""
        task = Task(
            self.new_id(),
            self.new_token(),
            tool,
            dict(inputs),
            self.now_s(),
            duration_s,
            callback_url,
            who,
            traits or {},
        )
        self.tasks[task.id] = self._by_token[task.token] = task
        self.changed()
        return task

    def find_task(self, name: str) -> Task | None:
        """The task of that id or token, unless it is not to be seen yet."""
        task = self.tasks.get(name) or self._by_token.get(name)
        return task if task and self.now_s() >= task.visible_from_s else None

    # Files.

    def add_upload(self, name: str, content_type: str, parent_id: str, data: bytes | None) -> Upload:
        """A new file or folder in the account's storage."""
        upload = Upload(
            self.new_id(),
            name,
            content_type,
            parent_id,
            self.new_folder(),
            self.new_token(16),
            self.now_s(),
            data,
        )
        self.uploads[upload.id] = self._by_folder[upload.folder] = upload
        return upload

    def is_folder(self, folder_id: str) -> bool:
        """Whether the account has a folder of that id; "0" is the one that all others are in."""
        found = self.uploads.get(folder_id)
        return folder_id == "0" or (found is not None and found.data is None)

    def files_in(self, folder_id: str) -> list[Upload]:
        """The files that were uploaded into a folder, in their order."""
        return [one for one in self.uploads.values() if one.parent_id == folder_id and one.data is not None]

    def forget_files(self, folder_id: str) -> None:
        """Delete what is in a folder, for the CDN too."""
        for file in self.files_in(folder_id):
            del self.uploads[file.id], self._by_folder[file.folder]

    def add_output_folder(self, task: Task) -> str:
        """A new address under which the task's files are found."""
        folder = self.new_folder()
        self._by_folder[folder] = task
        return folder

    def find_folder(self, folder: str) -> Task | Upload | None:
        """What lies at that address."""
        return self._by_folder.get(folder)

    def file_url(self, folder: str, name: str) -> str:
        """The public address of a file."""
        return f"{self.base_url}/wiro/cdn/{folder}/{name}"

    def own_models(self) -> list[Option]:
        """The models that this account's trainings made, as a select offers them."""
        return [_own_model(task) for task in self.trained() if self._is_listed(task)]

    def _is_listed(self, task: Task) -> bool:
        late = task.traits.get("late_model")
        listed_s = (task.ended_s or 0.0) + (late["seconds"] if late else 0.0)
        return "unlisted_model" not in task.traits and self.now_s() >= listed_s

    def trained(self) -> list[Task]:
        """The trainings that made a model."""
        return [task for task in self.tasks.values() if task.model_id]

    # Who looks on.

    def watch(self) -> asyncio.Event:
        """An event that is set at every change; whoever waits on it clears it."""
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        return watcher

    def unwatch(self, watcher: asyncio.Event) -> None:
        """Forget an event that `watch` gave."""
        self._watchers.discard(watcher)

    def changed(self) -> None:
        """Tell those who watch."""
        for watcher in self._watchers:
            watcher.set()


def _own_model(task: Task) -> Option:
    name, about = (str(task.inputs[key]) for key in ("trainModelName", "trainModelDescription"))
    return Option(task.model_id, name, about)
