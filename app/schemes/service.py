"""What can be done with schemes and vocabularies."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.db import locked
from app.core.pages import InvalidCursor, Order, PageParams
from app.core.problems import Invalid, NotFound
from app.schemes.models import EarlierQuestion, Scheme, Term
from app.schemes.schemas import SchemeIn, TermFilters, TermIn

VOCABULARIES = (
    "witness_roles",
    "methods",
    "sectors",
    "audiences",
    "forms",
    "proposition_kinds",
    "rejection_reasons",
    "follow_ups",
)
BY_CODE = Order(Scheme.code)  # unique
BY_VOCABULARY = Order(Term.vocabulary)  # as `VOCABULARIES` has them
OLDEST_FIRST = Order(EarlierQuestion.created_at, EarlierQuestion.id)
BY_POSITION = Order(Term.position, Term.id)


def schemes() -> Select[Scheme]:
    """Every scheme."""
    return select(Scheme)


def find(db: Session, scheme_id: UUID) -> Scheme:
    """The scheme: every account sees every scheme. Raises NotFound."""
    if not (scheme := db.scalar(locked(db, select(Scheme).where(Scheme.id == scheme_id)))):
        raise NotFound
    return scheme


def require_scheme(db: Session, scheme_id: UUID, pointer: str = "#/scheme_id") -> None:
    """Raise Invalid at this pointer when there is no such scheme."""
    if not db.scalar(select(Scheme.id).where(Scheme.id == scheme_id)):
        raise Invalid.at(pointer, "unknown_id")


def add(db: Session, payload: SchemeIn, by: Caller) -> Scheme:
    """A new scheme."""
    by.require(Permission.MANAGE_FRAME)
    scheme = Scheme(**payload.model_dump(exclude={"reason"}))
    db.add(scheme)
    record(db, "scheme.added", on=scheme, by=by)
    return scheme


def change(db: Session, scheme: Scheme, payload: SchemeIn, by: Caller) -> Scheme:
    """The same scheme, described again in full; a question that changes needs a reason."""
    by.require(Permission.MANAGE_FRAME)
    if payload.question != scheme.question:
        if not payload.reason:
            raise Invalid.at("#/reason", "reason_needed")
        earlier = {"question": scheme.question, "reason": payload.reason}
        db.add(EarlierQuestion(scheme_id=scheme.id, changed_by_id=by.id, **earlier))
    for name, value in payload.model_dump(exclude={"reason"}).items():
        setattr(scheme, name, value)
    record(db, "scheme.changed", on=scheme, by=by)
    return scheme


def earlier_questions(scheme: Scheme) -> Select[EarlierQuestion]:
    """What this scheme asked before."""
    return select(EarlierQuestion).where(EarlierQuestion.scheme_id == scheme.id)


# Vocabularies


def vocabularies(db: Session, params: PageParams) -> dict[str, Any]:
    """A page of the vocabularies, with how many terms each has. Raises InvalidCursor."""
    first = 0
    if params.cursor is not None:
        [last] = BY_VOCABULARY.read(params.cursor)
        if last not in VOCABULARIES:
            raise InvalidCursor
        first = VOCABULARIES.index(last) + 1
    names = VOCABULARIES[first : first + params.limit]
    has_more = VOCABULARIES[-1] not in names[-1:] and bool(names)
    counted = db.execute(select(Term.vocabulary, func.count()).group_by(Term.vocabulary))
    sizes = dict(counted.all())
    return {
        "items": [{"name": name, "terms": sizes.get(name, 0)} for name in names],
        "next_cursor": BY_VOCABULARY.cursor(names[-1:]) if has_more else None,
        **({"total": len(VOCABULARIES)} if params.count else {}),
    }


def terms(vocabulary: str, filters: TermFilters) -> Select[Term]:
    """The terms of a vocabulary. Raises NotFound when there is no such vocabulary."""
    _require_vocabulary(vocabulary)
    rows = select(Term).where(Term.vocabulary == vocabulary)
    return rows if filters.retired is None else rows.where(Term.retired == filters.retired)


def find_term(db: Session, vocabulary: str, code: str) -> Term:
    """The term. Raises NotFound."""
    rows = select(Term).where(Term.vocabulary == vocabulary, Term.code == code)
    if not (term := db.scalar(locked(db, rows))):
        raise NotFound
    return term


def add_term(db: Session, vocabulary: str, payload: TermIn, by: Caller) -> Term:
    """A new term: vocabularies grow with what the field meets."""
    by.require(Permission.MANAGE_FRAME)
    _require_vocabulary(vocabulary)
    term = Term(vocabulary=vocabulary, **payload.model_dump())
    db.add(term)
    record(db, "term.added", on=term, by=by, vocabulary=vocabulary, code=payload.code)
    return term


def change_term(db: Session, term: Term, payload: TermIn, by: Caller) -> Term:
    """The same term, described again in full. Its code is on what it described: it stays."""
    by.require(Permission.MANAGE_FRAME)
    if payload.code != term.code:
        raise Invalid.at("#/code", "code_stays")
    for name, value in payload:
        setattr(term, name, value)
    record(db, "term.changed", on=term, by=by, vocabulary=term.vocabulary, code=term.code)
    return term


TERMS_IN_USE = select(Term.vocabulary, Term.code).where(
    Term.code.in_(bindparam("codes", expanding=True)), Term.retired.is_(False)
)


def require_terms(db: Session, *asked: tuple[str, str, str | None]) -> None:
    """Terms are chosen, by pointer: `("#/role", "witness_roles", "tutor")`; None chooses nothing.

    Raises Invalid at the pointer of the first code that its vocabulary does not have, or has no
    more.
    """
    wanted = [(pointer, name, code) for pointer, name, code in asked if code is not None]
    if not wanted:
        return
    codes = list({code for _, _, code in wanted})
    known = {tuple(row) for row in db.execute(TERMS_IN_USE, {"codes": codes})}
    for pointer, name, code in wanted:
        if (name, code) not in known:
            raise Invalid.at(pointer, "unknown_term", vocabulary=name)


def labels(db: Session, vocabulary: str, codes: Iterable[str] = ()) -> dict[str, str]:
    """The French labels of a vocabulary's terms, by code, in the order of their positions."""
    rows = select(Term.code, Term.label_fr).where(Term.vocabulary == vocabulary)
    rows = rows.order_by(*BY_POSITION.columns)
    if wanted := set(codes):
        rows = rows.where(Term.code.in_(wanted))
    return dict(db.execute(rows).all())


def _require_vocabulary(name: str) -> None:
    if name not in VOCABULARIES:
        raise NotFound
