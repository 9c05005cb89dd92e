"""The form by which a recipient answers, without any script; and what a witness then reads."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.models import now
from app.pages.render import Visit, receipt_page
from app.reactions import service
from app.reactions.models import Reaction
from app.receipts import service as receipts
from app.receipts.sessions import Holder
from tests.conftest import ClientFor
from tests.pages.conftest import WORDS, Dossier

HOSTILE = '<img src=x onerror="alert(1)"> **gras** {{7*7}} \u202esens'
PROMISE = "Nous changeons la fiche de poste avant le 1er mars."


@pytest.fixture
def reader(client_for: ClientFor, dossier: Dossier) -> TestClient:
    """Somebody who opened their link, in a browser of their own."""
    client = client_for(None)
    client.follow_redirects = False
    assert client.post(dossier.deliver()[0]).status_code == 303
    return client


def kept(db: Session) -> list[Reaction]:
    db.rollback()
    return list(db.scalars(select(Reaction).order_by(Reaction.created_at)))


def test_an_answer_is_thanked_for_and_kept_once(
    reader: TestClient, dossier: Dossier, db: Session
) -> None:
    shown = reader.get(dossier.here).text
    assert f'action="{dossier.here}/reactions#reponse"' in shown
    assert f">n°\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}: {WORDS[0]}<" in shown
    assert "Voir" not in shown
    item_id = (
        shown.partition(f">n°\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}: {WORDS[0]}<")[0]
        .rpartition('value="')[2]
        .rstrip('"')
    )
    said = {
        "item_id": item_id,
        "commitment": "planned",
        "text": f"{PROMISE}\r\nEt après ?",
        "understood": "oui",
        "surprised": "non",
        "form_rating": "4",
    }
    for _ in range(2):  # somebody is impatient
        sent = reader.post(f"{dossier.here}/reactions", data=said)
        assert (sent.status_code, sent.headers["location"]) == (303, f"{dossier.here}/reactions")
    thanks = reader.get(sent.headers["location"])
    assert thanks.headers["cache-control"] == "private, no-store"
    assert "<h1>Merci</h1>" in thanks.text
    [reaction] = kept(db)
    assert str(reaction.item_id) == item_id
    assert reaction.text == f"{PROMISE}\nEt après ?"
    assert (reaction.understood, reaction.surprised, reaction.form_rating) == (True, False, 4)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "Votre réponse est vide"),
        ({"commitment": "made"}, "Dites ce qui est prévu ou fait, et quand."),
        ({"commitment": "promised"}, "vérifiez ce que vous avez choisi"),
        ({"form_rating": "9"}, "vérifiez ce que vous avez choisi"),
        ({"form_rating": "²"}, "vérifiez ce que vous avez choisi"),
        ({"understood": "peut-être"}, "vérifiez ce que vous avez choisi"),
        ({"text": "a" * 4001}, "4 000 caractères au plus"),
        ({"text": "a\x00b"}, "ne peut être ni gardé ni affiché"),
        ({"text": "x", "item_id": "8e03978e-40d5-43dd-bc93-6894a57f9324"}, "n’est plus dans"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    reader: TestClient, dossier: Dossier, db: Session, said: dict[str, Any], told: str
) -> None:
    refused = reader.post(
        f"{dossier.here}/reactions", data=said | {"surprised": "non"} if said else {}
    )
    assert refused.status_code == 422
    assert told in refused.text.replace("\u00a0", " ")
    assert WORDS[0] in refused.text
    assert kept(db) == []


def test_what_was_written_is_there_again_and_stays_text(
    reader: TestClient, dossier: Dossier
) -> None:
    wrong = {"text": HOSTILE, "form_rating": "9", "surprised": "oui"}
    again = reader.post(f"{dossier.here}/reactions", data=wrong).text
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt; **gras** {{7*7}}" in again
    assert "<img src=x" not in again
    assert 'name="surprised" value="oui" checked' in again


def test_too_many_answers_are_told_so(
    reader: TestClient, dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 1)
    assert reader.post(f"{dossier.here}/reactions", data={"text": "un"}).status_code == 303
    refused = reader.post(f"{dossier.here}/reactions", data={"text": "deux"})
    assert "toutes les réponses" in refused.text


def test_nobody_answers_without_a_link_or_from_another_site(
    reader: TestClient, client_for: ClientFor, dossier: Dossier, as_editor: TestClient, db: Session
) -> None:
    here, said = f"{dossier.here}/reactions", {"text": "bonjour"}
    assert client_for(None).post(here, data=said).status_code == 403
    assert client_for(None).get(here).status_code == 403
    elsewhere = reader.post(here, data=said, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    [listed] = as_editor.get("/api/v1/deliveries").json()["items"]
    as_editor.delete(f"/api/v1/deliveries/{listed['id']}")
    assert reader.post(here, data=said).status_code == 410
    assert kept(db) == []


def test_a_witness_reads_what_was_published_as_text(
    reader: TestClient, dossier: Dossier, as_editor: TestClient, db: Session
) -> None:
    witness = dossier.witnesses[0]

    def page() -> str:
        db.rollback()
        me = Holder(witness.id, witness.id, now())
        shown = receipts.read(db, receipts.find(db, me))
        return receipt_page(shown, Visit(witness.pseudonym, "jeton", 300))

    said = {"commitment": "planned", "text": HOSTILE}
    assert reader.post(f"{dossier.here}/reactions", data=said).status_code == 303
    [reaction] = kept(db)
    assert "Ce qu’on vous répond" not in page()
    as_editor.put(f"/api/v1/reactions/{reaction.id}/publication", json={})
    shown = page()
    assert "Ce qu’on vous répond" in shown
    assert "quelqu’un dit que quelque chose est prévu" in shown
    assert "&lt;img src=x" in shown
    assert "<img src=x" not in shown
    assert db.scalar(select(func.count()).select_from(Reaction)) == 1
