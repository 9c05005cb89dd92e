"""What lists of testimonies promise: their order, their filters, and what they cost."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, text

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.core.db import Database
from app.core.models import now
from app.media.models import Kind as MediaKind
from app.testimonies.models import Nature, State, Testimony, TestimonyWitness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make
from tests.plans import asked, plans, sorts

URL = "/api/v1/testimonies"


def walk(client: TestClient, query: str) -> list[str]:
    """The ids of a list, page after page."""
    listed, address = [], f"{URL}?{query}"
    while address:
        response = client.get(address)
        assert response.status_code == 200
        page = response.json()
        listed += [item["id"] for item in page["items"]]
        address = response.links.get("next", {}).get("url", "")
        assert bool(address) == bool(page["next_cursor"])
    return listed


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_the_pages_make_the_whole_list_in_order(
    as_animator: TestClient,
    as_editor: TestClient,
    make: Make,
    workshop: Workshop,
    limit: int,
) -> None:
    """The latest day first, then by id: with many of the same day, of one's own and filmed."""
    filmed = make.workshop(partner_organization_id=workshop.owner_organization_id)
    elsewhere = make.workshop()
    days = [3, 1, 2, 2, 2, 2, 2, 2, 1, 3, 2, 2]
    speaks, made = make.witness(workshop=workshop), []
    for number, day in enumerate(days):
        given: dict[str, Any] = {"recorded_on": date(2013, 5, day), "witnesses": [speaks]}
        made.append(make.testimony(workshop=[workshop, filmed][number % 2], **given))
        if day == 2:  # noise
            make.testimony(workshop=elsewhere, state=State.DRAFT, **given)

    ordered = sorted(made, key=lambda t: (-t.recorded_on.toordinal(), t.id))
    for client in (as_animator, as_editor):
        assert walk(client, f"limit={limit}") == [str(testimony.id) for testimony in ordered]


def test_a_page_goes_on_where_it_was_though_rows_come_and_go(
    as_animator: TestClient, make: Make, workshop: Workshop
) -> None:
    day = {"recorded_on": date(2013, 5, 2), "workshop": workshop}
    same_day = sorted((make.testimony(**day) for _ in range(4)), key=lambda t: t.id)
    first = as_animator.get(f"{URL}?limit=2")
    with make.sessions.begin() as db:
        db.execute(text("DELETE FROM testimony_witnesses"))
        db.delete(db.get_one(Testimony, same_day[1].id))
    make.testimony(recorded_on=date(2013, 5, 3), workshop=workshop)

    second = as_animator.get(first.links["next"]["url"]).json()
    assert [t["id"] for t in second["items"]] == [str(t.id) for t in same_day[2:]]


Made = dict[str, Any]


@pytest.fixture
def described(make: Make, workshop: Workshop, animator: Account) -> Callable[[], Made]:
    """One testimony which every filter finds, and another which none does."""

    def described() -> Made:
        scheme, theme = make.scheme(), make.theme()
        place = make.place(
            organization=animator.organization, territory_id=make.territory("13055").id
        )
        here = make.workshop(place=place, scheme_id=scheme.id)
        young = make.witness(workshop=here, role="young_person")
        found = make.testimony(
            workshop=here,
            witnesses=[make.witness(workshop=here), young],
            themes=[theme],
            tags=["accueil", "embauche"],
            media=[make.media(kind=MediaKind.AUDIO)],
            method="audio",
            nature=Nature.PRACTICE,
            territory_id=make.territory("13055").id,
            recorded_on=date(2014, 2, 1),
            captured_by=animator.id,
            state=State.SUBMITTED,
            updated_at=now() + timedelta(hours=1),
        )
        make.testimony(
            workshop=workshop,
            themes=[make.theme()],
            tags=["Accueil", "accueil chaleureux"],
            media=[make.media(kind=MediaKind.VIDEO)],
            nature=Nature.FEELING,
            territory_id=make.territory("83126").id,
            recorded_on=date(2013, 5, 14),
        )
        return {
            "id": str(found.id),
            "scheme_id": scheme.id,
            "workshop_id": here.id,
            "place_id": place.id,
            "theme_id": theme.id,
            "captured_by": animator.id,
            "territory_id": make.territory("13055").id,
            "department": make.territory("13").id,
            "region": make.territory("93").id,
            "since": (now() + timedelta(minutes=30)).isoformat().replace("+00:00", "Z"),
        }

    return described


@pytest.mark.parametrize(
    "query",
    [
        "scheme_id={scheme_id}",
        "workshop_id={workshop_id}",
        "place_id={place_id}",
        "territory_id={territory_id}",
        "territory_id={department}",
        "role=young_person",
        "role=young_person&role=tutor&nature=practice",
        "method=audio",
        "nature=practice&nature=idea",
        "theme_id={theme_id}",
        "tag=accueil",
        "tag=embauche&tag=autre",
        "state=submitted&state=returned",
        "media_kind=audio",
        "recorded_from=2014-02-01",
        "recorded_from=2014-02-01&recorded_to=2014-02-01",
        "captured_by={captured_by}",
        "updated_since={since}",
        "theme_id={theme_id}&tag=accueil&tag=embauche&role=tutor&role=young_person",
    ],
)
def test_a_filter_finds_it_once_and_not_the_other(
    as_animator: TestClient, described: Callable[[], Made], query: str
) -> None:
    made = described()
    page = as_animator.get(f"{URL}?{query.format(**made)}&count=true").json()
    assert [item["id"] for item in page["items"]] == [made["id"]]
    assert page["total"] == 1


@pytest.mark.parametrize(
    ("query", "length"),
    [
        ("territory_id={region}", 2),
        ("recorded_to=2014-01-31", 1),
        ("role=tutor", 2),
        ("nature=practice&tag=nothing", 0),
        ("territory_id=" + str(UUID(int=1)), 0),
        ("recorded_from=2014-02-02", 0),
    ],
)
def test_filters_are_asked_together(
    as_animator: TestClient, described: Callable[[], Made], query: str, length: int
) -> None:
    made = described()
    items = as_animator.get(f"{URL}?{query.format(**made)}").json()["items"]
    assert len(items) == length


def test_a_filter_opens_nothing(
    as_evaluator: TestClient, as_outsider: TestClient, described: Callable[[], Made]
) -> None:
    made = described()
    for query in ("state=submitted", f"workshop_id={made['workshop_id']}", "tag=accueil"):
        assert as_evaluator.get(f"{URL}?{query}").json()["items"] == []
        assert as_outsider.get(f"{URL}?{query}").json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    ["mood=good", "state=lost", "recorded_from=yesterday", "theme_id=1", "limit=201", "cursor=x"],
)
def test_an_unknown_filter_is_refused(as_animator: TestClient, wrong: str) -> None:
    assert as_animator.get(f"{URL}?{wrong}").status_code == 422


# What they cost


@pytest.fixture
def many(database: Database, make: Make) -> Callable[[Account], Workshop]:
    """Enough rows for a database to prefer an index: of several states, hundreds of each day."""

    def many(reader: Account) -> Workshop:
        theirs = make.organization()
        workshops = [
            make.workshop(organization=reader.organization),
            make.workshop(organization=theirs, partner_organization_id=reader.organization_id),
            *(make.workshop(organization=theirs) for _ in range(3)),
        ]
        chance, rows, links = Random(1), [], []
        for number, workshop in enumerate(workshops):
            witness = make.witness(workshop=workshop)
            for _ in range(200 if number > 1 else 900):
                state = chance.choice([State.SUBMITTED, State.ACCEPTED, State.RETURNED])
                rows.append(
                    {
                        "id": uuid4(),
                        "scheme_id": workshop.scheme_id,
                        "workshop_id": workshop.id,
                        "place_id": workshop.place_id,
                        "owner_organization_id": workshop.owner_organization_id,
                        "partner_organization_id": workshop.partner_organization_id,
                        "method": "written",
                        "body": "Le premier jour.",
                        "recorded_on": date(2013, 1, 1) + timedelta(chance.randrange(3)),
                        "state": state,
                        "submitted_at": now(),
                        "captured_by": reader.id,
                    }
                )
                links.append(
                    {"testimony_id": rows[-1]["id"], "witness_id": witness.id, "position": 0}
                )
        with database.write.begin() as db:
            db.execute(insert(Testimony), rows)
            db.execute(insert(TestimonyWitness), links)
            for table in ("testimonies", "testimony_witnesses", "current_consents"):
                db.execute(text(f"ANALYZE {table}"))
        return workshops[0]

    return many


@pytest.mark.parametrize(
    ("role", "filters", "queries"),
    [
        (Role.ANIMATOR, [""], 2),  # the owner's, then the partner's
        (
            Role.EDITOR,
            ["", "scheme_id={0.scheme_id}", "workshop_id={0.id}", "place_id={0.place_id}"],
            1,
        ),
        (
            Role.EVALUATOR,
            [
                *("", "state=accepted"),
                *("scheme_id={0.scheme_id}", "workshop_id={0.id}", "place_id={0.place_id}"),
            ],
            1,
        ),
    ],
)
def test_every_page_is_read_in_the_order_of_an_index(
    client_for: ClientFor,
    make: Make,
    database: Database,
    many: Callable[[Account], Workshop],
    role: Role,
    filters: list[str],
    queries: int,
) -> None:
    reader = make.account(role=role)
    workshop, client = many(reader), client_for(reader)
    for filter_ in filters:
        with asked(database, "testimonies") as seen:
            first = client.get(f"{URL}?limit=20&{filter_.format(workshop)}")
            first_page = len(seen)
            later = client.get(first.links["next"]["url"])
        assert len(later.json()["items"]) == 20
        assert first_page == queries
        assert len(seen) > first_page
        for plan in plans(database, seen):
            assert not sorts(plan), plan
            assert "ix_testimonies" in plan
            assert "recorded_on_id" in plan, plan
