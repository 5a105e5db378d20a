"""The project's own files, for tests that hold its lines."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_OURS = {".git", ".venv", "node_modules", "__pycache__", "data", "build"}


@cache
def our_files() -> tuple[Path, ...]:
    """Every file that git keeps or would keep; without git, every file outside of caches."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split(
            "\0"
        )
        found = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not _NOT_OURS & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in found if path.is_file()))


@dataclass(frozen=True)
class Module:
    """One Python file of the project."""

    name: str
    """"bot.store.database"; a package is named without `__init__`."""
    path: Path
    tree: ast.Module

    def imports(self, *, also_for_types: bool = True) -> list[tuple[str, int]]:
        """Each imported module's (or name's) full dotted name, with its line.

        Without those for types: what is imported when the program runs.
        """
        found: list[tuple[str, int]] = []
        left_out = set() if also_for_types else self._only_for_types()
        for node in ast.walk(self.tree):
            if node in left_out:
                continue
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                found += [(f"{origin}.{alias.name}", node.lineno) for alias in node.names]
        return found

    def _only_for_types(self) -> set[ast.AST]:
        guards = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ]
        return {inner for guard in guards for part in guard.body for inner in ast.walk(part)}

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".")
        if self.path.name != "__init__.py":
            package = package[:-1]
        package = package[: len(package) - node.level + 1]
        return ".".join([*package, node.module] if node.module else package)

    def where(self, line: int) -> str:
        """The place as editors open it."""
        return f"{self.path.relative_to(ROOT)}:{line}"


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """The Python files of these top-level packages."""
    return tuple(
        Module(_dotted(path), path, ast.parse(path.read_bytes()))
        for path in our_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in packages
    )


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
