"""What a witness carries away: a zip of their words, made while it is sent, with constant memory.

    archive = make(database, holder)  # audited, and read whole; no session is open any more
    for chunk in archive: ...

`data.json` holds all that the receipt shows, the texts in full, the history of consents with their
cells, and to whom the words were given. Of the recordings it holds the originals in which nobody
else appears or speaks, with what is said in them; the others are named with the reason. Names in
the zip are ours.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from zipstream import ZIP_STORED, ZipStream

from app.appearances.models import Appearance
from app.audit.service import record
from app.core.db import Database
from app.core.models import now
from app.core.schemas import to_json
from app.media.models import ORIGINAL, Media, Rendition, Status
from app.receipts import service
from app.receipts.schemas import ArchiveOut, Kept
from app.receipts.sessions import Holder
from app.storage.service import ObjectMissing, storage
from app.testimonies.models import Testimony, TestimonyMedia, TestimonyWitness
from app.transcripts import formats
from app.transcripts import service as transcripts
from app.transcripts.formats import Format
from app.witnesses.consents import tell
from app.witnesses.models import Witness

MEDIA_TYPE = "application/zip"
FOLDER = "enregistrements"
EXTENSIONS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
}
README = """\
Vos paroles
===========

Ce dossier a été fait pour vous le {day}. Vous y êtes {pseudonym} : votre nom n'y est pas.

- data.json : ce que vous avez dit, en entier ; où c'est utilisé ; qui l'a reçu ; ce qui a été
  proposé et décidé à partir de là ; ce que vous avez accepté ou refusé, et quand ; ce que vous avez
  retiré ; qui a demandé à connaître votre identité.
  C'est un fichier de texte : un navigateur ou un éditeur de texte l'ouvre.
{recordings}
Ce dossier n'est plus protégé par votre code : gardez-le en lieu sûr, et ne le laissez pas sur un
ordinateur partagé.
"""
WITH = f"""\
- {FOLDER}/ : les fichiers où vous êtes la seule personne à être vue ou entendue. Un fichier .vtt
  est le texte de ce qui est dit dans l'enregistrement du même nom.
"""
WITHOUT = """\
- Certains enregistrements n'y sont pas, parce que d'autres personnes y paraissent ou y parlent, ou
  parce que le fichier n'existe plus : data.json dit lesquels (« recordings »).
"""
log = structlog.get_logger("app.receipts")


@dataclass(frozen=True)
class _Recording:
    """A recording of one's words: the name of its file here, or why it is not here."""

    testimony_id: UUID
    kept: Kept
    name: str | None = None
    file: Rendition | None = None
    words_name: str | None = None
    words: str | None = None


def make(database: Database, by: Holder) -> ZipStream:
    """The archive of this witness; that it was made is recorded before its first byte.

    Raises StorageUnavailable.
    """
    with database.write.begin() as db:
        record(db, "receipt.archived", on=service.find(db, by), by=by.actor)
    with database.read() as db:
        witness = service.find(db, by)
        testimonies = service.testimonies_of(db, by.id)
        recordings = _recordings(db, testimonies, by.id)
        shown = _told(db, witness, testimonies, recordings)
    if any(recording.file for recording in recordings):
        storage().check()
    archive = ZipStream(compress_type=ZIP_STORED)
    archive.add(_readme(witness, recordings), "LISEZMOI.txt")
    archive.add(_indented(shown), "data.json")
    for recording in recordings:
        if recording.file and recording.name:
            archive.add(_bytes(recording.file), recording.name)
        if recording.words and recording.words_name:
            archive.add(recording.words.encode(), recording.words_name)
    return archive


def headers() -> dict[str, str]:
    """How an archive is answered: nobody but its reader keeps it."""
    return {
        "Content-Disposition": f'attachment; filename="mes-paroles-{now():%Y-%m-%d}.zip"',
        "Cache-Control": "private, no-store",
    }


def _told(
    db: Session, witness: Witness, testimonies: Iterable[Testimony], recordings: list[_Recording]
) -> dict[str, Any]:
    names = ("id", "title", "body", "language", "recorded_on")
    return service.read(db, witness, every=True) | {
        "made_at": now(),
        "texts": [{name: getattr(t, name) for name in names} for t in testimonies],
        "consent_events": tell(db, witness, proof=True, with_cells=True)["events"],
        "recordings": [
            {
                "testimony_id": r.testimony_id,
                "file": r.name,
                "transcript": r.words_name,
                "kept": r.kept,
            }
            for r in recordings
        ],
    }


def _readme(witness: Witness, recordings: list[_Recording]) -> str:
    told = WITH if any(recording.file for recording in recordings) else ""
    told += WITHOUT if any(not recording.file for recording in recordings) else ""
    day = f"{now():%d/%m/%Y}"
    return README.format(day=day, pseudonym=witness.pseudonym, recordings=told)


def _indented(told: dict[str, Any]) -> bytes:
    found = json.loads(to_json(ArchiveOut, told))
    return json.dumps(found, ensure_ascii=False, indent=1).encode()


def _bytes(file: Rendition) -> Iterator[bytes]:
    """The bytes of a file. One that was erased since it was listed is empty."""
    try:
        yield from storage().read_range(file.key, 0, file.size)
    except ObjectMissing:
        log.warning("recording is gone", rendition_id=str(file.id))


def _recordings(
    db: Session, testimonies: Iterable[Testimony], witness_id: UUID
) -> list[_Recording]:
    days = {testimony.id: testimony.recorded_on for testimony in testimonies}
    links = select(TestimonyMedia).where(TestimonyMedia.testimony_id.in_(days))
    found = list(db.scalars(links.order_by(TestimonyMedia.testimony_id, TestimonyMedia.position)))
    found.sort(key=lambda link: days[link.testimony_id])
    media_ids = [link.media_id for link in found]
    media = {m.id: m for m in db.scalars(select(Media).where(Media.id.in_(media_ids)))}
    files = _originals(db, media_ids)
    with_others = _with_others(db, media_ids, witness_id)
    recordings = []
    for number, link in enumerate(found, 1):
        about = media[link.media_id]
        file = files.get(about.id) if about.status is Status.READY else None
        if about.id in with_others:
            recordings.append(_Recording(link.testimony_id, Kept.OTHERS))
            continue
        stem = f"{FOLDER}/{days[link.testimony_id]}-{number}"
        words = _words(db, about.id)
        said = (f"{stem}.vtt", words) if words else (None, None)
        if file is None:
            recordings.append(_Recording(link.testimony_id, Kept.MISSING, None, None, *said))
        else:
            name = f"{stem}.{EXTENSIONS.get(file.content_type, 'bin')}"
            recordings.append(_Recording(link.testimony_id, Kept.HERE, name, file, *said))
    return recordings


def _words(db: Session, media_id: UUID) -> str | None:
    """What is said in a recording: as it was approved, else as it was last written."""
    transcript = transcripts.current(db, media_id) or transcripts.newest(db, media_id)
    return formats.write(transcript.segments, Format.VTT) if transcript else None


def _originals(db: Session, media_ids: list[UUID]) -> dict[UUID, Rendition]:
    rows = select(Rendition).where(Rendition.media_id.in_(media_ids), Rendition.name == ORIGINAL)
    return {file.media_id: file for file in db.scalars(rows)}


def _with_others(db: Session, media_ids: list[UUID], witness_id: UUID) -> set[UUID]:
    """Those in which somebody else speaks, or appears."""
    speak = (
        select(TestimonyMedia.media_id)
        .join(TestimonyWitness, TestimonyWitness.testimony_id == TestimonyMedia.testimony_id)
        .where(TestimonyMedia.media_id.in_(media_ids), TestimonyWitness.witness_id != witness_id)
    )
    appear = select(Appearance.media_id).where(
        Appearance.media_id.in_(media_ids), Appearance.witness_id != witness_id
    )
    return {*db.scalars(speak), *db.scalars(appear)}
