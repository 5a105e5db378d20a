from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.model import Job, JobState
from bot.web import Metrics
from bot.web.trace import discord_trace, route_of
from tests.support.clock import START

if TYPE_CHECKING:
    from bot.jobs.ports import Observer

JOB = Job(
    code="4F7K",
    interaction_id=1111,
    guild_id=2222,
    channel_id=3333,
    user_id=4444,
    tool="portraitplus",
    inputs={"prompt": "a secret cat"},
    images=1,
    hook_token="hook",
    id=1,
    state=JobState.RUNNING,
    state_at=START,
    created_at=START,
)


def lines(metrics: Metrics) -> list[str]:
    return metrics.exposition().decode().splitlines()


def test_metrics_are_an_observer_of_jobs() -> None:
    metrics = Metrics()
    observer: Observer = metrics
    observer.state_changed(JOB, None, 0)
    observer.state_changed(JOB, JobState.SUBMITTING, 0.3)
    observer.delivered(JOB, 0.07)
    observer.delivered(JOB, -0.02)
    observer.refused("image")
    shown = lines(metrics)
    assert 'atelier_job_states_entered_total{state="running"} 2.0' in shown
    assert 'atelier_job_state_seconds_sum{state="submitting"} 0.3' in shown
    assert "atelier_delivery_lag_seconds_sum 0.07" in shown
    assert "atelier_delivery_lag_seconds_count 2.0" in shown
    assert 'atelier_refusals_total{unit="image"} 1.0' in shown


def test_pause_of_the_line_is_shown_with_its_reason_until_it_moves() -> None:
    metrics = Metrics()
    metrics.line_paused("auth")
    assert 'atelier_line_paused{why="auth"} 1.0' in lines(metrics)
    metrics.line_paused(None)
    assert not [line for line in lines(metrics) if line.startswith("atelier_line_paused{")]


def test_socket_is_asked_at_every_scrape() -> None:
    metrics, connected = Metrics(), [True]
    metrics.watch_socket(lambda: connected[0])
    assert "atelier_wiro_socket_connected 1.0" in lines(metrics)
    connected[0] = False
    assert "atelier_wiro_socket_connected 0.0" in lines(metrics)


def test_two_processes_worth_of_metrics_live_side_by_side() -> None:
    first, second = Metrics(), Metrics()
    first.refused("image")
    assert 'atelier_refusals_total{unit="image"} 1.0' not in lines(second)


def test_nothing_of_a_member_is_shown() -> None:
    metrics = Metrics()
    metrics.state_changed(JOB, JobState.WAITING, 1)
    text = metrics.exposition().decode()
    assert not [
        part for part in ("4F7K", "1111", "2222", "3333", "4444", "cat", "hook_token") if part in text
    ]


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/api/v10/users/@me", "GET /users/@me"),
        ("POST", "/api/v10/channels/123/messages", "POST /channels/{id}/messages"),
        ("PATCH", "/api/v10/channels/123/messages/456", "PATCH /channels/{id}/messages/{id}"),
        (
            "PATCH",
            "/api/v10/webhooks/1/aW50Zb-2_x/messages/@original",
            "PATCH /webhooks/{id}/{token}/messages/@original",
        ),
        ("POST", "/api/v10/webhooks/1/word", "POST /webhooks/{id}/{token}"),
        ("POST", "/api/v10/interactions/1/tok.en/callback", "POST /interactions/{id}/{token}/callback"),
        ("PUT", "/api/v10/applications/1/guilds/2/commands", "PUT /applications/{id}/guilds/{id}/commands"),
        ("GET", "/api/v10/oauth2/applications/@me", "GET /oauth2/applications/@me"),
        ("GET", "/api/v10/invites/AbCdEf", "GET /invites/{other}"),
        ("GET", "/attachments/1/2/a.png", "GET (not the API)"),
        ("GET", "/sandbox/api/v10/gateway", "GET /gateway"),
    ],
)
def test_route_names_neither_ids_nor_tokens(method: str, path: str, route: str) -> None:
    assert route_of(method, path) == route


async def test_requests_to_discord_are_counted_by_route_and_result() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=429)

    metrics = Metrics()
    app = web.Application()
    app.router.add_get("/api/v10/users/@me", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10/users/@me"
    async with aiohttp.ClientSession(trace_configs=[discord_trace(metrics, SystemClock())]) as session:
        async with session.get(url):
            pass
        await runner.cleanup()
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(url)
    shown = lines(metrics)
    assert 'atelier_discord_calls_total{result="429",route="GET /users/@me"} 1.0' in shown
    assert 'atelier_discord_calls_total{result="ClientConnectorError",route="GET /users/@me"} 1.0' in shown
    assert 'atelier_discord_call_seconds_count{route="GET /users/@me"} 2.0' in shown
