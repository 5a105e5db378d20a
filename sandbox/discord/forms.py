"""A filled-in modal: what the client checks before it sends it, and the data that it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord.invoke import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.discord.actions import Modal
    from sandbox.discord.invoke import Invocations
    from sandbox.discord.model import Channel, Json, Person

_TEXT_INPUT, _FILE_UPLOAD, _RADIO, _CHECKBOXES, _CHECKBOX = 4, 19, 21, 22, 23


class Forms:
    """Builds the data of modal submits."""

    def __init__(self, invocations: Invocations) -> None:
        self._invocations = invocations

    def submit(self, person: Person, channel: Channel, modal: Modal, values: Mapping[str, Any]) -> Json:
        """The data of a submit; a field left out keeps what it was prefilled with; raises ValueError."""
        place = Place(person, channel, {})
        known = {field["custom_id"] for field in map(_field_of, modal.components) if field}
        if strange := set(values) - known:
            raise ValueError(f"the modal has no field {', '.join(sorted(strange))}")
        components = [self._row(component, values, place) for component in modal.components]
        data: Json = {"custom_id": modal.custom_id, "components": components}
        return data | ({"resolved": place.resolved} if place.resolved else {})

    def _row(self, component: Json, values: Mapping[str, Any], place: Place) -> Json:
        seen: Json = {"type": component["type"], "id": component["id"]}
        field = _field_of(component)
        if field is None:
            return seen
        filled = self._field(field, values, place)
        return seen | ({"components": [filled]} if component["type"] == 1 else {"component": filled})

    def _field(self, field: Json, values: Mapping[str, Any], place: Place) -> Json:
        kind, custom_id = field["type"], field["custom_id"]
        value = values.get(custom_id, _prefilled(field))
        seen: Json = {"type": kind, "id": field["id"], "custom_id": custom_id}
        if kind in {_TEXT_INPUT, _CHECKBOX, _RADIO}:
            single = {_TEXT_INPUT: _text, _CHECKBOX: _ticked, _RADIO: _radio}
            return seen | {"value": single[kind](field, value)}
        chosen = [] if value is None else list(value)
        return seen | {"values": self._several(field, chosen, place)}

    def _several(self, field: Json, chosen: list[Any], place: Place) -> list[str]:
        kind = field["type"]
        if not chosen and not field.get("required", True):
            return []
        if kind == _FILE_UPLOAD:
            _count(field, chosen)
            who, where, resolved = place.person, place.channel, place.resolved
            return [self._invocations.upload(one, who, where, resolved) for one in chosen]
        if kind == _CHECKBOXES:
            if len(set(chosen)) < len(chosen):
                raise ValueError(f"{field['custom_id']!r} takes each option once")
            _count(field, chosen)
            return [_option(field, one) for one in chosen]
        return self._invocations.choose(field, chosen, place)


def _field_of(component: Json) -> Json | None:
    """The field inside a label or a row; None for text."""
    if component["type"] == 18:
        return dict(component["component"])
    return dict(component["components"][0]) if component["type"] == 1 else None


def _prefilled(field: Json) -> Any:
    kind = field["type"]
    if kind == _TEXT_INPUT:
        return field.get("value", "")
    if kind == _CHECKBOX:
        return field.get("default", False)
    chosen = [option["value"] for option in field.get("options") or [] if option.get("default")]
    return (chosen[0] if chosen else None) if kind == _RADIO else chosen


def _text(field: Json, value: Any) -> str:
    text = "" if value is None else str(value)
    if not text:
        if field["required"]:
            raise ValueError(f"{field['custom_id']!r} is required")
        return ""
    least, most = field.get("min_length") or 0, field.get("max_length") or 4000
    if not least <= len(text) <= most:
        raise ValueError(f"{field['custom_id']!r} takes {least} to {most} characters, not {len(text)}")
    return text


def _ticked(_: Json, value: Any) -> bool:
    return bool(value)


def _radio(field: Json, value: Any) -> str | None:
    if value is None:
        if field.get("required", True):
            raise ValueError(f"{field['custom_id']!r} is required")
        return None
    return _option(field, value)


def _option(field: Json, value: Any) -> str:
    if value not in [option["value"] for option in field["options"]]:
        raise ValueError(f"{field['custom_id']!r} has no option {value!r}")
    return str(value)


def _count(field: Json, chosen: list[Any]) -> None:
    least, most = field.get("min_values", 1), field.get("max_values", 1)
    if not least <= len(chosen) <= most:
        raise ValueError(f"{field['custom_id']!r} takes {least} to {most} values, not {len(chosen)}")
