"""What the counts of codings promise: those of what one may read, and no others."""

from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.testimonies.models import State
from tests.coding.test_merge import coded
from tests.make import Make

URL = "/api/v1/codings"


def counts(client: TestClient, query: str = "") -> dict[str, tuple[int, int]]:
    items = client.get(f"{URL}?{query}").json()["items"]
    return {item["name"]: (item["testimonies"], item["excerpts"]) for item in items}


def test_everybody_counts_what_they_may_read(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    as_administrator: TestClient,
    animator: Account,
    make: Make,
) -> None:
    mobility, tutoring = make.theme(name="Mobilité"), make.theme(name="Tutorat")
    both = [mobility, tutoring]
    accepted = make.testimony(themes=both)
    submitted = make.testimony(themes=[mobility], state=State.SUBMITTED)
    make.testimony(themes=both, state=State.DRAFT)
    make.testimony(themes=both, state=State.WITHDRAWN)
    make.testimony(themes=[tutoring], state=State.DRAFT, organization=animator.organization)
    coded(make, accepted, mobility)
    coded(make, submitted, mobility, tutoring)

    assert counts(as_editor) == {"Mobilité": (2, 2), "Tutorat": (1, 1)}
    assert counts(as_evaluator) == {"Mobilité": (1, 1), "Tutorat": (1, 0)}
    assert counts(as_animator) == {"Mobilité": (0, 0), "Tutorat": (1, 0)}
    assert counts(as_administrator) == {"Mobilité": (0, 0), "Tutorat": (0, 0)}


def test_they_are_of_one_scheme_page_by_page(as_editor: TestClient, make: Make) -> None:
    make.theme(scheme_id=make.scheme().id, name="Ailleurs")
    themes = [make.theme(name=name) for name in "ABC"]
    make.testimony(themes=themes[1:])
    merged = make.theme(name="D")
    into = {"into": str(themes[0].id)}
    assert as_editor.put(f"/api/v1/themes/{merged.id}/merge", json=into).status_code == 200

    query = f"scheme_id={make.the_scheme.id}&count=true"
    assert counts(as_editor, query) == {"A": (0, 0), "B": (1, 0), "C": (1, 0)}
    first = as_editor.get(f"{URL}?{query}&limit=2")
    assert first.json()["total"] == 3
    assert [item["theme_id"] for item in first.json()["items"]] == [str(t.id) for t in themes[:2]]
    rest = as_editor.get(first.links["next"]["url"]).json()
    assert [item["name"] for item in rest["items"]] == ["C"]
