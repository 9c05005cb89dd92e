"""A codebook as a file: CSV for spreadsheets, REFI-QDA (`.qdc`) for coding software.

A file is read as entries, each of one theme: what it does not say of a theme is not decided. Ids of
ours are in no file: a theme is known by its name, which is the only one in its scheme.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any
from uuid import UUID, uuid4
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from pydantic import ValidationError

from app.codebook.models import Theme
from app.codebook.schemas import Entry, Format
from app.codebook.tree import DEEPEST
from app.core.cells import quoted, unquoted
from app.core.problems import Invalid

WHERE = "#/content"
BOM = "\ufeff"
COLUMNS = ("name", "parent", "definition", "examples", "counter_examples", "color", "retired")
LISTS = ("examples", "counter_examples")  # a line of the cell for each
YES, NO = ("yes", "oui", "true"), ("", "no", "non", "false")
NAMESPACE = "urn:QDA-XML:codebook:1.0"
ORIGIN = "Retours d'usages"
NOTHING: "AttributesImpl[str]" = AttributesImpl({})
TITLES = {"examples": "Exemples :", "counter_examples": "Contre-exemples :"}
FIELDS = {title: name for name, title in TITLES.items()}
LISTED = "- "  # before each example
LONGEST_DESCRIPTION = 20_000  # code points: more than a definition and two lists may be
SHORT_COLOR = re.compile(r"#[0-9a-fA-F]{3}")

Branch = tuple[Theme, list["Branch"]]


CONTENT_TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.QDC: "application/xml; charset=utf-8",
}


# Writing


def write(themes: Sequence[Theme], format_: Format, delimiter: str = ",") -> bytes:
    """The file of these themes, a tree: each after the one it lies in, by name among its like.

    CSV has a byte order mark, which spreadsheets want. Ids in a `.qdc` are made for this file.
    """
    branches = branches_of(themes)
    if format_ is Format.QDC:
        return _write_qdc(branches)
    file = StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(branches))
    return (BOM + file.getvalue()).encode()


def branches_of(themes: Sequence[Theme]) -> list[Branch]:
    """The themes as they lie in one another, by name among their like."""
    below: dict[UUID | None, list[Theme]] = {}
    for theme in sorted(themes, key=lambda theme: (theme.name.casefold(), theme.name)):
        below.setdefault(theme.parent_id, []).append(theme)

    def of(parent_id: UUID | None) -> list[Branch]:
        return [(theme, of(theme.id)) for theme in below.get(parent_id, [])]

    return of(None)


def _rows(branches: Sequence[Branch], parent: str = "") -> Iterator[list[str]]:
    for theme, below in branches:
        cells = [theme.name, parent, theme.definition]
        cells += ["\n".join(getattr(theme, name)) for name in LISTS]
        yield [*map(quoted, cells), theme.color or "", "yes" if theme.retired_at else ""]
        yield from _rows(below, theme.name)


def _write_qdc(branches: Sequence[Branch]) -> bytes:
    file = StringIO(newline="")
    xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
    xml.startDocument()
    xml.startElement("CodeBook", AttributesImpl({"xmlns": NAMESPACE, "origin": ORIGIN}))
    xml.startElement("Codes", NOTHING)
    _write_codes(xml, branches)
    xml.endElement("Codes")
    xml.endElement("CodeBook")
    return file.getvalue().encode()


def _write_codes(xml: XMLGenerator, branches: Sequence[Branch]) -> None:
    for theme, below in branches:
        about = {"guid": str(uuid4()), "name": theme.name}
        about["isCodable"] = "false" if theme.retired_at else "true"
        about |= {"color": theme.color} if theme.color else {}
        xml.startElement("Code", AttributesImpl(about))
        xml.startElement("Description", NOTHING)
        xml.characters(described(theme))
        xml.endElement("Description")
        _write_codes(xml, below)
        xml.endElement("Code")


def described(theme: Theme) -> str:
    """The definition, and the examples, for which the standard has no place of their own."""
    text = theme.definition
    for name in LISTS:
        if told := getattr(theme, name):
            text += "\n\n" + "\n- ".join([TITLES[name], *told])
    return text


# Reading


def read(content: str, format_: Format) -> list[tuple[int, Entry]]:
    """The entries of a file, each with its line. Raises Invalid where it cannot be understood."""
    found = _Qdc().read(content) if format_ is Format.QDC else _read_csv(content)
    entries: dict[str, tuple[int, Entry]] = {}
    for line, told in found:
        entry = _entry(line, told)
        if entry.name in entries:
            raise Invalid.at(WHERE, "name_twice", line=line, name=entry.name)
        entries[entry.name] = line, entry
    return list(entries.values())


def _entry(line: int, told: Mapping[str, Any]) -> Entry:
    try:
        return Entry.model_validate(told)
    except ValidationError as errors:
        field = errors.errors()[0]["loc"][0]
        raise Invalid.at(WHERE, "wrong_in_line", line=line, field=field) from None


def _read_csv(content: str) -> Iterator[tuple[int, dict[str, Any]]]:
    text = content.removeprefix(BOM)
    head, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] = []
    try:
        for row in reader:
            if not names:
                names = _header(row)
            elif any(row):
                if len(row) > len(names):
                    raise Invalid.at(WHERE, "too_many_cells", line=reader.line_num)
                yield reader.line_num, _told(reader.line_num, dict(zip(names, row, strict=False)))
    except csv.Error:
        raise Invalid.at(WHERE, "not_csv", line=reader.line_num) from None


def _header(row: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in row]
    if "name" not in names or len(set(names)) < len(names) or not set(names) <= set(COLUMNS):
        raise Invalid.at(WHERE, "not_the_columns", columns=", ".join(COLUMNS))
    return names


def _told(line: int, cells: Mapping[str, str]) -> dict[str, Any]:
    """What a row says: an empty cell says that there is none, but of a definition, nothing."""
    told: dict[str, Any] = {}
    for name, cell in cells.items():
        text = unquoted(cell).strip()
        if name in LISTS:
            told[name] = [example for example in map(str.strip, text.split("\n")) if example]
        elif name == "retired":
            if text.lower() not in (*YES, *NO):
                raise Invalid.at(WHERE, "wrong_in_line", line=line, field=name)
            told[name] = text.lower() in YES
        elif text or name != "definition":
            told[name] = text or None
    return told


class _Qdc:
    """Reads a REFI-QDA codebook. A document type is refused: so no entity is ever expanded."""

    def __init__(self) -> None:
        self._found: list[tuple[int, dict[str, Any]]] = []
        self._above: list[dict[str, Any]] = []
        self._path: list[str] = []
        self._description: list[str] | None = None
        self._parser = ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, content: str) -> list[tuple[int, dict[str, Any]]]:
        try:
            self._parser.Parse(content.removeprefix(BOM).encode(), True)
        except ExpatError as error:
            raise Invalid.at(WHERE, "not_qdc", line=error.lineno) from None
        return self._found

    def _refuse(self, *_: object) -> None:
        raise Invalid.at(WHERE, "not_qdc", line=self._parser.CurrentLineNumber)

    def _start(self, name: str, about: dict[str, str]) -> None:
        if not self._path and name != f"{NAMESPACE} CodeBook":
            self._refuse()
        kind = name.removeprefix(f"{NAMESPACE} ")
        if kind == "Code":
            self._begin_code(about)
        elif kind == "Description" and self._path[-1:] == ["Code"]:
            self._description = []
        self._path.append(kind)

    def _begin_code(self, about: dict[str, str]) -> None:
        if self._path[-1:] not in (["Codes"], ["Code"]):
            self._refuse()
        if len(self._above) == DEEPEST:
            raise Invalid.at(WHERE, "too_deep", deepest=DEEPEST)
        told: dict[str, Any] = {"name": about.get("name")}
        told["parent"] = self._above[-1]["name"] if self._above else None
        if color := about.get("color"):
            told["color"] = _long_color(color)
        if codable := about.get("isCodable"):
            told["retired"] = codable in ("false", "0")
        self._found.append((self._parser.CurrentLineNumber, told))
        self._above.append(told)

    def _end(self, _: str) -> None:
        kind = self._path.pop()
        if kind == "Code":
            self._above.pop()
        elif kind == "Description" and self._description is not None:
            self._above[-1].update(_understood("".join(self._description).strip()))
            self._description = None

    def _text(self, text: str) -> None:
        if self._description is not None and self._path[-1:] == ["Description"]:
            self._description.append(text)


def _long_color(color: str) -> str:
    """`#abc` -> `#aabbcc`."""
    if SHORT_COLOR.fullmatch(color):
        return "#" + "".join(digit * 2 for digit in color[1:])
    return color


def _understood(description: str) -> dict[str, Any]:
    """A definition, and the examples that `described` put below it, each line looked at once."""
    if len(description) > LONGEST_DESCRIPTION:
        return {"definition": description}  # refused as such
    told: dict[str, Any] = {}
    lines = description.split("\n")
    while listed := _listed(lines):
        name, examples = listed
        if name in told:
            break
        told[name] = examples
        del lines[-len(examples) - 2 :]
    definition = "\n".join(lines)
    return told | ({"definition": definition} if definition else {})


def _listed(lines: list[str]) -> tuple[str, list[str]] | None:
    """The list at the end of these lines, which lose the blank ones below it."""
    while lines and not lines[-1].strip():
        lines.pop()
    first = len(lines)
    while first and lines[first - 1].startswith(LISTED) and lines[first - 1] != LISTED:
        first -= 1
    name = FIELDS.get(lines[first - 1]) if lines[first - 2 : first - 1] == [""] else None
    examples = [line.removeprefix(LISTED) for line in lines[first:]]
    return (name, examples) if name and examples else None
