"""Which error an answer of Wiro's means: one table for its codes and words, one for HTTP's numbers.

Wiro's codes are few and shared (0 is nearly everything, 1 is "no task", "no tool" and "not now"), so the
words decide wherever the code does not. Source: Wiro's error reference, and what its SDKs and scripts met.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.wiro.errors import (
    AuthError,
    ConcurrencyLimit,
    InsufficientBalance,
    InvalidInput,
    NoTask,
    NotCancellable,
    NotEnded,
    NotFound,
    NotPermitted,
    RateLimited,
    ServiceUnavailable,
    WiroError,
    WiroRefused,
)

if TYPE_CHECKING:
    from bot.wiro.wire import Envelope, Fault

_LIMIT = re.compile(r"up to ([\d,.]+) task", re.IGNORECASE)
_PARAMETER = re.compile(r"\[([^\]]+)\]")
_TASK_PATHS = frozenset({"Task/Detail", "Task/InputOutputDelete"})
_STOP_PATHS = frozenset({"Task/Cancel", "Task/Kill"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """A fault is of this kind when all that the rule names fits."""

    kind: type[WiroError]
    words: str = ""
    code: int | None = None
    paths: frozenset[str] = field(default=frozenset())

    def fits(self, fault: Fault, path: str) -> bool:
        return (
            (self.code is None or self.code == fault.code)
            and (not self.paths or path in self.paths)
            and re.search(self.words, fault.message, re.IGNORECASE) is not None
        )


_RULES = (
    _Rule(ConcurrencyLimit, code=96),
    _Rule(InsufficientBalance, code=97),
    _Rule(AuthError, code=98),
    _Rule(AuthError, code=99),
    _Rule(ConcurrencyLimit, r"concurrent task limit"),
    _Rule(InsufficientBalance, r"insufficient balance"),
    _Rule(AuthError, r"project authorization|signature authentication|bearer token|sign in to run"),
    _Rule(AuthError, r"requested ip .* not allowed|account has been suspended"),
    _Rule(NotPermitted, r"any permission|not allowed in your team"),
    _Rule(NotCancellable, r"not in a cancellable state|could not be killed"),
    _Rule(NotEnded, r"must be completed or cancelled"),
    _Rule(NoTask, r"no task|task-not"),
    _Rule(NotFound, r"tool-not-accessible|slug-owner-project-not-exist|error parsing url"),
    _Rule(InvalidInput, r"request (parameter|files)|invalid-parameters|is required"),
    _Rule(InvalidInput, r"model name|this name is not allowed"),
    _Rule(NoTask, code=1, paths=_TASK_PATHS),
    _Rule(NotCancellable, code=1, paths=_STOP_PATHS),
)


def refusal(envelope: Envelope, path: str) -> WiroError:
    """The error of an answer with `result: false`; `WiroRefused` when no rule knows it."""
    faults = envelope.faults
    for fault in faults:
        for rule in _RULES:
            if rule.fits(fault, path):
                return _error(rule.kind, fault)
    words = next((fault.message for fault in faults if fault.message), envelope.first_words)
    code = next((fault.code for fault in faults), None)
    return WiroRefused(words or "Wiro refused without saying why", code)


def http_error(
    status: int, envelope: Envelope, path: str, *, retry_after_s: float | None = None
) -> WiroError:
    """The error of an answer that is not 2xx: by its words where they are known, else by its number."""
    known = refusal(envelope, path)
    words = known.message if envelope.faults else envelope.first_words or f"HTTP {status}"
    if status == 429 and not isinstance(known, ConcurrencyLimit):
        return RateLimited(words, known.code, retry_after_s=retry_after_s)
    # A server that fails may say anything; only its number is believed.
    if status == 408 or status >= 500 or status < 400:
        return ServiceUnavailable(words, known.code, status=status, retry_after_s=retry_after_s)
    if type(known) is not WiroRefused:
        return known
    return _BY_STATUS.get(status, WiroRefused)(words, known.code)


_BY_STATUS: dict[int, type[WiroError]] = {
    400: InvalidInput,
    401: AuthError,
    402: InsufficientBalance,
    403: AuthError,
    404: NotFound,
    413: InvalidInput,
    422: InvalidInput,
}


def _error(kind: type[WiroError], fault: Fault) -> WiroError:
    if issubclass(kind, ConcurrencyLimit):
        limit = _LIMIT.search(fault.message)
        digits = re.sub(r"\D", "", limit.group(1)) if limit else ""
        return kind(fault.message, fault.code, limit=int(digits) if digits else None)
    if issubclass(kind, InvalidInput):
        name = _PARAMETER.search(fault.message)
        return kind(fault.message, fault.code, parameter=name.group(1) if name else None)
    return kind(fault.message, fault.code)
