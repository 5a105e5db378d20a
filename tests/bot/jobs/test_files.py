from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.jobs import files as module
from bot.jobs.files import ALT_TEXT_LIMIT, fitted, result_file
from bot.media import images, pngtext
from bot.model import ResultFile
from tests.support.jobs import a_job
from tests.support.wiro_port import a_png

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

SLUG = "wavymulder/portraitplus"


def _image_data(png: bytes) -> bytes:
    """The bytes of all IDAT chunks."""
    return b"".join(
        png[start + 4 : start + 4 + int.from_bytes(png[start - 4 : start])] for start in _places(png, b"IDAT")
    )


def _places(png: bytes, name: bytes) -> Sequence[int]:
    found, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == name:
            found.append(at + 4)
        at += 12 + length
    return found


def test_a_png_keeps_its_image_data_and_carries_every_parameter() -> None:
    png, job = a_png(64), a_job()
    file = result_file(job, SLUG, 1, png, "image/png")
    assert _image_data(file.data) == _image_data(png) != b""
    text = pngtext.read(file.data)
    assert json.loads(text["atelier"]) == {"task": job.code, "tool": SLUG, "inputs": dict(job.inputs)}
    assert text["Software"] == "Atelier"
    assert text["parameters"].splitlines()[2] == (
        "Steps: 30, Sampler: EulerDiscreteScheduler, CFG scale: 7.5, Seed: 123456, Clip skip: 4, "
        "Size: 512x512, Model: wavymulder/portraitplus"
    )


def test_another_kind_of_image_stays_as_it_is() -> None:
    file = result_file(a_job(code="4F7K"), SLUG, 3, b"RIFF....WEBP", "image/webp")
    assert (file.name, file.data) == ("atelier-4F7K-3.webp", b"RIFF....WEBP")


def test_a_long_prompt_is_cut_for_the_alt_text() -> None:
    file = result_file(a_job(inputs={"prompt": "x" * 1500}), SLUG, 1, a_png(), "image/png")
    assert len(file.description) == ALT_TEXT_LIMIT


def _files(*sides: int) -> list[ResultFile]:
    return [
        ResultFile(
            name=f"atelier-4F7K-{n}.png", data=a_png(side), content_type="image/png", description="words"
        )
        for n, side in enumerate(sides, start=1)
    ]


def test_files_under_the_limit_are_untouched() -> None:
    files = _files(16, 32)
    assert fitted(files, 10_000_000) == files


def test_a_file_over_the_limit_is_made_smaller_and_renamed() -> None:
    files = _files(16, 256)
    small, large = fitted(files, 40_000)
    assert small is files[0]
    assert len(large.data) <= 40_000
    assert large.reencoded
    assert large.name.rpartition(".")[0] == "atelier-4F7K-2"
    assert images.inspect(large.data).width == 256


def test_together_they_fit_into_one_request_and_small_ones_leave_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = _files(16, 256, 256)
    monkeypatch.setattr(module, "REQUEST_BYTES", 100_000)
    small, *large = fitted(files, 10_000_000)
    assert small is files[0]
    assert sum(len(file.data) for file in [small, *large]) <= 100_000
    assert all(file.reencoded for file in large)
