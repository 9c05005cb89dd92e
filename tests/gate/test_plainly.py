"""The gate gathers facts of many passages at once: it answers as if it were asked of each alone."""

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.appearances.models import Appearance, AppearanceKind
from app.appearances.queries import SHOWN, Segment
from app.core.db import Database
from app.core.models import now
from app.gate.service import FRANCE, GENERAL_PUBLIC, Use, WayOut, first_no, judge, limits
from app.groups.models import Protocol
from app.groups.service import limits_of
from app.places.models import Level, Place
from app.places.service import lineage
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.consents import decisive, events_of
from app.witnesses.decision import (
    Facts,
    Medium,
    Purpose,
    Reach,
    Reason,
    Verb,
    Verdict,
    WitnessFacts,
    decide,
)
from app.witnesses.guardians import of_witness
from app.witnesses.models import Guardian, Witness
from app.workshops.models import Workshop
from tests.make import Make

TEXT = frozenset({Medium.ANONYMOUS_TEXT})
FILM = frozenset({Medium.VOICE, Medium.IMAGE})
REACHES = {Level.DEPARTMENT: Reach.DEPARTMENT, Level.REGION: Reach.REGION}


def plainly(db: Session, use: Use, way: WayOut, at: Any) -> Verdict:
    """The verdict on one use, from rows that are read one by one."""
    testimony = db.get_one(Testimony, use.testimony_id)
    spoke = select(TestimonyWitness).where(TestimonyWitness.testimony_id == testimony.id)
    speakers = [row.witness_id for row in db.scalars(spoke.order_by(TestimonyWitness.position))]
    workshop = db.get(Workshop, testimony.workshop_id) if testimony.workshop_id else None
    adopted = (
        select(Protocol)
        .where(Protocol.group_id == (workshop and workshop.group_id), Protocol.adopted_at <= at)
        .order_by(Protocol.adopted_at.desc(), Protocol.number.desc())
    )
    protocol = db.scalars(adopted).first()
    elsewhere = way.territory_id is None or way.audience == GENERAL_PUBLIC
    around = [] if elsewhere else lineage(db, way.territory_id)  # type: ignore[arg-type]
    where = None if elsewhere else frozenset({FRANCE, *(territory.id for territory in around)})

    def verdict(people: list[UUID], media: frozenset[Medium]) -> Verdict:
        facts = Facts(
            witnesses=[person(db, witness_id) for witness_id in people],
            where=where,
            accepted=testimony.state is State.ACCEPTED,
            restrictions=[limits(r) for r in (use.restriction, testimony.restriction) if r],
            embargo_until=testimony.embargo_until,
            protocol=limits_of(protocol) if protocol else None,
        )
        return decide(facts, way.cells(media), at)

    verdicts = [verdict(speakers, use.media)]
    segment = use.segment
    there = select(Appearance).where(Appearance.media_id == (segment and segment.media_id))
    seen: dict[UUID, frozenset[Medium]] = {}
    for row in db.scalars(there.order_by(Appearance.start_ms, Appearance.id)):
        if segment and segment.holds(row):
            seen[row.witness_id] = seen.get(row.witness_id, frozenset()) | SHOWN[row.kind]
    verdicts += [verdict([who], use.media & of) for who, of in seen.items() if use.media & of]
    return first_no(verdicts)


def person(db: Session, witness_id: UUID) -> WitnessFacts:
    witness = db.get_one(Witness, witness_id)
    workshop = db.get(Workshop, witness.workshop_id) if witness.workshop_id else None
    place = db.get_one(Place, workshop.place_id) if workshop else None
    base = witness.territory_id or (place and place.territory_id)
    home: dict[Reach, UUID] = {Reach.PLACE: base, Reach.COUNTRY: FRANCE} if base else {}
    for territory in lineage(db, base) if base else ():
        if territory.level in REACHES:
            home[REACHES[territory.level]] = territory.id
    guardians = db.scalars(of_witness(witness).with_only_columns(Guardian.id))
    return WitnessFacts(
        id=witness_id,
        events=decisive(events_of(db, [witness_id])[witness_id]),
        territory=home,
        birth_year=witness.birth_year,
        guardians=frozenset(guardians),
    )


def test_many_at_once_are_judged_as_each_alone(database: Database, make: Make) -> None:
    """In each way out, of people who said different things, seen and heard in the same film."""
    here, var = make.territory().id, make.territory("83").id
    ways = [
        WayOut(audience, form, Purpose.EVALUATION, territory_id)
        for audience, form, territory_id in (
            ("elected_officials", "note", None),
            ("elected_officials", "note", here),
            ("elected_officials", "film", var),
            (GENERAL_PUBLIC, "note", var),
        )
    ]
    cells = [cell for way in ways for cell in way.cells(Medium)]
    past, soon = now() - timedelta(days=9), now() + timedelta(days=9)
    world, region, place, mixed, over, silent, taken_back, minor = people = [
        *(make.witness() for _ in range(7)),
        make.witness(role="young_person", birth_year=now().year - 17),
    ]
    make.consent(world, *cells)
    make.consent(region, *cells, territory=Reach.REGION)
    make.consent(place, *cells, territory=Reach.PLACE)
    make.consent(mixed, *cells)
    make.consent(mixed, *cells[:6], verb=Verb.RESTRICT)
    make.consent(over, *cells, valid_until=past)
    make.consent(taken_back, *cells)
    make.consent(taken_back, *cells, verb=Verb.WITHDRAW)
    make.consent(minor, *cells)
    media = make.media()
    for number, who in enumerate((region, silent, minor)):
        kind = list(AppearanceKind)[number]
        start = 1000 * number
        make.appearance(media, who, kind=kind, start_ms=start, end_ms=start + 1000)
    group = make.group()
    make.protocol(group, audiences=["elected_officials"], adopted_at=past)
    bound = make.workshop(group_id=group.id)
    testimonies = [make.testimony(witnesses=[who]) for who in people]
    testimonies += [
        make.testimony(witnesses=[world, region]),
        make.testimony(witnesses=[world, taken_back]),
        make.testimony(witnesses=[world], embargo_until=soon),
        make.testimony(witnesses=[world], restriction={"forms": ["note"]}),
        make.testimony(witnesses=[world], state=State.SUBMITTED),
        make.testimony(witnesses=[world], workshop=bound),
    ]
    segments = [None, Segment(media.id), *(Segment(media.id, t, t + 900) for t in (0, 1000, 2000))]
    uses = [
        Use(testimony.id, shown, restriction)
        for testimony, shown, restriction in product(
            testimonies, (TEXT, FILM), (None, {"media": ["voice"]})
        )
    ]
    uses += [Use(testimonies[0].id, FILM | TEXT, None, segment) for segment in segments]
    found = set()
    for way in ways:
        with database.read() as db:
            at = now()
            verdicts = judge(db, uses, way, at)
            assert verdicts == [plainly(db, use, way, at) for use in uses]
            found |= {verdict.reason for verdict in verdicts}
    assert {None, *Reason} - found <= {
        Reason.REFUSED,
        Reason.NOTICE_REVOKED,
        Reason.GUARDIAN_VETO,
    }
