"""Figures and how they are printed."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one run, with what it should be at most."""

    name: str
    value: float
    unit: str
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """It is what it should be."""
        return self.at_most is None or self.value <= self.at_most


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def lines(runs: Sequence[Sequence[Figure]]) -> list[str]:
    """A table of every figure: the median over the runs, the best and worst, and whether it holds."""
    names = [figure.name for figure in runs[0]]
    rows = [("figure", "median", "best", "worst", "at most", "")]
    for index, name in enumerate(names):
        values = [run[index].value for run in runs]
        first = runs[0][index]
        limit = "" if first.at_most is None else f"{first.at_most:g} {first.unit}"
        median = statistics.median(values)
        verdict = "" if first.at_most is None else ("✓" if median <= first.at_most else "✗")
        rows.append(
            (name, f"{median:.4g} {first.unit}", f"{min(values):.4g}", f"{max(values):.4g}", limit, verdict)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
