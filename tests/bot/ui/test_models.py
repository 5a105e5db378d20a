from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.trained import MAX_NAME, Share, ShareKind, TrainedModel
from bot.ui.layout import MAX_TEXT, components
from bot.ui.models import model_panel, models_panel
from bot.ui.text import text_for
from tests.support.clock import START
from tests.support.models import ANNA, BEN, HERE, a_new_model

_ = text_for("en-US")


def a_model(number: int = 1, **changes: Any) -> TrainedModel:
    new = a_new_model(job_id=number, **changes)
    values = {name: getattr(new, name) for name in new.__dataclass_fields__}
    return TrainedModel(id=number, created_at=START, **values)


def size_of(parts: list[dict[str, Any]]) -> tuple[int, int]:
    """How many components, and how many characters of text."""
    count = characters = 0
    for part in parts:
        inner = [*part.get("components", []), *([part["accessory"]] if "accessory" in part else [])]
        more, longer = size_of(inner)
        count, characters = count + 1 + more, characters + longer + len(part.get("content", ""))
    return count, characters


def test_the_fullest_panels_fit_into_a_message() -> None:
    """Forty components and 3,500 characters, whatever names, words and shares there are."""
    shares = tuple(Share(guild_id=HERE, kind=ShareKind.MEMBER, target_id=10**18 + n) for n in range(40))
    full = a_model(name="x" * MAX_NAME, description="y" * 4000, trigger_words=("word" * 10,) * 5)
    panel = model_panel(replace(full, shares=shares), ANNA, HERE, _)
    assert "Shared 34 more times" in str(components(panel))
    many = [a_model(n, name="x" * MAX_NAME, owner_id=ANNA if n % 2 else BEN) for n in range(60)]
    listed = models_panel(many, ANNA, _)
    assert str(components(listed)).count("and 20 more") == 2
    for view in (panel, listed):
        count, characters = size_of(components(view))
        assert count <= 40
        assert characters < MAX_TEXT
