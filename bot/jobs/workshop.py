"""The jobs' side of the process: put together, started, drained."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.jobs.acts import Acts
from bot.jobs.book import Book
from bot.jobs.carrier import Carrier
from bot.jobs.carriers import Carriers
from bot.jobs.closing import Closer
from bot.jobs.collect import Collector
from bot.jobs.delivery import Deliverer
from bot.jobs.desk import Desk
from bot.jobs.doubt import Doubter
from bot.jobs.downloads import Fetcher
from bot.jobs.finder import Finder
from bot.jobs.gatekeeper import Gatekeeper
from bot.jobs.handout import Handout
from bot.jobs.late import LateFinder
from bot.jobs.lease import LEASE_S, Lease
from bot.jobs.line import Line
from bot.jobs.means import Means
from bot.jobs.milestones import Milestones
from bot.jobs.past import Past
from bot.jobs.preparing import Preparer
from bot.jobs.purses import Purses
from bot.jobs.recovery import Recovery
from bot.jobs.submit import Submitter
from bot.jobs.sweep import Sweeper
from bot.jobs.tracker import Tracker
from bot.jobs.trained import ModelFinder
from bot.jobs.upload import Uploader
from bot.jobs.waiting_room import WaitingRoom
from bot.log import get_logger, reference_id
from bot.store import processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
    from typing import Any, Self

    from bot.clock import Clock
    from bot.jobs.milestones import Herald
    from bot.jobs.ports import Events, Observer, Stage, Wiro
    from bot.jobs.preparing import Places
    from bot.jobs.trained import Shelf
    from bot.jobs.upload import Storage
    from bot.quota.estimate import Price
    from bot.quota.rules import Instance
    from bot.store.database import Database
    from bot.store.photofiles import PhotoFiles
    from bot.store.results import ResultStore
    from bot.tools.catalogue import Tool
    from bot.training import UploadWay

log = get_logger(__name__)

DRAIN_S = 4.0
"""How long a stop waits for answers of Run: the whole process has 8 s."""

CLAIM_S = 1.0
"""How long it waits for a claim that is being written, whose jobs would be without a carrier."""

TAKE_OVER_EVERY_S = 10.0

TIDY_EVERY_S = 60.0
"""How often photos that are needed no more are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """What trainings need beyond what all jobs do."""

    places: Places
    herald: Herald
    storage: Storage
    shelf: Shelf
    files: PhotoFiles
    ways: Sequence[UploadWay]
    """The ways to bring photos to Wiro, in the order in which they are tried."""


class Workshop:
    """Everything that makes jobs move. Made by `open`.

    Attributes:
        desk: What commands ask.
        carriers: The jobs in hand.
        me: This process's id in the database.
    """

    def __init__(
        self,
        *,
        me: int,
        db: Database,
        clock: Clock,
        wiro: Wiro,
        events: Events | None,
        stage: Stage,
        results: ResultStore,
        catalogue: Mapping[str, Tool],
        observer: Observer,
        instance: Instance,
        max_concurrent: int | None = None,
        public_url: str | None = None,
        blocked_users: Collection[int] = (),
        price: Callable[[str], Price | None] = lambda _tool: None,
        trainings: TrainingParts | None = None,
    ) -> None:
        self.me = me
        self._db = db
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._claiming: asyncio.Task[None] | None = None
        self._drained = False
        self._fault: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._is_shared = db.dialect != "sqlite"
        self._lease = Lease(db, clock, me) if self._is_shared else None
        book = Book(db, clock, observer, me)
        means = Means(
            clock=clock,
            book=book,
            wiro=wiro,
            events=events,
            stage=stage,
            results=results,
            catalogue=catalogue,
            past=Past(db, clock, catalogue),
            finder=Finder(wiro, clock),
            observer=observer,
            public_url=public_url,
            blocked_users=blocked_users,
            models=ModelFinder(trainings.shelf, clock) if trainings else None,
            milestones=Milestones(book, clock, trainings.herald) if trainings else None,
        )
        fetcher = Fetcher(wiro)
        collector = Collector(means, fetcher)
        closer = Closer(means)
        carrier = Carrier(
            means,
            submitter=Submitter(means, Gatekeeper(book, clock, observer)),
            doubter=Doubter(means),
            tracker=Tracker(means, fetcher),
            deliverer=Deliverer(means, collector),
            closer=closer,
        )
        self.carriers = Carriers(means, carrier)
        self._line = Line(means, self.carriers, max_concurrent=max_concurrent)
        self._room = WaitingRoom(means, self.carriers, max_concurrent=max_concurrent)
        acts = Acts(
            means,
            line=self._line,
            room=self._room,
            carriers=self.carriers,
            closer=closer,
            spawn=self._spawn,
        )
        self._sweeper = Sweeper(means, acts, LateFinder(means), Purses(db, clock, instance))
        self._started_at = clock.now()
        self._recovery = Recovery(
            means,
            self.carriers,
            closer,
            LEASE_S if self._is_shared else None,
            self._line.carry_unheard,
        )
        self.desk = Desk(
            means,
            acts=acts,
            room=self._room,
            carriers=self.carriers,
            closer=closer,
            handout=Handout(means, fetcher),
            spawn=self._spawn,
            instance=instance,
            price=price,
        )

        self._preparer: Preparer | None = None
        if trainings is not None:
            self._preparer = Preparer(
                means,
                places=trainings.places,
                uploader=Uploader(means, trainings.storage, trainings.files, trainings.ways),
                files=trainings.files,
                closer=closer,
                ready=self._came_ready,
            )
            self.desk.when_training = self._preparer.wake

    @classmethod
    @asynccontextmanager
    async def open(cls, *, db: Database, clock: Clock, **parts: Any) -> AsyncIterator[Self]:
        """A running workshop, drained at the end of the block.

        `parts` are those of the constructor. Jobs that an earlier process left are taken over at once, so
        the stage must be able to write by then.
        """
        me = await db.write(lambda conn: processes.register(conn, clock.now()))
        workshop = cls(me=me, db=db, clock=clock, **parts)
        if workshop._preparer is not None and not workshop._is_shared:  # before anybody adds a photo
            await workshop._preparer.sweep_files()
        workshop.start()
        try:
            yield workshop
        finally:
            await workshop.drain()

    def start(self) -> None:
        """Take over what is unfinished, then move the line and do the chores."""
        self._need(self._recover())
        self._claiming = self._need(self._line.claim())
        self._need(self._room.tell())
        for every_s, chore in self._sweeper.chores:
            self._need(self._sweeper.repeat(every_s, chore))
        if self._preparer is not None:
            self._need(self._preparer.watch())
            self._need(self._sweeper.repeat(TIDY_EVERY_S, self._preparer.tidy))
        if self._lease is not None:
            self._need(self._lease.hold())
            self._need(self.carriers.watch())
            self._need(self._sweeper.repeat(TAKE_OVER_EVERY_S, self._recovery.take_over))

    def _came_ready(self) -> None:
        self._line.wake()
        self._room.stir()

    def holds_lease(self) -> bool:
        """Whether nobody can have taken this process's jobs over, as after a pause of the process."""
        return self._lease is None or self._lease.is_held

    async def until_fault(self) -> BaseException:
        """Return once a part of the workshop has died of a fault, which must end the process; else never."""
        return await asyncio.shield(self._fault)

    async def drain(self, within_s: float = DRAIN_S) -> None:
        """Take no new work, wait a moment for answers of Run, and stop; every job is safe in the database."""
        if self.desk.draining:
            return
        self.desk.draining = True
        log.info("draining", jobs=len(self.carriers))
        self._line.close()
        if self._claiming is not None:
            with suppress(TimeoutError):
                async with self._clock.timeout(CLAIM_S):
                    await asyncio.wait({self._claiming})
        self._drained = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.carriers.drain(within_s)
        now = self._clock.now()
        try:
            await self._db.write(lambda conn: processes.retire(conn, self.me, now))
        except StoreError as error:  # whoever comes next finds out by itself
            log.warning("the database was not told of the end", error=str(error))

    async def _recover(self) -> None:
        count = await self._recovery.take_over()
        if count:
            log.info("took over unfinished jobs", count=count)
        self._spawn(self._recovery.settle_cards())
        if not self._is_shared:  # nobody else may be waiting for a callback's answer
            self._spawn(self._sweeper.find_lost_cards(accepted_before=self._started_at))

    def _need(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a part of the workshop until it is drained; without it the process cannot go on."""
        task = self._spawn(coroutine)
        task.add_done_callback(self._fail)
        return task

    def _fail(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._fault.done():
            self._fault.set_result(error)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run an errand in the background, until the workshop is drained at the latest."""
        task = asyncio.create_task(coroutine)
        if self._drained:  # by a command that was answered meanwhile; the next start does it
            task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a background task died", exc_info=error, reference=reference_id())
