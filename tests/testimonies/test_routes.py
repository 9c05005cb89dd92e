"""What the API of testimonies promises to those who deposit and change them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.models import now
from app.testimonies.models import (
    State,
    Testimony,
    TestimonyMedia,
    TestimonyTag,
    TestimonyTheme,
    TestimonyWitness,
)
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/testimonies"
LINKS = (TestimonyWitness, TestimonyTheme, TestimonyMedia, TestimonyTag)


def blank(response: Any) -> tuple[int, dict[str, str], bytes]:
    """An answer but for what names the request."""
    request_id = response.json()["request_id"]
    headers = {k: v for k, v in response.headers.items() if v != request_id}
    return response.status_code, headers, response.content.replace(request_id.encode(), b"")


# Depositing


def test_an_animator_deposits_a_draft(
    as_animator: TestClient,
    animator: Account,
    payload: dict[str, Any],
    workshop: Workshop,
    make: Make,
) -> None:
    themes = [make.theme(scheme_id=workshop.scheme_id) for _ in range(3)]
    media = [make.media(organization=animator.organization) for _ in range(2)]
    more = {
        "theme_ids": [str(theme.id) for theme in reversed(themes)],
        "media_ids": [str(one.id) for one in reversed(media)],
        "tags": ["embauche", "accueil", "embauche"],
        "nature": "practice",
        "restriction": {
            "media": ["voice"],
            "audiences": None,
            "forms": ["film"],
            "purposes": ["evaluation"],
        },
        "embargo_until": "2027-01-01T00:00:00Z",
    }
    response = as_animator.post(URL, json=payload | more)

    assert response.status_code == 201
    shown = response.json()
    kept = payload | more | {"tags": ["embauche", "accueil"], "language": "fr"}
    del kept["media_ids"]
    assert shown.items() >= kept.items()
    assert [one["id"] for one in shown["media"]] == more["media_ids"]
    assert shown["media"][0] | {"id": ""} == {
        "id": "",
        "kind": "video",
        "status": "ready",
        "duration_ms": 60_000,
    }
    assert (shown["state"], shown["version"], shown["submitted_at"]) == ("draft", 1, None)
    assert shown["captured_by"] == str(animator.id)
    assert shown["place_id"] == str(workshop.place_id)
    again = as_animator.get(response.headers["location"])
    assert again.json() == shown
    assert again.headers["etag"] == response.headers["etag"]
    assert as_animator.get(URL).json()["items"] == [shown]


def test_a_retry_deposits_nothing_twice(
    as_animator: TestClient, payload: dict[str, Any], db: Session
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (as_animator.post(URL, json=payload, headers=key) for _ in range(2))
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    other = as_animator.post(URL, json=payload | {"title": "Autre"}, headers=key)
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert db.scalar(select(func.count()).select_from(Testimony)) == 1


def test_it_needs_a_body_or_media(
    as_animator: TestClient, animator: Account, payload: dict[str, Any], make: Make
) -> None:
    del payload["body"]
    response = as_animator.post(URL, json=payload)
    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "body_or_media"

    filmed = {"media_ids": [str(make.media(organization=animator.organization).id)]}
    assert as_animator.post(URL, json=payload | filmed).json()["body"] is None


# The limits of trust.md, counted in code points after NFC: five letters of which two combine.
E_ACUTE = "e\u0301"


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("body", "a" * 20_000),
        ("body", E_ACUTE * 20_000),
        ("body", "🙂" * 20_000),
        ("title", E_ACUTE * 200),
        ("tags", [E_ACUTE * 64]),
        ("tags", [f"mot {n}" for n in range(50)]),
        ("tags", []),
    ],
)
def test_what_is_as_long_as_allowed_is_kept(
    as_animator: TestClient, payload: dict[str, Any], field: str, longest: Any
) -> None:
    response = as_animator.post(URL, json=payload | {field: longest})
    assert response.status_code == 201
    if isinstance(longest, str):
        assert len(response.json()[field]) == len(longest.replace(E_ACUTE, "é"))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"body": "a" * 20_001}, "#/body"),
        ({"body": E_ACUTE * 20_001}, "#/body"),
        ({"title": "é" * 201}, "#/title"),
        ({"title": "a\nb"}, "#/title"),
        ({"tags": ["a", "b" * 65]}, "#/tags/1"),
        ({"tags": [f"mot {n}" for n in range(51)]}, "#/tags"),
        ({"body": "a\x00b"}, "#/body"),
        ({"body": "a\ufffeb"}, "#/body"),
        ({"witness_ids": []}, "#/witness_ids"),
        ({"recorded_on": "14/05/2013"}, "#/recorded_on"),
        ({"recorded_on": "2013-05-14T10:00:00Z"}, "#/recorded_on"),
        ({"method": "telepathy"}, "#/method"),
        ({"sector": "nonsense"}, "#/sector"),
        ({"nature": "poem"}, "#/nature"),
        ({"language": "français"}, "#/language"),
        ({"territory_id": str(uuid4())}, "#/territory_id"),
        ({"scheme_id": str(uuid4())}, "#/workshop_id"),
        ({"scheme_id": str(uuid4()), "workshop_id": None}, "#/scheme_id"),
        ({"restriction": {"media": ["smell"]}}, "#/restriction/media/0"),
        ({"restriction": {"nobody": []}}, "#/restriction/nobody"),
        ({"embargo_until": "2027-01-01"}, "#/embargo_until"),
        ({"state": "accepted"}, "#/state"),
        ({"captured_by": str(uuid4())}, "#/captured_by"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_animator: TestClient, payload: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    response = as_animator.post(URL, json=payload | wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_what_one_does_not_see_does_not_exist(
    as_animator: TestClient, payload: dict[str, Any], make: Make, witness: Witness
) -> None:
    """A witness or a media of another organization, a theme of another scheme: at their place."""
    other_scheme = make.scheme().id
    stranger, theme = make.witness(), make.theme(scheme_id=other_scheme)
    of_other_scheme = make.witness(
        workshop=make.workshop(
            place=make.place(organization=make.organization()),
            partner_organization_id=witness.owner_organization_id,
            scheme_id=other_scheme,
        )
    )
    media = make.media()
    known = str(witness.id)
    for wrong, pointer in (
        ({"witness_ids": [known, str(stranger.id)]}, "#/witness_ids/1"),
        ({"witness_ids": [known, str(of_other_scheme.id)]}, "#/witness_ids/1"),
        ({"witness_ids": [str(uuid4()), known]}, "#/witness_ids/0"),
        ({"theme_ids": [str(theme.id)]}, "#/theme_ids/0"),
        ({"media_ids": [str(media.id)]}, "#/media_ids/0"),
        ({"media_ids": [str(uuid4())]}, "#/media_ids/0"),
        ({"workshop_id": str(make.workshop().id)}, "#/workshop_id"),
    ):
        response = as_animator.post(URL, json=payload | wrong)
        assert response.status_code == 422
        (error,) = response.json()["errors"]
        assert (error["pointer"], error["code"]) == (pointer, "unknown_id")


def test_nothing_is_deposited_in_a_closed_workshop(
    as_animator: TestClient, payload: dict[str, Any], workshop: Workshop
) -> None:
    assert as_animator.put(f"/api/v1/workshops/{workshop.id}/closure").status_code == 204
    response = as_animator.post(URL, json=payload)
    assert response.json()["type"] == "/problems/workshop-not-open"


def test_the_association_that_films_deposits_for_the_place(
    client_for: ClientFor, as_animator: TestClient, animator: Account, make: Make
) -> None:
    films = make.account()
    workshop = make.workshop(
        organization=animator.organization, partner_organization_id=films.organization_id
    )
    witness, filmed = make.witness(workshop=workshop), make.media(organization=films.organization)
    body = {
        "scheme_id": str(workshop.scheme_id),
        "workshop_id": str(workshop.id),
        "method": "video",
        "witness_ids": [str(witness.id)],
        "recorded_on": "2013-05-14",
        "media_ids": [str(filmed.id)],
    }
    as_films = client_for(films)
    address = as_films.post(URL, json=body).headers["location"]

    for client in (as_films, as_animator):
        assert client.get(address).status_code == 200
        assert len(client.get(URL).json()["items"]) == 1
    # The place describes it again, with the media of the association that are there…
    again = as_animator.put(address, json=body | {"title": "Autrement"})
    assert (again.status_code, len(again.json()["media"])) == (200, 1)
    # … but takes no other one of theirs.
    other = str(make.media(organization=films.organization).id)
    taken = as_animator.put(address, json=body | {"media_ids": [str(filmed.id), other]})
    assert taken.json()["errors"][0]["pointer"] == "#/media_ids/1"
    assert as_films.put(f"{address}/submission").status_code == 204


@pytest.mark.parametrize("role", [Role.EDITOR, Role.EVALUATOR, Role.CUSTODIAN, Role.ADMINISTRATOR])
def test_only_who_captures_deposits(
    client_for: ClientFor, make: Make, animator: Account, payload: dict[str, Any], role: Role
) -> None:
    colleague = make.account(role=role, organization=animator.organization)
    assert client_for(colleague).post(URL, json=payload).status_code == 403


# Changing


def test_a_change_replaces_everything_that_belongs_to_it(
    as_animator: TestClient,
    animator: Account,
    make: Make,
    payload: dict[str, Any],
    workshop: Workshop,
    db: Session,
) -> None:
    themes = [make.theme(scheme_id=workshop.scheme_id) for _ in range(2)]
    media = [make.media(organization=animator.organization) for _ in range(2)]
    people = [make.witness(workshop=workshop) for _ in range(2)]
    before = {
        "witness_ids": [str(people[0].id)],
        "theme_ids": [str(themes[0].id)],
        "media_ids": [str(media[0].id)],
        "tags": ["avant", "toujours"],
    }
    after = {
        "witness_ids": [str(people[1].id), str(people[0].id)],
        "theme_ids": [str(themes[1].id)],
        "media_ids": [str(media[1].id), str(media[0].id)],
        "tags": ["toujours", "après"],
    }
    address = as_animator.post(URL, json=payload | before).headers["location"]
    other = make.testimony(workshop=workshop, themes=themes, media=media, tags=["avant"])
    response = as_animator.put(address, json=payload | after | {"body": None})

    assert response.status_code == 200
    shown = response.json()
    assert (shown["version"], shown["body"]) == (2, None)
    assert [shown[name] for name in ("witness_ids", "theme_ids", "tags")] == [
        after[name] for name in ("witness_ids", "theme_ids", "tags")
    ]
    assert [one["id"] for one in shown["media"]] == after["media_ids"]
    assert as_animator.get(address).json() == shown
    # Nothing of another testimony was touched, and nothing is left behind.
    assert as_animator.get(f"{URL}/{other.id}").json()["tags"] == ["avant"]
    for link, count in zip(LINKS, (3, 3, 4, 3), strict=True):
        assert db.scalar(select(func.count()).select_from(link)) == count


def test_to_change_only_what_belongs_to_it_is_a_new_version(
    as_animator: TestClient, payload: dict[str, Any], db: Session
) -> None:
    created = as_animator.post(URL, json=payload)
    address, etag = created.headers["location"], created.headers["etag"]
    changed = as_animator.put(address, json=payload | {"tags": ["accueil"]})

    assert changed.json()["version"] == 2
    assert changed.json()["updated_at"] > created.json()["updated_at"]
    again = as_animator.get(address, headers={"If-None-Match": etag})
    assert again.status_code == 200
    current = {"If-None-Match": changed.headers["etag"]}
    assert as_animator.get(address, headers=current).status_code == 304
    events = db.scalars(select(AuditEvent.action).where(AuditEvent.subject_kind == "testimony"))
    assert sorted(events) == ["testimony.changed", "testimony.deposited"]


def test_what_changed_meanwhile_is_not_overwritten(
    as_animator: TestClient, payload: dict[str, Any]
) -> None:
    created = as_animator.post(URL, json=payload)
    address, read = created.headers["location"], {"If-Match": created.headers["etag"]}

    assert as_animator.put(address, json=payload, headers=read).status_code == 200
    for late in (
        as_animator.put(address, json=payload | {"title": "Trop tard"}, headers=read),
        as_animator.put(f"{address}/submission", headers=read),
        as_animator.delete(f"{address}/submission", headers=read),
        as_animator.delete(address, headers=read),
    ):
        assert late.status_code == 412
        assert late.json()["type"] == "/problems/precondition-failed"
    assert as_animator.get(address).json()["title"] == payload["title"]
    current = {"If-Match": '"2"'}
    assert as_animator.put(f"{address}/submission", headers=current).status_code == 204


def test_of_ten_changes_to_one_version_one_is_made(
    as_animator: TestClient, payload: dict[str, Any]
) -> None:
    address = as_animator.post(URL, json=payload).headers["location"]

    def change(number: int) -> int:
        body = payload | {"title": f"Version {number}", "tags": [f"{number}"]}
        return as_animator.put(address, json=body, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(10) as threads:
        assert sorted(threads.map(change, range(10))) == [200] + [412] * 9
    shown = as_animator.get(address).json()
    assert shown["tags"] == [shown["title"].removeprefix("Version ")]


def test_its_scheme_and_its_workshop_stay(
    as_animator: TestClient, payload: dict[str, Any], make: Make, animator: Account
) -> None:
    address = as_animator.post(URL, json=payload).headers["location"]
    other = make.workshop(organization=animator.organization)
    for wrong in (
        {"workshop_id": str(other.id)},
        {"workshop_id": None},
        {"scheme_id": str(make.scheme().id)},
    ):
        response = as_animator.put(address, json=payload | wrong)
        assert response.json()["errors"][0]["pointer"] == f"#/{next(iter(wrong))}"


def test_an_editor_keeps_the_media_that_are_there_and_adds_none(
    as_editor: TestClient, make: Make, workshop: Workshop, payload: dict[str, Any]
) -> None:
    there, elsewhere = make.media(), make.media()
    testimony = make.testimony(workshop=workshop, media=[there])
    body = payload | {"media_ids": [str(there.id)]}
    address = f"{URL}/{testimony.id}"
    assert as_editor.put(address, json=body).status_code == 200

    response = as_editor.put(address, json=body | {"media_ids": [str(elsewhere.id)]})
    assert response.json()["errors"][0]["pointer"] == "#/media_ids/0"


# Deleting


def test_a_draft_of_ones_own_can_be_deleted(
    as_animator: TestClient, payload: dict[str, Any], db: Session
) -> None:
    address = as_animator.post(URL, json=payload | {"tags": ["a"]}).headers["location"]
    assert as_animator.delete(address).status_code == 204
    assert as_animator.get(address).status_code == 404
    for table in (Testimony, *LINKS):
        assert db.scalar(select(func.count()).select_from(table)) == 0
    assert "testimony.discarded" in db.scalars(select(AuditEvent.action)).all()


def test_nobody_elses_and_nothing_that_was_handed_over(
    as_animator: TestClient,
    animator: Account,
    client_for: ClientFor,
    make: Make,
    workshop: Workshop,
    as_outsider: TestClient,
) -> None:
    colleague = client_for(make.account(organization=animator.organization))
    draft = make.testimony(workshop=workshop, state=State.DRAFT, captured_by=animator.id)
    assert colleague.delete(f"{URL}/{draft.id}").status_code == 403
    assert as_outsider.delete(f"{URL}/{draft.id}").status_code == 404
    for state in (State.SUBMITTED, State.RETURNED, State.ACCEPTED, State.REJECTED):
        mine = make.testimony(workshop=workshop, state=state, captured_by=animator.id)
        response = as_animator.delete(f"{URL}/{mine.id}")
        assert (response.status_code, response.json()["state"]) == (409, state)


# Handing over


def test_of_twenty_submissions_at_once_one_is_recorded(
    as_animator: TestClient, payload: dict[str, Any], db: Session
) -> None:
    address = as_animator.post(URL, json=payload).headers["location"]
    with ThreadPoolExecutor(20) as threads:
        answers = threads.map(
            lambda _: as_animator.put(f"{address}/submission").status_code, range(20)
        )
        assert list(answers) == [204] * 20

    events = db.scalars(select(AuditEvent.action).where(AuditEvent.subject_kind == "testimony"))
    assert sorted(events) == ["testimony.deposited", "testimony.submitted"]
    shown = as_animator.get(address).json()
    assert (shown["state"], shown["version"]) == ("submitted", 2)
    assert shown["submitted_at"]


def test_taking_back_twice_is_taking_back_once(
    as_animator: TestClient, make: Make, workshop: Workshop, db: Session
) -> None:
    testimony = make.testimony(workshop=workshop, state=State.SUBMITTED)
    for _ in range(2):
        assert as_animator.delete(f"{URL}/{testimony.id}/submission").status_code == 204
    shown = as_animator.get(f"{URL}/{testimony.id}").json()
    assert (shown["state"], shown["submitted_at"]) == ("draft", None)
    events = db.scalars(select(AuditEvent.action).where(AuditEvent.subject_id == testimony.id))
    assert events.all() == ["testimony.taken-back"]


def test_somebody_elses_testimony_is_none(
    as_outsider: TestClient, make: Make, workshop: Workshop, payload: dict[str, Any]
) -> None:
    testimony, nothing = make.testimony(workshop=workshop), uuid4()
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", payload),
        ("DELETE", "", None),
        ("PUT", "/submission", None),
        ("DELETE", "/submission", None),
        ("GET", "/decisions", None),
        ("POST", "/decisions", {"verdict": "accept"}),
    ):
        theirs = as_outsider.request(method, f"{URL}/{testimony.id}{path}", json=body)
        unknown = as_outsider.request(method, f"{URL}/{nothing}{path}", json=body)
        assert theirs.status_code == 404
        assert blank(theirs) == blank(unknown)


def test_it_was_said_on_a_day_and_not_at_a_time(
    as_animator: TestClient, payload: dict[str, Any]
) -> None:
    tomorrow = str((now() + timedelta(days=1)).date())
    shown = as_animator.post(URL, json=payload | {"recorded_on": tomorrow}).json()
    assert shown["recorded_on"] == tomorrow
