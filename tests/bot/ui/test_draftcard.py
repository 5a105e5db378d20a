"""A draft's card and forms: what Discord takes of the fullest draft, and what each sentence says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import QuotaRefused
from bot.jobs.desk import Quote
from bot.jobs.intake import Left, Refusal
from bot.media.photos import Verdict
from bot.model import Unit
from bot.tools import load_catalogue
from bot.training import MOST_PHOTOS, Draft, Follow, Photo
from bot.ui.draftcard import (
    DraftFacts,
    add_form,
    advanced_form,
    consent_form,
    details_form,
    draft_card,
    draft_id_of,
    refusal_sentence,
    remove_form,
    settings_of,
)
from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.text import text_for
from tests.support.cards import all_of, check_limits, words_of
from tests.support.jobs import GUILD, NOW, OWNER

_ = text_for("en-US")
TRAINER = load_catalogue()["train-dreambooth-sd"]


def a_draft(**changes: Any) -> Draft:
    given: dict[str, Any] = {
        "id": 10**15,
        "guild_id": GUILD,
        "user_id": OWNER,
        "suffix": "k3f9",
        "given": {"name": "anna"},
        "follow": Follow.THREAD,
        "show_name": False,
        "delete_photos": False,
        "problems": (),
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    }
    return Draft(**(given | changes))


def photos(count: int) -> list[Photo]:
    return [
        Photo(
            id=number,
            draft_id=1,
            name="🦊" * 60 + f"{number}.jpg",
            file=f"{number}.jpg",
            digest="d",
            fingerprint="0",
            width=1536,
            height=1152,
            size_bytes=1,
        )
        for number in range(1, count + 1)
    ]


def full_draft() -> Draft:
    """Everything in it that can be, as long as it may be."""
    given = {each.option: "🦊" * (each.max_length or 40) for each in TRAINER.inputs}
    refusal = Refusal(name="🦊" * 300, why=Verdict.TOO_SMALL, width=1000, height=200)
    problems = tuple(refusal_sentence(refusal, _) for _number in range(60))
    return a_draft(given=given, problems=problems, show_name=True, delete_photos=True)


def test_discord_takes_the_fullest_draft() -> None:
    draft = full_draft()
    refusal = QuotaRefused(Unit.TRAINING, used=1, cap=1, back_at=NOW)
    facts = DraftFacts(
        photos=photos(MOST_PHOTOS),
        places=tuple(Follow),
        problems=["A problem that is told at some length, as refusals go. " * 3] * 4,
        settings=settings_of(draft, TRAINER, _, base="x" * 100),
        quote=Quote(nano_usd=2_500_000_000, run_s=5400, refusal=refusal),
    )
    view = draft_card(draft, facts, _)
    check_limits(view, most=4000)
    assert "and 50 more" in words_of(view)


@pytest.mark.parametrize("count", [1, 25, 26, MOST_PHOTOS])
def test_discord_takes_every_form_of_a_full_draft(count: int) -> None:
    draft = full_draft()
    forms = [
        add_form(draft, 5, _),
        remove_form(draft, photos(count), _),
        details_form(draft, TRAINER, _),
        advanced_form(draft, TRAINER, _),
        consent_form(draft, TRAINER, _),
    ]
    for form in forms:
        rows: list[dict[str, Any]] = form.to_dict()["components"]
        assert 1 <= len(rows) <= 5
        for row in rows:
            assert len(row.get("label", "")) <= 45
            assert len(row.get("description") or "") <= 100
            field = row.get("component", {})
            assert len(str(field.get("value") or "").encode("utf-16-le")) // 2 <= (
                field.get("max_length") or 4000
            )
            for option in field.get("options", ()):
                assert 1 <= len(option["label"].encode("utf-16-le")) // 2 <= 100
            assert len(field.get("options", ())) <= 25


def test_a_draft_without_photos_has_nothing_to_remove_and_no_sheet() -> None:
    parts = all_of(draft_card(a_draft(), DraftFacts(photos=(), places=(Follow.DM,)), _))
    assert 12 not in [each["type"] for each in parts]
    disabled = {each["label"] for each in parts if each["type"] == 2 and each.get("disabled")}
    assert disabled == {"Remove…"}


@pytest.mark.parametrize("why", [*Verdict, *Left])
def test_every_refusal_names_the_file_and_the_reason(why: Verdict | Left) -> None:
    refusal = Refusal(name="me`\n.jpg", why=why, width=400, height=300, twin=7, words="it is encrypted")
    told = refusal_sentence(refusal, _)
    assert "`meˋ .jpg`" in told
    assert len(told) > len("`meˋ .jpg`") + 10
    if why is Left.BAD_ARCHIVE:
        assert told == "`meˋ .jpg` was not taken: it is encrypted."


@pytest.mark.parametrize(("arg", "number"), [("12", 12), ("", 0), ("x", 0), ("9" * 19, 0), ("1.2", 0)])
def test_the_draft_of_a_control_is_a_number(arg: str, number: int) -> None:
    assert draft_id_of(ButtonId(Verb.DRAFT_ADD, NO_JOB, arg)) == number
