"""Result files: their names, alt text, the parameters inside them, and what they may weigh. Pure.

Every function works on whole images and takes its time: call them in a thread.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.media import BadImage, images, pngtext
from bot.model import ResultFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Job

REQUEST_BYTES = 24 * 1024 * 1024 - 256 * 1024
"""Discord takes 25 MiB a request; we stay under 24 with what surrounds the files."""

ALT_TEXT_LIMIT = 1024
"""Characters that Discord allows the description of an attachment."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}

CAPTION_LABELS = (
    ("Steps", "steps"),
    ("Sampler", "scheduler"),
    ("CFG scale", "scale"),
    ("Seed", "seed"),
    ("Clip skip", "clipSkip"),
)
"""What other image tools call the inputs in their `parameters` text."""


def result_file(job: Job, slug: str, number: int, data: bytes, content_type: str) -> ResultFile:
    """The file as Wiro made it, image data to the byte; a PNG carries the parameters in text chunks."""
    if data.startswith(PNG_SIGNATURE):
        with suppress(BadImage):  # a damaged PNG is shown as it came: its owner paid for it
            data = pngtext.embed(data, parameters(job, slug))
    extension = EXTENSIONS.get(content_type, "bin")
    return ResultFile(
        name=f"atelier-{job.code}-{number}.{extension}",
        data=data,
        content_type=content_type,
        description=job.prompt[:ALT_TEXT_LIMIT],
    )


def parameters(job: Job, slug: str) -> dict[str, str]:
    """Text chunks: `parameters` as most image tools read it, and every input as JSON under the bot's name."""
    inputs = job.inputs
    facts = [f"{label}: {inputs[key]}" for label, key in CAPTION_LABELS if inputs.get(key, "") != ""]
    if "width" in inputs and "height" in inputs:
        facts.append(f"Size: {inputs['width']}x{inputs['height']}")
    facts.append(f"Model: {slug}")
    lines = [job.prompt, f"Negative prompt: {inputs.get('negativePrompt', '')}", ", ".join(facts)]
    record = {"task": job.code, "tool": slug, "inputs": dict(inputs)}
    return {
        "parameters": "\n".join(lines),
        "Software": "Atelier",
        "atelier": json.dumps(record, ensure_ascii=False, sort_keys=True),
    }


def fitted(files: Sequence[ResultFile], limit_bytes: int) -> list[ResultFile]:
    """The files with each under `limit_bytes` and all together under what one request may weigh."""
    cap_bytes = _even_cap(sorted(len(file.data) for file in files), limit_bytes)
    return [file if len(file.data) <= cap_bytes else _smaller(file, cap_bytes) for file in files]


def _even_cap(sizes: Sequence[int], limit_bytes: int) -> int:
    """The size for each file with which all fit into one request; small ones leave room to large ones."""
    room = REQUEST_BYTES
    for position, size in enumerate(sizes):
        share = room // (len(sizes) - position)
        if size > share:
            return min(limit_bytes, share)
        room -= size
    return limit_bytes


def _smaller(file: ResultFile, cap_bytes: int) -> ResultFile:
    fit = images.fit(file.data, cap_bytes)
    stem = file.name.rpartition(".")[0]
    return replace(
        file,
        name=f"{stem}.{fit.extension}",
        data=fit.data,
        content_type=fit.content_type,
        reencoded=file.reencoded or fit.reencoded,
    )
