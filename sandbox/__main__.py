"""`python -m sandbox demo` and `python -m sandbox serve`."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys

INTERRUPTED = 130
"""As shells say it of a command that Ctrl-C ended before it had begun."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code of the command."""
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen)
    except KeyboardInterrupt:  # before the signals were taken over
        return INTERRUPTED


def _run(chosen: argparse.Namespace) -> int:
    from sandbox.demo import demo, serve  # noqa: PLC0415 -- a second of imports, which Ctrl-C may end too

    if chosen.command == "serve":
        return asyncio.run(serve(port=chosen.port, speed=chosen.speed))
    return asyncio.run(demo(port=chosen.port, keep=chosen.keep, speed=chosen.speed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A Discord and a Wiro on this machine, to try the bot without any account.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    demo_command = commands.add_parser("demo", help="the sandbox and the bot in it")
    demo_command.add_argument("--keep", action="store_true", help="keep the bot's data in data/demo")
    serve_command = commands.add_parser(
        "serve", help="the sandbox alone, for a bot that is started elsewhere"
    )
    for one in (demo_command, serve_command):
        one.add_argument(
            "--port", type=_port, default=8080, help="the page's port; 0 takes a free one (8080)"
        )
        one.add_argument("--speed", type=_speed, default=1.0, help="how fast Wiro's stand-in works (1)")
    return parser


def _port(given: str) -> int:
    if not (given.isdecimal() and int(given) <= 65535):
        raise argparse.ArgumentTypeError(f"{given!r} is no port: a whole number from 0 to 65535")
    return int(given)


def _speed(given: str) -> float:
    try:
        speed = float(given)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= 1000:
        raise argparse.ArgumentTypeError(f"{given!r} is no speed: a number over 0, up to 1000")
    return speed


if __name__ == "__main__":
    sys.exit(main())
