"""Text in PNG files, put in and read without decoding: every other chunk stays as it is, to the byte."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.media.errors import BadImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIGNATURE = b"\x89PNG\r\n\x1a\n"

COMPRESS_FROM_BYTES = 1024
"""Texts from this length are compressed, when that makes them shorter."""

TEXT_CAP_BYTES = 1024 * 1024
"""Most that is read of one text: a few kilobytes can unfold into gigabytes."""

_TEXT_TYPES = frozenset({b"tEXt", b"zTXt", b"iTXt"})


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk: where it lies in the file, and what it is."""

    start: int
    end: int
    kind: bytes
    body: bytes


def embed(data: bytes, text: Mapping[str, str]) -> bytes:
    """The PNG with the texts as iTXt chunks right after its header; texts of the same names are replaced.

    Args:
        data: A whole PNG.
        text: By keyword: 1 to 79 Latin-1 characters, without spaces around it. NULs in a value are left out.

    Raises:
        BadImage: The data is no PNG, or is cut off.
        ValueError: A keyword is not allowed.
    """
    chunks = list(_chunks(data))
    names = {_keyword(name) for name in text}
    ours = b"".join(_itxt(_keyword(name), value) for name, value in text.items())
    kept = [data[chunk.start : chunk.end] for chunk in chunks[1:] if _name(chunk) not in names]
    header, last = chunks[0], chunks[-1]
    return b"".join([data[: header.end], ours, *kept, data[last.end :]])


def read(data: bytes) -> dict[str, str]:
    """The texts of a PNG by keyword, the first of each; those that cannot be read are left out.

    Raises:
        BadImage: The data is no PNG, or is cut off.
    """
    found: dict[str, str] = {}
    for chunk in _chunks(data):
        name = _name(chunk)
        if name is not None and (value := _text(chunk)) is not None:
            found.setdefault(name.decode("latin-1"), value)
    return found


def check(data: bytes) -> None:
    """Raise `BadImage` unless every chunk is whole, has its right checksum, and the last one is the end."""
    for chunk in _chunks(data):
        told = int.from_bytes(data[chunk.end - 4 : chunk.end], "big")
        if told != zlib.crc32(chunk.kind + chunk.body):
            raise BadImage("the PNG is damaged: a checksum is wrong")


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """The chunks from IHDR to IEND; whatever comes behind IEND is not looked at."""
    if not data.startswith(SIGNATURE):
        raise BadImage("the data is not a PNG")
    position = len(SIGNATURE)
    expected = b"IHDR"
    while True:
        body_at = position + 8
        if body_at > len(data):
            raise BadImage("the PNG is cut off")
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : body_at]
        end = body_at + length + 4
        if end > len(data):
            raise BadImage("the PNG is cut off")
        if expected and kind != expected:
            raise BadImage("the PNG does not begin with its header")
        expected = b""
        yield _Chunk(position, end, kind, data[body_at : end - 4])
        if kind == b"IEND":
            return
        position = end


def _name(chunk: _Chunk) -> bytes | None:
    """The keyword of a text chunk; None for every other chunk."""
    return chunk.body.partition(b"\0")[0] if chunk.kind in _TEXT_TYPES else None


def _keyword(name: str) -> bytes:
    try:
        keyword = name.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"a PNG keyword is of Latin-1 characters: {name!r}") from error
    if not 1 <= len(keyword) <= 79 or name != name.strip() or not name.isprintable():
        raise ValueError(f"a PNG keyword has 1 to 79 printable characters and no spaces around it: {name!r}")
    return keyword


def _itxt(keyword: bytes, value: str) -> bytes:
    plain = value.replace("\0", "").encode()
    packed = zlib.compress(plain, 9) if len(plain) >= COMPRESS_FROM_BYTES else plain
    is_packed = len(packed) < len(plain)
    # Keyword, NUL, compressed or not, method 0, no language, no translated keyword, text.
    body = keyword + bytes([0, is_packed, 0, 0, 0]) + (packed if is_packed else plain)
    return struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))


def _text(chunk: _Chunk) -> str | None:
    _, _, rest = chunk.body.partition(b"\0")
    try:
        if chunk.kind == b"tEXt":
            return rest.decode("latin-1")
        if chunk.kind == b"zTXt":
            return _unpacked(rest[1:]).decode("latin-1")
        is_packed, _, rest = rest[0], rest[1], rest[2:]
        _, _, rest = rest.partition(b"\0")
        _, _, rest = rest.partition(b"\0")
        return (_unpacked(rest) if is_packed else rest).decode()
    except (zlib.error, UnicodeDecodeError, IndexError):
        return None


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(packed, TEXT_CAP_BYTES)
    if not unpacker.eof:
        raise zlib.error("cut off, or longer than the cap")
    return plain
