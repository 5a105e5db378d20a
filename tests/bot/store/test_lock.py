from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bot.errors import AlreadyRunning
from bot.store import lock

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from bot.store import lock
with lock.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_holder_is_refused_by_name_until_the_first_leaves(tmp_path: Path) -> None:
    path = tmp_path / "new" / "atelier.db"
    with (
        lock.exclusive(path),
        pytest.raises(AlreadyRunning, match=r"atelier\.db"),
        lock.exclusive(path),
    ):
        pass
    with lock.exclusive(path):
        pass


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "atelier.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning), lock.exclusive(path):
            pass
        assert (tmp_path / "atelier.db.lock").read_text() == f"{holder.pid}\n"
        holder.kill()
    with lock.exclusive(path):
        pass
