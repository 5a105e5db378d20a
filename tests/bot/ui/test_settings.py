"""The settings panel as pure functions: whatever was chosen, Discord takes the message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.errors import InvalidValue
from bot.limits import BOUNDS, Limit, Target, stored
from bot.model import Act
from bot.store.auditing import AuditEntry
from bot.store.changes import Change
from bot.store.policies import GuildPolicy
from bot.ui.audit import ENTRIES_A_PAGE, audit_panel
from bot.ui.settings.frame import CHANGES, LISTED_CHANGES, changes_items, settings_panel
from bot.ui.settings.limits import (
    FORMS,
    LISTED_ROLES,
    limits_form,
    page_of,
    read_limits_form,
    role_items,
    rule_words,
    server_items,
    written,
)
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
    "limits.role.9223372036854775807": {},
    "limits.something_of_another_page": "x" * 500,
}


EVERY_LIMIT = stored({limit: most for limit, (_least, most) in BOUNDS.items()})


def after_of(setting: str) -> Any:
    return EVERY_LIMIT if setting.startswith("limits.role") else LONGEST[setting]


def a_change(setting: str) -> Change:
    before, after = LONGEST[setting], after_of(setting)
    return Change(id=BIG, at=NOW, actor_id=BIG, setting=setting, before=before, after=after)


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
    detail = json.dumps({"setting": setting, "before": LONGEST[setting], "after": after_of(setting)})
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


# Limits

EVERY = {limit: most for limit, (_least, most) in BOUNDS.items()}
ROLE = Target.role(1, BIG)
AMOUNTS, SIZES, MONEY = FORMS


def test_the_page_of_limits_fits_with_all_that_can_be_said_and_says_how_many_have_a_role() -> None:
    """As many roles as are listed, each with every limit at its most."""
    roles = {Target.role(1, BIG - number): EVERY for number in range(LISTED_ROLES + 3)}
    members = {BIG: 1, BIG - 1: 1_234}
    items = server_items(EVERY, roles, members, 45, _)
    view = settings_panel(TITLES | {"limits": "Limits"}, "limits", items, _, changed=a_change("language"))
    check_limits(view, most=4000)
    words = words_of(view)
    assert f"<@&{BIG}> (1 member): images a day **1,000,000**" in words
    assert f"<@&{BIG - 1}> (1,234 members): " in words
    assert f"<@&{BIG - 2}>: " in words
    assert "3 more roles have some" in words
    role = role_items(ROLE, EVERY, 12, _)
    view = settings_panel(TITLES | {"limits": "Limits"}, page_of(ROLE), role, _, changed=a_change("language"))
    check_limits(view)
    assert f"**Limits of <@&{BIG}> (12 members)**" in words_of(view)


def test_a_page_without_any_rule_says_so() -> None:
    """And its controls can be sent."""
    view = settings_panel(TITLES, "limits", server_items({}, {}, {}, 0, _), _)
    check_limits(view)
    assert "nothing of their own" in words_of(view)
    assert "No role has any yet." in words_of(view)


def test_the_forms_have_every_limit_once_filled_with_what_is_said() -> None:
    """And what a form says unchanged is what the rule said."""
    assert [limit for form in FORMS for limit in form.limits] == [
        *(limit for limit in Limit if limit in AMOUNTS.limits),
        *(limit for limit in Limit if limit in SIZES.limits),
        *(limit for limit in Limit if limit in MONEY.limits),
    ]
    assert {limit for form in FORMS for limit in form.limits} == set(Limit)
    for form in FORMS:
        modal = limits_form(form, ROLE, EVERY, _)
        fields = {label.component.custom_id: label.component.default for label in modal.children}  # type: ignore[attr-defined]  # all are labels
        assert 1 <= len(fields) <= 5
        assert all(len(value) <= 16 for value in fields.values())
        assert read_limits_form(form, fields, _) == {limit: EVERY[limit] for limit in form.limits}
        assert str(modal.custom_id) == f"at:set:-:limits-{BIG}.{form.key}"
        assert modal.to_dict()


@pytest.mark.parametrize(
    ("form", "value", "amount"),
    [
        (AMOUNTS, "", None),
        (AMOUNTS, " 40 ", 40),
        (AMOUNTS, "1,000", 1_000),
        (AMOUNTS, "0", 0),
        (MONEY, "0.25", 250_000_000),
        (MONEY, "$1,5", 1_500_000_000),
        (MONEY, "0.000000001", 1),
    ],
)
def test_an_amount_is_read_as_people_write_it(form: Any, value: str, amount: int | None) -> None:
    """Dollars with a point or a comma, whole numbers with a comma between thousands."""
    limit = form.limits[0]
    assert read_limits_form(form, {limit.value: value}, _)[limit] == amount


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (AMOUNTS, "many"),
        (AMOUNTS, "-1"),
        (AMOUNTS, "1.5"),
        (AMOUNTS, "1000001"),
        (SIZES, "0"),
        (MONEY, "NaN"),
        (MONEY, "1e9"),
        (MONEY, "0.0000000001"),
    ],
)
def test_what_no_rule_may_say_is_refused_with_its_name_and_bounds(form: Any, value: str) -> None:
    """The value is shown, and what it has to be."""
    limit = form.limits[0]
    with pytest.raises(InvalidValue) as refused:
        read_limits_form(form, {limit.value: value}, _)
    assert f"`{value}` cannot be " in refused.value.message
    assert " from " in refused.value.message


def test_an_amount_is_written_as_it_is_read() -> None:
    """Without an exponent, and without zeros behind the point."""
    assert written(Limit.MONEY_PER_DAY, 1_000_000 * 10**9) == "1000000"
    assert written(Limit.MONEY_PER_DAY, 250_000_000) == "0.25"
    assert written(Limit.STEPS, 40) == "40"
    assert rule_words({Limit.STEPS: 40, Limit.IMAGES_PER_DAY: 0}, _) == "images a day **0**, steps **40**"
