"""What people write: normalized, without what no screen can show.

Text is NFC (Unicode Annex 15). Control characters but line feed and tab, surrogates and
noncharacters are refused; so are, in one-line fields, bidirectional controls (they can make a name
read as another: Unicode Technical Report 36). Unassigned code points pass: Python's tables are
older than people's emoji. Lengths count code points, after NFC.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from unicodedata import is_normalized, normalize

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

INVALID_TEXT = "invalid_text"

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)
)
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_NEVER = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff" + _NONCHARACTERS
NOT_IN_PROSE = re.compile(f"[{_NEVER}]")
NOT_IN_A_LINE = re.compile(f"[{_NEVER}\t\n\u2028\u2029{_BIDI}]")


@dataclass(frozen=True)
class _Rule:
    """How a text must be: `Annotated[str, OneLine(80)]` in a schema."""

    longest: int
    shortest: int = 1

    refused = NOT_IN_PROSE

    def clean(self, text: str) -> str:
        """The text in NFC, without blanks around it. Raises PydanticCustomError."""
        text = text.replace("\r\n", "\n")
        if NOT_IN_PROSE.search(text):  # before `strip`, which takes some of them for blanks
            raise _invalid()
        text = text.strip()
        if self.refused is not NOT_IN_PROSE and self.refused.search(text):
            raise _invalid()
        if not (text.isascii() or is_normalized("NFC", text)):
            text = normalize("NFC", text)
        if len(text) > self.longest:
            raise PydanticCustomError(
                "string_too_long", "At most {max_length} characters", {"max_length": self.longest}
            )
        if len(text) < self.shortest:
            raise PydanticCustomError(
                "string_too_short", "At least {min_length} character", {"min_length": self.shortest}
            )
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            self.clean, core_schema.str_schema(strict=True)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "minLength": self.shortest, "maxLength": self.longest}


class Prose(_Rule):
    """Text of several lines, of at most `longest` code points."""


class OneLine(_Rule):
    """Text of one line, of at most `longest` code points."""

    refused = NOT_IN_A_LINE


def as_utf8(text: object) -> object:
    """A header's words: clients send UTF-8, which HTTP servers read as Latin-1."""
    if not isinstance(text, str):
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def refuse_invalid(text: str) -> str:
    """The text as it is, blanks included. Raises PydanticCustomError."""
    if NOT_IN_PROSE.search(text):
        raise _invalid()
    return text


def _invalid() -> PydanticCustomError:
    return PydanticCustomError(INVALID_TEXT, "A character here cannot be kept or shown")


Line = Annotated[str, OneLine(200)]
Word = Annotated[str, OneLine(64)]
Body = Annotated[str, Prose(20_000)]
Paragraph = Annotated[str, Prose(4_000)]
Code = Annotated[str, OneLine(40)]
