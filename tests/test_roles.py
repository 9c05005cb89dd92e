"""The table "Roles" of design/trust.md: every operation of the API, asked for by everybody."""

import os
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.accounts.permissions import Role
from app.core.db import Database
from app.testimonies.models import State
from tests.conftest import ClientFor
from tests.document import Operation, example, fields, operations, put
from tests.make import Make
from tests.roles import CALLERS, Table, Town, count_rows, keep, read_kept, settle, title
from tests.withdrawals.walk import addresses
from tests.withdrawals.world import API, CANARY, NOISE

pytestmark = pytest.mark.slow  # every operation, by everybody

TRACES = {"audit_events", "case_readings", "exports"}  # what reading leaves
MEANT = (
    "Who may do what is not as kept in tests/roles.json. If that is meant, keep it anew, and read "
    "its diff against design/trust.md: ROLES=keep pytest tests/test_roles.py -k everybody_may_do"
)
# What all who have an account may read: it tells nothing of anybody.
NOBODYS = {"organization_id", "scheme_id", "territory_id", "place_id", "theme_id", "notice_id"}


@pytest.fixture
def town(make: Make, database: Database, client_for: ClientFor) -> Town:
    return settle(make, database, client_for)


@pytest.fixture(scope="module")
def kept() -> Table:
    return read_kept()


@pytest.mark.once
def test_everybody_may_do_what_was_decided(town: Town, database: Database) -> None:
    """`tests/roles.json` is the decision: a change of it is read line by line."""
    before = count_rows(database)
    found = town.words()
    if os.environ.get("ROLES") == "keep":
        keep(found)
    kept = read_kept()
    rows: Table = {row: {} for row in kept}
    differ = [
        f"{row}: {caller} was `{kept.get(row, {}).get(caller)}`, is `{words.get(caller)}`"
        for row, words in (rows | found).items()
        for caller in CALLERS
        if kept.get(row, {}).get(caller) != words.get(caller)
    ]
    assert not differ, "\n".join([MEANT, *differ])
    after = count_rows(database)
    changed = {name for name, rows in after.items() if rows != before[name]}
    assert changed <= TRACES, "what is asked here is not done"


# The sentences of the table


def callers_of(kept: Table, row: str, word: str = "yes") -> set[str]:
    return {caller for caller, found in kept[row].items() if found == word}


def test_a_row_is_there_for_every_operation_and_no_other(kept: Table) -> None:
    assert kept.keys() == {title(operation) for operation in operations()}


def test_whoever_is_not_known_is_asked_who_they_are(kept: Table) -> None:
    """An expired session, a revoked token, a suspended account are worth what nothing is."""
    strangers = ("anybody", "expired session", "revoked token", "suspended account", "recipient")
    for row, words in kept.items():
        assert len({words[stranger] for stranger in strangers}) == 1, row
        assert words["anybody"] in {"who", "yes"}, row
        assert words["anybody"] == "who" or len(set(words.values())) == 1, f"{row} is open to all"


def test_a_witness_opens_their_own_door_and_an_account_never_does(kept: Table) -> None:
    for row, words in kept.items():
        if words["anybody"] == "who":
            is_theirs = row.partition(" ")[2].startswith(("/receipt", "/receipt-sessions"))
            assert (words["witness"] == "yes") is is_theirs, row
            assert (words["animator at home"] == "who") is is_theirs, row


def test_a_witness_says_nothing_of_anothers_words(kept: Table) -> None:
    row = kept["PUT /receipt/approvals/{release_item_id}"]
    assert (row["witness"], row["another witness"]) == ("yes", "unseen")


def test_only_the_custodian_reads_the_audit_log(kept: Table) -> None:
    custodians = {"custodian", "custodian on a case"}
    assert callers_of(kept, "GET /audit-events") == custodians
    assert callers_of(kept, "GET /audit-events/verification") == custodians | {"administrator"}


def test_only_the_evaluator_and_the_custodian_export(kept: Table) -> None:
    files = ("{format}", "codebook.qdc", "project.qdpx", "evaluation-pack.zip")
    exports = [row for row in kept if row.startswith("GET /exports/") and row.endswith(files)]
    assert len(exports) == 13
    for row in exports:
        assert callers_of(kept, row) == {"evaluator", "custodian", "custodian on a case"}


def test_only_who_heard_a_witness_and_the_custodian_learn_who_they_are(kept: Table) -> None:
    may = {"animator at home", "filming partner", "custodian", "custodian on a case"}
    assert callers_of(kept, "POST /witnesses/{witness_id}/disclosures") == may


# Lists of what is one's own, and deeds on what one's own organization alone has, or did oneself.
NOT_THE_PARTNERS = ("/groups", "/members", "/protocols")
BY_ONESELF = {
    *("DELETE /api-tokens/{token_id}", "DELETE /testimonies/{testimony_id}"),
    *(f"{method} /uploads/{{upload_id}}" for method in ("HEAD", "PATCH", "DELETE", "POST")),
}


def test_who_films_elsewhere_sees_as_at_home(kept: Table) -> None:
    for row, words in kept.items():
        is_shared = not row.partition(" ")[2].startswith(NOT_THE_PARTNERS)
        if is_shared and row not in BY_ONESELF:
            assert words["filming partner"] == words["animator at home"], row


def test_who_films_elsewhere_reads_the_same(town: Town) -> None:
    """But for the originals, which are of who deposited them."""
    for name in ("workshop", "witness", "testimony", "excerpt", "media"):
        path = {"witness": "witnesses", "testimony": "testimonies", "media": "media"}
        url = f"{API}/{path.get(name, name + 's')}/{town.ids[name + '_id']}"
        told = [
            town.world.anybody.get(url, headers=town.headers[caller])
            for caller in ("animator at home", "filming partner")
        ]
        assert [answer.status_code for answer in told] == [200, 200], name
        assert told[0].json().keys() == told[1].json().keys()
        assert told[0].json()["id"] == told[1].json()["id"]


def read_by(town: Town, caller: str) -> Iterator[tuple[str, str]]:
    """Every address that is read without a recipient's link, and what this caller is told there."""
    for url in addresses(town.world):
        if town.world.token not in url:
            client = town.world.anybody
            client.cookies.clear()
            yield url, client.get(url, headers=town.headers[caller]).text


def test_the_administrator_reads_no_content(town: Town) -> None:
    asked = 0
    for url, told in read_by(town, "administrator"):
        asked += 1
        assert CANARY not in told, url
        assert NOISE not in told, url
    assert asked > 50


WORDS_OF_PEOPLE = ("/testimonies", "/excerpts", "/media", "/bundles", "/releases")


def test_the_custodian_reads_what_people_said_on_a_case_only(town: Town) -> None:
    """Exports apart, which are theirs too."""

    def content(caller: str) -> set[str]:
        return {
            url
            for url, told in read_by(town, caller)
            if url.removeprefix(API).startswith(WORDS_OF_PEOPLE) and CANARY in told
        }

    assert content("custodian") == set()
    assert content("custodian on a case") >= {
        f"{API}/testimonies/{town.ids['testimony_id']}",
        f"{API}/excerpts/{town.ids['excerpt_id']}",
        f"{API}/media/{town.ids['media_id']}",
        f"{API}/releases/{town.ids['release_id']}",
    }


def test_the_evaluator_reads_what_was_accepted_only(town: Town) -> None:
    world = town.world
    about = {"workshop": world.workshop, "captured_by": world.account.id}
    others = [
        world.make.testimony(state=state, witnesses=[world.other], **about)
        for state in (State.DRAFT, State.SUBMITTED, State.RETURNED)
    ]
    excerpts = [world.make.excerpt(testimony) for testimony in others]
    listed = world.evaluator.get(f"{API}/testimonies").json()["items"]
    assert {item["id"] for item in listed} == {str(world.testimony.id), str(world.kept.id)}
    assert {item["state"] for item in listed} == {"accepted"}
    for testimony in others:
        assert world.evaluator.get(f"{API}/testimonies/{testimony.id}").status_code == 404
    listed = world.evaluator.get(f"{API}/excerpts").json()["items"]
    assert {item["id"] for item in listed} == {str(excerpt.id) for excerpt in world.excerpts}
    for excerpt in excerpts:
        assert world.evaluator.get(f"{API}/excerpts/{excerpt.id}").status_code == 404


def test_the_editor_reads_all_that_was_submitted_and_no_draft(town: Town) -> None:
    world = town.world
    states = {
        state: world.make.testimony(state=state, workshop=world.workshop)
        for state in (State.DRAFT, State.SUBMITTED)
    }
    found = {
        state: world.editor.get(f"{API}/testimonies/{testimony.id}").status_code
        for state, testimony in states.items()
    }
    assert found == {State.DRAFT: 404, State.SUBMITTED: 200}


def test_the_editor_learns_no_identity_and_gets_streams_only(town: Town) -> None:
    assert _original(town, "editor") == 404
    media = town.world.editor.get(f"{API}/media/{town.ids['media_id']}").json()
    names = {file["name"] for file in media["renditions"]}
    assert "web.mp4" in names
    assert "original" not in names
    here = f"{API}/witnesses/{town.ids['witness_id']}"
    headers = town.headers["editor"]
    asked = {"reason": "Par curiosité"}
    client = town.world.anybody
    assert client.post(f"{here}/disclosures", json=asked, headers=headers).status_code == 403
    told = (
        client.get(here, headers=headers).text
        + client.get(f"{here}/guardians", headers=headers).text
    )
    assert "Awa" not in told


def test_the_proof_of_consent_is_told_to_who_noted_it_and_the_custodian(town: Town) -> None:
    """Editors and evaluators are told what it comes to."""
    url = f"{API}/witnesses/{town.ids['witness_id']}/consents"
    proof = {}
    for caller in ("animator at home", "filming partner", "custodian", "editor", "evaluator"):
        told = town.world.anybody.get(url, headers=town.headers[caller]).json()
        proof[caller] = bool(told["events"])
        assert told["effective"], caller
    assert proof == {
        "animator at home": True,
        "filming partner": True,
        "custodian": True,
        "editor": False,
        "evaluator": False,
    }


def _original(town: Town, caller: str) -> int:
    url = f"{API}/media/{town.ids['media_id']}/renditions/original"
    return town.world.anybody.get(url, headers=town.headers[caller]).status_code


def test_originals_are_the_custodians_on_a_case_once_they_were_moderated(town: Town) -> None:
    may = {caller for caller in CALLERS if _original(town, caller) == 200}
    assert may == {"custodian on a case"}


# What is not seen


def bare(answer: httpx2.Response) -> tuple[int, dict[str, str], Any]:
    """An answer, without what is new in each."""
    new = {"x-request-id", "date", "content-length"}
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in new}
    is_json = answer.content and "json" in headers["content-type"]  # HEAD tells of what it lacks
    body = answer.json() | {"request_id": ""} if is_json else answer.text
    return answer.status_code, headers, body


def told_apart(town: Town, caller: str, others: dict[str, Any]) -> tuple[list[str], int]:
    """The operations which answer otherwise for these ids than for random ones; how many asked."""
    apart, asked = [], 0
    for operation in operations():
        ids = {name: others[name] for name in operation.in_path if name in others}
        if not ids or (operation.is_public and caller != "anybody"):
            continue
        asked += 1
        there = town.ask(operation, caller, town.url(operation, **ids))
        nowhere = town.ask(
            operation, caller, town.url(operation, **{name: uuid4() for name in ids})
        )
        if bare(there) != bare(nowhere):
            apart.append(f"{title(operation)}: {there.text} is not {nowhere.text}")
    return apart, asked


def somebodys(town: Town) -> dict[str, Any]:
    """The ids of what belongs to somebody."""
    elsewhere = NOBODYS | {"item_id", "release_item_id"}
    return {
        name: value
        for name, value in town.ids.items()
        if name.endswith("_id") and name not in elsewhere
    }


def test_another_eric_is_told_nothing_of_what_there_is(town: Town) -> None:
    """The same bytes for what is somebody's as for what there is not."""
    apart, asked = told_apart(town, "animator elsewhere", somebodys(town))
    assert not apart, "\n".join(apart)
    assert asked > 50


def test_nor_is_who_films_another_workshop_of_the_same_eric(
    town: Town, make: Make, client_for: ClientFor
) -> None:
    account = make.account(role=Role.ANIMATOR)
    make.workshop(
        organization=town.world.account.organization,
        partner_organization_id=account.organization_id,
    )
    town.headers["filming partner"] = {"Authorization": f"Bearer {make.session(account)}"}
    apart, asked = told_apart(town, "filming partner", somebodys(town))
    assert not apart, "\n".join(apart)
    assert asked > 50


def test_nor_is_another_witness(town: Town) -> None:
    use = {"release_item_id": town.ids["release_item_id"]}
    apart, asked = told_apart(town, "another witness", use)
    assert (apart, asked) == ([], 1)


def test_nor_is_who_holds_a_signature_or_a_pass_of_another_release(town: Town) -> None:
    """One release's do not open another, and do not say whether there is one."""
    world = town.world
    other = _another_release(town)
    assert other != town.ids["release_id"]
    ids = {"release_id": other, "item_id": town.ids["item_id"]}
    apart, asked = told_apart(town, "anybody", {"release_id": other})
    assert not apart, "\n".join(apart)
    assert asked >= 5
    apart, _ = told_apart(town, "anybody", ids)
    assert not apart, "\n".join(apart)
    reader = world.anybody
    reader.cookies.clear()
    assert reader.post(f"/r/{world.token}").status_code == 200
    told = [reader.get(f"/dossiers/{release_id}") for release_id in (other, uuid4())]
    assert [answer.status_code for answer in told] == [403, 403]
    assert bare(told[0]) == bare(told[1])
    posted = [
        reader.post(f"/dossiers/{release_id}/accuse-de-reception")
        for release_id in (other, uuid4())
    ]
    assert [answer.status_code for answer in posted] == [403, 403]
    assert bare(posted[0]) == bare(posted[1])


def _another_release(town: Town) -> str:
    """Of the same words, in a bundle of its own."""
    editor = town.world.editor
    bundle = editor.get(f"{API}/bundles/{town.ids['bundle_id']}").json()
    asked = {name: bundle[name] for name in ("scheme_id", "audience", "form")}
    item = {"excerpt_id": str(town.world.excerpts[1].id)}
    sections = [{"title": "Un autre", "items": [item]}]
    made = editor.post(f"{API}/bundles", json=asked | {"title": "Un autre", "sections": sections})
    assert made.status_code == 201, made.text
    here = f"{API}/bundles/{made.json()['id']}"
    assert editor.put(f"{here}/readiness").status_code == 204
    return str(editor.post(f"{here}/releases").json()["id"])


# What nobody may say


OURS = {
    "owner_organization_id": str(uuid4()),
    "partner_organization_id": str(uuid4()),
    "state": "accepted",
    "captured_by": str(uuid4()),
    "id": str(uuid4()),
    "version": 7,
    "role": "administrator",
    "withdrawn_at": "2026-01-05T10:00:00Z",
    "number": 1,
}


@pytest.mark.once
def test_what_is_ours_to_say_is_refused_in_every_body(town: Town, database: Database) -> None:
    """Mass assignment: whoever asks, at every depth of the body."""
    before, wrong, tried = count_rows(database), [], 0
    for operation in operations():
        if not operation.body:
            continue
        for body in _bodies_with_more(operation):
            tried += 1
            for caller in ("administrator", "animator at home", "witness"):
                refused = _refused(town, operation, caller, body)
                if not refused:
                    wrong.append(f"{title(operation)}: {caller} may say {body}")
    assert not wrong, "\n".join(wrong)
    assert tried > 300
    assert count_rows(database) == before


def _bodies_with_more(operation: Operation) -> Iterator[Any]:
    """Bodies with one member that their schema does not have."""
    schema = operation.body or {}
    for whole in (False, True):
        body = example(schema, whole)
        for path, found in fields(schema, body):
            here = reduce(getitem, path, body)
            known = found.get("properties")
            if known is None or (whole and not path):
                continue
            for name in OURS.keys() - known.keys():
                yield put(body, path, here | {name: OURS[name]})


def _refused(town: Town, operation: Operation, caller: str, body: Any) -> bool:
    url = town.url(operation)
    client: TestClient = town.world.anybody
    answer = client.request(operation.method.upper(), url, json=body, headers=town.headers[caller])
    codes = {error["code"] for error in answer.json().get("errors", [])}
    return answer.status_code == 422 and "extra_forbidden" in codes
