from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.model import ResultFile
from bot.store.errors import ResultsFull
from bot.store.results import FileResults, result_store
from tests.support.clock import START, ManualClock

if TYPE_CHECKING:
    from pathlib import Path

    from bot.store.database import Database
    from bot.store.results import ResultStore

CAP_BYTES = 10_000


def files(*contents: bytes) -> list[ResultFile]:
    return [
        ResultFile(
            name=f"../../{number}/é.png",
            data=data,
            content_type="image/png",
            description=f"a prompt “{number}”",
            reencoded=number == 2,
        )
        for number, data in enumerate(contents, start=1)
    ]


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def results(db: Database, tmp_path: Path, clock: ManualClock) -> ResultStore:
    return result_store(db, tmp_path / "results", clock, cap_bytes=CAP_BYTES)


async def test_results_come_back_as_they_were_saved(results: ResultStore) -> None:
    saved = files(b"\x89PNG one", b"", bytes(range(256)))
    await results.save(7, saved)
    assert await results.load(7) == tuple(saved)
    assert await results.load(8) == ()


async def test_saving_again_replaces(results: ResultStore) -> None:
    await results.save(7, files(b"one", b"two"))
    await results.save(7, files(b"other"))
    assert [file.data for file in await results.load(7)] == [b"other"]


async def test_dropped_results_are_gone_and_dropping_again_is_fine(results: ResultStore) -> None:
    await results.save(7, files(b"one"))
    for _ in range(2):
        await results.drop(7)
    assert await results.load(7) == ()


async def test_results_over_seven_days_old_are_swept(results: ResultStore, clock: ManualClock) -> None:
    await results.save(1, files(b"old"))
    clock.jump(timedelta(days=6).total_seconds())
    await results.save(2, files(b"young"))
    assert await results.sweep(START + timedelta(days=7)) == 1
    assert await results.load(1) == ()
    assert await results.load(2) != ()


async def test_cap_refuses_more_and_keeps_what_is_there(results: ResultStore) -> None:
    await results.save(1, files(b"x" * 6_000))
    with pytest.raises(ResultsFull):
        await results.save(2, files(b"x" * 6_000))
    assert await results.load(1) != ()
    await results.save(1, files(b"y" * 8_000))
    assert (await results.load(1))[0].data == b"y" * 8_000


async def test_no_name_from_outside_becomes_a_path(tmp_path: Path, clock: ManualClock) -> None:
    store = FileResults(tmp_path / "results", clock)
    await store.save(7, files(b"one"))
    assert names_in(tmp_path) == ["results", "results/7.zip"]


async def test_half_written_archive_is_not_a_result_and_is_swept(tmp_path: Path, clock: ManualClock) -> None:
    store = FileResults(tmp_path, clock)
    await store.save(7, files(b"one"))
    (tmp_path / "tmp123.part").write_bytes(b"half")
    assert await store.sweep(START) == 0
    assert names_in(tmp_path) == ["7.zip"]


async def test_failed_write_leaves_what_was_kept_and_nothing_else(tmp_path: Path, clock: ManualClock) -> None:
    store = FileResults(tmp_path, clock)
    await store.save(7, files(b"one"))
    broken = ResultFile(name="n", data="no bytes", content_type="", description="")  # type: ignore[arg-type]  # on purpose
    object.__setattr__(broken, "data", None)
    with pytest.raises(TypeError):
        await store.save(7, [broken])
    assert [file.data for file in await store.load(7)] == [b"one"]
    assert names_in(tmp_path) == ["7.zip"]


async def test_damaged_archive_is_a_store_error(tmp_path: Path, clock: ManualClock) -> None:
    store = FileResults(tmp_path, clock)
    (tmp_path / "7.zip").write_bytes(b"not a zip")
    with pytest.raises(StoreError, match="cannot be read"):
        await store.load(7)


async def test_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "results").write_text("a file in its place")
    store = FileResults(tmp_path / "results", clock)
    with pytest.raises(StoreError):
        await store.save(7, files(b"one"))
