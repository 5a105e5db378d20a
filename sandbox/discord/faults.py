"""Faults on demand: what the real Discord does now and then, made to happen now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.discord.model import Json


class Outcome(StrEnum):
    """What becomes of a request."""

    STATUS = "status"
    """Answered with a status; nothing is done."""
    APPLY_THEN_STATUS = "apply_then_status"
    """Done, and answered with a status as if it had not been."""
    DROP = "drop"
    """The connection is cut; nothing is done."""
    APPLY_THEN_DROP = "apply_then_drop"
    """Done, and the connection is cut before the answer."""
    RATE_LIMIT = "rate_limit"
    """429; nothing is done."""
    LATE = "late"
    """A callback that arrives after the three seconds; other routes are not touched."""


@dataclass(slots=True)
class Fault:
    """One fault that waits for its requests."""

    route: str
    outcome: Outcome
    times: int
    status: int = 503
    scope: str = "user"
    via: bool = True
    retry_after_s: float = 0.2

    def touches(self, name: str, template: str) -> bool:
        """Whether it waits for this route, by its name or `METHOD /template`, with wildcards."""
        return fnmatchcase(name, self.route) or fnmatchcase(template, self.route)


class Faults:
    """Sets faults and hands them out; the gateway's act at once."""

    def __init__(self) -> None:
        self.latency_s = 0.0
        """Waited before every REST request is looked at, in real seconds."""
        self.duplicate_interactions = 0
        """How many of the next interactions are delivered twice."""
        self.outage = False
        """True: REST answers 503 and the gateway takes no connection."""
        self._waiting: list[Fault] = []
        self._gateway: dict[str, Callable[[], None]] = {}

    def fail_next(
        self,
        route: str = "*",
        outcome: Outcome | str = Outcome.STATUS,
        times: int = 1,
        *,
        status: int = 503,
        scope: str = "user",
        via: bool = True,
        retry_after_s: float = 0.2,
    ) -> None:
        """Let the next `times` requests of a route fail.

        Args:
            route: A route's name or `METHOD /template`, both with `*`: see `standin.route_names`.
            outcome: One of `Outcome`.
            times: How many requests.
            status: For `status` and `apply_then_status`.
            scope: For `rate_limit`: `user`, `shared` or `global`.
            via: For `rate_limit`: False leaves out the header that tells Discord's own 429s.
            retry_after_s: For `rate_limit`.
        """
        self._waiting.append(Fault(route, Outcome(outcome), times, status, scope, via, retry_after_s))

    def take(self, name: str, template: str) -> Fault | None:
        """The fault for a request that just came, used up by one."""
        for fault in self._waiting:
            if fault.touches(name, template):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Everything works again."""
        self._waiting.clear()
        self.latency_s, self.duplicate_interactions, self.outage = 0.0, 0, False

    # The gateway's faults, which act at once

    def bind_gateway(self, **actions: Callable[[], None]) -> None:
        """The gateway says how to cause `drop`, `reconnect`, `invalid_session`, `lost_session`, `refuse`."""
        self._gateway.update(actions)

    def drop_gateway(self) -> None:
        """Cut every gateway connection without a goodbye; sessions can be resumed."""
        self._gateway["drop"]()

    def reconnect_gateway(self) -> None:
        """Op 7: the bot is asked to reconnect and resume."""
        self._gateway["reconnect"]()

    def invalidate_sessions(self, *, resumable: bool) -> None:
        """Op 9; when not `resumable` the sessions are gone."""
        self._gateway["invalid_session" if resumable else "lost_session"]()

    def start_outage(self) -> None:
        """Cut the gateway and answer 503 everywhere until `end_outage`."""
        self.outage = True
        self._gateway["drop"]()

    def end_outage(self) -> None:
        """The outage is over."""
        self.outage = False

    # For the page

    def apply(self, order: Json) -> None:
        """Cause one of `available()`: `{"fault": key}`, with any argument of `fail_next` to override.

        Raises:
            ValueError: no such fault.
        """
        given: dict[str, Any] = dict(order)
        key = str(given.pop("fault", ""))
        if action := self._actions().get(key):
            action()
            return
        if key == "latency":
            self.latency_s = float(given.get("seconds", 1.0))
            return
        preset = next((preset for preset in _PRESETS if preset["fault"] == key), None)
        if preset is None:
            raise ValueError(f"No fault is called {key!r}")
        self.fail_next(**(preset["with"] | given))

    def _actions(self) -> dict[str, Callable[[], None]]:
        return {
            "gateway_drop": self.drop_gateway,
            "gateway_reconnect": self.reconnect_gateway,
            "gateway_invalid": lambda: self.invalidate_sessions(resumable=True),
            "gateway_lost": lambda: self.invalidate_sessions(resumable=False),
            "outage_start": self.start_outage,
            "outage_end": self.end_outage,
            "duplicate_interaction": self._duplicate_one,
            "clear": self.clear,
        }

    def _duplicate_one(self) -> None:
        self.duplicate_interactions += 1

    def available(self) -> list[Json]:
        """Every fault the page may cause: `fault` (for `apply`), `label`, `group`."""
        rest = [{"fault": one["fault"], "label": one["label"], "group": "REST"} for one in _PRESETS]
        latency = {"fault": "latency", "label": "Discord answers a second later", "group": "REST"}
        others = [{"fault": key, "label": label, "group": group} for key, label, group in _ACTION_LABELS]
        return [*rest, latency, *others]

    def active(self) -> list[Json]:
        """What is set and not used up yet: `route`, `outcome`, `times`."""
        waiting: list[Json] = [
            {"route": fault.route, "outcome": fault.outcome.value, "times": fault.times}
            for fault in self._waiting
        ]
        if self.outage:
            waiting.append({"route": "*", "outcome": "outage", "times": None})
        if self.latency_s:
            waiting.append({"route": "*", "outcome": f"{self.latency_s:g} s later", "times": None})
        if self.duplicate_interactions:
            times = self.duplicate_interactions
            waiting.append({"route": "interaction", "outcome": "delivered twice", "times": times})
        return waiting


_PRESETS: list[Json] = [
    {
        "fault": "status_503",
        "label": "Discord answers the next request with 503",
        "with": {"route": "*", "outcome": Outcome.STATUS, "status": 503},
    },
    {
        "fault": "edit_500",
        "label": "The next edit of a card is answered with 500",
        "with": {"route": "edit_*", "outcome": Outcome.STATUS, "status": 500},
    },
    {
        "fault": "callback_lost",
        "label": "The next callback is applied and its answer lost",
        "with": {"route": "callback", "outcome": Outcome.APPLY_THEN_STATUS, "status": 502},
    },
    {
        "fault": "callback_late",
        "label": "The next callback comes after three seconds",
        "with": {"route": "callback", "outcome": Outcome.LATE},
    },
    {
        "fault": "edit_lost",
        "label": "The next edit of a card is applied and the connection cut",
        "with": {"route": "edit_*", "outcome": Outcome.APPLY_THEN_DROP},
    },
    {
        "fault": "drop",
        "label": "The next request is cut off",
        "with": {"route": "*", "outcome": Outcome.DROP},
    },
    {
        "fault": "rate_limit",
        "label": "The next request is rate limited (429)",
        "with": {"route": "*", "outcome": Outcome.RATE_LIMIT, "retry_after_s": 1.0},
    },
    {
        "fault": "rate_limit_shared",
        "label": "The next edit is rate limited with others (429, shared)",
        "with": {"route": "edit_*", "outcome": Outcome.RATE_LIMIT, "scope": "shared", "retry_after_s": 1.0},
    },
    {
        "fault": "rate_limit_cloudflare",
        "label": "Cloudflare refuses the next request (429 without Via)",
        "with": {"route": "*", "outcome": Outcome.RATE_LIMIT, "via": False, "retry_after_s": 1.0},
    },
]
_ACTION_LABELS = [
    ("gateway_drop", "Drop the gateway connection", "Gateway"),
    ("gateway_reconnect", "Ask the bot to reconnect (op 7)", "Gateway"),
    ("gateway_invalid", "Invalidate the session, resumable (op 9)", "Gateway"),
    ("gateway_lost", "Lose the session (op 9)", "Gateway"),
    ("duplicate_interaction", "Deliver the next interaction twice", "Gateway"),
    ("outage_start", "Discord is down", "Everything"),
    ("outage_end", "Discord is back", "Everything"),
    ("clear", "No more faults", "Everything"),
]
