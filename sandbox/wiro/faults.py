"""Everything that can go wrong at Wiro, by name: one table of kinds, and the faults that are armed now."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any


class Point(Enum):
    """Where a fault strikes; in brackets the facts of the occasion that it can be matched by."""

    BEFORE_CALL = "a call, before it has any effect [path]"
    AFTER_CALL = "a call, after its effect [path]"
    CREATED = "a new task; the fault stays with it to its end [tool, prompt]"
    LIST = "the rows that Task/List gives []"
    CONNECT = "a new socket connection []"
    UPLOAD = "a file that is uploaded [file]"
    SOCKET = "the socket, as it speaks [status, token]"
    DOWNLOAD = "a file's download [path]"
    CALLBACK = "Wiro's call to callbackUrl [url, task]"
    TIME = "Wiro's clock []"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A way to go wrong: what it is called, where it strikes and what can be set about it.

    Several kinds may share an `act`, each with other settings: so one piece of code is a 401 here and a
    refused Cancel there. `times` is how often one strikes unless told; None is until it is lifted.
    """

    name: str
    label: str
    point: Point
    act: str
    times: int | None
    where: Mapping[str, str]
    settings: Mapping[str, Any]


def _kind(
    name: str,
    label: str,
    point: Point,
    *,
    act: str = "",
    times: int | None = 1,
    path: str = "",
    **settings: Any,
) -> FaultKind:
    where = {"path": path} if path else {}
    return FaultKind(
        name, label, point, act or name, times, MappingProxyType(where), MappingProxyType(settings)
    )


def _before(name: str, label: str, act: str, **more: Any) -> FaultKind:
    return _kind(name, label, Point.BEFORE_CALL, act=act, **more)


def _refusal(
    name: str, label: str, message: str, *, code: int = 0, status: int = 200, path: str = ""
) -> FaultKind:
    return _before(name, label, "refuse", path=path, message=message, code=code, status=status)


def _after(name: str, label: str, act: str, **more: Any) -> FaultKind:
    return _kind(name, label, Point.AFTER_CALL, act=act, **more)


def _task(name: str, label: str, **settings: Any) -> FaultKind:
    return _kind(name, label, Point.CREATED, **settings)


def _mode(point: Point, name: str, label: str, **settings: Any) -> FaultKind:
    return _kind(name, label, point, times=None, **settings)


_SUSPENDED = "Your account has been suspended. Please contact support if you believe this is a mistake."

_CALLS = (
    _before("http_error", "Answer with HTTP 503", "http", status=503),
    _before("rate_limited", "Answer with HTTP 429", "http", status=429, retry_after_s=1),
    _before(
        "list_down", "Let Task/List fail with HTTP 503", "http", times=None, path="Task/List", status=503
    ),
    _before("slow", "Answer late", "slow", seconds=3.0),
    _before("drop_before", "Cut a call off before it counts", "drop"),
    _before("run_never_arrived", "Cut the next Run off before a task exists", "drop", path="Run/"),
    _before("concurrency_limit", "Refuse the next Run with code 96", "limit", path="Run/"),
    _refusal("no_balance", "Refuse the next Run with code 97", "Insufficient balance", code=97, path="Run/"),
    _refusal(
        "sign_in", "Refuse the next Run with code 98", "sign in to run this model", code=98, path="Run/"
    ),
    _refusal("refuse", "Refuse a call: account suspended", _SUSPENDED),
    _refusal("auth_error", "Refuse the API key", "Project authorization is not valid.", status=401),
    _refusal("upload_refused", "Refuse an upload", "invalid-parameters", path="File/Upload"),
    _refusal(
        "no_task_yet", "Say that there is no such task", "There is no task yet.", code=1, path="Task/Detail"
    ),
    _refusal(
        "cancel_refused",
        "Refuse the next Cancel",
        "Task is not in a cancellable state.",
        code=1,
        path="Task/Cancel",
    ),
    _refusal(
        "kill_refused",
        "Refuse the next Kill",
        "Task could not be killed: worker did not respond",
        code=1,
        path="Task/Kill",
    ),
    _after("drop_after", "Carry a call out, then cut it off", "drop"),
    _after("run_lost", "Start a task, but lose the answer to Run", "drop", path="Run/"),
    _after("error_after", "Carry a call out, then answer HTTP 502", "http", status=502),
    _after("malformed", "Answer with broken JSON", "malformed"),
    _after("hang", "Carry a call out and never answer", "hang"),
)

_TASKS = (
    _task(
        "fail_task",
        "Fail the next task",
        pexit="1",
        debugerror="CUDA out of memory. Tried to allocate 20.00 MiB",
    ),
    _task(
        "error_task",
        "End the next task with task_error before it starts",
        debugerror="Output folder creation failed",
    ),
    _task("no_outputs", "Finish the next task without outputs"),
    _task("no_pexit", "Finish the next task without pexit"),
    _task("null_cost", "Leave the next task's totalcost null"),
    _task("late_task", "Show the next task only 20 s after Run", seconds=20.0),
    _task("stuck_task", "Let the next task never end"),
    _task("duration", "Let the next task take a minute", seconds=60.0),
    _task("cancel_ignored", "Say the next task is cancelled, but finish it"),
    _task("unknown_status", "Give the next task a status that nobody knows"),
    _task("text_progress", "Send the next task's progress as JSON text"),
    _task("stderr", "Send stderr text while the next task runs"),
    _task("unlisted_model", "Name the next trained model in its task alone, not on the page"),
    _task("late_model", "List the next trained model 20 s after its end", seconds=20.0),
    _task("model_goes_with_files", "Let the next trained model go when its training's files are deleted"),
    _task("foreign_task", "Let another program run something at the same time"),
    _task("twin_task", "Let another program run exactly the same"),
)

_MODES = (
    _mode(Point.LIST, "list_late", "Let new tasks be missing from Task/List", seconds=20.0),
    _mode(Point.LIST, "list_bare", "Leave parameters out of Task/List"),
    _mode(Point.LIST, "list_text", "Give parameters in Task/List as JSON text"),
    _kind("socket_drop", "Drop the socket", Point.SOCKET),
    _mode(Point.CONNECT, "socket_refused", "Refuse new socket connections"),
    _mode(Point.SOCKET, "socket_silent", "Let the socket send nothing"),
    _mode(Point.SOCKET, "socket_dead", "Let the socket neither send nor answer pings"),
    _mode(Point.SOCKET, "socket_out_of_order", "Send socket events in the wrong order"),
    _mode(Point.SOCKET, "socket_twice", "Send every socket event twice"),
    _mode(Point.SOCKET, "socket_garbage", "Send socket frames that make no sense"),
    _mode(Point.CALLBACK, "callback_form", "Send callbacks as a form"),
    _mode(Point.CALLBACK, "callback_bare", "Send callbacks as a bare task row"),
    _mode(Point.CALLBACK, "callback_twice", "Send callbacks twice"),
    _mode(Point.CALLBACK, "callback_late", "Send callbacks late", seconds=30.0),
    _mode(Point.CALLBACK, "callback_never", "Send no callbacks"),
    _mode(Point.TIME, "clock_skew", "Let Wiro's clock be five minutes ahead", seconds=300.0),
)

_UPLOADS = (
    _kind("upload_elsewhere", "Put an upload beside its folder", Point.UPLOAD),
    _mode(Point.UPLOAD, "zip_is_folder", "Answer an uploaded ZIP with the folder it was extracted to"),
)

_DOWNLOADS = (
    _kind("cdn_missing", "Answer a download with 404", Point.DOWNLOAD, act="http", status=404),
    _kind("cdn_error", "Answer a download with HTTP 503", Point.DOWNLOAD, act="http", status=503),
    _kind("cdn_slow", "Send a download slowly", Point.DOWNLOAD, act="slow", seconds=5.0),
    _kind("cdn_truncated", "Cut a download short", Point.DOWNLOAD, act="truncate"),
    _kind("cdn_wrong", "Send a web page instead of an image", Point.DOWNLOAD, act="wrong"),
)

KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {kind.name: kind for kind in (*_CALLS, *_TASKS, *_MODES, *_UPLOADS, *_DOWNLOADS)}
)


@dataclass(slots=True, eq=False)
class Fault:
    """A fault that is armed: its kind, how many strikes are left, and which occasions it is meant for."""

    kind: FaultKind
    left: int | None
    where: Mapping[str, str]
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of its kind."""
        return self.kind.name

    def __getitem__(self, setting: str) -> Any:
        """One of its settings, as given or as its kind has it."""
        return self.settings[setting]

    def fits(self, facts: Mapping[str, str]) -> bool:
        """Whether every fact it asks for is there and contains the text asked for, in any case."""
        return all(text.lower() in facts.get(fact, "").lower() for fact, text in self.where.items())


class Faults:
    """The faults that are armed, in the order they were armed.

    `struck` tells which have struck, newest last. `on_change` is called after every change of what is armed.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self.armed: list[Fault] = []
        self.struck: deque[tuple[str, Mapping[str, str]]] = deque(maxlen=1000)
        self.on_armed: Callable[[Fault], None] = lambda _: None
        self._on_change = on_change

    def add(
        self,
        name: str,
        *,
        times: int | str | None = "usual",
        where: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> Fault:
        """The fault `name`, armed.

        Args:
            name: A key of `KINDS`.
            times: How often it strikes; None is until it is lifted, "usual" as its kind has it.
            where: Texts that facts of the occasion must contain, for instance `{"path": "Run"}` or
                `{"prompt": "fox"}`; `Point` says which facts there are.
            **settings: Settings of its kind, for instance `status=500`.

        Raises:
            ValueError: The name, a count or a setting is not one that exists.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"There is no fault named {name!r}.")
        if unknown := settings.keys() - kind.settings.keys():
            raise ValueError(f"The fault {name!r} has no setting {', '.join(sorted(unknown))}.")
        left = kind.times if isinstance(times, str) else times
        if left is not None and left < 1:
            raise ValueError(f"A fault strikes at least once, not {left} times.")
        fault = Fault(kind, left, {**kind.where, **(where or {})}, {**kind.settings, **settings})
        self.armed.append(fault)
        self.on_armed(fault)
        self._on_change()
        return fault

    def apply(self, spec: Mapping[str, Any]) -> None:
        """What a JSON object asks for: `{"fault": name, "times": 2, "where": {…}, …settings}` arms one.

        `{"fault": name, "off": true}` lifts all of that name, `{"clear": true}` lifts all.

        Raises:
            ValueError: The object asks for something that does not exist.
        """
        wish = dict(spec)
        if wish.pop("clear", False):
            self.clear()
            return
        name = str(wish.pop("fault", ""))
        if wish.pop("off", False):
            self.lift(name)
            return
        times, where = wish.pop("times", "usual"), wish.pop("where", None)
        if times is not None and times != "usual" and not isinstance(times, int):
            raise ValueError(f"The count of a fault is a whole number, not {times!r}.")
        if where is not None and not isinstance(where, Mapping):
            raise ValueError("The matchers of a fault are an object of texts.")
        self.add(name, times=times, where={k: str(v) for k, v in (where or {}).items()}, **wish)

    def take(self, name: str, **facts: str) -> Fault | None:
        """The first armed fault of that name that fits the occasion, one strike spent."""
        return self._strike((fault for fault in self.armed if fault.name == name), facts)

    def take_at(self, point: Point, **facts: str) -> Fault | None:
        """The first armed fault of that point that fits the occasion, one strike spent."""
        return self._strike((fault for fault in self.armed if fault.kind.point is point), facts)

    def take_all_at(self, point: Point, **facts: str) -> dict[str, Fault]:
        """Every kind of fault of that point that fits the occasion, by name, one strike of each spent."""
        if not self.armed:
            return {}
        names = [kind.name for kind in KINDS.values() if kind.point is point]
        return {name: fault for name in names if (fault := self.take(name, **facts))}

    def peek(self, name: str) -> Fault | None:
        """The first armed fault of that name, nothing spent."""
        return next((fault for fault in self.armed if fault.name == name), None)

    def lift(self, name: str) -> None:
        """Disarm all faults of that name."""
        if name not in KINDS:
            raise ValueError(f"There is no fault named {name!r}.")
        self.armed = [fault for fault in self.armed if fault.name != name]
        self._on_change()

    def clear(self) -> None:
        """Disarm everything."""
        self.armed.clear()
        self._on_change()

    def state(self) -> dict[str, Any]:
        """What is armed and what there is to arm, for a page: plain JSON."""
        return {
            "active": [
                {
                    "fault": f.name,
                    "label": f.kind.label,
                    "left": f.left,
                    "where": dict(f.where),
                    "settings": dict(f.settings),
                }
                for f in self.armed
            ],
            "available": [
                {
                    "fault": kind.name,
                    "label": kind.label,
                    "times": kind.times,
                    "where": dict(kind.where),
                    "settings": dict(kind.settings),
                }
                for kind in KINDS.values()
            ],
        }

    def _strike(self, candidates: Iterable[Fault], facts: Mapping[str, str]) -> Fault | None:
        fault = next((fault for fault in candidates if fault.fits(facts)), None)
        if fault is None:
            return None
        self.struck.append((fault.name, facts))
        if fault.left is not None:
            fault.left -= 1
            if fault.left == 0:
                self.armed.remove(fault)
            self._on_change()
        return fault
