"""Wiro's tools as data: one TOML file a tool, read by `catalogue`, values checked by `inputs`."""

from bot.tools.catalogue import (
    CatalogueError,
    Inspiration,
    Option,
    Place,
    Tool,
    ToolInput,
    Wire,
    load_catalogue,
    read_tool,
)
from bot.tools.inputs import Checked, ModelInUse, Note, added_words, check, parse_numbers_line
from bot.tools.page import Narrowed, narrowed

__all__ = [
    "CatalogueError",
    "Checked",
    "Inspiration",
    "ModelInUse",
    "Narrowed",
    "Note",
    "Option",
    "Place",
    "Tool",
    "ToolInput",
    "Wire",
    "added_words",
    "check",
    "load_catalogue",
    "narrowed",
    "parse_numbers_line",
    "read_tool",
]
