from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from multidict import CIMultiDict

from sandbox.wiro.auth import Gate, signature
from sandbox.wiro.refusals import Refusal
from tests.sandbox.wiro.wire import KEY, SECRET, signed

if TYPE_CHECKING:
    from tests.sandbox.wiro.wire import Wire


@pytest.mark.parametrize(
    ("key", "secret", "nonce", "expected"),
    [
        (
            "test-api-key",
            "test-secret",
            "1700000000000",
            "2d99fa1b6934f66a712785d1b402997e1b13d9d7cd5e0085211dac133ae4a8ef",
        ),
        ("api", "secret", "nonce-1", "d453af9a65c4ddd1ff17d5b03d3224b906899f3445dc4b4aadb5580260c60586"),
    ],
)
def test_signature_is_wiros(key: str, secret: str, nonce: str, expected: str) -> None:
    assert signature(key, secret, nonce) == expected


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Project authorization is not founded."),
        (signed(key="other"), "Project authorization is not founded."),
        (
            {"x-api-key": KEY},
            "Project requires signature authentication. x-signature and x-nonce headers are required.",
        ),
        (signed(secret="other"), "Project authorization is not valid."),
        ({**signed(), "x-signature": "ünsigned"}, "Project authorization is not valid."),
    ],
    ids=["no key", "unknown key", "key alone", "wrong secret", "not ascii"],
)
async def test_unauthorised_call_is_refused_with_401(
    wire: Wire, headers: dict[str, str], message: str
) -> None:
    response = await wire.post("Task/List", json={}, headers=headers)

    assert response.status == 401
    assert await response.json() == {"result": False, "errors": [{"code": 0, "message": message}]}


async def test_tool_list_needs_no_authorisation(wire: Wire) -> None:
    response = await wire.post("Tool/List", json={}, headers={})

    assert (await response.json())["result"] is True


async def test_nonce_may_be_used_again(wire: Wire) -> None:
    headers = signed(nonce="7")
    answers = [await wire.post("Task/List", json={}, headers=headers) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]


def test_strict_gate_refuses_a_used_nonce() -> None:
    gate = Gate(KEY, SECRET, strict_nonce=True)
    headers = CIMultiDict(signed(nonce="7"))
    gate.check(headers)

    with pytest.raises(Refusal, match="not valid"):
        gate.check(headers)


def test_key_only_project_ignores_signature_headers() -> None:
    gate = Gate(KEY, None)

    gate.check({"x-api-key": KEY})
    gate.check({"x-api-key": KEY, "x-nonce": "1", "x-signature": "whatever"})
    with pytest.raises(Refusal, match="not founded"):
        gate.check({"x-api-key": "other"})


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "Nothing/Here"), ("POST", "task/detail"), ("GET", "Task/List")]
)
async def test_unknown_path_is_a_404(wire: Wire, method: str, path: str) -> None:
    async with wire.session.request(method, f"/wiro/v1/{path}", headers=signed()) as response:
        assert response.status == 404
        assert (await response.json())["errors"] == [{"code": 0, "message": "Error parsing url."}]
