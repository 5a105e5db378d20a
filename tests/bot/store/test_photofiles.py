"""The photos of drafts on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bot.store.photofiles import ARCHIVE, PhotoFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> PhotoFiles:
    return PhotoFiles(tmp_path / "data" / "drafts")


def everything(files: PhotoFiles) -> set[str]:
    return {str(path.relative_to(files._folder)) for path in files._folder.rglob("*") if path.is_file()}


def test_a_photo_is_kept_for_the_bot_alone_until_it_is_dropped(files: PhotoFiles) -> None:
    files.save(7, "001-ab.jpg", b"one")
    files.save(7, "002-cd.jpg", b"two")
    assert files.read(7, "001-ab.jpg") == b"one"
    if os.name == "posix":
        assert files.path(7, "001-ab.jpg").stat().st_mode & 0o077 == 0
        assert files.folder_of(7).stat().st_mode & 0o077 == 0
    files.remove(7, ["002-cd.jpg", "never-there.jpg"])
    assert everything(files) == {"7/001-ab.jpg"}
    files.drop(7)
    files.drop(7)
    assert everything(files) == set()


def test_the_sweep_deletes_what_no_draft_knows_and_nothing_else(files: PhotoFiles) -> None:
    files.save(1, "known.jpg", b"x")
    files.save(1, "half.jpg.part", b"x")
    files.save(1, ARCHIVE, b"x")
    files.save(2, "of-a-draft-that-is-gone.jpg", b"x")
    (files._folder / "not-ours").mkdir()
    assert files.sweep({1: {"known.jpg"}}) == 3
    assert everything(files) == {"1/known.jpg", f"1/{ARCHIVE}"}
    assert files.sweep({1: {"known.jpg"}}) == 0


def test_where_there_is_no_folder_nothing_is_swept(files: PhotoFiles) -> None:
    assert files.sweep({}) == 0


def test_a_photo_that_cannot_be_written_leaves_nothing_behind(files: PhotoFiles) -> None:
    files.folder_of(3).joinpath("taken.jpg").mkdir()
    with pytest.raises(OSError, match="taken"):
        files.save(3, "taken.jpg", b"x")
    assert everything(files) == set()
