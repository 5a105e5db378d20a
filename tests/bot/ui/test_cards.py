from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.ports import Place, Way
from bot.jobs.refusals import Shut
from bot.model import CancelBy, JobState, Progress, Reason
from bot.ui.cards import CardFacts, Left, job_card
from bot.ui.ids import ButtonId
from bot.ui.text import text_for
from tests.support.cards import all_of, buttons_of, check_limits, words_of
from tests.support.jobs import NOW, OWNER, TOOL, a_job

if TYPE_CHECKING:
    from discord import ui

ENGLISH = text_for("en-US")
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())).map(lambda text: text * 40)


def draw(state: JobState = JobState.RUNNING, facts: CardFacts | None = None, **values: Any) -> ui.LayoutView:
    return job_card(a_job(state, **values), TOOL, ENGLISH, facts)


@given(
    state=st.sampled_from(JobState),
    prompt=st.one_of(ANY_TEXT, st.text(max_size=1500), st.just("🧑‍🚀" * 600), st.just("\u0301" * 1500)),
    negative=ANY_TEXT,
    reason=st.one_of(st.none(), st.sampled_from(Reason)),
    words=st.one_of(st.none(), ANY_TEXT),
    notes=st.lists(st.sampled_from(["trigger_added", "seed_drawn"]), unique=True).map(tuple),
    files=st.integers(0, 10),
    private=st.booleans(),
    stopping=st.booleans(),
    way=st.sampled_from(Way),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_no_card_breaks_a_limit_of_discord(  # noqa: PLR0917 -- Hypothesis names them all
    state: JobState,
    prompt: str,
    negative: str,
    reason: Reason | None,
    words: str | None,
    notes: tuple[str, ...],
    files: int,
    private: bool,
    stopping: bool,
    way: Way,
    flags: tuple[bool, bool, bool],
) -> None:
    reencoded, farewell, shared = flags
    facts = CardFacts(
        progress=Progress(status="task_output", percent=140, step=7, steps=0, expected_end=NOW),
        place=Place(ahead=10**6, as_of=NOW, expected_start=NOW),
        files=tuple(f"atelier-4F7K-{number}.png" for number in range(1, files + 1)),
        reencoded=reencoded,
        left=Left(left=-3, cap=10**9),
        way=way,
        farewell=farewell,
        shared=shared,
    )
    view = draw(
        state,
        facts,
        inputs={"prompt": prompt, "negativePrompt": negative, "scheduler": words or ""},
        reason=reason,
        reason_text=words,
        cancel_reason=words,
        notes=notes,
        private=private,
        cancel_by=CancelBy.OWNER if stopping else None,
        kept_until=NOW,
        parent_code="7ABC",
        wiro_ended_at=NOW + timedelta(days=3),
    )
    check_limits(view)


@given(st.text(st.sampled_from("`\n@everyone<#1></cmd:1>*_~|\\ \u200b")))
def test_a_prompt_cannot_leave_its_code_block(prompt: str) -> None:
    block = next(text for text in words_of(draw(inputs={"prompt": prompt})).split("\n```\n") if text)
    assert words_of(draw(inputs={"prompt": prompt})).count("```") == 2
    assert block


@pytest.mark.parametrize("state", list(JobState))
def test_every_button_of_a_card_can_be_read_back(state: JobState) -> None:
    files = ("atelier-4F7K-1.png",) if state is JobState.DONE else ()
    view = draw(state, CardFacts(files=files), private=True, reason=Reason.LOST)
    for label, custom_id in buttons_of(view).items():
        target = ButtonId.read(custom_id)
        assert target is not None, label
        assert target.job == "4F7K"


def test_a_waiting_card_says_place_and_start() -> None:
    place = Place(ahead=3, as_of=NOW, expected_start=NOW + timedelta(minutes=2))
    view = draw(JobState.WAITING, CardFacts(place=place))
    assert "3 tasks go before yours" in words_of(view)
    assert f"<t:{int(NOW.timestamp()) + 120}:R>" in words_of(view)
    assert list(buttons_of(view)) == ["Cancel"]


def test_a_start_that_is_due_is_not_a_time_in_the_past() -> None:
    place = Place(ahead=0, as_of=NOW, expected_start=NOW + timedelta(seconds=1))
    words = words_of(draw(JobState.WAITING, CardFacts(place=place)))
    assert "You are next.\nIt should start any moment." in words
    assert "<t:" not in words


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ({"shut": Shut.BALANCE}, "The balance at Wiro is used up, and whoever runs me has been told."),
        ({"shut": Shut.AUTH}, "Wiro does not take my requests at the moment"),
        ({"shut": Shut.UNREACHABLE}, "Wiro does not answer at the moment."),
        ({"paused": ""}, "The managers of this server have paused the line.\nYour task keeps"),
        ({"paused": "spring `clean`", "shut": Shut.AUTH}, "paused the line.\nReason: `spring"),
    ],
)
def test_a_card_that_is_held_back_says_why_and_that_nothing_is_lost(why: dict[str, Any], said: str) -> None:
    view = draw(JobState.WAITING, CardFacts(place=Place(ahead=3, as_of=NOW, **why)))
    words = words_of(view)
    assert said in words
    assert "goes on by itself; nothing is lost" in words
    assert "before yours" not in words
    assert list(buttons_of(view)) == ["Cancel"]


def test_a_running_card_says_step_bar_and_end() -> None:
    progress = Progress(status="task_output", step=12, steps=30, expected_end=NOW + timedelta(seconds=9))
    words = words_of(draw(facts=CardFacts(progress=progress)))
    assert "Drawing" in words
    assert "step 12/30" in words
    assert "▰▰▰▰▰▱▱▱▱▱▱▱ 40 %" in words
    assert f"expected <t:{int(NOW.timestamp()) + 9}:R>" in words


def test_a_card_says_for_whom_it_is_without_anything_else_that_mentions() -> None:
    assert words_of(draw(inputs={"prompt": "<@1> @everyone"})).count("for <@") == 1


def test_a_finished_card_shows_the_images_with_alt_text_and_the_facts() -> None:
    job = a_job(
        JobState.DONE,
        started_at=NOW,
        wiro_ended_at=NOW + timedelta(seconds=9.84),
        notes=("trigger_added", "seed_drawn"),
    )
    facts = CardFacts(files=tuple(f"atelier-4F7K-{n}.png" for n in range(1, 5)), left=Left(left=36, cap=40))
    view = job_card(job, TOOL, ENGLISH, facts)
    gallery = next(each for each in all_of(view) if each["type"] == 12)
    assert [item["media"]["url"] for item in gallery["items"]] == [
        f"attachment://atelier-4F7K-{n}.png" for n in range(1, 5)
    ]
    assert {item["description"] for item in gallery["items"]} == {"portrait+ style *a lighthouse keeper*"}
    words = words_of(view)
    assert "4 images · 512×512 · steps 30 · scale 7.5 · clip skip 4 · EulerDiscrete" in words
    assert "seed `123456`, drawn for you · took 9.8 s · 36 of 40 images left today" in words
    assert "I put `portrait+ style` in front" in words
    assert list(buttons_of(view)) == ["Again", "Edit", "Delete"]


def test_share_is_offered_on_a_private_result_until_it_was_shared() -> None:
    facts = CardFacts(files=("atelier-4F7K-1.png",))
    assert "Share" in buttons_of(draw(JobState.DONE, facts, private=True))
    shared = draw(JobState.DONE, facts, private=True, shared_message_id=3)
    assert "Share" not in buttons_of(shared)
    assert "You shared it" in words_of(shared)
    assert "Share" not in buttons_of(draw(JobState.DONE, facts))


def test_a_result_in_a_direct_message_offers_nothing_that_needs_a_server() -> None:
    facts = CardFacts(files=("atelier-4F7K-1.png",), way=Way.DM)
    assert list(buttons_of(draw(JobState.DONE, facts, private=True))) == ["Delete"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_and_says_what_was_given_back(reason: Reason | None) -> None:
    state = JobState.CANCELLED if reason is Reason.OWNER_CANCELLED else JobState.FAILED
    words = words_of(draw(state, reason=reason, reason_text="Some words"))
    assert "All 4 images were given back" in words
    assert len(words.split("\n")[2]) > 20


def test_a_stopped_task_that_counts_all_the_same_says_so() -> None:
    """Where the server chose that, the card does not promise what was not given back."""
    words = words_of(draw(JobState.CANCELLED, reason=Reason.MODERATOR_STOPPED, quota_kept=True))
    assert "counts against your quota all the same" in words
    assert "given back" not in words


@pytest.mark.parametrize(
    ("reason", "offered"),
    [
        (Reason.LOST, ["Try again", "Edit"]),
        (Reason.OWNER_CANCELLED, ["Try again", "Edit"]),
        (Reason.WIRO_REFUSED, ["Edit"]),
        (Reason.MODERATOR_STOPPED, ["Edit"]),
    ],
)
def test_try_again_is_offered_where_it_makes_sense(reason: Reason | None, offered: list[str]) -> None:
    assert list(buttons_of(draw(JobState.FAILED, reason=reason))) == offered


def test_a_card_that_is_stopping_says_so_and_cannot_be_cancelled_twice() -> None:
    view = draw(cancel_by=CancelBy.OWNER)
    assert "### Stopping" in words_of(view)
    assert buttons_of(view) == {}


def test_a_kept_result_says_how_and_until_when_to_fetch_it() -> None:
    words = words_of(draw(JobState.KEPT, kept_until=NOW))
    assert "/tasks show" in words
    assert f"<t:{int(NOW.timestamp())}:f>" in words


def test_the_card_of_a_result_elsewhere_links_to_it() -> None:
    words = words_of(draw(JobState.DONE, result_message_id=77, result_channel_id=a_job().channel_id))
    assert "/77" in words


def test_a_deleted_card_keeps_neither_prompt_nor_buttons() -> None:
    view = draw(JobState.DONE, CardFacts(files=("a.png",)), deleted_at=NOW)
    assert "lighthouse" not in words_of(view)
    assert buttons_of(view) == {}
    assert f"<@{OWNER}>" in words_of(view)


def test_a_private_card_near_the_end_of_its_token_says_where_the_result_comes() -> None:
    words = words_of(draw(private=True, facts=CardFacts(farewell=True)))
    assert "direct message" in words
    assert "`4F7K`" in words


async def test_a_card_is_sent_stopped_so_that_discord_py_keeps_nothing_of_it() -> None:
    assert draw().is_finished()
