"""What everybody may read: at an address without a token, as long as it may be read."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core.models import now
from app.releases import public
from app.releases.models import FileStatus, Release, ReleaseFile
from app.storage.keys import new_key
from app.storage.service import storage
from tests.make import Make
from tests.pages.conftest import WORDS, Dossier, Published
from tests.pages.test_routes import POLICY, RETIRED

SLUG = "quand-ca-coince"
HERE = f"/p/{SLUG}"
ROBOTS = "noarchive, nosnippet, noimageindex"


@pytest.fixture
def dossier(published: Published) -> Dossier:
    """What everybody may read, at `HERE`; beside it, what only officials may."""
    published()
    dossier = published("general_public")
    give(dossier)
    return dossier


def give(dossier: Dossier, slug: str = SLUG) -> None:
    url = f"/api/v1/releases/{dossier.release_id}/public-address"
    assert dossier.editor.put(url, json={"slug": slug}).status_code == 200


@pytest.fixture
def anybody(as_anonymous: TestClient) -> TestClient:
    as_anonymous.follow_redirects = False
    return as_anonymous


def is_gone(answer: Any) -> bool:
    return (
        answer.status_code == 410
        and "Cette page n’est plus publique" in answer.text
        and answer.headers["cache-control"] == "private, no-store"
        and WORDS[0] not in answer.text
    )


def test_everybody_reads_it_and_leaves_no_trace(anybody: TestClient, dossier: Dossier) -> None:
    page = anybody.get(HERE)
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["x-robots-tag"] == ROBOTS
    assert page.headers["cache-control"] == "no-cache"
    assert WORDS[0] in page.text
    assert "&lt;b&gt;quand" in page.text
    assert "Ce dossier est public" in page.text
    assert "<form" not in page.text
    assert "set-cookie" not in page.headers
    assert dossier.release_id not in page.text
    assert anybody.head(HERE).status_code == 200


def test_a_copy_is_asked_for_again_and_never_outlives_a_withdrawal(
    anybody: TestClient, dossier: Dossier, same_minute: None
) -> None:
    known = {"If-None-Match": anybody.get(HERE).headers["etag"]}
    again = anybody.get(HERE, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    dossier.withdraw(0)
    page = anybody.get(HERE, headers=known)
    assert page.status_code == 200
    assert WORDS[0] not in page.text
    assert page.text.count(RETIRED) == 1


def test_the_list_says_what_is_public_and_nothing_else(
    anybody: TestClient, dossier: Dossier, published: Published
) -> None:
    hidden = published("general_public")  # nobody gave it an address
    page = anybody.get("/p/")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    assert page.text.count("<li>") == 1
    assert f'href="{HERE}"' in page.text
    assert "&lt;b&gt;quand" in page.text
    assert hidden.release_id not in page.text
    moved = anybody.get("/p")
    assert (moved.status_code, moved.headers["location"]) == (308, "/p/")


def test_an_empty_list_says_so(anybody: TestClient, make: Make) -> None:
    assert "Rien n’est public pour le moment." in anybody.get("/p/").text


def test_a_long_list_goes_on(
    anybody: TestClient,
    dossier: Dossier,
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give(published("general_public"), "la-derniere")
    monkeypatch.setattr(public, "AT_ONCE", 1)
    first = anybody.get("/p/").text
    assert "/p/la-derniere" in first
    assert HERE not in first
    following = first.partition('href="/p/?suite=')[2].partition('"')[0]
    second = anybody.get(f"/p/?suite={following}").text
    assert HERE in second
    assert "suite=" not in second


@pytest.mark.parametrize("cursor", ["x", "é", "%00", "%F0%9F%90%98", "W10=", "a" * 3000])
def test_a_cursor_of_nothing(anybody: TestClient, make: Make, cursor: str) -> None:
    answer = anybody.get(f"/p/?suite={cursor}")
    assert answer.status_code == 422
    assert '<html lang="fr">' in answer.text


@pytest.mark.parametrize("slug", ["nothing", "%00", "%F0%9F%90%98", "a" * 3000, "..%2e", "A-B"])
def test_an_address_of_nothing(anybody: TestClient, dossier: Dossier, slug: str) -> None:
    for url in (f"/p/{slug}", f"/p/{slug}/files/note.pdf", f"{HERE}/files/{slug}"):
        answer = anybody.get(url)
        assert answer.status_code == 404
        assert "Nous ne trouvons pas cette page" in answer.text
        assert 'href="/p/"' in answer.text


def test_a_newer_release_takes_its_place(anybody: TestClient, dossier: Dossier) -> None:
    assert dossier.republish(introduction="Deux personnes ont encore parlé.").status_code == 201
    assert "Deux personnes ont encore parlé." in anybody.get(HERE).text
    assert anybody.get("/p/").text.count(HERE) == 1


def test_a_newer_release_for_others_is_not_for_everybody(
    anybody: TestClient, dossier: Dossier
) -> None:
    officials = dossier.cell._replace(audience="elected_officials")
    for witness in dossier.witnesses:
        dossier.make.consent(witness, officials)
    assert dossier.republish(audience="elected_officials").status_code == 201
    assert is_gone(anybody.get(HERE))
    assert HERE not in anybody.get("/p/").text


def test_a_closed_bundle_is_retired_until_it_is_open_again(
    anybody: TestClient, dossier: Dossier
) -> None:
    closure = f"/api/v1/bundles/{dossier.bundle_id}/closure"
    dossier.editor.put(closure)
    assert is_gone(anybody.get(HERE))
    assert HERE not in anybody.get("/p/").text
    dossier.editor.delete(closure)
    assert anybody.get(HERE).status_code == 200


def test_what_is_recalled_without_a_successor_is_retired(
    anybody: TestClient, dossier: Dossier, db: Session
) -> None:
    with dossier.make.sessions.begin() as writing:
        writing.execute(update(Release).values(recalled_at=now()))
    assert is_gone(anybody.get(HERE))
    assert HERE not in anybody.get("/p/").text


def test_an_address_that_is_withdrawn_is_gone_at_once(
    anybody: TestClient, dossier: Dossier
) -> None:
    known = {"If-None-Match": anybody.get(HERE).headers["etag"]}
    dossier.editor.delete(f"/api/v1/releases/{dossier.release_id}/public-address")
    assert is_gone(anybody.get(HERE, headers=known))
    assert HERE not in anybody.get("/p/").text


def test_an_earlier_address_leads_to_the_one_of_today(
    anybody: TestClient, dossier: Dossier
) -> None:
    give(dossier, "un-meilleur-nom")
    for path, there in ((HERE, ""), (f"{HERE}/files/a%20b.pdf", "/files/a%20b.pdf")):
        moved = anybody.get(path)
        assert (moved.status_code, moved.headers["location"]) == (302, f"/p/un-meilleur-nom{there}")
        assert moved.headers["cache-control"] == "no-cache"
    dossier.editor.delete(f"/api/v1/releases/{dossier.release_id}/public-address")
    assert is_gone(anybody.get(HERE))


def compose(dossier: Dossier, name: str, content: bytes, content_type: str) -> None:
    """A file of the release, as a job makes them."""
    stored = storage().write(new_key("releases"), [content])
    file = ReleaseFile(
        release_id=UUID(dossier.release_id),
        name=name,
        content_type=content_type,
        status=FileStatus.READY,
        size=stored.size,
        sha256=stored.sha256,
        key=stored.key,
    )
    with dossier.make.sessions.begin() as db:
        db.add(file)


def test_every_range_of_a_file_asks_the_gate(anybody: TestClient, dossier: Dossier) -> None:
    compose(dossier, "film.mp4", b"film" * 100, "video/mp4")
    url = f"{HERE}/files/film.mp4"
    assert f'href="{url}"' in anybody.get(HERE).text
    part = anybody.get(url, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"film")
    assert part.headers["cache-control"] == "private, no-cache"
    dossier.withdraw(0)
    for headers in ({"Range": "bytes=4-7"}, {"If-None-Match": part.headers["etag"]}, {}):
        gone = anybody.get(url, headers=headers)
        assert gone.status_code == 410
        assert "Ce fichier a été retiré" in gone.text
    page = anybody.get(HERE).text
    assert url not in page  # it waits for the file of the successor
    assert "en préparation" in page


def test_files_end_with_the_address(anybody: TestClient, dossier: Dossier) -> None:
    compose(dossier, "note.pdf", b"%PDF-1.7", "application/pdf")
    assert anybody.get(f"{HERE}/files/note.pdf").status_code == 200
    assert anybody.get(f"{HERE}/files/page.html").status_code == 404
    dossier.editor.delete(f"/api/v1/releases/{dossier.release_id}/public-address")
    assert is_gone(anybody.get(f"{HERE}/files/note.pdf"))


def test_a_recipient_takes_a_file_away_with_their_pass(
    anybody: TestClient, published: Published
) -> None:
    dossier = published()
    compose(dossier, "note.pdf", b"%PDF-1.7", "application/pdf")
    url = f"{dossier.here}/files/note.pdf"
    assert anybody.get(url).status_code == 403
    link, delivery_id = dossier.deliver()
    anybody.post(link)
    assert f'href="{url}"' in anybody.get(dossier.here).text
    assert anybody.get(url).content == b"%PDF-1.7"
    assert anybody.get(url, headers={"Range": "bytes=0-3"}).content == b"%PDF"
    dossier.withdraw(0)
    assert anybody.get(url).status_code == 410
    dossier.editor.delete(f"/api/v1/deliveries/{delivery_id}")
    assert "Ce lien n’est plus valable" in anybody.get(url).text


def test_a_revoked_link_closes_the_page_its_files_and_their_ranges_at_once(
    anybody: TestClient, as_anonymous: TestClient, published: Published
) -> None:
    dossier = published()
    compose(dossier, "note.pdf", b"%PDF-1.7", "application/pdf")
    link, delivery_id = dossier.deliver()
    other, _ = dossier.deliver()
    anybody.post(link)
    token = link.rpartition("/")[2]
    page, shared = dossier.here, f"/api/v1/shared/{token}"
    some = {"Range": "bytes=0-3"}
    for address in (page, shared):
        assert anybody.get(address).status_code == 200
        assert anybody.get(f"{address}/files/note.pdf", headers=some).status_code == 206
    dossier.editor.delete(f"/api/v1/deliveries/{delivery_id}")
    for address in (page, shared):
        for path, headers in (("", {}), ("/files/note.pdf", {}), ("/files/note.pdf", some)):
            closed = anybody.get(f"{address}{path}", headers=headers)
            assert closed.status_code == 410, (address, path)
            assert b"%PDF" not in closed.content
    assert as_anonymous.get(f"/api/v1/shared/{other.rpartition('/')[2]}").status_code == 200
