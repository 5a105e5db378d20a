"""A server's settings and their values in words, for the panel and the audit. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.limits import Target, differing, loaded
from bot.model import AgeRule
from bot.ui.limits import amount_words, limit_name, target_words
from bot.ui.safe import code_span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.ui.text import Text

LISTED = 3
"""Ids or inputs that are named of a value: ten changes have to fit one message."""


def setting_name(setting: str, _: Text) -> str:
    """What people call a setting."""
    names = {
        "real_persons": _("Ideas with real people"),
        "deleted_card": _("Results of deleted cards"),
        "language": _("Language"),
        "allowed_channels": _("Channels"),
        "age_rule": _("Age rule"),
        "retention_days": _("Retention"),
        "log_channel_id": _("Log channel"),
        "log_prompts": _("Prompts in the log"),
        "moderator_roles": _("Moderator roles"),
        "portrait_defaults": _("Defaults for /portrait"),
        "cooldown_s": _("Pause between tasks"),
        "stop_returns_quota": _("Quota of stopped tasks"),
        "line_paused": _("The line"),
    }
    if (target := Target.of_setting(0, setting)) is not None:
        return _("Limits of {whom}", whom=target_words(target, _))
    return names.get(setting) or code_span(setting)


def setting_value(setting: str, value: Any, _: Text) -> str:
    """A value of a setting, as the audit says it."""
    if setting in {"allowed_channels", "moderator_roles"}:
        return _places(setting, value, _)
    plain: dict[str, Callable[[], str]] = {
        "age_rule": lambda: age_rule_word(AgeRule(value), _),
        "cooldown_s": lambda: _.duration(value) if value else _("none"),
        "deleted_card": lambda: _("by direct message") if value == "dm" else _("in a new message"),
        "language": lambda: code_span(value) if value else _("this server's own"),
        "line_paused": lambda: _line_word(value, _),
        "log_channel_id": lambda: f"<#{value}>" if value else _("none"),
        "portrait_defaults": lambda: _inputs(value) or _("the tool's own"),
        "retention_days": lambda: _.plural("{n} day", "{n} days", value) if value else _("for ever"),
        "stop_returns_quota": lambda: _("given back") if value else _("used up"),
    }
    if setting in plain:
        return plain[setting]()
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return code_span(str(value))


def _line_word(why: str | None, _: Text) -> str:
    if why is None:
        return _("moving")
    return _("paused, {why}", why=code_span(why)) if why else _("paused")


def age_rule_word(rule: AgeRule, _: Text) -> str:
    """An age rule in a few words."""
    return {
        AgeRule.OFF: _("everywhere"),
        AgeRule.SPOILER: _("behind a spoiler elsewhere"),
        AgeRule.NSFW_ONLY: _("only in age-restricted channels"),
    }[rule]


def change_words(setting: str, before: Any, after: Any, _: Text) -> str:
    """What a change changed: "Language: this server's own → `de`"."""
    if Target.of_setting(0, setting) is not None:
        return f"{setting_name(setting, _)}: {_changed_amounts(before, after, _)}"
    values = (setting_value(setting, before, _), setting_value(setting, after, _))
    return f"{setting_name(setting, _)}: {values[0]} → {values[1]}"


def _changed_amounts(before: Mapping[str, int], after: Mapping[str, int], _: Text) -> str:
    """What a rule says otherwise than before: "images a day 40 → 20"."""
    old, new = loaded(before), loaded(after)
    return _listed(
        [
            f"{limit_name(each, _)} {amount_words(each, old.get(each), _)} → "
            f"{amount_words(each, new.get(each), _)}"
            for each in differing(old, new)
        ]
    )


def _places(setting: str, ids: Sequence[int], _: Text) -> str:
    if not ids:
        return _("all") if setting == "allowed_channels" else _("none")
    mark = "#" if setting == "allowed_channels" else "@&"
    return _listed([f"<{mark}{each}>" for each in ids])


def _inputs(values: Mapping[str, Any]) -> str:
    return _listed([code_span(f"{spaced(name)} {value}", 30) for name, value in values.items()])


def spaced(wiro_id: str) -> str:
    """An input's id as people read it: "negativePrompt" is "negative prompt"."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda found: f" {found[0].lower()}", wiro_id)


def _listed(parts: Sequence[str]) -> str:
    """The parts with commas between, and how many more there are."""
    more = [f"+ {len(parts) - LISTED}"] if len(parts) > LISTED else []
    return ", ".join([*parts[:LISTED], *more])
