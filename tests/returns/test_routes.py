"""What the sheet of a workshop promises to who spoke there, before everybody who walks past it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.models import now
from app.core.settings import settings
from app.documents.wording import HERE, day
from app.propositions.models import PropositionState as S
from app.reactions.models import Commitment
from app.testimonies.models import State, Testimony
from app.workshops.models import Workshop
from tests.documents.codes import text_of
from tests.documents.reading import (
    codes_of,
    is_accessible_and_lasting,
    pages_of,
    sizes_of,
    squeezed,
)
from tests.make import Make
from tests.returns.conftest import WORDS, Client, Dossier, Published, address

Wall = Callable[[Workshop], str]
HOSTILE = '*gras* #import "x" $x$ {{ x }} <img src=x> @ref `code` \\ _a_ = // [x]'


@pytest.fixture
def by(make: Make) -> dict[str, Any]:
    """An editor published it."""
    return {"published_at": now(), "published_by_id": make.account(role=Role.EDITOR).id}


def says(wall: str, *words: str) -> list[str]:
    """Which of these words are not on it."""
    return [told for told in words if squeezed(told) not in wall]


def test_a_new_workshop_has_a_sheet_that_says_how_to_follow_and_to_take_back(
    make: Make, as_editor: TestClient, tmp_path: Path
) -> None:
    workshop = make.workshop(starts_at=datetime(2026, 5, 14, 12, tzinfo=UTC))
    answer = as_editor.get(address(workshop.id))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="retour-')
    path = tmp_path / "return.pdf"
    path.write_bytes(answer.content)
    assert is_accessible_and_lasting(path)
    assert sizes_of(path) == {(210, 297)}
    [code] = codes_of(path)
    assert text_of(code.modules) == f"{settings().base_url}/suivi"


def test_an_empty_sheet_says_that_nothing_came_yet(
    make: Make, workshop: Workshop, wall: Wall
) -> None:
    silent = make.workshop(
        owner_organization_id=workshop.owner_organization_id,
        place_id=workshop.place_id,
        starts_at=datetime(2026, 5, 14, 12, tzinfo=UTC),
    )
    told = (
        "14 mai 2026, ERIC-Cyber-base Berthe",
        "Personne n’a encore parlé ici.",
        "Rien n’est encore sorti de l’équipe",
        "Personne n’a encore répondu.",
        "Rien n’a encore été proposé",
        "/suivi",
        "Tapez le code de suivi",
        "Vous pouvez reprendre tout ou une partie",
    )
    assert says(wall(silent), *told) == []


def test_it_tells_where_the_words_went_and_how_many_opened_them(
    dossier: Dossier, workshop: Workshop, wall: Wall, as_anonymous: TestClient
) -> None:
    assert "Pasencoreenvoyé." in wall(workshop)
    path, _ = dossier.deliver()
    dossier.deliver(recipient="Monsieur l'Élu (démo)")
    as_anonymous.get(f"/api/v1/shared{path.removeprefix('/r')}")
    sheet = wall(workshop)
    told = ("Ce qu'on fait : <b>quand ça coince</b>", "Page web pour : Élus. Publié le")
    assert says(sheet, *told, "Envoyé à 2 personnes ; une l’a ouvert.") == []
    assert "l'Élue" not in sheet, "who received it is not told"


def test_a_dossier_given_to_some_then_to_others_is_told_of_both(
    dossier: Dossier, workshop: Workshop, wall: Wall
) -> None:
    dossier.deliver()
    dossier.release_id = dossier.publish_for("tutors")
    for recipient in ("Le club des tuteurs (démo)", "Une tutrice (démo)"):
        dossier.deliver(recipient=recipient)
    told = ("Page web pour : Élus. Publié le", "Page web pour : Tuteurs. Publié le")
    sent = ("Envoyé à une personne, qui ne l’a pas encore ouvert.", "Envoyé à 2 personnes")
    assert says(wall(workshop), *told, *sent) == []


@pytest.mark.parametrize(("days", "said"), [(-3, "A eu lieu le"), (3, "Prévu le")])
def test_an_event_is_told_by_its_day_and_was_sent_to_nobody(
    published: Published,
    make: Make,
    as_editor: TestClient,
    tmp_path: Path,
    days: int,
    said: str,
) -> None:
    dossier = published(form="event")
    on = (now().astimezone(HERE) + timedelta(days=days)).date()
    event = f"/api/v1/releases/{dossier.release_id}/event"
    here = address(dossier.witnesses[0].workshop_id)

    def wall() -> str:
        path = tmp_path / "return.pdf"
        path.write_bytes(as_editor.get(here).content)
        return "".join(pages_of(path))

    assert says(wall(), "Évènement pour : Élus.", "Pas encore envoyé.") == []
    assert as_editor.put(event, json={"held_on": on.isoformat()}).status_code == 200
    assert says(wall(), f"{said} {day(on)}.") == []
    assert "Pasencore" not in wall()


def test_nobody_is_named_nor_quoted(
    dossier: Dossier, workshop: Workshop, wall: Wall, make: Make, by: dict[str, Any]
) -> None:
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, text=f"Vous dites « {WORDS[0]} » : nous le ferons.", **by)
    sheet = wall(workshop)
    assert says(sheet, "nous le ferons.", "[…]") == []
    for hidden in (*WORDS, *(witness.pseudonym for witness in dossier.witnesses), "Un tuteur"):
        assert squeezed(hidden) not in sheet


def test_few_people_are_not_counted(
    dossier: Dossier, workshop: Workshop, wall: Wall, make: Make
) -> None:
    elsewhere = make.workshop()
    for _ in range(6):
        make.testimony(workshop=elsewhere)
    for _ in range(12):
        make.testimony(workshop=workshop)
    assert says(wall(workshop), "Quelques personnes ont parlé ici.") == []
    make.testimony(workshop=workshop)
    assert says(wall(workshop), "Au moins 15 personnes ont parlé ici.") == []
    make.testimony(workshop=workshop)  # one more, or one who leaves, is not seen
    assert says(wall(workshop), "Au moins 15 personnes ont parlé ici.") == []
    make.testimony(workshop=workshop, state=State.WITHDRAWN)
    make.testimony(workshop=workshop, witnesses=[make.witness(withdrawn_at=now())])
    assert says(wall(workshop), "Au moins 15 personnes ont parlé ici.") == []


def test_only_published_answers_are_told(
    dossier: Dossier, workshop: Workshop, wall: Wall, make: Make, by: dict[str, Any]
) -> None:
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, text="Pas pour le mur.", commitment=Commitment.MADE)
    make.reaction(
        delivery_id,
        text="Brut.",
        public_text="Deux heures par semaine, en juin.",
        commitment=Commitment.PLANNED,
        **by,
    )
    sheet = wall(workshop)
    told = ("Quelqu’un dit que quelque chose est prévu.", "Deux heures par semaine, en juin.")
    assert says(sheet, *told) == []
    for hidden in ("Pas pour le mur.", "Brut.", "quelque chose est fait"):
        assert squeezed(hidden) not in sheet
    assert sheet.count("Quelqu’un") == 1, "one answer to all of a release is told once"


def test_what_was_proposed_is_told_with_its_state_and_reason(
    dossier: Dossier, workshop: Workshop, wall: Wall, make: Make
) -> None:
    here = make.testimony(workshop=workshop)
    make.proposition(make.excerpt(here), steps=[S.PROPOSED, S.SENT, S.REFUSED], title="Refusée ici")
    make.proposition(make.excerpt(here), steps=[S.MARTYR], title="Un brouillon")
    make.proposition(make.excerpt(here), title="Sans étape")
    make.proposition(
        make.excerpt(make.testimony()), steps=[S.PROPOSED], title="Celle d'un autre atelier"
    )
    sheet = wall(workshop)
    told = ("Refusée ici", "Refusée, le 3 août 2013.", "Trop cher cette année.")
    assert says(sheet, *told) == []
    for hidden in ("Un brouillon", "Sans étape", "autre atelier"):
        assert squeezed(hidden) not in sheet


def test_nothing_of_another_workshop_is_on_it(
    workshop: Workshop, wall: Wall, make: Make, published: Published, by: dict[str, Any]
) -> None:
    other = published()
    other.republish(title="Le dossier des autres")
    _, delivery_id = other.deliver()
    make.reaction(delivery_id, text="À d'autres.", **by)
    sheet = wall(workshop)
    assert says(sheet, "Ce qu'on fait") == []
    for hidden in ("Le dossier des autres", "À d'autres."):
        assert squeezed(hidden) not in sheet


def test_words_that_are_taken_back_went_nowhere_at_once(
    dossier: Dossier, workshop: Workshop, wall: Wall, make: Make, by: dict[str, Any]
) -> None:
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, text="Nous y venons.", **by)
    dossier.withdraw(0)
    assert says(wall(workshop), "Ce qu'on fait", "Nous y venons.") == [], "one is left"
    dossier.withdraw(1)
    sheet = wall(workshop)
    assert says(sheet, "Rien n’est encore sorti", "Personne n’a encore répondu.") == []
    for hidden in ("Ce qu'on fait", "Nous y venons."):
        assert squeezed(hidden) not in sheet


def test_an_answer_that_may_quote_what_was_taken_back_says_no_more_than_its_commitment(
    dossier: Dossier, workshop: Workshop, wall: Wall, make: Make, by: dict[str, Any]
) -> None:
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, text="Ligne à ligne.", commitment=Commitment.THINKING, **by)
    with make.sessions.begin() as db:
        taken = db.scalars(select(Testimony).where(Testimony.body == WORDS[0])).one()
        taken.state, taken.withdrawn_from = State.WITHDRAWN, State.ACCEPTED
        taken.withdrawn_at = now()
    sheet = wall(workshop)
    assert says(sheet, "Quelqu’un y réfléchit.") == []
    assert squeezed("Ligne à ligne.") not in sheet


def test_text_is_literal(
    dossier: Dossier, workshop: Workshop, wall: Wall, make: Make, by: dict[str, Any]
) -> None:
    with make.sessions.begin() as db:
        db.get_one(Workshop, workshop.id).title = f"Atelier {HOSTILE}"
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, text=f"Réponse {HOSTILE}", **by)
    here = make.testimony(workshop=workshop)
    make.proposition(make.excerpt(here), steps=[S.PROPOSED], title=f"Idée {HOSTILE}")
    sheet = wall(workshop)
    assert says(sheet, *(f"{name} {HOSTILE}" for name in ("Atelier", "Réponse", "Idée"))) == []


def test_those_at_home_and_editors_have_it_made(
    workshop: Workshop,
    at_home: Client,
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_outsider: TestClient,
    as_anonymous: TestClient,
) -> None:
    here = address(workshop.id)
    assert at_home(Role.ANIMATOR).get(here).status_code == 200
    assert as_editor.get(here).status_code == 200
    assert at_home(Role.INTEGRATION).get(here).status_code == 403
    assert as_evaluator.get(here).status_code == 403
    assert as_outsider.get(here).status_code == 404
    assert as_anonymous.get(here).status_code == 401


def test_that_it_was_made_is_recorded_and_what_was_refused_is_not(
    workshop: Workshop, as_host: TestClient, as_evaluator: TestClient, db: Session
) -> None:
    as_evaluator.get(address(workshop.id))
    as_host.get(address(workshop.id))
    made = select(AuditEvent).where(AuditEvent.action == "return-sheet.made")
    (event,) = db.scalars(made)
    assert event.subject_id == workshop.id
