"""Names and texts in one comparable form: normalisation, keys and tokens. Pure functions."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from typing import Final

KEY_LENGTH: Final = 32
_JOINERS: Final = "\u200c\u200d"

# camelCase, under_scores and digits after letters.
_WORD_BORDER: Final = re.compile(
    r"_+|(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"
)

# Scripts that are written without blanks between words: one character is one token.
_UNSPACED: Final = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Radicals, kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)


def tidy(name: str) -> str:
    """Return ``name`` as it is shown: without invisible characters, blanks collapsed.

    Format characters (zero-width blanks, soft hyphens, direction marks) would make two names that
    look alike. Joiners stay where scripts and emoji need them: after a character beyond ASCII.
    """
    kept: list[str] = []
    for char in name if name.isprintable() else filter(_is_visible, name):
        if char not in _JOINERS or (kept and not kept[-1].isascii()):
            kept.append(char)
    return " ".join("".join(kept).split())


def _is_visible(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) != "Cf"


def normalize(name: str) -> str:
    """Return ``name`` as it is compared: tidy, NFKC, case folded, NFKC again, blanks collapsed."""
    visible = unicodedata.normalize("NFKC", tidy(name))
    return " ".join(unicodedata.normalize("NFKC", visible.casefold()).split())


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


def words(name: str) -> list[str]:
    """Return the words of ``name``, however it joins and accents them.

    ``"Mental-health"``, ``"mental_health2024"`` and ``"MentalHealth"`` all begin with the words
    ``"mental", "health"``. Symbols are words only where there is nothing else.
    """
    apart = _WORD_BORDER.sub(" ", tidy(name))
    plain = unicodedata.normalize("NFKD", normalize(apart))
    tokens = tokenize("".join(char for char in plain if unicodedata.category(char) != "Mn"))
    return [token for token in tokens if token[0].isalnum()] or tokens


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
