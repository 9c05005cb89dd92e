"""What merging themes promises: every coding is the other's, none twice, none lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

import app.search.jobs  # noqa: F401 - registers the handler
from app.audit.models import AuditEvent
from app.codebook.models import Theme
from app.core.db import Database
from app.core.models import Base
from app.excerpts.models import Excerpt, ExcerptTheme
from app.testimonies.models import State, Testimony, TestimonyTheme
from tests.jobs.desk import Desk
from tests.make import Make

API = "/api/v1"
URL = f"{API}/themes"


@pytest.fixture
def old(make: Make) -> Theme:
    return make.theme(name="Permis")


@pytest.fixture
def new(make: Make) -> Theme:
    return make.theme(name="Mobilité")


def merge(client: TestClient, theme: Theme, into: Any, **headers: str) -> Response:
    return client.put(f"{URL}/{theme.id}/merge", json={"into": str(into)}, headers=headers)


def coded(make: Make, testimony: Testimony, *themes: Theme) -> Excerpt:
    excerpt = make.excerpt(testimony)
    with make.sessions.begin() as db:
        for position, theme in enumerate(themes):
            link = {"excerpt_id": excerpt.id, "position": position}
            db.add(ExcerptTheme(theme_id=theme.id, **link))
    return excerpt


def test_every_coding_moves_and_none_is_there_twice(
    as_editor: TestClient, make: Make, old: Theme, new: Theme
) -> None:
    other = make.theme(name="Horaires")
    told = [make.testimony(themes=list(t)) for t in ([old, other], [new, old], [old, new], [other])]
    quoted = [coded(make, told[0], *t) for t in ([old], [new, other, old], [other])]

    answer = merge(as_editor, old, new.id)

    assert answer.status_code == 200
    assert answer.json()["merged_into_id"] == str(new.id)

    def themes(kind: str, row: Any) -> list[str]:
        found: list[str] = as_editor.get(f"{API}/{kind}/{row.id}").json()["theme_ids"]
        return found

    o, n = str(other.id), str(new.id)
    assert [themes("testimonies", t) for t in told] == [[n, o], [n], [n], [o]]
    assert [themes("excerpts", e) for e in quoted] == [[n], [n, o], [o]]
    listed = as_editor.get(f"{API}/testimonies?theme_id={new.id}&count=true").json()
    assert listed["total"] == 3
    for kind, found in (("testimonies", 3), ("excerpts", 2)):
        for theme in (old, new):
            listed = as_editor.get(f"{API}/{kind}?theme_id={theme.id}&count=true").json()
            assert listed["total"] == found, "an old link shows what was coded with it"


def test_a_link_to_a_theme_that_was_merged_twice_shows_what_was_coded_with_it(
    database: Database, as_editor: TestClient, make: Make, old: Theme, new: Theme
) -> None:
    last, other = make.theme(name="Transports"), make.theme(name="Horaires")
    told = make.testimony(body="Le car", themes=[old])
    noise = make.testimony(body="Le car", themes=[other])
    quoted = coded(make, told, old)
    coded(make, noise, other)
    desk = Desk(database)
    desk.ask("search.complete")
    assert desk.run_next()
    assert merge(as_editor, old, new.id).status_code == 200
    assert merge(as_editor, new, last.id).status_code == 200
    for theme in (old, new, last):
        found = {"theme_id": str(theme.id)}
        for kind, row in (("testimonies", told), ("excerpts", quoted)):
            (listed,) = as_editor.get(f"{API}/{kind}", params=found).json()["items"]
            assert listed["id"] == str(row.id)
        items = as_editor.get(f"{API}/search", params={"q": "car", **found}).json()["items"]
        assert {item["id"] for item in items} == {str(told.id), str(quoted.id)}


def test_mirrors_hear_of_what_was_coded_and_of_nothing_else(
    as_editor: TestClient, make: Make, old: Theme, new: Theme
) -> None:
    touched, spared = make.testimony(themes=[old]), make.testimony(themes=[new])
    passage, other = coded(make, spared, old), coded(make, touched, new)
    since = as_editor.get(f"{URL}/{new.id}").json()["updated_at"]
    since = max(since, *(t.updated_at.isoformat().replace("+00:00", "Z") for t in (touched, other)))

    assert merge(as_editor, old, new.id).status_code == 200

    def changed(path: str) -> dict[str, int]:
        rows = as_editor.get(f"{API}/{path}", params={"updated_since": since}).json()["items"]
        return {row["id"]: row["version"] for row in rows if row["version"] > 1}

    assert changed("testimonies") == {str(touched.id): 2}
    assert changed("excerpts") == {str(passage.id): 2}
    assert changed("themes") == {str(old.id): 2}


def test_what_lies_in_it_moves_along(as_editor: TestClient, make: Make, new: Theme) -> None:
    top = make.theme(name="Transport")
    old = make.theme(name="Permis", parent_id=top.id)
    below = make.theme(name="Code de la route", parent_id=old.id)
    assert merge(as_editor, old, new.id).json()["parent_id"] is None
    shown = as_editor.get(f"{URL}/{below.id}").json()
    assert (shown["parent_id"], shown["version"]) == (str(new.id), 2)


def test_it_stays_to_say_where_its_codings_are(
    as_editor: TestClient, as_evaluator: TestClient, make: Make, old: Theme, new: Theme
) -> None:
    assert merge(as_editor, old, new.id).status_code == 200
    shown = as_evaluator.get(f"{URL}/{old.id}")
    assert (shown.status_code, shown.json()["merged_into_id"]) == (200, str(new.id))
    assert shown.json()["retired_at"]
    names = [t["name"] for t in as_evaluator.get(f"{URL}?retired=false").json()["items"]]
    assert names == ["Mobilité"]

    # It is not followed by what is written later: who writes is told which to choose.
    witness = make.witness()
    payload = {
        "scheme_id": str(old.scheme_id),
        "method": "written",
        "witness_ids": [str(witness.id)],
        "body": "J'ai raté le bus.",
        "recorded_on": "2013-05-14",
        "theme_ids": [str(new.id), str(old.id)],
    }
    testimony = make.testimony(state=State.ACCEPTED, workshop=make.workshop())
    shown = as_editor.get(f"{API}/testimonies/{testimony.id}").json()
    payload |= {"workshop_id": shown["workshop_id"], "witness_ids": shown["witness_ids"]}
    refused = as_editor.put(f"{API}/testimonies/{testimony.id}", json=payload)
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/theme_ids/1", "theme_merged")
    assert error["into"] == str(new.id)


def test_it_is_neither_changed_nor_put_back_nor_merged_elsewhere(
    as_editor: TestClient, make: Make, old: Theme, new: Theme
) -> None:
    assert merge(as_editor, old, new.id).status_code == 200
    sent = {"scheme_id": str(old.scheme_id), "name": "Permis", "definition": "Encore."}
    here = f"{URL}/{old.id}"
    refused = [
        as_editor.put(here, json=sent),
        as_editor.put(f"{here}/retirement"),
        as_editor.delete(f"{here}/retirement"),
        merge(as_editor, old, make.theme().id),
    ]
    told = {(answer.status_code, answer.json()["type"]) for answer in refused}
    assert told == {(409, "/problems/wrong-state")}
    assert {answer.json()["merged_into_id"] for answer in refused} == {str(new.id)}


def test_merging_twice_is_merging_once(
    as_editor: TestClient, old: Theme, new: Theme, db: Session
) -> None:
    first, again = (merge(as_editor, old, new.id) for _ in range(2))
    assert (again.status_code, again.json()) == (200, first.json())
    events = select(AuditEvent).where(AuditEvent.action == "theme.merged")
    (event,) = db.scalars(events).all()
    assert event.facts == {"into": str(new.id), "testimonies": 0, "excerpts": 0}


def test_what_was_merged_before_follows(as_editor: TestClient, make: Make, old: Theme) -> None:
    second, last = make.theme(), make.theme()
    testimony = make.testimony(themes=[old])
    assert merge(as_editor, old, second.id).status_code == 200
    assert merge(as_editor, second, last.id).status_code == 200
    assert as_editor.get(f"{URL}/{old.id}").json()["merged_into_id"] == str(last.id)
    shown = as_editor.get(f"{API}/testimonies/{testimony.id}").json()
    assert shown["theme_ids"] == [str(last.id)]


def test_never_into_itself_nor_into_what_lies_in_it(
    as_editor: TestClient, make: Make, old: Theme
) -> None:
    child = make.theme(parent_id=old.id)
    grandchild = make.theme(parent_id=child.id)
    for into in (old, child, grandchild):
        refused = merge(as_editor, old, into.id)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    assert as_editor.get(f"{URL}/{old.id}").json()["merged_into_id"] is None


def test_into_a_theme_of_the_scheme_that_may_be_given(
    as_editor: TestClient, make: Make, old: Theme, new: Theme
) -> None:
    stranger, merged, retired = make.theme(scheme_id=make.scheme().id), make.theme(), make.theme()
    assert merge(as_editor, merged, new.id).status_code == 200
    assert as_editor.put(f"{URL}/{retired.id}/retirement").status_code == 204
    testimony = make.testimony(themes=[old])
    for into, code in (
        (stranger.id, "unknown_id"),
        (uuid4(), "unknown_id"),
        (merged.id, "theme_merged"),
        (retired.id, "theme_retired"),
    ):
        refused = merge(as_editor, old, into)
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("#/into", code)
    shown = as_editor.get(f"{API}/testimonies/{testimony.id}").json()
    assert (shown["theme_ids"], shown["version"]) == ([str(old.id)], 1)


def test_not_where_its_branch_would_lie_too_deep(as_editor: TestClient, make: Make) -> None:
    old = make.theme()
    make.theme(parent_id=make.theme(parent_id=old.id).id)
    deep: UUID | None = None
    for _ in range(5):
        deep = make.theme(parent_id=deep).id
    refused = merge(as_editor, old, deep)
    assert refused.json()["errors"][0]["code"] == "too_deep"


def test_only_editors_merge(
    as_animator: TestClient, as_evaluator: TestClient, as_editor: TestClient, old: Theme, new: Theme
) -> None:
    for client in (as_animator, as_evaluator):
        assert merge(client, old, new.id).status_code == 403
    assert merge(as_editor, old, new.id, **{"If-Match": '"5"'}).status_code == 412
    assert as_editor.get(f"{URL}/{old.id}").json()["version"] == 1


def test_of_two_merged_into_one_another_at_once_one_is(as_editor: TestClient, make: Make) -> None:
    for _ in range(5):
        one, other = make.theme(), make.theme()
        pairs = [(one, other.id), (other, one.id)]
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda pair: merge(as_editor, *pair).status_code, pairs))
        # The last may find the other merged; or, on PostgreSQL, that both waited for one another.
        assert answers.count(200) == 1
        assert set(answers) <= {200, 422, 503}


def test_what_is_coded_meanwhile_is_not_lost(as_editor: TestClient, make: Make) -> None:
    """Either it is coded before, and moves; or after, and is told that the theme was merged."""
    testimonies = [make.testimony() for _ in range(4)]
    for testimony in testimonies:
        old, new = make.theme(), make.theme()
        shown = as_editor.get(f"{API}/testimonies/{testimony.id}").json()
        names = ("scheme_id", "workshop_id", "method", "witness_ids", "body", "recorded_on")
        payload = {name: shown[name] for name in names} | {"theme_ids": [str(old.id)]}

        def code(
            here: str = f"{API}/testimonies/{testimony.id}", payload: Any = payload
        ) -> Response:
            return as_editor.put(here, json=payload)

        def take_over(old: Theme = old, into: UUID = new.id) -> Response:
            return merge(as_editor, old, into)

        with ThreadPoolExecutor(2) as threads:
            coding, merging = threads.submit(code), threads.submit(take_over)
            answers = coding.result().status_code, merging.result().status_code
        now = as_editor.get(f"{API}/testimonies/{testimony.id}").json()["theme_ids"]
        if answers == (200, 200):
            assert now == [str(new.id)]
        else:
            assert answers in {(422, 200), (503, 200), (200, 503)}


def test_whatever_refers_to_a_theme_is_merged() -> None:
    """A table that comes to refer to themes is to be moved by `coding.service.merge` too."""
    refer = {
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == Theme.__tablename__
    }
    moved = {TestimonyTheme.__tablename__, ExcerptTheme.__tablename__}
    links = {f"{table}.theme_id" for table in moved}
    followed = {"decision_maker_themes.theme_id"}  # by whoever reads them
    assert refer == links | followed | {"themes.parent_id", "themes.merged_into_id"}
