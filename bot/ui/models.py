"""Trained models as people see them: the list, one of them, the question before deleting, the form. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.errors import OldButton
from bot.trained import MAX_NAME, Share, ShareKind
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, small, text
from bot.ui.references import MAX_CHOICES
from bot.ui.safe import code_block, code_span, one_line
from bot.ui.text import moment, relative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.trained import TrainedModel
    from bot.ui.text import Text

LISTED = 10
"""Models of each kind in a list; the menu under it has more, and an option completes every name."""
LISTED_SHARES = 6
"""Discord: forty components a message, and each share that can be taken back is three."""
MAX_DESCRIPTION = 600
YES = "yes"
NAME = "name"
"""Custom id of the field of the renaming form."""


def model_id(verb: Verb, model: TrainedModel, *more: str) -> ButtonId:
    """The id of a control of that model."""
    return ButtonId(verb, NO_JOB, ".".join((str(model.id), *more)))


def read_argument(argument: str) -> tuple[int, list[str]]:
    """The model's number (0: none) and what else the argument of `model_id` says."""
    number, *more = argument.split(".")
    return (int(number) if re.fullmatch(r"\d{1,18}", number) else 0), more


def models_panel(models: Sequence[TrainedModel], user_id: int, _: Text) -> ui.LayoutView:
    """The models that the member may use here, their own and others', and a menu to look at one."""
    mine = [model for model in models if model.owner_id == user_id]
    shared = [model for model in models if model.owner_id != user_id]
    if not models:
        none = _("None yet. A training makes the first one; others can share theirs with you.")
        return card(Accent.QUIET, text(_("### Your models"), none))
    choose: ui.Select[Any] = ui.Select(
        custom_id=str(ButtonId(Verb.MODEL)),
        placeholder=_("Look at a model"),
        options=[
            discord.SelectOption(label=one_line(model.name), value=str(model.id))
            for model in (mine + shared)[:MAX_CHOICES]
        ],
    )
    return card(
        Accent.RUNNING,
        text(_("### Your models"), *_lines(mine, _, own=True)) if mine else None,
        text(_("### Shared with you here"), *_lines(shared, _, own=False)) if shared else None,
        ui.ActionRow(choose),
        text(small(_("`/portrait` with `model` makes portraits with one."))),
    )


def _lines(models: Sequence[TrainedModel], _: Text, *, own: bool) -> list[str]:
    lines = []
    for model in models[:LISTED]:
        trained = _("trained {when}", when=relative(model.created_at))
        facts = [trained, _sharing(model, _) if own else _("of {member}", member=f"<@{model.owner_id}>")]
        lines.append(f"**{code_span(model.name)}** {' · '.join(facts)}")
    if more := len(models) - LISTED:
        lines += [small(_.plural("and {n} more", "and {n} more", more))] if more > 0 else []
    return lines


def _sharing(model: TrainedModel, _: Text) -> str:
    if not model.shares:
        return _("yours alone")
    return _.plural("shared once", "shared {n} times", len(model.shares))


def model_panel(model: TrainedModel, user_id: int, guild_id: int, _: Text) -> ui.LayoutView:
    """One model: what is known of it and, for its owner, with whom it is shared and all that can be done."""
    is_own = model.owner_id == user_id
    use = button(_("Make a portrait"), model_id(Verb.MODEL_USE, model), discord.ButtonStyle.primary)
    if not is_own:
        owner = _("{member} shares it with you here.", member=f"<@{model.owner_id}>")
        return card(Accent.RUNNING, text(_heading(model), owner, *_facts(model, _)), buttons=(use,))
    pick: ui.MentionableSelect[Any] = ui.MentionableSelect(
        custom_id=str(model_id(Verb.MODEL_SHARE, model)),
        placeholder=_("Share it with a member or a role of this server"),
    )
    everyone = model_id(Verb.MODEL_SHARE, model, ShareKind.SERVER)
    with_all = any(each.kind is ShareKind.SERVER and each.guild_id == guild_id for each in model.shares)
    return card(
        Accent.RUNNING,
        text(_heading(model), *_facts(model, _)),
        text(code_block(model.description, MAX_DESCRIPTION)) if model.description else None,
        *_share_rows(model, guild_id, _),
        ui.ActionRow(pick),
        buttons=(
            use,
            button(_("Share with everyone here"), everyone, disabled=with_all),
            button(_("Mine alone"), model_id(Verb.MODEL_UNSHARE, model), disabled=not model.shares),
            button(_("Rename"), model_id(Verb.MODEL_RENAME, model)),
            button(_("Delete"), model_id(Verb.MODEL_DELETE, model), discord.ButtonStyle.danger),
        ),
    )


def _heading(model: TrainedModel) -> str:
    return f"### {code_span(model.name)}"


def _facts(model: TrainedModel, _: Text) -> list[str]:
    trained = [_("trained {when}", when=moment(model.created_at))]
    if model.photos:
        trained.append(_.plural("on {n} photo", "on {n} photos", model.photos))
    if model.base:
        trained.append(_("from {base}", base=code_span(model.base)))
    lines = [small(" · ".join(trained))]
    if model.trigger_words:
        listed = ", ".join(map(code_span, model.trigger_words))
        lines.append(_("Trained on the words {words}; they are put into each prompt.", words=listed))
    if model.wiro_id is None:
        lines.append(_("Wiro has not told its number yet, so it cannot be used."))
    return lines


def _share_rows(model: TrainedModel, guild_id: int, _: Text) -> list[ui.Item[Any]]:
    here = [each for each in model.shares if each.guild_id == guild_id]
    if not model.shares:
        return [text(_("It is yours alone: nobody else can use it or sees its name."))]
    rows: list[ui.Item[Any]] = [
        ui.Section(
            text(_("Shared with {whom}", whom=whom(each, _))),
            accessory=button(
                _("Take back"), model_id(Verb.MODEL_UNSHARE, model, each.kind, str(each.target_id))
            ),
        )
        for each in here[:LISTED_SHARES]
    ]
    unseen = len(model.shares) - len(rows)
    if unseen:
        counted = _.plural(
            "Shared {n} more time, here or in another server.",
            "Shared {n} more times, here or in other servers.",
            unseen,
        )
        rows.append(text(small(f"{counted} {_('Mine alone takes all of it back.')}")))
    return rows


def whom(share: Share, _: Text) -> str:
    """With whom that is, as a mention; nobody is notified by it."""
    if share.kind is ShareKind.SERVER:
        return _("everyone in this server")
    return f"<@{share.target_id}>" if share.kind is ShareKind.MEMBER else f"<@&{share.target_id}>"


def share_of(named: Sequence[str], guild_id: int) -> Share:
    """The share in that server that a button names by its kind and its id.

    Raises:
        OldButton: It names none.
    """
    kind, _, target_id = ".".join(named).partition(".")
    if kind not in set(ShareKind) or not re.fullmatch(r"\d{1,20}", target_id):
        raise OldButton
    return Share(guild_id=guild_id, kind=ShareKind(kind), target_id=int(target_id))


def delete_question(model: TrainedModel, _: Text) -> ui.LayoutView:
    """Whether a model is really to be deleted, and what goes where."""
    sure = button(_("Delete it"), model_id(Verb.MODEL_DELETE, model, YES), discord.ButtonStyle.danger)
    return card(
        Accent.FAILED,
        text(
            f"### {_('Delete {model}?', model=code_span(model.name))}",
            _(
                "Here: the model and with whom it is shared. Nobody can use it any more, and tasks that wait "
                "for it end without cost. Images that were made with it stay."
            ),
            _(
                "At Wiro: I ask to have the photos and the samples of its training deleted. Whether the "
                "model itself goes with them Wiro does not say; the people who run this bot can see to it "
                "there."
            ),
            small(_("It cannot be brought back. Dismiss this message to keep it.")),
        ),
        buttons=(sure, button(_("Keep it"), model_id(Verb.MODEL, model))),
    )


def rename_form(model: TrainedModel, _: Text) -> ui.Modal:
    """The form for another name."""
    form = ui.Modal(title=_("Rename a model"), custom_id=str(model_id(Verb.MODEL_RENAME, model)))
    field = ui.TextInput[Any](custom_id=NAME, default=model.name, min_length=1, max_length=MAX_NAME)
    hint = _("At Wiro it keeps the name that it was trained under.")
    form.add_item(ui.Label(text=_("Name"), description=hint, component=field))
    form.stop()
    return form
