"""Photos into a draft: what is refused before it is fetched, what is refused when it was looked at."""

from __future__ import annotations

import asyncio
import io
import tempfile
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import Moved, NoSuchDraft
from bot.jobs.drafting import Studio
from bot.jobs.intake import Given, Intake, Left, NotFetched, Refusal
from bot.media.photos import Verdict
from bot.store import drafts
from bot.store.photofiles import PhotoFiles
from bot.training import KEPT_FOR, MOST_BYTES, MOST_PHOTOS, Follow, NewPhoto
from tests.support.clock import START
from tests.support.photos import a_photo, a_picture, blurred, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.store.database import Database
    from bot.training import Draft, Photo
    from tests.support.workshop import Rig


class Shelf:
    """Serves what a test puts there; `asked` has what was fetched."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.fetching = self.most_at_once = 0

    async def read(self, url: str, *, most_bytes: int) -> bytes:
        self.asked.append(url)
        if url not in self.data:
            raise NotFetched("gone")
        return self.data[url]

    async def save(self, url: str, path: Path, *, most_bytes: int) -> None:
        data = await self.read(url, most_bytes=most_bytes)
        await asyncio.to_thread(path.write_bytes, data)


class Bench:
    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.folder = db, folder
        self.shelf = Shelf()
        self.intake = Intake(db, PhotoFiles(folder), self.shelf)
        self.refused: list[Refusal] = []

    def given(self, name: str, data: bytes, **told: int) -> Given:
        self.shelf.data[name] = data
        return Given(name=name, url=name, **({"size_bytes": len(data)} | told))

    def archive(
        self, files: dict[str, bytes], name: str = "photos.zip", method: int = zipfile.ZIP_STORED
    ) -> Given:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as zipped:
            for each, data in files.items():
                zipped.writestr(each, data)
        return self.given(name, out.getvalue())

    async def draft(self) -> Draft:
        opened = partial(drafts.open_draft, guild_id=800, user_id=700, given={}, suffix="k3f9")
        found: Draft = await self.db.write(partial(opened, follow=Follow.DM, now=START))
        return found

    async def take(self, *given: Given) -> dict[str, Any]:
        """Take these; why each of the others was refused, by name."""
        self.refused.clear()
        await self.intake.take(await self.draft(), given, self.words)
        return {each.name: each.why for each in self.refused}

    def words(self, refusal: Refusal) -> str:
        self.refused.append(refusal)
        return f"{refusal.name}: {refusal.why}"

    async def photos(self) -> Sequence[Photo]:
        draft = await self.draft()
        return await self.db.read(lambda conn: drafts.photos(conn, draft.id))

    def files(self) -> set[str]:
        return {path.name for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def bench(rig: Rig, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(rig.db, tmp_path / "drafts")
    yield bench
    bench.intake.close()


async def test_of_twelve_photos_three_are_bad_and_nine_are_kept(bench: Bench) -> None:
    """The three are told by name with the reason; the draft remembers it."""
    good = [bench.given(f"good-{seed}.jpg", a_photo(seed)) for seed in range(1, 10)]
    bad = [
        bench.given("small.jpg", a_photo(20, width=700, height=400)),
        bench.given("blurred.jpg", blurred(21)),
        bench.given("again.png", encoded(a_picture(3).resize((1200, 900)), "PNG")),
    ]
    refused = await bench.take(*good[:4], *bad, *good[4:])
    assert refused == {
        "small.jpg": Verdict.TOO_SMALL,
        "blurred.jpg": Verdict.BLURRED,
        "again.png": Verdict.TWIN,
    }
    assert {each.name: each.twin for each in bench.refused}["again.png"] == 3
    photos = await bench.photos()
    assert [photo.name for photo in photos] == [f"good-{seed}.jpg" for seed in range(1, 10)]
    assert bench.files() == {photo.file for photo in photos}
    assert len((await bench.draft()).problems) == 3


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"size_bytes": 20 * 1024**2 + 1}, Verdict.TOO_HEAVY),
        ({"width": 6001, "height": 4000}, Verdict.TOO_MANY_PIXELS),
    ],
)
async def test_what_is_told_to_be_too_large_is_not_even_fetched(
    bench: Bench, told: dict[str, int], why: Verdict
) -> None:
    assert await bench.take(bench.given("huge.jpg", b"x", **told)) == {"huge.jpg": why}
    assert bench.shelf.asked == []


async def test_a_draft_takes_two_hundred_megabytes_and_asks_for_no_more(bench: Bench) -> None:
    part = 19 * 1024**2
    fits = MOST_BYTES // part
    photos = [bench.given(f"{seed}.jpg", a_photo(seed), size_bytes=part) for seed in range(1, fits + 2)]
    assert await bench.take(*photos) == {f"{fits + 1}.jpg": Left.TOO_MUCH}
    assert len(bench.shelf.asked) == fits
    archive = bench.given("all.zip", b"x", size_bytes=MOST_BYTES + 1)
    assert await bench.take(archive) == {"all.zip": Left.TOO_MUCH}


async def test_a_draft_takes_fifty_photos_and_fetches_no_more(bench: Bench) -> None:
    draft = await bench.draft()
    known = [
        NewPhoto(
            name=f"{number}",
            file=f"{number}.jpg",
            digest=f"{number}",
            fingerprint=f"{1 << 4 * number:064x}",
            width=1,
            height=1,
            size_bytes=1,
        )
        for number in range(MOST_PHOTOS - 1)
    ]
    await bench.db.write(lambda conn: drafts.add_photos(conn, draft.id, known))
    one, two = (bench.given(f"{seed}.jpg", a_photo(seed)) for seed in (1, 2))
    assert await bench.take(one, two) == {"2.jpg": Left.TOO_MANY}
    assert bench.shelf.asked == ["1.jpg"]
    assert await bench.take(bench.archive({"3.jpg": a_photo(3)})) == {"photos.zip": Left.TOO_MANY}
    assert len(await bench.photos()) == MOST_PHOTOS


async def test_archives_are_read_and_leave_nothing_behind(bench: Bench) -> None:
    """Their good photos are kept; what else is in them is named."""
    files = {
        "trip/one.jpg": a_photo(1),
        "__MACOSX/._one.jpg": b"junk",
        "trip/notes.txt": b"words",
        "../../two.png": encoded(a_picture(2), "PNG"),
    }
    assert await bench.take(bench.archive(files)) == {"notes.txt": Verdict.BROKEN}
    photos = await bench.photos()
    assert [photo.name for photo in photos] == ["one.jpg", "two.png"]
    assert bench.files() == {photo.file for photo in photos}


async def test_a_bad_archive_says_what_is_wrong_with_it(bench: Bench) -> None:
    assert await bench.take(bench.archive({"inner.zip": b"PK"})) == {"photos.zip": Left.BAD_ARCHIVE}
    assert bench.refused[0].words == "it holds another archive"
    assert bench.files() == set()


async def test_a_broken_archive_packed_in_a_rare_way_costs_no_photo_given_beside_it(bench: Bench) -> None:
    rare = bench.archive({"2.jpg": a_photo(2)}, method=zipfile.ZIP_LZMA)
    data = bytearray(bench.shelf.data[rare.url])
    start = data.index(b"2.jpg") + len(b"2.jpg")
    data[start + 4 : start + 14] = b"\xff" * 10
    bench.shelf.data[rare.url] = bytes(data)
    assert await bench.take(bench.given("1.jpg", a_photo(1)), rare) == {"2.jpg": Left.BAD_ARCHIVE}
    assert "packed in a way" in bench.refused[0].words
    assert [photo.name for photo in await bench.photos()] == ["1.jpg"]


async def test_what_cannot_be_fetched_is_named_and_the_rest_is_kept(bench: Bench) -> None:
    lost = Given(name="lost.jpg", url="lost"), Given(name="lost.zip", url="lost.zip")
    assert await bench.take(lost[0], bench.given("1.jpg", a_photo(1)), lost[1]) == {
        "lost.jpg": Left.NOT_FETCHED,
        "lost.zip": Left.NOT_FETCHED,
    }
    assert len(await bench.photos()) == 1


async def test_two_commands_at_once_do_not_both_keep_the_same_picture(bench: Bench) -> None:
    draft = await bench.draft()
    photo = bench.given("1.jpg", a_photo(1)), bench.given("1.png", encoded(a_picture(1), "PNG"))
    await asyncio.gather(*(bench.intake.take(draft, [each], bench.words) for each in photo))
    assert len(await bench.photos()) == 1
    assert [each.why for each in bench.refused] == [Verdict.TWIN]


async def test_a_draft_that_is_over_keeps_nothing(bench: Bench) -> None:
    draft = await bench.draft()
    given = bench.given("1.jpg", a_photo(1))
    await bench.db.write(lambda conn: drafts.discard(conn, draft.id))
    with pytest.raises(Moved):
        await bench.intake.take(draft, [given], bench.words)
    assert bench.files() == set()


async def test_a_new_draft_takes_the_photos_of_an_old_one_away(bench: Bench, rig: Rig) -> None:
    """Whether or not the chore has come by."""
    old = await bench.draft()
    await bench.take(bench.given("1.jpg", a_photo(1)))
    assert len(bench.files()) == 1
    await rig.clock.advance(KEPT_FOR.total_seconds())
    studio = Studio(rig.db, PhotoFiles(bench.folder), bench.intake, rig.clock)
    fresh = await studio.open(guild_id=800, user_id=700, given={"name": "anna"}, follow=Follow.DM)
    assert (fresh.given, await studio.photos(fresh)) == ({"name": "anna"}, ())
    assert bench.files() == set()
    with pytest.raises(NoSuchDraft):
        await studio.find(old.id, user_id=700)


def contents(folder: Path, pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob(pattern) if path.is_file()]


async def test_photos_are_nowhere_but_in_their_folder(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the temporary folder, and not in the database."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    data = a_photo(1)
    await bench.take(bench.given("1.jpg", data), bench.archive({"2.jpg": a_photo(2)}))
    kept = contents(bench.folder, "*.jpg")
    assert len(kept) == 2
    assert contents(elsewhere, "*") == []
    stored = b"".join(contents(tmp_path, "*.db*"))
    assert stored
    for picture in (data, *kept):
        assert picture[1000:1064] not in stored
