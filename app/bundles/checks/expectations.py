"""What a bundle answers, beside what was asked for: the audience, the form, the length."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audiences.models import DecisionMaker, Expectation
from app.bundles.checks.case import Case, Finding, finding
from app.bundles.checks.length import length_ms
from app.bundles.models import Bundle, BundleExpectation
from app.core.settings import settings
from app.schemes.service import labels

MINUTE, SECOND = 60_000, 1_000  # milliseconds


def required(case: Case) -> Iterator[Finding]:
    """That nobody asked for it, where that forbids publishing."""
    if settings().expectation_required:
        yield from _unasked(case)


def unasked(case: Case) -> Iterator[Finding]:
    """The same, where it only calls for a second look."""
    if not settings().expectation_required:
        yield from _unasked(case)


def _unasked(case: Case) -> Iterator[Finding]:
    """That it answers no expectation, and how many there are of this audience."""
    bundle = case.bundle
    if _expectations_of(case.db, bundle):
        return
    [label] = case.named("audiences", [bundle.audience])
    ours = Expectation.scheme_id == bundle.scheme_id, Expectation.audience == bundle.audience
    asked = case.db.scalar(select(func.count()).select_from(Expectation).where(*ours)) or 0
    message = f"Aucune attente n'a été recueillie auprès de ce public ({label})."
    if asked:
        message = (
            f"Ce dossier ne répond à aucune attente, alors que ce public ({label}) en a exprimé "
            f"{asked}."
        )
    yield finding("no-expectation", message, expectations=asked)


def unmet(case: Case) -> Iterator[Finding]:
    """How it differs from what the expectations that it answers want."""
    bundle, known = case.bundle, labels(case.db, "forms")
    for expectation, decision_maker in _expectations_of(case.db, bundle):
        facts = {"expectation_id": expectation.id}
        if expectation.audience != bundle.audience:
            yield finding(
                "other-audience", "Une des attentes est celle d'un autre public.", **facts
            )
        yield from _form(bundle, expectation, decision_maker, known)
        wanted = expectation.wanted_length_ms
        if wanted is not None and (length := length_ms(case)) > wanted + SECOND:
            message = f"Durée : {_told(length)}, au lieu des {_told(wanted)} souhaitées."
            yield finding("too-long", message, length_ms=length, wanted_length_ms=wanted, **facts)


def _form(
    bundle: Bundle,
    expectation: Expectation,
    decision_maker: DecisionMaker | None,
    known: dict[str, str],
) -> Iterator[Finding]:
    """What was wanted this time; else what the decision maker prefers."""
    form = known.get(bundle.form, bundle.form)
    facts: dict[str, Any] = {"expectation_id": expectation.id}
    if (wanted := expectation.wanted_form) is not None:
        if wanted != bundle.form:
            message = f"Forme souhaitée : {known.get(wanted, wanted)}. Celle-ci : {form}."
            yield finding("form-differs", message, wanted_form=wanted, **facts)
    elif decision_maker and bundle.form not in (preferred := decision_maker.preferred_forms):
        if not preferred:
            return
        told = ", ".join(known.get(code, code) for code in preferred)
        message = f"{decision_maker.title} préfère : {told}. Cette forme-ci : {form}."
        facts |= {"decision_maker_id": decision_maker.id, "preferred_forms": preferred}
        yield finding("form-not-preferred", message, **facts)


def _expectations_of(db: Session, bundle: Bundle) -> list[tuple[Expectation, DecisionMaker | None]]:
    rows = (
        select(Expectation, DecisionMaker)
        .join(BundleExpectation, BundleExpectation.expectation_id == Expectation.id)
        .outerjoin(DecisionMaker, DecisionMaker.id == Expectation.decision_maker_id)
        .where(BundleExpectation.bundle_id == bundle.id)
        .order_by(BundleExpectation.position)
    )
    return [(expectation, whose) for expectation, whose in db.execute(rows)]


def _told(length_ms: int) -> str:
    """A duration as people say it: `1 min 30 s`, rounded up to the second."""
    minutes, rest = divmod(-(-length_ms // SECOND) * SECOND, MINUTE)
    seconds = rest // SECOND
    told = [f"{minutes} min"] if minutes else []
    return " ".join([*told, f"{seconds} s"] if seconds or not minutes else told)
