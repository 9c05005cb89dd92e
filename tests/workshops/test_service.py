"""What lists of workshops cost."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.accounts.permissions import Role
from app.core.db import Database
from app.core.models import now
from app.workshops.models import Kind, Workshop
from tests.conftest import ClientFor
from tests.make import Make
from tests.plans import assert_read_in_the_order_of

OWNER = "ix_workshops_owner_organization_id_starts_at_id"
PARTNER = "ix_workshops_partner_organization_id_starts_at_id"
PLACE = "ix_workshops_place_id_starts_at_id"
ALL = "ix_workshops_starts_at_id"


@pytest.mark.parametrize(
    ("role", "index", "at_one_place"),
    [
        (Role.ANIMATOR, f"{OWNER} {PARTNER}", False),
        (Role.INTEGRATION, f"{OWNER} {PARTNER}", False),
        (Role.EDITOR, ALL, False),
        (Role.EVALUATOR, ALL, False),
        (Role.CUSTODIAN, ALL, False),
        (Role.EDITOR, PLACE, True),
    ],
)
def test_every_page_is_read_in_the_order_of_an_index(
    client_for: ClientFor,
    make: Make,
    database: Database,
    role: Role,
    index: str,
    at_one_place: bool,
) -> None:
    reader = make.account(role=role)
    mine, *others = [
        make.place(organization=reader.organization),
        *(make.place() for _ in range(4)),
    ]
    facts = {
        "scheme_id": make.the_scheme.id,
        "kind": Kind.WORKSHOP,
        "method": "video",
        "title": "Atelier",
        "roles_expected": [],
    }
    moments = [{"starts_at": now() - timedelta(hours=hours)} for hours in range(400)]
    with database.write.begin() as db:  # enough rows for PostgreSQL to prefer an index
        for place in (mine, *others):
            where = {"place_id": place.id, "owner_organization_id": place.organization_id}
            partner = reader.organization_id if place is others[0] else mine.organization_id
            partner = partner if place in (mine, others[0]) else others[1].organization_id
            who = {"partner_organization_id": partner}
            db.execute(insert(Workshop), [facts | where | who | moment for moment in moments])

    url = "/api/v1/workshops?limit=20" + (f"&place_id={others[1].id}" if at_one_place else "")
    assert_read_in_the_order_of(index, database, client_for(reader), url, "workshops")
