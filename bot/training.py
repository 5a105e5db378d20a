"""A training from its draft to its photos at Wiro, as data: drafts, photos, who agreed to what. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

KEPT_FOR = timedelta(hours=24)
"""How long a draft waits to be started."""

LEAST_PHOTOS, MOST_PHOTOS = 5, 50
MOST_BYTES = 200 * 1024**2
"""The caps of one draft."""


class Follow(StrEnum):
    """Where its owner follows a training; the words are stored."""

    THREAD = "thread"
    """A private thread below the channel."""
    HERE = "here"
    """The place where it was started, seen by everyone there."""
    DM = "dm"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoto:
    """A photo that was checked."""

    name: str = field(repr=False)
    """What its file was called where it came from."""
    file: str
    """Its name in the draft's folder."""
    digest: str
    """Of its bytes as they are kept."""
    fingerprint: str
    """Of what it shows: near ones are the same picture."""
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo(NewPhoto):
    """A photo of a draft."""

    id: int
    draft_id: int
    sent_at: datetime | None = None
    """Its upload was begun; without `wiro_id` nobody knows whether it arrived."""
    wiro_id: str | None = None
    """What Wiro calls it, in the folder of the present attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A training that is being put together."""

    id: int
    guild_id: int
    user_id: int
    suffix: str
    """Makes the model's name at Wiro one that nobody has."""
    given: Mapping[str, Any] = field(repr=False)
    """What the member set, by option name."""
    follow: Follow
    show_name: bool
    """The model's name may be read where the training is followed."""
    delete_photos: bool
    """Wiro is asked to delete the photos once the model is there."""
    problems: tuple[str, ...] = field(repr=False)
    """A sentence for each photo of the last ones given that was refused."""
    created_at: datetime
    expires_at: datetime
    job_id: int | None = None
    """The training that it became."""


class UploadWay(StrEnum):
    """How the photos come to Wiro; the words are stored."""

    ADDRESS = "address"
    """One archive at an address of ours, which Wiro fetches."""
    FOLDER = "folder"
    """One by one into a folder at Wiro."""
    ARCHIVE = "archive"
    """One archive, uploaded; Wiro is given its address there."""


_CHOICES = {"url": UploadWay.ADDRESS, "files": UploadWay.FOLDER, "zip": UploadWay.ARCHIVE}


def upload_ways(choice: str, *, is_reached: bool) -> tuple[UploadWay, ...]:
    """The ways to try, in this order.

    Args:
        choice: What the operator set: "auto", "url", "files" or "zip".
        is_reached: Whether Wiro reaches an address of ours.
    """
    if choice in _CHOICES:
        return (_CHOICES[choice],)
    return tuple(way for way in UploadWay if is_reached or way is not UploadWay.ADDRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """To which words somebody agreed."""

    words: str
    locale: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What is known of a training beyond its job."""

    job_id: int
    draft_id: int
    photos: int
    follow: Follow
    delete_photos: bool
    consent_words: str = field(repr=False)
    consent_locale: str
    consented_at: datetime
    way: UploadWay | None = None
    """How the photos are being brought to Wiro; None: not begun."""
    attempt: int = 0
    """How often that was begun anew."""
    folder_id: str | None = None
    """The folder of this attempt at Wiro."""
    archive_token: str | None = field(default=None, repr=False)
    """The last segment of the address where Wiro fetches the archive."""
    photos_deleted_at: datetime | None = None
    """Wiro was asked to delete the photos, as the owner wanted."""
