"""The tool that trains: its inputs, how a model may be called, and the photos that it is given."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.wiro import refusals
from sandbox.wiro.addresses import is_loopback
from sandbox.wiro.inputs import Input, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.wiro.world import World

TRAINING_S = 240.0
"""The real one takes hours; here a person watches."""

FOLDER, ARCHIVE_URL = "selectedFolder", "selectedFolderUrl"
_MODEL_NAME = re.compile(r"[A-Za-z0-9._-]+")
_RESERVED_NAMES = frozenset({"admin", "model", "test", "wiro"})
_PHOTO = re.compile(r".+\.(jpe?g|png|webp|heic|gif)", re.IGNORECASE)
_MOST_ARCHIVE_BYTES = 256 * 1024 * 1024
_MOST_ENTRIES = 1000
_TIMEOUT = aiohttp.ClientTimeout(total=60)


class NoPhotos(Exception):
    """The photos of a training could not be had; the message is for `debugerror`."""


class PhotoRoom:
    """Finds a training's photos: in a folder of the account, or in a ZIP at an address of this machine."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None

    def check(self, inputs: Mapping[str, Any]) -> None:
        """Raise a `Refusal` when a Run names no place where photos could be."""
        folder, address = (str(inputs.get(name) or "") for name in (FOLDER, ARCHIVE_URL))
        if folder:
            if not self._world.is_folder(folder):
                raise refusals.invalid()
            if not self._in_folder(folder):
                raise refusals.file_missing(FOLDER)
        elif not address:
            raise refusals.file_missing(FOLDER)
        elif not address.startswith(("http://", "https://")):
            raise refusals.invalid()

    async def fetch(self, inputs: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the photos, looked at when the work begins.

        Raises:
            NoPhotos: There are none, or the address leads nowhere or away from this machine.
        """
        if folder := str(inputs.get(FOLDER) or ""):
            names = self._in_folder(folder)
        else:
            data = await self._download(str(inputs[ARCHIVE_URL]))
            names = await asyncio.to_thread(_photos_in_zip, data)
        if not names:
            raise NoPhotos("No image found in the dataset folder")
        return tuple(names)

    async def stop(self) -> None:
        """Fetch nothing any more."""
        if self._session:
            await self._session.close()
            self._session = None

    def _in_folder(self, folder: str) -> list[str]:
        names: list[str] = []
        for file in self._world.files_in(folder):
            inside = _photos_in_zip(file.data or b"") if file.name.lower().endswith(".zip") else [file.name]
            names += inside
        return photos_among(names)

    async def _download(self, address: str) -> bytes:
        if not is_loopback(address):
            raise NoPhotos(f"Dataset could not be downloaded: the sandbox calls no other machine ({address})")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        try:
            async with self._session.get(address, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise NoPhotos(f"Dataset could not be downloaded: HTTP {answer.status}")
                data = await answer.content.read(_MOST_ARCHIVE_BYTES + 1)
                while len(data) <= _MOST_ARCHIVE_BYTES and (more := await answer.content.read(1 << 20)):
                    data += more
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NoPhotos(f"Dataset could not be downloaded: {type(error).__name__}") from error
        return data


def photos_among(names: Iterable[str]) -> list[str]:
    """Those that are photos by their names."""
    return [name for name in names if _PHOTO.fullmatch(name.rsplit("/", 1)[-1])]


def _photos_in_zip(data: bytes) -> list[str]:
    """The photos of an archive that is sound from one end to the other."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            too_much = sum(entry.file_size for entry in entries) > _MOST_ARCHIVE_BYTES
            if len(entries) > _MOST_ENTRIES or too_much or archive.testzip() is not None:
                raise NoPhotos("Dataset archive could not be extracted")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise NoPhotos("Dataset archive could not be extracted") from error
    return photos_among(entry.filename for entry in entries)


def check_model_name(name: str, taken: Sequence[str]) -> None:
    """Raise a `Refusal` unless a trained model may be called so."""
    if not _MODEL_NAME.fullmatch(name):
        raise refusals.model_name_wrong()
    if name.lower() in _RESERVED_NAMES:
        raise refusals.model_name_reserved()
    if name.lower() in {other.lower() for other in taken}:
        raise refusals.model_name_taken()


def training_inputs(bases: tuple[Option, ...]) -> tuple[Input, ...]:
    """The whole list of the tool's inputs, the page's own first."""
    return (
        Input("trainModelName", "text", "", "trainmodelname", required=True),
        Input("trainModelDescription", "textarea", "", "trainmodeldescription"),
        Input("referenceModel", "select", "1", "referencemodel", options=bases),
        Input("referenceModelPrivate", "select", "", "referencemodelprivate"),
        Input(
            "classificationDataSet",
            "radio",
            "person",
            "classificationdataset",
            required=True,
            options=_named("person", "man", "woman", "style"),
        ),
        Input("instancePrompt", "text", required=True),
        Input("classPrompt", "text", required=True),
        Input("saveSamplePrompt", "text"),
        Input("saveSampleNegativePrompt", "text"),
        Input("seed", "text", required=True),
        _number("classImages", 0, 2000),
        _number("nSaveSample", 0, 10),
        _number("saveGuidanceScale", 0, 30),
        _number("saveInferSteps", 1, 150),
        _number("priorLossWeight", 0, 10),
        _number("trainBatchSize", 1, 16),
        _number("sampleBatchSize", 1, 16),
        _number("trainingSteps", 1, 20_000),
        _number("gradientAccumulationSteps", 1, 64),
        _number("learningRate", 0, 1),
        _number("lrWarmUpSteps", 0, 10_000),
        _number("adamBeta1", 0, 1),
        _number("adamBeta2", 0, 1),
        _number("adamWeightDecay", 0, 1),
        _number("adamEpsilon", 0, 1),
        _number("maxGradNorm", 0, 100),
        _number("saveInterval", 1, 100_000),
        _number("saveMinSteps", 0, 100_000),
        Input("padTokens", "checkbox"),
        Input("withPriorPreservation", "checkbox"),
        Input("centerCrop", "checkbox"),
        Input("trainTextEncoder", "checkbox"),
        Input("gradientCheckpointing", "checkbox"),
        Input("scaleLR", "checkbox"),
        Input("use8BitAdam", "checkbox"),
        _choice("resolution", "1024", "512", "2048"),
        _choice(
            "lrScheduler",
            "constant",
            "constant_with_warmup",
            "cosine",
            "cosine_with_restarts",
            "linear",
            "polynomial",
        ),
        _choice("mixedPrecision", "bf16", "fp16", "no"),
        Input(FOLDER, "text"),
        Input(ARCHIVE_URL, "text"),
    )


def _number(wiro_id: str, least: float, most: float) -> Input:
    return Input(wiro_id, "number", required=True, minimum=least, maximum=most)


def _choice(wiro_id: str, *values: str) -> Input:
    return Input(wiro_id, "select", values[0], required=True, options=_named(*values))


def _named(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value, value) for value in values)
