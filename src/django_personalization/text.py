"""Names and texts in one comparable form: normalisation, keys and tokens. Pure functions."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from typing import Final

KEY_LENGTH: Final = 32

# Scripts that are written without blanks between words: one character is one token.
_UNSPACED: Final = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Radicals, kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)


def normalize(name: str) -> str:
    """Return ``name`` as it is compared: NFKC, case folded, NFKC again, blanks collapsed."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def term_key(name: str) -> str:
    """Return the identity of a term: 32 ASCII characters, equal for equal normalised names.

    A digest, because databases differ in what they call the same text.
    """
    digest = hashlib.blake2b(normalize(name).encode("utf-8"), digest_size=KEY_LENGTH // 2)
    return digest.hexdigest()


@cache
def _token_pattern() -> re.Pattern[str]:
    marks = "".join(
        re.escape(char)
        for char in map(chr, range(0x300, 0x20000))
        if unicodedata.category(char).startswith("M")
    )
    word = rf"(?:(?![{_UNSPACED}])\w[{marks}\u200c\u200d]*)+"
    unspaced = rf"[{_UNSPACED}][{marks}]*"
    return re.compile(rf"{unspaced}|{word}|\S")


def tokenize(text: str) -> list[str]:
    """Split text into the tokens over which labels are matched, normalised.

    A token is a run of word characters with their combining marks, one character of a script
    written without blanks, or one symbol: ``"C++ & 東京"`` → ``["c", "+", "+", "&", "東", "京"]``.
    """
    return _token_pattern().findall(normalize(text))


def tokenize_with_joints(text: str) -> tuple[list[str], set[int]]:
    """Return the tokens, and the positions of those that follow the one before without a blank."""
    tokens: list[str] = []
    joined: set[int] = set()
    end = 0
    for match in _token_pattern().finditer(normalize(text)):
        if tokens and match.start() == end:
            joined.add(len(tokens))
        tokens.append(match.group())
        end = match.end()
    return tokens, joined
