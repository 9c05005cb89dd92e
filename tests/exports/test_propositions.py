"""The export of propositions: their fate, and no word or person of those they rest on."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.propositions.models import PropositionState as S
from app.testimonies.models import State, Testimony
from app.witnesses.models import Witness
from tests.exports.conftest import get, rows_of
from tests.make import Make

Says = Callable[..., Testimony]


def test_it_says_what_became_of_each_by_months(
    as_evaluator: TestClient, make: Make, says: Says
) -> None:
    workshop = make.workshop()
    tutor = make.witness(workshop=workshop)
    make.proposition(
        make.excerpt(says("pour")),
        make.excerpt(says("pour encore")),
        against=[make.excerpt(says("contre"))],
        steps=[S.PROPOSED, S.SENT, S.REFUSED],
        co_authors=[tutor],
        workshop_id=workshop.id,
        due_on=date(2013, 7, 14),
        relayed_to="Service de l'État (essai)",
        responsible="CANARY-responsable",
        experiment="Trois communes.",
    )
    (row,) = rows_of(as_evaluator, "propositions")
    ids = {name: row.pop(name) for name in ("id", "workshop_id")}
    rests = row.pop("excerpt_ids_for"), row.pop("excerpt_ids_against")
    assert row == {
        "scheme": make.the_scheme.code,
        "kind": "training",
        "competence": "region",
        "relayed": True,
        "title": "Un tuteur déchargé deux heures par semaine",
        "description": "Deux heures par semaine, payées, pour montrer le métier.",
        "experiment": "Trois communes.",
        "product": None,
        "state": "refused",
        "reason": "Trop cher cette année.",
        "proposed_on": "2013-06",
        "sent_on": "2013-07",
        "due_on": "2013-07",
        "ended_on": "2013-08",
        "overdue": False,
        "co_author_roles": ["tutor"],
        "co_written": True,
        "evidence_for": 2,
        "evidence_against": 1,
        "needs_review": False,
        "truncated": [],
        "anomaly": None,
    }
    assert [len(one) for one in rests] == [2, 1]
    for exported in [*ids.values(), *rests[0], *rests[1]]:
        assert exported.startswith("x")
    assert "CANARY" not in get(as_evaluator, "propositions.csv").text
    assert tutor.pseudonym not in get(as_evaluator, "propositions.csv").text


def test_a_draft_that_nobody_answers_is_late(as_evaluator: TestClient, make: Make) -> None:
    make.proposition(due_on=date(2013, 7, 14))
    (row,) = rows_of(as_evaluator, "propositions")
    assert (row["state"], row["overdue"], row["co_written"]) == ("martyr", True, False)
    assert (row["proposed_on"], row["ended_on"], row["co_author_roles"]) == (None, None, [])


def test_only_excerpts_that_may_leave_have_an_id_and_all_are_counted(
    as_evaluator: TestClient, make: Make, says: Says, willing: Callable[..., Witness]
) -> None:
    may, silent = make.excerpt(says("oui")), make.excerpt(make.testimony())
    gone = make.excerpt(make.testimony(witnesses=[willing()], state=State.WITHDRAWN))
    bound = make.excerpt(says("non"), restriction={"purposes": ["training"]})
    make.proposition(may, silent, gone, bound)
    (row,) = rows_of(as_evaluator, "propositions")
    assert (row["evidence_for"], len(row["excerpt_ids_for"])) == (4, 1)
    assert row["needs_review"] is True


@pytest.mark.parametrize(
    ("filters", "expected"),
    [({}, 2), ({"state": "adopted"}, 1), ({"overdue": True}, 0), ({"kind": "recruitment"}, 0)],
)
def test_the_filters_are_those_of_the_list(
    as_evaluator: TestClient, make: Make, filters: dict[str, Any], expected: int
) -> None:
    make.proposition(steps=[S.PROPOSED, S.SENT, S.ADOPTED])
    make.proposition()
    assert len(rows_of(as_evaluator, "propositions", **filters)) == expected
