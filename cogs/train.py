"""`/train`: a draft of a training, its buttons and forms; and the menu that adds a message's images to it."""

from __future__ import annotations

import inspect
import io
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.errors import Moved, NoSuchDraft, UserError
from bot.tools.training import NAME, TOOL, check_name
from bot.training import MOST_PHOTOS, Consent, Follow
from bot.ui.answers import NOBODY
from bot.ui.attachments import given_of, pictures_of, uploads_of
from bot.ui.draftcard import (
    AGREED,
    ALLOWED,
    CONSENT,
    DELETE_PHOTOS,
    SHEET,
    SHOW_NAME,
    add_form,
    advanced_form,
    advanced_of,
    consent_form,
    consent_words,
    details_form,
    details_of,
    draft_card,
    draft_id_of,
    refusal_sentence,
    remove_form,
    retention_words,
    started_note,
)
from bot.ui.forms import read_choices, read_form
from bot.ui.ids import ButtonId, Verb
from bot.ui.layout import note
from bot.ui.modelchoices import completion
from bot.ui.options import annotation_of, parameter, settable
from bot.ui.references import MAX_CHOICE, MAX_CHOICES
from bot.ui.safe import one_line
from bot.ui.text import text_for
from bot.ui.trainer import places_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.jobs.intake import Given
    from bot.tools import ToolInput
    from bot.training import Draft, Photo
    from bot.ui.services import Services

Interaction = discord.Interaction[Any]

IMAGES = 10
"""Options for photos; the form behind Add photos takes more."""
ARCHIVE = "archive"
IMAGE_HELP = "A photo: JPEG, PNG, WebP or HEIC, up to 20 MB"
ARCHIVE_HELP = "A ZIP of photos, up to 200 MB"


def setup(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Offer `/train`, the menu, and what is on a draft's card."""
    drafts = DraftButtons(services)
    tree.add_command(_command(services, drafts))

    async def add_to_my_photos(interaction: Interaction, message: discord.Message) -> None:
        await drafts.take_from(interaction, message)

    menu = app_commands.ContextMenu(name="Add to my training photos", callback=add_to_my_photos)
    tree.add_command(menu)
    router = services.router
    router.on_click(Verb.DRAFT_ADD, drafts.open_add)
    router.on_form(Verb.DRAFT_ADD, drafts.added)
    router.on_click(Verb.DRAFT_REMOVE, drafts.open_remove)
    router.on_form(Verb.DRAFT_REMOVE, drafts.removed)
    router.on_click(Verb.DRAFT_DETAILS, drafts.open_details)
    router.on_form(Verb.DRAFT_DETAILS, drafts.detailed)
    router.on_click(Verb.DRAFT_ADVANCED, drafts.open_advanced)
    router.on_form(Verb.DRAFT_ADVANCED, drafts.advanced)
    router.on_click(Verb.DRAFT_FOLLOW, drafts.follow)
    router.on_click(Verb.DRAFT_START, drafts.open_consent)
    router.on_form(Verb.DRAFT_START, drafts.start)
    router.on_click(Verb.DRAFT_DISCARD, drafts.discard)


def _command(services: Services, drafts: DraftButtons) -> app_commands.Command[Any, ..., Any]:
    """The command: an option for each input that a person sets, photos, and an archive of photos."""
    tool = services.catalogue[TOOL]

    async def run(interaction: Interaction, **given: Any) -> None:
        files = [given.pop(f"image{number}", None) for number in range(1, IMAGES + 1)]
        files.append(given.pop(ARCHIVE, None))
        values = {name: value for name, value in given.items() if value is not None}
        await drafts.begin(interaction, values, given_of(each for each in files if each is not None))

    own = [
        inspect.Parameter(
            "interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=discord.Interaction
        )
    ]
    # None is required: an open draft may have all of them.
    own += [parameter(each.option, annotation_of(each), required=False) for each in settable(tool)]
    images = [f"image{number}" for number in range(1, IMAGES + 1)]
    own += [parameter(name, discord.Attachment, required=False) for name in (*images, ARCHIVE)]
    helps = {each.option: each.help for each in settable(tool)}
    helps |= dict.fromkeys(images, IMAGE_HELP) | {ARCHIVE: ARCHIVE_HELP}
    run.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]  # discord.py reads the options from it
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=tool.command, description=tool.description, callback=app_commands.describe(**helps)(run)
    )
    for each in settable(tool):
        if each.id == tool.model_input:
            command.autocomplete(each.option)(completion(services))
        elif each.open:
            command.autocomplete(each.option)(_listed(each, services))
    return command


def _listed(each: ToolInput, services: Services) -> Any:
    """Completes the choices that the tool's page lists today, by their names and what is said of them."""

    async def complete(_: Interaction, current: str) -> list[app_commands.Choice[str]]:
        today = services.tool_today(TOOL).input(each.id)
        found = []
        for value in today.choices:
            option = today.option_of(value)
            label = option.label or str(value) if option is not None else str(value)
            about = f" · {option.about}" if option is not None and option.about else ""
            if current.casefold() in f"{label}{about}".casefold() or current == str(value):
                found.append(
                    app_commands.Choice(name=one_line(f"{label}{about}", MAX_CHOICE), value=str(value))
                )
        return found[:MAX_CHOICES]

    return complete


class DraftButtons:
    """All that changes a draft; each ends in its card, drawn anew."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._studio = services.studio
        self._trainer = services.trainer

    async def begin(
        self, interaction: Interaction, values: Mapping[str, Any], given: Sequence[Given]
    ) -> None:
        """Show the member's draft with what was given put into it."""
        await interaction.response.defer(ephemeral=True, thinking=True)  # files are fetched first
        await self._check(interaction, values)
        draft = await self._open(interaction, values)
        await self._take(interaction, draft, given)

    async def take_from(self, interaction: Interaction, message: discord.Message) -> None:
        """Put the images of a message into the member's draft."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        data: Any = interaction.data or {}
        told = data.get("resolved", {}).get("messages", {}).get(str(message.id), {})
        given = pictures_of(message, told)
        if not given:
            raise UserError("That message has no images. Use this on a message with JPEG, PNG, WebP or HEIC.")
        await self._take(interaction, await self._open(interaction, {}), given)

    async def open_add(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form for more photos."""
        draft, photos = await self._draft(interaction, target)
        room = MOST_PHOTOS - len(photos)
        if room <= 0:
            raise UserError(f"The draft is full with {MOST_PHOTOS} photos. Remove some first.")
        await interaction.response.send_modal(add_form(draft, room, text_for(str(interaction.locale))))

    async def added(self, interaction: Interaction, target: ButtonId) -> None:
        """Take the photos of the form."""
        await interaction.response.defer()
        draft, _photos = await self._draft(interaction, target)
        await self._take(interaction, draft, uploads_of(interaction))

    async def open_remove(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form that takes photos out."""
        draft, photos = await self._draft(interaction, target)
        if not photos:
            raise UserError("The draft has no photos yet. Add some first.")
        await interaction.response.send_modal(remove_form(draft, photos, text_for(str(interaction.locale))))

    async def removed(self, interaction: Interaction, target: ButtonId) -> None:
        """Take out what was chosen."""
        await interaction.response.defer()
        draft, _photos = await self._draft(interaction, target)
        chosen = {int(one) for each in read_choices(interaction).values() for one in each if one.isdecimal()}
        await self._show(interaction, await self._studio.remove(draft, chosen))

    async def open_details(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form for name and words."""
        draft, _photos = await self._draft(interaction, target)
        form = details_form(draft, self._trainer.tool, text_for(str(interaction.locale)))
        await interaction.response.send_modal(form)

    async def detailed(self, interaction: Interaction, target: ButtonId) -> None:
        """Take the words and choices of the form."""
        names = [each.option for each in details_of(self._trainer.tool)]
        chosen = read_choices(interaction).get(ALLOWED, [])
        await self._fill(
            interaction, target, names, show_name=SHOW_NAME in chosen, delete_photos=DELETE_PHOTOS in chosen
        )

    async def open_advanced(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form for how it trains."""
        draft, _photos = await self._draft(interaction, target)
        form = advanced_form(draft, self._trainer.tool, text_for(str(interaction.locale)))
        await interaction.response.send_modal(form)

    async def advanced(self, interaction: Interaction, target: ButtonId) -> None:
        """Take the settings of the form."""
        await self._fill(interaction, target, [each.option for each in advanced_of(self._trainer.tool)])

    async def follow(self, interaction: Interaction, target: ButtonId) -> None:
        """Choose where the training is followed."""
        data: Any = interaction.data or {}
        chosen = next(iter(data.get("values", ())), "")
        if chosen not in [each.value for each in places_at(interaction)]:
            raise UserError("A training cannot be followed there. Choose another place.")
        await interaction.response.defer()
        draft, _photos = await self._draft(interaction, target)
        await self._show(interaction, await self._studio.change(draft, follow=Follow(chosen)))

    async def open_consent(self, interaction: Interaction, target: ButtonId) -> None:
        """Open the form for the consent, unless something keeps the training from being started."""
        draft, photos = await self._draft(interaction, target)
        facts = await self._trainer.facts(interaction, draft, photos)
        if not facts.may_start:
            raise UserError("\n".join(facts.problems))
        form = consent_form(draft, self._trainer.tool, text_for(str(interaction.locale)))
        await interaction.response.send_modal(form)

    async def start(self, interaction: Interaction, target: ButtonId) -> None:
        """Start the training, with the consent of the form."""
        _ = text_for(str(interaction.locale))
        draft, photos = await self._draft(interaction, target)
        if AGREED not in read_choices(interaction).get(CONSENT, []):
            raise UserError(
                "Nothing was started: it needs your word that the photos may be used. Start again."
            )
        consent = Consent(
            words=f"{retention_words(draft, self._trainer.tool, _)}\n{consent_words(_)}",
            locale=str(interaction.locale),
            at=self._services.clock.now(),
        )
        try:
            job = await self._trainer.start(interaction, draft, photos, consent)
        except Moved as error:
            raise NoSuchDraft from error
        view = started_note(job.code, draft.follow, _)
        await interaction.response.edit_message(view=view, attachments=[], allowed_mentions=NOBODY)

    async def discard(self, interaction: Interaction, target: ButtonId) -> None:
        """Delete the draft."""
        draft, _photos = await self._draft(interaction, target)
        await self._studio.discard(draft)
        _ = text_for(str(interaction.locale))
        gone = note(_("The draft and its photos are deleted. `/train` begins a new one."))
        await interaction.response.edit_message(view=gone, attachments=[], allowed_mentions=NOBODY)

    # What they share

    async def _check(self, interaction: Interaction, values: Mapping[str, Any]) -> None:
        """Return when these values may be in a draft; what is wrong with numbers the card says."""
        tool = self._trainer.tool
        if name := str(values.get(tool.input(NAME).option) or ""):
            check_name(name)
        texts = {each.option: str(values.get(each.option) or "") for each in tool.inputs if each.is_text}
        await self._trainer.require_words(interaction.guild_id or 0, texts, interaction.user.id)

    async def _open(self, interaction: Interaction, values: Mapping[str, Any]) -> Draft:
        return await self._studio.open(
            guild_id=interaction.guild_id or 0,
            user_id=interaction.user.id,
            given=values,
            follow=places_at(interaction)[0],
        )

    async def _draft(self, interaction: Interaction, target: ButtonId) -> tuple[Draft, Sequence[Photo]]:
        """The clicker's draft that a control names. Raises `NoSuchDraft`."""
        draft = await self._studio.find(draft_id_of(target), user_id=interaction.user.id)
        return draft, await self._studio.photos(draft)

    async def _fill(
        self, interaction: Interaction, target: ButtonId, names: Sequence[str], **choices: bool
    ) -> None:
        """Put what a form says into the draft; what was emptied takes its default again."""
        sent = {name: value.strip() for name, value in read_form(interaction).items() if name in names}
        await interaction.response.defer()
        await self._check(interaction, sent)
        draft, _photos = await self._draft(interaction, target)
        given = {name: value for name, value in {**draft.given, **sent}.items() if value != ""}
        await self._show(interaction, await self._studio.change(draft, given=given, **choices))

    async def _take(self, interaction: Interaction, draft: Draft, given: Sequence[Given]) -> None:
        if given:
            _ = text_for(str(interaction.locale))
            draft = await self._studio.take(draft, given, lambda refusal: refusal_sentence(refusal, _))
        await self._show(interaction, draft)

    async def _show(self, interaction: Interaction, draft: Draft) -> None:
        """Draw the draft's card anew where its owner looks at it."""
        photos = await self._studio.photos(draft)
        facts = await self._trainer.facts(interaction, draft, photos)
        sheet = await self._studio.sheet(draft, photos)
        files = [] if sheet is None else [discord.File(io.BytesIO(sheet), filename=SHEET)]
        view = draft_card(draft, facts, text_for(str(interaction.locale)))
        await interaction.edit_original_response(view=view, attachments=files, allowed_mentions=NOBODY)
