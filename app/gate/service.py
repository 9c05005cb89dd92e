"""The facts that bear on a use of words, gathered for many uses at once, and the verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.places.models import Level, Place
from app.places.service import lineage
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.consents import decisive, events_of
from app.witnesses.decision import (
    Cell,
    Facts,
    Limits,
    Medium,
    Purpose,
    Reach,
    Verdict,
    WitnessFacts,
    decide,
)
from app.witnesses.guardians import ids_of
from app.witnesses.models import Witness
from app.workshops.models import Workshop

GENERAL_PUBLIC = "general_public"
# Every territory of the reference data lies in this country, which has no row of its own.
FRANCE = uuid5(NAMESPACE_DNS, "france.territories")
LEVELS = {Level.DEPARTMENT: Reach.DEPARTMENT, Level.REGION: Reach.REGION}

SHOWN = {
    "text": frozenset({Medium.ANONYMOUS_TEXT}),
    "audio": frozenset({Medium.VOICE}),
    "video": frozenset({Medium.VOICE, Medium.IMAGE}),
}


@dataclass(frozen=True)
class Use:
    """One passage of a testimony, shown in one way. `restriction` is the excerpt's own."""

    testimony_id: UUID
    media: frozenset[Medium]
    restriction: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class WayOut:
    """Where passages go. `territory_id` None is the world; `general_public` always is."""

    audience: str
    form: str
    purpose: Purpose
    territory_id: UUID | None

    def cells(self, media: Iterable[Medium]) -> list[Cell]:
        """What must have been consented to."""
        return [Cell(medium, self.audience, self.form, self.purpose) for medium in sorted(media)]


def media_shown(show_as: str, *, with_text: bool, names_employer: bool) -> frozenset[Medium]:
    """The media of a person that an item shows: `show_as` text, audio or video.

    A text beside a recording (caption, transcript) adds the text; a named employer adds that.
    """
    media = SHOWN[show_as]
    if with_text:
        media |= {Medium.ANONYMOUS_TEXT}
    return media | {Medium.EMPLOYER_NAME} if names_employer else media


def judge(db: Session, uses: Sequence[Use], way: WayOut, at: datetime) -> list[Verdict]:
    """For each use, whether it may take this way out at this moment, and else the first reason."""
    gathered = _gather(db, {use.testimony_id for use in uses}, way)
    return [_judge(gathered, use, way, at) for use in uses]


@dataclass(frozen=True)
class _Gathered:
    testimonies: dict[UUID, Testimony]
    witnesses: dict[UUID, list[WitnessFacts]]
    where: frozenset[UUID] | None


def _judge(gathered: _Gathered, use: Use, way: WayOut, at: datetime) -> Verdict:
    testimony = gathered.testimonies[use.testimony_id]
    facts = Facts(
        witnesses=gathered.witnesses[use.testimony_id],
        where=gathered.where,
        accepted=testimony.state is State.ACCEPTED,
        restrictions=[limits(r) for r in (use.restriction, testimony.restriction) if r],
        embargo_until=testimony.embargo_until,
    )
    return decide(facts, way.cells(use.media), at)


def limits(restriction: Mapping[str, Any]) -> Limits:
    """A restriction as `decide` reads it."""

    def of(name: str, kind: type[Any]) -> Any:
        allowed = restriction.get(name)
        return None if allowed is None else frozenset(kind(value) for value in allowed)

    return Limits(
        of("media", Medium), of("audiences", str), of("forms", str), of("purposes", Purpose)
    )


def _gather(db: Session, testimony_ids: set[UUID], way: WayOut) -> _Gathered:
    ids = list(testimony_ids)
    testimonies = {t.id: t for t in db.scalars(select(Testimony).where(Testimony.id.in_(ids)))}
    spoke = db.execute(
        select(TestimonyWitness.testimony_id, Witness, Place.territory_id)
        .join(Witness, Witness.id == TestimonyWitness.witness_id)
        .outerjoin(Workshop, Workshop.id == Witness.workshop_id)
        .outerjoin(Place, Place.id == Workshop.place_id)
        .where(TestimonyWitness.testimony_id.in_(ids))
        .order_by(TestimonyWitness.testimony_id, TestimonyWitness.position)
    ).all()
    people = list({witness.id for _, witness, _ in spoke})
    events, guardians = events_of(db, people), ids_of(db, people)
    homes: dict[UUID | None, Mapping[Reach, UUID]] = {None: {}}
    witnesses: dict[UUID, list[WitnessFacts]] = {testimony_id: [] for testimony_id in ids}
    for testimony_id, witness, place_territory_id in spoke:
        base = witness.territory_id or place_territory_id
        if base not in homes:
            homes[base] = _home(db, base)
        witnesses[testimony_id].append(
            WitnessFacts(
                id=witness.id,
                events=decisive(events[witness.id]),
                territory=homes[base],
                birth_year=witness.birth_year,
                guardians=guardians.get(witness.id, frozenset()),
            )
        )
    return _Gathered(testimonies, witnesses, _where(db, way))


def _home(db: Session, territory_id: UUID) -> Mapping[Reach, UUID]:
    home = {Reach.PLACE: territory_id, Reach.COUNTRY: FRANCE}
    for territory in lineage(db, territory_id):
        if reach := LEVELS.get(territory.level):
            home[reach] = territory.id
    return home


def _where(db: Session, way: WayOut) -> frozenset[UUID] | None:
    if way.territory_id is None or way.audience == GENERAL_PUBLIC:
        return None
    return frozenset({FRANCE, *(t.id for t in lineage(db, way.territory_id))})
