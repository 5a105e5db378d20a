"""What is shipped beside the page's own modules, and what those modules must not do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import sandbox.page

PAGE = Path(sandbox.page.__file__).parent
STATIC = PAGE / "static"
OWN_SCRIPTS = sorted(set(STATIC.glob("*.js")) - {STATIC / "vendor.js"})


@pytest.mark.parametrize("path", OWN_SCRIPTS, ids=lambda path: path.name)
def test_scripts_never_write_html_or_styles_as_text(path: Path) -> None:
    """The policy of the page would refuse some of these, and the others are how scripts get in."""
    text = path.read_text("utf-8")
    forbidden = (
        r"unsafeHTML|innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function|\sstyle=|document\.write"
    )
    assert re.findall(forbidden, text) == []


def test_the_page_loads_every_style_sheet_and_nothing_foreign() -> None:
    index = (STATIC / "index.html").read_text("utf-8")
    assert set(re.findall(r'href="([\w-]+\.css)"', index)) == {path.name for path in STATIC.glob("*.css")}
    assert "//" not in index


def test_every_imported_module_is_there() -> None:
    for path in OWN_SCRIPTS:
        for name in re.findall(r'from "\./([\w.-]+)"', path.read_text("utf-8")):
            assert (STATIC / name).is_file(), f"{path.name} imports {name}"


def test_licences_of_everything_bundled_are_shipped() -> None:
    licences = (STATIC / "vendor.licences.txt").read_text("utf-8")
    for name, version in json.loads((PAGE / "package.json").read_text("utf-8"))["dependencies"].items():
        assert f"{name} {version}" in licences


def test_lock_file_names_hashes_and_no_addresses() -> None:
    packages = json.loads((PAGE / "package-lock.json").read_text("utf-8"))["packages"]
    for name, package in packages.items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")
