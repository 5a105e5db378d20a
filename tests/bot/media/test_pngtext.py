from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from bot.media import BadImage, pngtext


def png(text: dict[str, str] | None = None) -> bytes:
    """A small noisy PNG, as some other program writes it."""
    info = PngImagePlugin.PngInfo()
    for name, value in (text or {}).items():
        info.add_text(name, value)
    target = io.BytesIO()
    Image.effect_noise((64, 48), 80).convert("RGB").save(target, "PNG", pnginfo=info)
    return target.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chunks(data: bytes) -> list[bytes]:
    """Every chunk of a PNG, byte by byte; written apart from the code under test."""
    found, position = [], 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        found.append(data[position : position + 12 + length])
        position += 12 + length
    return found


PLAIN = png()
TEXTS = st.dictionaries(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=79),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3000),
    max_size=4,
)


@given(TEXTS)
def test_what_is_embedded_is_read_again(text: dict[str, str]) -> None:
    assert pngtext.read(pngtext.embed(PLAIN, text)) == text


@given(TEXTS)
def test_every_other_chunk_stays_as_it_was_to_the_byte(text: dict[str, str]) -> None:
    before, after = chunks(PLAIN), chunks(pngtext.embed(PLAIN, text))

    assert after[0] == before[0]
    assert after[1 + len(text) :] == before[1:]


def test_another_reader_finds_the_texts_and_the_same_pixels() -> None:
    text = {"parameters": "portrait+ style ö 画\nSteps: 30", "long": "wort " * 1000}

    data = pngtext.embed(PLAIN, text)

    with Image.open(io.BytesIO(data)) as image, Image.open(io.BytesIO(PLAIN)) as original:
        image.load()
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert image.text == text
        assert image.tobytes() == original.tobytes()
    pngtext.check(data)


def test_long_texts_are_compressed() -> None:
    assert len(pngtext.embed(PLAIN, {"parameters": "wort " * 10_000})) < len(PLAIN) + 1000


def test_texts_of_another_program_are_kept_and_those_of_the_same_name_replaced() -> None:
    data = png({"parameters": "theirs", "Software": "other"})

    once = pngtext.embed(data, {"parameters": "ours"})

    assert pngtext.read(once) == {"parameters": "ours", "Software": "other"}
    assert pngtext.embed(once, {"parameters": "ours"}) == once


def test_what_lies_behind_the_end_is_kept() -> None:
    assert pngtext.embed(PLAIN + b"appended", {"a": "b"}).endswith(b"IEND\xaeB`\x82appended")


def test_all_three_kinds_of_text_chunks_are_read() -> None:
    packed = zlib.compress("schön".encode("latin-1"))
    texts = chunk(b"tEXt", b"one\0sch\xf6n") + chunk(b"zTXt", b"two\0\0" + packed)
    texts += chunk(b"iTXt", b"three\0\0\0en\0drei\0" + "schön".encode())
    data = PLAIN[:33] + texts + PLAIN[33:]

    assert pngtext.read(data) == {"one": "schön", "two": "schön", "three": "schön"}


def test_a_text_that_unfolds_without_end_is_left_out() -> None:
    bomb = zlib.compress(b"\0" * (pngtext.TEXT_CAP_BYTES + 1))
    data = PLAIN[:33] + chunk(b"zTXt", b"bomb\0\0" + bomb) + chunk(b"tEXt", b"fine\0x") + PLAIN[33:]

    assert pngtext.read(data) == {"fine": "x"}


@pytest.mark.parametrize(
    "body", [b"name", b"name\0", b"name\0\x01", b"name\0\x01\0\0\0no zlib", b"name\0\0\0\0\0\xff"]
)
def test_a_broken_text_is_left_out(body: bytes) -> None:
    assert pngtext.read(PLAIN[:33] + chunk(b"iTXt", body) + PLAIN[33:]) in ({}, {"name": ""})


@pytest.mark.parametrize("cut", [0, 4, 8, 20, 40, len(PLAIN) // 2, len(PLAIN) - 12, len(PLAIN) - 1])
def test_a_png_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(BadImage):
        pngtext.embed(PLAIN[:cut], {"a": "b"})
    with pytest.raises(BadImage):
        pngtext.read(PLAIN[:cut])


def test_what_is_no_png_or_has_no_header_is_refused() -> None:
    for data in (b"", b"GIF89a", pngtext.SIGNATURE + chunk(b"IEND", b"")):
        with pytest.raises(BadImage):
            pngtext.embed(data, {})


def test_a_damaged_chunk_is_found_by_its_checksum() -> None:
    middle = len(PLAIN) // 2

    with pytest.raises(BadImage, match="checksum"):
        pngtext.check(PLAIN[:middle] + bytes([PLAIN[middle] ^ 1]) + PLAIN[middle + 1 :])


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "x" * 80, "画"])
def test_a_keyword_that_png_forbids_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="keyword"):
        pngtext.embed(PLAIN, {name: "x"})


@given(st.binary(max_size=200))
def test_no_data_makes_the_reader_raise_anything_else(data: bytes) -> None:
    for candidate in (data, pngtext.SIGNATURE + data, PLAIN[:33] + data):
        try:
            pngtext.read(candidate)
        except BadImage:
            continue
