"""A proposition is taken apart while it is a draft; what was said of it is kept afterwards."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.accounts.permissions import Role
from app.annotations.models import Annotation
from app.core.db import Database
from app.excerpts.models import Excerpt
from app.testimonies.models import TestimonyWitness
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.annotations.conftest import API, at, said, texts
from tests.conftest import ClientFor
from tests.jobs.desk import Desk
from tests.make import Make
from tests.plans import assert_read_in_the_order_of
from tests.propositions.conftest import URL

OBJECTION = {"kind": "objection", "text": "Qui paie ces deux heures ?"}
ANSWER = {"text": "La Région, la première année."}
TO_TEAM = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)


@pytest.fixture
def proposition(as_editor: TestClient, make: Make, excerpt: Excerpt) -> dict[str, Any]:
    """A draft, for nothing happened to it yet, that rests on one passage."""
    made = make.proposition(excerpt)
    found: dict[str, Any] = as_editor.get(f"{URL}/{made.id}").json()
    assert found["state"] == "martyr"
    return found


@pytest.fixture
def beside(proposition: dict[str, Any]) -> str:
    return f"{URL}/{proposition['id']}/annotations"


@pytest.fixture
def witness(database: Database, excerpt: Excerpt) -> Witness:
    """Whose words the proposition rests on."""
    rows = select(Witness).join(TestimonyWitness, TestimonyWitness.witness_id == Witness.id)
    with database.read() as db:
        return db.scalars(rows.where(TestimonyWitness.testimony_id == excerpt.testimony_id)).one()


def step(editor: TestClient, proposition: dict[str, Any], state: str, **more: Any) -> None:
    happened = {"state": state, "on": "2013-06-03"} | more
    taken = editor.post(f"{URL}/{proposition['id']}/steps", json=happened)
    assert taken.status_code == 201, taken.text


def test_an_evaluator_objects_an_editor_answers_and_either_settles_it(
    as_evaluator: TestClient,
    as_editor: TestClient,
    make: Make,
    proposition: dict[str, Any],
    beside: str,
) -> None:
    elsewhere = make.proposition()
    said(as_evaluator, f"{URL}/{elsewhere.id}/annotations", text="Ailleurs.")
    one = said(as_evaluator, beside, **OBJECTION)
    about = (one["proposition_id"], one["bundle_id"], one["subject_version"])
    assert about == (proposition["id"], None, proposition["version"])
    assert as_editor.put(f"{at(one)}/answer", json=ANSWER).json()["answer"] == ANSWER["text"]
    assert as_evaluator.put(f"{at(one)}/resolution").status_code == 204
    assert as_evaluator.put(at(one), json=OBJECTION | {"text": "Autrement."}).status_code == 200
    assert texts(as_editor, beside) == ["Autrement."]


def test_a_proposition_has_no_parts(as_evaluator: TestClient, beside: str) -> None:
    for part, pointer in (
        ({"section": 0}, "#/section"),
        ({"item_id": str(uuid4())}, "#/item_id"),
        ({"kind": "praise"}, "#/kind"),
        ({"text": " "}, "#/text"),
        ({"proposition_id": str(uuid4())}, "#/proposition_id"),
    ):
        refused = as_evaluator.post(beside, json=OBJECTION | part)
        assert refused.status_code == 422, part
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert texts(as_evaluator, beside) == []


def test_once_it_is_proposed_everything_is_read_and_nothing_changes(
    as_editor: TestClient, as_evaluator: TestClient, proposition: dict[str, Any], beside: str
) -> None:
    one = said(as_evaluator, beside)
    step(as_editor, proposition, "martyr")
    assert as_editor.put(f"{at(one)}/answer", json=ANSWER).status_code == 200
    step(as_editor, proposition, "proposed")
    told = as_evaluator.get(beside).json()["items"]
    assert [(kept["id"], kept["answer"]) for kept in told] == [(one["id"], ANSWER["text"])]
    for refused in (
        as_evaluator.post(beside, json=OBJECTION),
        as_evaluator.put(at(one), json=OBJECTION),
        as_evaluator.delete(at(one)),
        as_editor.put(f"{at(one)}/answer", json=ANSWER),
        as_editor.delete(f"{at(one)}/answer"),
        as_editor.put(f"{at(one)}/resolution"),
        as_editor.delete(f"{at(one)}/resolution"),
    ):
        assert refused.status_code == 409
        why = refused.json()
        assert (why["type"], why["state"]) == ("/problems/wrong-state", "proposed")
    assert as_evaluator.get(beside).json()["items"] == told
    step(as_editor, proposition, "martyr", reason="À reprendre.")
    assert as_evaluator.put(at(one), json=OBJECTION).status_code == 200


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


def test_it_is_not_for_who_could_not_read_what_the_proposition_rested_on(
    as_editor: TestClient, as_evaluator: TestClient, excerpt: Excerpt, beside: str
) -> None:
    one = said(as_editor, beside)
    rejected = {"verdict": "reject", "reason_code": "too_vague"}
    of_it = f"{API}/testimonies/{excerpt.testimony_id}/decisions"
    assert as_editor.post(of_it, json=rejected).status_code == 201
    assert texts(as_evaluator, beside) == []
    assert as_evaluator.get(at(one)).status_code == 404
    assert texts(as_editor, beside) == ["Qui manque ici ?"]


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
    proposition: dict[str, Any],
    beside: str,
    witness: Witness,
    consented: Callable[..., Excerpt],
    database: Database,
) -> None:
    said(as_editor, beside, text="« On a ri » : gardons-le.")
    step(as_editor, proposition, "proposed")
    others = make.proposition(consented())
    elsewhere = said(as_editor, f"{URL}/{others.id}/annotations")
    asked = {"witness_id": str(witness.id), "all": True}
    assert as_custodian.post(f"{API}/withdrawals", json=asked).status_code == 201
    assert texts(as_editor, beside) == []
    Desk(database).work_all()
    with database.read() as db:
        assert list(db.scalars(select(Annotation.id))) == [UUID(elsewhere["id"])]


def test_a_list_is_read_in_the_order_of_its_index(
    make: Make, as_editor: TestClient, database: Database
) -> None:
    editor = make.account(role=Role.EDITOR)
    rows = [make.proposition() for _ in range(2)]
    for n in range(60):
        make.annotation(rows[n % 2], by_id=editor.id)
    index, here = "ix_annotations_proposition_id_created_at_id", f"{URL}/{rows[0].id}/annotations"
    assert_read_in_the_order_of(index, database, as_editor, f"{here}?limit=5", "annotations")
