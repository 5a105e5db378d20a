"""The real client and cogs in the sandbox, over a real database; only the jobs' life is left out."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import aiohttp
import sqlalchemy as sa

from bot.app import offer
from bot.client import AtelierClient, dial
from bot.clock import SystemClock
from bot.jobs.drafting import Studio
from bot.jobs.intake import Intake
from bot.jobs.logbook import Logbook
from bot.jobs.models import Models
from bot.jobs.moderation import Moderation
from bot.jobs.quotas import Quotas
from bot.jobs.wordlists import WordLists
from bot.limits import Limit
from bot.model import JobState, ResultFile
from bot.moderation.words import Entry, WordList
from bot.store import jobs, tables
from bot.store.database import Database
from bot.store.migrate import upgrade
from bot.store.photofiles import PhotoFiles
from bot.tools import load_catalogue
from bot.ui.acknowledge import Acknowledger
from bot.ui.attachments import Attachments
from bot.ui.courier import Courier
from bot.ui.drafts import Drafts
from bot.ui.greeting import Greeter
from bot.ui.logchannel import LogChannel
from bot.ui.messages import DiscordMessages
from bot.ui.pacer import Pacer
from bot.ui.places import DiscordPlaces
from bot.ui.records import Records
from bot.ui.router import Router
from bot.ui.services import Services
from bot.ui.settings.choices import Choices
from bot.ui.stage import DiscordStage
from bot.ui.starting import Starter
from bot.ui.trainer import Trainer
from sandbox.discord.actions import AnswerKind
from tests.support.desk import StoreDesk
from tests.support.limits import instance_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot.model import Job
    from bot.tools import Tool
    from sandbox.discord.actions import Answer, Interaction
    from sandbox.server import Sandbox

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c626001000000ffff03000006000557"
    "bfabd40000000049454e44ae426082"
)


@dataclass
class Stand:
    """Everything that a test of a command may look at."""

    sandbox: Sandbox
    client: AtelierClient
    db: Database
    desk: StoreDesk
    services: Services
    stage: DiscordStage
    logbook: Logbook
    today: dict[str, Tool]
    """What Wiro's pages make of tools, by key; a test puts it in."""
    places: DiscordPlaces
    photos: Path
    """The folder of the photos of drafts."""

    async def use(
        self, who: str, name: str, options: dict[str, Any] | None = None, *, channel: str = "portraits"
    ) -> Answer:
        """Use a command and return the answer to it."""
        interaction = await self.sandbox.discord.command(who, channel, name, options or {})
        return await interaction.answered()

    async def portrait(self, who: str = "mira", *, channel: str = "portraits", **options: Any) -> Job:
        """The job of a `/portrait` that was accepted and whose card is up."""
        given = {"prompt": "a red fox"} | options
        interaction = await self.sandbox.discord.command(who, channel, "portrait", given)
        await interaction.answered()
        return await self.until_carded(interaction)

    async def until_carded(self, interaction: Interaction) -> Job:
        """The job of that interaction, once it is in the line or has ended."""
        async with asyncio.timeout(10):
            while True:
                job = await self.db.read(lambda conn: jobs.by_interaction(conn, interaction.id))
                if job is not None and (job.message_id is not None or job.state.has_ended):
                    return job
                await asyncio.sleep(0.01)

    async def click(self, who: str, message_id: int, custom_id: str) -> Interaction:
        """Press a button."""
        return await self.sandbox.discord.click(who, message_id, custom_id)

    async def said(self, interaction: Interaction) -> str:
        """The words of the private answer to an interaction, once it is there."""
        message = (await interaction.answered()).message
        assert message is not None, interaction.answer
        assert message["flags"] & 64, "the answer is public"
        return words(message)

    async def read(self, job: Job) -> Job:
        """The job as the database has it now."""
        found = await self.db.read(lambda conn: jobs.get(conn, job.id))
        assert found is not None
        return found

    async def finish(
        self, job: Job, state: JobState = JobState.DONE, *, draw: bool = True, **values: Any
    ) -> Job:
        """Put the job into a later state, and its card likewise."""
        now = self.services.clock.now()
        values = {
            "state": state,
            "state_at": now,
            "ended_at": now,
            "started_at": now,
            "wiro_ended_at": now,
        } | values
        await self.db.write(
            lambda conn: conn.execute(sa.update(tables.job).where(tables.job.c.id == job.id).values(values))
        )
        done = await self.read(job)
        if not draw:
            return done
        if state is JobState.DONE:
            files = self.files(done)
            self.desk.kept[job.id] = files
            await self.stage.put_result(replace(done, state=JobState.DELIVERING), files, "card")  # type: ignore[arg-type]
        else:
            await self.stage.settle(done)
        return done

    def files(self, job: Job) -> tuple[ResultFile, ...]:
        """One tiny picture."""
        name = f"atelier-{job.code}-1.png"
        return (ResultFile(name=name, data=PNG, content_type="image/png", description="a fox"),)

    def card(self, job: Job, *, as_: str = "mira") -> dict[str, Any]:
        """The job's card as somebody sees it now."""
        channel = str(job.channel_id)
        found = self.sandbox.discord.messages(channel, as_)
        return next(message for message in found if int(message["id"]) == job.message_id)


def words(message: dict[str, Any]) -> str:
    """All text of a message of components."""
    found, waiting = [], list(message.get("components", []))
    while waiting:
        each = waiting.pop(0)
        if each["type"] == 10:
            found.append(each["content"])
        waiting = [*each.get("components", []), *waiting]
    return "\n".join(found)


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Custom ids by label."""
    found, waiting = {}, list(message.get("components", []))
    while waiting:
        each = waiting.pop(0)
        if each["type"] == 2 and "custom_id" in each:
            found[each["label"]] = each["custom_id"]
        waiting = [
            *each.get("components", []),
            *([each["accessory"]] if "accessory" in each else []),
            *waiting,
        ]
    return found


async def became(stand: Stand, interaction: Interaction) -> dict[str, Any]:
    """What the answer to an interaction is, once it is no longer thinking."""
    answer = await interaction.answered()
    if answer.kind is AnswerKind.MESSAGE:
        assert answer.message is not None
        return answer.message
    async with asyncio.timeout(10):
        while (found := _card_now(stand, interaction, answer.kind)) is None:  # noqa: ASYNC110 -- nobody is told
            await asyncio.sleep(0.01)
        return found


def _card_now(stand: Stand, interaction: Interaction, kind: AnswerKind) -> dict[str, Any] | None:
    """The card or the refusal, if it is there."""
    message = interaction.original
    assert message is not None
    if interaction.followup_ids:
        return _seen(stand, interaction, str(max(interaction.followup_ids)))
    edited = message.edited_s is not None and message.edited_s >= interaction.created_s
    thinking = kind is AnswerKind.DEFERRED
    if (thinking and message.is_loading) or (not thinking and not edited):
        return None
    return _seen(stand, interaction, str(message.id))


def _seen(stand: Stand, interaction: Interaction, message_id: str) -> dict[str, Any] | None:
    shown = stand.sandbox.discord.messages(interaction.channel, interaction.person.key)
    return next((each for each in shown if each["id"] == message_id), None)


async def until(condition: Callable[[], bool]) -> None:
    """Wait a moment of real time for what another connection brings."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- the sandbox's world tells nobody of its changes
            await asyncio.sleep(0.01)


async def _answered() -> None:
    """Wait for commands, clicks and forms that are still being answered: they use the database."""
    names = ("discord.py: on_interaction", "CommandTree-invoker")
    if under_way := [task for task in asyncio.all_tasks() if task.get_name().startswith(names)]:
        await asyncio.wait(under_way, timeout=5)


@asynccontextmanager
async def open_stand(sandbox: Sandbox, folder: Path) -> AsyncIterator[Stand]:
    environment = sandbox.bot_environment()
    dial(environment["DISCORD_API_URL"], environment["DISCORD_GATEWAY_URL"])
    url, clock = f"sqlite:///{folder}/atelier.db", SystemClock()
    await asyncio.to_thread(upgrade, url, clock)
    photos = PhotoFiles(folder / "drafts")
    async with Database.open(url, clock=clock) as db, aiohttp.ClientSession() as session:
        intake = Intake(db, photos, Attachments(session, clock))
        messages = DiscordMessages(
            session,
            environment["DISCORD_API_URL"],
            environment["DISCORD_TOKEN"],
            clock,
            application_id=sandbox.discord.application_id,
        )
        log_channel = LogChannel(messages)
        router, catalogue = Router(), load_catalogue()
        greeter = Greeter(db, messages, clock)
        client = AtelierClient(router, clock=SystemClock(), shard_count=1, when_server_joined=greeter.joined)
        instance = instance_of(ceilings={Limit.IMAGES_PER_DAY: 100})
        records, pacer = Records(db, instance, clock), Pacer(clock, spacing_s=0.05)
        stage = DiscordStage(
            messages,
            pacer,
            catalogue,
            clock,
            left=records.left,
            notify=records.notify,
            access=client.access_of,
        )
        desk = StoreDesk(db, clock, instance, stage)
        today: dict[str, Tool] = {}

        moderation = Moderation(desk, db, clock)  # type: ignore[arg-type]  # it stands in the desk's place
        word_lists = WordLists(db, clock, WordList([Entry.read("operatorword")]))
        models = Models(db, desk, clock)  # type: ignore[arg-type]  # likewise
        services = Services(
            catalogue=catalogue,
            choices=Choices(db, clock, when_changed=desk.policy_changed),
            clock=clock,
            desk=desk,  # type: ignore[arg-type]  # it stands in the desk's place
            drafts=Drafts(),
            greeter=greeter,
            log_channel=log_channel,
            models=models,
            moderation=moderation,
            quotas=Quotas(db, clock),
            records=records,
            router=router,
            stage=stage,
            starter=Starter(
                desk,  # type: ignore[arg-type]  # likewise
                Acknowledger(desk, messages, clock),  # type: ignore[arg-type]  # likewise
                records,
                clock,
                moderation=moderation,
                words=word_lists,
                tool_today=lambda key: today.get(key, catalogue[key]),
            ),
            studio=Studio(db, photos, intake, clock),
            tool_today=lambda key: today.get(key, catalogue[key]),
            trainer=Trainer(
                desk,  # type: ignore[arg-type]  # likewise
                records,
                models,
                clock,
                moderation=moderation,
                words=word_lists,
                tool_today=lambda key: today.get(key, catalogue[key]),
            ),
            words=word_lists,
        )
        offer(client, services)
        async with client:
            await client.login(environment["DISCORD_TOKEN"])
            await client.publish_commands()
            running = asyncio.create_task(client.connect())
            await until(lambda: sandbox.discord.gateway.connected)
            logbook = Logbook(db, clock, log_channel)
            places = DiscordPlaces(messages, Courier(messages, clock), catalogue)
            yield Stand(sandbox, client, db, desk, services, stage, logbook, today, places, folder / "drafts")
            await _answered()
            await client.close()
            await asyncio.gather(running, return_exceptions=True)
        intake.close()
        await pacer.aclose()
        await stage.aclose()
