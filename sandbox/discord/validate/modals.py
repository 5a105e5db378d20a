"""The rules of modals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.discord.errors import Problems
from sandbox.discord.validate.controls import ControlCheck

if TYPE_CHECKING:
    from sandbox.discord.errors import Path
    from sandbox.discord.model import Json

ROW, TEXT_INPUT, TEXT, LABEL, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 1, 4, 10, 18, 19, 21, 22, 23
SELECTS = {3, 5, 6, 7, 8}
_FILE_KINDS = {"image", "video", "audio"}
_EXTENSION = re.compile(r"\.[a-z0-9]{1,10}", re.IGNORECASE)
_MOST_FILE_TYPES = 10
_FIELDS = SELECTS | {TEXT_INPUT, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX}


def check_modal(data: object) -> Json:
    """A modal as the client shows it: `custom_id`, `title`, `components`; raises 50035 with every fault."""
    problems = Problems()
    if not isinstance(data, dict):
        problems.add(("data",), "BASE_TYPE_REQUIRED", "This field is required")
        data = {}
    cleaned = _ModalComponents(problems).run(data)
    problems.raise_if_any()
    return cleaned


class _ModalComponents(ControlCheck):
    def run(self, data: Json) -> Json:
        path: Path = ("data",)
        self.problems.length((*path, "custom_id"), data.get("custom_id"), 1, 100)
        self.problems.length((*path, "title"), data.get("title"), 1, 45)
        components = data.get("components")
        place = (*path, "components")
        if not isinstance(components, list) or not 1 <= len(components) <= 5:
            self.problems.bad_length(place, 1, 5)
            components = []
        cleaned = self.children(components, place, {ROW, TEXT, LABEL})
        self.fill_ids(cleaned)
        return {"custom_id": data.get("custom_id"), "title": data.get("title"), "components": cleaned}

    def one(self, component: Json, path: Path) -> Json:
        kind = component["type"]
        if kind in SELECTS:
            return self._modal_select(component, path)
        return {
            ROW: self._row,
            TEXT: self._text,
            LABEL: self._label,
            TEXT_INPUT: self._text_input,
            FILE_UPLOAD: self._file_upload,
            RADIO: self._radio,
            CHECKBOXES: self._checkboxes,
            CHECKBOX: self._checkbox,
        }[kind](component, path)

    def _row(self, component: Json, path: Path) -> Json:
        inside = component.get("components")
        place = (*path, "components")
        if not isinstance(inside, list) or len(inside) != 1:
            self.problems.bad_length(place, 1, 1)
            inside = []
        cleaned = self.children(inside, place, {TEXT_INPUT})
        for child, given in zip(cleaned, inside, strict=False):
            self.problems.length((*place, 0, "label"), given.get("label"), 1, 45)
            child["label"] = given.get("label")
        return {"type": ROW, "components": cleaned}

    def _text(self, component: Json, path: Path) -> Json:
        self.problems.length((*path, "content"), component.get("content"), 1, 4000)
        return {"type": TEXT, "content": component.get("content")}

    def _label(self, component: Json, path: Path) -> Json:
        self.problems.length((*path, "label"), component.get("label"), 1, 45)
        seen: Json = {"type": LABEL, "label": component.get("label")}
        if (description := component.get("description")) is not None:
            self.problems.length((*path, "description"), description, 1, 100)
            seen["description"] = description
        inside = self.children([component.get("component")], (*path, "component"), _FIELDS, single=True)
        return seen | {"component": inside[0] if inside else {}}

    def _text_input(self, component: Json, path: Path) -> Json:
        style = component.get("style")
        if style not in {1, 2}:
            self.problems.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2).")
        seen: Json = {"type": TEXT_INPUT, "custom_id": self.custom_id(component, path), "style": style}
        least, most = component.get("min_length"), component.get("max_length")
        if least is not None:
            self.problems.number((*path, "min_length"), least, 0, 4000)
        if most is not None:
            self.problems.number((*path, "max_length"), most, 1, 4000)
        if (value := component.get("value")) is not None:
            self.problems.length((*path, "value"), value, 0, most if isinstance(most, int) else 4000)
        if (placeholder := component.get("placeholder")) is not None:
            self.problems.length((*path, "placeholder"), placeholder, 0, 100)
        texts = {"value": value, "placeholder": placeholder}
        seen |= {key: text for key, text in texts.items() if text is not None}
        return seen | {"min_length": least, "max_length": most, "required": _required(component)}

    def _modal_select(self, component: Json, path: Path) -> Json:
        seen = self.select(component, path)
        seen["required"] = _required(component)
        self._some_if_required(seen, path)
        if seen.pop("disabled"):
            text = "A select in a modal cannot be disabled"
            self.problems.add((*path, "disabled"), "COMPONENT_DISABLED_IN_MODAL", text)
        return seen

    def _file_upload(self, component: Json, path: Path) -> Json:
        seen: Json = {"type": FILE_UPLOAD, "custom_id": self.custom_id(component, path)}
        seen |= self._counts(component, path, usual_most=1)
        kinds = component.get("file_types")
        if kinds:
            self._file_types(kinds, (*path, "file_types"))
            seen["file_types"] = kinds
        return seen

    def _file_types(self, kinds: Any, path: Path) -> None:
        if not isinstance(kinds, list) or len(kinds) > _MOST_FILE_TYPES:
            self.problems.bad_length(path, 0, _MOST_FILE_TYPES)
            return
        for index, kind in enumerate(kinds):
            if kind not in _FILE_KINDS and not _EXTENSION.fullmatch(str(kind)):
                text = "Must be 'image', 'video', 'audio' or a file extension."
                self.problems.add((*path, index), "BASE_TYPE_CHOICES", text)

    def _radio(self, component: Json, path: Path) -> Json:
        seen: Json = {"type": RADIO, "custom_id": self.custom_id(component, path)}
        seen |= {"options": self.options(component.get("options"), path, 2, 10)}
        self._defaults_fit(seen["options"], 1, path)
        return seen | {"required": _required(component)}

    def _checkboxes(self, component: Json, path: Path) -> Json:
        options = self.options(component.get("options"), path, 1, 10)
        seen: Json = {"type": CHECKBOXES, "custom_id": self.custom_id(component, path), "options": options}
        seen |= self._counts(component, path, usual_most=len(options) or 1)
        if options and isinstance(seen["max_values"], int):
            self._defaults_fit(options, seen["max_values"], path)
            if seen["max_values"] > len(options):
                text = f"max_values cannot be larger than {len(options)}, the number of options"
                self.problems.add((*path, "max_values"), "SELECT_COMPONENT_MAX_VALUES_TOO_LARGE", text)
        return seen

    def _counts(self, component: Json, path: Path, *, usual_most: int) -> Json:
        """How many values a field takes; a count that is left out, or null, is the usual one."""
        least, most = component.get("min_values"), component.get("max_values")
        least, most = 1 if least is None else least, usual_most if most is None else most
        numbers = self.problems.number((*path, "min_values"), least, 0, 10)
        numbers &= self.problems.number((*path, "max_values"), most, 1, 10)
        if numbers and least > most:
            text = "min_values must be less than or equal to max_values"
            self.problems.add((*path, "min_values"), "SELECT_COMPONENT_MIN_GREATER_THAN_MAX", text)
        seen: Json = {"min_values": least, "max_values": most, "required": _required(component)}
        self._some_if_required(seen, path)
        return seen

    def _some_if_required(self, field: Json, path: Path) -> None:
        """Discord refuses a field that is required and takes no value at all."""
        if field["required"] and field["min_values"] == 0:
            text = "min_values must be at least 1 when the component is required"
            self.problems.add((*path, "min_values"), "NUMBER_TYPE_MIN", text)

    def _defaults_fit(self, options: list[Json], most: int, path: Path) -> None:
        if sum(bool(option.get("default")) for option in options) > most:
            text = f"At most {most} of the options may be chosen at first."
            self.problems.add((*path, "options"), "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", text)

    def _checkbox(self, component: Json, path: Path) -> Json:
        seen: Json = {"type": CHECKBOX, "custom_id": self.custom_id(component, path)}
        if component.get("required"):
            self.problems.add((*path, "required"), "CHECKBOX_REQUIRED", "A checkbox cannot be required")
        return seen | {"default": bool(component.get("default", False))}


def _required(component: Json) -> bool:
    return component.get("required") is not False
