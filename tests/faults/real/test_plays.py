"""Whatever people do and whatever goes wrong, wherever the bot is struck: every promise holds.

A play that fails is written into `build/plays`, with the points that were reached; `--replay FILE` plays it
again.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.real.play import Play
from tests.support.project import ROOT

PLAYS = ROOT / "build" / "plays"


def recorded_play(file: Path) -> Play:
    """The play of a file that a failed run left."""
    return Play.from_text(file.read_text(encoding="utf-8"))


@pytest.mark.timeout(240)
@pytest.mark.runs(short=1, whole=300)
async def test_a_play_breaks_no_promise(tmp_path: Path, run: int, request: pytest.FixtureRequest) -> None:
    recorded = request.config.getoption("replay")
    if recorded and run:
        pytest.skip("the recorded play is played once")
    play = recorded_play(Path(recorded)) if recorded else Play.of(run)
    try:
        assert await play.run(tmp_path) == []
    except (AssertionError, TimeoutError):
        if recorded:
            raise
        PLAYS.mkdir(parents=True, exist_ok=True)
        (PLAYS / f"{run}.json").write_text(play.to_text(), encoding="utf-8")
        for name in ("trace.jsonl", "bot.log"):
            if (tmp_path / name).exists():
                shutil.copy(tmp_path / name, PLAYS / f"{run}.{name}")
        raise


def test_a_play_is_its_seeds_and_is_written_down_whole() -> None:
    for seed in range(50):
        play = Play.of(seed)
        assert play == Play.of(seed)
        assert Play.from_text(play.to_text()) == play
