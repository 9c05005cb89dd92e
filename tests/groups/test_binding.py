"""What a group adopted binds what was heard in its workshops, and can only restrict."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.models import now
from app.excerpts.models import Excerpt
from app.exports.queries import EXPORTED
from app.groups.models import Identification, Rereading
from app.testimonies.models import Testimony
from app.workshops.models import Group
from tests.bundles.conftest import OFFICIALS, URL, composed, payload_of
from tests.exports.conftest import rows_of
from tests.make import Make

__all__ = ["composed", "payload_of"]
FORMS_ONLY_FILM = {
    "forms": ["film"],
    "clauses": [
        {"about": "forms", "text": "Pas de page sur le web."},
        {"about": "media", "text": "Nos visages restent entre nous."},
    ],
}


@pytest.fixture
def testimony(make: Make, group: Group) -> Testimony:
    """Heard in the group; the witness agrees to officials and to exports."""
    workshop = make.workshop(group_id=group.id)
    witness = make.witness(workshop=workshop)
    make.consent(witness, OFFICIALS, EXPORTED)
    return make.testimony(workshop=workshop, witnesses=[witness])


@pytest.fixture
def bundle(
    as_editor: TestClient,
    make: Make,
    testimony: Testimony,
    composed: Callable[..., dict[str, Any]],
) -> dict[str, Any]:
    made = composed(make.excerpt(testimony))
    assert as_editor.put(f"{URL}/{made['id']}/readiness").status_code == 204
    return made


def checks(client: TestClient, bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = client.get(f"{URL}/{bundle['id']}/checks").json()
    return list(found[kind])


def test_what_the_protocol_excludes_is_a_blocker_that_quotes_the_clause(
    as_editor: TestClient, make: Make, group: Group, bundle: dict[str, Any]
) -> None:
    assert checks(as_editor, bundle, "blockers") == []
    protocol = make.protocol(group, **FORMS_ONLY_FILM)
    [blocker] = checks(as_editor, bundle, "blockers")
    assert blocker["code"] == "protocol-clause"
    assert blocker["item_id"] == bundle["sections"][0]["items"][0]["id"]
    assert "« Pas de page sur le web. »" in blocker["message"]
    assert "visages" not in blocker["message"]
    assert blocker["facts"]["about"] == "forms"
    assert blocker["facts"]["protocol_number"] == protocol.number
    refused = as_editor.post(f"{URL}/{bundle['id']}/releases")
    assert refused.status_code == 409
    assert refused.json()["blockers"][0]["code"] == "protocol-clause"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"audiences": ["team"]}, "Publics permis"),
        ({"forms": []}, "Formes permises : rien."),
        ({"media": ["voice"]}, "Ce qui peut être montré : la voix."),
    ],
)
def test_without_a_clause_it_says_what_the_protocol_leaves(
    as_editor: TestClient,
    make: Make,
    group: Group,
    bundle: dict[str, Any],
    given: dict[str, Any],
    told: str,
) -> None:
    make.protocol(group, **given)
    [blocker] = checks(as_editor, bundle, "blockers")
    assert told in blocker["message"]


def test_the_one_adopted_last_binds_and_a_draft_binds_nobody(
    as_editor: TestClient, make: Make, group: Group, bundle: dict[str, Any]
) -> None:
    make.protocol(group, forms=["film"], adopted_at=None)
    make.protocol(group, forms=["film"], adopted_at=now() + timedelta(days=1))
    make.protocol(make.group(), forms=["film"])
    assert checks(as_editor, bundle, "blockers") == []
    make.protocol(group, forms=["film"], adopted_at=now() - timedelta(days=2))
    assert len(checks(as_editor, bundle, "blockers")) == 1
    make.protocol(group, forms=["web_page"], adopted_at=now() - timedelta(days=1))
    assert checks(as_editor, bundle, "blockers") == []


def test_it_gives_nothing_that_nobody_consented_to(
    as_editor: TestClient, make: Make, group: Group, composed: Callable[..., dict[str, Any]]
) -> None:
    make.protocol(group, forms=["web_page"], audiences=["elected_officials"])
    silent: Excerpt = make.excerpt(make.testimony(workshop=make.workshop(group_id=group.id)))
    [blocker] = checks(as_editor, composed(silent), "blockers")
    assert blocker["facts"]["reason"] == "never-given"


def test_what_was_published_before_it_is_not_shown_any_more(
    as_editor: TestClient, make: Make, group: Group, bundle: dict[str, Any]
) -> None:
    release = as_editor.post(f"{URL}/{bundle['id']}/releases").json()
    make.protocol(group, forms=["film"])
    found = as_editor.get(f"/api/v1/releases/{release['id']}").json()
    assert [e["reason"] for e in found["exclusions"]] == ["protocol"]


def test_who_reads_again_is_a_warning(
    as_editor: TestClient, make: Make, group: Group, bundle: dict[str, Any]
) -> None:
    make.protocol(group, rereading=Rereading.GROUP)
    codes = [w["code"] for w in checks(as_editor, bundle, "warnings")]
    assert codes.count("reread-first") == 1


@pytest.mark.parametrize(
    ("given", "leaves"),
    [
        ({"forms": ["dataset"]}, True),
        ({"identification": Identification.ANONYMOUS}, True),
        ({"forms": ["film"]}, False),
        ({"audiences": ["cotefe"]}, False),
        ({"media": ["voice"]}, False),
        ({"audiences": []}, False),
    ],
)
def test_exports_leave_out_what_it_excludes(
    as_evaluator: TestClient,
    make: Make,
    group: Group,
    testimony: Testimony,
    given: dict[str, Any],
    leaves: bool,
) -> None:
    make.excerpt(testimony)
    make.protocol(group, forms=["film"], adopted_at=now() - timedelta(days=1))
    make.protocol(group, **given)
    for dataset in ("testimonies", "excerpts"):
        assert len(rows_of(as_evaluator, dataset)) == leaves
