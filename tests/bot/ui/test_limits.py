"""Limits in words, and a member's quota as a panel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.limits import Bonus, Giver, Limit, MemberRules, Subject
from bot.model import Unit
from bot.quota.rules import Given, resolve
from bot.ui.limits import amount_words, giver_words, granted_words, limit_name, quota_panel
from bot.ui.records import Account, Allowance, Spending
from bot.ui.settings.words import change_words, setting_name
from bot.ui.text import text_for
from tests.support.cards import check_limits, words_of
from tests.support.jobs import NOW
from tests.support.limits import NO_ROLES, instance_of

ENGLISH = text_for("en-US")
LATER = NOW + timedelta(hours=3)
OPERATOR = Giver(Subject.INSTANCE)


def allowance(unit: Unit, used: int, given: Given) -> Allowance:
    return Allowance(unit=unit, used=used, given=given, back_at=None if unit is Unit.TASK else LATER)


def account(rules: MemberRules | None = None, **changes: Any) -> Account:
    rules = rules or MemberRules()
    held = resolve(instance_of(ceilings={Limit.IMAGES_PER_DAY: 50}), rules, NO_ROLES, guild_id=1)
    money = [(Limit.MONEY_PER_DAY, 20_000_000), (Limit.MONEY_PER_MONTH, 1_500_000_000)]
    values: dict[str, Any] = {
        "allowances": (
            allowance(Unit.IMAGE, 10, held.given[Limit.IMAGES_PER_DAY]),
            allowance(Unit.TRAINING, 0, held.given[Limit.TRAININGS_PER_WEEK]),
            allowance(Unit.TASK, 2, held.given[Limit.CONCURRENT_TASKS]),
        ),
        "spending": tuple(
            Spending(
                limit=limit,
                spent_nano_usd=spent,
                held_nano_usd=5_000_000,
                given=held.given.get(limit),
                back_at=LATER,
            )
            for limit, spent in money
        ),
        "limits": held,
        "bonuses": rules.bonuses,
    }
    return Account(**(values | changes))


def test_the_panel_has_a_bar_what_is_used_when_it_comes_back_and_whose_limit_it_is() -> None:
    panel = quota_panel(account(), ENGLISH)
    check_limits(panel)
    words = words_of(panel)
    assert "▰▰▰▱▱▱▱▱▱▱▱▱ 10 of 40 used" in words
    assert f"all of it comes back <t:{int(LATER.timestamp())}:R> · limit by the operator of this bot" in words
    assert "2 of 3 used" in words
    assert "a place comes back with each task that ends" in words
    assert "**Trainings this week**\n▱▱▱▱▱▱▱▱▱▱▱▱ 0 of 1 used" in words
    assert "Money" not in words
    assert "$0.02 today and $1.50 this month" in words


def test_rules_of_roles_and_servers_bonuses_and_the_ceiling_are_named() -> None:
    rules = MemberRules(
        member={Limit.IMAGES_PER_DAY: 45},
        roles={51: {Limit.TRAININGS_PER_WEEK: 0, Limit.WEIGHT: 200, Limit.MONEY_PER_DAY: 50_000_000}},
        server={Limit.CONCURRENT_TASKS: 2, Limit.SAMPLES: 4},
        bonuses=(Bonus(unit=Unit.IMAGE, amount=20, until=LATER, window=""),),
        cooldown_s=90,
    )
    words = words_of(quota_panel(account(rules), ENGLISH))
    at_ceiling = "limit by a rule for this member and 5 as a bonus (at the operator's ceiling)"
    assert (
        f"10 of 50 used, 40 left\n-# all of it comes back <t:{int(LATER.timestamp())}:R> · {at_ceiling}"
        in words
    )
    assert "Turned off here.\n-# limit by the role <@&51>" in words
    place = "a place comes back with each task that ends"
    assert f"2 of 2 used, 0 left\n-# {place} · limit by this server's rule" in words
    assert f"🎁 20 more images a day until <t:{int(LATER.timestamp())}:f>" in words
    assert "**Money today**\n▰▰▰▰▰▰▱▱▱▱▱▱ $0.025 of $0.05 used" in words
    assert "at most 4 images of one task, by this server's rule" in words
    assert "200 % of the usual share of the line, by the role <@&51>" in words
    assert "a pause of 1 min 30 s between two tasks" in words


def test_what_is_used_in_other_servers_is_said_to_be_over_all_of_them() -> None:
    everywhere = Given(amount=50, by=OPERATOR, at_ceiling=True)
    shown = account(allowances=(allowance(Unit.IMAGE, 50, everywhere),))
    assert "limit by the operator of this bot (over all servers)" in words_of(quota_panel(shown, ENGLISH))


def test_the_fullest_panel_fits_and_somebody_elses_says_whose_it_is() -> None:
    every = dict.fromkeys(Limit, 300)
    many = tuple(
        Bonus(unit=unit, amount=1_000_000, until=LATER + timedelta(days=n), window="")
        for n in range(40)
        for unit in (Unit.IMAGE, Unit.TRAINING)
    )
    rules = MemberRules(roles={1 << 63: every}, bonuses=many, cooldown_s=3_600)
    panel = quota_panel(account(rules), ENGLISH, user_id=77)
    check_limits(panel)
    assert "Quota of <@77> in this server" in words_of(panel)


def test_no_limit_and_no_giver_is_without_words() -> None:
    names = {limit_name(limit, ENGLISH) for limit in Limit}
    assert len(names) == len(Limit)
    assert len({giver_words(Giver(subject, 5), ENGLISH) for subject in Subject}) == len(Subject)
    assert amount_words(Limit.SHARED_PER_DAY, 1_500_000_000, ENGLISH) == "$1.50"
    assert amount_words(Limit.STEPS, 1_500, ENGLISH) == "1,500"
    assert amount_words(Limit.STEPS, None, ENGLISH) == "–"


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("image 20 1764460800", "+20 images a day until <t:1764460800:f>"),
        ("training -1 1764460800", "-1 trainings a week until <t:1764460800:f>"),
        ("image 12", "+12 images a day"),
    ],
)
def test_bonuses_and_resets_are_told_by_the_audit(detail: str, words: str) -> None:
    assert granted_words(detail, ENGLISH) == words


def test_a_changed_rule_is_told_by_what_differs() -> None:
    before = {"images_per_day": 40, "steps": 50, "nano_usd_per_day": 1_000_000_000}
    after = {"images_per_day": 20, "steps": 50, "weight": 200}
    assert change_words("limits.role.51", before, after, ENGLISH) == (
        "Limits of <@&51>: images a day 40 → 20, share of the line in % – → 200, money a day $1.00 → –"
    )
    assert setting_name("limits.member.5", ENGLISH) == "Limits of <@5>"
    assert setting_name("limits.server.0", ENGLISH) == "Limits of everybody here"
    assert setting_name("limits.nobody.0", ENGLISH) == "`limits.nobody.0`"
