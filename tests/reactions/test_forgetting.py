"""What becomes of answers when the words they are about are taken back, or when they are old."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import now
from app.mobilization.models import Mobilization
from app.operations import retention
from app.reactions.models import Reaction
from tests.jobs.desk import Desk
from tests.make import Make
from tests.reactions.conftest import API, WORDS, Answer, AsWitness, Dossier


def texts(client: TestClient) -> dict[str, str | None]:
    found = client.get(f"{API}/reactions").json()["items"]
    return {one["id"]: one["text"] for one in found}


def test_answers_stay_and_quote_nothing_that_was_taken_back(
    as_editor: TestClient,
    as_witness: AsWitness,
    answer: Answer,
    items: list[str],
    dossier: Dossier,
    database: Database,
    db: Session,
) -> None:
    one = answer(item_id=items[0], commitment="planned", text="La petite du garage : en mars.")
    other = answer(item_id=items[1], text="Le soir, donc.")
    whole = answer(text=f"« {WORDS[0]} » : je garde cela. « {WORDS[1]} » aussi.")
    for said in (one, other, whole):
        as_editor.put(f"{API}/reactions/{said['id']}/publication", json={})
    stays = as_witness(dossier.witnesses[1])

    def told() -> list[str | None]:
        [testimony] = stays.get(f"{API}/receipt").json()["testimonies"]
        return [said["text"] for use in testimony["uses"] for said in use["reactions"]]

    assert told() == [other["text"], whole["text"]]
    goes = as_witness(dossier.witnesses[0])
    assert goes.post(f"{API}/receipt/withdrawals", json={"all": True}).status_code == 201

    # At once, and with no worker there:
    expected = {one["id"]: None, other["id"]: other["text"], whole["id"]: None}
    assert texts(as_editor) == expected
    assert told() == [other["text"], None]

    Desk(database).work_all()
    left = texts(as_editor)
    assert (left[one["id"]], left[other["id"]]) == (None, other["text"])
    assert left[whole["id"]] == "« […]. » : je garde cela. « […]. » aussi."
    assert told() == [other["text"], left[whole["id"]]]
    row = as_editor.get(f"{API}/reactions/{one['id']}").json()
    assert (row["commitment"], row["state"]) == ("planned", "published")
    assert db.scalar(select(func.count()).select_from(Reaction)) == 3


def test_old_texts_are_forgotten_but_for_what_was_published(
    dossier: Dossier, make: Make, database: Database
) -> None:
    _, delivery_id = dossier.deliver()
    editor = make.account().id
    public: dict[str, Any] = {"published_at": now(), "published_by_id": editor}
    rows = {
        "as it was": make.reaction(delivery_id, text="tel quel", **public),
        "edited": make.reaction(delivery_id, text="écrit", public_text="relu", **public),
        "never": make.reaction(delivery_id, text="brut", public_text="essai"),
        "young": make.reaction(delivery_id, text="hier"),
    }
    line = make.mobilization(delivery_id=UUID(delivery_id), note="au téléphone")
    long_ago = {"created_at": now() - timedelta(days=800)}
    old = [rows[name].id for name in ("as it was", "edited", "never")]
    with database.write.begin() as db:
        db.execute(update(Reaction).where(Reaction.id.in_(old)).values(long_ago))
        db.execute(update(Mobilization).values(long_ago))
    done = retention.totals(retention.apply(database.write.begin))
    assert {rule.code: n for rule, n in done.items() if n} == {"reactions": 3, "mobilization": 1}
    with database.read() as db:
        left = {name: db.get_one(Reaction, row.id) for name, row in rows.items()}
        assert {name: (r.text, r.public_text) for name, r in left.items()} == {
            "as it was": (None, "tel quel"),
            "edited": (None, "relu"),
            "never": (None, None),
            "young": ("hier", None),
        }
        kept = db.get_one(Mobilization, line.id)
        assert (kept.with_whom, kept.note) == ("Destinataire", None)
