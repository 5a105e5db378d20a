"""The frames of Wiro's event socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bot.wiro import parse
from bot.wiro.models import TaskEvent, TaskStatus
from bot.wiro.wire import parse_json, text

if TYPE_CHECKING:
    from datetime import datetime


class BadFrameError(ValueError):
    """A frame that cannot be read; the connection is none the worse for it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that concerns a task."""

    token: str
    event: TaskEvent


def register(token: str) -> str:
    """The frame that asks for a task's events. There is no answer to it, and nothing is replayed."""
    return orjson.dumps({"type": "task_info", "tasktoken": token}).decode()


def read(data: bytes | str, at: datetime) -> Frame | None:
    """The frame as an event; None when it concerns no task (`connected`, audio, errors without a token).

    Raises:
        BadFrameError: It is not JSON, or not an object.
    """
    if isinstance(data, bytes) and not data.lstrip().startswith(b"{"):
        return None  # realtime tools send audio so: the token, a bar, and samples
    try:
        document = parse_json(data)
    except ValueError as error:
        raise BadFrameError("a frame that is not JSON") from error
    if not isinstance(document, dict):
        raise BadFrameError("a frame that is not an object")
    token, status = text(document.get("tasktoken")).strip(), text(document.get("type")).strip()
    if not token or not status:
        return None
    return Frame(token, _event(status, document.get("message"), at))


def _event(status: str, message: Any, at: datetime) -> TaskEvent:
    progress = parse.progress(message)
    return TaskEvent(
        status=status,
        at=at,
        message="" if progress else parse.message_text(message),
        progress=progress,
        outputs=parse.outputs(message) if status == TaskStatus.POSTPROCESS_END else (),
    )
