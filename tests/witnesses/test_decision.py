"""What the consent rules of trust.md promise, sentence by sentence, then on random histories."""

import ast
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.witnesses import decision
from app.witnesses.decision import (
    DATASET,
    NOT_ASKED,
    TEAM,
    Cell,
    Event,
    Facts,
    GivenBy,
    Limits,
    Medium,
    Purpose,
    Reach,
    Reason,
    Verb,
    Verdict,
    Window,
    WitnessFacts,
    decide,
    default_valid_until,
    is_minor,
    is_too_young,
    majority,
    passes,
    project,
    team_blocked,
    team_may_read,
    too_far,
)
from tests.witnesses.slow_decision import cell_reason, decide_slowly, team_reason_slowly

LEA, KARIM = UUID(int=1), UUID(int=2)
MOTHER, FATHER, STRANGER = UUID(int=11), UUID(int=12), UUID(int=13)
TOULON, VAR, PACA, FRANCE, PARIS = (UUID(int=n) for n in range(21, 26))
HOME = {Reach.PLACE: TOULON, Reach.DEPARTMENT: VAR, Reach.REGION: PACA, Reach.COUNTRY: FRANCE}

VIDEO = Cell(Medium.IMAGE, "elected_officials", "film", Purpose.IMPROVEMENT)
SOUND = VIDEO._replace(medium=Medium.VOICE)
FAIR = VIDEO._replace(form="exhibition")
PUBLIC = VIDEO._replace(audience="general_public")
ADVERT = VIDEO._replace(purpose=Purpose.PROMOTION)
EXPORT = Cell(Medium.ANONYMOUS_TEXT, TEAM, DATASET, Purpose.EVALUATION)
INSIDE = Cell(Medium.IMAGE, TEAM, "note", Purpose.EVALUATION)
INSIDE_TOO = INSIDE._replace(form="film")


def day(number: int) -> datetime:
    """Day 0 is in the last months of a minority, for who is born in 2008; day 200 is not."""
    return datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=number)


TODAY = day(10)
TEENAGER, ADULT = 2008, 1990


def said(verb: str, *cells: Cell, by: UUID | None = None, **facts: Any) -> Event:
    """An event of day 0. Its number is given by `history`."""
    usual = {"valid_from": day(0), "valid_until": day(700), "reach": Reach.WORLD}
    giver = {"given_by": GivenBy.GUARDIAN if by else GivenBy.SELF, "guardian_id": by}
    return Event(0, Verb(verb), frozenset(cells), **{**usual, **giver, **facts})


def history(*events: Event) -> list[Event]:
    return [replace(event, number=number) for number, event in enumerate(events, 1)]


def person(*events: Event, **facts: Any) -> WitnessFacts:
    return WitnessFacts(**{"id": LEA, "events": history(*events), "territory": HOME, **facts})


def use(*witnesses: WitnessFacts, **facts: Any) -> Facts:
    return Facts(**{"witnesses": witnesses, "where": NOT_ASKED, "accepted": True, **facts})


def rows(events: Iterable[Event]) -> list[Window]:
    nothing: list[Window] = []
    return reduce(project, events, nothing)


# Consent: one cell of one person

GIVE, REFUSE, WITHDRAW = (said(verb, VIDEO) for verb in ("give", "refuse", "withdraw"))
SAID: list[tuple[str, list[Event], Reason | None]] = [
    ("what was given passes", [GIVE], None),
    ("a missing cell is a no", [], Reason.NEVER_GIVEN),
    ("a cell is exact: not another medium", [said("give", SOUND)], Reason.NEVER_GIVEN),
    ("not another form", [said("give", FAIR)], Reason.NEVER_GIVEN),
    ("not another audience", [said("give", PUBLIC)], Reason.NEVER_GIVEN),
    ("a promotion is not an improvement", [said("give", ADVERT)], Reason.NEVER_GIVEN),
    ("what was refused does not", [REFUSE], Reason.REFUSED),
    ("what was withdrawn does not", [GIVE, WITHDRAW], Reason.WITHDRAWN),
    ("the last word counts: given again", [GIVE, WITHDRAW, GIVE], None),
    ("the last word counts: refused after all", [GIVE, REFUSE], Reason.REFUSED),
    ("a paper of last year comes in late, and counts", [GIVE, REFUSE, GIVE], None),
    (
        "the number decides of the order, not the date",
        [said("give", VIDEO, valid_from=day(9)), said("withdraw", VIDEO, valid_from=day(1))],
        Reason.WITHDRAWN,
    ),
    ("what begins tomorrow", [said("give", VIDEO, valid_from=day(11))], Reason.NEVER_GIVEN),
    ("what begins at this moment", [said("give", VIDEO, valid_from=TODAY)], None),
    (
        "a later give that has not begun leaves the earlier one",
        [GIVE, said("give", VIDEO, valid_from=day(11))],
        None,
    ),
    ("what ends at this moment", [said("give", VIDEO, valid_until=TODAY)], Reason.EXPIRED),
    ("nothing is given for ever", [said("give", VIDEO, valid_until=None)], Reason.EXPIRED),
    (
        "a shorter consent that has expired does not give way to a longer one before it",
        [GIVE, said("give", VIDEO, valid_until=day(5))],
        Reason.EXPIRED,
    ),
    ("a refusal acts at once", [GIVE, said("refuse", VIDEO, valid_from=day(99))], Reason.REFUSED),
    (
        "a withdrawal ignores validity",
        [GIVE, said("withdraw", VIDEO, valid_from=day(99), valid_until=day(1))],
        Reason.WITHDRAWN,
    ),
    ("a withdrawal of another cell changes nothing", [GIVE, said("withdraw", FAIR)], None),
    ("restrict withdraws what it does not list", [GIVE, said("restrict", FAIR)], Reason.WITHDRAWN),
    (
        "restrict acts at once",
        [GIVE, said("restrict", valid_from=day(99), valid_until=day(1))],
        Reason.WITHDRAWN,
    ),
    ("restrict spares what it lists", [GIVE, said("restrict", VIDEO)], None),
    ("restrict gives nothing", [said("restrict", VIDEO)], Reason.NEVER_GIVEN),
    ("restrict does not repair a refusal", [REFUSE, said("restrict", VIDEO)], Reason.REFUSED),
    ("what is refused stays refused", [REFUSE, said("restrict", FAIR)], Reason.REFUSED),
    ("restrict does not bind what is given later", [GIVE, said("restrict"), GIVE], None),
    ("what nobody named is not withdrawn", [said("restrict", FAIR)], Reason.NEVER_GIVEN),
    (
        "what was to begin later is withdrawn now",
        [said("give", VIDEO, valid_from=day(11)), said("restrict")],
        Reason.WITHDRAWN,
    ),
    ("a guardian's yes is not mine", [said("give", VIDEO, by=MOTHER)], Reason.NEVER_GIVEN),
    ("an adult's guardian has no say", [GIVE, said("refuse", VIDEO, by=MOTHER)], None),
]


@pytest.mark.parametrize(("words", "events", "reason"), SAID, ids=[case[0] for case in SAID])
def test_one_cell(words: str, events: list[Event], reason: Reason | None) -> None:
    witness = person(*events, birth_year=ADULT)
    verdict = decide(use(witness), [VIDEO], TODAY)
    assert verdict == Verdict(not reason, reason, *((LEA, VIDEO) if reason else ()))
    assert bool(verdict) is (reason is None)
    assert passes(rows(witness.events), VIDEO, TODAY) == reason


# Consent: notice, territory, restriction, embargo, protocol, moderation

SEEN_IN_TOULON, SEEN_IN_PACA = frozenset({TOULON, VAR, PACA, FRANCE}), frozenset({PACA, FRANCE})


def reaching(reach: Reach) -> WitnessFacts:
    return person(said("give", VIDEO, reach=reach))


def noticed(revoked_at: datetime) -> WitnessFacts:
    return person(said("give", VIDEO, notice_revoked_at=revoked_at))


YES = person(GIVE)
ONLY_SOUND = Limits(media=frozenset({Medium.VOICE}))
ONLY_VIDEO = Limits(*(frozenset({part}) for part in VIDEO))  # type: ignore[arg-type]
USES: list[tuple[str, Facts, Reason | None]] = [
    ("the notice was revoked", use(noticed(TODAY)), Reason.NOTICE_REVOKED),
    ("the notice will be", use(noticed(day(11))), None),
    ("no territory is asked inside", use(reaching(Reach.PLACE), where=NOT_ASKED), None),
    ("shown at home", use(reaching(Reach.PLACE), where=SEEN_IN_TOULON), None),
    ("shown elsewhere in the region", use(reaching(Reach.REGION), where=SEEN_IN_TOULON), None),
    ("a region for a place", use(reaching(Reach.PLACE), where=SEEN_IN_PACA), Reason.TERRITORY),
    (
        "a region for a department",
        use(reaching(Reach.DEPARTMENT), where=SEEN_IN_PACA),
        Reason.TERRITORY,
    ),
    ("far away", use(reaching(Reach.REGION), where=frozenset({PARIS, FRANCE})), Reason.TERRITORY),
    (
        "far away, in the country",
        use(reaching(Reach.COUNTRY), where=frozenset({PARIS, FRANCE})),
        None,
    ),
    ("the world for a country", use(reaching(Reach.COUNTRY), where=None), Reason.TERRITORY),
    ("the world for the world", use(reaching(Reach.WORLD), where=None), None),
    ("the world covers all", use(reaching(Reach.WORLD), where=frozenset({PARIS})), None),
    (
        "nobody knows where they live",
        use(replace(reaching(Reach.REGION), territory={}), where=SEEN_IN_PACA),
        Reason.TERRITORY,
    ),
    ("the excerpt is for the ear only", use(YES, restrictions=[ONLY_SOUND]), Reason.RESTRICTION),
    ("one restriction of two", use(YES, restrictions=[ONLY_VIDEO, ONLY_SOUND]), Reason.RESTRICTION),
    ("a restriction that allows it", use(YES, restrictions=[ONLY_VIDEO, Limits()]), None),
    ("the embargo ends tomorrow", use(YES, embargo_until=day(11)), Reason.EMBARGO),
    ("the embargo ends at this moment", use(YES, embargo_until=TODAY), None),
    ("the protocol of the group", use(YES, protocol=ONLY_SOUND), Reason.PROTOCOL),
    ("a protocol that allows it", use(YES, protocol=ONLY_VIDEO), None),
    ("a protocol only restricts", use(person(), protocol=Limits()), Reason.NEVER_GIVEN),
    ("moderation has not accepted it", use(YES, accepted=False), Reason.NOT_ACCEPTED),
    ("no witness: no consent to show", use(), Reason.NEVER_GIVEN),
]


@pytest.mark.parametrize(("words", "facts", "reason"), USES, ids=[case[0] for case in USES])
def test_one_use(words: str, facts: Facts, reason: Reason | None) -> None:
    assert decide(facts, [VIDEO], TODAY).reason == reason


def test_no_cell_no_consent_to_show() -> None:
    assert decide(use(YES), [], TODAY) == Verdict(False, Reason.NEVER_GIVEN)


def test_every_cell_must_pass() -> None:
    assert decide(use(person(said("give", VIDEO, SOUND))), [VIDEO, SOUND], TODAY)
    assert decide(use(YES), [VIDEO, SOUND], TODAY).cell == SOUND


def test_everyone_in_the_segment_must_pass_and_one_withdrawal_blocks_it() -> None:
    karim = person(GIVE, WITHDRAW, id=KARIM)
    assert decide(use(YES, replace(YES, id=KARIM)), [VIDEO], TODAY)
    verdict = decide(use(YES, karim), [VIDEO], TODAY)
    assert verdict == Verdict(False, Reason.WITHDRAWN, KARIM, VIDEO)


def test_the_first_no_in_the_given_order_is_told() -> None:
    """Every reason at once; then each is repaired in turn, and the next one is told."""
    mine: dict[str, Any] = {
        "notice_revoked_at": day(1),
        "valid_until": day(5),
        "reach": Reach.PLACE,
    }
    spoilt = said("give", VIDEO, **mine)
    lea = person(said("refuse", VIDEO), birth_year=TEENAGER, guardians=frozenset({MOTHER, FATHER}))
    facts = use(
        person(id=KARIM), lea,
        where=None, accepted=False,
        restrictions=[ONLY_SOUND], protocol=ONLY_SOUND, embargo_until=day(11),
    )  # fmt: skip
    vetoed = said("refuse", VIDEO, by=FATHER)

    def lea_says(*events: Event) -> dict[str, Any]:
        return {"witnesses": [replace(lea, events=history(*events, vetoed))]}

    still_valid = replace(spoilt, valid_until=day(700))
    not_revoked = replace(still_valid, notice_revoked_at=None)
    mother = said("give", VIDEO, by=MOTHER)
    repairs: list[dict[str, Any]] = [
        {},
        {"witnesses": [lea]},
        lea_says(GIVE, WITHDRAW),
        lea_says(spoilt),
        lea_says(still_valid),
        lea_says(not_revoked),
        lea_says(GIVE),
        {"restrictions": []},
        {"embargo_until": None},
        {"protocol": None},
        lea_says(GIVE, mother),
        {"witnesses": [YES]},
        {"accepted": True},
    ]
    told = []
    for repair in repairs:
        facts = replace(facts, **repair)
        told.append(decide(facts, [VIDEO], TODAY).reason)
    assert told == [*Reason, None]


# Minors

NOW_16, BOTH = {"birth_year": TEENAGER}, {"guardians": frozenset({MOTHER, FATHER})}
MINE, HERS, HIS = GIVE, said("give", VIDEO, by=MOTHER), said("give", VIDEO, by=FATHER)
VETO = said("refuse", VIDEO, by=FATHER)
MINORS: list[tuple[str, WitnessFacts, Reason | None]] = [
    ("alone is not enough", person(MINE, **NOW_16), Reason.GUARDIAN_MISSING),
    ("every declared guardian", person(MINE, HERS, HIS, **NOW_16, **BOTH), None),
    ("one of two is not every", person(MINE, HERS, **NOW_16, **BOTH), Reason.GUARDIAN_MISSING),
    ("guardians without the minor", person(HERS, HIS, **NOW_16, **BOTH), Reason.NEVER_GIVEN),
    ("any veto wins", person(MINE, HERS, HIS, VETO, **NOW_16, **BOTH), Reason.GUARDIAN_VETO),
    (
        "a guardian restricts to something else",
        person(MINE, HERS, HIS, said("restrict", SOUND, by=MOTHER), **NOW_16, **BOTH),
        Reason.GUARDIAN_VETO,
    ),
    ("a veto is taken back", person(MINE, HERS, VETO, HIS, **NOW_16, **BOTH), None),
    (
        "a stranger's veto is not heard",
        person(MINE, HERS, HIS, said("refuse", VIDEO, by=STRANGER), **NOW_16, **BOTH),
        None,
    ),
    (
        "a guardian's consent expires",
        person(MINE, HERS, replace(HIS, valid_until=day(5)), **NOW_16, **BOTH),
        Reason.GUARDIAN_MISSING,
    ),
    (
        "a guardian's notice is revoked",
        person(MINE, HERS, replace(HIS, notice_revoked_at=day(5)), **NOW_16, **BOTH),
        Reason.GUARDIAN_MISSING,
    ),
    (
        "a guardian's consent reaches less far",
        person(MINE, HERS, replace(HIS, reach=Reach.REGION), **NOW_16, **BOTH),
        Reason.GUARDIAN_MISSING,
    ),
    ("an adult needs nobody", person(MINE, birth_year=ADULT, **BOTH), None),
    ("an employer says no birth year", person(MINE), None),
]


@pytest.mark.parametrize(("words", "minor", "reason"), MINORS, ids=[case[0] for case in MINORS])
def test_a_minor_beyond_the_team(words: str, minor: WitnessFacts, reason: Reason | None) -> None:
    assert decide(use(minor, where=None), [VIDEO], TODAY).reason == reason


def test_a_minor_alone_decides_of_their_anonymous_words_inside_the_team() -> None:
    alone = person(said("give", EXPORT, INSIDE), said("refuse", EXPORT, by=MOTHER), **NOW_16)
    alone = replace(alone, guardians=frozenset({MOTHER}))
    assert decide(use(alone), [EXPORT], TODAY)
    assert decide(use(alone), [INSIDE], TODAY).reason == Reason.GUARDIAN_MISSING


def test_at_18_they_are_asked_again() -> None:
    once_minor = [said("give", VIDEO, EXPORT), HERS, VETO]
    lea = person(*once_minor, **NOW_16, **BOTH)
    assert decide(use(lea), [VIDEO], TODAY).reason == Reason.GUARDIAN_VETO
    assert decide(use(lea), [VIDEO], day(200)).reason == Reason.EXPIRED
    assert decide(use(lea), [EXPORT], day(200))

    asked_again = person(*once_minor, said("give", VIDEO, valid_from=day(150)), **NOW_16, **BOTH)
    assert decide(use(asked_again), [VIDEO], day(200))


def test_who_is_a_minor_and_who_is_too_young() -> None:
    last, first = date(2026, 12, 31), date(2027, 1, 1)
    assert (is_minor(2008, last), is_minor(2008, first)) == (True, False)
    assert (is_too_young(2010, last), is_too_young(2010, first)) == (True, False)
    assert majority(2008) == first
    assert not is_minor(None, last)


# Validity


@pytest.mark.parametrize(
    ("given", "until"),
    [
        (datetime(2026, 11, 22, 14, 5, tzinfo=UTC), datetime(2028, 11, 22, 14, 5, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), datetime(2030, 2, 28, tzinfo=UTC)),
    ],
)
def test_a_consent_lasts_24_months(given: datetime, until: datetime) -> None:
    assert default_valid_until(given) == until


def test_a_consent_lasts_60_months_at_most() -> None:
    last = TODAY.replace(year=TODAY.year + 5)
    assert not too_far(TODAY, last)
    assert too_far(TODAY, last + timedelta(microseconds=1))


def test_a_guardian_has_an_identity_and_nobody_else_needs_one() -> None:
    with pytest.raises(ValueError, match="guardian"):
        replace(GIVE, given_by=GivenBy.GUARDIAN)
    with pytest.raises(ValueError, match="guardian"):
        replace(GIVE, guardian_id=MOTHER)


def test_the_decision_knows_neither_database_nor_clock() -> None:
    source = Path(str(decision.__file__)).read_text()
    tree = list(ast.walk(ast.parse(source)))
    froms = {str(node.module) for node in tree if isinstance(node, ast.ImportFrom)}
    names = {a.name for node in tree if isinstance(node, ast.Import) for a in node.names}
    assert froms | names <= set(sys.stdlib_module_names) | {"collections.abc"}
    assert not {"now", "today", "utcnow"} & {n.attr for n in tree if isinstance(n, ast.Attribute)}


# What the team reads

TEAM_READS: list[tuple[str, list[Event], Reason | None]] = [
    ("nothing was said", [], None),
    ("nothing was said of the team", [REFUSE], None),
    ("a consent has expired", [said("give", INSIDE, valid_until=day(5))], None),
    ("one cell is refused", [said("refuse", INSIDE)], Reason.REFUSED),
    ("one cell is withdrawn", [said("give", INSIDE), said("withdraw", INSIDE)], Reason.WITHDRAWN),
    ("another medium is refused", [said("refuse", EXPORT)], None),
    ("a yes to another form", [said("refuse", INSIDE), said("give", INSIDE_TOO)], Reason.REFUSED),
    ("a yes to the same", [said("refuse", INSIDE), said("give", INSIDE)], None),
    (
        "a yes to the same, tomorrow",
        [said("refuse", INSIDE), said("give", INSIDE, valid_from=day(11))],
        Reason.REFUSED,
    ),
    ("restricted to others", [said("restrict", VIDEO)], Reason.WITHDRAWN),
    ("restricted to nothing", [said("give", INSIDE), said("restrict")], Reason.WITHDRAWN),
    ("restricted to one form", [said("give", INSIDE), said("restrict", INSIDE_TOO)], None),
    ("restricted, then given", [said("restrict"), said("give", INSIDE)], None),
    (
        "restricted, then given from tomorrow",
        [said("restrict"), said("give", INSIDE, valid_from=day(11))],
        Reason.WITHDRAWN,
    ),
    (
        "a second restriction opens nothing",
        [said("restrict"), said("restrict", INSIDE)],
        Reason.WITHDRAWN,
    ),
    (
        "nor does it reopen what is refused",
        [said("refuse", INSIDE), said("restrict", INSIDE_TOO)],
        Reason.REFUSED,
    ),
    ("a guardian's veto", [said("refuse", INSIDE, by=MOTHER)], Reason.REFUSED),
]


@pytest.mark.parametrize(
    ("words", "events", "reason"), TEAM_READS, ids=[case[0] for case in TEAM_READS]
)
def test_the_team_reads(words: str, events: list[Event], reason: Reason | None) -> None:
    events = history(*events)
    assert team_may_read(events, [Medium.IMAGE], TODAY) == reason
    assert team_blocked(rows(events), Medium.IMAGE, TODAY) is bool(reason)


def test_the_team_reads_all_the_media_or_nothing() -> None:
    events = history(said("refuse", INSIDE), said("withdraw", EXPORT))
    assert team_may_read(events, [Medium.VOICE], TODAY) is None
    assert team_may_read(events, [Medium.VOICE, Medium.ANONYMOUS_TEXT], TODAY) == Reason.WITHDRAWN
    assert team_may_read(events, [Medium.ANONYMOUS_TEXT, Medium.IMAGE], TODAY) == Reason.REFUSED


def test_guardians_have_no_say_on_anonymous_words_nor_on_adults() -> None:
    events = history(said("refuse", EXPORT, INSIDE, by=MOTHER))
    assert team_may_read(events, [Medium.ANONYMOUS_TEXT], TODAY) is None
    assert team_may_read(events, [Medium.IMAGE], TODAY, minor=False) is None
    assert not team_blocked(rows(events), Medium.ANONYMOUS_TEXT, TODAY)
    assert not team_blocked(rows(events), Medium.IMAGE, TODAY, minor=False)


# On random histories: few cells, people and days, so that they meet

CELLS = [VIDEO, FAIR, EXPORT, INSIDE, INSIDE_TOO]
DAYS = [0, 5, 10, 15, 91, 92, 95, 100]  # the majority of the teenager is day 92
moments = st.sampled_from(DAYS).map(day)
some_cells = st.frozensets(st.sampled_from(CELLS), max_size=3)
givers = st.sampled_from([None, None, None, MOTHER, FATHER])
GIVEN_MORE_OFTEN = [Verb.GIVE, Verb.GIVE, *Verb]


@st.composite
def events_of(draw: st.DrawFn) -> Event:
    giver = draw(givers)
    return Event(
        number=0,
        verb=draw(st.sampled_from(GIVEN_MORE_OFTEN)),
        cells=draw(some_cells),
        reach=draw(st.sampled_from([Reach.DEPARTMENT, Reach.REGION, Reach.WORLD])),
        valid_from=draw(moments),
        valid_until=draw(st.none() | moments | st.just(day(700))),
        notice_revoked_at=draw(st.none() | moments),
        given_by=GivenBy.GUARDIAN if giver else GivenBy.SELF,
        guardian_id=giver,
    )


histories = st.lists(events_of(), max_size=6).map(lambda events: history(*events))
# Most begin with a yes of everybody to everything, so that every later reason can be reached.
ALL_GIVEN = [said("give", *CELLS, by=giver) for giver in (None, MOTHER, FATHER)]
begun = st.sampled_from([ALL_GIVEN, ALL_GIVEN, ALL_GIVEN, ALL_GIVEN[:2], []])
begun_histories = st.tuples(begun, st.lists(events_of(), max_size=3)).map(
    lambda parts: history(*parts[0], *parts[1])
)
limits = st.builds(
    Limits,
    media=st.none() | st.frozensets(st.sampled_from(Medium)),
    audiences=st.none() | st.frozensets(st.sampled_from(["elected_officials", TEAM])),
    forms=st.none() | st.frozensets(st.sampled_from(["film", "note", DATASET])),
)


def people(identity: UUID) -> st.SearchStrategy[WitnessFacts]:
    return st.builds(
        WitnessFacts,
        id=st.just(identity),
        events=begun_histories,
        territory=st.sampled_from([HOME, HOME, {}]),
        birth_year=st.sampled_from([None, TEENAGER, TEENAGER]),
        guardians=st.frozensets(st.sampled_from([MOTHER, FATHER])),
    )


mostly_yes = st.sampled_from([True, True, True, False])
usages = st.builds(
    Facts,
    witnesses=st.tuples(people(LEA)) | st.tuples(people(LEA), people(KARIM)),
    where=st.sampled_from([NOT_ASKED, SEEN_IN_TOULON, SEEN_IN_PACA, None]),
    accepted=mostly_yes,
    restrictions=st.just(()) | st.just(()) | st.lists(limits, max_size=2),
    embargo_until=st.none() | st.none() | moments,
    protocol=st.none() | st.none() | limits,
)
asked = st.lists(st.sampled_from(CELLS), min_size=1, max_size=2, unique=True)
MEDIA = [Medium.IMAGE, Medium.ANONYMOUS_TEXT, Medium.VOICE]

often = settings(max_examples=300, deadline=None)
less_often = settings(max_examples=150, deadline=None)
very_often = settings(max_examples=2_000, deadline=None)


def agree_with_the_slow_one(facts: Facts, cells: list[Cell], at: datetime) -> None:
    verdict = decide(facts, cells, at)
    assert verdict.reason == decide_slowly(facts, cells, at)
    assert verdict.allowed is (verdict.reason is None)
    assert decide(facts, cells[::-1], at).reason == verdict.reason


def the_projection_tells_the_same(events: Sequence[Event]) -> None:
    projected = rows(events)
    for number, window in enumerate(projected):
        assert is_not_empty(window)
        assert not any(overlap(window, other) for other in projected[:number])
    for at in map(day, [-1, *DAYS]):
        for cell in CELLS:
            for giver in (None, MOTHER):
                told = passes(projected, cell, at, giver)
                assert told == cell_reason(events, cell, at, giver)
        for minor in (True, False):
            no = {m: team_may_read(events, [m], at, minor) for m in MEDIA}
            assert no == {m: team_reason_slowly(events, [m], at, minor) for m in MEDIA}
            assert {m: team_blocked(projected, m, at, minor) for m in MEDIA} == {
                m: reason is not None for m, reason in no.items()
            }


def is_not_empty(window: Window) -> bool:
    start, end = window.starts_at, window.ends_at
    return start is None or end is None or start < end


def overlap(one: Window, other: Window) -> bool:
    if (one.cell, one.giver) != (other.cell, other.giver):
        return False
    edges = [day(n) for n in (-1, *DAYS)]
    return any(one.holds(at) and other.holds(at) for at in edges)


@often
@given(usages, asked, moments)
def test_the_slow_implementation_agrees(facts: Facts, cells: list[Cell], at: datetime) -> None:
    agree_with_the_slow_one(facts, cells, at)


@often
@given(histories)
def test_the_projection_agrees(events: list[Event]) -> None:
    the_projection_tells_the_same(events)


@often
@given(histories, moments, st.sampled_from(CELLS))
def test_for_an_adult_alone_the_projection_decides(
    events: list[Event], at: datetime, cell: Cell
) -> None:
    events = [replace(event, notice_revoked_at=None) for event in events]
    lea = WitnessFacts(LEA, events)
    assert decide(use(lea), [cell], at).reason == passes(rows(events), cell, at)


@pytest.mark.slow
@very_often
@given(usages, asked, moments)
def test_the_slow_implementation_always_agrees(
    facts: Facts, cells: list[Cell], at: datetime
) -> None:
    agree_with_the_slow_one(facts, cells, at)


@pytest.mark.slow
@very_often
@given(histories)
def test_the_projection_always_agrees(events: list[Event]) -> None:
    the_projection_tells_the_same(events)


# What never allows more


@less_often
@given(usages, asked, moments, events_of(), st.sampled_from([*Verb][1:]))
def test_another_no_never_allows_more(
    facts: Facts, cells: list[Cell], at: datetime, event: Event, no: Verb
) -> None:
    """A refusal, a restriction or a withdrawal, by anybody: for the public as for the team."""
    lea, *others = facts.witnesses
    lea_after = replace(lea, events=history(*lea.events, replace(event, verb=no)))
    after = replace(facts, witnesses=[lea_after, *others])
    assert not decide(after, cells, at) or decide(facts, cells, at)
    for minor in (True, False):
        may, still = (team_may_read(w.events, MEDIA, at, minor) for w in (lea, lea_after))
        assert still or not may


@less_often
@given(usages, asked, moments, limits)
def test_another_limit_never_allows_more(
    facts: Facts, cells: list[Cell], at: datetime, limit: Limits
) -> None:
    allowed = decide(facts, cells, at)
    restricted = replace(facts, restrictions=[*facts.restrictions, limit])
    assert not decide(restricted, cells, at) or allowed
    assert not decide(replace(facts, protocol=limit), cells, at) or facts.protocol or allowed
    assert not decide(replace(facts, accepted=False), cells, at)


@less_often
@given(usages, asked, moments, people(KARIM), st.sampled_from(CELLS))
def test_another_person_or_another_cell_never_allows_more(
    facts: Facts, cells: list[Cell], at: datetime, karim: WitnessFacts, cell: Cell
) -> None:
    allowed = decide(facts, cells, at)
    more_people = replace(facts, witnesses=[*facts.witnesses, karim])
    assert not decide(more_people, cells, at) or allowed
    assert not decide(facts, [*cells, cell], at) or allowed


@less_often
@given(usages, moments)
def test_a_missing_cell_is_a_no(facts: Facts, at: datetime) -> None:
    assert decide(facts, [EXPORT, PUBLIC], at).reason == Reason.NEVER_GIVEN
