"""What the side panel shows of the bot's process, of Wiro and of faults, and the levers to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.discord import DiscordStandIn
    from sandbox.wiro import WiroStandIn

Json = dict[str, Any]

SPEEDS = (0.25, 1, 4, 20)
_LOG_LINES = 40
_FIRST = {
    "wiro": ("fail_task", "socket_drop", "concurrency_limit", "cdn_error"),
    "discord": ("status_503", "gateway_drop", "rate_limit", "outage"),
}
"""The faults that are shown before the others."""


class BotProcess(Protocol):
    """The bot's process, where the sandbox started it."""

    @property
    def state(self) -> str:
        """`running`, `starting`, `stopping`, `stopped` or `crashed`."""

    @property
    def log(self) -> Sequence[str]:
        """The last lines it wrote, oldest first."""

    async def start(self) -> None:
        """Start it when it does not run."""

    async def stop(self) -> None:
        """Ask it to stop, and wait for that."""

    async def kill(self) -> None:
        """End it at once."""

    async def restart(self) -> None:
        """Stop it, then start it."""


class Workbench:
    """One panel over both stand-ins and the process; `bot` is None when it was started elsewhere."""

    def __init__(self, discord: DiscordStandIn, wiro: WiroStandIn) -> None:
        self.bot: BotProcess | None = None
        self._discord = discord
        self._wiro = wiro

    def state(self) -> Json:
        """Everything the panel shows."""
        wiro = self._wiro.state()
        return {
            "bot": self._bot_state(),
            "wiro": _wiro_state(wiro),
            "faults": [*self._discord_faults(), *_wiro_faults(wiro["faults"])],
            "waiting": [_waiting(one) for one in self._discord.faults.active()],
        }

    async def pull(self, lever: object, value: object) -> None:
        """Pull one lever.

        Args:
            lever: `speed` (a number), `fault` (`{"id": "wiro.fail_task", "on": true}`), `calm` (no faults any
                more) or `bot` (`start`, `stop`, `kill`, `restart`).
            value: What to.

        Raises:
            ValueError: There is no such lever, or it has no such position.
        """
        match lever:
            case "speed" if isinstance(value, int | float) and 0 <= value <= 1000:
                self._wiro.speed = float(value)
            case "fault" if isinstance(value, dict):
                self._set_fault(str(value.get("id", "")), on=bool(value.get("on", True)))
            case "calm":
                self._discord.faults.clear()
                self._wiro.faults.clear()
            case "bot":
                await self._pull_bot(str(value))
            case _:
                raise ValueError("There is no such lever.")

    async def _pull_bot(self, position: str) -> None:
        if self.bot is None:
            raise ValueError("The bot was started elsewhere; stop and start it there.")
        deeds = {
            "start": self.bot.start,
            "stop": self.bot.stop,
            "kill": self.bot.kill,
            "restart": self.bot.restart,
        }
        if position not in deeds:
            raise ValueError(f"The bot cannot be told to {position}.")
        await deeds[position]()

    def _set_fault(self, fault_id: str, *, on: bool) -> None:
        side, _, name = fault_id.partition(".")
        match side:
            case "wiro":
                self._wiro.apply({"fault": name} if on else {"fault": name, "off": True})
            case "discord" if name == "outage":
                self._discord.faults.apply({"fault": "outage_start" if on else "outage_end"})
            case "discord" if on:
                self._discord.faults.apply({"fault": name})
            case "discord":
                self._discord.faults.clear()
            case _:
                raise ValueError(f"There is no fault {fault_id!r}.")

    def _bot_state(self) -> Json:
        if self.bot is None:
            return {"managed": False, "state": "elsewhere", "log": []}
        return {"managed": True, "state": self.bot.state, "log": list(self.bot.log)[-_LOG_LINES:]}

    def _discord_faults(self) -> list[Json]:
        faults = self._discord.faults
        hidden = {"clear", "outage_start", "outage_end"}
        listed = [one for one in faults.available() if one["fault"] not in hidden]
        listed.append({"fault": "outage", "label": "Discord is down"})
        armed = {"outage": faults.outage, "latency": faults.latency_s > 0}
        return [
            {
                "id": f"discord.{one['fault']}",
                "group": "Discord",
                "label": one["label"],
                "common": one["fault"] in _FIRST["discord"],
                "armed": armed.get(one["fault"], False),
                "left": None,
            }
            for one in listed
        ]


def _waiting(fault: Json) -> str:
    """A fault of Discord's that has not struck yet, in a few words."""
    times = "" if fault["times"] is None else f" ×{fault['times']}"
    return f"{fault['route']}: {fault['outcome'].replace('_', ' ')}{times}"


def _wiro_faults(state: Json) -> list[Json]:
    left = {one["fault"]: one["left"] for one in state["active"]}
    return [
        {
            "id": f"wiro.{one['fault']}",
            "group": "Wiro",
            "label": one["label"],
            "common": one["fault"] in _FIRST["wiro"],
            "armed": one["fault"] in left,
            "left": left.get(one["fault"]),
        }
        for one in state["available"]
    ]


def _wiro_state(state: Json) -> Json:
    limit = state["limit"]
    return {
        "speed": state["speed"],
        "speeds": SPEEDS,
        "facts": [
            {"label": "Balance", "value": f"${state['balance_usd']}"},
            {"label": "At work", "value": f"{state['active']} of {'any' if limit is None else limit}"},
            {"label": "Sockets", "value": str(state["connections"])},
        ],
        "tasks": [_task(task) for task in state["tasks"]],
    }


def _task(task: Json) -> Json:
    return {
        "id": task["id"],
        "tool": task["tool"],
        "status": task["status"],
        "prompt": task["prompt"],
        "ended": task["ended"],
        "succeeded": task["pexit"] == "0",
        "progress": (task["percent"] or 0) / 100,
        "elapsed_s": task["elapsed_s"],
    }
