"""Which form moved whom, and how many witnesses were told: counted by hand."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.core.models import now
from app.reactions.models import Commitment
from app.releases.models import Delivery
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from tests.conftest import ClientFor
from tests.make import Make
from tests.pages.conftest import CELL, Dossier, dossier, published

__all__ = ["dossier", "published"]

RECEPTION, LOOP = "/api/v1/indicators/reception", "/api/v1/indicators/loop"
HIDDEN = {"value": None, "suppressed": True}
READING = Cell(Medium.ANONYMOUS_TEXT, "team", "web_page", Purpose.EVALUATION)


@pytest.fixture
def given(make: Make, dossier: Dossier) -> Any:
    """A delivery of the dossier that was opened, unless it is said otherwise."""

    def given(**facts: Any) -> str:
        _, delivery_id = dossier.deliver()
        with make.sessions.begin() as db:
            delivery = db.get_one(Delivery, UUID(delivery_id))
            for name, value in ({"opened_at": now()} | facts).items():
                setattr(delivery, name, value)
        return delivery_id

    return given


def cell(answer: Any, form: str | None, audience: str | None) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    (found,) = (c for c in answer.json()["cells"] if (c["form"], c["audience"]) == (form, audience))
    return found  # type: ignore[no-any-return]


def test_reception_agrees_with_a_count_by_hand(
    as_evaluator: TestClient, make: Make, given: Any
) -> None:
    given(opened_at=None)
    taken = {"revoked_at": now(), "revoked_by_id": make.account().id}
    given(opened_at=None, **taken)  # closed before anybody opened it: it was given to nobody
    given()
    eager = given(acknowledged_at=now())
    make.reaction(eager, form_rating=2, understood=False, created_at=now() - timedelta(hours=1))
    make.reaction(eager, form_rating=5, understood=True, commitment=Commitment.MADE, text="fait")
    make.reaction(eager, understood=None, commitment=Commitment.THINKING)
    calm = given(acknowledged_at=now(), **taken)  # closed afterwards
    make.reaction(calm, form_rating=2, understood=False, surprised=True)

    answer = as_evaluator.get(RECEPTION, params={"scheme_id": str(make.the_scheme.id)})
    found = cell(answer, "web_page", "elected_officials")
    assert answer.json()["k"] == 0
    assert found == {
        "form": "web_page",
        "audience": "elected_officials",
        "deliveries": 4,
        "opened": 3,
        "acknowledged": 2,
        "answered": 2,
        "reactions": 4,
        "rated": 2,
        "mean_form_rating": 3.5,  # of the last rating of each: 5 and 2
        "understood_said": 2,
        "understood_share": 0.5,
        "surprised_said": 1,
        "surprised_share": 1.0,
        "commitments": {"none": 1, "thinking": 0, "planned": 0, "made": 1},
    }
    for form, audience in (("web_page", None), (None, "elected_officials"), (None, None)):
        same = cell(answer, form, audience)
        assert {**same, "form": 0, "audience": 0} == {**found, "form": 0, "audience": 0}
    elsewhere = as_evaluator.get(RECEPTION, params={"scheme_id": str(make.scheme().id)})
    assert cell(elsewhere, None, None)["deliveries"] == 0
    assert cell(elsewhere, None, None)["mean_form_rating"] is None


def test_few_recipients_are_told_to_evaluators_only(
    as_editor: TestClient, as_animator: TestClient, make: Make, given: Any
) -> None:
    for _ in range(6):
        make.reaction(given(), form_rating=4)
    talker = given()
    for _ in range(7):  # seven reactions are one person
        make.reaction(talker, surprised=True)
    answer = as_editor.get(RECEPTION)
    found = cell(answer, "web_page", "elected_officials")
    assert (answer.json()["k"], found["deliveries"], found["answered"]) == (5, 7, 7)
    assert found["surprised_said"] == found["surprised_share"] == HIDDEN
    assert found["rated"] == found["mean_form_rating"] == HIDDEN, "else 7 - 6 tells of one"
    assert as_animator.get(RECEPTION).status_code == 403


def test_the_loop_agrees_with_a_count_by_hand(
    as_evaluator: TestClient,
    as_editor: TestClient,
    as_custodian: TestClient,
    client_for: ClientFor,
    make: Make,
    given: Any,
    dossier: Dossier,
) -> None:
    def stages(**filters: Any) -> dict[str, Any]:
        answer = as_evaluator.get(LOOP, params=filters)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return {"witnesses": found["witnesses"]} | {s["stage"]: s["count"] for s in found["stages"]}

    make.testimony()  # somebody whose words are nowhere
    nothing = dict.fromkeys(("delivered", "opened", "acknowledged", "answered", "looked"), 0)
    assert stages() == {"witnesses": 2} | nothing
    delivery_id = given(opened_at=None)
    assert stages() == {"witnesses": 2} | nothing | {"delivered": 2}
    read = as_editor.get(f"/api/v1/releases/{dossier.release_id}").json()["content"]
    first = read["sections"][0]["items"][0]["id"]
    with make.sessions.begin() as db:
        delivery = db.get_one(Delivery, make.reaction(delivery_id).delivery_id)
        delivery.opened_at = delivery.acknowledged_at = now()
    by = make.account().id
    published = {"published_at": now(), "published_by_id": by}
    make.reaction(delivery_id, item_id=UUID(first), **published)
    assert stages() == {
        "witnesses": 2,
        **dict.fromkeys(("delivered", "opened", "acknowledged"), 2),
        "answered": 1,
        "looked": 0,
    }
    code = make.receipt_code(dossier.witnesses[1])
    opened = client_for(None).post("/api/v1/receipt-sessions", json={"code": code})
    assert opened.status_code == 201
    assert stages(form="web_page")["looked"] == 1
    assert stages(form="film") == {"witnesses": 0} | nothing
    assert as_custodian.get(LOOP).status_code == 403
    shown = {s["stage"]: s["count"] for s in as_editor.get(LOOP).json()["stages"]}
    assert shown["looked"] == HIDDEN
    make.consent(dossier.witnesses[0], READING, CELL, verb=Verb.REFUSE)
    assert stages()["witnesses"] == 1, "who refuses the team is not counted"
