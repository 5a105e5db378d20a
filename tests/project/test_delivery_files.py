"""The files that put the bot elsewhere: the image, compose, CI."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.project import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def copied() -> list[str]:
    """What the image is made of."""
    return [match.split()[0] for match in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)]


@pytest.mark.parametrize("source", copied())
def test_image_copies_what_exists_and_is_let_through(source: str) -> None:
    assert (ROOT / source).exists()
    assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_image_runs_as_nobody_special_from_the_hashed_lock() -> None:
    assert re.search(r"^USER atelier$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes --only-binary :all: -r requirements.lock" in DOCKERFILE


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
async def test_health_check_of_the_image_tells_a_living_bot_from_a_dead_one(status: int, code: int) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        command = json.loads(re.search(r"HEALTHCHECK[^\n]*\\\n\s+CMD (\[.*\])", DOCKERFILE)[1])  # type: ignore[index]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command[1:],
            env={**os.environ, "HTTP_PORT": str(port)},
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert min(1, await process.wait()) == code
    finally:
        await runner.cleanup()
    assert asked == ["/healthz"]


@pytest.mark.parametrize("program", ["atelier", ".ci/run"])
def test_programs_can_be_started(program: str) -> None:
    assert os.access(ROOT / program, os.X_OK)
    assert (ROOT / program).read_bytes().startswith(b"#!/usr/bin/env ")


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_ci_is_a_readable_script() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_licence_is_the_one_that_pyproject_names() -> None:
    text = Path(ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n")
    assert "The Atelier developers" in text
