"""`python -m bot [run|doctor|backup|restore]`: the bot itself, and what looks after its surroundings.

Only the standard library is imported up here: what is heavier comes once a signal finds somebody at home.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STOPPED_AS_ASKED = 0
INTERRUPTED = 130
"""As shells say it of a command that Ctrl-C ended before it had an answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = _parser().parse_args(arguments)
    if given.command == "doctor":
        return _doctor(as_json=given.json)
    if given.command in {"backup", "restore"}:
        from bot import keeping  # noqa: PLC0415 -- `run` should not pay for it before it hears signals

        return keeping.backup(given.file) if given.command == "backup" else keeping.restore(given.file)
    _leave_when_asked()
    from bot.process import run  # noqa: PLC0415 -- half a second of imports, in which the signals work already

    return run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Atelier, a Discord bot for Wiro's tools."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="run the bot until SIGINT or SIGTERM (without a command, too)")
    doctor = commands.add_parser("doctor", help="check every setting and every service, a line each")
    backup = commands.add_parser("backup", help="write a whole copy of the database, also while the bot runs")
    backup.add_argument("file", type=Path, help="which must not be there yet")
    restore = commands.add_parser("restore", help="take a backup back; the bot must be stopped")
    restore.add_argument("file", type=Path, help="what `backup` wrote")
    doctor.add_argument("--json", action="store_true", help="for machines")
    return parser


def _doctor(*, as_json: bool) -> int:
    try:
        import asyncio  # noqa: PLC0415 -- `run` should not pay for these before it hears signals

        from bot.doctor import doctor  # noqa: PLC0415

        return asyncio.run(doctor(as_json=as_json))
    except KeyboardInterrupt:
        return INTERRUPTED


def _leave_when_asked() -> None:
    """Until the bot takes the signals over, nothing is in hand, and the process may just end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(STOPPED_AS_ASKED))


if __name__ == "__main__":
    sys.exit(main())
