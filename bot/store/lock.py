"""One process at a time for what cannot be shared: a file's lock, which the system takes from the dead."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.errors import AlreadyRunning

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of this file for the block; `path` is what is protected, the lock lies beside it.

    Raises:
        AlreadyRunning: Another process, or another block of this one, holds it.
    """
    target = path.resolve()  # one file under two names has one lock
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = target.with_name(target.name + ".lock")
    # The file stays when the lock is given up: removing it would let two processes lock two files of one
    # name.
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        try:
            _lock(descriptor)
        except OSError:
            raise AlreadyRunning(path) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())  # for the operator who wonders who holds it
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        # Far behind the end, so that the number inside can still be read.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
