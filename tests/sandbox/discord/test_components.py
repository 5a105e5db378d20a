"""The rules of components and modals, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord.errors import ApiError, Problems
from sandbox.discord.validate.components import check_components
from sandbox.discord.validate.modals import check_modal
from tests.sandbox.discord.conftest import Json, button, codes, gallery, text

FILES = {"a.png": 1}
OPTIONS = [{"label": "One", "value": "1"}, {"label": "Two", "value": "2"}]


def faults(*components: Any, v2: bool = True) -> set[str]:
    problems = Problems()
    check_components(list(components), problems, v2=v2, files=FILES)
    return codes(problems._tree)


def box(*components: Json, **more: Any) -> Json:
    return {"type": 17, "components": list(components), **more}


def chosen(*values: Json) -> Json:
    """A menu of channels of which some are chosen already."""
    menu = {"type": 8, "custom_id": "place", "default_values": list(values)}
    return {"type": 1, "components": [menu]}


def select(**more: Any) -> Json:
    return {"type": 1, "components": [{"type": 3, "custom_id": "pick", "options": OPTIONS, **more}]}


def section(*texts: Json, **accessory: Any) -> Json:
    beside = accessory or {"type": 2, "style": 2, "label": "x", "custom_id": "beside"}
    return {"type": 9, "components": list(texts), "accessory": beside}


@pytest.mark.parametrize(
    "component",
    [
        text("hello"),
        button(),
        select(),
        gallery("a.png"),
        box(text("a"), gallery("a.png"), button(), {"type": 14, "spacing": 2}),
        section(text("a"), text("b"), text("c")),
        section(text("a"), type=11, media={"url": "https://example.org/a.png"}),
        {"type": 13, "file": {"url": "attachment://a.png"}},
        {"type": 1, "components": [{"type": 5, "custom_id": "who", "max_values": 25}]},
        {"type": 1, "components": [{"type": 2, "style": 5, "label": "Out", "url": "https://example.org"}]},
    ],
)
def test_what_discord_takes_is_taken(component: Json) -> None:
    assert faults(component) == set()


@pytest.mark.parametrize(
    ("component", "code"),
    [
        (text(""), "BASE_TYPE_REQUIRED"),
        (text("a" * 4001), "BASE_TYPE_BAD_LENGTH"),
        (gallery(), "BASE_TYPE_BAD_LENGTH"),
        (gallery(*["a.png"] * 11), "BASE_TYPE_BAD_LENGTH"),
        (gallery("b.png"), "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"),
        ({"type": 12, "items": [{"media": {"url": "ftp://x/a.png"}}]}, "URL_TYPE_INVALID_SCHEME"),
        (
            {"type": 12, "items": [{"media": {"url": "attachment://a.png"}, "description": "a" * 1025}]},
            "BASE_TYPE_BAD_LENGTH",
        ),
        ({"type": 13, "file": {"url": "https://example.org/a"}}, "URL_TYPE_INVALID_SCHEME"),
        (box(), "BASE_TYPE_BAD_LENGTH"),
        (box(box(text("a"))), "UNION_TYPE_CHOICES"),
        (box(text("a"), accent_color=0x1000000), "NUMBER_TYPE_MAX"),
        (section(), "BASE_TYPE_BAD_LENGTH"),
        (section(*[text("a")] * 4), "BASE_TYPE_BAD_LENGTH"),
        (section(text("a"), type=3, custom_id="x", options=OPTIONS), "UNION_TYPE_CHOICES"),
        ({"type": 14, "spacing": 3}, "BASE_TYPE_CHOICES"),
        ({"type": 2, "style": 1, "label": "x", "custom_id": "x"}, "UNION_TYPE_CHOICES"),
        ({"type": 18, "label": "x"}, "UNION_TYPE_CHOICES"),
        ({"type": 1, "components": []}, "BASE_TYPE_BAD_LENGTH"),
        (button(label="a" * 81), "BASE_TYPE_BAD_LENGTH"),
        (button(label=""), "BASE_TYPE_REQUIRED"),
        (button("a" * 101), "BASE_TYPE_BAD_LENGTH"),
        (button(style=9), "BASE_TYPE_CHOICES"),
        (button(style=5, url="https://example.org"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"),
        (select(options=[]), "BASE_TYPE_BAD_LENGTH"),
        (select(options=OPTIONS * 13), "BASE_TYPE_BAD_LENGTH"),
        (select(options=OPTIONS * 2), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
        (select(max_values=3), "SELECT_COMPONENT_MAX_VALUES_TOO_LARGE"),
        (select(min_values=2), "SELECT_COMPONENT_MIN_GREATER_THAN_MAX"),
        (select(placeholder="a" * 151), "BASE_TYPE_BAD_LENGTH"),
        (chosen({"id": "5", "type": "role"}), "BASE_TYPE_CHOICES"),
        (chosen({"id": "five", "type": "channel"}), "NUMBER_TYPE_COERCE"),
        (chosen(*[{"id": str(number), "type": "channel"} for number in (5, 6)]), "BASE_TYPE_BAD_LENGTH"),
        (select(options=[{"label": "a" * 101, "value": "a"}]), "BASE_TYPE_BAD_LENGTH"),
        ("words", "MODEL_TYPE_CONVERT"),
    ],
)
def test_what_discord_refuses_is_refused(component: Any, code: str) -> None:
    assert faults(component) == {code}


def test_forty_components_and_4000_characters_are_the_most() -> None:
    assert faults(*[text("a")] * 40) == set()
    assert faults(*[text("a")] * 41) == {"COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"}
    assert faults(box(*[text("a")] * 39)) == set()
    assert faults(box(*[text("a")] * 40)) == {"COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"}
    assert faults(text("a" * 2000), text("a" * 2000)) == set()
    assert faults(text("a" * 2000), text("a" * 2001)) == {"COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"}


def test_custom_ids_and_ids_are_unique() -> None:
    assert faults(button(), button()) == {"COMPONENT_CUSTOM_ID_DUPLICATED"}
    assert faults(text("a") | {"id": 5}, text("b") | {"id": 5}) == {"COMPONENT_ID_DUPLICATED"}


def test_missing_ids_are_filled_in_reading_order() -> None:
    problems = Problems()
    given = [box(section(text("a")), button()), text("b") | {"id": 2}]
    cleaned = check_components(given, problems, v2=True, files={})
    container = cleaned[0]
    assert container["id"] == 1
    assert container["components"][0]["id"] == 3
    assert container["components"][0]["components"][0]["id"] == 4
    assert container["components"][0]["accessory"]["id"] == 5
    assert container["components"][1]["components"][0]["id"] == 7
    assert cleaned[1]["id"] == 2


def label(**component: Any) -> Json:
    return {"type": 18, "label": "Field", "component": component}


def modal(*components: Json, **more: Any) -> Json:
    return {"custom_id": "m", "title": "T", "components": list(components), **more}


def modal_faults(data: Json) -> set[str]:
    try:
        check_modal(data)
    except ApiError as error:
        return codes(error.body["errors"])
    return set()


@pytest.mark.parametrize(
    "field",
    [
        {"type": 4, "custom_id": "a", "style": 2, "max_length": 4000},
        {"type": 19, "custom_id": "a", "max_values": 10},
        {"type": 19, "custom_id": "a", "min_values": None, "max_values": None},
        {"type": 19, "custom_id": "a", "min_values": 0, "required": False},
        {"type": 19, "custom_id": "a", "file_types": ["image", ".heic", ".zip"]},
        {"type": 22, "custom_id": "a", "options": OPTIONS, "min_values": 0, "required": False},
        {"type": 3, "custom_id": "a", "options": OPTIONS},
        {"type": 5, "custom_id": "a"},
        {"type": 21, "custom_id": "a", "options": OPTIONS},
        {"type": 22, "custom_id": "a", "options": OPTIONS[:1]},
        {"type": 23, "custom_id": "a"},
    ],
)
def test_every_field_of_a_modal_is_taken_in_a_label(field: Json) -> None:
    assert modal_faults(modal(label(**field))) == set()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (modal(), "BASE_TYPE_BAD_LENGTH"),
        (modal(*[text("a")] * 6), "BASE_TYPE_BAD_LENGTH"),
        (modal(text("a"), title="a" * 46), "BASE_TYPE_BAD_LENGTH"),
        (modal(text("a"), custom_id=""), "BASE_TYPE_REQUIRED"),
        (modal(button()), "UNION_TYPE_CHOICES"),
        (modal(gallery("a.png")), "UNION_TYPE_CHOICES"),
        (modal(label(type=2, style=1, label="x", custom_id="x")), "UNION_TYPE_CHOICES"),
        (modal(label(type=4, custom_id="a", style=1) | {"label": "a" * 46}), "BASE_TYPE_BAD_LENGTH"),
        (modal(label(type=4, custom_id="a", style=1) | {"description": "a" * 101}), "BASE_TYPE_BAD_LENGTH"),
        (modal(label(type=4, custom_id="a", style=3)), "BASE_TYPE_CHOICES"),
        (modal(label(type=4, custom_id="a", style=1, max_length=4001)), "NUMBER_TYPE_MAX"),
        (modal(label(type=4, custom_id="a", style=1, value="abc", max_length=2)), "BASE_TYPE_BAD_LENGTH"),
        (modal(label(type=4, custom_id="a", style=1, placeholder="a" * 101)), "BASE_TYPE_BAD_LENGTH"),
        (modal(label(type=19, custom_id="a", max_values=11)), "NUMBER_TYPE_MAX"),
        (modal(label(type=19, custom_id="a", min_values=-1)), "NUMBER_TYPE_MIN"),
        (modal(label(type=19, custom_id="a", min_values=0)), "NUMBER_TYPE_MIN"),
        (modal(label(type=19, custom_id="a", min_values=2)), "SELECT_COMPONENT_MIN_GREATER_THAN_MAX"),
        (modal(label(type=19, custom_id="a", max_values="2")), "NUMBER_TYPE_COERCE"),
        (modal(label(type=19, custom_id="a", file_types=["image/png"])), "BASE_TYPE_CHOICES"),
        (modal(label(type=19, custom_id="a", file_types=[".a"] * 11)), "BASE_TYPE_BAD_LENGTH"),
        (modal(label(type=4, custom_id="a", style=1) | {"description": ""}), "BASE_TYPE_REQUIRED"),
        (modal(label(type=21, custom_id="a", options=OPTIONS[:1])), "BASE_TYPE_BAD_LENGTH"),
        (
            modal(label(type=21, custom_id="a", options=[{**one, "default": True} for one in OPTIONS])),
            "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES",
        ),
        (
            modal(label(type=22, custom_id="a", options=OPTIONS[:1], max_values=2)),
            "SELECT_COMPONENT_MAX_VALUES_TOO_LARGE",
        ),
        (modal(label(type=22, custom_id="a", options=OPTIONS, min_values=0)), "NUMBER_TYPE_MIN"),
        (modal(label(type=22, custom_id="a", options=OPTIONS * 6)), "BASE_TYPE_BAD_LENGTH"),
        (modal(label(type=3, custom_id="a", options=OPTIONS, min_values=0)), "NUMBER_TYPE_MIN"),
        (modal(label(type=23, custom_id="a", required=True)), "CHECKBOX_REQUIRED"),
        (modal(label(type=3, custom_id="a", options=OPTIONS, disabled=True)), "COMPONENT_DISABLED_IN_MODAL"),
        (modal(*[label(type=4, custom_id="a", style=1)] * 2), "COMPONENT_CUSTOM_ID_DUPLICATED"),
    ],
)
def test_a_modal_against_the_rules_is_refused(data: Json, code: str) -> None:
    assert modal_faults(data) == {code}


def test_an_older_text_input_in_a_row_is_still_taken() -> None:
    row = {"type": 1, "components": [{"type": 4, "custom_id": "a", "style": 1, "label": "Name"}]}
    assert check_modal(modal(row))["components"][0]["components"][0]["label"] == "Name"
