"""What a bundle leaves out of the corpus, and whose voice it uses more than others'."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.settings import settings
from app.excerpts.models import Excerpt, ExcerptTheme
from app.testimonies.models import State
from tests.bundles.conftest import URL
from tests.make import Make

Composed = Callable[..., dict[str, Any]]


@pytest.fixture
def heard(make: Make) -> Callable[..., Excerpt]:
    """An excerpt, with themes, of somebody of this role in this territory."""

    def heard(role: str = "tutor", **given: Any) -> Excerpt:
        themes = given.pop("themes", [])
        workshop = given.pop("workshop", None) or make.workshop()
        witness = given.pop("witness", None) or make.witness(workshop=workshop, role=role)
        excerpt = make.excerpt(make.testimony(workshop=workshop, witnesses=[witness], **given))
        with make.sessions.begin() as db:
            for position, theme in enumerate(themes):
                ids = {"excerpt_id": excerpt.id, "theme_id": theme.id}
                db.add(ExcerptTheme(**ids, position=position))
        return excerpt

    return heard


def coverage(client: TestClient, bundle: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(f"{URL}/{bundle['id']}/balance")
    assert answer.status_code == 200, answer.text
    return answer.json()["coverage"]  # type: ignore[no-any-return]


def test_what_the_corpus_has_and_the_bundle_has_not_the_most_frequent_first(
    as_evaluator: TestClient, make: Make, composed: Composed, heard: Callable[..., Excerpt]
) -> None:
    shown, often, rare, of_nobody = (make.theme() for _ in range(4))
    seyne, digne = make.territory("83126"), make.territory("04070")
    chosen = heard(themes=[shown], territory_id=seyne.id)
    heard("employer", themes=[often, shown], territory_id=digne.id, method="video")
    heard("employer", themes=[often, rare], territory_id=seyne.id, method="video")
    heard("field_actor", method="interview")
    heard("support_worker", themes=[of_nobody], state=State.REJECTED, method="audio")
    scheme = make.scheme()
    heard("young_person", workshop=make.workshop(scheme_id=scheme.id), method="survey")

    found = coverage(as_evaluator, composed(chosen))
    assert found["missing"] == {
        "role": ["employer", "field_actor"],
        "method": ["video", "interview"],
        "territory": [str(make.territory("04").id)],
        "theme": [str(often.id), str(rare.id)],
    }


def test_territories_are_departments_another_town_of_the_same_one_is_not_missing(
    as_editor: TestClient, make: Make, composed: Composed, heard: Callable[..., Excerpt]
) -> None:
    chosen = heard(territory_id=make.territory("13055").id)
    heard(territory_id=make.territory("13056").id)
    assert coverage(as_editor, composed(chosen))["missing"]["territory"] == []


def test_themes_of_whole_testimonies_count_as_shown(
    as_editor: TestClient, make: Make, payload_of: Composed, heard: Callable[..., Excerpt]
) -> None:
    theme = make.theme()
    heard(themes=[theme])
    whole = make.testimony(themes=[theme])
    items = {"testimony_id": str(whole.id)}, {"text": "De ma main"}
    bundle = as_editor.post(URL, json=payload_of(*items)).json()
    found = coverage(as_editor, bundle)
    assert (found["missing"]["theme"], found["voices"]) == ([], 1)


def test_who_dominates_is_told_with_the_share_people_and_occasions_apart(
    as_editor: TestClient,
    make: Make,
    composed: Composed,
    heard: Callable[..., Excerpt],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workshop = make.workshop()
    talkative = make.witness(workshop=workshop)
    chosen = [
        *(heard(workshop=workshop, witness=talkative) for _ in range(2)),
        heard(workshop=workshop),
        heard(),
    ]
    bundle = composed(*chosen)
    found = coverage(as_editor, bundle)
    of_workshop = {"kind": "workshop", "id": str(workshop.id), "passages": 3, "share": 0.75}
    assert (found["voices"], found["dominant"]) == (3, [of_workshop])
    monkeypatch.setattr(settings(), "voice_share_max", 0.4)
    monkeypatch.setattr(settings(), "workshop_share_max", 0.8)
    of_witness = {"kind": "witness", "id": str(talkative.id), "passages": 2, "share": 0.5}
    assert coverage(as_editor, bundle)["dominant"] == [of_witness]


def test_words_of_several_people_are_a_passage_of_each(
    as_editor: TestClient, make: Make, composed: Composed
) -> None:
    workshop = make.workshop()
    both = [make.witness(workshop=workshop) for _ in range(2)]
    testimony = make.testimony(workshop=workshop, witnesses=both)
    found = coverage(as_editor, composed(make.excerpt(testimony), make.excerpt(testimony)))
    assert found["voices"] == 2
    told = {one["id"]: one["share"] for one in found["dominant"] if one["kind"] == "witness"}
    assert told == {str(witness.id): 1.0 for witness in both}


def test_of_an_empty_bundle_everything_is_missing_and_nobody_dominates(
    as_editor: TestClient, composed: Composed, heard: Callable[..., Excerpt]
) -> None:
    heard()
    found = coverage(as_editor, composed())
    assert found["missing"]["role"] == ["tutor"]
    assert (found["voices"], found["dominant"]) == (0, [])
