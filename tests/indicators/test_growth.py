"""What indicators cost grows as what they count does, and no faster."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app.bundles.models import BundleItem
from app.core.db import Database
from app.indicators.tables import INDICATORS
from app.testimonies.models import Testimony, TestimonyWitness
from tests.make import Make
from tests.pages.conftest import Dossier, dossier, published
from tests.plans import worked

__all__ = ["dossier", "published"]


def copied(db: Session, model: Any, id_: UUID, *changes: dict[str, Any]) -> list[UUID]:
    """Rows like this one, but for these changes."""
    table = model.__table__
    row = dict(db.execute(select(table).where(table.c.id == id_)).mappings().one())
    rows = [row | change | {"id": uuid4()} for change in changes]
    db.execute(insert(table), rows)
    return [row["id"] for row in rows]


@pytest.fixture
def more(make: Make, dossier: Dossier, database: Database) -> Any:
    """So many more testimonies like one that a bundle shows, each shown by it too."""
    places = iter(range(1000, 100_000))

    def more(many: int) -> None:
        with database.write.begin() as db:
            shown = select(BundleItem).where(BundleItem.bundle_id == UUID(dossier.bundle_id))
            item = db.scalars(shown.limit(1)).one()
            testimony_id = db.scalars(select(Testimony.id).limit(1)).one()
            link = db.scalars(
                select(TestimonyWitness).where(TestimonyWitness.testimony_id == testimony_id)
            ).first()
            assert link
            said = copied(db, Testimony, testimony_id, *([{}] * many))
            copied(db, TestimonyWitness, link.id, *({"testimony_id": one} for one in said))
            placed = ({"testimony_id": one, "excerpt_id": None} for one in said)
            copied(db, BundleItem, item.id, *(one | {"position": next(places)} for one in placed))
            db.execute(text("ANALYZE"))
        database.read.kw["bind"].dispose()  # SQLite reads statistics when it opens

    return more


@pytest.mark.parametrize("name", INDICATORS)
def test_four_times_as_many_cost_no_more_than_six_times(
    name: str, more: Any, as_evaluator: TestClient, database: Database
) -> None:
    if database.dialect == "postgresql":
        pytest.skip("it is SQLite that counts its steps")

    def cost() -> int:
        with worked(database) as hundreds:
            answer = as_evaluator.get(f"/api/v1/indicators/{name}")
        assert answer.status_code == 200, answer.text
        return hundreds[0]

    more(250)
    few = cost()
    more(750)
    assert cost() < 6 * max(few, 10)
