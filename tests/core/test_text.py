"""Which text is kept, and how."""

from typing import Any
from unicodedata import is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.text import Body, Code, Line, Paragraph, Word

BODY, LINE = TypeAdapter[str](Body), TypeAdapter[str](Line)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0)) if chr(n) not in "\n\t"]
NONCHARACTERS = [
    *map(chr, range(0xFDD0, 0xFDF0)),
    *(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)),
]
# What may not be kept anywhere. (A surrogate alone is no text at all for pydantic.)
NEVER = [*CONTROLS, *NONCHARACTERS]

anything = st.text(st.characters(), max_size=40)
allowed = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=NONCHARACTERS))


def refusal(adapter: TypeAdapter[str], text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(text)
    [error] = caught.value.errors()
    return error["type"]


@pytest.mark.parametrize("adapter", [BODY, LINE], ids=["prose", "line"])
@pytest.mark.parametrize("around", ["{}", "a{}", "{}a", "a{}b"])
def test_what_cannot_be_kept_is_refused_wherever_it_stands(
    adapter: TypeAdapter[str], around: str
) -> None:
    for character in NEVER:
        if character != "\r":  # before a line feed, it is one with it
            assert refusal(adapter, around.format(character)) == "invalid_text", repr(character)


@given(anything)
def test_what_is_kept_is_clean_and_cleaning_it_again_changes_nothing(text: str) -> None:
    for adapter in (BODY, LINE):
        try:
            kept = adapter.validate_python(text)
        except ValidationError:
            continue
        assert is_normalized("NFC", kept)
        assert kept == kept.strip()
        assert not set(kept) & set(NEVER)
        assert adapter.validate_python(kept) == kept
        kept.encode()


@given(allowed.filter(str.strip))
def test_every_other_character_passes_in_prose(text: str) -> None:
    if len(text) < 1000:
        assert BODY.validate_python(text)


@pytest.mark.parametrize("character", [*BIDI, "\t", "\n", "\u2028", "\u2029"])
def test_a_line_is_one_line_that_reads_in_one_direction(character: str) -> None:
    assert refusal(LINE, f"a{character}b") == "invalid_text"
    assert BODY.validate_python(f"a{character}b") == f"a{character}b"


def test_people_write_with_emoji_newer_than_python() -> None:
    for text in ("👩🏽‍🎤", "\U0001fae8", "\U0001fadf", "é", "日本", "العربية", "œ’«»\u202f!"):
        assert LINE.validate_python(text) == text


def test_text_is_put_in_nfc_and_its_line_ends_are_line_feeds() -> None:
    assert LINE.validate_python("  Ve\u0301ro  ") == "V\u00e9ro"
    assert BODY.validate_python("a\r\nb") == "a\nb"


@pytest.mark.parametrize(
    ("kind", "longest"), [(Body, 20_000), (Paragraph, 4000), (Line, 200), (Word, 64), (Code, 40)]
)
def test_lengths_are_counted_in_code_points_after_nfc(kind: Any, longest: int) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    for character in ("a", "é", "e\u0301", "\U0001f600"):
        assert len(adapter.validate_python(character * longest)) == longest
        assert refusal(adapter, character * (longest + 1)) == "string_too_long"
    assert refusal(adapter, " ") == "string_too_short"


@pytest.mark.parametrize("value", [None, 1, True, b"a", ["a"], "a\ud800"])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        BODY.validate_python(value)
