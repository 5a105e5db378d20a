"""The photos of drafts as files: a folder for each draft below `DATA_DIR/drafts`, readable by the bot alone.

Names that came from outside never become paths: a file is named when its photo is checked. What no draft
knows is swept. Every call blocks, so it belongs into a thread.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

ARCHIVE = "photos.zip"
"""Name of the archive in a draft's folder, where one was made."""


class PhotoFiles:
    """The photos of all drafts.

    Args:
        folder: Where the drafts' folders are; made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder_of(self, draft_id: int) -> Path:
        """The draft's folder, made when it is missing."""
        for path in (self._folder, self._folder / str(draft_id)):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder / str(draft_id)

    def path(self, draft_id: int, file: str) -> Path:
        """Where that file of the draft is."""
        return self._folder / str(draft_id) / file

    def save(self, draft_id: int, file: str, data: bytes) -> None:
        """Write a photo, whole or not at all.

        Raises:
            OSError: It could not be written.
        """
        path = self.folder_of(draft_id) / file
        half = path.with_name(f"{file}.part")
        try:
            descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            half.replace(path)
        except OSError:
            half.unlink(missing_ok=True)
            raise

    def read(self, draft_id: int, file: str) -> bytes:
        """The photo.

        Raises:
            OSError: It is not there, or cannot be read.
        """
        return self.path(draft_id, file).read_bytes()

    def remove(self, draft_id: int, files: Iterable[str]) -> None:
        """Delete these files of the draft; fine when they are gone."""
        for file in files:
            self.path(draft_id, file).unlink(missing_ok=True)

    def drop(self, draft_id: int) -> None:
        """Delete all that is kept of the draft; fine when there is nothing."""
        shutil.rmtree(self._folder / str(draft_id), ignore_errors=True)

    def sweep(self, known: Mapping[int, AbstractSet[str]]) -> int:
        """Delete what no draft knows, files and whole folders; how many of them there were.

        Args:
            known: The files of each draft; an archive in the folder of a known draft is left alone.
        """
        swept = 0
        for folder in self._folder.glob("*"):
            files = known.get(int(folder.name)) if folder.name.isdecimal() else None
            if files is None:
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
                continue
            for path in folder.iterdir():
                if path.name not in files and path.name != ARCHIVE:
                    path.unlink(missing_ok=True)
                    swept += 1
        return swept
