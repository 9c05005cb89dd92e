"""The text of a PDF in the order of its content, by its own maps from glyphs to characters."""

import re
from pathlib import Path
from typing import Any

import pikepdf

CODES = re.compile(r"<([0-9a-fA-F]+)>")


def text_of(path: Path) -> str:
    """All the words of all pages, one blank between what is drawn apart."""
    with pikepdf.open(path) as document:
        return " ".join(" ".join(_drawn(page)) for page in document.pages)


def _drawn(page: Any) -> list[str]:
    fonts = {name: _characters(font) for name, font in page.Resources.Font.items()}
    known: dict[int, str] = {}
    found: list[str] = []
    for drawn in pikepdf.parse_content_stream(page):
        operands: Any = drawn.operands
        operator = drawn.operator
        if str(operator) == "Tf":
            known = fonts[str(operands[0])]
        elif str(operator) == "TJ":
            found.append("".join(_read(part, known) for part in operands[0]))
        elif str(operator) == "Tj":
            found.append(_read(operands[0], known))
    return found


def _read(part: Any, known: dict[int, str]) -> str:
    if not isinstance(part, pikepdf.String):
        return ""
    codes = bytes(part)
    pairs = zip(codes[::2], codes[1::2], strict=True)
    return "".join(known.get(high << 8 | low, "") for high, low in pairs)


def _characters(font: Any) -> dict[int, str]:
    """What each glyph says: the ranges and the single ones of `ToUnicode`."""
    known: dict[int, str] = {}
    told = bytes(font.ToUnicode.read_bytes()).decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", told, re.DOTALL):
        codes = CODES.findall(block)
        known |= {int(c, 16): _said(s) for c, s in zip(codes[::2], codes[1::2], strict=True)}
    for block in re.findall(r"beginbfrange(.*?)endbfrange", told, re.DOTALL):
        for first, last, said in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            for offset in range(int(last, 16) - int(first, 16) + 1):
                known[int(first, 16) + offset] = chr(int(said, 16) + offset)
    return known


def _said(code: str) -> str:
    return bytes.fromhex(code).decode("utf-16-be")
