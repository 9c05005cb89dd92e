"""What the API of workshops promises to each of its callers."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account, Organization
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.places.models import Place
from app.workshops.models import Kind, Workshop
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/workshops"
Payload = dict[str, Any]


@pytest.fixture
def place(make: Make, animator: Account) -> Place:
    return make.place(organization=animator.organization)


@pytest.fixture
def workshop(make: Make, place: Place) -> Workshop:
    return make.workshop(place=place)


@pytest.fixture
def payload(make: Make, place: Place) -> Payload:
    return {
        "scheme_id": str(make.the_scheme.id),
        "place_id": str(place.id),
        "kind": "witness_group",
        "method": "witness_group",
        "title": "Groupe de témoins de La Seyne",
        "starts_at": "2026-12-01T14:00:00Z",
    }


def items(client: TestClient, query: str = "") -> list[Payload]:
    found: list[Payload] = client.get(f"{URL}{query}").json()["items"]
    return found


def events_of(db: Session, workshop_id: UUID) -> list[tuple[str, UUID | None]]:
    of_it = select(AuditEvent.action, AuditEvent.actor_id)
    rows = db.execute(of_it.where(AuditEvent.subject_id == workshop_id))
    return [(action, actor) for action, actor in rows]


def test_an_animator_plans_one(as_animator: TestClient, payload: Payload) -> None:
    response = as_animator.post(URL, json=payload)

    assert response.status_code == 201
    shown = {**payload, "version": 1, "state": "planned", "closed_at": None, "advice": []}
    assert response.json().items() >= shown.items()
    location = response.headers["location"]
    assert location == f"{URL}/{response.json()['id']}"
    assert as_animator.get(location).json() == response.json()
    assert as_animator.get(location).headers["etag"] == response.headers["etag"]
    [listed] = items(as_animator)
    assert listed == response.json()


def test_and_changes_it(as_animator: TestClient, workshop: Workshop, payload: Payload) -> None:
    response = as_animator.put(f"{URL}/{workshop.id}", json=payload)
    assert response.json().items() >= {**payload, "version": 2}.items()


def test_what_was_planned_and_what_happened_are_both_kept(
    as_animator: TestClient, workshop: Workshop, payload: Payload
) -> None:
    happened = {
        "planned_starts_at": "2026-11-20T14:00:00Z",
        "starts_at": "2026-11-21T09:30:00+01:00",
        "ends_at": "2026-11-21T12:00:00+01:00",
    }
    shown = as_animator.put(f"{URL}/{workshop.id}", json=payload | happened).json()
    assert shown["planned_starts_at"] == "2026-11-20T14:00:00Z"
    assert shown["starts_at"] == "2026-11-21T08:30:00Z"
    assert shown["ends_at"] == "2026-11-21T11:00:00Z"


def test_what_is_left_out_is_forgotten(
    as_animator: TestClient, workshop: Workshop, payload: Payload
) -> None:
    full = payload | {"notes": "Salle 2", "hierarchy_present": False, "roles_expected": ["tutor"]}
    assert as_animator.put(f"{URL}/{workshop.id}", json=full).json()["notes"] == "Salle 2"
    shown = as_animator.put(f"{URL}/{workshop.id}", json=payload).json()
    assert (shown["notes"], shown["hierarchy_present"], shown["roles_expected"]) == (None, None, [])


def test_closing_it_twice_leaves_one_audit_event(
    as_animator: TestClient, animator: Account, workshop: Workshop, db: Session
) -> None:
    for _ in range(2):
        assert as_animator.put(f"{URL}/{workshop.id}/closure").status_code == 204

    shown = as_animator.get(f"{URL}/{workshop.id}").json()
    assert shown["closed_at"]
    assert shown["state"] == "closed"
    assert shown["closed_by_id"] == str(animator.id)
    assert events_of(db, workshop.id) == [("workshop.closed", animator.id)]


def test_it_can_be_reopened_and_that_once(
    as_animator: TestClient, animator: Account, workshop: Workshop, db: Session
) -> None:
    as_animator.put(f"{URL}/{workshop.id}/closure")
    for _ in range(2):
        assert as_animator.delete(f"{URL}/{workshop.id}/closure").status_code == 204
    shown = as_animator.get(f"{URL}/{workshop.id}").json()
    assert (shown["closed_at"], shown["closed_by_id"], shown["state"]) == (None, None, "open")
    actions = [action for action, _ in events_of(db, workshop.id)]
    assert sorted(actions) == ["workshop.closed", "workshop.reopened"]


# Who sees, who does


@pytest.mark.parametrize("role", [Role.EDITOR, Role.EVALUATOR, Role.CUSTODIAN])
def test_those_who_read_everywhere_write_nowhere(
    client_for: ClientFor, make: Make, workshop: Workshop, payload: Payload, role: Role
) -> None:
    reader = client_for(make.account(role=role))
    assert reader.get(f"{URL}/{workshop.id}").status_code == 200
    assert [item["id"] for item in items(reader)] == [str(workshop.id)]

    for response in (
        reader.put(f"{URL}/{workshop.id}/closure"),
        reader.delete(f"{URL}/{workshop.id}/closure"),
        reader.put(f"{URL}/{workshop.id}", json=payload),
        reader.post(URL, json=payload),
    ):
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "/problems/forbidden",
            "title": "Votre rôle ne permet pas cela ici.",
            "status": 403,
            "permission": "run_workshops",
            "request_id": response.headers["x-request-id"],
        }


def test_not_even_those_of_the_organization_of_the_place(
    client_for: ClientFor, make: Make, animator: Account, workshop: Workshop
) -> None:
    colleague = make.account(role=Role.EDITOR, organization=animator.organization)
    assert client_for(colleague).put(f"{URL}/{workshop.id}/closure").status_code == 403


def test_an_administrator_sees_none(
    as_administrator: TestClient, workshop: Workshop, payload: Payload
) -> None:
    page = as_administrator.get(f"{URL}?count=true")
    assert page.json() == {"items": [], "next_cursor": None, "total": 0}
    assert as_administrator.get(f"{URL}/{workshop.id}").status_code == 404
    assert as_administrator.put(f"{URL}/{workshop.id}/closure").status_code == 404
    assert as_administrator.post(URL, json=payload).status_code == 403


def test_for_an_outsider_it_is_as_if_it_were_not(
    as_outsider: TestClient, workshop: Workshop, payload: Payload
) -> None:
    page = as_outsider.get(f"{URL}?count=true")
    assert page.json() == {"items": [], "next_cursor": None, "total": 0}
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", payload),
        ("PUT", "/closure", None),
        ("DELETE", "/closure", None),
    ):
        there, nowhere = (
            as_outsider.request(method, f"{URL}/{some_id}{path}", json=body)
            for some_id in (workshop.id, uuid4())
        )
        assert there.status_code == nowhere.status_code == 404
        assert told(there) == told(nowhere)


def told(response: Any) -> tuple[bytes, dict[str, str]]:
    """An answer without the id of its request."""
    request_id = response.headers.pop("x-request-id")
    assert len(request_id) == 32
    content = response.content.replace(request_id.encode(), b"")
    assert content != response.content
    return content, dict(response.headers)


def test_an_outsider_plans_nothing_in_a_place_that_is_not_theirs(
    as_outsider: TestClient, payload: Payload
) -> None:
    assert as_outsider.post(URL, json=payload).status_code == 403


def test_nor_moves_one_there(
    as_animator: TestClient, make: Make, workshop: Workshop, payload: Payload
) -> None:
    elsewhere = payload | {"place_id": str(make.place().id)}
    assert as_animator.put(f"{URL}/{workshop.id}", json=elsewhere).status_code == 403
    assert as_animator.get(f"{URL}/{workshop.id}").json()["version"] == 1


# Who films in somebody else's place


@pytest.fixture
def partner(make: Make) -> Organization:
    return make.organization(name="Ceux qui filment")


@pytest.fixture
def as_partner(client_for: ClientFor, make: Make, partner: Organization) -> TestClient:
    return client_for(make.account(role=Role.ANIMATOR, organization=partner))


def test_the_partner_plans_sees_and_runs_its_workshop_in_somebody_elses_place(
    as_partner: TestClient,
    as_animator: TestClient,
    as_outsider: TestClient,
    partner: Organization,
    workshop: Workshop,
    payload: Payload,
) -> None:
    filmed = payload | {"partner_organization_id": str(partner.id)}
    response = as_partner.post(URL, json=filmed)
    assert response.status_code == 201
    url = response.headers["location"]

    both = (as_partner, as_animator)  # who films, and whose place it is
    assert [client.get(url).json() for client in both] == [response.json()] * 2
    for client in both:
        assert client.put(f"{url}/closure").status_code == 204
        assert client.delete(f"{url}/closure").status_code == 204
    assert as_partner.put(url, json=filmed | {"title": "Le tournage"}).status_code == 200
    assert [item["title"] for item in items(as_partner)] == ["Le tournage"]  # not the other one
    assert len(items(as_animator)) == 2
    assert as_outsider.get(url).status_code == 404
    assert as_partner.get(f"{URL}/{workshop.id}").status_code == 404


def test_what_is_both_ones_own_and_filmed_by_oneself_is_listed_once(
    as_partner: TestClient, make: Make, partner: Organization
) -> None:
    own = make.workshop(organization=partner, partner_organization_id=partner.id)
    page = as_partner.get(f"{URL}?count=true").json()
    assert ([item["id"] for item in page["items"]], page["total"]) == ([str(own.id)], 1)


def test_a_partner_that_no_longer_films_there_sees_it_no_more(
    as_partner: TestClient,
    as_animator: TestClient,
    make: Make,
    place: Place,
    partner: Organization,
    payload: Payload,
) -> None:
    url = f"{URL}/{make.workshop(place=place, partner_organization_id=partner.id).id}"
    assert as_partner.get(url).status_code == 200
    assert as_animator.put(url, json=payload).status_code == 200
    assert as_partner.get(url).status_code == 404


# What is refused


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"title": " "}, "#/title"),
        ({"title": "a\x00b"}, "#/title"),
        ({"title": "a" * 201}, "#/title"),
        ({"title": "a\u202eb"}, "#/title"),
        ({"notes": "a" * 20_001}, "#/notes"),
        ({"starts_at": "2026-12-01T14:00:00"}, "#/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "#/starts_at"),
        ({"ends_at": "2026-12-01T13:59:59Z"}, "#"),
        ({"kind": "party"}, "#/kind"),
        ({"method": "dance"}, "#/method"),
        ({"method": "tutor"}, "#/method"),  # of another vocabulary
        ({"roles_expected": ["tutor", "minister"]}, "#/roles_expected/1"),
        ({"roles_expected": ["tutor"] * 51}, "#/roles_expected"),
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"place_id": str(uuid4())}, "#/place_id"),
        ({"place_id": "1"}, "#/place_id"),
        ({"partner_organization_id": str(uuid4())}, "#/partner_organization_id"),
        ({"group_id": str(uuid4())}, "#/group_id"),
        ({"unknown": "1"}, "#/unknown"),
    ],
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_mistake_is_pointed_at(
    as_animator: TestClient, payload: Payload, wrong: Payload, pointer: str, language: str
) -> None:
    headers = {"Accept-Language": language}
    response = as_animator.post(URL, json=payload | wrong, headers=headers)

    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["pointer"] == pointer
    assert error["detail"]


def test_a_term_that_was_retired_is_chosen_no_more(
    as_animator: TestClient, as_administrator: TestClient, workshop: Workshop, payload: Payload
) -> None:
    url = "/api/v1/vocabularies/methods/terms/video"
    term = {"code": "video", "label_fr": "Vidéo", "label_en": "Video", "retired": True}
    assert as_administrator.put(url, json=term).status_code == 200
    response = as_animator.post(URL, json=payload | {"method": "video"})
    assert response.json()["errors"][0]["pointer"] == "#/method"
    assert as_animator.get(f"{URL}/{workshop.id}").json()["method"] == "video"  # it stays there


# Advice


def test_a_method_that_does_not_suit_who_is_expected_is_advised_against(
    as_animator: TestClient, payload: Payload
) -> None:
    filmed = payload | {"method": "video", "roles_expected": ["young_person", "employer", "tutor"]}
    shown = as_animator.post(URL, json=filmed).json()
    [advice] = shown["advice"]
    assert advice["code"] == "method-role-fit"
    assert "Employeur, Tuteur ou tutrice." in advice["message"]
    assert "Jeune" not in advice["message"]
    assert items(as_animator)[0]["advice"] == shown["advice"]

    fitting = payload | {"method": "interview", "roles_expected": ["employer", "tutor"]}
    assert as_animator.post(URL, json=fitting).json()["advice"] == []


@pytest.mark.parametrize("facts", [{}, {"suits": 5}, {"suits": True}, {"suits": "employer"}])
def test_a_method_of_which_it_is_not_known_whom_it_suits_suits_everybody(
    as_animator: TestClient, as_administrator: TestClient, payload: Payload, facts: Payload
) -> None:
    url = "/api/v1/vocabularies/methods/terms"
    term = {"code": "poem", "label_fr": "Poème", "label_en": "Poem", "facts": facts}
    assert as_administrator.post(url, json=term).status_code == 201
    written = payload | {"method": "poem", "roles_expected": ["tutor"]}
    response = as_animator.post(URL, json=written)
    assert (response.status_code, response.json()["advice"]) == (201, [])


# Lists


def pages(client: TestClient, url: str) -> Iterator[Payload]:
    while url:
        response = client.get(url)
        yield response.json()
        url = response.links.get("next", {}).get("url", "")
        assert bool(url) == bool(response.json()["next_cursor"])


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_the_pages_make_the_whole_list_in_order(
    as_animator: TestClient, make: Make, place: Place, animator: Account, limit: int
) -> None:
    days = [3, 1, 2, 2, 2]  # several start at the same moment
    mine = {"partner_organization_id": animator.organization_id}
    made = [
        make.workshop(starts_at=datetime(2026, 6, day, 9, tzinfo=UTC), **where)
        for day in days
        for where in ({"place": place}, mine)  # at home, and where one films
    ]
    make.workshop()  # of another organization

    listed = [page["items"] for page in pages(as_animator, f"{URL}?limit={limit}")]
    ordered = sorted(made, key=lambda w: (w.starts_at, w.id), reverse=True)
    assert [item["id"] for page in listed for item in page] == [str(w.id) for w in ordered]


def test_a_list_is_filtered_and_counted_on_request(
    as_animator: TestClient, make: Make, place: Place
) -> None:
    for kind in (Kind.INTERVIEW, Kind.INTERVIEW, Kind.SURVEY, Kind.WORKSHOP):
        make.workshop(place=place, kind=kind)
    make.workshop(kind=Kind.INTERVIEW)  # of another organization

    url = f"{URL}?kind=interview&kind=survey&limit=2&count=true"
    page = as_animator.get(url).json()
    assert page["total"] == 3
    page = as_animator.get(f"{url}&cursor={page['next_cursor']}").json()
    assert page["total"] == 3
    assert len(page["items"]) == 1
    assert page["next_cursor"] is None
    assert "total" not in as_animator.get(URL).json()


def test_each_filter_keeps_what_it_says(
    as_animator: TestClient, make: Make, animator: Account, place: Place, workshop: Workshop
) -> None:
    scheme, digne = make.scheme(), make.territory("04070")
    there = make.place(organization=animator.organization, territory_id=digne.id)
    other = make.workshop(
        place=there,
        scheme_id=scheme.id,
        method="audio",
        starts_at=datetime(2026, 6, 1, 9, tzinfo=UTC),
    )
    make.workshop(scheme_id=scheme.id, method="audio")  # of another organization

    for query in (
        f"scheme_id={scheme.id}",
        f"place_id={there.id}",
        f"territory_id={digne.id}",
        f"territory_id={make.territory('04').id}",
        "method=audio",
        "starts_to=2026-06-01T11:00:00%2B02:00",
    ):
        assert [item["id"] for item in items(as_animator, f"?{query}")] == [str(other.id)], query
    region = make.territory("93").id
    assert len(items(as_animator, f"?territory_id={region}")) == 2
    starts_from = "starts_from=2026-06-01T09:00:01Z"
    assert [i["id"] for i in items(as_animator, f"?{starts_from}")] == [str(workshop.id)]
    assert items(as_animator, f"?scheme_id={uuid4()}") == []


def test_a_mirror_asks_only_for_what_changed_since(
    as_animator: TestClient, make: Make, place: Place, database: Database
) -> None:
    old, changed = make.workshop(place=place), make.workshop(place=place)
    with database.write.begin() as db:
        db.execute(update(Workshop).values(updated_at=now() - timedelta(days=2)))
    since = (now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert items(as_animator, f"?updated_since={since}") == []

    as_animator.put(f"{URL}/{changed.id}/closure")
    assert [i["id"] for i in items(as_animator, f"?updated_since={since}")] == [str(changed.id)]
    assert {i["id"] for i in items(as_animator)} == {str(old.id), str(changed.id)}


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "é",
        "nonsense",
        *(
            urlsafe_b64encode(text.encode()).decode()
            for text in (
                "[]",
                "{}",
                "1",
                "[" * 500,
                '["2026-12-01T14:00:00Z"]',
                '["2026-12-01T14:00:00Z", "1"]',
                '["2026-12-01T14:00:00","8e03978e-40d5-43dd-bc93-6894a57f9324"]',
                '["0001-01-01T00:00:00+14:00","8e03978e-40d5-43dd-bc93-6894a57f9324"]',
            )
        ),
    ],
)
def test_a_forged_cursor_is_refused(
    as_animator: TestClient, as_administrator: TestClient, forged: str
) -> None:
    for client in (as_animator, as_administrator):
        response = client.get(URL, params={"cursor": forged})
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/invalid-cursor"


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=many", "page=2", "kind=party"])
def test_what_a_list_does_not_know_is_refused(as_animator: TestClient, query: str) -> None:
    assert as_animator.get(f"{URL}?{query}").status_code == 422


# Versions


def test_what_did_not_change_is_not_sent_again(as_animator: TestClient, workshop: Workshop) -> None:
    url = f"{URL}/{workshop.id}"
    etag = as_animator.get(url).headers["etag"]
    assert etag.startswith('"1.')

    for known in (etag, f"W/{etag}", f'"7", {etag}', "*"):
        again = as_animator.get(url, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag

    as_animator.put(f"{url}/closure")
    changed = as_animator.get(url, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"].startswith('"2.')


def test_its_state_changes_with_the_clock_but_its_version_does_not(
    as_animator: TestClient, make: Make, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts_at = now() + timedelta(hours=1)
    url = f"{URL}/{make.workshop(place=place, starts_at=starts_at).id}"
    planned = as_animator.get(url)
    monkeypatch.setattr("app.workshops.models.now", lambda: starts_at)
    etag = planned.headers["etag"]
    opened = as_animator.get(url, headers={"If-None-Match": etag})

    assert (planned.json()["state"], opened.json()["state"]) == ("planned", "open")
    assert opened.headers["etag"] != etag
    assert as_animator.put(f"{url}/closure", headers={"If-Match": etag}).status_code == 204


def test_what_changed_meanwhile_is_not_overwritten(
    as_animator: TestClient, workshop: Workshop, payload: Payload
) -> None:
    url, if_match = f"{URL}/{workshop.id}", {"If-Match": '"1"'}

    assert as_animator.put(url, json=payload, headers=if_match).status_code == 200
    late = as_animator.put(url, json=payload | {"title": "Trop tard"}, headers=if_match)
    assert late.status_code == 412
    assert late.json()["type"] == "/problems/precondition-failed"
    assert as_animator.delete(f"{url}/closure", headers=if_match).status_code == 412
    assert as_animator.put(f"{url}/closure", headers={"If-Match": '"2"'}).status_code == 204


def test_of_twenty_changes_to_one_version_one_is_made(
    as_animator: TestClient, workshop: Workshop, payload: Payload
) -> None:
    def change(number: int) -> int:
        body = payload | {"title": f"Version {number}"}
        headers = {"If-Match": '"1"'}
        return as_animator.put(f"{URL}/{workshop.id}", json=body, headers=headers).status_code

    with ThreadPoolExecutor(20) as threads:
        assert sorted(threads.map(change, range(20))) == [200] + [412] * 19


def test_of_twenty_closures_at_once_one_is_recorded(
    as_animator: TestClient, animator: Account, workshop: Workshop, db: Session
) -> None:
    url = f"{URL}/{workshop.id}/closure"
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: as_animator.put(url).status_code, range(20)))

    assert answers == [204] * 20
    assert events_of(db, workshop.id) == [("workshop.closed", animator.id)]
    assert as_animator.get(f"{URL}/{workshop.id}").json()["version"] == 2
