"""What Wiro's API speaks of, as frozen values. Money is nano-US-dollars, times are aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class TaskStatus(StrEnum):
    """The status words that are known; a task may carry others, and none of those ends it."""

    QUEUE = "task_queue"
    ACCEPT = "task_accept"
    PREPROCESS_START = "task_preprocess_start"
    PREPROCESS_END = "task_preprocess_end"
    ASSIGN = "task_assign"
    START = "task_start"
    OUTPUT = "task_output"
    OUTPUT_FULL = "task_output_full"
    ERROR = "task_error"
    ERROR_FULL = "task_error_full"
    END = "task_end"
    POSTPROCESS_START = "task_postprocess_start"
    POSTPROCESS_END = "task_postprocess_end"
    CANCEL = "task_cancel"
    STREAM_READY = "task_stream_ready"
    STREAM_END = "task_stream_end"
    COST = "task_cost"


TERMINAL = frozenset({TaskStatus.POSTPROCESS_END, TaskStatus.CANCEL})


def is_terminal(status: str) -> bool:
    """Whether a task with this status has ended. `task_end` has not: its outputs are not ready yet."""
    return status in TERMINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A file to send with Run or File/Upload."""

    field: str
    """Id of the tool's input; not used by `upload`."""
    filename: str
    data: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswer:
    """A task that Wiro has accepted."""

    task_id: str
    socket_token: str = field(repr=False)
    """`socketaccesstoken`: names the task on the event socket and in most calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file that a task made."""

    url: str
    """Public and without authentication, for a limited time that Wiro does not state."""
    name: str
    content_type: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as Task/Detail, Task/List, Cancel and Kill show it."""

    id: str
    token: str = field(repr=False)
    """`socketaccesstoken`."""
    status: str
    """A `TaskStatus` word or one that is not known yet."""
    pexit: int | None = None
    """Exit code of the tool; None before the end, and sometimes at it."""
    outputs: tuple[OutputFile, ...] = ()
    """The entries that have an address; text outputs are only in `raw`."""
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The inputs as Wiro stored them; values may have become strings."""
    cost_nano_usd: int | None = None
    create_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    """When its outputs were ready (`postprocessendtime`), else when its process ended."""
    elapsed_s: float | None = None
    """What is billed: from assignment to end, not from `start_time`."""
    debug_error: str = field(default="", repr=False)  # a tool may repeat the prompt in it
    callback_url: str = field(default="", repr=False)  # who knows it may call it
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The whole row as it came."""

    @property
    def is_terminal(self) -> bool:
        """The task has ended, well or not. A `task_error` has not, see `is_fatal_error`."""
        return is_terminal(self.status)

    @property
    def succeeded(self) -> bool:
        """Ended with exit code 0, or without one but with outputs (see `is_flagged`)."""
        if self.status != TaskStatus.POSTPROCESS_END:
            return False
        return self.pexit == 0 or self.is_flagged

    @property
    def is_flagged(self) -> bool:
        """Ended with outputs but without an exit code: taken as success, worth a line in the log."""
        return self.status == TaskStatus.POSTPROCESS_END and self.pexit is None and bool(self.outputs)

    @property
    def was_cancelled(self) -> bool:
        """Ended by Cancel or Kill; its exit code and outputs then mean nothing."""
        return self.status == TaskStatus.CANCEL

    @property
    def is_fatal_error(self) -> bool:
        """Shown as `task_error`: an end when a second look some seconds later shows the same."""
        return self.status == TaskStatus.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A page of Task/List, newest first."""

    tasks: tuple[Task, ...]
    total: int | None
    """How many there are in all; None when Wiro did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOption:
    """One choice of a select or radio input."""

    value: str
    label: str
    about: str = ""
    """Wiro's description."""
    trigger_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One input on a tool's page."""

    id: str
    type: str
    """Wiro's word: text, textarea, select, number, …"""
    label: str = ""
    default: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    options: tuple[InputOption, ...] = ()
    """Without repeats of a value (Wiro lists some twice), in Wiro's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One rule of `dynamicprice`."""

    method: str
    """Wiro's word: cpr, cps, cpo, cp-pixel, …"""
    price_nano_usd: int
    extra_nano_usd: int | None = None
    """`priceExtra`: of each further tier."""
    input_nano_usd: int | None = None
    """`priceInput`: of each input image."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """The rule holds when the request has all of these values; {} always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPage:
    """A tool as Tool/Detail shows it."""

    slug_owner: str
    slug_project: str
    title: str = ""
    inputs: tuple[InputSpec, ...] = ()
    prices: tuple[Price, ...] = ()
    cps_nano_usd: int | None = None
    """Price of a second of computing."""
    approximate_cost_nano_usd: int | None = None
    computing_time_s: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file or a folder in Wiro's storage."""

    id: str
    name: str
    folder_id: str = ""
    content_type: str = ""
    size_bytes: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """An output, whole and checked."""

    data: bytes = field(repr=False)
    content_type: str
    """By its first bytes, not by the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """How far a running task says it is; each part only when it was told."""

    percent: int | None = None
    """0 to 100."""
    step: int | None = None
    steps: int | None = None
    task: str = ""
    """What it is doing: "Generate"."""
    speed: float | None = None
    speed_unit: str = ""
    """"it/s"."""
    elapsed_s: float | None = None
    remaining_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """Something the event socket said of a task."""

    status: str
    """The frame's `type`: a `TaskStatus` word or another."""
    at: datetime
    """When it arrived."""
    message: str = ""
    """Its text, when it is text (the tool's own output or error lines)."""
    progress: TaskProgress | None = None
    outputs: tuple[OutputFile, ...] = ()
    """With `task_postprocess_end`."""

    @property
    def is_terminal(self) -> bool:
        """The task has ended; Task/Detail says how."""
        return is_terminal(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnected:
    """The task was registered on a connection just now: look once, what came before was not heard."""

    at: datetime
    first: bool
    """The first registration, not one after a lost connection."""
