"""What leaves of bundles and releases: their make, how far they went, and no word of theirs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.bundles.models import Bundle, state_of
from app.core.db import Database
from app.core.models import now
from app.exports.queries import EXPORTED
from app.testimonies.models import Nature
from app.witnesses.decision import Verb
from app.witnesses.models import Witness
from tests.exports.conftest import Says, get, rows_of
from tests.make import Make
from tests.pages.conftest import CELL, Dossier, Published

BUNDLES = "/api/v1/bundles"


def compose(client: TestClient, make: Make, items: list[dict[str, Any]], **given: Any) -> str:
    bundle = {
        "scheme_id": str(make.the_scheme.id),
        "title": "CANARY-title",
        "audience": "elected_officials",
        "form": "web_page",
        "introduction": "CANARY-introduction",
        "sections": [{"title": "CANARY-section", "text": "CANARY-text", "items": items}],
    }
    answer = client.post(BUNDLES, json=bundle | given)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_of_what_it_is_made(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, says: Says
) -> None:
    one, two = says("un"), says("deux", nature=Nature.IDEA)
    done = {"actor": "le tuteur", "action": "montre", "occasion": "le premier jour"}
    practice = make.excerpt(one, exact="j'ai suivi", nature=Nature.PRACTICE, practice=done)
    feeling = make.excerpt(one, exact="Le premier", nature=Nature.FEELING)
    items: list[dict[str, Any]] = [
        {"excerpt_id": str(practice.id), "caption": "CANARY-caption"},
        {"excerpt_id": str(feeling.id), "selection_reason": "CANARY-reason"},
        {"testimony_id": str(two.id)},
        {"text": "CANARY-words"},
    ]
    compose(as_editor, make, items, territory_id=str(make.territory().id))
    (row,) = rows_of(as_evaluator, "bundles")
    counts = {"items": 4, "excerpts": 2, "testimonies": 1, "texts": 1, "heard": 0, "seen": 0}
    natures = {"practices": 1, "feelings": 1, "mixed": 0, "ideas": 1, "information": 0}
    assert {name: row[name] for name in counts} == counts
    assert {name: row[name] for name in natures} == natures
    assert (row["voices"], row["workshops"]) == (2, len({one.workshop_id, two.workshop_id}))
    assert (row["audience"], row["form"], row["purpose"]) == (
        *("elected_officials", "web_page"),
        "evaluation",
    )
    assert (row["territory"], row["state"], row["public"]) == ("83126", "draft", False)
    assert row["composed_on"] == f"{now():%Y-%m}"
    assert (len(row["excerpt_ids"]), len(row["testimony_ids"])) == (2, 1)
    for format_ in ("csv", "jsonl"):
        text = get(as_evaluator, f"bundles.{format_}").text
        assert "CANARY" not in text
        for real in (practice.id, two.id, one.id):
            assert str(real) not in text


def test_ids_of_what_may_not_leave_stay(
    as_evaluator: TestClient,
    as_editor: TestClient,
    make: Make,
    says: Says,
    willing: Callable[..., Witness],
) -> None:
    witness = willing()
    told, kept = says("dit"), says("repris", witnesses=[witness])
    items = [{"excerpt_id": str(make.excerpt(t).id)} for t in (told, kept)]
    compose(as_editor, make, [*items, {"testimony_id": str(kept.id)}])
    (row,) = rows_of(as_evaluator, "bundles")
    assert (len(row["excerpt_ids"]), len(row["testimony_ids"])) == (2, 1)
    make.consent(witness, EXPORTED, verb=Verb.WITHDRAW)
    (row,) = rows_of(as_evaluator, "bundles")
    assert (len(row["excerpt_ids"]), len(row["testimony_ids"])) == (1, 0)
    assert row["items"] == 3


def test_how_far_it_went(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, published: Published
) -> None:
    dossier = published()
    published(audience="services")  # noise
    path, delivery_id = dossier.deliver()
    dossier.deliver()
    client = dossier.editor
    token = path.rpartition("/")[2]
    assert client.get(f"/api/v1/shared/{token}", headers={"Authorization": ""}).status_code == 200
    make.reaction(delivery_id, text="CANARY-reaction")
    rows = {row["audience"]: row for row in rows_of(as_evaluator, "bundles")}
    row, other = rows["elected_officials"], rows["services"]
    assert (row["state"], row["releases"], row["recalled"]) == ("published", 1, 0)
    assert row["first_published_on"] == row["last_published_on"] == f"{now():%Y-%m}"
    assert (row["deliveries"], row["opened"], row["acknowledged"], row["revoked"]) == (2, 1, 0, 0)
    assert (row["reactions"], row["voices"], row["feelings"]) == (1, 2, 2)
    assert (other["deliveries"], other["opened"], other["reactions"]) == (0, 0, 0)
    assert CELL.audience == row["audience"]
    assert "CANARY" not in get(as_evaluator, "bundles.csv").text
    assert [r["form"] for r in rows_of(as_evaluator, "bundles", audience="services")] == [
        "web_page"
    ]


def test_each_release_is_told_as_it_was_published(
    as_evaluator: TestClient, make: Make, published: Published, database: Database
) -> None:
    dossier = published()
    published(audience="services", form="exhibition")  # noise
    path, delivery_id = dossier.deliver()
    token = path.rpartition("/")[2]
    client = dossier.editor
    assert client.get(f"/api/v1/shared/{token}", headers={"Authorization": ""}).status_code == 200
    make.reaction(delivery_id, text="CANARY-reaction")
    with database.write.begin() as db:  # it is prepared for others, and published again
        of_it = Bundle.id == UUID(dossier.bundle_id)
        db.execute(update(Bundle).where(of_it).values(title="CANARY-title", form="note"))
    for witness in dossier.witnesses:
        make.consent(witness, dossier.cell._replace(form="note"))
    again = client.post(f"{BUNDLES}/{dossier.bundle_id}/releases")
    assert again.status_code == 201, again.text

    rows = {(row["form"], row["number"]): row for row in rows_of(as_evaluator, "releases")}
    assert rows.keys() == {("web_page", 1), ("note", 2), ("exhibition", 1)}
    first, second, other = rows["web_page", 1], rows["note", 2], rows["exhibition", 1]
    assert first["bundle_id"] == second["bundle_id"] != other["bundle_id"]
    assert (first["audience"], first["published_on"]) == ("elected_officials", f"{now():%Y-%m}")
    assert (first["passages"], first["voices"]) == (2, 2)
    counted = ("deliveries", "opened", "acknowledged", "revoked", "revoked_unopened", "reactions")
    assert [first[name] for name in counted] == [1, 1, 0, 0, 0, 1]
    assert [second[name] for name in counted] == [0] * len(counted)
    assert not any(row["recalled"] for row in rows.values())
    assert "CANARY" not in get(as_evaluator, "releases.csv").text
    for filters, wanted in (({"form": "exhibition"}, 1), ({"audience": "elected_officials"}, 2)):
        assert len(rows_of(as_evaluator, "releases", **filters)) == wanted


@pytest.mark.parametrize("facts", [{}, {"martyr"}, {"ready"}, {"published"}, {"ready", "closed"}])
def test_its_state_is_that_of_the_list(
    as_evaluator: TestClient, dossier: Dossier, make: Make, database: Database, facts: set[str]
) -> None:
    by = make.account().id
    values: dict[str, Any] = {"published_at": now() if "published" in facts else None}
    for name in ("martyr", "ready", "closed"):
        is_so = name in facts
        values |= {f"{name}_at": now() if is_so else None, f"{name}_by_id": by if is_so else None}
    with database.write.begin() as db:
        db.execute(update(Bundle).values(**values))
    (row,) = rows_of(as_evaluator, "bundles")
    names = ("martyr_at", "ready_at", "published_at", "closed_at")
    assert row["state"] == state_of(*(values[name] for name in names))
