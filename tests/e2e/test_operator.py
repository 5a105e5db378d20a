"""The operator's port beside a living bot: health, figures, and Wiro's hook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from bot.model import JobState
from tests.support.house import House, open_house, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot that Wiro may call back, and that has no socket."""
    async with open_house(
        tmp_path_factory.mktemp("operator"),
        PUBLIC_URL="http://127.0.0.1:{port}",
        WIRO_SOCKET_URL="",
        LOG_FORMAT="json",
    ) as opened:
        opened.wiro.variety = 4  # painting is not what is tested here
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


async def hook(house: House, token: str, **request: object) -> tuple[int, str]:
    """What Wiro's hook answers to a POST."""
    url = f"http://127.0.0.1:{house.bot.port}/hooks/wiro/{token}"
    async with aiohttp.ClientSession() as session, session.post(url, **request) as answer:  # type: ignore[arg-type]
        return answer.status, await answer.text()


async def readyz_says(house: House, status: int) -> str:
    """Wait until `/readyz` answers with that status; its text."""

    async def there() -> str | None:
        found, text = await house.get("/readyz")
        return text if found == status else None

    text: str = await until(there, f"/readyz says {status}")
    return text


@pytest.mark.parametrize("shape", ["", "callback_form", "callback_bare", "callback_twice"])
async def test_wiros_callback_delivers_at_once_without_a_socket_and_with_one_detail(
    house: House, shape: str
) -> None:
    if shape:
        house.wiro.apply({"fault": shape})
    interaction = await house.portrait()
    task = (await until(house.tasks, "the task is at Wiro"))[0]
    assert task.callback_url.startswith(f"http://127.0.0.1:{house.bot.port}/hooks/wiro/")
    await until(lambda: task.is_ended, "Wiro is done")
    looks = house.wiro.requests.counts["Task/Detail"]
    await house.images(interaction, 1)
    assert house.wiro.requests.counts["Task/Detail"] - looks <= 2
    assert house.wiro.connections == 0
    assert await house.metric('atelier_hook_calls_total{result="taken"}') >= 1


async def test_a_callback_that_never_comes_costs_a_look_and_no_result(house: House) -> None:
    house.wiro.apply({"fault": "callback_never"})
    interaction = await house.portrait()
    await house.images(interaction, 1)


async def test_whoever_calls_the_hook_learns_nothing(house: House) -> None:
    interaction = await house.portrait()
    await house.images(interaction, 1)
    await house.reaches(interaction, JobState.DONE)
    token = house.tasks()[0].callback_url.rpartition("/")[2]
    known = await hook(house, token, json={"result": True})
    unknown = await hook(house, "x" * len(token), data=b"\x00 nonsense")
    assert known == unknown
    assert known[0] == 200
    assert (await hook(house, "x", json={}))[0] == 404
    assert (await hook(house, "y" * 32, data=b"x" * 70_000))[0] == 413


async def test_a_lying_callback_ends_nothing(house: House) -> None:
    house.wiro.paused = True
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.RUNNING)
    task = house.tasks()[0]
    token = task.callback_url.rpartition("/")[2]
    lie = task.row(0.0) | {"status": "task_postprocess_end", "pexit": "0"}
    looks = house.wiro.requests.counts["Task/Detail"]
    assert (await hook(house, token, json={"tasklist": [lie]}))[0] == 200
    await until(lambda: house.wiro.requests.counts["Task/Detail"] > looks, "the bot looks for itself")
    await house.reaches(interaction, JobState.RUNNING)
    house.wiro.paused = False
    await house.images(interaction, 1)


async def test_readiness_follows_the_gateway(house: House) -> None:
    house.inspector.expects_traceback = True  # discord.py's own, of each attempt to come back
    assert (await house.get("/healthz"))[0] == 200
    status, text = await house.get("/readyz")
    assert (status, json.loads(text)["parts"]) == (200, {"discord": True, "database": True})

    house.discord.faults.start_outage()

    text = await readyz_says(house, 503)
    assert json.loads(text) == {"ready": False, "parts": {"discord": False, "database": True}}
    assert (await house.get("/healthz"))[0] == 200
    house.discord.faults.end_outage()
    await readyz_says(house, 200)


async def test_the_figures_tell_of_jobs_calls_lag_and_the_loop(house: House) -> None:
    done = await house.metric('atelier_job_states_entered_total{state="done"}')
    house.wiro.paused = True
    interaction = await house.portrait()
    await house.reaches(interaction, JobState.RUNNING)
    assert await house.metric('atelier_jobs{state="running"}') == 1
    house.wiro.paused = False
    await house.images(interaction, 1)
    await house.reaches(interaction, JobState.DONE)
    assert await house.metric('atelier_jobs{state="running"}') == 0
    assert await house.metric('atelier_job_states_entered_total{state="done"}') == done + 1
    assert await house.metric("atelier_delivery_lag_seconds_count") > 0
    assert await house.metric('atelier_job_state_seconds_count{state="running"}') > 0
    assert await house.metric("atelier_event_loop_lag_seconds_count") > 0
    _, text = await house.get("/metrics")
    wiro = {line.split("{")[1] for line in text.splitlines() if line.startswith("atelier_wiro_calls_total{")}
    assert any('result="ok",route="Run"' in line for line in wiro), wiro
    discord = [line for line in text.splitlines() if line.startswith("atelier_discord_calls_total{")]
    assert any("callback" in line for line in discord), discord
    assert "lighthouse" not in text
    assert str(house.discord.people["mira"].id) not in text


async def test_every_line_of_a_json_log_is_json_and_names_its_job(house: House) -> None:
    interaction = await house.portrait()
    await house.images(interaction, 1)
    job = await house.reaches(interaction, JobState.DONE)
    lines = [json.loads(line) for line in house.bot.log().splitlines()]
    about = [line for line in lines if line.get("job") == job.code]
    assert {"accepted", "job moved"} <= {line["event"] for line in about}
