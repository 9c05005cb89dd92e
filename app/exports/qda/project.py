"""A project as an archive, written while it is sent.

Texts go into the archive as they are read, a batch at a time, and so does what software looks up
last: `project.qde`, which grows in a file that nobody else sees. What is kept in memory is the
directory of the zip, and who said what: about a kilobyte a testimony.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import SelectorType
from app.exports import exclusions, leaving
from app.exports.exclusions import READ, Exclusions
from app.exports.models import Export
from app.exports.qda import reading
from app.exports.qda.cases import Cases
from app.exports.qda.codes import Codebook
from app.exports.qda.guids import Guids
from app.exports.qda.reading import Consent, Person, Recording, pieces
from app.exports.qda.sources import ENDINGS, Elements, described, file_name, internal
from app.exports.qda.variables import PREFIX, Told, Variables, limited
from app.exports.qda.xml import Xml
from app.exports.queries import permits
from app.exports.reading import batches
from app.exports.schemas import TestimonyExport
from app.exports.sending import Sending
from app.media.models import Rendition
from app.storage.service import ObjectMissing, storage

NAMESPACE = "urn:QDA-XML:project:1.0"
ORIGIN = "Retours d'usages"
TOGETHER = 250  # testimonies of which all that belongs to them is read at once
PROJECT = "project.qde"
NOTES = ("Ce qui n'est pas dans ce projet", "Liste de ce qui n'est pas dans ce projet")
DESCRIPTION = """\
{rows} témoignages de {people} personnes, et {excerpts} extraits.
Fait le {moment}, pour : {purpose}
Chaque personne permet que ses propos anonymes soient étudiés jusqu'au mois que dit la variable
consent_until ; au-delà, ou à d'autres fins, il faut un nouvel export.
Ce projet ne dit ni noms, ni pseudonymes, ni jours. Ses identifiants ne sont que de lui.
Export {export} : le journal d'audit dit qui l'a fait."""
log = structlog.get_logger("app.exports")


@dataclass(frozen=True)
class Asked:
    """What is exported, and why. `media`: the recordings too, where people permit it."""

    scheme_id: UUID
    scheme: str
    purpose: str
    media: bool


@dataclass(frozen=True)
class _Batch:
    """What belongs to testimonies that were read together."""

    leaving: Collection[UUID]  # of the testimonies, those that may leave now
    excerpts: Mapping[UUID, Sequence[Row[Any]]]
    consents: Mapping[UUID, Consent]
    recordings: Mapping[UUID, Recording]


class Project(Sending):
    """An export of a scheme, written while it is sent."""

    def __init__(self, database: Database, export: Export, asked: Asked, by: Caller) -> None:
        super().__init__(database, export, by)
        self.asked = asked
        self.rows = self.excerpts = self.media = self.anomalies = 0
        with database.read() as db:
            themes = reading.themes_of(db, asked.scheme_id)
        self._guids = Guids()
        self._codebook = Codebook(self._guids, themes)
        self._variables = Variables(self._guids, by)
        moment = f"{now():%Y-%m-%dT%H:%M:%SZ}"
        self._elements = Elements(self._guids, self._variables, self._codebook.known, moment)
        self._sources = self.nameless()
        self._exclusions = Exclusions(self.nameless())
        self._cases = Cases(self._guids, self._variables)
        self._told: set[UUID] = set()
        self._given: dict[UUID, bool] = {}  # of each recording: whether its file is there

    def facts(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "excerpts": self.excerpts,
            "media": self.media,
            "anomalies": self.anomalies,
            "left_out": self._exclusions.facts(),
        }

    # The archive

    def entries(self) -> Iterator[bytes]:
        filters = TestimonyExport(scheme_id=self.asked.scheme_id)
        for rows in batches(self.database, reading.SOURCES, filters):
            yield from self._testimonies([self._named(row) for row in rows])
        for left_out in leaving.left_out(self.database, self.asked.scheme_id, self._told):
            self._leave_out_all(left_out)
        yield from self._notes()
        yield from self._archive.add_chunks(PROJECT, self._document(), self._sources.tell())

    def _leave_out_all(self, left_out: Iterable[tuple[UUID, str]]) -> None:
        """In the order of their ids in this export."""
        for testimony_id, reason in sorted(left_out, key=lambda left: self._guid_of(left[0])):
            self._leave_out("testimony", testimony_id, reason)

    def _guid_of(self, testimony_id: UUID) -> str:
        return self._guids.of("testimony", testimony_id)

    @staticmethod
    def _named(row: Row[Any]) -> dict[str, Any]:
        return dict(zip(reading.SOURCES.names, row, strict=False))

    def _testimonies(self, rows: Sequence[dict[str, Any]]) -> Iterator[bytes]:
        """In the order of the ids of this export: their places tell nothing."""
        rows = [row for row in rows if self._may_leave(row)]
        rows.sort(key=lambda row: self._guids.of("testimony", row["id"]))
        for some in pieces(rows, 1 if self.asked.media else TOGETHER):
            yield from self._together(some)

    def _together(self, rows: Sequence[dict[str, Any]]) -> Iterator[bytes]:
        batch = self._read(rows)
        for row in rows:
            if _id(row) not in batch.leaving:
                continue  # it was taken back since it was read: why, is told with the others
            self._told.add(_id(row))
            try:
                media = self._testimony(row, batch)
            except Exception as error:  # whatever is wrong with a row, the others leave
                self._report(row, error)
                continue
            for media_id in media:
                yield from self._media(media_id)
                self._heard_in(row, media_id, batch)
            yield self._archive.taken()

    def _heard_in(self, row: Mapping[str, Any], media_id: UUID, batch: _Batch) -> None:
        """A recording, as it may leave now: sending its file may have taken an hour."""
        if self.asked.media:
            batch = self._read([row])
        if _id(row) not in batch.leaving:
            return self._leave_out("transcript", media_id, exclusions.WITHDRAWN)
        try:
            self._recording(row, media_id, batch)
        except Exception as error:  # whatever is wrong with it, the others leave
            self._report(row, error)

    def _may_leave(self, row: Mapping[str, Any]) -> bool:
        """Whether neither the testimony's restriction nor its protocol says no."""
        try:
            limits = [row[name] for name in reading.SOURCES.restrictions]
            return all(limit is None or permits(limit) for limit in limits)
        except Exception as error:
            self._told.add(_id(row))
            self._report(row, error)
            return False

    def _report(self, row: Mapping[str, Any], error: Exception) -> None:
        self.anomalies += 1
        name = type(error).__name__
        log.warning("unreadable row", dataset="project", id=str(row["id"]), error=name)
        self._leave_out("testimony", row["id"], exclusions.UNREADABLE)

    def _leave_out(self, kind: str, real: object, reason: str) -> None:
        self._exclusions.add(kind, self._guids.of(kind, real), reason)

    def _read(self, rows: Sequence[Mapping[str, Any]]) -> _Batch:
        people, media = [], set()
        for row in rows:
            try:
                people += reading.people_of(row)
                media.update(reading.ids_of(row["recordings"]))
            except ValueError:
                continue  # it is told when the row is written
        with self.database.read() as db:
            at = now()
            return _Batch(
                reading.leaving_of(db, [_id(row) for row in rows], at),
                reading.excerpts_of(db, [_id(row) for row in rows], at),
                reading.consents_of(db, people, at),
                reading.recordings_of(db, media, at),
            )

    # A testimony

    def _testimony(self, row: Mapping[str, Any], batch: _Batch) -> list[UUID]:
        """Write its text and what is coded there: the recordings to be written next.

        Raises when something of it cannot be read; then nothing is written.
        """
        id_, body = _id(row), row["body"] or ""
        guid, excerpts = self._guids.of("testimony", id_), batch.excerpts.get(id_, ())
        people, media = reading.people_of(row), reading.ids_of(row["recordings"])
        told, themes = self._values(row, people, batch), reading.ids_of(row["theme_ids"])
        content = body.encode()
        self._exclude_unfounded(excerpts, media, batch)
        quoted = self._quoted([e for e in excerpts if _is_of_text(e, None)], body)
        xml = Xml()
        title = row["title"] or ""
        self._elements.text(
            xml, guid, "Témoignage", quoted, description=title, themes=themes, told=told
        )
        self._archive.add(file_name(guid, "txt"), content)
        self._keep(xml)
        self.rows += 1
        for person in people:
            self._cases.know(person, self._of_case(person, batch))
        self._cases.place(guid, people, row["workshop_id"])
        return media

    def _recording(self, row: Mapping[str, Any], media_id: UUID, batch: _Batch) -> None:
        """Write a recording of a testimony, and what is said in it if that may leave."""
        if not (recording := batch.recordings.get(media_id)):
            return
        excerpts, people = batch.excerpts.get(_id(row), ()), reading.people_of(row)
        of_testimony = f"{row['id']} {media_id}"
        guid = self._guids.of("recording", of_testimony)
        timed = self._quoted([e for e in excerpts if _is_of_time(e, media_id)], None)
        xml = Xml()
        given = self._given.get(media_id, False)
        self._elements.recording(xml, guid, recording, "Enregistrement", timed, given)
        self._cases.place(guid, people, row["workshop_id"])
        if recording.withheld:
            self._leave_out("transcript", media_id, recording.withheld)
        elif recording.words is not None:
            guid = self._guids.of("transcript", of_testimony)
            said = [e for e in excerpts if _is_of_text(e, recording.transcript_id)]
            quoted = self._quoted(said, recording.words)
            self._elements.text(xml, guid, "Transcription", quoted)
            self._archive.add(file_name(guid, "txt"), recording.words.encode())
            self._cases.place(guid, people, row["workshop_id"])
        self._keep(xml)

    def _media(self, media_id: UUID) -> Iterator[bytes]:
        """The file of a recording, asked of the gate now, once; or why it is not there."""
        if media_id in self._given:
            return
        self._given[media_id] = False
        with self.database.read() as db:
            recording = reading.recordings_of(db, [media_id], now()).get(media_id)
            if not recording:
                return self._leave_out("media", media_id, exclusions.OTHER)
            if not self.asked.media:
                return self._leave_out("media", media_id, exclusions.NOT_ASKED_FOR)
            found = self._file_of(db, recording)
        if isinstance(found, str):
            return self._leave_out("media", media_id, found)
        try:
            chunks = storage().read(found.key)
        except ObjectMissing:
            return self._leave_out("media", media_id, exclusions.NO_FILE)
        name = file_name(self._guids.of("media", media_id), ENDINGS[recording.kind])
        yield from self._archive.add_chunks(name, chunks, found.size, packed=False)
        self._given[media_id] = True
        self.media += 1

    def _file_of(self, db: Session, recording: Recording) -> Rendition | str:
        try:
            return reading.file_of(db, recording, self.by)
        except (ValueError, TypeError, LookupError):  # of somebody who is heard in it
            self.anomalies += 1
            return exclusions.UNREADABLE

    def _of_case(self, person: Person, batch: _Batch) -> Told:
        told = self._variables.of_case(person.read)
        if consent := batch.consents.get(person.id):
            told[f"{PREFIX}consent_until"] = reading.until_month([consent]) or ""
            told[f"{PREFIX}consents"] = intern(consent.told)
        return told

    def _values(self, row: Mapping[str, Any], people: Sequence[Person], batch: _Batch) -> Told:
        told = {"title": row["title"]} if row["title"] else {}
        told |= self._variables.of_source(row)
        for name in ("restriction", "protocol"):
            if limit := limited(row[name]):
                told[name] = limit
        consents = [batch.consents[p.id] for p in people if p.id in batch.consents]
        if until := reading.until_month(consents):
            told["consent_until"] = until
        return told

    def _exclude_unfounded(
        self, excerpts: Sequence[Row[Any]], media: Sequence[UUID], batch: _Batch
    ) -> None:
        """The excerpts of words or recordings that are not in the project."""
        found = [batch.recordings[id_] for id_ in media if id_ in batch.recordings]
        texts = {None, *(r.transcript_id for r in found if not r.withheld)}
        for excerpt in excerpts:
            if excerpt.selector == SelectorType.TEXT:
                there = excerpt.transcript_id in texts
            else:
                there = any(recording.id == excerpt.media_id for recording in found)
            if not there:
                self._leave_out("excerpt", excerpt.id, exclusions.WORDS)

    def _quoted(self, excerpts: Sequence[Row[Any]], text: str | None) -> list[Row[Any]]:
        """Those that are told; the others are left out with their reasons."""
        found = []
        for excerpt in excerpts:
            if reason := self._why_not(excerpt, text):
                self._leave_out("excerpt", excerpt.id, reason)
            else:
                found.append(excerpt)
        self.excerpts += len(found)
        return found

    def _why_not(self, excerpt: Row[Any], text: str | None) -> str | None:
        try:
            if reason := leaving.why_not_quoted(excerpt):
                return reason
            described(excerpt)
        except Exception:  # whatever is wrong with an excerpt, the others leave
            self.anomalies += 1
            return exclusions.UNREADABLE
        if text is not None and text[excerpt.start : excerpt.stop] != excerpt.exact:
            self.anomalies += 1
            return exclusions.MOVED
        return None

    def _keep(self, xml: Xml) -> None:
        self._sources.write(xml.taken())

    # The document

    def _document(self) -> Iterator[bytes]:
        """`project.qde`, in the order of the schema."""
        xml = Xml()
        xml.begin()
        user = self._guids.of("user")
        about = {
            "xmlns": NAMESPACE,
            "name": self.asked.scheme,
            "origin": ORIGIN,
            "creatingUserGUID": user,
            "creationDateTime": self._elements.moment,
        }
        with xml.element("Project", about):
            with xml.element("Users"):
                xml.leaf("User", about={"guid": user, "name": ORIGIN})
            self._codebook.write(xml)
            self._variables.write(xml)
            yield from self._cases.write(xml)
            if self.rows:
                with xml.element("Sources"):
                    xml.end_of_line()
                    yield xml.taken()
                    self._sources.seek(0)
                    yield from iter(lambda: self._sources.read(READ), b"")
            with xml.element("Notes"):
                for name in NOTES:
                    guid = self._guids.of("note", name)
                    where = {"guid": guid, "name": name, "plainTextPath": internal(guid, "txt")}
                    xml.leaf("Note", about=where | self._elements.by)
            yield from self._cases.write_sets(xml)
            xml.leaf("Description", self._description())
            for name in NOTES:
                xml.leaf("NoteRef", about={"targetGUID": self._guids.of("note", name)})
        yield xml.taken()

    def _notes(self) -> Iterator[bytes]:
        """The texts of the two notes that say what is not there."""
        told = f"{self._description()}\n\n{self._exclusions.told()}".encode()
        for name, chunks in zip(NOTES, ([told], self._exclusions.list()), strict=True):
            entry = file_name(self._guids.of("note", name), "txt")
            yield from self._archive.add_chunks(entry, chunks)

    def _description(self) -> str:
        """By whom, when and why: the audit log knows who, by the id of the export."""
        return DESCRIPTION.format(
            rows=self.rows,
            excerpts=self.excerpts,
            people=len(self._cases),
            moment=self._elements.moment,
            purpose=self.asked.purpose,
            export=self.export.id,
        )


def _id(row: Mapping[str, Any]) -> UUID:
    return UUID(str(row["id"]))


def _is_of_text(excerpt: Row[Any], transcript_id: UUID | None) -> bool:
    return bool(excerpt.selector == SelectorType.TEXT and excerpt.transcript_id == transcript_id)


def _is_of_time(excerpt: Row[Any], media_id: UUID) -> bool:
    return bool(excerpt.selector == SelectorType.TIME and excerpt.media_id == media_id)
