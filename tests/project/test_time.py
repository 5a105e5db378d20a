"""`bot/clock.py` is the only source of time in `bot` and `cogs`."""

from __future__ import annotations

import ast

import pytest

from tests.support.project import Module, modules

FORBIDDEN_MODULES = {"time", "sched"}
FORBIDDEN_CALLS = {
    "asyncio.sleep": "clock.sleep",
    "asyncio.timeout": "clock.timeout",
    "asyncio.timeout_at": "clock.timeout",
    "asyncio.wait_for": "clock.timeout",
    "datetime.now": "clock.now",
    "datetime.utcnow": "clock.now",
    "datetime.today": "clock.now",
    "date.today": "clock.now",
    "threading.Timer": "a task that awaits clock.sleep",
    "utils.utcnow": "clock.now",
    "utils.sleep_until": "clock.sleep",
}
FORBIDDEN_METHODS = {"call_later", "call_at"}
LOOPS = {"loop", "_loop", "get_running_loop", "get_event_loop"}


def other_sources_of_time(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and name of everything that tells or waits for time without the clock."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                found += [(node.lineno, each.name) for each in node.names if each.name in FORBIDDEN_MODULES]
            case ast.ImportFrom(module=str(module)):
                tail = module.rpartition(".")[2]
                names = [f"{tail}.{each.name}" for each in node.names]
                found += [(node.lineno, name) for name in names if name in FORBIDDEN_CALLS]
                if module in FORBIDDEN_MODULES:
                    found.append((node.lineno, module))
            case ast.Attribute(value=owner, attr=name):
                full = f"{_last_name(owner)}.{name}"
                if (
                    full in FORBIDDEN_CALLS
                    or name in FORBIDDEN_METHODS
                    or (name == "time" and _last_name(owner) in LOOPS)
                ):
                    found.append((node.lineno, full))
            case ast.Call(func=ast.Attribute(attr="wait") as called) if _last_name(called.value) == "asyncio":
                found += [
                    (node.lineno, "asyncio.wait(timeout=)") for each in node.keywords if each.arg == "timeout"
                ]
    return found


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=called):
            return _last_name(called)
    return ""


@pytest.mark.parametrize(
    "module",
    [module for module in modules("bot", "cogs") if module.name != "bot.clock"],
    ids=lambda module: module.name,
)
def test_time_comes_from_the_clock_alone(module: Module) -> None:
    wrong = [
        f"{module.where(line)}: {name}; use {FORBIDDEN_CALLS.get(name, 'the clock')}"
        for line, name in other_sources_of_time(module.tree)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "from time import monotonic",
        "from asyncio import sleep",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import date\ndate.today()",
        "import asyncio\nasyncio.timeout(3)",
        "import asyncio\nasyncio.wait(tasks, timeout=3)",
        "asyncio.get_running_loop().time()",
        "loop.call_later(3, f)",
        "discord.utils.utcnow()",
    ],
)
def test_the_rule_finds(code: str) -> None:
    assert other_sources_of_time(ast.parse(code))


def test_the_rule_lets_the_clock_be_used() -> None:
    assert not other_sources_of_time(
        ast.parse("await clock.sleep(3)\nclock.now()\nasyncio.wait(tasks)\nrow.time")
    )
