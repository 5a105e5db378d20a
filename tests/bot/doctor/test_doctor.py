"""The doctor in the sandbox, and before services that are wrong in every way it should notice."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.doctor.at_discord import PERMISSIONS, about_application
from bot.doctor.examination import examine
from bot.doctor.findings import Finding, State
from bot.doctor.here import clock_skew, data_folder
from bot.settings import Settings
from bot.store import migrate
from bot.store.database import Database
from bot.web import Metrics, OperatorPort
from sandbox.server import Sandbox
from tests.support.project import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Patient:
    """Settings that may be spoilt, and what the doctor says about them."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.values: dict[str, Any] = {
            **{name.lower(): value for name, value in environment.items()},
            "data_dir": folder / "data",
            "http_port": free_port(),
        }
        self.clock: Any = SystemClock()

    @property
    def settings(self) -> Settings:
        return Settings(**self.values)

    async def findings(self) -> dict[str, Finding]:
        found: list[Finding] = []
        await examine(self.settings, self.clock, found.append)
        assert len({finding.name for finding in found}) == len(found)
        return {finding.name: finding for finding in found}

    async def wrong(self) -> dict[str, Finding]:
        return {name: found for name, found in (await self.findings()).items() if found.state is State.WRONG}

    def migrate(self) -> None:
        migrate.upgrade(self.settings.database_url, SystemClock())


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Patient]:
    async with Sandbox() as sandbox:
        yield Patient(tmp_path, sandbox.bot_environment())


@asynccontextmanager
async def a_server(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_all_is_well_in_the_sandbox(patient: Patient) -> None:
    patient.migrate()
    found = await patient.findings()
    assert [finding.line() for finding in found.values() if finding.state is State.WRONG] == []
    assert list(found) == [
        "Discord token",
        "Discord application",
        "Discord intents",
        "Discord invitation",
        "Discord gateway",
        "Wiro key",
        "Wiro socket",
        "Clock",
        "Database",
        "Migrations",
        "Database writes",
        "Ledgers",
        "Log channels",
        "Data folder",
        "Operator's port",
        "PUBLIC_URL",
    ]


async def test_invitation_has_the_scopes_and_the_permission_number(patient: Patient) -> None:
    invitation = (await patient.findings())["Discord invitation"].says
    assert invitation.startswith("https://discord.com/oauth2/authorize?client_id=")
    assert "scope=bot+applications.commands" in invitation
    assert invitation.endswith("permissions=343597501440")


def test_permission_number_is_the_sum_of_the_permissions_that_the_bot_needs() -> None:
    import discord

    needed = discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        create_private_threads=True,
        embed_links=True,
        attach_files=True,
        read_message_history=True,
    )
    assert needed.value == PERMISSIONS


async def test_wrong_token_is_found_and_nothing_else_is_asked_of_discord(patient: Patient) -> None:
    patient.values["discord_token"] = "MTE5OTk5OTk5OTk5OTk5OTk5OQ.GabcDE.wrong"
    found = await patient.findings()
    assert found["Discord token"].state is State.WRONG
    assert "Reset Token" in found["Discord token"].mend
    assert "Discord application" not in found


@pytest.mark.parametrize(
    ("name", "value"), [("wiro_api_key", "another-key"), ("wiro_api_secret", "another-secret")]
)
async def test_wrong_key_or_secret_of_wiro_is_found(patient: Patient, name: str, value: str) -> None:
    patient.values[name] = value
    wrong = await patient.wrong()
    assert list(wrong) == ["Wiro key"]
    assert "WIRO_API_SECRET" in wrong["Wiro key"].mend


async def test_services_that_are_not_there_are_a_line_each(patient: Patient) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    patient.values |= {
        "discord_api_url": f"http://{nobody}",
        "wiro_api_url": f"http://{nobody}",
        "wiro_socket_url": f"ws://{nobody}",
    }
    wrong = await patient.wrong()
    assert list(wrong) == ["Discord", "Wiro key", "Wiro socket"]
    assert all(finding.mend for finding in wrong.values())


async def test_address_where_a_web_page_is_and_no_api_names_its_setting(patient: Patient) -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<h1>Welcome</h1>", content_type="text/html")

    async with a_server(page) as url:
        patient.values |= {"discord_api_url": url, "wiro_api_url": url}
        wrong = await patient.wrong()
    assert list(wrong) == ["Discord token", "Wiro key"]
    assert "DISCORD_API_URL" in wrong["Discord token"].mend
    assert "WIRO_API_URL" in wrong["Wiro key"].mend


async def test_address_that_nothing_has_names_its_setting(patient: Patient) -> None:
    async def nothing(_request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async with a_server(nothing) as url:
        patient.values |= {"discord_api_url": url, "wiro_api_url": url}
        wrong = await patient.wrong()
    assert "DISCORD_API_URL" in wrong["Discord token"].mend
    assert "WIRO_API_URL" in wrong["Wiro key"].mend


async def test_gateway_that_is_something_else_is_found(patient: Patient) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="a web page")

    async with a_server(answer) as url:
        patient.values["discord_gateway_url"] = url.replace("http", "ws")
        assert list(await patient.wrong()) == ["Discord gateway"]


async def test_service_that_never_answers_is_given_up_in_time(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("bot.doctor.examination.STEP_TIMEOUT_S", 0.3)
    async with a_server(hang) as url:
        patient.values["discord_api_url"] = url
        wrong = await patient.wrong()
    assert list(wrong) == ["Discord"]
    assert "no answer within" in wrong["Discord"].says


async def test_socket_turned_off_is_a_note(patient: Patient) -> None:
    patient.values["wiro_socket_url"] = ""
    assert (await patient.findings())["Wiro socket"].state is State.NOTE


def test_application_that_gets_its_commands_elsewhere_is_wrong() -> None:
    application = {"id": "1", "name": "Atelier", "interactions_endpoint_url": "https://x.org"}
    wrong = [finding.name for finding in about_application(application) if finding.state is State.WRONG]
    assert wrong == ["Discord interactions"]
    with_grant = {"id": "1", "name": "Atelier", "bot_require_code_grant": True}
    wrong = [finding.name for finding in about_application(with_grant) if finding.state is State.WRONG]
    assert wrong == ["Discord invitation"]


@pytest.mark.parametrize(
    ("skews", "state"),
    [
        ({"Discord": 1.0, "Wiro": -1.0}, State.GOOD),
        ({"Discord": 0.0, "Wiro": -12.0}, State.NOTE),
        ({"Discord": 300.0, "Wiro": None}, State.WRONG),
        ({"Discord": None, "Wiro": None}, State.NOTE),
    ],
)
def test_clock_is_compared_with_every_service(skews: dict[str, float | None], state: State) -> None:
    assert clock_skew(skews).state is state


def test_skew_says_which_way_the_clock_is_wrong() -> None:
    assert clock_skew({"Discord": 300.0}).says == "it is 300 s behind Discord"
    assert clock_skew({"Discord": -300.0}).says == "it is 300 s ahead of Discord"


async def test_skew_is_read_from_the_answers(patient: Patient) -> None:
    class Slow(SystemClock):
        def now(self) -> Any:
            return super().now() - timedelta(hours=1)

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            {"id": "1"}, headers={"Date": format_datetime(SystemClock().now(), usegmt=True)}
        )

    patient.clock = Slow()
    async with a_server(answer) as url:
        patient.values["discord_api_url"] = url
        found = await patient.findings()
    assert found["Clock"].state is State.WRONG
    assert "behind" in found["Clock"].says


async def test_database_that_is_not_there_yet_is_a_note_and_is_not_made(patient: Patient) -> None:
    found = await patient.findings()
    assert found["Database"].state is State.NOTE
    assert not (patient.folder / "data" / "atelier.db").exists()


async def test_place_where_no_database_can_be_made_is_wrong(patient: Patient) -> None:
    (patient.folder / "file").touch()
    patient.values["database_url"] = f"sqlite:///{(patient.folder / 'file' / 'atelier.db').as_posix()}"
    wrong = await patient.wrong()
    assert list(wrong) == ["Database"]
    assert "cannot be made" in wrong["Database"].says


@pytest.mark.skipif(os.name == "nt", reason="looks at POSIX permissions")
async def test_folder_that_the_check_makes_is_its_owners_alone(patient: Patient) -> None:
    await patient.findings()
    assert (patient.folder / "data").stat().st_mode & 0o077 == 0


async def test_database_that_is_locked_for_writing_is_wrong(patient: Patient) -> None:
    import sqlite3

    patient.migrate()
    holder = sqlite3.connect(patient.folder / "data" / "atelier.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        wrong = await patient.wrong()
    finally:
        holder.close()
    assert list(wrong) == ["Database writes"], [finding.line() for finding in wrong.values()]


async def test_trial_leaves_nothing_in_the_database(patient: Patient) -> None:
    patient.migrate()
    await patient.findings()
    async with Database.open(patient.settings.database_url, clock=SystemClock()) as db:
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'atelier_doctor'"
        assert await db.read(lambda conn: conn.exec_driver_sql(query).scalar_one()) == 0


async def test_database_of_a_later_version_is_wrong(patient: Patient) -> None:
    import sqlite3

    patient.migrate()
    file = sqlite3.connect(patient.folder / "data" / "atelier.db")
    file.execute("UPDATE alembic_version SET version_num = '9999'")
    file.commit()
    file.close()
    wrong = await patient.wrong()
    assert list(wrong) == ["Migrations"]
    assert "9999" in wrong["Migrations"].says


async def test_server_of_the_database_that_is_not_there_is_wrong(patient: Patient) -> None:
    patient.values["database_url"] = f"postgresql://atelier:hunter2@127.0.0.1:{free_port()}/atelier"
    wrong = await patient.wrong()
    assert list(wrong) == ["Database"]
    assert "hunter2" not in wrong["Database"].line()


@pytest.mark.postgres
async def test_postgresql_is_examined_too(patient: Patient, postgres_database: str) -> None:
    patient.values["database_url"] = postgres_database
    found = await patient.findings()
    assert found["Migrations"].state is State.NOTE
    await asyncio.to_thread(patient.migrate)
    found = await patient.findings()
    assert [found[name].state for name in ("Database", "Migrations", "Database writes", "Ledgers")] == [
        State.GOOD
    ] * 4


def test_folder_that_cannot_be_made_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(discord_token="token", wiro_api_key="wiro-key", data_dir=tmp_path / "file" / "data")
    assert data_folder(settings).state is State.WRONG


async def test_port_that_another_program_has_is_wrong_and_one_of_atelier_is_not(patient: Patient) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response()

    async def hear(_token: str) -> None:
        pass

    async with a_server(answer) as url:
        patient.values["http_port"] = url.rpartition(":")[2]
        wrong = await patient.wrong()
    assert list(wrong) == ["Operator's port"]
    running = OperatorPort("127.0.0.1", 0, clock=SystemClock(), metrics=Metrics(), probes={}, on_hint=hear)
    async with running:
        patient.values["http_port"] = running.port
        assert "is running" in (await patient.findings())["Operator's port"].says


async def test_public_address_is_tried_with_a_callback_of_its_own(patient: Patient) -> None:
    async def somebody_else(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    patient.values["public_url"] = f"http://127.0.0.1:{patient.values['http_port']}"
    assert (await patient.findings())["PUBLIC_URL"].state is State.GOOD
    async with a_server(somebody_else) as url:
        patient.values["public_url"] = url
        assert list(await patient.wrong()) == ["PUBLIC_URL"]
    assert list(await patient.wrong()) == ["PUBLIC_URL"]  # nobody answers there any more


async def run_doctor(patient: Patient, *arguments: str, **variables: str) -> tuple[int, str, str]:
    environment = {name.upper(): str(value) for name, value in patient.values.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "doctor", *arguments),
        cwd=patient.folder,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_command_prints_a_line_each_and_exits_with_0(patient: Patient) -> None:
    code, out, err = await run_doctor(patient)
    assert (code, err) == (0, "")
    *lines, blank, verdict = out.splitlines()
    assert {line[0] for line in lines} == {"✓", "·"}
    assert (blank, verdict) == ("", "The bot can run.")


async def test_command_for_machines_exits_with_1_when_something_is_wrong(patient: Patient) -> None:
    code, out, err = await run_doctor(patient, "--json", WIRO_API_KEY="another-key")
    assert (code, err) == (1, "")
    assert not [secret for secret in (*patient.settings.secrets, "another-key") if secret in out]
    report = json.loads(out)
    assert report["ok"] is False
    assert [check["name"] for check in report["checks"] if check["state"] == "wrong"] == ["Wiro key"]


async def test_command_names_every_wrong_setting_and_exits_with_1(patient: Patient) -> None:
    code, out, _ = await run_doctor(patient, DISCORD_TOKEN="", HTTP_PORT="x")
    assert code == 1
    assert "✗ DISCORD_TOKEN: is not set." in out
    assert '✗ HTTP_PORT: is "x".' in out
