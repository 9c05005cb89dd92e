"""Minors: beyond the team their words leave when they, and every guardian, agree to it."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.models import AuditEvent
from app.core.models import now
from app.jobs.models import Job
from app.witnesses.decision import Cell, GivenBy, Medium, Purpose, Reach, Verb
from app.witnesses.models import CurrentConsent, Guardian, Identity, Notice, Witness
from app.workshops.models import Workshop
from tests.make import Make

MOTHER = {"given_name": "Solène", "family_name": "Kermarrec-Témoin", "phone": "+33612345670"}
VOICE = Cell(Medium.VOICE, "services", "film", Purpose.EVALUATION)


@pytest.fixture
def minor(make: Make, workshop: Workshop) -> Witness:
    """Somebody who will be 17 at the end of this year."""
    return make.witness(workshop=workshop, role="young_person", birth_year=now().year - 17)


@pytest.fixture
def here(minor: Witness) -> str:
    return f"/api/v1/witnesses/{minor.id}"


@pytest.fixture
def notice(make: Make) -> Notice:
    with make.sessions() as db:
        return db.scalars(select(Notice).where(Notice.language == "fr")).one()


def declare(client: TestClient, here: str, **given: Any) -> str:
    response = client.post(f"{here}/guardians", json=given)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def say(
    client: TestClient, here: str, notice: Notice, verb: str = "give", guardian: str | None = None
) -> None:
    said = {"verb": verb, "notice_id": str(notice.id), "choices": ["written_officials"]}
    said |= {"territory": "region", "method": "paper"}
    if guardian:
        said |= {"given_by": "guardian", "guardian_id": guardian}
    response = client.post(f"{here}/consents", json=said)
    assert response.status_code == 201, response.text


def why_not(client: TestClient, here: str) -> str | None:
    told = client.get(f"{here}/consents").json()["effective"]
    (reason,) = (c["reason"] for c in told if c["choice"] == "written_officials")
    return reason  # type: ignore[no-any-return]


def test_every_guardian_must_agree_and_one_veto_is_enough(
    as_animator: TestClient, here: str, notice: Notice
) -> None:
    say(as_animator, here, notice)
    assert why_not(as_animator, here) == "guardian-missing"

    mother, father = declare(as_animator, here), declare(as_animator, here)
    say(as_animator, here, notice, guardian=mother)
    assert why_not(as_animator, here) == "guardian-missing"
    say(as_animator, here, notice, guardian=father)
    assert why_not(as_animator, here) is None

    say(as_animator, here, notice, "refuse", guardian=father)
    assert why_not(as_animator, here) == "guardian-veto"
    say(as_animator, here, notice, guardian=mother)  # again: it does not outweigh the veto
    assert why_not(as_animator, here) == "guardian-veto"


def test_guardians_do_not_speak_in_place_of_the_minor(
    as_animator: TestClient, here: str, notice: Notice
) -> None:
    say(as_animator, here, notice, guardian=declare(as_animator, here))
    assert why_not(as_animator, here) == "never-given"


def test_what_they_say_names_them_in_the_history(
    as_animator: TestClient, here: str, notice: Notice
) -> None:
    guardian = declare(as_animator, here, relation="legal_guardian")
    say(as_animator, here, notice, guardian=guardian)
    (event,) = as_animator.get(f"{here}/consents").json()["events"]
    assert (event["given_by"], event["guardian_id"]) == ("guardian", guardian)
    (shown,) = as_animator.get(f"{here}/guardians").json()["items"]
    assert (shown["id"], shown["relation"]) == (guardian, "legal_guardian")


def test_a_guardian_of_somebody_else_says_nothing_here(
    as_animator: TestClient, make: Make, workshop: Workshop, here: str, notice: Notice
) -> None:
    other = make.witness(workshop=workshop, birth_year=now().year - 17)
    elsewhere = declare(as_animator, f"/api/v1/witnesses/{other.id}")
    said = {"verb": "give", "notice_id": str(notice.id), "choices": [], "territory": "region"}
    said |= {"method": "paper", "given_by": "guardian", "guardian_id": elsewhere}
    response = as_animator.post(f"{here}/consents", json=said)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/guardian_id"


@pytest.mark.parametrize("years", [19, None])
def test_an_adult_has_no_guardian(
    as_animator: TestClient, make: Make, workshop: Workshop, years: int | None
) -> None:
    born = now().year - years if years else None
    adult = make.witness(workshop=workshop, birth_year=born)
    response = as_animator.post(f"/api/v1/witnesses/{adult.id}/guardians", json={})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/of-age")


def test_once_of_age_a_guardian_is_not_heard_any_more(
    as_animator: TestClient, make: Make, minor: Witness, here: str, notice: Notice
) -> None:
    guardian = declare(as_animator, here)
    with make.sessions.begin() as db:
        db.execute(update(Witness).values(birth_year=now().year - 19))
    said = {"verb": "refuse", "notice_id": str(notice.id), "choices": [], "territory": "region"}
    said |= {"method": "paper", "given_by": "guardian", "guardian_id": guardian}
    response = as_animator.post(f"{here}/consents", json=said)
    assert (response.status_code, response.json()["type"]) == (422, "/problems/of-age")


def test_who_they_are_is_in_the_vault_and_shown_by_a_disclosure(
    client_for: Any, as_animator: TestClient, animator: Account, make: Make, here: str, db: Session
) -> None:
    awa = {"given_name": "Awa", "family_name": "Essai"}
    make_witness = as_animator.get(here).json()
    answer = as_animator.post(
        "/api/v1/witnesses",
        json={
            "scheme_id": make_witness["scheme_id"],
            "workshop_id": make_witness["workshop_id"],
            "role": "young_person",
            "birth_year": now().year - 17,
            "identity": awa,
        },
    )
    child = f"/api/v1/witnesses/{answer.json()['id']}"
    declare(as_animator, here, identity={"given_name": "Quelqu'un", "family_name": "d'autre"})
    declare(as_animator, child, identity=MOTHER)
    shown = as_animator.get(f"{child}/guardians")
    assert MOTHER["family_name"] not in shown.text
    assert db.scalar(select(func.count()).select_from(Identity)) == 3

    session = {"Authorization": f"Bearer {make.session(animator)}"}
    told = as_animator.post(
        f"{child}/disclosures", json={"reason": "Appeler sa mère"}, headers=session
    )
    assert told.status_code == 201, told.text
    assert told.json()["family_name"] == "Essai"
    (guardian,) = told.json()["guardians"]
    assert {name: guardian[name] for name in MOTHER} == MOTHER


def test_only_who_hears_the_minor_declares_them(
    as_outsider: TestClient, as_editor: TestClient, here: str, db: Session
) -> None:
    assert as_outsider.post(f"{here}/guardians", json={}).status_code == 404
    assert as_editor.post(f"{here}/guardians", json={}).status_code == 403
    assert not db.scalars(select(Guardian)).all()


def test_it_is_recorded_and_says_no_name(as_animator: TestClient, here: str, db: Session) -> None:
    declare(as_animator, here, relation="parent", identity=MOTHER)
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "guardian.declared")).one()
    assert event.facts == {"relation": "parent"}


def test_guardians_have_a_say_on_what_the_team_hears_not_on_what_it_reads(
    as_editor: TestClient, make: Make, workshop: Workshop, minor: Witness
) -> None:
    media = make.media(files={"web.mp4": b"film"})
    testimony = make.testimony(workshop=workshop, witnesses=[minor], media=[media])
    with make.sessions.begin() as db:
        guardian = Guardian(
            witness_id=minor.id, relation="parent", declared_by_id=testimony.captured_by
        )
        db.add(guardian)
        db.flush()
        guardian_id = guardian.id
    watch = f"/api/v1/media/{media.id}"
    assert as_editor.get(watch).status_code == 200

    inside = [VOICE._replace(audience="team"), VOICE._replace(medium=Medium.IMAGE, audience="team")]
    words = Cell(Medium.ANONYMOUS_TEXT, "team", "film", Purpose.EVALUATION)
    told = {"verb": Verb.REFUSE, "given_by": GivenBy.GUARDIAN, "guardian_id": guardian_id}
    make.consent(minor, *inside, words, **told)
    assert as_editor.get(watch).status_code == 404
    assert as_editor.get(f"/api/v1/testimonies/{testimony.id}").status_code == 200


# Notices


def test_a_revoked_notice_ends_what_was_consented_to_under_it(
    as_editor: TestClient, as_animator: TestClient, make: Make, workshop: Workshop, db: Session
) -> None:
    adult = make.witness(workshop=workshop)
    here = f"/api/v1/witnesses/{adult.id}"
    with make.sessions() as reading:
        notice = reading.scalars(select(Notice).where(Notice.language == "fr-facile")).one()
    say(as_animator, here, notice)
    assert why_not(as_animator, here) is None

    revoke = f"/api/v1/notices/{notice.id}/revocation"
    assert as_animator.put(revoke).status_code == 403
    assert as_editor.put(revoke).status_code == 204
    assert as_editor.put(revoke).status_code == 204
    assert why_not(as_animator, here) == "notice-revoked"
    events = db.scalars(select(AuditEvent).where(AuditEvent.action == "notice.revoked")).all()
    assert len(events) == 1
    assert as_editor.get(f"/api/v1/notices/{notice.id}").json()["revoked_at"]


def test_what_is_effective_can_be_shown_cell_by_cell(
    as_animator: TestClient, make: Make, witness: Witness
) -> None:
    with make.sessions() as db:
        notice = db.scalars(select(Notice).where(Notice.language == "fr")).one()
    here = f"/api/v1/witnesses/{witness.id}"
    say(as_animator, here, notice)
    answer = as_animator.get(f"{here}/consents", params={"cells": True}).json()
    told = {choice["choice"]: choice for choice in answer["effective"]}
    public = {tuple(c["cell"]): c["reason"] for c in told["written_public"]["cells"]}
    assert public["anonymous_text", "services", "note", "evaluation"] is None
    assert public["anonymous_text", "general_public", "note", "evaluation"] == "never-given"
    assert told["written_public"]["reason"] == "never-given"


def test_what_says_no_is_looked_after_by_a_job_and_a_yes_needs_none(
    as_animator: TestClient, witness: Witness, notice: Notice, db: Session
) -> None:
    here = f"/api/v1/witnesses/{witness.id}"
    say(as_animator, here, notice)
    assert not db.scalars(select(Job).where(Job.name == "consent.noted")).all()
    db.rollback()  # to look again
    say(as_animator, here, notice, "withdraw")
    assert db.scalars(select(Job).where(Job.name == "consent.noted")).one()


def test_who_took_all_back_says_nothing_more(
    as_animator: TestClient, make: Make, witness: Witness, notice: Notice, db: Session
) -> None:
    with make.sessions.begin() as writing:
        writing.execute(update(Witness).values(withdrawn_at=now() - timedelta(days=1)))
    said = {"verb": "give", "notice_id": str(notice.id), "choices": ["written_inside"]}
    said |= {"territory": str(Reach.REGION), "method": "paper"}
    response = as_animator.post(f"/api/v1/witnesses/{witness.id}/consents", json=said)
    assert (response.status_code, response.json()["type"]) == (409, "/problems/withdrawn-witness")
    assert not db.scalars(select(CurrentConsent)).all()

    told: dict[str, Any] = {
        "scheme_id": str(witness.scheme_id),
        "workshop_id": str(witness.workshop_id),
    }
    told |= {"method": "written", "witness_ids": [str(witness.id)], "body": "Encore."}
    deposit = as_animator.post("/api/v1/testimonies", json=told | {"recorded_on": "2026-11-01"})
    assert (deposit.status_code, deposit.json()["type"]) == (409, "/problems/withdrawn-witness")
