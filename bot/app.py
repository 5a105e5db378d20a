"""Where everything is put together, in order, and taken down again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.client import AtelierClient, dial
from bot.jobs.drafting import Studio
from bot.jobs.intake import Intake
from bot.jobs.logbook import Logbook
from bot.jobs.models import Models
from bot.jobs.moderation import Moderation
from bot.jobs.quotas import Quotas
from bot.jobs.wordlists import WordLists
from bot.jobs.workshop import TrainingParts, Workshop
from bot.log import get_logger
from bot.login import logged_in, patiently
from bot.quota.rules import Instance
from bot.store import jobs as units
from bot.store import trainings
from bot.store.opening import ready_database
from bot.store.photofiles import ARCHIVE, PhotoFiles
from bot.store.results import result_store
from bot.toolpages import ToolPages
from bot.tools import load_catalogue
from bot.training import upload_ways
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
from bot.web.metrics import Metrics
from bot.web.server import OperatorPort
from bot.web.trace import discord_trace
from bot.wiro import EventSocket, WiroClient
from cogs import help as help_cog
from cogs import inspire, mod, portrait, quota, tasks, train
from cogs import models as models_cog
from cogs import settings as settings_cog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    import discord

    from bot.clock import Clock
    from bot.jobs.desk import Desk
    from bot.model import JobState
    from bot.settings import Settings
    from bot.store.database import Database
    from bot.tools import Tool

log = get_logger(__name__)

DRAFTS = "drafts"
"""Folder of the photos below the data folder."""
CONNECTIONS = 200
"""Open at once to Wiro, or to Discord's message routes: more jobs wait their turn for a moment."""


async def run(settings: Settings, *, stop: asyncio.Event, clock: Clock) -> None:
    """Be the bot until `stop` is set, then take everything down.

    Raises:
        SettingsError: A setting is wrong in a way that only its service could tell.
        AlreadyRunning: Another process works on the same SQLite file.
        CannotStart: The database does not answer, or is not one that this version can use.
        Exception: A fault that nothing could mend.
    """
    async with AsyncExitStack() as stack:
        catalogue = load_catalogue()
        db = await stack.enter_async_context(ready_database(settings.database_url, clock))
        metrics, late = Metrics(), _LateBound()
        router = Router()
        client = AtelierClient(
            router,
            clock=clock,
            shard_count=settings.shard_count,
            shard_ids=settings.shard_ids,
            http_trace=discord_trace(metrics, clock),
            when_server_joined=late.server_joined,
            when_server_left=late.server_left,
        )
        await stack.enter_async_context(
            _operator_port(settings, clock, db, client, metrics=metrics, late=late)
        )
        dial(settings.discord_api_url, settings.discord_gateway_url)
        await stack.enter_async_context(logged_in(client, settings, clock, stop))
        if stop.is_set():
            return
        messages = DiscordMessages(
            await stack.enter_async_context(_session()),
            settings.discord_api_url,
            settings.discord_token.get_secret_value(),
            clock,
            on_call=metrics.discord_call,
            application_id=client.application_id or 0,
        )
        records = Records(db, Instance.of(settings), clock)
        photos = PhotoFiles(Path(settings.data_dir) / DRAFTS)
        stage = await stack.enter_async_context(
            _stage(messages, catalogue, records, client, clock, is_shared=db.dialect != "sqlite")
        )
        wiro, events = await stack.enter_async_context(_ways_to_wiro(settings, clock, metrics))
        pages = ToolPages(wiro, catalogue, clock)
        await stack.enter_async_context(pages.kept_fresh())
        workshop = await stack.enter_async_context(
            Workshop.open(
                db=db,
                clock=clock,
                wiro=wiro,
                events=events,
                stage=stage,
                catalogue=catalogue,
                observer=metrics,
                price=pages.price,
                trainings=_trainings(settings, messages, catalogue, clock, wiro=wiro, photos=photos),
                **_workshop_settings(settings, db, clock),
            )
        )
        late.desk, stage.is_current = workshop.desk, workshop.holds_lease
        late.greeter = greeter = Greeter(db, messages, clock)
        moderation = Moderation(workshop.desk, db, clock)
        words = WordLists(db, clock, settings.blocked_words)
        models = Models(db, workshop.desk, clock)
        log_channel = LogChannel(messages)
        session = await stack.enter_async_context(_session())
        intake = Intake(db, photos, Attachments(session, clock))
        stack.callback(intake.close)
        services = Services(
            catalogue=catalogue,
            choices=Choices(db, clock, when_changed=workshop.desk.policy_changed),
            clock=clock,
            desk=workshop.desk,
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
                workshop.desk,
                Acknowledger(workshop.desk, messages, clock),
                records,
                clock,
                moderation=moderation,
                words=words,
                tool_today=pages.tool,
            ),
            studio=Studio(db, photos, intake, clock),
            tool_today=pages.tool,
            trainer=Trainer(
                workshop.desk,
                records,
                models,
                clock,
                moderation=moderation,
                words=words,
                tool_today=pages.tool,
            ),
            words=words,
        )
        offer(client, services)
        await stack.enter_async_context(_logbook(db, log_channel, clock))
        await patiently(client.publish_commands, clock, stop)
        log.info("ready", commands=len(client.command_ids))
        await _until_told_or_broken(client, workshop, db, stop)


def offer(client: AtelierClient, services: Services) -> None:
    """Give the client every command, menu and button that there is."""
    for cog in (portrait, train, models_cog, tasks, quota, inspire, mod, settings_cog):
        cog.setup(client.tree, services)
    help_cog.setup(client.tree, services, lambda: client.command_ids)


class _LateBound:
    """What is told about before the desk is there: until then there is nobody whom it concerns."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self.greeter: Greeter | None = None

    async def hooked(self, token: str) -> bool:
        return self.desk is not None and await self.desk.hooked(token)

    async def server_joined(self, guild: discord.Guild) -> None:
        if self.greeter is not None:
            await self.greeter.joined(guild)

    async def server_left(self, guild_id: int) -> None:
        if self.desk is not None:
            await self.desk.server_left(guild_id)
        if self.greeter is not None:
            await self.greeter.left(guild_id)


def _session() -> aiohttp.ClientSession:
    """A session that carries nothing from one call to the next."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS), cookie_jar=aiohttp.DummyCookieJar()
    )


def _operator_port(
    settings: Settings,
    clock: Clock,
    db: Database,
    client: AtelierClient,
    *,
    metrics: Metrics,
    late: _LateBound,
) -> OperatorPort:
    async def answers() -> bool:
        await db.ping()
        return True

    async def count_jobs() -> Mapping[JobState, int]:
        return await db.read(units.count_by_state)

    photos = PhotoFiles(Path(settings.data_dir) / DRAFTS)

    async def find_photos(token: str) -> Path | None:
        training = await db.read(lambda conn: trainings.by_archive(conn, token))
        return None if training is None else photos.path(training.draft_id, ARCHIVE)

    probes: dict[str, Callable[[], bool | Awaitable[bool]]] = {
        "discord": client.hears_discord,
        "database": answers,
    }
    return OperatorPort(
        settings.http_host,
        settings.http_port,
        clock=clock,
        metrics=metrics,
        probes=probes,
        on_hint=late.hooked,
        find_photos=find_photos,
        count_jobs=count_jobs,
    )


@asynccontextmanager
async def _stage(
    messages: DiscordMessages,
    catalogue: Mapping[str, Tool],
    records: Records,
    client: AtelierClient,
    clock: Clock,
    *,
    is_shared: bool,
) -> AsyncIterator[DiscordStage]:
    pacer = Pacer(clock)
    stage = DiscordStage(
        messages,
        pacer,
        catalogue,
        clock,
        left=records.left,
        notify=records.notify,
        access=client.access_of,
        is_shared=is_shared,
    )
    try:
        yield stage
    finally:
        await pacer.aclose()
        await stage.aclose()


@asynccontextmanager
async def _logbook(db: Database, log_channel: LogChannel, clock: Clock) -> AsyncIterator[None]:
    """The audit is brought into the servers' log channels."""
    keeping = asyncio.create_task(Logbook(db, clock, log_channel).keep(), name="log channels")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


@asynccontextmanager
async def _ways_to_wiro(
    settings: Settings, clock: Clock, metrics: Metrics
) -> AsyncIterator[tuple[WiroClient, EventSocket | None]]:
    """The client and, unless it is turned off, the event socket."""
    secret = settings.wiro_api_secret
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(_session())
        wiro = WiroClient(
            session,
            api_url=settings.wiro_api_url,
            api_key=settings.wiro_api_key.get_secret_value(),
            api_secret=None if secret is None else secret.get_secret_value(),
            clock=clock,
            on_call=metrics.wiro_call,
        )
        if not settings.wiro_socket_url:
            yield wiro, None
            return
        events = await stack.enter_async_context(EventSocket(session, settings.wiro_socket_url, clock=clock))
        metrics.watch_socket(lambda: events.connected)
        yield wiro, events


def _workshop_settings(settings: Settings, db: Database, clock: Clock) -> dict[str, Any]:
    """The parts of the workshop that the operator decides."""
    return {
        "results": result_store(db, Path(settings.data_dir) / "results", clock),
        "instance": Instance.of(settings),
        "max_concurrent": settings.wiro_max_concurrent,
        "public_url": settings.public_url,
        "blocked_users": settings.blocked_users,
    }


def _trainings(
    settings: Settings,
    messages: DiscordMessages,
    catalogue: Mapping[str, Tool],
    clock: Clock,
    *,
    wiro: WiroClient,
    photos: PhotoFiles,
) -> TrainingParts:
    """What trainings need beyond what all jobs do."""
    places = DiscordPlaces(messages, Courier(messages, clock), catalogue)
    ways = upload_ways(settings.training_upload, is_reached=settings.public_url is not None)
    return TrainingParts(places=places, herald=places, storage=wiro, shelf=wiro, files=photos, ways=ways)


async def _until_told_or_broken(
    client: AtelierClient, workshop: Workshop, db: Database, stop: asyncio.Event
) -> None:
    """Return when `stop` is set; raise when a part that is needed has ended by itself."""
    told = asyncio.create_task(stop.wait(), name="told to stop")
    needed = {
        asyncio.create_task(client.connect(), name="gateway"),
        asyncio.create_task(workshop.until_fault(), name="workshop"),
        asyncio.create_task(db.until_dead(), name="database"),
    }
    try:
        ended, _ = await asyncio.wait({told, *needed}, return_when=asyncio.FIRST_COMPLETED)
        if told in ended:
            return
        broken = ended.pop()
        log.critical("a part ended that the bot cannot be without", part=broken.get_name())
        fault = broken.result()  # raises what ended it
        raise fault if isinstance(fault, BaseException) else RuntimeError(f"the {broken.get_name()} ended")
    finally:
        # The gateway stays connected: while jobs are made safe, people are told that the bot restarts.
        told.cancel()
        for task in needed:
            if task.get_name() != "gateway":
                task.cancel()
        _forget_gateway(needed)


def _forget_gateway(needed: set[asyncio.Task[Any]]) -> None:
    """Take note of how the gateway ends once the client is closed, so that nobody misses it."""
    for task in needed:
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
