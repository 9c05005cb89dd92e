"""What leaves of recipients' answers."""

import csv
from io import StringIO
from typing import Any

from fastapi.testclient import TestClient

from app.core.models import now
from app.reactions.models import Commitment
from app.witnesses.decision import Cell, Medium, Purpose
from tests.make import Make
from tests.pages.conftest import Dossier

URL = "/api/v1/exports/reactions.csv"
INSIDE = Cell(Medium.ANONYMOUS_TEXT, "team", "dataset", Purpose.EVALUATION)


def test_published_answers_leave_once_all_they_may_quote_may(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, dossier: Dossier
) -> None:
    _, delivery_id = dossier.deliver()
    by = make.account().id
    public: dict[str, Any] = {"published_at": now(), "published_by_id": by}
    told = make.reaction(
        delivery_id, text="brut", public_text="=relu", commitment=Commitment.PLANNED, **public
    )
    make.reaction(delivery_id, text="jamais relu", form_rating=4)

    def rows(**filters: Any) -> list[dict[str, str]]:
        answer = as_evaluator.get(URL, params={"purpose": "étude"} | filters)
        assert answer.status_code == 200, answer.text
        for secret in (told.id, delivery_id, dossier.release_id, "Élue", "jamais relu", "brut"):
            assert str(secret) not in answer.text
        return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))

    assert {row["text"] for row in rows()} == {""}, "its witnesses consent to no dataset"
    for witness in dossier.witnesses:
        make.consent(witness, INSIDE)
    found = {row["commitment"]: row for row in rows()}
    assert found["planned"]["text"] == "'=relu"
    assert (found["none"]["text"], found["none"]["form_rating"]) == ("", "4")
    assert found["planned"]["answered_on"] == f"{told.created_at:%Y-%m}"
    assert [row["commitment"] for row in rows(commitment="planned")] == ["planned"]
    assert as_editor.get(URL, params={"purpose": "étude"}).status_code == 403
