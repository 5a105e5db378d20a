"""The matrix of rights: every command, button, select and form, by everyone who may come along.

What is offered is asked of the program itself: a command or a verb that has no row here fails.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from discord import app_commands

from bot.errors import NoSuchDraft, NoSuchModel, NotAManager, NotAModerator, NotYours, OldButton
from bot.model import JobState
from bot.store import blocks, drafts, models, reports, tables
from bot.store.blocks import Block
from bot.training import Follow
from bot.ui.ids import Verb
from sandbox.discord.actions import AnswerKind
from sandbox.discord.model import Member
from sandbox.discord.permissions import P
from tests.support.limits import instance_of
from tests.support.models import a_new_model
from tests.support.stand import became, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from bot.trained import TrainedModel
    from sandbox.discord.actions import Interaction
    from tests.support.stand import Stand

BUTTON, SELECT, COMPONENT, MODAL_SUBMIT = 2, 3, 3, 5

OWNER, OTHER, MODERATOR, ELSEWHERE, MANAGER, BLOCKED = "mira", "tomas", "ines", "juno", "oskar", "lev"
"""Whose task, model or draft it is · another member · who moderates here · who moderates another server and
is a plain member here · who may change the server, and no more · whom moderators have blocked here."""
EVERYBODY = frozenset({OWNER, OTHER, MODERATOR, ELSEWHERE, MANAGER, BLOCKED})
NOT_BLOCKED = EVERYBODY - {BLOCKED}
OWNERS, MODERATORS, MANAGERS = frozenset({OWNER}), frozenset({MODERATOR}), frozenset({MANAGER})

DENIALS = (
    NotYours().message,
    NotAModerator().message,
    NotAManager().message,
    NoSuchModel().message,
    NoSuchDraft().message,
    "You do not have a task #",
    "Moderators of this server have blocked you",
)
FAULT = "Something went wrong on my side"


@dataclass(frozen=True, slots=True)
class Control:
    """What is pressed, chosen or sent, and where."""

    custom_id: str
    message_id: int = 0
    """0: on some card."""
    values: Sequence[str] = ()
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Who may do it; `make` has it ready for one person to try, whatever those before did."""

    verb: Verb
    allowed: frozenset[str]
    make: Callable[[Stand], Awaitable[Control]]


# What there is to be done something with


async def done(stand: Stand, verb: Verb, **given: Any) -> Control:
    job = await stand.finish(await stand.portrait(OWNER))
    return Control(f"at:{verb}:{job.code}", job.message_id or 0, **given)


async def at_work(stand: Stand, verb: Verb) -> Control:
    job = await stand.portrait(OWNER)
    await stand.finish(job, JobState.RUNNING, ended_at=None, wiro_ended_at=None, draw=False)
    return Control(f"at:{verb}:{job.code}", job.message_id or 0)


async def failed(stand: Stand, verb: Verb) -> Control:
    job = await stand.finish(await stand.portrait(OWNER), JobState.FAILED)
    return Control(f"at:{verb}:{job.code}", job.message_id or 0)


async def kept(stand: Stand, verb: Verb) -> Control:
    job = await stand.finish(await stand.portrait(OWNER, private=True), JobState.KEPT)
    stand.desk.kept[job.id] = stand.files(job)
    return Control(f"at:{verb}:{job.code}")


async def a_report(stand: Stand, verb: Verb) -> Control:
    job = await stand.finish(await stand.portrait(OWNER))
    now, by = stand.services.clock.now(), job.id  # somebody new each time: the limit is another test's
    await stand.db.write(partial(reports.file, job=job, reporter_id=by, now=now))
    number = await stand.db.read(lambda conn: conn.exec_driver_sql("SELECT max(id) FROM report").scalar_one())
    return Control(f"at:{verb}:-:{number}", job.message_id or 0, fields={"days": "", "reason": ""})


async def new_model(stand: Stand) -> TrainedModel:
    """A model of the owner's, with a name and numbers of its own."""
    owner_id, guild_id = stand.sandbox.discord.people[OWNER].id, stand.sandbox.discord.guilds["harbour"].id
    count = await stand.db.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM model").scalar_one())
    named = {"name": f"model {count}", "job_id": count + 1, "wiro_id": f"w{count}"}
    new = a_new_model(owner_id=owner_id, guild_id=guild_id, **named)
    return await stand.db.write(partial(models.record, new=new, now=stand.services.clock.now()))


async def a_model(stand: Stand, verb: Verb, more: str = "", **given: Any) -> Control:
    return Control(f"at:{verb}:-:{(await new_model(stand)).id}{more}", **given)


async def a_draft(stand: Stand, verb: Verb, **given: Any) -> Control:
    owner_id, guild_id = stand.sandbox.discord.people[OWNER].id, stand.sandbox.discord.guilds["harbour"].id
    now = stand.services.clock.now()
    find = partial(drafts.find_open, guild_id=guild_id, user_id=owner_id, now=now)
    draft = await stand.db.read(find)
    if draft is None:
        draft = await stand.db.write(
            partial(
                drafts.open_draft,
                guild_id=guild_id,
                user_id=owner_id,
                given={},
                suffix="k3f9",
                follow=Follow.DM,
                now=now,
            )
        )
    return Control(f"at:{verb}:-:{draft.id}", **given)


async def plain(_stand: Stand, verb: Verb, arg: str = "", **given: Any) -> Control:
    return Control(f"at:{verb}:-" + (f":{arg}" if arg else ""), **given)


async def a_change(stand: Stand, verb: Verb) -> Control:
    guild_id = stand.sandbox.discord.guilds["harbour"].id
    policy = await stand.services.records.guild_policy(guild_id)
    change = await stand.services.choices.choose(guild_id, "log_prompts", not policy.log_prompts, by=1)
    assert change is not None
    return Control(f"at:{verb}:-:log.{change.id}")


def rows(
    make: Callable[..., Awaitable[Control]], allowed: frozenset[str], *verbs: Verb, **given: Any
) -> list[Row]:
    return [Row(verb, allowed, partial(make, verb=verb, **given)) for verb in verbs]


V = Verb
IDEA = "portraitplus.1"
PROMPT = {"prompt": "a grey heron"}

CLICKS = {
    "tasks": [
        *rows(at_work, OWNERS, V.CANCEL),
        *rows(failed, OWNERS, V.TRY_AGAIN),
        *rows(done, OWNERS | MODERATORS, V.DELETE),
        *rows(kept, OWNERS, V.SHARE, V.HERE),
        *rows(done, NOT_BLOCKED, V.AGAIN),
        *rows(done, EVERYBODY, V.EDIT, V.EDIT_AGAIN),  # forms; what they start is asked when they are sent
        *rows(plain, EVERYBODY, V.IDEAS, arg="portraitplus.0"),
        *rows(plain, EVERYBODY, V.USE_IDEA, arg=IDEA),
    ],
    "moderators": [
        *rows(at_work, MODERATORS, V.MOD_STOP),
        *rows(plain, MODERATORS, V.MOD_TASKS, V.MOD_BLOCKED, V.MOD_AUDIT, V.MOD_WORDS, arg="0.0"),
        *rows(plain, MODERATORS, V.MOD_STOP_ALL, V.MOD_LEDGER, arg="0"),
        *rows(plain, MODERATORS, V.MOD_AUDIT_CSV, arg="0.0.-.0.0"),
        *rows(a_report, MODERATORS, V.REPORT_REMOVE, V.REPORT_BLOCK, V.REPORT_DISMISS),
    ],
    "models": [
        *rows(a_model, OWNERS, V.MODEL, V.MODEL_USE, V.MODEL_RENAME, V.MODEL_DELETE, V.MODEL_UNSHARE),
        *rows(a_model, OWNERS, V.MODEL_SHARE, more=".server"),
    ],
    "managers": [
        *rows(plain, MANAGERS, V.SETTINGS, arg="log"),
        *rows(plain, MANAGERS, V.SET, arg="log.log_prompts.on"),
        *rows(a_change, MANAGERS, V.UNDO),
    ],
    "drafts": [
        *rows(
            a_draft,
            OWNERS,
            V.DRAFT_ADD,
            V.DRAFT_REMOVE,
            V.DRAFT_DETAILS,
            V.DRAFT_ADVANCED,
            V.DRAFT_START,
            V.DRAFT_DISCARD,
        ),
        *rows(a_draft, OWNERS, V.DRAFT_FOLLOW, values=["dm"]),
    ],
}
"""Buttons and selects."""

OF_A_SERVER = {
    V.MOD_TASKS,
    V.MOD_BLOCKED,
    V.MOD_AUDIT,
    V.MOD_AUDIT_CSV,
    V.MOD_WORDS,
    V.MOD_STOP_ALL,
    V.MOD_LEDGER,
}
"""They name nothing: what they show or stop is the server's where they are pressed."""

FORMS = {
    "tasks": [
        *rows(done, NOT_BLOCKED, V.EDIT, fields=PROMPT),
        *rows(plain, NOT_BLOCKED, V.USE_IDEA, arg=IDEA, fields=PROMPT),
    ],
    "moderators": rows(a_report, MODERATORS, V.REPORT_BLOCK),
    "models": [
        *rows(a_model, OWNERS, V.MODEL_USE, fields=PROMPT),
        *rows(a_model, OWNERS, V.MODEL_RENAME, fields={"name": "another"}),
    ],
    "managers": rows(
        plain, MANAGERS, V.SET, arg="portrait.portrait_defaults", fields={"numbers": "steps 30"}
    ),
    "drafts": rows(
        a_draft,
        OWNERS,
        V.DRAFT_ADD,
        V.DRAFT_REMOVE,
        V.DRAFT_DETAILS,
        V.DRAFT_ADVANCED,
        V.DRAFT_START,
    ),
}

# What each command is given, and who may use it to that end. Discord offers `/mod` and `/settings` to some.
MOD = MODERATORS
COMMANDS: dict[str, tuple[frozenset[str], dict[str, Any]]] = {
    "portrait": (NOT_BLOCKED, {"prompt": "a grey heron"}),
    "train": (EVERYBODY, {}),  # a draft; that it may not be started is said on it
    "models list": (EVERYBODY, {}),
    "models show": (OWNERS, {"model": "$model"}),
    "models share": (OWNERS, {"model": "$model", "everyone": True}),
    "models rename": (OWNERS, {"model": "$model", "name": "$name"}),
    "models delete": (OWNERS, {"model": "$model"}),
    "tasks list": (EVERYBODY, {}),
    "tasks show": (OWNERS, {"task": "$task"}),
    "tasks cancel": (OWNERS, {"task": "$task"}),
    "quota": (EVERYBODY, {}),
    "inspire": (EVERYBODY, {}),
    "help": (EVERYBODY, {}),
    "settings": (MANAGERS, {}),
    "mod tasks": (MOD, {}),
    "mod kill": (MOD, {"task": "$task"}),
    "mod block": (MOD, {"user": "tomas"}),
    "mod unblock": (MOD, {"user": "tomas"}),
    "mod blocked": (MOD, {}),
    "mod spend": (MOD, {}),
    "mod audit": (MOD, {}),
    "mod quota show": (MOD, {"user": "mira"}),
    "mod quota grant": (MOD, {"user": "mira", "what": "image", "amount": 1}),
    "mod quota set": (MOD, {"user": "mira"}),
    "mod quota reset": (MOD, {"user": "mira", "what": "used"}),
    "mod words add": (MOD, {"words": "blorp"}),
    "mod words remove": (MOD, {"word": "blorp"}),
    "mod words list": (MOD, {}),
    "mod words test": (MOD, {"text": "blorp"}),
}
MENUS = {
    "Task details": EVERYBODY,
    "Report image": NOT_BLOCKED - OWNERS | {BLOCKED},  # one's own is deleted, not reported
    "Add to my training photos": EVERYBODY,
}
OWN_IMAGE = "This is your own task"


@pytest.fixture
async def town(stand: Stand) -> AsyncIterator[Stand]:
    """Harbour Arts with all six of them; its managers have no moderators' rights."""
    world = stand.sandbox.discord
    harbour = world.guilds["harbour"]
    harbour.members[world.people[ELSEWHERE].id] = Member(world.people[ELSEWHERE])
    for role in harbour.roles.values():
        if role.name == "Managers":
            role.permissions = int(P.MANAGE_GUILD)
    wanted = Block(
        guild_id=harbour.id,
        user_id=world.people[BLOCKED].id,
        by=world.people[MODERATOR].id,
        reason=None,
        at=stand.services.clock.now(),
        until=None,
    )
    await stand.db.write(partial(blocks.block, wanted=wanted))
    stand.desk.instance = instance_of(images_per_day=1000, concurrent_tasks=1000)  # limits are other tests'
    yield stand
    uncarded = "SELECT count(*) FROM job WHERE state = 'waiting' AND message_id IS NULL"
    async with asyncio.timeout(10):
        while await stand.db.read(lambda conn: conn.exec_driver_sql(uncarded).scalar_one()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def said(stand: Stand, interaction: Interaction) -> str:
    """What the person is told, "" when a form was opened for them."""
    answer = await interaction.answered()
    assert answer.kind is not AnswerKind.FAILED, "no answer came"
    return "" if answer.kind is AnswerKind.MODAL else words(await became(stand, interaction))


def is_denied(text: str) -> bool:
    assert FAULT not in text, text
    assert OldButton().message not in text, "it does not get as far as rights"
    return any(denial in text for denial in (*DENIALS, OWN_IMAGE))


async def tried(
    stand: Stand, who: str, control: Control, *, on: int, is_form: bool = False, channel: str = "portraits"
) -> str:
    """What is said to somebody who does it, on that message: whether or not they were shown such a thing."""
    world = stand.sandbox.discord
    data: dict[str, Any] = {"custom_id": control.custom_id}
    if is_form:
        data["components"] = [
            {
                "type": 18,
                "id": place,
                "component": {"type": 4, "id": 50 + place, "custom_id": name, "value": value},
            }
            for place, (name, value) in enumerate(control.fields.items(), start=1)
        ]
    else:
        data["component_type"] = SELECT if control.values else BUTTON
        if control.values:
            data["values"] = list(control.values)
    source = world.message(control.message_id or on)
    kind = MODAL_SUBMIT if is_form else COMPONENT
    sent = world._interactions.create(kind, world.person(who), world.channel(channel), data, source=source)
    return await said(stand, sent)


async def everything(stand: Stand) -> dict[str, Sequence[Any]]:
    """All rows of all tables, but for those where refusals are noted."""
    kept = [each for each in tables.METADATA.sorted_tables if each.name not in {"audit", "log_outbox"}]
    return await stand.db.read(
        lambda conn: {each.name: conn.execute(sa.select(each)).fetchall() for each in kept}
    )


async def check(stand: Stand, matrix: Sequence[Row], *, is_form: bool = False) -> None:
    """Those who may not come first, and change nothing; then those who may, each with something fresh."""
    card = await stand.portrait(MODERATOR)
    try_it = partial(tried, stand, on=card.message_id or 0, is_form=is_form)
    controls = [await row.make(stand) for row in matrix]
    before = await everything(stand)
    for row, control in zip(matrix, controls, strict=True):
        for who in sorted(EVERYBODY - row.allowed):
            text = await try_it(who, control)
            assert is_denied(text), f"{row.verb} by {who}: {text or 'allowed'}"
        assert await everything(stand) == before, f"{row.verb} does something for those who may not"
    for row in matrix:
        for who in sorted(row.allowed):
            text = await try_it(who, await row.make(stand))
            assert not is_denied(text), f"{row.verb} by {who}: {text}"


@pytest.mark.parametrize("group", sorted(CLICKS))
async def test_buttons_and_selects_do_what_they_do_for_those_who_may(town: Stand, group: str) -> None:
    await check(town, CLICKS[group])


@pytest.mark.parametrize("group", sorted(FORMS))
async def test_forms_do_what_they_do_for_those_who_may(town: Stand, group: str) -> None:
    await check(town, FORMS[group], is_form=True)


@pytest.mark.parametrize("is_form", [False, True], ids=["clicks", "forms"])
async def test_moderators_of_another_server_cannot_reach_in_from_there(town: Stand, is_form: bool) -> None:
    """They do moderate where they act; what they name is elsewhere."""
    channel = next(iter(town.sandbox.discord.guilds["tiny"].channels.values())).key
    card = await town.portrait(ELSEWHERE, channel=channel)
    matrix = [row for row in (FORMS if is_form else CLICKS)["moderators"] if row.verb not in OF_A_SERVER]
    for row in matrix:
        control = replace(await row.make(town), message_id=card.message_id or 0)
        before = await everything(town)
        text = await tried(town, ELSEWHERE, control, on=0, is_form=is_form, channel=channel)
        assert is_denied(text), f"{row.verb}: {text or 'allowed'}"
        assert await everything(town) == before, f"{row.verb} reaches into another server"


async def test_a_task_is_looked_at_by_moderators_of_its_server(town: Stand) -> None:
    """The one select whose value is what it is about."""
    job = await town.portrait(OWNER)
    for who in sorted(EVERYBODY):
        control = Control(f"at:{V.MOD_TASK}:-", values=[job.code])
        text = await tried(town, who, control, on=job.message_id or 0)
        assert is_denied(text) is (who not in MODERATORS), f"{who}: {text}"


async def test_commands_and_menus_do_what_they_do_for_those_who_may(town: Stand) -> None:
    world = town.sandbox.discord
    renamed = 0
    for name, (allowed, given) in COMMANDS.items():
        for who in sorted(EVERYBODY, key=lambda each: (each in allowed, each)):
            offered = {each["name"] for each in world.commands(who, "portraits")}
            hidden = name.split()[0] not in offered
            assert hidden is (name.split()[0] in {"mod", "settings"} and who not in allowed), f"{name}: {who}"
            if hidden:
                continue
            task = await town.portrait(OWNER) if "$task" in given.values() else None
            model = await new_model(town) if "$model" in given.values() else None
            renamed += 1
            special = {
                "$task": task.code if task else "",
                "$model": model.name if model else "",
                "$name": f"name {renamed}",
            }
            options = {
                key: special.get(value, value) if isinstance(value, str) else value
                for key, value in given.items()
            }
            used = await world.command(who, "portraits", name, options)
            text = await said(town, used)
            assert is_denied(text) is (who not in allowed), f"/{name} by {who}: {text or 'allowed'}"
    job = await town.finish(await town.portrait(OWNER))
    for name, allowed in MENUS.items():
        for who in sorted(EVERYBODY):
            used = await world.menu(who, job.message_id or 0, name)
            text = await said(town, used)
            assert is_denied(text) is (who not in allowed), f"{name} by {who}: {text or 'allowed'}"


def test_every_verb_is_in_a_row(town: Stand) -> None:
    clicks = {row.verb for group in CLICKS.values() for row in group} | {V.MOD_TASK}
    forms = {row.verb for group in FORMS.values() for row in group}
    assert clicks == town.services.router.clicks
    assert forms == town.services.router.forms


def test_every_command_is_in_a_row(town: Stand) -> None:
    found = {
        each.qualified_name
        for each in town.client.tree.walk_commands()
        if not isinstance(each, app_commands.Group)
    }
    assert set(COMMANDS) == found
    menus = {
        each.name for each in town.client.tree.get_commands() if isinstance(each, app_commands.ContextMenu)
    }
    assert set(MENUS) == menus
