"""What witnesses read of their words, and do about them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.moderation.models import Decision, Verdict
from app.receipts import deliveries
from app.receipts.models import Approval
from app.receipts.uses import uses_of
from app.releases import exhibitions
from app.releases.models import Delivery, Release, ReleaseItem
from app.testimonies.models import Nature, State, Testimony
from app.withdrawals.models import Withdrawal
from app.witnesses.decision import Medium, Verb
from app.witnesses.models import ConsentEvent, Disclosure, Witness
from tests.conftest import ClientFor
from tests.exports.conftest import rows_of
from tests.jobs.desk import Desk
from tests.make import Make
from tests.pages.conftest import CELL, Published
from tests.receipts.conftest import RECEIPT, WORDS, Dossier, Kept

AsWitness = Callable[[Witness], TestClient]
WITHDRAWALS = f"{RECEIPT}/withdrawals"


def the_use(client: TestClient) -> dict[str, Any]:
    (testimony,) = client.get(RECEIPT).json()["testimonies"]
    (use,) = testimony["uses"]
    return dict(use)


def test_a_witness_of_whom_nothing_is_known_yet(as_witness: AsWitness, kept: Kept) -> None:
    answer = as_witness(kept.witness).get(RECEIPT)
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    workshop = shown.pop("workshop")
    assert workshop.keys() == {"title", "kind", "starts_at", "place"}
    nothing: list[Any] = []
    assert shown == {
        "pseudonym": kept.witness.pseudonym,
        "testimonies": nothing,
        "deliveries": nothing,
        "more_deliveries": 0,
        "propositions": nothing,
        "consents": nothing,
        "withdrawals": nothing,
        "disclosures": nothing,
    }


def test_a_witness_sees_where_their_own_words_are_used(
    as_speaker: TestClient, dossier: Dossier
) -> None:
    for recipient in ("Madame l'Élue (démo)", "Monsieur le Chef de service (démo)"):
        dossier.deliver(recipient=recipient)
    answer = as_speaker.get(RECEIPT)
    (testimony,) = answer.json()["testimonies"]
    assert testimony["state"] == "accepted"
    assert testimony["reason"] is None
    (use,) = testimony["uses"]
    assert use["quote"] == WORDS[0]
    assert use["bundle_title"] == "Ce qu'on fait : <b>quand ça coince</b>"
    assert (use["audience_label"], use["form_label"]) == ("Élus", "Page web")
    assert (use["recipients"], use["reactions"], use["approved"]) == (2, [], None)
    assert use.keys() == {
        *("item_id", "quote", "signature", "bundle_title", "audience_label", "form_label"),
        *("published_at", "recipients", "reactions", "approved"),
    }
    assert WORDS[1] not in answer.text  # somebody else's


def test_a_dossier_given_to_some_then_to_others_is_two_uses_each_with_its_readers(
    as_speaker: TestClient, dossier: Dossier, make: Make
) -> None:
    _, official = dossier.deliver()
    dossier.release_id = dossier.publish_for("tutors")
    for recipient in ("Le club des tuteurs (démo)", "Une tutrice (démo)"):
        _, tutor = dossier.deliver(recipient=recipient)
    for delivery_id, text in ((official, "Dit par l'élue."), (tutor, "Dit par la tutrice.")):
        about = {"published_at": now(), "published_by_id": make.account().id}
        make.reaction(delivery_id, text=text, **about)
    (testimony,) = as_speaker.get(RECEIPT).json()["testimonies"]
    uses = {use["audience_label"]: use for use in testimony["uses"]}
    assert {label: use["recipients"] for label, use in uses.items()} == {"Élus": 1, "Tuteurs": 2}
    said = {label: [told["text"] for told in use["reactions"]] for label, use in uses.items()}
    assert said == {"Élus": ["Dit par l'élue."], "Tuteurs": ["Dit par la tutrice."]}
    for use in uses.values():
        url = f"{RECEIPT}/approvals/{use['item_id']}"
        assert as_speaker.put(url, json={"approved": True}).status_code == 200


def test_a_dossier_given_again_to_the_same_is_one_use_of_all_that_it_showed_them(
    as_speaker: TestClient, dossier: Dossier, db: Session, database: Database
) -> None:
    dossier.deliver()
    with database.write.begin() as writing:  # as of a version in which the voice was heard
        shown = [Medium.ANONYMOUS_TEXT, Medium.VOICE]
        writing.execute(update(ReleaseItem).values(media_shown=shown))
    dossier.make.consent(dossier.witnesses[0], CELL._replace(medium=Medium.VOICE))
    answer = dossier.republish(introduction="Lu à nouveau.")
    dossier.release_id = answer.json()["id"]
    dossier.deliver()
    assert the_use(as_speaker)["recipients"] == 2
    (use,) = uses_of(db, dossier.witnesses[0].id)
    assert {cell.medium for cell in use.cells} == {Medium.ANONYMOUS_TEXT, Medium.VOICE}


def test_a_link_that_was_closed_is_no_recipient(as_speaker: TestClient, dossier: Dossier) -> None:
    _, delivery_id = dossier.deliver()
    dossier.editor.delete(f"/api/v1/deliveries/{delivery_id}")
    assert the_use(as_speaker)["recipients"] == 0


# To whom they were given


def deliveries_in(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(RECEIPT).json()["deliveries"]
    return found


def test_each_delivery_is_told_by_its_readers_and_never_by_a_name(
    as_speaker: TestClient, dossier: Dossier, make: Make, client_for: ClientFor
) -> None:
    path, _ = dossier.deliver()
    client_for(None).get(f"/api/v1/shared/{path.removeprefix('/r/')}")
    other, _ = dossier.deliver(recipient="Monsieur Dupont (démo)")
    reader = client_for(None)
    reader.put(f"/api/v1/shared/{other.removeprefix('/r/')}/acknowledgement")
    function = make.decision_maker(title="Vice-présidence à l'emploi (démo)")
    given = {"recipient": "Madame Martin (démo)", "decision_maker_id": str(function.id)}
    _, delivery_id = dossier.deliver(**given)
    answer = as_speaker.get(RECEIPT)
    third, second, first = answer.json()["deliveries"]
    assert third == {
        "bundle_title": "Ce qu'on fait : <b>quand ça coince</b>",
        "audience_label": "Élus",
        "form_label": "Page web",
        "recipient": "Vice-présidence à l'emploi (démo)",
        "given_at": dossier.told(delivery_id)["created_at"],
        "opened_at": None,
        "acknowledged_at": None,
    }
    assert (second["recipient"], bool(second["acknowledged_at"])) == (None, True)
    assert (bool(first["opened_at"]), first["acknowledged_at"]) == (True, None)
    assert answer.json()["more_deliveries"] == 0
    for name in ("Dupont", "Martin", "Madame"):
        assert name not in answer.text


def test_deliveries_of_others_words_are_not_told(
    as_witness: AsWitness, dossier: Dossier, published: Published, kept: Kept
) -> None:
    dossier.deliver()
    others = published("services")
    others.deliver()
    others.deliver()
    mine, theirs = (as_witness(d.witnesses[0]) for d in (dossier, others))
    assert [one["audience_label"] for one in deliveries_in(mine)] == ["Élus"]
    assert len(deliveries_in(theirs)) == 2
    assert deliveries_in(as_witness(kept.witness)) == []


def test_the_latest_are_told_and_how_many_there_were_before(
    as_speaker: TestClient, dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MOST", 3)
    ids = [dossier.deliver()[1] for _ in range(3)]
    assert as_speaker.get(RECEIPT).json()["more_deliveries"] == 0
    ids += [dossier.deliver()[1] for _ in range(2)]
    shown = as_speaker.get(RECEIPT).json()
    moments = [dossier.told(delivery_id)["created_at"] for delivery_id in reversed(ids)]
    assert [one["given_at"] for one in shown["deliveries"]] == moments[:3]
    assert shown["more_deliveries"] == 2


def test_a_link_that_was_closed_before_it_was_opened_gave_nothing(
    as_speaker: TestClient, dossier: Dossier, client_for: ClientFor
) -> None:
    (_, unopened), (path, opened) = dossier.deliver(), dossier.deliver()
    client_for(None).get(f"/api/v1/shared/{path.removeprefix('/r/')}")
    for delivery_id in (unopened, opened):
        dossier.editor.delete(f"/api/v1/deliveries/{delivery_id}")
    assert [bool(one["opened_at"]) for one in deliveries_in(as_speaker)] == [True]


def test_what_was_given_stays_told_after_a_withdrawal_and_nothing_of_the_words(
    as_speaker: TestClient, as_witness: AsWitness, dossier: Dossier, database: Database
) -> None:
    """Also before any worker came by: what is given then holds no words of theirs."""
    _, delivery_id = dossier.deliver()
    assert as_speaker.post(WITHDRAWALS, json={"all": True}).status_code == 201
    dossier.deliver()
    answer = as_speaker.get(RECEIPT)
    [only] = answer.json()["deliveries"]
    assert only["given_at"] == dossier.told(delivery_id)["created_at"]
    Desk(database).work_all()
    newest = dossier.editor.get(f"/api/v1/bundles/{dossier.bundle_id}/releases").json()["items"][0]
    dossier.release_id = newest["id"]
    dossier.deliver()
    answer = as_speaker.get(RECEIPT)
    assert answer.json()["deliveries"] == [only]
    assert WORDS[0] not in answer.text
    assert WORDS[1] not in answer.text
    other = as_witness(dossier.witnesses[1])
    assert len(deliveries_in(other)) == 3


def test_it_stays_told_when_the_link_opens_what_takes_its_place(
    as_speaker: TestClient,
    as_witness: AsWitness,
    as_evaluator: TestClient,
    client_for: ClientFor,
    make: Make,
    dossier: Dossier,
    database: Database,
) -> None:
    """To who spoke later, from the day on when their words were there."""
    path, delivery_id = dossier.deliver()
    given_at = dossier.told(delivery_id)["created_at"]
    here = f"/api/v1/shared/{path.removeprefix('/r/')}"
    assert client_for(None).get(here).status_code == 200
    assert as_speaker.post(WITHDRAWALS, json={"all": True}).status_code == 201
    Desk(database).work_all()
    late = make.witness()
    make.consent(late, dossier.cell)
    said = make.excerpt(make.testimony(witnesses=[late]), nature=Nature.FEELING)
    bundle = dossier.editor.get(f"/api/v1/bundles/{dossier.bundle_id}").json()
    _, left = bundle["sections"][0]["items"]
    items = [left, {"excerpt_id": str(said.id), "caption": "Un élu"}]
    answer = dossier.republish(sections=[{"title": "Apprendre", "items": items}])
    assert answer.status_code == 201, answer.text
    assert deliveries_in(as_witness(late)) == []

    assert client_for(None).put(f"{here}/recall-acknowledgement").status_code == 200
    for witness in dossier.witnesses:
        [one] = deliveries_in(as_witness(witness))
        assert one["given_at"] == given_at < one["acknowledged_at"]
    [one] = deliveries_in(as_witness(late))
    assert one["given_at"] == one["opened_at"] == one["acknowledged_at"] > given_at
    rows = rows_of(as_evaluator, "releases")
    assert sorted((row["number"], row["deliveries"]) for row in rows) == [(1, 1), (2, 0), (3, 0)]


def test_nobody_received_what_hangs_on_a_wall(
    as_witness: AsWitness,
    as_evaluator: TestClient,
    client_for: ClientFor,
    published: Published,
    db: Session,
) -> None:
    exhibition = published(form="exhibition")
    wall = db.scalars(select(Delivery).where(Delivery.is_wall)).one()
    token = exhibitions.token_of(wall.release_id)
    assert client_for(None).get(f"/api/v1/shared/{token}").status_code == 200
    speaker = as_witness(exhibition.witnesses[0])
    assert deliveries_in(speaker) == []
    assert the_use(speaker)["recipients"] == 0
    [row] = rows_of(as_evaluator, "releases")
    assert (row["deliveries"], row["opened"]) == (0, 0)
    exhibition.deliver()
    assert len(deliveries_in(speaker)) == the_use(speaker)["recipients"] == 1


def test_a_witness_is_told_how_their_words_are_signed(
    as_witness: AsWitness, dossier: Dossier, database: Database, db: Session
) -> None:
    witness = dossier.witnesses[0]
    assert the_use(as_witness(witness))["signature"] is None
    with database.write.begin() as writing:
        writing.execute(update(Witness).values(signature="Un tuteur <b>de Berthe</b>"))
    signed = dossier.cell._replace(medium=Medium.SIGNED_TEXT)
    for one in dossier.witnesses:
        dossier.make.consent(one, signed)
    bundle = dossier.editor.get(f"/api/v1/bundles/{dossier.bundle_id}").json()
    items = [item | {"signed": True} for item in bundle["sections"][0]["items"]]
    answer = dossier.republish(sections=[{"title": "Apprendre", "items": items}])
    assert answer.status_code == 201, answer.text
    assert the_use(as_witness(witness))["signature"] == "Un tuteur <b>de Berthe</b>"
    (use,) = uses_of(db, witness.id)
    asked = {cell.medium for cell in use.cells}
    assert asked == {Medium.ANONYMOUS_TEXT, Medium.SIGNED_TEXT}, "both releases are read"


def test_ones_words_are_seen_before_anybody_accepts_them(
    as_witness: AsWitness, kept: Kept, make: Make
) -> None:
    for state in (State.DRAFT, State.SUBMITTED, State.REJECTED):
        make.testimony(witnesses=[kept.witness], state=state)
    make.testimony()  # somebody else's
    shown = as_witness(kept.witness).get(RECEIPT).json()["testimonies"]
    assert sorted(t["state"] for t in shown) == ["draft", "rejected", "submitted"]


def test_a_testimony_that_was_returned_says_why(
    as_witness: AsWitness, kept: Kept, make: Make, database: Database
) -> None:
    testimony = make.testimony(witnesses=[kept.witness], state=State.RETURNED)
    with database.write.begin() as db:
        for minutes, code in ((2, "off_topic"), (1, "too_vague")):
            db.add(
                Decision(
                    testimony_id=testimony.id,
                    verdict=Verdict.RETURN,
                    reason_code=code,
                    comment="Une remarque pour l'équipe",
                    by_id=testimony.captured_by,
                    created_at=now() - timedelta(minutes=minutes),
                )
            )
    answer = as_witness(kept.witness).get(RECEIPT)
    (shown,) = answer.json()["testimonies"]
    label = "Trop vague : on ne voit pas ce qui s'est passé"
    assert shown["reason"] == {"code": "too_vague", "label": label}
    assert "remarque" not in answer.text


def test_what_a_release_does_not_show_any_more_is_no_use(
    as_speaker: TestClient, dossier: Dossier, database: Database
) -> None:
    assert the_use(as_speaker)
    dossier.make.consent(dossier.witnesses[0], CELL, verb=Verb.REFUSE)
    assert as_speaker.get(RECEIPT).json()["testimonies"][0]["uses"] == []
    dossier.make.consent(dossier.witnesses[0], CELL)
    assert the_use(as_speaker)
    with database.write.begin() as db:
        for release in db.scalars(select(Release)):
            release.recalled_at = now()
    assert as_speaker.get(RECEIPT).json()["testimonies"][0]["uses"] == []


def test_a_witness_is_told_who_was_shown_their_identity(
    as_witness: AsWitness, kept: Kept, make: Make, database: Database
) -> None:
    for witness, reason in ((kept.witness, "Rappeler la personne"), (make.witness(), "Autre")):
        with database.write.begin() as db:
            about = {"by_id": make.account().id, "by_role": "custodian", "reason": reason}
            db.add(Disclosure(witness_id=witness.id, **about))
    (told,) = as_witness(kept.witness).get(RECEIPT).json()["disclosures"]
    assert told.keys() == {"at", "by_role", "reason"}
    assert (told["by_role"], told["reason"]) == ("custodian", "Rappeler la personne")


def test_a_witness_is_told_what_they_allow(
    as_witness: AsWitness, kept: Kept, give: Callable[..., None]
) -> None:
    give(kept.witness, "written_officials")
    told = {c["choice"]: c for c in as_witness(kept.witness).get(RECEIPT).json()["consents"]}
    officials = told["written_officials"]
    assert officials["allowed"]
    assert officials["until"]
    assert "élus" in officials["label"]
    assert (told["video_public"]["allowed"], told["video_public"]["reason"]) == (
        False,
        "never-given",
    )


# Approvals


def test_a_witness_says_whether_they_agree_with_a_use(
    as_speaker: TestClient, dossier: Dossier, db: Session
) -> None:
    url = f"{RECEIPT}/approvals/{the_use(as_speaker)['item_id']}"
    for approved in (True, True, False):
        answer = as_speaker.put(url, json={"approved": approved})
        assert answer.status_code == 200
        assert answer.json()["approved"] is approved
        assert the_use(as_speaker)["approved"] is approved
    events = select(AuditEvent).where(AuditEvent.action == "release-item.commented")
    said = [(e.facts["approved"], e.actor_id) for e in db.scalars(events)]
    assert sorted(said) == [(False, dossier.witnesses[0].id), (True, dossier.witnesses[0].id)]
    assert db.scalar(select(func.count()).select_from(Approval)) == 1


def test_only_of_ones_own_words(
    as_speaker: TestClient, as_witness: AsWitness, dossier: Dossier
) -> None:
    others = the_use(as_witness(dossier.witnesses[1]))["item_id"]
    own = the_use(as_speaker)["item_id"]
    told = []
    for item_id in (others, str(uuid4())):
        answer = as_speaker.put(f"{RECEIPT}/approvals/{item_id}", json={"approved": True})
        assert answer.status_code == 404
        told.append({k: v for k, v in answer.json().items() if k != "request_id"})
    assert told[0] == told[1]
    dossier.withdraw(0)
    answer = as_speaker.put(f"{RECEIPT}/approvals/{own}", json={"approved": True})
    assert answer.status_code == 404


@pytest.mark.parametrize("body", [{}, {"approved": None}, {"approved": "yes"}, {"approved": 1}])
def test_an_approval_is_a_yes_or_a_no(as_speaker: TestClient, body: dict[str, Any]) -> None:
    url = f"{RECEIPT}/approvals/{the_use(as_speaker)['item_id']}"
    assert as_speaker.put(url, json=body).status_code == 422


# Withdrawals


def test_all_is_taken_back_at_once_and_the_receipt_still_opens(
    as_speaker: TestClient, dossier: Dossier, db: Session
) -> None:
    answer = as_speaker.post(WITHDRAWALS, json={"all": True})
    assert answer.status_code == 201
    assert answer.json()["everything"] is True
    assert answer.json()["state"] == "effective"
    shown = as_speaker.get(RECEIPT).json()
    (testimony,) = shown["testimonies"]
    assert (testimony["state"], testimony["uses"]) == ("withdrawn", [])
    (withdrawal,) = shown["withdrawals"]
    assert withdrawal.keys() == {"at", "choices", "state"}
    witness = db.get_one(Witness, dossier.witnesses[0].id)
    assert witness.withdrawn_at
    kept = db.scalars(select(Withdrawal)).one()
    assert (kept.by_kind, kept.by_id, kept.witness_id) == ("receipt", witness.id, witness.id)
    other = db.get_one(Witness, dossier.witnesses[1].id)
    assert other.withdrawn_at is None


def test_a_withdrawal_says_how_far_it_is(as_speaker: TestClient, database: Database) -> None:
    as_speaker.post(WITHDRAWALS, json={"all": True})
    steps: list[tuple[dict[str, Any], str]] = [
        ({"held_at": now()}, "held"),
        ({"purged_at": now()}, "purged"),
    ]
    for facts, state in steps:
        with database.write.begin() as db:
            row = db.scalars(select(Withdrawal)).one()
            for name, value in facts.items():
                setattr(row, name, value)
        assert as_speaker.get(RECEIPT).json()["withdrawals"][0]["state"] == state


def test_some_cells_are_taken_back(as_speaker: TestClient, db: Session) -> None:
    cell = dict(zip(("medium", "audience", "form", "purpose"), CELL, strict=True))
    answer = as_speaker.post(WITHDRAWALS, json={"cells": [cell]})
    assert answer.status_code == 201
    shown = as_speaker.get(RECEIPT).json()
    assert shown["testimonies"][0]["state"] == "accepted"
    assert shown["testimonies"][0]["uses"] == []
    event = db.scalars(select(ConsentEvent).order_by(ConsentEvent.number.desc())).first()
    assert event
    assert (event.verb, event.cells) == ("withdraw", [list(CELL)])


def test_a_choice_is_taken_back(
    as_speaker: TestClient, dossier: Dossier, give: Callable[..., None]
) -> None:
    give(dossier.witnesses[0], "written_officials", "written_inside")
    answer = as_speaker.post(WITHDRAWALS, json={"choices": ["written_officials"]})
    assert answer.status_code == 201
    assert answer.json()["choices"] == ["written_officials"]
    shown = as_speaker.get(RECEIPT).json()
    allowed = {c["choice"] for c in shown["consents"] if c["allowed"]}
    assert allowed == {"written_inside"}
    assert shown["testimonies"][0]["uses"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#"),
        ({"all": False}, "#/all"),
        ({"all": True, "choices": ["written_inside"]}, "#"),
        ({"choices": []}, "#/choices"),
        ({"choices": ["nothing"]}, "#/choices/0"),
        ({"cells": []}, "#/cells"),
        (
            {
                "cells": [
                    {"medium": "voice", "audience": "x", "form": "film", "purpose": "training"}
                ]
            },
            "#/cells/0/audience",
        ),
        ({"all": True, "witness_id": str(uuid4())}, "#/witness_id"),
    ],
)
def test_exactly_one_thing_is_asked(
    as_speaker: TestClient, db: Session, body: dict[str, Any], pointer: str
) -> None:
    answer = as_speaker.post(WITHDRAWALS, json=body)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not db.scalar(select(func.count()).select_from(Withdrawal))


def test_a_withdrawal_that_is_sent_again_is_one(as_speaker: TestClient, db: Session) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first, again = (
        as_speaker.post(WITHDRAWALS, json={"all": True}, headers=headers) for _ in range(2)
    )
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert db.scalar(select(func.count()).select_from(Withdrawal)) == 1


def test_the_key_of_a_witness_is_not_that_of_another(
    as_speaker: TestClient, as_witness: AsWitness, dossier: Dossier, db: Session
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    for client in (as_speaker, as_witness(dossier.witnesses[1])):
        answer = client.post(WITHDRAWALS, json={"all": True}, headers=headers)
        assert "idempotency-replayed" not in answer.headers
    assert db.scalar(select(func.count()).select_from(Withdrawal)) == 2
    states = set(db.scalars(select(Testimony.state)))
    assert states == {State.WITHDRAWN}
