"""Who is in an export: who consents at that moment. SQL and `decide` agree on every history."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import GRANTS, Role
from app.core.db import Database
from app.core.models import now
from app.exports.datasets import EXCERPTS, TESTIMONIES, WITNESSES
from app.exports.models import Export
from app.exports.queries import EXPORTED
from app.exports.schemas import ExcerptExport, Format, TestimonyExport, WitnessExport
from app.exports.service import Asked, Stream
from app.gate.service import limits
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.consents import append, decisive, events_of, new_notice
from app.witnesses.decision import (
    NOT_ASKED,
    Cell,
    Event,
    Facts,
    GivenBy,
    Medium,
    Purpose,
    Reach,
    Verb,
    WitnessFacts,
    decide,
    team_may_read,
)
from app.witnesses.models import ConsentEvent, Guardian, Notice, Witness
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.exports.conftest import Dossier, Says, rows_of, titles_of
from tests.make import Make

DAY = timedelta(days=1)
INSIDE = EXPORTED._replace(form="note")
OTHER = [
    EXPORTED._replace(purpose=Purpose.IMPROVEMENT),
    EXPORTED._replace(audience="services"),
    EXPORTED._replace(medium=Medium.SIGNED_TEXT),
]
ONLY_SERVICES = {"media": None, "audiences": ["services"], "forms": None, "purposes": None}
ONLY_TEAM = {"media": None, "audiences": ["team"], "forms": ["dataset"], "purposes": None}


def in_days(number: int) -> datetime:
    return now() + number * DAY


# In plain words


def test_only_who_consents_is_in_it(
    as_evaluator: TestClient, make: Make, willing: Callable[..., Witness], says: Says
) -> None:
    says("given", witnesses=[willing()])
    says("never given", witnesses=[make.witness()])
    for cell in OTHER:
        other = make.witness()
        make.consent(other, cell)
        says("something else given", witnesses=[other])
    for verb in (Verb.REFUSE, Verb.WITHDRAW):
        no = willing()
        make.consent(no, EXPORTED, verb=verb)
        says(verb, witnesses=[no])
    expired, later, restricted = make.witness(), make.witness(), willing()
    make.consent(expired, EXPORTED, valid_until=in_days(-1))
    says("expired", witnesses=[expired])
    make.consent(later, EXPORTED, valid_from=in_days(1))
    says("later", witnesses=[later])
    make.consent(restricted, INSIDE, verb=Verb.RESTRICT)
    says("restricted", witnesses=[restricted])
    unread = willing()
    make.consent(unread, INSIDE, verb=Verb.REFUSE)
    says("refused to the team in another form", witnesses=[unread])
    says("one of two", witnesses=[willing(), make.witness()])
    says("both", witnesses=[willing(), willing()])

    assert titles_of(as_evaluator) == {"given", "both"}
    assert len(rows_of(as_evaluator, "witnesses")) == 4  # and one of « one of two »


def test_minors_decide_alone(as_evaluator: TestClient, make: Make, says: Says) -> None:
    minor = make.witness(role="young_person", birth_year=now().year - 17)
    make.consent(minor, EXPORTED)
    says("minor", witnesses=[minor])
    assert titles_of(as_evaluator) == {"minor"}


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACCEPTED])
def test_only_what_is_accepted(as_evaluator: TestClient, says: Says, state: State) -> None:
    says("not yet, or no more", state=state)
    assert titles_of(as_evaluator) == set()


def test_not_before_the_embargo(as_evaluator: TestClient, says: Says, make: Make) -> None:
    make.excerpt(says("later", embargo_until=in_days(1)))
    make.excerpt(says("past", embargo_until=in_days(-1)))
    assert titles_of(as_evaluator) == {"past"}
    assert len(rows_of(as_evaluator, "excerpts")) == 1


def test_not_what_is_restricted_to_others(as_evaluator: TestClient, says: Says, make: Make) -> None:
    make.excerpt(says("theirs", restriction=ONLY_SERVICES))
    ours = says("ours", restriction=ONLY_TEAM)
    make.excerpt(ours, exact="Le premier", restriction=ONLY_SERVICES)
    make.excerpt(ours, exact="j'ai suivi", restriction=ONLY_TEAM)
    assert titles_of(as_evaluator) == {"ours"}
    assert [row["quote"] for row in rows_of(as_evaluator, "excerpts")] == ["j'ai suivi"]


def test_a_visit_is_told_of_whose_published_words_may_leave_without_a_condition(
    as_evaluator: TestClient, client_for: ClientFor, database: Database, dossier: Dossier
) -> None:
    """Else it would tell that words which are nowhere in the export are published."""
    make = dossier.make
    for witness in dossier.witnesses:
        make.consent(witness, EXPORTED)
        code = {"code": make.receipt_code(witness)}
        opened = client_for(None).post("/api/v1/receipt-sessions", json=code)
        assert opened.status_code == 201

    def looked() -> list[bool]:
        return sorted(row["looked"] for row in rows_of(as_evaluator, "witnesses"))

    def change(restriction: Any, group_id: UUID | None) -> None:
        with database.write.begin() as db:
            spoke = TestimonyWitness.witness_id == dossier.witnesses[0].id
            said = select(TestimonyWitness.testimony_id).where(spoke)
            testimony = db.scalars(select(Testimony).where(Testimony.id.in_(said))).one()
            testimony.restriction = restriction
            db.get_one(Workshop, testimony.workshop_id).group_id = group_id

    assert looked() == [True, True]
    change({"audiences": ["elected_officials"]}, None)
    assert looked() == [False, True]
    change(None, None)
    assert looked() == [True, True]
    group = make.group()
    make.protocol(group, audiences=["elected_officials"])
    change(None, group.id)
    assert looked() == [False, False]


def test_a_revoked_notice_no_longer_counts(
    as_evaluator: TestClient, database: Database, make: Make, says: Says
) -> None:
    with database.write.begin() as db:
        notice = new_notice(db, "ancienne", "fr", "Vous parlez.", [])
    witness = make.witness()
    make.consent(witness, EXPORTED, notice_id=notice.id)
    says("noticed", witnesses=[witness])
    assert titles_of(as_evaluator) == {"noticed"}
    with database.write.begin() as db:
        db.get_one(Notice, notice.id).revoked_at = now()
    assert titles_of(as_evaluator) == set()


# Whatever people say

CELLS = [EXPORTED, INSIDE, *OTHER]
said = st.fixed_dictionaries(
    {
        "verb": st.sampled_from([Verb.GIVE, Verb.GIVE, *Verb]),
        "cells": st.sets(st.sampled_from(CELLS), max_size=2).map(sorted),
        "valid_from": st.sampled_from([-400, -3, 3]),
        "valid_until": st.sampled_from([-1, 1, 400, None]),
        "revoked": st.sampled_from([None, None, -1, 1]),
        "guardian": st.sampled_from([False, False, False, True]),
    }
)
SURE = {
    "verb": Verb.GIVE,
    "cells": CELLS,
    "valid_from": -3,
    "valid_until": 400,
    "revoked": None,
    "guardian": False,
}
# Most begin by saying yes: else next to nothing would leave, and nothing be compared.
histories = st.builds(
    lambda first, then: [*first, *then],
    st.sampled_from([[SURE], [SURE], []]),
    st.lists(said, max_size=3),
)
people = st.lists(st.tuples(st.sampled_from([None, 17, 30]), histories), min_size=1, max_size=3)
spoken = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from([{0}, {0}, {1}, {0, 1}, {0, 1, 2}, set()]),
            "state": st.sampled_from([State.ACCEPTED, State.ACCEPTED, State.REJECTED]),
            "embargo": st.sampled_from([None, None, -1, 1]),
            "restriction": st.sampled_from([None, None, ONLY_SERVICES, ONLY_TEAM]),
            "of_excerpt": st.sampled_from([None, None, ONLY_SERVICES, ONLY_TEAM]),
        }
    ),
    min_size=1,
    max_size=3,
)
REFUSED_INSIDE = SURE | {"verb": Verb.REFUSE, "cells": [INSIDE]}
ACCEPTED = {"state": State.ACCEPTED, "embargo": None, "restriction": None, "of_excerpt": None}


@pytest.mark.slow
@given(people=people, spoken=spoken)
@example(people=[(30, [SURE]), (17, [SURE])], spoken=[{"who": {0, 1}, **ACCEPTED}])
@example(people=[(30, [SURE, REFUSED_INSIDE])], spoken=[{"who": {0}, **ACCEPTED}])
@example(people=[(30, [SURE | {"valid_until": -1}])], spoken=[{"who": {0}, **ACCEPTED}])
@example(people=[(30, [SURE | {"revoked": -1}])], spoken=[{"who": {0}, **ACCEPTED}])
@example(people=[(30, [SURE])], spoken=[{"who": {0}, **ACCEPTED, "of_excerpt": ONLY_SERVICES}])
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_sql_and_decide_agree(database: Database, make: Make, people: Any, spoken: Any) -> None:
    workshop = make.workshop()
    with database.write.begin() as db:
        heard = [hear(db, workshop, age, history) for age, history in people]
        by_title = {
            f"{number}": speak(db, workshop, f"{number}", heard, facts)
            for number, facts in enumerate(spoken)
        }
    excerpts = {
        title: make.excerpt(t, exact=t.body or "", restriction=facts["of_excerpt"])
        for (title, t), facts in zip(by_title.items(), spoken, strict=True)
    }
    with database.read() as db:
        expected, quotable = set(), set()
        for (title, testimony), facts in zip(by_title.items(), spoken, strict=True):
            who = [heard[i] for i in facts["who"] if i < len(heard)]
            if may_leave(db, testimony, who):
                expected.add(title)
            if may_leave(db, testimony, who, excerpts[title].restriction):
                quotable.add(title)
        willing = [witness for witness in heard if may_leave(db, None, [witness])]

    here = {"workshop_id": workshop.id}
    found = exported(database, TESTIMONIES, TestimonyExport(**here))
    assert {row["title"] for row in found} == expected
    quoted = {
        row["quote"]
        for t in by_title.values()
        for row in exported(database, EXCERPTS, ExcerptExport(testimony_id=t.id))
    }
    assert quoted == {by_title[title].body for title in quotable}
    assert len(exported(database, WITNESSES, WitnessExport(**here))) == len(willing)


def exported(database: Database, dataset: Any, filters: Any) -> list[dict[str, Any]]:
    import json

    asked = Asked(dataset, Format.JSONL, filters, "tests", "fr")
    role = Role.EVALUATOR
    evaluator = Caller(uuid4(), uuid4(), role, GRANTS[role], uuid4())
    stream = Stream(database, Export(), asked, evaluator)
    return [json.loads(line) for chunk in stream for line in chunk.splitlines()]


def may_leave(
    db: Session, testimony: Testimony | None, who: list[Witness], restriction: Any = None
) -> bool:
    """What `decide` says, and the reading by the team; of the witnesses alone without testimony."""
    at, events = now(), events_of(db, [witness.id for witness in who])
    histories: dict[UUID, tuple[Event, ...]] = {i: decisive(said) for i, said in events.items()}
    own = testimony.restriction if testimony else None
    facts = Facts(
        witnesses=[WitnessFacts(w.id, histories[w.id], birth_year=w.birth_year) for w in who],
        where=NOT_ASKED,
        accepted=testimony is None or testimony.state is State.ACCEPTED,
        restrictions=[limits(r) for r in (own, restriction) if r],
        embargo_until=testimony.embargo_until if testimony else None,
    )
    cell = Cell(Medium.ANONYMOUS_TEXT, "team", "dataset", Purpose.EVALUATION)
    read = (team_may_read(h, [Medium.ANONYMOUS_TEXT], at) is None for h in histories.values())
    return bool(decide(facts, [cell], at)) and all(read)


def hear(db: Session, workshop: Any, age: int | None, history: list[Any]) -> Witness:
    owner = {"owner_organization_id": workshop.owner_organization_id}
    witness = Witness(
        scheme_id=workshop.scheme_id,
        workshop_id=workshop.id,
        pseudonym=uuid4().hex,
        receipt_hash=uuid4().hex,
        role="tutor",
        birth_year=now().year - age if age else None,
        **owner,
    )
    db.add(witness)
    db.flush()
    for words in history:
        append(db, _event(db, witness, words))
    return witness


def _guardian(db: Session, witness: Witness) -> UUID:
    guardian = Guardian(
        witness_id=witness.id, relation="parent", declared_by_id=_account(db, witness)
    )
    db.add(guardian)
    db.flush()
    return guardian.id


def _event(db: Session, witness: Witness, words: Any) -> ConsentEvent:
    notice = None
    if words["revoked"]:
        notice = new_notice(db, uuid4().hex, "fr", "Vous parlez.", [])
        notice.revoked_at = in_days(words["revoked"])
        db.flush()
    until = words["valid_until"]
    return ConsentEvent(
        witness_id=witness.id,
        verb=words["verb"],
        choices=[],
        cells=[list(cell) for cell in words["cells"]],
        territory=Reach.PLACE,
        valid_from=in_days(words["valid_from"]),
        valid_until=in_days(until) if until and words["verb"] is Verb.GIVE else None,
        given_by=GivenBy.GUARDIAN if words["guardian"] else GivenBy.SELF,
        guardian_id=_guardian(db, witness) if words["guardian"] else None,
        notice_id=notice.id if notice else None,
        method="paper",
        at=now(),
    )


def speak(db: Session, workshop: Any, title: str, heard: list[Witness], facts: Any) -> Testimony:
    testimony = Testimony(
        scheme_id=workshop.scheme_id,
        workshop_id=workshop.id,
        place_id=workshop.place_id,
        owner_organization_id=workshop.owner_organization_id,
        method="written",
        title=title,
        body=f"Mots {uuid4()}",
        recorded_on=now().date(),
        submitted_at=now(),
        state=facts["state"],
        restriction=facts["restriction"],
        embargo_until=in_days(facts["embargo"]) if facts["embargo"] else None,
        captured_by=_account(db, workshop),
    )
    db.add(testimony)
    db.flush()
    for position, i in enumerate(sorted(i for i in facts["who"] if i < len(heard))):
        ids = {"testimony_id": testimony.id, "witness_id": heard[i].id}
        db.add(TestimonyWitness(**ids, position=position))
    return testimony


def _account(db: Session, workshop: Workshop | Witness) -> UUID:
    from app.accounts.models import Account

    account = Account(
        organization_id=workshop.owner_organization_id,
        email=f"{uuid4().hex}@example.org",
        display_name="Quelqu'un",
        role="animator",
    )
    db.add(account)
    db.flush()
    return account.id
