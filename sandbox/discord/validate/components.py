"""The rules of message components, old rows and Components V2 alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.discord.validate.controls import ControlCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.discord.errors import Path, Problems
    from sandbox.discord.model import Json

ROW, BUTTON, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 1, 2, 9, 10, 11, 12, 13, 14, 17
SELECTS = {3, 5, 6, 7, 8}
_TOP = {ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER}
_IN_CONTAINER = _TOP - {CONTAINER}
_MOST_COMPONENTS = 40
_MOST_TEXT = 4000


def check_components(
    components: object, problems: Problems, *, v2: bool, files: Mapping[str, int]
) -> list[Json]:
    """The components as Discord stores them, ids filled in; faults go to `problems`.

    `v2` says whether the message has the flag IS_COMPONENTS_V2; `files` has the ids of the files that
    `attachment://` may name.
    """
    check = _MessageComponents(problems, files)
    return check.run(components, v2=v2)


class _MessageComponents(ControlCheck):
    def __init__(self, problems: Problems, files: Mapping[str, int]) -> None:
        super().__init__(problems)
        self._files = files
        self._text = 0
        self._media = 0

    def run(self, components: object, *, v2: bool) -> list[Json]:
        path: Path = ("components",)
        if components is None:
            return []
        if not isinstance(components, list):
            self.problems.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
            return []
        if not v2 and len(components) > 5:
            self.problems.bad_length(path, 0, 5)
        cleaned = self.children(components, path, _TOP if v2 else {ROW})
        if self.count > _MOST_COMPONENTS:
            text = f"The total number of components must be {_MOST_COMPONENTS} or fewer."
            self.problems.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
        if self._text > _MOST_TEXT:
            text = f"The total length of displayable text must be {_MOST_TEXT} or fewer."
            self.problems.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)
        self.fill_ids(cleaned)
        return cleaned

    def one(self, component: Json, path: Path) -> Json:
        kind = component["type"]
        checks: dict[int, Callable[[Json, Path], Json]] = {
            ROW: self._row,
            BUTTON: self.button,
            SECTION: self._section,
            TEXT: self._text_display,
            THUMBNAIL: self._thumbnail,
            GALLERY: self._gallery,
            FILE: self._file,
            SEPARATOR: self._separator,
            CONTAINER: self._container,
        }
        return self.select(component, path) if kind in SELECTS else checks[kind](component, path)

    def _row(self, component: Json, path: Path) -> Json:
        inside = component.get("components")
        place = (*path, "components")
        if not isinstance(inside, list) or not 1 <= len(inside) <= 5:
            self.problems.bad_length(place, 1, 5)
            return {"type": ROW, "components": []}
        kinds = [child.get("type") for child in inside if isinstance(child, dict)]
        if any(kind in SELECTS for kind in kinds) and len(inside) > 1:
            text = "A select menu must be alone in its action row."
            self.problems.add(place, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", text)
        return {"type": ROW, "components": self.children(inside, place, {BUTTON} | SELECTS)}

    def _section(self, component: Json, path: Path) -> Json:
        inside = component.get("components")
        if not isinstance(inside, list) or not 1 <= len(inside) <= 3:
            self.problems.bad_length((*path, "components"), 1, 3)
            inside = []
        texts = self.children(inside, (*path, "components"), {TEXT})
        beside = self.children(
            [component.get("accessory")], (*path, "accessory"), {BUTTON, THUMBNAIL}, single=True
        )
        return {"type": SECTION, "components": texts, "accessory": beside[0] if beside else {}}

    def _text_display(self, component: Json, path: Path) -> Json:
        content = component.get("content")
        if self.problems.length((*path, "content"), content, 1, _MOST_TEXT):
            self._text += len(str(content))
        return {"type": TEXT, "content": content}

    def _thumbnail(self, component: Json, path: Path) -> Json:
        return {"type": THUMBNAIL, **self._item(component, path)}

    def _gallery(self, component: Json, path: Path) -> Json:
        items = component.get("items")
        place = (*path, "items")
        if not isinstance(items, list) or not 1 <= len(items) <= 10:
            self.problems.bad_length(place, 1, 10)
            return {"type": GALLERY, "items": []}
        return {"type": GALLERY, "items": [self._item(item, (*place, i)) for i, item in enumerate(items)]}

    def _item(self, item: Any, path: Path) -> Json:
        if not isinstance(item, dict):
            self.problems.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType.")
            return {}
        description = item.get("description")
        if description is not None:
            self.problems.length((*path, "description"), description, 0, 1024)
        media = self._reference(item.get("media"), (*path, "media"), outside=True)
        return {"media": media, "description": description, "spoiler": bool(item.get("spoiler", False))}

    def _file(self, component: Json, path: Path) -> Json:
        file = self._reference(component.get("file"), (*path, "file"), outside=False)
        spoiler = bool(component.get("spoiler", False))
        return {"type": FILE, "file": file, "name": None, "size": None, "spoiler": spoiler}

    def _reference(self, media: Any, path: Path, *, outside: bool) -> Json:
        """Media by `attachment://name`, or by an address where that is allowed."""
        url = media.get("url") if isinstance(media, dict) else None
        self._media += 1
        seen: Json = {"id": str(self._media), "url": url}
        place = (*path, "url")
        if not self.problems.length(place, url, 1, 2048):
            return seen
        address = urlsplit(str(url))
        if address.scheme == "attachment":
            name = str(url).removeprefix("attachment://")
            if name in self._files:
                return seen | {"attachment_id": self._files[name]}
            text = "The referenced attachment was not found in this message."
            self.problems.add(place, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", text)
        elif address.scheme not in {"http", "https"} or not address.netloc or not outside:
            schemes = "('http', 'https', 'attachment')" if outside else "('attachment')"
            text = f'Scheme "{address.scheme}" is not supported. Scheme must be one of {schemes}.'
            self.problems.add(place, "URL_TYPE_INVALID_SCHEME", text)
        elif (kept := self._kept(address.path)) is not None:
            return seen | {"attachment_id": kept}
        return seen

    def _kept(self, path: str) -> int | None:
        """The message's own file that a CDN address points to."""
        steps = path.split("/")
        held = {str(file_id): file_id for file_id in self._files.values()}
        return held.get(steps[-2]) if len(steps) > 3 and "attachments" in steps[-4] else None

    def _separator(self, component: Json, path: Path) -> Json:
        spacing = component.get("spacing", 1)
        if spacing not in {1, 2}:
            self.problems.add((*path, "spacing"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2).")
        return {"type": SEPARATOR, "divider": bool(component.get("divider", True)), "spacing": spacing}

    def _container(self, component: Json, path: Path) -> Json:
        inside = component.get("components")
        place = (*path, "components")
        if not isinstance(inside, list) or not 1 <= len(inside) <= _MOST_COMPONENTS:
            self.problems.bad_length(place, 1, _MOST_COMPONENTS)
            inside = []
        accent = component.get("accent_color")
        if accent is not None:
            self.problems.number((*path, "accent_color"), accent, 0, 0xFFFFFF)
        return {
            "type": CONTAINER,
            "accent_color": accent,
            "spoiler": bool(component.get("spoiler", False)),
            "components": self.children(inside, place, _IN_CONTAINER),
        }
