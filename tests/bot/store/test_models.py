from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.errors import InvalidValue, NoSuchModel
from bot.store import models
from bot.trained import Reader, Share, ShareKind
from tests.support.clock import START
from tests.support.models import ANNA, BEN, HERE, THERE, a_new_model

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.trained import NewModel, TrainedModel

WITH_ALL = Share(guild_id=HERE, kind=ShareKind.SERVER, target_id=HERE)
WITH_ROLE = Share(guild_id=HERE, kind=ShareKind.ROLE, target_id=55)
WITH_BEN = Share(guild_id=HERE, kind=ShareKind.MEMBER, target_id=BEN)


async def recorded(db: Database, new: NewModel) -> TrainedModel:
    return await db.write(partial(models.record, new=new, now=START))


async def usable(db: Database, user_id: int, guild_id: int = HERE, *roles: int) -> list[str]:
    reader = Reader(user_id=user_id, guild_id=guild_id, role_ids=frozenset(roles))
    return [model.name for model in await db.read(lambda conn: models.usable_by(conn, reader))]


async def test_a_training_makes_one_model_however_often_it_is_recorded(db: Database) -> None:
    """The second time the first one comes back, also when its owner has renamed it."""
    new = a_new_model()
    first = await recorded(db, new)
    assert first == await db.read(lambda conn: models.by_wiro_id(conn, "900"))
    assert (first.name, first.wiro_name, first.trigger_words) == ("anna", "anna-x7k2", ("photo of zwx",))
    renamed = await db.write(partial(models.rename, model_id=first.id, owner_id=ANNA, name="me"))
    assert await recorded(db, new) == renamed
    assert len(await db.read(lambda conn: models.owned_by(conn, ANNA))) == 1


async def test_no_model_is_lost_over_its_name_or_its_id(db: Database) -> None:
    """A name of the owner's that is taken, in any case, gets a number; an id that is taken is none."""
    await recorded(db, a_new_model())
    second = await recorded(db, a_new_model(job_id=2, name="Anna"))
    third = await recorded(db, a_new_model(job_id=3, wiro_id="903"))
    of_ben = await recorded(db, a_new_model(job_id=4, owner_id=BEN, wiro_id="904"))
    assert (second.name, second.wiro_id) == ("Anna-2", None)
    assert (third.name, third.wiro_id) == ("anna-3", "903")
    assert of_ben.name == "anna"


async def test_model_is_its_owners_alone_until_it_is_shared(db: Database) -> None:
    """Each kind of share opens it to those that it names, in that server, and taking it back closes it."""
    model = await recorded(db, a_new_model())
    assert await usable(db, ANNA) == await usable(db, ANNA, THERE) == ["anna"]
    for share, inside, outside in (
        (WITH_BEN, [(BEN, HERE)], [(BEN, THERE), (3, HERE)]),
        (WITH_ROLE, [(BEN, HERE, 7, 55)], [(BEN, HERE, 7), (BEN, THERE, 55)]),
        (WITH_ALL, [(BEN, HERE), (3, HERE)], [(BEN, THERE)]),
    ):
        for who in (*inside, *outside):
            assert await usable(db, *who) == []
        for _ in range(2):
            shared = await db.write(
                partial(models.share, model_id=model.id, owner_id=ANNA, wanted=share, now=START)
            )
            assert shared.shares == (share,)
        assert [await usable(db, *who) for who in inside] == [["anna"]] * len(inside)
        assert [await usable(db, *who) for who in outside] == [[]] * len(outside)
        after = await db.write(partial(models.unshare, model_id=model.id, owner_id=ANNA, which=share))
        assert after.shares == ()


async def test_taking_back_every_share_leaves_the_owner(db: Database) -> None:
    model = await recorded(db, a_new_model())
    for share in (WITH_BEN, WITH_ROLE, replace(WITH_ALL, guild_id=THERE, target_id=THERE)):
        await db.write(partial(models.share, model_id=model.id, owner_id=ANNA, wanted=share, now=START))
    alone = await db.write(partial(models.unshare, model_id=model.id, owner_id=ANNA))
    assert alone == model
    assert await usable(db, BEN, THERE) == []


async def test_own_models_come_first_then_the_newest(db: Database) -> None:
    for job_id, owner_id, name in ((1, ANNA, "old"), (2, BEN, "his"), (3, ANNA, "new")):
        new = a_new_model(job_id=job_id, owner_id=owner_id, name=name, wiro_id=None)
        model = await recorded(db, new)
        await db.write(
            partial(models.share, model_id=model.id, owner_id=owner_id, wanted=WITH_ALL, now=START)
        )
    assert await usable(db, ANNA) == ["new", "old", "his"]
    assert await usable(db, BEN) == ["his", "new", "old"]


async def test_only_the_owner_changes_a_model(db: Database) -> None:
    """For everybody else there is none, and nothing happens to it."""
    model = await recorded(db, a_new_model())
    for unit in (
        partial(models.share, wanted=WITH_BEN, now=START),
        models.unshare,
        partial(models.rename, name="mine"),
        models.delete,
    ):
        with pytest.raises(NoSuchModel):
            await db.write(partial(unit, model_id=model.id, owner_id=BEN))
    assert await db.read(lambda conn: models.get(conn, model.id)) == model


async def test_renaming_keeps_names_apart(db: Database) -> None:
    """Another model's name is refused in any case; one's own may change its case."""
    model = await recorded(db, a_new_model())
    await recorded(db, a_new_model(job_id=2, name="Other", wiro_id=None))
    rename = partial(models.rename, model_id=model.id, owner_id=ANNA)
    with pytest.raises(InvalidValue, match="`other` already"):
        await db.write(partial(rename, name="other"))
    assert (await db.write(partial(rename, name="ANNA"))).name == "ANNA"
    assert (await db.write(partial(rename, name="me"))).name == "me"
    again = await recorded(db, a_new_model(job_id=3, wiro_id=None))
    assert again.name == "anna"


async def test_deleted_model_is_nobodys_and_its_shares_go_with_it(db: Database) -> None:
    """The number is not used again: an old button leads nowhere."""
    model = await recorded(db, a_new_model())
    shared = await db.write(
        partial(models.share, model_id=model.id, owner_id=ANNA, wanted=WITH_ALL, now=START)
    )
    assert await db.write(partial(models.delete, model_id=model.id, owner_id=ANNA)) == shared
    assert await usable(db, ANNA) == await usable(db, BEN) == []
    assert await db.read(lambda conn: models.by_wiro_id(conn, "900")) is None
    following = await recorded(db, a_new_model(job_id=2))
    assert following.id > model.id
    assert following.shares == ()


async def test_an_id_is_learned_once_and_is_one_models_alone(db: Database) -> None:
    """Only models without one are looked for, and not those of long ago."""
    known = await recorded(db, a_new_model())
    later = await recorded(db, a_new_model(job_id=2, wiro_id=None))
    assert await db.read(lambda conn: models.without_id(conn, since=START)) == [later]
    soon = START + timedelta(seconds=1)
    assert await db.read(lambda conn: models.without_id(conn, since=soon)) == []
    for model_id, wiro_id, learned in (
        (later.id, "900", False),
        (later.id, "901", True),
        (later.id, "902", False),
        (known.id, "903", False),
        (99, "904", False),
    ):
        unit = partial(models.learn_id, model_id=model_id, wiro_id=wiro_id)
        assert await db.write(unit) is learned
    assert await db.read(lambda conn: models.by_wiro_id(conn, "901")) == replace(later, wiro_id="901")
