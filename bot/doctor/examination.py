"""The doctor's round: all services at once, a line each in a fixed order, every step bounded in time."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import aiohttp

from bot.clock import SystemClock
from bot.doctor import here
from bot.doctor.at_discord import DiscordExamination
from bot.doctor.at_wiro import WiroExamination
from bot.doctor.findings import Finding, State, good, wrong
from bot.errors import SettingsError
from bot.log import configure
from bot.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.clock import Clock
    from bot.settings import Settings

STEP_TIMEOUT_S = 10.0


async def doctor(*, as_json: bool) -> int:
    """Examine, print what was found, and return 0 when the bot can run, else 1."""
    redactor = configure("CRITICAL")
    found: list[Finding] = []

    def say(finding: Finding) -> None:
        found.append(finding)
        if not as_json:
            sys.stdout.write(redactor.text(finding.line()) + "\n")
            sys.stdout.flush()

    try:
        settings = load_settings()
    except SettingsError as error:
        for problem in error.problems:
            name, _, says = problem.partition(" ")
            say(wrong(name, says, "Set it in .env or in the environment."))
    else:
        for secret in settings.secrets:
            redactor.add(secret)
        say(good("Settings", "every one is readable"))
        await examine(settings, SystemClock(), say)
    healthy = not any(finding.state is State.WRONG for finding in found)
    if as_json:
        report = {"ok": healthy, "checks": [finding.json() for finding in found]}
        sys.stdout.write(redactor.text(json.dumps(report, indent=2, ensure_ascii=False)) + "\n")
    else:
        sys.stdout.write(
            "\nThe bot can run.\n" if healthy else "\nThe bot cannot run yet: mend what has a ✗.\n"
        )
    return 0 if healthy else 1


async def examine(settings: Settings, clock: Clock, say: Callable[[Finding], None]) -> None:
    """Look at every service at once and say what was found, in a fixed order."""
    async with aiohttp.ClientSession() as session:
        discord = DiscordExamination(session, settings, clock)
        wiro = WiroExamination(session, settings, clock)
        rounds = [
            asyncio.create_task(_bounded(name, findings, clock, mend))
            for name, findings, mend in (
                ("Discord", discord.findings(), "Look at DISCORD_API_URL, the network and the firewall."),
                ("Wiro", wiro.findings(), "Look at WIRO_API_URL, the network and the firewall."),
                ("Database", here.database(settings, clock), "Look at DATABASE_URL."),
                ("Operator's port", here.operators_port(session, settings, clock), "Look at PUBLIC_URL."),
            )
        ]
        folder = asyncio.create_task(asyncio.to_thread(here.data_folder, settings))
        at_discord, at_wiro, database, port = [await step for step in rounds]
        for finding in (*at_discord, *at_wiro):
            say(finding)
        say(here.clock_skew({"Discord": discord.clock_skew_s, "Wiro": wiro.clock_skew_s}))
        for finding in (*database, await folder, *port):
            say(finding)


async def _bounded(name: str, findings: AsyncIterator[Finding], clock: Clock, mend: str) -> list[Finding]:
    """What a round found in its time, and that it was cut short where it was."""
    found: list[Finding] = []
    try:
        async with clock.timeout(STEP_TIMEOUT_S):
            async for finding in findings:
                found.append(finding)  # noqa: PERF401 -- what was found stays found when the time is up
    except TimeoutError:
        found.append(wrong(name, f"no answer within {STEP_TIMEOUT_S:.0f} s", mend))
    except aiohttp.ClientError as error:
        found.append(wrong(name, f"it cannot be reached ({type(error).__name__})", mend))
    except Exception as error:  # noqa: BLE001 -- a border: one step that fails does not end the round
        found.append(wrong(name, f"the check itself failed ({type(error).__name__}: {error})", mend))
    return found
