"""Each indicator of all testimonies, beside the bare statements that it is counted by."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.bundles.models import Bundle, BundleItem, Section, ShowAs
from app.core.db import Database
from app.core.models import now
from app.reactions.models import Commitment, Reaction
from app.releases.models import Delivery, Release, ReleaseItem
from app.testimonies.models import Testimony
from app.witnesses.decision import Medium, Purpose
from bench.load import Server, alternately, request
from bench.record import record

BUNDLES, ITEMS, DELIVERIES, TIMES = 100, 50, 50, 3
ASKED = {
    "counts": "by=role&by=month",
    "balance": "over=month",
    "coverage": "",
    "methods": "",
    "reception": "",
    "loop": "",
    "voices": "",
}
ROOT = "/api/v1/indicators"
Compared = tuple[str, float, float]  # what, ours and the ceiling, in ms


def compared(
    app: Server, bare: Server, database: Database, folder: Path, token: str, scheme_id: str
) -> Iterator[Compared]:
    """The cost of each indicator in JSON, and of the table by two dimensions as a picture."""
    _publish(database, UUID(scheme_id))
    for name, query in ASKED.items():
        path, kept = f"{ROOT}/{name}?{query}", f"indicator-{name}"
        headers = {"Authorization": f"Bearer {token}"}
        record(database, folder, kept, method="GET", url=path, headers=headers)
        ceiling = bare, request("GET", f"/{kept}", token)
        yield name, *alternately((app, request("GET", path, token)), ceiling, TIMES)
        if name == "counts":
            drawn = request("GET", path.replace("?", ".svg?"), token)
            yield f"{name}, as a picture", *alternately((app, drawn), ceiling, TIMES)


def _publish(database: Database, scheme_id: UUID) -> None:
    """Bundles of whole testimonies, each published, given to people who answer twice."""
    choose = random.Random(7)
    with database.write.begin() as db:
        said = list(db.scalars(select(Testimony.id).order_by(Testimony.id).limit(BUNDLES * ITEMS)))
        by = db.scalars(select(Account.id).limit(1)).one()
        for number in range(BUNDLES):
            items = choose.sample(said, ITEMS)
            way = {
                "audience": choose.choice(["elected_officials", "services", "employers"]),
                "form": choose.choice(["web_page", "note", "film"]),
            }
            _bundle(db, {"scheme_id": scheme_id, "title": f"Dossier {number}"} | way, items, by)
        db.execute(text("ANALYZE"))


def _bundle(db: Session, about: dict[str, Any], said: list[UUID], by: UUID) -> None:
    way = {name: about[name] for name in ("audience", "form")} | {"purpose": Purpose.EVALUATION}
    bundle = Bundle(id=uuid4(), **about | way, created_by_id=by)
    section = Section(id=uuid4(), bundle_id=bundle.id, position=0, title="Tout")
    release = Release(
        id=uuid4(),
        bundle_id=bundle.id,
        number=1,
        published_by_id=by,
        sha256="0" * 64,
        content={},
        **way,
    )
    for row in (bundle, section, release):
        db.add(row)
        db.flush()
    items = [(uuid4(), testimony_id) for testimony_id in said]
    placed = {"bundle_id": bundle.id, "section_id": section.id, "show_as": ShowAs.TEXT}
    db.execute(
        insert(BundleItem),
        [placed | {"id": i, "testimony_id": t, "position": n} for n, (i, t) in enumerate(items)],
    )
    shown = {"release_id": release.id, "media_shown": [Medium.ANONYMOUS_TEXT]}
    db.execute(insert(ReleaseItem), [shown | {"item_id": i, "testimony_id": t} for i, t in items])
    _answers(db, release, about["scheme_id"], by)


def _answers(db: Session, release: Release, scheme_id: UUID, by: UUID) -> None:
    given = {"release_id": release.id, "recipient": "Quelqu'un", "created_by_id": by}
    moment = {"expires_at": now(), "opened_at": now(), "acknowledged_at": now()}
    ids = [uuid4() for _ in range(DELIVERIES)]
    db.execute(
        insert(Delivery), [given | moment | {"id": i, "fingerprint": uuid4().hex} for i in ids]
    )
    about = {"scheme_id": scheme_id, "release_id": release.id, "audience": release.audience}
    said = about | {"form": release.form, "commitment": Commitment.THINKING, "understood": True}
    rows = [said | {"delivery_id": i, "form_rating": n + 3} for i in ids for n in range(2)]
    db.execute(insert(Reaction), rows)
