"""`/settings` over the real client: who may, what a click stores, what the audit says, and undoing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from bot.store.policies import GuildPolicy
    from sandbox.discord.actions import Answer
    from tests.support.stand import Stand


async def opened(stand: Stand, page: str = "", who: str = "oskar") -> int:
    """The id of the panel's message, turned to that page."""
    answer = await stand.use(who, "settings")
    assert answer.message is not None, answer
    assert answer.message["flags"] & 64, "the panel is public"
    message_id = int(answer.message["id"])
    if page:
        await pick(stand, message_id, "at:settings:-", page, who=who)
    return message_id


async def pick(stand: Stand, message_id: int, control: str, *values: str, who: str = "oskar") -> Answer:
    """What a control answered; the panel in it is drawn in place."""
    click = stand.sandbox.discord.click(who, message_id, control, **({"values": values} if values else {}))
    answer = await (await click).answered()
    assert answer.kind == "update", answer
    return answer


def shown(answer: Answer) -> str:
    assert answer.message is not None
    return words(answer.message)


async def policy(stand: Stand, guild: str = "harbour") -> GuildPolicy:
    return await stand.services.choices.policy(stand.sandbox.discord.guilds[guild].id)


@pytest.mark.parametrize(("who", "offered"), [("mira", False), ("ines", False), ("oskar", True)])
async def test_settings_are_offered_to_managers_only(stand: Stand, who: str, offered: bool) -> None:
    """Discord hides the command from members and moderators."""
    names = {each["name"] for each in stand.sandbox.discord.commands(who, "portraits")}
    assert ("settings" in names) is offered


@pytest.mark.parametrize(
    "control", ["at:settings:-", "at:set:-:results.real_persons.on", "at:undo:-:results.1"]
)
async def test_nobody_else_may_press_what_managers_are_shown(stand: Stand, control: str) -> None:
    """A forged click is asked for its rights too: nothing is shown, nothing changes."""
    job = await stand.portrait()
    card = job.message_id or 0
    forged = {"type": 2, "style": 2, "label": "forged", "custom_id": control, "id": 9000}
    stand.sandbox.discord.message(card).components.append({"type": 1, "id": 9001, "components": [forged]})
    for who in ("mira", "tomas", "ines"):
        assert "Only managers" in await stand.said(await stand.click(who, card, control))
    assert (await policy(stand)).real_persons is False


async def test_a_change_is_stored_told_audited_and_undone(stand: Stand) -> None:
    """One click changes, the panel says what was before, the audit too, and one click takes it back."""
    panel = await opened(stand, "results")
    changed = await pick(stand, panel, "at:set:-:results.deleted_card", "message")
    assert "by direct message → in a new message" in shown(changed)
    assert (await policy(stand)).deleted_card == "message"
    assert (await policy(stand, "tiny")).deleted_card == "dm"
    audit = await stand.use("ines", "mod audit")
    oskar = stand.sandbox.discord.people["oskar"].id
    assert f"<@{oskar}> changed a setting. Results of deleted cards: by direct message →" in shown(audit)
    assert changed.message is not None
    undone = await pick(stand, panel, buttons(changed.message)["Undo"])
    assert "in a new message → by direct message" in shown(undone)
    assert (await policy(stand)).deleted_card == "dm"


async def test_a_switch_turns_over_and_choosing_what_holds_changes_nothing(stand: Stand) -> None:
    """The button brings the other value; the same value again is no change and not in the audit."""
    panel = await opened(stand, "results")
    answer = await pick(stand, panel, "at:set:-:results.real_persons.on")
    assert (await policy(stand)).real_persons is True
    assert answer.message is not None
    assert buttons(answer.message)["On"] == "at:set:-:results.real_persons.off"
    same = await pick(stand, panel, "at:set:-:results.deleted_card", "dm")
    assert "→" not in shown(same)
    assert shown(await pick(stand, panel, "at:settings:-", "changes")).count("→") == 1


async def test_each_of_the_last_changes_can_be_undone_from_their_list(stand: Stand) -> None:
    """Undoing an older change puts back what was before that one, whatever came after it."""
    panel = await opened(stand, "changes")
    for value in ("message", "dm"):
        await pick(stand, panel, "at:settings:-", "results")
        await pick(stand, panel, "at:set:-:results.deleted_card", value)
    listed = await pick(stand, panel, "at:settings:-", "changes")
    assert shown(listed).index("message → by direct") < shown(listed).index("message → in a new")
    second = stand.sandbox.discord.people["oskar"].id
    assert shown(listed).count(f"<@{second}>") == 2
    undos = [each for each in _ids(listed.message) if each.startswith("at:undo:-:changes.")]
    again = await pick(stand, panel, undos[0])
    assert (await policy(stand)).deleted_card == "message"
    assert shown(again).count("→") == 3


async def test_a_change_of_another_server_cannot_be_undone(stand: Stand) -> None:
    """The number in a button means only changes of the server where it is pressed."""
    tiny = stand.sandbox.discord.guilds["tiny"].id
    change = await stand.services.choices.choose(tiny, "language", "de", by=1)
    assert change is not None
    panel = await opened(stand, "results")
    forged = {"type": 2, "style": 2, "label": "u", "custom_id": f"at:undo:-:results.{change.id}", "id": 9000}
    stand.sandbox.discord.message(panel).components.append({"type": 1, "id": 9001, "components": [forged]})
    said = await stand.said(await stand.click("oskar", panel, forged["custom_id"]))  # type: ignore[arg-type]  # a dict of both
    assert "can no longer be undone" in said
    assert (await policy(stand, "tiny")).language == "de"


async def test_the_line_is_paused_for_a_reason_and_goes_on_with_a_click_or_an_undo(stand: Stand) -> None:
    """A form asks why; the reason is stored, shown and audited, and the line is told of every change."""
    panel = await opened(stand, "line")
    for end in ("Go on", "Undo"):
        form = await (await stand.click("oskar", panel, "at:set:-:line.pause")).answered()
        assert form.modal is not None
        sent = await stand.sandbox.discord.submit("oskar", form.modal, {"why": " new\nrules "})
        paused = await sent.answered()
        assert "It is paused. Reason: `new rules`" in shown(paused)
        assert (await policy(stand)).line_paused == "new rules"
        assert (await policy(stand, "tiny")).line_paused is None
        assert paused.message is not None
        moving = await pick(stand, panel, buttons(paused.message)[end])
        assert "It moves." in shown(moving)
        assert "The line: paused, `new rules` → moving" in shown(moving)
        assert (await policy(stand)).line_paused is None
    assert stand.desk.policy_changes == 4


def _ids(message: dict[str, Any] | None) -> list[str]:
    found, waiting = [], list((message or {}).get("components", []))
    while waiting:
        each = waiting.pop(0)
        found += [each["custom_id"]] if "custom_id" in each else []
        waiting = [
            *each.get("components", []),
            *([each["accessory"]] if each.get("accessory") else []),
            *waiting,
        ]
    return found
