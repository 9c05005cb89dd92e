"""What a release promises to those who publish it, and to those who receive it."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.figures import SUPPRESSED
from app.core.models import now
from app.excerpts.models import Excerpt
from app.releases.models import Delivery
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.decision import Verb
from app.witnesses.models import Witness
from tests.bundles.conftest import OFFICIALS, URL
from tests.make import Make

Bundle = dict[str, Any]
SHARED = "/api/v1/shared"


@pytest.fixture
def witness(db: Session, excerpt: Excerpt) -> Witness:
    """Who said it."""
    spoke = TestimonyWitness.testimony_id == excerpt.testimony_id
    rows = select(Witness).join(TestimonyWitness, TestimonyWitness.witness_id == Witness.id)
    return db.scalars(rows.where(spoke)).one()


def items_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for section in content["sections"] for item in section["items"]]


# Publishing


def test_it_holds_what_readers_need_and_no_id_of_who_spoke(
    release: dict[str, Any], excerpt: Excerpt, witness: Witness
) -> None:
    [item] = items_of(release["content"])
    assert item["quote"] == excerpt.exact
    assert (item["role_label"], item["territory_label"]) == ("Tuteur ou tutrice", "Var")
    assert release["content"]["balance"]["nature"] == {"other": SUPPRESSED}  # of one
    told = json.dumps(release["content"])
    for secret in (excerpt.id, excerpt.testimony_id, witness.id, witness.pseudonym):
        assert str(secret) not in told


def test_the_same_snapshot_again_is_the_same_release(
    as_editor: TestClient, bundle: Bundle, release: dict[str, Any]
) -> None:
    again = as_editor.post(f"{URL}/{bundle['id']}/releases")
    assert again.status_code == 200
    assert again.json()["id"] == release["id"]
    assert as_editor.get(f"{URL}/{bundle['id']}").json()["state"] == "published"


def test_another_snapshot_is_the_next_number_and_supersedes_it(
    as_editor: TestClient,
    bundle: Bundle,
    release: dict[str, Any],
    payload_of: Callable[..., dict[str, Any]],
) -> None:
    [item] = bundle["sections"][0]["items"]
    as_editor.put(f"{URL}/{bundle['id']}", json=payload_of(item, title="Un autre titre"))
    assert as_editor.post(f"{URL}/{bundle['id']}/releases").status_code == 409  # not ready
    as_editor.put(f"{URL}/{bundle['id']}/readiness")
    second = as_editor.post(f"{URL}/{bundle['id']}/releases").json()
    assert (second["number"], second["superseded_by"]) == (2, None)
    assert second["sha256"] != release["sha256"]
    first = as_editor.get(f"/api/v1/releases/{release['id']}").json()
    assert first["superseded_by"] == second["id"]
    assert first["content"]["title"] == "Ce que disent les tuteurs"
    listed = as_editor.get(f"{URL}/{bundle['id']}/releases").json()["items"]
    assert [r["number"] for r in listed] == [2, 1]


def test_without_a_consent_nothing_is_published(
    as_editor: TestClient, make: Make, composed: Callable[..., Bundle], excerpt: Excerpt
) -> None:
    bundle = composed(excerpt, make.excerpt(make.testimony()))
    as_editor.put(f"{URL}/{bundle['id']}/readiness")
    refused = as_editor.post(f"{URL}/{bundle['id']}/releases")
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/not-publishable"
    [blocker] = refused.json()["blockers"]
    assert blocker["item_id"] == bundle["sections"][0]["items"][1]["id"]
    assert as_editor.get(f"{URL}/{bundle['id']}/releases").json()["items"] == []


def test_a_draft_is_not_published(
    as_editor: TestClient, composed: Callable[..., Bundle], excerpt: Excerpt
) -> None:
    refused = as_editor.post(f"{URL}/{composed(excerpt)['id']}/releases")
    assert refused.json()["type"] == "/problems/wrong-state"


def test_a_bundle_of_which_something_was_published_is_not_deleted(
    as_editor: TestClient, bundle: Bundle, release: dict[str, Any]
) -> None:
    refused = as_editor.delete(f"{URL}/{bundle['id']}")
    assert refused.json()["type"] == "/problems/conflict"
    assert as_editor.get(f"/api/v1/releases/{release['id']}").status_code == 200


def test_others_do_not_see_it(
    as_animator: TestClient, as_custodian: TestClient, release: dict[str, Any]
) -> None:
    for client in (as_animator, as_custodian):
        assert client.get(f"/api/v1/releases/{release['id']}").status_code == 404
        assert client.get(f"/api/v1/releases/{release['id']}/deliveries").status_code == 404


# The gate, at serve time


def test_a_withdrawal_takes_effect_at_once_everywhere(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    release: dict[str, Any],
    token: str,
    witness: Witness,
    excerpt: Excerpt,
) -> None:
    url = f"/api/v1/releases/{release['id']}"
    assert excerpt.exact
    assert excerpt.exact in as_anonymous.get(f"{SHARED}/{token}").text

    make.consent(witness, OFFICIALS, verb=Verb.WITHDRAW)

    for found in (as_anonymous.get(f"{SHARED}/{token}"), as_editor.get(url)):
        assert excerpt.exact not in found.text
        [item] = items_of(found.json().get("content", found.json()))
        assert item["withdrawn"] is True
        assert {item[name] for name in ("quote", "role_label", "territory_label")} == {None}
    [exclusion] = as_editor.get(url).json()["exclusions"]
    assert (exclusion["excerpt_id"], exclusion["reason"]) == (str(excerpt.id), "withdrawn")
    assert as_editor.get(url).json()["sha256"] == release["sha256"]  # the snapshot stays


def test_a_testimony_rejected_later_is_not_shown_any_more(
    as_anonymous: TestClient, database: Database, token: str, excerpt: Excerpt
) -> None:
    with database.write.begin() as db:
        db.get_one(Testimony, excerpt.testimony_id).state = State.REJECTED
    [item] = items_of(as_anonymous.get(f"{SHARED}/{token}").json())
    assert item["withdrawn"] is True


def test_a_consent_that_expires_takes_the_words_with_it(
    as_anonymous: TestClient, make: Make, token: str, witness: Witness
) -> None:
    yesterday = now() - timedelta(days=1)
    make.consent(witness, OFFICIALS, valid_until=yesterday)
    [item] = items_of(as_anonymous.get(f"{SHARED}/{token}").json())
    assert item["withdrawn"] is True


# Deliveries


def test_a_link_is_shown_once_and_kept_as_a_fingerprint(
    as_editor: TestClient, release: dict[str, Any], token: str, db: Session
) -> None:
    [listed] = as_editor.get(f"/api/v1/releases/{release['id']}/deliveries").json()["items"]
    assert listed["recipient"] == "Madame l'Élue (démo)"
    assert listed["opened_at"] is None
    assert "url" not in listed
    assert len(token) >= 43  # 256 bits
    kept = db.scalars(select(Delivery)).one()
    assert token not in str(vars(kept))
    days = (kept.expires_at - kept.created_at).total_seconds() / 86400
    assert round(days) == 90


def test_its_first_opening_and_its_acknowledgement_are_kept(
    as_editor: TestClient,
    as_anonymous: TestClient,
    release: dict[str, Any],
    token: str,
    db: Session,
) -> None:
    deliveries = f"/api/v1/releases/{release['id']}/deliveries"
    read = as_anonymous.get(f"{SHARED}/{token}")
    assert read.headers["cache-control"] == "private, no-store"
    assert read.json()["acknowledged_at"] is None
    [opened] = as_editor.get(deliveries).json()["items"]
    as_anonymous.get(f"{SHARED}/{token}")
    first, again = (as_anonymous.put(f"{SHARED}/{token}/acknowledgement").json() for _ in range(2))
    assert first == again
    [told] = as_editor.get(deliveries).json()["items"]
    assert told["opened_at"] == opened["opened_at"]
    assert told["acknowledged_at"] == first["acknowledged_at"]
    assert as_anonymous.get(f"{SHARED}/{token}").json()["acknowledged_at"]
    actions = list(db.scalars(select(AuditEvent.action).where(AuditEvent.actor_kind == "link")))
    assert actions.count("delivery.acknowledged") == 1


def test_a_revoked_link_is_closed_at_once(
    as_editor: TestClient, as_anonymous: TestClient, release: dict[str, Any], token: str
) -> None:
    deliveries = f"/api/v1/releases/{release['id']}/deliveries"
    [listed] = as_editor.get(deliveries).json()["items"]
    for _ in range(2):
        assert as_editor.delete(f"/api/v1/deliveries/{listed['id']}").status_code == 204
    for method, path in (("GET", ""), ("PUT", "/acknowledgement")):
        closed = as_anonymous.request(method, f"{SHARED}/{token}{path}")
        assert closed.status_code == 410
        assert closed.json()["type"] == "/problems/link-closed"


def test_an_expired_link_is_closed(
    as_anonymous: TestClient, database: Database, token: str
) -> None:
    with database.write.begin() as db:
        db.scalars(select(Delivery)).one().expires_at = now() - timedelta(seconds=1)
    assert as_anonymous.get(f"{SHARED}/{token}").status_code == 410


def test_an_unknown_link_is_nothing(as_anonymous: TestClient, token: str) -> None:
    for unknown in ("x", token[:-1], token + "a", str(uuid4())):
        assert as_anonymous.get(f"{SHARED}/{unknown}").status_code == 404


def test_a_link_opens_its_release_only(
    as_editor: TestClient,
    as_anonymous: TestClient,
    composed: Callable[..., Bundle],
    consented: Callable[..., Excerpt],
    token: str,
) -> None:
    other = composed(consented(), title="Un autre dossier")
    as_editor.put(f"{URL}/{other['id']}/readiness")
    as_editor.post(f"{URL}/{other['id']}/releases")
    assert as_anonymous.get(f"{SHARED}/{token}").json()["title"] == "Ce que disent les tuteurs"


def test_a_passcode_is_asked_for_and_tried_five_times(
    as_editor: TestClient, as_anonymous: TestClient, release: dict[str, Any], db: Session
) -> None:
    url = f"/api/v1/releases/{release['id']}/deliveries"
    made = as_editor.post(url, json={"recipient": "Le service", "passcode": "mistral"}).json()
    assert made["has_passcode"] is True
    shared = f"{SHARED}/{made['url'].rpartition('/')[2]}"
    assert as_anonymous.get(shared).json()["type"] == "/problems/passcode-needed"
    for _ in range(4):
        wrong = as_anonymous.get(shared, headers={"X-Passcode": "tramontane"})
        assert wrong.status_code == 403
    assert as_anonymous.get(shared, headers={"X-Passcode": "mistral"}).status_code == 200
    for _ in range(5):
        as_anonymous.get(shared, headers={"X-Passcode": "tramontane"})
    limited = as_anonymous.get(shared, headers={"X-Passcode": "mistral"})
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0
    refused = select(AuditEvent.subject_id).where(AuditEvent.action == "delivery.refused")
    assert {str(one) for one in db.scalars(refused)} == {made["id"]}


def test_of_fifty_tries_of_a_passcode_five_are_heard(
    as_editor: TestClient, as_anonymous: TestClient, release: dict[str, Any]
) -> None:
    url = f"/api/v1/releases/{release['id']}/deliveries"
    made = as_editor.post(url, json={"recipient": "Le service", "passcode": "mistral"}).json()
    shared = f"{SHARED}/{made['url'].rpartition('/')[2]}"
    tries = [f"tramontane {n}" for n in range(48)] + ["mistral", "mistral"]

    def attempt(passcode: str) -> int:
        return as_anonymous.get(shared, headers={"X-Passcode": passcode}).status_code

    with ThreadPoolExecutor(8) as threads:
        found = Counter(threads.map(attempt, tries))
    assert found == {403: 5, 429: 45}


@pytest.mark.parametrize(
    "given", ["été 26".encode(), "été 26".encode("latin-1"), "e\u0301te\u0301 26".encode()]
)
def test_a_passcode_with_accents_is_right_however_it_is_sent(
    as_editor: TestClient, as_anonymous: TestClient, release: dict[str, Any], given: bytes
) -> None:
    url = f"/api/v1/releases/{release['id']}/deliveries"
    made = as_editor.post(url, json={"recipient": "Le service", "passcode": "été 26"}).json()
    shared = f"{SHARED}/{made['url'].rpartition('/')[2]}"
    headers = {b"X-Passcode": given}
    for path in ("", "/files/page.html"):
        assert as_anonymous.get(f"{shared}{path}", headers=headers).status_code == 200
    said = as_anonymous.post(f"{shared}/reactions", json={"understood": True}, headers=headers)
    assert said.status_code == 201
    wrong = as_anonymous.get(shared, headers={"X-Passcode": "ete 26"})
    assert wrong.status_code == 403


def test_an_evaluator_gives_no_links(
    as_evaluator: TestClient, as_editor: TestClient, release: dict[str, Any]
) -> None:
    url = f"/api/v1/releases/{release['id']}/deliveries"
    assert as_evaluator.post(url, json={"recipient": "X"}).status_code == 403
    made = as_editor.post(url, json={"recipient": "X"}).json()
    assert as_evaluator.delete(f"/api/v1/deliveries/{made['id']}").status_code == 403
    past = {"recipient": "X", "expires_at": "2020-01-01T00:00:00Z"}
    assert as_editor.post(url, json=past).status_code == 422


# Files


def test_its_page_is_a_file_for_the_team_and_for_recipients(
    as_editor: TestClient,
    as_animator: TestClient,
    as_anonymous: TestClient,
    make: Make,
    release: dict[str, Any],
    token: str,
    witness: Witness,
    excerpt: Excerpt,
) -> None:
    shared = as_anonymous.get(f"{SHARED}/{token}").json()
    theirs, ours = (
        next(file for file in told["files"] if file["name"] == "page.html")
        for told in (shared, release)
    )
    assert (theirs["name"], theirs["status"]) == ("page.html", "ready")
    assert excerpt.exact
    for client, file in ((as_anonymous, theirs), (as_editor, ours)):
        page = client.get(file["url"])
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert excerpt.exact in page.text
        assert "<form" not in page.text
    assert as_animator.get(ours["url"]).status_code == 404
    assert as_editor.get(ours["url"].replace("page.html", "note.pdf")).status_code == 404
    make.consent(witness, OFFICIALS, verb=Verb.WITHDRAW)
    for client, file in ((as_anonymous, theirs), (as_editor, ours)):
        assert excerpt.exact not in client.get(file["url"]).text
