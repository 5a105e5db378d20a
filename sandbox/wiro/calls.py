"""What each call does: Run, the task calls, the tool calls, the file calls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.wiro import refusals
from sandbox.wiro.faults import Fault, Point
from sandbox.wiro.refusals import Refusal
from sandbox.wiro.tasks import CANCELLED, QUEUED, Task
from sandbox.wiro.tools import TOOLS, Tool, amended, find_tool
from sandbox.wiro.training import FOLDER, check_model_name

if TYPE_CHECKING:
    from sandbox.wiro.bodies import Body, SentFile
    from sandbox.wiro.training import PhotoRoom
    from sandbox.wiro.workers import Workers
    from sandbox.wiro.world import Upload, World

_FOLDER_NAME = re.compile(r"[A-Za-z0-9_-]+")
_NOT_IN_FILE_NAMES = re.compile(r"[/\\\r\n\0]")
_LONGEST_FILE_NAME = 255
_LARGEST_FILE_BYTES = 100 * 1024 * 1024
_PICTURES = frozenset({"jpg", "png", "gif", "jpeg", "webp", "heic"})
_FILMS_AND_SOUNDS = frozenset({"mp4", "webm", "mov", "mp3", "wav", "m4a"})
_WRITINGS = frozenset({"pdf", "csv", "docx", "xlsx", "pptx", "txt", "md", "epub"})
_FILE_TYPES = _PICTURES | _FILMS_AND_SOUNDS | _WRITINGS | {"zip"}
_MAX_PAGE = 100
_NOT_INPUTS = frozenset({"callbackUrl", "projectid"})

Answer = dict[str, Any]
Duration = Callable[[Mapping[str, Any], Random], float]


class Calls:
    """The calls, each from its body to its answer; a refused one raises `Refusal`."""

    def __init__(self, world: World, workers: Workers, photos: PhotoRoom, duration: Duration) -> None:
        self.duration = duration
        self._world = world
        self._workers = workers
        self._photos = photos
        self._by_path: dict[str, Callable[[Body], Answer]] = {
            "Task/Detail": self._detail,
            "Task/List": self._list,
            "Task/Cancel": self._cancel,
            "Task/Kill": self._kill,
            "Task/InputOutputDelete": self._delete_files,
            "Tool/List": self._tools,
            "Tool/Detail": self._tool,
            "Tool/Explore": self._explore,
            "File/FolderCreate": self._create_folder,
            "File/Upload": self._upload,
        }

    def find(self, path: str) -> Callable[[Body], Answer] | None:
        """The call at that path under the API's address; None when there is none."""
        parts = path.split("/")
        if len(parts) == 3 and parts[0] == "Run":
            return lambda body: self._run(parts[1], parts[2], body)
        return self._by_path.get(path)

    # Run.

    def _run(self, owner: str, project: str, body: Body) -> Answer:
        tool = find_tool(owner, project)
        if tool is None:
            raise refusals.no_such_tool()
        fields = {name: value for name, value in body.fields.items() if name not in _NOT_INPUTS}
        inputs = tool.check(fields)
        if tool.trains:
            check_model_name(body.text("trainModelName"), self._model_names())
            self._photos.check(inputs)
        self._check_own_models(inputs)
        self._world.account.check(tool, self._workers.active)
        traits = self._world.faults.take_all_at(
            Point.CREATED, tool=tool.slug, prompt=str(inputs.get("prompt", ""))
        )
        task = self.create(tool, inputs, callback_url=body.text("callbackUrl"), traits=traits)
        if "foreign_task" in traits:
            self.create(tool, {**inputs, "prompt": "a quiet harbour at dawn", "seed": "7"}, who="elsewhere")
        if "twin_task" in traits:
            self.create(tool, inputs, who="elsewhere")
        return {"errors": [], "taskid": task.id, "socketaccesstoken": task.token, "result": True}

    def create(
        self,
        tool: Tool,
        inputs: Mapping[str, Any],
        *,
        callback_url: str = "",
        who: str = "bot",
        traits: Mapping[str, Fault] | None = None,
    ) -> Task:
        """A task that has been queued."""
        traits = traits or {}
        given = traits.get("duration")
        duration_s = given["seconds"] if given else self.duration(inputs, self._world.rng)
        task = self._world.add_task(
            tool, inputs, duration_s=duration_s, callback_url=callback_url, who=who, traits=traits
        )
        self._workers.start(task)
        return task

    def _check_own_models(self, inputs: Mapping[str, Any]) -> None:
        """Raise a `Refusal` when an input names a model that no training of this account made."""
        own = {task.model_id for task in self._world.trained()}
        for name in ("selectedModelPrivate", "referenceModelPrivate"):
            if (wanted := str(inputs.get(name) or "")) and wanted not in own:
                raise refusals.invalid()

    def _model_names(self) -> list[str]:
        trainings = (task for task in self._world.tasks.values() if task.tool.trains)
        return [str(task.inputs["trainModelName"]) for task in trainings if task.pexit in {"", "0"}]

    # Tasks.

    def _named(self, body: Body) -> Task:
        """The task that a call names, by whichever of the three names."""
        names = (body.text("taskid"), body.text("tasktoken"), body.text("socketaccesstoken"))
        name = next(filter(None, names), None)
        if name is None:
            raise refusals.no_task_named()
        task = self._world.find_task(name)
        if task is None:
            raise refusals.no_task()
        return task

    def _row(self, task: Task) -> Answer:
        return task.row(self._world.now_s(), self._world.skew_s())

    def _detail(self, body: Body) -> Answer:
        return {"total": "1", "errors": [], "tasklist": [self._row(self._named(body))], "result": True}

    def _list(self, body: Body) -> Answer:
        now_s = self._world.now_s()
        faults = self._world.faults.take_all_at(Point.LIST)
        youngest_s = now_s - faults["list_late"]["seconds"] if "list_late" in faults else now_s
        wanted = body.text("modelName").lower()
        tasks = [
            task
            for task in reversed(self._world.tasks.values())
            if task.visible_from_s <= now_s
            and task.created_s <= youngest_s
            and wanted in task.tool.slug.lower()
        ]
        if body.text("order").upper() == "ASC":
            tasks.reverse()
        start, limit = body.whole("start", 0), body.whole("limit", 20)
        rows = [self._row(task) for task in tasks[start : start + min(limit, _MAX_PAGE)]]
        for row in rows:
            if "list_text" in faults:
                row["parameters"] = json.dumps(row["parameters"])
            if "list_bare" in faults:
                del row["parameters"]
        return {"total": str(len(tasks)), "errors": [], "tasklist": rows, "result": True}

    def _cancel(self, body: Body) -> Answer:
        task = self._named(body)
        if task.status != QUEUED:
            raise refusals.not_cancellable()
        return self._stop_task(task)

    def _kill(self, body: Body) -> Answer:
        task = self._named(body)
        if task.is_ended:
            raise refusals.not_killed("task is already completed")
        if not task.is_assigned:
            raise refusals.not_killed("task is not running")
        return self._stop_task(task)

    def _stop_task(self, task: Task) -> Answer:
        if "cancel_ignored" not in task.traits:
            self._workers.cancel(task)
        row = {**self._row(task), "status": CANCELLED}
        return {"errors": [], "tasklist": [row], "result": True}

    def _delete_files(self, body: Body) -> Answer:
        try:
            task = self._named(body)
        except Refusal:
            raise refusals.no_task_to_delete() from None
        if not task.is_ended:
            raise refusals.task_not_ended()
        task.files_deleted = True
        if task.tool.trains and (folder := str(task.inputs[FOLDER] or "")):
            self._world.forget_files(folder)
        if "model_goes_with_files" in task.traits:
            task.model_id = ""
        self._world.changed()
        return {"result": True, "errors": []}

    # Tools.

    def _tools(self, body: Body) -> Answer:
        search, owner = body.text("search").lower(), body.text("slugowner").lower()
        categories = body.fields.get("categories") or []
        found = [
            tool
            for tool in TOOLS
            if (search in f"{tool.slug} {tool.title} {tool.description}".lower())
            and (not owner or owner == tool.owner.lower())
            and set(categories) <= set(tool.categories)
        ]
        if body.text("order").upper() == "DESC":
            found.reverse()
        start, limit = body.whole("start", 0), min(body.whole("limit", 20), _MAX_PAGE)
        rows = [tool.row(full=False) for tool in found[start : start + limit]]
        return {"total": len(found), "errors": [], "tool": rows, "result": True}

    def _tool(self, body: Body) -> Answer:
        tool = find_tool(body.text("slugowner"), body.text("slugproject"))
        if tool is None:
            raise refusals.no_such_tool()
        full = body.text("summary").lower() not in {"true", "1"}
        row = tool.row(self._world.own_models(), full=full)
        row = amended(row, self._world.pages.get(tool.slug, {}))
        return {"total": "1", "errors": [], "tool": [row], "result": True}

    def _explore(self, _body: Body) -> Answer:
        tools = [tool.row(full=False) for tool in TOOLS]
        section = {"id": "1", "title": "Popular", "tools": tools, "total": len(tools)}
        return {"errors": [], "explore": [section], "result": True}

    # Files.

    def _create_folder(self, body: Body) -> Answer:
        name = body.text("name")
        if not name:
            raise refusals.missing("name")
        if not _FOLDER_NAME.fullmatch(name):
            raise refusals.invalid()
        parent = body.text("parentid", "0")
        if not self._world.is_folder(parent):
            raise refusals.invalid()
        folder = self._world.add_upload(name, "", parent, None)
        return {"errors": [], "list": [self._folder_row(folder)], "result": True}

    def _folder_row(self, folder: Upload) -> Answer:
        return {
            "id": folder.id,
            "name": folder.name,
            "parentid": folder.parent_id,
            "size": "0",
            "contenttype": "",
            "addedtime": str(int(folder.added_s + self._world.skew_s())),
        }

    def _upload(self, body: Body) -> Answer:
        sent = next((file for file in body.files if file.part == "file"), None)
        if sent is None:
            raise refusals.file_missing("file")
        folder = body.text("folderid", "0")
        if not self._world.is_folder(folder) or not _is_taken(sent):
            raise refusals.invalid()
        faults = self._world.faults.take_all_at(Point.UPLOAD, file=sent.name)
        if "upload_elsewhere" in faults:
            folder = "0"
        if "zip_is_folder" in faults and sent.name.lower().endswith(".zip"):
            made = self._world.add_upload(sent.name[: -len(".zip")], "", folder, None)
            self._world.add_upload(sent.name, sent.content_type, made.id, sent.data)
            return {"errors": [], "list": [self._folder_row(made)], "result": True}
        upload = self._world.add_upload(sent.name, sent.content_type, folder, sent.data)
        return {"errors": [], "list": [self._upload_row(upload)], "result": True}

    def _upload_row(self, upload: Upload) -> Answer:
        return {
            "id": upload.id,
            "name": upload.name,
            "contenttype": upload.content_type,
            "size": str(len(upload.data or b"")),
            "parentid": upload.parent_id,
            "url": self._world.file_url(upload.folder, upload.name),
            "addedtime": str(int(upload.added_s + self._world.skew_s())),
            "accesskey": upload.access_key,
        }


def _is_taken(file: SentFile) -> bool:
    """Whether Wiro stores such a file: a name without folders, a type of its list, no more than 100 MB."""
    proper = len(file.name) <= _LONGEST_FILE_NAME and not _NOT_IN_FILE_NAMES.search(file.name)
    stem, _, kind = file.name.rpartition(".")
    return proper and bool(stem) and kind.lower() in _FILE_TYPES and len(file.data) <= _LARGEST_FILE_BYTES
