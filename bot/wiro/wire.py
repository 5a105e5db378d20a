"""Wiro's JSON, read tolerantly: numbers as text, envelopes flat and nested, unset as "0" or "".

None of these functions raises for anything that can come out of a JSON document; what cannot be read is None
or empty. Sources: Wiro's documentation and the readers of its own SDKs, which disagree in just these places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from math import isfinite
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGE_LENGTH = 300
"""Longest message of Wiro's that is kept."""

MILLISECONDS_FROM = 1e12
"""Unix times from here on are milliseconds: as seconds they would be in the year 33658."""

_NANO = Decimal(10) ** 9
_TRUE = frozenset({"true", "1", "yes"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_CLOCK_FACE = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_WITH_UNITS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)", re.IGNORECASE)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_json(data: bytes | str) -> Any:
    """The document; raises `ValueError` when it is none."""
    return orjson.loads(data)


def text(value: Any) -> str:
    """Text of a scalar; "" for null, lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return ""


def number(value: Any) -> float | None:
    """A finite number, also out of text such as " 7.5" or "60%"."""
    if isinstance(value, str):
        try:
            value = float(value.strip().removesuffix("%"))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if isfinite(result) else None


def integer(value: Any) -> int | None:
    """A whole number, also out of text; fractions are cut off."""
    result = number(value)
    return None if result is None else int(result)


def flag(value: Any) -> bool:
    """True for true, "true", 1 and "1"."""
    return text(value).strip().lower() in _TRUE


def nano_usd(value: Any) -> int | None:
    """Dollars, such as "0.003510000000", in nano-dollars, exactly; None when unset, negative or absurd."""
    try:
        dollars = Decimal(text(value).strip())
    except InvalidOperation:
        return None
    # The exponent is looked at before the number is spelled out: "1e999999999" would fill the memory.
    if not dollars.is_finite() or dollars < 0 or dollars.adjusted() > 9:
        return None
    return int((dollars * _NANO).to_integral_value(ROUND_HALF_EVEN))


def instant(value: Any) -> datetime | None:
    """A time given as unix seconds, unix milliseconds or ISO 8601; None when unset ("0", "")."""
    seconds = number(value)
    if seconds is None:
        return _iso_instant(text(value).strip())
    if seconds <= 0:
        return None
    if seconds >= MILLISECONDS_FROM:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def duration_s(value: Any) -> float | None:
    """Seconds of 5, "5", "5s", "1m 5s", "1:05" or "10 seconds"."""
    plain = number(value)
    if plain is not None:
        return plain if plain >= 0 else None
    words = text(value).strip()
    if face := _CLOCK_FACE.fullmatch(words):
        hours, minutes, seconds = face.groups()
        return int(hours or 0) * 3600.0 + int(minutes) * 60.0 + float(seconds)
    parts = _WITH_UNITS.findall(words)
    return sum(float(amount) * _UNIT_S[unit.lower()] for amount, unit in parts) if parts else None


def mapping(value: Any) -> dict[str, Any]:
    """An object, also one that was sent as a JSON text; {} for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _maybe_json(value)
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """A list, also one that was sent as a JSON text; [] for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _maybe_json(value)
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in sequence(value) if isinstance(item, dict)]


def tidy(message: str) -> str:
    """Somebody else's words, fit for a line of a log: no control characters, not too long."""
    line = _CONTROL.sub(" ", message).strip()
    return line if len(line) <= MESSAGE_LENGTH else line[: MESSAGE_LENGTH - 1] + "…"


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of `errors`."""

    code: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer's fields, looked for at the top level, then in `data`, then in `data.data`."""

    layers: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, document: Any) -> Envelope:
        """The envelope of a parsed document; empty when it is not an object."""
        layers: list[Mapping[str, Any]] = []
        layer = document
        while isinstance(layer, dict) and len(layers) < 3:
            layers.append(layer)
            layer = layer.get("data")
        return cls(tuple(layers))

    def get(self, key: str) -> Any:
        """The outermost value of that name that is not null."""
        return next((layer[key] for layer in self.layers if layer.get(key) is not None), None)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What `errors` says, whether as objects, as plain texts or as one of them alone."""
        errors = self.get("errors")
        entries = errors if isinstance(errors, list) else [errors]
        return tuple(fault for entry in entries if (fault := _fault(entry)) is not None)

    @property
    def is_refusal(self) -> bool:
        """`result` is false; or it is missing, and there are errors."""
        result = self.get("result")
        return bool(self.faults) if result is None else not flag(result)

    @property
    def first_words(self) -> str:
        """The message of an answer that has no `errors`, as some gateways put it; "" when there is none."""
        return next((words for key in ("message", "error") if (words := tidy(text(self.get(key))))), "")


def _fault(entry: Any) -> Fault | None:
    if isinstance(entry, dict):
        return Fault(integer(entry.get("code")), tidy(text(entry.get("message"))))
    words = tidy(text(entry))
    return Fault(None, words) if words else None


def _iso_instant(words: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(words)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _maybe_json(words: str) -> Any:
    try:
        return parse_json(words)
    except ValueError:
        return None
