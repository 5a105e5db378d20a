"""The rules of embeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.discord.errors import Path, Problems
    from sandbox.discord.model import Json

_MOST_TEXT = 6000
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
_KEPT = (
    "title",
    "description",
    "url",
    "timestamp",
    "color",
    "footer",
    "image",
    "thumbnail",
    "author",
    "fields",
)


def check_embeds(embeds: object, problems: Problems, *, files: Mapping[str, int]) -> list[Json]:
    """The embeds as stored; faults go to `problems`."""
    path: Path = ("embeds",)
    if embeds is None:
        return []
    if not isinstance(embeds, list) or len(embeds) > 10:
        problems.bad_length(path, 0, 10)
        return []
    cleaned = [_embed(embed, (*path, index), problems, files) for index, embed in enumerate(embeds)]
    if sum(_length(embed) for embed in cleaned) > _MOST_TEXT:
        text = f"Embed size exceeds maximum size of {_MOST_TEXT}"
        problems.add(path, "MAX_EMBED_SIZE_EXCEEDED", text)
    return cleaned


def _embed(embed: Any, path: Path, problems: Problems, files: Mapping[str, int]) -> Json:
    if not isinstance(embed, dict):
        problems.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType.")
        return {}
    seen: Json = {"type": "rich"} | {key: embed[key] for key in _KEPT if embed.get(key) not in (None, [], "")}
    for key, most in (("title", 256), ("description", 4096)):
        if key in seen:
            problems.length((*path, key), seen[key], 1, most)
    for key, inner, most in (("footer", "text", 2048), ("author", "name", 256)):
        if key in seen:
            problems.length((*path, key, inner), seen[key].get(inner), 1, most)
    fields = seen.get("fields", [])
    if len(fields) > 25:
        problems.bad_length((*path, "fields"), 0, 25)
    for index, field in enumerate(fields):
        problems.length((*path, "fields", index, "name"), field.get("name"), 1, 256)
        problems.length((*path, "fields", index, "value"), field.get("value"), 1, 1024)
    for key in ("image", "thumbnail"):
        if key in seen:
            seen[key] = _picture(seen[key], (*path, key, "url"), problems, files)
    return seen


def _picture(picture: Json, path: Path, problems: Problems, files: Mapping[str, int]) -> Json:
    url = str(picture.get("url", ""))
    if not url.startswith("attachment://"):
        if not url.startswith(("http://", "https://")):
            text = "Scheme must be one of ('http', 'https', 'attachment')."
            problems.add(path, "URL_TYPE_INVALID_SCHEME", text)
        return {"url": url, "proxy_url": url}
    name = url.removeprefix("attachment://")
    if name in files and name.lower().endswith(_PICTURES):
        return {"url": url, "attachment_id": files[name]}
    return {"url": url}  # Discord shows nothing then, and says nothing


def _length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [embed.get("footer", {}).get("text"), embed.get("author", {}).get("name")]
    texts += [field.get(key) for field in embed.get("fields", []) for key in ("name", "value")]
    return sum(len(text) for text in texts if isinstance(text, str))
