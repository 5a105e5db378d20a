"""What a run will probably cost: held against the caps until Wiro tells the true cost.

By what is known, in this order: the 95th percentile of the last runs of that size, the tool's
`dynamicprice`, its price per second times the expected run, what Wiro says that runs cost on average, the
fallback in its TOML. Never 0.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAST_RUNS = 50
PERCENTILE = 0.95
NANO_PER_USD = 1_000_000_000
TIER_PIXELS = 1_048_576
MOST_NANO_USD = 1_000_000 * NANO_PER_USD
"""More than any run costs: a price out of all reason still fits the ledgers."""

_SIZE_INPUTS = ("samples", "width", "height", "steps")
_SAMPLES, _WIDTH, _HEIGHT, _PROMPT = "samples", "width", "height", "prompt"


class Run(Protocol):
    """A run of the past; `bot.store.history.PastRun` is one."""

    @property
    def cost_nano_usd(self) -> int | None: ...  # noqa: D102  # a name that says it


class PricedTool(Protocol):
    """What an estimate needs of a tool; `bot.tools.catalogue.Tool` is one."""

    @property
    def expected_run_s(self) -> float: ...  # noqa: D102  # a name that says it
    @property
    def fallback_price_nano_usd(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What `Tool/Detail` tells of a tool's price."""

    dynamic_price: str | Sequence[Mapping[str, Any]] | None = None
    """`dynamicprice`: JSON text or already parsed."""
    usd_per_s: str | float | Decimal | None = None
    """`cps`."""
    approximate_usd: str | float | Decimal | None = None
    """`approximatelycost`: of the average run, whatever its size."""


def size_key(inputs: Mapping[str, Any]) -> str:
    """How big a run is: equal for runs whose cost and duration can be compared. "samples=4 width=512 …"."""
    return " ".join(f"{name}={inputs[name]}" for name in _SIZE_INPUTS if inputs.get(name) not in {None, ""})


def estimate_nano_usd(
    tool: PricedTool, inputs: Mapping[str, Any], past: Sequence[Run], *, price: Price | None = None
) -> int:
    """The cost to hold for one run, in nano-dollars, at least 1.

    Args:
        tool: The tool.
        inputs: What Run will be sent.
        past: The last runs of the same size, newest first; only the first fifty count.
        price: What Wiro tells of the tool's price, where it was asked.
    """
    price = price or Price()
    costs = sorted(run.cost_nano_usd for run in past[:PAST_RUNS] if run.cost_nano_usd)
    estimate = (
        _percentile(costs)
        or _dynamic(price.dynamic_price, inputs, tool.expected_run_s)
        or _nano(_decimal(price.usd_per_s) * Decimal(str(tool.expected_run_s)))
        or _nano(_decimal(price.approximate_usd))
        or tool.fallback_price_nano_usd
    )
    return min(max(1, estimate), MOST_NANO_USD)


def _percentile(ordered: Sequence[int]) -> int:
    """The least cost that 95 of 100 runs do not pass; 0 without any."""
    return ordered[math.ceil(PERCENTILE * len(ordered)) - 1] if ordered else 0


def _dynamic(
    dynamic_price: str | Sequence[Mapping[str, Any]] | None, inputs: Mapping[str, Any], expected_run_s: float
) -> int:
    """By the price list's most specific entry that fits; 0 when none does, or needs the run's outcome."""
    fitting = [entry for entry in _entries(dynamic_price) if _fits(entry, inputs)]
    if not fitting:
        return 0
    entry = max(fitting, key=lambda each: len(each.get("inputs") or {}))
    return _nano(_by_method(entry, inputs, expected_run_s))


def _entries(dynamic_price: str | Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    """The price list's entries; a service's text may be anything, and then there are none."""
    if isinstance(dynamic_price, str):
        try:
            dynamic_price = json.loads(dynamic_price) if dynamic_price.strip() else None
        except ValueError:
            return []
    if not isinstance(dynamic_price, list | tuple):
        return []
    return [entry for entry in dynamic_price if isinstance(entry, dict)]


def _fits(entry: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    wanted = entry.get("inputs") or {}
    return isinstance(wanted, dict) and all(
        name in inputs and str(inputs[name]) == str(value) for name, value in wanted.items()
    )


def _by_method(entry: Mapping[str, Any], inputs: Mapping[str, Any], expected_run_s: float) -> Decimal:
    """Wiro's methods whose price is known before the run; 0 for the others."""
    price, extra = _decimal(entry.get("price")), _decimal(entry.get("priceExtra"))
    match str(entry.get("priceMethod", "cpr")):
        case "cpr":
            return price
        case "cpo":
            return price * max(Decimal(1), _decimal(inputs.get(_SAMPLES)))
        case "cps":
            return price * Decimal(str(expected_run_s))
        case "cp-pixel":
            pixels = _decimal(inputs.get(_WIDTH)) * _decimal(inputs.get(_HEIGHT))
            tiers = max(1, math.ceil(pixels / TIER_PIXELS))
            return price + (tiers - 1) * (extra or price)
        case "cp-promptlength":
            return price * len(str(inputs.get(_PROMPT, "")))
        case _:
            return Decimal(0)


def _decimal(value: Any) -> Decimal:
    """A service's number, 0 for what is none, negative or not finite."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() and number > 0 else Decimal(0)


def _nano(usd: Decimal) -> int:
    return math.ceil(usd * NANO_PER_USD)
