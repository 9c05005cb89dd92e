"""Who was heard, and whether a figure about them can be told to who is not of the team.

What is counted (a testimony, a passage of one) is in one cell of each table of a closed list. Who
spoke with somebody of another role is in `several`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core.figures import concealed
from app.core.settings import settings
from app.places.models import Level, Place, Territory
from app.places.service import coarse
from app.schemes.service import labels
from app.testimonies.models import Nature, Testimony, TestimonyWitness
from app.witnesses.models import Witness

ROLE, METHOD, NATURE, TERRITORY = "role", "method", "nature", "territory"
SEVERAL, UNKNOWN = "several", "unknown"
EMPLOYERS = {"employer", "prospective_employer", "low_qualification_employer"}
NATURES = {
    Nature.PRACTICE: "Pratique",
    Nature.FEELING: "Ressenti",
    Nature.MIXED: "Pratique et ressenti",
    Nature.IDEA: "Idée",
    Nature.INFORMATION: "Information",
}
NOT_SAID = {UNKNOWN: "Non précisé"}
Lists = Mapping[str, Mapping[str, str]]  # of each table the French labels of its cells, by code


@dataclass(frozen=True)
class Speaker:
    """Somebody who spoke. Employers of one organization are one employer."""

    witness_id: UUID
    role: str
    organization_id: UUID | None

    @property
    def employer(self) -> UUID | None:
        """The employer for whom they speak."""
        return self.organization_id or self.witness_id if self.role in EMPLOYERS else None


@dataclass
class Told:
    """One testimony, or a passage of one: its cell in each table, and who spoke."""

    cells: dict[str, str]
    speakers: list[Speaker]


@dataclass
class Cell:
    """Who is in a cell."""

    count: int = 0
    people: set[UUID] = field(default_factory=set)
    employers: Counter[UUID] = field(default_factory=Counter)

    def add(self, told: Told) -> None:
        self.count += 1
        self.people.update(speaker.witness_id for speaker in told.speakers)
        employers = {speaker.employer for speaker in told.speakers}
        self.employers.update(one for one in employers if one)

    def is_unsafe(self, code: str, k: int) -> bool:
        """Too few people; too few employers, or one who is nearly all of it."""
        known = settings()
        if not self.count:
            return False  # its count says enough
        if code in EMPLOYERS and len(self.employers) < known.figures_employers_min:
            return True
        largest = max(self.employers.values(), default=0)
        is_dominated = largest > known.figures_employer_share_max * self.count
        return is_dominated or len(self.people) < k


def counted(
    name: str, codes: Iterable[str], told: Sequence[Told], k: int
) -> tuple[dict[str, int], set[str]]:
    """How many of these are in each cell of a table; and which cells are not told."""
    cells = {code: Cell() for code in codes}
    for one in told:
        cells[one.cells[name]].add(one)
    counts = {code: cell.count for code, cell in cells.items()}
    unsafe = {code for code, cell in cells.items() if cell.is_unsafe(code, k)}
    return counts, concealed(counts, k, unsafe)


def role_of(speakers: Iterable[Speaker]) -> str:
    """The role of who spoke, or `several`."""
    roles = {speaker.role for speaker in speakers}
    return roles.pop() if len(roles) == 1 else SEVERAL


def lists(db: Session) -> Lists:
    """Every cell of each table, empty or not, in an order that says nothing of them."""
    rows = select(Territory.code, Territory.name).where(Territory.level == Level.DEPARTMENT)
    return {
        ROLE: labels(db, "witness_roles") | {SEVERAL: "Plusieurs rôles ensemble"},
        METHOD: labels(db, "methods"),
        NATURE: {nature.value: label for nature, label in NATURES.items()} | NOT_SAID,
        TERRITORY: dict(db.execute(rows.order_by(Territory.code)).all()) | NOT_SAID,
    }


def told_of(db: Session, ids: Select[UUID] | Collection[UUID]) -> dict[UUID, Told]:
    """These testimonies, by id."""
    among = Testimony.id.in_(ids)
    speakers = _speakers(db, ids)
    departments: dict[UUID | None, str] = {None: UNKNOWN}
    where = func.coalesce(Testimony.territory_id, Place.territory_id)
    rows = select(Testimony.id, Testimony.method, Testimony.nature, where)
    rows = rows.outerjoin(Place, Place.id == Testimony.place_id).where(among)
    found = {}
    for id_, method, nature, territory_id in db.execute(rows):
        if territory_id not in departments:
            departments[territory_id] = _department(db, territory_id)
        spoke = speakers.get(id_, [])
        cells = {
            ROLE: role_of(spoke),
            METHOD: method,
            NATURE: nature or UNKNOWN,
            TERRITORY: departments[territory_id],
        }
        found[id_] = Told(cells, spoke)
    return found


def _speakers(db: Session, ids: Select[UUID] | Collection[UUID]) -> dict[UUID, list[Speaker]]:
    spoke = (
        select(TestimonyWitness.testimony_id, Witness.id, Witness.role, Witness.organization_id)
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .where(TestimonyWitness.testimony_id.in_(ids))
    )
    found: dict[UUID, list[Speaker]] = {}
    for testimony_id, witness_id, role, organization_id in db.execute(spoke):
        found.setdefault(testimony_id, []).append(Speaker(witness_id, role, organization_id))
    return found


def _department(db: Session, territory_id: UUID) -> str:
    found = coarse(db, territory_id)
    return found.code if found and found.level is Level.DEPARTMENT else UNKNOWN
