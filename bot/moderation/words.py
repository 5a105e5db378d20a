"""Words that may not be asked for: a list of them, and whether a text has one, however dressed up. Pure.

A text is read in three ways: word by word; with what is broken by signs put together ("ki.ll", "ki/ll"); and
with what is spelled out put together ("k i l l"). In each a word counts only whole: "skill" passes for
"kill".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING, Self

from bot.moderation.lookalikes import SHAPES, SIGNS, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_WORD = 60
"""Characters of one entry."""
_MOST_READINGS = 64
"""Of one word with signs for letters; only noise has more."""
_LONGEST_GAP = 3
"""Characters between two letters of a word that is spelled out."""
_SHORTEST_RUN = 3
_ONE_LETTER_WORDS = frozenset("aeiouy")
"""May stand before or behind a word that is spelled out without being part of it."""

_MOST_PARTS = 5
"""Of a word that is broken by what also parts words."""
_JOINING = "-._~*+^·•‐‒−\u2800"
_PARTING = ",;:/\\'’‘\"()[]{}–—"
"""Part words as often as they break one: "fox,ki/ll" is two words, the second in disguise."""
_PAUSES = frozenset(",;'’‘–—")
_COMMON = re.compile(
    "am|an|and|are|as|at|be|but|by|do|for|from|had|has|have|he|her|here|him|his|how|if|in|is|it|its|me|my|no|not|"
    "of|on|or|our|she|so|that|the|their|them|then|there|these|they|this|to|up|us|was|we|were|what|where|who|why|"
    "with|you|your"
)
"""Stand beside a pause as themselves: "he'll", "a pen,is"."""

_SIGNS = re.escape("".join(sign for sign in SIGNS if not sign.isdigit()))
_CHAR = rf"(?:[^\W_]|[{_SIGNS}])"
_TOKEN = re.compile(rf"{_CHAR}+")
_BROKEN = re.compile(rf"(?<![^\W_])(?<![{_SIGNS}]){_CHAR}++(?:[{re.escape(_JOINING)}]++{_CHAR}++)+")
_STRUNG = re.compile(rf"{_CHAR}++(?:[{re.escape(_JOINING + _PARTING)}]++{_CHAR}++)+")
_PART = re.compile(rf"({_CHAR}++)([{re.escape(_JOINING + _PARTING)}]*+)")
_EDGES = rf"0-9{_SIGNS}"
_AT_EDGES = re.compile(rf"^[{_EDGES}]+|[{_EDGES}]+$")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_TALL_I = re.compile(r"(?<=[^\W\d_A-Z])I+")
"""A capital I behind a small letter; it looks like a small l."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


class NotAWord(ValueError):
    """Nothing that a list could hold; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A word or a phrase of a list.

    `*` at its start or end stands for any letters: "kill*" is "kills" and "killer" too.
    """

    word: str
    """As people read it."""
    key: str
    """Two entries with the same key are the same."""

    @classmethod
    def read(cls, written: str) -> Self:
        """The entry that somebody wrote.

        Raises:
            NotAWord: It has too few letters, or too many.
        """
        word = " ".join(unicodedata.normalize("NFKC", written).split())
        if len(word) > MAX_WORD:
            raise NotAWord(f"A word or phrase has at most {MAX_WORD} characters.")
        plain = skeleton(word)
        tokens = _TOKEN.findall(plain)
        if sum(map(len, tokens)) < 2 and not _UNSPACED.search(plain):
            raise NotAWord("A word needs at least two letters or digits.")
        before, after = "*" if word.startswith("*") else "", "*" if word.endswith("*") else ""
        return cls(word=word, key=f"{before}{' '.join(tokens)}{after}")


def read_words(path: Path) -> list[Entry]:
    """The entries of a text file, one a line; empty lines and those that start with # are passed over.

    Raises:
        NotAWord: It cannot be read, or a line of it.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAWord(f"{path} cannot be read.") from error
    return [Entry.read(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


class WordList:
    """A list of words, ready to be looked for."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._phrases: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
        self._parts: list[tuple[str, bool, bool, Entry]] = []
        self._unspaced: list[tuple[str, Entry]] = []
        for entry in self.entries:
            self._add(entry)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def find(self, text: str) -> Entry | None:
        """The first entry that the text has; None when it has none."""
        if not self.entries or not text:
            return None
        text = unicodedata.normalize("NFKC", text)
        tall = _TALL_I.sub(lambda run: "|" * len(run[0]), text)
        for each in dict.fromkeys((text, tall)):
            if (found := self._find(skeleton(each))) is not None:
                return found
        return None

    def _find(self, plain: str) -> Entry | None:
        in_one = "".join(plain.split()) if self._unspaced else ""
        for inside, entry in self._unspaced:
            if inside in in_one:
                return entry
        for tokens in _readings_of_text(plain):
            if (found := self._in(tokens)) is not None:
                return found
        return None

    def _add(self, entry: Entry) -> None:
        bare = entry.key.strip("*")
        if _UNSPACED.search(bare):
            self._unspaced.append(("".join(bare.split()), entry))
            return
        for words in islice(product(*map(_letters_of, bare.split())), _MOST_READINGS):
            if bare != entry.key:
                starred = (entry.key.startswith("*"), entry.key.endswith("*"))
                self._parts.append((" ".join(words), *starred, entry))
            else:
                self._phrases.setdefault(words[0], []).append((words, entry))

    def _in(self, tokens: list[str]) -> Entry | None:
        """The first entry in a text that is cut into words."""
        readings = [_readings_of_word(token) for token in tokens]
        for place, here in enumerate(readings):
            for word in here:
                for words, entry in self._phrases.get(word, ()):
                    rest = readings[place + 1 : place + len(words)]
                    if len(rest) == len(words) - 1 and all(
                        wanted in there for wanted, there in zip(words[1:], rest, strict=True)
                    ):
                        return entry
                if (found := self._starred(word)) is not None:
                    return found
        return None

    def _starred(self, word: str) -> Entry | None:
        for part, open_before, open_after, entry in self._parts:
            if (
                (open_before and open_after and part in word)
                or (open_after and word.startswith(part))
                or (open_before and word.endswith(part))
            ):
                return entry
        return None


def skeleton(text: str) -> str:
    """The text as an eye reads it: lower case, no accents, one width, look-alike letters as Latin ones."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(_shown(decomposed)))


def _shown(decomposed: str) -> Iterator[str]:
    for char in decomposed:
        if char in UNSEEN or unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f":
            continue
        mark = unicodedata.combining(char)
        if mark == 1 or mark >= 200:  # strokes and accents; the vowel signs of other scripts stay
            continue
        yield SHAPES.get(char, char)


def _readings_of_text(plain: str) -> Iterator[list[str]]:
    """The text cut into words in each of the three ways."""
    yield _TOKEN.findall(plain)
    for broken in _BROKEN.findall(plain):
        yield ["".join(_TOKEN.findall(broken))]
    for strung in _STRUNG.findall(plain):
        yield from ([each] for each in _put_together(_PART.findall(strung)))
    for run in _spelled_out(plain):
        yield from ([each] for each in _without_neighbours(run))


def _put_together(parts: list[tuple[str, str]]) -> Iterator[str]:
    """What some parts in a row make, each given with the signs behind it."""
    ends = [_may_end(*here, after) for here, (after, _) in pairwise(parts)]
    for first in range(len(parts)):
        if first and not ends[first - 1]:
            continue
        (before, signs), *rest = parts[first : first + _MOST_PARTS]
        word = before
        for (part, after), may_end in zip(rest, [*ends[first + 1 :], True], strict=False):
            if not _PAUSES.isdisjoint(signs) and any(map(_COMMON.fullmatch, (before, part))):
                break
            word += part
            if len(word) > 2 * MAX_WORD:
                break
            if may_end:
                yield word
            before, signs = part, after


def _may_end(part: str, signs: str, after: str) -> bool:
    """Whether a word may end there: not amid letters that stand alone, which are one word spelled out."""
    return any(sign in _PARTING for sign in signs) and (len(part) > 1 or len(after) > 1)


def _spelled_out(plain: str) -> Iterator[str]:
    """Words whose letters stand apart; where the gap is wider than elsewhere, another one may begin."""
    run: list[re.Match[str]] = []
    for token in (*_TOKEN.finditer(plain), None):
        goes_on = (
            token is not None
            and len(token[0]) == 1
            and (not run or token.start() - run[-1].end() <= _LONGEST_GAP)
        )
        if not goes_on and len(run) >= _SHORTEST_RUN:
            yield from _evenly(run)
        if goes_on and token is not None:
            run.append(token)
        else:
            run = [token] if token is not None and len(token[0]) == 1 else []


def _evenly(run: list[re.Match[str]]) -> Iterator[str]:
    gaps = [after.start() - before.end() for before, after in pairwise(run)]
    for widest in sorted(set(gaps)):
        word = run[0][0]
        for gap, token in zip(gaps, run[1:], strict=True):
            if gap > widest:
                yield word
                word = ""
            word += token[0]
        yield word


def _without_neighbours(run: str) -> Iterator[str]:
    """The run, and what is left of it when its ends are words of their own: "i k i l l"."""
    yield run
    first, last = run[0] in _ONE_LETTER_WORDS, run[-1] in _ONE_LETTER_WORDS
    if first:
        yield run[1:]
    if last:
        yield run[:-1]
    if first and last:
        yield run[1:-1]


def _readings_of_word(token: str) -> set[str]:
    """What a word may mean: itself, without signs at its ends, with letters for signs, without drawls."""
    if token.isalpha() and not _LONG_RUN.search(token):
        return {token}
    found = {token}
    if len(_LONG_RUN.sub(r"\1", token)) > 2 * MAX_WORD:  # noise
        return found
    for form in {token, _AT_EDGES.sub("", token)}:
        if any(char.isalpha() for char in form):  # a number is no word in disguise
            found.update(letters for short in _undrawled(form) for letters in _letters_of(short))
    return found


def _letters_of(form: str) -> list[str]:
    if not any(char.isalpha() for char in form):
        return [form]
    each = (SIGNS.get(char, char) for char in form[: 2 * MAX_WORD])
    return ["".join(letters) for letters in islice(product(*each), _MOST_READINGS)]


def _undrawled(word: str) -> set[str]:
    """With each letter that stands three times or more once, and twice: "kiiiill"."""
    return {word, _LONG_RUN.sub(r"\1", word), _LONG_RUN.sub(r"\1\1", word)}
