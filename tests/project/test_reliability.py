"""What `docs/reliability.md` promises is tested by what it names."""

from __future__ import annotations

import ast
import re

from tests.support.project import ROOT, modules

TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAME = re.compile(r"`(test_\w+)`")
ROW = re.compile(r"^\| (?!---|promise|fault)(.+) \|$", re.MULTILINE)


def names_of_all_tests() -> set[str]:
    """The name of every test function."""
    return {
        node.name
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_test_that_is_named_exists() -> None:
    named = set(NAME.findall(TEXT))
    assert named
    assert sorted(named - names_of_all_tests()) == []


def test_every_promise_and_every_fault_names_a_test() -> None:
    rows = ROW.findall(TEXT)
    assert rows
    assert [row for row in rows if not NAME.search(row.rpartition(" | ")[2])] == []
