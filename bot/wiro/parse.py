"""Models out of Wiro's rows: tolerant of unknown and missing fields, strict about what names a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.wiro.errors import MalformedAnswer, NoTask
from bot.wiro.models import (
    InputOption,
    InputSpec,
    OutputFile,
    Price,
    RunAnswer,
    StoredFile,
    Task,
    TaskPage,
    TaskProgress,
    ToolPage,
)
from bot.wiro.wire import (
    Envelope,
    duration_s,
    flag,
    instant,
    integer,
    mapping,
    nano_usd,
    number,
    objects,
    sequence,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PROGRESS_KEYS = frozenset({"percentage", "stepCurrent", "stepTotal", "progressGenerate"})


def run_answer(envelope: Envelope) -> RunAnswer:
    """What Run made; raises `MalformedAnswer` when it names no task."""
    task_id = text(envelope.get("taskid")).strip()
    if not task_id:
        raise MalformedAnswer("Run was answered without a taskid")
    return RunAnswer(task_id=task_id, socket_token=text(envelope.get("socketaccesstoken")).strip())


def tasks(envelope: Envelope) -> tuple[Task, ...] | None:
    """The rows of `tasklist` that name a task; None when there is no list at all."""
    rows = envelope.get("tasklist")
    if rows is None:
        return None
    return tuple(task(row) for row in objects(rows) if text(row.get("id")).strip())


def the_task(envelope: Envelope) -> Task:
    """The one row of Task/Detail.

    Raises:
        NoTask: The list is empty.
        MalformedAnswer: There is no list, which says nothing about the task.
    """
    rows = tasks(envelope)
    if rows is None:
        raise MalformedAnswer("Task/Detail was answered without a tasklist")
    if not rows:
        raise NoTask("Wiro answered with an empty tasklist")
    return rows[0]


def maybe_task(envelope: Envelope) -> Task | None:
    """The row of Cancel or Kill, when there is one."""
    return next(iter(tasks(envelope) or ()), None)


def task_page(envelope: Envelope) -> TaskPage:
    """A page of Task/List; raises `MalformedAnswer` when there is no list."""
    rows = tasks(envelope)
    if rows is None:
        raise MalformedAnswer("Task/List was answered without a tasklist")
    return TaskPage(tasks=rows, total=integer(envelope.get("total")))


def task(row: Mapping[str, Any]) -> Task:
    """One row of a tasklist."""
    return Task(
        id=text(row.get("id")).strip(),
        token=text(row.get("socketaccesstoken")).strip(),
        status=text(row.get("status")).strip(),
        pexit=integer(row.get("pexit")),
        outputs=outputs(row.get("outputs")) or outputs(row.get("output")),
        parameters=mapping(row.get("parameters")),
        cost_nano_usd=nano_usd(row.get("totalcost")),
        create_time=instant(row.get("createtime")),
        start_time=instant(row.get("starttime")),
        end_time=instant(row.get("postprocessendtime")) or instant(row.get("endtime")),
        elapsed_s=number(row.get("elapsedseconds")),
        debug_error=text(row.get("debugerror")),
        callback_url=text(row.get("callbackurl")),
        raw=row,
    )


def outputs(value: Any) -> tuple[OutputFile, ...]:
    """The entries that have an address, whether `value` is a list, a single entry, or either as JSON text."""
    single = mapping(value)
    return tuple(
        OutputFile(
            url=url,
            name=text(entry.get("name")).strip() or url.rsplit("/", 1)[-1].split("?", 1)[0],
            content_type=text(entry.get("contenttype")).strip().lower(),
            size_bytes=integer(entry.get("size")),
        )
        for entry in ([single] if single else objects(value))
        if (url := text(entry.get("url")).strip())
    )


def progress(message: Any) -> TaskProgress | None:
    """The progress in an event's `message`, an object or JSON text; None when it is something else."""
    told = mapping(message)
    if not (_PROGRESS_KEYS & told.keys() or told.get("type") == "progressGenerate"):
        return None
    percent = integer(told.get("percentage"))
    return TaskProgress(
        percent=None if percent is None else min(100, max(0, percent)),
        step=_not_negative(told.get("stepCurrent")),
        steps=_not_negative(told.get("stepTotal")),
        task=text(told.get("task")),
        speed=number(told.get("speed")),
        speed_unit=text(told.get("speedType")),
        elapsed_s=duration_s(told.get("elapsedTime")),
        remaining_s=duration_s(told.get("remainingTime")),
    )


def message_text(message: Any) -> str:
    """The text in an event's `message`: itself, or the `raw` of an object; "" when there is none."""
    told = mapping(message)
    return text(told.get("raw")) if told else text(message)


def tool_page(envelope: Envelope) -> ToolPage:
    """A tool's page; raises `MalformedAnswer` when there is none."""
    rows = objects(envelope.get("tool")) or [mapping(envelope.get("tool"))]
    row = rows[0]
    if not row:
        raise MalformedAnswer("Tool/Detail was answered without a tool")
    return ToolPage(
        slug_owner=text(row.get("cleanslugowner")) or text(row.get("slugowner")),
        slug_project=text(row.get("cleanslugproject")) or text(row.get("slugproject")),
        title=text(row.get("title")),
        inputs=_inputs(row.get("parameters")),
        prices=_prices(row.get("dynamicprice")),
        cps_nano_usd=nano_usd(row.get("cps")),
        approximate_cost_nano_usd=nano_usd(row.get("approximatelycost")),
        computing_time_s=duration_s(row.get("computingtime")),
        raw=row,
    )


def stored_file(envelope: Envelope) -> StoredFile:
    """The first entry of `list`; raises `MalformedAnswer` when there is none with an id."""
    for row in objects(envelope.get("list")):
        if file_id := text(row.get("id")).strip():
            return StoredFile(
                id=file_id,
                name=text(row.get("name")),
                folder_id=text(row.get("parentid")),
                content_type=text(row.get("contenttype")),
                size_bytes=integer(row.get("size")),
                url=text(row.get("url")).strip(),
            )
    raise MalformedAnswer("the answer names no file or folder")


def _not_negative(value: Any) -> int | None:
    count = integer(value)
    return count if count is not None and count >= 0 else None


def _inputs(parameters: Any) -> tuple[InputSpec, ...]:
    """The items of all groups; items outside a group are taken too."""
    items: list[dict[str, Any]] = []
    for group in objects(parameters):
        items.extend(objects(group["items"]) if "items" in group else [group])
    return tuple(_input(item) for item in items if text(item.get("id")))


def _input(item: Mapping[str, Any]) -> InputSpec:
    return InputSpec(
        id=text(item.get("id")),
        type=text(item.get("type")),
        label=text(item.get("label")),
        default=text(item.get("default", item.get("value"))),
        required=flag(item.get("required")),
        minimum=number(item.get("min", item.get("minvalue"))),
        maximum=number(item.get("max", item.get("maxvalue"))),
        step=number(item.get("step", item.get("incrementby"))),
        options=_options(sequence(item.get("options"))),
    )


def _options(entries: Iterable[Any]) -> tuple[InputOption, ...]:
    found: dict[str, InputOption] = {}
    for entry in entries:
        row = entry if isinstance(entry, dict) else {"value": entry}
        value = text(row.get("value"))
        found.setdefault(
            value,
            InputOption(
                value=value,
                label=text(row.get("label")) or value,
                about=text(row.get("description")),
                trigger_words=tuple(filter(None, map(text, sequence(row.get("triggerwords"))))),
            ),
        )
    return tuple(found.values())


def _prices(dynamic_price: Any) -> tuple[Price, ...]:
    return tuple(
        Price(
            method=text(rule.get("priceMethod")),
            price_nano_usd=price,
            extra_nano_usd=nano_usd(rule.get("priceExtra")),
            input_nano_usd=nano_usd(rule.get("priceInput")),
            inputs={key: text(value) for key, value in mapping(rule.get("inputs")).items()},
        )
        for rule in objects(dynamic_price)
        if (price := nano_usd(rule.get("price"))) is not None
    )
