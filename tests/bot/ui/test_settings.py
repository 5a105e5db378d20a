"""The settings panel as pure functions: whatever was chosen, Discord takes the message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.model import Act
from bot.store.auditing import AuditEntry
from bot.store.changes import Change
from bot.store.policies import GuildPolicy
from bot.ui.audit import ENTRIES_A_PAGE, audit_panel
from bot.ui.settings.frame import CHANGES, LISTED_CHANGES, changes_items, settings_panel
from bot.ui.settings.line import LINE_PAGE
from bot.ui.settings.pages import PAGES, PolicyPage, read_choice
from bot.ui.settings.words import change_words
from bot.ui.text import text_for
from bot.ui.words import MAX_PAUSE
from tests.support.cards import check_limits, words_of
from tests.support.jobs import NOW

_ = text_for("en-US")
TITLES = {page.key: page.title(_) for page in PAGES} | {CHANGES: "What was changed"}
BIG = 2**63 - 1
LONGEST: dict[str, Any] = {
    "allowed_channels": [BIG - number for number in range(25)],
    "moderator_roles": [BIG - number for number in range(25)],
    "portrait_defaults": {f"anInputWithALongName{number}": "blurry, " * 200 for number in range(12)},
    "age_rule": "nsfw_only",
    "language": "pt-BR",
    "log_channel_id": BIG,
    "retention_days": 3650,
    "cooldown_s": 86400,
    "line_paused": "`" * MAX_PAUSE,
    "limits.something_of_another_page": "x" * 500,
}


def a_change(setting: str) -> Change:
    value = LONGEST[setting]
    return Change(id=BIG, at=NOW, actor_id=BIG, setting=setting, before=value, after=value)


@pytest.mark.parametrize("page", [*PAGES, LINE_PAGE], ids=lambda page: page.key)
def test_every_page_fits_with_a_change_below_it(page: PolicyPage) -> None:
    """Components and characters stay within Discord's limits, and the page says which it is."""
    items = page.draw(GuildPolicy(guild_id=1, line_paused="`" * MAX_PAUSE), None, _)
    view = settings_panel(TITLES, page.key, items, _, changed=a_change("portrait_defaults"))
    check_limits(view)


@pytest.mark.parametrize("setting", sorted(LONGEST))
def test_the_longest_changes_fit_their_list_and_the_audit(setting: str) -> None:
    """As many as are listed, each as long as may be."""
    listed = changes_items([a_change(setting)] * LISTED_CHANGES, _)
    words = words_of(settings_panel(TITLES, CHANGES, listed, _))
    assert len(words.encode("utf-16-le")) // 2 <= 3500
    detail = json.dumps({"setting": setting, "before": LONGEST[setting], "after": LONGEST[setting]})
    entry = AuditEntry(
        id=1,
        guild_id=1,
        at=NOW,
        actor_id=BIG,
        act=Act.SETTING,
        target_user_id=None,
        job_id=None,
        reason=None,
        detail=detail,
    )
    check_limits(audit_panel([entry] * ENTRIES_A_PAGE, 1000, 1, _), most=4000)


@pytest.mark.parametrize(
    ("setting", "before", "after", "said"),
    [
        ("language", None, "de", "Language: this server's own → `de`"),
        ("allowed_channels", [], [5], "Channels: all → <#5>"),
        ("moderator_roles", [5, 6, 7, 8], [], "Moderator roles: <@&5>, <@&6>, <@&7>, + 1 → none"),
        ("age_rule", "off", "spoiler", "Age rule: everywhere → behind a spoiler elsewhere"),
        ("retention_days", None, 1, "Retention: for ever → 1 day"),
        ("log_channel_id", 5, None, "Log channel: <#5> → none"),
        ("log_prompts", False, True, "Prompts in the log: off → on"),
        ("cooldown_s", 0, 90, "Pause between tasks: none → 1 min 30 s"),
        ("portrait_defaults", {}, {"steps": 30}, "Defaults for /portrait: the tool's own → `steps 30`"),
        ("stop_returns_quota", True, False, "Quota of stopped tasks: given back → used up"),
        ("line_paused", None, "", "The line: moving → paused"),
        ("line_paused", "new rules", None, "The line: paused, `new rules` → moving"),
    ],
)
def test_a_change_is_said_in_words(setting: str, before: Any, after: Any, said: str) -> None:
    """Every choice has a name and its values have words."""
    assert change_words(setting, before, after, _) == said


def test_a_control_that_is_not_ours_chooses_nothing() -> None:
    """A forged setting or value is an error, never something stored."""
    for setting, values in (("guild_id", ["5"]), ("deleted_card", ["nowhere"])):
        with pytest.raises((KeyError, ValueError)):
            read_choice(setting, values)
