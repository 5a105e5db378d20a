"""What a tool takes: one input, what may be put into it, and how Tool/Detail lists it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.wiro import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select."""

    value: str
    label: str
    description: str = ""
    triggerwords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a tool. The range is the server's own knowledge: the pages do not state it."""

    id: str
    type: str
    default: str = ""
    label: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    options: tuple[Option, ...] = ()

    def check(self, value: Any) -> None:
        """Raise a `Refusal` when the value cannot be run with; an empty one stands for the default."""
        if value is None or value == "":
            if self.required:
                raise refusals.missing(self.id)
        elif self.type in {"number", "float", "range"}:
            self._check_number(value)
        elif self.type == "checkbox":
            if str(value).lower() not in {"true", "false"}:
                raise refusals.invalid()
        elif self.options and str(value) not in {option.value for option in self.options}:
            raise refusals.invalid()

    def _check_number(self, value: Any) -> None:
        number = as_number(value)
        if number is None:
            raise refusals.not_a_number(self.id)
        if (
            self.minimum is not None
            and self.maximum is not None
            and not self.minimum <= number <= self.maximum
        ):
            raise refusals.out_of_range(self.id, self.minimum, self.maximum)

    def row(self, options: Sequence[Option]) -> dict[str, Any]:
        """The input as an item of Tool/Detail's `parameters`."""
        row: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "label": self.label or self.id.lower(),
            "default": self.default,
            "required": self.required,
        }
        if self.type in {"select", "radio"}:
            row["options"] = [
                {
                    "label": option.label,
                    "value": option.value,
                    "description": option.description,
                    "triggerwords": list(option.triggerwords),
                    "generatesettings": [],
                }
                for option in options
            ]
        return row


def as_number(value: Any) -> float | None:
    """A JSON number, or text that is one; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def number_of(inputs: Mapping[str, Any], name: str, default: float) -> float:
    """A checked number's value, or `default` where it was left empty."""
    number = as_number(inputs.get(name))
    return default if number is None else number
