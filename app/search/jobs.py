"""Make good what the index lacks: after a restoration, or an upgrade that brought it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt
from app.jobs.service import Run, handles
from app.testimonies import service as testimonies
from app.testimonies.models import Testimony
from app.textindex.service import is_indexed
from app.transcripts import service as transcripts
from app.transcripts.models import Transcript

COMPLETE = "search.complete"
AT_ONCE = 200  # things of one transaction: others write in between
FIRST = UUID(int=0)


@handles(COMPLETE, every=timedelta(days=1))
def complete(run: Run) -> None:
    """Have everything found that has words. What is in the index already is left alone."""
    for thing_id, rows, index in MISSING:
        last = FIRST
        while True:
            run.check()
            with run.writing() as db:
                batch = rows.where(thing_id > last).order_by(thing_id).limit(AT_ONCE)
                ids = list(db.scalars(batch))
                index(db, ids)
            if len(ids) < AT_ONCE:
                break
            last = ids[-1]


def _index_excerpts(db: Session, ids: Sequence[UUID]) -> None:
    for excerpt in db.scalars(select(Excerpt).where(Excerpt.id.in_(ids))):
        excerpts.index(db, excerpt)


def _index_transcripts(db: Session, ids: Sequence[UUID]) -> None:
    for media_id in set(db.scalars(select(Transcript.media_id).where(Transcript.id.in_(ids)))):
        transcripts.index(db, media_id)


MISSING: list[tuple[Any, Select[UUID], Callable[[Session, Sequence[UUID]], None]]] = [
    (
        Testimony.id,
        select(Testimony.id).where(
            or_(Testimony.body.is_not(None), Testimony.title.is_not(None)),
            Testimony.erased_at.is_(None),
            ~is_indexed(Testimony.id),
        ),
        testimonies.index,
    ),
    (
        Excerpt.id,
        select(Excerpt.id).where(
            or_(Excerpt.exact.is_not(None), Excerpt.public_quote.is_not(None)),
            ~is_indexed(Excerpt.id),
        ),
        _index_excerpts,
    ),
    (
        Transcript.id,
        select(Transcript.id).where(
            Transcript.approved_at.is_not(None), ~is_indexed(Transcript.id)
        ),
        _index_transcripts,
    ),
]
