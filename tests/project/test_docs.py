"""What the documents name exists: files, commands, settings, headings."""

from __future__ import annotations

import re
import runpy
from typing import TYPE_CHECKING

import pytest

from bot.settings import Settings, load_settings
from tests.support.project import ROOT, our_files

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [path for path in our_files() if path.suffix == ".md"]
LAUNCHER = runpy.run_path(str(ROOT / "atelier"))
COMMANDS = {*LAUNCHER["PROGRAMS"], "setup", "check", "help"}

CODE_BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
COMMAND = re.compile(r"(?:\./|python )atelier\s+([a-z]+)")
FILE_NAME = re.compile(r"^[\w.-]+\.(?:py|toml|lock|yaml|yml|md|cfg|ini|html|css|js|example)$")
SETTING = re.compile(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
SLASH_COMMAND = re.compile(r"/([a-z]+)(?:$| )")

MADE_LATER = {".env", "data", "build", ".venv", "atelier.db"}
"""What the documents name and no checkout has."""
SETTINGS_OF_OTHERS = {"TEST_DATABASE_URL", "POSTGRES_PASSWORD"}
"""Variables of the tests and of compose.yaml, not of the bot."""

parametrized = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def looks_like_a_path(text: str) -> bool:
    """Whether a code span names a file or folder of this project."""
    first = text.removeprefix("./").split("/")[0]
    if first in MADE_LATER or text.startswith("/"):
        return False
    if "/" in text:
        return bool(re.fullmatch(r"[\w./*<>…-]+", text)) and (ROOT / first).exists() and text != "./atelier"
    return bool(FILE_NAME.match(text))


def exists(text: str, document: Path) -> bool:
    """Whether such a file is there: from the root, beside the document, or by its bare name anywhere."""
    pattern = re.sub(r"<[^>]*>|…", "*", text.removeprefix("./")).rstrip("/")
    if any(any(base.glob(pattern)) for base in (ROOT, document.parent)):
        return True
    return "/" not in pattern and any(path.name == pattern for path in our_files())


def slug(heading: str) -> str:
    """The anchor of a heading, as repository hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


def test_there_is_a_readme() -> None:
    assert ROOT / "README.md" in DOCUMENTS


@parametrized
def test_every_file_that_is_named_exists(document: Path) -> None:
    text = CODE_BLOCK.sub("", document.read_text(encoding="utf-8"))
    named = {span.strip() for span in CODE_SPAN.findall(text) if looks_like_a_path(span.strip())}
    assert not [name for name in sorted(named) if not exists(name, document)]


@parametrized
def test_every_link_leads_somewhere(document: Path) -> None:
    text = CODE_BLOCK.sub("", document.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        if anchor:
            headings = HEADING.findall(CODE_BLOCK.sub("", target.read_text(encoding="utf-8")))
            assert anchor in {slug(heading) for heading in headings}, link


@parametrized
def test_every_command_that_is_shown_exists(document: Path) -> None:
    assert set(COMMAND.findall(document.read_text(encoding="utf-8"))) <= COMMANDS


@parametrized
def test_every_setting_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    spans = {span.split("=")[0] for span in CODE_SPAN.findall(CODE_BLOCK.sub("", text))}
    first_words = ("DISCORD_", "WIRO_", "QUOTA_", "SHARD_", "LOG_", "HTTP_", "DATA", "PUBLIC_", "BUDGET_")
    named = {span for span in spans if SETTING.match(span) and span.startswith(first_words)}
    assert named - SETTINGS_OF_OTHERS <= {name.upper() for name in Settings.model_fields}


def test_readme_names_every_slash_command_and_no_other() -> None:
    text = CODE_BLOCK.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    named = {match[1] for span in CODE_SPAN.findall(text) if (match := SLASH_COMMAND.match(span))}
    cogs = {path.stem for path in (ROOT / "cogs").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert named == {name for name in cogs if not name.startswith("_")}


def test_every_setting_is_explained_to_operators() -> None:
    guide = ROOT / "docs" / "operating.md"
    if not guide.exists() and not (ROOT / "docs").exists():
        pytest.skip("there are no documents yet")
    named = set(re.findall(r"[A-Z][A-Z_]+", guide.read_text(encoding="utf-8")))
    assert {name.upper() for name in Settings.model_fields} <= named


def test_example_of_the_settings_names_each_once_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    given = [line.partition("=")[::2] for line in lines if line and not line.startswith("#")]
    assert sorted(name for name, _ in given) == sorted(name.upper() for name in Settings.model_fields)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("WIRO_API_KEY", "wiro-key")
    default = load_settings(None)
    assert load_settings(ROOT / ".env.example") == default
    for name, value in given:
        if value and name != "WIRO_SOCKET_URL":
            assert str(getattr(default, name.lower())) == value


@pytest.mark.parametrize("command", sorted(LAUNCHER["PROGRAMS"]))
def test_launcher_starts_programs_that_exist(command: str) -> None:
    module = LAUNCHER["PROGRAMS"][command][1][1]
    assert module == "pytest" or (ROOT / module / "__main__.py").exists()
