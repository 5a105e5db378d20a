"""`python -m sandbox demo` and `python -m sandbox serve`."""

from __future__ import annotations

import argparse
import asyncio
import sys

from sandbox.demo import demo, serve


def main(arguments: list[str] | None = None) -> int:
    """The exit code of the command."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "serve":
        return asyncio.run(serve(port=chosen.port, speed=chosen.speed))
    return asyncio.run(demo(port=chosen.port, keep=chosen.keep, speed=chosen.speed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sandbox",
        description="A Discord and a Wiro on this machine, to try the bot without any account.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    demo_command = commands.add_parser("demo", help="the sandbox and the bot in it")
    demo_command.add_argument("--keep", action="store_true", help="keep the bot's data in data/demo")
    serve_command = commands.add_parser(
        "serve", help="the sandbox alone, for a bot that is started elsewhere"
    )
    for one in (demo_command, serve_command):
        one.add_argument("--port", type=int, default=8080, help="the page's port; 0 takes a free one (8080)")
        one.add_argument("--speed", type=float, default=1.0, help="how fast Wiro's stand-in works (1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
