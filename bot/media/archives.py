"""Photos out of an archive that a member gave: read safely, in memory, never unpacked to a path."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bot.media.errors import BadArchive
from bot.media.photos import MOST_BYTES as MOST_BYTES_A_PHOTO

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

MOST_ENTRIES = 500
MOST_BYTES = 200 * 1024 * 1024
"""Of all that is unpacked."""
CHUNK = 1024 * 1024

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others are rare, and some take much memory by what a file says of itself."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    ValueError,
)
"""What the reading of an archive raises that is none, or broken."""
_NESTED = (".zip", ".7z", ".rar", ".tar", ".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of an archive."""

    name: str = field(repr=False)
    """Without its folders."""
    data: bytes | None = field(repr=False)
    """None: it is larger than a photo may be, or not unpacked."""
    unpacked_bytes: int
    """What was read of it, whether it is kept or not."""
    why_not: str = ""
    """Why it was not unpacked, in words as those of `BadArchive`."""


def entries(path: Path) -> Generator[Entry, None, None]:
    """The files of a ZIP, one after the other, so that only one is in memory.

    The archive stays open until they are at an end, or closed.

    Folders, hidden files and what macOS adds are passed over. Names lead nowhere: only their last part is
    given, as a word for people.

    Raises:
        BadArchive: It is no ZIP, encrypted, broken, holds another archive, too many files or too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > MOST_ENTRIES:
                raise BadArchive(f"it holds {len(infos):,} files; {MOST_ENTRIES} are allowed")
            left = MOST_BYTES
            for info in infos:
                entry = _read(archive, info, left)
                if entry is not None:
                    left -= entry.unpacked_bytes
                    yield entry
    except _BROKEN as error:
        raise BadArchive("it is no ZIP that can be read") from error
    except RuntimeError as error:  # zipfile's word for a missing password
        raise BadArchive("it is encrypted") from error


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> Entry | None:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.name.startswith(".") or "__MACOSX" in path.parts:
        return None
    if path.suffix.lower() in _NESTED:
        raise BadArchive("it holds another archive")
    if info.compress_type not in _METHODS:
        return Entry(
            name=path.name,
            data=None,
            unpacked_bytes=0,
            why_not="it is packed in a way that is not read; only plain and deflated files are",
        )
    # What the header says of the size may be a lie, so what comes out is counted.
    read = bytearray()
    with archive.open(info) as file:
        while chunk := file.read(min(CHUNK, MOST_BYTES_A_PHOTO + 1 - len(read))):
            read += chunk
            if len(read) > left:
                raise BadArchive(f"it holds more than {MOST_BYTES // 1024**2} MB")
    data = bytes(read) if len(read) <= MOST_BYTES_A_PHOTO else None
    return Entry(name=path.name, data=data, unpacked_bytes=len(read))
