"""Typeset a template of ours with Typst. Data are values, never source: `*` stays literal.

A character that no font of ours has is a `□`: PDF/A refuses what cannot be seen. See `legible`.
"""

import json
import re
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from unicodedata import category

import font_source_sans_pro
import typst

TEMPLATES = Path(__file__).with_name("templates")
STANDARDS: "list[typst.PDFStandard]" = ["ua-1", "a-2a"]  # accessible, and made to last
PPI = 144.0  # so that a page of 960 by 540 pt is a picture of 1920 by 1080

UNSEEN = "\N{WHITE SQUARE}"
COMMON = frozenset(chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180))) | set(
    "\n\t’“”«»–—…€"
)
NEVER = frozenset({"Cc", "Co", "Cs", "Cn"})  # controls, private, halves, unassigned
PRIVATE = "\U000f0000"  # which no font of ours has
GLYPH = re.compile(r'<use xlink:href="#(\w+)"[^>]* fill="#([0-9a-f]{6})"')
AT_ONCE = 4000  # characters looked for at once


def pdf(template: str, data: dict[str, Any], at: datetime, folder: Path | None = None) -> bytes:
    """The document as PDF/UA-1 and PDF/A-2a, dated `at`; `data` is `json(bytes(...))` there.

    Pictures are read below `folder`, and from nowhere else. The same data give the same bytes.
    """
    compiler = _compiler(folder or TEMPLATES)

    def compiled(shown: Any) -> bytes:
        made = compiler.compile(
            (TEMPLATES / template).read_bytes(),
            format="pdf",
            sys_inputs={"data": _told(shown)},
            pdf_standards=STANDARDS,
            timestamp=int(at.timestamp()),
        )
        return cast(bytes, made)

    shown = legible(data)
    try:
        return compiled(shown)
    except typst.TypstError as error:
        if "could not be displayed" not in error.message:
            raise
        return compiled(_with(shown, set(_letters(shown)) - COMMON - {UNSEEN}))


def pictures(template: str, data: dict[str, Any], folder: Path | None = None) -> list[bytes]:
    """The pages of a document as PNG, 144 pixels an inch."""
    made = _compiler(folder or TEMPLATES).compile(
        (TEMPLATES / template).read_bytes(),
        format="png",
        ppi=PPI,
        sys_inputs={"data": _told(legible(data))},
    )
    return made if isinstance(made, list) else [made] if made else []


def legible(data: Any) -> Any:
    """The same data, in which what no font of ours has is a `□`, to be seen as missing.

    Two that our fonts have each may have none together: `pdf` then shows neither.
    """
    return _with(data, _missing(set(_letters(data)) - COMMON))


def _missing(characters: Collection[str]) -> set[str]:
    """Those of these characters that are drawn as Typst draws what it has no picture of."""
    never = {character for character in characters if category(character) in NEVER}
    asked = sorted(set(characters) - never)
    for start in range(0, len(asked), AT_ONCE):
        some = [PRIVATE, *asked[start : start + AT_ONCE]]
        made = _compiler(TEMPLATES).compile(
            (TEMPLATES / "probe.typ").read_bytes(),
            format="svg",
            sys_inputs={"data": _told(some)},
        )
        pages = made if isinstance(made, list) else [made or b""]
        drawn = [found for page in pages for found in GLYPH.findall(page.decode())]
        nothing = {glyph for glyph, colour in drawn if not int(colour, 16)}
        never |= {some[int(colour, 16)] for glyph, colour in drawn if glyph in nothing}
    return never


def _letters(data: Any) -> Iterator[str]:
    match data:
        case str():
            yield from data
        case dict():
            for value in data.values():
                yield from _letters(value)
        case list() | tuple():
            for value in data:
                yield from _letters(value)


def _with(data: Any, missing: set[str]) -> Any:
    match data:
        case str():
            return data.translate(dict.fromkeys(map(ord, missing), UNSEEN)) if missing else data
        case dict():
            return {name: _with(value, missing) for name, value in data.items()}
        case list() | tuple():
            return [_with(value, missing) for value in data]
    return data


def _told(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _compiler(root: Path) -> typst.Compiler:
    """Without the fonts of this machine: a document does not depend on where it is made."""
    return typst.Compiler(root=root, font_paths=_fonts(), ignore_system_fonts=True)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[font_source_sans_pro.font_directory])
