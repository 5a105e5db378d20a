"""The points in the bot's code at which a test may break it, by name, and what may happen there."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class When(StrEnum):
    """On which side of the point."""

    BEFORE = "before"
    AFTER = "after"


class Blow(StrEnum):
    """What the process does to itself there."""

    KILL = "KILL"
    PAUSE = "STOP"
    """Until the test lets it go on."""
    STOP = "TERM"

    @property
    def signal(self) -> signal.Signals:
        """The signal of that name."""
        return signal.Signals[f"SIG{self.value}"]


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow: at that side of that point, when it is reached for the n-th time in the process's life."""

    point: str
    when: When
    hit: int = 1
    blow: Blow = Blow.KILL

    def __str__(self) -> str:
        return f"{self.blow} {self.when} {self.point} {self.hit}"

    def to_text(self) -> str:
        """For an argument of a program, or a recorded play."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The opposite of `to_text`."""
        given = json.loads(text)
        return cls(given["point"], When(given["when"]), int(given["hit"]), Blow(given["blow"]))


POINTS: Mapping[str, str] = MappingProxyType(
    {
        # Taking a job in
        "accept": "bot.jobs.desk:Desk._store",
        "callback": "discord:InteractionResponse.send_message",
        "card shown": "bot.jobs.acts:Acts.show_card",
        # To Wiro
        "claimed": "bot.jobs.carriers:Carriers.take",
        "run": "bot.wiro.client:WiroClient.run",
        "started": "bot.jobs.book:Book.started",
        "return to line": "bot.jobs.book:Book.return_to_line",
        "begin doubt": "bot.jobs.book:Book.begin_doubt",
        "look in doubt": "bot.jobs.doubt:Doubter._look",
        # Following it
        "register": "bot.wiro.event_socket:EventSocket.follow",
        "detail": "bot.wiro.client:WiroClient.detail",
        "progress": "bot.ui.stage:DiscordStage._write_once",
        "outputs known": "bot.jobs.book:Book.outputs_known",
        # To its owner
        "download": "bot.jobs.collect:Collector.files",
        "put result": "bot.ui.stage:DiscordStage.put_result",
        "claim a way": "bot.jobs.book:Book.claim_delivery",
        "second message": "bot.ui.stage:DiscordStage._put_anew",
        "keep": "bot.jobs.collect:Collector.keep",
        "end": "bot.jobs.book:Book.end",
        "close": "bot.jobs.closing:Closer.close",
        # Stopping it
        "wish": "bot.jobs.acts:Acts.stop",
        "cancel": "bot.wiro.client:WiroClient.cancel",
        "kill": "bot.wiro.client:WiroClient.kill",
        # After a start, and from time to time
        "take over": "bot.jobs.recovery:Recovery.take_over",
        "settle cards": "bot.jobs.recovery:Recovery.settle_cards",
        "find cards": "bot.jobs.sweep:Sweeper.find_lost_cards",
        "sweep": "bot.jobs.late:LateFinder.sweep",
    }
)
"""Functions by name, as `module:Class.method`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A point that was reached; `blow` when a strike was due there."""

    point: str
    when: When
    hit: int
    blow: Blow | None


def hits(lines: Iterable[str]) -> list[Hit]:
    """What a trace tells; a last line that a kill cut off tells nothing."""
    found = []
    for line in lines:
        if line.endswith("\n"):
            given = json.loads(line)
            blow = Blow(given["blow"]) if given["blow"] else None
            found.append(Hit(given["point"], When(given["when"]), given["hit"], blow))
    return found
