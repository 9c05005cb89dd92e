"""The clip of an excerpt: made when it is asked for, shown to whoever may see that passage."""

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt, SelectorType
from app.media.models import Kind, Media
from app.testimonies.models import State, Testimony
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.conftest import ClientFor
from tests.jobs.desk import Desk
from tests.make import Make

CLIP = bytes(range(200))
FILES = {"web.mp4": b"all of it", "clip-1000-2000.mp4": CLIP, "clip-1000-2000.jpg": b"poster"}
INSIDE = Cell(Medium.VOICE, TEAM, "film", Purpose.EVALUATION)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def witness(make: Make) -> Witness:
    return make.witness()


@pytest.fixture
def media(make: Make, animator: Account) -> Media:
    return make.media(organization=animator.organization, files=dict(FILES))


@pytest.fixture
def testimony(make: Make, animator: Account, witness: Witness, media: Media) -> Testimony:
    workshop = make.workshop(organization=animator.organization)
    return make.testimony(workshop=workshop, witnesses=[witness], media=[media])


def passage(make: Make, testimony: Testimony, media: Media, start: int, stop: int) -> Excerpt:
    time = {"selector": SelectorType.TIME, "start": start, "stop": stop, "exact": None}
    return make.excerpt(testimony, media_id=media.id, **time)


def address(excerpt: Excerpt) -> str:
    return f"/api/v1/excerpts/{excerpt.id}/clip"


def test_it_is_shown_whole_or_by_ranges(
    as_editor: TestClient, make: Make, testimony: Testimony, media: Media
) -> None:
    clip = address(passage(make, testimony, media, 1000, 2000))
    whole = as_editor.get(clip)
    assert (whole.status_code, whole.content) == (200, CLIP)
    assert whole.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert whole.headers["content-disposition"] == 'inline; filename="clip-1000-2000.mp4"'
    part = as_editor.get(clip, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CLIP[10:20])
    known = {"If-None-Match": whole.headers["etag"]}
    assert as_editor.get(clip, headers=known).status_code == 304
    assert as_editor.get(clip, headers={"Range": "bytes=900-"}).status_code == 416
    head = as_editor.head(clip)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(CLIP))


def test_one_that_is_not_there_is_asked_for_once(
    as_editor: TestClient, make: Make, testimony: Testimony, media: Media, desk: Desk
) -> None:
    clip = address(passage(make, testimony, media, 3000, 3500))
    for _ in range(3):
        coming = as_editor.get(clip)
        assert (coming.status_code, coming.json()) == (202, {"status": "processing"})
        assert coming.headers["retry-after"] == "2"
    asked = desk.job("media.clip")
    assert asked.facts == {"media_id": str(media.id), "start_ms": 3000, "end_ms": 3500}


def test_one_of_which_nothing_came_is_not_asked_for_again(
    as_editor: TestClient, make: Make, testimony: Testimony, media: Media, desk: Desk
) -> None:
    clip = address(passage(make, testimony, media, 3000, 3500))
    assert as_editor.get(clip).status_code == 202
    desk.change(done_at=now())
    failed = as_editor.get(clip)
    assert (failed.status_code, failed.json()["clip"]) == (409, "failed")
    assert desk.count("media.clip") == 1


def test_of_a_sound_it_is_a_sound(
    as_editor: TestClient, make: Make, animator: Account, witness: Witness
) -> None:
    files = {"clip-0-900.m4a": b"words"}
    media = make.media(organization=animator.organization, kind=Kind.AUDIO, files=files)
    testimony = make.testimony(witnesses=[witness], media=[media])
    shown = as_editor.get(address(passage(make, testimony, media, 0, 900)))
    assert (shown.status_code, shown.content) == (200, b"words")


def test_words_have_none(as_editor: TestClient, make: Make, testimony: Testimony) -> None:
    assert as_editor.get(address(make.excerpt(testimony))).status_code == 404
    assert as_editor.get(f"/api/v1/excerpts/{uuid4()}/clip").status_code == 404


@pytest.mark.parametrize(
    ("state", "owner", "editor", "evaluator"),
    [
        (State.SUBMITTED, 200, 200, 404),
        (State.ACCEPTED, 200, 200, 200),
        (State.REJECTED, 200, 200, 404),
        (State.WITHDRAWN, 404, 404, 404),
    ],
)
def test_who_sees_it(
    client_for: ClientFor,
    make: Make,
    animator: Account,
    media: Media,
    state: State,
    owner: int,
    editor: int,
    evaluator: int,
) -> None:
    workshop = make.workshop(organization=animator.organization)
    testimony = make.testimony(workshop=workshop, media=[media], state=state)
    clip = address(passage(make, testimony, media, 1000, 2000))
    coming = address(passage(make, testimony, media, 5000, 6000))
    assert client_for(animator).get(clip).status_code == owner
    roles = {Role.EDITOR: editor, Role.EVALUATOR: evaluator, Role.ANIMATOR: 404}
    for role, status in (roles | {Role.CUSTODIAN: 404, Role.ADMINISTRATOR: 404}).items():
        client = client_for(make.account(role=role))
        assert client.get(clip).status_code == status, role
        assert client.get(coming).status_code == (202 if status == 200 else status), role
    assert client_for(None).get(clip).status_code == 401


def test_a_no_hides_it_at_once_and_asks_for_nothing(
    as_editor: TestClient,
    as_animator: TestClient,
    make: Make,
    testimony: Testimony,
    media: Media,
    witness: Witness,
    desk: Desk,
) -> None:
    clip = address(passage(make, testimony, media, 1000, 2000))
    coming = address(passage(make, testimony, media, 5000, 6000))
    etag = as_editor.get(clip).headers["etag"]
    make.consent(witness, INSIDE, verb=Verb.REFUSE)
    for client in (as_editor, as_animator):
        for headers in ({}, {"If-None-Match": etag}, {"Range": "bytes=0-3"}):
            assert client.get(clip, headers=headers).status_code == 404
        assert client.get(coming).status_code == 404
    assert desk.count("media.clip") == 0


def test_somebody_who_appears_hides_the_passages_in_which_they_are(
    as_editor: TestClient, make: Make, testimony: Testimony, media: Media
) -> None:
    there, elsewhere = (
        address(passage(make, testimony, media, start, start + 1000)) for start in (1000, 4000)
    )
    other = make.witness()
    make.appearance(media, other, start_ms=1500, end_ms=1600)
    make.consent(other, INSIDE, verb=Verb.REFUSE)
    assert as_editor.get(there).status_code == 404
    assert as_editor.get(elsewhere).status_code == 202
