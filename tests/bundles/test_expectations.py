"""A bundle says what it answers, and is compared with what was asked for."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from app.bundles.models import Bundle
from app.core.db import Database
from app.core.settings import settings
from app.documents.cutlist import length_ms
from app.excerpts.models import Excerpt, SelectorType
from app.releases.snapshot import take
from tests.bundles.conftest import URL
from tests.make import Make

ABOUT = {"no-expectation", "other-audience", "form-differs", "form-not-preferred", "too-long"}

Composed = Callable[..., dict[str, Any]]
Consented = Callable[..., Excerpt]

DELIVERIES = "/api/v1/releases/{}/deliveries"


@pytest.fixture
def found(as_editor: TestClient) -> Callable[[dict[str, Any]], dict[str, dict[str, Any]]]:
    """What the checks warn of about what was asked for, by code."""

    def found(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
        told = as_editor.get(f"{URL}/{bundle['id']}/checks").json()
        return {w["code"]: w for w in told["warnings"] if w["code"] in ABOUT}

    return found


def test_it_lists_what_it_answers_in_order_and_once(
    as_editor: TestClient, make: Make, composed: Composed, consented: Consented
) -> None:
    second, first = (str(make.expectation().id) for _ in range(2))
    bundle = composed(consented(), expectation_ids=[first, second, first])
    other = composed(consented())
    assert (bundle["expectation_ids"], other["expectation_ids"]) == ([first, second], [])
    assert as_editor.get(f"{URL}/{bundle['id']}").json()["expectation_ids"] == [first, second]
    listed = {item["id"]: item["expectation_ids"] for item in as_editor.get(URL).json()["items"]}
    assert listed == {bundle["id"]: [first, second], other["id"]: []}
    for asked, ids in ((first, [bundle["id"]]), (str(uuid4()), [])):
        items = as_editor.get(URL, params={"expectation_id": asked}).json()["items"]
        assert [item["id"] for item in items] == ids
    assert as_editor.delete(f"{URL}/{bundle['id']}").status_code == 204
    assert as_editor.get(URL, params={"expectation_id": first}).json()["items"] == []


def test_an_expectation_of_nothing_or_of_another_scheme_is_refused(
    as_editor: TestClient, make: Make, payload_of: Composed, composed: Composed
) -> None:
    ours, bundle = str(make.expectation().id), composed()
    for wrong in (uuid4(), make.expectation(scheme_id=make.scheme().id).id):
        told = payload_of(expectation_ids=[ours, str(wrong)])
        for answer in (
            as_editor.post(URL, json=told),
            as_editor.put(f"{URL}/{bundle['id']}", json=told),
        ):
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == "#/expectation_ids/1"
    assert as_editor.get(f"{URL}/{bundle['id']}").json()["expectation_ids"] == []


def test_its_history_says_what_it_answered_and_brings_it_back(
    as_editor: TestClient, make: Make, composed: Composed, payload_of: Composed
) -> None:
    asked = str(make.expectation().id)
    bundle = composed(expectation_ids=[asked])
    url = f"{URL}/{bundle['id']}"
    changed = as_editor.put(url, json=payload_of()).json()
    assert (changed["expectation_ids"], changed["version"]) == ([], 2)
    [newest, first] = as_editor.get(f"{url}/history").json()["items"]
    assert [change["field"] for change in newest["changes"]] == ["expectation_ids"]
    whole = as_editor.get(f"{url}/history/{first['version']}").json()
    assert whole["content"]["expectation_ids"] == [asked]
    back = as_editor.put(f"{url}/restoration", json={"version": 1})
    assert back.json()["expectation_ids"] == [asked]


# Checks


def test_it_is_warned_of_what_nobody_asked_and_of_what_was_asked_in_vain(
    make: Make, composed: Composed, consented: Consented, found: Any
) -> None:
    bundle = composed(consented())
    warning = found(bundle)["no-expectation"]
    assert warning["facts"] == {"expectations": 0}
    assert warning["message"].startswith("Aucune attente n'a été recueillie auprès de ce public (")
    make.expectation(audience="services")
    make.expectation()
    warning = found(bundle)["no-expectation"]
    assert warning["facts"] == {"expectations": 1}
    assert warning["message"].startswith("Ce dossier ne répond à aucune attente")
    answering = composed(consented(), expectation_ids=[str(make.expectation().id)])
    assert found(answering) == {}


def test_by_a_setting_nothing_is_published_that_nobody_asked(
    as_editor: TestClient,
    make: Make,
    composed: Composed,
    consented: Consented,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings(), "expectation_required", True)
    unasked = composed(consented())
    answering = composed(consented(), expectation_ids=[str(make.expectation().id)])
    for bundle, status in ((unasked, 409), (answering, 201)):
        as_editor.put(f"{URL}/{bundle['id']}/readiness")
        answer = as_editor.post(f"{URL}/{bundle['id']}/releases")
        assert answer.status_code == status
    told = as_editor.get(f"{URL}/{unasked['id']}/checks").json()
    assert [blocker["code"] for blocker in told["blockers"]] == ["no-expectation"]
    assert "no-expectation" not in {warning["code"] for warning in told["warnings"]}


def test_another_audience_is_a_warning(
    make: Make, composed: Composed, consented: Consented, found: Any
) -> None:
    asked = make.expectation(audience="services")
    warnings = found(composed(consented(), expectation_ids=[str(asked.id)]))
    assert warnings.keys() == {"other-audience"}
    assert warnings["other-audience"]["facts"] == {"expectation_id": str(asked.id)}


def test_the_form_that_was_wanted_counts_before_those_that_are_preferred(
    make: Make, composed: Composed, consented: Consented, found: Any
) -> None:
    reader = make.decision_maker(title="Élue (démo)", preferred_forms=["note", "film"])
    easy = make.decision_maker()

    def warned(**given: Any) -> dict[str, Any]:
        asked = make.expectation(**given)
        warnings = found(composed(consented(), expectation_ids=[str(asked.id)]))
        return {code: warning["message"] for code, warning in warnings.items()}

    assert warned(decision_maker_id=reader.id, wanted_form="web_page") == {}
    assert warned(decision_maker_id=easy.id) == {}
    assert warned(wanted_form="film").keys() == {"form-differs"}
    assert warned(decision_maker_id=reader.id, wanted_form="film").keys() == {"form-differs"}
    preferred = warned(decision_maker_id=reader.id)
    assert preferred.keys() == {"form-not-preferred"}
    assert preferred["form-not-preferred"].startswith("Élue (démo) préfère : Note")


def test_of_a_film_its_cards_count_too(
    as_editor: TestClient, make: Make, payload_of: Composed, found: Any, database: Database
) -> None:
    """As long as the film will be, to what its snapshot says of who speaks."""
    media = make.media(duration_ms=60_000, files={"web.mp4": b"film"})
    recorded = make.testimony(media=[media])
    said = make.testimony(body=" ".join(["Le tuteur montrait chaque geste."] * 30))
    items = [
        {"testimony_id": str(recorded.id), "show_as": "video", "caption": "Une cour"},
        {"testimony_id": str(said.id)},
        {"text": "Ces deux-là se sont parlé."},
    ]
    asked = make.expectation(wanted_length_ms=60_000)
    told = payload_of(*items, expectation_ids=[str(asked.id)], form="film")
    bundle = as_editor.post(URL, json=told).json()
    warned = found(bundle)["too-long"]["facts"]["length_ms"]
    with database.read() as db:
        snapshot = take(db, db.get_one(Bundle, UUID(bundle["id"])))
    film = length_ms(snapshot.content)
    assert 120_000 < warned <= film < warned + 10_000
    told["form"] = "filmed_interview"
    assert found(as_editor.post(URL, json=told).json())["too-long"]["facts"]["length_ms"] == warned


def test_it_is_warned_of_what_plays_longer_than_was_wanted(
    as_editor: TestClient, make: Make, payload_of: Composed, found: Any
) -> None:
    """A passage of 20 s, a whole recording of a minute, and words, which take no time."""
    media = make.media(duration_ms=60_000)
    testimony = make.testimony(media=[media])
    place = {"selector": SelectorType.TIME, "media_id": media.id, "start": 0, "stop": 20_000}
    passage = make.excerpt(testimony, exact=None, **place)
    items = [
        {"excerpt_id": str(passage.id), "show_as": "video"},
        {"testimony_id": str(testimony.id), "show_as": "video"},
        {"excerpt_id": str(make.excerpt(testimony).id)},
    ]

    def warned(wanted_length_ms: int | None) -> dict[str, Any] | None:
        asked = make.expectation(wanted_length_ms=wanted_length_ms)
        told = payload_of(*items, expectation_ids=[str(asked.id)])
        warnings = found(as_editor.post(URL, json=told).json())
        return warnings.get("too-long")  # type: ignore[no-any-return]

    assert warned(None) is None
    assert warned(79_000) is None, "a second is no matter"
    warning = warned(78_999)
    assert warning
    assert warning["message"] == "Durée : 1 min 20 s, au lieu des 1 min 19 s souhaitées."
    assert warning["facts"]["length_ms"] == 80_000
    warning = warned(60_000)
    assert warning
    assert warning["message"] == "Durée : 1 min 20 s, au lieu des 1 min souhaitées."
