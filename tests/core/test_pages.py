"""Lists are cut in pages, and joined again are the list."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.core.db import Database
from app.core.models import Base
from app.core.pages import InvalidCursor, Order, PageParams, read_page
from app.core.schemas import Out
from tests.make import Make

LAST = datetime(9999, 12, 31, 23, 59, 59, 999_990, tzinfo=UTC)


class Rows(DeclarativeBase):
    """Tables of these tests, beside those of the application."""

    type_annotation_map = Base.type_annotation_map


class Note(Rows):
    """Something that ties often, and belongs to somebody."""

    __tablename__ = "notes_of_the_tests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[int]
    at: Mapped[datetime]
    on: Mapped[date]
    position: Mapped[int]
    name: Mapped[str]


class NoteOut(Out):
    id: UUID
    owner: int


FORWARDS = Order(Note.at, Note.id)
BACKWARDS = Order(Note.at, Note.id, descending=True)
LATEST_DAY_FIRST = Order(Note.on, Note.id, latest_first=True)
THREE_COLUMNS = Order(Note.at, Note.position, Note.id, latest_first=True)
BY_NAME = Order(Note.name, Note.id)


def moment(note: Note, sign: int) -> int:
    return sign * ((note.at - LAST) // timedelta(microseconds=1))


SORTED: dict[str, tuple[Order, Any]] = {
    "forwards": (FORWARDS, lambda n: (moment(n, 1), n.id.int)),
    "backwards": (BACKWARDS, lambda n: (moment(n, -1), -n.id.int)),
    "latest day first": (LATEST_DAY_FIRST, lambda n: (-n.on.toordinal(), n.id.int)),
    "three columns": (THREE_COLUMNS, lambda n: (moment(n, -1), n.position, n.id.int)),
}

notes = st.builds(
    lambda **facts: Note(id=uuid4(), **facts),
    owner=st.integers(1, 3),
    # neighbours in time, now and when a float no longer tells them apart
    at=st.sampled_from([datetime(2026, 11, 22, tzinfo=UTC), LAST]).flatmap(
        lambda at: st.integers(0, 4).map(lambda n: at + timedelta(microseconds=n))
    ),
    on=st.sampled_from([date(2026, 11, 21), date(2026, 11, 22), date(1900, 1, 1)]),
    position=st.integers(-1, 1),
    name=st.sampled_from(["a", "é", "z", "\U0001f600", 'q"\\']),
)


@pytest.fixture(scope="module")
def shelf(built: Database) -> Iterator[Database]:
    engine = built.write.kw["bind"]
    Rows.metadata.create_all(engine)
    yield built
    Rows.metadata.drop_all(engine)


def put(shelf: Database, made: Sequence[Note]) -> None:
    names = [column.key for column in Note.__table__.columns]
    with shelf.write.begin() as db:
        db.execute(Note.__table__.delete())  # type: ignore[attr-defined]
        if made:
            db.execute(insert(Note), [{n: getattr(note, n) for n in names} for note in made])


def every_page(
    db: Session, rows: Select[Any] | Sequence[Select[Any]], order: Order, limit: int
) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        params = PageParams(limit=limit, cursor=cursor, count=True)
        page = read_page(db, NoteOut, rows, params, order)
        yield page
        cursor = page["next_cursor"]
        if cursor is None:
            return


many_examples = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", SORTED)
@many_examples
@given(made=st.lists(notes, max_size=14), limit=st.integers(1, 5), merged=st.booleans())
def test_the_pages_joined_are_the_sorted_list(
    shelf: Database, name: str, made: list[Note], limit: int, merged: bool
) -> None:
    order, key = SORTED[name]
    put(shelf, made)
    mine = [select(Note).where(Note.owner == owner) for owner in (1, 2)]
    rows: Any = mine if merged else select(Note).where(Note.owner < 3)
    with shelf.read() as db:
        pages = list(every_page(db, rows, order, limit))

    wanted = sorted((note for note in made if note.owner < 3), key=key)
    listed = [item for page in pages for item in page["items"]]
    assert [UUID(str(item["id"])) for item in listed] == [note.id for note in wanted]
    assert {page["total"] for page in pages} == {len(wanted)}
    assert all(len(page["items"]) == limit for page in pages[:-1])
    assert len(pages) == max(1, -(-len(wanted) // limit))


@many_examples
@given(made=st.lists(notes, max_size=14), limit=st.integers(1, 5))
def test_the_pages_in_the_order_of_a_text_are_what_the_database_sorts(
    shelf: Database, made: list[Note], limit: int
) -> None:
    put(shelf, made)
    with shelf.read() as db:
        [whole] = every_page(db, select(Note), BY_NAME, 200)
        pages = list(every_page(db, select(Note), BY_NAME, limit))
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert len(whole["items"]) == len(made)


def test_rows_that_come_and_go_move_nothing(shelf: Database) -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 7)]
    facts = {"owner": 1, "on": date(2026, 11, 1), "position": 0, "name": "a"}
    made = [Note(id=uuid4(), at=day, **facts) for day in days]
    put(shelf, made[1:])
    with shelf.read() as db:
        first = read_page(db, NoteOut, select(Note), PageParams(limit=2), FORWARDS)
    put(shelf, [made[0], *made[3:]])  # one came before, both that were shown are gone
    with shelf.read() as db:
        params = PageParams(limit=9, cursor=first["next_cursor"])
        later = read_page(db, NoteOut, select(Note), params, FORWARDS)
    assert [UUID(str(item["id"])) for item in later["items"]] == [note.id for note in made[3:]]


def test_a_list_that_nobody_may_see_is_empty(shelf: Database) -> None:
    with shelf.read() as db:
        page = read_page(db, NoteOut, [], PageParams(count=True), FORWARDS)
    assert page == {"items": [], "next_cursor": None, "total": 0}


def test_details_are_asked_for_once_a_page(shelf: Database) -> None:
    put(shelf, [])
    asked: list[int] = []
    facts = {"owner": 1, "on": date(2026, 11, 1), "position": 0, "name": "a", "at": LAST}
    for made in ([], [Note(id=uuid4(), **facts) for _ in range(3)]):
        put(shelf, made)
        with shelf.read() as db:
            read_page(
                db,
                NoteOut,
                select(Note),
                PageParams(limit=2),
                FORWARDS,
                lambda _, items: asked.append(len(items)),
            )
    assert asked == [2]


# Cursors


@given(
    values=st.tuples(
        st.datetimes(timezones=st.just(UTC)), st.integers(-(2**31), 2**31 - 1), st.uuids()
    )
)
def test_a_cursor_tells_the_position_it_was_made_of(values: tuple[datetime, int, UUID]) -> None:
    assert THREE_COLUMNS.read(THREE_COLUMNS.cursor(values)) == values


@given(junk=st.text(st.characters(exclude_categories=["Cs"])) | st.binary().map(repr))
def test_what_is_no_cursor_is_refused(junk: str) -> None:
    with pytest.raises(InvalidCursor):
        BACKWARDS.read(junk)


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("/api/v1/places", '["\\u0000","8e03978e-40d5-43dd-bc93-6894a57f9324"]'),
        ("/api/v1/places", '["a\\ud800","8e03978e-40d5-43dd-bc93-6894a57f9324"]'),
        ("/api/v1/places", '["a"]'),
        ("/api/v1/schemes", '["\\u0000"]'),
        ("/api/v1/schemes", "[null]"),
        *(
            (
                "/api/v1/vocabularies/methods/terms",
                f'[{number},"8e03978e-40d5-43dd-bc93-6894a57f9324"]',
            )
            for number in (2**31, 2**63, 2**64, -(2**70), 10**400, 1.5, "1e400", "NaN")
        ),
    ],
)
def test_a_forged_cursor_is_refused_on_both_databases(
    as_animator: TestClient, path: str, position: str
) -> None:
    forged = {"cursor": urlsafe_b64encode(position.encode()).decode()}
    response = as_animator.get(f"{path}?{urlencode(forged)}")
    assert response.status_code == 422
    assert response.json()["type"] in ("/problems/invalid-cursor", "/problems/invalid")


def test_the_longest_names_have_a_next_page(as_animator: TestClient, make: Make) -> None:
    for last in "ab":
        make.organization(name="\U0001f600" * 199 + last)
    first = as_animator.get("/api/v1/organizations?limit=1")
    url = first.links["next"]["url"]
    names = {first.json()["items"][0]["name"]}
    while url:
        page = as_animator.get(url)
        assert page.status_code == 200
        names |= {item["name"] for item in page.json()["items"]}
        url = page.links.get("next", {}).get("url", "")
    assert len(names) >= 2
