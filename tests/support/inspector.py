"""What must be true of a bot after any test: its books are right, and its log tells no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.books import faults_of, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.server import Sandbox
    from tests.support.house import BotProcess

TRACEBACK = "Traceback (most recent call last)"


class Inspector:
    """Inspects the bot's database and what its log says since the last inspection.

    Attributes:
        expects_traceback: The log may have a traceback, because the test causes a fault; for one inspection.
    """

    def __init__(self, sandbox: Sandbox, bot: BotProcess) -> None:
        self._sandbox = sandbox
        self._bot = bot
        self._read = 0
        self.expects_traceback = False

    def inspect(self) -> None:
        """Fail when something is wrong."""
        if self._bot.database.exists():
            with reading(self._bot.database) as conn:
                faults = faults_of(conn)
            assert faults == []
        log = self._bot.log()
        fresh, self._read = log[self._read :], len(log)
        for what, secret in self._secrets():
            assert secret not in fresh, f"the log tells {what}"
        if not self.expects_traceback:
            assert TRACEBACK not in fresh, fresh[max(0, fresh.index(TRACEBACK) - 500) :][:5000]
        self.expects_traceback = False

    def _secrets(self) -> Iterator[tuple[str, str]]:
        yield "the bot's token", self._sandbox.discord.token
        environment = self._sandbox.bot_environment()
        yield "Wiro's key", environment["WIRO_API_KEY"]
        yield "Wiro's secret", environment["WIRO_API_SECRET"]
        for interaction in self._sandbox.discord._interactions._by_token.values():
            yield "an interaction's token", interaction.token
        for task in self._sandbox.wiro.tasks.values():
            yield "a task's token", task.token
            prompt = str(task.inputs.get("prompt", "")).removeprefix("portrait+ style ").strip("* ")
            if prompt:
                yield "a prompt", prompt
            if task.callback_url:
                yield "a hook's token", task.callback_url.rpartition("/")[2]
