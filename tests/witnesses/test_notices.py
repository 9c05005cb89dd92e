"""What notices promise: a text and its choices, which never change once they were read."""

from hashlib import sha256
from json import dumps
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.schemes.models import Term
from app.witnesses.decision import DATASET, TEAM
from app.witnesses.models import Notice
from app.witnesses.reference import install

URL = "/api/v1/notices"
CHOICE = {
    "code": "words",
    "label_fr": "Mes paroles peuvent être lues.",
    "cells": [
        {
            "media": ["anonymous_text"],
            "audiences": ["team", "employers"],
            "forms": ["note", "dataset"],
            "purposes": ["evaluation"],
        }
    ],
}
NOTICE: dict[str, Any] = {
    "code": "region",
    "text": "Voici ce que nous faisons.",
    "choices": [CHOICE],
}


# The one that every installation starts with


def test_it_is_there_in_french_and_in_plain_french(as_evaluator: TestClient) -> None:
    notices = as_evaluator.get(f"{URL}?code=accueil").json()["items"]
    assert {(n["language"], n["version"]) for n in notices} == {("fr", 1), ("fr-facile", 1)}
    one, other = notices
    assert one["choices"] == other["choices"]
    assert one["sha256"] != other["sha256"]


def test_it_asks_only_for_cells_that_exist(db: Session) -> None:
    known = {
        name: set(db.scalars(select(Term.code).where(Term.vocabulary == name)))
        for name in ("audiences", "forms")
    }
    notice = db.scalars(select(Notice).where(Notice.language == "fr")).one()
    for choice in notice.choices:
        for cells in choice["cells"]:
            assert set(cells["audiences"]) <= known["audiences"]
            assert set(cells["forms"]) <= known["forms"] | {DATASET}
    codes = [choice["code"] for choice in notice.choices]
    assert len(codes) == len(set(codes))


def test_only_the_team_gets_the_dataset_and_only_the_public_choices_open_to_all(
    db: Session,
) -> None:
    notice = db.scalars(select(Notice).where(Notice.language == "fr")).one()
    for choice in notice.choices:
        audiences = {a for cells in choice["cells"] for a in cells["audiences"]}
        forms = {f for cells in choice["cells"] for f in cells["forms"]}
        assert ("general_public" in audiences) == choice["code"].endswith("_public")
        assert (DATASET not in forms) or audiences == {TEAM}
        purposes = {p for cells in choice["cells"] for p in cells["purposes"]}
        assert purposes == {"evaluation", "improvement"}  # promoting is asked apart


def test_installing_twice_publishes_nothing_more(database: Database, db: Session) -> None:
    with database.write.begin() as writing:
        install(writing)
    assert db.scalar(select(func.count()).select_from(Notice)) == 2


# Publishing


def test_a_new_version_takes_the_place_of_none(as_editor: TestClient) -> None:
    first = as_editor.post(URL, json=NOTICE)
    assert first.status_code == 201
    second = as_editor.post(URL, json=NOTICE | {"text": "Autrement dit."}).json()
    other = as_editor.post(URL, json=NOTICE | {"language": "en"}).json()

    assert [n["version"] for n in (first.json(), second, other)] == [1, 2, 1]
    assert as_editor.get(first.headers["location"]).json() == first.json()
    assert len({n["sha256"] for n in (first.json(), second)}) == 2
    listed = as_editor.get(f"{URL}?code=region&language=fr").json()["items"]
    assert [n["version"] for n in listed] == [2, 1]


def test_its_digest_is_of_what_people_read_and_choose(as_editor: TestClient) -> None:
    shown = as_editor.post(URL, json=NOTICE).json()
    told = dumps([shown["text"], shown["choices"]], sort_keys=True, ensure_ascii=False)
    assert shown["sha256"] == sha256(told.encode()).hexdigest()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"audiences": ["team", "friends"]}, "#/choices/0/cells/0/audiences/1"),
        ({"forms": ["opera"]}, "#/choices/0/cells/0/forms"),
        ({"media": []}, "#/choices/0/cells/0/media"),
        ({"purposes": ["profit"]}, "#/choices/0/cells/0/purposes/0"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_editor: TestClient, wrong: dict[str, Any], pointer: str
) -> None:
    cells = CHOICE["cells"][0] | wrong  # type: ignore[operator]
    response = as_editor.post(URL, json=NOTICE | {"choices": [CHOICE | {"cells": [cells]}]})
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_an_animator_reads_it_but_does_not_word_it(as_animator: TestClient) -> None:
    assert as_animator.get(URL).status_code == 200
    assert as_animator.post(URL, json=NOTICE).status_code == 403
