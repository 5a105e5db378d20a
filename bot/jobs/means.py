"""What the parts of a job's life work with, given to each of them once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bot.clock import Clock
    from bot.jobs.book import Book
    from bot.jobs.finder import Finder
    from bot.jobs.milestones import Milestones
    from bot.jobs.past import Past
    from bot.jobs.ports import Events, Observer, Stage, Wiro
    from bot.jobs.trained import ModelFinder
    from bot.store.results import ResultStore
    from bot.tools.catalogue import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The outside of a job's life, and the memory that its parts share."""

    clock: Clock
    book: Book
    wiro: Wiro
    events: Events | None
    """None: the socket is turned off."""
    stage: Stage
    results: ResultStore
    catalogue: Mapping[str, Tool]
    past: Past
    finder: Finder
    observer: Observer
    public_url: str | None
    """Where the operator's port is reached; None: Wiro is given no callback."""
    blocked_users: Collection[int] = ()
    """Whom the operator lets start nothing, in no server."""
    models: ModelFinder | None = None
    """Finds what a training made; None: nothing is trained here."""
    milestones: Milestones | None = None
    """Tells of long trainings; likewise."""

    def tool_of(self, key: str) -> Tool:
        """The tool of a job; KeyError when the catalogue no longer has it."""
        return self.catalogue[key]
