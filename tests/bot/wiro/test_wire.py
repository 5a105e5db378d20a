from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wiro import wire
from bot.wiro.wire import Envelope, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENT = datetime(2024, 12, 18, 9, 23, 27, tzinfo=UTC)  # 1734513807

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.003510000000", 3_510_000),
        ("0.000585000000", 585_000),
        (0.00351, 3_510_000),
        (1, 1_000_000_000),
        ("0", 0),
        ("0.0000000005", 0),  # half a nano-dollar, to even
        ("12345.678901234", 12_345_678_901_234),
        (None, None),
        ("", None),
        ("free", None),
        ("-1", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e999999999", None),
        ("1e-999999999", 0),
    ],
)
def test_money_is_read_exactly(value: Any, expected: Any) -> None:
    assert wire.nano_usd(value) == expected


@given(st.integers(0, 10**18))
def test_every_amount_of_nano_dollars_survives_its_text(nano: Any) -> None:
    assert wire.nano_usd(str(Decimal(nano).scaleb(-9))) == nano


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1734513807", MOMENT),
        (1734513807, MOMENT),
        ("1734513807250", MOMENT + timedelta(milliseconds=250)),
        ("2024-12-18T09:23:27Z", MOMENT),
        ("2024-12-18T12:23:27+03:00", MOMENT),
        ("2024-12-18 09:23:27", MOMENT),
        ("0", None),
        (0, None),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("1e300", None),
    ],
)
def test_times_are_read_as_seconds_milliseconds_or_iso(value: Any, expected: Any) -> None:
    assert wire.instant(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        (1, True),
        ("1", True),
        (False, False),
        ("false", False),
        (0, False),
        ("0", False),
        ("", False),
        (None, False),
        ([1], False),
    ],
)
def test_bools_are_read_in_every_spelling(value: Any, expected: Any) -> None:
    assert wire.flag(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        (0, 0),
        ("137", 137),
        ("60%", 60),
        (" 7.9 ", 7),
        ("", None),
        (None, None),
        (True, None),
        ("x", None),
        ([], None),
        ("inf", None),
        (10**400, None),
    ],
)
def test_whole_numbers_are_read_from_text_too(value: Any, expected: Any) -> None:
    assert wire.integer(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5s", 5),
        (5, 5),
        ("2.5", 2.5),
        ("1m 5s", 65),
        ("1m5s", 65),
        ("1:05", 65),
        ("1:00:05", 3605),
        ("10 seconds", 10),
        ("250ms", 0.25),
        ("2h", 7200),
        ("", None),
        ("unknown", None),
        (-1, None),
    ],
)
def test_durations_are_read_in_every_spelling(value: Any, expected: Any) -> None:
    assert wire.duration_s(value) == expected


@given(JSON)
def test_no_reader_raises_for_anything_that_json_can_hold(value: Any) -> None:
    readers: list[Callable[[Any], Any]] = [wire.text, wire.number, wire.integer, wire.flag, wire.nano_usd]
    readers += [wire.instant, wire.duration_s, wire.mapping, wire.sequence, wire.objects]
    for read in readers:
        read(value)
    envelope = Envelope.of(value)
    assert isinstance(envelope.faults, tuple)
    assert isinstance(envelope.is_refusal, bool)
    assert isinstance(envelope.first_words, str)


@pytest.mark.parametrize(
    "document",
    [
        {"taskid": "1"},
        {"result": True, "data": {"taskid": "1"}},
        {"result": True, "data": {"data": {"taskid": "1"}}},
        {"taskid": None, "data": {"taskid": "1"}},
        {"taskid": "1", "data": {"taskid": "2"}},
    ],
)
def test_fields_are_found_flat_and_nested(document: Any) -> None:
    assert Envelope.of(document).get("taskid") == "1"


@pytest.mark.parametrize(
    ("errors", "faults"),
    [
        ([{"code": 96, "message": "full"}], (Fault(96, "full"),)),
        ([{"code": "96", "message": "full"}], (Fault(96, "full"),)),
        ([{"message": "full"}], (Fault(None, "full"),)),
        (["full", {"code": 1}], (Fault(None, "full"), Fault(1, ""))),
        ("full", (Fault(None, "full"),)),
        ({"code": 0, "message": "full"}, (Fault(0, "full"),)),
        ([], ()),
        (None, ()),
    ],
)
def test_errors_are_read_as_objects_and_as_plain_texts(errors: Any, faults: tuple[Fault, ...]) -> None:
    assert Envelope.of({"result": False, "errors": errors}).faults == faults


@pytest.mark.parametrize(
    ("document", "refused"),
    [
        ({"result": True, "errors": []}, False),
        ({"result": "true"}, False),
        ({"result": 1}, False),
        ({}, False),
        ({"taskid": "1"}, False),
        ({"errors": [{"message": "no"}]}, True),
        ({"result": False}, True),
        ({"result": "false"}, True),
        ({"result": 0}, True),
        ({"data": {"result": False}}, True),
    ],
)
def test_an_answer_is_a_refusal_by_its_result_or_by_its_errors(document: Any, refused: bool) -> None:
    assert Envelope.of(document).is_refusal is refused


def test_somebody_elses_words_are_cut_and_kept_on_one_line() -> None:
    words = wire.tidy("bad\x00thing\n" + "x" * 1000)

    assert words.startswith("bad thing x")
    assert len(words) == wire.MESSAGE_LENGTH
