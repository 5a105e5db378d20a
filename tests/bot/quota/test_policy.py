from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.model import ALL_SERVERS, MoneyScope, Unit
from bot.quota.policy import Caps, Limits, back_at, holds_for, quota_windows
from tests.support.clock import START
from tests.support.store import GUILD, USER, Bench


@dataclass(frozen=True)
class Settings:
    quota_images_per_day: int = 40
    quota_images_per_day_max: int = 40
    quota_trainings_per_week: int = 1
    quota_trainings_per_week_max: int = 1
    quota_concurrent_tasks: int = 3
    quota_concurrent_tasks_max: int = 3


def caps(images: int, trainings: int = 1, tasks: int = 3) -> Caps:
    return Caps(images_per_day=images, trainings_per_week=trainings, concurrent_tasks=tasks)


@pytest.mark.parametrize(
    ("settings", "rule", "here", "everywhere"),
    [
        (Settings(), None, caps(40), caps(40)),
        (Settings(quota_images_per_day_max=100), None, caps(40), caps(100)),
        (Settings(quota_images_per_day_max=100), caps(70), caps(70), caps(100)),
        (Settings(quota_images_per_day_max=100), caps(500, 9, 9), caps(100), caps(100)),
        (Settings(), caps(0, 0, 0), caps(0, 0, 0), caps(40)),
        (Settings(quota_images_per_day=0, quota_images_per_day_max=0), caps(5), caps(0), caps(0)),
    ],
)
def test_most_specific_rule_wins_under_the_ceiling(
    settings: Settings, rule: Caps | None, here: Caps, everywhere: Caps
) -> None:
    assert Limits.resolve(settings, rule) == Limits(here=here, everywhere=everywhere)


def test_zero_turns_a_feature_off() -> None:
    limits = Limits(here=caps(0, 1), everywhere=caps(40))
    assert not limits.allows(Unit.IMAGE)
    assert limits.allows(Unit.TRAINING)
    assert not Limits(here=caps(9, 9, 0), everywhere=caps(9)).allows(Unit.IMAGE)


def test_portrait_holds_its_images_and_a_place_here_then_everywhere() -> None:
    new = Bench(None).new(images=4)  # type: ignore[arg-type]  # it needs no database
    holds = holds_for(Limits(here=caps(20), everywhere=caps(40)), new, now=START)
    assert [(it.unit, it.guild_id, it.window, it.amount, it.cap) for it in holds.quota] == [
        (Unit.IMAGE, GUILD, "2026-11-21", 4, 20),
        (Unit.IMAGE, ALL_SERVERS, "2026-11-21", 4, 40),
        (Unit.TASK, GUILD, "", 1, 3),
        (Unit.TASK, ALL_SERVERS, "", 1, 3),
    ]
    assert [it.back_at for it in holds.quota] == [back_at(Unit.IMAGE, START)] * 2 + [None] * 2


def test_training_holds_one_training_of_the_week() -> None:
    new = Bench(None).new(images=0)  # type: ignore[arg-type]  # it needs no database
    holds = holds_for(Limits(here=caps(20), everywhere=caps(40)), new, now=START)
    assert [(it.unit, it.window, it.amount) for it in holds.quota[:2]] == [(Unit.TRAINING, "2026-W47", 1)] * 2


def test_money_is_locked_from_the_member_to_the_instance_and_only_the_instances_day_is_capped() -> None:
    new = Bench(None).new(estimate_nano_usd=123)  # type: ignore[arg-type]  # it needs no database
    limits = Limits(here=caps(20), everywhere=caps(40))
    holds = holds_for(limits, new, now=START, budget_nano_usd_per_day=5_000)
    assert [(it.scope, it.scope_id, it.window, it.cap_nano_usd) for it in holds.money] == [
        (MoneyScope.MEMBER, f"{GUILD}:{USER}", "2026-11-21", None),
        (MoneyScope.MEMBER, f"{GUILD}:{USER}", "2026-11", None),
        (MoneyScope.SERVER, str(GUILD), "2026-11-21", None),
        (MoneyScope.SERVER, str(GUILD), "2026-11", None),
        (MoneyScope.INSTANCE, "", "2026-11-21", 5_000),
        (MoneyScope.INSTANCE, "", "2026-11", None),
    ]
    assert {it.amount_nano_usd for it in holds.money} == {123}
    uncapped = holds_for(limits, new, now=START)
    assert {it.cap_nano_usd for it in uncapped.money} == {None}


def test_every_unit_has_a_window() -> None:
    assert set(quota_windows(START)) == set(Unit)
