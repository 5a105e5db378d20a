"""Runs a module as `python -m` does, but not longer than whoever started it lives.

`python -m sandbox.leash bot run` is `python -m bot run` whose standard input is a pipe from the program that
started it. When that pipe closes, because the program wants it or because it is gone, the module is asked to
stop as by SIGTERM (by Ctrl-C on Windows), and ended when it has not stopped in time. So a demo that is killed
leaves no bot behind, on any system.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from contextlib import suppress

GRACE_S = 9.0
"""Longer than the bot's own 8 s."""


def main() -> None:
    """Run the module named by the first argument with the others as its arguments."""
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch() -> None:
    # Not through sys.stdin: its lock, held by a thread in a read, would break the interpreter's own end.
    with suppress(OSError):
        while os.read(0, 1):
            pass
    signal.raise_signal(signal.SIGINT if sys.platform == "win32" else signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
