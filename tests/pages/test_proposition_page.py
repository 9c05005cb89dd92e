"""The page of a proposition: what a meeting reads of it, and what it must not."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.models import now
from app.excerpts.models import Excerpt
from app.propositions.models import Competence
from app.propositions.models import PropositionState as S
from app.witnesses.decision import Cell, Medium, Purpose, Reach, Verb
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.make import Make

COMMITTEE = Cell(Medium.ANONYMOUS_TEXT, "steering_committee", "note", Purpose.EVALUATION)
OFFICIALS = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "note", Purpose.EVALUATION)
Says = Callable[..., Excerpt]
HOSTILE = '*gras* #titre $1 {{7*7}} {% raw %} <img src=x onerror="a()"> \u202eenvers'


@pytest.fixture
def workshop(make: Make) -> Workshop:
    return make.workshop()


@pytest.fixture
def says(make: Make, workshop: Workshop) -> Says:
    """Words of somebody who agrees that the committee reads them; or to `cells`."""

    def says(words: str, *cells: Cell, **given: Any) -> Excerpt:
        witness = given.pop("witness", None) or make.witness(workshop=workshop)
        make.consent(witness, *(cells or [COMMITTEE]), **given)
        return make.excerpt(
            make.testimony(workshop=workshop, witnesses=[witness], body=words), exact=words
        )

    return says


def text_of(client: TestClient, proposition: Any) -> str:
    answer = client.get(f"/api/v1/propositions/{proposition.id}/page.html")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return " ".join(answer.text.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ").split())


def test_it_says_what_it_rests_on_who_wrote_it_and_what_became_of_it(
    as_evaluator: TestClient, make: Make, says: Says, workshop: Workshop
) -> None:
    tutor = make.witness(workshop=workshop)
    proposition = make.proposition(
        says("On prête une voiture."),
        against=[says("Chez moi cela ne sert à rien.")],
        steps=[S.PROPOSED, S.SENT, S.REFUSED],
        co_authors=[tutor],
        workshop_id=workshop.id,
        competence=Competence.STATE,
        relayed_to="Service de l'État (essai)",
        due_on=date(2013, 9, 1),
        experiment="Un essai à trois.",
        product="Un carnet de bord.",
    )
    page = text_of(as_evaluator, proposition)
    order = [
        *("Un tuteur déchargé", "Refusée", "Trop cher cette année.", "Deux heures par semaine"),
        *("État", "relayée à", "1er septembre 2013", "Tuteur", "Un essai à trois."),
        *("Un carnet de bord.", "Ce qui l’appuie", "On prête une voiture."),
        *("Ce qui la contredit", "Chez moi cela ne sert à rien."),
        *("3 juin 2013", "Proposée", "3 juillet 2013", "Transmise", "3 août 2013", "Refusée"),
    ]
    places: list[int] = []
    for words in order:
        places.append(page.index(words.replace("'", "&#39;"), places[-1] if places else 0))
    assert places == sorted(places)
    assert "Aucun usager" not in page
    assert tutor.pseudonym not in page
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", page), "no id is in it"


def test_it_says_when_no_user_wrote_it_and_when_an_answer_is_late(
    as_editor: TestClient, make: Make
) -> None:
    late = make.proposition(due_on=now().date() - timedelta(days=1))
    page = text_of(as_editor, late)
    assert "Aucun usager n&#39;a co-écrit cette proposition." in page
    assert "L’équipe du projet, seule" in page
    assert "En retard" in page
    assert "À débattre" in page
    assert "Rien pour le moment." in page
    assert "En retard" not in text_of(as_editor, make.proposition(due_on=now().date()))


def test_words_are_quoted_only_for_the_committee_in_a_note(
    as_editor: TestClient, make: Make, says: Says, workshop: Workshop
) -> None:
    told = says("Dites-le au comité.")
    others = says("Pour les élus seulement.", OFFICIALS)
    restricted = make.excerpt(
        make.testimony(
            workshop=workshop,
            witnesses=[_willing(make, workshop)],
            body="Pas en note.",
            restriction={"forms": ["film"]},
        ),
        exact="Pas en note.",
    )
    proposition = make.proposition(told, others, restricted)
    page = text_of(as_editor, proposition)
    assert "Dites-le au comité." in page
    assert "Pour les élus" not in page
    assert "Pas en note" not in page
    assert "2 paroles ne peuvent pas être citées ici" in page


def test_where_it_was_written_says_how_far_words_may_go(
    as_editor: TestClient, make: Make, says: Says, workshop: Workshop
) -> None:
    """The witness agrees for their region; without a workshop the sheet may go anywhere."""
    excerpt = says("Pour la région.", territory=Reach.REGION)
    here = make.proposition(excerpt, workshop_id=workshop.id)
    anywhere = make.proposition(excerpt)
    assert "Pour la région." in text_of(as_editor, here)
    page = text_of(as_editor, anywhere)
    assert "Pour la région." not in page
    assert "Une parole ne peut pas être citée ici" in page


def test_a_no_is_heard_at_once(
    as_editor: TestClient, make: Make, says: Says, workshop: Workshop
) -> None:
    witness = make.witness(workshop=workshop)
    proposition = make.proposition(says("Je le dis.", witness=witness))
    assert "Je le dis." in text_of(as_editor, proposition)
    make.consent(witness, COMMITTEE, verb=Verb.WITHDRAW)
    assert "Je le dis." not in text_of(as_editor, proposition)


def test_what_people_wrote_is_text_and_stays_text(
    as_editor: TestClient, make: Make, says: Says
) -> None:
    excerpt = says(HOSTILE)
    proposition = make.proposition(
        excerpt,
        title="<script>alert(1)</script> {{7*7}}",
        description=HOSTILE,
        experiment=HOSTILE,
        product=HOSTILE,
        responsible="<b>Service</b>",
        relayed_to="<i>État</i>",
    )
    page = text_of(as_editor, proposition)
    for tag in ("<script", "<img", "<b>", "<i>"):
        assert tag not in page
    assert "{{7*7}}" in page
    assert page.count("&lt;img src=x") == 4
    assert page.count('dir="auto"') >= 5
    assert 'style="' not in page
    assert "<style" not in page


def _willing(make: Make, workshop: Workshop) -> Witness:
    witness = make.witness(workshop=workshop)
    make.consent(witness, COMMITTEE)
    return witness
