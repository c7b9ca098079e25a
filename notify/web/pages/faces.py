"""Initials and colours of people without a picture; browser/page/faces.js has the same."""

from __future__ import annotations

import unicodedata

HUES = 6  # as in rows.css
JOINER, NON_JOINER = "\u200d", "\u200c"
_MODIFIERS = range(0x1F3FB, 0x1F400)  # of skin
_REGIONS = range(0x1F1E6, 0x1F200)  # two are a flag
_TAGS = range(0xE0020, 0xE0080)  # of the flags of regions


def initials(name: str) -> str:
    """The first character, as people see one, of the first and the last word; empty where no word
    begins with a letter, a digit or a symbol. What is between them keeps Arabic letters apart."""
    words = [word for word in unicodedata.normalize("NFC", name).split() if _begins(word[0])]
    return NON_JOINER.join(_upper(_first(word)) for word in [*words[:1], *words[1:][-1:]])


def hue(key: str) -> int:
    """The colour of the user with this key, one of HUES."""
    sum_ = 0
    for char in key:
        sum_ = (sum_ * 31 + ord(char)) % 997
    return sum_ % HUES


def _begins(char: str) -> bool:
    return unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So"


def _first(word: str) -> str:
    """The first extended grapheme cluster (Unicode, UAX 29), for what people have in names."""
    end = 2 if len(word) > 1 and all(ord(char) in _REGIONS for char in word[:2]) else 1
    while end < len(word) and _continues(word[end - 1], word[end]):
        end += 1
    return word[:end]


def _continues(before: str, char: str) -> bool:
    return (
        unicodedata.category(char)[0] == "M"
        or char in (JOINER, NON_JOINER)
        or ord(char) in _MODIFIERS
        or ord(char) in _TAGS
        or (before == JOINER and unicodedata.category(char) == "So")
    )


def _upper(char: str) -> str:
    """In capitals, where that is no more letters, as of ß."""
    upper = char.upper()
    return upper if len(upper) == len(char) else char
