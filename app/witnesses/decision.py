"""The consent decision: whether these words may be used so, at this moment.

Pure: no database, no clock; the facts and the moment `at` are arguments. Three questions:

- `decide`: may this be used in these cells? Every cell must pass, for everyone concerned.
- `team_may_read`: did somebody refuse that the team itself reads or hears this?
- `project`: which rows of `current_consents` tell the same to a database, after one more event?
  `passes` and `team_blocked` are the comparisons that a query makes on those rows.

How events are read, for one person (the witness, or one guardian) and one cell, in the order of
their numbers, never of their dates:

- A `give` counts from its `valid_from` on. Once a later one counts, the earlier one never returns,
  not even when the later one expires.
- A `refuse` or a `withdraw` acts at once and at every moment: its dates are not read.
- A `restrict` does too. It withdraws every cell named so far that it does not list; those that it
  lists stay as they are: it gives nothing. What was refused or withdrawn already stays refused or
  withdrawn: restricting never opens anything, a reading by the team included.
- What nobody ever named is `never-given`, whatever was restricted.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

TEAM: Final = "team"  # an audience
DATASET: Final = "dataset"  # a form
DEFAULT_MONTHS: Final = 24
LONGEST_MONTHS: Final = 60
ADULT_AT: Final = 18
HEARD_FROM: Final = 16


# What is consented to


class Medium(StrEnum):
    """What of a person is shown."""

    ANONYMOUS_TEXT = "anonymous_text"
    SIGNED_TEXT = "signed_text"
    VOICE = "voice"
    IMAGE = "image"
    EMPLOYER_NAME = "employer_name"


class Purpose(StrEnum):
    """What it is shown for."""

    EVALUATION = "evaluation"
    IMPROVEMENT = "improvement"
    PROMOTION = "promotion"
    TRAINING = "training"


class Cell(NamedTuple):
    """One precise use. Audience and form are codes of vocabularies; there is no wildcard."""

    medium: Medium
    audience: str
    form: str
    purpose: Purpose | Literal[""]


class Verb(StrEnum):
    """What a person says of some cells."""

    GIVE = "give"
    REFUSE = "refuse"
    RESTRICT = "restrict"
    WITHDRAW = "withdraw"


class Reach(StrEnum):
    """How far from home: the level of the territory that a consent covers."""

    PLACE = "place"
    DEPARTMENT = "department"
    REGION = "region"
    COUNTRY = "country"
    WORLD = "world"


class GivenBy(StrEnum):
    """Who spoke: the witness, or one of their guardians."""

    SELF = "self"
    GUARDIAN = "guardian"


class Reason(StrEnum):
    """Why not. The order is binding: of several reasons, the first one is told."""

    NEVER_GIVEN = "never-given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NOTICE_REVOKED = "notice-revoked"
    TERRITORY = "territory"
    RESTRICTION = "restriction"
    EMBARGO = "embargo"
    PROTOCOL = "protocol"
    GUARDIAN_MISSING = "guardian-missing"
    GUARDIAN_VETO = "guardian-veto"
    NOT_ACCEPTED = "not-accepted"


ORDER: Final = {reason: place for place, reason in enumerate(Reason)}
REFUSING: Final = {Verb.REFUSE: Reason.REFUSED, Verb.WITHDRAW: Reason.WITHDRAWN}


# Facts


@dataclass(frozen=True, slots=True)
class Event:
    """What one person said once. `number` orders the events of one witness, guardians included.

    A `give` without `valid_until` is over before it begins: nothing is given for ever.
    """

    number: int
    verb: Verb
    cells: frozenset[Cell]
    reach: Reach
    valid_from: datetime
    valid_until: datetime | None = None
    notice_revoked_at: datetime | None = None
    given_by: GivenBy = GivenBy.SELF
    guardian_id: UUID | None = None
    notice_id: UUID | None = None

    def __post_init__(self) -> None:
        if (self.given_by is GivenBy.GUARDIAN) != (self.guardian_id is not None):
            raise ValueError("A guardian's event names the guardian, and no other event does.")

    @property
    def giver(self) -> UUID | None:
        """The guardian who spoke; None is the witness."""
        return self.guardian_id

    def counts(self, at: datetime) -> bool:
        """Whether it has begun to act at this moment. Only a `give` can wait."""
        return self.verb is not Verb.GIVE or self.valid_from <= at


@dataclass(frozen=True, slots=True)
class Limits:
    """The only values that are allowed in each part of a cell; None allows all of them."""

    media: frozenset[Medium] | None = None
    audiences: frozenset[str] | None = None
    forms: frozenset[str] | None = None
    purposes: frozenset[Purpose] | None = None

    def allows(self, cell: Cell) -> bool:
        limits = (self.media, self.audiences, self.forms, self.purposes)
        return all(limit is None or part in limit for part, limit in zip(cell, limits, strict=True))


@dataclass(frozen=True, slots=True)
class WitnessFacts:
    """One person concerned.

    `territory` tells, for each level, which territory of that level the witness lives in (else: the
    place where they spoke). A level that is missing covers nothing. `guardians` are the declared
    ones; the word of any other is not heard.
    """

    id: UUID
    events: Sequence[Event] = ()
    territory: Mapping[Reach, UUID] = field(default_factory=dict)
    birth_year: int | None = None
    guardians: frozenset[UUID] = frozenset()


# Where the use takes place: the territory of the bundle and all its ancestors; None is the world.
NOT_ASKED: Final = "not asked"  # inside the team, exports included
Where: TypeAlias = frozenset[UUID] | Literal["not asked"] | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that bears on one use of one thing.

    `restrictions` are the excerpt's and the testimony's own; `protocol` is the newest adopted one
    of the group. `embargo_until` is the first moment when the embargo is past.
    """

    witnesses: Sequence[WitnessFacts]
    where: Where
    accepted: bool
    restrictions: Sequence[Limits] = ()
    embargo_until: datetime | None = None
    protocol: Limits | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, or no and why. `witness_id` and `cell` say who and what, when the reason is theirs.

    It is true or false as it allows or not.
    """

    allowed: bool
    reason: Reason | None = None
    witness_id: UUID | None = None
    cell: Cell | None = None

    def __bool__(self) -> bool:
        return self.allowed


# The decision


def decide(facts: Facts, cells: Collection[Cell], at: datetime) -> Verdict:
    """Whether every cell passes, for every witness.

    Of all that says no, the reason that comes first in `Reason` is told, then the first witness,
    then the first cell. To ask about nobody or about no cell is a no: there is no consent to show.
    """
    if not facts.witnesses or not cells:
        return Verdict(False, Reason.NEVER_GIVEN)
    noes = [*_noes_of_people(facts, cells, at), *_noes_of_the_thing(facts, cells, at)]
    first = min(noes, key=lambda no: ORDER[no.reason], default=None)
    return Verdict(False, *first) if first else Verdict(True)


class _No(NamedTuple):
    """One thing that says no."""

    reason: Reason
    witness_id: UUID | None = None
    cell: Cell | None = None


def _noes_of_people(facts: Facts, cells: Collection[Cell], at: datetime) -> Iterator[_No]:
    for witness in facts.witnesses:
        for cell in cells:
            for reason in _objections(witness, cell, facts.where, at):
                yield _No(reason, witness.id, cell)


def _noes_of_the_thing(facts: Facts, cells: Collection[Cell], at: datetime) -> Iterator[_No]:
    for cell in cells:
        if not all(restriction.allows(cell) for restriction in facts.restrictions):
            yield _No(Reason.RESTRICTION, cell=cell)
        if facts.protocol and not facts.protocol.allows(cell):
            yield _No(Reason.PROTOCOL, cell=cell)
    if facts.embargo_until and at < facts.embargo_until:
        yield _No(Reason.EMBARGO)
    if not facts.accepted:
        yield _No(Reason.NOT_ACCEPTED)


def _objections(witness: WitnessFacts, cell: Cell, where: Where, at: datetime) -> Iterator[Reason]:
    """Why this cell does not pass for this witness: their own word, then their guardians'."""
    own = _why_not(witness, None, cell, where, at)
    if own:
        yield own
    if _is_alone(cell) or not is_minor(witness.birth_year, at.date()):
        return
    if not witness.guardians:
        yield Reason.GUARDIAN_MISSING
    for guardian in witness.guardians:
        theirs = _why_not(witness, guardian, cell, where, at)
        if theirs:
            is_veto = theirs in {Reason.REFUSED, Reason.WITHDRAWN}
            yield Reason.GUARDIAN_VETO if is_veto else Reason.GUARDIAN_MISSING


def _why_not(
    witness: WitnessFacts, giver: UUID | None, cell: Cell, where: Where, at: datetime
) -> Reason | None:
    """What the word of one person lacks: a consent in force, its notice, its territory."""
    word = in_force(witness.events, cell, at, giver)
    if word is None:
        return Reason.NEVER_GIVEN
    if reason := _said(word.verb, word.valid_until, at):
        return reason
    if _is_outgrown(word, cell, witness.birth_year, at):
        return Reason.EXPIRED
    if word.notice_revoked_at and word.notice_revoked_at <= at:
        return Reason.NOTICE_REVOKED
    return None if _covers(word.reach, witness.territory, where) else Reason.TERRITORY


def in_force(
    events: Iterable[Event], cell: Cell, at: datetime, giver: UUID | None = None
) -> Event | None:
    """The event that decides of a cell at this moment: the last word of this giver about it."""
    named: list[Event] = []
    restricting: list[Event] = []
    for event in events:
        if event.guardian_id == giver and (cell in event.cells) != (event.verb is Verb.RESTRICT):
            (restricting if event.verb is Verb.RESTRICT else named).append(event)
    if not named:
        return None  # there is nothing to restrict
    last = max((event for event in named if event.counts(at)), key=_number, default=None)
    if last and last.verb in REFUSING:
        return last  # there is nothing left to restrict
    first = min(map(_number, named))
    restricted = [event for event in restricting if event.number > first]
    return max([*restricted, last] if last else restricted, key=_number, default=None)


def _said(verb: Verb, valid_until: datetime | None, at: datetime) -> Reason | None:
    """Why the word in force is no consent at this moment."""
    if verb is not Verb.GIVE:
        return REFUSING.get(verb, Reason.WITHDRAWN)  # `restrict` withdraws
    return None if valid_until and at < valid_until else Reason.EXPIRED


def _number(event: Event) -> int:
    return event.number


def _covers(reach: Reach, home: Mapping[Reach, UUID], where: Where) -> bool:
    """Whether a consent of this reach holds there: within the witness's territory of that level."""
    if where == NOT_ASKED or reach is Reach.WORLD:
        return True
    return where is not None and home.get(reach) in where


# A reading by the team


def team_may_read(
    events: Iterable[Event], media: Iterable[Medium], at: datetime, minor: bool = True
) -> Reason | None:
    """Why the team may not read or hear these media of one witness; None when it may.

    A no must have been said: what was never given, or has expired, does not stop the team. Form
    and purpose are not asked: one cell of the medium that is refused or withdrawn is enough, and a
    consent to another cell does not lift it. A `restrict` says no when it lists nothing of the
    medium for the team, until a later `give` of the medium for the team counts.

    The guardians of a minor are heard too, but for what minors decide alone. Once the witness is of
    age, pass `minor=False`: the guardians' words are theirs no more.
    """
    events = [*events]
    givers = {event.giver for event in events}
    noes = [
        no
        for medium in media
        for giver in givers
        if _is_heard(giver, medium, minor)
        for no in _said_to_team(events, medium, at, giver)
    ]
    return min(noes, key=list(Reason).index, default=None)


def _said_to_team(
    events: Sequence[Event], medium: Medium, at: datetime, giver: UUID | None
) -> Iterator[Reason]:
    """The noes of one giver that are in force."""
    said = [event for event in events if event.giver == giver]
    for cell in {cell for event in said for cell in event.cells if _is_team(cell, medium)}:
        word = in_force(said, cell, at, giver)
        if word and word.verb in REFUSING:
            yield REFUSING[word.verb]
    if _is_restricted_to_others(said, medium, at):
        yield Reason.WITHDRAWN


def _is_restricted_to_others(said: Sequence[Event], medium: Medium, at: datetime) -> bool:
    """Whether one giver restricted what they give to something else than this medium, inside."""
    listing = {e.number for e in said if any(_is_team(cell, medium) for cell in e.cells)}
    given = [e.number for e in said if e.verb is Verb.GIVE and e.counts(at) and e.number in listing]
    last_given = max(given, default=-1)
    restricted = (e.number for e in said if e.verb is Verb.RESTRICT and e.number not in listing)
    return any(number > last_given for number in restricted)


def _is_team(cell: Cell, medium: Medium) -> bool:
    return cell.medium == medium and cell.audience == TEAM


def _is_heard(giver: UUID | None, medium: Medium, minor: bool) -> bool:
    """Whether this person has a say on what the team reads."""
    return giver is None or (minor and medium is not Medium.ANONYMOUS_TEXT)


# The projection


@dataclass(frozen=True, slots=True)
class Window:
    """A row of `current_consents`: the word that is in force for one cell, during one time.

    From `starts_at` (None: always) to before `ends_at` (None: for ever). The windows of one giver
    (None: the witness) and one cell never overlap. A cell whose form and purpose are empty is a
    marker: the giver restricted their consents to something else than this medium for the team.
    """

    cell: Cell
    giver: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    verb: Verb
    valid_until: datetime | None
    number: int
    reach: Reach
    notice_id: UUID | None

    def holds(self, at: datetime) -> bool:
        """Whether this moment is inside."""
        has_begun = self.starts_at is None or self.starts_at <= at
        return has_begun and (self.ends_at is None or at < self.ends_at)


def project(current: Sequence[Window], event: Event) -> list[Window]:
    """The rows of one witness after one more event, which must have the highest number so far."""
    own = [window for window in current if window.giver == event.giver]
    others = [window for window in current if window.giver != event.giver]
    if event.verb is Verb.GIVE:
        return others + _given(own, event)
    if event.verb is Verb.RESTRICT:
        return others + _restricted(own, event)
    return others + _refused(own, event)


def _given(own: Sequence[Window], event: Event) -> list[Window]:
    """A new window to the end of time; the earlier ones of the cell end where it starts."""
    markers = {_marker(cell.medium) for cell in event.cells if cell.audience == TEAM}
    kept = []
    for window in own:
        if window.cell not in event.cells | markers:
            kept.append(window)
        elif window.starts_at is None or window.starts_at < event.valid_from:
            kept.append(_cut(window, event.valid_from))
    return kept + [_window(cell, event, event.valid_from) for cell in sorted(event.cells)]


def _cut(window: Window, end: datetime) -> Window:
    ends_before = window.ends_at is not None and window.ends_at <= end
    return window if ends_before else replace(window, ends_at=end)


def _refused(own: Sequence[Window], event: Event) -> list[Window]:
    """One window, always, in place of all that the cell had."""
    kept = [window for window in own if window.cell not in event.cells]
    return kept + [_window(cell, event, None) for cell in sorted(event.cells)]


def _restricted(own: Sequence[Window], event: Event) -> list[Window]:
    """One window for all that was open in the cells not listed; and the markers of the team."""
    listed = {_marker(cell.medium) for cell in event.cells if cell.audience == TEAM}
    markers = {_marker(medium) for medium in Medium}
    known = {window.cell for window in own}
    closed = (known - event.cells - markers) | (markers - listed)
    kept = [window for window in own if window.cell not in closed or window.verb in REFUSING]
    for cell in sorted(closed):
        refused = [window.ends_at for window in kept if window.cell == cell]
        if None not in refused:  # at most one refusal is left, which starts at no moment
            kept.append(_window(cell, event, *refused or [None]))
    return kept


def _marker(medium: Medium) -> Cell:
    return Cell(medium, TEAM, "", "")


def _window(cell: Cell, event: Event, starts_at: datetime | None) -> Window:
    return Window(
        cell=cell,
        giver=event.giver,
        starts_at=starts_at,
        ends_at=None,
        verb=event.verb,
        valid_until=event.valid_until if event.verb is Verb.GIVE else None,
        number=event.number,
        reach=event.reach,
        notice_id=event.notice_id,
    )


def passes(
    windows: Iterable[Window], cell: Cell, at: datetime, giver: UUID | None = None
) -> Reason | None:
    """Why this giver has no consent in force for this cell; None when they have.

    In SQL: `starts_at <= at AND at < ends_at AND verb = 'give' AND at < valid_until`, a null start
    or end being no limit. Notice, territory and guardians are asked apart, on the same row.
    """
    for window in windows:
        if (window.cell, window.giver) == (cell, giver) and window.holds(at):
            return _said(window.verb, window.valid_until, at)
    return Reason.NEVER_GIVEN


def team_blocked(
    windows: Iterable[Window], medium: Medium, at: datetime, minor: bool = True
) -> bool:
    """Whether `team_may_read` has a reason to say no.

    In SQL: a window that holds, of this medium and the team, `verb IN ('refuse', 'withdraw') OR
    form = ''`, and `giver IS NULL OR (minor AND medium <> 'anonymous_text')`.
    """
    return any(
        _is_team(window.cell, medium)
        and (window.verb in REFUSING or not window.cell.form)
        and _is_heard(window.giver, medium, minor)
        and window.holds(at)
        for window in windows
    )


# How long


def default_valid_until(at: datetime) -> datetime:
    """The end of a consent that says none: 24 months later."""
    return _months_after(at, DEFAULT_MONTHS)


def too_far(valid_from: datetime, valid_until: datetime) -> bool:
    """Whether a consent would last more than 60 months."""
    return valid_until > _months_after(valid_from, LONGEST_MONTHS)


def _months_after(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or its last day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


# Minors: of a birthday only the year is known, so people get a year older when it is over.


def is_minor(birth_year: int | None, on: date) -> bool:
    """Until 31 December of the year when they become 18. Without a birth year: an adult."""
    return birth_year is not None and on < majority(birth_year)


def is_too_young(birth_year: int, on: date) -> bool:
    """Until 31 December of the year when they become 16: they are not heard at all."""
    return on < date(birth_year + HEARD_FROM + 1, 1, 1)


def majority(birth_year: int) -> date:
    """The first day on which a person is of age, by that count."""
    return date(birth_year + ADULT_AT + 1, 1, 1)


def _is_alone(cell: Cell) -> bool:
    """Whether minors decide of this cell without their guardians: their anonymous words, inside."""
    return _is_team(cell, Medium.ANONYMOUS_TEXT)


def _is_outgrown(word: Event, cell: Cell, birth_year: int | None, at: datetime) -> bool:
    """Whether this was given by a minor who is of age now, and so must be asked again.

    Else what a guardian vetoed would open by itself at 18. What minors decide alone stays given.
    """
    was_minor = is_minor(birth_year, word.valid_from.date())
    return was_minor and not is_minor(birth_year, at.date()) and not _is_alone(cell)
