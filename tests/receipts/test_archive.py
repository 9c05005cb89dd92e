"""What a witness carries away: all of their own, and nobody else's."""

import json
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.appearances.models import Appearance, AppearanceKind
from app.audit.models import AuditEvent
from app.core.db import Database
from app.media.models import Status
from app.receipts import archive, sessions
from app.witnesses.models import Witness
from tests.make import Make
from tests.receipts.conftest import RECEIPT, WORDS, Dossier, Kept

AsWitness = Callable[[Witness], TestClient]
ARCHIVE = f"{RECEIPT}/archive"


def opened(client: TestClient) -> tuple[ZipFile, dict[str, Any]]:
    answer = client.get(ARCHIVE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="mes-paroles-')
    found = ZipFile(BytesIO(answer.content))
    assert found.testzip() is None
    return found, json.loads(found.read("data.json"))


def test_it_holds_all_that_the_receipt_shows_and_the_texts(
    as_speaker: TestClient, dossier: Dossier, db: Session
) -> None:
    dossier.deliver(recipient="Madame l'Élue (démo)")
    shown = as_speaker.get(RECEIPT).json()
    found, data = opened(as_speaker)
    assert found.namelist() == ["LISEZMOI.txt", "data.json"]
    assert shown.items() <= data.items()
    assert [text["body"] for text in data["texts"]] == [WORDS[0]]
    (event,) = data["consent_events"]
    assert event["cells"] == [["anonymous_text", "elected_officials", "web_page", "evaluation"]]
    assert "collected_by_id" not in event
    (given,) = data["deliveries"]
    assert given["bundle_title"] == shown["testimonies"][0]["uses"][0]["bundle_title"]
    assert "Madame" not in json.dumps(data), "who received it is told by a function alone"
    assert WORDS[1] not in json.dumps(data, ensure_ascii=False)
    readme = found.read("LISEZMOI.txt").decode()
    assert shown["pseudonym"] in readme
    assert "gardez-le en lieu sûr" in readme


def test_that_it_was_made_is_recorded(as_witness: AsWitness, kept: Kept, db: Session) -> None:
    opened(as_witness(kept.witness))
    event = db.scalars(select(AuditEvent).where(AuditEvent.action == "receipt.archived")).one()
    assert (event.actor_kind, event.actor_id) == ("receipt", kept.witness.id)


def test_it_holds_the_recordings_in_which_nobody_else_is(
    as_witness: AsWitness, kept: Kept, make: Make, database: Database
) -> None:
    other = make.witness()

    def recorded(name: str, *witnesses: Witness, **given: Any) -> Any:
        files = {"original": name.encode()}
        media = make.media(files=files, filename=f"../{name}.exe", **given)
        make.testimony(witnesses=[kept.witness, *witnesses], media=[media])
        return media

    recorded("alone")
    shared = recorded("shared")
    make.testimony(witnesses=[other], media=[shared])
    recorded("together", other)
    seen = recorded("seen")
    with database.write.begin() as db:
        for witness, media in ((other, seen), (kept.witness, seen)):
            place = {"start_ms": 0, "end_ms": 10, "kind": AppearanceKind.FACE}
            db.add(Appearance(media_id=media.id, witness_id=witness.id, **place))
    recorded("unready", status=Status.PROCESSING)
    make.testimony(witnesses=[other], media=[make.media(files={"original": b"other"})])

    found, data = opened(as_witness(kept.witness))
    (name,) = set(found.namelist()) - {"LISEZMOI.txt", "data.json"}
    assert name.startswith("enregistrements/2013-05-14-")
    assert name.endswith(".mp4")
    assert found.read(name) == b"alone"
    told = sorted((recording["kept"], recording["file"]) for recording in data["recordings"])
    assert told == sorted(
        [("here", name), ("missing", None), *[("others", None)] * 3], key=lambda r: r[0]
    )
    assert "d'autres personnes" in found.read("LISEZMOI.txt").decode()
    assert ".exe" not in json.dumps(data)


def test_it_holds_what_is_said_in_these_recordings_and_in_no_other(
    as_witness: AsWitness, kept: Kept, make: Make
) -> None:
    alone, shared = (make.media(files={"original": b"x"}) for _ in range(2))
    for media, witnesses in ((alone, [kept.witness]), (shared, [kept.witness, make.witness()])):
        make.testimony(witnesses=witnesses, media=[media])
        make.transcript(media, "Voilà ce que j'ai dit.")
        make.transcript(media, "Un brouillon.", approved_at=None)
    found, data = opened(as_witness(kept.witness))
    (name,) = (name for name in found.namelist() if name.endswith(".vtt"))
    assert "Voilà ce que j'ai dit." in found.read(name).decode()
    told = {recording["kept"]: recording["transcript"] for recording in data["recordings"]}
    assert told == {"here": name, "others": None}


@pytest.mark.slow
def test_it_is_made_while_it_is_sent(database: Database, kept: Kept, make: Make) -> None:
    media = make.media(files={"original": b"x" * 60_000_000})
    make.testimony(witnesses=[kept.witness], media=[media])
    token = make.receipt(kept.witness)
    holder = sessions.keep(database, token)
    tracemalloc.start()
    size = sum(len(chunk) for chunk in archive.make(database, holder))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 60_000_000
    assert most < 12_000_000
