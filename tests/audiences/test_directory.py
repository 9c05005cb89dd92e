"""The directory tells functions; how to reach people is in the vault, and disclosing it a deed."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audiences.models import Contact, ContactDisclosure, DecisionMaker
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import Base, now
from app.core.settings import settings
from app.operations import retention
from app.witnesses.vault import open_identity, rotate
from tests.audiences.conftest import DIRECTORY, official
from tests.conftest import ClientFor
from tests.make import Make

NO_ONE = "00000000-0000-4000-8000-000000000000"

CONTACT = "Mme Exemple (démo), secrétariat : 04 00 00 00 00"


@pytest.fixture
def editor(make: Make) -> Account:
    return make.account(role=Role.EDITOR)


@pytest.fixture
def as_fresh(client_for: ClientFor, make: Make, editor: Account) -> TestClient:
    """An editor who has just typed their password."""
    client = client_for(editor)
    client.headers["Authorization"] = f"Bearer {make.session(editor)}"
    return client


def add(client: TestClient, **given: Any) -> dict[str, Any]:
    response = client.post(DIRECTORY, json=official(**given))
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["code"] for error in answer.json()["errors"]]


def test_it_says_all_that_was_told_but_how_to_reach_them(
    as_editor: TestClient, make: Make, editor: Account
) -> None:
    theme = make.theme()
    told = official(
        organization_id=str(editor.organization_id),
        mandate="Emploi des jeunes, jusqu'en 2015",
        territory_id=str(make.territory("04").id),
        theme_ids=[str(theme.id), str(theme.id)],
        preferred_forms=["note", "film", "note"],
        reception_notes="Dix minutes, entre deux réunions.",
    )
    response = as_editor.post(DIRECTORY, json=told | {"contact": CONTACT})
    assert response.status_code == 201
    found = response.json()
    assert response.headers["location"] == f"{DIRECTORY}/{found['id']}"
    once = {"theme_ids": [str(theme.id)], "preferred_forms": ["note", "film"]}
    assert {name: found[name] for name in told} == told | once
    assert found["has_contact"] is True
    assert as_editor.get(f"{DIRECTORY}/{found['id']}").json() == found
    [listed] = as_editor.get(DIRECTORY).json()["items"]
    assert listed == found | {"reasons": []}
    assert "Exemple" not in response.text + as_editor.get(DIRECTORY).text


def test_it_is_described_again_in_full_unless_somebody_else_did(as_editor: TestClient) -> None:
    made = add(as_editor, mandate="Emploi")
    url = f"{DIRECTORY}/{made['id']}"
    etag = as_editor.get(url).headers["etag"]
    told = official(title="Conseiller délégué (démo)")
    changed = as_editor.put(url, json=told, headers={"If-Match": etag})
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["mandate"]) == (told["title"], None)
    assert changed.json()["version"] == made["version"] + 1
    assert as_editor.put(url, json=told, headers={"If-Match": etag}).status_code == 412
    same = {"If-None-Match": changed.headers["etag"]}
    assert as_editor.get(url, headers=same).status_code == 304


def test_a_contact_that_is_left_out_stays_and_null_erases_it(
    as_editor: TestClient, db: Session
) -> None:
    url = f"{DIRECTORY}/{add(as_editor, contact=CONTACT)['id']}"
    assert as_editor.put(url, json=official()).json()["has_contact"] is True
    assert open_identity(db.scalars(select(Contact)).one()) == {"contact": CONTACT}
    db.rollback()
    other = as_editor.put(url, json=official(contact="Un autre numéro"))
    assert other.json()["has_contact"] is True
    assert open_identity(db.scalars(select(Contact)).one()) == {"contact": "Un autre numéro"}
    db.rollback()
    assert as_editor.put(url, json=official(contact=None)).json()["has_contact"] is False
    assert db.scalars(select(Contact)).all() == []


@pytest.mark.parametrize(
    ("member", "value", "pointer"),
    [
        ("audience", "nobody", "#/audience"),
        ("preferred_forms", ["note", "opera"], "#/preferred_forms/1"),
        ("theme_ids", [str(uuid4())], "#/theme_ids/0"),
        ("territory_id", NO_ONE, "#/territory_id"),
        ("organization_id", NO_ONE, "#/organization_id"),
        ("title", "un\nnom", "#/title"),
        ("title", "\u202enom", "#/title"),
        ("title", "", "#/title"),
        ("contact", "a\x00b", "#/contact"),
        ("mandate", "é" * 4001, "#/mandate"),
        ("has_contact", True, "#/has_contact"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is(
    as_editor: TestClient, database: Database, member: str, value: Any, pointer: str
) -> None:
    there = add(as_editor)
    answers = [
        as_editor.post(DIRECTORY, json=official(**{member: value})),
        as_editor.put(f"{DIRECTORY}/{there['id']}", json=official(**{member: value})),
    ]
    assert [pointers(answer) for answer in answers] == [[pointer], [pointer]]
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(DecisionMaker)) == 1


def test_hostile_words_are_kept_as_they_are(as_editor: TestClient) -> None:
    title = "<img src=x> {{ 7*7 }} =1+1 *#$"
    assert add(as_editor, title=title)["title"] == title


def test_who_composes_writes_it_who_evaluates_reads_it_and_others_see_nothing(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    as_administrator: TestClient,
    as_custodian: TestClient,
    as_anonymous: TestClient,
) -> None:
    made = add(as_editor)
    url = f"{DIRECTORY}/{made['id']}"
    assert as_evaluator.get(url).json()["id"] == made["id"]
    assert as_evaluator.post(DIRECTORY, json=official()).status_code == 403
    assert as_evaluator.put(url, json=official()).status_code == 403
    assert as_evaluator.put(f"{url}/retirement").status_code == 403
    for outside in (as_animator, as_administrator, as_custodian):
        assert outside.get(DIRECTORY).json()["items"] == []
        unseen, nothing = outside.get(url), outside.get(f"{DIRECTORY}/{uuid4()}")
        assert (unseen.status_code, nothing.status_code) == (404, 404)
        assert unseen.json() | {"request_id": ""} == nothing.json() | {"request_id": ""}
        assert outside.post(DIRECTORY, json=official()).status_code == 403
        assert outside.get(DIRECTORY, params={"territory_id": str(uuid4())}).json()["items"] == []
    on_case = {"X-Reason": "Une plainte"}
    assert as_custodian.get(url, headers=on_case).json()["id"] == made["id"]
    assert as_anonymous.get(url).status_code == 401


def test_a_list_is_by_title_in_pages_with_its_filters(as_editor: TestClient, make: Make) -> None:
    team = make.organization()
    for title in ("C", "A", "B"):
        make.decision_maker(title=title, organization_id=team.id)
    make.decision_maker(title="D", audience="services")
    by = {"retired_at": now(), "retired_by_id": make.account().id}
    make.decision_maker(title="E", **by)

    def titles(**params: Any) -> list[str]:
        found = as_editor.get(DIRECTORY, params=params).json()
        return [item["title"] for item in found["items"]]

    assert titles() == ["A", "B", "C", "D", "E"]
    assert titles(audience="services") == ["D"]
    assert titles(organization_id=str(team.id)) == ["A", "B", "C"]
    assert titles(retired="false") == ["A", "B", "C", "D"]
    assert titles(retired="true") == ["E"]
    assert titles(updated_since=(now() + timedelta(hours=1)).isoformat()) == []
    first = as_editor.get(DIRECTORY, params={"limit": 3, "count": "true"}).json()
    assert (first["total"], len(first["items"])) == (5, 3)
    assert titles(limit=3, cursor=first["next_cursor"]) == ["D", "E"]


# Themes


def test_a_theme_of_any_scheme_may_be_theirs_and_a_merged_one_is_followed(
    as_editor: TestClient, make: Make
) -> None:
    elsewhere = make.theme(scheme_id=make.scheme().id)
    car, bus, travel = (make.theme() for _ in range(3))
    made = add(as_editor, theme_ids=[str(t.id) for t in (car, elsewhere, bus)])
    url = f"{DIRECTORY}/{made['id']}"
    for theme in (car, bus):
        into = {"into": str(travel.id)}
        assert as_editor.put(f"/api/v1/themes/{theme.id}/merge", json=into).status_code == 200
    now_theirs = [str(travel.id), str(elsewhere.id)]
    assert as_editor.get(url).json()["theme_ids"] == now_theirs, "two that became one are one"
    [listed] = as_editor.get(DIRECTORY).json()["items"]
    assert listed["theme_ids"] == now_theirs
    again = as_editor.put(url, json=official(theme_ids=[str(bus.id), str(car.id)]))
    assert again.json()["theme_ids"] == [str(travel.id)]


def test_a_retired_theme_stays_where_it_is_and_is_given_no_more(
    as_editor: TestClient, make: Make
) -> None:
    theme = make.theme()
    made = add(as_editor, theme_ids=[str(theme.id)])
    assert as_editor.put(f"/api/v1/themes/{theme.id}/retirement").status_code == 204
    told = official(theme_ids=[str(theme.id)])
    assert as_editor.put(f"{DIRECTORY}/{made['id']}", json=told).status_code == 200
    assert codes(as_editor.post(DIRECTORY, json=told)) == ["theme_retired"]


# Retirement


def test_who_is_retired_is_chosen_no_more_until_they_are_put_back(
    as_editor: TestClient, asked: Any
) -> None:
    made = add(as_editor)
    url = f"{DIRECTORY}/{made['id']}"
    expectations = "/api/v1/expectations"
    theirs = asked(decision_maker_id=made["id"])
    before = as_editor.post(expectations, json=theirs).json()
    for _ in range(2):
        assert as_editor.put(f"{url}/retirement").status_code == 204
    assert as_editor.get(url).json()["retired_at"]
    assert codes(as_editor.post(expectations, json=theirs)) == ["decision_maker_retired"]
    kept = as_editor.put(f"{expectations}/{before['id']}", json=theirs)
    assert kept.status_code == 200, "what was asked by them stays theirs"
    for _ in range(2):
        assert as_editor.delete(f"{url}/retirement").status_code == 204
    assert as_editor.post(expectations, json=theirs).status_code == 201


def test_doing_it_twice_is_one_event(as_editor: TestClient, db: Session) -> None:
    url = f"{DIRECTORY}/{add(as_editor)['id']}"
    for _ in range(2):
        as_editor.put(f"{url}/retirement")
    for _ in range(2):
        as_editor.delete(f"{url}/retirement")
    actions = db.scalars(select(AuditEvent.action).order_by(AuditEvent.created_at)).all()
    assert actions == [
        "decision-maker.added",
        "decision-maker.retired",
        "decision-maker.put-back",
    ]


# The vault


def test_a_contact_is_disclosed_for_a_reason_and_recorded_once(
    as_fresh: TestClient, editor: Account, db: Session
) -> None:
    made = add(as_fresh, contact=CONTACT)
    url = f"{DIRECTORY}/{made['id']}/disclosures"
    assert pointers(as_fresh.post(url, json={})) == ["#/reason"]
    shown = as_fresh.post(url, json={"reason": "Lui envoyer la note"})
    assert shown.status_code == 201
    assert shown.json() == {"decision_maker_id": made["id"], "contact": CONTACT}
    assert shown.headers["cache-control"] == "no-store"
    row = db.scalars(select(ContactDisclosure)).one()
    assert (str(row.decision_maker_id), row.by_id) == (made["id"], editor.id)
    assert row.reason == "Lui envoyer la note"
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "contact.disclosed")).one()
    assert (str(event.subject_id), event.actor_id, event.facts) == (made["id"], editor.id, {})


def test_it_asks_for_a_recent_login_and_for_who_writes_to_them(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    client_for: ClientFor,
    make: Make,
    editor: Account,
    db: Session,
) -> None:
    url = f"{DIRECTORY}/{add(as_editor, contact=CONTACT)['id']}/disclosures"
    why = {"reason": "Lui écrire"}
    token = as_editor.post(url, json=why)
    assert token.json()["type"] == "/problems/fresh-login-needed", "a token is no login"
    old = client_for(None)
    login = make.session(editor, created_at=now() - timedelta(seconds=settings().fresh_login + 1))
    old.headers["Authorization"] = f"Bearer {login}"
    assert old.post(url, json=why).json()["type"] == "/problems/fresh-login-needed"
    assert as_evaluator.post(url, json=why).status_code == 403
    assert as_animator.post(url, json=why).status_code == 404
    assert db.scalars(select(ContactDisclosure)).all() == []


def test_there_is_nothing_to_disclose_of_who_has_no_contact(as_fresh: TestClient) -> None:
    url = f"{DIRECTORY}/{add(as_fresh)['id']}/disclosures"
    assert as_fresh.post(url, json={"reason": "Lui écrire"}).status_code == 404


def test_the_database_alone_tells_no_contact(
    as_editor: TestClient, database: Database, db: Session
) -> None:
    add(as_editor, contact=CONTACT)
    add(as_editor, contact=CONTACT)
    first, second = db.scalars(select(Contact))
    assert first.contact != second.contact
    for table in Base.metadata.sorted_tables:
        for kept in db.execute(select(table)):
            assert "Exemple" not in str(tuple(kept)), table.name
    moved = first.contact
    first.contact, second.contact = second.contact, moved
    for row in (first, second):
        with pytest.raises(InvalidTag):
            open_identity(row)
    db.rollback()


def test_the_key_of_the_vault_is_changed_for_contacts_too(
    as_fresh: TestClient, database: Database, db: Session, tmp_path: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(settings(), "vault_key_file", tmp_path / "vault.key")
    made = add(as_fresh, contact=CONTACT)
    done = rotate(database)
    assert (done.rows, done.closed) == (1, 0)
    assert db.scalars(select(Contact.key_id)).one() == done.key_id
    done.former.unlink()
    url = f"{DIRECTORY}/{made['id']}/disclosures"
    assert as_fresh.post(url, json={"reason": "Lui écrire"}).json()["contact"] == CONTACT


def test_a_contact_is_forgotten_a_year_after_who_was_retired(
    as_editor: TestClient, make: Make, database: Database, db: Session
) -> None:
    gone, recent, present = (add(as_editor, contact=CONTACT) for _ in range(3))
    by = make.account().id
    with database.write.begin() as writing:
        for made, days in ((gone, 370), (recent, 300)):
            at = now() - timedelta(days=days)
            rows = update(DecisionMaker).where(DecisionMaker.id == made["id"])
            writing.execute(rows.values(retired_at=at, retired_by_id=by))
        writing.add_all(
            ContactDisclosure(
                decision_maker_id=present["id"], by_id=by, reason="Lui écrire", created_at=at
            )
            for at in (now() - timedelta(days=370), now())
        )
    done = retention.totals(retention.apply(database.write.begin))
    assert {rule.code: n for rule, n in done.items() if n} == {
        "contacts": 1,
        "contact-disclosures": 1,
    }
    left = {str(id_) for id_ in db.scalars(select(Contact.decision_maker_id))}
    assert left == {recent["id"], present["id"]}
    assert as_editor.get(f"{DIRECTORY}/{gone['id']}").json()["has_contact"] is False
