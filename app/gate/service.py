"""The facts that bear on a use of words, gathered for many uses at once, and the verdicts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.appearances.queries import Segment, appearing
from app.groups.models import Protocol
from app.groups.service import binding_protocols, limits_of
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
    Reason,
    Verdict,
    WitnessFacts,
    decide,
)
from app.witnesses.guardians import ids_of
from app.witnesses.models import Witness
from app.workshops.models import Workshop

GENERAL_PUBLIC = "general_public"
REASONS = list(Reason)
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
    """One passage of a testimony, shown in one way. `restriction` is the excerpt's own.

    `segment` is where in a recording it was seen or said: who appears there is asked too.
    """

    testimony_id: UUID
    media: frozenset[Medium]
    restriction: Mapping[str, Any] | None = None
    segment: Segment | None = None


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
    gathered = _gather(db, uses, way, at)
    return [_judge(gathered, use, way, at) for use in uses]


@dataclass(frozen=True)
class _Gathered:
    testimonies: dict[UUID, Testimony]
    speakers: dict[UUID, list[UUID]]
    appearing: dict[Segment, dict[UUID, frozenset[Medium]]]
    people: dict[UUID, WitnessFacts]
    protocols: dict[UUID, Protocol]
    where: frozenset[UUID] | None


def _judge(gathered: _Gathered, use: Use, way: WayOut, at: datetime) -> Verdict:
    """Who speaks is asked all that is shown, who appears what is shown of them."""
    testimony = gathered.testimonies[use.testimony_id]
    speakers = gathered.speakers[use.testimony_id]
    protocol = gathered.protocols.get(use.testimony_id)
    facts = Facts(
        witnesses=[gathered.people[witness_id] for witness_id in speakers],
        where=gathered.where,
        accepted=testimony.state is State.ACCEPTED,
        restrictions=[limits(r) for r in (use.restriction, testimony.restriction) if r],
        embargo_until=testimony.embargo_until,
        protocol=limits_of(protocol) if protocol else None,
    )
    verdicts = [decide(facts, way.cells(use.media), at)]
    others = gathered.appearing[use.segment] if use.segment else {}
    for witness_id, shown in others.items():
        if cells := way.cells(use.media & shown):
            alone = replace(facts, witnesses=[gathered.people[witness_id]])
            verdicts.append(decide(alone, cells, at))
    return first_no(verdicts)


def first_no(verdicts: Sequence[Verdict]) -> Verdict:
    """Of several verdicts on one use the no whose reason comes first; yes when all say so."""
    noes = [(REASONS.index(v.reason), i) for i, v in enumerate(verdicts) if v.reason]
    return verdicts[min(noes)[1]] if noes else Verdict(True)


def limits(restriction: Mapping[str, Any]) -> Limits:
    """A restriction as `decide` reads it."""

    def of(name: str, kind: type[Any]) -> Any:
        allowed = restriction.get(name)
        return None if allowed is None else frozenset(kind(value) for value in allowed)

    return Limits(
        of("media", Medium), of("audiences", str), of("forms", str), of("purposes", Purpose)
    )


def protocols_of(
    db: Session, testimony_ids: Collection[UUID], at: datetime
) -> dict[UUID, Protocol]:
    """The protocols that bind these testimonies at this moment: those of their groups."""
    rows = (
        select(Testimony.id, Workshop.group_id)
        .join(Workshop, Workshop.id == Testimony.workshop_id)
        .where(Testimony.id.in_(testimony_ids), Workshop.group_id.is_not(None))
    )
    groups = {testimony_id: group_id for testimony_id, group_id in db.execute(rows) if group_id}
    binding = binding_protocols(db, set(groups.values()), at)
    return {t: binding[group_id] for t, group_id in groups.items() if group_id in binding}


def _gather(db: Session, uses: Sequence[Use], way: WayOut, at: datetime) -> _Gathered:
    ids = list({use.testimony_id for use in uses})
    testimonies = {t.id: t for t in db.scalars(select(Testimony).where(Testimony.id.in_(ids)))}
    speakers: dict[UUID, list[UUID]] = {testimony_id: [] for testimony_id in ids}
    spoke = (
        select(TestimonyWitness.testimony_id, TestimonyWitness.witness_id)
        .where(TestimonyWitness.testimony_id.in_(ids))
        .order_by(TestimonyWitness.testimony_id, TestimonyWitness.position)
    )
    for testimony_id, witness_id in db.execute(spoke):
        speakers[testimony_id].append(witness_id)
    there = appearing(db, [use.segment for use in uses if use.segment])
    people = _people(db, {*chain(*speakers.values()), *chain(*there.values())})
    protocols = protocols_of(db, ids, at)
    return _Gathered(testimonies, speakers, there, people, protocols, _where(db, way))


def _people(db: Session, ids: Collection[UUID]) -> dict[UUID, WitnessFacts]:
    events, guardians = events_of(db, list(ids)), ids_of(db, ids)
    homes: dict[UUID | None, Mapping[Reach, UUID]] = {None: {}}
    found = {}
    rows = (
        select(Witness, Place.territory_id)
        .outerjoin(Workshop, Workshop.id == Witness.workshop_id)
        .outerjoin(Place, Place.id == Workshop.place_id)
        .where(Witness.id.in_(ids))
    )
    for witness, place_territory_id in db.execute(rows):
        base = witness.territory_id or place_territory_id
        if base not in homes:
            homes[base] = _home(db, base)
        found[witness.id] = WitnessFacts(
            id=witness.id,
            events=decisive(events[witness.id]),
            territory=homes[base],
            birth_year=witness.birth_year,
            guardians=guardians.get(witness.id, frozenset()),
        )
    return found


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
