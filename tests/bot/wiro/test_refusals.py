from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wiro import (
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
from bot.wiro.refusals import http_error, refusal
from bot.wiro.wire import Envelope

RUN, DETAIL, CANCEL, KILL, DELETE = (
    "Run/wiro/tool",
    "Task/Detail",
    "Task/Cancel",
    "Task/Kill",
    "Task/InputOutputDelete",
)
FULL = (
    "You have reached your concurrent task limit. With your current balance of $50, you can run up to 5 "
    "tasks at the same time. Add funds to increase your limit."
)
SUSPENDED = "Your account has been suspended. Please contact support if you believe this is a mistake."
NEEDS_SIGNATURE = "Project requires signature authentication. x-signature and x-nonce headers are required."

# Every row of Wiro's error reference, and what was met beside it.
ROWS = [
    (RUN, 401, 0, "Project authorization is not founded.", AuthError),
    (RUN, 401, 0, NEEDS_SIGNATURE, AuthError),
    (RUN, 401, 0, "Project authorization is not valid.", AuthError),
    (RUN, 401, 0, "Requested ip 203.0.113.9 is not allowed.", AuthError),
    (RUN, 401, 99, "Authorization bearer token is not founded in headers.", AuthError),
    (RUN, 401, 99, "Authorization bearer token is invalid.", AuthError),
    (RUN, 401, 99, "Authorization bearer token expired.", AuthError),
    (RUN, 404, 0, "Error parsing url.", NotFound),
    (RUN, 200, 97, "Insufficient balance", InsufficientBalance),
    (RUN, 200, 96, FULL, ConcurrencyLimit),
    (RUN, 200, 98, "sign in to run this model", AuthError),
    (RUN, 200, 0, "Request parameter [prompt] required", InvalidInput),
    (RUN, 200, 0, "Request parameter [steps] must be integer or float", InvalidInput),
    (RUN, 200, 0, "Request parameter [steps] must be between 1 and 150", InvalidInput),
    (RUN, 200, 0, "Request files [selectedFolder] required", InvalidInput),
    (RUN, 200, 0, "Request parameters are invalid.", InvalidInput),
    (RUN, 200, 1, "tool-not-accessible", NotFound),
    (RUN, 200, 1, "slug-owner-project-not-exist", NotFound),
    (RUN, 200, 0, SUSPENDED, AuthError),
    (RUN, 200, 0, "You don't have any permission for this action.", NotPermitted),
    (DETAIL, 200, 0, "You don't have any permission for this action.", NotPermitted),
    (RUN, 200, 0, "This model is not allowed in your team. Contact your team admin.", NotPermitted),
    (RUN, 200, 0, "Your model name should be contain (A-Z) (0-9) (-) (_) (.)", InvalidInput),
    (RUN, 200, 0, "This name is not allowed", InvalidInput),
    (RUN, 200, 0, "This model name is already in use", InvalidInput),
    (DETAIL, 200, 1, "There is no task yet.", NoTask),
    (CANCEL, 200, 1, "There is no task yet.", NoTask),
    (KILL, 200, 1, "task-not-founded", NoTask),
    (DETAIL, 200, 0, "taskid or socketaccesstoken is required", InvalidInput),
    (CANCEL, 200, 1, "Task is not in a cancellable state.", NotCancellable),
    (KILL, 200, 1, "Task could not be killed: already ended", NotCancellable),
    (DELETE, 200, None, "task-not-exist", NoTask),
    (DELETE, 200, None, "Task must be completed or cancelled before deleting files", NotEnded),
    ("File/Upload", 200, None, "invalid-parameters", InvalidInput),
    (RUN, 200, 0, "Something broke on our side", WiroRefused),
    # Beside the reference: words that nobody has seen yet, under the codes that mean these things.
    (DETAIL, 200, 1, "gone fishing", NoTask),
    (KILL, 200, 1, "not now", NotCancellable),
    (RUN, 200, 1, "not now", WiroRefused),
]


def envelope(code: int | None, message: str) -> Envelope:
    return Envelope.of({"result": False, "errors": [{"code": code, "message": message}]})


def error_of(path: str, status: int, code: int | None, message: str) -> WiroError:
    answer = envelope(code, message)
    return refusal(answer, path) if status == 200 else http_error(status, answer, path)


@pytest.mark.parametrize(
    ("path", "status", "code", "message", "kind"), ROWS, ids=[f"{row[3][:40]}-{row[0]}" for row in ROWS]
)
def test_each_known_refusal_has_its_error(
    path: str, status: int, code: int | None, message: Any, kind: type[WiroError]
) -> None:
    error = error_of(path, status, code, message)

    assert type(error) is kind
    assert error.message == str(error) == message
    assert error.code == code


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        (FULL, 5),
        ("... you can run up to 1 task at the same time", 1),
        ("... you can run up to 1,024 tasks at the same time", 1024),
        ("You have reached your concurrent task limit.", None),
        ("", None),
    ],
)
def test_the_limit_is_read_from_the_words_of_code_96(message: Any, limit: int | None) -> None:
    error = refusal(envelope(96, message), RUN)

    assert isinstance(error, ConcurrencyLimit)
    assert error.limit == limit


@pytest.mark.parametrize(
    ("message", "parameter"),
    [
        ("Request parameter [steps] must be between 1 and 150", "steps"),
        ("Request parameters are invalid.", None),
    ],
)
def test_the_named_input_is_read_from_a_refused_value(message: Any, parameter: str | None) -> None:
    error = refusal(envelope(0, message), RUN)

    assert isinstance(error, InvalidInput)
    assert error.parameter == parameter


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidInput),
        (401, AuthError),
        (402, InsufficientBalance),
        (403, AuthError),
        (404, NotFound),
        (408, ServiceUnavailable),
        (409, WiroRefused),
        (413, InvalidInput),
        (418, WiroRefused),
        (422, InvalidInput),
        (429, RateLimited),
        (500, ServiceUnavailable),
        (502, ServiceUnavailable),
        (503, ServiceUnavailable),
        (504, ServiceUnavailable),
        (301, ServiceUnavailable),
    ],
)
def test_without_words_the_http_status_decides(status: int, kind: type[WiroError]) -> None:
    error = http_error(status, Envelope.of(None), RUN)

    assert type(error) is kind
    assert error.message == f"HTTP {status}"


def test_known_words_are_more_exact_than_a_4xx_status() -> None:
    assert isinstance(http_error(403, envelope(97, "Insufficient balance"), RUN), InsufficientBalance)
    assert isinstance(http_error(404, envelope(1, "There is no task yet."), DETAIL), NoTask)
    assert isinstance(http_error(429, envelope(96, FULL), RUN), ConcurrencyLimit)


def test_a_5xx_status_is_believed_whatever_its_body_says() -> None:
    error = http_error(503, envelope(96, FULL), RUN, retry_after_s=3)

    assert isinstance(error, ServiceUnavailable)
    assert (error.status, error.retry_after_s) == (503, 3)


def test_a_gateways_own_message_is_kept() -> None:
    assert http_error(500, Envelope.of({"message": "upstream died"}), RUN).message == "upstream died"


def test_the_first_fault_that_is_known_decides_among_several() -> None:
    answer = Envelope.of(
        {"result": False, "errors": ["odd", {"code": 97, "message": "Insufficient balance"}]}
    )

    assert isinstance(refusal(answer, RUN), InsufficientBalance)


@given(code=st.none() | st.integers(), message=st.text(), status=st.integers(100, 599))
def test_any_refusal_becomes_an_error_with_a_message(code: int | None, message: Any, status: int) -> None:
    assert refusal(envelope(code, message), RUN).message
    assert http_error(status, envelope(code, message), DETAIL) is not None
