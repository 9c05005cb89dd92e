"""The witness's page: from the code to « J'ai fini », and nothing left behind."""

import re
from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from app.core.settings import settings
from app.propositions.models import PropositionState
from app.receipts.models import Approval, ReceiptSession
from app.testimonies.models import State, Testimony
from app.withdrawals.models import Withdrawal
from tests.conftest import ClientFor
from tests.make import Make
from tests.pages.conftest import WORDS, Dossier, Published
from tests.pages.test_routes import HOSTILE_ORIGINS
from tests.receipts.conftest import Kept, give, kept

__all__ = ["give", "kept"]
OWN = "/suivi/mes-paroles"
QUOTE = WORDS[0].replace("'", "&#39;")


@pytest.fixture
def reader(client_for: ClientFor) -> TestClient:
    client = client_for(None)
    client.follow_redirects = False
    return client


@pytest.fixture
def speaker(reader: TestClient, dossier: Dossier) -> TestClient:
    """The first witness of the dossier, who came in."""
    reader.cookies.set("suivi", dossier.make.receipt(dossier.witnesses[0]), path="/suivi")
    return reader


def token_in(html: str) -> dict[str, str]:
    found = re.search(r'name="jeton" value="([^"]+)"', html)
    assert found
    return {"jeton": found[1]}


def use_in(html: str) -> str:
    found = re.search(r"/suivi/retraits/usages/([0-9a-f-]{36})", html)
    assert found
    return found[1]


def test_a_code_is_exchanged_for_a_cookie_that_dies_with_the_browser(
    reader: TestClient, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = reader.get("/suivi")
    assert 'autocomplete="off"' in door.text
    answer = reader.post("/suivi", data={"code": kept.code.lower().replace("-", " ")})
    assert (answer.status_code, answer.headers["location"]) == (303, OWN)
    limits = {"path=/suivi", "httponly", "samesite=strict"}
    assert set(answer.headers["set-cookie"].lower().split("; ")[1:]) == limits
    shown = reader.get(OWN)
    assert kept.witness.pseudonym in shown.text
    assert "Rien n’est encore écrit" in shown.text
    monkeypatch.setattr(settings(), "base_url", "https://retours.example.org")
    secure = reader.post("/suivi", data={"code": kept.code}).headers["set-cookie"]
    assert set(secure.lower().split("; ")[1:]) == limits | {"secure"}


def test_a_page_leaves_no_trace_and_closes_when_idle(speaker: TestClient) -> None:
    page = speaker.get(OWN)
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["refresh"] == "300; url=/suivi/fin-de-session"
    ended = speaker.get("/suivi/fin-de-session")
    assert ended.headers["clear-site-data"] == '"cache", "cookies", "storage"'


def test_a_wrong_code_is_told_and_never_repeated(reader: TestClient) -> None:
    for code, said in (("", "Tapez votre code"), ("7GQ2-M0XK", "vous en avez tapé 8")):
        answer = reader.post("/suivi", data={"code": code})
        assert answer.status_code == 401
        assert said in answer.text
        assert 'aria-describedby="code-mistake code-help"' in answer.text
        assert "7GQ2" not in answer.text


def test_too_many_wrong_codes_and_the_right_one_still_opens(reader: TestClient, kept: Kept) -> None:
    for _ in range(6):
        late = reader.post("/suivi", data={"code": "NOTHING"})
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert "Un code juste marche toujours" in late.text
    assert reader.post("/suivi", data={"code": kept.code}).status_code == 303


def test_it_says_where_ones_words_are_and_not_those_of_others(
    speaker: TestClient, dossier: Dossier
) -> None:
    dossier.deliver()
    html = speaker.get(OWN).text
    for words in (QUOTE, "Élus", "Page web", "1\u00a0destinataire", "quand ça coince"):
        assert words in html
    assert WORDS[1].replace("'", "&#39;") not in html
    assert "<b>quand" not in html


def test_what_is_told_aloud_or_is_for_everybody_is_not_called_unsent(
    reader: TestClient, published: Published, as_editor: TestClient
) -> None:
    def shown(dossier: Dossier) -> str:
        reader.cookies.set("suivi", dossier.make.receipt(dossier.witnesses[0]), path="/suivi")
        return reader.get(OWN).text

    unsent = "Pas encore remis"
    event = published(form="event")
    assert unsent in shown(event), "nobody knows yet when it will be"
    path = f"/api/v1/releases/{event.release_id}/event"
    assert as_editor.put(path, json={"held_on": "2026-05-14"}).status_code == 200
    page = shown(event)
    assert '<dt>Rencontre</dt><dd><time datetime="2026-05-14">14 mai 2026</time></dd>' in page
    assert unsent not in page
    assert unsent not in shown(published("general_public"))
    assert unsent not in shown(published(form="exhibition")), "it hangs on a wall"
    assert unsent in shown(published())


def test_it_says_to_whom_words_were_given_and_names_nobody(
    speaker: TestClient, dossier: Dossier, client_for: ClientFor, make: Make
) -> None:
    assert "Vos paroles n’ont encore été remises à personne." in speaker.get(OWN).text
    path, _ = dossier.deliver(recipient="Monsieur Dupont (démo)")
    client_for(None).put(f"/api/v1/shared/{path.removeprefix('/r/')}/acknowledgement")
    function = make.decision_maker(title="Région *<img src=x>*")
    dossier.deliver(recipient="Madame Martin", decision_maker_id=str(function.id))
    html = speaker.get(OWN).text
    section = html.partition('id="remises"')[2].partition("</section>")[0]
    latest, first = re.findall(r"<li>(.*?)</li>", section, re.DOTALL)
    assert "Région *&lt;img src=x&gt;*" in latest
    assert "Pas encore ouvert." in latest
    assert "<bdi>Élus</bdi>" in first
    assert "A accusé réception le" in first
    for name in ("Dupont", "Martin", "<img"):
        assert name not in section


def test_one_use_is_taken_back_once_confirmed(speaker: TestClient, db: Session) -> None:
    here = f"/suivi/retraits/usages/{use_in(speaker.get(OWN).text)}"
    asked = speaker.get(here)
    assert "On ne peut pas revenir en arrière" in asked.text
    assert not db.scalar(select(func.count()).select_from(Withdrawal))
    done = speaker.post(here, data=token_in(asked.text))
    assert (done.status_code, done.headers["location"]) == (303, "/suivi/retraits/dernier")
    assert "C’est retiré" in speaker.get("/suivi/retraits/dernier").text
    html = speaker.get(OWN).text
    assert "utilisées nulle part" in html
    assert "Ce que vous avez retiré" in html
    assert speaker.get(here).status_code == 404


def test_uses_by_others_of_the_same_dossier_are_each_there_to_be_taken_back(
    speaker: TestClient, dossier: Dossier
) -> None:
    dossier.publish_for("tutors")
    for left in (["Élus", "Tuteurs"], ["Élus"]):
        html = speaker.get(OWN).text
        assert [label for label in ("Élus", "Tuteurs") if label in html] == left
        here = f"/suivi/retraits/usages/{use_in(html)}"  # the latest first
        assert speaker.post(here, data=token_in(speaker.get(here).text)).status_code == 303
    assert "utilisées nulle part" in speaker.get(OWN).text


def test_a_choice_is_taken_back_and_what_else_it_ends_is_told(
    speaker: TestClient, dossier: Dossier, give: Callable[..., None]
) -> None:
    give(dossier.witnesses[0], "written_officials", "written_public")
    asked = speaker.get("/suivi/retraits/choix/written_public")
    assert "Les élus, les services et les comités" in asked.text
    assert "quand ça coince" in asked.text
    done = speaker.post("/suivi/retraits/choix/written_public", data=token_in(asked.text))
    assert done.status_code == 303
    assert "utilisées nulle part" in speaker.get(OWN).text
    assert speaker.get("/suivi/retraits/choix/nothing").status_code == 404


def test_everything_is_taken_back(speaker: TestClient, db: Session) -> None:
    asked = speaker.get("/suivi/retraits/tout")
    assert speaker.post("/suivi/retraits/tout", data=token_in(asked.text)).status_code == 303
    assert "Plus personne ne voit ces paroles" in speaker.get(OWN).text
    states = list(db.scalars(select(Testimony.state)))
    assert states.count(State.WITHDRAWN) == 1


def test_a_witness_agrees_or_not(speaker: TestClient, db: Session) -> None:
    html = speaker.get(OWN).text
    url = f"/suivi/avis/{use_in(html)}"
    assert speaker.post(url, data=token_in(html) | {"avis": "non"}).status_code == 303
    assert db.scalars(select(Approval.approved)).one() is False
    assert "Vous n’êtes pas d’accord" in speaker.get(OWN).text


def test_words_are_carried_away(speaker: TestClient) -> None:
    answer = speaker.get(f"{OWN}.zip")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "data.json" in ZipFile(BytesIO(answer.content)).namelist()


def test_finishing_ends_the_session_and_clears_the_browser(
    speaker: TestClient, db: Session
) -> None:
    done = speaker.post("/suivi/fin", data=token_in(speaker.get(OWN).text))
    assert done.status_code == 303
    assert done.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert not db.scalar(select(func.count()).select_from(ReceiptSession))
    assert speaker.get(OWN).status_code == 401


def test_without_a_session_nothing_is_shown(reader: TestClient) -> None:
    for path in (OWN, f"{OWN}.zip", "/suivi/retraits/tout", "/suivi/retraits/dernier"):
        answer = reader.get(path)
        assert answer.status_code == 401
        assert "Votre page s’est refermée" in answer.text


@pytest.mark.parametrize("headers", HOSTILE_ORIGINS)
def test_another_site_cannot_take_words_back(
    speaker: TestClient, db: Session, headers: dict[str, str]
) -> None:
    token = token_in(speaker.get(OWN).text)
    for path in ("/suivi/retraits/tout", "/suivi/fin"):
        assert speaker.post(path, data=token, headers=headers).status_code == 403
    assert not db.scalar(select(func.count()).select_from(Withdrawal))


def test_nor_can_a_form_without_the_token_of_this_session(
    speaker: TestClient, dossier: Dossier, client_for: ClientFor, db: Session
) -> None:
    other = client_for(None)
    other.cookies.set("suivi", dossier.make.receipt(dossier.witnesses[1]), path="/suivi")
    theirs = token_in(other.get(OWN).text)
    for data in ({}, {"jeton": "x"}, theirs):
        assert speaker.post("/suivi/retraits/tout", data=data).status_code == 403
    assert not db.scalar(select(func.count()).select_from(Withdrawal))


def test_codes_and_tokens_are_not_logged(reader: TestClient, kept: Kept) -> None:
    with capture_logs() as lines:
        reader.post("/suivi", data={"code": kept.code})
        reader.get(OWN)
    assert {line["route"] for line in lines} == {"/suivi", OWN}
    assert kept.code not in str(lines)
    assert reader.cookies["suivi"] not in str(lines)


def test_what_was_proposed_and_decided_is_told_with_its_day_and_reason(
    reader: TestClient, make: Make, kept: Kept
) -> None:
    reader.cookies.set("suivi", make.receipt(kept.witness), path="/suivi")
    assert "Rien n’a encore été proposé à partir de vos paroles." in reader.get(OWN).text
    said = make.excerpt(make.testimony(witnesses=[kept.witness]))
    make.proposition(said, title="Une <b>ébauche</b>")
    assert "ébauche" not in reader.get(OWN).text
    steps = [PropositionState.PROPOSED, PropositionState.SENT, PropositionState.REFUSED]
    make.proposition(said, steps=steps, title="Prêter <b>une voiture</b>")
    page = reader.get(OWN).text
    for words in (
        "Prêter &lt;b&gt;une voiture",
        'Refusée, le <time datetime="2013-08-03">3 août 2013',
        "Trop cher cette année.",
        "Vos paroles appuient cette proposition.",
        'datetime="2013-07-03">3 juillet 2013</time>&nbsp;: transmise aux personnes',
    ):
        assert words in page, words
