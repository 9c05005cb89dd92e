"""The team writes beside what it reads; a remark is hidden and erased with what it is about."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.core.db import Database
from app.excerpts.models import Excerpt
from app.lineage.models import Derivation
from app.remarks.models import Remark
from app.testimonies.models import State, Testimony
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.bundles.conftest import composed, consented, payload_of
from tests.conftest import ClientFor
from tests.jobs.desk import Desk
from tests.make import Make
from tests.plans import assert_read_in_the_order_of

__all__ = ["composed", "consented", "payload_of"]

API = "/api/v1"
TEXT = {"text": "Qui était Karim ?"}
TO_TEAM = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)


@pytest.fixture
def workshop(make: Make, animator: Account) -> Workshop:
    return make.workshop(organization=animator.organization)


@pytest.fixture
def witness(make: Make, workshop: Workshop) -> Witness:
    return make.witness(workshop=workshop)


@pytest.fixture
def testimony(make: Make, workshop: Workshop, witness: Witness) -> Testimony:
    return make.testimony(workshop=workshop, witnesses=[witness])


@pytest.fixture
def beside(testimony: Testimony) -> str:
    return f"{API}/testimonies/{testimony.id}/remarks"


@pytest.fixture
def take_back(as_animator: TestClient) -> Callable[[Witness], None]:
    """The witness takes everything back."""

    def take_back(witness: Witness) -> None:
        asked = {"witness_id": str(witness.id), "all": True}
        assert as_animator.post(f"{API}/withdrawals", json=asked).status_code == 201

    return take_back


@pytest.fixture
def work(database: Database) -> Callable[[], None]:
    """Do all the jobs that wait."""

    def work() -> None:
        Desk(database).work_all()

    return work


def left(database: Database) -> list[UUID]:
    with database.read() as db:
        return list(db.scalars(select(Remark.id)))


def written(client: TestClient, url: str, **said: Any) -> dict[str, Any]:
    answer = client.post(url, json=TEXT | said)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def texts(client: TestClient, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return [remark["text"] for remark in answer.json()["items"]]


def about(remark: dict[str, Any]) -> str:
    return f"{API}/remarks/{remark['id']}"


def test_an_evaluator_asks_an_editor_answers_and_settles_it(
    as_evaluator: TestClient, as_editor: TestClient, beside: str, testimony: Testimony
) -> None:
    asked = written(as_evaluator, beside)
    assert asked["testimony_id"] == str(testimony.id)
    assert (asked["excerpt_id"], asked["bundle_id"], asked["resolved_at"]) == (None, None, None)
    written(as_editor, beside, text="Son tuteur.")
    assert texts(as_evaluator, beside) == ["Qui était Karim ?", "Son tuteur."]
    for _ in range(2):
        assert as_editor.put(f"{about(asked)}/resolution").status_code == 204
    settled = as_evaluator.get(about(asked)).json()
    assert settled["resolved_at"]
    assert settled["resolved_by_id"] == as_editor.get(f"{API}/me").json()["id"]
    assert settled["version"] == asked["version"] + 1
    assert as_editor.delete(f"{about(asked)}/resolution").status_code == 204
    assert as_evaluator.get(about(asked)).json()["resolved_at"] is None


def test_what_is_written_beside_excerpts_and_bundles_is_beside_them(
    as_evaluator: TestClient,
    consented: Callable[..., Excerpt],
    composed: Callable[..., dict[str, Any]],
    beside: str,
) -> None:
    excerpt = consented()
    bundle = composed(excerpt)
    of_excerpt = f"{API}/excerpts/{excerpt.id}/remarks"
    of_bundle = f"{API}/bundles/{bundle['id']}/remarks"
    assert written(as_evaluator, of_excerpt, text="Un")["excerpt_id"] == str(excerpt.id)
    assert written(as_evaluator, of_bundle, text="Deux")["bundle_id"] == bundle["id"]
    written(as_evaluator, beside, text="Trois")
    found = [texts(as_evaluator, one) for one in (of_excerpt, of_bundle, beside)]
    assert found == [["Un"], ["Deux"], ["Trois"]]


def test_the_address_of_a_new_one_is_told_and_a_retry_writes_it_once(
    as_evaluator: TestClient, beside: str
) -> None:
    key = {"Idempotency-Key": "7b6a3f0e-3a4e-4b52-9a0f-5a2f0d1c8e11"}
    first = as_evaluator.post(beside, json=TEXT, headers=key)
    again = as_evaluator.post(beside, json=TEXT, headers=key)
    assert first.headers["Location"] == about(first.json())
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(texts(as_evaluator, beside)) == 1


def test_its_author_alone_changes_and_deletes_it(
    as_evaluator: TestClient, as_editor: TestClient, beside: str, database: Database
) -> None:
    remark = written(as_evaluator, beside)
    new = {"text": "Qui est Karim ?"}
    assert as_editor.put(about(remark), json=new).status_code == 403
    assert as_editor.delete(about(remark)).status_code == 403
    assert as_evaluator.put(about(remark), json={"text": " "}).status_code == 422
    etag = as_evaluator.get(about(remark)).headers["ETag"]
    assert as_evaluator.get(about(remark), headers={"If-None-Match": etag}).status_code == 304
    changed = as_evaluator.put(about(remark), json=new, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["text"]) == (200, "Qui est Karim ?")
    stale = as_evaluator.put(about(remark), json=new, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert as_evaluator.delete(about(remark)).status_code == 204
    assert as_evaluator.get(about(remark)).status_code == 404
    with database.read() as db:
        of_it = select(func.count()).where(Derivation.output == "remarks")
        assert db.scalar(of_it) == 0


def test_only_an_editor_settles(as_evaluator: TestClient, beside: str) -> None:
    remark = written(as_evaluator, beside)
    assert as_evaluator.put(f"{about(remark)}/resolution").status_code == 403
    assert as_evaluator.delete(f"{about(remark)}/resolution").status_code == 403


@pytest.mark.parametrize(
    "role", [Role.ANIMATOR, Role.INTEGRATION, Role.CUSTODIAN, Role.ADMINISTRATOR]
)
def test_it_is_for_the_team_who_reads_the_words_at_home_does_not_read_it(
    client_for: ClientFor,
    make: Make,
    animator: Account,
    as_evaluator: TestClient,
    beside: str,
    role: Role,
) -> None:
    remark = written(as_evaluator, beside)
    somebody = client_for(make.account(role=role, organization=animator.organization))
    assert somebody.get(beside).status_code == 404
    assert somebody.get(about(remark)).status_code == 404
    assert somebody.post(beside, json=TEXT).status_code in (403, 404)
    assert somebody.put(about(remark), json=TEXT).status_code == 404
    assert somebody.delete(about(remark)).status_code == 404


def test_a_custodian_on_a_case_reads_it(
    as_custodian: TestClient, as_evaluator: TestClient, beside: str
) -> None:
    written(as_evaluator, beside)
    on_case = as_custodian.get(beside, headers={"X-Reason": "Une plainte"})
    assert len(on_case.json()["items"]) == 1


def test_nobody_writes_or_reads_beside_what_they_do_not_see(
    make: Make, as_evaluator: TestClient, as_editor: TestClient
) -> None:
    submitted = make.testimony(state=State.SUBMITTED)
    url = f"{API}/testimonies/{submitted.id}/remarks"
    assert as_evaluator.post(url, json=TEXT).status_code == 404
    remark = written(as_editor, url)
    assert as_evaluator.get(url).status_code == 404
    assert as_evaluator.get(about(remark)).status_code == 404
    as_editor.post(f"{API}/testimonies/{submitted.id}/decisions", json={"verdict": "accept"})
    assert as_evaluator.get(about(remark)).status_code == 200


def test_a_remark_beside_a_bundle_is_not_for_who_does_not_see_a_passage_of_it(
    as_editor: TestClient,
    as_evaluator: TestClient,
    consented: Callable[..., Excerpt],
    composed: Callable[..., dict[str, Any]],
    payload_of: Callable[..., dict[str, Any]],
) -> None:
    """Nor, once the passage is out of the bundle, for who could never read it."""
    excerpt = consented()
    bundle = composed(excerpt)
    url = f"{API}/bundles/{bundle['id']}/remarks"
    remark = written(as_editor, url)
    assert len(texts(as_evaluator, url)) == 1
    rejected = {"verdict": "reject", "reason_code": "too_vague"}
    of_it = f"{API}/testimonies/{excerpt.testimony_id}/decisions"
    assert as_editor.post(of_it, json=rejected).status_code == 201
    as_editor.put(f"{API}/bundles/{bundle['id']}", json=payload_of())
    assert texts(as_evaluator, url) == []
    assert as_evaluator.get(about(remark)).status_code == 404
    assert as_editor.put(about(remark), json={"text": "Autrement dit"}).status_code == 200
    assert texts(as_evaluator, url) == [], "it may quote what it could quote before"
    assert len(texts(as_editor, url)) == 1


def test_it_is_hidden_at_once_when_a_witness_refuses(
    make: Make, as_evaluator: TestClient, as_editor: TestClient, beside: str, witness: Witness
) -> None:
    remark = written(as_evaluator, beside)
    make.consent(witness, TO_TEAM, verb=Verb.REFUSE)
    for client in (as_evaluator, as_editor):
        assert client.get(beside).status_code == 404
        assert client.get(about(remark)).status_code == 404


def test_also_when_they_left_the_testimony_meanwhile(
    make: Make,
    as_evaluator: TestClient,
    as_editor: TestClient,
    beside: str,
    testimony: Testimony,
    witness: Witness,
    workshop: Workshop,
) -> None:
    remark = written(as_evaluator, beside)
    here = f"{API}/testimonies/{testimony.id}"
    told = as_editor.get(here).json()
    names = ("scheme_id", "workshop_id", "method", "recorded_on")
    others = {name: told[name] for name in names} | {
        "witness_ids": [str(make.witness(workshop=workshop).id)],
        "body": "Mes mots à moi.",
    }
    assert as_editor.put(here, json=others).status_code == 200
    assert len(texts(as_editor, beside)) == 1
    make.consent(witness, TO_TEAM, verb=Verb.REFUSE)
    assert texts(as_editor, beside) == []
    assert as_editor.get(about(remark)).status_code == 404


def test_what_is_taken_back_takes_the_remarks_with_it(
    make: Make,
    as_editor: TestClient,
    composed: Callable[..., dict[str, Any]],
    testimony: Testimony,
    witness: Witness,
    take_back: Callable[[Witness], None],
    work: Callable[[], None],
    database: Database,
) -> None:
    excerpt, beside = make.excerpt(testimony), f"{API}/testimonies/{testimony.id}/remarks"
    bundle = composed(excerpt)
    mine = written(as_editor, beside)
    of_excerpt = written(as_editor, f"{API}/excerpts/{excerpt.id}/remarks")
    of_bundle = written(as_editor, f"{API}/bundles/{bundle['id']}/remarks")
    elsewhere = make.remark(make.testimony())
    take_back(witness)
    for remark in (mine, of_excerpt, of_bundle):
        assert as_editor.get(about(remark)).status_code == 404
    work()
    assert left(database) == [elsewhere.id]


def test_so_does_who_was_heard_in_the_recording(
    make: Make,
    animator: Account,
    workshop: Workshop,
    take_back: Callable[[Witness], None],
    work: Callable[[], None],
    database: Database,
) -> None:
    media = make.media(organization=animator.organization)
    make.remark(make.testimony(workshop=workshop, media=[media]))
    heard = make.witness(workshop=workshop)
    make.appearance(media, heard)
    take_back(heard)
    work()
    assert left(database) == []


def test_what_is_discarded_takes_them_too(
    make: Make, as_editor: TestClient, testimony: Testimony, database: Database
) -> None:
    excerpt = make.excerpt(testimony)
    make.remark(excerpt)
    assert as_editor.delete(f"{API}/excerpts/{excerpt.id}").status_code == 204
    assert left(database) == []


def test_a_list_is_read_in_the_order_of_its_index(
    make: Make, as_editor: TestClient, testimony: Testimony, beside: str, database: Database
) -> None:
    other = make.testimony()
    for n in range(60):
        make.remark(testimony if n % 2 else other, by_id=UUID(str(testimony.captured_by)))
    index = "ix_remarks_testimony_id_created_at_id"
    assert_read_in_the_order_of(index, database, as_editor, f"{beside}?limit=5", "remarks")
