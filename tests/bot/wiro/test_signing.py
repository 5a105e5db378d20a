from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from bot.wiro.signing import Signer, signature

if TYPE_CHECKING:
    from tests.support.clock import ManualClock


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
        (
            "your-api-key",
            "your-api-secret",
            "1734513807",
            "42505fd4c3e19a837773dcce01ff120380f8501a622b799274e489c1e8cb1fab",
        ),
    ],
)
def test_signature_matches_the_known_vectors(key: str, secret: str, nonce: str, expected: Any) -> None:
    assert signature(key, secret, nonce) == expected


def test_headers_carry_a_signature_of_their_own_nonce(clock: ManualClock) -> None:
    headers = Signer("key", "secret", clock).headers()

    assert headers["x-api-key"] == "key"
    assert headers["x-signature"] == signature("key", "secret", headers["x-nonce"])
    assert re.fullmatch(r"[0-9a-f]{64}", headers["x-signature"])


@pytest.mark.parametrize("secret", [None, "", "  "])
def test_a_project_without_a_secret_sends_the_key_alone(clock: ManualClock, secret: str) -> None:
    assert Signer("key", secret, clock).headers() == {"x-api-key": "key"}


def test_key_and_secret_are_trimmed(clock: ManualClock) -> None:
    headers = Signer(" key\n", " secret ", clock).headers()

    assert headers["x-api-key"] == "key"
    assert headers["x-signature"] == signature("key", "secret", headers["x-nonce"])


def test_no_nonce_is_used_twice_in_a_process_even_when_time_stands_still_or_goes_back(
    clock: ManualClock,
) -> None:
    one, other = Signer("key", "secret", clock), Signer("key", "secret", clock)

    nonces = [int(signer.headers()["x-nonce"]) for signer in (one, other, one)]
    clock.jump(-3600)
    nonces.append(int(other.headers()["x-nonce"]))

    assert nonces == sorted(set(nonces))


def test_a_nonce_is_the_time_in_milliseconds_when_that_has_moved_on(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Signer, "_last_nonce", 0)
    signer = Signer("key", "secret", clock)

    assert int(signer.headers()["x-nonce"]) == int(clock.now().timestamp() * 1000)


def test_a_signer_shows_neither_key_nor_secret(clock: ManualClock) -> None:
    signer = Signer("the-key", "the-secret", clock)

    assert "the-" not in repr(signer)
    assert signer.conceal("bad key the-key with the-secret") == "bad key [concealed] with [concealed]"
