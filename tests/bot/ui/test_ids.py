from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.ids import NO_JOB, ButtonId, Verb

CODES = st.one_of(st.just(NO_JOB), st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=4, max_size=8))
ARGS = st.one_of(st.just(""), st.text("abcXYZ019_.-", min_size=1, max_size=60))


@given(verb=st.sampled_from(Verb), job=CODES, arg=ARGS)
def test_what_is_written_is_read_back_and_fits(verb: Verb, job: str, arg: str) -> None:
    written = ButtonId(verb, job, arg)
    assert ButtonId.read(str(written)) == written
    assert len(str(written)) <= 100


@given(st.text(max_size=120))
def test_reading_never_raises(text: str) -> None:
    found = ButtonId.read(text)
    assert found is None or str(found) == text


@pytest.mark.parametrize(
    "foreign", ["", "again", "at:again", "at:dance:4F7K", "at:again:4f7k", "at:again:4F7K:"]
)
def test_what_is_not_ours_is_nothing(foreign: str) -> None:
    assert ButtonId.read(foreign) is None


def test_an_id_that_could_not_be_read_back_is_not_written() -> None:
    with pytest.raises(ValueError, match="not a custom id"):
        ButtonId(Verb.AGAIN, "4F7K", "two words")
