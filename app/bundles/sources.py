"""What the items of a bundle are made from, and whether each may leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.appearances.queries import Segment
from app.bundles.models import Bundle, BundleItem, ShowAs
from app.bundles.service import KINDS, sections_of
from app.excerpts.models import Excerpt, SelectorType
from app.excerpts.service import words_of
from app.gate.service import Use, WayOut, judge, media_shown, noes
from app.media.models import Media, Rendition, Status
from app.media.transcode import AUDIO, POSTER, WEB
from app.testimonies.models import Testimony, TestimonyMedia
from app.testimonies.queries import signatures
from app.transcripts.service import current
from app.transcripts.words import cues_of, meets, widened
from app.witnesses.decision import Cell, Reason, Verdict


@dataclass(frozen=True)
class Captions:
    """What is read under a recording: `cues` are `{start_ms, end_ms, text}`, from its beginning.

    `cut` counts the segments that are heard in the passage only in part, and are left out.
    """

    language: str
    cues: list[dict[str, Any]]
    cut: int


@dataclass(frozen=True)
class Source:
    """What an item is made from. `file` is the recording to show, `poster` the picture before it.

    `captions` are beside it, when there are some; when they may not be read, `unread` says why.
    `signatures` are those that stand there, by witness: of all who speak, or of nobody.
    """

    item: BundleItem
    testimony: Testimony
    excerpt: Excerpt | None
    media: Media | None
    file: Rendition | None
    poster: Rendition | None
    captions: Captions | None = None
    unread: Reason | None = None
    signatures: Mapping[UUID, str | None] = field(default_factory=dict)

    @property
    def shows_text(self) -> bool:
        """Whether words are read there."""
        has_words = self.item.caption is not None or self.captions is not None
        return self.item.show_as is ShowAs.TEXT or has_words

    @property
    def use(self) -> Use:
        """What the gate is asked."""
        excerpt = self.excerpt
        names = bool(excerpt and excerpt.names_employer)
        media = media_shown(self.item.show_as, with_text=self.shows_text, names_employer=names)
        restriction = excerpt.restriction if excerpt else None
        signed_by = frozenset(self.signatures)
        return Use(self.testimony.id, media, restriction, self.segment, signed_by)

    @property
    def segment(self) -> Segment | None:
        """Where it was recorded; what is shown as text was said there too."""
        if self.excerpt and self.excerpt.media_id and self.excerpt.passage:
            passage = self.excerpt.passage
            return Segment(
                self.excerpt.media_id, *(widened(*passage) if self.shows_text else passage)
            )
        return Segment(self.media.id) if self.media else None


def read_there(db: Session, source: Source) -> str | None:
    """What is read of an item that is shown as text."""
    return words_of(db, source.excerpt) if source.excerpt else source.testimony.body


def way_out(bundle: Bundle) -> WayOut:
    """Where the passages of a bundle go."""
    return WayOut(bundle.audience, bundle.form, bundle.purpose, bundle.territory_id)


def sources_of(db: Session, bundle: Bundle) -> dict[UUID, Source]:
    """What the items are made from, by item; texts of the editor's own have no source."""
    items = [item for section in sections_of(db, bundle.id) for item in section["items"]]
    excerpts = {
        e.id: e
        for e in db.scalars(
            select(Excerpt).where(Excerpt.id.in_([i.excerpt_id for i in items if i.excerpt_id]))
        )
    }
    ids = {i.testimony_id for i in items if i.testimony_id}
    ids |= {e.testimony_id for e in excerpts.values()}
    testimonies = {t.id: t for t in db.scalars(select(Testimony).where(Testimony.id.in_(ids)))}
    found = {}
    for item in items:
        excerpt = excerpts[item.excerpt_id] if item.excerpt_id else None
        testimony_id = excerpt.testimony_id if excerpt else item.testimony_id
        if testimony_id:
            found[item.id] = _source(db, item, testimonies[testimony_id], excerpt)
    return _signed(db, found)


def no_cells(
    db: Session, bundle: Bundle, sources: Sequence[Source], at: datetime
) -> dict[UUID, list[tuple[Cell, Reason]]]:
    """Every cell in which these may not leave, by item, each with the first reason."""
    found = noes(db, [source.use for source in sources], way_out(bundle), at)
    return {source.item.id: cells for source, cells in zip(sources, found, strict=True)}


def settled(db: Session, bundle: Bundle, at: datetime) -> tuple[dict[UUID, Source], list[Verdict]]:
    """What the items are made from, and the verdict on each.

    Captions that may not be read are left out, where the recording may be shown without them.
    """
    sources = sources_of(db, bundle)
    verdicts = judge(db, [source.use for source in sources.values()], way_out(bundle), at)
    read = dict(zip(sources, verdicts, strict=True))
    unread = {
        item_id: replace(source, captions=None, unread=read[item_id].reason)
        for item_id, source in sources.items()
        if source.captions and not read[item_id].allowed
    }
    again = judge(db, [source.use for source in unread.values()], way_out(bundle), at)
    for (item_id, source), verdict in zip(unread.items(), again, strict=True):
        if verdict.allowed:
            sources[item_id], read[item_id] = source, verdict
    return sources, list(read.values())


def _signed(db: Session, sources: dict[UUID, Source]) -> dict[UUID, Source]:
    """The same, with how those that are shown signed are."""
    asked = {source.testimony.id for source in sources.values() if source.item.signed}
    known = signatures(db, asked) if asked else {}
    for id_, source in sources.items():
        if source.item.signed:
            sources[id_] = replace(source, signatures=known[source.testimony.id])
    return sources


def _source(db: Session, item: BundleItem, testimony: Testimony, excerpt: Excerpt | None) -> Source:
    if item.show_as is ShowAs.TEXT:
        return Source(item, testimony, excerpt, None, None, None)
    media = _recording(db, item, testimony, excerpt)
    files = {}
    if media and media.status is Status.READY:
        rows = select(Rendition).where(Rendition.media_id == media.id)
        files = {file.name: file for file in db.scalars(rows)}
    file, poster = names_shown(excerpt, item.show_as)
    captions = _captions(db, media, excerpt) if media else None
    return Source(item, testimony, excerpt, media, files.get(file), files.get(poster), captions)


def _captions(db: Session, media: Media, excerpt: Excerpt | None) -> Captions | None:
    """What the current transcript says in all that is shown."""
    if not (transcript := current(db, media.id)):
        return None
    passage = excerpt.passage if excerpt else None
    cues = cues_of(transcript.segments, passage)
    heard = [s for s in transcript.segments if not passage or meets(s, [passage])]
    cut = max(0, len(heard) - len(cues))
    return Captions(transcript.language, cues, cut) if cues else None


def names_shown(excerpt: Excerpt | None, show_as: ShowAs) -> tuple[str, str]:
    """The renditions that show an item: of a passage never more than the passage itself."""
    if excerpt and excerpt.selector is SelectorType.TIME:
        clip = f"clip-{excerpt.start}-{excerpt.stop}"
        return (f"{clip}.m4a" if show_as is ShowAs.AUDIO else f"{clip}.mp4"), f"{clip}.jpg"
    return (AUDIO if show_as is ShowAs.AUDIO else WEB), POSTER


def _recording(
    db: Session, item: BundleItem, testimony: Testimony, excerpt: Excerpt | None
) -> Media | None:
    if excerpt:
        is_passage = excerpt.selector is SelectorType.TIME
        return db.get(Media, excerpt.media_id) if is_passage else None
    rows = (
        select(Media)
        .join(TestimonyMedia, TestimonyMedia.media_id == Media.id)
        .where(TestimonyMedia.testimony_id == testimony.id, Media.kind.in_(KINDS[item.show_as]))
        .order_by(TestimonyMedia.position)
    )
    return db.scalars(rows.limit(1)).first()
