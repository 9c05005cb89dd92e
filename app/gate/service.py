"""The facts that bear on a use of words, gathered for many uses at once, and the verdicts."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.appearances.queries import Segment, appearing
from app.core.among import among
from app.core.db import rows_of
from app.groups.models import Protocol
from app.groups.service import binding_protocols, limits_of
from app.places.models import Level, Place
from app.places.service import lineages
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.consents import said_by
from app.witnesses.decision import (
    NOT_ASKED,
    Cell,
    Facts,
    Limits,
    Medium,
    Purpose,
    Reach,
    Reason,
    Verdict,
    Where,
    WitnessFacts,
    decide,
    is_minor,
)
from app.witnesses.guardians import ids_of
from app.witnesses.models import Witness
from app.workshops.models import Workshop

GENERAL_PUBLIC = "general_public"
REASONS = list(Reason)
# Every territory of the reference data lies in this country, which has no row of its own.
FRANCE = uuid5(NAMESPACE_DNS, "france.territories")
BASE = func.coalesce(Witness.territory_id, Place.territory_id)
LEVELS = {Level.DEPARTMENT: Reach.DEPARTMENT, Level.REGION: Reach.REGION}

SIGNATURE = frozenset({Medium.SIGNED_TEXT})
SHOWN = {
    "text": frozenset({Medium.ANONYMOUS_TEXT}),
    "audio": frozenset({Medium.VOICE}),
    "video": frozenset({Medium.VOICE, Medium.IMAGE}),
}


@dataclass(frozen=True)
class Use:
    """One passage of a testimony, shown in one way. `restriction` is the excerpt's own.

    `segment` is where in a recording it was seen or said: who appears there is asked too.
    `signed_by` are the people whose signatures stand there: see `signed`.
    """

    testimony_id: UUID
    media: frozenset[Medium]
    restriction: Mapping[str, Any] | None = None
    segment: Segment | None = None
    signed_by: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class WayOut:
    """Where passages go. `territory_id` None is the world; `general_public` always is.

    What stays inside the team, exports included, is asked no territory.
    """

    audience: str
    form: str
    purpose: Purpose
    territory_id: UUID | None
    inside: bool = False

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


def signed(media: frozenset[Medium]) -> frozenset[Medium]:
    """The same, of a person whose signature stands there: their text is a signed one."""
    return media - {Medium.ANONYMOUS_TEXT} | SIGNATURE


TOLD = (
    select(
        Testimony.id,
        Testimony.state,
        Testimony.restriction,
        Testimony.embargo_until,
        Workshop.group_id,
    )
    .outerjoin(Workshop, Workshop.id == Testimony.workshop_id)
    .where(among(Testimony.id, "testimony_ids"))
)
PERSON = Witness.id.label("witness_id"), Witness.birth_year, BASE.label("territory_id")
SPOKE = (
    select(TestimonyWitness.testimony_id, *PERSON)
    .join(Witness, Witness.id == TestimonyWitness.witness_id)
    .outerjoin(Workshop, Workshop.id == Witness.workshop_id)
    .outerjoin(Place, Place.id == Workshop.place_id)
    .where(among(TestimonyWitness.testimony_id, "testimony_ids"))
    .order_by(TestimonyWitness.testimony_id, TestimonyWitness.position)
)
PEOPLE = (
    select(*PERSON)
    .outerjoin(Workshop, Workshop.id == Witness.workshop_id)
    .outerjoin(Place, Place.id == Workshop.place_id)
    .where(among(Witness.id, "witness_ids"))
)


def judge(db: Session, uses: Sequence[Use], way: WayOut, at: datetime) -> list[Verdict]:
    """For each use, whether it may take this way out at this moment, and else the first reason."""
    gathered = _gather(db, uses, way, at)
    return [_judge(gathered, use) for use in uses]


def noes(
    db: Session, uses: Sequence[Use], way: WayOut, at: datetime
) -> list[list[tuple[Cell, Reason]]]:
    """For each use, every cell in which it may not take this way out, each with its reason."""
    gathered = _gather(db, uses, way, at)
    return [list(_noes(gathered, use)) for use in uses]


@dataclass(frozen=True)
class _Told:
    """What bears on all that is taken from one testimony."""

    speakers: list[UUID]
    accepted: bool
    restriction: Limits | None
    embargo_until: datetime | None
    protocol: Limits | None


@dataclass(frozen=True)
class _Gathered:
    """The facts of one question, and what was decided while it is answered."""

    told: dict[UUID, _Told]
    appearing: dict[Segment, dict[UUID, frozenset[Medium]]]
    people: dict[UUID, WitnessFacts]
    where: Where
    way: WayOut
    at: datetime
    decided: dict[Any, Verdict] = field(default_factory=dict)

    def decide(
        self,
        people: Sequence[UUID],
        told: _Told,
        own: Limits | None,
        media: frozenset[Medium],
    ) -> Verdict:
        """Once for equal facts: many items are of the same people, in the same film."""
        bearing = told.accepted, told.restriction, told.embargo_until, told.protocol
        known = tuple(people), media, own, *bearing
        if known not in self.decided:
            facts = Facts(
                witnesses=[self.people[witness_id] for witness_id in people],
                where=self.where,
                accepted=told.accepted,
                restrictions=[r for r in (own, told.restriction) if r],
                embargo_until=told.embargo_until,
                protocol=told.protocol,
            )
            self.decided[known] = decide(facts, self.way.cells(media), self.at)
        return self.decided[known]


def _judge(gathered: _Gathered, use: Use) -> Verdict:
    """Who speaks is asked all that is shown, who appears what is shown of them."""
    told, own = gathered.told[use.testimony_id], _own(use)
    asked = _asked(gathered, use)
    return first_no([gathered.decide(people, told, own, m) for people, m in asked])


def _noes(gathered: _Gathered, use: Use) -> Iterator[tuple[Cell, Reason]]:
    told, own, asked = gathered.told[use.testimony_id], _own(use), list(_asked(gathered, use))
    for medium in sorted(frozenset().union(*(media for _, media in asked))):
        alone = frozenset({medium})
        verdict = first_no(
            [
                gathered.decide(people, told, own, alone)
                for people, media in asked
                if medium in media
            ]
        )
        if verdict.reason:
            [cell] = gathered.way.cells(alone)
            yield verdict.cell or cell, verdict.reason


def _asked(gathered: _Gathered, use: Use) -> Iterator[tuple[Sequence[UUID], frozenset[Medium]]]:
    """Who is asked what: who speaks all that is shown, who appears what is shown of them.

    Whoever signs is asked for a signed text; also when they are no speaker any more, for their
    signature stands there. To who appears and does not sign, the text is one without their name.
    """
    speakers = gathered.told[use.testimony_id].speakers
    signing = [person for person in speakers if person in use.signed_by]
    others = [person for person in speakers if person not in use.signed_by]
    if signing:
        yield signing, signed(use.media)
    if others or not signing:
        yield others, use.media
    for person in sorted(use.signed_by - {*speakers}):
        yield [person], SIGNATURE
    for person, shown in (gathered.appearing[use.segment] if use.segment else {}).items():
        media = signed(use.media) if person in use.signed_by else use.media
        if seen := media & shown:
            yield [person], seen


def _own(use: Use) -> Limits | None:
    return limits(use.restriction) if use.restriction else None


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
    found = rows_of(db, TOLD, testimony_ids=ids)
    binding = binding_protocols(db, {row.group_id for row in found if row.group_id}, at)
    spoke = rows_of(db, SPOKE, testimony_ids=ids)
    speakers: dict[UUID, list[UUID]] = {testimony_id: [] for testimony_id in ids}
    for testimony_id, witness_id, *_ in spoke:
        speakers[testimony_id].append(witness_id)
    told = {
        row.id: _Told(
            speakers=speakers[row.id],
            accepted=row.state is State.ACCEPTED,
            restriction=limits(row.restriction) if row.restriction else None,
            embargo_until=row.embargo_until,
            protocol=limits_of(binding[row.group_id]) if row.group_id in binding else None,
        )
        for row in found
    }
    there = appearing(db, [use.segment for use in uses if use.segment])
    people = {row.witness_id: (row.birth_year, row.territory_id) for row in spoke}
    signing = chain.from_iterable(use.signed_by for use in uses)
    if others := {*chain(*there.values()), *signing} - people.keys():
        rows = rows_of(db, PEOPLE, witness_ids=list(others))
        people |= {row.witness_id: (row.birth_year, row.territory_id) for row in rows}
    where, homes = _places(db, way, {base for _, base in people.values()})
    return _Gathered(told, there, _facts(db, people, homes, at), where, way, at)


def _facts(
    db: Session,
    people: Mapping[UUID, tuple[int | None, UUID | None]],
    homes: Mapping[UUID | None, Mapping[Reach, UUID]],
    at: datetime,
) -> dict[UUID, WitnessFacts]:
    """Of people by birth year and home. Only minors have guardians who are heard."""
    minors = [id_ for id_, (year, _) in people.items() if is_minor(year, at.date())]
    guardians = ids_of(db, minors) if minors else {}
    said = said_by(db, people.keys())
    return {
        id_: WitnessFacts(
            id=id_,
            events=said[id_],
            territory=homes.get(base, {}),
            birth_year=birth_year,
            guardians=guardians.get(id_, frozenset()),
        )
        for id_, (birth_year, base) in people.items()
    }


def _places(
    db: Session, way: WayOut, bases: Collection[UUID | None]
) -> tuple[Where, dict[UUID | None, Mapping[Reach, UUID]]]:
    """Where this way leads, and what each home is in; in the whole world nobody is asked where."""
    if way.inside:
        return NOT_ASKED, {}
    if way.territory_id is None or way.audience == GENERAL_PUBLIC:
        return None, {}
    above = lineages(db, {way.territory_id, *(base for base in bases if base)})
    homes: dict[UUID | None, Mapping[Reach, UUID]] = {
        base: {Reach.PLACE: base, Reach.COUNTRY: FRANCE}
        | {LEVELS[level]: id_ for id_, level in above[base] if level in LEVELS}
        for base in bases
        if base
    }
    return frozenset({FRANCE, *(id_ for id_, _ in above[way.territory_id])}), homes
