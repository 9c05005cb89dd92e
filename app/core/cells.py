"""Cells of spreadsheets: none of them is a formula, whatever people wrote."""

from collections.abc import Iterable

FORMULA = tuple("=+-@\t\r＝＋－＠")  # spreadsheets read the full-width forms as the others
FIRST = frozenset(FORMULA)
QUOTE = "'"


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet computes: one that begins like a formula is quoted."""
    return QUOTE + text if text[:1] in FIRST else text


def all_harmless(texts: Iterable[str | None]) -> list[str | None]:
    """These texts as such cells: of many, at once."""
    return [QUOTE + text if text and text[0] in FIRST else text for text in texts]


def quoted(text: str) -> str:
    """The text as such a cell, so that `unquoted` gives back what it was."""
    return QUOTE + text if text.startswith((*FORMULA, QUOTE)) else text


def unquoted(cell: str) -> str:
    """What was `quoted`; a cell that people wrote is what they wrote."""
    return cell[1:] if cell[:1] == QUOTE and cell[1:].startswith((*FORMULA, QUOTE)) else cell
