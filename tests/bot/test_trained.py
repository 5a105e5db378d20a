"""Who may use a trained model: the whole rule, case by case."""

from __future__ import annotations

import pytest

from bot.errors import InvalidValue
from bot.trained import Reader, Share, ShareKind, TrainedModel, clean_name, is_by_role, may_use
from tests.support.clock import START
from tests.support.models import ANNA, BEN, HERE, THERE, a_new_model

MEMBER = Share(guild_id=HERE, kind=ShareKind.MEMBER, target_id=BEN)
ROLE = Share(guild_id=HERE, kind=ShareKind.ROLE, target_id=55)
SERVER = Share(guild_id=HERE, kind=ShareKind.SERVER, target_id=HERE)
# A member whose id is a role's there: what a number means is its kind's to say.
ODD = Share(guild_id=HERE, kind=ShareKind.MEMBER, target_id=55)


def a_model(*shares: Share) -> TrainedModel:
    new = a_new_model()
    values = {name: getattr(new, name) for name in new.__dataclass_fields__}
    return TrainedModel(id=1, created_at=START, shares=shares, **values)


def reader(user_id: int, guild_id: int = HERE, *roles: int) -> Reader:
    return Reader(user_id=user_id, guild_id=guild_id, role_ids=frozenset(roles))


@pytest.mark.parametrize(
    ("shares", "who", "allowed", "by_role"),
    [
        ((), reader(ANNA), True, False),
        ((), reader(ANNA, THERE), True, False),
        ((), reader(BEN), False, False),
        ((MEMBER,), reader(BEN), True, False),
        ((MEMBER,), reader(BEN, THERE), False, False),
        ((MEMBER,), reader(3), False, False),
        ((ROLE,), reader(BEN, HERE, 55), True, True),
        ((ROLE,), reader(BEN, HERE, 54), False, True),
        ((ROLE,), reader(BEN, THERE, 55), False, False),
        ((ROLE,), reader(ANNA), True, False),
        ((ROLE, MEMBER), reader(BEN), True, False),
        ((SERVER,), reader(BEN), True, False),
        ((SERVER, ROLE), reader(BEN), True, False),
        ((SERVER,), reader(BEN, THERE), False, False),
        ((ODD,), reader(BEN, HERE, 55), False, False),
    ],
)
def test_a_model_is_for_its_owner_and_those_it_is_shared_with(
    shares: tuple[Share, ...], who: Reader, allowed: bool, by_role: bool
) -> None:
    """The owner everywhere, others only where and as it was shared; a role alone has to be asked for."""
    assert may_use(a_model(*shares), who) is allowed
    assert is_by_role(a_model(*shares), who) is by_role


def test_a_name_is_one_line_that_can_be_taken_for_nothing_else() -> None:
    """Letters of any language; no sign that a reference, a mention or markdown is made of."""
    assert clean_name("  Anna \n Bell ") == "Anna Bell"
    assert clean_name("Zo\u00eb's_2.0") == "Zo\u00eb's_2.0"
    for wrong in ("@model:7", "a`b", "<@1>", "**", "...", "a\u202eb", "", " ", "x" * 51):
        with pytest.raises(InvalidValue):
            clean_name(wrong)
