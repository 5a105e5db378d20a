"""Every error of the bot that another part may catch.

AtelierError
├── SettingsError            settings are missing or wrong; exit code 2
├── AlreadyRunning           another process works on the same SQLite file; exit code 2
├── CannotStart              what the bot cannot be without is not there; exit code 1
├── UserError                a finished sentence for the member, said as it is
│   ├── InvalidValue         what was given breaks a rule of the tool
│   ├── RuleRefused          a rule says no, and the audit has it
│   │   ├── QuotaRefused     a cap of images, trainings or tasks is reached
│   │   ├── BudgetRefused    a spending cap is reached
│   │   ├── LimitRefused     one task is larger than the member may ask for
│   │   ├── TooSoon          the member has to wait between two tasks
│   │   ├── Blocked          moderators of the server have blocked the member
│   │   ├── BlockedEverywhere  the operator of the bot has
│   │   ├── NotInThisChannel  the server lets tasks be started in other channels only
│   │   └── WordRefused      what was written has an unwanted word
│   ├── MissingPermissions   the bot may not post there
│   ├── TooManyReports       the member reports images faster than moderators can look
│   ├── NotYours             somebody else's task
│   ├── NotAModerator        a moderator's matter, of the server that it concerns
│   ├── NotAManager          a matter of those who may change the server
│   ├── NoSuchTask           no task with that id, or none that the member may see
│   ├── NoSuchModel          no trained model of that name, or none that the member may use
│   ├── NoSuchDraft          a draft of a training that was started, discarded, or is too old
│   ├── NotDeliverable       a task without images that could be shown
│   ├── OldButton            a button or a form that no part of the bot knows any more
│   ├── TooBusy              an overload that passes
│   └── Draining             the process is stopping
└── StoreError               the database could not do it; the unit of work had no effect
    ├── StoreBusy            it stayed locked, or out of reach, for too long
    ├── StoreClosed          asked after it was closed, or its writer is dead
    ├── TooLate              the unit's deadline passed before it ran
    └── Moved                the row is no longer in the state, or with the owner, that the unit expected

The Wiro client has a tree of its own, `bot.wiro.errors.WiroError`, and the catalogue of tools has
`bot.tools.catalogue.CatalogueError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.limits import Subject
from bot.model import MoneyScope, Rule, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from bot.limits import Giver

NAMED_CHANNELS = 5
"""How many channels a refusal names."""


class AtelierError(Exception):
    """Base of all errors of the bot."""


class SettingsError(AtelierError):
    """One or more settings are missing or wrong; `problems` has a finished line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class AlreadyRunning(AtelierError):
    """Another process has the SQLite file's lock."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"Another Atelier is already running on {path}. "
            "Stop it first, or give this one a DATABASE_URL of its own."
        )


class CannotStart(AtelierError):
    """What the bot cannot be without is not there; the sentence says what, and what to do."""


class UserError(AtelierError):
    """A refusal; `message` is a finished sentence that says what to do."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class InvalidValue(UserError):
    """Values that the tool cannot use; each problem names the value, the rule and a fix."""

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class RuleRefused(UserError):
    """A rule says no; who was refused, by which rule and why is in the audit."""

    rule: Rule

    @property
    def why(self) -> str:
        """What moderators read of it: one line, without anything that the member wrote."""
        return ""


class QuotaRefused(RuleRefused):
    """A cap of the quota is reached.

    Args:
        unit: What is counted.
        used: How much of it is used or held now.
        cap: The member's limit.
        back_at: When the window ends; None for tasks at once.
        wanted: How much was asked for.
    """

    rule = Rule.QUOTA

    def __init__(
        self, unit: Unit, *, used: int, cap: int, back_at: datetime | None = None, wanted: int = 1
    ) -> None:
        self.unit = unit
        self.used = used
        self.cap = cap
        self.back_at = back_at
        self.wanted = wanted
        super().__init__(self._sentence())

    @property
    def why(self) -> str:
        """What was counted, and how far it was."""
        return f"{self.unit.value}: {self.used} of {self.cap} used, {self.wanted} wanted"

    def _sentence(self) -> str:
        left = max(0, self.cap - self.used)
        if self.unit is Unit.TASK:
            if self.cap == 0:
                return "Tasks are turned off for you here. A moderator can change that."
            return (
                f"You have {self.used} of {_count(self.cap, 'task')} waiting or running. "
                "Wait until one has finished, or cancel one with `/tasks cancel`."
            )
        noun, window = ("image", "today") if self.unit is Unit.IMAGE else ("training", "this week")
        if self.cap == 0:
            return f"{noun.capitalize()}s are turned off for you here. A moderator can change that."
        anew = "There is a new one" if self.cap == 1 else "There are new ones"
        back = f" {anew} {_moment(self.back_at)}." if self.back_at else ""
        if left:
            return (
                f"This needs {_count(self.wanted, noun)}, and you have {left} of {self.cap} left {window}. "
                f"Ask for {left} or fewer.{back}"
            )
        used_up = f"your {noun}" if self.cap == 1 else f"all of your {self.cap} {noun}s"
        return f"You have used {used_up} {window}.{back}"


class BudgetRefused(RuleRefused):
    """A spending cap is reached; how much it is is not the member's business.

    Args:
        scope: Whose cap; the member is told whether it is their own.
        back_at: When there is new money.
        window: The day or the month whose money is gone: "2026-11-21" or "2026-11".
    """

    rule = Rule.BUDGET

    def __init__(
        self,
        *,
        scope: MoneyScope = MoneyScope.INSTANCE,
        back_at: datetime | None = None,
        window: str = "",
    ) -> None:
        self.scope = scope
        self.window = window
        self.back_at = back_at
        whose = "Your spending limit here" if scope is MoneyScope.MEMBER else "The spending limit here"
        when = f" Try again {_moment(back_at)}." if back_at else " Try again tomorrow."
        super().__init__(f"{whose} is reached, so nothing was started or charged.{when}")

    @property
    def why(self) -> str:
        """Whose it is."""
        return f"of the {self.scope.value}"


class LimitRefused(RuleRefused):
    """One task is larger than the member may ask for.

    Args:
        name: The option: "samples".
        value: What was asked for.
        most: What is allowed.
        giver: Whose rule that is.
    """

    rule = Rule.LIMIT

    def __init__(self, name: str, *, value: int, most: int, giver: Giver) -> None:
        self.name = name
        self.value = value
        self.most = most
        self.giver = giver
        super().__init__(
            f"`{name}` is {value}, and {_whose_rule(giver)} allows at most {most}, so nothing was started or "
            f"charged. Ask for {most} or less; `/quota` shows your limits."
        )

    @property
    def why(self) -> str:
        """What was too large, and by whose rule."""
        return f"{self.name}: {self.value}, at most {self.most} by the {self.giver.subject.value}"


class TooSoon(RuleRefused):
    """The member has to wait between two tasks.

    Args:
        pause_s: For how long.
        again_at: When the next one may be asked for.
    """

    rule = Rule.COOLDOWN

    def __init__(self, *, pause_s: int, again_at: datetime) -> None:
        self.pause_s = pause_s
        self.again_at = again_at
        minutes, seconds = divmod(pause_s, 60)
        parts = [_count(minutes, "minute")] if minutes else []
        parts += [_count(seconds, "second")] if seconds else []
        super().__init__(
            f"In this server there is a pause of {' '.join(parts)} between two tasks of a member, so nothing "
            f"was started or charged. Ask again {_moment(again_at)}."
        )


class Blocked(RuleRefused):
    """Moderators of the server have blocked the member.

    Args:
        reason: Their words, as one line without backticks; None when they gave none.
        until: When the block ends by itself; None: when a moderator ends it.
    """

    rule = Rule.BLOCK

    def __init__(self, *, reason: str | None, until: datetime | None) -> None:
        self.reason = reason
        self.until = until
        why = f" Their reason: `{reason}`." if reason else ""
        ends = f"It ends {_moment(until)}" if until else "It has no end date"
        super().__init__(
            "Moderators of this server have blocked you from starting tasks here, so nothing was started or "
            f"charged.{why} {ends}; ask them if you think it is a mistake."
        )


class BlockedEverywhere(RuleRefused):
    """The operator of the bot has blocked the member, in every server."""

    rule = Rule.BLOCK

    def __init__(self) -> None:
        super().__init__(
            "The operator of this bot has blocked you from starting tasks, so nothing was started or charged."
        )

    @property
    def why(self) -> str:
        """By whom."""
        return "by the operator"


class WordRefused(RuleRefused):
    """What was written has an unwanted word; which one is not told, or the list could be asked out.

    Args:
        name: What its reader calls the text: "prompt".
        word: The word as the server's list has it; None when it is on the operator's list.
    """

    rule = Rule.WORDS

    def __init__(self, name: str, word: str | None) -> None:
        self.name = name
        self.word = word
        super().__init__(
            f"`{name}` has a word that is not wanted here, so nothing was started or charged. "
            "Write it in other words; moderators can tell you more."
        )

    @property
    def why(self) -> str:
        """Where it stood, and the word."""
        return f"{self.name}: {self.word or 'a word of the operator'}"


class NotInThisChannel(RuleRefused):
    """The server lets tasks be started in other channels only."""

    rule = Rule.CHANNEL

    def __init__(self, allowed: Collection[int]) -> None:
        self.allowed = tuple(allowed)
        named = [f"<#{each}>" for each in self.allowed[:NAMED_CHANNELS]]
        others = len(self.allowed) - len(named)
        more = f" and {_count(others, 'other channel')}" if others > 0 else ""
        super().__init__(
            f"In this server tasks are started in {', '.join(named)}{more} only, so nothing was started or "
            "charged. Use the command there; a manager can change that with `/settings`."
        )


class MissingPermissions(UserError):
    """The bot may not post a result in that place.

    Args:
        names: Discord's own names of the permissions: "Attach Files".
        private_helps: Whether `private:true` would work instead.
    """

    def __init__(self, names: Sequence[str], *, private_helps: bool = True) -> None:
        self.names = tuple(names)
        self.private_helps = private_helps
        instead = ", or use `private:true` to get the images for yourself alone" if private_helps else ""
        super().__init__(
            f"I am missing {_listing(self.names)} in this channel. Ask a moderator to allow that{instead}. "
            "Nothing was charged."
        )


class TooManyReports(UserError):
    """A member reports images faster than moderators can look at them.

    Args:
        most: How many may be reported within the time.
        again_at: When the next one may be.
    """

    def __init__(self, most: int, *, again_at: datetime) -> None:
        super().__init__(
            f"You have reported {_count(most, 'image')} within an hour, and moderators are looking at them. "
            f"Report more {_moment(again_at)}, or ask a moderator directly."
        )


class NotYours(UserError):
    """Somebody else's task."""

    def __init__(self) -> None:
        super().__init__("Only the member who asked for this task can do that. `/tasks list` shows yours.")


class NotAModerator(UserError):
    """A moderator's matter, of the server that it concerns."""

    def __init__(self) -> None:
        super().__init__("Only moderators of this server can do that. Ask one of them.")


class NotAManager(UserError):
    """A matter of those who may change the server."""

    def __init__(self) -> None:
        super().__init__(
            "Only managers of this server (Manage Server) can change its settings. Ask one of them."
        )


class NoSuchTask(UserError):
    """No task with that id, or none that this member may see."""

    def __init__(self, code: str | None = None) -> None:
        self.code = code
        which = f"a task #{code}" if code else "such a task"
        super().__init__(f"You do not have {which}. `/tasks list` shows yours.")


class NoSuchModel(UserError):
    """No trained model of that name or id, or none that this member may use."""

    def __init__(self) -> None:
        super().__init__(
            "There is no such model, or it is not shared with you here. `/models list` shows yours."
        )


class NoSuchDraft(UserError):
    """A draft of a training that was started, discarded, is a day old, or another member's."""

    def __init__(self) -> None:
        super().__init__(
            "This draft is over: it was started, discarded, or is over a day old. `/train` begins a new one."
        )


class NotDeliverable(UserError):
    """A task without images that could be shown; the sentence says why."""


class OldButton(UserError):
    """A button, a menu or a form that no part of the bot knows any more."""

    def __init__(self) -> None:
        super().__init__("This button is from an older version of the bot. Use the command again.")


class TooBusy(UserError):
    """An overload that passes."""

    def __init__(self) -> None:
        super().__init__(
            "The bot is too busy just now, so nothing was started or charged. Try again in a minute."
        )


class Draining(UserError):
    """The process is stopping and takes no new work."""

    def __init__(self) -> None:
        super().__init__("The bot is restarting, so nothing was started or charged. Try again in a minute.")


class StoreError(AtelierError):
    """The database could not do it; the unit of work had no effect."""


class StoreBusy(StoreError):
    """The database stayed locked or out of reach for too long."""


class StoreClosed(StoreError):
    """The store was closed, or its writer is dead."""


class TooLate(StoreError):
    """The unit's deadline passed before it ran; it did nothing."""


class Moved(StoreError):
    """The row is no longer in the state, or with the owner, that the unit expected."""


def _moment(when: datetime) -> str:
    """Discord's own timestamp: each reader sees it in their time zone, and it moves by itself."""
    return f"<t:{int(when.timestamp())}:R>"


def _whose_rule(giver: Giver) -> str:
    """Whose rule a limit is, as the one reads it for whom it holds."""
    return {
        Subject.MEMBER: "a rule for you in this server",
        Subject.ROLE: f"the rule of your role <@&{giver.id}>",
        Subject.PREMIUM: "what you have bought",
        Subject.SERVER: "the rule of this server",
        Subject.INSTANCE: "the operator of this bot",
    }[giver.subject]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listing(names: Sequence[str]) -> str:
    *most, last = [f"**{name}**" for name in names]
    return f"{', '.join(most)} and {last}" if most else last
