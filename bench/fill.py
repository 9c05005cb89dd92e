"""A database to measure on: invented rows, as many as asked for, written in bulk."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.accounts.authentication import TOKEN, fingerprint
from app.accounts.models import Account, ApiToken, Organization
from app.accounts.models import Kind as OrganizationKind
from app.accounts.permissions import Role
from app.codebook.models import Theme
from app.core.db import Database
from app.core.models import now
from app.places.models import Place, PlaceKind, Territory
from app.schemes.models import Scheme
from app.testimonies.models import (
    Nature,
    State,
    Testimony,
    TestimonyTag,
    TestimonyTheme,
    TestimonyWitness,
)
from app.witnesses.codes import new_receipt_code, receipt_hash
from app.witnesses.decision import Cell, Medium, Purpose, Reach, Verb
from app.witnesses.models import CurrentConsent, Witness
from app.workshops.models import Kind, Workshop
from bench.words import TAG, TITLE, index, spoken

WITNESSES, THEMES, DAYS, BATCH = 2000, 20, 2500, 5000
DATASET = Cell(Medium.ANONYMOUS_TEXT, "team", "dataset", Purpose.EVALUATION)


@dataclass(frozen=True)
class Filled:
    """What the measures need to know: ids as text."""

    scheme_id: str
    workshop_id: str
    witness_ids: list[str]
    theme_ids: list[str]


def token_of(role: Role) -> str:
    """The API token of the account of this role."""
    return f"{TOKEN}bench-{role}"


def fill(database: Database, testimonies: int) -> Filled:
    """People, a workshop, and this many accepted testimonies of two witnesses and two themes."""
    choose = random.Random(14)
    with database.write.begin() as db:
        frame = _frame(db)
        witnesses = _witnesses(db, frame)
        themes = [uuid4() for _ in range(THEMES)]
        scheme_id = frame["scheme_id"]
        db.execute(insert(Theme), described(scheme_id, themes))
    bodies = spoken(testimonies, choose)
    while batch := list(islice(bodies, BATCH)):
        with database.write.begin() as db:
            testify(db, frame, witnesses, themes, batch, choose)
    index(database)
    tidy(database)
    return Filled(
        str(scheme_id),
        str(frame["workshop_id"]),
        [str(i) for i in witnesses],
        [str(i) for i in themes],
    )


def tidy(database: Database) -> None:
    """What PostgreSQL does by itself after a while: statistics, and indexes in order."""
    tidying = "VACUUM ANALYZE" if database.dialect == "postgresql" else "ANALYZE"
    with database.write() as db:
        alone = db.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        alone.execute(text(tidying))


def _frame(db: Session) -> dict[str, UUID]:
    organization = Organization(name="Association Exemple", kind=OrganizationKind.ASSOCIATION)
    scheme = Scheme(
        code="banc",
        name="Banc d'essai",
        public_title="Banc d'essai",
        question="?",
        starts_on=date(2012, 11, 1),
    )
    territory = db.query(Territory).filter_by(code="83126").one()
    db.add_all([organization, scheme])
    db.flush()
    place = Place(
        name="ERIC",
        kind=PlaceKind.ERIC,
        organization_id=organization.id,
        territory_id=territory.id,
    )
    accounts = {
        role: Account(
            organization_id=organization.id,
            email=f"{role}@example.org",
            display_name=role,
            role=role,
        )
        for role in Role
    }
    db.add_all([place, *accounts.values()])
    db.flush()
    for role, account in accounts.items():
        db.add(
            ApiToken(account_id=account.id, name="bench", fingerprint=fingerprint(token_of(role)))
        )
    workshop = Workshop(
        scheme_id=scheme.id,
        place_id=place.id,
        owner_organization_id=organization.id,
        kind=Kind.WORKSHOP,
        method="video",
        title="Atelier",
        starts_at=now() - timedelta(days=1),
        roles_expected=[],
    )
    db.add(workshop)
    db.flush()
    return {
        "scheme_id": scheme.id,
        "workshop_id": workshop.id,
        "place_id": place.id,
        "owner_organization_id": organization.id,
        "territory_id": territory.id,
        "captured_by": accounts[Role.ANIMATOR].id,
    }


def _witnesses(db: Session, frame: dict[str, UUID]) -> list[UUID]:
    ids = [uuid4() for _ in range(WITNESSES)]
    shared = {name: frame[name] for name in ("scheme_id", "workshop_id", "owner_organization_id")}
    db.execute(
        insert(Witness),
        [
            shared
            | {
                "id": i,
                "pseudonym": f"Exemple {n}",
                "role": "tutor",
                "receipt_hash": receipt_hash(new_receipt_code()),
            }
            for n, i in enumerate(ids)
        ],
    )
    given = {
        "giver_id": None,
        "medium": DATASET.medium,
        "audience": DATASET.audience,
        "form": DATASET.form,
        "purpose": DATASET.purpose,
        "starts_at": now() - timedelta(days=1),
        "valid_until": now() + timedelta(days=300),
        "verb": Verb.GIVE,
        "number": 1,
        "reach": Reach.WORLD,
    }
    db.execute(insert(CurrentConsent), [given | {"witness_id": i} for i in ids])
    return ids


def described(scheme_id: UUID, themes: list[UUID]) -> list[dict[str, Any]]:
    """The rows of these themes."""
    return [
        {"id": i, "scheme_id": scheme_id, "name": f"Thème {n}", "definition": "…"}
        for n, i in enumerate(themes)
    ]


def testify(
    db: Session,
    frame: dict[str, UUID],
    witnesses: list[UUID],
    themes: list[UUID],
    bodies: list[str],
    choose: random.Random,
) -> None:
    """Accepted testimonies of these texts, each of two witnesses and two themes."""
    first = date(2012, 11, 1)
    rows = [
        frame
        | {
            "id": uuid4(),
            "method": choose.choice(["video", "written", "audio", "interview"]),
            "title": TITLE,
            "body": body,
            "language": "fr",
            "recorded_on": first + timedelta(days=choose.randrange(DAYS)),
            "nature": choose.choice(list(Nature)),
            "sector": choose.choice(["culture", "sport", "health"]),
            "state": State.ACCEPTED,
            "submitted_at": now(),
        }
        for body in bodies
    ]
    db.execute(insert(Testimony), rows)
    ids = [row["id"] for row in rows]
    for model, column, pool in (
        (TestimonyWitness, "witness_id", witnesses),
        (TestimonyTheme, "theme_id", themes),
    ):
        db.execute(insert(model), list(_links(ids, column, pool, choose)))
    tags = [{"testimony_id": i, "tag": TAG, "position": 0} for i in ids]
    db.execute(insert(TestimonyTag), tags)


def _links(
    ids: list[Any], column: str, pool: list[UUID], choose: random.Random
) -> Iterator[dict[str, Any]]:
    for testimony_id in ids:
        for position, value in enumerate(choose.sample(pool, 2)):
            yield {"testimony_id": testimony_id, column: value, "position": position}
