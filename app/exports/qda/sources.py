"""The elements of a testimony: its text, its transcripts and recordings, what is coded there."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.exports.qda.codes import EMPLOYER
from app.exports.qda.guids import Guids, short
from app.exports.qda.reading import Recording, ids_of
from app.exports.qda.variables import Told, Variables
from app.exports.qda.xml import Xml
from app.media.models import Kind

LONGEST_NAME = 80  # code points of a passage that name its selection
ENDINGS = {Kind.VIDEO: "mp4", Kind.AUDIO: "m4a"}
SOURCES = "sources"
PRACTICE = {"actor": "Qui", "action": "A fait quoi", "occasion": "À quelle occasion"}


@dataclass(frozen=True)
class Elements:
    """Writes the sources of one project, by its only user, at its only moment."""

    guids: Guids
    variables: Variables
    themes: frozenset[UUID]
    moment: str

    @property
    def by(self) -> dict[str, str]:
        """Who made an element, and when: the export did, as all of them."""
        return {"creatingUser": self.guids.of("user"), "creationDateTime": self.moment}

    def text(
        self,
        xml: Xml,
        guid: str,
        name: str,
        excerpts: Sequence[Row[Any]] = (),
        *,
        description: str = "",
        themes: Sequence[UUID] = (),
        told: Told | None = None,
    ) -> None:
        """A `TextSource`: its text is the file of this id, and excerpts are places in it."""
        with self._source(xml, "TextSource", guid, name, {"plainTextPath": internal(guid, "txt")}):
            if description:
                xml.leaf("Description", description)
            for excerpt in excerpts:
                self._selection(
                    xml, "PlainTextSelection", excerpt, ("startPosition", "endPosition")
                )
            self._codings(xml, guid, [("theme", id_) for id_ in themes if id_ in self.themes])
            self.variables.write_values(xml, told or {})

    def recording(
        self,
        xml: Xml,
        guid: str,
        recording: Recording,
        name: str,
        excerpts: Sequence[Row[Any]],
        given: bool,
    ) -> None:
        """An `AudioSource` or `VideoSource`; the file is in the project when it is `given`."""
        path = media_path(self.guids, recording, given)
        kind = "Video" if recording.kind is Kind.VIDEO else "Audio"
        with self._source(xml, f"{kind}Source", guid, name, {"path": path}):
            for excerpt in excerpts:
                self._selection(xml, f"{kind}Selection", excerpt, ("begin", "end"))

    def _source(
        self, xml: Xml, kind: str, guid: str, name: str, where: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        return xml.element(
            kind, {"guid": guid, "name": f"{name} {short(guid)}", **where, **self.by}
        )

    def _selection(self, xml: Xml, kind: str, excerpt: Row[Any], ends: tuple[str, str]) -> None:
        guid = self.guids.of("excerpt", excerpt.id)
        start, stop = ends
        about = {"guid": guid, start: str(excerpt.start), stop: str(excerpt.stop)}
        if quote := excerpt.public_quote or excerpt.exact:
            about["name"] = " ".join(quote.split())[:LONGEST_NAME]
        with xml.element(kind, about | self.by):
            if told := described(excerpt):
                xml.leaf("Description", told)
            self._codings(xml, guid, self._codes(excerpt))

    def _codes(self, excerpt: Row[Any]) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = [("nature", excerpt.nature)]
        found += [("theme", id_) for id_ in ids_of(excerpt.theme_ids) if id_ in self.themes]
        return found + ([(EMPLOYER, "")] if excerpt.names_employer else [])

    def _codings(self, xml: Xml, of: str, codes: Sequence[tuple[str, Any]]) -> None:
        for kind, real in codes:
            code = self.guids.of(kind, real)
            with xml.element("Coding", {"guid": self.guids.of(of, code)} | self.by):
                xml.leaf("CodeRef", about={"targetGUID": code})


def internal(guid: str, ending: str) -> str:
    """The address of a file of the project."""
    return f"internal://{guid}.{ending}"


def file_name(guid: str, ending: str) -> str:
    """Where that file is in the archive."""
    return f"{SOURCES}/{guid}.{ending}"


def media_path(guids: Guids, recording: Recording, given: bool) -> str:
    """The address of a recording: beside the project, when its file is not in it."""
    guid, ending = guids.of("media", recording.id), ENDINGS[recording.kind]
    return internal(guid, ending) if given else f"relative:///{guid}.{ending}"


def described(excerpt: Row[Any]) -> str:
    """The practice, and the quote that was edited. Raises when it cannot be read."""
    told = []
    if excerpt.practice and excerpt.practice != "null":
        practice = json.loads(excerpt.practice)
        told = [f"{label} : {practice[name]}" for name, label in PRACTICE.items()]
    if excerpt.public_quote:
        told.append(f"Citation publique : {excerpt.public_quote}")
    return "\n".join(told)
