from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import JobState, Reason
from bot.store.jobs import RecentPrompt
from bot.ui.forms import edit_form, numbers_line
from bot.ui.ids import ButtonId, Verb
from bot.ui.panels import HelpLine, help_panel, ideas_panel, summary_of, task_details, task_list
from bot.ui.references import ideas_of, suggestions
from bot.ui.safe import length
from bot.ui.starting import given_of
from bot.ui.text import text_for
from tests.support.cards import buttons_of, check_limits
from tests.support.jobs import NOW, TOOL, a_job

ENGLISH = text_for("en-US")
LONG = st.one_of(
    st.text(max_size=1500), st.just("🧑‍🚀" * 500), st.just("語" * 1500), st.just("`@everyone\n" * 140)
)


@given(state=st.sampled_from(JobState), prompt=LONG, negative=LONG, reason=st.sampled_from(Reason))
def test_details_of_the_longest_words_fit(
    state: JobState, prompt: str, negative: str, reason: Reason
) -> None:
    job = a_job(
        state,
        inputs={"prompt": prompt, "negativePrompt": negative},
        reason=reason,
        reason_text=prompt,
        cost_nano_usd=1,
        kept_until=NOW,
        ended_at=NOW,
        wiro_ended_at=NOW,
        private=state is JobState.KEPT,
    )
    view = task_details(job, TOOL, ENGLISH, with_cost=True, is_owner=True)
    check_limits(view, most=4000)


@given(prompts=st.lists(LONG, max_size=12), states=st.sampled_from(JobState))
def test_a_list_of_the_longest_tasks_fits(prompts: list[str], states: JobState) -> None:
    jobs = [
        a_job(states, id=number, code=f"{number:04d}", inputs={"prompt": prompt})
        for number, prompt in enumerate(prompts)
    ]
    check_limits(task_list(jobs, ENGLISH))


@given(prompts=st.lists(LONG, max_size=30), typed=st.text(max_size=20))
def test_suggestions_are_such_that_discord_takes_them(prompts: list[str], typed: str) -> None:
    recent = [RecentPrompt(code="4F7K", prompt=prompt) for prompt in prompts]
    found = suggestions(typed, recent, TOOL.inspirations)
    assert len(found) <= 25
    for name, value in found:
        assert 1 <= length(name) <= 100
        assert 1 <= length(value) <= 100


@given(prompt=LONG, state=st.sampled_from(JobState))
def test_a_task_in_one_line_fits_a_choice(prompt: str, state: JobState) -> None:
    summary = summary_of(a_job(state, inputs={"prompt": prompt}), TOOL, ENGLISH)
    assert 1 <= length(summary) <= 100
    assert summary.startswith("#4F7K")


@pytest.mark.parametrize("page", [-1, 0, 1, 2, 99])
@pytest.mark.parametrize("real_persons", [False, True])
def test_pages_of_ideas_fit_and_stay_in_range(page: int, real_persons: bool) -> None:
    ideas = ideas_of(TOOL, real_persons=real_persons)
    view = ideas_panel(TOOL, ideas, page, ENGLISH)
    check_limits(view)
    assert "Use this" in buttons_of(view)


def test_help_fits_with_a_hundred_commands() -> None:
    lines = [HelpLine(mention=f"</command{n}:1100000000000000001>", description="d" * 20) for n in range(40)]
    check_limits(help_panel(lines, ENGLISH))


def walk(form: Any) -> list[Any]:
    return [label.component for label in form.children]


@given(prompt=LONG, seed=st.text(max_size=30))
def test_a_form_fits_whatever_it_is_filled_with(prompt: str, seed: str) -> None:
    values = {
        "prompt": prompt * 2,
        "negative_prompt": prompt,
        "seed": seed,
        "scheduler": "nonsense",
        "steps": 5,
    }
    form = edit_form(TOOL, ButtonId(Verb.EDIT, "4F7K"), values, "t" * 99, ENGLISH, numbers=prompt)
    payload = form.to_dict()
    assert len(payload["title"]) <= 45
    assert len(payload["components"]) == 5
    for label in payload["components"]:
        field = label["component"]
        assert 1 <= len(label["label"]) <= 45
        if field["type"] == 4:
            assert length(field.get("value", "")) <= field["max_length"] <= 4000


def test_the_line_of_numbers_is_what_the_parser_reads() -> None:
    given_values = given_of(a_job(), TOOL)
    assert numbers_line(TOOL, given_values) == "samples 4, steps 30, scale 7.5, clip skip 4, size 512x512"
    assert "seed" not in given_values
    assert given_of(a_job(), TOOL, same_seed=True)["seed"] == "123456"
