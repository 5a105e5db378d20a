"""The locks install the same thing everywhere, and no file knows the machine that it was made on."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.project import ROOT, our_files

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
HOMES = [*(f"/{top}/" for top in ("home", "Users", "root")), r"[A-Z]:\\Users\\"]
MACHINE = re.compile(rf"(?:^|[\s\"'(=:])(?:{'|'.join(HOMES)})[\w.-]+")


def pinned(lock: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / lock).read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    for requirement in re.split(r"\n(?=[a-z])", text)[1:]:
        assert "--hash=sha256:" in requirement, requirement.splitlines()[0]


def test_lock_of_the_page_has_hashes_and_no_address() -> None:
    text = (ROOT / "sandbox/page/package-lock.json").read_text()
    assert "://" not in text, "take out `resolved` and `funding`"
    packages = {name: each for name, each in json.loads(text)["packages"].items() if name}
    assert packages
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())


@pytest.mark.parametrize("parts", [("", "home"), ("", "Users"), ("", "root"), ("C:", "Users")])
def test_path_of_a_machine_is_seen(tmp_path: Path, parts: tuple[str, str]) -> None:
    note = tmp_path / "note.txt"
    path = ("\\" if parts[0] else "/").join([*parts, "somebody"])
    note.write_text(f"see {path}")
    assert machine_paths(note)


def test_lock_for_development_holds_all_of_the_other() -> None:
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()


@pytest.mark.parametrize(("lock", "group"), [("requirements.lock", None), ("requirements-dev.lock", "dev")])
def test_lock_satisfies_pyproject(lock: str, group: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["dependency-groups"][group] if group else project["project"]["dependencies"]
    versions = pinned(lock)
    for requirement in map(Requirement, wanted):
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not in {lock}"
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [f"{path.relative_to(ROOT)}: {place}" for path in our_files() for place in machine_paths(path)]
    assert not found, "\n".join(found)


def machine_paths(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []  # a picture
    found = [match.group() for match in MACHINE.finditer(text)]
    if len(ROOT.parts) > 2 and re.search(
        re.escape(str(ROOT)) + r"\b", text
    ):  # "/app" is a word like any other
        found.append(str(ROOT))
    return found
