"""May these words leave? Each reason to say no, through real rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.appearances.queries import Segment
from app.core.db import Database
from app.core.models import now
from app.gate.service import Use, WayOut, judge, media_shown, noes
from app.places.models import Level, Territory
from app.testimonies.models import State, Testimony
from app.witnesses.decision import Cell, Medium, Purpose, Reach, Reason, Verb, Verdict
from app.witnesses.models import Notice, Witness
from tests.make import Make

TEXT = frozenset({Medium.ANONYMOUS_TEXT})
FILM = frozenset({Medium.VOICE, Medium.IMAGE})
OFFICIALS, EVERYBODY = "elected_officials", "general_public"


def cell(medium: Medium, audience: str = OFFICIALS) -> Cell:
    return Cell(medium, audience, "note", Purpose.EVALUATION)


WORDS = cell(Medium.ANONYMOUS_TEXT)


def way(territory_id: UUID | None = None, **given: Any) -> WayOut:
    whole: dict[str, Any] = {"audience": OFFICIALS, "form": "note", "purpose": Purpose.EVALUATION}
    return WayOut(**(whole | given), territory_id=territory_id)


@pytest.fixture
def witness(make: Make) -> Witness:
    """Heard in La Seyne, and consents to nothing yet."""
    return make.witness()


@pytest.fixture
def testimony(make: Make, witness: Witness) -> Testimony:
    return make.testimony(witnesses=[witness])


class Gate:
    """Asks about one testimony, in a session of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __call__(
        self,
        testimony: Testimony,
        to: WayOut | None = None,
        media: frozenset[Medium] = TEXT,
        at: datetime | None = None,
        restriction: dict[str, Any] | None = None,
    ) -> Reason | None:
        use = Use(testimony.id, media, restriction)
        return self.ask([use], to or way(), at)[0].reason

    def ask(self, uses: list[Use], to: WayOut, at: datetime | None = None) -> list[Verdict]:
        with self.database.read() as db:
            verdicts = judge(db, uses, to, at or now())
        assert all(verdict.allowed == (verdict.reason is None) for verdict in verdicts)
        return verdicts


@pytest.fixture
def gate(database: Database) -> Gate:
    return Gate(database)


def test_what_was_given_may_leave(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    assert gate(testimony) is Reason.NEVER_GIVEN
    make.consent(witness, WORDS)
    assert gate(testimony) is None


@pytest.mark.parametrize(
    "to",
    [
        way(audience="employers"),
        way(form="film"),
        way(purpose=Purpose.PROMOTION),
        way(audience="team"),
        way(audience=EVERYBODY),
    ],
)
def test_every_part_of_a_cell_is_asked(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness, to: WayOut
) -> None:
    make.consent(witness, WORDS)
    assert gate(testimony, to) is Reason.NEVER_GIVEN


def test_so_is_every_medium_that_is_shown(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    make.consent(witness, cell(Medium.VOICE), WORDS)
    assert gate(testimony, media=frozenset({Medium.VOICE})) is None
    assert gate(testimony, media=FILM) is Reason.NEVER_GIVEN
    make.consent(witness, cell(Medium.IMAGE))
    assert gate(testimony, media=FILM) is None


@pytest.mark.parametrize(
    ("verb", "reason"),
    [
        (Verb.REFUSE, Reason.REFUSED),
        (Verb.WITHDRAW, Reason.WITHDRAWN),
        (Verb.RESTRICT, Reason.WITHDRAWN),
    ],
)
def test_a_no_acts_at_once_whatever_its_date(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness, verb: Verb, reason: Reason
) -> None:
    make.consent(witness, WORDS)
    later = now() + timedelta(days=90)
    cells = [] if verb is Verb.RESTRICT else [WORDS]
    make.consent(witness, *cells, verb=verb, valid_from=later)
    assert gate(testimony) is reason
    make.consent(witness, WORDS)
    assert gate(testimony) is None


def test_it_ends_when_it_expires(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    end = now() + timedelta(days=30)
    make.consent(witness, WORDS, valid_until=end)
    assert gate(testimony, at=end - timedelta(microseconds=1)) is None
    assert gate(testimony, at=end) is Reason.EXPIRED


def test_and_when_its_notice_is_revoked(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    with make.sessions() as db:
        notice_id = db.query(Notice.id).limit(1).scalar()
    make.consent(witness, WORDS, notice_id=notice_id)
    assert gate(testimony) is None
    with make.sessions.begin() as db:
        db.execute(update(Notice).values(revoked_at=now()))
    assert gate(testimony) is Reason.NOTICE_REVOKED


# Territory: heard in La Seyne-sur-Mer, in the Var, in Provence


@pytest.mark.parametrize(
    ("reach", "open_to"),
    [
        (Reach.PLACE, {"83126"}),
        (Reach.DEPARTMENT, {"83126", "83"}),
        (Reach.REGION, {"83126", "83", "13", "13055", "93"}),
        (Reach.COUNTRY, {"83126", "83", "13", "13055", "93", "elsewhere"}),
        (Reach.WORLD, {"83126", "83", "13", "13055", "93", "elsewhere", "world"}),
    ],
)
def test_a_consent_holds_within_its_territory(
    gate: Gate,
    make: Make,
    testimony: Testimony,
    witness: Witness,
    reach: Reach,
    open_to: set[str],
) -> None:
    make.consent(witness, WORDS, territory=reach)
    with make.sessions.begin() as db:
        brittany = Territory(level=Level.REGION, code="53", name="Bretagne")
        db.add(brittany)
        db.flush()
        elsewhere = brittany.id
    places = {code: make.territory(code).id for code in ("83126", "83", "13", "13055", "93")}
    everywhere: dict[str, UUID | None] = {**places, "elsewhere": elsewhere, "world": None}
    for name, territory_id in everywhere.items():
        reason = gate(testimony, way(territory_id))
        assert reason is (None if name in open_to else Reason.TERRITORY), name


def test_where_somebody_lives_counts_before_where_they_spoke(gate: Gate, make: Make) -> None:
    lives_in_marseille = make.witness(territory_id=make.territory("13055").id)
    make.consent(lives_in_marseille, WORDS, territory=Reach.DEPARTMENT)
    testimony = make.testimony(witnesses=[lives_in_marseille])
    assert gate(testimony, way(make.territory("13").id)) is None
    assert gate(testimony, way(make.territory("83").id)) is Reason.TERRITORY


def test_a_district_lies_in_its_department_too(gate: Gate, make: Make) -> None:
    """Levels between are walked through, whichever there are."""
    with make.sessions.begin() as db:
        zone = Territory(
            level=Level.EMPLOYMENT_ZONE,
            code="9311",
            name="Toulon",
            parent_id=make.territory("83").id,
        )
        db.add(zone)
        db.flush()
        zone_id = zone.id
    witness = make.witness(territory_id=make.territory("83").id)
    make.consent(witness, WORDS, territory=Reach.DEPARTMENT)
    assert gate(make.testimony(witnesses=[witness]), way(zone_id)) is None


def test_the_general_public_is_everywhere(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    public = cell(Medium.ANONYMOUS_TEXT, EVERYBODY)
    home = way(make.territory().id, audience=EVERYBODY)
    make.consent(witness, public, territory=Reach.COUNTRY)
    assert gate(testimony, home) is Reason.TERRITORY
    make.consent(witness, public, territory=Reach.WORLD)
    assert gate(testimony, home) is None


# The thing itself


@pytest.mark.parametrize(
    ("restriction", "reason"),
    [
        ({"media": ["voice"]}, Reason.RESTRICTION),
        ({"audiences": ["team", "employers"]}, Reason.RESTRICTION),
        ({"forms": ["film"]}, Reason.RESTRICTION),
        ({"purposes": ["training"]}, Reason.RESTRICTION),
        ({"media": []}, Reason.RESTRICTION),
        ({"media": None, "audiences": None, "forms": None, "purposes": None}, None),
        (
            {
                "media": ["anonymous_text"],
                "audiences": [OFFICIALS],
                "forms": ["note"],
                "purposes": ["evaluation"],
            },
            None,
        ),
    ],
)
def test_a_restriction_of_the_testimony_or_of_the_excerpt(
    gate: Gate, make: Make, witness: Witness, restriction: dict[str, Any], reason: Reason | None
) -> None:
    make.consent(witness, WORDS)
    free = make.testimony(witnesses=[witness])
    restricted = make.testimony(witnesses=[witness], restriction=restriction)
    assert gate(restricted) is reason
    assert gate(free, restriction=restriction) is reason
    open_one = {"media": None}
    assert gate(restricted, restriction=open_one) is reason  # neither lifts the other
    assert gate(free) is None


def test_an_embargo_until_it_is_past(gate: Gate, make: Make, witness: Witness) -> None:
    make.consent(witness, WORDS)
    past = now() + timedelta(days=10)
    testimony = make.testimony(witnesses=[witness], embargo_until=past)
    assert gate(testimony, at=past - timedelta(microseconds=1)) is Reason.EMBARGO
    assert gate(testimony, at=past) is None


@pytest.mark.parametrize("state", [s for s in State if s is not State.ACCEPTED])
def test_only_what_was_accepted(gate: Gate, make: Make, witness: Witness, state: State) -> None:
    make.consent(witness, WORDS)
    assert gate(make.testimony(witnesses=[witness], state=state)) is Reason.NOT_ACCEPTED


def test_of_several_reasons_the_first_is_told(gate: Gate, make: Make, witness: Witness) -> None:
    later = now() + timedelta(days=10)
    testimony = make.testimony(
        witnesses=[witness],
        embargo_until=later,
        restriction={"forms": ["film"]},
        state=State.SUBMITTED,
    )
    assert gate(testimony) is Reason.NEVER_GIVEN
    make.consent(witness, WORDS, territory=Reach.PLACE)
    assert gate(testimony) is Reason.TERRITORY
    make.consent(witness, WORDS)
    assert gate(testimony) is Reason.RESTRICTION
    assert gate(testimony, at=later) is Reason.RESTRICTION


# The people


def test_a_minor_alone_opens_nothing_beyond_the_team(gate: Gate, make: Make) -> None:
    minor = make.witness(role="young_person", birth_year=now().year - 17)
    inside = cell(Medium.ANONYMOUS_TEXT, "team")
    make.consent(minor, WORDS, inside, cell(Medium.VOICE, "team"))
    testimony = make.testimony(witnesses=[minor])
    to_team = way(audience="team")

    assert gate(testimony) is Reason.GUARDIAN_MISSING
    assert gate(testimony, to_team) is None
    assert gate(testimony, to_team, frozenset({Medium.VOICE})) is Reason.GUARDIAN_MISSING
    of_age = datetime(now().year + 2, 1, 1, tzinfo=UTC)
    make.consent(minor, WORDS, valid_until=of_age + timedelta(days=9))
    assert gate(testimony, at=of_age) is Reason.EXPIRED  # asked again


def test_everybody_who_spoke_must_pass(gate: Gate, make: Make) -> None:
    people = [make.witness() for _ in range(3)]
    testimony = make.testimony(witnesses=people)
    for person in people[:2]:
        make.consent(person, WORDS)
    (verdict,) = gate.ask([Use(testimony.id, TEXT)], way())
    assert (verdict.reason, verdict.witness_id) == (Reason.NEVER_GIVEN, people[2].id)
    assert verdict.cell == WORDS
    make.consent(people[2], WORDS)
    assert gate(testimony) is None
    make.consent(people[0], WORDS, verb=Verb.WITHDRAW)
    (verdict,) = gate.ask([Use(testimony.id, TEXT)], way())
    assert (verdict.reason, verdict.witness_id) == (Reason.WITHDRAWN, people[0].id)


def test_many_passages_are_judged_each_by_its_own_facts(gate: Gate, make: Make) -> None:
    yes, no, minor = (
        make.witness(),
        make.witness(),
        make.witness(role="young_person", birth_year=now().year - 17),
    )
    for person in (yes, minor):
        make.consent(person, WORDS)
    made = [
        make.testimony(witnesses=people)
        for people in ([yes], [no], [yes, no], [minor], [yes], [minor, yes])
    ]
    embargoed = make.testimony(witnesses=[yes], embargo_until=now() + timedelta(days=1))
    uses = [Use(testimony.id, TEXT) for testimony in (*made, embargoed)]
    uses.append(Use(made[0].id, TEXT, {"forms": ["film"]}))
    uses.append(Use(made[0].id, FILM))

    assert [verdict.reason for verdict in gate.ask(uses, way())] == [
        None,
        Reason.NEVER_GIVEN,
        Reason.NEVER_GIVEN,
        Reason.GUARDIAN_MISSING,
        None,
        Reason.GUARDIAN_MISSING,
        Reason.EMBARGO,
        Reason.RESTRICTION,
        Reason.NEVER_GIVEN,
    ]
    assert gate.ask([], way()) == []


@pytest.mark.parametrize(
    ("show_as", "with_text", "names_employer", "media"),
    [
        ("text", False, False, TEXT),
        ("audio", False, False, {Medium.VOICE}),
        ("video", False, False, FILM),
        ("video", True, False, FILM | TEXT),
        ("audio", True, True, {Medium.VOICE, Medium.ANONYMOUS_TEXT, Medium.EMPLOYER_NAME}),
        ("text", False, True, TEXT | {Medium.EMPLOYER_NAME}),
    ],
)
def test_what_of_people_an_item_shows(
    show_as: str, with_text: bool, names_employer: bool, media: set[Medium]
) -> None:
    shown = media_shown(show_as, with_text=with_text, names_employer=names_employer)
    assert shown == media


# Signed


SIGNED = cell(Medium.SIGNED_TEXT)


def signed(testimony: Testimony, *people: Witness, media: frozenset[Medium] = TEXT) -> Use:
    return Use(testimony.id, media, signed_by=frozenset(person.id for person in people))


def test_a_signed_text_asks_for_a_signed_one_and_for_no_anonymous_one(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    make.consent(witness, WORDS)
    [verdict] = gate.ask([signed(testimony, witness)], way())
    assert (verdict.reason, verdict.cell) == (Reason.NEVER_GIVEN, SIGNED)
    make.consent(witness, SIGNED)
    make.consent(witness, WORDS, verb=Verb.WITHDRAW)
    assert [bool(v) for v in gate.ask([signed(testimony, witness)], way())] == [True]
    assert gate(testimony) is Reason.WITHDRAWN
    make.consent(witness, SIGNED, verb=Verb.WITHDRAW)
    assert gate.ask([signed(testimony, witness)], way())[0].reason is Reason.WITHDRAWN


@pytest.mark.parametrize("media", [FILM, FILM | TEXT])
def test_a_signed_recording_asks_for_all_that_it_shows_and_a_signed_text(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness, media: frozenset[Medium]
) -> None:
    make.consent(witness, cell(Medium.VOICE), cell(Medium.IMAGE), WORDS)
    use = signed(testimony, witness, media=media)
    assert gate.ask([use], way())[0].cell == SIGNED
    make.consent(witness, SIGNED)
    assert gate.ask([use], way())[0].allowed
    make.consent(witness, cell(Medium.IMAGE), verb=Verb.REFUSE)
    assert gate.ask([use], way())[0].reason is Reason.REFUSED


def test_everybody_who_signs_is_asked(gate: Gate, make: Make, witness: Witness) -> None:
    other = make.witness()
    together = make.testimony(witnesses=[witness, other])
    make.consent(witness, SIGNED)
    make.consent(other, WORDS)
    [verdict] = gate.ask([signed(together, witness, other)], way())
    assert (verdict.witness_id, verdict.cell) == (other.id, SIGNED)
    make.consent(other, SIGNED)
    assert gate.ask([signed(together, witness, other)], way())[0].allowed


def test_whose_signature_stands_there_is_asked_although_others_speak_now(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    """The words were somebody else's, after all."""
    once = make.witness()
    make.consent(witness, WORDS)
    [verdict] = gate.ask([signed(testimony, once)], way())
    assert (verdict.witness_id, verdict.cell) == (once.id, SIGNED)
    make.consent(once, SIGNED)
    assert gate.ask([signed(testimony, once)], way())[0].allowed
    make.consent(witness, WORDS, verb=Verb.WITHDRAW)
    assert gate.ask([signed(testimony, once)], way())[0].reason is Reason.WITHDRAWN


def test_who_is_heard_and_does_not_sign_is_asked_for_words_without_a_name(
    gate: Gate, make: Make, witness: Witness
) -> None:
    media, other = make.media(), make.witness()
    testimony = make.testimony(witnesses=[witness], media=[media])
    for person in (witness, other):
        make.appearance(media, person)
    make.consent(witness, SIGNED)
    make.consent(other, SIGNED)
    use = replace(signed(testimony, witness), segment=Segment(media.id))
    [verdict] = gate.ask([use], way())
    assert (verdict.witness_id, verdict.cell) == (other.id, WORDS)
    make.consent(other, WORDS)
    assert gate.ask([use], way())[0].allowed


def test_every_cell_in_which_it_may_not_leave_is_told(
    gate: Gate, make: Make, witness: Witness
) -> None:
    media, other = make.media(), make.witness()
    testimony = make.testimony(witnesses=[witness], media=[media])
    make.appearance(media, other)
    make.consent(witness, cell(Medium.VOICE), verb=Verb.REFUSE)
    film = replace(signed(testimony, witness, media=FILM | TEXT), segment=Segment(media.id))
    plain = Use(testimony.id, TEXT)
    with gate.database.read() as db:
        found = noes(db, [film, plain], way(), now())
    never = Reason.NEVER_GIVEN
    assert found == [
        [
            (WORDS, never),  # of who is heard beside
            (cell(Medium.IMAGE), never),
            (SIGNED, never),
            (cell(Medium.VOICE), never),
        ],
        [(WORDS, never)],
    ]


def test_a_restriction_to_words_without_a_name_forbids_to_sign_them(
    gate: Gate, make: Make, testimony: Testimony, witness: Witness
) -> None:
    make.consent(witness, WORDS, SIGNED)
    use = signed(testimony, witness)
    assert gate.ask([use], way())[0].allowed
    limited = replace(use, restriction={"media": ["anonymous_text"]})
    assert gate.ask([limited], way())[0].reason is Reason.RESTRICTION


def test_who_was_registered_without_a_workshop(gate: Gate, make: Make) -> None:
    """They live somewhere, or else nothing but the world covers them."""
    here = make.workshop()
    alone = make.witness(workshop=here, workshop_id=None, territory_id=make.territory().id)
    nowhere = make.witness(workshop=here, workshop_id=None)
    for person in (alone, nowhere):
        make.consent(person, WORDS, territory=Reach.REGION)
    var = way(make.territory("83").id)
    assert gate(make.testimony(workshop=here, witnesses=[alone]), var) is None
    assert gate(make.testimony(workshop=here, witnesses=[nowhere]), var) is Reason.TERRITORY
