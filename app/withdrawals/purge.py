"""Erase words wherever they were kept: in rows, in what was made of them, on the disk.

What was made is found by lineage. `UNDO` says how each table of it is undone: a feature that keeps
more of people's words gives its outputs to `lineage`, and a function to this table.
"""

import re
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annotations import service as annotations
from app.annotations.models import Annotation
from app.appearances.models import Appearance
from app.appearances.queries import moments_in_words
from app.bundles import service as bundles
from app.bundles.models import Bundle
from app.core.db import Database
from app.core.models import Base, now
from app.excerpts import service as excerpts
from app.excerpts.anchoring import follow
from app.excerpts.models import Excerpt
from app.excerpts.versions import forget_said
from app.history import service as history
from app.history.models import Version
from app.jobs.service import enqueue
from app.lineage.service import Rows, made_from
from app.media import service as media
from app.media.models import ORIGINAL, Media, Rendition
from app.media.service import DOOMED
from app.moderation import candor
from app.moderation import service as moderation
from app.moderation.models import Candor
from app.propositions import service as propositions
from app.propositions.models import Proposition
from app.reactions.forgetting import unquote, unsign
from app.reactions.models import Reaction
from app.releases import successors
from app.releases.models import Release, ReleaseFile
from app.releases.service import forget_files
from app.releases.successors import Recalled
from app.remarks import service as remarks
from app.remarks.models import Remark
from app.testimonies import service as testimonies
from app.testimonies.models import Testimony, TestimonyMedia, TestimonyWitness
from app.textindex import service as textindex
from app.transcripts import service as transcripts
from app.transcripts.models import Transcript
from app.uploads import service as uploads
from app.withdrawals.models import Withdrawal
from app.witnesses.forgetting import forget_people, keep_hashes
from app.witnesses.models import ConsentEvent, Witness

CLIP = re.compile(r"clip-(\d+)-(\d+)\.")
ERASED = "rows.erased"  # a job: nothing of what was erased is left in the files of the database
AT_ONCE = 500  # keys of one job

Undo = Callable[[Session, Collection[UUID]], list[str]]  # the keys of the files that go too


def purge(db: Session, withdrawal: Withdrawal) -> list[str]:
    """Undo what was made of the words taken back; the keys of the objects to delete then.

    Of some cells: the releases that showed them. Of everything: the words too, and whatever tells
    who the person is. Twice is once.
    """
    witness_id = withdrawal.witness_id
    spoken = _spoken_by(db, witness_id)
    keys = _recall(db, made_from(db, _where_they_are(db, witness_id, spoken)))
    if withdrawal.everything:
        keys += forget_testimonies(db, spoken)
        keys += _forget_appearances(db, witness_id)
        keys += _undo(db, made_from(db, {Witness.__tablename__: {witness_id}}))
        propositions.forget_witness(db, witness_id)
        keys += _forget_evidence(db, witness_id)
        keys += forget_people(db, [witness_id])
    return keys


def set_apart(db: Session, witness_id: UUID, spoken: Collection[UUID]) -> None:
    """Whoever deposits a recording of this witness again deposits a new media, from now on."""
    said = select(TestimonyMedia.media_id).where(TestimonyMedia.testimony_id.in_(spoken))
    seen = select(Appearance.media_id).where(Appearance.witness_id == witness_id)
    proved = select(ConsentEvent.evidence_media_id).where(
        ConsentEvent.witness_id == witness_id, ConsentEvent.evidence_media_id.is_not(None)
    )
    media.set_apart(db, {id_ for rows in (said, seen, proved) for id_ in db.scalars(rows) if id_})


def forget_testimonies(db: Session, ids: Collection[UUID]) -> list[str]:
    """Erase the words of these withdrawn testimonies, and all that was made of them.

    The caller deletes the objects of these keys once it has committed. A recording that is another
    testimony's too is kept for that one, until it is erased: it may be withdrawn, and held.
    """
    theirs = select(TestimonyMedia.media_id).where(TestimonyMedia.testimony_id.in_(ids))
    shared = (
        select(TestimonyMedia.media_id)
        .join(Testimony, Testimony.id == TestimonyMedia.testimony_id)
        .where(TestimonyMedia.testimony_id.not_in(ids), Testimony.erased_at.is_(None))
    )
    alone = set(db.scalars(theirs)) - set(db.scalars(shared))
    keys = _undo(db, made_from(db, {"testimonies": set(ids)}))
    bundles.erase(db, [], ids)
    moderation.erase(db, ids)
    testimonies.erase(db, ids)
    return keys + forget_media(db, alone)


def forget_media(db: Session, ids: Collection[UUID]) -> list[str]:
    """Erase these media: their names, and all that was made of them; the keys of their files."""
    uploads.forget(db, ids)
    keys = _undo(db, made_from(db, {"media": set(ids)}))
    return keys + media.erase(db, ids)


def forget_signatures(db: Session, witness_ids: Collection[UUID]) -> list[str]:
    """Recall the releases where these people sign, if they allow it no more; the keys to delete."""
    return _recall(db, made_from(db, {Witness.__tablename__: witness_ids}))


def doom(db: Session, keys: Sequence[str]) -> None:
    """Have these objects deleted, even if whoever erased their rows dies right after the commit."""
    for start in range(0, len(keys), AT_ONCE):
        enqueue(db, DOOMED, keys=list(keys[start : start + AT_ONCE]))


def scrub_later(db: Session) -> None:
    """Have `scrub` done once this is committed, and again until nobody is in its way."""
    enqueue(db, ERASED, dedupe_key=ERASED)


def scrub(database: Database) -> None:
    """Have nothing of what was erased left in the files of the database."""
    textindex.compact(database)
    database.scrub(TOUCHED)


def succeed(db: Session, bundle_id: UUID) -> Recalled | None:
    """Successors of the releases of this bundle that hold something blocked; None without any."""
    recalled = successors.succeed(db, bundle_id, now())
    if recalled:
        unsign(db, recalled.unsigned)
    return recalled


def _recall(db: Session, below: Rows) -> list[str]:
    """Successors of the releases that hold something blocked."""
    bundle_ids = successors.bundles_of(db, below.get(Release.__tablename__, set()))
    recalled = [succeed(db, bundle_id) for bundle_id in bundle_ids]
    return [key for one in recalled if one for key in one.keys]


def _erase_excerpts(db: Session, ids: Collection[UUID]) -> None:
    bundles.erase(db, ids, [])
    propositions.erase(db, ids)
    excerpts.erase(db, ids)


def _erase_renditions(db: Session, ids: Collection[UUID]) -> list[str]:
    forget_files(db, ids)
    return media.erase_renditions(db, ids)


def _rows_of(erase: Callable[[Session, Collection[UUID]], None]) -> Undo:
    """Of a table whose rows have no files."""

    def undo(db: Session, ids: Collection[UUID]) -> list[str]:
        erase(db, ids)
        return []

    return undo


def _erase_versions(db: Session, ids: Collection[UUID]) -> None:
    """Those of bundles and propositions point at passages, and hold no words of them.

    What they say of them, `bundles.erase` and `propositions.erase` know.
    """
    history.erase(db, ids, but_of=(Bundle, Proposition))


def _recall_releases(db: Session, ids: Collection[UUID]) -> list[str]:
    return _recall(db, {Release.__tablename__: set(ids)})


def _nothing(db: Session, ids: Collection[UUID]) -> list[str]:  # noqa: ARG001 - a table of alike
    """The files of a release go with it."""
    return []


# In this order: a reaction forgets what it quotes, a release its files, before they go.
UNDO: dict[type[Base], Undo] = {
    Reaction: _rows_of(unquote),
    Release: _recall_releases,
    ReleaseFile: _nothing,
    Excerpt: _rows_of(_erase_excerpts),
    Candor: _rows_of(candor.erase),
    Transcript: _rows_of(transcripts.erase),
    Rendition: _erase_renditions,
    Version: _rows_of(_erase_versions),
    Remark: _rows_of(remarks.erase),
    Annotation: _rows_of(annotations.erase),
}
# The tables where words, names and descriptions of people are changed by what is above.
TOUCHED = (
    *("testimonies", "testimony_tags", "decisions", "candors"),
    *("excerpts", "bundle_items", "releases", "events", "event_reactions", "indexed_texts"),
    *("media", "renditions", "transcripts", "uploads", "versions"),
    *("remarks", "annotations", "reactions"),
    *("witnesses", "identities", "consent_events", "idempotency_keys", "decision_maker_contacts"),
    *("propositions", "proposition_evidence", "proposition_co_authors"),
)


def _undo(db: Session, below: Rows) -> list[str]:
    return [
        key
        for model, undo in UNDO.items()
        if (ids := below.get(model.__tablename__))
        for key in undo(db, ids)
    ]


def _spoken_by(db: Session, witness_id: UUID) -> set[UUID]:
    said = TestimonyWitness.witness_id == witness_id
    return set(db.scalars(select(TestimonyWitness.testimony_id).where(said)))


def _where_they_are(db: Session, witness_id: UUID, spoken: set[UUID]) -> Rows:
    """What this witness said, the recordings in which they appear, and what they sign."""
    seen = select(Appearance.media_id).where(Appearance.witness_id == witness_id)
    signs = {Witness.__tablename__: {witness_id}}
    return {"testimonies": spoken, "media": set(db.scalars(seen)), **signs}


def _forget_appearances(db: Session, witness_id: UUID) -> list[str]:
    """Of others' recordings: whatever was made of moments in which this witness is there.

    What is said while they are heard or named is gone from every transcript. The original is
    others' too: it stays, and the gate shows it to nobody any more.
    """
    keys = []
    for media_id, moments in moments_in_words(db, witness_id).items():
        quoted = excerpts.said_in(db, media_id, moments)
        keys += _undo(db, made_from(db, {Excerpt.__tablename__: quoted}))
        _erase_excerpts(db, quoted)
        forget_said(db, media_id, moments)
        transcripts.erase_moments(db, media_id, moments)
        remarks.erase(db, remarks.of_media(db, media_id))
        follow(db, media_id)
    theirs = Appearance.witness_id == witness_id
    rows = (
        select(Rendition.id, Rendition.name, Appearance.start_ms, Appearance.end_ms)
        .join(Appearance, Appearance.media_id == Rendition.media_id)
        .where(theirs, Rendition.name != ORIGINAL)
    )
    shown = {id_ for id_, name, start, end in db.execute(rows) if _meets(name, start, end)}
    return keys + _undo(db, {Rendition.__tablename__: shown})


def _meets(name: str, start: int, end: int) -> bool:
    """Whether the file of this name shows some of these milliseconds: all do but some clips."""
    clip = CLIP.match(name)
    return not clip or (int(clip[1]) < end and int(clip[2]) > start)


def _forget_evidence(db: Session, witness_id: UUID) -> list[str]:
    """What proved the consents of this witness, and of nobody else: its hash is kept."""
    proves = select(ConsentEvent.evidence_media_id)
    theirs = proves.where(ConsentEvent.witness_id == witness_id)
    others = proves.where(ConsentEvent.witness_id != witness_id)
    shown = select(TestimonyMedia.media_id)
    rows = select(Media.id).where(
        Media.id.in_(theirs),
        Media.id.not_in(others.where(ConsentEvent.evidence_media_id.is_not(None))),
        Media.id.not_in(shown),
        Media.erased_at.is_(None),
    )
    ids = list(db.scalars(rows))
    keep_hashes(db, ids)
    return forget_media(db, ids)
