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


async def test_a_log_channel_in_which_the_bot_may_not_write_is_said_to_be_one(stand: Stand) -> None:
    """The panel names what is missing at once, not when the first entry is lost; prompts are off at first."""
    lounge, dark = (stand.sandbox.discord.channel(key).id for key in ("lounge", "after-dark"))
    panel = await opened(stand, "log")
    answer = await pick(stand, panel, "at:set:-:log.log_channel_id", str(lounge))
    assert f"I am missing **Send Messages** in <#{lounge}>" in shown(answer)
    answer = await pick(stand, panel, "at:set:-:log.log_channel_id", str(dark))
    assert "missing" not in shown(answer)
    assert (await policy(stand)).log_channel_id == dark
    assert (await policy(stand)).log_prompts is False
    await pick(stand, panel, "at:set:-:log.log_prompts.on")
    assert (await policy(stand)).log_prompts is True
    await pick(stand, panel, "at:set:-:log.log_channel_id")
    assert (await policy(stand)).log_channel_id is None
    await chosen(stand, "log_channel_id", 5)
    assert "is gone" in shown(await pick(stand, panel, "at:settings:-", "log"))


async def test_roles_are_chosen_from_discords_menu(stand: Stand) -> None:
    """Roles come as their ids, whatever their order; a role that is gone is no longer offered as chosen."""
    guild = stand.sandbox.discord.guilds["harbour"]
    roles = sorted(role.id for role in guild.roles.values() if role.name in {"Regulars", "Managers"})
    panel = await opened(stand, "moderation")
    changed = await pick(stand, panel, "at:set:-:moderation.moderator_roles", *map(str, reversed(roles)))
    assert (await policy(stand)).moderator_roles == tuple(roles)
    assert f"none → <@&{roles[0]}>, <@&{roles[1]}>" in shown(changed)
    assert str(changed.message).count("'type': 'role'") == 2
    await chosen(stand, "moderator_roles", [roles[0], 5])
    assert str((await pick(stand, panel, "at:settings:-", "moderation")).message).count("'type': 'role'") == 1


async def chosen(stand: Stand, setting: str, value: object) -> None:
    """The server's manager chose that."""
    harbour = stand.sandbox.discord.guilds["harbour"].id
    assert await stand.services.choices.choose(harbour, setting, value, by=1) is not None


async def test_tasks_start_only_in_the_chosen_channels_and_their_threads(stand: Stand) -> None:
    """Elsewhere the refusal names the channels, for commands and buttons alike, and nothing is charged."""
    done = await stand.finish(await stand.portrait(channel="after-dark"))
    panel = await opened(stand, "channels")
    portraits = stand.sandbox.discord.channel("portraits").id
    answer = await pick(stand, panel, "at:set:-:channels.allowed_channels", str(portraits))
    assert f"Channels: all → <#{portraits}>" in shown(answer)
    accepted = len(stand.desk.accepted)
    refused = await stand.use("mira", "portrait", {"prompt": "a hare"}, channel="after-dark")
    assert f"<#{portraits}> only" in shown(refused)
    again = await stand.click("mira", done.message_id or 0, f"at:again:{done.code}")
    assert f"<#{portraits}> only" in await stand.said(again)
    assert len(stand.desk.accepted) == accepted
    assert shown(await stand.use("ines", "mod audit")).count("the channels of this server") == 2
    for where in ("portraits", "wall-of-faces"):
        await stand.portrait("tomas", channel=where)
    await stand.portrait(channel="general")
    nowhere = await pick(stand, panel, "at:set:-:channels.allowed_channels")
    assert f"<#{portraits}> → all" in shown(nowhere)
    await stand.portrait(channel="after-dark")


async def test_public_cards_speak_the_chosen_language_and_private_ones_their_readers(stand: Stand) -> None:
    """Left to the server, cards speak what Discord says that it speaks."""
    assert (await stand.portrait("tomas", channel="portraits")).locale == "en-US"
    await chosen(stand, "language", "pt-BR")
    assert (await stand.portrait("tomas")).locale == "pt-BR"
    assert (await stand.portrait("tomas", private=True)).locale == "de"
    panel = await opened(stand, "language")
    await pick(stand, panel, "at:set:-:language.language", "-")
    assert (await policy(stand)).language is None


async def test_left_out_options_take_the_servers_defaults_and_given_ones_win(stand: Stand) -> None:
    """The form stores only what was filled in; the card says that defaults were used; Again keeps its own."""
    panel = await opened(stand, "portrait")
    form = (await (await stand.click("oskar", panel, "at:set:-:portrait.portrait_defaults")).answered()).modal
    assert form is not None
    fields = {"negative_prompt": "none", "numbers": "samples 2, steps 40, scale 9"}
    sent = await (await stand.sandbox.discord.submit("oskar", form, fields)).answered()
    assert "the tool's own →" in shown(sent)
    stored = {"negativePrompt": "", "samples": 2, "steps": 40, "scale": "9"}
    assert (await policy(stand)).portrait_defaults == stored
    job = await stand.portrait(steps=50)
    assert [job.inputs[name] for name in ("negativePrompt", "samples", "steps", "scale")] == ["", 2, 50, "9"]
    assert job.images == 2
    done = await stand.finish(job)
    assert "What was left out has this server's defaults" in words(stand.card(done))
    everything: dict[str, Any] = {"samples": 1, "steps": 10, "scale": 5, "negative_prompt": "fog"}
    whole = await stand.finish(await stand.portrait("tomas", **everything))
    assert "this server's defaults" not in words(stand.card(whole))
    elsewhere = await stand.portrait(channel="general")
    assert elsewhere.images == 4
    await pick(stand, panel, "at:set:-:portrait.portrait_defaults.clear")
    again = await stand.until_carded(await stand.click("mira", done.message_id or 0, f"at:again:{done.code}"))
    assert again.inputs["steps"] == 50
    assert again.images == 2


async def test_ideas_are_offered_with_the_servers_defaults(stand: Stand) -> None:
    """`Use this` opens a form that has them, under the idea's own words."""
    await chosen(stand, "portrait_defaults", {"steps": 77, "negativePrompt": "fog"})
    listed = await stand.use("mira", "inspire")
    assert listed.message is not None
    clicked = await stand.click("mira", int(listed.message["id"]), "at:idea:-:portraitplus.4")
    form = (await clicked.answered()).modal
    assert form is not None
    assert "steps 77" in str(form.components)
    assert "fog" not in str(form.components)


async def test_a_default_that_the_tool_no_longer_takes_is_passed_over(stand: Stand) -> None:
    """Wiro narrows a range later: commands without the option go on working."""
    await chosen(stand, "portrait_defaults", {"steps": 5000, "samples": 3})
    job = await stand.portrait()
    assert (job.inputs["steps"], job.images) == (30, 3)


async def test_defaults_that_cannot_be_used_are_refused_with_the_rule(stand: Stand) -> None:
    """Nothing is stored of a form of which a part is wrong."""
    panel = await opened(stand, "portrait")
    form = (await (await stand.click("oskar", panel, "at:set:-:portrait.portrait_defaults")).answered()).modal
    assert form is not None
    refused = await stand.said(
        await stand.sandbox.discord.submit("oskar", form, {"numbers": "samples 2, steps 9999"})
    )
    assert "`steps` is 9999; it goes from 1 to 150" in refused
    assert (await policy(stand)).portrait_defaults == {}


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
