from __future__ import annotations

from typing import Any

import pytest

from bot.errors import LimitRefused
from bot.limits import Limit, MemberRules
from bot.model import ALL_SERVERS, MoneyScope, NewJob, Unit
from bot.quota.policy import back_at, holds_for, quota_windows, require_size
from bot.quota.rules import Limits, resolve
from tests.support.clock import START
from tests.support.limits import NO_ROLES, instance_of
from tests.support.store import GUILD, USER, Bench

DAY, MONTH = "2026-11-21", "2026-11"


def limits(rules: MemberRules | None = None, **instance: Any) -> Limits:
    options: dict[str, Any] = {"images_per_day": 20, "ceilings": {Limit.IMAGES_PER_DAY: 40}} | instance
    return resolve(instance_of(**options), rules or MemberRules(), NO_ROLES, guild_id=GUILD)


def new(**changes: Any) -> NewJob:
    return Bench(None).new(**changes)  # type: ignore[arg-type]  # it needs no database


def test_portrait_holds_its_images_and_a_place_here_then_everywhere() -> None:
    holds = holds_for(limits(), new(images=4), now=START)
    assert [(it.unit, it.guild_id, it.window, it.amount, it.cap) for it in holds.quota] == [
        (Unit.IMAGE, GUILD, DAY, 4, 20),
        (Unit.IMAGE, ALL_SERVERS, DAY, 4, 40),
        (Unit.TASK, GUILD, "", 1, 3),
        (Unit.TASK, ALL_SERVERS, "", 1, 3),
    ]
    assert [it.back_at for it in holds.quota] == [back_at(Unit.IMAGE, START)] * 2 + [None] * 2


def test_training_holds_one_training_of_the_week() -> None:
    holds = holds_for(limits(), new(images=0), now=START)
    assert [(it.unit, it.window, it.amount) for it in holds.quota[:2]] == [(Unit.TRAINING, "2026-W47", 1)] * 2


def test_money_is_locked_from_the_member_over_roles_and_the_server_to_the_instance() -> None:
    rules = MemberRules(
        member={Limit.MONEY_PER_DAY: 10},
        roles={52: {Limit.SHARED_PER_MONTH: 30}, 51: {Limit.SHARED_PER_DAY: 20}},
        server={Limit.SHARED_PER_MONTH: 40, Limit.MONEY_PER_MONTH: 15},
    )
    capped = limits(rules, budget_nano_usd_per_day=50, budget_nano_usd_per_month=60)
    holds = holds_for(capped, new(estimate_nano_usd=123), now=START)
    assert [(it.scope, it.scope_id, it.window, it.cap_nano_usd) for it in holds.money] == [
        (MoneyScope.MEMBER, f"{GUILD}:{USER}", MONTH, 15),
        (MoneyScope.MEMBER, f"{GUILD}:{USER}", DAY, 10),
        (MoneyScope.ROLE, f"{GUILD}:51", MONTH, None),
        (MoneyScope.ROLE, f"{GUILD}:51", DAY, 20),
        (MoneyScope.ROLE, f"{GUILD}:52", MONTH, 30),
        (MoneyScope.ROLE, f"{GUILD}:52", DAY, None),
        (MoneyScope.SERVER, str(GUILD), MONTH, 40),
        (MoneyScope.SERVER, str(GUILD), DAY, None),
        (MoneyScope.INSTANCE, "", MONTH, 60),
        (MoneyScope.INSTANCE, "", DAY, 50),
    ]
    assert {it.amount_nano_usd for it in holds.money} == {123}


def test_without_caps_money_is_booked_all_the_same() -> None:
    holds = holds_for(limits(), new(), now=START)
    assert [it.scope for it in holds.money[::2]] == [
        MoneyScope.MEMBER,
        MoneyScope.SERVER,
        MoneyScope.INSTANCE,
    ]
    assert {it.cap_nano_usd for it in holds.money} == {None}


SMALL = MemberRules(
    server={Limit.SAMPLES: 2, Limit.STEPS: 30}, roles={51: {Limit.SIDE: 768}}, member={Limit.STEPS: 40}
)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"samples": 3}, "`samples` is 3, and the rule of this server allows at most 2"),
        ({"steps": 41}, "`steps` is 41, and a rule for you in this server allows at most 40"),
        ({"width": 832}, "`width` is 832, and the rule of your role <@&51> allows at most 768"),
        ({"height": 1024}, "`height` is 1024, and the rule of your role <@&51> allows at most 768"),
    ],
)
def test_a_task_that_is_too_large_is_refused_with_its_value_the_rule_and_a_fix(
    inputs: dict[str, int], said: str
) -> None:
    right = {"samples": 2, "steps": 40, "width": 768, "height": 512}
    require_size(limits(SMALL), new(inputs=right))
    with pytest.raises(LimitRefused) as refused:
        require_size(limits(SMALL), new(inputs=right | inputs))
    assert refused.value.message.startswith(said)
    most = said.rpartition(" ")[2]
    assert f"Ask for {most} or less" in refused.value.message
    assert refused.value.why.startswith(f"{next(iter(inputs))}: ")


def test_sizes_that_are_words_count_and_a_training_has_none() -> None:
    with pytest.raises(LimitRefused):
        require_size(limits(SMALL), new(inputs={"samples": "3"}))
    require_size(limits(SMALL), new(images=0, inputs={"samples": 3, "steps": 900}))
    require_size(limits(), new(inputs={"samples": 10, "steps": 150, "width": 1024}))


def test_every_unit_has_a_window() -> None:
    assert set(quota_windows(START)) == set(Unit)
