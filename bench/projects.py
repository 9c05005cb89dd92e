"""A scheme of 5 000 testimonies and 20 000 excerpts, exported for coding software."""

import random
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app.codebook.models import Theme
from app.core.db import Database
from app.excerpts.models import Excerpt, ExcerptTheme, SelectorType
from app.places.models import Territory
from app.schemes.models import Scheme
from app.testimonies.models import Nature, Testimony
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from bench.fill import THEMES, described, testify
from bench.load import Server, request, send
from bench.words import spoken

TESTIMONIES, EXCERPTS_OF_EACH, LENGTH = 5000, 4, 60
NATURES = [nature for nature in Nature if nature is not Nature.PRACTICE]


def exported(app: Server, database: Database, workshop_id: UUID, token: str) -> tuple[float, int]:
    """Processor time of the server for one project, in seconds, and its growth in bytes."""
    scheme_id = _fill(database, workshop_id)
    path = f"/api/v1/exports/project.qdpx?scheme_id={scheme_id}&purpose=banc"
    with app.growth() as growth:
        before = app.cpu()
        answer = send(app, request("GET", path, token))
        spent = app.cpu() - before
    archive = ZipFile(BytesIO(answer))
    document = archive.read("project.qde")
    found = document.count(b"<TextSource "), document.count(b"<PlainTextSelection ")
    if found != (TESTIMONIES, TESTIMONIES * EXCERPTS_OF_EACH):
        raise RuntimeError(f"{found[0]} testimonies and {found[1]} excerpts exported")
    return spent, growth[0]


def _fill(database: Database, workshop_id: UUID) -> UUID:
    choose = random.Random(14)
    with database.write.begin() as db:
        frame = _frame(db, workshop_id)
        themes = [uuid4() for _ in range(THEMES)]
        db.execute(insert(Theme), described(frame["scheme_id"], themes))
        witnesses = list(db.scalars(select(Witness.id).where(Witness.workshop_id == workshop_id)))
        testify(db, frame, witnesses, themes, list(spoken(TESTIMONIES, choose)), choose)
    with database.write.begin() as db:
        _excerpts(db, frame, themes, choose)
    with database.write.begin() as db:
        db.execute(text("ANALYZE"))
    return UUID(str(frame["scheme_id"]))


def _frame(db: Session, workshop_id: UUID) -> dict[str, Any]:
    """What testimonies are of: a scheme of their own, and the workshop of the others."""
    known = db.get_one(Workshop, workshop_id)
    scheme = db.get_one(Scheme, known.scheme_id)
    names = ("name", "public_title", "question", "starts_on")
    other = Scheme(code="projet", **{name: getattr(scheme, name) for name in names})
    db.add(other)
    db.flush()
    captured_by = select(Testimony.captured_by).limit(1)
    return {
        "scheme_id": other.id,
        "workshop_id": known.id,
        "place_id": known.place_id,
        "owner_organization_id": known.owner_organization_id,
        "territory_id": db.scalars(select(Territory.id).where(Territory.code == "83126")).one(),
        "captured_by": db.scalars(captured_by).one(),
    }


def _excerpts(
    db: Session, frame: dict[str, Any], themes: list[UUID], choose: random.Random
) -> None:
    said = select(Testimony.id, Testimony.body).where(Testimony.scheme_id == frame["scheme_id"])
    rows = [
        {
            "id": uuid4(),
            "scheme_id": frame["scheme_id"],
            "testimony_id": testimony_id,
            "owner_organization_id": frame["owner_organization_id"],
            "created_by_id": frame["captured_by"],
            "selector": SelectorType.TEXT,
            "start": start,
            "stop": start + LENGTH,
            "exact": (body or "")[start : start + LENGTH],
            "nature": choose.choice(NATURES),
            "names_employer": False,
        }
        for testimony_id, body in db.execute(said)
        for start in range(0, EXCERPTS_OF_EACH * 20, 20)
    ]
    db.execute(insert(Excerpt), rows)
    coded = [
        {"excerpt_id": row["id"], "theme_id": theme_id, "position": position}
        for row in rows
        for position, theme_id in enumerate(choose.sample(themes, 2))
    ]
    db.execute(insert(ExcerptTheme), coded)
