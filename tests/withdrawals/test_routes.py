"""What a withdrawal changes at once, whether or not a worker is there."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.models import now
from app.testimonies.models import State, Testimony
from app.withdrawals.models import Withdrawal
from app.witnesses.models import ConsentEvent, Witness
from tests.conftest import ClientFor
from tests.withdrawals.world import API, AUDIENCE, CANARY, FORM, NOISE, World

OFFICIALS = {"audience": AUDIENCE, "form": FORM, "purpose": "evaluation"}


def test_it_is_told_and_recorded_without_a_reason(world: World, db: Session) -> None:
    told = world.take_back()
    assert (told["everything"], told["state"], told["by_kind"]) == (True, "effective", "account")
    (event,) = db.scalars(select(AuditEvent).where(AuditEvent.action == "withdrawal.made"))
    assert event.facts.keys() == {"everything", "cells", "witness_id"}
    said = db.scalars(select(ConsentEvent).order_by(ConsentEvent.number.desc())).first()
    assert said
    assert (str(said.verb), said.number) == ("withdraw", told["event_number"])
    seen = world.editor.get(f"{API}/withdrawals", params={"witness_id": str(world.witness.id)})
    assert [item["id"] for item in seen.json()["items"]] == [told["id"]]
    assert world.editor.get(f"{API}/withdrawals/{told['id']}").json()["state"] == "effective"


def test_nobody_of_the_staff_finds_the_words_any_more(world: World) -> None:
    here = f"{API}/testimonies/{world.testimony.id}"
    media = f"{API}/media/{world.media.id}"
    signed = world.editor.get(media).json()["renditions"][0]["url"]
    everybody = (world.animator, world.editor, world.evaluator)
    for client in everybody:
        assert client.get(here).status_code == 200
    world.take_back()

    for client in everybody:
        assert client.get(here).status_code == 404
        assert client.get(media).status_code == 404
        listed = client.get(f"{API}/testimonies", params={"count": True}).json()
        assert [item["id"] for item in listed["items"]] == [str(world.kept.id)]
        assert listed["total"] == 1
        excerpts = client.get(f"{API}/excerpts").json()["items"]
        assert [item["quote"] for item in excerpts] == [f"Je raconte {NOISE}."]
    range_ = {"Range": "bytes=0-3"}
    assert world.anybody.get(signed, headers=range_).status_code == 404
    export = world.evaluator.get(f"{API}/exports/testimonies.jsonl", params={"purpose": "essai"})
    assert CANARY not in export.text
    assert NOISE in export.text


def test_what_was_given_is_read_without_them(world: World) -> None:
    read = world.shared().json()
    video = read["sections"][0]["items"][2]["media"]["url"]
    assert CANARY in world.words_on_the_page()
    assert world.anybody.get(video, headers={"Range": "bytes=0-3"}).status_code == 206
    tag = world.anybody.get(video).headers["ETag"]
    world.take_back()

    page = world.words_on_the_page()
    assert CANARY not in page
    assert NOISE in page
    assert "Un témoignage a été retiré à la demande de la personne." in page
    shown = world.shared()
    assert CANARY not in shown.text
    withdrawn = [item["withdrawn"] for item in shown.json()["sections"][0]["items"]]
    assert withdrawn == [True, False, True, True]
    for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": tag}):
        assert world.anybody.get(video, headers=headers).status_code == 404


def test_one_use_may_be_taken_back_and_the_others_stay(world: World) -> None:
    cells = [{"medium": medium, **OFFICIALS} for medium in ("voice", "image")]
    told = world.take_back(cells=cells)
    assert (told["everything"], len(told["cells"])) == (False, 2)
    withdrawn = [item["withdrawn"] for item in world.shared().json()["sections"][0]["items"]]
    assert withdrawn == [False, False, True, False]
    assert world.editor.get(f"{API}/testimonies/{world.testimony.id}").status_code == 200


def test_a_choice_takes_back_all_that_it_stands_for(world: World) -> None:
    world.take_back(choices=["written_officials"])
    withdrawn = [item["withdrawn"] for item in world.shared().json()["sections"][0]["items"]]
    assert withdrawn == [True, False, True, False]  # the film was given with its captions
    world.take_back(choices=["signed_officials"])
    withdrawn = [item["withdrawn"] for item in world.shared().json()["sections"][0]["items"]]
    assert withdrawn == [True, False, True, True]


def test_of_several_witnesses_one_is_enough(world: World) -> None:
    make = world.make
    together = make.testimony(
        workshop=world.workshop, witnesses=[world.other, world.witness], body=f"À deux, {CANARY}."
    )
    alone = make.testimony(workshop=world.workshop, witnesses=[world.other], body="Seul.")
    world.take_back()
    assert world.editor.get(f"{API}/testimonies/{together.id}").status_code == 404
    assert world.editor.get(f"{API}/testimonies/{alone.id}").status_code == 200


def test_a_draft_goes_too(world: World) -> None:
    draft = world.make.testimony(
        workshop=world.workshop, witnesses=[world.witness], state=State.DRAFT
    )
    assert world.animator.get(f"{API}/testimonies/{draft.id}").status_code == 200
    world.take_back()
    assert world.animator.get(f"{API}/testimonies/{draft.id}").status_code == 404


def test_a_retry_is_not_answered_with_them(world: World) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    deposit = {
        "scheme_id": str(world.workshop.scheme_id),
        "workshop_id": str(world.workshop.id),
        "method": "written",
        "witness_ids": [str(world.witness.id)],
        "body": f"Encore {CANARY}.",
        "recorded_on": "2013-05-14",
    }
    first = world.animator.post(f"{API}/testimonies", json=deposit, headers=key)
    again = world.animator.post(f"{API}/testimonies", json=deposit, headers=key)
    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    world.take_back()

    answer = world.animator.post(f"{API}/testimonies", json=deposit, headers=key)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/answer-forgotten")
    assert CANARY not in answer.text


def test_twice_is_once(world: World, db: Session) -> None:
    first, second = world.take_back(), world.take_back()
    assert first["id"] == second["id"]
    assert len(db.scalars(select(Withdrawal)).all()) == 1


# Mirrors


def since(world: World, path: str, **given: Any) -> list[dict[str, Any]]:
    past = (now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    answer = world.editor.get(f"{API}/{path}", params={"updated_since": past} | given)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


def test_mirrors_are_told_to_forget(world: World) -> None:
    assert {"id", "body"} <= since(world, "testimonies")[0].keys()
    world.take_back()
    gone = {"id": str(world.testimony.id), "state": "withdrawn"}
    found = since(world, "testimonies")
    assert gone in found
    assert {item["id"] for item in found} == {str(world.testimony.id), str(world.kept.id)}
    excerpts = since(world, "excerpts")
    tombs = [item for item in excerpts if item.keys() == {"id", "state"}]
    assert {tomb["id"] for tomb in tombs} == {str(world.excerpts[i].id) for i in (0, 2)}
    assert CANARY not in str(found) + str(excerpts)
    assert gone not in world.editor.get(f"{API}/testimonies").json()["items"]


def test_so_are_they_when_it_is_the_team_that_may_not_read(world: World) -> None:
    inside = {"medium": "anonymous_text", "audience": "team", "form": "dataset"}
    world.take_back(cells=[inside | {"purpose": "evaluation"}])
    assert {"id": str(world.testimony.id), "state": "withdrawn"} in since(world, "testimonies")


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.ANIMATOR])
def test_who_never_saw_it_is_told_nothing(world: World, client_for: ClientFor, role: Role) -> None:
    stranger = client_for(world.make.account(role=role))
    pending = world.make.testimony(
        workshop=world.workshop, witnesses=[world.witness], state=State.SUBMITTED
    )
    world.take_back()
    past = (now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    answer = stranger.get(f"{API}/testimonies", params={"updated_since": past})
    assert str(pending.id) not in answer.text
    assert (str(world.testimony.id) in answer.text) == (role is Role.EVALUATOR)


def test_for_ninety_days(world: World) -> None:
    world.take_back()
    with world.make.sessions.begin() as db:
        old = update(Testimony).values(updated_at=now() - timedelta(days=91))
        db.execute(old.where(Testimony.id == world.testimony.id))
    past = (now() - timedelta(days=200)).isoformat().replace("+00:00", "Z")
    answer = world.editor.get(f"{API}/testimonies", params={"updated_since": past})
    assert str(world.testimony.id) not in answer.text


# Who may, and mistakes


def test_who_heard_them_or_the_custodian_writes_it_down(
    world: World, client_for: ClientFor
) -> None:
    asked = {"witness_id": str(world.witness.id), "all": True}
    outsider = client_for(world.make.account(role=Role.ANIMATOR))
    assert outsider.post(f"{API}/withdrawals", json=asked).status_code == 404
    for client in (world.editor, world.evaluator):
        assert client.post(f"{API}/withdrawals", json=asked).status_code == 403
    assert world.anybody.post(f"{API}/withdrawals", json=asked).status_code == 401
    assert world.custodian.post(f"{API}/withdrawals", json=asked).status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"all": False},
        {"all": True, "choices": ["written_inside"]},
        {"cells": []},
        {"choices": ["nothing"]},
        {"cells": [{"medium": "smell", **OFFICIALS}]},
        {"all": True, "reason": "pourquoi ?"},
    ],
)
def test_a_mistake_takes_nothing_back(world: World, wrong: dict[str, Any], db: Session) -> None:
    asked = {"witness_id": str(world.witness.id)} | wrong
    assert world.animator.post(f"{API}/withdrawals", json=asked).status_code == 422
    assert not db.scalars(select(Withdrawal)).all()
    witness = db.get_one(Witness, world.witness.id)
    assert witness.withdrawn_at is None
