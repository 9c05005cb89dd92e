"""What it costs to publish: the page, the note and the archive; and a large archive's memory."""

import os
from collections.abc import Iterator
from datetime import timedelta
from time import process_time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

import app.pages.jobs  # noqa: F401 - registers the handlers
from app.accounts.authentication import Caller
from app.accounts.models import Account
from app.accounts.permissions import GRANTS, Role
from app.bundles.models import Bundle, BundleItem, Section, ShowAs
from app.core.models import now
from app.documents import archive
from app.documents.archive import Member
from app.jobs.runner import Worker
from app.jobs.service import DEFAULT
from app.pages.render import release_page
from app.releases import service
from app.releases.models import FileStatus, ReleaseFile
from app.storage.keys import new_key
from app.storage.service import storage
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.consents import append
from app.witnesses.decision import Cell, GivenBy, Medium, Purpose, Reach, Verb
from app.witnesses.models import ConsentEvent
from bench.load import Server
from bench.run import MIB, Measure, at_most, below

ITEMS, SECONDS = 200, 5
PIECE = 128  # MiB
NOTE = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "note", Purpose.EVALUATION)


def of_publishing(database: Any, mib: int) -> Iterator[Measure]:
    """A note of 200 texts, from its publication to its archive; then an archive of 2 GiB."""
    spent = _published(database)
    yield at_most(1, f"publishing {ITEMS} texts: page, pdf, zip, processor", spent, SECONDS, "s")
    yield below(50, f"a zip of {2 * mib} MiB: memory growth", _archived(2 * mib) / MIB)


def _published(database: Any) -> float:
    with database.write.begin() as db:
        editor = db.scalars(select(Account).where(Account.role == Role.EDITOR)).first()
        ids = list(db.scalars(select(Testimony.id).limit(ITEMS)))
        _consent(db, ids)
        bundle_id = _composed(db, editor.id, ids)
    me = Caller(editor.id, editor.organization_id, editor.role, GRANTS[editor.role], editor.id)
    begun = process_time()
    with database.write.begin() as db:
        release, _ = service.publish(db, db.get_one(Bundle, bundle_id), by=me)
    worker = Worker(database)
    while worker.run_next(DEFAULT):
        pass
    with database.read() as db:
        content, _ = service.read(db, release, now())
        release_page(content | {"acknowledged_at": None, "superseded_by": None, "files": []})
    spent = process_time() - begun
    with database.read() as db:
        rows = select(ReleaseFile.status).where(ReleaseFile.release_id == release.id)
        states = set(db.scalars(rows))
    if states != {FileStatus.READY}:
        raise RuntimeError(f"the files are {states}")
    return spent


def _consent(db: Any, testimony_ids: list[UUID]) -> None:
    spoke = TestimonyWitness.testimony_id.in_(testimony_ids)
    said = {"verb": Verb.GIVE, "choices": [], "territory": Reach.WORLD, "method": "paper"}
    for witness_id in set(db.scalars(select(TestimonyWitness.witness_id).where(spoke))):
        event = ConsentEvent(
            witness_id=witness_id,
            cells=[list(NOTE)],
            given_by=GivenBy.SELF,
            at=now(),
            valid_from=now() - timedelta(days=1),
            valid_until=now() + timedelta(days=1),
            **said,
        )
        append(db, event)


def _composed(db: Any, editor_id: UUID, testimony_ids: list[UUID]) -> UUID:
    """A bundle of these texts, ready."""
    bundle = Bundle(
        id=uuid4(),
        scheme_id=db.get_one(Testimony, testimony_ids[0]).scheme_id,
        title="Ce qu'ils disent",
        audience=NOTE.audience,
        form=NOTE.form,
        purpose=Purpose.EVALUATION,
        created_by_id=editor_id,
        ready_at=now(),
        ready_by_id=editor_id,
    )
    section = Section(id=uuid4(), bundle_id=bundle.id, position=0, title="Tous")
    for row in (bundle, section):
        db.add(row)
        db.flush()
    about = {"bundle_id": bundle.id, "section_id": section.id, "show_as": ShowAs.TEXT}
    for number, testimony_id in enumerate(testimony_ids):
        db.add(BundleItem(id=uuid4(), position=number, testimony_id=testimony_id, **about))
    return bundle.id


def _archived(mib: int) -> int:
    """By how many bytes this process grows while it stores an archive of so many MiB."""
    piece = storage().write(new_key("media"), (os.urandom(MIB) for _ in range(PIECE)))
    members = [
        Member(f"{number}.mp4", piece.size, piece.sha256, lambda: storage().read(piece.key))
        for number in range(mib // PIECE)
    ]
    ours, key = Server(0, os.getpid()), new_key("releases")
    with ours.growth() as growth, storage().open_writer(key) as writer:
        archive.write(members, now(), writer.write)
    for stored in (key, piece.key):
        storage().delete(stored)
    return growth[0]
