"""The side panel: Wiro's tasks, its speed, faults, and the bot's process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import browser_tests, expect

if TYPE_CHECKING:
    from tests.sandbox.page.conftest import Ground
    from tests.support.browser import Tab

pytestmark = browser_tests()


class FakeProcess:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.state = "running"
        self.log = ["first line", "ready"]
        self.told: list[str] = []

    async def start(self) -> None:
        self.told.append("start")
        self.state = "running"

    async def stop(self) -> None:
        self.told.append("stop")
        self.state = "stopped"

    async def kill(self) -> None:
        self.told.append("kill")
        self.state = "stopped"

    async def restart(self) -> None:
        self.told.append("restart")


async def test_panel_is_opened_closed_and_leaves_the_focus_where_it_was(tab: Tab) -> None:
    await tab.open_workbench()
    await tab.workbench.get_by_role("button", name="Close the workbench").click()
    await expect(tab.workbench).to_have_count(0)
    await expect(tab.page.get_by_role("button", name="Workbench", exact=True)).to_be_focused()


async def test_wiros_tasks_show_their_progress_and_end(tab: Tab, ground: Ground) -> None:
    ground.wiro.base_url = ground.url
    ground.wiro.speed = 0
    task = ground.wiro.run_elsewhere({"prompt": "a fox in snow", "samples": "1"})
    await tab.open_workbench()
    listed = tab.workbench.get_by_role("listitem")
    await expect(listed).to_contain_text(["a fox in snow"])
    await expect(listed).to_contain_text(["task_queue"])
    await expect(listed.get_by_role("progressbar", name=f"Progress of task {task.id}")).to_be_visible()
    ground.wiro.speed = 1000
    await expect(listed).to_contain_text(["task_postprocess_end"])
    await expect(listed.get_by_role("progressbar")).to_have_count(0)


async def test_speed_is_set_and_shown(tab: Tab, ground: Ground) -> None:
    await tab.pull("20×")
    await expect(tab.workbench.get_by_role("button", name="20×")).to_have_attribute("aria-pressed", "true")
    assert ground.wiro.speed == 20


async def test_wiro_fault_is_armed_and_taken_back(tab: Tab, ground: Ground) -> None:
    await tab.pull("Fail the next task")
    lever = tab.workbench.get_by_role("button", name="Fail the next task")
    await expect(lever).to_have_attribute("aria-pressed", "true")
    assert ground.wiro.faults.peek("fail_task")
    await lever.click()
    await expect(lever).to_have_attribute("aria-pressed", "false")
    assert not ground.wiro.faults.peek("fail_task")


async def test_discord_fails_on_demand_until_all_is_well_again(tab: Tab, ground: Ground) -> None:
    await tab.pull("Discord answers the next request with 503")
    await tab.pull("Discord is down")
    await expect(tab.workbench.get_by_role("button", name="Discord is down")).to_contain_text("on")
    await expect(tab.workbench).to_contain_text("edit_*: status ×1")
    assert ground.discord.faults.applied == [{"fault": "status_503"}, {"fault": "outage_start"}]
    await tab.pull("Make all well again")
    await expect(tab.workbench.get_by_role("button", name="Make all well again")).to_be_disabled()
    assert not ground.discord.faults.outage


async def test_bots_process_is_shown_and_told(tab: Tab, ground: Ground) -> None:
    process = FakeProcess()
    ground.page.workbench.bot = process
    await tab.open_workbench()
    await expect(tab.workbench).to_contain_text("Connected • process running")
    await tab.workbench.get_by_text("Last lines of its log").click()
    await expect(tab.workbench).to_contain_text("first line\nready", use_inner_text=True)
    await tab.pull("Restart the bot")
    await tab.pull("Kill the bot")
    await expect(tab.workbench).to_contain_text("process stopped")
    await tab.pull("Start the bot")
    await expect(tab.workbench).to_contain_text("process running")
    assert process.told == ["restart", "kill", "start"]


async def test_bot_that_was_started_elsewhere_has_no_levers(tab: Tab, ground: Ground) -> None:
    ground.discord.gateway.connected = False
    await tab.open_workbench()
    await expect(tab.workbench).to_contain_text("Not connected")
    await expect(tab.workbench.get_by_role("button", name="Restart the bot")).to_have_count(0)
