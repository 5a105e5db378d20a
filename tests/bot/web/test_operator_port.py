from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.clock import SystemClock
from bot.errors import SettingsError, StoreBusy
from bot.model import JobState
from bot.web import Metrics, OperatorPort

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tests.support.clock import ManualClock

TOKEN = "t0ken-of_a-job-1234"


class Port:
    """A running operator's port, and a client that talks to it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.metrics = Metrics()
        self.hints: list[str] = []
        self.archives: dict[str, Path] = {}
        self.asked: list[str] = []
        self.probes: dict[str, Any] = {"discord": lambda: True, "database": self.database}
        self.database_answers = True
        self.counts: Mapping[JobState, int] | Exception = {JobState.WAITING: 3}
        self.url = ""

    async def database(self) -> bool:
        return self.database_answers

    async def hint(self, token: str) -> None:
        self.hints.append(token)

    async def find_photos(self, token: str) -> Path | None:
        self.asked.append(token)
        if not self.database_answers:
            raise StoreBusy
        return self.archives.get(token)

    async def count_jobs(self) -> Mapping[JobState, int]:
        if isinstance(self.counts, Exception):
            raise self.counts
        return self.counts

    def open(self, clock: Any, port: int = 0) -> OperatorPort:
        return OperatorPort(
            "127.0.0.1",
            port,
            clock=clock,
            metrics=self.metrics,
            probes=self.probes,
            on_hint=self.hint,
            find_photos=self.find_photos,
            count_jobs=self.count_jobs,
        )

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.url + path) as response:
            return response.status, await response.text()

    async def hook(self, token: str = TOKEN, **request: Any) -> tuple[int, str]:
        async with self.session.post(f"{self.url}/hooks/wiro/{token}", **request) as response:
            return response.status, await response.text()

    def value(self, line: str) -> float | None:
        for each in self.metrics.exposition().decode().splitlines():
            name, _, number = each.rpartition(" ")
            if name == line:
                return float(number)
        return None


@pytest.fixture
async def port(clock: ManualClock) -> AsyncIterator[Port]:
    async with aiohttp.ClientSession() as session:
        port = Port(session)
        async with port.open(clock) as server:
            port.url = f"http://127.0.0.1:{server.port}"
            yield port


async def test_healthz_answers_while_the_process_lives(port: Port) -> None:
    port.database_answers = False
    assert await port.get("/healthz") == (200, "ok\n")


async def test_readyz_says_which_part_does_not_answer(port: Port) -> None:
    assert await port.get("/readyz") == (200, '{"ready": true, "parts": {"discord": true, "database": true}}')
    port.database_answers = False
    assert await port.get("/readyz") == (
        503,
        '{"ready": false, "parts": {"discord": true, "database": false}}',
    )


async def test_probe_that_raises_is_not_ready(port: Port) -> None:
    port.probes["discord"] = lambda: 1 / 0
    assert (await port.get("/readyz"))[0] == 503


async def test_probe_that_hangs_is_not_ready_after_two_seconds(port: Port, clock: ManualClock) -> None:
    asked = asyncio.Event()

    async def hang() -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    port.probes["database"] = hang
    answer = asyncio.create_task(port.get("/readyz"))
    await asked.wait()
    await clock.advance(2.1)
    assert (await answer)[0] == 503


async def test_metrics_show_jobs_by_state_as_the_database_has_them(port: Port) -> None:
    status, text = await port.get("/metrics")
    assert status == 200
    assert 'atelier_jobs{state="waiting"} 3.0' in text
    assert 'atelier_jobs{state="running"} 0.0' in text


async def test_metrics_are_shown_without_a_database_too(port: Port) -> None:
    port.counts = StoreBusy("locked")
    status, text = await port.get("/metrics")
    assert status == 200
    assert "atelier_event_loop_lag_seconds" in text


async def test_prometheus_itself_can_read_it(port: Port) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    _, text = await port.get("/metrics")
    names = {family.name for family in text_string_to_metric_families(text)}
    assert {"atelier_jobs", "atelier_delivery_lag_seconds", "atelier_wiro_calls"} <= names


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"taskid": "1", "status": "task_postprocess_end"}},
        {"data": {"taskid": "1"}},
        {"data": b"\xff\x00 not anything"},
        {},
    ],
    ids=["json", "form", "bytes", "nothing"],
)
async def test_callback_of_any_shape_is_a_hint_for_its_job(port: Port, request_: dict[str, Any]) -> None:
    assert await port.hook(**request_) == (200, "ok\n")
    assert port.hints == [TOKEN]


async def test_unknown_token_is_answered_like_a_known_one(port: Port) -> None:
    assert await port.hook("some-other-token-5678") == await port.hook(TOKEN)


@pytest.mark.parametrize("token", ["short", "with.dots.in.it.1234", "x" * 129])
async def test_token_of_another_shape_is_not_found(port: Port, token: str) -> None:
    assert (await port.hook(token))[0] == 404
    assert port.hints == []


async def test_body_over_64_kib_is_refused_also_when_its_length_is_not_told(port: Port) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1024

    assert (await port.hook(data=b"x" * 65_537))[0] == 413
    assert (await port.hook(data=endless()))[0] == 413
    assert (await port.hook(data=b"x" * 65_536))[0] == 200
    assert port.hints == [TOKEN]


async def test_body_that_never_ends_is_given_up(port: Port, clock: ManualClock) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    answer = asyncio.create_task(port.hook(data=stalled()))
    await clock.until(answer.done)
    assert answer.result()[0] == 408
    assert port.hints == []


async def test_one_token_is_limited_without_touching_the_others(port: Port, clock: ManualClock) -> None:
    statuses = [(await port.hook())[0] for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert (await port.hook("some-other-token-5678"))[0] == 200
    await clock.advance(2.1)
    assert (await port.hook())[0] == 200
    assert port.value('atelier_hook_calls_total{result="limited"}') == 2


async def test_all_tokens_together_are_limited(port: Port) -> None:
    statuses = [(await port.hook(f"token-number-{number:06}"))[0] for number in range(205)]
    assert statuses == [200] * 200 + [429] * 5


async def test_fault_in_passing_a_hint_on_does_not_reach_the_caller(
    port: Port, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_token: str) -> None:
        raise RuntimeError("no tracker")

    server = OperatorPort("127.0.0.1", 0, clock=clock, metrics=Metrics(), probes={}, on_hint=fail)
    async with server:
        port.url = f"http://127.0.0.1:{server.port}"
        assert (await port.hook())[0] == 200
        await clock.settle()
    assert "no tracker" in capsys.readouterr().out


async def test_hook_is_posted_to_and_nothing_else_is_there(port: Port) -> None:
    assert (await port.get(f"/hooks/wiro/{TOKEN}"))[0] == 405
    assert (await port.get("/"))[0] == 404


async def test_event_loop_lag_is_sampled(port: Port, clock: ManualClock) -> None:
    await clock.advance(1.05)
    assert port.value("atelier_event_loop_lag_seconds_count") == 4


async def test_port_that_is_taken_is_a_finished_line(clock: ManualClock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        async with aiohttp.ClientSession() as session:
            with pytest.raises(SettingsError) as caught:
                async with Port(session).open(clock, number):
                    pass
    assert caught.value.problems[0].startswith(f"HTTP_PORT is {number}, and another program listens there.")


async def test_address_of_another_machine_is_a_finished_line(clock: ManualClock) -> None:
    server = OperatorPort("192.0.2.1", 0, clock=clock, metrics=Metrics(), probes={}, on_hint=None)  # type: ignore[arg-type]  # never called
    with pytest.raises(SettingsError, match="HTTP_HOST"):
        await server.__aenter__()


async def test_it_ends_at_once_on_the_real_clock() -> None:
    async with aiohttp.ClientSession() as session:
        port = Port(session)
        async with asyncio.timeout(5), port.open(SystemClock()) as server:
            port.url = f"http://127.0.0.1:{server.port}"
            assert (await port.get("/healthz"))[0] == 200


ARCHIVE_TOKEN = "a" * 43


async def test_photos_are_fetched_whole_under_their_token_and_no_other(port: Port, tmp_path: Path) -> None:
    port.archives[ARCHIVE_TOKEN] = tmp_path / "photos.zip"
    port.archives[ARCHIVE_TOKEN].write_bytes(b"PK" * 100_000)
    async with port.session.get(f"{port.url}/photos/{ARCHIVE_TOKEN}.zip") as response:
        body = await response.read()
        told = (response.status, response.content_type, response.headers["Cache-Control"])
    assert told == (200, "application/zip", "no-store")
    assert body == b"PK" * 100_000
    assert (await port.get(f"/photos/{'b' * 43}.zip"))[0] == 404


async def test_what_is_no_token_is_not_even_looked_for(port: Port) -> None:
    for guess in ("short.zip", "..%2f..%2fatelier.db.zip", f"{ARCHIVE_TOKEN}.png", "%00" * 40 + ".zip"):
        assert (await port.get(f"/photos/{guess}"))[0] == 404
    assert port.asked == []


async def test_photos_that_were_deleted_are_not_found(port: Port, tmp_path: Path) -> None:
    port.archives[ARCHIVE_TOKEN] = tmp_path / "photos.zip"
    assert (await port.get(f"/photos/{ARCHIVE_TOKEN}.zip"))[0] == 404


async def test_who_fetches_photos_is_asked_to_come_back_while_the_database_is_out_of_reach(
    port: Port,
) -> None:
    port.database_answers = False
    assert (await port.get(f"/photos/{ARCHIVE_TOKEN}.zip"))[0] == 503


async def test_tokens_are_not_guessed_in_a_row(port: Port) -> None:
    answers = [(await port.get(f"/photos/{number:043}.zip"))[0] for number in range(70)]
    assert answers.count(404) == 60
    assert answers[-1] == 429
