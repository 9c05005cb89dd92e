"""A bundle published for some, then for others: a release never leads its readers to another's."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.core.db import Database
from app.core.models import now
from app.releases.models import Delivery, Release
from app.releases.successors import Recalled, succeed
from tests.pages.conftest import WORDS, Dossier, Published, dossier, published

__all__ = ["dossier", "published"]

API = "/api/v1"
ONLY = "Dit aux tuteurs seulement."
CHANGES = [
    ("audience", "tutors"),
    ("form", "note"),
    ("purpose", "promotion"),
    ("territory_id", "93"),
]


def agree(dossier: Dossier, **change: Any) -> None:
    """Everybody who speaks there consents to that use too."""
    for witness in dossier.witnesses:
        dossier.make.consent(witness, dossier.cell._replace(**change))


def publish(dossier: Dossier, **change: Any) -> dict[str, Any]:
    """The next release of the dossier."""
    answer = dossier.republish(**change)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def publish_otherwise(dossier: Dossier, name: str, value: str) -> dict[str, Any]:
    """The same words, with one thing changed of where they go."""
    if name == "territory_id":
        return publish(dossier, territory_id=str(dossier.make.territory(value).id))
    agree(dossier, **{name: value})
    return publish(dossier, **{name: value})


def for_tutors(dossier: Dossier) -> dict[str, Any]:
    """The same dossier, changed and published for tutors."""
    agree(dossier, audience="tutors")
    return publish(dossier, audience="tutors", introduction=ONLY)


def recall(database: Database, dossier: Dossier) -> Recalled | None:
    """What the job does when words were taken back."""
    with database.write.begin() as db:
        return succeed(db, UUID(dossier.bundle_id), now())


def shared(client: TestClient, path: str, what: str = "", method: str = "GET") -> Any:
    """What the holder of this link is answered."""
    return client.request(method, f"{API}/shared{path.removeprefix('/r')}{what}")


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_a_release_for_another_use_is_not_told_to_those_who_have_the_first(
    dossier: Dossier, as_anonymous: TestClient, name: str, value: str
) -> None:
    path, _ = dossier.deliver()
    second = publish_otherwise(dossier, name, value)
    assert second["number"] == 2
    assert shared(as_anonymous, path).json()["superseded_by"] is None
    page = as_anonymous.post(path)
    assert WORDS[0] in page.text
    assert "Une version plus récente" not in page.text
    first = f"{API}/releases/{dossier.release_id}"
    assert dossier.editor.get(first).json()["superseded_by"] is None
    assert "Une version plus récente" not in dossier.editor.get(f"{first}/files/page.html").text


def test_one_for_the_same_use_still_is(dossier: Dossier, as_anonymous: TestClient) -> None:
    path, _ = dossier.deliver()
    for_tutors(dossier)
    third = publish(dossier, audience="elected_officials", introduction="Pour vous, à nouveau.")
    assert shared(as_anonymous, path).json()["superseded_by"] == third["number"] == 3


def test_who_takes_note_of_a_recall_reads_what_was_said_for_them_and_nothing_said_for_others(
    dossier: Dossier, database: Database, as_anonymous: TestClient
) -> None:
    path, _ = dossier.deliver()
    for_tutors(dossier)
    dossier.withdraw(0)
    recall(database, dossier)
    recalled = shared(as_anonymous, path)
    assert (recalled.status_code, recalled.json()["superseded_by"]) == (410, 3)
    assert shared(as_anonymous, path, "/recall-acknowledgement", "PUT").status_code == 200
    read = shared(as_anonymous, path)
    assert (read.json()["number"], read.json()["audience"]) == (3, "elected_officials")
    assert WORDS[1] in read.text
    for hidden in (WORDS[0], ONLY):
        assert hidden not in read.text
        assert hidden not in as_anonymous.post(path).text


def test_what_was_said_for_others_stays_theirs_when_only_the_first_use_is_taken_back(
    dossier: Dossier, database: Database, as_anonymous: TestClient
) -> None:
    second = for_tutors(dossier)
    dossier.release_id = second["id"]
    path, _ = dossier.deliver(recipient="Le club des tuteurs (démo)")
    dossier.withdraw(0)
    recall(database, dossier)
    read = shared(as_anonymous, path)
    assert (read.status_code, read.json()["superseded_by"]) == (200, None)
    assert WORDS[0] in read.text


def test_words_taken_back_everywhere_leave_each_reader_a_successor_of_their_own(
    dossier: Dossier, database: Database, as_anonymous: TestClient
) -> None:
    official, _ = dossier.deliver()
    dossier.release_id = for_tutors(dossier)["id"]
    tutor, _ = dossier.deliver(recipient="Le club des tuteurs (démo)")
    dossier.withdraw(0)
    dossier.cell = dossier.cell._replace(audience="tutors")
    dossier.withdraw(0)
    recalled = recall(database, dossier)
    assert recalled
    assert len(recalled.releases) == len(recalled.successors) == 2
    assert recall(database, dossier) is None  # twice is once
    for path, audience in ((official, "elected_officials"), (tutor, "tutors")):
        assert shared(as_anonymous, path).status_code == 410
        assert shared(as_anonymous, path, "/recall-acknowledgement", "PUT").status_code == 200
        read = shared(as_anonymous, path)
        assert read.json()["audience"] == audience
        assert (WORDS[0] in read.text, WORDS[1] in read.text) == (False, True)
        assert (ONLY in read.text) == (audience == "tutors")


def test_where_nothing_takes_its_place_the_link_says_so_and_stays_closed(
    dossier: Dossier, database: Database, as_anonymous: TestClient
) -> None:
    path, delivery_id = dossier.deliver()
    for_tutors(dossier)
    with database.write.begin() as db:
        first = Release.id == UUID(dossier.release_id)
        db.execute(update(Release).where(first).values(recalled_at=now()))
        link = Delivery.id == UUID(delivery_id)
        db.execute(update(Delivery).where(link).values(recalled_at=now()))
    as_anonymous.cookies.clear()
    page = as_anonymous.post(path)
    assert page.status_code == 410
    assert "et je lis la nouvelle version" not in page.text
    for _ in range(2):
        assert shared(as_anonymous, path, "/recall-acknowledgement", "PUT").status_code == 200
        closed = shared(as_anonymous, path)
        assert (closed.status_code, closed.json()["superseded_by"]) == (410, None)
    taken = as_anonymous.post(f"{dossier.here}/rappel")
    assert (taken.status_code, ONLY in taken.text) == (410, False)


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_the_same_words_for_another_use_are_another_release(
    dossier: Dossier, name: str, value: str
) -> None:
    second = publish_otherwise(dossier, name, value)
    assert (second["number"], second["id"] == dossier.release_id) == (2, False)
    again = dossier.editor.post(f"{API}/bundles/{dossier.bundle_id}/releases")
    assert (again.status_code, again.json()["id"]) == (200, second["id"])


def test_a_successor_for_some_is_not_what_was_published_last_for_others(
    dossier: Dossier, database: Database
) -> None:
    second = for_tutors(dossier)
    dossier.withdraw(0)
    recall(database, dossier)
    again = dossier.editor.post(f"{API}/bundles/{dossier.bundle_id}/releases")
    assert (again.status_code, again.json()["id"]) == (200, second["id"])


def test_a_page_that_was_retired_for_others_does_not_come_back_by_a_successor(
    published: Published, database: Database, as_anonymous: TestClient
) -> None:
    dossier = published("general_public")
    url = f"{API}/releases/{dossier.release_id}/public-address"
    assert dossier.editor.put(url, json={"slug": "ce-qu-on-fait"}).status_code == 200
    assert as_anonymous.get("/p/ce-qu-on-fait").status_code == 200
    for_tutors(dossier)
    assert as_anonymous.get("/p/ce-qu-on-fait").status_code == 410
    dossier.withdraw(0)
    assert recall(database, dossier)
    assert as_anonymous.get("/p/ce-qu-on-fait").status_code == 410
    assert "ce-qu-on-fait" not in as_anonymous.get("/p/").text
    said, sections = "Une seule personne parle.", _without_the_first(dossier)
    publish(dossier, audience="general_public", introduction=said, sections=sections)
    assert said in as_anonymous.get("/p/ce-qu-on-fait").text


def test_a_page_outlives_a_successor_of_what_was_published_for_others_before(
    published: Published, database: Database, as_anonymous: TestClient
) -> None:
    dossier = published()
    agree(dossier, audience="general_public")
    public = publish(dossier, audience="general_public")
    url = f"{API}/releases/{public['id']}/public-address"
    assert dossier.editor.put(url, json={"slug": "ce-qu-on-fait"}).status_code == 200
    dossier.withdraw(0)
    assert recall(database, dossier)
    assert WORDS[0] in as_anonymous.get("/p/ce-qu-on-fait").text
    assert dossier.editor.put(url, json={"slug": "un-autre-nom"}).status_code == 200


def _without_the_first(dossier: Dossier) -> list[dict[str, Any]]:
    bundle = dossier.editor.get(f"{API}/bundles/{dossier.bundle_id}").json()
    [section] = bundle["sections"]
    return [section | {"items": section["items"][1:]}]
