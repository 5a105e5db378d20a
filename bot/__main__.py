"""`python -m bot [run|doctor]`: the bot itself, and what checks its surroundings.

Only the standard library is imported up here: what is heavier comes once a signal finds somebody at home.
"""

from __future__ import annotations

import argparse
import signal
import sys
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
