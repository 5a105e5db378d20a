from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands

from tests.support.stand import buttons, words

if TYPE_CHECKING:
    from tests.support.stand import Stand


async def test_quota_shows_what_is_used_and_when_it_comes_back(stand: Stand) -> None:
    await stand.portrait(samples=4)
    answer = await stand.use("mira", "quota")
    assert answer.message is not None
    said = words(answer.message)
    assert "4 of 40 used" in said
    assert "1 of 3 used" in said
    assert "comes back <t:" in said
    assert "$0.00 today" in said


async def test_inspire_turns_pages_in_place(stand: Stand) -> None:
    answer = await stand.use("mira", "inspire")
    assert answer.message is not None
    assert "page 1 of 2" in words(answer.message)
    message_id = int(answer.message["id"])
    turned = await (await stand.click("mira", message_id, buttons(answer.message)["Next"])).answered()
    assert turned.message is not None
    assert "page 2 of 2" in words(turned.message)


async def test_an_idea_opens_a_form_and_the_form_starts_a_job(stand: Stand) -> None:
    answer = await stand.use("mira", "inspire")
    assert answer.message is not None
    custom_id = "at:idea:-:portraitplus.4"
    assert custom_id in str(answer.message["components"])
    clicked = await stand.click("mira", int(answer.message["id"]), custom_id)
    modal = (await clicked.answered()).modal
    assert modal is not None
    prompt = modal.components[0]["component"]["value"]
    assert prompt.startswith("anime portrait+ style")
    sent = await stand.sandbox.discord.submit(
        "mira", modal, {"prompt": prompt, "negative_prompt": "", "numbers": ""}
    )
    job = await stand.until_carded(sent)
    assert job.prompt == prompt
    assert job.inputs["negativePrompt"] == ""
    assert not job.private


async def test_help_lists_every_command_with_a_link_to_it(stand: Stand) -> None:
    answer = await stand.use("mira", "help")
    assert answer.message is not None
    said = words(answer.message)
    for name in ("portrait", "tasks list", "tasks show", "tasks cancel", "quota", "inspire", "help"):
        assert f"</{name}:{stand.client.command_ids[name.split()[0]]}>" in said


async def test_every_command_and_option_is_described_and_for_servers_only(stand: Stand) -> None:
    tree = stand.client.tree
    for command in tree.walk_commands():
        assert 1 <= len(command.description) <= 100, command.qualified_name
        if isinstance(command, app_commands.Command):
            for option in command.parameters:
                assert 1 <= len(str(option.description)) <= 100, (command.qualified_name, option.name)
                assert str(option.description) != "…", (command.qualified_name, option.name)
    for published in tree.get_commands():
        payload = published.to_dict(tree)
        assert payload["contexts"] == [0]
        assert payload["integration_types"] == [0]


async def test_every_verb_that_a_card_or_panel_uses_has_a_handler(stand: Stand) -> None:
    from bot.ui.ids import Verb

    assert stand.services.router.clicks == frozenset(Verb)
    assert stand.services.router.forms == {
        Verb.EDIT,
        Verb.USE_IDEA,
        Verb.SET,
        Verb.MODEL_USE,
        Verb.MODEL_RENAME,
        Verb.DRAFT_ADD,
        Verb.DRAFT_REMOVE,
        Verb.DRAFT_DETAILS,
        Verb.DRAFT_ADVANCED,
        Verb.DRAFT_START,
        Verb.REPORT_BLOCK,
    }
