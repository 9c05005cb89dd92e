"""Read a PDF as a reader's software does: its words in order, its descriptions, its pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf

CODES = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>")
RANGES = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>")


def is_accessible_and_lasting(path: Path) -> bool:
    """Whether it says that it is PDF/UA-1 and PDF/A-2a, in French, with a structure and a title."""
    with pikepdf.open(path) as document:
        metadata = document.open_metadata()
        kept = metadata["pdfaid:part"], metadata["pdfaid:conformance"], metadata["pdfuaid:part"]
        return (
            str(document.Root.Lang) == "fr-FR"
            and "/StructTreeRoot" in document.Root
            and bool(metadata["dc:title"])
            and kept == ("2", "A", "1")
        )


def pages_of(path: Path) -> list[str]:
    """The words of each page, in the order in which they are told, without blanks or hyphens.

    Lines are cut anywhere, so `squeezed` tells what to look for.
    """
    with pikepdf.open(path) as document:
        return [squeezed(_words_of(page)) for page in document.pages]


def squeezed(text: str) -> str:
    """The same text without blanks, and without the hyphens of divided words."""
    return re.sub(r"[\s\u200b\u00ad\u2010-]", "", text)


def sizes_of(path: Path) -> set[tuple[int, int]]:
    """The widths and heights of its pages, in mm."""
    with pikepdf.open(path) as document:
        boxes = [[float(side) for side in page.mediabox] for page in document.pages]
    return {(_mm(right - left), _mm(top - bottom)) for left, bottom, right, top in boxes}


def descriptions_of(path: Path) -> list[str]:
    """What its pictures are said to be."""
    with pikepdf.open(path) as document:
        found = [thing for thing in document.objects if isinstance(thing, pikepdf.Dictionary)]
        return [str(thing.Alt) for thing in found if "/Alt" in thing]


@dataclass(frozen=True)
class Drawn:
    """A code as it is drawn, its white border included: 1 where it is dark."""

    modules: list[list[int]]
    module_mm: float


def codes_of(path: Path) -> list[Drawn]:
    """The codes to be aimed at with a telephone, in their order, as the paper will show them."""
    with pikepdf.open(path) as document:
        return [code for page in document.pages for code in _codes_on(page)]


def _codes_on(page: Any) -> Iterator[Drawn]:
    """A code is a white square, then dark lines in its units, each one unit wide."""
    points: list[list[float]] = []
    colour, scale, side = 0.0, 1.0, 0
    for step in pikepdf.parse_content_stream(page):
        numbers = [float(one) for one in step.operands if isinstance(one, int | Decimal)]
        match str(step.operator):
            case "cm":
                scale = numbers[0]
            case "scn":
                colour = max(numbers)
            case "m" | "l":
                points.append(numbers)
            case "B" if side and not colour:
                yield Drawn(_modules_of(points, side), scale / 72 * 25.4)
                points = []
            case "f" | "S" | "B" | "n":
                side = round(max(x for x, _ in points)) if points and colour == 1 else 0
                points = []


def _modules_of(points: list[list[float]], side: int) -> list[list[int]]:
    modules = [[0] * side for _ in range(side)]
    for (start, y), (end, _) in zip(points[::2], points[1::2], strict=True):
        for x in range(round(start), round(end)):
            modules[int(y)][x] = 1
    return modules


def _mm(points: float) -> int:
    return round(points / 72 * 25.4)


def _words_of(page: Any) -> str:
    fonts = {name: _letters_of(font) for name, font in page.Resources.get("/Font", {}).items()}
    letters: dict[int, str] = {}
    told = []
    for step in pikepdf.parse_content_stream(page):
        operands: Any = step.operands
        match str(step.operator):
            case "Tf":
                letters = fonts[str(operands[0])]
            case "Tj" | "TJ":
                strings = operands[0] if str(step.operator) == "TJ" else [operands[0]]
                given = b"".join(bytes(s) for s in strings if isinstance(s, pikepdf.String))
                codes = (int.from_bytes(given[at : at + 2]) for at in range(0, len(given), 2))
                told.append("".join(letters.get(code, "") for code in codes))
    return " ".join(told)


def _letters_of(font: Any) -> dict[int, str]:
    table: bytes = font.ToUnicode.read_bytes()
    ranges = [
        RANGES.findall(part) for part in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.S)
    ]
    letters = {
        int(first, 16) + n: chr(int(text, 16) + n)
        for part in ranges
        for first, last, text in part
        for n in range(int(last, 16) - int(first, 16) + 1)
    }
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.S):
        for code, text in CODES.findall(part):
            letters[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    return letters
