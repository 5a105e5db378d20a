"""Prompts that travel as a reference.

Discord lets a choice's value have at most 100 characters, so longer prompts are suggested as `@inspire:11` or
`@recent:4F7K` and looked up when the command arrives. A reference never shows anybody's words but one's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.errors import InvalidValue
from bot.jobs.models import reference
from bot.ui.safe import length, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.store.jobs import RecentPrompt
    from bot.tools import Inspiration, Tool
    from bot.trained import TrainedModel
    from bot.ui.records import Records
    from bot.ui.text import Text

MAX_CHOICES = 25
MAX_CHOICE = 100
RECENT = 15
"""How many of a member's own prompts are suggested at most."""

_REFERENCE = re.compile(r"\s*@(?P<kind>inspire|recent):(?P<name>[0-9A-Za-z]{1,8})\s*")


def ideas_of(tool: Tool, *, real_persons: bool) -> Sequence[Inspiration]:
    """The tool's inspirations that may be suggested here."""
    return [each for each in tool.inspirations if real_persons or not each.names_real_person]


def suggestions(
    typed: str, recent: Iterable[RecentPrompt], ideas: Iterable[Inspiration]
) -> list[tuple[str, str]]:
    """Names and values for the autocompletion of a prompt: one's own first, then ideas, as they fit."""
    wanted = typed.casefold().split()
    found: list[tuple[str, str]] = []

    def offer(prompt: str, reference: str, *, by_reference: bool) -> None:
        if len(found) < MAX_CHOICES and all(word in prompt.casefold() for word in wanted):
            short = not by_reference and 0 < length(prompt) <= MAX_CHOICE and prompt == prompt.strip()
            found.append((one_line(prompt, MAX_CHOICE), prompt if short else reference))

    for each in recent:
        offer(each.prompt, f"@recent:{each.code}", by_reference=False)
    for idea in ideas:
        # Always by its number: an idea brings its own negative prompt along.
        offer(idea.prompt, f"@inspire:{idea.number}", by_reference=True)
    return found


def model_choices(typed: str, models: Iterable[TrainedModel], user_id: int, _: Text) -> list[tuple[str, str]]:
    """Names and values for the autocompletion of a trained model, as they fit what was typed."""
    wanted = typed.casefold().split()
    found = []
    for model in models:
        name = model.name if model.owner_id == user_id else _("{model} (shared)", model=model.name)
        if all(word in name.casefold() for word in wanted):
            found.append((one_line(name, MAX_CHOICE), reference(model)))
    return found[:MAX_CHOICES]


async def resolve(
    given: Mapping[str, Any], tool: Tool, records: Records, *, user_id: int, guild_id: int, private: bool
) -> dict[str, Any]:
    """The given values with the prompt that a reference means.

    Raises:
        InvalidValue: The reference leads nowhere, or to words that are not the member's to use here.
    """
    values = dict(given)
    match = _REFERENCE.fullmatch(str(values.get("prompt") or ""))
    if match is None:
        return values
    if match["kind"] == "inspire":
        policy = await records.guild_policy(guild_id)
        idea = tool.inspiration(int(match["name"])) if match["name"].isdigit() else None
        if idea is None or (idea.names_real_person and not policy.real_persons):
            raise InvalidValue(f"There is no idea `{match['name']}` here. `/inspire` shows all of them.")
        values["prompt"] = idea.prompt
        if values.get("negative_prompt") is None:
            values["negative_prompt"] = idea.negative_prompt or "none"
        return values
    job = await records.by_code(match["name"].upper())
    if job is None or job.user_id != user_id or not job.prompt:
        raise InvalidValue("That is no prompt of yours. Choose one of the suggestions, or write your own.")
    if job.private and not private:
        raise InvalidValue(
            "That prompt is of a private task. Add `private:true`, or write the words yourself to show them."
        )
    values["prompt"] = job.prompt
    return values
