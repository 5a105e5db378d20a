"""The rules of a message's body, new or edited, and what it makes of the message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sandbox.discord.errors import ApiError, Problems, too_large
from sandbox.discord.uploads import clean_filename, inspect
from sandbox.discord.validate.components import check_components
from sandbox.discord.validate.controls import walk
from sandbox.discord.validate.embeds import check_embeds

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.discord.model import Json, Message, StoredFile
    from sandbox.discord.uploads import Body

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SUPPRESS_NOTIFICATIONS, VOICE, V2 = (
    1 << 2,
    1 << 6,
    1 << 7,
    1 << 12,
    1 << 13,
    1 << 15,
)
ON_CREATE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | VOICE | V2
ON_EDIT = SUPPRESS_EMBEDS | V2
_USER, _ROLE = re.compile(r"<@!?(\d{15,20})>"), re.compile(r"<@&(\d{15,20})>")


@dataclass(slots=True)
class Rules:
    """What differs between routes."""

    place_id: int
    """The channel: files get addresses under it."""
    file_bytes: int
    new_id: Callable[[], int]
    flags: int = ON_CREATE
    """Those that the route takes; others are ignored, as Discord does."""
    mentions_all: bool = True
    """False for interactions and webhooks: without `allowed_mentions` only users are parsed."""


@dataclass(slots=True)
class Draft:
    """A message's new contents, all rules kept."""

    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    files: list[StoredFile] = field(default_factory=list)
    allowed_mentions: Json = field(default_factory=dict)
    tts: bool = False

    def put_into(self, message: Message) -> None:
        """Make the message what this says; mentions are the caller's matter."""
        message.content, message.embeds, message.components = self.content, self.embeds, self.components
        message.flags, message.files = self.flags, self.files


def check_message(body: Body, rules: Rules, before: Message | None = None) -> Draft:
    """What `body` makes of a new message, or of `before`.

    Raises:
        ApiError: 413/40005 for a file over the limit, 400/30015 for an eleventh, 50006 for nothing at all,
            50035 with every other fault.
    """
    form = body.form
    problems = Problems()
    draft = Draft(tts=bool(form.get("tts", False)))
    draft.flags = _flags(form.get("flags"), rules, before, problems)
    draft.files, named = _files(form, body, rules, before, problems)
    draft.content = _content(form, before, problems)
    held = {"embeds": before.embeds, "components": before.components} if before else {}
    v2 = bool(draft.flags & V2)
    if "embeds" in form or "embed" in form:
        embeds = form.get("embeds", [form["embed"]] if form.get("embed") else None)
        draft.embeds = check_embeds(embeds, problems, files=named)
    else:
        draft.embeds = held.get("embeds", [])
    if "components" in form:
        draft.components = check_components(form["components"], problems, v2=v2, files=named)
    else:
        draft.components = held.get("components", [])
    draft.allowed_mentions = _allowed_mentions(form.get("allowed_mentions"), rules, problems)
    if v2:
        _check_v2(form, draft, problems)
    problems.raise_if_any()
    if not (draft.content or draft.embeds or draft.components or draft.files):
        raise ApiError(400, 50006, "Cannot send an empty message")
    return draft


def _flags(given: Any, rules: Rules, before: Message | None, problems: Problems) -> int:
    held = before.flags & ~LOADING if before else 0
    if given is None:
        return held
    if not problems.number(("flags",), given, 0, 2**53):
        return held
    wanted = int(given) & rules.flags
    if before is None:
        return wanted
    kept = held & ~SUPPRESS_EMBEDS  # of all flags only this one can be taken away
    return kept | wanted


def _content(form: Json, before: Message | None, problems: Problems) -> str:
    if "content" not in form:
        return before.content if before else ""
    content = form["content"]
    if content is None:
        return ""
    text = content if isinstance(content, str) else str(content)
    problems.length(("content",), text, 0, 2000)
    return text.strip()


def _check_v2(form: Json, draft: Draft, problems: Problems) -> None:
    text = "The fields content, embeds, stickers and poll cannot be used with MessageFlags.IS_COMPONENTS_V2"
    used = {"content": draft.content, "embeds": draft.embeds, "poll": form.get("poll")}
    used["sticker_ids"] = form.get("sticker_ids")
    for key, value in used.items():
        if value:
            problems.add((key,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)
    if not draft.components:
        problems.add(("components",), "BASE_TYPE_REQUIRED", "This field is required")


def _files(
    form: Json, body: Body, rules: Rules, before: Message | None, problems: Problems
) -> tuple[list[StoredFile], dict[str, int]]:
    """The message's files, and the ids of those that `attachment://` may name."""
    held = before.files if before else []
    if any(len(data) > rules.file_bytes for _, data in body.files.values()):
        raise too_large()
    listed = form.get("attachments")
    if listed is None:
        new = [_upload(number, {}, body, rules) for number in sorted(body.files)]
        files = [*held, *new]
        # An edit must list what it uploads, or a gallery does not find it.
        nameable = files if before is None else held
    elif not isinstance(listed, list):
        problems.add(("attachments",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
        return list(held), {}
    else:
        files = nameable = _listed(listed, body, rules, {file.id: file for file in held}, problems)
    if len(files) > 10:
        raise ApiError(400, 30015, "Maximum number of attachments in a message reached (10)")
    return files, {file.filename: file.id for file in nameable}


def _listed(
    listed: list[Any], body: Body, rules: Rules, held: dict[int, StoredFile], problems: Problems
) -> list[StoredFile]:
    files = []
    for index, entry in enumerate(listed):
        path = ("attachments", index)
        try:
            number = int(entry["id"])
        except (TypeError, KeyError, ValueError):
            problems.add((*path, "id"), "BASE_TYPE_REQUIRED", "This field is required")
            continue
        if number in body.files:
            file = _upload(number, entry, body, rules)
        elif number in held:
            file = replace(held[number])
        else:
            text = f"Attachment data not found for id {number}"
            problems.add((*path, "id"), "ATTACHMENT_NOT_FOUND", text)
            continue
        if "description" in entry:
            if entry["description"] is not None:
                problems.length((*path, "description"), entry["description"], 0, 1024)
            file.description = entry["description"] or None
        if "is_spoiler" in entry:
            file.spoiler = bool(entry["is_spoiler"])
        file.title = entry.get("title") or file.title
        files.append(file)
    return files


def _upload(number: int, entry: Json, body: Body, rules: Rules) -> StoredFile:
    filename, data = body.files[number]
    name = clean_filename(str(entry.get("filename") or filename))
    return inspect(rules.new_id(), name, data, place_id=rules.place_id)


def _allowed_mentions(given: Any, rules: Rules, problems: Problems) -> Json:
    if given is None:
        return {"parse": ["users", "roles", "everyone"] if rules.mentions_all else ["users"]}
    if not isinstance(given, dict):
        problems.add(
            ("allowed_mentions",), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType."
        )
        return {"parse": []}
    parse = given.get("parse") or []
    for key in ("users", "roles"):
        ids = given.get(key) or []
        if key in parse and ids:
            text = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            problems.add(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text)
        if len(ids) > 100:
            problems.bad_length(("allowed_mentions", key), 0, 100)
    return given


def mentioned(draft: Draft) -> tuple[list[int], list[int], bool]:
    """Ids of users and of roles that the text really mentions, and whether it mentions everyone."""
    texts = [draft.content, *(one.get("content", "") for one in walk(draft.components) if one["type"] == 10)]
    text = "\n".join(texts)
    allowed = draft.allowed_mentions
    parse = allowed.get("parse") or []

    def of(pattern: re.Pattern[str], key: str) -> list[int]:
        found = list(dict.fromkeys(int(one) for one in pattern.findall(text)))
        if key in parse:
            return found
        ids = {int(one) for one in allowed.get(key) or []}
        return [one for one in found if one in ids]

    everyone = "everyone" in parse and bool(re.search(r"@(everyone|here)\b", text))
    return of(_USER, "users"), of(_ROLE, "roles"), everyone
