"""Forms that were refused, kept for a while so that `Edit again` finds what was written."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.ui.ids import ButtonId

KEPT = 500
"""Drafts of this process; after a restart `Edit again` starts from the task's own values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wrote into a form."""

    user_id: int
    tool: str
    """Key of the tool that it was for."""
    target: ButtonId
    """What the form asked for."""
    values: Mapping[str, Any]
    """Words by option name."""
    numbers: str
    """The line of numbers, as it was written."""


class Drafts:
    """The last few refused forms, by the id of the interaction that sent them."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._drafts: OrderedDict[str, Draft] = OrderedDict()

    def keep(self, interaction_id: int, draft: Draft) -> str:
        """The name under which the draft is found again."""
        name = str(interaction_id)
        self._drafts[name] = draft
        if len(self._drafts) > self._size:
            self._drafts.popitem(last=False)
        return name

    def find(self, name: str, *, user_id: int) -> Draft | None:
        """That member's draft, None when it is somebody else's or no longer there."""
        draft = self._drafts.get(name)
        return draft if draft is not None and draft.user_id == user_id else None
