"""What imports and exports of codebooks promise to who asks for them."""

from csv import DictReader
from io import StringIO
from time import process_time
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.codebook.models import Theme
from app.schemes.models import Scheme
from tests.make import Make

API = "/api/v1"
NEW = "name,parent,definition\nPermis,Mobilité,Le conduire\nMobilité,,Les trajets\n"


@pytest.fixture
def scheme(make: Make) -> Scheme:
    return make.scheme()


@pytest.fixture
def address(scheme: Scheme) -> str:
    return f"{API}/schemes/{scheme.id}/codebook"


def brings(
    client: TestClient, address: str, content: str, format_: str = "csv", **params: Any
) -> dict[str, Any]:
    sent = {"format": format_, "content": content}
    answer = client.put(f"{address}/import", json=sent, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def themes_of(client: TestClient, scheme: Scheme) -> dict[str, dict[str, Any]]:
    items = client.get(f"{API}/themes?scheme_id={scheme.id}&limit=200").json()["items"]
    return {theme["name"]: theme for theme in items}


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {theme["name"]: theme["outcome"] for theme in report["themes"]}


def test_a_trial_tells_what_would_be_done_and_does_nothing(
    as_editor: TestClient, scheme: Scheme, address: str, make: Make, db: Session
) -> None:
    make.theme(scheme_id=scheme.id, name="Mobilité", definition="Bouger")
    tried = brings(as_editor, address, NEW, dry_run=True)
    assert (tried["dry_run"], tried["created"], tried["changed"], tried["left"]) == (True, 1, 1, 0)
    assert tried["themes"] == [
        {"line": 2, "name": "Permis", "outcome": "created", "fields": []},
        {"line": 3, "name": "Mobilité", "outcome": "changed", "fields": ["definition"]},
    ]
    assert {n: t["definition"] for n, t in themes_of(as_editor, scheme).items()} == {
        "Mobilité": "Bouger"
    }
    assert (
        db.scalars(select(AuditEvent).where(AuditEvent.action == "codebook.imported")).all() == []
    )
    done = brings(as_editor, address, NEW)
    assert done == tried | {"dry_run": False}


def test_twice_is_once(as_editor: TestClient, scheme: Scheme, address: str, db: Session) -> None:
    first = brings(as_editor, address, NEW)
    assert (first["created"], first["changed"], first["left"]) == (2, 0, 0)
    there = themes_of(as_editor, scheme)
    assert there["Permis"]["parent_id"] == there["Mobilité"]["id"]
    again = brings(as_editor, address, NEW)
    assert (again["created"], again["changed"], again["left"]) == (0, 0, 2)
    assert themes_of(as_editor, scheme) == there
    (event,) = db.scalars(select(AuditEvent).where(AuditEvent.action == "codebook.imported"))
    assert (event.subject_id, event.facts) == (scheme.id, {"format": "csv", "created": 2})


@pytest.mark.parametrize("format_", ["csv", "qdc"])
def test_what_was_exported_goes_into_another_scheme_and_changes_nothing_here(
    as_editor: TestClient, make: Make, scheme: Scheme, address: str, format_: str
) -> None:
    top = make.theme(scheme_id=scheme.id, name="Contrat", color="#aA0099")
    below = make.theme(
        scheme_id=scheme.id,
        name="=Tutorat",
        parent_id=top.id,
        definition="Qui accompagne.\nEt comment.",
        examples=["« Karim m'a montré », dit-il; <b>", "'-1"],
        counter_examples=["Le conseiller"],
    )
    merged = make.theme(scheme_id=scheme.id, name="Tuteur")
    into = {"into": str(below.id)}
    assert as_editor.put(f"{API}/themes/{merged.id}/merge", json=into).status_code == 200
    assert as_editor.put(f"{API}/themes/{top.id}/retirement").status_code == 204

    answer = as_editor.get(f"{address}.{format_}", headers={"Accept-Language": "fr"})
    assert answer.status_code == 200
    disposition = answer.headers["content-disposition"]
    assert disposition == f'attachment; filename="codebook.{format_}"'
    text = answer.content.decode()

    here = themes_of(as_editor, scheme)
    assert brings(as_editor, address, text, format_)["left"] == 2
    assert themes_of(as_editor, scheme) == here

    other = make.scheme()
    there = f"{API}/schemes/{other.id}/codebook"
    assert brings(as_editor, there, text, format_)["created"] == 2
    copied = themes_of(as_editor, other)
    names = ("name", "definition", "examples", "counter_examples", "color")
    for name in ("Contrat", "=Tutorat"):
        assert {n: copied[name][n] for n in names} == {n: here[name][n] for n in names}
    assert copied["=Tutorat"]["parent_id"] == copied["Contrat"]["id"]
    assert copied["Contrat"]["retired_at"]
    assert copied["=Tutorat"]["retired_at"] is None
    assert "Tuteur" not in copied


def test_a_csv_is_what_spreadsheets_of_the_readers_language_open(
    as_animator: TestClient, make: Make, scheme: Scheme, address: str
) -> None:
    make.theme(scheme_id=scheme.id, name="Mobilité", definition="Bus; trottinette, pieds")
    make.theme(name="D'un autre dispositif")
    for language, delimiter in (("fr", ";"), ("en", ",")):
        answer = as_animator.get(f"{address}.csv", headers={"Accept-Language": language})
        text = answer.content.decode("utf-8-sig")
        (row,) = DictReader(StringIO(text, newline=""), delimiter=delimiter)
        assert (row["name"], row["definition"]) == ("Mobilité", "Bus; trottinette, pieds")
    assert answer.headers["content-type"].startswith("text/csv")


def test_what_a_file_does_not_say_stays(
    as_editor: TestClient, make: Make, scheme: Scheme, address: str
) -> None:
    top = make.theme(scheme_id=scheme.id, name="Contrat")
    about: dict[str, Any] = {"examples": ["Un"], "color": "#00ff00", "parent_id": top.id}
    make.theme(scheme_id=scheme.id, name="Tutorat", definition="Qui.", **about)
    make.theme(scheme_id=scheme.id, name="Oublié", definition="Encore là.")
    report = brings(as_editor, address, "name,definition\nTutorat,Qui accompagne.\nContrat,")
    assert outcomes(report) == {"Tutorat": "changed", "Contrat": "left"}
    there = themes_of(as_editor, scheme)
    kept = {name: there["Tutorat"][name] for name in about}
    assert kept == about | {"parent_id": str(top.id)}
    assert there["Oublié"]["definition"] == "Encore là."


def test_a_theme_that_was_merged_is_left_and_what_lies_in_it_follows(
    as_editor: TestClient, make: Make, scheme: Scheme, address: str
) -> None:
    old, new = (make.theme(scheme_id=scheme.id, name=name) for name in ("Permis", "Mobilité"))
    merged = as_editor.put(f"{API}/themes/{old.id}/merge", json={"into": str(new.id)})
    assert merged.status_code == 200
    content = "name,parent,definition\nPermis,,Encore\nCode de la route,Permis,L'examen\n"
    assert outcomes(brings(as_editor, address, content)) == {
        "Permis": "left",
        "Code de la route": "created",
    }
    there = themes_of(as_editor, scheme)
    assert there["Code de la route"]["parent_id"] == str(new.id)
    assert there["Permis"]["definition"] == "De quoi il s'agit."


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("name,parent\nA,Nulle part", "unknown_parent"),
        ("name,parent\nA,B\nB,A", "within_itself"),
        ("name,parent\nA,A", "within_itself"),
        ("name,parent\nExistant,Neuf\nNeuf,Existant", "within_itself"),
        ("name,parent\n1,\n2,1\n3,2\n4,3\n5,4\n6,5\n7,6", "too_deep"),
        ("name\n" + "\n".join(map(str, range(1000))), "too_many_themes"),
        ("name,color\nBon,#000000\nMauvais,rouge", "wrong_in_line"),
    ],
)
def test_a_wrong_file_changes_nothing(
    as_editor: TestClient,
    make: Make,
    scheme: Scheme,
    address: str,
    content: str,
    code: str,
) -> None:
    make.theme(scheme_id=scheme.id, name="Existant")
    before = themes_of(as_editor, scheme)
    for dry_run in (True, False):
        sent = {"format": "csv", "content": content}
        refused = as_editor.put(f"{address}/import", json=sent, params={"dry_run": dry_run})
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("#/content", code)
    assert themes_of(as_editor, scheme) == before


QDC = '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes>{}</Codes></CodeBook>'
CODE = '<Code guid="{}" name="{}" isCodable="true"/>'


def test_a_trial_of_a_qdc_does_nothing_either(
    as_editor: TestClient, scheme: Scheme, address: str
) -> None:
    content = QDC.format(CODE.format(uuid4(), "Tutorat"))
    tried = brings(as_editor, address, content, "qdc", dry_run=True)
    assert outcomes(tried) == {"Tutorat": "created"}
    assert themes_of(as_editor, scheme) == {}
    assert brings(as_editor, address, content, "qdc") == tried | {"dry_run": False}


LAUGHS = '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)
BOMB = f'<!ENTITY b "{"b" * 100_000}">'
OUTSIDE = '<!ENTITY x SYSTEM "file:///etc/hostname">'


@pytest.mark.parametrize(
    ("entities", "text"),
    [(OUTSIDE, "&x;"), (LAUGHS, "&a9;"), (BOMB, "&b;" * 30_000), ("", "&amp;" * 40_000)],
    ids=["outside", "laughs", "200 KB", "200 KB without entities"],
)
def test_a_qdc_of_entities_is_refused_at_once(
    as_editor: TestClient, scheme: Scheme, address: str, entities: str, text: str
) -> None:
    """Nothing is expanded, and nothing of ours is read: processor time says so."""
    doctype = f"<!DOCTYPE CodeBook [{entities}]>" if entities else ""
    content = doctype + QDC.format(CODE.format(uuid4(), text))
    began = process_time()
    for dry_run in (True, False):
        sent = {"format": "qdc", "content": content}
        refused = as_editor.put(f"{address}/import", json=sent, params={"dry_run": dry_run})
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert error["pointer"] == "#/content"
    assert process_time() - began < 2
    assert themes_of(as_editor, scheme) == {}


def test_a_file_is_of_a_size_and_a_form(as_editor: TestClient, address: str) -> None:
    for wrong in (
        {"format": "csv", "content": "a" * 250_001},
        {"format": "xlsx", "content": NEW},
        {"format": "csv", "content": ""},
        {"format": "csv", "content": "name\n\x00"},
    ):
        assert as_editor.put(f"{address}/import", json=wrong).status_code == 422
    nowhere = f"{API}/schemes/{uuid4()}/codebook"
    sent = {"format": "csv", "content": NEW}
    assert as_editor.put(f"{nowhere}/import", json=sent).status_code == 404
    assert as_editor.get(f"{nowhere}.csv").status_code == 404


def test_a_thousand_themes_come_at_once_with_those_they_lie_in_last(
    as_editor: TestClient, scheme: Scheme, address: str
) -> None:
    rows = [f"Dans {n},Groupe {n % 9}" for n in range(990)] + [f"Groupe {n}," for n in range(9)]
    content = "\n".join(["name,parent", *rows])
    assert brings(as_editor, address, content)["created"] == 999
    assert brings(as_editor, address, content)["left"] == 999
    full = {"scheme_id": str(scheme.id), "definition": "Un de plus."}
    assert as_editor.post(f"{API}/themes", json=full | {"name": "1000"}).status_code == 201
    refused = as_editor.post(f"{API}/themes", json=full | {"name": "1001"})
    assert refused.json()["errors"][0]["code"] == "too_many_themes"


def test_a_new_scheme_may_start_with_the_themes_of_the_diary(
    as_editor: TestClient, make: Make, scheme: Scheme, address: str
) -> None:
    make.theme(scheme_id=scheme.id, name="Tutorat", definition="Comme nous l'entendons.")
    tried = as_editor.put(f"{address}/starter?dry_run=true").json()
    assert (tried["created"], tried["changed"], tried["left"]) == (9, 0, 1)
    assert list(themes_of(as_editor, scheme)) == ["Tutorat"]
    assert as_editor.put(f"{address}/starter").json() == tried | {"dry_run": False}
    there = themes_of(as_editor, scheme)
    assert len(there) == 10
    assert there["Tutorat"]["definition"] == "Comme nous l'entendons."
    new = [theme for name, theme in there.items() if name != "Tutorat"]
    assert all(theme["examples"] and theme["definition"] for theme in new)
    again = as_editor.put(f"{address}/starter").json()
    assert (again["created"], again["left"]) == (0, 10)
    assert themes_of(as_editor, scheme) == there


def test_everybody_reads_a_codebook_and_editors_write_it(
    as_animator: TestClient, as_evaluator: TestClient, address: str, db: Session
) -> None:
    for client in (as_animator, as_evaluator):
        for format_ in ("csv", "qdc"):
            assert client.get(f"{address}.{format_}").status_code == 200
        for params in ({}, {"dry_run": True}):
            sent = {"format": "csv", "content": NEW}
            assert client.put(f"{address}/import", json=sent, params=params).status_code == 403
            assert client.put(f"{address}/starter", params=params).status_code == 403
    assert db.scalars(select(Theme)).all() == []
