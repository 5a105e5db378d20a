"""A task at Wiro: what is known of it, and the row that Task/Detail gives, in Wiro's types."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.wiro.tools import CPS_USD, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.wiro.faults import Fault

USER_UUID = "5b1c7a52-6d0f-4a57-9c0d-0f4a1f0a7d11"  # the account's, the same in every row
PROJECT_ID = "716"

QUEUED = "task_queue"
ENDED = "task_postprocess_end"
CANCELLED = "task_cancel"
FATAL = "task_error"
_TERMINAL = frozenset({ENDED, CANCELLED, FATAL})
_BEFORE_ASSIGN = frozenset({QUEUED, "task_accept", "task_preprocess_start", "task_preprocess_end"})

# The row's field that says when a status was reached.
_TIME_FIELDS = {
    "task_accept": "accepttime",
    "task_preprocess_start": "preprocessstarttime",
    "task_preprocess_end": "preprocessendtime",
    "task_assign": "assigntime",
    "task_start": "starttime",
    "task_end": "endtime",
    "task_postprocess_start": "postprocessstarttime",
    ENDED: "postprocessendtime",
    CANCELLED: "canceltime",
}


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a task made."""

    id: str
    name: str
    content_type: str
    size: int
    folder: str
    access_key: str
    added_s: float
    url: str

    def row(self, skew_s: float) -> dict[str, Any]:
        """The file as a task row lists it."""
        added = _unix(self.added_s + skew_s)
        return {
            "id": self.id,
            "name": self.name,
            "contenttype": self.content_type,
            "parentid": "0",
            "uuid": USER_UUID,
            "size": str(self.size),
            "addedtime": added,
            "modifiedtime": added,
            "accesskey": self.access_key,
            "foldercount": "0",
            "filecount": "0",
            "ispublic": 0,
            "expiretime": None,
            "url": self.url,
        }

    def event(self) -> dict[str, Any]:
        """The file as the last socket event lists it."""
        return {"name": self.name, "contenttype": self.content_type, "size": str(self.size), "url": self.url}


@dataclass(slots=True, eq=False)
class Task:
    """A run of a tool. Times are unix time in seconds; `traits` are the faults it was born with."""

    id: str
    token: str
    tool: Tool
    inputs: Mapping[str, Any]
    created_s: float
    duration_s: float
    callback_url: str = ""
    who: str = "bot"
    traits: Mapping[str, Fault] = field(default_factory=dict)
    status: str = QUEUED
    reached_s: dict[str, float] = field(default_factory=dict)
    pexit: str = ""
    cost_usd: Decimal = Decimal(0)
    outputs: tuple[Output, ...] = ()
    debug_output: str = ""
    debug_error: str = ""
    percent: int = 0
    files_deleted: bool = False
    photos: tuple[str, ...] = ()
    """Of a training: the names of those that it was given, once it has looked."""
    model_id: str = ""
    """Of a training that is done: by which the model is chosen."""

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in _TERMINAL

    @property
    def is_assigned(self) -> bool:
        """Whether a worker has it: from then on it can be killed, but not cancelled."""
        return not self.is_ended and self.status not in _BEFORE_ASSIGN

    @property
    def was_accepted(self) -> bool:
        """Whether it ever left the queue."""
        return "task_accept" in self.reached_s

    @property
    def ended_s(self) -> float | None:
        """When it ended; None while it has not."""
        return self.reached_s.get(self.status) if self.is_ended else None

    @property
    def visible_from_s(self) -> float:
        """From when task calls know it."""
        late = self.traits.get("late_task")
        return self.created_s + (late["seconds"] if late else 0.0)

    def reach(self, status: str, now_s: float) -> None:
        """Take on a status, and remember when it first did."""
        self.status = status
        self.reached_s.setdefault(status, now_s)

    def elapsed_s(self, now_s: float) -> float:
        """Seconds that are paid for: from acceptance to the process's end."""
        began = self.reached_s.get("task_accept")
        if began is None:
            return 0.0
        return max(0.0, (self.reached_s.get("task_end") or self.ended_s or now_s) - began)

    def row(self, now_s: float, skew_s: float = 0.0) -> dict[str, Any]:
        """The task as Task/Detail gives it: nearly everything is text, unset times are "0"."""
        times = dict.fromkeys(_TIME_FIELDS.values(), "0")
        for status, at_s in self.reached_s.items():
            if status in _TIME_FIELDS:
                times[_TIME_FIELDS[status]] = _unix(at_s + skew_s)
        row = {
            "id": self.id,
            "uuid": USER_UUID,
            "name": "",
            "socketaccesstoken": self.token,
            "parameters": dict(self.inputs),
            "debugoutput": self.debug_output,
            "debugerror": self.debug_error,
            "elapsedseconds": f"{self.elapsed_s(now_s):.4f}",
            "status": self.status,
            "cps": f"{CPS_USD:.12f}",
            "totalcost": None if "null_cost" in self.traits else self._cost_text(),
            "guestid": None,
            "projectid": PROJECT_ID,
            "modelid": self.tool.id,
            "description": "",
            "basemodelid": "0",
            "runtype": "model",
            "modelfolderid": self.model_id if "unlisted_model" in self.traits else "",
            "modelfileid": "",
            "callbackurl": self.callback_url,
            "marketplaceid": None,
            "createtime": _unix(self.created_s + skew_s),
            **times,
            "pexit": self.pexit,
            "categories": json.dumps(self.tool.categories, separators=(",", ":")),
            "outputs": [] if self.files_deleted else [output.row(skew_s) for output in self.outputs],
            "outputfolderid": "0" if self.files_deleted else self.id,
            "size": str(sum(output.size for output in self.outputs)),
            "modeldescription": self.tool.description,
            "modelslugowner": self.tool.owner,
            "modelslugproject": self.tool.project,
        }
        if "no_pexit" in self.traits:
            del row["pexit"]
        return row

    def _cost_text(self) -> str:
        return f"{self.cost_usd:.12f}" if self.cost_usd else "0"


def _unix(time_s: float) -> str:
    return str(int(time_s))
