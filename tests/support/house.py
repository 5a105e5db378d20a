"""The whole house for end-to-end tests: the sandbox in this process, the real bot in another."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self, TypeVar

import aiohttp

from bot.clock import SystemClock
from bot.store import migrate
from sandbox.discord.actions import AnswerKind
from sandbox.server import Sandbox
from tests.support.books import all_jobs, reading
from tests.support.inspector import Inspector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.model import Job, JobState
    from sandbox.clock import SandboxClock
    from sandbox.discord import Limits
    from sandbox.discord.actions import Interaction, Modal
    from sandbox.wiro.tasks import Task

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0
"""How long a condition may take to come true before the test fails; a good run is never near it."""


async def until(
    condition: Callable[[], T | None] | Callable[[], Awaitable[T | None]],
    what: str,
    patience_s: float = PATIENCE_S,
    *,
    every_s: float = 0.01,
) -> T:
    """Return the first truthy answer of `condition`; fail naming `what` when none comes."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if asyncio.get_running_loop().time() > deadline:
            msg = f"{what}: did not happen within {patience_s:g} s"
            raise AssertionError(msg)
        await asyncio.sleep(every_s)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BotProcess:
    """The bot as it ships, `python -m bot run`, started, killed and started again on one data folder.

    Attributes:
        has_stdin: Its standard input is a pipe.
    """

    has_stdin = False

    def __init__(self, sandbox: Sandbox, folder: Path, settings: dict[str, str]) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.port = free_port()
        self.log_path = folder / "bot.log"
        self.database = folder / "data" / "atelier.db"
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name in {"PATH", "SYSTEMROOT", "HOME", "LANG"}
            },
            **sandbox.bot_environment(),
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": f"sqlite:///{self.database.as_posix()}",
            "HTTP_PORT": str(self.port),
            "LOG_LEVEL": "DEBUG",
            **{name: value.replace("{port}", str(self.port)) for name, value in settings.items()},
        }
        self.process: asyncio.subprocess.Process | None = None

    @property
    def command(self) -> list[str]:
        """The arguments of Python that start it."""
        return ["-m", "bot", "run"]

    async def spawn(self) -> None:
        """Start it and wait for nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.PIPE if self.has_stdin else asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start(self) -> Self:
        """Start it and return when the sandbox's people can use its commands."""
        sessions = self.sandbox.discord.gateway.identifies
        await self.spawn()
        await until(
            lambda: self.sandbox.discord.gateway.identifies > sessions or self._died(), "the bot logs in"
        )
        await until(
            lambda: self.sandbox.discord.commands("mira", "portraits") or self._died(),
            "the bot offers its commands",
        )
        return self

    def _died(self) -> bool:
        if self.process is not None and self.process.returncode is not None:
            msg = f"the bot ended with {self.process.returncode}:\n{self.log()[-4000:]}"
            raise AssertionError(msg)
        return False

    def log(self) -> str:
        """What it wrote to its log so far, over all starts."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    async def kill(self) -> None:
        """`kill -9`: no goodbye of any kind."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(12):
            return await self.process.wait()


class House:
    """A sandbox, a bot in it, and the words to use both."""

    def __init__(self, sandbox: Sandbox, bot: BotProcess) -> None:
        self.sandbox = sandbox
        self.bot = bot
        self.discord = sandbox.discord
        self.wiro = sandbox.wiro
        self.inspector = Inspector(sandbox, bot)
        self._speed = sandbox.wiro.speed
        self._since = 0
        self._tasks_before = 0

    async def portrait(self, person: str = "mira", channel: str = "portraits", **options: Any) -> Interaction:
        """Use `/portrait`, by default for one small image."""
        return await self.discord.command(
            person,
            channel,
            "portrait",
            {"prompt": "a lighthouse keeper", "samples": 1, "steps": 4, **options},
        )

    def card(self, interaction: Interaction, person: str = "mira") -> dict[str, Any] | None:
        """The message that the interaction became, as that person sees it now."""
        if interaction.original is None:
            return None
        wanted = str(interaction.original.id)
        shown = self.discord.messages(interaction.channel, as_=person)
        return next((message for message in shown if message["id"] == wanted), None)

    def text(self, interaction: Interaction, person: str = "mira") -> str:
        """Every word of the card."""
        card = self.card(interaction, person)
        return "" if card is None else words(card)

    async def card_says(self, interaction: Interaction, part: str, person: str = "mira") -> dict[str, Any]:
        """Wait until the card contains these words and return it."""

        def shown() -> dict[str, Any] | None:
            card = self.card(interaction, person)
            return card if card is not None and part.casefold() in words(card).casefold() else None

        try:
            found: dict[str, Any] = await until(shown, f"the card says {part!r}")
        except AssertionError as error:
            msg = f"{error}; it says:\n{self.text(interaction, person)}\n--- log\n{self.bot.log()[-3000:]}"
            raise AssertionError(msg) from None
        return found

    async def images(
        self, interaction: Interaction, number: int, person: str = "mira"
    ) -> list[dict[str, Any]]:
        """Wait until the card shows that many images and return the gallery's items."""

        def shown() -> list[dict[str, Any]] | None:
            card = self.card(interaction, person)
            items = gallery(card) if card is not None else []
            return items if len(items) == number else None

        try:
            found: list[dict[str, Any]] = await until(shown, f"the card shows {number} images")
        except AssertionError as error:
            msg = f"{error}; it says:\n{self.text(interaction, person)}\n--- log\n{self.bot.log()[-3000:]}"
            raise AssertionError(msg) from None
        return found

    async def refusal(self, interaction: Interaction) -> str:
        """The words of the one private answer that the interaction got instead of a card."""
        answer = await interaction.answered()
        assert answer.kind is AnswerKind.MESSAGE, answer.kind
        assert answer.message is not None
        assert answer.message["flags"] & 64, "a refusal is for its reader alone"
        return words(answer.message)

    async def private_answer(self, interaction: Interaction) -> dict[str, Any]:
        """The message of the interaction's answer, which only its reader sees."""
        await self.refusal(interaction)
        card = self.card(interaction, interaction.person.key)
        assert card is not None
        return card

    async def press(self, message: dict[str, Any] | None, label: str, person: str = "mira") -> Interaction:
        """Press the button of that label."""
        assert message is not None
        return await self.discord.click(person, message, buttons(message)[label])

    def posted(self, channel: str = "portraits", person: str = "mira") -> list[dict[str, Any]]:
        """The messages there, as that person sees them, since the test began; none where no channel is."""
        if channel not in self.discord.channels:
            return []
        shown = self.discord.messages(channel, as_=person)
        return [message for message in shown if int(message["id"]) > self._since]

    def runs(self) -> int:
        """How many tasks were made at Wiro since the test began."""
        return len(self.tasks())

    def tasks(self) -> list[Task]:
        """The tasks that were made at Wiro since the test began, oldest first."""
        return list(self.wiro.tasks.values())[self._tasks_before :]

    def jobs(self) -> list[Job]:
        """Every job of the database, oldest first."""
        with reading(self.bot.database) as conn:
            return all_jobs(conn)

    def job(self, interaction: Interaction) -> Job | None:
        """The job that the interaction started, if it did."""
        return next((job for job in self.jobs() if job.interaction_id == interaction.id), None)

    async def reaches(self, interaction: Interaction, *states: JobState) -> Job:
        """Wait until the interaction's job is in one of these states and return it."""

        def there() -> Job | None:
            job = self.job(interaction)
            return job if job is not None and job.state in states else None

        try:
            found: Job = await until(there, f"the job is {' or '.join(states)}", every_s=0.03)
        except AssertionError as error:
            msg = f"{error}; it is {self.job(interaction)}, its command {interaction.answer}"
            raise AssertionError(msg) from None
        return found

    async def get(self, path: str) -> tuple[int, str]:
        """What the operator's port answers: status and text."""
        url = f"http://127.0.0.1:{self.bot.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def metric(self, line: str) -> float:
        """The value of one line of `/metrics`, 0 when it is not there yet."""
        _, text = await self.get("/metrics")
        found = [each for each in text.splitlines() if each.startswith(f"{line} ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    async def all_end(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until every job has ended."""

        def ended() -> bool | None:
            return all(job.state.has_ended for job in self.jobs())

        await until(ended, "every job has ended", patience_s, every_s=0.05)

    async def tidy(self) -> None:
        """Between two tests that share a house: everything works again, all has ended, and is inspected."""
        self.discord.faults.clear()
        self.wiro.apply({"clear": True})
        self.wiro.paused, self.wiro.speed = False, self._speed
        await self.all_end()
        self.inspector.inspect()
        self._since = self.discord.times.new_id()
        self._tasks_before = len(self.wiro.tasks)
        self.discord.requests.clear()
        self.wiro.requests.clear()


def parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """All components of a message, outermost first."""
    found: list[dict[str, Any]] = []
    waiting = list(message.get("components", []))
    while waiting:
        part = waiting.pop(0)
        found.append(part)
        waiting = [
            *part.get("components", []),
            *([part["accessory"]] if "accessory" in part else []),
            *waiting,
        ]
    return found


def words(message: dict[str, Any]) -> str:
    """Content and texts of a message, a line each."""
    texts = [part["content"] for part in parts(message) if part["type"] == 10]
    return "\n".join([message.get("content", ""), *texts]).strip()


def gallery(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of the message's media gallery."""
    return [item for part in parts(message) if part["type"] == 12 for item in part["items"]]


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Label and custom id of each button that can be pressed."""
    return {
        part["label"]: part["custom_id"]
        for part in parts(message)
        if part["type"] == 2 and "custom_id" in part and not part.get("disabled")
    }


def fields(modal: Modal, *, values: bool = False) -> dict[str, str]:
    """The custom id of each field of a form by the id's last word, or with `values` what each holds."""
    found = [part["component"] for part in modal.components if "component" in part]
    return {
        each["custom_id"].rpartition(":")[2]: str(each.get("value", "")) if values else each["custom_id"]
        for each in found
    }


@cache
def new_database() -> bytes:
    """An SQLite file as the bot makes it at its first start."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "atelier.db"
        migrate.upgrade(f"sqlite:///{file.as_posix()}", SystemClock())
        return file.read_bytes()


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    speed: float = 40.0,
    clock: SandboxClock | None = None,
    limits: Limits | None = None,
    database: bool = True,
    make_bot: Callable[[Sandbox, Path, dict[str, str]], BotProcess] = BotProcess,
    **settings: str,
) -> AsyncIterator[House]:
    """A running house whose Wiro works `speed` times as fast as the real one, inspected at its end.

    `{port}` in a setting is the operator's port. With `database` the bot finds its database made already,
    which spares it a second.
    """
    async with Sandbox(port=0, speed=speed, clock=clock, limits=limits) as sandbox:
        bot = make_bot(sandbox, folder, settings)
        if database and "DATABASE_URL" not in settings:
            bot.database.parent.mkdir(parents=True)
            bot.database.write_bytes(await asyncio.to_thread(new_database))
        house = House(sandbox, bot)
        try:
            await bot.start()
            yield house
            assert await bot.stop() in {0, -signal.SIGKILL}, bot.log()[-3000:]
            house.inspector.inspect()
        finally:
            await bot.kill()
