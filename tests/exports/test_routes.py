"""What exports promise to who asks for them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.excerpts.models import Excerpt, ExcerptState, SelectorType
from app.exports.datasets import DATASETS
from app.testimonies.models import Nature, State, Testimony
from app.witnesses.models import Witness
from app.witnesses.vault import seal
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.exports.conftest import URL, WHY, Says, get, rows_of, table_of, titles_of, undrawn
from tests.make import Make
from tests.pages.conftest import Dossier

Willing = Callable[..., Witness]
CSV = f"{URL}/testimonies.csv"


def events(db: Session) -> list[AuditEvent]:
    made = select(AuditEvent).where(AuditEvent.subject_kind == "export")
    return sorted(db.scalars(made), key=lambda event: event.created_at)


def test_an_evaluator_gets_the_testimonies(as_evaluator: TestClient, says: Says) -> None:
    says("Le premier jour")
    response = get(as_evaluator, "testimonies.csv")
    head, row = table_of(response.text)
    found = dict(zip(head, row, strict=True))
    assert found["title"] == "Le premier jour"
    assert (found["method"], found["language"], found["anomaly"]) == ("written", "fr", "")
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    today, id_ = datetime.now(UTC).date(), response.headers["x-export-id"]
    name = response.headers["content-disposition"]
    assert name == f'attachment; filename="testimonies-{today}-{id_[:8]}.csv"'


def test_so_does_a_custodian(as_custodian: TestClient, says: Says) -> None:
    says("Le premier jour")
    assert titles_of(as_custodian) == {"Le premier jour"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_nobody_else_does(
    client_for: ClientFor,
    as_editor: TestClient,
    as_animator: TestClient,
    as_administrator: TestClient,
    as_anonymous: TestClient,
    db: Session,
    dataset: str,
) -> None:
    for client in (as_editor, as_animator, as_administrator):
        refused = client.get(f"{URL}/{dataset}.csv", params=WHY)
        assert refused.status_code == 403
        assert refused.json()["permission"] == "export"
    assert as_anonymous.get(f"{URL}/{dataset}.csv", params=WHY).status_code == 401
    assert events(db) == []


@pytest.mark.parametrize(
    "path",
    [
        "testimonies.ods",
        "identities.csv",
        "identities.xlsx",
        "testimonies",
        "testimonies.CSV",
        ".csv",
    ],
)
def test_what_is_not_exported_is_not_found(as_evaluator: TestClient, path: str) -> None:
    response = as_evaluator.get(f"{URL}/{path}", params=WHY)
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"


def test_nor_is_its_dictionary(as_evaluator: TestClient, as_anonymous: TestClient) -> None:
    assert as_evaluator.get(f"{URL}/identities/dictionary").status_code == 404
    assert as_anonymous.get(f"{URL}/testimonies/dictionary").status_code == 401


def test_the_purpose_is_needed(as_evaluator: TestClient, db: Session) -> None:
    for params in ({}, {"purpose": " "}):
        response = as_evaluator.get(CSV, params=params)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "#/purpose"
    detail = as_evaluator.get(CSV).json()["errors"][0]["detail"]
    assert detail.startswith("Dites à quoi sert l'export")
    assert events(db) == []


def test_the_purpose_may_be_a_header(as_evaluator: TestClient, says: Says, db: Session) -> None:
    headers = {b"X-Export-Purpose": "Évaluation à mi-parcours".encode()}
    assert as_evaluator.get(CSV, headers=headers).status_code == 200
    assert events(db)[0].facts["purpose"] == "Évaluation à mi-parcours"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"limit": 10}, "#/limit"),
        ({"cursor": "x"}, "#/cursor"),
        ({"count": "true"}, "#/count"),
        ({"nature": "poem"}, "#/nature/0"),
        ({"unknown": "1"}, "#/unknown"),
        ({"purpose": "a\x00b"}, "#/purpose"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_evaluator: TestClient, wrong: dict[str, Any], pointer: str
) -> None:
    response = as_evaluator.get(CSV, params=WHY | wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_the_filters_are_those_of_the_list(
    as_evaluator: TestClient, says: Says, make: Make, willing: Willing
) -> None:
    theme = make.theme(name="Tuteur")
    asked = says("oui", nature=Nature.IDEA, themes=[theme], tags=["chantier"], sector="building")
    says("non", nature=Nature.FEELING)
    assert titles_of(as_evaluator, nature="idea") == {"oui"}
    assert titles_of(as_evaluator, theme_id=str(theme.id)) == {"oui"}
    assert titles_of(as_evaluator, tag="chantier") == {"oui"}
    assert titles_of(as_evaluator, workshop_id=str(asked.workshop_id)) == {"oui"}
    assert titles_of(as_evaluator, recorded_from="2014-01-01") == set()
    assert titles_of(as_evaluator, state="submitted") == set()
    young = willing(role="young_person", birth_year=1995)
    assert [w["role"] for w in rows_of(as_evaluator, "witnesses", role="young_person")] == [
        young.role
    ]
    assert len(rows_of(as_evaluator, "excerpts", testimony_id=str(uuid4()))) == 0
    assert len(rows_of(as_evaluator, "workshops", kind="interview")) == 0


# The columns


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_header_is_the_dictionary(as_evaluator: TestClient, says: Says, dataset: str) -> None:
    says("Le premier jour")
    told = as_evaluator.get(f"{URL}/{dataset}/dictionary").json()
    names = [column["name"] for column in told["columns"]]
    (head, *_) = table_of(get(as_evaluator, f"{dataset}.csv").text)
    assert head == names
    assert all(list(row) == names for row in rows_of(as_evaluator, dataset))
    assert all(column["label_fr"] and column["label_en"] for column in told["columns"])
    by_name = {column["name"]: column for column in told["columns"]}
    assert by_name["anomaly"]["values"] == ["unreadable"]
    if "method" in by_name:
        assert "video" in by_name["method"]["values"]


def test_an_empty_export_is_a_header(as_evaluator: TestClient) -> None:
    (head,) = table_of(get(as_evaluator, "testimonies.csv").text)
    assert head[0] == "id"
    assert get(as_evaluator, "testimonies.jsonl").text == ""


def test_dates_are_months_and_ages_are_bands(
    as_evaluator: TestClient, willing: Willing, says: Says
) -> None:
    years = (1994, 1995, 1991, 1990, 1987, 1986, None, 1997)
    people = [willing(role="young_person", birth_year=year) for year in years]
    says("Ensemble", witnesses=people, recorded_on=date(2013, 5, 14))
    (row,) = rows_of(as_evaluator, "testimonies")
    assert row["recorded_on"] == "2013-05"
    bands = ["18-21", "16-17", "18-21", "22-25", "22-25", "26+", None, None]
    assert row["age_bands"] == bands
    assert row["roles"] == ["young_person"] * len(years)
    head, cells = table_of(get(as_evaluator, "testimonies.csv").text)
    found = dict(zip(head, cells, strict=True))
    assert found["age_bands"] == "|".join(band or "" for band in bands)
    assert "1994" not in undrawn(str(rows_of(as_evaluator, "witnesses")))


def test_values_of_a_cell_stay_apart(as_evaluator: TestClient, says: Says, make: Make) -> None:
    themes = [make.theme(name="Accueil | tri"), make.theme(name="Étoile ☀️")]
    says("Ensemble", themes=themes, tags=["b", "a"])
    (row,) = rows_of(as_evaluator, "testimonies")
    assert row["themes"] == ["Accueil | tri", "Étoile ☀️"]
    assert row["tags"] == ["b", "a"]
    head, cells = table_of(get(as_evaluator, "testimonies.csv").text)
    found = dict(zip(head, cells, strict=True))
    assert found["themes"].split("|") == ["Accueil ¦ tri", "Étoile ☀️"]


def test_an_excerpt_says_what_was_said_and_done(
    as_evaluator: TestClient, says: Says, make: Make
) -> None:
    testimony = says("Le premier jour")
    practice = {"actor": "le tuteur", "action": "montre", "occasion": "le premier jour"}
    make.excerpt(testimony, exact="j'ai suivi Karim", nature=Nature.PRACTICE, practice=practice)
    make.excerpt(testimony, public_quote="On a ri !", names_employer=True)
    make.excerpt(testimony, state=ExcerptState.NEEDS_REVIEW, public_quote="noise")
    by_quote = {row["quote"]: row for row in rows_of(as_evaluator, "excerpts")}
    assert by_quote.keys() == {"j'ai suivi Karim", "On a ri !"}
    done = by_quote["j'ai suivi Karim"]
    assert {k: done[f"practice_{k}"] for k in practice} == practice
    assert (done["selector"], done["start"], done["stop"]) == (SelectorType.TEXT, 17, 33)
    assert by_quote["On a ri !"]["names_employer"] is True
    assert by_quote["On a ri !"]["practice_actor"] is None


def test_an_excerpt_says_where_its_places_are_and_whether_its_words_were_edited(
    as_evaluator: TestClient, says: Says, make: Make
) -> None:
    told = says("Lundi", body="On m'a dit lundi : tu commences demain.")
    make.excerpt(told, exact="On m'a dit lundi", public_quote="On m'a prévenu la veille")
    make.excerpt(told, exact="tu commences demain")
    (body,) = [row["body"] for row in rows_of(as_evaluator, "testimonies")]
    found = {row["edited"]: row for row in rows_of(as_evaluator, "excerpts")}
    assert {row["source"] for row in found.values()} == {"body"}
    assert found[False]["quote"] == body[found[False]["start"] : found[False]["stop"]]
    assert found[True]["quote"] == "On m'a prévenu la veille"


def test_a_workshop_without_its_guide_and_notes(as_evaluator: TestClient, make: Make) -> None:
    make.workshop(
        guide="CANARY-guide",
        notes="CANARY-notes",
        roles_expected=["tutor", "employer"],
        hierarchy_present=False,
        starts_at=datetime(2013, 5, 14, 9, tzinfo=UTC),
    )
    response = get(as_evaluator, "workshops.csv")
    assert "CANARY" not in response.text
    head, cells = table_of(response.text)
    found = dict(zip(head, cells, strict=True))
    assert (found["starts_on"], found["closed_on"]) == ("2013-05", "")
    assert (found["roles_expected"], found["hierarchy_present"]) == ("tutor|employer", "false")
    assert (found["place_kind"], found["territory"]) == ("eric_cyber_base", "83126")


# CSV


def test_french_readers_get_semicolons_and_others_commas(
    as_evaluator: TestClient, says: Says
) -> None:
    says("Été à Sète ; « l'œuvre »\n, 👩🏽‍🔧", body='Il a dit "oui", puis ; puis\nrien.')
    for language, delimiter in (("", ";"), ("fr-FR,fr;q=0.9,en;q=0.5", ";"), ("en", ",")):
        headers = {"Accept-Language": language}
        content = as_evaluator.get(CSV, params=WHY, headers=headers).content
        assert content.startswith(b"\xef\xbb\xbfid" + delimiter.encode())
        assert content.endswith(b"\r\n")
        head, row = table_of(content.decode(), delimiter)
        found = dict(zip(head, row, strict=True))
        assert found["title"] == "Été à Sète ; « l'œuvre »\n, 👩🏽‍🔧"
        assert found["body"] == 'Il a dit "oui", puis ; puis\nrien.'


@pytest.mark.parametrize("first", list("=+-@\t\r＝＋－＠"))
def test_no_cell_is_a_formula(as_evaluator: TestClient, says: Says, make: Make, first: str) -> None:
    trap = f'{first}HYPERLINK("http://example.org";"x")'
    testimony = says(trap, body=trap, tags=[trap], themes=[make.theme(name=trap)], sector=first)
    make.excerpt(testimony, exact=trap)
    make.workshop(title=trap)
    for dataset in DATASETS:
        for row in table_of(get(as_evaluator, f"{dataset}.csv").text):
            assert not [cell for cell in row if cell.startswith(tuple("=+-@\t\r＝＋－＠"))]
    assert titles_of(as_evaluator) == {trap}  # in JSON, words stay as they are
    head, row = table_of(get(as_evaluator, "testimonies.csv").text)
    assert dict(zip(head, row, strict=True))["title"] == "'" + trap


# Identities


def test_ids_are_those_of_one_export_alone(
    as_evaluator: TestClient, willing: Willing, says: Says
) -> None:
    karim, lea = willing(), willing()
    workshop = says("un", witnesses=[karim, lea])
    says("deux", witnesses=[lea])
    first, second = ({r["title"]: r for r in rows_of(as_evaluator, "testimonies")} for _ in "12")
    assert first["un"]["witness_ids"][1] == first["deux"]["witness_ids"][0]
    assert first["un"]["witness_ids"][0] != first["un"]["witness_ids"][1]
    assert first["un"]["scheme"] == second["un"]["scheme"]
    for name in ("id", "workshop_id", "place_id", "witness_ids"):
        assert first["un"][name] != second["un"][name]
    assert workshop.workshop_id


REAL_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}", re.I)


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_nothing_says_who_somebody_is(
    as_evaluator: TestClient,
    make: Make,
    willing: Willing,
    says: Says,
    dossier: Dossier,
    database: Database,
    dataset: str,
    format_: str,
) -> None:
    witness = willing(signature="CANARY-signature", pseudonym="CANARY-pseudonym", birth_year=1990)
    identity = {"given_name": "CANARY", "family_name": "CANARY", "email": None, "phone": None}
    with database.write.begin() as db:
        db.add(seal(witness.id, identity))
    testimony = says("Le premier jour", witnesses=[witness], themes=[make.theme()])
    excerpt = make.excerpt(testimony, memo="CANARY-memo")
    make.decision(testimony, comment="CANARY-comment")
    make.proposition(excerpt, co_authors=[witness], responsible="CANARY-responsible")
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, text="CANARY-text")
    content = get(as_evaluator, f"{dataset}.{format_}").text
    assert len(content.splitlines()) >= 1
    assert "CANARY" not in content
    assert witness.receipt_hash not in content
    assert "1990" not in undrawn(content)
    assert not REAL_ID.search(content)
    for real in (witness.id, testimony.id, testimony.workshop_id, testimony.captured_by):
        assert str(real) not in content
        assert str(real).replace("-", "") not in content


# Anomalies


def test_a_bad_row_is_told_and_stops_nothing(
    as_evaluator: TestClient, says: Says, make: Make, database: Database, db: Session
) -> None:
    bad = says("CANARY")
    for title in ("un", "deux", "trois"):
        make.excerpt(says(title))
    make.excerpt(bad, public_quote="CANARY")
    with database.write.begin() as writing:
        spoil(writing, bad)
    rows = rows_of(as_evaluator, "testimonies")
    assert {row["title"] for row in rows} == {"un", "deux", "trois", None}
    (anomaly,) = [row for row in rows if row["anomaly"]]
    assert anomaly.pop("id")
    assert anomaly.pop("anomaly") == "unreadable"
    assert set(anomaly.values()) == {None}
    assert "CANARY" not in get(as_evaluator, "testimonies.csv").text
    assert [row["anomaly"] for row in rows_of(as_evaluator, "excerpts")].count("unreadable") == 1
    finished = [event.facts for event in events(db) if event.action == "export.finished"]
    assert [(facts["rows"], facts["anomalies"]) for facts in finished] == [(4, 1)] * 3


def spoil(db: Session, testimony: Testimony) -> None:
    """Break a restriction, as a damaged disk or a careless hand would: in JSON, if it must be."""
    values = {"sqlite": "{broken", "postgresql": '{"audiences": 3}'}
    broken = values[db.get_bind().dialect.name]
    here = "restriction = CAST(:broken AS JSON)" if broken[1] == '"' else "restriction = :broken"
    real = testimony.id if broken[1] == '"' else str(testimony.id)
    sql = text(f"UPDATE testimonies SET {here} WHERE id = :id")
    db.execute(sql, {"broken": broken, "id": real})


@pytest.mark.parametrize("broken", [3, [], "team", {"media": ["hologram"]}, {"forms": [[]]}])
def test_a_restriction_that_nobody_understands_lets_nothing_out(
    as_evaluator: TestClient, says: Says, database: Database, broken: Any
) -> None:
    testimony = says("CANARY")
    with database.write.begin() as db:
        db.execute(update(Testimony).where(Testimony.id == testimony.id).values(restriction=broken))
    assert "CANARY" not in get(as_evaluator, "testimonies.csv").text


@pytest.mark.parametrize(
    ("dataset", "table", "values"),
    [
        ("excerpts", Excerpt, {"practice": {"actor": 1}, "nature": "practice"}),
        ("excerpts", Excerpt, {"restriction": [1]}),
        ("workshops", Workshop, {"roles_expected": {"a": 1}}),
        ("workshops", Workshop, {"roles_expected": [1]}),
    ],
)
def test_other_rows_may_be_bad(
    as_evaluator: TestClient,
    says: Says,
    make: Make,
    database: Database,
    dataset: str,
    table: Any,
    values: dict[str, Any],
) -> None:
    make.excerpt(says("un"))
    with database.write.begin() as db:
        db.execute(update(table).values(**values))
    made = make.excerpt(says("deux"))
    assert made.state is ExcerptState.VALID
    anomalies = [row["anomaly"] for row in rows_of(as_evaluator, dataset)]
    assert "unreadable" in anomalies
    assert None in anomalies


# The audit log


def test_an_export_is_in_the_audit_log(
    client_for: ClientFor, make: Make, says: Says, db: Session
) -> None:
    evaluator = make.account(role="evaluator")
    says("Le premier jour", nature=Nature.IDEA)
    response = get(client_for(evaluator), "testimonies.csv", nature="idea", state="accepted")
    made, finished = events(db)
    assert (made.action, made.actor_id) == ("export.made", evaluator.id)
    assert made.facts == {
        "dataset": "testimonies",
        "format": "csv",
        "purpose": "évaluation 2014",
        "filters": {"nature": ["idea"], "state": [State.ACCEPTED]},
    }
    assert (finished.action, finished.actor_id) == ("export.finished", evaluator.id)
    assert finished.subject_id == made.subject_id
    assert finished.facts["rows"] == 1
    assert finished.facts["anomalies"] == 0
    assert finished.facts["sha256"] == sha256(response.content).hexdigest()


def test_when_it_cannot_be_audited_nothing_is_served(
    as_evaluator: TestClient, says: Says, database: Database
) -> None:
    says("CANARY")
    rename = "ALTER TABLE {} RENAME TO {}"
    with database.write.begin() as db:
        db.execute(text(rename.format("audit_events", "lost")))
    quiet = TestClient(
        as_evaluator.app, headers=dict(as_evaluator.headers), raise_server_exceptions=False
    )
    try:
        for dataset in DATASETS:
            response = quiet.get(f"{URL}/{dataset}.csv", params=WHY)
            assert response.status_code == 500
            assert "CANARY" not in response.text
    finally:
        quiet.close()
        with database.write.begin() as db:
            db.execute(text(rename.format("lost", "audit_events")))


# Candor


def test_how_freely_it_was_said_is_for_the_evaluator_alone(
    as_evaluator: TestClient,
    as_custodian: TestClient,
    client_for: ClientFor,
    make: Make,
    says: Says,
) -> None:
    make.candor(says("librement"), first_person=True, concrete_episode=True, comment="CANARY")
    make.candor(says("selon la norme"), prepared_text=True)
    says("sans que personne l'apprécie")
    told = {row["title"]: row["candor"] for row in rows_of(as_evaluator, "testimonies")}
    assert told == {
        "librement": "free",
        "selon la norme": "normed",
        "sans que personne l'apprécie": None,
    }
    head, *rows = table_of(get(as_evaluator, "testimonies.csv").text)
    assert {row[head.index("candor")] for row in rows} == {"free", "normed", ""}
    assert "CANARY" not in get(as_evaluator, "testimonies.csv").text

    narrowed = client_for(None)
    evaluator = make.account(role="evaluator")
    token = make.token(evaluator, permissions=["export"])
    narrowed.headers["Authorization"] = f"Bearer {token}"
    for client in (as_custodian, narrowed):
        same, *rows = table_of(get(client, "testimonies.csv").text)
        assert same == head
        assert len(rows) == 3
        assert {row[head.index("candor")] for row in rows} == {""}
        assert {row["candor"] for row in rows_of(client, "testimonies")} == {None}
    for dataset in ("excerpts", "witnesses", "workshops"):
        assert "candor" not in get(as_evaluator, f"{dataset}.csv").text


def test_the_dictionary_says_what_the_levels_are(as_evaluator: TestClient) -> None:
    columns = as_evaluator.get(f"{URL}/testimonies/dictionary").json()["columns"]
    (candor,) = [column for column in columns if column["name"] == "candor"]
    assert candor["values"] == ["normed", "mixed", "free"]
