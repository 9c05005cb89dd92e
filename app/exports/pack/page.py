"""The method page of a pack, and its README: what was done, how much came of it, and its limits."""

from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from app.documents.wording import day, hour
from app.exports.exclusions import KINDS, WHY
from app.exports.models import Export
from app.exports.pack.figures import Figures, name_of
from app.exports.pack.tally import MONTH, ROLE, THEME, UNKNOWN, Tally
from app.exports.watermark import FOLLOWED, MADE
from app.indicators.schemas import By, Of
from app.indicators.tables import INDICATORS
from app.indicators.words import CODES, DIMENSIONS, NOT_TOLD, names

FILES, TEAM = "Dans les fichiers", "Lisibles par l'équipe"
ORGANIZATIONS = {
    "eric_host": "Structure qui accueille un ERIC",
    "mission_locale": "Mission locale",
    "employer": "Employeur",
    "association": "Association",
    "region_service": "Service de la Région",
    "state_service": "Service de l'État",
    "chamber": "Chambre consulaire",
    "capture_partner": "Partenaire de captation",
    "other": "Autre",
}
PLACES = {
    "eric": "ERIC",
    "eric_cyber_base": "ERIC Cyber-base",
    "mission_locale": "Mission locale",
    "employment_center": "Maison de l'emploi",
    "region": "Région",
    "other": "Autre",
}
KINDS_OF_WORKSHOPS = CODES["workshop_kind"]
ONE_PACK = f"{MADE}que personne ne garde : il est le même dans tout ce dossier, et là seulement."
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.filters |= {"day": day, "hour": hour}


@dataclass(frozen=True)
class Table:
    """A table: its caption, what its columns are called, and its rows, a label first."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Written:
    """What a pack came to, when all but its page was written."""

    scheme: str
    export: Export
    tally: Tally
    figures: Figures
    rows: Mapping[str, int]
    anomalies: Mapping[str, int]
    left_out: Mapping[str, Mapping[str, int]]


def readme(scheme: str, export: Export, datasets: Collection[str], has_figures: bool) -> str:
    """`LISEZMOI.txt`, whose lines end as the oldest editors want it."""
    text = TEMPLATES.get_template("LISEZMOI.txt").render(
        scheme=scheme,
        export=export,
        ids=FOLLOWED if export.is_followed else ONE_PACK,
        datasets=datasets,
        has_figures=has_figures,
    )
    return text.replace("\n", "\r\n")


def method(db: Session, written: Written) -> str:
    """`methode.html`: all that it needs is in it, and it runs nothing."""
    tables = Tables(db, written)
    figures = written.figures
    coverage, voices = figures.found.get("coverage"), figures.found.get("voices")
    return TEMPLATES.get_template("methode.html").render(
        it=written,
        ids=FOLLOWED if written.export.is_followed else ONE_PACK,
        heard=tables.heard(),
        how=tables.how(),
        when=tables.when(),
        by_whom=tables.by_whom(),
        balance=tables.balance(),
        coverage=tables.coverage(coverage),
        missing=tables.missing(coverage),
        voices=tables.voices(voices),
        left_out=[
            (KINDS[kind].capitalize(), reason, WHY[reason], many)
            for kind, reasons in written.left_out.items()
            for reason, many in reasons.items()
        ],
        team=_all_of(figures.found.get(name_of(Of.TESTIMONIES, By.ROLE))),
        team_people=_all_of(figures.found.get(name_of(Of.WITNESSES, By.ROLE))),
        unreadable=sum(written.anomalies.values()),
        pictures={name: _embedded(svg) for name, svg in figures.pictures.items()},
        titles={name: _title(name, found) for name, found in figures.found.items()},
    )


def _all_of(found: Mapping[str, Any] | None) -> int | None:
    """How many in all, of a count."""
    return (
        next((c["count"] for c in found["cells"] if tuple(c["keys"]) == (None,)), 0)
        if found
        else None
    )


def _title(name: str, found: Mapping[str, Any]) -> str:
    """What a picture shows."""
    if name in INDICATORS:
        return INDICATORS[name].title
    return f"{CODES['of'][found['of']]} par {DIMENSIONS[found['by'][0]]}"


def _embedded(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


class Tables:
    """The tables of a pack: what its files hold, beside what the team may read."""

    def __init__(self, db: Session, written: Written) -> None:
        self._db, self._tally, self._figures = db, written.tally, written.figures

    def heard(self) -> Iterator[Table]:
        """Who: people, then testimonies in which they speak."""
        for by, title in ((By.ROLE, "rôle"), (By.AGE_BAND, "âge"), (By.TERRITORY, "territoire")):
            people = self._tally.people(by)
            yield self._beside(f"Personnes, par {title}", by, people, Of.WITNESSES)
            words = self._tally.of("testimonies", by)
            yield self._beside(f"Témoignages, par {title}", by, words, Of.TESTIMONIES)

    def how(self) -> Iterator[Table]:
        """By which methods, in which workshops, about what."""
        for by, title in (
            *((By.METHOD, "méthode de recueil"), (By.WORKSHOP_KIND, "type d'atelier")),
            (By.SECTOR, "secteur"),
        ):
            words = self._tally.of("testimonies", by)
            yield self._beside(f"Témoignages, par {title}", by, words, Of.TESTIMONIES)
        yield self._themes()

    def _themes(self) -> Table:
        """Files tell themes by their names."""
        files, team = self._tally.of("testimonies", THEME), None
        if found := self._figures.found.get(name_of(Of.TESTIMONIES, By.THEME)):
            counts = {cell["keys"][0]: cell["count"] for cell in found["cells"] if cell["keys"][0]}
            called = names(self._db, THEME, counts)
            team = {UNKNOWN if c == UNKNOWN else called[c]: many for c, many in counts.items()}
        known = sorted({*files, *(team or ())} - {UNKNOWN}, key=str.casefold)
        labels = {name: name for name in known} | {UNKNOWN: NOT_TOLD}
        return _table("Témoignages, par thème", labels, files, team)

    def when(self) -> Iterator[Table]:
        """In which months."""
        words = self._tally.of("testimonies", MONTH)
        yield self._beside("Témoignages, par mois du recueil", By.MONTH, words, Of.TESTIMONIES)

    def by_whom(self) -> Iterator[Table]:
        """Of the workshops, which are all in the files."""
        for column, caption, called in (
            ("kind", "Ateliers, par type", KINDS_OF_WORKSHOPS),
            ("organization_kind", "Ateliers, par type de structure qui écoute", ORGANIZATIONS),
            ("place_kind", "Ateliers, par type de lieu", PLACES),
        ):
            found = self._tally.of("workshops", column)
            rows = [(called.get(code, code), many) for code, many in sorted(found.items())]
            yield Table(caption, ("", FILES), rows)

    def balance(self) -> Iterator[Table]:
        """Natures of excerpts and of testimonies."""
        found = self._figures.found.get("balance")
        for of, title in (("excerpts", "Extraits"), ("testimonies", "Témoignages")):
            team = None
            if found:
                cells = (c for c in found["cells"] if (c["of"], c["month"]) == (of, None))
                team = {str(cell["nature"]): cell["count"] for cell in cells}
            files = self._tally.of(of, "nature")
            labels = self._labels(By.NATURE, {*files, *(team or ())})
            yield _table(f"{title}, par nature", labels, files, team)

    def coverage(self, found: Mapping[str, Any] | None) -> Table:
        """People by role and territory, beside the targets."""
        files = self._tally.people_by_role_and_territory()
        team, targets = {}, {}
        for cell in found["cells"] if found else ():
            key = cell["role"], _territory_of(cell)
            team[key], targets[key] = cell["witnesses"], cell["target"]
        places = {id_: place for place, id_ in enumerate(self._figures.territories.names)}
        keys = sorted({*files, *team}, key=lambda key: (key[0], places.get(key[1], len(places))))
        roles = names(self._db, ROLE, {role for role, _ in keys})
        rows = [
            (
                f"{roles[role]}, {self._name_of(territory)}",
                files[role, territory],
                *((team.get(key, 0), _or_dash(targets.get(key))) * bool(found)),
            )
            for key in keys
            for role, territory in [key]
        ]
        heads = ("", FILES, *((TEAM, "Objectif") * bool(found)))
        return Table("Personnes entendues, par rôle et territoire", heads, rows)

    def missing(self, found: Mapping[str, Any] | None) -> list[str]:
        """Whom nobody heard, and where."""
        cells = found["missing"] if found else ()
        roles = names(self._db, ROLE, {cell["role"] for cell in cells})
        return [f"{roles[c['role']]}, {self._name_of(_territory_of(c))}" for c in cells]

    def voices(self, found: Mapping[str, Any] | None) -> Table | None:
        """How unequally people are quoted."""
        if not found:
            return None
        heads = ("", "Personnes entendues", "Personnes citées", "Passages", "Indice de Gini")
        rows = [
            (
                CODES["of"][each["of"]],
                *(each[name] for name in ("heard", "quoted", "passages")),
                _or_dash(each["gini"]),
            )
            for each in found["summaries"]
        ]
        return Table("Personnes citées dans les dossiers et les publications", heads, rows)

    def _beside(self, caption: str, by: By, files: Mapping[str, int], of: Of) -> Table:
        team = self._figures.by_code(of, by)
        return _table(caption, self._labels(by, {*files, *(team or ())}), files, team)

    def _labels(self, by: By, codes: Collection[str]) -> dict[str, str]:
        if by is By.TERRITORY:
            called = self._figures.territories.names | {UNKNOWN: NOT_TOLD}
            return {id_: name for id_, name in called.items() if id_ in codes}
        return names(self._db, by, codes)

    def _name_of(self, territory: str) -> str:
        return self._figures.territories.names.get(territory, NOT_TOLD)


def _table(
    caption: str,
    labels: Mapping[str, str],
    files: Mapping[str, int],
    team: Mapping[str, int] | None,
) -> Table:
    """What the files hold of each, and what the team may read, if that was asked."""
    if team is None:
        rows = [(label, files.get(code, 0)) for code, label in labels.items()]
        return Table(caption, ("", FILES), rows)
    both = [(label, files.get(code, 0), team.get(code, 0)) for code, label in labels.items()]
    return Table(caption, ("", FILES, TEAM), both)


def _territory_of(cell: Mapping[str, Any]) -> str:
    return str(cell["territory_id"]) if cell["territory_id"] else UNKNOWN


def _or_dash(value: Any) -> Any:
    return "—" if value is None else value
