"""Names and texts in one comparable form: normalisation, keys and tokens. Pure functions."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from typing import Final

KEY_LENGTH: Final = 32
MOST_MARKS: Final = 30
"""How many combining marks in a row a text may have: the Stream-Safe limit of UAX #15."""
MOST_EXPANSION: Final = 18
"""How many characters one may become in the normalised form: ﷺ does."""
_JOINERS: Final = "\u200c\u200d"
_SELECTORS: Final = "\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef"
_KEYCAP: Final = "\u20e3"

# What shows nothing, without the zero width joiner, which stands by itself below.
_BLANK: Final = (
    # Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt; `unicodedata` lacks it.
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    # The rest of the format characters (category Cf).
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f"
    # Blanks that are said to be symbols or letters: an empty Braille cell, an object that is not
    # there, a filler, a note without a head.
    "\u2800\ufffc\U00016fe4\U0001d159"
)
_IS_BLANK: Final = re.compile(f"[{_BLANK}\u200d]")
_BLANKS: Final = re.compile(f"[{_BLANK}]+")
_USELESS_BLANKS: Final = re.compile(f"(?:(?![{_SELECTORS}{_JOINERS}])[{_BLANK}])+")
_JOINER_RUN: Final = re.compile(f"[{_SELECTORS}{_JOINERS}]+")

# Blocks of the characters that emoji are joined from; letters and digits among them (Ⓜ, 🄿) are
# gone after NFKC.
_PICTOGRAPHS: Final = (
    "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001ffff"
)
_LONE_JOINER: Final = re.compile(f"(?<![{_PICTOGRAPHS}])\u200d|\u200d(?![{_PICTOGRAPHS}])")

_DOTLESS: Final = str.maketrans("ıȷ", "ij")

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

    They would make two names that look alike. Joiners and variation selectors stay where scripts
    and emoji need them: beside characters that are beyond ASCII and have no case, and in keycaps.
    """
    if not name.isascii() and _IS_BLANK.search(name):
        name = _JOINER_RUN.sub(_needed, _USELESS_BLANKS.sub("", name))
    return " ".join(name.split())


def _needed(run: re.Match[str]) -> str:
    """Return what changes how its neighbours look: at most one selector and one joiner."""
    text, start, end = run.string, run.start(), run.end()
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if after == _KEYCAP and before in set("0123456789#*"):
        return "\ufe0f"
    if not _may_be_joined(before):
        return ""
    selector = next((char for char in run.group() if char not in _JOINERS), "")
    joiner = next((char for char in run.group() if char in _JOINERS), "")
    return selector + (joiner if _may_be_joined(after) else "")


def _may_be_joined(char: str) -> bool:
    has_case = char.isalpha() and char.lower() != char.upper()
    return not char.isascii() and not char.isspace() and not has_case


def normalize(name: str) -> str:
    """Return ``name`` as it is compared.

    That is without invisible characters, NFKC, case folded, NFKC again, blanks collapsed. Nothing
    invisible is left but the joiner between two pictographs, which makes another one of them.
    """
    if name.isascii():
        return " ".join(name.casefold().split())
    # NFKC makes letters of some pictographs, and there the joiner joins nothing any more.
    visible = _without_blanks(unicodedata.normalize("NFKC", _without_blanks(tidy(name))))
    return " ".join(unicodedata.normalize("NFKC", visible.casefold()).split())


def _without_blanks(text: str) -> str:
    return _LONE_JOINER.sub("", _BLANKS.sub("", text)) if _IS_BLANK.search(text) else text


# Most texts need no closer look: somewhere they are Latin, or have a blank or a full stop.
_DENSE: Final = re.compile(f"[^\\x00-\\xac\\xae-\u02ff]{{{MOST_MARKS + 1}}}")


@cache
def _marks() -> frozenset[str]:
    """Return what is sorted when it is normalised, among it two letters (ﾞ, ﾟ) that become marks.

    Taken from the tables by which this Python sorts.
    """
    forms = {char: unicodedata.normalize("NFKD", char) for char in map(chr, range(0x300, 0x20000))}
    return frozenset(char for char, form in forms.items() if all(map(unicodedata.combining, form)))


@cache
def _mark_run() -> re.Pattern[str]:
    return re.compile(f"[{''.join(_marks())}{_BLANK}\u200d]+")


def too_many_marks(text: str) -> int | None:
    """Return where a run of more than :data:`MOST_MARKS` combining marks begins, if there is one.

    Python sorts such a run when it normalises, in a time that grows with its square. Invisible
    characters end no run, since they are taken out first. The time is linear.
    """
    if not _DENSE.search(text):
        return None
    marks = _marks()
    runs = _mark_run().finditer(text)
    return next((r.start() for r in runs if sum(c in marks for c in r.group()) > MOST_MARKS), None)


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
    word = rf"(?:(?![{_UNSPACED}])\w[{marks}]*)+"
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
    return [word for piece in pieces(name) for word in piece]


def pieces(name: str) -> list[list[str]]:
    """Return the :func:`words` of ``name``, those between two blanks together."""
    plain = _without_marks(tidy(name))
    cut = [tokenize(_WORD_BORDER.sub(" ", piece)) for piece in plain.split()]
    spoken = [[token for token in piece if token[0].isalnum()] for piece in cut]
    return [piece for piece in spoken if piece] or cut


def _without_marks(text: str) -> str:
    """Return ``text`` without accents, enclosures and vowel signs, and with a dot on every i."""
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in letters if not unicodedata.category(char).startswith("M"))
    return bare.translate(_DOTLESS)


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
