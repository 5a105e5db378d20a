"""Trained models for tests."""

from __future__ import annotations

from typing import Any

from bot.trained import NewModel

ANNA, BEN = 701, 702
HERE, THERE = 801, 802


def a_new_model(**changes: Any) -> NewModel:
    """Anna's, trained here on nine photos; any field may be given."""
    values: dict[str, Any] = {
        "owner_id": ANNA,
        "guild_id": HERE,
        "job_id": 1,
        "name": "anna",
        "wiro_name": "anna-x7k2",
        "wiro_id": "900",
        "trigger_words": ("photo of zwx",),
        "base": "CompVis/stable-diffusion-v1-4",
        "description": "me in daylight",
        "photos": 9,
    }
    return NewModel(**(values | changes))
