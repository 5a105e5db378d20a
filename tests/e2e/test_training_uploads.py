"""What may happen to photos on their way to Wiro, and to the model: five arrive once, one is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.model import JobState
from bot.store import tables
from tests.support.books import reading
from tests.support.house import House, open_house
from tests.support.trainings import a_training, reaches, trainings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAST = 2000.0
"""A training takes a moment."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("uploads")
    async with open_house(folder, speed=FAST, QUOTA_TRAININGS_PER_WEEK="9") as opened:
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _tidy(house: House) -> AsyncIterator[None]:
    yield
    await house.tidy()


async def trained(house: House) -> Any:
    """The task at Wiro of a training of five photos that went well."""
    job = await a_training(house)
    done = await reaches(house, job, *(state for state in JobState if state.has_ended))
    assert done.state is JobState.DONE, done
    [training] = trainings(house)
    assert len(training.photos) == len(set(training.photos)) == 5
    return training


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "drop_after", "where": {"path": "File/Upload"}},
        {"fault": "drop_before", "where": {"path": "File/Upload"}},
        {"fault": "malformed", "where": {"path": "File/Upload"}},
        {"fault": "drop_after", "where": {"path": "File/FolderCreate"}},
        {"fault": "rate_limited", "where": {"path": "File/Upload"}, "retry_after_s": 0},
    ],
    ids=["answer lost", "never arrived", "nonsense", "folder in doubt", "too fast"],
)
async def test_five_photos_are_trained_on_whatever_happens_to_one(
    house: House, fault: dict[str, Any]
) -> None:
    house.wiro.apply(fault)
    training = await trained(house)
    assert house.wiro.faults.armed == []
    assert training.inputs["selectedFolder"]


@pytest.mark.parametrize("fault", ["upload_refused", "upload_elsewhere"])
async def test_where_no_file_goes_into_a_folder_the_archive_is_uploaded(house: House, fault: str) -> None:
    house.wiro.apply({"fault": fault})
    training = await trained(house)
    assert training.inputs["selectedFolder"] == ""
    assert training.inputs["selectedFolderUrl"].startswith(house.wiro.base_url)


async def test_a_model_that_the_page_lists_late_is_found(house: House) -> None:
    house.wiro.apply({"fault": "late_model", "seconds": 1.0})
    training = await trained(house)
    with reading(house.bot.database) as conn:
        newest = sa.select(tables.model.c.wiro_id).order_by(tables.model.c.id.desc()).limit(1)
        assert conn.execute(newest).scalar_one() == training.model_id
