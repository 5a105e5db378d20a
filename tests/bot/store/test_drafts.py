"""Drafts of trainings and the photos' rows, on both engines."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import Moved
from bot.store import drafts
from bot.training import KEPT_FOR, MOST_BYTES, MOST_PHOTOS, Draft, Follow, NewPhoto
from tests.support.clock import START
from tests.support.store import GUILD, USER

if TYPE_CHECKING:
    from bot.store.database import Database


def a_photo(number: int, **changes: Any) -> NewPhoto:
    values: dict[str, Any] = {
        "name": f"IMG_{number}.JPG",
        "file": f"{number:03d}.jpg",
        "digest": f"digest-{number}",
        "fingerprint": f"{number:016x}",
        "width": 800,
        "height": 600,
        "size_bytes": 1000,
    }
    return NewPhoto(**(values | changes))


async def opened(db: Database, user_id: int = USER, **given: Any) -> Draft:
    options: dict[str, Any] = {"suffix": "k3f9", "follow": Follow.THREAD, "now": START}
    return await db.write(partial(drafts.open_draft, guild_id=GUILD, user_id=user_id, given=given, **options))


async def test_a_member_has_one_open_draft_in_a_server_and_what_is_given_later_goes_first(
    db: Database,
) -> None:
    first = await opened(db, name="mira", instance_prompt="photo of zwx")
    again = await opened(db, name="mira-2")
    assert again.id == first.id
    assert again.given == {"name": "mira-2", "instance_prompt": "photo of zwx"}
    assert (await opened(db)).given == again.given
    assert (await opened(db, user_id=USER + 1)).id != first.id
    found = await db.read(partial(drafts.find_open, guild_id=GUILD, user_id=USER, now=START))
    assert found == again


async def test_photos_are_kept_in_order_and_none_stands_twice(db: Database) -> None:
    draft = await opened(db)
    add = partial(drafts.add_photos, draft_id=draft.id)
    assert await db.write(partial(add, new=[a_photo(1), a_photo(2)], problems=["`x.jpg` is blurred."])) == ()
    twin = a_photo(3, digest="digest-1")
    assert await db.write(partial(add, new=[twin, a_photo(4)])) == (twin,)
    kept = await db.read(partial(drafts.photos, draft_id=draft.id))
    assert [photo.name for photo in kept] == ["IMG_1.JPG", "IMG_2.JPG", "IMG_4.JPG"]
    gone = await db.write(partial(drafts.remove_photos, draft_id=draft.id, photo_ids=[kept[1].id, 999_999]))
    assert [photo.file for photo in gone] == ["002.jpg"]
    assert await db.read(drafts.files) == {draft.id: {"001.jpg", "004.jpg"}}


@pytest.mark.parametrize(
    "new",
    [
        [a_photo(number) for number in range(MOST_PHOTOS + 1)],
        [a_photo(0, size_bytes=MOST_BYTES), a_photo(1, size_bytes=1)],
    ],
    ids=["too many", "too much"],
)
async def test_what_is_past_the_caps_is_left_out(db: Database, new: list[NewPhoto]) -> None:
    """Two forms may be sent at once, each within the caps: the database has the last word."""
    draft = await opened(db)
    assert await db.write(partial(drafts.add_photos, draft_id=draft.id, new=new)) == (new[-1],)


async def test_a_draft_is_no_more_after_a_day(db: Database) -> None:
    draft = await opened(db, name="old")
    await db.write(partial(drafts.add_photos, draft_id=draft.id, new=[a_photo(1)]))
    later = START + KEPT_FOR
    find = partial(drafts.find_open, guild_id=GUILD, user_id=USER)
    assert await db.read(partial(find, now=later - timedelta(seconds=1))) is not None
    assert await db.read(partial(find, now=later)) is None
    assert await db.write(partial(drafts.discard_expired, now=later - timedelta(seconds=1))) == ()
    assert await db.write(partial(drafts.discard_expired, now=later)) == (draft.id,)
    assert await db.read(partial(drafts.photos, draft_id=draft.id)) == ()
    anew = partial(drafts.open_draft, guild_id=GUILD, user_id=USER, given={}, suffix="x", follow=Follow.DM)
    assert (await db.write(partial(anew, now=later))).given == {}


async def test_an_old_draft_gives_way_to_a_new_one_before_it_is_swept(db: Database) -> None:
    draft = await opened(db, name="old")
    anew = partial(drafts.open_draft, guild_id=GUILD, user_id=USER, given={}, suffix="x", follow=Follow.DM)
    new = await db.write(partial(anew, now=START + KEPT_FOR))
    assert (new.id, new.given, new.follow) != (draft.id, draft.given, draft.follow)


async def test_a_discarded_draft_takes_no_more_photos_and_no_more_choices(db: Database) -> None:
    draft = await opened(db)
    await db.write(partial(drafts.discard, draft_id=draft.id))
    await db.write(partial(drafts.discard, draft_id=draft.id))
    for late in (
        partial(drafts.add_photos, draft_id=draft.id, new=[a_photo(1)]),
        partial(drafts.remove_photos, draft_id=draft.id, photo_ids=[1]),
        partial(drafts.change, draft_id=draft.id, follow=Follow.DM),
    ):
        with pytest.raises(Moved):
            await db.write(late)


async def test_only_the_members_own_choices_can_be_changed(db: Database) -> None:
    draft = await opened(db)
    changed = await db.write(
        partial(drafts.change, draft_id=draft.id, follow=Follow.DM, show_name=True, delete_photos=True)
    )
    assert (changed.follow, changed.show_name, changed.delete_photos) == (Follow.DM, True, True)
    with pytest.raises(ValueError, match="job_id"):
        await db.write(partial(drafts.change, draft_id=draft.id, job_id=1))
