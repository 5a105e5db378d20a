"""Who may do what: every verb, every kind of member, public and private."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import pytest

from bot.errors import NotAModerator, NotYours, UserError
from bot.model import JobState
from bot.ui.access import Actor, may, missing_for_public, moderates, require, sees_cost
from bot.ui.ids import Verb
from tests.support.jobs import GUILD, OTHER, OWNER, a_job

if TYPE_CHECKING:
    from bot.model import Job

PUBLIC = a_job(JobState.DONE)
PRIVATE = a_job(JobState.DONE, private=True)
SHARED = a_job(JobState.DONE, private=True, shared_message_id=5)
ELSEWHERE = GUILD + 1

ACTORS = {
    "owner": Actor(user_id=OWNER, guild_id=GUILD),
    "owner in a DM": Actor(user_id=OWNER, guild_id=0, may_use_commands=False),
    "other": Actor(user_id=OTHER, guild_id=GUILD),
    "other without commands": Actor(user_id=OTHER, guild_id=GUILD, may_use_commands=False),
    "moderator": Actor(user_id=OTHER, guild_id=GUILD, is_moderator=True),
    "moderator elsewhere": Actor(user_id=OTHER, guild_id=ELSEWHERE, is_moderator=True),
    "manager": Actor(user_id=OTHER, guild_id=GUILD, is_manager=True),
}

EVERYONE_HERE = {"owner", "other", "moderator", "manager"}
STARTS = {Verb.AGAIN, Verb.EDIT, Verb.EDIT_AGAIN}
OWNERS = {Verb.CANCEL, Verb.TRY_AGAIN, Verb.SHARE, Verb.HERE}
MODERATORS = {Verb.MOD_TASK, Verb.MOD_STOP}
NEVER_OF_A_JOB = {
    Verb.MODEL,
    Verb.MODEL_USE,
    Verb.MODEL_SHARE,
    Verb.MODEL_UNSHARE,
    Verb.MODEL_RENAME,
    Verb.MODEL_DELETE,
    Verb.DRAFT_ADD,
    Verb.DRAFT_REMOVE,
    Verb.DRAFT_DETAILS,
    Verb.DRAFT_ADVANCED,
    Verb.DRAFT_FOLLOW,
    Verb.DRAFT_START,
    Verb.DRAFT_DISCARD,
    Verb.REPORT_REMOVE,
    Verb.REPORT_BLOCK,
    Verb.REPORT_DISMISS,
    Verb.IDEAS,
    Verb.USE_IDEA,
    Verb.MOD_TASKS,
    Verb.MOD_STOP_ALL,
    Verb.MOD_BLOCKED,
    Verb.MOD_AUDIT,
    Verb.MOD_AUDIT_CSV,
    Verb.MOD_WORDS,
    Verb.MOD_LEDGER,
    Verb.SETTINGS,
    Verb.SET,
    Verb.UNDO,
}


def allowed(verb: Verb, job: Job) -> set[str]:
    if verb in STARTS:
        return {"owner"} if job is PRIVATE else EVERYONE_HERE
    if verb in OWNERS:
        return {"owner", "owner in a DM"}
    if verb is Verb.DELETE:
        return {"owner", "owner in a DM", "moderator"}
    if verb in MODERATORS:
        return {"moderator"}
    assert verb in NEVER_OF_A_JOB, f"{verb} is in no row of the matrix"
    return set()


@pytest.mark.parametrize("job", [PUBLIC, PRIVATE, SHARED], ids=["public", "private", "shared"])
@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("who", list(ACTORS))
def test_the_matrix_of_who_may_what(who: str, verb: Verb, job: Job) -> None:
    assert may(verb, job, ACTORS[who]) is (who in allowed(verb, job))


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in NEVER_OF_A_JOB])
@pytest.mark.parametrize("who", list(ACTORS))
def test_a_refusal_is_a_sentence(who: str, verb: Verb) -> None:
    if who in allowed(verb, PRIVATE):
        require(verb, PRIVATE, ACTORS[who])
    else:
        with pytest.raises(UserError, match=r"^[A-Z].*\.$"):
            require(verb, PRIVATE, ACTORS[who])


@pytest.mark.parametrize("who", list(ACTORS))
def test_only_a_moderator_moderates_and_only_their_own_server(who: str) -> None:
    assert moderates(ACTORS[who], GUILD) is (who == "moderator")
    assert moderates(ACTORS[who], ELSEWHERE) is (who == "moderator elsewhere")
    assert not moderates(ACTORS[who], 0)


@pytest.mark.parametrize("verb", sorted(MODERATORS))
def test_an_owner_is_told_that_stopping_is_the_moderators_matter(verb: Verb) -> None:
    with pytest.raises(NotAModerator):
        require(verb, PUBLIC, ACTORS["owner"])


def test_a_stranger_is_told_whose_matter_it_is() -> None:
    with pytest.raises(NotYours):
        require(Verb.CANCEL, PUBLIC, ACTORS["moderator"])


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("owner", True),
        ("other", False),
        ("moderator", True),
        ("moderator elsewhere", False),
        ("manager", True),
    ],
)
def test_the_cost_is_for_the_owner_and_those_in_charge(who: str, sees: bool) -> None:
    assert sees_cost(PUBLIC, ACTORS[who]) is sees


@pytest.mark.parametrize(
    ("rights", "in_thread", "missing"),
    [
        ({"view_channel", "send_messages", "attach_files"}, False, ()),
        ({"administrator"}, False, ()),
        ({"view_channel", "send_messages"}, False, ("Attach Files",)),
        ({"view_channel", "send_messages", "attach_files"}, True, ("Send Messages in Threads",)),
        ({"view_channel", "send_messages_in_threads", "attach_files"}, True, ()),
        (set(), False, ("View Channel", "Send Messages", "Attach Files")),
    ],
)
def test_what_the_bot_lacks_is_named_in_discords_words(
    rights: set[str], in_thread: bool, missing: tuple[str, ...]
) -> None:
    given = discord.Permissions(**dict.fromkeys(rights, True))
    assert missing_for_public(given, in_thread=in_thread) == missing


def test_a_job_of_another_server_is_not_moderated_from_here() -> None:
    job = replace(PUBLIC, guild_id=ELSEWHERE)
    assert not may(Verb.DELETE, job, ACTORS["moderator"])
