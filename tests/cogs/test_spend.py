"""`/mod spend`."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from bot.model import JobState
from bot.quota.windows import day_window
from bot.store import ledger
from tests.support.stand import until, words

if TYPE_CHECKING:
    from bot.model import Job
    from sandbox.discord.actions import Interaction
    from tests.support.stand import Stand


async def spend(stand: Stand, who: str = "ines", channel: str = "portraits", **options: Any) -> Interaction:
    used = await stand.sandbox.discord.command(who, channel, "mod spend", options)
    await until(lambda: used.original is not None and bool(used.original.components))
    return used


def shown(stand: Stand, used: Interaction) -> dict[str, Any]:
    assert used.original is not None
    message = stand.sandbox.discord.views.message(used.original)
    assert message["flags"] & 64, "the answer is public"
    return message


async def paid(stand: Stand, job: Job, cost_nano_usd: int) -> None:
    done = replace(job, state=JobState.DONE, cost_nano_usd=cost_nano_usd)
    now = stand.services.clock.now()
    await stand.db.write(lambda conn: ledger.settle(conn, done, images_made=1, task_existed=True, now=now))


async def test_moderators_see_what_was_spent_as_words_as_a_chart_and_as_a_file(stand: Stand) -> None:
    await paid(stand, await stand.portrait("mira"), 30_000_000)
    await paid(stand, await stand.portrait("tomas"), 12_500_000)
    await stand.portrait("tomas")
    used = await spend(stand)
    message, assert_day = shown(stand, used), day_window(stand.services.clock.now())
    said = words(message)
    assert "Spent in this server: the last 7 days" in said
    assert "**$0.0425** for 3 tasks · $" in said
    assert "is set aside for those that have not ended" in said
    mira, tomas = (stand.sandbox.discord.person(name).id for name in ("mira", "tomas"))
    assert f"<@{mira}>: $0.03\n<@{tomas}>: $0.0125" in said
    assert used.original is not None
    files = {each.filename: each.data for each in used.original.files}
    assert sorted(files) == ["spending.csv", "spending.png"]
    assert f"{assert_day},{mira},portraitplus,1,0.03,0" in files["spending.csv"].decode()
    Image.open(io.BytesIO(files["spending.png"])).verify()
    container = message["components"][0]["components"]
    [gallery] = [each for each in container if each["type"] == 12]
    described = gallery["items"][0]["description"]
    assert f"{assert_day}: $0.0425" in described
    assert described.endswith(": $0.0425.")


async def test_another_servers_money_is_not_shown(stand: Stand) -> None:
    await paid(stand, await stand.portrait("mira"), 30_000_000)
    used = await spend(stand, "juno", "general", period="today")
    said = words(shown(stand, used))
    assert "Spent in this server: today" in said
    assert "Nothing was spent." in said
    assert used.original is not None
    assert not used.original.files


async def test_money_that_is_only_set_aside_has_a_file_and_no_chart(stand: Stand) -> None:
    await stand.portrait("mira")
    used = await spend(stand, period="month")
    assert "**$0.00** for 1 task ·" in words(shown(stand, used))
    assert used.original is not None
    assert [each.filename for each in used.original.files] == ["spending.csv"]
