"""What must be true of a bot after any test: books in order, nothing twice, no secret in its log."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.support.books import all_jobs, faults_of, late_tasks, reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bot.model import Job
    from sandbox.server import Sandbox
    from tests.support.house import BotProcess

TRACEBACK = "Traceback (most recent call last)"
_CODE = re.compile(r"`#([0-9A-Z]{4,8})`")


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
                faults, jobs, late = faults_of(conn), all_jobs(conn), late_tasks(conn)
            assert faults == []
            self._inspect_payments(jobs, late)
        self._inspect_results()
        log = self._bot.log()
        fresh, self._read = log[self._read :], len(log)
        for what, secret in self._secrets():
            assert secret not in fresh, f"the log tells {what}"
        if not self.expects_traceback:
            assert TRACEBACK not in fresh, fresh[max(0, fresh.index(TRACEBACK) - 500) :][:5000]
        self.expects_traceback = False

    def _inspect_payments(self, jobs: Sequence[Job], late: Collection[str]) -> None:
        """Every task that Wiro was paid for is one job's; a job in doubt may not know of its own yet."""
        known = {*late, *(job.task_id for job in jobs)}
        if all(job.state.has_ended for job in jobs):
            tasks = self._sandbox.wiro.tasks.values()
            assert [task.id for task in tasks if task.who == "bot" and task.id not in known] == []

    def _inspect_results(self) -> None:
        """Nobody but its owner gets a result twice: each is in one message that others may see."""
        world = self._sandbox.discord.world
        shown = Counter(
            code
            for channel in world.all_channels()
            for message in world.messages(channel.id)
            if message.files and message.ephemeral_for is None
            for code in _CODE.findall(str(message.components))[:1]
        )
        assert [code for code, times in shown.items() if times > 1] == []

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
            if task.tool.trains and task.who == "bot":
                yield "a model's name", str(task.inputs["trainModelName"])
                if "/photos/" in (address := str(task.inputs.get("selectedFolderUrl", ""))):
                    yield "where a training's photos are", address.rpartition("/")[2]
            if task.callback_url:
                yield "a hook's token", task.callback_url.rpartition("/")[2]
