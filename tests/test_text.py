"""Names in one comparable form, and texts in tokens."""

import pytest

from django_personalization.text import KEY_LENGTH, normalize, term_key, tokenize


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
