"""What is recorded of an event, for whom, and what becomes of it when words are taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt
from app.jobs.models import Job
from app.releases import forgetting
from app.releases.events import for_print
from app.releases.files import PUBLISHED
from app.releases.models import (
    Attendance,
    EventReaction,
    HeldEvent,
    Release,
    ReleaseFile,
    ReleaseItem,
)
from app.releases.successors import succeed
from app.testimonies.models import TestimonyWitness
from app.witnesses.decision import Cell, Verb
from app.witnesses.models import Witness
from tests.bundles.conftest import OFFICIALS, URL
from tests.make import Make

IN_THE_ROOM = OFFICIALS._replace(form="event")
Published = Callable[..., dict[str, Any]]


@pytest.fixture
def published(
    as_editor: TestClient, make: Make, composed: Callable[..., dict[str, Any]]
) -> Published:
    """A release of two passages of two witnesses, for this form."""

    def published(form: str = "event", **given: Any) -> dict[str, Any]:
        passages = [said(make, OFFICIALS._replace(form=form)) for _ in range(2)]
        bundle = composed(*passages, form=form, **given)
        assert as_editor.put(f"{URL}/{bundle['id']}/readiness").status_code == 204
        response = as_editor.post(f"{URL}/{bundle['id']}/releases")
        assert response.status_code == 201, response.text
        release: dict[str, Any] = response.json()
        return release

    return published


def said(make: Make, *cells: Cell) -> Excerpt:
    """A passage whose witness gave these cells."""
    workshop = make.workshop()
    witness = make.witness(workshop=workshop)
    make.consent(witness, *cells)
    return make.excerpt(make.testimony(workshop=workshop, witnesses=[witness]))


@pytest.fixture
def release(published: Published) -> dict[str, Any]:
    return published()


@pytest.fixture
def here(release: dict[str, Any]) -> str:
    return url_of(release)


def url_of(release: dict[str, Any]) -> str:
    return f"/api/v1/releases/{release['id']}/event"


def items_of(release: dict[str, Any]) -> list[str]:
    return [item["id"] for section in release["content"]["sections"] for item in section["items"]]


@pytest.fixture
def event(make: Make, release: dict[str, Any]) -> dict[str, Any]:
    """What an editor sends after the evening."""
    first, second = items_of(release)
    return {
        "held_on": "2026-05-14",
        "place_id": str(make.place(name="Salle du conseil").id),
        "starts_at": "2026-05-14T16:30:00Z",
        "programme": [
            {"title": "Accueil", "duration_ms": 600_000},
            {"item_id": first},
            {"item_id": second, "title": "Et puis", "duration_ms": 1},
        ],
        "attendance": [
            {"role": "elected_officials", "count": 12},
            {"role": "tutor", "count": 6},
            {"role": "services", "count": 2},
        ],
        "shown": [first, second],
        "minutes": "On a parlé des tuteurs.",
        "reactions": [
            {"item_id": first, "text": "Je ne savais pas.", "role": "elected_officials"},
            {"item_id": second, "text": "Il faut le dire au conseil.", "role": None},
        ],
    }


def test_what_was_recorded_is_read_as_it_was_sent(
    as_editor: TestClient, as_evaluator: TestClient, here: str, event: dict[str, Any]
) -> None:
    assert as_editor.get(here).status_code == 404  # nothing is recorded yet
    put = as_editor.put(here, json=event)
    assert put.status_code == 200, put.text
    empty = {"item_id": None, "title": None, "duration_ms": None}
    steps = [empty | step for step in event["programme"]]
    for reader in (as_editor, as_evaluator):
        found = reader.get(here)
        assert found.json().items() >= (event | {"programme": steps}).items()
    assert found.headers["etag"] == put.headers["etag"]


def test_a_day_is_enough(as_editor: TestClient, here: str) -> None:
    found = as_editor.put(here, json={"held_on": "2027-01-31"}).json()
    assert (found["programme"], found["attendance"], found["minutes"]) == ([], [], None)


def test_it_is_replaced_whole_and_only_as_it_was_read(
    as_editor: TestClient, here: str, event: dict[str, Any], db: Session
) -> None:
    first = as_editor.put(here, json=event, headers={"If-Match": '"1"'})
    assert first.status_code == 412  # there was nothing to match
    etag = as_editor.put(here, json=event).headers["etag"]
    less = event | {"reactions": event["reactions"][1:], "attendance": []}
    assert as_editor.put(here, json=less, headers={"If-Match": etag}).json()["attendance"] == []
    assert as_editor.put(here, json=event, headers={"If-Match": etag}).status_code == 412
    assert as_editor.get(here).json()["reactions"] == less["reactions"]
    for model, many in ((HeldEvent, 1), (EventReaction, 1), (Attendance, 0)):
        assert db.scalar(select(func.count()).select_from(model)) == many


def test_it_is_in_the_audit_log_without_a_word(
    as_editor: TestClient, here: str, event: dict[str, Any], db: Session
) -> None:
    as_editor.put(here, json=event)
    [noted] = db.scalars(select(AuditEvent).where(AuditEvent.action == "event.recorded"))
    assert noted.facts == {"reactions": 2}


def test_its_minutes_are_made_again(
    as_editor: TestClient,
    here: str,
    release: dict[str, Any],
    event: dict[str, Any],
    db: Session,
    make: Make,
) -> None:
    def keys() -> dict[str, str]:
        with make.sessions() as known:
            return {file.name: file.key for file in known.scalars(select(ReleaseFile))}

    before = keys()
    assert {"minutes.pdf", "programme.pdf", "facilitator.pdf", "bundle.zip"} == before.keys()
    as_editor.put(here, json=event)
    after = keys()
    assert not set(before.values()) & set(after.values())
    asked = db.scalars(select(Job).where(Job.name == PUBLISHED))
    assert {job.facts["release_id"] for job in asked} == {release["id"]}


# Who may, and of what


def test_who_composes_records_it_and_who_reads_bundles_reads_it(
    as_evaluator: TestClient,
    as_animator: TestClient,
    as_custodian: TestClient,
    here: str,
    event: dict[str, Any],
) -> None:
    assert as_evaluator.put(here, json=event).status_code == 403
    for client in (as_animator, as_custodian):
        assert client.get(here).status_code == 404
        assert client.put(here, json=event).status_code == 404


@pytest.mark.parametrize("form", ["note", "exhibition"])
def test_other_forms_have_no_event(
    as_editor: TestClient, as_evaluator: TestClient, published: Published, form: str
) -> None:
    here = url_of(published(form))
    for answer in (as_editor.get(here), as_editor.put(here, json={"held_on": "2026-05-14"})):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-an-event")
    assert as_evaluator.put(here, json={"held_on": "2026-05-14"}).status_code == 403


STRANGE: list[tuple[str, Any]] = [
    ("#/held_on", {"held_on": "2026-02-30"}),
    ("#/held_on", {"held_on": None}),
    ("#/place_id", {"place_id": str(uuid4())}),
    ("#/starts_at", {"starts_at": "2026-05-14T18:30:00"}),
    ("#/programme/0", {"programme": [{"duration_ms": 5}]}),
    ("#/programme/0/item_id", {"programme": [{"item_id": str(uuid4())}]}),
    ("#/programme/0/duration_ms", {"programme": [{"title": "x", "duration_ms": 0}]}),
    ("#/programme/0/title", {"programme": [{"title": "a\u202eb"}]}),
    ("#/programme", {"programme": [{"title": "x"}] * 201}),
    ("#/shown/0", {"shown": [str(uuid4())]}),
    ("#/attendance/0/role", {"attendance": [{"role": "martian", "count": 1}]}),
    ("#/attendance/1/role", {"attendance": [{"role": "tutor", "count": n} for n in (1, 2)]}),
    ("#/attendance/0/count", {"attendance": [{"role": "tutor", "count": -1}]}),
    ("#/attendance/0/count", {"attendance": [{"role": "tutor", "count": True}]}),
    ("#/attendance/0/count", {"attendance": [{"role": "tutor", "count": 2**40}]}),
    ("#/minutes", {"minutes": "a\x00b"}),
    ("#/minutes", {"minutes": "a" * 20_001}),
    ("#/reactions/0/item_id", {"reactions": [{"item_id": str(uuid4()), "text": "x"}]}),
    ("#/nonsense", {"nonsense": 1}),
]


@pytest.mark.parametrize(("pointer", "wrong"), STRANGE)
def test_what_cannot_be_is_pointed_at_and_nothing_is_kept(
    as_editor: TestClient, here: str, event: dict[str, Any], pointer: str, wrong: dict[str, Any]
) -> None:
    refused = as_editor.put(here, json=event | wrong)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert as_editor.get(here).status_code == 404


def test_so_is_what_is_said_of_an_item_twice_or_by_nobody(
    as_editor: TestClient, published: Published, here: str, event: dict[str, Any]
) -> None:
    first = event["shown"][0]
    elsewhere = items_of(published())[0]
    said: dict[str, Any] = {"item_id": first, "text": "x"}
    for pointer, wrong in (
        ("#/shown/1", {"shown": [first, first]}),
        ("#/shown/0", {"shown": [elsewhere]}),
        ("#/reactions/0/role", {"reactions": [said | {"role": "martian"}]}),
        ("#/reactions/0/text", {"reactions": [said | {"text": ""}]}),
    ):
        refused = as_editor.put(here, json=event | wrong)
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


HOSTILE = '*gras* #import "x" $x$ {{ x }} <img src=x> \u05d0\u202e 🙂\n\nfin'


def test_hostile_words_are_kept_as_they_are(
    as_editor: TestClient, here: str, event: dict[str, Any]
) -> None:
    [first, _] = event["shown"]
    words = {"minutes": HOSTILE, "reactions": [{"item_id": first, "text": HOSTILE, "role": None}]}
    assert as_editor.put(here, json=event | words).status_code == 200
    assert as_editor.get(here).json().items() >= words.items()


# What its documents are told


def printed(database: Database, release: dict[str, Any]) -> Any:
    with database.read() as db:
        return for_print(db, db.get_one(Release, UUID(release["id"])))


def test_documents_are_told_no_small_count(
    as_editor: TestClient,
    database: Database,
    here: str,
    release: dict[str, Any],
    event: dict[str, Any],
) -> None:
    assert printed(database, release) is None
    as_editor.put(here, json=event)
    told = printed(database, release)
    assert (told["held_on"], told["place"]) == ("2026-05-14", "Salle du conseil")
    assert told["attendance"]["at_least"] == 20
    hidden = {"value": None, "suppressed": True}
    assert told["attendance"]["roles"] == [
        {"label": "Tuteur ou tutrice", "share": 0.3},
        {"label": "Autres", "share": hidden},  # two of the services; and others, or they were told
    ]
    assert [one["role_label"] for one in told["reactions"]] == ["Élus", None]


def test_nor_that_few_came(
    as_editor: TestClient, database: Database, here: str, release: dict[str, Any]
) -> None:
    few = [{"role": "tutor", "count": 3}, {"role": "services", "count": 0}]
    as_editor.put(here, json={"held_on": "2026-05-14", "attendance": few})
    hidden = {"value": None, "suppressed": True}
    assert printed(database, release)["attendance"]["at_least"] == hidden
    assert as_editor.get(here).json()["attendance"] == few  # the team knows


@pytest.mark.parametrize(("came", "told"), [(0, None), (19, 15), (20, 20), (24, 20), (25, 25)])
def test_nor_how_many_exactly(
    as_editor: TestClient,
    database: Database,
    here: str,
    release: dict[str, Any],
    came: int,
    told: int | None,
) -> None:
    """What is corrected by one, or counted again by somebody else, is told alike."""
    crowd = [{"role": "tutor", "count": came}]
    as_editor.put(here, json={"held_on": "2026-05-14", "attendance": crowd})
    assert printed(database, release)["attendance"]["at_least"] == told


# Words taken back, and time


def take_back(make: Make, database: Database, release: dict[str, Any]) -> str:
    """The witness of its first item takes their words back; the id of the item."""
    item_id = items_of(release)[0]
    of_it = ReleaseItem.item_id == UUID(item_id)
    rows = (
        select(Witness)
        .join(TestimonyWitness, TestimonyWitness.witness_id == Witness.id)
        .join(ReleaseItem, ReleaseItem.testimony_id == TestimonyWitness.testimony_id)
    )
    with database.read() as db:
        witness = db.scalars(rows.where(of_it)).one()
    make.consent(witness, IN_THE_ROOM, verb=Verb.WITHDRAW)
    return item_id


def test_what_was_said_about_words_taken_back_is_told_no_more_at_once(
    as_editor: TestClient,
    make: Make,
    database: Database,
    here: str,
    release: dict[str, Any],
    event: dict[str, Any],
) -> None:
    etag = as_editor.put(here, json=event).headers["etag"]
    gone = take_back(make, database, release)
    found = as_editor.get(here)
    assert "Je ne savais pas." not in found.text
    assert found.json()["minutes"] is None
    assert found.json()["shown"] == event["shown"][1:]
    assert [step["item_id"] for step in found.json()["programme"]] == [None, *event["shown"][1:]]
    assert found.headers["etag"] != etag
    refused = as_editor.put(here, json={"held_on": "2026-05-14", "shown": [gone]})
    assert refused.status_code == 422
    assert printed(database, release)["minutes"] is None


def test_then_it_is_erased_and_what_is_left_is_the_successors(
    as_editor: TestClient,
    make: Make,
    database: Database,
    here: str,
    release: dict[str, Any],
    event: dict[str, Any],
) -> None:
    as_editor.put(here, json=event)
    take_back(make, database, release)
    with database.write.begin() as db:
        recalled = succeed(db, UUID(release["bundle_id"]), now())
    assert recalled
    assert as_editor.get(here).status_code == 410
    assert as_editor.put(here, json=event).status_code == 410
    [successor_id] = recalled.successors
    found = as_editor.get(f"/api/v1/releases/{successor_id}/event").json()
    assert found["reactions"] == event["reactions"][1:]
    assert found["attendance"] == event["attendance"]
    with database.read() as db:
        kept = db.scalars(select(HeldEvent)).one()
        assert (kept.minutes, kept.shown) == (None, event["shown"][1:])
        assert db.scalars(select(EventReaction.text)).all() == ["Il faut le dire au conseil."]


def test_two_years_after_its_words_are_forgotten_and_not_that_it_was(
    as_editor: TestClient,
    database: Database,
    published: Published,
    event: dict[str, Any],
    here: str,
) -> None:
    as_editor.put(here, json=event | {"held_on": "2013-05-14"})
    young = url_of(published())
    as_editor.put(young, json={"held_on": "2026-05-14", "minutes": "Hier."})
    with database.write.begin() as db:
        moment = now().replace(year=2016) - timedelta(days=1)
        due = db.scalars(forgetting.old_words_of_events(moment)).all()
        assert len(due) == 1
        forgetting.forget_words_of_events(db, due)
        assert not db.scalars(forgetting.old_words_of_events(moment)).all()
    found = as_editor.get(here).json()
    assert (found["minutes"], found["reactions"]) == (None, [])
    assert found["attendance"] == event["attendance"]
    assert as_editor.get(young).json()["minutes"] == "Hier."
