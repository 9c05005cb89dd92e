"""Who sees and hears which recording, and how its bytes are served."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.core.models import now
from app.media.models import Kind, Media, Status
from app.media.urls import address as sign_address
from app.media.urls import sign
from app.testimonies.models import State
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/media"
FILM = bytes(range(256)) * 8
FILES = {"original": b"as it came", "web.mp4": FILM}
INSIDE = Cell(Medium.VOICE, TEAM, "film", Purpose.EVALUATION)


@pytest.fixture
def workshop(make: Make, animator: Account) -> Workshop:
    return make.workshop(organization=animator.organization)


@pytest.fixture
def witness(make: Make, workshop: Workshop) -> Witness:
    return make.witness(workshop=workshop)


@pytest.fixture
def media(make: Make, workshop: Workshop, witness: Witness, animator: Account) -> Media:
    """A video of an accepted testimony."""
    media = make.media(organization=animator.organization, files=dict(FILES))
    make.testimony(workshop=workshop, witnesses=[witness], media=[media])
    return media


@pytest.fixture
def film(media: Media) -> str:
    return f"{URL}/{media.id}/renditions/web.mp4"


def names(client: TestClient, media: Media) -> set[str] | None:
    """The files that somebody is offered; None when there is no such media for them."""
    response = client.get(f"{URL}/{media.id}")
    if response.status_code == 404:
        return None
    offered = {file["name"] for file in response.json()["renditions"]}
    for name in FILES:
        got = client.get(f"{URL}/{media.id}/renditions/{name}").status_code
        assert got == (200 if name in offered else 404)
    return offered


# Who


STREAM, ALL = {"web.mp4"}, set(FILES)


@pytest.mark.parametrize(
    ("state", "owner", "editor", "evaluator"),
    [
        (State.DRAFT, ALL, None, None),
        (State.SUBMITTED, ALL, STREAM, None),
        (State.RETURNED, ALL, STREAM, None),
        (State.ACCEPTED, STREAM, STREAM, STREAM),
        (State.REJECTED, STREAM, STREAM, None),
    ],
)
def test_who_sees_what_on_its_way(
    client_for: ClientFor,
    make: Make,
    animator: Account,
    workshop: Workshop,
    state: State,
    owner: set[str] | None,
    editor: set[str] | None,
    evaluator: set[str] | None,
) -> None:
    media = make.media(organization=animator.organization, files=dict(FILES))
    make.testimony(workshop=workshop, media=[media], state=state)
    home = animator.organization
    for role, seen in (
        (Role.ANIMATOR, owner),
        (Role.INTEGRATION, owner),
        (Role.EDITOR, editor),
        (Role.EVALUATOR, evaluator),
        (Role.CUSTODIAN, None),
        (Role.ADMINISTRATOR, None),
    ):
        client = client_for(make.account(role=role, organization=home))
        assert names(client, media) == seen, role
    assert names(client_for(make.account(role=Role.ANIMATOR)), media) is None


def test_what_belongs_to_no_testimony_yet_is_seen_at_home_alone(
    client_for: ClientFor, make: Make, animator: Account
) -> None:
    media = make.media(organization=animator.organization, files=dict(FILES))
    assert names(client_for(animator), media) == ALL
    for role in (Role.EDITOR, Role.EVALUATOR, Role.ANIMATOR):
        assert names(client_for(make.account(role=role)), media) is None


def test_place_and_association_see_each_others_recordings_but_not_the_originals(
    client_for: ClientFor, make: Make, animator: Account
) -> None:
    films = make.account()
    workshop = make.workshop(
        organization=animator.organization, partner_organization_id=films.organization_id
    )
    media = make.media(organization=films.organization, files=dict(FILES))
    make.testimony(workshop=workshop, media=[media], state=State.DRAFT)
    assert names(client_for(films), media) == ALL
    assert names(client_for(animator), media) == STREAM


def test_somebody_elses_media_is_none(as_outsider: TestClient, media: Media) -> None:
    for path in ("", "/renditions/web.mp4", "/renditions/original"):
        theirs = as_outsider.get(f"{URL}/{media.id}{path}")
        unknown = as_outsider.get(f"{URL}/{uuid4()}{path}")
        assert theirs.status_code == 404
        assert theirs.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


def test_nobody_sees_nothing(as_anonymous: TestClient, media: Media, film: str) -> None:
    for address in (f"{URL}/{media.id}", film, f"{film}?expires=9999999999"):
        assert as_anonymous.get(address).status_code == 401
    assert as_anonymous.head(film).status_code == 401


# A no


NOES: list[tuple[Kind | None, Medium, bool]] = [
    (Kind.VIDEO, Medium.VOICE, True),
    (Kind.VIDEO, Medium.IMAGE, True),
    (Kind.VIDEO, Medium.ANONYMOUS_TEXT, True),
    (Kind.VIDEO, Medium.SIGNED_TEXT, False),
    (Kind.AUDIO, Medium.VOICE, True),
    (Kind.AUDIO, Medium.IMAGE, False),
    (Kind.IMAGE, Medium.IMAGE, True),
    (Kind.IMAGE, Medium.VOICE, False),
    (Kind.DOCUMENT, Medium.IMAGE, False),
    (Kind.DOCUMENT, Medium.ANONYMOUS_TEXT, True),
    (None, Medium.VOICE, True),
    (None, Medium.IMAGE, True),
]


@pytest.mark.parametrize(("kind", "medium", "hidden"), NOES)
def test_a_no_hides_what_shows_it(
    as_animator: TestClient,
    as_editor: TestClient,
    make: Make,
    animator: Account,
    workshop: Workshop,
    kind: Kind | None,
    medium: Medium,
    hidden: bool,
) -> None:
    """What is not known yet may be a video."""
    given: dict[str, Any] = {"kind": kind} | ({} if kind else {"status": Status.RECEIVED})
    media = make.media(organization=animator.organization, files=dict(FILES), **given)
    spoke = [make.witness(workshop=workshop) for _ in range(2)]
    make.testimony(workshop=workshop, witnesses=spoke, media=[media])
    signed = sign_address(media.id, "web.mp4")
    assert names(as_editor, media) == STREAM

    no = INSIDE._replace(medium=medium)
    make.consent(spoke[1], no, verb=Verb.WITHDRAW)
    for client in (as_animator, as_editor):
        assert names(client, media) == (None if hidden else STREAM)
    assert as_animator.get(signed).status_code == (404 if hidden else 200)
    make.consent(spoke[1], no)
    assert names(as_editor, media) == STREAM


def test_a_no_said_elsewhere_hides_nothing(
    as_editor: TestClient, make: Make, media: Media, witness: Witness
) -> None:
    make.consent(witness, INSIDE._replace(audience="employers"), verb=Verb.REFUSE)
    other = make.witness()
    make.testimony(witnesses=[other], media=[make.media()])
    make.consent(other, INSIDE, verb=Verb.REFUSE)
    assert names(as_editor, media) == STREAM


@pytest.mark.usefixtures("same_minute")
def test_no_304_after_a_no(
    as_editor: TestClient, as_anonymous: TestClient, make: Make, media: Media, witness: Witness
) -> None:
    addresses = [f"{URL}/{media.id}", f"{URL}/{media.id}/renditions/web.mp4"]
    known = [as_editor.get(address).headers["etag"] for address in addresses]
    signed = sign_address(media.id, "web.mp4")
    for address, etag in zip(addresses, known, strict=True):
        again = as_editor.get(address, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
    assert as_anonymous.get(signed, headers={"If-None-Match": known[1]}).status_code == 304

    make.consent(witness, INSIDE, verb=Verb.REFUSE)
    for address, etag in zip(addresses, known, strict=True):
        for asked in (etag, "*"):
            response = as_editor.get(address, headers={"If-None-Match": asked})
            assert response.status_code == 404
    for headers in ({"If-None-Match": known[1]}, {"If-None-Match": "*"}, {"Range": "bytes=0-3"}):
        assert as_anonymous.get(signed, headers=headers).status_code == 404


# A signed address


def test_a_signed_address_works_without_a_token(
    as_editor: TestClient, as_anonymous: TestClient, media: Media
) -> None:
    (file,) = as_editor.get(f"{URL}/{media.id}").json()["renditions"]
    response = as_anonymous.get(file["url"])
    assert (response.status_code, response.content) == (200, FILM)
    assert as_anonymous.get(f"{URL}/{media.id}").status_code == 401


def test_it_is_good_for_one_file_and_a_quarter_of_an_hour(
    as_anonymous: TestClient, media: Media, film: str, make: Make
) -> None:
    soon = sign(media.id, "web.mp4", now() + timedelta(minutes=1))
    assert as_anonymous.get(f"{film}?{soon}").status_code == 200
    expires, _, signature = soon.partition("&signature=")
    past = sign(media.id, "web.mp4", now() - timedelta(minutes=1))
    other = sign(make.media().id, "web.mp4", now() + timedelta(minutes=1))
    original = f"{URL}/{media.id}/renditions/original"
    for forged in (
        f"{film}?{past}",
        f"{film}?{other}",
        f"{original}?{soon}",
        f"{film}?{expires}0&signature={signature}",
        f"{film}?{expires}&signature={signature[:-1]}",
        f"{film}?{expires}&signature=",
        f"{film}?{expires}&signature=é",
        f"{film}?expires=never&signature={signature}",
        f"{film}?expires=&signature={signature}",
        f"{film}?signature={signature}",
        f"{film}?{expires}",
    ):
        assert as_anonymous.get(forged).status_code == 401, forged


def test_a_forged_one_takes_nothing_from_who_may_see_it(as_editor: TestClient, film: str) -> None:
    assert as_editor.get(f"{film}?expires=1&signature=x").status_code == 200


def test_that_of_an_original_ends_when_it_is_moderated(
    as_anonymous: TestClient,
    as_animator: TestClient,
    as_editor: TestClient,
    make: Make,
    animator: Account,
    workshop: Workshop,
) -> None:
    media = make.media(organization=animator.organization, files=dict(FILES))
    testimony = make.testimony(workshop=workshop, media=[media], state=State.SUBMITTED)
    files = as_animator.get(f"{URL}/{media.id}").json()["renditions"]
    signed = {file["name"]: file["url"] for file in files}
    assert as_anonymous.get(signed["original"]).content == b"as it came"

    decision = f"/api/v1/testimonies/{testimony.id}/decisions"
    assert as_editor.post(decision, json={"verdict": "accept"}).status_code == 201
    assert as_anonymous.get(signed["original"]).status_code == 404
    assert as_anonymous.get(signed["web.mp4"]).status_code == 200


# Bytes


def test_a_file_is_served_as_ours_and_runs_nothing(as_editor: TestClient, film: str) -> None:
    response = as_editor.get(film)
    assert response.content == FILM
    headers = response.headers
    assert headers["content-type"] == "video/mp4"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["content-disposition"] == 'inline; filename="web.mp4"'
    assert headers.get_list("cache-control") == ["private, no-cache"]
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-length"] == str(len(FILM))
    assert "last-modified" not in headers


@pytest.mark.parametrize(
    ("kind", "name", "disposition"),
    [
        (Kind.VIDEO, "original", "attachment"),
        (Kind.DOCUMENT, "original", "attachment"),
        (Kind.DOCUMENT, "page.pdf", "attachment"),
        (Kind.IMAGE, "image.jpg", "inline"),
        (Kind.AUDIO, "audio.m4a", "inline"),
    ],
)
def test_what_cannot_be_shown_safely_is_saved_under_our_name(
    as_animator: TestClient,
    make: Make,
    animator: Account,
    kind: Kind,
    name: str,
    disposition: str,
) -> None:
    home = animator.organization
    media = make.media(organization=home, kind=kind, files={name: b"x"}, filename='"; evil="é.html')
    headers = as_animator.get(f"{URL}/{media.id}/renditions/{name}").headers
    assert headers["content-disposition"] == f'{disposition}; filename="{name}"'
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, 2048),
        ("bytes=-10", 2038, 2048),
        ("bytes=2000-9999", 2000, 2048),
    ],
)
def test_a_range_of_it(
    as_editor: TestClient, as_anonymous: TestClient, media: Media, asked: str, start: int, end: int
) -> None:
    signed = sign_address(media.id, "web.mp4")
    for client in (as_editor, as_anonymous):
        response = client.get(signed, headers={"Range": asked})
        assert response.status_code == 206
        assert response.content == FILM[start:end]
        assert response.headers["content-range"] == f"bytes {start}-{end - 1}/2048"
        assert response.headers["content-length"] == str(end - start)


def test_a_range_beyond_its_end(as_editor: TestClient, film: str) -> None:
    response = as_editor.get(film, headers={"Range": "bytes=2048-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */2048"
    assert response.json()["type"] == "/problems/range-not-satisfiable"


def test_a_range_of_what_was_read_before(as_editor: TestClient, film: str) -> None:
    etag = as_editor.get(film).headers["etag"]
    for if_range, status in ((etag, 206), ('"other"', 200)):
        headers = {"Range": "bytes=0-3", "If-Range": if_range}
        assert as_editor.get(film, headers=headers).status_code == status


def test_a_head_says_the_same_and_sends_nothing(
    as_editor: TestClient, as_anonymous: TestClient, media: Media, film: str
) -> None:
    got, signed = as_editor.get(film), sign_address(media.id, "web.mp4")
    for head in (as_editor.head(film), as_anonymous.head(signed)):
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "content-disposition"):
            assert head.headers[name] == got.headers[name]
    part = as_editor.head(film, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.headers["content-length"]) == (206, "4")


@pytest.mark.parametrize("name", ["web.webm", "%2e%2e%2fkeys", "original%00", "é"])
def test_there_are_no_other_files(as_animator: TestClient, media: Media, name: str) -> None:
    assert as_animator.get(f"{URL}/{media.id}/renditions/{name}").status_code in {404, 405}
