"""The fault suite: in a short form with every run of the tests, whole with `--faults`."""

from __future__ import annotations

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test marked `runs` its numbers: the short form's, or the whole suite's."""
    mark = metafunc.definition.get_closest_marker("runs")
    if mark is not None:
        form = "whole" if metafunc.config.getoption("faults") else "short"
        metafunc.parametrize("run", range(mark.kwargs[form]))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `whole` to the whole suite."""
    if not config.getoption("faults"):
        skip = pytest.mark.skip(reason="part of the whole fault suite: ./atelier test --faults")
        for item in items:
            if item.get_closest_marker("whole"):
                item.add_marker(skip)
