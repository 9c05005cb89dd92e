"""Notices, consent events, and what they come to now."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, cast, delete, func, insert, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.among import among
from app.core.db import locked, rows_of
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Invalid, NotFound
from app.jobs.service import enqueue
from app.media.models import Media
from app.media.service import visible_to as visible_media
from app.schemes.service import require_terms
from app.witnesses.decision import (
    NOT_ASKED,
    Cell,
    Event,
    Facts,
    GivenBy,
    Medium,
    Purpose,
    Verb,
    Window,
    WitnessFacts,
    decide,
    default_valid_until,
    in_force,
    is_minor,
    majority,
    project,
    too_far,
)
from app.witnesses.guardians import OfAge, ids_of
from app.witnesses.models import ConsentEvent, CurrentConsent, Notice, Witness
from app.witnesses.schemas import ConsentIn, ConsentOut, NoticeFilters, NoticeIn
from app.witnesses.service import WithdrawnWitness

NOTICES_LATEST_FIRST = Order(Notice.created_at, Notice.id, descending=True)


# Notices


def notices(filters: NoticeFilters) -> Select[Notice]:
    """The notices which pass the filters: everybody may read them."""
    rows = select(Notice)
    if filters.code:
        rows = rows.where(Notice.code.in_(filters.code))
    return rows.where(Notice.language.in_(filters.language)) if filters.language else rows


def find_notice(db: Session, notice_id: UUID) -> Notice:
    """The notice; locked if it may be changed. Raises NotFound."""
    if not (notice := db.scalar(locked(db, select(Notice).where(Notice.id == notice_id)))):
        raise NotFound
    return notice


def publish_notice(db: Session, payload: NoticeIn, by: Caller) -> Notice:
    """A new version of a notice."""
    by.require(Permission.MANAGE_FRAME)
    for i, choice in enumerate(payload.choices):
        for j, cells in enumerate(choice.cells):
            here = f"#/choices/{i}/cells/{j}"
            forms = [code for code in cells.forms if code != "dataset"]
            require_terms(
                db,
                *((f"{here}/audiences/{n}", "audiences", c) for n, c in enumerate(cells.audiences)),
                *((f"{here}/forms", "forms", code) for code in forms),
            )
    notice = new_notice(db, payload.code, payload.language, payload.text, payload.choices)
    record(db, "notice.published", on=notice, by=by, code=notice.code, version=notice.version)
    return notice


def revoke_notice(db: Session, notice: Notice, by: Caller) -> None:
    """What was consented to under this notice holds no more, from now on. Twice is once.

    It is not taken back: who consented is asked again, under another notice.
    """
    by.require(Permission.MANAGE_FRAME)
    if not notice.revoked_at:
        notice.revoked_at, notice.revoked_by_id = now(), by.id
        record(db, "notice.revoked", on=notice, by=by, code=notice.code, version=notice.version)
        enqueue(db, "notice.revoked", notice_id=str(notice.id))


def new_notice(db: Session, code: str, language: str, text: str, choices: Iterable[Any]) -> Notice:
    """The next version of this notice in this language."""
    same = Notice.code == code, Notice.language == language
    newest = db.scalar(select(func.max(Notice.version)).where(*same)) or 0
    offered = [choice.model_dump(mode="json") for choice in choices]
    told = json.dumps([text, offered], sort_keys=True, ensure_ascii=False).encode()
    notice = Notice(
        code=code,
        language=language,
        version=newest + 1,
        text=text,
        sha256=sha256(told).hexdigest(),
        choices=offered,
    )
    db.add(notice)
    return notice


def cells_of(choice: dict[str, Any]) -> frozenset[Cell]:
    """The cells that a choice of a notice expands to."""
    return frozenset(
        Cell(Medium(medium), audience, form, Purpose(purpose))
        for cells in choice["cells"]
        for medium, audience, form, purpose in product(
            cells["media"], cells["audiences"], cells["forms"], cells["purposes"]
        )
    )


# Events


def note(db: Session, witness: Witness, payload: ConsentIn, by: Caller) -> ConsentEvent:
    """What the witness, or a guardian, said once: an event, and what it changes for queries.

    `witness` is locked, so that numbers follow one another. What says no is looked after by a job,
    `consent.noted`: words that were given back already are taken back. Raises WithdrawnWitness.
    """
    by.require(Permission.HEAR_WITNESSES, at=witness)
    if witness.withdrawn_at:
        raise WithdrawnWitness
    at = payload.at or now()
    valid_from, valid_until = _validity(witness, payload, at)
    _require_guardian(db, witness, payload)
    evidence = _evidence(db, payload.evidence_media_id, by)
    said = ConsentEvent(
        witness_id=witness.id,
        verb=payload.verb,
        choices=payload.choices or [],
        cells=[list(cell) for cell in sorted(_cells(db, payload))],
        territory=payload.territory,
        valid_from=valid_from,
        valid_until=valid_until if payload.verb is Verb.GIVE else None,
        given_by=payload.given_by,
        guardian_id=payload.guardian_id,
        notice_id=payload.notice_id,
        method=payload.method,
        collected_by_id=by.id,
        evidence_media_id=payload.evidence_media_id,
        evidence_sha256=evidence and evidence.sha256,
        at=at,
        note=payload.note,
    )
    append(db, said)
    witness.touch()
    record(db, "consent.noted", on=witness, by=by, verb=said.verb, number=said.number)
    if said.verb is not Verb.GIVE:
        enqueue(db, "consent.noted", witness_id=str(witness.id))
    return said


def _validity(witness: Witness, payload: ConsentIn, at: datetime) -> tuple[datetime, datetime]:
    """From when and until when; what a minor says ends when they are of age. Raises Invalid."""
    moment = now()
    if at > moment:
        raise Invalid.at("#/at", "future")
    valid_from = payload.valid_from or at
    valid_until = payload.valid_until or default_valid_until(valid_from)
    if too_far(valid_from, valid_until):
        raise Invalid.at("#/valid_until", "too_far")
    if valid_until <= valid_from:
        raise Invalid.at("#/valid_until", "before_from")
    if witness.birth_year and is_minor(witness.birth_year, valid_from.date()):
        of_age = majority(witness.birth_year)
        valid_until = min(valid_until, moment.replace(of_age.year, 1, 1, 0, 0, 0, 0))
    return valid_from, valid_until


def _require_guardian(db: Session, witness: Witness, payload: ConsentIn) -> None:
    """Raise Invalid when it is said by a guardian who is none of this witness; OfAge."""
    is_guardians = payload.given_by is GivenBy.GUARDIAN
    if is_guardians != (payload.guardian_id is not None):
        raise Invalid.at("#/guardian_id", "guardian_named")
    if is_guardians:
        declared = ids_of(db, [witness.id]).get(witness.id, frozenset())
        if payload.guardian_id not in declared:
            raise Invalid.at("#/guardian_id", "unknown_id")
        if not is_minor(witness.birth_year, now().date()):
            raise OfAge


def append(db: Session, said: ConsentEvent) -> None:
    """Give the event its number, and write what it changes in `current_consents`."""
    newest = select(func.max(ConsentEvent.number)).where(ConsentEvent.witness_id == said.witness_id)
    said.number = (db.scalar(newest) or 0) + 1
    db.add(said)
    db.flush()
    rows = db.scalars(
        select(CurrentConsent).where(CurrentConsent.witness_id == said.witness_id)
    ).all()
    known = {_window(row): row.id for row in rows}
    wanted = set(project(list(known), _event(said, None)))
    gone = [row_id for window, row_id in known.items() if window not in wanted]
    if gone:
        db.execute(delete(CurrentConsent).where(CurrentConsent.id.in_(gone)))
    added = [_row(said.witness_id, window) for window in wanted - known.keys()]
    if added:
        db.execute(insert(CurrentConsent), added)


def events_of(db: Session, witness_ids: Sequence[UUID]) -> dict[UUID, list[ConsentEvent]]:
    """The events of these witnesses, in their order."""
    found: dict[UUID, list[ConsentEvent]] = {witness_id: [] for witness_id in witness_ids}
    for event in db.scalars(
        select(ConsentEvent)
        .where(ConsentEvent.witness_id.in_(witness_ids))
        .options(joinedload(ConsentEvent.notice))
        .order_by(ConsentEvent.witness_id, ConsentEvent.number)
    ):
        found[event.witness_id].append(event)
    return found


SAID = (
    select(
        ConsentEvent.witness_id,
        ConsentEvent.number,
        ConsentEvent.verb,
        cast(ConsentEvent.cells, Text).label("cells"),
        ConsentEvent.territory,
        ConsentEvent.valid_from,
        ConsentEvent.valid_until,
        Notice.revoked_at,
        ConsentEvent.given_by,
        ConsentEvent.guardian_id,
        ConsentEvent.notice_id,
    )
    .outerjoin(Notice, Notice.id == ConsentEvent.notice_id)
    .where(among(ConsentEvent.witness_id, "witness_ids"))
    .order_by(ConsentEvent.witness_id, ConsentEvent.number)
)


def said_by(db: Session, witness_ids: Collection[UUID]) -> dict[UUID, list[Event]]:
    """The events of these witnesses as `decide` reads them: of many people at once."""
    found: dict[UUID, list[Event]] = {witness_id: [] for witness_id in witness_ids}
    for witness_id, number, verb, cells, *said in rows_of(db, SAID, witness_ids=list(witness_ids)):
        found[witness_id].append(Event(number, verb, _cells_in(cells), *said))
    return found


@lru_cache(256)
def _cells_in(text: str) -> frozenset[Cell]:
    """The cells that are written so: most people answer the same choices of the same notices."""
    return frozenset(_cell(*parts) for parts in json.loads(text))


def decisive(events: Iterable[ConsentEvent]) -> tuple[Event, ...]:
    """The events as `decide` reads them."""
    return tuple(_event(e, e.notice.revoked_at if e.notice else None) for e in events)


def tell(db: Session, witness: Witness, proof: bool, with_cells: bool) -> dict[str, Any]:
    """What the witness said (for who may read the proof), and what it comes to now."""
    events = events_of(db, [witness.id])[witness.id]
    shown = []
    for event in events if proof else []:
        item = {name: getattr(event, name) for name in EVENT_FIELDS}
        shown.append(item | {"cells": event.cells if with_cells else None})
    return {"events": shown, "effective": effective(db, witness, events, with_cells)}


EVENT_FIELDS = [name for name in ConsentOut.model_fields if name != "cells"]


def effective(
    db: Session, witness: Witness, events: Sequence[ConsentEvent], with_cells: bool = False
) -> list[dict[str, Any]]:
    """Each choice of the notices answered: whether all its cells pass now, and until when.

    Items are `EffectiveOut`. The word of guardians counts as it does when words leave.
    """
    moment, said = now(), decisive(events)
    guardians = ids_of(db, [witness.id]).get(witness.id, frozenset())
    person = WitnessFacts(
        id=witness.id, events=said, birth_year=witness.birth_year, guardians=guardians
    )
    facts = Facts(witnesses=[person], where=NOT_ASKED, accepted=True)
    answered = {event.notice.id: event.notice for event in events if event.notice}
    return [
        {"notice_id": notice.id, **_told(facts, choice, moment, with_cells)}
        for notice in answered.values()
        for choice in notice.choices
    ]


def _told(facts: Facts, choice: dict[str, Any], at: datetime, with_cells: bool) -> dict[str, Any]:
    """What is effective of one choice of a notice."""
    cells = cells_of(choice)
    verdict = decide(facts, cells, at)
    (person,) = facts.witnesses
    givers = (None, *person.guardians)
    words = (in_force(person.events, cell, at, giver) for cell in cells for giver in givers)
    ends = [word.valid_until for word in words if word and word.valid_until]
    each = [(cell, decide(facts, [cell], at)) for cell in sorted(cells)] if with_cells else []
    return {
        "choice": choice["code"],
        "label": choice["label_fr"],
        "allowed": verdict.allowed,
        "reason": verdict.reason,
        "until": min(ends, default=None) if verdict.allowed else None,
        "cells": [
            {"cell": list(cell), "allowed": one.allowed, "reason": one.reason} for cell, one in each
        ]
        if with_cells
        else None,
    }


def _cells(db: Session, payload: ConsentIn) -> frozenset[Cell]:
    if payload.notice_id and not db.get(Notice, payload.notice_id):
        raise Invalid.at("#/notice_id", "unknown_id")
    if payload.cells is not None:
        for index, cell in enumerate(payload.cells):
            require_terms(
                db,
                (f"#/cells/{index}/audience", "audiences", cell.audience),
                (f"#/cells/{index}/form", "forms", None if cell.form == "dataset" else cell.form),
            )
        return frozenset(Cell(c.medium, c.audience, c.form, c.purpose) for c in payload.cells)
    notice = db.get_one(Notice, payload.notice_id)
    offered = {choice["code"]: choice for choice in notice.choices}
    found: frozenset[Cell] = frozenset()
    for index, code in enumerate(payload.choices or []):
        if code not in offered:
            raise Invalid.at(f"#/choices/{index}", "unknown_choice")
        found |= cells_of(offered[code])
    return found


def _evidence(db: Session, media_id: UUID | None, by: Caller) -> Media | None:
    """The recording or scan that proves it. Raises Invalid when it is none of `by`'s."""
    if not media_id:
        return None
    evidence = db.scalar(visible_media(by).where(Media.id == media_id, Media.erased_at.is_(None)))
    if not evidence:
        raise Invalid.at("#/evidence_media_id", "unknown_id")
    return evidence


def _event(row: ConsentEvent, revoked_at: Any) -> Event:
    return Event(
        number=row.number,
        verb=Verb(row.verb),
        cells=frozenset(_cell(*parts) for parts in row.cells),
        reach=row.territory,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        notice_revoked_at=revoked_at,
        given_by=row.given_by,
        guardian_id=row.guardian_id,
        notice_id=row.notice_id,
    )


@lru_cache(4096)
def _cell(medium: str, audience: str, form: str, purpose: str) -> Cell:
    return Cell(Medium(medium), audience, form, Purpose(purpose) if purpose else "")


def _window(row: CurrentConsent) -> Window:
    return Window(
        cell=_cell(row.medium, row.audience, row.form, row.purpose),
        giver=row.giver_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        verb=row.verb,
        valid_until=row.valid_until,
        number=row.number,
        reach=row.reach,
        notice_id=row.notice_id,
    )


def _row(witness_id: UUID, window: Window) -> dict[str, Any]:
    medium, audience, form, purpose = window.cell
    return {
        "witness_id": witness_id,
        "giver_id": window.giver,
        "medium": medium,
        "audience": audience,
        "form": form,
        "purpose": str(purpose),
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "verb": window.verb,
        "valid_until": window.valid_until,
        "number": window.number,
        "reach": window.reach,
        "notice_id": window.notice_id,
    }
