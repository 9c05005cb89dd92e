"""What the API of consents promises: what was said, in order, and what it comes to now."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.models import now
from app.witnesses.models import ConsentEvent, CurrentConsent, Notice, Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make

VOICE = {
    "medium": "voice",
    "audience": "employers",
    "form": "exhibition",
    "purpose": "training",
}


@pytest.fixture
def address(witness: Witness) -> str:
    return f"/api/v1/witnesses/{witness.id}/consents"


@pytest.fixture
def notice(make: Make) -> Notice:
    """The one that every installation starts with."""
    with make.sessions() as db:
        return db.scalars(select(Notice).where(Notice.language == "fr")).one()


Say = Callable[..., dict[str, Any]]


@pytest.fixture
def say(notice: Notice) -> Say:
    """What is sent when somebody says this of these choices."""

    def say(*choices: str, **given: Any) -> dict[str, Any]:
        said = {"verb": "give", "notice_id": str(notice.id), "choices": list(choices)}
        return said | {"territory": "region", "method": "paper"} | given

    return say


def z(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def effective(client: TestClient, address: str) -> dict[str, Any]:
    """What each choice comes to: None, or why not."""
    told = client.get(address).json()["effective"]
    return {choice["choice"]: choice["reason"] for choice in told}


# What was said


def test_choices_are_kept_with_the_cells_they_expand_to(
    as_animator: TestClient, animator: Account, address: str, say: Say, db: Session
) -> None:
    response = as_animator.post(address, json=say("written_inside", "employer_named"))

    assert response.status_code == 201
    said = response.json()
    assert said["number"] == 1
    assert said["choices"] == ["written_inside", "employer_named"]
    assert said["collected_by_id"] == str(animator.id)
    purposes, forms = ("evaluation", "improvement"), ["film", "exhibition", "note", "event"]
    cells = [tuple(cell) for cell in said["cells"]]
    assert len(cells) == len(set(cells)) == 1 * 6 * 2 + 4 * 6 * 2
    for form in forms:
        for purpose in purposes:
            assert ("anonymous_text", "team", form, purpose) in cells
            assert ("employer_name", "services", form, purpose) in cells
            assert ("anonymous_text", "services", form, purpose) not in cells
    assert all(cell[3] in purposes for cell in cells)
    current = db.execute(
        select(
            CurrentConsent.medium,
            CurrentConsent.audience,
            CurrentConsent.form,
            CurrentConsent.purpose,
        )
    )
    assert {tuple(map(str, row)) for row in current} == set(cells)


def test_cells_may_be_given_directly(as_animator: TestClient, address: str, say: Say) -> None:
    dataset = VOICE | {"form": "dataset", "audience": "team"}
    body = say(cells=[VOICE, dataset, VOICE], notice_id=None)
    del body["choices"]
    response = as_animator.post(address, json=body)

    assert response.status_code == 201
    assert response.json()["choices"] == []
    assert sorted(map(tuple, response.json()["cells"])) == sorted(
        tuple(cell.values()) for cell in (VOICE, dataset)
    )


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"choices": ["written_inside", "everything"]}, "#/choices/1"),
        ({"notice_id": str(uuid4())}, "#/notice_id"),
        ({"notice_id": None}, "#"),
        ({"choices": None}, "#"),
        ({"cells": [VOICE]}, "#"),
        (
            {"choices": None, "cells": [VOICE, VOICE | {"audience": "friends"}]},
            "#/cells/1/audience",
        ),
        ({"choices": None, "cells": [VOICE | {"form": "opera"}]}, "#/cells/0/form"),
        ({"choices": None, "cells": [VOICE | {"medium": "smell"}]}, "#/cells/0/medium"),
        ({"choices": None, "cells": [VOICE | {"audience": "*"}]}, "#/cells/0/audience"),
        ({"territory": None}, "#/territory"),
        ({"verb": "shout"}, "#/verb"),
        ({"method": "telepathy"}, "#/method"),
        ({"given_by": "guardian"}, "#/guardian_id"),
        ({"guardian_id": str(uuid4())}, "#/guardian_id"),
        ({"given_by": "guardian", "guardian_id": str(uuid4())}, "#/guardian_id"),
        ({"evidence_media_id": str(uuid4())}, "#/evidence_media_id"),
        ({"at": "2026-11-22T14:05:00"}, "#/at"),
        ({"valid_from": "9999-12-01T00:00:00Z"}, "#/valid_from"),
        ({"number": 7}, "#/number"),
    ],
)
def test_a_mistake_is_pointed_at_and_nothing_is_kept(
    as_animator: TestClient,
    address: str,
    say: Say,
    wrong: dict[str, Any],
    pointer: str,
    db: Session,
) -> None:
    response = as_animator.post(address, json=say("written_inside", **wrong))
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert db.scalars(select(ConsentEvent)).all() == []


def test_the_territory_is_required(as_animator: TestClient, address: str, say: Say) -> None:
    body = say("written_inside")
    del body["territory"]
    assert as_animator.post(address, json=body).json()["errors"][0]["pointer"] == "#/territory"


# When


def test_a_consent_lasts_24_months_unless_it_says_otherwise(
    as_animator: TestClient, address: str, say: Say
) -> None:
    said = as_animator.post(address, json=say("written_inside", at="2026-02-28T10:00:00Z")).json()
    assert said["valid_from"] == "2026-02-28T10:00:00Z"
    assert said["valid_until"] == "2028-02-28T10:00:00Z"

    shorter = say("written_inside", at="2026-02-28T10:00:00Z", valid_until="2026-12-31T00:00:00Z")
    assert as_animator.post(address, json=shorter).json()["valid_until"] == "2026-12-31T00:00:00Z"


def test_and_at_most_60(as_animator: TestClient, address: str, say: Say) -> None:
    paper = say("written_inside", at="2024-02-29T10:00:00Z")
    longest = as_animator.post(address, json=paper | {"valid_until": "2029-02-28T10:00:00Z"})
    assert longest.status_code == 201
    longer = as_animator.post(address, json=paper | {"valid_until": "2029-02-28T10:00:01Z"})
    assert (longer.status_code, longer.json()["errors"][0]["code"]) == (422, "too_far")
    never = as_animator.post(address, json=paper | {"valid_until": "2024-02-29T10:00:00Z"})
    assert (never.status_code, never.json()["errors"][0]["code"]) == (422, "before_from")


def test_paper_may_be_older_but_nothing_was_said_in_the_future(
    as_animator: TestClient, address: str, say: Say
) -> None:
    old = say("written_inside", at="2026-01-02T09:00:00+01:00")
    assert as_animator.post(address, json=old).json()["at"] == "2026-01-02T08:00:00Z"

    future = say("written_inside", at=z(now() + timedelta(minutes=1)))
    response = as_animator.post(address, json=future)
    assert response.status_code == 422
    assert response.json()["errors"][0] == {
        "pointer": "#/at",
        "code": "future",
        "detail": "C'est dans l'avenir.",
    }


def test_a_consent_may_begin_later(as_animator: TestClient, address: str, say: Say) -> None:
    later = say("written_inside", valid_from=z(now() + timedelta(days=3)))
    assert as_animator.post(address, json=later).status_code == 201
    assert effective(as_animator, address)["written_inside"] == "never-given"


def test_the_number_decides_and_not_the_date(
    as_animator: TestClient, address: str, say: Say
) -> None:
    """A sheet found in a drawer is older than what was said since, but is noted after it."""
    as_animator.post(address, json=say("written_inside", verb="refuse"))
    drawer = as_animator.post(address, json=say("written_inside", at=z(now() - timedelta(days=90))))
    assert drawer.json()["number"] == 2
    assert effective(as_animator, address)["written_inside"] is None

    back = say("written_inside", verb="withdraw", at=z(now() - timedelta(days=400)))
    assert as_animator.post(address, json=back).json()["number"] == 3
    assert effective(as_animator, address)["written_inside"] == "withdrawn"


def test_two_who_note_at_once_get_one_number_each(
    as_animator: TestClient, address: str, say: Say, db: Session
) -> None:
    choices = ["written_inside", "voice_officials"] * 5
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda c: as_animator.post(address, json=say(c)), choices))

    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["number"] for answer in answers) == list(range(1, 11))
    told = as_animator.get(address).json()
    assert [event["number"] for event in told["events"]] == list(range(1, 11))
    # Nothing of the projection is lost either: one row for each cell now.
    rows = db.scalars(select(CurrentConsent).where(CurrentConsent.ends_at.is_(None))).all()
    cells = [(row.medium, row.audience, row.form, row.purpose) for row in rows]
    assert len(cells) == len(set(cells)) == 1 * 6 * 2 + 2 * 4 * 6 * 2


def test_a_retry_notes_nothing_twice(
    as_animator: TestClient, address: str, say: Say, db: Session, witness: Witness
) -> None:
    body, key = say("written_inside", at="2026-02-28T10:00:00Z"), {"Idempotency-Key": str(uuid4())}
    first, again = (as_animator.post(address, json=body, headers=key) for _ in range(2))
    assert first.content == again.content
    assert len(as_animator.get(address).json()["events"]) == 1
    events = db.scalars(select(AuditEvent).where(AuditEvent.subject_id == witness.id)).all()
    assert [(e.action, e.facts) for e in events] == [
        ("consent.noted", {"verb": "give", "number": 1})
    ]


# What it comes to


def test_each_choice_tells_whether_it_is_allowed_and_until_when(
    as_animator: TestClient, address: str, say: Say
) -> None:
    at = now() - timedelta(days=30)
    as_animator.post(address, json=say("written_inside", "video_officials", at=z(at)))
    early = z(now() + timedelta(days=20))
    as_animator.post(address, json=say("voice_officials", valid_until=early))
    as_animator.post(address, json=say("employer_named", verb="refuse"))
    told = {choice["choice"]: choice for choice in as_animator.get(address).json()["effective"]}

    assert {code: choice["reason"] for code, choice in told.items()} == {
        "written_inside": None,
        "written_officials": None,  # given with the video
        "written_public": "never-given",
        "signed_officials": "never-given",
        "voice_officials": None,
        "video_officials": None,
        "video_public": "never-given",
        "employer_named": "refused",
        "dataset_evaluation": "never-given",
    }
    for choice in told.values():
        assert choice["allowed"] == (choice["reason"] is None)
        assert choice["allowed"] or choice["until"] is None
    assert told["video_officials"]["until"] == early  # some of its cells end then
    assert told["written_inside"]["until"] == z(at.replace(year=at.year + 2))
    assert told["written_inside"]["label"].startswith("L'équipe")


def test_an_expired_consent_says_so(as_animator: TestClient, address: str, say: Say) -> None:
    old = say("written_inside", at="2024-01-01T00:00:00Z", valid_until="2025-01-01T00:00:00Z")
    as_animator.post(address, json=old)
    assert effective(as_animator, address)["written_inside"] == "expired"


def test_a_restriction_withdraws_what_it_does_not_list(
    as_animator: TestClient, address: str, say: Say
) -> None:
    as_animator.post(address, json=say("written_inside", "voice_officials"))
    as_animator.post(address, json=say("written_inside", verb="restrict"))
    told = effective(as_animator, address)
    assert (told["written_inside"], told["voice_officials"]) == (None, "withdrawn")


def test_a_notice_that_is_revoked_covers_nothing_more(
    as_animator: TestClient, address: str, say: Say, make: Make, notice: Notice
) -> None:
    as_animator.post(address, json=say("written_inside"))
    with make.sessions.begin() as db:
        db.get_one(Notice, notice.id).revoked_at = now()
    assert effective(as_animator, address)["written_inside"] == "notice-revoked"


# Minors


@pytest.fixture
def young(make: Make, workshop: Workshop) -> Witness:
    """Somebody who becomes 18 in the course of this year."""
    return make.witness(workshop=workshop, role="young_person", birth_year=now().year - 18)


def test_what_a_minor_gives_stops_at_majority(
    as_animator: TestClient, young: Witness, say: Say, address: str
) -> None:
    address = f"/api/v1/witnesses/{young.id}/consents"
    of_age = f"{now().year + 1}-01-01T00:00:00Z"
    assert as_animator.post(address, json=say("written_inside")).json()["valid_until"] == of_age
    last = z(now() + timedelta(seconds=1))
    shorter = as_animator.post(address, json=say("written_inside", valid_until=last))
    assert shorter.json()["valid_until"] == last


def test_a_minor_alone_decides_of_anonymous_words_inside_the_team(
    as_animator: TestClient, young: Witness, say: Say
) -> None:
    address = f"/api/v1/witnesses/{young.id}/consents"
    as_animator.post(address, json=say("written_inside", "written_officials", "dataset_evaluation"))
    told = effective(as_animator, address)
    assert told["written_inside"] is None
    assert told["dataset_evaluation"] is None
    assert told["written_officials"] == "guardian-missing"


def test_an_adult_has_no_such_limit(
    as_animator: TestClient, make: Make, workshop: Workshop, say: Say
) -> None:
    adult = make.witness(workshop=workshop, role="young_person", birth_year=now().year - 19)
    address = f"/api/v1/witnesses/{adult.id}/consents"
    said = as_animator.post(
        address, json=say("written_officials", at="2026-02-28T10:00:00Z")
    ).json()
    assert said["valid_until"] == "2028-02-28T10:00:00Z"
    assert effective(as_animator, address)["written_officials"] is None


# Evidence, and who may read it


def test_evidence_is_a_media_of_ones_own_organization(
    as_animator: TestClient, animator: Account, make: Make, address: str, say: Say
) -> None:
    ours, theirs = make.media(organization=animator.organization), make.media()
    filmed = say("written_inside", evidence_media_id=str(ours.id))
    assert as_animator.post(address, json=filmed).json()["evidence_media_id"] == str(ours.id)

    response = as_animator.post(address, json=filmed | {"evidence_media_id": str(theirs.id)})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/evidence_media_id"


def test_the_association_that_films_brings_its_own_evidence(
    client_for: ClientFor, make: Make, say: Say
) -> None:
    films = make.account()
    workshop = make.workshop(partner_organization_id=films.organization_id)
    witness, filmed = make.witness(workshop=workshop), make.media(organization=films.organization)
    address = f"/api/v1/witnesses/{witness.id}/consents"

    body = say("written_inside", evidence_media_id=str(filmed.id))
    assert client_for(films).post(address, json=body).status_code == 201


@pytest.mark.parametrize(
    ("role", "proof"),
    [
        (Role.ANIMATOR, True),
        (Role.CUSTODIAN, True),
        (Role.EDITOR, False),
        (Role.EVALUATOR, False),
    ],
)
def test_who_may_read_the_proof_and_who_its_outcome_alone(
    as_animator: TestClient,
    client_for: ClientFor,
    make: Make,
    animator: Account,
    address: str,
    say: Say,
    role: Role,
    proof: bool,
) -> None:
    as_animator.post(address, json=say("written_inside", note="Dit devant sa mère."))
    reader = make.account(role=role, organization=animator.organization)
    response = client_for(reader).get(address)

    assert response.status_code == 200
    assert len(response.json()["events"]) == proof
    assert ("Dit devant sa mère." in response.text) == proof
    told = {c["choice"]: c["allowed"] for c in response.json()["effective"]}
    assert told["written_inside"]


def test_cells_are_told_on_request(as_animator: TestClient, address: str, say: Say) -> None:
    said = as_animator.post(address, json=say("written_inside")).json()
    (event,) = as_animator.get(address).json()["events"]
    assert "cells" not in event
    (event,) = as_animator.get(f"{address}?cells=true").json()["events"]
    assert event == said


def test_only_who_hears_them_notes_what_they_say(
    client_for: ClientFor, make: Make, animator: Account, address: str, say: Say
) -> None:
    for role in (Role.EDITOR, Role.EVALUATOR, Role.CUSTODIAN):
        colleague = make.account(role=role, organization=animator.organization)
        assert client_for(colleague).post(address, json=say("written_inside")).status_code == 403
    administrator = client_for(make.account(role=Role.ADMINISTRATOR))
    assert administrator.get(address).status_code == 404
    assert administrator.post(address, json=say("written_inside")).status_code == 404
