"""Who calls: Wiro's key and signature headers."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from sandbox.wiro import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping


def signature(api_key: str, api_secret: str, nonce: str) -> str:
    """Wiro's signature: the API *key* is the HMAC's key, the secret is in the message."""
    return hmac.new(api_key.encode(), (api_secret + nonce).encode(), hashlib.sha256).hexdigest()


class Gate:
    """Checks the headers of a call against one project.

    With a secret of None the project is key-only and signature headers are ignored. `strict_nonce` refuses a
    nonce that was used before; the real service is known to accept one again.
    """

    def __init__(self, api_key: str, api_secret: str | None, *, strict_nonce: bool = False) -> None:
        self.strict_nonce = strict_nonce
        self._api_key = api_key
        self._api_secret = api_secret
        self._nonces: set[str] = set()

    def check(self, headers: Mapping[str, str]) -> None:
        """Return when the call may go on.

        Raises:
            Refusal: The key is unknown, or the signature is missing or wrong; HTTP 401.
        """
        if not _same(headers.get("x-api-key", ""), self._api_key):
            raise refusals.unknown_key()
        if self._api_secret is None:
            return
        nonce, given = headers.get("x-nonce", ""), headers.get("x-signature", "")
        if not nonce or not given:
            raise refusals.signature_missing()
        if not _same(given, signature(self._api_key, self._api_secret, nonce)):
            raise refusals.signature_wrong()
        if self.strict_nonce and nonce in self._nonces:
            raise refusals.signature_wrong()
        if self.strict_nonce:
            self._nonces.add(nonce)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
