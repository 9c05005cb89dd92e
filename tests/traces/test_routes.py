"""From what was said to what was decided, and back: what one may see, and nothing else."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from app.accounts.permissions import Role
from app.core.db import Database
from app.reactions.models import Commitment
from app.testimonies.models import Testimony
from app.traces import chain as chains
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from tests.conftest import ClientFor
from tests.make import Make
from tests.plans import asked
from tests.traces.conftest import API, Chain, ids, links, traced

TO_TEAM = Cell(Medium.ANONYMOUS_TEXT, "team", "note", Purpose.EVALUATION)
REJECTION = {"verdict": "reject", "reason_code": "too_vague"}


def kinds(graph: dict[str, Any]) -> list[str]:
    return sorted(node["kind"] for node in graph["nodes"])


# Both ways


def test_what_became_of_words_is_told_to_the_end(as_editor: TestClient, chain: Chain) -> None:
    said, excerpt = str(chain.excerpt.testimony_id), str(chain.excerpt.id)
    bundle, release = chain.dossier.bundle_id, chain.dossier.release_id
    proposition = str(chain.proposition.id)
    found = traced(as_editor, "testimony", said)
    assert found["complete"] is True
    assert found["came_from"] == {"nodes": [], "links": []}
    assert links(found["became"]) == {
        (said, str(chain.decision.id)),
        (said, excerpt),
        (excerpt, bundle),
        (excerpt, release),
        (bundle, release),
        (release, chain.delivery_id),
        (chain.delivery_id, chain.reaction_id),
        (excerpt, proposition),
        (proposition, chain.step_id),
    }
    told = {id_ for link in links(found["became"]) for id_ in link}
    assert ids(found["became"]) == told - {said}, "nothing that no link leads to"


def test_each_thing_is_told_with_its_label_state_and_day(
    as_editor: TestClient, make: Make, chain: Chain
) -> None:
    answered = {"commitment": Commitment.MADE, "text": "Je paie les deux heures."}
    made = make.reaction(chain.delivery_id, **answered)
    nodes = traced(as_editor, "testimony", chain.excerpt.testimony_id)["became"]["nodes"]
    told = {node["id"]: (node["kind"], node["label"], node["state"]) for node in nodes}
    title = "Ce qu'on fait : <b>quand ça coince</b>"
    step, proposition = chain.step_id, str(chain.proposition.id)
    assert told[str(chain.excerpt.id)] == ("excerpt", chain.excerpt.exact, "valid")
    assert told[str(chain.decision.id)] == ("decision", None, "accept")
    assert told[chain.dossier.bundle_id] == ("bundle", title, "published")
    assert told[chain.dossier.release_id] == ("release", f"{title} (n° 1)", "published")
    assert told[chain.delivery_id] == ("delivery", "Madame l'Élue (démo)", "given")
    assert told[str(made.id)] == ("reaction", "made", "waiting")
    assert told[proposition] == ("proposition", chain.proposition.title, "refused")
    assert told[step] == ("step", "Trop cher cette année.", "refused")
    assert next(node["on"] for node in nodes if node["id"] == step) == "2013-06-03"
    assert "Je paie" not in str(nodes), "who moderates answers reads them where they are"


def test_what_a_decision_rests_on_is_told_to_the_beginning(
    as_editor: TestClient, chain: Chain
) -> None:
    said, excerpt = str(chain.excerpt.testimony_id), str(chain.excerpt.id)
    proposition = str(chain.proposition.id)
    found = traced(as_editor, "step", chain.step_id)
    assert (found["subject"]["label"], found["subject"]["state"]) == (
        "Trop cher cette année.",
        "refused",
    )
    assert found["became"] == {"nodes": [], "links": []}
    assert [node["kind"] for node in found["came_from"]["nodes"]] == [
        "proposition",
        "excerpt",
        "testimony",
    ], "the nearest first"
    assert links(found["came_from"]) == {
        (proposition, chain.step_id),
        (excerpt, proposition),
        (said, excerpt),
    }
    found = traced(as_editor, "decision", chain.decision.id)
    assert ids(found["came_from"]) == {said}


def test_an_answer_leads_back_to_all_the_words_that_were_given(
    as_editor: TestClient, chain: Chain
) -> None:
    found = traced(as_editor, "reaction", chain.reaction_id)["came_from"]
    assert ids(found, "excerpt") == {str(chain.excerpt.id), str(chain.other.id)}
    assert ids(found, "testimony") == {
        str(chain.excerpt.testimony_id),
        str(chain.other.testimony_id),
    }
    assert kinds(found) == ["bundle", "delivery", *["excerpt"] * 2, "release", *["testimony"] * 2]
    assert (chain.dossier.bundle_id, chain.dossier.release_id) in links(found)


def test_an_answer_to_one_passage_is_of_that_passage_alone(
    as_editor: TestClient, chain: Chain
) -> None:
    came_from = traced(as_editor, "reaction", chain.reaction_to_other_id)["came_from"]
    assert ids(came_from, "excerpt") == {str(chain.other.id)}
    for kind, mine, other in (
        ("excerpt", chain.excerpt.id, chain.other.id),
        ("testimony", chain.excerpt.testimony_id, chain.other.testimony_id),
    ):
        assert ids(traced(as_editor, kind, mine)["became"], "reaction") == {chain.reaction_id}
        both = {chain.reaction_id, chain.reaction_to_other_id}
        assert ids(traced(as_editor, kind, other)["became"], "reaction") == both


def test_in_the_middle_it_is_told_both_ways(as_editor: TestClient, chain: Chain) -> None:
    found = traced(as_editor, "release", chain.dossier.release_id)
    assert kinds(found["came_from"]) == ["bundle", *["excerpt"] * 2, *["testimony"] * 2]
    assert ids(found["became"]) == {
        chain.delivery_id,
        chain.reaction_id,
        chain.reaction_to_other_id,
    }
    found = traced(as_editor, "bundle", chain.dossier.bundle_id)
    assert kinds(found["came_from"]) == [*["excerpt"] * 2, *["testimony"] * 2]
    assert kinds(found["became"]) == ["delivery", *["reaction"] * 2, "release"]
    found = traced(as_editor, "delivery", chain.delivery_id)
    assert kinds(found["became"]) == ["reaction", "reaction"]


def test_words_chosen_since_are_not_in_what_was_published_before(
    as_editor: TestClient, make: Make, chain: Chain
) -> None:
    late = make.excerpt(make.testimony())
    sections = [{"title": "Plus tard", "items": [{"excerpt_id": str(late.id)}]}]
    url = f"{API}/bundles/{chain.dossier.bundle_id}"
    bundle = as_editor.get(url).json()
    names = ("scheme_id", "title", "audience", "form", "purpose", "introduction")
    changed = {name: bundle[name] for name in names} | {"sections": sections}
    assert as_editor.put(url, json=changed).status_code == 200
    became = traced(as_editor, "excerpt", late.id)["became"]
    assert ids(became) == {chain.dossier.bundle_id}
    published = traced(as_editor, "delivery", chain.delivery_id)["came_from"]
    assert ids(published, "excerpt") == {str(chain.excerpt.id), str(chain.other.id)}


# Who


def test_an_evaluator_follows_what_was_accepted_and_no_more(
    as_evaluator: TestClient, as_editor: TestClient, chain: Chain
) -> None:
    before = traced(as_evaluator, "reaction", chain.reaction_id)["came_from"]
    assert before == traced(as_editor, "reaction", chain.reaction_id)["came_from"]
    url = f"{API}/testimonies/{chain.excerpt.testimony_id}/decisions"
    assert as_editor.post(url, json=REJECTION).status_code == 201
    after = traced(as_evaluator, "reaction", chain.reaction_id)["came_from"]
    assert ids(after, "excerpt") == {str(chain.other.id)}
    assert ids(before) - ids(after) == {str(chain.excerpt.id), str(chain.excerpt.testimony_id)}
    told = {id_ for link in links(after) for id_ in link}
    assert not told & {str(chain.excerpt.id), str(chain.excerpt.testimony_id)}
    for kind, id_ in (("excerpt", chain.excerpt.id), ("decision", chain.decision.id)):
        assert as_evaluator.get(f"{API}/traces/{kind}/{id_}").status_code == 404
        assert as_editor.get(f"{API}/traces/{kind}/{id_}").status_code == 200


def test_who_heard_the_words_follows_them_as_far_as_they_may_read(
    make: Make, client_for: ClientFor, as_animator: TestClient, chain: Chain
) -> None:
    home = make.account_in(chain.excerpt.owner_organization_id)
    found = traced(client_for(home), "testimony", chain.excerpt.testimony_id)
    assert kinds(found["became"]) == ["decision", "excerpt"]
    assert ids(found["became"]) == {str(chain.decision.id), str(chain.excerpt.id)}
    here = f"{API}/traces/testimony/{chain.excerpt.testimony_id}"
    assert as_animator.get(here).status_code == 404, "another organization's"


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CUSTODIAN, Role.ANIMATOR])
def test_who_sees_nothing_of_it_is_told_nothing(
    make: Make, client_for: ClientFor, chain: Chain, role: Role
) -> None:
    somebody = client_for(make.account(role=role))
    for kind, id_ in everything(chain).items():
        assert somebody.get(f"{API}/traces/{kind}/{id_}").status_code == 404, kind


def test_a_custodian_on_a_case_follows_it(as_custodian: TestClient, chain: Chain) -> None:
    for kind, id_ in everything(chain).items():
        on_case = as_custodian.get(f"{API}/traces/{kind}/{id_}", headers={"X-Reason": "Plainte"})
        assert on_case.status_code == 200, kind


@pytest.mark.parametrize("what", ["nothing", "witness", "testimonies", "account"])
def test_there_is_no_other_kind(as_editor: TestClient, chain: Chain, what: str) -> None:
    here = f"{API}/traces/{what}/{chain.excerpt.testimony_id}"
    assert as_editor.get(here).status_code == 404


def test_what_is_not_there_is_not_told(as_editor: TestClient, chain: Chain) -> None:
    for kind in everything(chain):
        assert as_editor.get(f"{API}/traces/{kind}/{uuid4()}").status_code == 404
        assert as_editor.get(f"{API}/traces/{kind}/1").status_code == 404
    crossed = f"{API}/traces/excerpt/{chain.excerpt.testimony_id}"
    assert as_editor.get(crossed).status_code == 404


def everything(chain: Chain) -> dict[str, object]:
    """One of each kind."""
    return {
        "testimony": chain.excerpt.testimony_id,
        "decision": chain.decision.id,
        "excerpt": chain.excerpt.id,
        "bundle": chain.dossier.bundle_id,
        "release": chain.dossier.release_id,
        "delivery": chain.delivery_id,
        "reaction": chain.reaction_id,
        "proposition": chain.proposition.id,
        "step": chain.step_id,
    }


# Words taken back


@pytest.mark.parametrize("how", ["refusal", "withdrawal"])
def test_words_taken_back_leave_nothing_of_the_chain(
    as_editor: TestClient, as_custodian: TestClient, make: Make, chain: Chain, how: str
) -> None:
    speaker = chain.dossier.witnesses[0]
    theirs = {str(chain.excerpt.id), str(chain.excerpt.testimony_id), str(chain.decision.id)}
    assert theirs & ids(traced(as_editor, "step", chain.step_id)["came_from"])
    if how == "refusal":
        make.consent(speaker, TO_TEAM, verb=Verb.REFUSE)
    else:
        asked = {"witness_id": str(speaker.id), "all": True}
        assert as_custodian.post(f"{API}/withdrawals", json=asked).status_code == 201
    for kind in ("testimony", "excerpt", "decision"):
        here = f"{API}/traces/{kind}/{everything(chain)[kind]}"
        assert as_editor.get(here).status_code == 404, kind
    for kind in ("bundle", "release", "delivery", "reaction", "proposition", "step"):
        answer = as_editor.get(f"{API}/traces/{kind}/{everything(chain)[kind]}")
        assert answer.status_code == 200, kind
        assert not [id_ for id_ in theirs if id_ in answer.text], kind
        assert (chain.excerpt.exact or "") not in answer.text
    kept = traced(as_editor, "delivery", chain.delivery_id)["came_from"]
    assert ids(kept, "excerpt") == {str(chain.other.id)}


# How much, and at which cost


def test_it_is_bounded_and_says_so(
    as_editor: TestClient, make: Make, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "MOST", 3)
    found = traced(as_editor, "testimony", chain.excerpt.testimony_id)
    assert found["complete"] is False
    assert len(found["became"]["nodes"]) == 3
    told = ids(found["became"]) | {str(chain.excerpt.testimony_id)}
    assert all(id_ in told for link in links(found["became"]) for id_ in link)
    monkeypatch.setattr(chains, "MOST", 500)
    monkeypatch.setattr(chains, "LINKS", 1)
    assert traced(as_editor, "release", chain.dossier.release_id)["complete"] is False
    monkeypatch.undo()
    assert traced(as_editor, "testimony", chain.excerpt.testimony_id)["complete"] is True


def test_it_costs_as_much_for_many_as_for_one(
    as_editor: TestClient, make: Make, chain: Chain, database: Database
) -> None:
    with database.read() as db:
        testimony = db.get_one(Testimony, chain.excerpt.testimony_id)
    here = f"{API}/traces/testimony/{testimony.id}"
    before = statements(database, as_editor, here)  # of every level
    for _ in range(30):
        make.decision(testimony)
        excerpt = make.excerpt(testimony)
        make.proposition(excerpt)
        make.reaction(chain.delivery_id)
    assert len(as_editor.get(here).json()["became"]["nodes"]) > 120
    assert statements(database, as_editor, here) == before <= 25


def statements(database: Database, client: TestClient, url: str) -> int:
    """How many it takes to answer."""
    with asked(database) as queries:
        assert client.get(url).status_code == 200
    return len(queries)
