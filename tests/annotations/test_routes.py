"""A draft is taken apart by the team; what was said of it is frozen, and goes with the words."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.permissions import Permission, Role
from app.annotations.models import Annotation
from app.audit.models import AuditEvent
from app.bundles.models import Bundle as BundleRow
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt
from app.lineage.models import Derivation
from app.testimonies.models import TestimonyWitness
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.annotations.conftest import API, Bundle, at, said, texts
from tests.bundles.conftest import URL
from tests.conftest import ClientFor
from tests.jobs.desk import Desk
from tests.make import Make
from tests.plans import assert_read_in_the_order_of

ANSWER = {"text": "Les employeurs : nous en entendons deux mardi."}
OBJECTION = {"kind": "objection", "text": "Trop de tuteurs."}
TO_TEAM = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)


def freeze(editor: TestClient, bundle: Bundle) -> None:
    assert editor.put(f"{URL}/{bundle['id']}/readiness").status_code == 204


@pytest.fixture
def witness(database: Database, excerpt: Excerpt) -> Witness:
    """Whose words the bundle shows."""
    spoke = TestimonyWitness.testimony_id == excerpt.testimony_id
    rows = select(Witness).join(TestimonyWitness, TestimonyWitness.witness_id == Witness.id)
    with database.read() as db:
        return db.scalars(rows.where(spoke)).one()


# Saying, answering, settling


def test_an_evaluator_objects_an_editor_answers_and_either_settles_it(
    as_evaluator: TestClient, as_editor: TestClient, bundle: Bundle, beside: str
) -> None:
    first = said(as_evaluator, beside)
    assert (first["bundle_id"], first["subject_version"]) == (bundle["id"], 2)
    assert (first["section"], first["item_id"], first["answer"]) == (None, None, None)
    said(as_editor, beside, **OBJECTION)
    assert texts(as_evaluator, beside) == ["Qui manque ici ?", "Trop de tuteurs."]
    answered = as_editor.put(f"{at(first)}/answer", json=ANSWER)
    assert answered.status_code == 200
    assert answered.json()["answer"] == ANSWER["text"]
    editor = as_editor.get(f"{API}/me").json()["id"]
    assert answered.json()["answered_by_id"] == editor
    for _ in range(2):
        assert as_evaluator.put(f"{at(first)}/resolution").status_code == 204
    settled = as_editor.get(at(first)).json()
    assert settled["resolved_at"]
    assert settled["version"] == answered.json()["version"] + 1
    for _ in range(2):
        assert as_editor.delete(f"{at(first)}/resolution").status_code == 204
        assert as_editor.delete(f"{at(first)}/answer").status_code == 204
    back = as_editor.get(at(first)).json()
    assert (back["answer"], back["answered_at"], back["resolved_at"]) == (None, None, None)


def test_it_is_about_the_whole_a_section_or_an_item_of_this_very_bundle(
    as_evaluator: TestClient,
    composed: Callable[..., Bundle],
    excerpt: Excerpt,
    bundle: Bundle,
    beside: str,
) -> None:
    [item] = bundle["sections"][0]["items"]
    [foreign] = composed(excerpt)["sections"][0]["items"]
    assert said(as_evaluator, beside, section=0)["section"] == 0
    assert said(as_evaluator, beside, item_id=item["id"])["item_id"] == item["id"]
    for part, pointer in (
        ({"section": 1}, "#/section"),
        ({"section": -1}, "#/section"),
        ({"section": 2**31}, "#/section"),
        ({"item_id": foreign["id"]}, "#/item_id"),
        ({"item_id": str(uuid4())}, "#/item_id"),
        ({"section": 0, "item_id": item["id"]}, "#"),
        ({"kind": "praise"}, "#/kind"),
        ({"text": " "}, "#/text"),
        ({"text": "a\u0000b"}, "#/text"),
        ({"answer": "moi-même"}, "#/answer"),
    ):
        refused = as_evaluator.post(beside, json=OBJECTION | part)
        assert refused.status_code == 422, part
        assert refused.json()["errors"][0]["pointer"] == pointer


def test_it_says_of_which_version_and_stays_when_the_item_goes(
    as_editor: TestClient,
    as_evaluator: TestClient,
    payload_of: Callable[..., Bundle],
    bundle: Bundle,
    beside: str,
) -> None:
    [item] = bundle["sections"][0]["items"]
    of_item = said(as_evaluator, beside, item_id=item["id"])
    again = as_editor.put(f"{URL}/{bundle['id']}", json=payload_of({"text": "Autre chose"}))
    assert (again.json()["state"], again.json()["version"]) == ("martyr", 3)
    assert said(as_evaluator, beside, text="Mieux.")["subject_version"] == 3
    kept = as_evaluator.get(at(of_item)).json()
    assert (kept["item_id"], kept["subject_version"]) == (item["id"], 2)
    then = as_evaluator.get(f"{URL}/{bundle['id']}/history/1").json()  # the latest up to 2
    assert item["id"] in str(then), "what it was about is read in the history of the bundle"


def test_what_is_written_is_told_literally(as_editor: TestClient, beside: str) -> None:
    odd = "*gras* # {{ 7*7 }} $HOME <img src=x onerror=alert(1)> \u05e9\u05dc\u05d5\u05dd"
    one = said(as_editor, beside, text=odd)
    assert as_editor.put(f"{at(one)}/answer", json={"text": odd}).json()["answer"] == odd
    assert texts(as_editor, beside) == [odd]


def test_its_author_alone_changes_and_deletes_it_and_who_answered_the_answer(
    as_evaluator: TestClient, as_editor: TestClient, beside: str, database: Database
) -> None:
    one = said(as_evaluator, beside)
    assert as_editor.put(at(one), json=OBJECTION).status_code == 403
    assert as_editor.delete(at(one)).status_code == 403
    etag = as_evaluator.get(at(one)).headers["ETag"]
    changed = as_evaluator.put(at(one), json=OBJECTION, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["kind"]) == (200, "objection")
    stale = as_evaluator.put(at(one), json=OBJECTION, headers={"If-Match": etag})
    assert stale.status_code == 412
    as_editor.put(f"{at(one)}/answer", json=ANSWER)
    other = {"text": "Autre réponse"}
    assert as_evaluator.put(f"{at(one)}/answer", json=other).status_code == 403
    assert as_evaluator.delete(f"{at(one)}/answer").status_code == 403
    assert as_editor.put(f"{at(one)}/answer", json=other).json()["answer"] == "Autre réponse"
    assert as_evaluator.delete(at(one)).status_code == 204
    assert as_evaluator.get(at(one)).status_code == 404
    with database.read() as db:
        assert db.scalar(select(func.count()).where(Derivation.output == "annotations")) == 0


def test_each_deed_is_recorded_without_a_word_of_it(
    as_editor: TestClient, beside: str, database: Database
) -> None:
    one = said(as_editor, beside)
    as_editor.put(at(one), json=OBJECTION)
    as_editor.put(f"{at(one)}/answer", json=ANSWER)
    as_editor.delete(f"{at(one)}/answer")
    as_editor.put(f"{at(one)}/resolution")
    as_editor.delete(f"{at(one)}/resolution")
    as_editor.delete(at(one))
    with database.read() as db:
        of_it = select(AuditEvent).where(AuditEvent.action.startswith("annotation."))
        events = list(db.scalars(of_it.order_by(AuditEvent.created_at)))
    deeds = ["written", "changed", "answered", "unanswered", "resolved", "reopened", "discarded"]
    assert [event.action for event in events] == [f"annotation.{deed}" for deed in deeds]
    assert "tuteurs" not in str([event.facts for event in events])


def test_a_retry_writes_it_once(as_evaluator: TestClient, beside: str) -> None:
    key = {"Idempotency-Key": "7b6a3f0e-3a4e-4b52-9a0f-5a2f0d1c8e12"}
    first = as_evaluator.post(beside, json=OBJECTION, headers=key)
    again = as_evaluator.post(beside, json=OBJECTION, headers=key)
    assert first.headers["Location"] == at(first.json())
    assert again.json() == first.json()
    assert len(texts(as_evaluator, beside)) == 1


# While it is a martyr, and never after


@pytest.mark.parametrize("how", ["readiness", "no martyr", "closure"])
def test_once_it_is_frozen_everything_is_read_and_nothing_changes(
    as_editor: TestClient, as_evaluator: TestClient, bundle: Bundle, beside: str, how: str
) -> None:
    mine, other = said(as_evaluator, beside), said(as_editor, beside, **OBJECTION)
    as_editor.put(f"{at(mine)}/answer", json=ANSWER)
    here = f"{URL}/{bundle['id']}"
    if how == "no martyr":
        assert as_editor.delete(f"{here}/martyr").status_code == 204
    else:
        assert as_editor.put(f"{here}/{how}").status_code == 204
    told = as_evaluator.get(beside).json()["items"]
    assert [(one["id"], one["answer"]) for one in told] == [
        (mine["id"], ANSWER["text"]),
        (other["id"], None),
    ]
    state = {"readiness": "ready", "no martyr": "draft", "closure": "closed"}[how]
    for refused in (
        as_evaluator.post(beside, json=OBJECTION),
        as_evaluator.put(at(mine), json=OBJECTION),
        as_evaluator.delete(at(mine)),
        as_editor.put(f"{at(mine)}/answer", json=ANSWER),
        as_editor.delete(f"{at(mine)}/answer"),
        as_editor.put(f"{at(mine)}/resolution"),
        as_editor.delete(f"{at(mine)}/resolution"),
    ):
        assert refused.status_code == 409
        assert (refused.json()["type"], refused.json()["state"]) == ("/problems/wrong-state", state)
    assert as_evaluator.get(beside).json()["items"] == told


def test_offered_again_it_goes_on_where_it_was(
    as_editor: TestClient, as_evaluator: TestClient, bundle: Bundle, beside: str
) -> None:
    one = said(as_evaluator, beside)
    freeze(as_editor, bundle)
    as_editor.delete(f"{URL}/{bundle['id']}/readiness")
    assert as_editor.put(f"{URL}/{bundle['id']}/martyr").status_code == 204
    assert as_editor.put(f"{at(one)}/answer", json=ANSWER).status_code == 200
    assert texts(as_evaluator, beside) == ["Qui manque ici ?"]


def test_a_draft_that_nobody_offered_is_not_annotated(
    as_evaluator: TestClient, composed: Callable[..., Bundle], excerpt: Excerpt
) -> None:
    draft = f"{URL}/{composed(excerpt)['id']}/annotations"
    refused = as_evaluator.post(draft, json=OBJECTION)
    assert (refused.status_code, refused.json()["state"]) == (409, "draft")
    assert texts(as_evaluator, draft) == []


# Who


@pytest.mark.parametrize(
    "role", [Role.ANIMATOR, Role.INTEGRATION, Role.CUSTODIAN, Role.ADMINISTRATOR]
)
def test_it_is_for_the_team_only(
    client_for: ClientFor, make: Make, as_evaluator: TestClient, beside: str, role: Role
) -> None:
    one = said(as_evaluator, beside)
    somebody = client_for(make.account(role=role))
    assert somebody.get(beside).status_code == 404
    assert somebody.post(beside, json=OBJECTION).status_code == 404
    assert somebody.get(at(one)).status_code == 404
    assert somebody.put(at(one), json=OBJECTION).status_code == 404
    assert somebody.put(f"{at(one)}/answer", json=ANSWER).status_code == 404
    assert somebody.put(f"{at(one)}/resolution").status_code == 404
    assert somebody.delete(at(one)).status_code == 404


def test_a_token_that_may_not_read_bundles_reads_no_annotation(
    as_editor: TestClient, beside: str, client_for: ClientFor, make: Make
) -> None:
    editor = make.account(role=Role.EDITOR)
    one = said(as_editor, beside)
    asked = {"name": "essai", "permissions": [Permission.REMARK]}
    made = client_for(editor).post(f"{API}/api-tokens", json=asked)
    assert made.status_code == 201, made.text
    narrow = {"Authorization": f"Bearer {made.json()['token']}"}
    assert as_editor.get(at(one), headers=narrow).status_code == 404
    assert as_editor.get(beside, headers=narrow).status_code == 404


def test_a_custodian_on_a_case_reads_it(
    as_custodian: TestClient, as_evaluator: TestClient, beside: str
) -> None:
    said(as_evaluator, beside)
    on_case = as_custodian.get(beside, headers={"X-Reason": "Une plainte"})
    assert len(on_case.json()["items"]) == 1
    refused = as_custodian.post(beside, json=OBJECTION, headers={"X-Reason": "Une plainte"})
    assert refused.status_code == 403


# What it may quote


def test_it_is_not_for_who_could_not_read_what_the_bundle_showed_then(
    as_editor: TestClient,
    as_evaluator: TestClient,
    excerpt: Excerpt,
    bundle: Bundle,
    beside: str,
    payload_of: Callable[..., Bundle],
) -> None:
    one = said(as_editor, beside)
    rejected = {"verdict": "reject", "reason_code": "too_vague"}
    of_it = f"{API}/testimonies/{excerpt.testimony_id}/decisions"
    assert as_editor.post(of_it, json=rejected).status_code == 201
    as_editor.put(f"{URL}/{bundle['id']}", json=payload_of())
    assert texts(as_evaluator, beside) == []
    assert as_evaluator.get(at(one)).status_code == 404
    as_editor.put(at(one), json=OBJECTION)
    as_editor.put(f"{at(one)}/answer", json=ANSWER)
    assert texts(as_evaluator, beside) == [], "it may quote what it could quote before"
    assert texts(as_editor, beside) == [OBJECTION["text"]]


def test_an_answer_may_quote_what_came_after_the_question(
    as_editor: TestClient,
    as_evaluator: TestClient,
    make: Make,
    consented: Callable[..., Excerpt],
    bundle: Bundle,
    beside: str,
    payload_of: Callable[..., Bundle],
    database: Database,
) -> None:
    one = said(as_evaluator, beside)
    later = consented()
    as_editor.put(f"{URL}/{bundle['id']}", json=payload_of({"excerpt_id": str(later.id)}))
    as_editor.put(f"{at(one)}/answer", json=ANSWER)
    with database.read() as db:
        of_it = Derivation.output == "annotations", Derivation.input_id == later.id
        assert db.scalar(select(func.count()).where(*of_it)) == 1


def test_it_is_hidden_at_once_when_a_witness_refuses(
    make: Make, as_evaluator: TestClient, as_editor: TestClient, beside: str, witness: Witness
) -> None:
    one = said(as_evaluator, beside)
    make.consent(witness, TO_TEAM, verb=Verb.REFUSE)
    for client in (as_evaluator, as_editor):
        assert texts(client, beside) == []
        assert client.get(at(one)).status_code == 404


def test_what_is_taken_back_takes_it_along_even_once_frozen(
    make: Make,
    as_editor: TestClient,
    as_custodian: TestClient,
    composed: Callable[..., Bundle],
    bundle: Bundle,
    beside: str,
    witness: Witness,
    database: Database,
) -> None:
    said(as_editor, beside, text="« On a ri » : gardons-le.")
    freeze(as_editor, bundle)
    other = composed(make.excerpt(make.testimony()))
    assert as_editor.put(f"{URL}/{other['id']}/martyr").status_code == 204
    elsewhere = said(as_editor, f"{URL}/{other['id']}/annotations")
    asked = {"witness_id": str(witness.id), "all": True}
    assert as_custodian.post(f"{API}/withdrawals", json=asked).status_code == 201
    assert texts(as_editor, beside) == []
    Desk(database).work_all()
    with database.read() as db:
        assert list(db.scalars(select(Annotation.id))) == [UUID(elsewhere["id"])]


def test_a_bundle_that_is_discarded_takes_it_along(
    as_editor: TestClient, bundle: Bundle, beside: str, database: Database
) -> None:
    said(as_editor, beside)
    assert as_editor.delete(f"{URL}/{bundle['id']}").status_code == 204
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Annotation)) == 0


# In the database


@pytest.mark.parametrize(
    "facts",
    [
        {"answer": "Oui."},
        {"answered_at": now()},
        {"resolved_at": now()},
        {"section": 0, "item_id": uuid4()},
        {"bundle_id": None},
        {"proposition_id": uuid4()},
    ],
)
def test_the_database_keeps_its_facts_together(
    make: Make, bundle: Bundle, database: Database, facts: dict[str, Any]
) -> None:
    with database.read() as db:
        row = db.get_one(BundleRow, UUID(bundle["id"]))
    with pytest.raises(IntegrityError):
        make.annotation(row, **facts)


def test_a_list_is_read_in_the_order_of_its_index(
    make: Make,
    as_editor: TestClient,
    composed: Callable[..., Bundle],
    excerpt: Excerpt,
    bundle: Bundle,
    beside: str,
    database: Database,
) -> None:
    editor = make.account(role=Role.EDITOR)
    other = composed(excerpt)
    with database.read() as db:
        rows = [db.get_one(BundleRow, UUID(one["id"])) for one in (bundle, other)]
    for n in range(60):
        make.annotation(rows[n % 2], by_id=editor.id)
    index = "ix_annotations_bundle_id_created_at_id"
    assert_read_in_the_order_of(index, database, as_editor, f"{beside}?limit=5", "annotations")
