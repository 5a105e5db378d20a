"""The whole house for end-to-end tests: the sandbox in this process, the real bot in another."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sandbox.discord.actions import Interaction

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0
"""How long a condition may take to come true before the test fails; a good run is never near it."""


async def until(
    condition: Callable[[], Any] | Callable[[], Awaitable[Any]], what: str, patience_s: float = PATIENCE_S
) -> Any:
    """Return the first truthy answer of `condition`; fail naming `what` when none comes."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        answer = condition()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        if asyncio.get_running_loop().time() > deadline:
            msg = f"{what}: did not happen within {patience_s:g} s"
            raise AssertionError(msg)
        await asyncio.sleep(0.01)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BotProcess:
    """The bot as it ships, `python -m bot run`, started, killed and started again on one data folder."""

    def __init__(self, sandbox: Sandbox, folder: Path, settings: dict[str, str]) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.port = free_port()
        self.log_path = folder / "bot.log"
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name in {"PATH", "SYSTEMROOT", "HOME", "LANG"}
            },
            **sandbox.bot_environment(),
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": f"sqlite:///{(folder / 'data' / 'atelier.db').as_posix()}",
            "HTTP_PORT": str(self.port),
            "LOG_LEVEL": "DEBUG",
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> Self:
        """Start it and return when the sandbox's people can use its commands."""
        self.folder.mkdir(parents=True, exist_ok=True)
        sessions = self.sandbox.discord.gateway.identifies
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"),
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
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
            return await until(shown, f"the card says {part!r}")
        except AssertionError as error:
            msg = f"{error}; it says:\n{self.text(interaction, person)}\n--- log\n{self.bot.log()[-3000:]}"
            raise AssertionError(msg) from None

    async def images(
        self, interaction: Interaction, number: int, person: str = "mira"
    ) -> list[dict[str, Any]]:
        """Wait until the card shows that many images and return the gallery's items."""

        def shown() -> list[dict[str, Any]] | None:
            card = self.card(interaction, person)
            items = gallery(card) if card is not None else []
            return items if len(items) == number else None

        try:
            return await until(shown, f"the card shows {number} images")
        except AssertionError as error:
            msg = f"{error}; it says:\n{self.text(interaction, person)}\n--- log\n{self.bot.log()[-3000:]}"
            raise AssertionError(msg) from None

    def runs(self) -> int:
        """How many tasks were ever made at Wiro."""
        return len(self.wiro.tasks)


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


@asynccontextmanager
async def open_house(folder: Path, *, speed: float = 40.0, **settings: str) -> AsyncIterator[House]:
    """A running house whose Wiro works `speed` times as fast as the real one."""
    async with Sandbox(port=0) as sandbox:
        sandbox.wiro.speed = speed
        bot = BotProcess(sandbox, folder, settings)
        try:
            await bot.start()
            yield House(sandbox, bot)
        finally:
            await bot.kill()
