"""An indicator as a picture: bars, each beside its words and its number.

SVG of presentation attributes alone, which the strictest policy shows: no style, script or font.
Nothing is told by color: who sees none, or hears the description, is told the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import wrap
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy.orm import Session

from app.core.figures import SUPPRESSED
from app.documents.wording import NO_BREAK, day
from app.indicators.tables import INDICATORS, Table, Told, title_of, told
from app.indicators.words import ALL, MEASURES

WIDTH, MARGIN = 320, 16
INNER = WIDTH - 2 * MARGIN
MOST_BARS = 80
INK, SOFT, BAR, TRACK, PAPER = "#1c1f24", "#4a5058", "#1f5c8b", "#e4e9ee", "#ffffff"
HIDDEN = "masqué"
HEADINGS, LABELS, NOTES = 13, 13, 11  # sizes of letters
ADVANCE = 0.54  # of a letter, in its size: the mean of a sans-serif font


@dataclass(frozen=True)
class Bar:
    """Words, a number, how long it is (0 to 1; None is hidden), and where its target is."""

    label: str
    told: str
    length: float | None
    target: float | None = None


@dataclass(frozen=True)
class Group:
    """Bars below a heading."""

    heading: str
    bars: list[Bar] = field(default_factory=list)


def picture(db: Session, name: str, found: Mapping[str, Any]) -> bytes:
    """The picture of what was found of this indicator."""
    sections = [
        (title_of(table, found), list(_groups(table, rows)))
        for table, rows in told(db, name, found)
        if table.drawn
    ]
    return drawn(INDICATORS[name].title, sections, _notes(found)).encode()


def drawn(title: str, sections: Sequence[tuple[str, Sequence[Group]]], notes: Sequence[str]) -> str:
    """The SVG of these sections."""
    sheet = Sheet()
    sheet.write(title, 17, weight="700", lead=24)
    shown, left = MOST_BARS, 0
    for heading, groups in sections:
        sheet.rule()
        sheet.write(heading, 14, weight="700", lead=20)
        if not any(group.bars for group in groups):
            sheet.write("Rien à montrer pour le moment.", LABELS, SOFT)
        for group in groups:
            bars = group.bars[: max(0, shown)]
            shown, left = shown - len(bars), left + len(group.bars) - len(bars)
            if bars and group.heading:
                sheet.space(8)
                sheet.write(group.heading, HEADINGS, SOFT, "700")
            for bar in bars:
                sheet.bar(bar)
    if left:
        notes = [f"{left} autres lignes sont dans le tableau (CSV).", *notes]
    sheet.rule()
    for note in notes:
        sheet.write(note, NOTES, SOFT, lead=15)
    return sheet.closed(title, _described(sections, notes))


class Sheet:
    """A page of a fixed width, written from the top."""

    def __init__(self) -> None:
        self.y, self._parts = MARGIN, list[str]()

    def space(self, height: int) -> None:
        self.y += height

    def rule(self) -> None:
        """A thin line across."""
        self.space(10)
        self._parts.append(
            f'<line x1="{MARGIN}" y1="{self.y}" x2="{WIDTH - MARGIN}" y2="{self.y}" '
            f'stroke="#c9d0d8" stroke-width="1"/>'
        )
        self.space(10)

    def write(
        self, text: str, size: int, color: str = INK, weight: str = "400", lead: int = 18
    ) -> None:
        """The text, on as many lines as it needs."""
        factor = ADVANCE * (1.08 if weight == "700" else 1)
        for line in _wrapped(text, INNER / (size * factor)):
            self.y += lead
            self._text(MARGIN, self.y - lead // 4, line, size, color, weight)

    def bar(self, bar: Bar) -> None:
        """The words and the number on a line, the bar below."""
        room = INNER - (len(bar.told) + 2) * LABELS * ADVANCE
        lines = _wrapped(bar.label, room / (LABELS * ADVANCE))
        self.space(5)
        first = self.y + 13
        for line in lines:
            self.y += 17
            self._text(MARGIN, self.y - 4, line, LABELS, INK)
        weight, color = ("400", SOFT) if bar.length is None else ("700", INK)
        self._text(WIDTH - MARGIN, first, bar.told, LABELS, color, weight, anchor="end")
        self.y += 1
        self._rect(INNER, bar)
        self.y += 10

    def _rect(self, width: int, bar: Bar) -> None:
        at = f'x="{MARGIN}" y="{self.y}" height="8" rx="2"'
        if bar.length is None:
            edge = f'fill="none" stroke="{SOFT}" stroke-width="1" stroke-dasharray="3 3"'
            self._parts.append(f'<rect {at} width="{width}" {edge}/>')
            return
        self._parts.append(f'<rect {at} width="{width}" fill="{TRACK}"/>')
        if bar.length:
            long = max(2, round(width * min(1, bar.length), 1))
            self._parts.append(f'<rect {at} width="{long:g}" fill="{BAR}"/>')
        if bar.target is not None:
            x = MARGIN + round(width * min(1, bar.target), 1)
            self._parts.append(
                f'<line x1="{x:g}" y1="{self.y - 3}" x2="{x:g}" y2="{self.y + 11}" '
                f'stroke="{INK}" stroke-width="2"/>'
            )

    def _text(
        self,
        x: int,
        y: int,
        text: str,
        size: int,
        color: str,
        weight: str = "400",
        anchor: str = "start",
    ) -> None:
        self._parts.append(
            f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{color}" '
            f'text-anchor="{anchor}">{escape(text)}</text>'
        )

    def closed(self, title: str, description: str) -> str:
        """The whole of it, with its title and its description for who does not see it."""
        height = self.y + MARGIN
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img" lang="fr" xml:lang="fr" '
            'aria-labelledby="title desc" '
            'font-family="system-ui, &quot;Noto Sans&quot;, &quot;DejaVu Sans&quot;, sans-serif">\n'
            f'<title id="title">{escape(title)}</title>\n'
            f'<desc id="desc">{escape(description)}</desc>\n'
            f'<rect width="{WIDTH}" height="{height}" fill={quoteattr(PAPER)}/>\n'
            + "\n".join(self._parts)
            + "\n</svg>\n"
        )


def _wrapped(text: str, letters: float) -> list[str]:
    return wrap(text, max(8, int(letters)), break_on_hyphens=True) or [""]


def _groups(table: Table, rows: Sequence[Told]) -> Iterator[Group]:
    """Bars for the rows below each heading; or for each of several measures of a row."""
    if table.has_targets:
        yield from _beside_targets(rows)
    elif "share" not in table.drawn:
        for row in rows:
            bars = [_step(row, measure, table.drawn[0]) for measure in table.drawn]
            yield Group(_heading(row.labels), bars)
    else:
        yield from _parts(rows)


def _parts(rows: Sequence[Told]) -> Iterator[Group]:
    """Shares of the same whole together; of nothing there are none.

    What is in each of several codes is the heading of its parts.
    """
    groups: dict[tuple[str, ...], Group] = {}
    for row in rows:
        key = tuple(row.codes[:-1])
        heading = _heading(row.labels[:-1])
        if row.values["share"] is None:
            continue
        if any(key) and not row.codes[-1]:
            groups[key] = Group(f"{heading} : {_part(row).told}")
        else:
            groups.setdefault(key, Group(heading)).bars.append(_part(row))
    yield from groups.values()


def _heading(labels: Sequence[str]) -> str:
    """The labels that say something; all of everything is called so too."""
    return " · ".join(label for label in labels if label != ALL) or (ALL if labels else "")


def _part(row: Told) -> Bar:
    """A row as its share."""
    count, share = row.values["count"], row.values["share"]
    if count == SUPPRESSED:
        return Bar(row.labels[-1], HIDDEN, None)
    if share == SUPPRESSED:
        return Bar(row.labels[-1], str(count), None)
    return Bar(row.labels[-1], f"{count} · {_percent(share)}", share)


def _step(row: Told, measure: str, first: str) -> Bar:
    """A measure of a row, beside the first of them."""
    count, whole = row.values[measure], row.values[first]
    label = MEASURES[measure].capitalize()
    if count == SUPPRESSED:
        return Bar(label, HIDDEN, None)
    return Bar(label, str(count), None if whole == SUPPRESSED else count / whole if whole else 0)


def _beside_targets(rows: Sequence[Told]) -> Iterator[Group]:
    """By role, the witnesses of each territory; a mark stands where the target is."""
    figures = [row.values[name] for row in rows for name in ("witnesses", "target")]
    most = max((number for number in figures if isinstance(number, int)), default=0) or 1
    groups: dict[str, Group] = {}  # by the label of their role, which vocabularies tell once
    for row in rows:
        role, territory = row.labels
        many, target = row.values["witnesses"], row.values["target"]
        said = HIDDEN if many == SUPPRESSED else str(many)
        if target is not None:
            said = f"{said}, objectif {target}"
        length = None if many == SUPPRESSED else many / most
        mark = None if target is None else target / most
        groups.setdefault(role, Group(role)).bars.append(Bar(territory, said, length, mark))
    yield from groups.values()


def _percent(share: float) -> str:
    exact = round(share * 100, 1)
    return f"{exact:g}".replace(".", ",") + f"{NO_BREAK}%"


def _notes(found: Mapping[str, Any]) -> list[str]:
    at: datetime = found["counted_at"]
    notes = [f"Compté le {day(at)}, parmi les témoignages acceptés."]
    if found.get("has_targets"):
        notes.append("Le trait vertical marque l'objectif.")
    if k := found["k"]:
        notes.append(
            f"Masqué : moins de {k}, ou un nombre qui permettrait d'en retrouver un. "
            "Les parts sont arrondies à 5 %."
        )
    return notes


def _described(sections: Sequence[tuple[str, Sequence[Group]]], notes: Sequence[str]) -> str:
    """The same in sentences."""
    said, left = [], MOST_BARS
    for heading, groups in sections:
        for group in groups:
            bars = group.bars[: max(0, left)]
            left -= len(bars)
            if bars:
                told = " ; ".join(f"{bar.label} : {bar.told}" for bar in bars)
                below = f", {group.heading}" if group.heading else ""
                said.append(f"{heading}{below}. {told}.")
    return " ".join([*said, *notes])
