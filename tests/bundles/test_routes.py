"""What composing a bundle promises."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.bundles.models import Bundle
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt
from app.testimonies.models import Nature, State
from tests.bundles.conftest import OFFICIALS, URL
from tests.make import Make

Composed = Callable[..., dict[str, Any]]
Consented = Callable[..., Excerpt]
PRACTICE = {"actor": "le tuteur", "action": "montre la caisse", "occasion": "le vendredi"}


def test_an_editor_composes_one_and_an_evaluator_reads_it(
    as_editor: TestClient, as_evaluator: TestClient, composed: Composed, consented: Consented
) -> None:
    excerpt = consented()
    bundle = composed(excerpt)
    [item] = bundle["sections"][0]["items"]
    assert (item["excerpt_id"], item["show_as"]) == (str(excerpt.id), "text")
    assert bundle["state"] == "draft"
    for reader in (as_editor, as_evaluator):
        found = reader.get(f"{URL}/{bundle['id']}")
        assert found.json() == bundle
        [listed] = reader.get(URL).json()["items"]
        assert listed.items() <= bundle.items()


@pytest.mark.parametrize("who", ["as_animator", "as_custodian", "as_administrator"])
def test_others_do_not_see_it(
    request: pytest.FixtureRequest, who: str, composed: Composed, consented: Consented
) -> None:
    client = request.getfixturevalue(who)
    bundle = composed(consented())
    assert client.get(URL).json()["items"] == []
    for path in ("", "/balance", "/checks", "/releases"):
        assert client.get(f"{URL}/{bundle['id']}{path}").status_code == 404


def test_an_evaluator_does_not_compose(
    as_evaluator: TestClient, composed: Composed, payload_of: Composed, consented: Consented
) -> None:
    assert as_evaluator.post(URL, json=payload_of()).status_code == 403
    bundle = composed(consented())
    assert as_evaluator.put(f"{URL}/{bundle['id']}/readiness").status_code == 403
    assert as_evaluator.post(f"{URL}/{bundle['id']}/releases").status_code == 403


def test_items_keep_their_id_when_it_is_composed_again(
    as_editor: TestClient, composed: Composed, payload_of: Composed, consented: Consented
) -> None:
    bundle = composed(consented(), consented())
    first, second = bundle["sections"][0]["items"]
    again = payload_of(second, {"text": "Entre les deux"}, first)
    changed = as_editor.put(f"{URL}/{bundle['id']}", json=again)
    assert changed.status_code == 200
    ids = [item["id"] for item in changed.json()["sections"][0]["items"]]
    assert (ids[0], ids[2]) == (second["id"], first["id"])
    assert changed.json()["version"] == 2


def test_an_item_takes_no_id_of_another_bundle_nor_one_twice(
    as_editor: TestClient, composed: Composed, payload_of: Composed, consented: Consented
) -> None:
    mine, other = composed(consented()), composed(consented())
    [item] = mine["sections"][0]["items"]
    [foreign] = other["sections"][0]["items"]
    for items in ([foreign], [item, item], [{**item, "id": str(uuid4())}]):
        answer = as_editor.put(f"{URL}/{mine['id']}", json=payload_of(*items))
        assert answer.status_code == 422, items
        assert answer.json()["errors"][0]["pointer"].endswith("/id")


def test_what_an_editor_does_not_see_is_not_chosen(
    as_editor: TestClient, make: Make, payload_of: Composed
) -> None:
    draft = make.testimony(state=State.DRAFT)
    elsewhere = make.testimony(workshop=make.workshop(scheme_id=make.scheme().id))
    for index, testimony in enumerate((draft, elsewhere)):
        items = [{"text": "…"}] * index + [{"testimony_id": str(testimony.id)}]
        answer = as_editor.post(URL, json=payload_of(*items))
        assert answer.status_code == 422
        pointer = f"#/sections/0/items/{index}/testimony_id"
        assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"text": "à moi", "testimony_id": str(uuid4())},
        {"text": "à moi", "show_as": "video"},
        {"text": "à moi", "unknown": 1},
    ],
)
def test_an_item_has_one_source(
    as_editor: TestClient, payload_of: Composed, item: dict[str, Any]
) -> None:
    assert as_editor.post(URL, json=payload_of(item)).status_code == 422


def test_a_text_is_not_shown_as_a_video(
    as_editor: TestClient, payload_of: Composed, consented: Consented
) -> None:
    item = {"excerpt_id": str(consented().id), "show_as": "video"}
    answer = as_editor.post(URL, json=payload_of(item))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/sections/0/items/0/show_as"


def test_more_than_200_items_are_refused(as_editor: TestClient, payload_of: Composed) -> None:
    items = [{"text": "à moi"}] * 150
    section = {"title": "Encore", "items": items}
    too_many = payload_of(*items) | {"sections": [section, section]}
    assert as_editor.post(URL, json=too_many).status_code == 422


def test_changing_it_makes_it_a_draft_again(
    as_editor: TestClient, composed: Composed, payload_of: Composed, consented: Consented
) -> None:
    bundle = composed(consented())
    url = f"{URL}/{bundle['id']}"
    for _ in range(2):
        assert as_editor.put(f"{url}/readiness").status_code == 204
    assert as_editor.get(url).json()["state"] == "ready"
    as_editor.put(url, json=payload_of({"text": "à moi"}))
    assert as_editor.get(url).json()["state"] == "draft"
    for _ in range(2):
        assert as_editor.delete(f"{url}/readiness").status_code == 204


def test_once_closed_it_is_not_changed(
    as_editor: TestClient, composed: Composed, payload_of: Composed, consented: Consented
) -> None:
    bundle = composed(consented())
    url = f"{URL}/{bundle['id']}"
    for _ in range(2):
        assert as_editor.put(f"{url}/closure").status_code == 204
    assert as_editor.get(url).json()["state"] == "closed"
    refused = as_editor.put(url, json=payload_of({"text": "à moi"}))
    assert refused.json()["type"] == "/problems/wrong-state"
    assert as_editor.put(f"{url}/readiness").status_code == 409
    assert as_editor.delete(f"{url}/closure").status_code == 204
    assert as_editor.get(url).json()["state"] == "draft"


# Martyr


def test_a_draft_is_offered_to_be_taken_apart_and_is_one_again(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    url = f"{URL}/{composed(consented())['id']}"
    for _ in range(2):
        assert as_editor.put(f"{url}/martyr").status_code == 204
    told = as_editor.get(url).json()
    assert (told["state"], bool(told["martyr_at"])) == ("martyr", True)
    [listed] = as_editor.get(URL).json()["items"]
    assert listed["state"] == "martyr"
    refused = as_editor.post(f"{url}/releases")
    assert (refused.status_code, refused.json()["state"]) == (409, "martyr")
    for _ in range(2):
        assert as_editor.delete(f"{url}/martyr").status_code == 204
    told = as_editor.get(url).json()
    assert (told["state"], told["martyr_at"]) == ("draft", None)


def test_it_stays_one_when_it_is_composed_again_and_no_longer_once_ready(
    as_editor: TestClient, composed: Composed, payload_of: Composed, consented: Consented
) -> None:
    url = f"{URL}/{composed(consented())['id']}"
    as_editor.put(f"{url}/martyr")
    changed = as_editor.put(url, json=payload_of({"text": "à moi"}))
    assert changed.json()["state"] == "martyr"
    assert as_editor.put(f"{url}/readiness").status_code == 204
    assert as_editor.get(url).json()["martyr_at"] is None
    refused = as_editor.put(f"{url}/martyr")
    assert (refused.status_code, refused.json()["state"]) == (409, "ready")
    assert as_editor.delete(f"{url}/martyr").status_code == 204, "it is none already"
    assert as_editor.get(url).json()["state"] == "ready"
    as_editor.delete(f"{url}/readiness")
    assert as_editor.put(f"{url}/martyr").status_code == 204


def test_neither_a_published_nor_a_closed_one_is_offered(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    url = f"{URL}/{composed(consented())['id']}"
    as_editor.put(f"{url}/readiness")
    assert as_editor.post(f"{url}/releases").status_code == 201
    assert as_editor.put(f"{url}/martyr").json()["state"] == "published"
    as_editor.put(f"{url}/closure")
    for refused in (as_editor.put(f"{url}/martyr"), as_editor.delete(f"{url}/martyr")):
        assert (refused.status_code, refused.json()["state"]) == (409, "closed")


def test_a_martyr_that_is_closed_then_reopened_is_one_still(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    url = f"{URL}/{composed(consented())['id']}"
    as_editor.put(f"{url}/martyr")
    as_editor.put(f"{url}/closure")
    assert as_editor.get(url).json()["state"] == "closed"
    as_editor.delete(f"{url}/closure")
    assert as_editor.get(url).json()["state"] == "martyr"


def test_it_is_an_editor_who_offers_it(
    as_evaluator: TestClient, as_animator: TestClient, composed: Composed, consented: Consented
) -> None:
    url = f"{URL}/{composed(consented())['id']}/martyr"
    assert as_evaluator.put(url).status_code == 403
    assert as_evaluator.delete(url).status_code == 403
    assert as_animator.put(url).status_code == 404


def test_the_database_knows_who_offered_it_and_no_martyr_that_is_ready(
    make: Make, database: Database, composed: Composed, consented: Consented
) -> None:
    id_ = UUID(composed(consented())["id"])
    by_id = make.account().id
    both = {"martyr_at": now(), "martyr_by_id": by_id, "ready_at": now(), "ready_by_id": by_id}
    for facts in ({"martyr_at": now()}, {"martyr_by_id": by_id}, both):
        with pytest.raises(IntegrityError), database.write.begin() as db:
            db.execute(update(Bundle).where(Bundle.id == id_).values(**facts))


def test_it_is_deleted_with_its_items_but_not_an_excerpt_that_it_holds(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    excerpt = consented()
    bundle = composed(excerpt)
    held = as_editor.delete(f"/api/v1/excerpts/{excerpt.id}")
    assert held.json()["type"] == "/problems/conflict"
    assert as_editor.delete(f"{URL}/{bundle['id']}").status_code == 204
    assert as_editor.get(f"{URL}/{bundle['id']}").status_code == 404
    assert as_editor.delete(f"/api/v1/excerpts/{excerpt.id}").status_code == 204


# Balance


def test_its_balance_agrees_with_a_count_by_hand_beside_the_corpus(
    as_editor: TestClient, make: Make, composed: Composed, consented: Consented
) -> None:
    chosen = [
        consented(nature=Nature.PRACTICE, practice=PRACTICE),
        consented(nature=Nature.PRACTICE, practice=PRACTICE, role="employer"),
        consented(nature=Nature.PRACTICE, practice=PRACTICE),
        consented(nature=Nature.FEELING),
    ]
    consented(nature=Nature.IDEA)  # not chosen
    make.excerpt(make.testimony(state=State.REJECTED))  # of no corpus
    bundle = composed(*chosen)
    balance = as_editor.get(f"{URL}/{bundle['id']}/balance").json()
    assert balance["bundle"]["count"] == 4
    assert balance["bundle"]["nature"] == {"practice": 0.75, "feeling": 0.25}
    assert balance["bundle"]["role"] == {"tutor": 0.75, "employer": 0.25}
    assert balance["corpus"]["count"] == 5
    assert balance["corpus"]["nature"] == {"practice": 0.6, "feeling": 0.2, "idea": 0.2}
    assert balance["corpus"]["role"] == {"tutor": 0.8, "employer": 0.2}
    assert balance["corpus"]["method"] == {"written": 1.0}
    assert len(balance["bundle"]["workshop"]) == 4


def test_a_mixed_passage_is_its_own_share_and_no_half_practice(
    as_editor: TestClient,
    make: Make,
    payload_of: Callable[..., dict[str, Any]],
    consented: Consented,
) -> None:
    """A small world, counted by hand: see docs/nature.md.

    | passage of the bundle              | nature      | role     |
    |------------------------------------|-------------|----------|
    | « je note ce qu'on me montre »     | practice    | tutor    |
    | the same passage, shown again      | practice    | tutor    |
    | « je note, et ça me rassure »      | mixed       | employer |
    | « ça va »                          | feeling     | tutor    |
    | « c'est 35 heures »                | information | tutor    |
    | a whole testimony                  | idea        | tutor    |
    | a whole testimony, nobody said     | unknown     | tutor    |
    | a text of the editor's             | not counted |          |
    """
    noted = consented(nature=Nature.PRACTICE, practice=PRACTICE)
    chosen = [
        *(noted, noted),
        consented(nature=Nature.MIXED, role="employer"),
        consented(nature=Nature.FEELING),
        consented(nature=Nature.INFORMATION),
    ]
    items = [{"excerpt_id": str(excerpt.id)} for excerpt in chosen]
    for nature in (Nature.IDEA, None):
        whole = make.testimony(nature=nature)
        items.append({"testimony_id": str(whole.id)})
    items.append({"text": "Ce que nous en retenons."})
    bundle = as_editor.post(URL, json=payload_of(*items)).json()

    balance = as_editor.get(f"{URL}/{bundle['id']}/balance").json()
    assert balance["bundle"]["count"] == 7
    assert balance["bundle"]["nature"] == {
        "practice": 0.2857,  # 2 of 7
        **dict.fromkeys(("feeling", "idea", "information", "mixed", "unknown"), 0.1429),
    }
    assert balance["bundle"]["role"] == {"tutor": 0.8571, "employer": 0.1429}
    # Beside it, the excerpts that could have been chosen: each once, and no whole testimony.
    assert balance["corpus"]["count"] == 4
    assert balance["corpus"]["nature"] == dict.fromkeys(
        ("feeling", "information", "mixed", "practice"), 0.25
    )
    # The warning counts the same, says so, and refuses nothing.
    told = {finding["code"]: finding for finding in checks(as_editor, bundle)["warnings"]}
    assert told["few-practices"]["facts"]["share"] == 0.2857
    assert as_editor.put(f"{URL}/{bundle['id']}/readiness").status_code == 204


# Checks


def checks(client: TestClient, bundle: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = client.get(f"{URL}/{bundle['id']}/checks").json()
    return found


def test_a_missing_consent_blocks_item_by_item_and_says_which_cell(
    as_editor: TestClient, make: Make, composed: Composed, consented: Consented
) -> None:
    bundle = composed(consented(), make.excerpt(make.testimony()), consented())
    [blocker] = checks(as_editor, bundle)["blockers"]
    assert blocker["code"] == "consent-missing"
    assert blocker["item_id"] == bundle["sections"][0]["items"][1]["id"]
    assert blocker["facts"]["reason"] == "never-given"
    assert blocker["facts"]["cell"] == dict(
        zip(("medium", "audience", "form", "purpose"), OFFICIALS, strict=True)
    )


def test_an_empty_bundle_is_blocked(as_editor: TestClient, composed: Composed) -> None:
    assert [b["code"] for b in checks(as_editor, composed())["blockers"]] == ["empty-bundle"]


def test_too_few_practices_and_no_expectation_are_warnings(
    as_editor: TestClient, composed: Composed, consented: Consented
) -> None:
    bundle = composed(consented(nature=Nature.FEELING), introduction=None)
    found = checks(as_editor, bundle)
    assert found["blockers"] == []
    codes = {warning["code"] for warning in found["warnings"]}
    assert codes >= {"no-expectation", "few-practices", "no-introduction"}
    practical = composed(consented(nature=Nature.PRACTICE, practice=PRACTICE))
    codes = {warning["code"] for warning in checks(as_editor, practical)["warnings"]}
    assert "no-expectation" in codes
    assert not codes & {"few-practices", "no-introduction"}
