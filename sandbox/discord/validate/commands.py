"""The rules of application commands."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from sandbox.discord.errors import Problems

if TYPE_CHECKING:
    from sandbox.discord.errors import Path
    from sandbox.discord.model import Json

CHAT_INPUT, USER, MESSAGE, ENTRY_POINT = 1, 2, 3, 4
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, CHANNEL, NUMBER, ATTACHMENT = 1, 2, 3, 4, 5, 7, 10, 11
MOST_OF_TYPE = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15, ENTRY_POINT: 1}
LOCALES = frozenset(
    {
        *(
            "id",
            "da",
            "de",
            "en-GB",
            "en-US",
            "es-ES",
            "es-419",
            "fr",
            "hr",
            "it",
            "lt",
            "hu",
            "nl",
            "no",
            "pl",
        ),
        *("pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja"),
        *("zh-TW", "ko"),
    }
)
_MOST_SIZE = 8000
_WHOLE = 2**53


def check_commands(commands: object) -> list[Json]:
    """A whole set of commands as stored; raises 50035 with every fault."""
    problems = Problems()
    if not isinstance(commands, list):
        problems.add((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
        commands = []
    cleaned = [_command(command, (index,), problems) for index, command in enumerate(commands)]
    _check_set(cleaned, problems)
    problems.raise_if_any()
    return cleaned


def check_command(command: object) -> Json:
    """One command as stored; raises 50035 with every fault."""
    problems = Problems()
    cleaned = _command(command, (), problems)
    problems.raise_if_any()
    return cleaned


def _check_set(commands: list[Json], problems: Problems) -> None:
    seen: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        key = (command["type"], str(command["name"]))
        if key in seen:
            text = "Application command names must be unique"
            problems.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
        seen.add(key)
    for kind, most in MOST_OF_TYPE.items():
        if sum(command["type"] == kind for command in commands) > most:
            problems.add((), "BASE_TYPE_BAD_LENGTH", f"No more than {most} commands of type {kind}.")


def _command(given: Any, path: Path, problems: Problems) -> Json:
    command: Json = given if isinstance(given, dict) else {}
    kind = command.get("type") or CHAT_INPUT
    if kind not in MOST_OF_TYPE:
        problems.add((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4).")
        kind = CHAT_INPUT
    chat = kind == CHAT_INPUT
    seen: Json = {"type": kind} | _names(command, path, problems, free=not chat, described=chat)
    seen["options"] = _options(command.get("options"), path, problems, depth=0) if chat else []
    if not chat and command.get("options"):
        text = "Context menu commands cannot have options"
        problems.add((*path, "options"), "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_INVALID", text)
    permissions = command.get("default_member_permissions")
    contexts = command.get("contexts")
    if permissions is not None and not str(permissions).isdecimal():
        problems.add(
            (*path, "default_member_permissions"), "INVALID_BITWISE_PERMISSION_FLAG", "Invalid permissions"
        )
    seen["default_member_permissions"] = None if permissions is None else str(permissions)
    seen["dm_permission"] = command.get("dm_permission", True) is not False
    seen["contexts"] = contexts
    seen["integration_types"] = command.get("integration_types") or [0]
    seen["nsfw"] = bool(command.get("nsfw", False))
    if contexts is not None and (
        not isinstance(contexts, list) or not set(contexts) <= {0, 1, 2} or not contexts
    ):
        problems.add((*path, "contexts"), "BASE_TYPE_CHOICES", "Value must be one of {0, 1, 2}.")
    if size(seen) > _MOST_SIZE:
        text = f"Command exceeds maximum size ({_MOST_SIZE})"
        problems.add(path, "APPLICATION_COMMAND_TOO_LARGE", text)
    return seen


def size(command: Json) -> int:
    """The characters that count towards a command's 8,000: names, texts, values, in the longest language."""
    total = 0
    for key in ("name", "description"):
        texts = [str(command.get(key) or ""), *(command.get(f"{key}_localizations") or {}).values()]
        total += max(len(text) for text in texts)
    total += len(str(command.get("value", "")))
    return total + sum(size(one) for key in ("options", "choices") for one in command.get(key) or [])


def _names(given: Json, path: Path, problems: Problems, *, free: bool, described: bool) -> Json:
    """Name and description with their translations; `free` names may have spaces and capitals."""
    seen: Json = {"name": given.get("name"), "description": given.get("description") or ""}
    _name(given.get("name"), (*path, "name"), problems, free=free)
    if described:
        problems.length((*path, "description"), given.get("description"), 1, 100)
    elif seen["description"]:
        text = "Context menu commands cannot have description"
        problems.add((*path, "description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID", text)
    for key in ("name_localizations", "description_localizations"):
        seen[key] = given.get(key) or None
        for locale, text in (seen[key] or {}).items():
            place = (*path, key, locale)
            if locale not in LOCALES:
                problems.add(place, "BASE_TYPE_CHOICES", f"Locale {locale} is not one of Discord's.")
            if key == "name_localizations":
                _name(text, place, problems, free=free)
            else:
                problems.length(place, text, 1, 100)
    return seen


def _name(name: Any, path: Path, problems: Problems, *, free: bool) -> None:
    if not problems.length(path, name, 1, 32) or free:
        return
    if not all(_fits(letter) for letter in name) or name != name.lower():
        text = f"String value did not match validation regex: {name!r}"
        problems.add(path, "STRING_TYPE_REGEX", text)


def _fits(letter: str) -> bool:
    if letter in "-_'" or unicodedata.category(letter)[0] in "LN":
        return True
    return unicodedata.name(letter, "").startswith(("DEVANAGARI", "THAI"))


def _options(given: Any, path: Path, problems: Problems, *, depth: int) -> list[Json]:
    place = (*path, "options")
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > 25:
        problems.bad_length(place, 0, 25)
        return []
    cleaned: list[Json] = []
    names: set[str] = set()
    optional = False
    for index, option in enumerate(given):
        spot = (*place, index)
        if not isinstance(option, dict) or option.get("type") not in range(1, 12):
            problems.add((*spot, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, …, 11).")
            continue
        if option.get("name") in names:
            text = "Option names must be unique"
            problems.add((*spot, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", text)
        names.add(str(option.get("name")))
        if option.get("required") and optional:
            text = "Required options must be placed before non-required options"
            problems.add(spot, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        optional = optional or not option.get("required")
        cleaned.append(_option(option, spot, problems, depth=depth))
    nested = [option["type"] in {SUBCOMMAND, GROUP} for option in cleaned]
    if any(nested) and not all(nested):
        text = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        problems.add(place, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
    return cleaned


def _option(option: Json, path: Path, problems: Problems, *, depth: int) -> Json:
    kind = option["type"]
    seen: Json = {"type": kind} | _names(option, path, problems, free=False, described=True)
    if kind in {SUBCOMMAND, GROUP}:
        if depth == 2 or (kind == GROUP and depth == 1):
            text = "Sub-commands nest as command, group, sub-command only"
            problems.add((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
            return seen | {"options": []}
        inner = _options(option.get("options"), path, problems, depth=depth + 1 if kind == GROUP else 2)
        if kind == GROUP and not (inner and all(one["type"] == SUBCOMMAND for one in inner)):
            text = "A sub-command group holds sub-commands only"
            problems.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
        return seen | {"options": inner}
    seen["required"] = bool(option.get("required", False))
    if kind in {STRING, INTEGER, NUMBER}:
        seen |= _bounds(option, path, problems)
        seen |= _choices(option, path, problems)
    if kind == CHANNEL and option.get("channel_types"):
        seen["channel_types"] = option["channel_types"]
    if kind == ATTACHMENT and option.get("file_types"):
        seen["file_types"] = option["file_types"]
    return seen


def _bounds(option: Json, path: Path, problems: Problems) -> Json:
    """The range of a number, or the lengths of a string, as far as given."""
    text = option["type"] == STRING
    edge = _WHOLE - 1 if option["type"] == INTEGER else _WHOLE
    limits = {"min_length": (0, 6000), "max_length": (1, 6000)} if text else {}
    limits |= {} if text else {"min_value": (-edge, edge), "max_value": (-edge, edge)}
    seen = {}
    for key, (least, most) in limits.items():
        if option.get(key) is not None:
            problems.number((*path, key), option[key], least, most)
            seen[key] = option[key]
    return seen


def _choices(option: Json, path: Path, problems: Problems) -> Json:
    choices, completes = option.get("choices"), bool(option.get("autocomplete"))
    if not choices:
        return {"autocomplete": True} if completes else {}
    if completes:
        text = "Choices and autocomplete are mutually exclusive"
        problems.add((*path, "choices"), "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", text)
    return {"choices": check_choices(choices, option["type"], (*path, "choices"), problems)}


def check_choices(choices: Any, kind: int, path: Path, problems: Problems) -> list[Json]:
    """Up to 25 choices: names of 1 to 100 characters, values of the option's type."""
    if not isinstance(choices, list) or len(choices) > 25:
        problems.bad_length(path, 0, 25)
        return []
    cleaned = []
    for index, choice in enumerate(choices):
        if not isinstance(choice, dict):
            problems.add(
                (*path, index), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType."
            )
            continue
        problems.length((*path, index, "name"), choice.get("name"), 1, 100)
        value, place = choice.get("value"), (*path, index, "value")
        if kind == STRING:
            problems.length(place, value, 0 if value == "" else 1, 100)
        elif kind == INTEGER and (isinstance(value, bool) or not isinstance(value, int)):
            problems.add(place, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        else:
            problems.number(place, value, -_WHOLE, _WHOLE)
        kept = ("name", "value", "name_localizations")
        cleaned.append({key: choice[key] for key in kept if choice.get(key) is not None})
    return cleaned
