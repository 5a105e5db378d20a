"""Words from people, made harmless and short enough for Discord's messages. Pure."""

from __future__ import annotations

import re
import unicodedata

MAX_PROMPT = 900
"""How much of a prompt a card shows; the whole is in the file and in Task details."""
MAX_ALT = 1024
"""Discord: the description of an attachment or a gallery item."""

_LOOKS_LIKE_A_BACKTICK = "ˋ"
_KEPT_CONTROLS = {"\n", "\t"}


def length(text: str) -> int:
    """Characters as the strictest counter at Discord counts them: UTF-16 code units."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, with an ellipsis where something was left out."""
    if length(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - 1
    for character in text:
        room -= length(character)
        if room < 0:
            break
        kept.append(character)
    # A mark that joins what follows must not end up joining the ellipsis.
    while kept and (unicodedata.combining(kept[-1]) or kept[-1] in "\u200d\ufe0f"):
        kept.pop()
    return "".join(kept).rstrip() + "…"


def plain(text: str) -> str:
    """`text` without control characters and lone surrogates, which Discord refuses or strips."""
    return "".join(
        character
        for character in text.replace("\r\n", "\n").replace("\r", "\n")
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in {"Cc", "Cs"}
    )


def code_block(text: str, limit: int = MAX_PROMPT) -> str:
    """`text` in a code block that it cannot break out of, cut at `limit` characters.

    Inside a code block Discord makes nothing of mentions, links and markdown; escaping leaves some alive.
    """
    body = cut(plain(text).replace("`", _LOOKS_LIKE_A_BACKTICK), limit)
    return f"```\n{body or ' '}\n```"


def code_span(text: str, limit: int = 100) -> str:
    """`text` as one line of code that it cannot break out of."""
    line = re.sub(r"\s+", " ", plain(text)).replace("`", _LOOKS_LIKE_A_BACKTICK).strip()
    return f"`{cut(line, limit) or ' '}`"


def alt_text(text: str) -> str:
    """`text` as the description of a picture."""
    return cut(re.sub(r"\s+", " ", plain(text)).strip(), MAX_ALT)


def one_line(text: str, limit: int = 100) -> str:
    """`text` as one line, for the name of a choice."""
    return cut(re.sub(r"\s+", " ", plain(text)).strip(), limit) or "…"


def bar(share: float, cells: int = 12) -> str:
    """A bar that is `share` (0 to 1) full; empty and full only when it is quite so."""
    share = min(1.0, max(0.0, share))
    full = round(share * cells)
    if 0 < share < 1:
        full = min(cells - 1, max(1, full))
    return "▰" * full + "▱" * (cells - full)
