"""The calls of Wiro's API, one method each."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bot.wiro import parse
from bot.wiro.bodies import json_body, multipart_body
from bot.wiro.downloads import Downloader
from bot.wiro.errors import InvalidInput, NoTask
from bot.wiro.retry import Repeater, RetryPolicy
from bot.wiro.signing import Signer
from bot.wiro.transport import Calls, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    import aiohttp

    from bot.clock import Clock
    from bot.wiro.models import Download, FilePart, RunAnswer, StoredFile, Task, TaskPage, ToolPage
    from bot.wiro.transport import OnCall
    from bot.wiro.wire import Envelope

T = TypeVar("T")

UNNAMED = "a task is named by its id or its token"

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FOLDER = re.compile(r"[A-Za-z0-9_-]+")


class WiroClient:
    """A client of one Wiro project.

    Every call ends within `timeout_s`, whatever happens. Calls that may be repeated are, by `retry`; `run`
    and `upload` never are. Whatever Wiro or the network do is raised as a `WiroError`, and as nothing else.

    Args:
        session: Carries the requests; stays the caller's, who closes it. Give it no default headers.
        api_url: Such as "https://api.wiro.ai/v1".
        api_key: The project's key.
        api_secret: Its secret; None for a project that needs none, which then is sent the key alone.
        clock: Time.
        timeout_s: For a whole call, with all its attempts and the waits between them.
        on_call: Told of each attempt.
        retry: When and how often calls are repeated.
        rng: Spreads the waits.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        api_key: str,
        api_secret: str | None,
        clock: Clock,
        timeout_s: float = 30.0,
        on_call: OnCall | None = None,
        retry: RetryPolicy | None = None,
        rng: random.Random | None = None,
    ) -> None:
        calls = Calls(clock, on_call)
        repeater = Repeater(retry or RetryPolicy(), clock, rng or random.Random())  # noqa: S311 - jitter
        self._transport = Transport(
            session,
            api_url=api_url,
            signer=Signer(api_key, api_secret, clock),
            clock=clock,
            timeout_s=timeout_s,
            repeater=repeater,
            calls=calls,
        )
        self._downloader = Downloader(session, clock=clock, repeater=repeater, calls=calls)

    @property
    def clock_skew_s(self) -> float | None:
        """Seconds that Wiro's clock is ahead of ours, to about a second; None before the first answer."""
        return self._transport.clock_skew_s

    def server_time(self) -> datetime | None:
        """The time now by Wiro's clock, to about a second; None before the first answer."""
        return self._transport.server_time()

    async def run(
        self,
        owner_slug: str,
        project_slug: str,
        inputs: Mapping[str, Any],
        *,
        files: Sequence[FilePart] = (),
        callback_url: str | None = None,
    ) -> RunAnswer:
        """Start a task, which costs money; sent once and never again by itself.

        A caller that is cancelled while it waits knows as little as after `AnswerLost`.

        Args:
            owner_slug: The tool's `cleanslugowner`.
            project_slug: The tool's `cleanslugproject`.
            inputs: All inputs that the tool declares, "" for unused ones; some tools refuse a missing one.
            files: Files for file inputs; with any the request is multipart, else JSON.
            callback_url: Where Wiro shall post when the task ends.

        Raises:
            AnswerLost: A task may or may not exist: look for it before running again.
            NotSent: Surely no task: the request never left.
            WiroError: Surely no task: Wiro refused, see the tree in `bot.wiro.errors`.
        """
        fields = dict(inputs) if callback_url is None else {**inputs, "callbackUrl": callback_url}
        body = await multipart_body(fields, files) if files else json_body(fields)
        path = f"Run/{_slug(owner_slug)}/{_slug(project_slug)}"
        return await self._transport.post_once(path, body, parse.run_answer, name="Run")

    async def detail(self, *, task_id: str | None = None, token: str | None = None) -> Task:
        """The task as it is now, by either of its names (the id when both are given).

        Raises:
            NoTask: There is none, or not yet.
            WiroError: The call failed.
        """
        if not (task_id or token):
            raise ValueError(UNNAMED)
        fields = {"taskid": task_id} if task_id else {"tasktoken": token}
        return await self._post("Task/Detail", fields, parse.the_task)

    async def tasks(self, *, start: int = 0, limit: int = 50, model_name: str | None = None) -> TaskPage:
        """A page of the project's tasks, the newest first."""
        fields = {"type": "model", "sort": "id", "order": "DESC", "start": str(start), "limit": str(limit)}
        if model_name is not None:
            fields["modelName"] = model_name
        return await self._post("Task/List", fields, parse.task_page)

    async def cancel(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        """Take a task out of Wiro's queue; returns it as Wiro answered, None when it answered without it.

        Only Detail tells how the task ended.

        Raises:
            NotCancellable: It is not in the queue any more.
            NoTask: There is no such task.
            WiroError: The call failed.
        """
        names = {"taskid": task_id, "tasktoken": token, "socketaccesstoken": token}
        return await self._stop("Task/Cancel", names)

    async def kill(self, *, task_id: str | None = None, token: str | None = None) -> Task | None:
        """Stop a task that has been assigned; returns it as Wiro answered, None when it answered without it.

        Only Detail tells how the task ended.

        Raises:
            NotCancellable: It does not run yet, or no more.
            NoTask: There is no such task.
            WiroError: The call failed.
        """
        names = {"socketaccesstoken": token, "taskid": task_id, "tasktoken": token}
        return await self._stop("Task/Kill", names)

    async def delete_files(self, token: str) -> None:
        """Delete the input and output files of an ended task, also on the CDN; harmless when repeated.

        Raises:
            NotEnded: The task still runs.
            NoTask: There is no such task.
            WiroError: The call failed.
        """
        await self._post("Task/InputOutputDelete", {"tasktoken": token}, _nothing)

    async def tool(self, owner: str, project: str) -> ToolPage:
        """The page of a tool: its inputs with ranges and options, and its prices."""
        fields = {"slugowner": owner, "slugproject": project}
        return await self._post("Tool/Detail", fields, parse.tool_page)

    async def create_folder(self, name: str) -> StoredFile:
        """Make a folder; the name is of letters, digits, `-` and `_`."""
        if not _FOLDER.fullmatch(name):
            raise InvalidInput("a folder's name is of letters, digits, - and _", parameter="name")
        return await self._post("File/FolderCreate", {"name": name}, parse.stored_file)

    async def upload(self, file: FilePart, folder_id: str | None = None) -> StoredFile:
        """Store a file (100 MB at most, by Wiro's rule); sent once, the caller may repeat it.

        Raises:
            NotSent: It never left.
            AnswerLost: It may be stored or not.
            WiroError: Wiro refused it.
        """
        fields = {} if folder_id is None else {"folderid": folder_id}
        body = await multipart_body(fields, [replace(file, field="file")], with_addresses=False)
        return await self._transport.post_once("File/Upload", body, parse.stored_file, name="File/Upload")

    async def check(self) -> None:
        """Make a signed call that changes nothing; raises what is wrong with key, signature or network."""
        await self.tasks(limit=1)

    async def download(
        self, url: str, *, max_bytes: int, content_types: Collection[str], timeout_s: float = 60.0
    ) -> Download:
        """Fetch an output, without any of our keys.

        Args:
            url: Of an `OutputFile`.
            max_bytes: Cap; not one byte more is kept.
            content_types: What it may be ("image/png"), by its header and by its first bytes.
            timeout_s: For the whole call.

        Raises:
            OutputGone: It is not there (any more).
            OutputTooLarge: It is over the cap.
            OutputWrongType: It is something else.
            ServiceUnavailable, RateLimited: It could not be fetched now, or not whole.
        """
        return await self._downloader.fetch(
            url, max_bytes=max_bytes, content_types=content_types, timeout_s=timeout_s
        )

    async def _post(self, path: str, fields: Mapping[str, Any], read: Callable[[Envelope], T]) -> T:
        return await self._transport.post(path, partial(json_body, fields), read)

    async def _stop(self, path: str, names: Mapping[str, str | None]) -> Task | None:
        """Name the task by the first of `names`; when Wiro does not know it so, once more by all the others.

        Which name Cancel and Kill want is told differently by Wiro's documentation and by its SDKs.
        """
        known = {key: name for key, name in names.items() if name}
        if not known:
            raise ValueError(UNNAMED)
        first = next(iter(known))
        others = {key: name for key, name in known.items() if key != first}
        try:
            return await self._post(path, {first: known[first]}, parse.maybe_task)
        except (NoTask, InvalidInput):
            if not others:
                raise
            return await self._post(path, others, parse.maybe_task)


def _slug(part: str) -> str:
    """A part of a tool's address; anything that could lead elsewhere is refused here."""
    if not _SLUG.fullmatch(part):
        raise InvalidInput("a tool's slug is of letters, digits, dots, - and _")
    return part


def _nothing(_: Envelope) -> None:
    """Read an answer whose arrival says all."""
