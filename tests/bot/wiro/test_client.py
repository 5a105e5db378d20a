from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from bot.wiro import (
    AuthError,
    ConcurrencyLimit,
    FilePart,
    InvalidInput,
    MalformedAnswer,
    NoTask,
    NotCancellable,
    NotEnded,
    RateLimited,
    RetryPolicy,
    RunAnswer,
    ServiceUnavailable,
    WiroClient,
    WiroError,
)
from bot.wiro.signing import signature
from tests.bot.wiro.conftest import KEY, SECRET, Calls
from tests.bot.wiro.fake import FakeWiro, row

if TYPE_CHECKING:
    from aiohttp.test_utils import TestServer

    from tests.support.clock import ManualClock


async def test_run_posts_the_inputs_as_json_with_signed_headers(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(errors=[], taskid="2221", socketaccesstoken="tok", result=True)
    inputs = {"prompt": "portrait+ style ö", "samples": 4, "scale": "7.5", "selectedModel": "", "flag": True}

    answer = await client.run("wavymulder", "portraitplus", inputs)

    assert answer == RunAnswer(task_id="2221", socket_token="tok")
    [seen] = wiro.seen
    assert seen.path == "v1/Run/wavymulder/portraitplus"
    assert seen.json == inputs
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["x-signature"] == signature(KEY, SECRET, seen.headers["x-nonce"])


async def test_a_callback_address_is_sent_only_when_there_is_one(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(taskid="1", result=True)
    wiro.answer(taskid="2", result=True)

    await client.run("a", "b", {"p": ""})
    await client.run("a", "b", {"p": ""}, callback_url="https://bot.example/hook/x")

    assert [seen.json for seen in wiro.seen] == [
        {"p": ""},
        {"p": "", "callbackUrl": "https://bot.example/hook/x"},
    ]


async def test_run_with_a_file_is_multipart_with_the_file_and_its_empty_address(
    client: WiroClient, wiro: FakeWiro
) -> None:
    parts: dict[str, tuple[str, str | None]] = {}

    async def handler(request: web.Request) -> web.Response:
        async for part in await multipart(request):
            assert isinstance(part, aiohttp.BodyPartReader)
            assert part.name is not None
            parts[part.name] = (await part.text(), part.filename)
        return web.json_response({"result": True, "taskid": "1", "socketaccesstoken": "t"})

    wiro.answers.append(handler)
    inputs = {
        "prompt": "ö",
        "steps": 30,
        "centerCrop": True,
        "none": None,
        "image": "",
        "other": "",
        "otherUrl": "u",
    }

    await client.run("a", "b", inputs, files=[FilePart(field="image", filename="a.png", data=b"PNG")])

    assert parts == {
        "prompt": ("ö", None),
        "steps": ("30", None),
        "centerCrop": ("true", None),
        "none": ("", None),
        "image": ("PNG", "a.png"),
        "imageUrl": ("", None),
        "other": ("", None),
        "otherUrl": ("u", None),
    }
    assert wiro.seen[0].headers["Content-Type"].startswith("multipart/form-data; boundary=")


async def multipart(request: web.Request) -> aiohttp.MultipartReader:
    """The parts of a request whose body the fake has read already."""
    stream = aiohttp.StreamReader(request.protocol, 2**16, loop=asyncio.get_running_loop())
    stream.feed_data(await request.read())
    stream.feed_eof()
    return aiohttp.MultipartReader(request.headers, stream)


@pytest.mark.parametrize("slug", ["", "../x", "a/b", "a b", "ä", ".x", "a?b"])
async def test_a_slug_that_could_lead_elsewhere_is_refused_here(
    client: WiroClient, wiro: FakeWiro, slug: str
) -> None:
    with pytest.raises(InvalidInput):
        await client.run("wiro", slug, {})

    assert wiro.seen == []


async def test_detail_returns_the_task_by_its_id_or_its_token(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(total="1", errors=[], tasklist=[row()], result=True)
    wiro.answer(result="true", data={"data": {"tasklist": [row(status="task_queue", pexit="")]}})

    ended, queued = await client.detail(task_id="2221", token="x"), await client.detail(token="tok")

    assert [seen.json for seen in wiro.seen] == [{"taskid": "2221"}, {"tasktoken": "tok"}]
    assert (ended.id, ended.succeeded, ended.cost_nano_usd) == ("2221", True, 3_510_000)
    assert (queued.status, queued.pexit, queued.is_terminal) == ("task_queue", None, False)


@pytest.mark.parametrize("answer", [{"result": True, "tasklist": []}])
async def test_an_empty_tasklist_is_no_task(client: WiroClient, wiro: FakeWiro, answer: Any) -> None:
    wiro.answer(answer)

    with pytest.raises(NoTask):
        await client.detail(task_id="1")


@pytest.mark.parametrize("body", ["", "{}", '{"result":true}', "<html>", "[]", '"x"', "nul", "[" * 5000])
async def test_an_answer_without_the_task_is_malformed_after_three_tries(
    client: WiroClient, wiro: FakeWiro, body: Any
) -> None:
    wiro.answers.extend(web.Response(text=body) for _ in range(3))

    with pytest.raises(MalformedAnswer):
        await client.detail(task_id="1")

    assert len(wiro.seen) == 3


async def test_a_page_of_tasks_is_asked_for_in_wiros_words(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(total="7", tasklist=[row(id=3), row(id="2"), {"status": "no id"}, "odd"], result=True)
    wiro.answer(total=0, tasklist=[], result=True)

    page = await client.tasks(start=10, limit=20, model_name="portraitplus")
    empty = await client.tasks()

    assert [task.id for task in page.tasks] == ["3", "2"]
    assert (page.total, empty.tasks, empty.total) == (7, (), 0)
    listing = {"type": "model", "sort": "id", "order": "DESC"}
    assert [seen.json for seen in wiro.seen] == [
        {**listing, "start": "10", "limit": "20", "modelName": "portraitplus"},
        {**listing, "start": "0", "limit": "50"},
    ]


BOTH = {"task_id": "1", "token": "t"}


@pytest.mark.parametrize(
    ("call", "names", "sent"),
    [
        ("cancel", BOTH, [{"taskid": "1"}, {"tasktoken": "t", "socketaccesstoken": "t"}]),
        ("cancel", {"token": "t"}, [{"tasktoken": "t"}, {"socketaccesstoken": "t"}]),
        ("cancel", {"task_id": "1"}, [{"taskid": "1"}]),
        ("kill", BOTH, [{"socketaccesstoken": "t"}, {"taskid": "1", "tasktoken": "t"}]),
        ("kill", {"token": "t"}, [{"socketaccesstoken": "t"}, {"tasktoken": "t"}]),
        ("kill", {"task_id": "1"}, [{"taskid": "1"}]),
    ],
)
@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [(0, "taskid or socketaccesstoken is required", InvalidInput), (1, "There is no task yet.", NoTask)],
)
async def test_cancel_and_kill_are_repeated_once_with_the_other_names(
    client: WiroClient,
    wiro: FakeWiro,
    *,
    call: str,
    names: dict[str, str],
    sent: list[dict[str, str]],
    code: int | None,
    words: str,
    kind: type[WiroError],
) -> None:
    for _ in sent:
        wiro.refuse(code, words)

    with pytest.raises(kind):
        await getattr(client, call)(**names)

    assert [seen.json for seen in wiro.seen] == sent


async def test_cancel_returns_the_task_when_the_second_name_was_the_right_one(
    client: WiroClient, wiro: FakeWiro
) -> None:
    wiro.refuse(0, "taskid or socketaccesstoken is required")
    wiro.answer(errors=[], tasklist=[row(status="task_cancel", pexit="0")], result=True)

    task = await client.cancel(task_id="2221", token="tok")

    assert task is not None
    assert task.was_cancelled
    assert not task.succeeded


async def test_kill_without_a_row_in_the_answer_is_still_done(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(result=True, errors=[])

    assert await client.kill(token="t") is None


async def test_a_refused_cancel_is_not_tried_under_other_names(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.refuse(1, "Task is not in a cancellable state.")

    with pytest.raises(NotCancellable):
        await client.cancel(**BOTH)

    assert len(wiro.seen) == 1


@pytest.mark.parametrize("call", ["detail", "cancel", "kill"])
async def test_a_task_needs_a_name(client: WiroClient, call: str) -> None:
    with pytest.raises(ValueError, match="id or its token"):
        await getattr(client, call)()


async def test_files_of_a_task_are_deleted_by_its_token(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(result=True, errors=[])
    wiro.refuse(None, "Task must be completed or cancelled before deleting files")

    await client.delete_files("tok")
    with pytest.raises(NotEnded):
        await client.delete_files("tok")

    assert wiro.seen[0].path == "v1/Task/InputOutputDelete"
    assert wiro.seen[0].json == {"tasktoken": "tok"}


async def test_a_folder_is_made_and_a_file_put_into_it(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(result=True, list=[{"id": "f1", "name": "mira-2", "parentid": "0", "size": "0"}])
    entry = {
        "id": "u1",
        "name": "a.png",
        "contenttype": "image/png",
        "size": "3",
        "parentid": "f1",
        "url": "https://x/a",
    }
    wiro.answer(result=True, list=[entry])

    folder = await client.create_folder("mira-2")
    file = await client.upload(FilePart(field="", filename="a.png", data=b"PNG"), folder.id)

    assert (folder.id, folder.name) == ("f1", "mira-2")
    assert (file.id, file.folder_id, file.size_bytes, file.url) == ("u1", "f1", 3, "https://x/a")
    assert [seen.path for seen in wiro.seen] == ["v1/File/FolderCreate", "v1/File/Upload"]
    assert b'name="file"; filename="a.png"' in wiro.seen[1].raw
    assert b'name="folderid"' in wiro.seen[1].raw
    assert b"fileUrl" not in wiro.seen[1].raw


@pytest.mark.parametrize("name", ["", "a b", "ä", "a/b"])
async def test_a_folder_name_that_wiro_forbids_is_refused_here(
    client: WiroClient, wiro: FakeWiro, name: str
) -> None:
    with pytest.raises(InvalidInput):
        await client.create_folder(name)

    assert wiro.seen == []


async def test_a_large_upload_does_not_warn_and_arrives_whole(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(result=True, list=[{"id": "u1"}])
    data = random.Random(1).randbytes(3 * 1024 * 1024)

    await client.upload(FilePart(field="", filename="big.zip", data=data))

    assert data in wiro.seen[0].raw


async def test_check_is_a_listing_of_one(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(result=True, tasklist=[])
    wiro.refuse(0, "Project authorization is not valid.", status=401)

    await client.check()
    with pytest.raises(AuthError):
        await client.check()

    assert wiro.seen[0].json["limit"] == "1"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_repeatable_call_survives_two_failures_each_time_freshly_signed(
    client: WiroClient, wiro: FakeWiro, calls: Calls, status: int
) -> None:
    wiro.answers.extend(web.Response(status=status, text="<html>") for _ in range(2))
    wiro.answer(result=True, tasklist=[row()])

    assert (await client.detail(task_id="2221")).id == "2221"

    nonces = [seen.headers["x-nonce"] for seen in wiro.seen]
    assert len(set(nonces)) == 3
    assert [seen.headers["x-signature"] for seen in wiro.seen] == [
        signature(KEY, SECRET, nonce) for nonce in nonces
    ]
    failure = "RateLimited" if status == 429 else "ServiceUnavailable"
    assert calls == [("Task/Detail", failure)] * 2 + [("Task/Detail", "ok")]


async def test_the_third_failure_is_the_callers(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answers.extend(web.Response(status=status) for status in (500, 502, 503))

    with pytest.raises(ServiceUnavailable) as caught:
        await client.detail(task_id="1")

    assert caught.value.status == 503


async def test_a_connection_that_breaks_is_tried_again(client: WiroClient, wiro: FakeWiro) -> None:
    async def reset(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    wiro.answers.append(reset)
    wiro.answer(result=True, tasklist=[row()])

    assert (await client.detail(task_id="2221")).id == "2221"


async def test_a_refusal_is_not_repeated(client: WiroClient, wiro: FakeWiro, calls: Calls) -> None:
    wiro.refuse(1, "There is no task yet.")

    with pytest.raises(NoTask):
        await client.detail(task_id="1")

    assert calls == [("Task/Detail", "NoTask")]


async def test_a_long_retry_after_is_handed_on_instead_of_waited_for(
    client: WiroClient, wiro: FakeWiro
) -> None:
    wiro.answers.append(web.Response(status=429, headers={"Retry-After": "3600"}))

    with pytest.raises(RateLimited) as caught:
        await client.detail(task_id="1")

    assert caught.value.retry_after_s == 3600
    assert len(wiro.seen) == 1


async def test_a_wait_that_would_pass_the_deadline_is_not_begun(
    server: TestServer, session: aiohttp.ClientSession, wiro: FakeWiro, clock: ManualClock
) -> None:
    client = WiroClient(
        session, api_url=str(server.make_url("/v1")), api_key=KEY, api_secret=None, clock=clock, timeout_s=5
    )
    wiro.answers.append(web.Response(status=503, headers={"Retry-After": "5"}))

    with pytest.raises(ServiceUnavailable):
        await client.detail(task_id="1")

    assert "x-signature" not in wiro.seen[0].headers


async def test_an_attempt_that_hangs_is_given_up_for_another(
    client: WiroClient, wiro: FakeWiro, clock: ManualClock
) -> None:
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    wiro.answers.append(hang)
    wiro.answer(result=True, tasklist=[row()])
    call = asyncio.create_task(client.detail(task_id="2221"))

    await clock.until(call.done)

    assert (await call).id == "2221"
    assert clock.monotonic_s() == RetryPolicy().attempt_timeout_s
    released.set()


async def test_a_call_ends_at_its_deadline_with_the_last_error(
    client: WiroClient, wiro: FakeWiro, clock: ManualClock
) -> None:
    released = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    wiro.answers.extend([hang, hang, hang])
    call = asyncio.create_task(client.detail(task_id="1"))

    await clock.until(call.done)

    with pytest.raises(ServiceUnavailable):
        await call
    assert clock.monotonic_s() == 30
    released.set()


async def test_wiros_clock_is_heard_from_the_date_header(
    client: WiroClient, wiro: FakeWiro, clock: ManualClock
) -> None:
    wiro.answers.append(
        web.json_response({"result": True, "tasklist": []}, headers={"Date": "Sat, 21 Nov 2026 12:01:40 GMT"})
    )

    await client.check()
    heard = client.server_time()
    await clock.advance(60)

    assert heard == datetime(2026, 11, 21, 12, 1, 40, 500_000, tzinfo=UTC)
    assert client.clock_skew_s == 100.5
    assert client.server_time() == heard + timedelta(seconds=60)


async def test_wiros_clock_is_unknown_before_the_first_answer(client: WiroClient) -> None:
    assert client.server_time() is None
    assert client.clock_skew_s is None


async def test_a_redirect_is_not_followed_with_the_keys(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answers.append(web.Response(status=307, headers={"Location": "/elsewhere"}))

    with pytest.raises(ServiceUnavailable):
        await client.detail(task_id="1")

    assert len(wiro.seen) == 1


async def test_an_answer_that_is_too_large_is_malformed(
    client: WiroClient, wiro: FakeWiro, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.wiro.transport.ANSWER_BYTES", 1000)
    wiro.answers.extend(web.Response(body=b" " * 1001) for _ in range(3))

    with pytest.raises(MalformedAnswer, match="1000 bytes"):
        await client.detail(task_id="1")


async def test_a_secret_that_wiro_repeats_is_concealed(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.refuse(0, f"Project authorization is not valid: {KEY} {SECRET}", status=401)

    with pytest.raises(AuthError) as caught:
        await client.check()

    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "authorization" in caught.value.message


async def test_a_closed_session_is_an_unavailable_service(
    client: WiroClient, session: aiohttp.ClientSession
) -> None:
    await session.close()

    with pytest.raises(ServiceUnavailable):
        await client.detail(task_id="1")


async def test_a_tools_page_is_read(client: WiroClient, wiro: FakeWiro) -> None:
    prices = [{"inputs": {}, "price": 0.02, "priceMethod": "cpo", "priceExtra": "0.01"}, {"price": "free"}]
    items = [
        {"id": "scheduler", "type": "select", "label": "scheduler", "default": "Euler", "required": "true"}
        | {"options": [{"label": "E", "value": "Euler"}, {"label": "D", "value": "DDIM"}]}
        | {
            "options": [{"label": "E", "value": "Euler"}, {"value": "DDIM"}, {"label": "E", "value": "Euler"}]
        },
        {"id": "steps", "type": "number", "default": 30, "min": "1", "max": 150, "step": 1},
        {"type": "label without an id"},
    ]
    page = {
        "cleanslugowner": "wavymulder",
        "cleanslugproject": "portraitplus",
        "title": "Portrait+",
        "cps": "0.000585000000",
        "approximatelycost": "0.0035",
        "computingtime": "10 seconds",
        "dynamicprice": json.dumps(prices),
        "parameters": [{"title": "", "items": items}],
    }
    wiro.answer(result=True, total=1, tool=[page])

    tool = await client.tool("wavymulder", "portraitplus")

    assert wiro.seen[0].json == {"slugowner": "wavymulder", "slugproject": "portraitplus"}
    assert (tool.slug_owner, tool.slug_project, tool.title) == ("wavymulder", "portraitplus", "Portrait+")
    assert (tool.cps_nano_usd, tool.approximate_cost_nano_usd, tool.computing_time_s) == (
        585_000,
        3_500_000,
        10,
    )
    [price] = tool.prices
    assert (price.method, price.price_nano_usd, price.extra_nano_usd) == ("cpo", 20_000_000, 10_000_000)
    scheduler, steps = tool.inputs
    assert [(option.value, option.label) for option in scheduler.options] == [
        ("Euler", "E"),
        ("DDIM", "DDIM"),
    ]
    assert (scheduler.required, scheduler.default, steps.default) == (True, "Euler", "30")
    assert (steps.minimum, steps.maximum, steps.step) == (1, 150, 1)


async def test_a_tools_page_without_parameters_is_read_too(client: WiroClient, wiro: FakeWiro) -> None:
    wiro.answer(result=True, tool=[{"title": "x", "parameters": None, "dynamicprice": None}])

    tool = await client.tool("a", "b")

    assert (tool.inputs, tool.prices, tool.cps_nano_usd) == ((), (), None)


async def test_calls_are_told_of_with_their_error(client: WiroClient, wiro: FakeWiro, calls: Calls) -> None:
    wiro.refuse(96, "limit ... up to 3 tasks at the same time")

    with pytest.raises(ConcurrencyLimit) as caught:
        await client.run("a", "b", {})

    assert caught.value.limit == 3
    assert isinstance(caught.value, WiroError)
    assert calls == [("Run", "ConcurrencyLimit")]
