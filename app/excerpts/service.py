"""What can be done with excerpts: each function is one deed, one permission, one audit event."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission, Sight
from app.appearances.models import Appearance
from app.appearances.queries import falls_into, unsaid_to_team, withheld
from app.audit.service import record
from app.codebook.service import given_now, now_of, require_themes
from app.core.db import locked
from app.core.models import At, as_stored, now
from app.core.pages import Details, Item, Order, bury, matches
from app.core.problems import Invalid, NotFound, Problem, WrongState
from app.core.settings import settings
from app.excerpts.anchoring import Words, put, remember
from app.excerpts.models import FROM_MS, TO_MS, Excerpt, ExcerptState, ExcerptTheme, SelectorType
from app.excerpts.schemas import ExcerptFilters, ExcerptIn, TextSelector, TimeSelector
from app.excerpts.versions import reading, snapshot_of
from app.history import service as history
from app.history.service import Reading
from app.lineage.service import forget
from app.media.models import Media, Status
from app.media.service import ask_clip
from app.testimonies import queries as testimonies
from app.testimonies.models import State, Testimony, TestimonyMedia, TestimonyWitness
from app.testimonies.queries import MOURNED
from app.testimonies.service import visible_to as visible_testimonies
from app.textindex import service as textindex
from app.textindex.models import TextKind
from app.transcripts import service as transcripts
from app.transcripts.models import Transcript
from app.transcripts.words import bounds_of, masked, meets, within
from app.witnesses.queries import refused_to_team

E = Excerpt
LATEST_FIRST = Order(E.created_at, E.id, descending=True)
QUOTABLE = (State.SUBMITTED, State.ACCEPTED)
SEEN: dict[Sight, Sequence[State]] = {
    Sight.SUBMITTED: (State.SUBMITTED, State.ACCEPTED, State.RETURNED, State.REJECTED),
    Sight.ACCEPTED: (State.ACCEPTED,),
    Sight.CASE: tuple(state for state in State if state is not State.WITHDRAWN),
}
EXCERPT_THEMES = ExcerptTheme.metadata.tables["excerpt_themes"]


class NotThere(Problem):
    """The text that you chose is not what stands there."""

    status = 422


def rights(me: Caller, at: At | None = None) -> Sequence[ColumnElement[bool]]:
    """What holds for the excerpts that the caller sees: conditions that no row meets twice."""
    if me.sight is Sight.NONE:
        return [false()]
    alive = select(Testimony.id).where(Testimony.id == E.testimony_id)
    if me.sight is Sight.OWN:
        of = alive.where(Testimony.state != State.WITHDRAWN)
    else:
        of = alive.where(Testimony.state.in_(SEEN[me.sight]))
    own = me.owns(E) if me.sight is Sight.OWN else [true()]
    return [and_(right, of.exists(), *readable(at)) for right in own]


def readable(at: At | None = None) -> Sequence[ColumnElement[bool]]:
    """What holds for the excerpts of words that nobody took back, or refuses the team."""
    moment = now() if at is None else at
    return [*standing(moment), ~_refused(moment)]


def standing(at: At | None = None) -> Sequence[ColumnElement[bool]]:
    """The same of excerpts whose testimony was found readable."""
    return [E.erased_at.is_(None), ~_unsaid(now() if at is None else at)]


def rights_to_know(me: Caller) -> Sequence[ColumnElement[bool]]:
    """What holds for those that the caller could see, and that were taken back since."""
    own = me.owns(E) if me.sight is Sight.OWN else [true()]
    of = select(Testimony.id).where(
        Testimony.id == E.testimony_id, or_(False, *testimonies.rights_to_know(me))
    )
    # One that went with a recording, or with who is heard: of words that the caller may read still.
    alone = or_(E.erased_at.is_not(None), _unsaid(now()))
    seen = select(Testimony.id).where(
        Testimony.id == E.testimony_id, or_(False, *testimonies.rights(me))
    )
    return [and_(right, or_(of.exists(), and_(alone, seen.exists()))) for right in own]


def _refused(at: At) -> ColumnElement[bool]:
    """Whether one of the witnesses said no to a reading by the team."""
    return exists(
        select(TestimonyWitness.id).where(
            TestimonyWitness.testimony_id == E.testimony_id,
            refused_to_team(TestimonyWitness.witness_id, at),
        )
    )


def _unsaid(at: At) -> ColumnElement[bool]:
    """Whether somebody who is heard or named in its passage refuses the team their words."""
    heard = select(Appearance.id).where(
        Appearance.media_id == E.media_id, falls_into(FROM_MS, TO_MS), unsaid_to_team(at)
    )
    return and_(E.media_id.is_not(None), or_(exists(heard), testimonies.unsaid(E.media_id, at)))


def visible_to(me: Caller) -> Select[Excerpt]:
    """Every excerpt this account may see now."""
    return select(E).where(or_(False, *rights(me)))


def search(me: Caller, filters: ExcerptFilters) -> Sequence[Select[Excerpt]]:
    """The visible excerpts which pass the filters: a select for each right to see.

    With `updated_since`, those that the caller could see and that were taken back meanwhile too.
    """
    rows = filtered(filters)
    found = [rows.where(right) for right in rights(me)]
    if filters.updated_since:
        gone = select(E).where(E.updated_at >= max(filters.updated_since, now() - MOURNED))
        found += [gone.where(right) for right in rights_to_know(me)]
    return found


def filtered(filters: ExcerptFilters) -> Select[Excerpt]:
    """The excerpts which pass the filters, whoever may see them."""
    conditions = matches(E, filters, "scheme_id", "testimony_id", "nature", "state", "selector")
    if filters.theme_id:
        coded = select(ExcerptTheme.id).where(ExcerptTheme.theme_id.in_(now_of(filters.theme_id)))
        conditions.append(coded.where(ExcerptTheme.excerpt_id == E.id).exists())
    return select(E).where(*conditions)


def find(db: Session, excerpt_id: UUID, by: Caller) -> Excerpt:
    """The excerpt, if `by` may see it; locked if it may be changed. Raises NotFound."""
    if not (excerpt := db.scalar(locked(db, visible_to(by).where(E.id == excerpt_id)))):
        raise NotFound
    return excerpt


def choose(db: Session, payload: ExcerptIn, by: Caller) -> Excerpt:
    """A new excerpt of a testimony that `by` may read. Raises Invalid, NotThere, WrongState."""
    by.require(Permission.CODE)
    excerpt = Excerpt(id=uuid4(), created_by_id=by.id)
    _describe(db, excerpt, payload, by)
    db.add(excerpt)
    remember(db, excerpt)
    record(db, "excerpt.chosen", on=excerpt, by=by, nature=excerpt.nature)
    _code(db, excerpt, payload)
    index(db, excerpt)
    return excerpt


def change(db: Session, excerpt: Excerpt, payload: ExcerptIn, by: Caller) -> Excerpt:
    """The same excerpt, described again in full: it is valid anew."""
    by.require(Permission.CODE)
    if payload.testimony_id != excerpt.testimony_id:
        raise Invalid.at("#/testimony_id", "stays")
    was = snapshot_of(excerpt, _everything(db, excerpt))
    _describe(db, excerpt, payload, by)
    excerpt.touch()
    remember(db, excerpt)
    db.execute(delete(ExcerptTheme).where(ExcerptTheme.excerpt_id == excerpt.id))
    record(db, "excerpt.changed", on=excerpt, by=by, nature=excerpt.nature)
    _code(db, excerpt, payload)
    history.keep(
        db,
        excerpt,
        was,
        snapshot_of(excerpt, _everything(db, excerpt)),
        author_id=excerpt.created_by_id,
        editor_id=by.id,
        state=db.scalar(select(Testimony.state).where(Testimony.id == excerpt.testimony_id)),
    )
    index(db, excerpt)
    return excerpt


def restore(db: Session, excerpt: Excerpt, version: int, by: Caller) -> None:
    """What an earlier version said holds again: a change, like any other.

    Of a theme that was merged since, it is coded with the one it was merged into. Raises Invalid
    when there is no such version for `by`, and whatever `change` raises.
    """
    by.require(Permission.CODE)
    earlier = history.to_restore(db, versions(db, excerpt, by), version, ExcerptIn)
    earlier.theme_ids = given_now(db, earlier.theme_ids)
    change(db, excerpt, earlier, by)
    record(db, "excerpt.restored", on=excerpt, by=by, version=version)


def discard(db: Session, excerpt: Excerpt, by: Caller) -> None:
    """Delete an excerpt that no bundle holds (the database refuses the others: a conflict)."""
    by.require(Permission.CODE)
    drop(db, excerpt, by)


def drop(db: Session, excerpt: Excerpt, by: Caller) -> None:
    """The same, by whoever may: the owner of its testimony, together with that one."""
    record(db, "excerpt.discarded", on=excerpt, by=by)
    forget(db, E.__tablename__, [excerpt.id])
    history.forget(db, excerpt)
    textindex.remove(db, [excerpt.id])
    db.execute(delete(ExcerptTheme).where(ExcerptTheme.excerpt_id == excerpt.id))
    db.delete(excerpt)


def words_of(db: Session, excerpt: Excerpt) -> str | None:
    """What is read of an excerpt: its quote; of a passage, what the current transcript says there.

    Whoever shows it asks the gate, for all who are heard in it.
    """
    if excerpt.quote is not None or not excerpt.media_id:
        return excerpt.quote
    transcript = transcripts.current(db, excerpt.media_id)
    said = within(transcript.segments, excerpt.start, excerpt.stop) if transcript else []
    return " ".join(segment["text"] for segment in said) or None


def said_in(db: Session, media_id: UUID, moments: Sequence[tuple[int, int]]) -> list[UUID]:
    """The excerpts of transcripts of a media whose words are said at these moments."""
    falls = [and_(E.from_ms < end, E.to_ms > start) for start, end in moments]
    said = E.media_id == media_id, E.transcript_id.is_not(None), E.erased_at.is_(None)
    return list(db.scalars(select(E.id).where(*said, or_(False, *falls))))


def erase(db: Session, ids: Collection[UUID]) -> None:
    """The words of these excerpts are gone, with what was written about them."""
    rows = select(E).where(E.id.in_(ids), E.erased_at.is_(None))
    for excerpt in db.scalars(locked(db, rows)):
        excerpt.exact = excerpt.public_quote = excerpt.memo = None
        excerpt.prefix = excerpt.suffix = None
        excerpt.practice = excerpt.restriction = None
        excerpt.names_employer, excerpt.erased_at = False, now()
    db.execute(delete(ExcerptTheme).where(ExcerptTheme.excerpt_id.in_(ids)))
    textindex.remove(db, ids)


def index(db: Session, excerpt: Excerpt) -> None:
    """Have it found by the words that are given back; what is heard, by its transcript."""
    textindex.put(db, TextKind.EXCERPT, excerpt.id, excerpt.created_at, body=excerpt.quote)


def ids_of(db: Session, testimony_ids: Collection[UUID]) -> list[UUID]:
    """The excerpts of these testimonies, whoever may see them."""
    return list(db.scalars(select(E.id).where(E.testimony_id.in_(testimony_ids))))


def touch_those_of(db: Session, testimony_ids: Collection[UUID]) -> None:
    """Mirrors look again at the excerpts of these testimonies: who may read them has changed."""
    for excerpt in db.scalars(locked(db, select(E).where(E.testimony_id.in_(testimony_ids)))):
        excerpt.touch()


def mirrored(me: Caller) -> Details:
    """The same as `complete`; of what was taken back, nothing but its id."""

    def told(db: Session, items: list[Item]) -> None:
        ids = [item["id"] for item in items]
        withdrawn = select(Testimony.id).where(
            Testimony.id == E.testimony_id, Testimony.state == State.WITHDRAWN
        )
        is_gone = or_(withdrawn.exists(), _refused(now()), E.erased_at.is_not(None), _unsaid(now()))
        gone = set(db.scalars(select(as_stored(E.id)).where(E.id.in_(ids), is_gone)))
        bury(items, gone)
        _complete(db, [item for item in items if item["id"] not in gone], me)

    return told


def complete(me: Caller) -> Details:
    """Give each excerpt its `selector`, `quote` and `theme_ids`, as this account may see them."""

    def told(db: Session, items: list[Item]) -> None:
        _complete(db, items, me)

    return told


def _reads_all_words(me: Caller) -> bool:
    """Whether words that were edited out, or corrected, are shown: not to who only studies."""
    return me.sight is not Sight.ACCEPTED


def _reads_memos(me: Caller) -> bool:
    """Whether the notes of editors are shown: to themselves, and on a case."""
    return Permission.CODE in me.permissions or me.sight is Sight.CASE


def _complete(db: Session, items: list[Item], me: Caller) -> None:
    _tell(db, items, all_words=_reads_all_words(me), memos=_reads_memos(me))


def _tell(db: Session, items: list[Item], *, all_words: bool, memos: bool) -> None:
    by_id: dict[Any, Item] = {}
    heard = _Heard(db)
    for item in items:
        item["quote"] = item["public_quote"] or item["exact"] or heard.in_(item)
        if item["exact"] and not all_words:
            _hide_words(item)
        if not memos:
            item["memo"] = None
        item.update(selector=_shown_selector(item), theme_ids=[])
        by_id[item["id"]] = item
    rows = select(
        as_stored(ExcerptTheme.excerpt_id), as_stored(ExcerptTheme.theme_id), ExcerptTheme.position
    ).where(ExcerptTheme.excerpt_id.in_(list(by_id)))
    for excerpt_id, theme_id, _ in sorted(db.execute(rows), key=lambda row: row[-1]):
        by_id[excerpt_id]["theme_ids"].append(theme_id)


def quoted(me: Caller) -> ColumnElement[bool]:
    """Whether this account reads the quote of an excerpt: for `_hide_words`, all but what it hides.

    Who does not neither finds an excerpt by its words nor counts by them.
    """
    if _reads_all_words(me):
        return true()
    return or_(E.public_quote.is_not(None), E.state != ExcerptState.NEEDS_REVIEW)


def _hide_words(item: Item) -> None:
    """Leave out what was edited out of the quote, or what the source does not say any more."""
    if item["public_quote"] or item["state"] == ExcerptState.NEEDS_REVIEW:
        item.update(exact=None, prefix=None, suffix=None, quote=item["public_quote"])


class _Heard:
    """What the team may read of the words of recorded passages."""

    def __init__(self, db: Session) -> None:
        self._db = db
        self._said: dict[UUID, list[dict[str, Any]]] = {}

    def in_(self, item: Item) -> str | None:
        """The words of this passage, by the current transcript of its media."""
        media_id = UUID(str(item["media_id"]))
        if media_id not in self._said:
            self._said[media_id] = self._readable(media_id)
        said = within(self._said[media_id], item["start"], item["stop"])
        return " ".join(segment["text"] for segment in said) or None

    def _readable(self, media_id: UUID) -> list[dict[str, Any]]:
        if not (transcript := transcripts.current(self._db, media_id)):
            return []
        moments = withheld(self._db, media_id, now())
        return [segment for segment in transcript.segments if not meets(segment, moments)]


def said_in_it(db: Session, excerpt: Excerpt) -> str:
    """The very words; of a passage of time, what the team may read of what is said in it."""
    where = {name: getattr(excerpt, name) for name in ("media_id", "start", "stop")}
    return excerpt.exact or _Heard(db).in_(where) or ""


def shown(db: Session, excerpt: Excerpt, me: Caller) -> Item:
    """What is told to this account of one excerpt besides its columns, or instead of them."""
    return _told(db, excerpt, all_words=_reads_all_words(me), memos=_reads_memos(me))


def versions(db: Session, excerpt: Excerpt, me: Caller) -> Reading:
    """How this account reads the versions of an excerpt that it sees.

    Who may not read what is edited out of a quote reads the words of none: they may have been
    edited out since.
    """
    hidden: set[str] = set() if _reads_memos(me) else {"memo"}
    unread: set[str] = set() if _reads_all_words(me) else {"exact", "prefix", "suffix"}

    def hide(content: Item) -> Item:
        told = {name: value for name, value in content.items() if name not in hidden}
        if selector := told.get("selector"):
            told["selector"] = {n: value for n, value in selector.items() if n not in unread}
        return told

    return reading(db, excerpt, _everything(db, excerpt), me, hide)


def _everything(db: Session, excerpt: Excerpt) -> Item:
    return _told(db, excerpt, all_words=True, memos=True)


def _told(db: Session, excerpt: Excerpt, *, all_words: bool, memos: bool) -> Item:
    item = {name: getattr(excerpt, name) for name in SHOWN_FROM}
    item["id"] = db.scalars(select(as_stored(E.id)).where(E.id == excerpt.id)).one()
    _tell(db, [item], all_words=all_words, memos=memos)
    return {name: item[name] for name in ("selector", "quote", "theme_ids", "memo")}


SHOWN_FROM = (
    *("selector", "start", "stop", "exact", "prefix", "suffix"),
    *("media_id", "transcript_id", "public_quote", "memo", "state"),
)


def _shown_selector(item: Item) -> dict[str, Any]:
    if item["selector"] == SelectorType.TEXT:
        place = {"start": item["start"], "end": item["stop"]}
        place |= {name: item[name] for name in ("exact", "prefix", "suffix")}
        said = {"transcript_id": item["transcript_id"]} if item["transcript_id"] else {}
        return {"type": "text", **said, **place}
    place = {"start_ms": item["start"], "end_ms": item["stop"], "media_id": item["media_id"]}
    return {"type": "time", **place}


def _describe(db: Session, excerpt: Excerpt, payload: ExcerptIn, by: Caller) -> None:
    seen = visible_testimonies(by).where(Testimony.id == payload.testimony_id)
    if not (testimony := db.scalar(seen)):
        raise NotFound(pointer="#/testimony_id")
    if testimony.state not in QUOTABLE:
        raise WrongState(state=testimony.state)
    coded = select(ExcerptTheme.theme_id).where(ExcerptTheme.excerpt_id == excerpt.id)
    require_themes(db, payload.theme_ids, testimony.scheme_id, kept=coded)
    if isinstance(payload.selector, TimeSelector):
        _select_time(db, excerpt, payload.selector, testimony)
    elif payload.selector.transcript_id:
        _select_said(db, excerpt, payload.selector, testimony)
    else:
        _select_text(excerpt, payload.selector, testimony)
    for name in ("nature", "memo", "public_quote", "names_employer"):
        setattr(excerpt, name, getattr(payload, name))
    for name in ("practice", "restriction"):
        value = getattr(payload, name)
        setattr(excerpt, name, value.model_dump(mode="json") if value else None)
    excerpt.testimony_id, excerpt.scheme_id = testimony.id, testimony.scheme_id
    excerpt.owner_organization_id = testimony.owner_organization_id
    excerpt.partner_organization_id = testimony.partner_organization_id
    excerpt.state = ExcerptState.VALID


def _select_text(excerpt: Excerpt, selector: TextSelector, testimony: Testimony) -> None:
    body = testimony.body or ""
    _require_there(selector, body)
    excerpt.selector, excerpt.exact = SelectorType.TEXT, selector.exact
    put(excerpt, Words(body), selector.start)


def _require_there(selector: TextSelector, text: str) -> None:
    """Raise Invalid or NotThere unless this text says `exact` where the selector points."""
    there = text[selector.start : selector.end]
    if selector.end > len(text) or selector.start >= selector.end:
        raise Invalid.at("#/selector/end", "out_of_range", length=len(text))
    if there != selector.exact:
        raise NotThere(pointer="#/selector/exact", found=there)


def _select_said(
    db: Session, excerpt: Excerpt, selector: TextSelector, testimony: Testimony
) -> None:
    """Words of the current transcript of one of its recordings, that the team may read."""
    at = now()
    found = db.scalar(
        select(Transcript)
        .join(TestimonyMedia, TestimonyMedia.media_id == Transcript.media_id)
        .where(
            TestimonyMedia.testimony_id == testimony.id,
            Transcript.id == selector.transcript_id,
            Transcript.erased_at.is_(None),
            ~testimonies.unsaid(Transcript.media_id, at),
        )
    )
    if not found:
        raise Invalid.at("#/selector/transcript_id", "unknown_id")
    current = transcripts.current(db, found.media_id)
    if not current or current.id != found.id:
        raise WrongState(current_transcript_id=current and current.id)
    text = masked(found.segments, withheld(db, found.media_id, at))
    _require_there(selector, text)
    first, last = bounds_of(found.segments, selector.start, selector.end)
    if text[first:last] != found.text[first:last]:
        raise NotThere(pointer="#/selector/exact", found=text[selector.start : selector.end])
    excerpt.selector, excerpt.exact = SelectorType.TEXT, selector.exact
    put(excerpt, Words(text, found), selector.start)


def _select_time(
    db: Session, excerpt: Excerpt, selector: TimeSelector, testimony: Testimony
) -> None:
    media = db.scalar(
        select(Media)
        .join(TestimonyMedia, TestimonyMedia.media_id == Media.id)
        .where(TestimonyMedia.testimony_id == testimony.id, Media.id == selector.media_id)
    )
    if not media:
        raise Invalid.at("#/selector/media_id", "unknown_id")
    if media.status is not Status.READY or media.duration_ms is None:
        raise WrongState(media_status=media.status)
    if selector.end_ms > media.duration_ms or selector.start_ms >= selector.end_ms:
        raise Invalid.at("#/selector/end_ms", "out_of_range", length=media.duration_ms)
    if selector.end_ms - selector.start_ms < (shortest := settings().media_min_ms):
        raise Invalid.at("#/selector/end_ms", "too_short", shortest=shortest)
    excerpt.selector, excerpt.media_id = SelectorType.TIME, media.id
    excerpt.transcript_id = excerpt.from_ms = excerpt.to_ms = None
    excerpt.start, excerpt.stop = selector.start_ms, selector.end_ms
    excerpt.exact = excerpt.prefix = excerpt.suffix = None
    ask_clip(db, media, selector.start_ms, selector.end_ms)


def _code(db: Session, excerpt: Excerpt, payload: ExcerptIn) -> None:
    rows = [
        {"excerpt_id": excerpt.id, "theme_id": theme_id, "position": position}
        for position, theme_id in enumerate(payload.theme_ids)
    ]
    if rows:
        db.execute(insert(EXCERPT_THEMES), rows)
