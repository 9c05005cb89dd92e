"""What exports of themes, codebooks and decisions promise."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.codebook.files import read
from app.codebook.schemas import Format
from app.moderation.models import Verdict
from app.testimonies.models import State
from tests.exports.conftest import URL, WHY, Says, get, rows_of, table_of
from tests.make import Make

RETURNED = {"verdict": Verdict.RETURN, "reason_code": "too_vague"}
REJECTED = {"verdict": Verdict.REJECT, "reason_code": "off_topic"}


def test_themes_leave_with_what_they_mean(as_evaluator: TestClient, make: Make) -> None:
    top = make.theme(name="Contrat", definition="=Tout", color="#00ff00")
    below = make.theme(name="Tutorat", parent_id=top.id, examples=["un | deux", "trois"])
    merged = make.theme(name="Tuteur", **gone(make, below.id))
    make.theme(scheme_id=make.scheme().id, name="Ailleurs")

    found = rows_of(as_evaluator, "themes", scheme_id=make.the_scheme.id)
    rows: dict[str, dict[str, Any]] = {row["name"]: row for row in found}
    assert rows.keys() == {"Contrat", "Tutorat", "Tuteur"}
    contract, tutoring, tutor = (rows[name] for name in ("Contrat", "Tutorat", "Tuteur"))
    assert (contract["definition"], contract["color"]) == ("=Tout", "#00ff00")
    assert (tutoring["parent_id"], tutoring["retired"]) == (contract["id"], False)
    assert tutoring["examples"] == ["un | deux", "trois"]
    assert (tutor["merged_into_id"], tutor["retired"]) == (tutoring["id"], True)
    text = get(as_evaluator, "themes.csv").text
    assert {str(theme.id) for theme in (top, below, merged)}.isdisjoint(text.split())
    assert "'=Tout" in text
    assert "un ¦ deux|trois" in text


def gone(make: Make, into: Any) -> dict[str, Any]:
    by = make.account()
    return {"retired_at": by.created_at, "retired_by_id": by.id, "merged_into_id": into}


def test_decisions_leave_when_every_witness_consents_to_be_studied(
    as_evaluator: TestClient, make: Make, says: Says
) -> None:
    """Of what was returned or rejected too; and of nobody who did not say yes, or is gone."""
    accepted, rejected = says("Gardé"), says("Refusé", state=State.REJECTED)
    for given in (RETURNED, {}):
        make.decision(accepted, comment="Parle de CANARY", **given)
    make.decision(rejected, comment="Parle de CANARY", **REJECTED)
    silent = make.testimony(state=State.REJECTED)
    withdrawn = says("Repris", state=State.WITHDRAWN)
    restricted = says("Entre nous", restriction={"audiences": ["services"]})
    for testimony in (silent, withdrawn, restricted):
        make.decision(testimony, **REJECTED)

    rows = rows_of(as_evaluator, "decisions")
    told = sorted((row["verdict"], row["reason"]) for row in rows if row["verdict"] != "accept")
    assert told == [("reject", "off_topic"), ("return", "too_vague")]
    assert len(rows) == 3
    assert {row["method"] for row in rows} == {"written"}
    of = {row["verdict"]: row["testimony_id"] for row in rows}
    assert of["accept"] == of["return"] != of["reject"]
    text = get(as_evaluator, "decisions.csv").text
    assert "CANARY" not in text
    assert str(accepted.id) not in text
    assert str(accepted.captured_by) not in text


def test_they_are_filtered_like_their_list(
    as_evaluator: TestClient, make: Make, says: Says
) -> None:
    testimony = says("Gardé")
    make.decision(testimony, **RETURNED)
    make.decision(testimony)
    assert [row["verdict"] for row in rows_of(as_evaluator, "decisions", verdict="return")] == [
        "return"
    ]
    assert len(rows_of(as_evaluator, "decisions", scheme_id=testimony.scheme_id)) == 2
    assert rows_of(as_evaluator, "decisions", scheme_id=uuid4()) == []
    asked = as_evaluator.get(f"{URL}/decisions.csv", params=WHY | {"updated_since": "2013-05-14"})
    assert asked.status_code == 422


def test_what_decisions_mean_is_in_the_dictionary(as_evaluator: TestClient) -> None:
    columns = as_evaluator.get(f"{URL}/decisions/dictionary").json()["columns"]
    values = {column["name"]: column["values"] for column in columns}
    assert values["verdict"] == ["accept", "return", "reject"]
    assert "too_vague" in values["reason"]
    assert [column["name"] for column in columns] == table_of(
        get(as_evaluator, "decisions.csv").text
    )[0]


def test_the_codebook_of_a_scheme_leaves_for_coding_software(
    as_evaluator: TestClient, make: Make, db: Session
) -> None:
    make.theme(name="Tutorat", definition="Qui accompagne.")
    make.theme(scheme_id=make.scheme().id, name="Ailleurs")
    answer = get(as_evaluator, "codebook.qdc", scheme_id=make.the_scheme.id)
    assert answer.headers["content-type"].startswith("application/xml")
    assert answer.headers["cache-control"] == "private, no-store"
    entries = read(answer.text, Format.QDC)
    assert [(entry.name, entry.definition) for _, entry in entries] == [
        ("Tutorat", "Qui accompagne.")
    ]
    events = list(db.scalars(select(AuditEvent).where(AuditEvent.subject_kind == "export")))
    made, finished = sorted(events, key=lambda event: event.created_at)
    assert (made.action, finished.action) == ("export.made", "export.finished")
    assert made.facts == {
        "dataset": "codebook",
        "format": "qdc",
        "purpose": WHY["purpose"],
        "filters": {"scheme_id": str(make.the_scheme.id)},
    }


@pytest.mark.parametrize("missing", ["purpose", "scheme_id"])
def test_it_is_said_which_and_why(as_evaluator: TestClient, make: Make, missing: str) -> None:
    params = WHY | {"scheme_id": str(make.the_scheme.id)}
    del params[missing]
    refused = as_evaluator.get(f"{URL}/codebook.qdc", params=params)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"#/{missing}"


def test_no_other_codebook_is_there_and_editors_have_their_own_way(
    as_evaluator: TestClient, as_editor: TestClient, make: Make
) -> None:
    params = WHY | {"scheme_id": str(uuid4())}
    assert as_evaluator.get(f"{URL}/codebook.qdc", params=params).status_code == 422
    params = WHY | {"scheme_id": str(make.the_scheme.id)}
    assert as_editor.get(f"{URL}/codebook.qdc", params=params).status_code == 403
