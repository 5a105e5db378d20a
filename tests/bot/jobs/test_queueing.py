"""Fairness of the line, without a database."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.picture import Picture
from bot.jobs.queueing import choose, starts_s, turns
from bot.jobs.refusals import Shut
from bot.model import NORMAL_WEIGHT
from bot.store.line import ACCOUNT, Gate, LineView, WaitingJob
from tests.support import jobs as cards
from tests.support.clock import START

COST = 1_000


def a_job(job_id: int, **changes: object) -> WaitingJob:
    values: dict[str, object] = {
        "job_id": job_id,
        "guild_id": 1,
        "user_id": 1,
        "tool": "portraitplus",
        "is_training": False,
        "cost_nano_usd": COST,
        "weight": NORMAL_WEIGHT,
        "waiting_since": START + timedelta(seconds=job_id),
        "not_before": None,
        "server_time": 0,
        "member_time": 0,
    }
    return WaitingJob(**(values | changes))  # type: ignore[arg-type]  # a test's short way


def a_view(*heads: WaitingJob, **changes: object) -> LineView:
    values: dict[str, object] = {
        "now": START,
        "limit": 5,
        "at_wiro": 0,
        "trainings_at_wiro": 0,
        "tools_at_wiro": {},
        "heads": heads,
        "gates": {ACCOUNT: Gate()},
    }
    return LineView(**(values | changes))  # type: ignore[arg-type]  # a test's short way


def _order(jobs: list[WaitingJob]) -> list[int]:
    return [job.job_id for job in turns(jobs)]


def test_the_least_server_time_goes_first_then_the_least_member_time_then_the_longest_wait() -> None:
    heads = [
        a_job(1, guild_id=1, server_time=5),
        a_job(2, guild_id=2, user_id=1, server_time=3, member_time=9),
        a_job(4, guild_id=2, user_id=2, server_time=3, member_time=2),
        a_job(3, guild_id=2, user_id=3, server_time=3, member_time=2),
    ]
    chosen = choose(a_view(*heads))
    assert chosen is not None
    assert (chosen.job_id, chosen.server_charge, chosen.member_charge) == (3, COST, COST)


def test_a_member_with_a_hundred_jobs_delays_anothers_first_by_at_most_one_turn() -> None:
    greedy = [a_job(number, user_id=1) for number in range(100)]
    order = _order([*greedy, a_job(500, user_id=2)])
    assert order.index(500) <= 1


def test_a_server_with_a_hundred_members_delays_another_server_by_at_most_one_turn() -> None:
    crowd = [a_job(number, guild_id=1, user_id=number) for number in range(100)]
    order = _order([*crowd, a_job(500, guild_id=2, user_id=500)])
    assert order.index(500) <= 1


def test_members_alternate_by_cost_not_by_jobs() -> None:
    """Whoever asks for images four times as dear comes four times as rarely."""
    dear = [a_job(number, user_id=1, cost_nano_usd=4 * COST) for number in range(10)]
    cheap = [a_job(100 + number, user_id=2) for number in range(40)]
    first = _order([*dear, *cheap])[:25]
    assert Counter(number >= 100 for number in first) == {True: 20, False: 5}


def test_members_alternate_by_weight() -> None:
    """Whoever has twice the weight goes twice as often, and nobody is left out."""
    heavy = [a_job(number, user_id=1, weight=2 * NORMAL_WEIGHT) for number in range(20)]
    normal = [a_job(100 + number, user_id=2) for number in range(20)]
    light = [a_job(200 + number, user_id=3, weight=NORMAL_WEIGHT // 2) for number in range(20)]
    first = _order([*heavy, *normal, *light])[:21]
    assert Counter(number // 100 for number in first) == {0: 12, 1: 6, 2: 3}


def test_weights_count_only_inside_a_server() -> None:
    """A server whose members are all heavy has no more turns than another."""
    heavy = [a_job(number, guild_id=1, weight=10 * NORMAL_WEIGHT) for number in range(20)]
    normal = [a_job(100 + number, guild_id=2, user_id=2) for number in range(20)]
    first = _order([*heavy, *normal])[:20]
    assert Counter(number >= 100 for number in first) == {True: 10, False: 10}
    chosen = choose(a_view(heavy[0]))
    assert chosen is not None
    assert (chosen.server_charge, chosen.member_charge) == (COST, COST // 10)


@pytest.mark.parametrize(("cost", "weight"), [(1, 10_000), (COST, 0)])
def test_every_turn_charges_something_whatever_the_weight(cost: int, weight: int) -> None:
    """No weight lets a member's clock stand still, nor divides by nothing."""
    chosen = choose(a_view(a_job(1, cost_nano_usd=cost, weight=weight)))
    assert chosen is not None
    assert chosen.member_charge >= 1


def test_a_newcomer_has_neither_debt_nor_credit() -> None:
    """The store gives it the start of the level's last turn: it takes turns with all from now on."""
    busy = [a_job(number, user_id=1, member_time=50 * COST) for number in range(5)]
    newcomer = [a_job(100 + number, user_id=2, member_time=50 * COST) for number in range(5)]
    assert [number >= 100 for number in _order([*busy, *newcomer])] == [False, True] * 5


def test_a_members_own_jobs_keep_their_order() -> None:
    assert _order([a_job(number) for number in (1, 2, 3)]) == [1, 2, 3]


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.sampled_from((50, 100, 300))),
        max_size=40,
    )
)
def test_running_the_line_ahead_gives_the_order_in_which_jobs_are_then_chosen(
    asked: list[tuple[int, int, int, int]],
) -> None:
    jobs = [
        a_job(number, guild_id=guild, user_id=user, cost_nano_usd=cost, weight=weight)
        for number, (guild, user, cost, weight) in enumerate(asked)
    ]
    waiting, chosen = list(jobs), []
    servers: dict[int, int] = defaultdict(int)
    members: dict[tuple[int, int], int] = defaultdict(int)
    while waiting:
        heads = {
            (job.guild_id, job.user_id): replace(
                job,
                server_time=servers[job.guild_id],
                member_time=members[job.guild_id, job.user_id],
            )
            for job in reversed(waiting)
        }
        choice = choose(a_view(*heads.values()))
        assert choice is not None
        [job] = [each for each in waiting if each.job_id == choice.job_id]
        servers[job.guild_id] += choice.server_charge
        members[job.guild_id, job.user_id] += choice.member_charge
        waiting.remove(job)
        chosen.append(job.job_id)
    ahead = _order(jobs)
    assert sorted(ahead) == sorted(chosen)
    for guild_id in {job.guild_id for job in jobs}:
        of_server = {job.job_id for job in jobs if job.guild_id == guild_id}
        assert [n for n in ahead if n in of_server] == [n for n in chosen if n in of_server]


@pytest.mark.parametrize(
    ("limit", "running", "goes"),
    [(5, 3, True), (5, 4, False), (2, 1, False), (1, 0, True)],
)
def test_trainings_leave_one_place_to_portraits_where_there_are_two(
    limit: int, running: int, *, goes: bool
) -> None:
    training = a_job(1, is_training=True)
    view = a_view(training, limit=limit, trainings_at_wiro=running)
    assert (choose(view) is not None) is goes


def test_a_portrait_passes_a_training_that_may_not_go() -> None:
    view = a_view(a_job(1, is_training=True), a_job(2, user_id=2), limit=2, trainings_at_wiro=1)
    chosen = choose(view)
    assert chosen is not None
    assert chosen.job_id == 2


def test_a_closed_gate_holds_only_its_tool_back() -> None:
    gates = {
        ACCOUNT: Gate(),
        "portraitplus": Gate(key="portraitplus", closed_until=START + timedelta(seconds=9), strikes=1),
    }
    chosen = choose(a_view(a_job(1), a_job(2, tool="other"), gates=gates))
    assert chosen is not None
    assert chosen.job_id == 2
    assert choose(a_view(a_job(1), gates=gates)) is None


@pytest.mark.parametrize("key", [ACCOUNT, "portraitplus"])
def test_one_job_alone_tries_a_gate_that_was_closed(key: str) -> None:
    gates = {ACCOUNT: Gate(), key: Gate(key=key, closed_until=START - timedelta(seconds=1), strikes=2)}
    view = a_view(a_job(1), gates=gates)
    assert choose(view) is not None
    assert choose(view, frozenset({"portraitplus"})) is None


def test_starts_follow_the_places_as_they_become_free() -> None:
    assert starts_s([10, 10, 10], busy_for_s=[], places=2) == [0, 0, 10]
    assert starts_s([10, 10], busy_for_s=[4, 7], places=2) == [4, 7]
    assert starts_s([10, 10], busy_for_s=[4, 7, 9], places=1) == [9, 19], "the limit has shrunk"


def _picture(*jobs: WaitingJob, **changes: object) -> Picture:
    values: dict[str, object] = {
        "at": START,
        "waiting": jobs,
        "busy_for_s": [5.0],
        "places_at_wiro": 1,
        "runs_s": {"portraitplus": 10.0},
    }
    return Picture(**(values | changes))  # type: ignore[arg-type]  # a test's short way


def test_places_count_who_goes_before_and_say_when() -> None:
    places = _picture(a_job(1), a_job(2), a_job(3, user_id=2)).places
    assert [(job_id, place.ahead) for job_id, place in places.items()] == [(1, 0), (3, 1), (2, 2)]
    starts = [place.expected_start for place in places.values()]
    assert starts == [START + timedelta(seconds=seconds) for seconds in (5, 15, 25)]


def _shut(key: str, why: Shut, **changes: object) -> dict[str, Gate]:
    values: dict[str, object] = {"closed_until": START + timedelta(seconds=30), "strikes": 1}
    return {key: Gate(key=key, why=why.value, **(values | changes))}  # type: ignore[arg-type]  # a test's short way


def test_while_the_accounts_gate_is_closed_nobody_is_told_a_time() -> None:
    places = _picture(a_job(1), gates=_shut(ACCOUNT, Shut.AUTH)).places
    assert (places[1].expected_start, places[1].shut) == (None, Shut.AUTH)


@pytest.mark.parametrize("why", [Shut.CONCURRENCY, Shut.RATE])
def test_a_gate_that_opens_within_a_minute_is_nothing_to_tell(why: Shut) -> None:
    places = _picture(a_job(1), gates=_shut(ACCOUNT, why)).places
    assert (places[1].expected_start, places[1].shut) == (None, None)


def test_who_is_held_back_by_a_tools_gate_stands_in_nobodys_way() -> None:
    """Also between its opening and the job that passes it: nobody knows yet whether one will."""
    held, other = a_job(1), a_job(2, tool="other", user_id=2)
    gates = _shut("portraitplus", Shut.BALANCE, closed_until=START - timedelta(seconds=1))
    picture = _picture(held, other, gates=gates, runs_s={"portraitplus": 10.0, "other": 10.0})
    assert [job.job_id for job in picture.order] == [2]
    assert (picture.places[2].ahead, picture.places[2].shut) == (0, None)
    assert picture.places[2].expected_start == START + timedelta(seconds=5)
    assert (picture.places[1].expected_start, picture.places[1].shut) == (None, Shut.BALANCE)
    newcomer = picture.place_of(cards.a_job(id=9, guild_id=1, created_at=START + timedelta(hours=1)))
    assert (newcomer.ahead, newcomer.expected_start, newcomer.shut) == (1, None, Shut.BALANCE)
