"""The draft of a training as its owner sees it: the card, its forms, and what they send. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.jobs.intake import Left
from bot.media.photos import LEAST_SIDE, MOST_PIXELS, Verdict
from bot.media.photos import MOST_BYTES as MOST_BYTES_A_PHOTO
from bot.model import Unit
from bot.tools import Place
from bot.training import LEAST_PHOTOS, MOST_BYTES, MOST_PHOTOS, Follow
from bot.ui.forms import MAX_LABEL, MAX_NUMBER, MAX_TEXT
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, small, text
from bot.ui.safe import code_span, cut, length
from bot.ui.text import relative
from bot.ui.words import choice_name, input_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.jobs.desk import Quote
    from bot.jobs.intake import Refusal
    from bot.tools import Tool, ToolInput
    from bot.training import Draft, Photo
    from bot.ui.records import Allowance
    from bot.ui.text import Text

SHEET = "photos.jpg"
"""The contact sheet's name."""
LISTED_PROBLEMS = 10
MAX_PROBLEM = 130
MAX_FILE_NAME = 40
MAX_SETTING, MAX_SETTINGS = 60, 700
A_MENU = 25
"""Discord: options of one menu."""
A_FIELD = 10
"""Discord: files of one field."""
PHOTOS, MORE_PHOTOS, GONE = "photos", "more", "gone"
CONSENT, AGREED = "consent", "agreed"
ALLOWED, SHOW_NAME, DELETE_PHOTOS = "allowed", "show_name", "delete_photos"
MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFacts:
    """What a draft's card says beyond the draft itself."""

    photos: Sequence[Photo]
    places: Sequence[Follow]
    """Where its training can be followed from there."""
    problems: Sequence[str] = ()
    """What keeps it from being started: finished sentences."""
    settings: Sequence[str] = ()
    """What was set, as people call it."""
    quote: Quote | None = None
    allowance: Allowance | None = None
    """What is left of the member's trainings."""

    @property
    def may_start(self) -> bool:
        """Nothing that is known keeps it from being started."""
        return not self.problems


def draft_id_of(target: ButtonId) -> int:
    """The draft that a control names; 0: none."""
    return int(target.arg) if target.arg.isdecimal() and len(target.arg) <= 18 else 0


def draft_card(draft: Draft, facts: DraftFacts, _: Text) -> ui.LayoutView:
    """The draft, with everything that can be done with it."""

    def of(verb: Verb) -> ButtonId:
        return ButtonId(verb, NO_JOB, str(draft.id))

    photos = facts.photos
    sheet: ui.MediaGallery[Any] | None = None
    if photos:
        described = _("Your photos, numbered")
        sheet = ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{SHEET}", description=described))
    name = str(draft.given.get("name") or "")
    where = ui.Select[Any](
        custom_id=str(of(Verb.DRAFT_FOLLOW)),
        placeholder=_("Where to follow it"),
        options=[
            discord.SelectOption(
                label=label, value=follow.value, description=hint, default=follow is draft.follow
            )
            for follow, (label, hint) in _places(_).items()
            if follow in facts.places
        ],
    )
    primary, danger = discord.ButtonStyle.primary, discord.ButtonStyle.danger
    return card(
        Accent.RUNNING,
        text(
            _("### A training of your own"),
            _("It is to be called {name}.", name=code_span(name)) if name else "",
            small(
                _("Deleted {when} unless it is started. Only you see this.", when=relative(draft.expires_at))
            ),
        ),
        sheet,
        text(*_photo_lines(photos, _)),
        text(*_problem_lines(draft.problems, _)) if draft.problems else None,
        text(*facts.settings) if facts.settings else None,
        text(*_price_lines(facts, _)) if facts.quote is not None else None,
        text(_("**Before it can start**"), *(f"- {each}" for each in facts.problems))
        if facts.problems
        else None,
        ui.ActionRow(where),
        ui.ActionRow(
            button(_("Add photos"), of(Verb.DRAFT_ADD), emoji="📷", disabled=len(photos) >= MOST_PHOTOS),
            button(_("Remove…"), of(Verb.DRAFT_REMOVE), disabled=not photos),
            button(_("Details"), of(Verb.DRAFT_DETAILS)),
            button(_("Advanced"), of(Verb.DRAFT_ADVANCED)),
        ),
        buttons=(
            button(_("Start"), of(Verb.DRAFT_START), primary, disabled=not facts.may_start),
            button(_("Discard"), of(Verb.DRAFT_DISCARD), danger),
        ),
    )


def _places(_: Text) -> Mapping[Follow, tuple[str, str]]:
    return {
        Follow.THREAD: (
            _("In a private thread of this channel"),
            _("You and this server's moderators see it."),
        ),
        Follow.HERE: (_("Here"), _("Everyone here sees how far it is, but neither faces nor its name.")),
        Follow.DM: (_("In direct messages"), _("Only you see it.")),
    }


def _photo_lines(photos: Sequence[Photo], _: Text) -> list[str]:
    """What was found of each photo, by its number on the sheet."""
    if not photos:
        return [_("No photos yet. {least} to {most} are needed.", least=LEAST_PHOTOS, most=MOST_PHOTOS)]
    sizes = " · ".join(
        f"**{number}** {photo.width}×{photo.height}" for number, photo in enumerate(photos, start=1)
    )
    good = _.plural("One photo, fit to train on:", "{n} photos, all fit to train on:", len(photos))
    return [good, small(sizes)]


def _problem_lines(problems: Sequence[str], _: Text) -> list[str]:
    lines = [_("**Not taken**"), *(f"- {cut(each, MAX_PROBLEM)}" for each in problems[:LISTED_PROBLEMS])]
    more = len(problems) - LISTED_PROBLEMS
    if more > 0:
        lines.append(small(_.plural("and {n} more", "and {n} more", more)))
    return lines


def _price_lines(facts: DraftFacts, _: Text) -> list[str]:
    """What it is expected to cost and take, and whether quota and spending limits let it."""
    quote = facts.quote
    if quote is None:
        return []
    lines = [
        _(
            "About **{price}** and **{time}** at Wiro, by what is known so far.",
            price=_.money(quote.nano_usd),
            time=_.duration(quote.run_s),
        )
    ]
    allowance = facts.allowance
    if allowance is not None and allowance.unit is Unit.TRAINING:
        left = _(
            "{left} of {cap} trainings left this week.",
            left=_.number(allowance.left),
            cap=_.number(allowance.cap),
        )
        lines.append(left)
    if quote.refusal is None:
        lines.append(small(_("Your quota and the spending limits here allow it now.")))
    return lines


def refusal_sentence(refusal: Refusal, _: Text) -> str:
    """Why a file was not taken, by its name."""
    name = code_span(refusal.name, MAX_FILE_NAME)
    size = f"{refusal.width}×{refusal.height}"
    sentences = {
        Verdict.BROKEN: _("{name} is no JPEG, PNG, WebP or HEIC that can be read.", name=name),
        Verdict.TOO_HEAVY: _("{name} is over {mb} MB.", name=name, mb=MOST_BYTES_A_PHOTO // MB),
        Verdict.TOO_MANY_PIXELS: _(
            "{name} has {size} pixels; {most} megapixels are allowed.",
            name=name,
            size=size,
            most=MOST_PIXELS // 1_000_000,
        ),
        Verdict.TOO_SMALL: _(
            "{name} has {size} pixels; the short side needs {least}.", name=name, size=size, least=LEAST_SIDE
        ),
        Verdict.BLURRED: _("{name} is too blurred to learn from.", name=name),
        Verdict.TWIN: _("{name} shows the same as photo {number}.", name=name, number=refusal.twin),
        Left.TOO_MANY: _("{name}: the draft is full with {most} photos.", name=name, most=MOST_PHOTOS),
        Left.TOO_MUCH: _("{name}: a draft takes {mb} MB in all.", name=name, mb=MOST_BYTES // MB),
        Left.NOT_FETCHED: _("{name} could not be fetched from Discord. Give it again.", name=name),
        Left.BAD_ARCHIVE: _("{name} was not taken: {why}.", name=name, why=refusal.words),
    }
    return sentences[refusal.why]


def settings_of(draft: Draft, tool: Tool, _: Text, *, base: str = "") -> list[str]:
    """What the member set, a line each; `base`: what the trained model to start from is called."""
    lines = []
    for each in tool.inputs:
        value = draft.given.get(each.option)
        if value in {None, ""} or each.option == "name" or each.place is Place.FIXED:
            continue
        shown = base if each.id == tool.model_input and base else _shown(each, value)
        lines.append(f"{input_name(each)} {code_span(shown, MAX_SETTING)}")
    if draft.show_name:
        lines.append(_("its name and samples may be seen where it is followed"))
    if draft.delete_photos:
        lines.append(_("Wiro is asked to delete the photos once the model was used"))
    kept: list[str] = []
    for line in lines:
        if length(" · ".join([*kept, line])) <= MAX_SETTINGS:
            kept.append(line)
    return [small(" · ".join(kept))] if kept else []


def _shown(each: ToolInput, value: object) -> str:
    option = each.option_of(value)
    if option is not None and option.label:
        return option.label
    return choice_name(each, value) if each.choices else str(value)


# Forms


def add_form(draft: Draft, room: int, _: Text) -> ui.Modal:
    """Two fields for photos or archives of them; `room`: how many photos the draft still takes."""
    form = _form(Verb.DRAFT_ADD, draft, _("Add photos"))
    hint = _("JPEG, PNG, WebP or HEIC, up to {mb} MB each; or a ZIP.", mb=MOST_BYTES_A_PHOTO // MB)
    form.add_item(
        ui.TextDisplay(_.plural("There is room for one more.", "There is room for {n} more.", room))
    )
    for name, label in ((PHOTOS, _("Photos")), (MORE_PHOTOS, _("More photos"))):
        field = ui.FileUpload[Any](custom_id=name, required=False, min_values=0, max_values=A_FIELD)
        form.add_item(ui.Label(text=label, description=hint, component=field))
    return form


def remove_form(draft: Draft, photos: Sequence[Photo], _: Text) -> ui.Modal:
    """Menus to choose photos that are to go, by their numbers."""
    form = _form(Verb.DRAFT_REMOVE, draft, _("Remove photos"))
    for start in range(0, len(photos), A_MENU):
        part = photos[start : start + A_MENU]
        options = [
            discord.SelectOption(label=cut(f"{number}  {photo.name}", 100), value=str(photo.id))
            for number, photo in enumerate(part, start=start + 1)
        ]
        menu = ui.Select[Any](
            custom_id=f"{GONE}{start}",
            options=options,
            required=False,
            min_values=0,
            max_values=len(options),
        )
        words = _("Photos {first} to {last}", first=start + 1, last=start + len(part))
        form.add_item(ui.Label(text=words, component=menu))
    return form


def details_form(draft: Draft, tool: Tool, _: Text) -> ui.Modal:
    """The words of a training, and two choices."""
    form = _form(Verb.DRAFT_DETAILS, draft, _("Details"))
    for each in details_of(tool):
        form.add_item(_text_field(each, draft.given.get(each.option)))
    options = [
        discord.CheckboxGroupOption(
            label=_("Show its name and samples"),
            value=SHOW_NAME,
            description=_("where the training is followed, to all who read there"),
            default=draft.show_name,
        ),
        discord.CheckboxGroupOption(
            label=_("Have Wiro delete the photos"),
            value=DELETE_PHOTOS,
            description=_("after the first portrait with the model, which may go with them"),
            default=draft.delete_photos,
        ),
    ]
    choices = ui.CheckboxGroup[Any](
        custom_id=ALLOWED, options=options, required=False, min_values=0, max_values=len(options)
    )
    form.add_item(ui.Label(text=_("Also"), component=choices))
    return form


def details_of(tool: Tool) -> list[ToolInput]:
    """The inputs of the form for details: the free words."""
    return [each for each in tool.inputs if each.is_text and each.place is Place.OPTION]


def advanced_form(draft: Draft, tool: Tool, _: Text) -> ui.Modal:
    """The five settings that matter most to how it trains."""
    form = _form(Verb.DRAFT_ADVANCED, draft, _("Advanced"))
    for each in advanced_of(tool):
        value = draft.given.get(each.option)
        if each.is_number:
            form.add_item(_text_field(each, value))
            continue
        form.add_item(
            ui.Label(
                text=cut(input_name(each).capitalize(), MAX_LABEL),
                description=cut(each.help, 100),
                component=_menu(each, value, _),
            )
        )
    return form


def advanced_of(tool: Tool) -> list[ToolInput]:
    """The inputs of the form for the advanced."""
    return [each for each in tool.inputs if each.place is Place.MODAL]


def consent_form(draft: Draft, tool: Tool, _: Text) -> ui.Modal:
    """What the owner of the draft agrees to before anything is sent."""
    form = _form(Verb.DRAFT_START, draft, _("Start the training"))
    form.add_item(ui.TextDisplay(retention_words(draft, tool, _)))
    options = [discord.CheckboxGroupOption(label=consent_words(_), value=AGREED)]
    box = ui.CheckboxGroup[Any](custom_id=CONSENT, options=options, required=True, min_values=1, max_values=1)
    form.add_item(ui.Label(text=_("Whom the photos show"), component=box))
    return form


def consent_words(_: Text) -> str:
    """What is agreed to."""
    return _("These photos show me, or I have the permission of the person shown.")


def retention_words(draft: Draft, tool: Tool, _: Text) -> str:
    """How long photos and model are kept, and where."""
    lines = [
        _("**Here:** the photos are deleted as soon as all of them are at Wiro."),
        _(
            "**At Wiro:** photos and model are kept in the account of this bot's operator, with no end that "
            "Wiro states. `/models delete` has the model taken away here at once and asks Wiro to delete the "
            "training's files."
        ),
        _("**Who may use the model:** you alone, until you share it with `/models share`."),
    ]
    if draft.delete_photos:
        lines.append(
            _(
                "You asked to have the photos deleted at Wiro after the first portrait. Whether the model "
                "outlives that, Wiro does not say."
            )
        )
    lines.append(small(_("The training runs at Wiro as {tool}.", tool=code_span(tool.slug))))
    return "\n".join(lines)


def _form(verb: Verb, draft: Draft, title: str) -> ui.Modal:
    """A form about a draft; stopped, so that the router gets it."""
    form = ui.Modal(title=title, custom_id=str(ButtonId(verb, NO_JOB, str(draft.id))))
    form.stop()
    return form


def _text_field(each: ToolInput, value: object) -> ui.Label[Any]:
    shown = "" if value is None else str(value)
    # What is there already must fit: Discord counts some characters twice and refuses a form too full.
    limit = max(each.max_length or MAX_TEXT, length(shown)) if each.is_text else MAX_NUMBER
    field = ui.TextInput[Any](
        custom_id=each.option,
        style=discord.TextStyle.paragraph if each.type == "textarea" else discord.TextStyle.short,
        default=cut(shown, limit) or None,
        required=False,
        max_length=limit,
    )
    name = cut(input_name(each).capitalize(), MAX_LABEL)
    return ui.Label(text=name, description=cut(each.help, 100), component=field)


def _menu(each: ToolInput, value: object, _: Text) -> ui.Select[Any]:
    choices: Iterable[tuple[str, str]] = ((choice_name(each, one), str(one)) for one in each.choices)
    if each.type == "checkbox":
        choices = ((_("yes"), "true"), (_("no"), "false"))
    return ui.Select(
        custom_id=each.option,
        required=False,
        min_values=0,
        options=[
            discord.SelectOption(label=label, value=one, default=one == str(value).lower())
            for label, one in choices
        ],
    )


def started_note(code: str, follow: Follow, _: Text) -> ui.LayoutView:
    """What the draft's card becomes once it was started."""
    where = {
        Follow.THREAD: _(
            "You are being taken into a private thread of this channel, where you can follow it."
        ),
        Follow.HERE: _("You can follow it here."),
        Follow.DM: _("You can follow it in a direct message from me."),
    }[follow]
    instead = small(_("Where that is closed to me, I send you a direct message."))
    return card(
        Accent.DONE,
        text(
            _("### Started as {code}", code=code_span(f"#{code}")),
            where,
            "" if follow is Follow.DM else instead,
            small(_("`/tasks show` has all of it.")),
        ),
    )
