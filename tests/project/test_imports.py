"""Which part of the house may import which. Imports run one way; see CONTRIBUTING.md."""

from __future__ import annotations

import pytest

from tests.support.project import Module, modules

GROUND = {
    "bot.model",
    "bot.limits",
    "bot.csvfile",
    "bot.trained",
    "bot.training",
    "bot.errors",
    "bot.clock",
    "bot.log",
    "bot.settings",
}
SERVICES = {"bot.store", "bot.wiro", "bot.tools", "bot.media"}
RULES = {"bot.quota", "bot.moderation"}
LIFE = {"bot.jobs"}

MAY_IMPORT: dict[str, set[str]] = {
    "bot.model": set(),
    "bot.limits": {"bot.model"},
    "bot.csvfile": {"bot.limits"},
    "bot.trained": {"bot.errors"},
    "bot.training": set(),
    "bot.clock": set(),
    "bot.log": set(),
    "bot.errors": {"bot.model", "bot.limits"},
    "bot.moderation": set(),
    "bot.settings": {"bot.errors", "bot.limits", "bot.moderation"},
    "bot.wiro": {"bot.clock"},  # good enough to be published alone
    "bot.store": GROUND,
    "bot.tools": GROUND,
    "bot.media": GROUND,
    "bot.quota": GROUND | SERVICES,
    "bot.jobs": GROUND | SERVICES | RULES,
    "bot.web": GROUND | LIFE,
    "bot.toolpages": GROUND | SERVICES | RULES,
    "bot.ui": GROUND | SERVICES | RULES | LIFE,
    "bot.client": GROUND | SERVICES | RULES | LIFE | {"bot.ui"},
    "bot.doctor": GROUND | SERVICES | {"bot.web"},
    "bot.app": GROUND
    | SERVICES
    | RULES
    | LIFE
    | {"bot.toolpages", "bot.ui", "bot.web", "bot.client", "bot.login", "cogs"},
    "bot.login": GROUND | {"bot.client"},
    "bot.process": GROUND | {"bot.app"},
    "bot.keeping": GROUND | SERVICES | LIFE | {"bot.process"},
    "bot.__main__": {"bot.process", "bot.doctor", "bot.keeping"},
    "cogs": GROUND | SERVICES | RULES | LIFE | {"bot.ui"},
    "sandbox": set(),
}
"""Each part with the others that it may import. `bot.app` puts everything together."""

ONLY_IN = {
    "discord": {"bot.ui", "bot.client", "bot.login", "bot.app", "cogs"},
    "sqlalchemy": {"bot.store"},
    "alembic": {"bot.store"},
    "asyncpg": {"bot.store"},
    "aiosqlite": {"bot.store"},
    "prometheus_client": {"bot.web"},
}
"""Libraries that only these parts of `bot` and `cogs` use; others may name their types."""

NOT_EVEN_TYPES = {"discord"}
"""The life of a job knows nothing of Discord, not even its types."""

ALL = modules("bot", "cogs", "sandbox")


def part_of(name: str) -> str:
    """The part of the house that a dotted name belongs to; "" for libraries."""
    first, _, rest = name.partition(".")
    if first == "bot" and rest:
        return f"bot.{rest.partition('.')[0]}"
    return first if first in {"cogs", "sandbox", "tests", "benchmarks"} else ""


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_imports_run_one_way(module: Module) -> None:
    here = part_of(module.name)
    if module.name == "bot":
        assert module.imports() == []
        return
    assert here in MAY_IMPORT, f"say in MAY_IMPORT what {here} may import"
    wrong = [
        f"{module.where(line)}: {here} imports {name}"
        for name, line in module.imports()
        if (there := part_of(name)) and there not in MAY_IMPORT[here] | {here}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", modules("bot", "cogs"), ids=lambda module: module.name)
def test_libraries_stay_where_they_belong(module: Module) -> None:
    at_run_time = set(module.imports(also_for_types=False))
    wrong = [
        f"{module.where(line)}: {name} belongs to {', '.join(sorted(ONLY_IN[library]))}"
        for name, line in module.imports()
        if (name, line) in at_run_time or name.partition(".")[0] in NOT_EVEN_TYPES
        if (library := name.partition(".")[0]) in ONLY_IN and part_of(module.name) not in ONLY_IN[library]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", modules("cogs"), ids=lambda module: module.name)
def test_cog_imports_no_other_cog(module: Module) -> None:
    cog = module.name.split(".")[1:2]
    wrong = [
        f"{module.where(line)}: {name}"
        for name, line in module.imports()
        if name.startswith("cogs.") and name.split(".")[1:2] != cog
    ]
    assert not wrong or module.name == "cogs", "\n".join(wrong)


def test_the_house_has_the_parts_that_the_rules_name() -> None:
    there = {part_of(module.name) for module in ALL}
    assert {"bot.model", "bot.settings", "bot.web", "cogs", "sandbox"} <= there
