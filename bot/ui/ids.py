"""The custom ids of buttons, selects and modals: one class writes and reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

NO_JOB = "-"
"""Stands where an id concerns no job."""

_GRAMMAR = re.compile(
    r"at:(?P<verb>[a-z_]{1,20}):(?P<job>-|[0-9A-Z]{4,8})(?::(?P<arg>[A-Za-z0-9_.-]{1,60}))?"
)


class Verb(StrEnum):
    """What a button or a modal asks for; the words are stored in messages for ever, so they never change."""

    CANCEL = "cancel"
    AGAIN = "again"
    EDIT = "edit"
    EDIT_AGAIN = "reedit"
    """Reopen a refused edit; the argument names the draft."""
    TRY_AGAIN = "try"
    DELETE = "delete"
    SHARE = "share"
    HERE = "here"
    """Deliver a kept result here."""
    IDEAS = "ideas"
    """Turn to a page of the inspirations; the argument is "tool.page"."""
    USE_IDEA = "idea"
    """Start from an inspiration; the argument is "tool.number"."""
    MOD_TASKS = "mod_tasks"
    """Turn to a page of the server's tasks; the argument is "user.page", user 0 for everyone's."""
    MOD_TASK = "mod_task"
    """Show the task that was chosen of them, as its value."""
    MOD_STOP = "mod_stop"
    """A moderator stops a task."""
    MOD_STOP_ALL = "mod_all"
    """A moderator stops all tasks of a member, or with 0 everyone's; the argument is the member's id."""
    MOD_BLOCKED = "mod_blocked"
    """Turn to a page of the blocked members; the argument is the page."""
    MOD_AUDIT = "mod_audit"
    """Turn to a page of what is searched for in the audit; the argument is `bot.ui.audit.search_argument`."""
    MOD_AUDIT_CSV = "mod_audit_csv"
    """Give it as a file; likewise."""
    REPORT_REMOVE = "report_remove"
    """Take reported images away; the argument is the report's number, as for the next two."""
    REPORT_BLOCK = "report_block"
    """Open the form that blocks the owner of reported images, or block with it."""
    REPORT_DISMISS = "report_dismiss"
    """See nothing wrong in reported images."""
    MODEL = "model"
    """Show a trained model; its number is the argument, or the value that was chosen."""
    MODEL_USE = "model_use"
    """Open the form for a portrait with the model whose number is the argument, or that the training made
    whose code it is; or start it from the form."""
    MODEL_SHARE = "model_share"
    """Share a model with whom was chosen, or with "number.server" with everyone."""
    MODEL_UNSHARE = "model_unshare"
    """Take a share back; the argument is "number.kind.id", or the number alone for all of them."""
    MODEL_RENAME = "model_rename"
    MODEL_DELETE = "model_delete"
    """Ask whether a model is really to be deleted; with "number.yes" it is."""
    SETTINGS = "settings"
    """Turn to a page of the settings, as the argument or the value says."""
    SET = "set"
    """Change a setting, or open the form for it; the argument is "page.setting" or "page.setting.value"."""
    UNDO = "undo"
    """Take back a change of a setting; the argument is "page.change"."""
    DRAFT_ADD = "draft_add"
    """Add photos to the draft whose number is the argument: open the form, or take what it has."""
    DRAFT_REMOVE = "draft_remove"
    """Likewise take photos out."""
    DRAFT_DETAILS = "draft_details"
    """Likewise change its words."""
    DRAFT_ADVANCED = "draft_advanced"
    """Likewise change how it trains."""
    DRAFT_FOLLOW = "draft_follow"
    """Choose where its training is followed."""
    DRAFT_START = "draft_start"
    """Open the form for the consent, or start the training with it."""
    DRAFT_DISCARD = "draft_discard"
    """Delete the draft."""
    MOD_WORDS = "mod_words"
    """Turn to a page of the unwanted words; the argument is "0.page"."""
    MOD_LEDGER = "mod_ledger"
    """Give the ledgers as files; the argument is the member's id, 0 for the whole server."""


@dataclass(frozen=True, slots=True)
class ButtonId:
    """A custom id: `at:<verb>:<job>[:<argument>]`.

    It carries all that a handler needs, so that a button or a modal works after any restart, in any process.
    """

    verb: Verb
    job: str = NO_JOB
    """The job's code without the #, or `NO_JOB`."""
    arg: str = ""

    def __post_init__(self) -> None:
        if _GRAMMAR.fullmatch(str(self)) is None:
            raise ValueError(f"not a custom id that could be read back: {self}")

    def __str__(self) -> str:
        return f"at:{self.verb}:{self.job}:{self.arg}" if self.arg else f"at:{self.verb}:{self.job}"

    @classmethod
    def read(cls, custom_id: str) -> Self | None:
        """The id that was written as `custom_id`; None when it is not one of ours, or of another version."""
        match = _GRAMMAR.fullmatch(custom_id)
        if match is None or match["verb"] not in set(Verb):
            return None
        return cls(Verb(match["verb"]), match["job"], match["arg"] or "")
