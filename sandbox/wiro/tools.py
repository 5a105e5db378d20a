"""The tools on offer: their pages as Tool/Detail gives them, and the checks that Run makes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.wiro import refusals
from sandbox.wiro.inputs import Input, Option, number_of
from sandbox.wiro.training import TRAINING_S, training_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

CPS_USD = Decimal("0.000585")  # the price of a second, from the samples of Wiro's pages


@dataclass(frozen=True, slots=True)
class Tool:
    """A hosted tool: where it is found, what it takes, what it says of itself."""

    id: str
    owner: str
    project: str
    title: str
    description: str
    categories: tuple[str, ...]
    inputs: tuple[Input, ...]
    samples: tuple[str, ...] = ()
    inspirations: tuple[Mapping[str, str], ...] = ()
    computing_time: str = "10 seconds"
    usual_s: float = 10.0
    minimum_balance_usd: Decimal = Decimal("0.50")
    trains: bool = False

    @property
    def slug(self) -> str:
        """`owner/project`, as in the address of Run."""
        return f"{self.owner}/{self.project}"

    def check(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs among the fields of a Run, checked; other fields are left aside.

        An input that is not used must be sent empty: one that is absent is refused, as Wiro does.

        Raises:
            Refusal: The first thing that is wrong, in Wiro's words.
        """
        for known in self.inputs:
            if known.id not in fields:
                raise refusals.missing(known.id)
            known.check(fields.get(known.id))
        return {known.id: fields[known.id] for known in self.inputs}

    def row(self, own_models: Sequence[Option] = (), *, full: bool = True) -> dict[str, Any]:
        """The tool as Tool/List and Tool/Detail give it; `own_models` are the account's trained ones."""
        price = [{"inputs": {}, "price": float(CPS_USD), "priceMethod": "cps"}]
        row: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "slugowner": self.owner,
            "slugproject": self.project,
            "cleanslugowner": self.owner.lower(),
            "cleanslugproject": self.project.lower().replace(" ", "-"),
            "description": self.description,
            "cps": f"{CPS_USD:.12f}",
            "approximatelycost": f"{CPS_USD * Decimal(self.usual_s):.12f}",
            "dynamicprice": json.dumps(price),
            "computingtime": self.computing_time,
            "categories": list(self.categories),
            "samples": list(self.samples),
            "averagepoint": "5.00",
            "commentcount": "0",
            "ratedusercount": "3",
            "marketplace": 0,
            "onlymembers": "1",
            "taskstat": {
                "runcount": 672,
                "successcount": "254",
                "errorcount": "198",
                "lastruntime": "1763596800",
            },
        }
        if full:
            row["inspire"] = [dict(inspiration) for inspiration in self.inspirations]
            row["parameters"] = [{"title": "Parameters", "items": self._items(own_models)}]
        return row

    def _items(self, own_models: Sequence[Option]) -> list[dict[str, Any]]:
        return [
            known.row(own_models if known.id.endswith("Private") else known.options) for known in self.inputs
        ]


def amended(row: Mapping[str, Any], otherwise: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's row with other members; `parameters` holds members of inputs by their ids."""
    of_inputs = otherwise.get("parameters", {})
    page = {**row, **otherwise}
    if "parameters" in row:
        page["parameters"] = [
            {**group, "items": [{**item, **of_inputs.get(item["id"], {})} for item in group["items"]]}
            for group in row["parameters"]
        ]
    return page


def usual_duration(inputs: Mapping[str, Any], rng: Random) -> float:
    """Seconds from Run to the end: about 10 for the default portrait, some minutes to train."""
    spread = rng.lognormvariate(0.0, 0.08)
    if "trainModelName" in inputs:
        return TRAINING_S * spread
    steps = number_of(inputs, "steps", 30) / 30
    samples = number_of(inputs, "samples", 4) / 4
    pixels = number_of(inputs, "width", 512) * number_of(inputs, "height", 512) / (512 * 512)
    return (3.5 + 6.5 * steps * samples * pixels) * spread


def _scheduler_options() -> tuple[Option, ...]:
    # The fifth repeats the first: that is what Wiro's pages list.
    names = (
        "EulerDiscreteScheduler",
        "DDIMScheduler",
        "LMSDiscreteScheduler",
        "DPMSolverMultistepScheduler",
        "EulerDiscreteScheduler",
        "PNDMScheduler",
        "DDPMScheduler",
        "EulerAncestralDiscreteScheduler",
    )
    return tuple(Option(name, name) for name in names)


def _picture_inputs(prompt: str, negative_prompt: str) -> tuple[Input, ...]:
    return (
        Input("prompt", "textarea", prompt, "prompt", required=True),
        Input("negativePrompt", "textarea", negative_prompt, "negativeprompt"),
        Input("samples", "number", "4", "numberofoutputs", minimum=1, maximum=10),
        Input("steps", "number", "30", "inferencesteps", minimum=1, maximum=150),
        Input("scale", "float", "7.5", "guidancescale", minimum=0, maximum=30),
        Input("seed", "text", "123456", "seed"),
        Input("clipSkip", "number", "4", "clip-skip", minimum=0, maximum=12),
        Input("width", "number", "512", "width", minimum=64, maximum=1024),
        Input("height", "number", "512", "height", minimum=64, maximum=1024),
        Input("scheduler", "select", "EulerDiscreteScheduler", "scheduler", options=_scheduler_options()),
    )


_BASES = (
    Option("52", "Lykon/NeverEnding-Dream", "Cosplay, anime, people and animals; follows booru-style tags."),
    Option(
        "632", "ItsJayQz/GTA5_Artwork_Diffusion", "Loading-screen art of a well-known game.", ("gtav style",)
    ),
    Option("50", "Envvi/Inkpunk-Diffusion", "Ink-punk illustrations.", ("nvinkpunk",)),
    Option("1", "CompVis/stable-diffusion-v1-4", "The base model that makes images from text."),
    Option("466", "stabilityai/stable-video-diffusion-img2vid-xt", "Turns an image into a short video."),
    Option("6", "wavymulder/portraitplus", "Portraits with a steady composition.", ("portrait+ style",)),
)

PORTRAITPLUS = Tool(
    id="6",
    owner="wavymulder",
    project="portraitplus",
    title="wavymulder/portraitplus",
    description="A dreambooth model trained on portraits of close composition.",
    categories=("model", "sd", "text-to-image", "checkpoint-folder", "fp32", "persistent"),
    inputs=_picture_inputs("portrait+ style *Taylor swift*", "painted illustration"),
    inspirations=(
        {
            "prompt": "portrait+ style *a lighthouse keeper in a storm coat*",
            "negativePrompt": "painted illustration",
        },
        {"prompt": "portrait+ style *a botanist among ferns*", "negativePrompt": "illustration, painted"},
        {"prompt": "anime portrait+ style *a night train conductor*", "negativePrompt": ""},
    ),
)

TEXT_TO_IMAGE_SD = Tool(
    id="11",
    owner="wiro",
    project="text-to-image-sd",
    title="Text to Image (SD)",
    description="Makes images from text with a Stable Diffusion model of your choice.",
    categories=("tool", "sd", "text-to-image"),
    inputs=(
        Input("selectedModel", "select", "6", "model", options=_BASES),
        Input("selectedModelPrivate", "select", "", "privatemodel"),
        *_picture_inputs("", ""),
    ),
)

TRAIN_DREAMBOOTH_SD = Tool(
    id="12",
    owner="wiro",
    project="train-dreambooth-sd",
    title="Train Dreambooth (SD)",
    description="Fine-tunes a Stable Diffusion model on a handful of photos.",
    categories=("tool", "train", "sd", "text-to-image"),
    inputs=training_inputs(_BASES),
    computing_time="4 minutes",
    usual_s=TRAINING_S,
    minimum_balance_usd=Decimal(10),
    trains=True,
)

TOOLS: tuple[Tool, ...] = (PORTRAITPLUS, TEXT_TO_IMAGE_SD, TRAIN_DREAMBOOTH_SD)


def find_tool(owner: str, project: str) -> Tool | None:
    """The tool of that address, in any case, spaces as good as hyphens."""
    wanted = (_clean(owner), _clean(project))
    return next((tool for tool in TOOLS if (_clean(tool.owner), _clean(tool.project)) == wanted), None)


def _clean(slug: str) -> str:
    return slug.strip().lower().replace(" ", "-")
