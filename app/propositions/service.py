"""What can be done with propositions: each function is one deed, one permission, one audit event.

A proposition is the team's own words. It rests on excerpts and names witnesses by links alone,
which a withdrawal undoes: nothing of what people said is kept here.
"""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, false, insert, select, update
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.models import Organization
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.pages import Item, Order, matches
from app.core.problems import Invalid, NotFound
from app.excerpts.models import Excerpt
from app.excerpts.service import visible_to as visible_excerpts
from app.history import service as history
from app.propositions import queries, versions
from app.propositions.models import (
    CoAuthor,
    Evidence,
    EvidenceState,
    Proposition,
    PropositionState,
    Step,
)
from app.propositions.schemas import CoAuthorIn, PropositionFilters, PropositionIn
from app.propositions.steps import ENDED, following
from app.propositions.versions import reading, snapshot_of
from app.schemes.models import Term
from app.schemes.service import require_scheme, require_terms
from app.witnesses.models import Witness
from app.witnesses.service import WithdrawnWitness
from app.witnesses.service import visible_to as visible_witnesses
from app.workshops.models import Workshop
from app.workshops.service import visible_to as visible_workshops

P = Proposition
LATEST_FIRST = Order(P.created_at, P.id, descending=True)
EVIDENCE = Evidence.metadata.tables["proposition_evidence"]
CO_AUTHORS = CoAuthor.metadata.tables["proposition_co_authors"]
ROLES = ("witness_roles", "audiences")  # of those who write: users, and those who decide
NO_USER = "Aucun usager n'a co-écrit cette proposition."


def visible_to(me: Caller) -> Select[Proposition]:
    """The propositions this account may see: all, for those who read bundles, or on case."""
    rows = select(P)
    sees = me.on_case or Permission.READ_BUNDLES in me.permissions
    return rows if sees else rows.where(false())


def search(me: Caller, filters: PropositionFilters) -> Select[Proposition]:
    """The visible propositions which pass the filters."""
    return visible_to(me).where(*_conditions(filters))


def filtered(filters: PropositionFilters) -> Select[Proposition]:
    """The propositions which pass the filters, whoever may see them."""
    return select(P).where(*_conditions(filters))


def find(db: Session, proposition_id: UUID, by: Caller) -> Proposition:
    """The proposition, if `by` may see it; locked if it may be changed. Raises NotFound."""
    if not (proposition := db.scalar(locked(db, visible_to(by).where(P.id == proposition_id)))):
        raise NotFound
    return proposition


def write(db: Session, payload: PropositionIn, by: Caller) -> Proposition:
    """A new proposition, a draft until its first step, which rests on words that `by` may read."""
    by.require(Permission.PROPOSE)
    proposition = Proposition(id=uuid4(), created_by_id=by.id)
    _describe(db, proposition, payload, by)
    db.add(proposition)
    record(db, "proposition.written", on=proposition, by=by, kind=proposition.kind)
    _fill(db, proposition, payload)
    return proposition


def change(db: Session, proposition: Proposition, payload: PropositionIn, by: Caller) -> None:
    """The same proposition, described again in full: evidence that is gone goes with it."""
    by.require(Permission.PROPOSE)
    if payload.scheme_id != proposition.scheme_id:
        raise Invalid.at("#/scheme_id", "stays")
    was = snapshot_of(proposition, shown(db, proposition))
    _describe(db, proposition, payload, by)
    proposition.touch()
    db.execute(delete(Evidence).where(Evidence.proposition_id == proposition.id))
    db.execute(delete(CoAuthor).where(CoAuthor.proposition_id == proposition.id))
    record(db, "proposition.changed", on=proposition, by=by, kind=proposition.kind)
    _fill(db, proposition, payload)
    history.keep(
        db,
        proposition,
        was,
        snapshot_of(proposition, shown(db, proposition)),
        author_id=proposition.created_by_id,
        editor_id=by.id,
    )


def restore(db: Session, proposition: Proposition, version: int, by: Caller) -> None:
    """What an earlier version said holds again: a change, like any other. Its steps stay.

    Raises Invalid when there is no such version, and whatever `change` raises.
    """
    by.require(Permission.PROPOSE)
    earlier = reading(proposition, shown(db, proposition))
    change(db, proposition, history.to_restore(db, earlier, version, PropositionIn), by=by)
    record(db, "proposition.restored", on=proposition, by=by, version=version)


def erase(db: Session, excerpt_ids: Collection[UUID]) -> None:
    """No proposition says any more that it rests on these excerpts: only that words were taken."""
    rests = Evidence.excerpt_id.in_(excerpt_ids)
    touch_those_on(db, excerpt_ids)
    db.execute(update(Evidence).where(rests).values(excerpt_id=None, withdrawn_at=now()))
    versions.forget_evidence(db, excerpt_ids)


def forget_witness(db: Session, witness_id: UUID) -> None:
    """No proposition says any more that this witness wrote it: their role stays."""
    theirs = CoAuthor.witness_id == witness_id
    _touch(db, select(CoAuthor.proposition_id).where(theirs))
    db.execute(update(CoAuthor).where(theirs).values(witness_id=None))
    versions.forget_witness(db, witness_id)


def touch_those_on(db: Session, excerpt_ids: Collection[UUID]) -> None:
    """Mirrors look again at the propositions that rest on these excerpts."""
    _touch(db, select(Evidence.proposition_id).where(Evidence.excerpt_id.in_(excerpt_ids)))


def shown(db: Session, proposition: Proposition) -> Item:
    """What is told of one proposition besides its columns."""
    item: Item = {"id": proposition.id, "due_on": proposition.due_on}
    details(db, [item])
    return {name: value for name, value in item.items() if name not in ("id", "due_on")}


def details(db: Session, items: list[Item]) -> None:
    """Give each proposition its state, the words it rests on, who wrote it, and what follows."""
    ids = [item["id"] for item in items]
    states, rests, wrote = _states(db, ids), _evidence(db, ids), _co_authors(db, ids)
    users = set(db.scalars(select(Term.code).where(Term.vocabulary == queries.USERS)))
    for item in items:
        key = str(item["id"])
        state, on = states.get(key, (PropositionState.MARTYR, None))
        item["state"], item["state_on"] = state, on
        item["next_states"] = following(state, on is not None)
        item["overdue"] = _is_late(item["due_on"]) and state not in ENDED
        item["evidence"] = rests.get(key, [])
        item["needs_review"] = any(e["state"] != EvidenceState.VALID for e in item["evidence"])
        item["co_authors"] = wrote.get(key, [])
        item["co_written"] = any(author["role"] in users for author in item["co_authors"])
        item["label"] = None if item["co_written"] else NO_USER


def _is_late(due_on: date | str | None) -> bool:
    return due_on is not None and str(due_on) < now().date().isoformat()


def _states(db: Session, ids: list[Any]) -> dict[str, tuple[PropositionState, date]]:
    rows = select(Step.proposition_id, Step.state, Step.on).where(Step.proposition_id.in_(ids))
    told = db.execute(rows.order_by(Step.number))
    return {str(id_): (state, on) for id_, state, on in told}


def _evidence(db: Session, ids: list[Any]) -> dict[str, list[Item]]:
    """What each rests on. The id of an excerpt that was taken back is told no more."""
    state = queries.evidence_state()
    rows = queries.evidence(Evidence.proposition_id, Evidence.excerpt_id, Evidence.stance, state)
    rows = rows.where(Evidence.proposition_id.in_(ids)).order_by(Evidence.position)
    found: dict[str, list[Item]] = {}
    for id_, excerpt_id, stance, said in db.execute(rows):
        kept = None if said == EvidenceState.WITHDRAWN else excerpt_id
        about = {"excerpt_id": kept, "stance": stance, "state": EvidenceState(said)}
        found.setdefault(str(id_), []).append(about)
    return found


def _co_authors(db: Session, ids: list[Any]) -> dict[str, list[Item]]:
    """Who wrote each. A witness who took everything back is told no more."""
    rows = (
        select(CoAuthor, Witness.withdrawn_at)
        .outerjoin(Witness, Witness.id == CoAuthor.witness_id)
        .where(CoAuthor.proposition_id.in_(ids))
        .order_by(CoAuthor.position)
    )
    found: dict[str, list[Item]] = {}
    for author, withdrawn_at in db.execute(rows):
        about = {
            "role": author.role,
            "witness_id": None if withdrawn_at else author.witness_id,
            "organization_id": author.organization_id,
        }
        found.setdefault(str(author.proposition_id), []).append(about)
    return found


def _conditions(filters: PropositionFilters) -> list[Any]:
    found = matches(P, filters, "scheme_id", "kind", "competence")
    if filters.state:
        found.append(queries.state_now().in_(filters.state))
    if filters.excerpt_id:
        on_it = Evidence.excerpt_id == filters.excerpt_id
        found.append(queries.rests_on(on_it, queries.standing()))
    if filters.evidence:
        found.append(queries.rests_on(queries.evidence_state().in_(filters.evidence)))
    for asked, holds in (
        (filters.needs_review, queries.needs_review()),
        (filters.overdue, queries.is_overdue()),
    ):
        if asked is not None:
            found.append(holds if asked else ~holds)
    return found


def _touch(db: Session, ids: Select[UUID]) -> None:
    for proposition in db.scalars(locked(db, select(P).where(P.id.in_(ids)))):
        proposition.touch()
    db.flush()


def _describe(db: Session, proposition: Proposition, payload: PropositionIn, by: Caller) -> None:
    require_scheme(db, payload.scheme_id)
    require_terms(db, ("#/kind", "proposition_kinds", payload.kind))
    _require_workshop(db, payload, by)
    _require_evidence(db, payload, by)
    _require_co_authors(db, payload, by)
    for name, value in payload.model_dump(exclude={"evidence", "co_authors"}).items():
        setattr(proposition, name, value)


def _require_workshop(db: Session, payload: PropositionIn, by: Caller) -> None:
    here = Workshop.id == payload.workshop_id, Workshop.scheme_id == payload.scheme_id
    if payload.workshop_id and not db.scalar(visible_workshops(by).where(*here)):
        raise Invalid.at("#/workshop_id", "unknown_id")


def _require_evidence(db: Session, payload: PropositionIn, by: Caller) -> None:
    """Raise Invalid at the first excerpt that `by` does not see in this scheme, or named twice."""
    asked = [row.excerpt_id for row in payload.evidence]
    seen = visible_excerpts(by).where(Excerpt.id.in_(asked), Excerpt.scheme_id == payload.scheme_id)
    known = set(db.scalars(seen.with_only_columns(Excerpt.id)))
    for index, excerpt_id in enumerate(asked):
        if excerpt_id not in known:
            raise Invalid.at(f"#/evidence/{index}/excerpt_id", "unknown_id")
        if excerpt_id in asked[:index]:
            raise Invalid.at(f"#/evidence/{index}/excerpt_id", "named_twice")


def _require_co_authors(db: Session, payload: PropositionIn, by: Caller) -> None:
    """Raise Invalid at the first who is not known here, or has another role; WithdrawnWitness."""
    rows = select(Term.code).where(Term.vocabulary.in_(ROLES), Term.retired.is_(False))
    roles = set(db.scalars(rows))
    organizations = {author.organization_id for author in payload.co_authors}
    there = select(Organization.id).where(Organization.id.in_(organizations - {None}))
    known = set(db.scalars(there))
    for index, author in enumerate(payload.co_authors):
        here = f"#/co_authors/{index}"
        if author.role not in roles:
            raise Invalid.at(f"{here}/role", "unknown_term", vocabulary=ROLES[0])
        if author.organization_id and author.organization_id not in known:
            raise Invalid.at(f"{here}/organization_id", "unknown_id")
        if author.witness_id:
            _require_witness(db, author, payload.scheme_id, here, by)


def _require_witness(
    db: Session, author: CoAuthorIn, scheme_id: UUID, here: str, by: Caller
) -> None:
    theirs = Witness.id == author.witness_id, Witness.scheme_id == scheme_id
    if not (witness := db.scalar(visible_witnesses(by).where(*theirs))):
        raise Invalid.at(f"{here}/witness_id", "unknown_id")
    if witness.withdrawn_at:
        raise WithdrawnWitness(pointer=f"{here}/witness_id")
    if witness.role != author.role:
        raise Invalid.at(f"{here}/role", "not_their_role")


def _fill(db: Session, proposition: Proposition, payload: PropositionIn) -> None:
    for table, rows in ((EVIDENCE, payload.evidence), (CO_AUTHORS, payload.co_authors)):
        values = [
            {"id": uuid4(), "created_at": now(), "proposition_id": proposition.id}
            | row.model_dump()
            | {"position": position}
            for position, row in enumerate(rows)
        ]
        if values:
            db.flush()
            db.execute(insert(table), values)
