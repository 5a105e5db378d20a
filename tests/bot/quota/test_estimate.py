from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from bot.quota.estimate import Price, estimate_nano_usd, size_key
from bot.store.history import PastRun
from bot.tools.catalogue import load_catalogue

USD = 1_000_000_000
INPUTS = {"prompt": "ten chars.", "samples": "4", "width": "512", "height": "512", "steps": "30", "seed": "7"}


@dataclass(frozen=True)
class Tool:
    expected_run_s: float = 10
    fallback_price_nano_usd: int = 20_000_000


def past(*costs: int | None) -> list[PastRun]:
    return [PastRun(duration_s=9.0, cost_nano_usd=cost) for cost in costs]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ((5,), 5),
        ((1, 2, 3, 4), 4),
        (range(1, 21), 19),
        (range(1, 101), 48),  # newest first: only the first fifty count
        ((None, 0, 7), 7),
    ],
)
def test_past_runs_give_their_95th_percentile(costs: Any, expected: int) -> None:
    assert estimate_nano_usd(Tool(), INPUTS, past(*costs)) == expected


@pytest.mark.parametrize(
    ("entries", "expected_usd"),
    [
        ([{"inputs": {}, "price": 0.004, "priceMethod": "cpr"}], 0.004),
        ([{"inputs": {}, "price": 0.004, "priceMethod": "cpo"}], 0.016),
        ([{"inputs": {}, "price": "0.0005", "priceMethod": "cps"}], 0.005),
        ([{"inputs": {}, "price": 0.001, "priceMethod": "cp-promptlength"}], 0.010),
        ([{"inputs": {}, "price": 0.02, "priceMethod": "cp-pixel"}], 0.02),
        (
            [
                {"inputs": {}, "price": 1, "priceMethod": "cpr"},
                {"inputs": {"steps": 30}, "price": 2, "priceMethod": "cpr"},
                {"inputs": {"steps": 30, "width": "1024"}, "price": 3, "priceMethod": "cpr"},
            ],
            2,
        ),
    ],
)
def test_price_list_is_read_by_its_most_specific_entry(
    entries: list[dict[str, Any]], expected_usd: float
) -> None:
    for given in (entries, json.dumps(entries)):
        price = Price(dynamic_price=given)
        assert estimate_nano_usd(Tool(), INPUTS, [], price=price) == round(expected_usd * USD)


def test_pixels_beyond_the_first_tier_cost_extra() -> None:
    entry = {"inputs": {}, "price": 0.02, "priceMethod": "cp-pixel", "priceExtra": 0.01}
    large = INPUTS | {"width": "2048", "height": "1024"}
    assert estimate_nano_usd(Tool(), large, [], price=Price(dynamic_price=[entry])) == 30_000_000


@pytest.mark.parametrize(
    "unusable",
    [
        "",
        "not json",
        "{}",
        "[1, null]",
        '[{"price": "NaN"}]',
        '[{"price": -1}]',
        '[{"price": 1, "priceMethod": "cpt"}]',
        '[{"price": 1, "inputs": {"steps": "31"}}]',
        None,
    ],
)
def test_unusable_price_list_falls_back_to_the_price_per_second_then_to_the_tools_own(
    unusable: str | None,
) -> None:
    price = Price(dynamic_price=unusable, usd_per_s="0.000585000000")
    assert estimate_nano_usd(Tool(), INPUTS, [], price=price) == 5_850_000
    price = Price(dynamic_price=unusable, usd_per_s="free")
    assert estimate_nano_usd(Tool(), INPUTS, [], price=price) == 20_000_000


def test_estimate_is_never_nothing() -> None:
    assert estimate_nano_usd(Tool(fallback_price_nano_usd=0), {}, past(0, None)) == 1


def test_size_is_what_cost_and_time_depend_on() -> None:
    assert size_key(INPUTS) == "samples=4 width=512 height=512 steps=30"
    assert size_key(INPUTS | {"seed": "8", "prompt": "other"}) == size_key(INPUTS)
    assert size_key(INPUTS | {"steps": "31"}) != size_key(INPUTS)
    assert size_key({"samples": "", "width": None}) == ""


def test_every_tool_of_the_catalogue_can_be_priced() -> None:
    for tool in load_catalogue().values():
        assert estimate_nano_usd(tool, {}, []) == tool.fallback_price_nano_usd > 0
