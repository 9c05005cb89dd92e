"""The consent rules once more, as slow and plain as they are written in trust.md.

Nothing is shared with `app.witnesses.decision` but the types. For the moment that is asked, each
person's events are read aloud from the first to the last, and what stands is noted in a book.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.witnesses.decision import Cell, Event, Facts, Medium, Reach, Verb, WitnessFacts

TOLD = [
    *("never-given", "refused", "withdrawn", "expired"),
    *("notice-revoked", "territory", "restriction", "embargo", "protocol"),
    *("guardian-missing", "guardian-veto", "not-accepted"),
]


@dataclass
class Book:
    """What stands at one moment, for one person."""

    ever_named: set[Cell] = field(default_factory=set)
    word: dict[Cell, str] = field(default_factory=dict)  # given refused withdrawn restricted
    consent: dict[Cell, Event] = field(default_factory=dict)
    shut_out_team: set[Medium] = field(default_factory=set)


def read_aloud(events: Iterable[Event], who: UUID | None, at: datetime) -> Book:
    book = Book()
    for event in sorted(events, key=lambda e: e.number):
        if event.guardian_id != who:
            continue
        if event.verb == Verb.GIVE:
            note_give(book, event, at)
        elif event.verb == Verb.RESTRICT:
            note_restrict(book, event)
        else:
            for cell in event.cells:
                book.ever_named.add(cell)
                book.word[cell] = "refused" if event.verb == Verb.REFUSE else "withdrawn"
    return book


def note_give(book: Book, event: Event, at: datetime) -> None:
    for cell in event.cells:
        book.ever_named.add(cell)
        if event.valid_from > at:
            continue
        book.word[cell] = "given"
        book.consent[cell] = event
        if cell.audience == "team":
            book.shut_out_team.discard(cell.medium)


def note_restrict(book: Book, event: Event) -> None:
    for cell in book.ever_named:
        spared = cell in event.cells
        already_no = book.word.get(cell) in ("refused", "withdrawn")
        if not spared and not already_no:
            book.word[cell] = "restricted"
    for medium in Medium:
        if not [c for c in event.cells if c.medium == medium and c.audience == "team"]:
            book.shut_out_team.add(medium)


def cell_reason(events: Iterable[Event], cell: Cell, at: datetime, who: UUID | None) -> str | None:
    book = read_aloud(events, who, at)
    word = book.word.get(cell)
    if word is None:
        return "never-given"
    if word == "restricted":
        return "withdrawn"
    if word != "given":
        return word
    until = book.consent[cell].valid_until
    return "expired" if until is None or until <= at else None


def minor_in(year: int, birth_year: int | None) -> bool:
    return birth_year is not None and year - birth_year <= 18


def reasons_of_one(
    witness: WitnessFacts, who: UUID | None, cell: Cell, facts: Facts, at: datetime
) -> list[str]:
    reason = cell_reason(witness.events, cell, at, who)
    if reason:
        return [reason]
    found = []
    consent = read_aloud(witness.events, who, at).consent[cell]
    inside_and_anonymous = cell.medium == Medium.ANONYMOUS_TEXT and cell.audience == "team"
    if (
        not inside_and_anonymous
        and minor_in(consent.valid_from.year, witness.birth_year)
        and not minor_in(at.year, witness.birth_year)
    ):
        found.append("expired")
    if consent.notice_revoked_at is not None and consent.notice_revoked_at <= at:
        found.append("notice-revoked")
    if facts.where != "not asked" and consent.reach != Reach.WORLD:
        home = witness.territory.get(consent.reach)
        if facts.where is None or home is None or home not in facts.where:
            found.append("territory")
    return found


def guardians_reasons(witness: WitnessFacts, cell: Cell, facts: Facts, at: datetime) -> list[str]:
    if not minor_in(at.year, witness.birth_year):
        return []
    if (cell.medium, cell.audience) == (Medium.ANONYMOUS_TEXT, "team"):
        return []
    found = [] if witness.guardians else ["guardian-missing"]
    for guardian in witness.guardians:
        theirs = reasons_of_one(witness, guardian, cell, facts, at)
        if "refused" in theirs or "withdrawn" in theirs:
            found.append("guardian-veto")
        elif theirs:
            found.append("guardian-missing")
    return found


def all_reasons(facts: Facts, cells: Collection[Cell], at: datetime) -> set[str]:
    found: set[str] = set()
    if not facts.witnesses or not cells:
        found.add("never-given")
    for witness in facts.witnesses:
        for cell in cells:
            found.update(reasons_of_one(witness, None, cell, facts, at))
            found.update(guardians_reasons(witness, cell, facts, at))
    return found | reasons_of_the_thing(facts, cells, at)


def reasons_of_the_thing(facts: Facts, cells: Collection[Cell], at: datetime) -> set[str]:
    found: set[str] = set()
    for cell in cells:
        if any(not limits.allows(cell) for limits in facts.restrictions):
            found.add("restriction")
        if facts.protocol is not None and not facts.protocol.allows(cell):
            found.add("protocol")
    if facts.embargo_until is not None and facts.embargo_until > at:
        found.add("embargo")
    if not facts.accepted:
        found.add("not-accepted")
    return found


def decide_slowly(facts: Facts, cells: Collection[Cell], at: datetime) -> str | None:
    """The first reason to say no, or None."""
    found = all_reasons(facts, cells, at)
    return next((reason for reason in TOLD if reason in found), None)


def team_reason_slowly(
    events: Collection[Event], media: Iterable[Medium], at: datetime, minor: bool
) -> str | None:
    found = set()
    people = {None, *(event.guardian_id for event in events)}
    for medium in media:
        for person in people:
            if person is not None and (not minor or medium == Medium.ANONYMOUS_TEXT):
                continue
            book = read_aloud(events, person, at)
            if medium in book.shut_out_team:
                found.add("withdrawn")
            for cell, word in book.word.items():
                is_asked = cell.medium == medium and cell.audience == "team"
                if is_asked and word in ("refused", "withdrawn"):
                    found.add(word)
    return next((reason for reason in TOLD if reason in found), None)
