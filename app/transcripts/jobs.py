"""Have a speech engine write what is said in a recording."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import locked
from app.core.models import now
from app.core.problems import Invalid, WrongState
from app.core.settings import settings
from app.jobs.service import MEDIA, Run, handles
from app.media.models import ORIGINAL, Media, Rendition
from app.media.transcode import AUDIO, WEB
from app.storage.service import ObjectMissing, storage
from app.transcripts import engine, formats, service
from app.transcripts.asking import TRANSCRIBE, ask_work, give_up, keep, of_media, waiting
from app.transcripts.engine import Unheard
from app.transcripts.models import Failure, Transcription, TranscriptionState
from app.transcripts.schemas import TranscriptIn

SOURCES = (AUDIO, WEB, ORIGINAL)  # what is heard: the smallest of them that is there
STEP = 0.05  # of the work: how far it moves before it is said
OVER = (TranscriptionState.DONE, TranscriptionState.FAILED)


@handles(TRANSCRIBE, queue=MEDIA)
def transcribe(run: Run, media_id: str) -> None:
    """Hear a media, and keep what was heard as a draft. Twice is once.

    Whatever the engine does, its end is kept, with the reason: only an interruption of the worker
    is tried again.
    """
    work = Work(run, UUID(media_id))
    if not (language := work.begin()):
        return
    try:
        work.keep(work.hear(language))
    except Unheard as unheard:
        work.give_up(unheard.failure)


@handles("transcripts.resume", every=timedelta(days=1))
def resume(run: Run) -> None:
    """Ask again for what was given up because of the machine, so that nobody waits for ever."""
    with run.reading() as db:
        left = waiting(db)
    for media_id in left:
        run.check()
        with run.writing() as db:
            ask_work(db, media_id)


class Work:
    """One try to have one media heard."""

    def __init__(self, run: Run, media_id: UUID) -> None:
        self._run, self._id = run, media_id
        self._shown, self._duration = 0.0, 0
        self._asked_at: Any = None

    def begin(self) -> str | None:
        """The language that is asked for; None when there is nothing to do, or no more."""
        with self._run.writing() as db:
            media, asked = self._find(db)
            if not media or not asked or asked.state in OVER:
                return None
            asked.started_at = asked.started_at or now()
            self._asked_at, self._duration = asked.asked_at, media.duration_ms or 0
            return asked.language

    def hear(self, language: str) -> TranscriptIn:
        """What the engine says is said. Raises Unheard."""
        with self._folder() as folder:
            self._fetch(folder)
            srt = engine.hear(folder, language, self._duration, self._progress)
        if not srt.strip():
            raise Unheard(Failure.NOTHING_SAID)
        try:
            found = formats.read(srt, self._duration)
            segments = _tidied(found, self._duration)
            return TranscriptIn.model_validate({"language": language, "segments": segments})
        except (Invalid, ValidationError):
            raise Unheard(Failure.UNREADABLE) from None

    def keep(self, heard: TranscriptIn) -> None:
        """Keep it, unless something else was asked meanwhile. Raises Unheard."""
        try:
            with self._run.writing() as db:
                media, asked = self._find(db)
                if media and asked and self._is_wanted(asked):
                    keep(db, asked, media, heard, engine.name())
        except (Invalid, WrongState):
            raise Unheard(Failure.UNREADABLE) from None

    def give_up(self, failure: Failure) -> None:
        """Say why there is nothing, unless something else was asked meanwhile."""
        with self._run.writing() as db:
            _, asked = self._find(db)
            if asked and self._is_wanted(asked):
                give_up(db, asked, failure)

    def _is_wanted(self, asked: Transcription) -> bool:
        return asked.asked_at == self._asked_at and asked.state not in OVER

    def _find(self, db: Session) -> tuple[Media | None, Transcription | None]:
        alive = Media.id == self._id, Media.erased_at.is_(None)
        media = db.scalar(locked(db, select(Media).where(*alive)))
        return media, of_media(db, self._id)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """A folder of this try. What a dead worker leaves, `media.resume` sweeps."""
        rooms = settings().data_dir.resolve() / "work"
        folder = rooms / f"{self._run.job.id}.{self._run.job.token}"
        folder.mkdir(parents=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _fetch(self, folder: Path) -> None:
        with self._run.reading() as db:
            files = select(Rendition).where(Rendition.media_id == self._id)
            found = {file.name: file for file in db.scalars(files)}
        source = next((found[name] for name in SOURCES if name in found), None)
        if not source:
            raise Unheard(Failure.NO_SOUND)
        try:
            storage().local_copy(source.key, folder)
        except ObjectMissing:
            raise Unheard(Failure.NO_SOUND) from None

    def _progress(self, share: float) -> None:
        """Say how much is heard. Raises LeaseLost, Stopping."""
        self._run.check()
        if share - self._shown < STEP:
            return
        self._run.progress(share)
        with self._run.writing() as db:
            _, asked = self._find(db)
            if asked and self._is_wanted(asked):
                asked.progress = share
        self._shown = share


def _tidied(found: list[dict[str, Any]], duration_ms: int) -> list[dict[str, Any]]:
    """Cues in the order of their beginnings, that begin before the end and last something."""
    begun = [cue for cue in found if cue["start_ms"] < duration_ms]
    latest = duration_ms + service.SLACK
    return [
        cue | {"end_ms": min(max(cue["end_ms"], cue["start_ms"] + 1), latest)}
        for cue in sorted(begun, key=lambda cue: cue["start_ms"])
    ]
