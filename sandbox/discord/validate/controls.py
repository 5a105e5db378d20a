"""What messages and modals have in common: nesting, ids, buttons and selects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sandbox.discord.errors import Path, Problems
    from sandbox.discord.model import Json

_LINK, _PREMIUM = 5, 6
_DEFAULTS = {5: {"user"}, 6: {"role"}, 7: {"user", "role"}, 8: {"channel"}}
"""What may be chosen at first in the selects that Discord fills."""


class ControlCheck(ABC):
    """Walks a tree of components, counts them and collects their ids."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.count = 0
        self._custom_ids: set[str] = set()
        self._ids: set[int] = set()

    @abstractmethod
    def one(self, component: Json, path: Path) -> Json:
        """The component as stored; its type is one that is allowed in its place."""

    def children(
        self, components: list[Any], path: Path, allowed: Collection[int], *, single: bool = False
    ) -> list[Json]:
        """The stored form of those components whose type is allowed there; the rest are faults."""
        cleaned = []
        for index, component in enumerate(components):
            place = path if single else (*path, index)
            if not isinstance(component, dict):
                self.problems.add(
                    place, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType."
                )
                continue
            if component.get("type") not in allowed:
                kinds = ", ".join(str(kind) for kind in sorted(allowed))
                text = f'Value of field "type" must be one of ({kinds},).'
                self.problems.add((*place, "type"), "UNION_TYPE_CHOICES", text)
                continue
            self.count += 1
            own_id = self._own_id(component, place)
            cleaned.append({"id": own_id, **self.one(component, place)})
        return cleaned

    def _own_id(self, component: Json, path: Path) -> int:
        own_id = component.get("id") or 0
        if not self.problems.number((*path, "id"), own_id, 0, 2**31 - 1) or not own_id:
            return 0
        if own_id in self._ids:
            self.problems.add((*path, "id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
        self._ids.add(own_id)
        return int(own_id)

    def fill_ids(self, components: list[Json]) -> None:
        """Give each component without an id the next free number, in reading order."""
        number = 0
        for component in walk(components):
            if component["id"]:
                continue
            number += 1
            while number in self._ids:
                number += 1
            component["id"] = number

    def custom_id(self, component: Json, path: Path) -> str:
        """The custom id, unique in its message or modal."""
        custom_id = component.get("custom_id")
        if self.problems.length((*path, "custom_id"), custom_id, 1, 100):
            if custom_id in self._custom_ids:
                text = "Component custom id cannot be duplicated"
                self.problems.add((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", text)
            self._custom_ids.add(str(custom_id))
        return str(custom_id)

    def button(self, component: Json, path: Path) -> Json:
        """A button: one of four styles with a custom id, a link, or a premium offer."""
        style = component.get("style")
        if style not in range(1, 7):
            self.problems.add(
                (*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6)."
            )
        seen: Json = {"type": 2, "style": style}
        label, emoji = component.get("label"), component.get("emoji")
        if label is not None and self.problems.length((*path, "label"), label, 0, 80):
            seen["label"] = label
        if emoji:
            seen["emoji"] = self._emoji(emoji, path)
        if component.get("disabled"):
            seen["disabled"] = True
        if style == _LINK:
            self._link(component, path, seen)
        elif style == _PREMIUM:
            seen["sku_id"] = str(component.get("sku_id"))
        else:
            seen["custom_id"] = self.custom_id(component, path)
            if component.get("url"):
                text = "A custom id and url cannot both be specified"
                self.problems.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
        if style != _PREMIUM and not label and not emoji:
            text = "A button must have a label or an emoji."
            self.problems.add((*path, "label"), "BASE_TYPE_REQUIRED", text)
        return seen

    def _link(self, component: Json, path: Path, seen: Json) -> None:
        url = component.get("url")
        if component.get("custom_id"):
            text = "A custom id and url cannot both be specified"
            self.problems.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
        if self.problems.length((*path, "url"), url, 1, 512):
            if not str(url).startswith(("http://", "https://", "discord://")):
                text = "Scheme must be one of ('http', 'https', 'discord')."
                self.problems.add((*path, "url"), "URL_TYPE_INVALID_SCHEME", text)
            seen["url"] = url

    def _emoji(self, emoji: Any, path: Path) -> Json:
        if not isinstance(emoji, dict) or not (emoji.get("name") or emoji.get("id")):
            self.problems.add((*path, "emoji"), "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
            return {}
        emoji_id = str(emoji["id"]) if emoji.get("id") else None
        return {"id": emoji_id, "name": emoji.get("name")} | (
            {"animated": True} if emoji.get("animated") else {}
        )

    def select(self, component: Json, path: Path) -> Json:
        """Any of the five selects."""
        kind = component["type"]
        least, most = component.get("min_values"), component.get("max_values")
        least, most = 1 if least is None else least, 1 if most is None else most
        seen: Json = {
            "type": kind,
            "custom_id": self.custom_id(component, path),
            "min_values": least,
            "max_values": most,
        }
        if (placeholder := component.get("placeholder")) is not None:
            self.problems.length((*path, "placeholder"), placeholder, 0, 150)
            seen["placeholder"] = placeholder
        numbers = self.problems.number((*path, "min_values"), least, 0, 25)
        numbers &= self.problems.number((*path, "max_values"), most, 1, 25)
        if numbers and least > most:
            text = "min_values must be less than or equal to max_values"
            self.problems.add((*path, "min_values"), "SELECT_COMPONENT_MIN_GREATER_THAN_MAX", text)
        seen["disabled"] = bool(component.get("disabled", False))
        if kind == 3:
            seen["options"] = self.options(component.get("options"), path, 1, 25)
            if numbers and 0 < len(seen["options"]) < most:
                text = f"max_values cannot be larger than {len(seen['options'])}, the number of options"
                self.problems.add((*path, "max_values"), "SELECT_COMPONENT_MAX_VALUES_TOO_LARGE", text)
        if kind == 8 and component.get("channel_types"):
            seen["channel_types"] = component["channel_types"]
        if kind in _DEFAULTS and component.get("default_values"):
            seen["default_values"] = self._defaults(component["default_values"], kind, path, least, most)
        return seen

    def _defaults(self, values: object, kind: int, path: Path, least: int, most: int) -> list[Json]:
        """What is chosen already in a select that Discord fills: as many as may be chosen, of its kind."""
        place = (*path, "default_values")
        if not isinstance(values, list) or not least <= len(values) <= most:
            self.problems.bad_length(place, least, most)
            return []
        seen = []
        for index, value in enumerate(values):
            one = value if isinstance(value, dict) else {}
            if one.get("type") not in _DEFAULTS[kind]:
                text = f"Value must be one of {sorted(_DEFAULTS[kind])}."
                self.problems.add((*place, index, "type"), "BASE_TYPE_CHOICES", text)
            if not str(one.get("id", "")).isdecimal():
                text = f'Value "{one.get("id")}" is not snowflake.'
                self.problems.add((*place, index, "id"), "NUMBER_TYPE_COERCE", text)
            seen.append({"id": str(one.get("id")), "type": one.get("type")})
        return seen

    def options(self, options: object, path: Path, least: int, most: int) -> list[Json]:
        """The options of a select or a group: texts up to 100 characters, values unique."""
        place = (*path, "options")
        if not isinstance(options, list) or not least <= len(options) <= most:
            self.problems.bad_length(place, least, most)
            return []
        cleaned, values = [], set()
        for index, option in enumerate(options):
            spot = (*place, index)
            if not isinstance(option, dict):
                self.problems.add(spot, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType.")
                continue
            self.problems.length((*spot, "label"), option.get("label"), 1, 100)
            if self.problems.length((*spot, "value"), option.get("value"), 1, 100):
                if option["value"] in values:
                    text = "The specified option value is already used"
                    self.problems.add((*spot, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", text)
                values.add(option["value"])
            seen: Json = {"label": option.get("label"), "value": option.get("value")}
            if option.get("description") is not None:
                self.problems.length((*spot, "description"), option["description"], 0, 100)
                seen["description"] = option["description"]
            if option.get("emoji"):
                seen["emoji"] = self._emoji(option["emoji"], spot)
            if option.get("default"):
                seen["default"] = True
            cleaned.append(seen)
        return cleaned


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component of a tree, parents first, in reading order."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if component.get(key):
                yield from walk([component[key]])
