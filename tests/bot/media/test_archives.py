"""Archives that members give, most of them badly meant."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from bot.media import archives
from bot.media.archives import MOST_ENTRIES, entries
from bot.media.errors import BadArchive
from bot.media.photos import MOST_BYTES as MOST_BYTES_A_PHOTO

if TYPE_CHECKING:
    from pathlib import Path


def zipped(folder: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "given.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def read(path: Path) -> dict[str, bytes | None]:
    return {entry.name: entry.data for entry in entries(path)}


def test_photos_come_out_by_their_last_name_and_nothing_is_written(tmp_path: Path) -> None:
    files = {
        "holiday/1.jpg": b"one",
        "../../etc/2.jpg": b"two",
        "C:\\temp\\3.jpg": b"three",
        "/4.jpg": b"four",
        "empty/": b"",
        "__MACOSX/holiday/._1.jpg": b"x",
        ".hidden": b"x",
    }
    path = zipped(tmp_path, files)
    assert read(path) == {"1.jpg": b"one", "2.jpg": b"two", "3.jpg": b"three", "4.jpg": b"four"}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"inner.zip": b"PK"}, "another archive"),
        ({"a/b.tar.gz": b"x"}, "another archive"),
        ({f"{number}.jpg": b"x" for number in range(MOST_ENTRIES + 1)}, "501 files"),
    ],
)
def test_what_is_no_bag_of_photos_is_not_read(tmp_path: Path, files: dict[str, bytes], why: str) -> None:
    with pytest.raises(BadArchive, match=why):
        read(zipped(tmp_path, files))


def test_one_file_that_is_too_large_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"bomb.jpg": bytes(MOST_BYTES_A_PHOTO + 1), "good.jpg": b"good"})
    assert path.stat().st_size < 100_000
    assert read(path) == {"bomb.jpg": None, "good.jpg": b"good"}


def test_a_bomb_of_many_files_goes_off_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 10 * 1024 * 1024)
    bomb = {f"{number}.jpg": bytes(3 * 1024 * 1024) for number in range(5)}
    with pytest.raises(BadArchive, match="more than 10 MB"):
        read(zipped(tmp_path, bomb))


def test_what_is_too_large_to_keep_counts_as_unpacked_up_to_its_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 10 * 1024 * 1024)
    monkeypatch.setattr(archives, "MOST_BYTES_A_PHOTO", 3 * 1024 * 1024)
    path = zipped(tmp_path, {f"{number}.jpg": bytes(4 * 1024 * 1024) for number in range(5)})
    found = entries(path)
    for _ in range(3):
        entry = next(found)
        assert (entry.data, entry.unpacked_bytes) == (None, 3 * 1024 * 1024 + 1)
    with pytest.raises(BadArchive, match="more than 10 MB"):
        next(found)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_in_a_rare_way_is_named_and_the_others_are_read(tmp_path: Path, method: int) -> None:
    """Whatever is in it, broken data or a dictionary that takes all memory, is never begun."""
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rare.jpg", bytes(1000), method)
        archive.writestr("good.jpg", b"good", zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    start = data.index(b"rare.jpg") + len(b"rare.jpg")
    data[start + 4 : start + 14] = b"\xff" * 10
    path.write_bytes(bytes(data))
    rare, good = entries(path)
    assert (rare.name, rare.data, rare.unpacked_bytes) == ("rare.jpg", None, 0)
    assert "packed in a way" in rare.why_not
    assert (good.name, good.data, good.why_not) == ("good.jpg", b"good", "")


def test_a_deflated_file_that_is_broken_makes_its_archive_a_bad_one(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"1.jpg": bytes(range(256)) * 10})
    data = bytearray(path.read_bytes())
    start = data.index(b"1.jpg") + len(b"1.jpg")
    data[start : start + 10] = b"\xff" * 10
    path.write_bytes(bytes(data))
    with pytest.raises(BadArchive, match="no ZIP"):
        read(path)


def test_an_archive_that_lies_about_its_sizes_is_broken(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"1.jpg": bytes(1_000_000)})
    data = path.read_bytes()
    told, lie = struct.pack("<L", 1_000_000), struct.pack("<L", 10)
    assert data.count(told) >= 2
    path.write_bytes(data.replace(told, lie))
    with pytest.raises(BadArchive):
        read(path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no archive at all", b"PK\x05\x06" + bytes(10)])
def test_what_is_no_zip_is_not_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "given.zip"
    path.write_bytes(data)
    with pytest.raises(BadArchive, match="no ZIP"):
        read(path)


def test_an_encrypted_archive_is_named_so(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"1.jpg": b"secret"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag, in the file's own header and in the directory's
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BadArchive, match="encrypted"):
        read(path)
