"""Things that people change by the API, and how they read what became of them."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.places.models import Place
from app.testimonies.models import Testimony
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.make import Make
from tests.testimonies.conftest import payload, witness, workshop

__all__ = ["payload", "witness", "workshop"]

API = "/api/v1"
TESTIMONIES = f"{API}/testimonies"


@pytest.fixture
def testimony(
    make: Make, workshop: Workshop, witness: Witness, payload: dict[str, Any]
) -> Testimony:
    """Accepted; it says what `payload` says."""
    with make.sessions() as db:
        place = db.get_one(Place, workshop.place_id)
    said = {name: payload[name] for name in ("title", "body")} | {
        "territory_id": place.territory_id
    }
    return make.testimony(workshop=workshop, witnesses=[witness], **said)


def put(client: TestClient, url: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.put(url, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def versions(client: TestClient, url: str, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{url}/history", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


def whole(client: TestClient, url: str, version: int) -> dict[str, Any]:
    answer = client.get(f"{url}/history/{version}")
    assert answer.status_code == 200, answer.text
    return answer.json()["content"]  # type: ignore[no-any-return]


def address(testimony: Testimony) -> str:
    return f"{TESTIMONIES}/{testimony.id}"


def fields(version: dict[str, Any]) -> list[str]:
    return [change["field"] for change in version["changes"]]


def said(parts: list[dict[str, Any]], *without: str) -> str:
    """The text that the parts of a diff tell, but for those of some kind."""
    return "".join(part["text"] for part in parts if part["op"] not in without)
