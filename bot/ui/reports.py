"""Reported images: the message that moderators read and decide on, and the form that blocks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.errors import UserError
from bot.store.reports import Decision
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, link, message_link, small
from bot.ui.moderating import MAX_REASON, MOST_DAYS, clean_reason
from bot.ui.panels import place_of
from bot.ui.safe import code_span
from bot.ui.text import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Job
    from bot.store.reports import Report
    from bot.ui.text import Text

DAYS, REASON = "days", "reason"
MAX_SHOWN_PROMPT = 1000


def report_panel(report: Report, mark: int, _: Text) -> ui.LayoutView:
    """What was reported by whom, with what can still be decided about it, and what has been.

    `mark` is the id of the part by which the message is found.
    """
    who, job = f"<@{report.reporter_id}>", report.job
    lines = [_("### A reported image")]
    if job is None:
        lines.append(_("{who} reported the images of a task that is no longer stored.", who=who))
    else:
        task, whom = code_span(f"#{job.code}"), f"<@{job.user_id}>"
        lines.append(_("{who} reported {task} of {whom}", who=who, task=task, whom=whom))
    if report.words:
        words = code_span(report.words, MAX_SHOWN_PROMPT)
        lines.append(small(_("asked for {words}", words=words)))
    lines += [*_decided(report, _), small(_("reported {when}", when=moment(report.at)))]
    is_settled = report.removed_by is not None or report.dismissed_by is not None
    buttons = [] if job is None else [*_buttons(report, _), *_way_to(job, report, _)]
    return card(
        Accent.QUIET if is_settled else Accent.FAILED,
        ui.TextDisplay("\n".join(lines), id=mark),
        buttons=buttons,
    )


def _decided(report: Report, _: Text) -> list[str]:
    lines = []
    if report.removed_by is not None:
        lines.append(_("🗑️ **Removed** by {member}", member=f"<@{report.removed_by}>"))
    if report.blocked_by is not None:
        lines.append(_("⛔ **Its owner was blocked** by {member}", member=f"<@{report.blocked_by}>"))
    if report.dismissed_by is not None:
        lines.append(_("✅ **Nothing wrong**, says {member}", member=f"<@{report.dismissed_by}>"))
    if lines and report.decided_at is not None:
        lines.append(small(_("decided {when}", when=moment(report.decided_at))))
    return lines


def _buttons(report: Report, _: Text) -> list[ui.Button[Any]]:
    def target(verb: Verb) -> ButtonId:
        return ButtonId(verb, NO_JOB, str(report.id))

    danger = discord.ButtonStyle.danger
    offered = {
        Decision.REMOVE: button(_("Remove"), target(Verb.REPORT_REMOVE), danger, emoji="🗑️"),
        Decision.BLOCK: button(_("Block"), target(Verb.REPORT_BLOCK), danger, emoji="⛔"),
        Decision.DISMISS: button(_("Dismiss"), target(Verb.REPORT_DISMISS)),
    }
    return [each for decision, each in offered.items() if report.is_open_for(decision)]


def _way_to(job: Job, report: Report, _: Text) -> list[ui.Button[Any]]:
    """A link to where everybody can see it."""
    url = place_of(job)
    if not url and job.shared_message_id is not None and report.removed_by is None:
        url = message_link(job.guild_id, job.channel_id, job.shared_message_id)
    return [link(_("Go to it"), url)] if url else []


def block_form(report: Report, _: Text) -> ui.Modal:
    """The form for how long the owner of reported images is blocked, and why."""
    form = ui.Modal(
        title=_("Block the owner"), custom_id=str(ButtonId(Verb.REPORT_BLOCK, NO_JOB, str(report.id)))
    )
    days = ui.TextInput[Any](custom_id=DAYS, required=False, max_length=3, placeholder="7")
    forever = _("A number from 1 to {most}; empty: until somebody unblocks them.", most=MOST_DAYS)
    form.add_item(ui.Label(text=_("For how many days"), description=forever, component=days))
    reason = ui.TextInput[Any](custom_id=REASON, required=False, max_length=MAX_REASON)
    form.add_item(ui.Label(text=_("Reason"), description=_("What they are told"), component=reason))
    form.stop()
    return form


def read_block_form(sent: Mapping[str, str]) -> tuple[int | None, str | None]:
    """The days, None for no end, and the reason.

    Raises:
        UserError: The days are no number of days.
    """
    written = sent.get(DAYS, "").strip()
    reason = clean_reason(sent.get(REASON))
    if not written:
        return None, reason
    if not (written.isascii() and written.isdecimal() and 1 <= int(written) <= MOST_DAYS):
        raise UserError(
            f"The days must be a number from 1 to {MOST_DAYS}, or empty. Nobody was blocked; press `Block` "
            "again."
        )
    return int(written), reason


def whom_to_ask(guild: discord.Guild | None, named: tuple[int, ...]) -> list[str]:
    """Mentions of the roles that moderate a server: those that it named, else those with the right to."""
    roles = [] if guild is None else [role for role in guild.roles if not role.is_default()]
    chosen = [role for role in roles if role.id in named]
    able = [
        role
        for role in roles
        if not role.managed and (role.permissions.moderate_members or role.permissions.administrator)
    ]
    return [f"<@&{role.id}>" for role in reversed(chosen or able)][:5]
