"""A delivery may say who it is given to in the directory: of the audience consented to."""

from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.core.models import now
from app.releases.models import Release
from tests.make import Make


def give(client: TestClient, release: dict[str, Any], decision_maker_id: Any) -> Any:
    told = {"recipient": "Madame l'Élue (démo)", "decision_maker_id": str(decision_maker_id)}
    return client.post(f"/api/v1/releases/{release['id']}/deliveries", json=told)


def codes(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_it_says_who_it_is_in_the_directory(
    as_editor: TestClient, release: dict[str, Any], make: Make
) -> None:
    whose = make.decision_maker()
    made = give(as_editor, release, whose.id)
    assert made.json()["decision_maker_id"] == str(whose.id)
    url = f"/api/v1/releases/{release['id']}/deliveries"
    as_editor.post(url, json={"recipient": "Quelqu'un (démo)"})
    listed = as_editor.get(url).json()["items"]
    assert [item["decision_maker_id"] for item in listed] == [None, str(whose.id)]


def test_nobody_who_is_not_there_or_not_any_more(
    as_editor: TestClient, release: dict[str, Any], make: Make
) -> None:
    by = {"retired_at": now(), "retired_by_id": make.account().id}
    retired = make.decision_maker(**by)
    here = "#/decision_maker_id"
    assert codes(give(as_editor, release, uuid4())) == [(here, "unknown_id")]
    assert codes(give(as_editor, release, retired.id)) == [(here, "decision_maker_retired")]


def test_who_is_of_another_audience_is_given_only_what_is_for_everybody(
    as_editor: TestClient, release: dict[str, Any], make: Make, db: Session
) -> None:
    other = make.decision_maker(audience="services")
    refused = give(as_editor, release, other.id)
    assert codes(refused) == [("#/decision_maker_id", "other_audience")]
    with make.sessions.begin() as writing:
        writing.get_one(Release, release["id"]).audience = "general_public"
    assert give(as_editor, release, other.id).status_code == 201
