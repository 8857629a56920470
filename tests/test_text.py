"""Names in one comparable form, and texts in tokens."""

import time
import unicodedata

import pytest

from django_personalization.text import (
    KEY_LENGTH,
    MOST_EXPANSION,
    normalize,
    term_key,
    tidy,
    tokenize,
    too_many_marks,
    words,
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Python", "python"),
        ("  Machine \t Learning ", "machine learning"),
        ("café", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("ﬁnance", "finance"),
        ("Ｐｙｔｈｏｎ", "python"),
    ],
)
def test_spellings_of_one_name_have_one_key(left, right):
    assert normalize(left) == normalize(right)
    assert term_key(left) == term_key(right)


@pytest.mark.parametrize(("left", "right"), [("café", "cafe"), ("😀", "😁"), ("C", "C++")])
def test_different_names_have_different_keys(left, right):
    assert term_key(left) != term_key(right)


INVISIBLE = [
    *"\ufe0f\ufe0e\u034f\u3164\u2800\u180b\u17b4\u115f\ufffc\uffa0\u00ad\u200b\u200c\u200d\u2061",
    *"\U000e0100\U000e0041\U0001d173\U0001d159\U00016fe4",
]


@pytest.mark.parametrize("invisible", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("name", ["Python", "Santé", "東京", "Здоровье"])
def test_what_shows_nothing_makes_no_new_name(name, invisible):
    for spelled in (name + invisible, invisible + name, invisible.join(name), name + invisible * 3):
        assert term_key(spelled) == term_key(name)
        assert words(spelled) == words(name)
        assert tokenize(spelled) == tokenize(name)
    assert tidy(f"{invisible}{name[0]}") == name[0]
    assert tidy(f" {invisible} ") == normalize(f" {invisible} ") == ""


@pytest.mark.parametrize("invisible", INVISIBLE, ids=ascii)
def test_nor_in_what_is_shown_of_letters_that_have_case(invisible):
    assert tidy(invisible.join("Santé") + invisible) == "Santé"


@pytest.mark.parametrize(
    "name",
    [
        "❤️",
        "👨‍👩‍👧",
        "❤️‍🔥",
        "🏳️‍⚧️",
        "🙂‍↔️",
        "👩🏽‍💻",
        "1️⃣",
        "Ⓜ️",
        "می‌خواهم",
        "क्‍ष",
        "葛\U000e0100",
        "ᠠ\u180b",
    ],
)
def test_joiners_and_selectors_stay_where_they_are_seen(name):
    assert tidy(name) == name


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("👨‍👩‍👧", "👨👩👧"),
        ("👨‍👩‍👧", "👨‍👩‍👦"),
        ("❤️‍🔥", "❤️🔥"),
        ("👩🏽‍💻", "👩🏿‍💻"),
        ("🏳️‍🌈", "🏳️‍⚧️"),
        ("1️⃣", "1"),
    ],
)
def test_different_emoji_have_different_keys(left, right):
    assert term_key(left) != term_key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("❤️", "❤"),
        ("👨‍👩‍👧", "👨‍\u200d\u200b\u200d👩‍👧\u200d"),
        ("❤️‍🔥", "❤‍🔥"),
        ("🄿\u200d🅈", "PY"),
        ("می‌خواهم", "میخواهم"),
        ("ᾴ", "α\u0345\u034f\u0301"),
        ("é", "e\u200d\u0301"),
    ],
)
def test_a_joiner_that_joins_nothing_is_nothing(left, right):
    assert term_key(left) == term_key(right)


EVERY = [*map(chr, (*range(0xD800), *range(0xE000, 0x110000)))]


def test_no_character_becomes_more_than_the_limit():
    assert max(len(normalize(char)) for char in EVERY) == MOST_EXPANSION


@pytest.mark.parametrize(
    "between", ["", "\u034f", "\u200d", "\ufe0f", "\u3164", "\u200b"], ids=ascii
)
@pytest.mark.parametrize("mark", ["\u0301", "\u0345", "\uff9e", "\U0001d165"], ids=ascii)
def test_thirty_marks_in_a_row_are_enough(mark, between):
    assert too_many_marks("ab" + (mark + between) * 30 + "c" + (mark + between) * 30) is None
    assert too_many_marks("ab" + (mark + between) * 31 + "c") == 2
    assert too_many_marks("a" + mark * 30 + "b" + (mark + between) * 31) == 32


def test_what_is_no_mark_makes_no_run():
    for text in (
        "a" * 100,
        "é" * 100,
        "\u200b" * 100,
        "่ก" * 100,
        "हिन्दी" * 100,
        "👨‍👩‍👧" * 50,
        "ガ" * 50,
    ):
        assert too_many_marks(text) is None


def test_every_run_that_python_sorts_is_known():
    """Nothing but marks becomes a mark, whether by decomposition or by case folding."""
    for char in EVERY:
        if unicodedata.combining(unicodedata.normalize("NFKD", char.casefold())[0]):
            assert too_many_marks(char * 31) == 0, ascii(char)


def test_looking_for_marks_takes_linear_time():
    nearly = ("a" + "\u0301\u200b" * 30) * 100
    start = time.process_time()
    for _ in range(10):
        assert too_many_marks(nearly) is None
    assert time.process_time() - start < 1


def test_no_format_character_is_left():
    formats = [char for char in EVERY if unicodedata.category(char) == "Cf"]
    assert [char for char in formats if tidy(f"a{char}b") != "ab"] == []


def test_a_key_has_a_fixed_length_and_is_ascii():
    assert len(term_key("東京")) == KEY_LENGTH
    assert term_key("東京").isascii()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("C++ & .NET", ["c", "+", "+", "&", ".", "net"]),
        ("Go beside Google", ["go", "beside", "google"]),
        ("我住在東京。", ["我", "住", "在", "東", "京", "。"]),
        ("ภาษาไทย", list("ภาษาไทย")),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("cafe\u0301", ["café"]),
        ("", []),
    ],
)
def test_tokens(text, tokens):
    assert tokenize(text) == tokens
