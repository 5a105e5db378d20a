"""The one way to Wiro's API: signs, sends, reads, repeats what may be repeated, all within a deadline."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

import aiohttp

from bot.wiro.errors import AnswerLost, MalformedAnswer, NotSent, ServiceUnavailable, WiroError
from bot.wiro.refusals import http_error, refusal
from bot.wiro.retry import parse_http_date, parse_retry_after
from bot.wiro.wire import Envelope, parse_json, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.clock import Clock
    from bot.wiro.bodies import Body
    from bot.wiro.retry import Repeater
    from bot.wiro.signing import Signer

T = TypeVar("T")

ANSWER_BYTES = 16 * 1024 * 1024
"""Largest answer that is read; that of Wiro's own SDKs."""

CONNECT_TIMEOUT_S = 10.0

NETWORK_ERRORS = (aiohttp.ClientError, OSError)
"""Everything that aiohttp raises for a network that fails; `TimeoutError` is an `OSError`."""


class OnCall(Protocol):
    """Told of each attempt, for metrics."""

    def __call__(self, path: str, result: str, duration_s: float, /) -> None:
        """`path` is one of a few ("Task/Detail", "Run", "download"); `result` "ok" or an error's name."""


class Calls:
    """Counts and times attempts for `OnCall`."""

    def __init__(self, clock: Clock, on_call: OnCall | None) -> None:
        self._clock = clock
        self._on_call = on_call

    @contextmanager
    def measured(self, path: str) -> Iterator[None]:
        """Tell `on_call` of the attempt in the body, also when it is cancelled."""
        started_s = self._clock.monotonic_s()
        result = "cancelled"
        try:
            yield
            result = "ok"
        except WiroError as error:
            result = type(error).__name__
            raise
        finally:
            if self._on_call is not None:
                self._on_call(path, result, self._clock.monotonic_s() - started_s)


class Transport:
    """Posts to Wiro's API.

    Args:
        session: Carries the requests; stays the caller's.
        api_url: Such as "https://api.wiro.ai/v1".
        timeout_s: For a whole call, with all its attempts and the waits between them.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        signer: Signer,
        clock: Clock,
        timeout_s: float,
        repeater: Repeater,
        calls: Calls,
    ) -> None:
        self._session = session
        self._api_url = api_url.rstrip("/")
        self._signer = signer
        self._clock = clock
        self._timeout_s = timeout_s
        self._repeater = repeater
        self._calls = calls
        self._date: tuple[datetime, float] | None = None
        self.clock_skew_s: float | None = None

    def server_time(self) -> datetime | None:
        """The time by Wiro's clock, as the last answer's `Date` showed it, carried on; None before any."""
        if self._date is None:
            return None
        date, heard_at_s = self._date
        return date + timedelta(seconds=self._clock.monotonic_s() - heard_at_s)

    async def post(self, path: str, make_body: Callable[[], Body], read: Callable[[Envelope], T]) -> T:
        """Post, repeating while that may help, and return what `read` makes of the answer.

        Args:
            path: Under the API's address.
            make_body: Makes the body of one attempt.
            read: Takes an answer that is no refusal; raises `MalformedAnswer` when it lacks something.

        Raises:
            WiroError: Any but `NotSent` and `AnswerLost`.
        """

        async def attempt() -> T:
            with self._calls.measured(path):
                try:
                    async with self._clock.timeout(self._repeater.policy.attempt_timeout_s):
                        return read(await self._exchange(path, make_body()))
                except TimeoutError as error:
                    raise ServiceUnavailable(f"{path}: no answer in time") from error

        return await self._repeater.run(attempt, name=path, timeout_s=self._timeout_s)

    async def post_once(self, path: str, body: Body, read: Callable[[Envelope], T], *, name: str) -> T:
        """Post exactly once: for what costs money or makes a thing.

        Args:
            path: Under the API's address.
            body: The body.
            read: As for `post`.
            name: What `on_call` and errors call this.

        Raises:
            NotSent: Surely nothing reached Wiro.
            AnswerLost: Nobody knows what Wiro did.
            WiroError: Wiro refused; nothing was made.
        """
        with self._calls.measured(name):
            try:
                async with self._clock.timeout(self._timeout_s):
                    return read(await self._exchange(path, body))
            except (ServiceUnavailable, TimeoutError) as error:
                words = str(error) or "no answer in time"
                if not body.has_begun:
                    raise NotSent(f"{name} was not sent: {words}") from error
                raise AnswerLost(f"The answer to {name} was lost: {words}") from error

    async def _exchange(self, path: str, body: Body) -> Envelope:
        if self._session.closed:
            raise ServiceUnavailable("the HTTP session is closed")
        sent_at_s = self._clock.monotonic_s()
        try:
            async with self._session.post(
                f"{self._api_url}/{path}",
                data=body,
                headers=self._signer.headers() | {"Accept": "application/json"},
                allow_redirects=False,  # the keys go nowhere else
                raise_for_status=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S),
            ) as response:
                self._hear_date(response, self._clock.monotonic_s() - sent_at_s)
                data = await _read(response)
        except NETWORK_ERRORS as error:
            raise ServiceUnavailable(network_words(error)) from error
        return self._understood(path, response, data)

    def _understood(self, path: str, response: aiohttp.ClientResponse, data: bytes) -> Envelope:
        """The envelope of a success; raises what anything else means. HTTP's status comes first."""
        if not 200 <= response.status < 300:
            wait_s = parse_retry_after(
                response.headers.get("Retry-After"), self.server_time() or self._clock.now()
            )
            raise self._concealed(
                http_error(response.status, _lenient_envelope(data), path, retry_after_s=wait_s)
            )
        envelope = _strict_envelope(path, data)
        if envelope.is_refusal:
            raise self._concealed(refusal(envelope, path))
        return envelope

    def _concealed(self, error: WiroError) -> WiroError:
        error.message = self._signer.conceal(error.message)
        error.args = (error.message,)
        return error

    def _hear_date(self, response: aiohttp.ClientResponse, took_s: float) -> None:
        date = parse_http_date(response.headers.get("Date"))
        if date is None:
            return
        # The header was cut to whole seconds, and written about half the way back: both on the average.
        date += timedelta(seconds=0.5 + took_s / 2)
        self._date = date, self._clock.monotonic_s()
        self.clock_skew_s = (date - self._clock.now()).total_seconds()


def network_words(error: Exception) -> str:
    """What to say of an error of the network; never an address with a query."""
    return tidy(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > ANSWER_BYTES:
            raise MalformedAnswer(f"an answer of more than {ANSWER_BYTES} bytes", status=response.status)
    return bytes(data)


def _strict_envelope(path: str, data: bytes) -> Envelope:
    """Of a 2xx answer; an empty body is an empty object, as Wiro's own SDKs take it."""
    if not data.strip():
        return Envelope(({},))
    try:
        document = parse_json(data)
    except ValueError as error:
        raise MalformedAnswer(f"{path}: the answer is not JSON") from error
    envelope = Envelope.of(document)
    if not envelope.layers:
        raise MalformedAnswer(f"{path}: the answer is not an object")
    return envelope


def _lenient_envelope(data: bytes) -> Envelope:
    """Of an error answer, which may be anything, an HTML page of some gateway for example."""
    try:
        return Envelope.of(parse_json(data))
    except ValueError:
        return Envelope(())
