"""Who we are to Wiro: the headers of one attempt.

The API key is the HMAC's key and the secret is in the message, the other way round than habit has it; body,
path and method are not signed. Projects without a secret send the key alone.
"""

from __future__ import annotations

import hashlib
import hmac
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from bot.clock import Clock


def signature(api_key: str, api_secret: str, nonce: str) -> str:
    """Lower-case hexadecimal HMAC-SHA256 of secret and nonce under the API key."""
    return hmac.new(api_key.encode(), (api_secret + nonce).encode(), hashlib.sha256).hexdigest()


class Signer:
    """Makes the authentication headers, each time with a nonce that this process never used before."""

    # Of the process, not of the signer: two clients with one key must not meet in a nonce either.
    _lock: ClassVar[Lock] = Lock()
    _last_nonce: ClassVar[int] = 0

    def __init__(self, api_key: str, api_secret: str | None, clock: Clock) -> None:
        self._api_key = api_key.strip()
        self._api_secret = (api_secret or "").strip()
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Signer {'key and secret' if self._api_secret else 'key only'}>"

    def headers(self) -> dict[str, str]:
        """Fresh headers for one attempt."""
        headers = {"x-api-key": self._api_key}
        if self._api_secret:
            nonce = str(self._next_nonce())
            headers["x-nonce"] = nonce
            headers["x-signature"] = signature(self._api_key, self._api_secret, nonce)
        return headers

    def conceal(self, words: str) -> str:
        """`words` without the key and the secret, in case Wiro repeats one."""
        for hidden in filter(None, (self._api_secret, self._api_key)):
            words = words.replace(hidden, "[concealed]")
        return words

    def _next_nonce(self) -> int:
        now_ms = int(self._clock.now().timestamp() * 1000)
        with self._lock:
            Signer._last_nonce = max(Signer._last_nonce + 1, now_ms)
            return Signer._last_nonce
