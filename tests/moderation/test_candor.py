"""How freely words were said: the rule, who assesses and reads it, and who never learns of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from io import BytesIO
from itertools import product
from types import SimpleNamespace
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, cast, false, literal, null, select, true, union_all
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.lineage.models import Derivation
from app.moderation.models import Candor
from app.moderation.speech import (
    DISCOURSE,
    SPEECH,
    Level,
    Sign,
    level_in_sql,
    level_of,
    unsettled,
)
from app.testimonies.models import State, Testimony
from tests.conftest import ClientFor
from tests.make import Make
from tests.withdrawals.conftest import world
from tests.withdrawals.world import API, CANARY, World

__all__ = ["world"]

NOBODY_LOOKED: dict[str, Any] = dict.fromkeys(Sign)
FREE = NOBODY_LOOKED | dict.fromkeys(SPEECH, True) | dict.fromkeys(DISCOURSE, False)
NORMED = NOBODY_LOOKED | dict.fromkeys(DISCOURSE, True)
NOTED = st.fixed_dictionaries({sign: st.sampled_from([True, False, None]) for sign in Sign})
FREELY = list(Level)


# The rule


@pytest.mark.parametrize(
    ("there", "level"),
    [
        ("first_person concrete_episode named_difficulty", "free"),
        ("first_person concrete_episode", "free"),
        ("first_person concrete_episode named_difficulty prepared_text", "free"),
        ("first_person concrete_episode hierarchy_present", "mixed"),
        ("first_person", "mixed"),
        ("", "mixed"),
        ("first_person institutional_wording", "mixed"),
        ("institutional_wording", "normed"),
        ("first_person institutional_wording prepared_text", "normed"),
        ("hierarchy_present prepared_text", "normed"),
    ],
)
def test_the_signs_come_to_a_level(there: str, level: str) -> None:
    assert level_of({sign: sign in there.split() for sign in Sign}) == level


@given(NOTED, st.sampled_from(SPEECH))
def test_another_sign_of_speech_never_makes_words_less_free(
    noted: dict[Sign, bool | None], sign: Sign
) -> None:
    more = FREELY.index(level_of(noted | {sign: True}))
    assert more >= FREELY.index(level_of(noted))


@given(NOTED, st.sampled_from(DISCOURSE))
def test_another_sign_of_discourse_never_makes_words_freer(
    noted: dict[Sign, bool | None], sign: Sign
) -> None:
    more = FREELY.index(level_of(noted | {sign: True}))
    assert more <= FREELY.index(level_of(noted))


@given(NOTED)
def test_what_nobody_looked_for_counts_as_not_there(noted: dict[Sign, bool | None]) -> None:
    assert level_of({sign: bool(value) for sign, value in noted.items()}) == level_of(noted)


@given(NOTED)
def test_what_is_settled_is_asked_no_more(noted: dict[Sign, bool | None]) -> None:
    left = unsettled(noted)
    assert [sign for sign in SPEECH if sign not in left] == [s for s in SPEECH if noted[s]]
    ruled_out = [s for s in DISCOURSE if noted[s] is False]
    assert [sign for sign in DISCOURSE if sign not in left] == ruled_out
    assert unsettled({}) == list(Sign)


def test_the_database_counts_as_the_rule_does(db: Session) -> None:
    """Of all that can be noted, one by one."""
    noted = union_all(
        *(select(cast(value, Boolean).label("noted")) for value in (true(), false(), null()))
    ).cte()
    each = {sign: noted.alias(sign) for sign in Sign}
    signs = {sign: one.c.noted for sign, one in each.items()}
    row = SimpleNamespace(testimony_id=literal("a"), **signs)
    together: Any = reduce(lambda rows, one: rows.join(one, true()), list[Any](each.values()))
    found = db.execute(select(level_in_sql(row), *signs.values()).select_from(together)).all()
    assert len(set(found)) == 3 ** len(Sign)
    for level, *values in found:
        assert level == level_of(dict(zip(Sign, values, strict=True)))


# Assessing


@pytest.fixture
def testimony(make: Make, animator: Account) -> Testimony:
    return make.testimony(organization=animator.organization, state=State.SUBMITTED)


@pytest.fixture
def address(testimony: Testimony) -> str:
    return f"{API}/testimonies/{testimony.id}/candor"


def test_an_animator_assesses_and_an_editor_reads_it(
    as_animator: TestClient,
    as_editor: TestClient,
    animator: Account,
    address: str,
    testimony: Testimony,
    make: Make,
) -> None:
    make.candor(make.testimony())
    assert as_editor.get(address).status_code == 404, "nobody assessed it"
    told = FREE | {"follow_up_tried": True, "comment": "Le chef était sorti."}
    answer = as_animator.put(address, json=told)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown.items() >= (told | {"level": "free", "version": 1}).items()
    assert shown["testimony_id"] == str(testimony.id)
    assert shown["assessed_by_id"] == str(animator.id)
    assert as_editor.get(address).json() == shown
    assert answer.headers["etag"] == '"1"'
    known = as_editor.get(address, headers={"If-None-Match": '"1"'})
    assert known.status_code == 304


def test_a_new_assessment_takes_the_place_of_the_one_before(
    as_animator: TestClient, as_editor: TestClient, address: str, db: Session
) -> None:
    first = as_animator.put(address, json=FREE | {"comment": "Libre."}).json()
    late = as_editor.put(address, json=NORMED, headers={"If-Match": '"9"'})
    assert late.status_code == 412
    second = as_editor.put(address, json=NORMED, headers={"If-Match": '"1"'}).json()
    assert (second["level"], second["comment"], second["version"]) == ("normed", None, 2)
    assert second["assessed_by_id"] != first["assessed_by_id"]
    assert second["assessed_at"] > first["assessed_at"]
    assert len(db.scalars(select(Candor)).all()) == 1
    assert as_animator.get(address).json() == second


def test_an_assessment_that_is_gone_is_not_what_somebody_meant_to_change(
    as_editor: TestClient, address: str
) -> None:
    changed = as_editor.put(address, json=FREE, headers={"If-Match": '"1"'})
    assert changed.status_code == 412
    assert as_editor.get(address).status_code == 404


def test_a_mistake_is_taken_off_once(as_editor: TestClient, address: str, db: Session) -> None:
    as_editor.put(address, json=FREE)
    assert as_editor.delete(address, headers={"If-Match": '"7"'}).status_code == 412
    for _ in "twice":
        assert as_editor.delete(address).status_code == 204
    assert as_editor.get(address).status_code == 404
    actions = db.scalars(select(AuditEvent.action).order_by(AuditEvent.created_at)).all()
    assert actions == ["testimony.assessed", "testimony.assessment-dropped"]
    assert not db.scalars(select(Derivation).where(Derivation.output == "candors")).all()


def test_the_audit_log_says_who_and_neither_words_nor_level(
    as_editor: TestClient, address: str, testimony: Testimony, db: Session
) -> None:
    as_editor.put(address, json=FREE | {"comment": CANARY})
    event = db.scalars(select(AuditEvent)).one()
    assert (event.action, event.subject_id) == ("testimony.assessed", testimony.id)
    assert event.facts == {}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (NOBODY_LOOKED, "#"),
        (NOBODY_LOOKED | {"follow_up_tried": True, "comment": "Rien à dire."}, "#"),
        ({**FREE, "level": "free"}, "#/level"),
        (
            {name: value for name, value in FREE.items() if name != "prepared_text"},
            "#/prepared_text",
        ),
        (FREE | {"first_person": "beaucoup"}, "#/first_person"),
        (FREE | {"comment": "a" * 4001}, "#/comment"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_editor: TestClient, address: str, wrong: dict[str, Any], pointer: str
) -> None:
    answer = as_editor.put(address, json=wrong)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert as_editor.get(address).status_code == 404


def test_it_goes_with_the_draft_that_is_discarded(
    client_for: ClientFor, make: Make, animator: Account, as_animator: TestClient, db: Session
) -> None:
    workshop = make.workshop(organization=animator.organization)
    draft = make.testimony(workshop=workshop, state=State.DRAFT, captured_by=animator.id)
    here = f"{API}/testimonies/{draft.id}"
    assert as_animator.put(f"{here}/candor", json=FREE).status_code == 200
    assert as_animator.delete(here).status_code == 204
    assert not db.scalars(select(Candor)).all()
    assert not db.scalars(select(Derivation).where(Derivation.input_id == draft.id)).all()


# Who never learns of it


def test_there_is_nothing_for_who_is_not_of_the_team(
    client_for: ClientFor, make: Make, animator: Account, address: str, testimony: Testimony
) -> None:
    make.candor(testimony)
    follow_ups = address.replace("candor", "follow-ups")
    nothing = f"{API}/testimonies/{uuid4()}/candor"
    accounts = [make.account(role=role) for role in Role if role is not Role.EDITOR]
    accounts += [make.account(role=Role.INTEGRATION, organization=animator.organization)]
    for account in accounts:
        client = client_for(account)
        client.headers["X-Reason"] = "Une plainte"
        told = client.get(nothing).json() | {"request_id": ""}
        for method, url in product(("GET", "PUT", "DELETE"), (address, follow_ups)):
            if url is follow_ups and method != "GET":
                continue
            answer = client.request(method, url, json=FREE if method == "PUT" else None)
            assert answer.status_code == 404, (account.role, method, url)
            assert answer.json() | {"request_id": ""} == told
    narrowed = client_for(None)
    token = make.token(animator, permissions=["write_testimonies"])
    narrowed.headers["Authorization"] = f"Bearer {token}"
    assert narrowed.get(address).status_code == 404


def test_who_films_elsewhere_is_of_the_team(
    client_for: ClientFor, make: Make, as_outsider: TestClient
) -> None:
    partner = make.account(role=Role.ANIMATOR)
    workshop = make.workshop(partner_organization_id=partner.organization_id)
    testimony = make.testimony(workshop=workshop)
    make.candor(testimony)
    address = f"{API}/testimonies/{testimony.id}/candor"
    assert client_for(partner).get(address).json()["level"] == "mixed"
    assert as_outsider.get(address).status_code == 404


def test_an_editor_has_none_of_a_draft(as_editor: TestClient, make: Make) -> None:
    draft = make.testimony(state=State.DRAFT)
    assert as_editor.put(f"{API}/testimonies/{draft.id}/candor", json=FREE).status_code == 404


def test_neither_witness_nor_recipient_is_told(world: World) -> None:
    """In their receipt, their archive, a release and its files, a testimony, a list."""
    there = f"{API}/testimonies/{world.testimony.id}"
    noted = NORMED | {"comment": f"appréciation-{CANARY}"}
    assert world.animator.put(f"{there}/candor", json=noted).status_code == 200
    receipt = {"Authorization": f"Bearer {world.make.receipt(world.witness)}"}
    release = world.editor.get(f"{API}/releases/{world.release_id}")
    archive = world.anybody.get(f"{API}/receipt/archive", headers=receipt)
    with ZipFile(BytesIO(archive.content)) as files:
        unpacked = " ".join(files.read(name).decode(errors="replace") for name in files.namelist())
    told = [
        world.anybody.get(f"{API}/receipt", headers=receipt).text,
        unpacked,
        release.text,
        world.shared().text,
        world.words_on_the_page(),
        *(world.editor.get(url).text for url in (there, f"{API}/testimonies", f"{API}/excerpts")),
    ]
    for text in told:
        assert CANARY in text, "it holds their words"
        for secret in ("appréciation", "candor", "normed", "hierarchy", "prepared_text"):
            assert secret not in text
    assert world.anybody.get(f"{there}/candor", headers=receipt).status_code == 401


# Withdrawal


def test_it_is_out_of_sight_at_once_and_erased_by_the_job(world: World, db: Session) -> None:
    there = f"{API}/testimonies/{world.testimony.id}/candor"
    kept = f"{API}/testimonies/{world.kept.id}/candor"
    for address in (there, kept):
        noted = NORMED | {"comment": f"appréciation-{CANARY if address is there else ''}"}
        assert world.editor.put(address, json=noted).status_code == 200
    world.take_back()
    for client in (world.editor, world.animator):
        assert client.get(there).status_code == 404
        assert client.get(there.replace("candor", "follow-ups")).status_code == 404
        assert client.put(there, json=FREE).status_code == 404
    world.work()
    (left,) = db.scalars(select(Candor))
    assert left.testimony_id == world.kept.id
    derived = db.scalars(select(Derivation.output_id).where(Derivation.output == "candors"))
    assert derived.all() == [left.id]
    assert world.editor.get(kept).json()["level"] == "normed"


# What to ask next


Suggested = Callable[..., dict[str, Any]]


@pytest.fixture
def suggested(as_animator: TestClient, animator: Account, make: Make) -> Suggested:
    """What is suggested for a testimony of this method, assessed so."""

    def suggested(method: str, **noted: Any) -> dict[str, Any]:
        testimony = make.testimony(organization=animator.organization, method=method)
        if noted:
            make.candor(testimony, **noted)
        answer = as_animator.get(f"{API}/testimonies/{testimony.id}/follow-ups")
        assert answer.status_code == 200, answer.text
        assert answer.json()["testimony_id"] == str(testimony.id)
        return answer.json()  # type: ignore[no-any-return]

    return suggested


def codes(found: dict[str, Any]) -> list[str]:
    return [question["code"] for question in found["questions"]]


def guide(client: TestClient) -> list[dict[str, Any]]:
    url = f"{API}/vocabularies/follow_ups/terms?limit=200"
    return client.get(url).json()["items"]  # type: ignore[no-any-return]


def test_every_method_has_a_question_for_every_sign_which_asks_how_and_not_why(
    as_animator: TestClient,
) -> None:
    terms = guide(as_animator)
    known = as_animator.get(f"{API}/vocabularies/methods/terms?limit=200").json()["items"]
    methods = {term["code"] for term in known}
    for method, sign in product(methods, Sign):
        assert [t for t in terms if method in t["facts"]["methods"] and sign in t["facts"]["when"]]
    for term in terms:
        assert set(term["facts"]["methods"]) <= methods
        assert set(term["facts"]["when"]) <= set(Sign)
        assert "pourquoi" not in term["label_fr"].lower()
        assert "why" not in term["label_en"].lower()


def test_before_any_assessment_all_questions_of_the_method_are_told_in_order(
    as_animator: TestClient, suggested: Suggested
) -> None:
    found = suggested("interview")
    assert (found["method"], found["level"]) == ("interview", None)
    assert found["unsettled"] == list(Sign)
    own = [
        t
        for t in guide(as_animator)
        if "interview" in t["facts"]["methods"] or not t["facts"]["methods"]
    ]
    assert codes(found) == [term["code"] for term in own]
    assert codes(found)[0] == "last_time"
    assert codes(found)[-1] == "not_asked"
    assert "write_with_i" not in codes(found)
    assert "write_with_i" in codes(suggested("survey"))


def test_an_assessment_leaves_the_questions_that_may_settle_the_rest(suggested: Suggested) -> None:
    found = suggested("video", **FREE | {"first_person": False})
    assert (found["level"], found["unsettled"]) == ("free", ["first_person"])
    *asked, last = found["questions"]
    assert asked
    assert all("first_person" in question["when"] for question in asked)
    assert (last["code"], last["when"]) == ("not_asked", [])
    assert codes(suggested("video", **FREE)) == ["not_asked"]
    found = suggested("interview", **FREE | {"hierarchy_present": True})
    assert codes(found) == ["another_time_alone", "not_asked"]


def test_editors_change_the_guide_and_what_is_retired_is_asked_no_more(
    as_editor: TestClient, suggested: Suggested
) -> None:
    url = f"{API}/vocabularies/follow_ups/terms"
    term = as_editor.get(f"{url}/last_time").json()
    term = {n: term[n] for n in ("code", "label_fr", "label_en", "position", "facts")}
    assert as_editor.put(f"{url}/last_time", json=term | {"retired": True}).status_code == 200
    new = {"label_fr": "Et le soir ?", "label_en": "And in the evening?"}
    facts: list[dict[str, Any]] = [
        {"methods": "video", "when": "first_person"},  # one alone may stand without a list
        {"methods": ["video"], "when": ["joy"]},  # a sign that is none
        {"methods": True, "when": 3},
        {},
    ]
    for number, one in enumerate(facts):
        body = new | {"code": f"new_{number}", "position": 100 + number, "facts": one}
        assert as_editor.post(url, json=body).status_code == 201
    asked = codes(suggested("video"))
    assert "last_time" not in asked
    assert asked[-2:] == ["new_0", "new_3"]
    assert codes(suggested("audio"))[-2:] == ["not_asked", "new_3"]


def test_two_who_assess_at_once_leave_one(
    as_editor: TestClient, as_animator: TestClient, address: str, db: Session
) -> None:
    def assess(n: int) -> int:
        client = (as_editor, as_animator)[n % 2]
        return client.put(address, json=(FREE, NORMED)[n % 2]).status_code

    with ThreadPoolExecutor(4) as together:
        answers = list(together.map(assess, range(8)))
    assert set(answers) == {200}
    (left,) = db.scalars(select(Candor))
    assert as_editor.get(address).json()["version"] == left.version == 8
