"""Somebody whose words went everywhere that words can go; beside them, somebody who stays.

`CANARY` is in all that the first one said, and in all that was written about it; `NOISE` in what
the second one said. Both are invented.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from sqlalchemy import make_url, select, text

from app.accounts.models import Account, Organization
from app.accounts.permissions import Role
from app.bundles.models import Bundle
from app.core.db import Database
from app.core.models import now
from app.core.settings import settings
from app.excerpts.models import Excerpt, SelectorType
from app.media.models import Media
from app.propositions.models import Proposition, PropositionState
from app.releases.models import Delivery, ReleaseItem
from app.storage.service import storage
from app.testimonies.models import Nature, Testimony
from app.transcripts.models import Transcript
from app.witnesses.decision import Cell, Medium, Purpose
from app.witnesses.models import Notice, Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.jobs.desk import Desk
from tests.make import Make
from tests.processes import read_apart

CANARY, NOISE = "zinzolin-canari", "tourmaline-bruit"
FORM, AUDIENCE = "web_page", "elected_officials"
SHOWN = [
    Cell(medium, AUDIENCE, FORM, Purpose.EVALUATION)
    for medium in (Medium.ANONYMOUS_TEXT, Medium.SIGNED_TEXT, Medium.VOICE, Medium.IMAGE)
]
INSIDE = Cell(Medium.ANONYMOUS_TEXT, "team", "dataset", Purpose.EVALUATION)
API = "/api/v1"
FILES = {
    name: f"film of {CANARY} {name}".encode()
    for name in (
        *("original", "web.mp4", "poster.jpg"),
        *("clip-1000-2000.mp4", "clip-1000-2000.jpg"),
    )
}


@dataclass
class World:
    """What there is, and who may ask for it."""

    make: Make
    database: Database
    animator: TestClient
    editor: TestClient
    evaluator: TestClient
    custodian: TestClient
    anybody: TestClient
    account: Account
    workshop: Workshop
    witness: Witness
    other: Witness
    testimony: Testimony
    kept: Testimony
    media: Media
    transcript: Transcript
    excerpts: list[Excerpt]
    bundle_id: str
    release_id: str
    token: str
    delivery_id: str
    remark_id: str
    annotation_id: str
    reaction_id: str
    proposition_id: UUID

    def take_back(self, **what: Any) -> dict[str, Any]:
        """The witness asks who heard them; by default, for everything."""
        asked = {"witness_id": str(self.witness.id)} | (what or {"all": True})
        answer = self.animator.post(f"{API}/withdrawals", json=asked)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def work(self) -> None:
        """Do all the jobs that wait, as a worker would."""
        Desk(self.database).work_all()

    def shared(self) -> Any:
        return self.anybody.get(f"{API}/shared/{self.token}")

    def words_on_the_page(self) -> str:
        """What a new reader of the link is shown."""
        self.anybody.cookies.clear()
        return self.anybody.post(f"/r/{self.token}").text

    def releases(self) -> list[dict[str, Any]]:
        """Those of the bundle, the latest first."""
        found = self.editor.get(f"{API}/bundles/{self.bundle_id}/releases").json()
        return found["items"]  # type: ignore[no-any-return]


def build(
    make: Make, database: Database, client_for: ClientFor, partner: Organization | None = None
) -> World:
    """All of it; what an API does, by the API. `partner` films, if anybody does."""
    animator = make.account(role=Role.ANIMATOR)
    as_animator, as_editor = client_for(animator), client_for(make.account(role=Role.EDITOR))
    workshop = make.workshop(
        organization=animator.organization, partner_organization_id=partner and partner.id
    )
    witness, other = (make.witness(workshop=workshop, signature=name) for name in (CANARY, NOISE))
    for one in (witness, other):
        with make.sessions() as db:
            notice = db.scalars(select(Notice).where(Notice.language == "fr")).one()
        make.consent(one, *SHOWN, INSIDE, notice_id=notice.id, note=f"dit par {one.signature}")
    media = make.media(organization=animator.organization, files=FILES, filename=f"{CANARY}.mp4")
    transcript = make.transcript(
        media,
        segments=[
            {"start_ms": 1000, "end_ms": 2000, "speaker": CANARY, "text": f"Je dis {CANARY}."},
            {"start_ms": 2000, "end_ms": 3000, "speaker": None, "text": f"Encore {CANARY}."},
        ],
    )
    about = {"workshop": workshop, "captured_by": animator.id}
    testimony = make.testimony(
        witnesses=[witness],
        media=[media],
        title=f"Titre {CANARY}",
        body=f"Je raconte {CANARY}. " * 200,
        tags=[f"mot-{CANARY}"],
        **about,
    )
    make.candor(testimony, prepared_text=True, comment=f"dit comme un {CANARY}")
    kept = make.testimony(witnesses=[other], body=f"Je raconte {NOISE}.", **about)
    make.decision(testimony, comment=f"On y reconnaît {CANARY}.")
    make.decision(kept, comment=f"On y reconnaît {NOISE}.")
    excerpts = [
        make.excerpt(
            testimony,
            exact=f"Je raconte {CANARY}.",
            memo=f"note {CANARY}",
            nature=Nature.PRACTICE,
            practice={"actor": CANARY, "action": CANARY, "occasion": CANARY},
        ),
        make.excerpt(kept, exact=f"Je raconte {NOISE}."),
        make.excerpt(
            testimony,
            exact=None,
            selector=SelectorType.TIME,
            media_id=media.id,
            start=1000,
            stop=2000,
            public_quote=f"à voix haute {CANARY}",
        ),
    ]
    bundle_id, release_id = _publish(as_editor, make, testimony, excerpts)
    token, delivery_id = deliver(as_editor, release_id)
    remark_id, annotation_id = _look_back(make, testimony, transcript, excerpts, bundle_id)
    return World(
        make=make,
        database=database,
        animator=as_animator,
        editor=as_editor,
        evaluator=client_for(make.account(role=Role.EVALUATOR)),
        custodian=client_for(make.account(role=Role.CUSTODIAN)),
        anybody=client_for(None),
        account=animator,
        workshop=workshop,
        witness=witness,
        other=other,
        testimony=testimony,
        kept=kept,
        media=media,
        transcript=transcript,
        excerpts=excerpts,
        bundle_id=bundle_id,
        release_id=release_id,
        token=token,
        delivery_id=delivery_id,
        remark_id=remark_id,
        annotation_id=annotation_id,
        reaction_id=_answer(make, delivery_id),
        proposition_id=_propose(make, excerpts, [witness, other]).id,
    )


def _look_back(
    make: Make,
    testimony: Testimony,
    transcript: Transcript,
    excerpts: list[Excerpt],
    bundle_id: str,
) -> tuple[str, str]:
    """What all this said before, and what the team wrote beside it: a remark, an annotation."""
    with make.sessions() as db:
        bundle = db.get_one(Bundle, UUID(bundle_id))
        spoke = [(Witness, link.witness_id) for link in make.links_of(db, testimony)]
    said, excerpt = f"avant {CANARY}", excerpts[0]
    speaking = {"body": said, "witness_ids": [str(id_) for _, id_ in spoke]}
    make.version(testimony, speaking, sources=spoke)
    make.version(excerpt, {"memo": said})
    segment = {"start_ms": 1000, "end_ms": 2000, "speaker": CANARY, "text": said}
    make.version(transcript, {"segments": [segment]})
    beside = {"testimony_id": None, "text": None, "show_as": "text", "selection_reason": None}
    item = beside | {"excerpt_id": str(excerpt.id), "caption": said}
    sections = [{"title": "Tous", "text": None, "items": [item]}]
    make.version(bundle, {"sections": sections}, sources=[(Excerpt, excerpt.id)])
    passages = [(Excerpt, one.id) for one in excerpts]
    make.remark(bundle, text=f"Pourquoi {CANARY} ?", sources=passages)
    make.remark(excerpt, text=f"Pourquoi {CANARY} ?")
    remark = make.remark(testimony, text=f"Pourquoi {CANARY} ?")
    annotation = make.annotation(
        bundle,
        text=f"Pourquoi {CANARY} ?",
        by_id=remark.by_id,
        answer=f"Parce que {CANARY}.",
        answered_at=now(),
        answered_by_id=testimony.captured_by,
        sources=passages,
    )
    return str(remark.id), str(annotation.id)


def _answer(make: Make, delivery_id: str) -> str:
    """What the recipient quotes, of all they read and of one passage: the id of an answer."""
    said = f"Vous dites « Je raconte {CANARY}. » : j'en parle."
    make.reaction(delivery_id, text=said, public_text=said)
    with make.sessions() as db:
        rows = select(ReleaseItem).join(Delivery, Delivery.release_id == ReleaseItem.release_id)
        rows = rows.join(Testimony, Testimony.id == ReleaseItem.testimony_id)
        told = rows.where(Delivery.id == UUID(delivery_id), Testimony.body.contains(CANARY))
        item_id = db.scalars(told).first().item_id  # type: ignore[union-attr]
    return str(make.reaction(delivery_id, text=f"{CANARY} !", item_id=item_id).id)


def _propose(make: Make, excerpts: list[Excerpt], witnesses: list[Witness]) -> Proposition:
    """What rests on what both said, and was written with both; so was its first version."""
    theirs, others, filmed = excerpts
    proposition = make.proposition(
        theirs, others, against=[filmed], co_authors=witnesses, steps=[PropositionState.PROPOSED]
    )
    rests = [{"excerpt_id": str(one.id), "stance": "for"} for one in excerpts]
    wrote = [
        {"role": one.role, "witness_id": str(one.id), "organization_id": None} for one in witnesses
    ]
    sources: list[Any] = [(Excerpt, one.id) for one in excerpts]
    sources += [(Witness, one.id) for one in witnesses]
    make.annotation(proposition, text=f"Pourquoi {CANARY} ?", sources=sources[: len(excerpts)])
    make.version(proposition, {"evidence": rests, "co_authors": wrote}, sources=sources)
    return proposition


def _publish(
    editor: TestClient, make: Make, testimony: Testimony, excerpts: list[Excerpt]
) -> tuple[str, str]:
    text_, stays, filmed = (str(excerpt.id) for excerpt in excerpts)
    items = [
        {"excerpt_id": text_, "caption": f"légende {CANARY}", "selection_reason": CANARY},
        {"excerpt_id": stays},
        {"excerpt_id": filmed, "show_as": "video"},
        {"testimony_id": str(testimony.id), "signed": True},
    ]
    bundle = editor.post(
        f"{API}/bundles",
        json={
            "scheme_id": str(make.the_scheme.id),
            "title": "Ce qu'ils disent",
            "audience": AUDIENCE,
            "form": FORM,
            "sections": [{"title": "Tous", "items": items}],
        },
    )
    assert bundle.status_code == 201, bundle.text
    here = f"{API}/bundles/{bundle.json()['id']}"
    assert editor.put(f"{here}/readiness").status_code == 204
    release = editor.post(f"{here}/releases")
    assert release.status_code == 201, release.text
    return bundle.json()["id"], release.json()["id"]


def deliver(editor: TestClient, release_id: str) -> tuple[str, str]:
    """A new link's token, and the id of its delivery."""
    given = {"recipient": "Madame l'Élue (essai)"}
    answer = editor.post(f"{API}/releases/{release_id}/deliveries", json=given)
    assert answer.status_code == 201, answer.text
    return answer.json()["url"].rpartition("/r/")[2], answer.json()["id"]


# Bytes


def bytes_of_database(database: Database) -> Iterator[tuple[str, bytes]]:
    """The files of the database, as they are on the disk: of PostgreSQL those of its tables."""
    with database.read() as db:
        url = db.get_bind().engine.url
        if database.dialect == "postgresql":
            folder = Path(db.scalar(text("SHOW data_directory")) or "")
            oid = db.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
            db.rollback()
            with database.write() as writing:
                writing.connection().connection.driver_connection.rollback()  # type: ignore[union-attr]
            files = [path for path in (folder / "base" / str(oid)).iterdir() if path.is_file()]
        else:
            path = Path(make_url(str(url)).database or "")
            files = [path, path.with_name(f"{path.name}-wal")]
            files = [path for path in files if path.exists()]
    read = Path.read_bytes if database.dialect == "postgresql" else read_apart
    for path in files:
        try:
            content = read(path)
        except FileNotFoundError:
            continue  # it was written anew: PostgreSQL's checkpoint deletes it
        yield path.name, content


def checkpoint(database: Database) -> None:
    """Have what is committed in the files."""
    if database.dialect == "postgresql":
        with database.write() as db:
            driver = db.connection().connection.driver_connection
            driver.rollback()  # type: ignore[union-attr]
            driver.autocommit = True  # type: ignore[union-attr]
            driver.execute("CHECKPOINT")  # type: ignore[union-attr]
            driver.autocommit = False  # type: ignore[union-attr]


def bytes_of_storage() -> Iterator[tuple[str, bytes]]:
    """What lies on the disk, drafts too; of a bucket, its objects."""
    if not settings().storage.startswith("file://"):
        yield from ((o.key, b"".join(storage().read(o.key))) for o in storage().objects())
        return
    folder = Path(settings().storage.removeprefix("file://"))
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def holding(word: str, files: Iterator[tuple[str, bytes]]) -> list[str]:
    """The files whose bytes hold this word."""
    return [name for name, content in files if word.encode() in content]


Look = Callable[[], str]


def ids_of(rows: list[dict[str, Any]]) -> set[UUID]:
    return {UUID(row["id"]) for row in rows}
