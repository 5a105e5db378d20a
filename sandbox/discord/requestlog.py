"""What the bot asked of Discord, for assertions and for the page."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 50_000


@dataclass(slots=True, frozen=True)
class Request:
    """One answered (or cut) REST request."""

    method: str
    route: str
    """The route's name, such as `edit_original`."""
    template: str
    path: str
    """Under `/api/v10`, with a token's secret part left out."""
    status: int
    """0 when the connection was cut instead of an answer."""
    code: int
    """Of Discord's error, else 0."""
    at_s: float
    """Sandbox time of its arrival."""
    took_s: float
    message_id: int | None = None


class RequestLog:
    """The newest 50,000 requests, and counts that Discord counts."""

    def __init__(self) -> None:
        self._entries: deque[Request] = deque(maxlen=_MOST)
        self.invalid_requests: Counter[int] = Counter()
        """401, 403 and 429 answers (shared ones aside): 10,000 in ten minutes are a ban."""

    def add(self, entry: Request, *, shared: bool = False) -> None:
        """Keep one."""
        self._entries.append(entry)
        if entry.status in {401, 403, 429} and not shared:
            self.invalid_requests[entry.status] += 1

    def __iter__(self) -> Iterator[Request]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, route: str) -> list[Request]:
        """Those of one route name, oldest first."""
        return [entry for entry in self._entries if entry.route == route]

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self.invalid_requests.clear()
