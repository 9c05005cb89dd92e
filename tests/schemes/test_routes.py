"""Schemes and vocabularies: every account reads them, few change them."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import GRANTS, Permission, Role
from app.core.db import Database
from app.core.problems import Invalid
from app.operations.install import install_reference_data
from app.schemes.models import EarlierQuestion, Scheme, Term
from app.schemes.service import VOCABULARIES, require_terms
from tests.conftest import ClientFor
from tests.make import Make
from tests.plans import assert_read_in_the_order_of

SCHEMES, VOCABULARY = "/api/v1/schemes", "/api/v1/vocabularies"
METHODS = f"{VOCABULARY}/methods/terms"
READERS = [role for role in Role if Permission.MANAGE_FRAME not in GRANTS[role]]


@pytest.fixture
def payload() -> dict[str, Any]:
    return {
        "code": "emplois-avenir",
        "name": "Emplois d'avenir",
        "public_title": "Vos emplois d'avenir",
        "question": "Comment ça se passe, en vrai ?",
        "starts_on": "2012-11-01",
        "ends_on": None,
    }


@pytest.fixture
def term() -> dict[str, Any]:
    return {
        "code": "poem",
        "label_fr": "Poème",
        "label_en": "Poem",
        "position": 3,
        "retired": False,
        "facts": {"suits": ["young_person", "tutor"]},
    }


# Schemes


def test_a_scheme_is_added_and_read_by_everybody(
    as_editor: TestClient, as_evaluator: TestClient, payload: dict[str, Any]
) -> None:
    response = as_editor.post(SCHEMES, json=payload)
    assert response.status_code == 201
    assert response.json().items() >= (payload | {"version": 1}).items()
    url = response.headers["location"]
    assert as_evaluator.get(url).json() == response.json()
    assert as_evaluator.get(SCHEMES).json()["items"] == [response.json()]
    assert as_editor.post(SCHEMES, json=payload).status_code == 409  # by its code


def test_an_earlier_question_is_kept_with_its_reason(
    as_editor: TestClient, payload: dict[str, Any], make: Make
) -> None:
    url = as_editor.post(SCHEMES, json=payload).headers["location"]
    asked = payload | {"question": "Et après ?"}
    refused = as_editor.put(url, json=asked)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/reason"
    assert as_editor.get(f"{url}/questions").json()["items"] == []

    for question, reason in (("Et après ?", "Trop vague"), ("Et avant ?", "Trop tard")):
        changed = payload | {"question": question, "reason": reason}
        assert as_editor.put(url, json=changed).json()["question"] == question
    assert as_editor.put(url, json=payload | {"question": "Et avant ?"}).status_code == 200
    kept = as_editor.get(f"{url}/questions").json()["items"]
    assert [(item["question"], item["reason"]) for item in kept] == [
        ("Comment ça se passe, en vrai ?", "Trop vague"),
        ("Et après ?", "Trop tard"),
    ]
    other = make.scheme()
    assert as_editor.get(f"{SCHEMES}/{other.id}/questions").json()["items"] == []
    assert as_editor.get(f"{SCHEMES}/{uuid4()}/questions").status_code == 404


def test_what_changed_meanwhile_is_not_overwritten(
    as_editor: TestClient, payload: dict[str, Any]
) -> None:
    url = as_editor.post(SCHEMES, json=payload).headers["location"]
    named = payload | {"name": "Autre"}
    assert as_editor.put(url, json=named, headers={"If-Match": '"1"'}).status_code == 200
    assert as_editor.put(url, json=payload, headers={"If-Match": '"1"'}).status_code == 412
    etag = as_editor.get(url).headers["etag"]
    assert etag == '"2"'
    assert as_editor.get(url, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"code": "Majuscules"}, "#/code"),
        ({"code": ""}, "#/code"),
        ({"name": ""}, "#/name"),
        ({"starts_on": "2012-13-01"}, "#/starts_on"),
        ({"starts_on": "1789-07-14"}, "#/starts_on"),
        ({"ends_on": "2012-10-31"}, "#"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_editor: TestClient, payload: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    response = as_editor.post(SCHEMES, json=payload | wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize("role", READERS)
def test_others_do_not_change_the_frame(
    client_for: ClientFor, make: Make, role: Role, payload: dict[str, Any], term: dict[str, Any]
) -> None:
    client, known = client_for(make.account(role=role)), make.scheme()
    for response in (
        client.post(SCHEMES, json=payload),
        client.put(f"{SCHEMES}/{known.id}", json=payload),
        client.post(METHODS, json=term),
        client.put(f"{METHODS}/video", json=term | {"code": "video"}),
    ):
        assert response.status_code == 403
        assert response.json()["permission"] == "manage_frame"


# Vocabularies


def test_the_vocabularies_that_the_contract_names_are_there(as_animator: TestClient) -> None:
    listed = as_animator.get(VOCABULARY).json()["items"]
    assert [item["name"] for item in listed] == list(VOCABULARIES)
    assert all(item["terms"] > 5 for item in listed)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        (
            "witness_roles",
            """young_person eligible_young_person employer prospective_employer
            low_qualification_employer tutor field_actor support_worker""",
        ),
        ("methods", "video audio written self_media witness_group interview online survey paper"),
        (
            "audiences",
            """elected_officials services steering_committee cotefe young_people employers tutors
            field_actors general_public team""",
        ),
        ("forms", "film exhibition note event filmed_interview web_page"),
        (
            "proposition_kinds",
            "organization recruitment employer_network communication valorization training",
        ),
    ],
)
def test_their_terms_are_those_of_the_contract(
    as_animator: TestClient, name: str, codes: str
) -> None:
    listed = as_animator.get(f"{VOCABULARY}/{name}/terms?limit=200").json()["items"]
    assert [item["code"] for item in listed] == codes.split()
    assert all(item["label_fr"] and item["label_en"] for item in listed)
    assert all(item["facts"].get("suits") for item in listed if name == "methods")


def test_a_vocabulary_grows(
    as_editor: TestClient, as_animator: TestClient, term: dict[str, Any]
) -> None:
    response = as_editor.post(METHODS, json=term)
    assert response.status_code == 201
    assert response.headers["location"] == f"{METHODS}/poem"
    assert as_animator.get(f"{METHODS}/poem").json() == response.json()
    assert response.json().items() >= term.items()
    assert as_editor.post(METHODS, json=term).status_code == 409
    forms = f"{VOCABULARY}/forms/terms"
    assert as_editor.post(forms, json=term).status_code == 201  # the same code, elsewhere


def test_a_term_retires_and_its_code_stays(as_editor: TestClient, term: dict[str, Any]) -> None:
    as_editor.post(METHODS, json=term)
    url = f"{METHODS}/poem"
    moved = as_editor.put(url, json=term | {"code": "song"})
    assert moved.json()["errors"][0]["pointer"] == "#/code"
    retired = as_editor.put(url, json=term | {"retired": True}, headers={"If-Match": '"1"'})
    assert (retired.json()["retired"], retired.json()["version"]) == (True, 2)
    listed = as_editor.get(f"{METHODS}?retired=true").json()["items"]
    assert [item["code"] for item in listed] == ["poem"]
    assert "poem" not in as_editor.get(f"{METHODS}?retired=false").text


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    "path", ["methods/terms/nothing", "nothing/terms/video", "methods/terms/%00", "%00/terms/video"]
)
def test_what_is_not_there_is_not_found(
    as_editor: TestClient, term: dict[str, Any], method: str, path: str
) -> None:
    body = term if method == "PUT" else None
    assert as_editor.request(method, f"{VOCABULARY}/{path}", json=body).status_code == 404


@pytest.mark.parametrize("name", ["nothing", "%00", "a" * 200])
def test_there_is_no_vocabulary_of_another_name(
    as_editor: TestClient, term: dict[str, Any], name: str
) -> None:
    assert as_editor.get(f"{VOCABULARY}/{name}/terms").status_code == 404
    assert as_editor.post(f"{VOCABULARY}/{name}/terms", json=term).status_code == 404


def test_what_the_operator_changed_stays_changed(
    as_editor: TestClient, term: dict[str, Any], database: Database, db: Session
) -> None:
    before = db.scalar(select(func.count()).select_from(Term))
    db.rollback()
    as_editor.put(f"{METHODS}/video", json=term | {"code": "video"})
    install_reference_data(database)
    assert as_editor.get(f"{METHODS}/video").json()["label_fr"] == "Poème"
    assert db.scalar(select(func.count()).select_from(Term)) == before


def test_a_code_is_chosen_from_its_own_vocabulary(db: Session) -> None:
    require_terms(db)
    require_terms(db, ("#/role", "witness_roles", "tutor"), ("#/method", "methods", None))
    with pytest.raises(Invalid) as caught:
        require_terms(db, ("#/role", "witness_roles", "tutor"), ("#/method", "methods", "tutor"))
    [error] = caught.value.facts["errors"]
    assert (error["pointer"], error["vocabulary"]) == ("#/method", "methods")


# What these lists cost


def test_every_list_is_read_in_the_order_of_an_index(
    as_editor: TestClient, make: Make, animator: Account, database: Database
) -> None:
    about, other = make.scheme(), make.scheme()
    numbers = range(600)
    facts = {"name": "x", "public_title": "x", "question": "x", "starts_on": about.starts_on}
    label = {"label_fr": "x", "label_en": "x", "facts": {}}
    asked = {"question": "x", "reason": "x", "changed_by_id": animator.id}
    with database.write.begin() as db:
        db.execute(insert(Scheme), [facts | {"code": f"c{n}"} for n in numbers])
        where = [{"vocabulary": VOCABULARIES[n % 7], "position": n} for n in numbers]
        db.execute(insert(Term), [label | w | {"code": f"c{n}"} for n, w in enumerate(where)])
        schemes = [{"scheme_id": about.id}, {"scheme_id": other.id}]
        db.execute(insert(EarlierQuestion), [asked | schemes[n % 2] for n in numbers])
    questions = f"{SCHEMES}/{about.id}/questions"
    # SQLite itself names the indexes of constraints.
    by_code = "sqlite_autoindex_schemes" if database.dialect == "sqlite" else "uq_schemes_code"
    for index, url, table in (
        (by_code, SCHEMES, "schemes"),
        ("ix_terms_vocabulary_position_id", METHODS, "terms"),
        ("ix_earlier_questions_scheme_id_created_at_id", questions, "earlier_questions"),
    ):
        assert_read_in_the_order_of(index, database, as_editor, f"{url}?limit=20", table)
