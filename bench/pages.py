"""The page of a release, beside a static file sent after the bare statements of the gate.

By the same server, with all that every request passes; and by a bare one.

The page has 20 quotes, which is a long one for a phone, and everybody reads it: no link is asked.
"""

import pickle
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from app.accounts.models import Account
from app.bundles.models import Bundle
from app.core.db import Database
from app.core.models import now
from app.releases.models import PublicAddress, Release, ReleaseItem
from app.releases.service import blocked_items
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.consents import append
from app.witnesses.decision import Cell, GivenBy, Medium, Purpose, Reach, Verb
from app.witnesses.models import ConsentEvent
from bench.fill import tidy
from bench.load import Server, alternately, request, send
from bench.record import noted

SLUG, QUOTES, SECTIONS = "banc", 20, 4
PAGE = request("GET", f"/p/{SLUG}", "nobody")
EVERYBODY = Cell(Medium.ANONYMOUS_TEXT, "general_public", "web_page", Purpose.EVALUATION)
WORDS = (
    "On m'a dit lundi : tu commences demain, et le tuteur n'était pas prévenu ; alors j'ai "
    "regardé faire, j'ai porté les cartons, et le vendredi on m'a montré la caisse."
)


def published(app: Server, database: Database, folder: Path, scheme_id: str) -> None:
    """Publish the page, and keep its bytes and what the gate asks about it for the ceilings."""
    _publish(database, UUID(scheme_id))
    (folder / "page.html").write_bytes(send(app, PAGE))
    _record(database, folder)


def page_and_file(app: Server, other: Server) -> tuple[float, float]:
    """The cost of the page, and of the same bytes as a file after the gate's bare SQL, in ms."""
    return alternately((app, PAGE), (other, request("GET", "/page", "nobody")), 100)


def _record(database: Database, folder: Path) -> None:
    """What the gate asks the database about all that the page shows, which it lets out."""
    with database.read() as db:
        of_page = PublicAddress.bundle_id == Release.bundle_id
        release = db.scalars(select(Release).join(PublicAddress, of_page)).one()
        with noted(database.read) as statements:
            blocked = blocked_items(db, release, now())
    if blocked:
        raise RuntimeError(f"{len(blocked)} quotes are not shown")
    (folder / "gate.pickle").write_bytes(pickle.dumps({"statements": statements}))


def _publish(database: Database, scheme_id: UUID) -> None:
    with database.write.begin() as db:
        told = list(db.scalars(select(Testimony.id).order_by(Testimony.id).limit(QUOTES)))
        account_id = db.scalars(select(Account.id).limit(1)).one()
        items = {uuid4(): testimony_id for testimony_id in told}
        bundle = Bundle(
            id=uuid4(),
            scheme_id=scheme_id,
            title="Ce que l'on apprend",
            audience=EVERYBODY.audience,
            form=EVERYBODY.form,
            purpose=EVERYBODY.purpose,
            created_by_id=account_id,
        )
        release = Release(
            id=uuid4(),
            bundle_id=bundle.id,
            number=1,
            published_by_id=account_id,
            sha256=sha256(b"page").hexdigest(),
            content=_content(list(items)),
            audience=EVERYBODY.audience,
            form=EVERYBODY.form,
            purpose=EVERYBODY.purpose,
        )
        for row in (bundle, release):
            db.add(row)
            db.flush()
        db.add(PublicAddress(bundle_id=bundle.id, slug=SLUG, given_by_id=account_id))
        shown = {"release_id": release.id, "media_shown": [EVERYBODY.medium]}
        db.execute(
            insert(ReleaseItem),
            [shown | {"item_id": item, "testimony_id": said} for item, said in items.items()],
        )
        speakers = select(TestimonyWitness.witness_id).where(
            TestimonyWitness.testimony_id.in_(told)
        )
        for witness_id in set(db.scalars(speakers)):
            said = ConsentEvent(
                witness_id=witness_id,
                verb=Verb.GIVE,
                choices=[],
                cells=[list(EVERYBODY)],
                territory=Reach.WORLD,
                given_by=GivenBy.SELF,
                method="paper",
                at=now(),
                valid_from=now() - timedelta(days=1),
                valid_until=now() + timedelta(days=365),
            )
            append(db, said)
    tidy(database)


def _content(ids: Sequence[UUID]) -> dict[str, Any]:
    natures = ("practice", "feeling", "mixed", "idea")
    items = [
        {
            "id": str(item_id),
            "show_as": "text",
            "quote": WORDS,
            "nature": natures[number % len(natures)],
            "role_label": "Tuteur ou tutrice",
            "territory_label": "Var",
            "caption": "Un tuteur, La Seyne-sur-Mer",
            "media": None,
            "withdrawn": False,
        }
        for number, item_id in enumerate(ids)
    ]
    return {
        "title": "Ce que l'on apprend",
        "public_title": "Paroles d'avenir",
        "audience": EVERYBODY.audience,
        "form": EVERYBODY.form,
        "introduction": WORDS,
        "balance": {
            "nature": {"practice": 0.5, "feeling": 0.5},
            "role": {"tutor": 1.0},
            "territory": {"Var": 1.0},
            "method": {"written": 1.0},
        },
        "sections": [
            {"title": f"Partie {part + 1}", "text": WORDS, "items": items[part::SECTIONS]}
            for part in range(SECTIONS)
        ],
    }
