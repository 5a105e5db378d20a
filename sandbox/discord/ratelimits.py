"""Rate limits as Discord keeps them: a bucket per route and place, one for the whole bot, and headers."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.discord.errors import ApiError

if TYPE_CHECKING:
    from sandbox.discord.model import Limits
    from sandbox.discord.times import Times

VIA = {"Via": "1.1 google"}
"""A 429 without it is taken for a ban by Cloudflare."""


@dataclass(slots=True)
class _Window:
    used: int
    ends_s: float


class RateLimits:
    """Counts requests in fixed windows that begin with the first request in them."""

    def __init__(self, times: Times, limits: Limits) -> None:
        self._times = times
        self._limits = limits
        self._windows: dict[tuple[str, str], _Window] = {}

    def take_global(self) -> None:
        """Count a request of the bot; raises 429 over 50 in a second."""
        if not self._limits.rate_limits:
            return
        window, most = self._window(("global", ""), 1.0), self._limits.global_per_s
        if window.used >= most:
            raise self.refusal(window.ends_s - self._times.pace_s(), scope="global")
        window.used += 1

    def take(self, bucket: str, major: str, size: tuple[int, float]) -> dict[str, str]:
        """Count a request and give the headers of its answer; raises 429 when the bucket is empty."""
        if not self._limits.rate_limits:
            return {}
        most, per_s = size
        window = self._window((bucket, major), per_s)
        left_s = max(0.0, window.ends_s - self._times.pace_s())
        spent = window.used >= most
        if not spent:
            window.used += 1
        headers = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(most - window.used),
            "X-RateLimit-Reset": f"{self._times.now_s() + left_s:.3f}",
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": hashlib.blake2b(bucket.encode(), digest_size=16).hexdigest(),
        }
        if spent:
            raise self.refusal(left_s, scope="user", headers=headers)
        return headers

    def take_old_edit(self, channel_id: int) -> None:
        """Count an edit of a message older than an hour; raises 429 with code 30046 over the limit."""
        most, per_s = self._limits.old_edit
        window = self._window(("old-edit", str(channel_id)), per_s)
        if self._limits.rate_limits and window.used >= most:
            text = "Maximum number of edits to messages older than 1 hour reached. Try again later"
            raise self.refusal(window.ends_s - self._times.pace_s(), scope="user", code=30046, message=text)
        window.used += 1

    def refusal(
        self,
        after_s: float,
        *,
        scope: str,
        via: bool = True,
        code: int = 0,
        message: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> ApiError:
        """The 429 of a scope (`user`, `shared`, `global`)."""
        is_global = scope == "global"
        after_s = max(0.001, after_s)
        sent = (headers or {}) | {"Retry-After": str(math.ceil(after_s)), "X-RateLimit-Scope": scope}
        sent |= VIA if via else {}
        sent |= {"X-RateLimit-Global": "true"} if is_global else {}
        text = message or (
            "You are being rate limited." if scope != "shared" else "The resource is being rate limited."
        )
        extra = {"retry_after": round(after_s, 3), "global": is_global}
        return ApiError(429, code, text, extra=extra, headers=sent)

    def _window(self, key: tuple[str, str], per_s: float) -> _Window:
        now_s = self._times.pace_s()
        window = self._windows.get(key)
        if window is None or window.ends_s <= now_s:
            if len(self._windows) > 10_000:
                self._windows = {one: kept for one, kept in self._windows.items() if kept.ends_s > now_s}
            window = self._windows[key] = _Window(0, now_s + per_s)
        return window
