"""A draft goes together with what was chosen of it."""

from uuid import uuid4

from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.models import AuditEvent
from app.bundles.models import Bundle, BundleItem, Section, ShowAs
from app.excerpts.models import Excerpt
from app.testimonies.models import State, Testimony
from app.witnesses.decision import Purpose
from tests.make import Make

URL = "/api/v1/testimonies"


def handed_over(make: Make, animator: Account) -> Testimony:
    workshop = make.workshop(organization=animator.organization)
    return make.testimony(workshop=workshop, state=State.SUBMITTED, captured_by=animator.id)


def hold(make: Make, excerpt: Excerpt) -> None:
    """A bundle that shows it."""
    bundle = Bundle(
        id=uuid4(),
        scheme_id=excerpt.scheme_id,
        title="Un dossier",
        audience="elected_officials",
        form="note",
        purpose=Purpose.EVALUATION,
        created_by_id=excerpt.created_by_id,
    )
    section = Section(id=uuid4(), bundle_id=bundle.id, position=0, title="Tout")
    placed = {"bundle_id": bundle.id, "section_id": section.id, "position": 0}
    item = BundleItem(**placed, excerpt_id=excerpt.id, show_as=ShowAs.TEXT)
    with make.sessions.begin() as db:
        for row in (bundle, section, item):
            db.add(row)
            db.flush()


def test_a_draft_that_was_taken_back_is_deleted_with_its_excerpts(
    make: Make, animator: Account, as_animator: TestClient, db: Session
) -> None:
    told, other = handed_over(make, animator), make.excerpt(make.testimony())
    chosen = make.excerpt(told)
    assert as_animator.delete(f"{URL}/{told.id}/submission").status_code == 204
    assert as_animator.delete(f"{URL}/{told.id}").status_code == 204
    assert db.scalars(select(Excerpt.id)).all() == [other.id]
    assert db.get(Testimony, told.id) is None
    actions = select(AuditEvent.action).where(AuditEvent.subject_id == chosen.id)
    assert db.scalars(actions).all() == ["excerpt.discarded"]


def test_who_may_not_delete_the_draft_deletes_no_excerpt(
    make: Make, animator: Account, as_animator: TestClient, as_editor: TestClient, db: Session
) -> None:
    told = handed_over(make, animator)
    chosen = make.excerpt(told)
    assert as_editor.delete(f"{URL}/{told.id}").status_code == 403
    assert as_animator.delete(f"{URL}/{told.id}").status_code == 409
    assert as_animator.delete(f"{URL}/{uuid4()}").status_code == 404
    assert db.scalars(select(Excerpt.id)).all() == [chosen.id]


def test_what_a_bundle_holds_stays_and_so_does_the_draft(
    make: Make, animator: Account, as_animator: TestClient, db: Session
) -> None:
    told = handed_over(make, animator)
    chosen = make.excerpt(told)
    hold(make, chosen)
    assert as_animator.delete(f"{URL}/{told.id}/submission").status_code == 204
    assert as_animator.delete(f"{URL}/{told.id}").status_code == 409
    assert db.get(Testimony, told.id)
    assert db.scalars(select(Excerpt.id)).all() == [chosen.id]
