"""What the doctor says: a line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a thing was found."""

    GOOD = "good"
    NOTE = "note"  # works, or is not needed; worth knowing
    WRONG = "wrong"  # the bot cannot run, or not well


_SIGNS = {State.GOOD: "✓", State.NOTE: "·", State.WRONG: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line."""

    name: str
    state: State
    says: str
    mend: str = ""
    """What to do about it."""

    def line(self) -> str:
        """For people."""
        mend = f" → {self.mend}" if self.mend else ""
        return f"{_SIGNS[self.state]} {self.name}: {self.says}{mend}"

    def json(self) -> dict[str, Any]:
        """For machines."""
        return {"name": self.name, "state": self.state.value, "says": self.says, "mend": self.mend}


def good(name: str, says: str) -> Finding:
    """All is well."""
    return Finding(name, State.GOOD, says)


def note(name: str, says: str, mend: str = "") -> Finding:
    """Nothing wrong, but worth knowing."""
    return Finding(name, State.NOTE, says, mend)


def wrong(name: str, says: str, mend: str) -> Finding:
    """It must be mended."""
    return Finding(name, State.WRONG, says, mend)
