"""What stands between a bundle and its readers: blockers forbid publishing, warnings do not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.appearances.queries import Segment
from app.bundles.balance import of_bundle
from app.bundles.findings import finding as _finding
from app.bundles.models import Bundle, BundleItem, ShowAs
from app.bundles.service import KINDS, sections_of
from app.bundles.wishes import unasked, unmet
from app.core.settings import settings
from app.excerpts.models import Excerpt, ExcerptState, SelectorType
from app.excerpts.service import words_of
from app.gate.service import Use, WayOut, judge, media_shown, protocols_of
from app.groups.models import About, Protocol, Rereading
from app.groups.service import excluded_by
from app.media.models import Media, Rendition, Status
from app.media.transcode import AUDIO, POSTER, WEB
from app.schemes.service import labels
from app.testimonies.models import Nature, Testimony, TestimonyMedia
from app.transcripts.service import current
from app.transcripts.words import cues_of, meets, widened
from app.witnesses.decision import DATASET, Cell, Medium, Reason, Verdict

WHY = {
    Reason.NEVER_GIVEN: "Aucun accord n'a été donné pour cet usage.",
    Reason.REFUSED: "Cet usage a été refusé.",
    Reason.WITHDRAWN: "L'accord a été retiré.",
    Reason.EXPIRED: "L'accord est arrivé à son terme.",
    Reason.NOTICE_REVOKED: "La notice lue n'est plus valable.",
    Reason.TERRITORY: "L'accord ne vaut pas pour ce territoire.",
    Reason.RESTRICTION: "Une restriction a été posée sur ce passage.",
    Reason.EMBARGO: "Ce passage est sous embargo.",
    Reason.PROTOCOL: "Le protocole du groupe l'exclut.",
    Reason.GUARDIAN_MISSING: "Il manque l'accord d'un représentant légal.",
    Reason.GUARDIAN_VETO: "Un représentant légal s'y oppose.",
    Reason.NOT_ACCEPTED: "Le témoignage n'est pas accepté.",
}
LEFT = {
    About.AUDIENCES: "Publics permis",
    About.FORMS: "Formes permises",
    About.MEDIA: "Ce qui peut être montré",
}
MEDIA: dict[str, str] = {
    Medium.ANONYMOUS_TEXT: "le texte sans nom",
    Medium.SIGNED_TEXT: "le texte signé",
    Medium.VOICE: "la voix",
    Medium.IMAGE: "l'image",
    Medium.EMPLOYER_NAME: "le nom de l'employeur",
}
ADDED = {DATASET: "Jeu de données"}  # which no vocabulary has
REREADERS = {
    Rereading.GROUP: "le groupe relit",
    Rereading.EACH_WITNESS: "chaque témoin relit ses paroles",
}


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
    """

    item: BundleItem
    testimony: Testimony
    excerpt: Excerpt | None
    media: Media | None
    file: Rendition | None
    poster: Rendition | None
    captions: Captions | None = None
    unread: Reason | None = None

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
        return Use(self.testimony.id, media, restriction, self.segment)

    @property
    def segment(self) -> Segment | None:
        """Where it was recorded; what is shown as text was said there too."""
        if self.excerpt and self.excerpt.media_id and self.excerpt.passage:
            passage = self.excerpt.passage
            return Segment(
                self.excerpt.media_id, *(widened(*passage) if self.shows_text else passage)
            )
        return Segment(self.media.id) if self.media else None


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
    return found


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


def length_ms(sources: Iterable[Source]) -> int:
    """How long it plays, in milliseconds: what is heard or watched of each item, one by one.

    What is read takes the time that it takes.
    """
    return sum(_played(source) for source in sources if source.item.show_as is not ShowAs.TEXT)


def _played(source: Source) -> int:
    if source.excerpt and source.excerpt.passage:
        start, end = source.excerpt.passage
        return end - start
    return (source.media.duration_ms or 0) if source.media else 0


def check(db: Session, bundle: Bundle, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """A `ChecksOut`: blockers, item by item, and warnings."""
    sources, verdicts = settled(db, bundle, at)
    protocols = protocols_of(db, {source.testimony.id for source in sources.values()}, at)
    blockers = list(_missing_consents(db, sources, verdicts, protocols))
    for source in sources.values():
        blockers += _unready(db, source)
    if not sources:
        blockers.append(_finding("empty", "Ce dossier ne contient aucun passage."))
    warnings = [
        *_warnings(db, bundle, sources),
        *unmet(db, bundle, length_ms(sources.values())),
        *_rereadings(protocols.values()),
    ]
    (blockers if settings().expectation_required else warnings).extend(unasked(db, bundle))
    return {"blockers": blockers, "warnings": warnings}


def _missing_consents(
    db: Session,
    sources: dict[UUID, Source],
    verdicts: list[Verdict],
    protocols: dict[UUID, Protocol],
) -> Iterator[dict[str, Any]]:
    for source, verdict in zip(sources.values(), verdicts, strict=True):
        if not verdict.reason:
            continue
        cell = verdict.cell._asdict() if verdict.cell else None
        facts: dict[str, Any] = {"reason": verdict.reason, "cell": cell}
        if verdict.reason is Reason.PROTOCOL and verdict.cell:
            message, clause = _clause(db, protocols[source.testimony.id], verdict.cell)
            yield _finding("protocol-clause", message, source.item.id, **facts, **clause)
        else:
            yield _finding("consent-missing", WHY[verdict.reason], source.item.id, **facts)


def _clause(db: Session, protocol: Protocol, cell: Cell) -> tuple[str, dict[str, Any]]:
    """What a protocol says against this cell, in the group's words when it wrote some."""
    about = excluded_by(protocol, cell) or About.IDENTIFICATION
    said = " ".join(clause["text"] for clause in protocol.clauses if clause["about"] == about)
    because = f" : « {said} »" if said else f". {_allowed(db, protocol, about)}"
    message = f"Le protocole du groupe (version {protocol.number}) l'exclut{because}"
    facts = {"group_id": protocol.group_id, "protocol_number": protocol.number, "about": about}
    return message, facts


def _allowed(db: Session, protocol: Protocol, about: About) -> str:
    """What a protocol leaves, where its group wrote no clause about it."""
    if about is About.IDENTIFICATION:
        return "Ni signature ni nom d'employeur n'y sont permis."
    codes: list[str] = getattr(protocol, about) or []
    known = MEDIA if about is About.MEDIA else labels(db, about, codes) | ADDED
    told = ", ".join(known.get(code, code) for code in codes) or "rien"
    return f"{LEFT[about]} : {told}."


def _rereadings(protocols: Iterable[Protocol]) -> Iterator[dict[str, Any]]:
    """Once for each group whose words are read again before they are published."""
    for protocol in {protocol.id: protocol for protocol in protocols}.values():
        if who := REREADERS.get(protocol.rereading):
            message = (
                f"Avant la publication, {who} : c'est dans le protocole du groupe "
                f"(version {protocol.number})."
            )
            yield _finding(
                "reread-first",
                message,
                group_id=protocol.group_id,
                protocol_number=protocol.number,
                rereading=protocol.rereading,
            )


def _unready(db: Session, source: Source) -> Iterator[dict[str, Any]]:
    item = source.item
    if source.excerpt and source.excerpt.state is ExcerptState.NEEDS_REVIEW:
        message = "Le témoignage a changé sous cet extrait : relisez-le."
        yield _finding("needs-review", message, item.id)
    if item.show_as is ShowAs.TEXT and source.excerpt and not words_of(db, source.excerpt):
        message = "Ce passage n'a pas de transcription validée : il n'y a rien à lire."
        yield _finding("no-words", message, item.id)
    if item.show_as is not ShowAs.TEXT and not source.file:
        message = "L'enregistrement n'est pas encore prêt."
        yield _finding("media-not-ready", message, item.id)


def _warnings(db: Session, bundle: Bundle, sources: dict[UUID, Source]) -> Iterator[dict[str, Any]]:
    natures = of_bundle(db, bundle).table("nature")
    total = sum(natures.values())
    practices = (natures.get(Nature.PRACTICE, 0) / total) if total else 0
    if total and practices < settings().practice_share_min:
        wanted = round(settings().practice_share_min * 100)
        yield _finding(
            "few-practices",
            f"{round(practices * 100)} % de pratiques : moins que les {wanted} % souhaités.",
            share=round(practices, 4),
        )
    if not bundle.introduction:
        yield _finding("no-introduction", "Ce dossier n'a pas d'introduction.")
    for source in sources.values():
        if source.item.show_as is not ShowAs.TEXT:
            yield from _about_captions(source)


def _about_captions(source: Source) -> Iterator[dict[str, Any]]:
    if source.unread:
        message = f"Sans sous-titres : les paroles ne peuvent pas être lues. {WHY[source.unread]}"
        yield _finding("no-captions", message, source.item.id, reason=source.unread)
    elif not source.captions:
        message = "Cet enregistrement n'a pas de sous-titres : validez une transcription."
        yield _finding("no-captions", message, source.item.id)
    elif source.captions.cut:
        message = (
            "Les sous-titres sont incomplets : des segments de la transcription commencent avant "
            "le passage ou finissent après lui. Coupez-les aux bornes du passage."
        )
        yield _finding("captions-cut", message, source.item.id, segments=source.captions.cut)


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
