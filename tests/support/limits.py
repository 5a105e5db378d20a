"""What the operator of a test's bot says about limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.limits import Limit, Standing
from bot.model import NORMAL_WEIGHT
from bot.quota.rules import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_ROLES = Standing()


def instance_of(
    *,
    images_per_day: int = 40,
    trainings_per_week: int = 1,
    concurrent_tasks: int = 3,
    further: Mapping[Limit, int] | None = None,
    ceilings: Mapping[Limit, int] | None = None,
    **more: Any,
) -> Instance:
    """The contract's defaults, but for what is given; ceilings of the counted are as high unless given."""
    counted = {
        Limit.IMAGES_PER_DAY: images_per_day,
        Limit.TRAININGS_PER_WEEK: trainings_per_week,
        Limit.CONCURRENT_TASKS: concurrent_tasks,
    }
    return Instance(
        defaults={**counted, Limit.WEIGHT: NORMAL_WEIGHT, **(further or {})},
        ceilings={**counted, **(ceilings or {})},
        **more,
    )
