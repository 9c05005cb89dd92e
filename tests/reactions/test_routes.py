"""What recipients answer, who reads it, and what of it witnesses are told."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.reactions import service
from app.reactions.models import Reaction
from app.releases.models import Delivery
from tests.reactions.conftest import API, Answer, AsWitness, Dossier

HOSTILE = "*gras* #titre $x {{7*7}} <img src=x onerror=alert(1)> \u0633\u0644\u0627\u0645 =1+1"
PROMISE = "Nous changeons la fiche de poste avant le 1er mars."


def kept(db: Session) -> int:
    return db.scalar(select(func.count()).select_from(Reaction)) or 0


def uses_of(client: TestClient) -> list[dict[str, Any]]:
    receipt = client.get(f"{API}/receipt").json()
    return [use for testimony in receipt["testimonies"] for use in testimony["uses"]]


# By the link


def test_a_recipient_answers_one_item_and_all_of_it(
    as_editor: TestClient, answer: Answer, items: list[str], dossier: Dossier, db: Session
) -> None:
    about_one = answer(item_id=items[0], understood=True, surprised=False, form_rating=4)
    about_all = answer(commitment="planned", text=PROMISE)
    assert (about_one["item_id"], about_one["commitment"]) == (items[0], "none")
    listed = as_editor.get(f"{API}/releases/{dossier.release_id}/reactions").json()["items"]
    assert [one["id"] for one in listed] == [about_all["id"], about_one["id"]]
    assert {(one["audience"], one["form"], one["state"]) for one in listed} == {
        ("elected_officials", "web_page", "waiting")
    }
    assert [one["text"] for one in listed] == [PROMISE, None]
    events = select(AuditEvent.actor_kind, AuditEvent.facts)
    heard = db.execute(events.where(AuditEvent.action == "reaction.received")).all()
    assert {kind for kind, _ in heard} == {"link"}
    assert PROMISE not in str(heard)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({}, "#"),
        ({"commitment": "none"}, "#"),
        ({"commitment": "planned"}, "#/text"),
        ({"commitment": "made", "text": None}, "#/text"),
        ({"commitment": "made", "text": "  "}, "#/text"),
        ({"commitment": "promised", "text": "x"}, "#/commitment"),
        ({"form_rating": 0}, "#/form_rating"),
        ({"form_rating": 6}, "#/form_rating"),
        ({"form_rating": "4"}, "#/form_rating"),
        ({"form_rating": True}, "#/form_rating"),
        ({"understood": "oui"}, "#/understood"),
        ({"surprised": 1}, "#/surprised"),
        ({"text": "a" * 4001}, "#/text"),
        ({"text": "a\u0000b"}, "#/text"),
        ({"item_id": str(uuid4()), "understood": True}, "#/item_id"),
        ({"understood": True, "published_at": "2026-01-01T00:00:00Z"}, "#/published_at"),
    ],
)
def test_what_says_nothing_or_too_much_is_refused(
    as_anonymous: TestClient, token: str, db: Session, said: dict[str, Any], pointer: str
) -> None:
    refused = as_anonymous.post(f"{API}/shared/{token}/reactions", json=said)
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]
    assert kept(db) == 0


def test_an_item_that_was_taken_back_is_not_answered(
    as_anonymous: TestClient, token: str, items: list[str], dossier: Dossier
) -> None:
    dossier.withdraw(0)
    url = f"{API}/shared/{token}/reactions"
    refused = as_anonymous.post(url, json={"item_id": items[0], "understood": True})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/item_id"]
    assert as_anonymous.post(url, json={"item_id": items[1], "understood": True}).is_success


def test_whatever_is_written_stays_what_it_is(
    as_editor: TestClient, as_witness: AsWitness, answer: Answer, dossier: Dossier
) -> None:
    said = answer(text=HOSTILE)
    assert said["text"] == HOSTILE
    as_editor.put(f"{API}/reactions/{said['id']}/publication", json={})
    [use] = uses_of(as_witness(dossier.witnesses[0]))
    assert use["reactions"][0]["text"] == HOSTILE


def test_an_answer_sent_again_with_its_key_is_one(
    as_anonymous: TestClient, token: str, dossier: Dossier, db: Session
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    url = f"{API}/shared/{token}/reactions"
    first, again = (
        as_anonymous.post(url, json={"text": PROMISE}, headers=headers) for _ in range(2)
    )
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = as_anonymous.post(url, json={"text": "Autre chose."}, headers=headers)
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    elsewhere = dossier.deliver()[0].removeprefix("/r/")
    theirs = as_anonymous.post(
        f"{API}/shared/{elsewhere}/reactions", json={"text": PROMISE}, headers=headers
    )
    assert "idempotency-replayed" not in theirs.headers, "a key is the link's own"
    assert kept(db) == 2


def test_a_link_answers_several_times_and_not_for_ever(
    as_anonymous: TestClient,
    token: str,
    answer: Answer,
    dossier: Dossier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert service.MOST == 200
    monkeypatch.setattr(service, "MOST", 3)
    for _ in range(3):
        answer(understood=True)
    refused = as_anonymous.post(f"{API}/shared/{token}/reactions", json={"understood": True})
    assert (refused.status_code, refused.json()["most"]) == (409, 3)
    assert refused.json()["type"] == "/problems/too-many-reactions"
    answer(token=dossier.deliver()[0].removeprefix("/r/"), understood=True)


def test_a_closed_link_answers_nothing(
    as_anonymous: TestClient, as_editor: TestClient, dossier: Dossier, database: Database
) -> None:
    (revoked, revoked_id), (expired, expired_id) = dossier.deliver(), dossier.deliver()
    as_editor.delete(f"{API}/deliveries/{revoked_id}")
    with database.write.begin() as db:
        late = db.scalars(select(Delivery).where(Delivery.id == expired_id)).one()
        late.expires_at = now() - timedelta(seconds=1)
    for link in (revoked, expired):
        url = f"{API}/shared/{link.removeprefix('/r/')}/reactions"
        closed = as_anonymous.post(url, json={"understood": True})
        assert (closed.status_code, closed.json()["type"]) == (410, "/problems/link-closed")
    assert (
        as_anonymous.post(f"{API}/shared/nobody/reactions", json={"text": "x"}).status_code == 404
    )


def test_a_passcode_is_asked_for(as_anonymous: TestClient, dossier: Dossier, db: Session) -> None:
    link, _ = dossier.deliver(passcode="mistral")
    url = f"{API}/shared/{link.removeprefix('/r/')}/reactions"
    said = {"understood": True}
    assert as_anonymous.post(url, json=said).json()["type"] == "/problems/passcode-needed"
    statuses = [
        as_anonymous.post(url, json=said, headers={"X-Passcode": f"vent {i}"}).status_code
        for i in range(50)
    ]
    assert statuses == [403] * 5 + [429] * 45
    assert kept(db) == 0


# For the team


def test_reactions_of_all_releases_are_listed_by_what_they_are(
    as_editor: TestClient, as_evaluator: TestClient, answer: Answer, make: Any
) -> None:
    thinking = answer(commitment="thinking")
    planned = answer(commitment="planned", text=PROMISE)
    as_editor.put(f"{API}/reactions/{planned['id']}/publication", json={})

    def ids(**filters: Any) -> list[str]:
        found = as_evaluator.get(f"{API}/reactions", params=filters)
        assert found.status_code == 200, found.text
        return [one["id"] for one in found.json()["items"]]

    assert ids() == [planned["id"], thinking["id"]]
    assert ids(scheme_id=str(make.the_scheme.id), audience="elected_officials") == ids()
    assert ids(scheme_id=str(make.scheme().id)) == []
    assert ids(audience="services") == ids(form="film") == []
    assert ids(commitment=["planned", "made"]) == ids(state="published") == [planned["id"]]
    assert ids(commitment="thinking", state="waiting") == [thinking["id"]]
    assert as_evaluator.get(f"{API}/reactions", params={"state": "x"}).status_code == 422
    page = as_evaluator.get(f"{API}/reactions", params={"limit": 1, "count": "true"}).json()
    assert (page["total"], [one["id"] for one in page["items"]]) == (2, [planned["id"]])
    after = {"limit": 1, "cursor": page["next_cursor"]}
    assert ids(**after) == [thinking["id"]]


def test_others_do_not_read_them(
    as_animator: TestClient, as_custodian: TestClient, as_editor: TestClient, answer: Answer
) -> None:
    said = answer(text=PROMISE)
    url = f"{API}/reactions/{said['id']}"
    for client in (as_animator, as_custodian):
        assert client.get(url).status_code == 404
        assert client.put(f"{url}/publication", json={}).status_code == 404
        assert client.get(f"{API}/reactions").json()["items"] == []
        assert client.get(f"{API}/deliveries").json()["items"] == []
    case = {"X-Reason": "Une plainte"}
    assert as_custodian.get(url, headers=case).json()["text"] == PROMISE
    assert as_editor.get(url).json()["text"] == PROMISE


def test_witnesses_read_what_an_editor_published_and_nothing_else(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_witness: AsWitness,
    answer: Answer,
    items: list[str],
    dossier: Dossier,
    db: Session,
) -> None:
    said = answer(item_id=items[0], commitment="planned", text="J'appelle M. Durand avant mars.")
    url = f"{API}/reactions/{said['id']}"
    first, second = (as_witness(witness) for witness in dossier.witnesses)
    assert [use["reactions"] for use in uses_of(first)] == [[]]
    assert as_evaluator.get(url).json()["text"] is None, "it is not moderated yet"
    edited = "J'appelle l'employeur avant mars."
    assert as_evaluator.put(f"{url}/publication", json={}).status_code == 403

    for _ in range(2):
        published = as_editor.put(f"{url}/publication", json={"public_text": edited})
        assert (published.status_code, published.json()["state"]) == (200, "published")

    [told] = uses_of(first)[0]["reactions"]
    assert told == {
        "of": "item",
        "audience_label": "Élus",
        "commitment": "planned",
        "text": edited,
        "at": said["created_at"],
    }
    assert uses_of(second)[0]["reactions"] == [], "it is about somebody else's words"
    both = as_editor.get(url).json()
    assert (both["text"], both["public_text"]) == (said["text"], edited)
    theirs = as_evaluator.get(url).json()
    assert (theirs["text"], theirs["public_text"]) == (edited, None)
    actions = db.scalars(select(AuditEvent.action).where(AuditEvent.subject_id == said["id"]))
    assert list(actions).count("reaction.published") == 1

    for _ in range(2):
        assert as_editor.delete(f"{url}/publication").status_code == 204
    assert uses_of(first)[0]["reactions"] == []
    assert as_evaluator.delete(f"{url}/publication").status_code == 403


def test_an_answer_to_all_of_it_is_told_to_everybody_in_it(
    as_editor: TestClient, as_witness: AsWitness, answer: Answer, dossier: Dossier
) -> None:
    said = answer(commitment="made", text=PROMISE)
    as_editor.put(f"{API}/reactions/{said['id']}/publication", json={})
    for witness in dossier.witnesses:
        [told] = uses_of(as_witness(witness))[0]["reactions"]
        assert (told["of"], told["commitment"], told["text"]) == ("release", "made", PROMISE)


def test_a_change_since_it_was_read_is_not_published_over(
    as_editor: TestClient, answer: Answer
) -> None:
    said = answer(understood=True)
    url = f"{API}/reactions/{said['id']}"
    tag = as_editor.get(url).headers["etag"]
    assert as_editor.get(url, headers={"If-None-Match": tag}).status_code == 304
    as_editor.put(f"{url}/publication", json={})
    stale = as_editor.put(f"{url}/publication", json={}, headers={"If-Match": tag})
    assert stale.json()["type"] == "/problems/precondition-failed"
    words = as_editor.put(f"{url}/publication", json={"public_text": "Il dit que…"})
    assert [e["pointer"] for e in words.json()["errors"]] == ["#/public_text"], "there is no text"


# Who did not answer


def test_who_did_not_answer_is_listed(
    as_editor: TestClient,
    as_anonymous: TestClient,
    dossier: Dossier,
    answer: Answer,
    make: Any,
    database: Database,
) -> None:
    made = {name: dossier.deliver(recipient=name) for name in ("muet", "lit", "répond", "clos")}
    tokens = {name: link.removeprefix("/r/") for name, (link, _) in made.items()}
    as_anonymous.get(f"{API}/shared/{tokens['lit']}")
    as_anonymous.put(f"{API}/shared/{tokens['répond']}/acknowledgement")
    last = [answer(token=tokens["répond"], understood=True) for _ in range(2)][-1]
    as_editor.delete(f"{API}/deliveries/{made['clos'][1]}")
    answer(understood=True)  # by the link of the fixture

    def names(**filters: Any) -> list[str]:
        found = as_editor.get(f"{API}/deliveries", params=filters)
        assert found.status_code == 200, found.text
        return sorted(
            one["recipient"] for one in found.json()["items"] if "(démo)" not in one["recipient"]
        )

    assert names() == ["clos", "lit", "muet", "répond"]
    waited_for = {"unanswered": "true", "revoked": "false", "expired": "false"}
    assert names(**waited_for, scheme_id=str(make.the_scheme.id)) == ["lit", "muet"]
    assert names(unanswered="false") == names(acknowledged="true") == ["répond"]
    assert names(opened="true") == ["lit", "répond"]
    assert names(revoked="true") == ["clos"]
    assert names(scheme_id=str(make.scheme().id)) == names(form="film") == []
    assert names(release_id=dossier.release_id, audience="elected_officials") == names()
    with database.write.begin() as db:
        late = select(Delivery).where(Delivery.recipient == "muet")
        db.scalars(late).one().expires_at = now() - timedelta(seconds=1)
    assert names(expired="true") == ["muet"]
    assert names(**waited_for) == ["lit"]

    [told] = as_editor.get(f"{API}/deliveries", params={"acknowledged": "true"}).json()["items"]
    assert (told["reactions"], told["last_reaction_at"]) == (2, last["created_at"])
    assert (told["form"], told["number"], told["bundle_id"]) == ("web_page", 1, dossier.bundle_id)
    assert "url" not in told
