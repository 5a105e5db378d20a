"""`./atelier bench [names] [--runs N]`: measure against the sandbox and print a table."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys

from benchmarks.table import lines

NAMES = (
    *("acknowledgement", "delivery", "polling", "channel", "footprint", "line", "quota", "photos"),
    "restart",
    "kill",
)
WHEN_ASKED_FOR = ("soak",)
"""What takes minutes, and is measured only when it is named."""


def main() -> int:
    """Measure what was asked for; 0 when every figure is what it should be."""
    parser = argparse.ArgumentParser(prog="atelier bench", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"what to measure: {', '.join(NAMES)}, all when left out; or {', '.join(WHEN_ASKED_FOR)}",
    )
    parser.add_argument(
        "--runs", type=int, default=3, help="how often to measure each; the median counts (3)"
    )
    arguments = parser.parse_args()
    known = (*NAMES, *WHEN_ASKED_FOR)
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
    held = True
    for name in arguments.names or NAMES:
        measure = importlib.import_module(f"benchmarks.{name}").measure
        runs = [asyncio.run(measure()) for _ in range(arguments.runs)]
        table = lines(runs)
        print("\n".join(table), end="\n\n", flush=True)
        held = held and not any(line.endswith("✗") for line in table)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
