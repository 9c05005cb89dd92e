"""What became of expectations: read from the bundles that list them, and from what was heard.

`answered`: a bundle that lists it is published. One that was changed since is a draft anew, and
answers again once it is published again; one that was closed once published still answers. Else
`no_material` when nothing could answer (see `app.audiences.material`), and `not_answered`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.audiences import expectations
from app.audiences.material import Material
from app.audiences.models import Expectation
from app.audiences.schemas import Answer, ExpectationFilters
from app.bundles.models import Bundle, BundleExpectation
from app.core.models import as_stored, now
from app.core.pages import Item

UNANSWERED = {Answer.NOT_ANSWERED, Answer.NO_MATERIAL}
ASKS = ("scheme_id", "audience", "decision_maker_id", "wanted_form")


def search(db: Session, me: Caller, filters: ExpectationFilters) -> Select[Expectation]:
    """The visible expectations which pass the filters, and of which this became."""
    rows = expectations.search(me, filters)
    wanted = set(filters.answer)
    if not wanted or wanted == set(Answer):
        return rows
    open_ = wanted & UNANSWERED
    if open_ == UNANSWERED:
        return rows.where(~_is_answered())
    either = [_is_answered()] if Answer.ANSWERED in wanted else []
    if open_:
        ids = _unanswered(db, rows, is_possible=Answer.NOT_ANSWERED in wanted)
        either.append(Expectation.id.in_(ids))
    return rows.where(or_(*either))


def complete(db: Session, items: list[Item]) -> None:
    """Give each expectation of a list its `answer`."""
    ids = [item["id"] for item in items]
    answered = set(
        db.scalars(select(as_stored(Expectation.id)).where(Expectation.id.in_(ids), _is_answered()))
    )
    wishes = select(as_stored(Expectation.id), *(getattr(Expectation, name) for name in ASKS))
    rows = db.execute(wishes.where(Expectation.id.in_(ids)))
    asked = {row[0]: row[1:] for row in rows}
    material = Material(db, now())
    for item in items:
        item["answer"] = _answer(item["id"] in answered, asked[item["id"]], material)


def shown(db: Session, expectation: Expectation) -> Mapping[str, Any]:
    """What is told of one expectation besides its columns."""
    db.flush()
    answered = select(Expectation.id).where(Expectation.id == expectation.id, _is_answered())
    asked = tuple(getattr(expectation, name) for name in ASKS)
    is_answered = db.scalar(answered) is not None
    return {"answer": _answer(is_answered, asked, Material(db, now()))}


def _is_answered() -> ColumnElement[bool]:
    """Whether a published bundle lists this `Expectation`."""
    lists = and_(
        BundleExpectation.expectation_id == Expectation.id, Bundle.published_at.is_not(None)
    )
    return (
        select(BundleExpectation.id)
        .join(Bundle, Bundle.id == BundleExpectation.bundle_id)
        .where(lists)
        .exists()
    )


def _answer(is_answered: bool, asked: Any, material: Material) -> Answer:
    if is_answered:
        return Answer.ANSWERED
    return Answer.NOT_ANSWERED if material.there_is(*asked) else Answer.NO_MATERIAL


def _unanswered(db: Session, rows: Select[Expectation], *, is_possible: bool) -> Collection[Any]:
    """The ids of those of which there is, or is not, material; each wish is looked for once."""
    asked = rows.where(~_is_answered()).with_only_columns(
        Expectation.id, *(getattr(Expectation, name) for name in ASKS)
    )
    material = Material(db, now())
    return [id_ for id_, *wish in db.execute(asked) if material.there_is(*wish) is is_possible]
