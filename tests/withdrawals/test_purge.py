"""After the withdrawal, the job: nothing is left, in rows, in files, in the bytes of either."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.appearances.models import Appearance, AppearanceKind
from app.core.models import Base, now
from app.excerpts.models import SelectorType
from app.history.models import Version
from app.jobs.models import Job
from app.jobs.service import enqueue
from app.lineage.models import Derivation
from app.media.models import Media, Rendition
from app.propositions.models import CoAuthor, Evidence
from app.releases.models import FileStatus, Release, ReleaseFile
from app.storage.service import storage
from app.testimonies.models import Testimony
from app.withdrawals.models import Withdrawal
from app.withdrawals.purge import UNDO
from app.witnesses.decision import Verb
from app.witnesses.models import ConsentEvent, CurrentConsent, Witness
from app.witnesses.vault import seal
from tests.jobs.desk import Desk
from tests.withdrawals.world import (
    API,
    CANARY,
    NOISE,
    SHOWN,
    World,
    bytes_of_database,
    bytes_of_storage,
    checkpoint,
    deliver,
    holding,
)

NAME = "Anthelme-Canari"


def state_of(world: World, withdrawal: dict[str, Any]) -> str:
    told = world.editor.get(f"{API}/withdrawals/{withdrawal['id']}").json()
    return str(told["state"])


def test_the_bytes_are_gone_from_the_database_and_the_storage(world: World) -> None:
    identity = {"given_name": NAME, "family_name": NAME, "email": None, "phone": None}
    with world.make.sessions.begin() as db:
        db.add(seal(world.witness.id, identity))
    checkpoint(world.database)
    assert holding(CANARY, bytes_of_database(world.database)), "the test would see it"
    assert holding(CANARY, bytes_of_storage())
    withdrawal = world.take_back()
    assert state_of(world, withdrawal) == "effective"

    world.work()
    assert state_of(world, withdrawal) == "purged"
    checkpoint(world.database)
    assert holding(CANARY, bytes_of_database(world.database)) == []
    assert holding(CANARY, bytes_of_storage()) == []
    assert holding(NOISE, bytes_of_database(world.database)), "what others said stays"


def test_it_is_purged_once_nobody_reads_the_database_as_it_was_before(
    world: World, impatient: None
) -> None:
    """A backup, for example: for it the database keeps what was erased."""
    with world.database.snapshot() as reading:
        assert reading.execute(select(Account.id)).first(), "and no lock on what is erased"
        withdrawal = world.take_back()
        world.work()
        assert state_of(world, withdrawal) == "effective"

    Desk(world.database).make_due()
    world.work()
    assert state_of(world, withdrawal) == "purged"
    checkpoint(world.database)
    assert holding(CANARY, bytes_of_database(world.database)) == []


def test_no_row_says_what_they_said_or_who_they_are(world: World, db: Session) -> None:
    with world.make.sessions.begin() as writing:
        identity = {"given_name": NAME, "family_name": NAME, "email": None, "phone": None}
        writing.add(seal(world.witness.id, identity))
    world.take_back()
    world.work()
    mine = Witness.id == world.witness.id
    for table in Base.metadata.sorted_tables:
        for row in db.execute(select(table)):
            assert CANARY not in str(row), table.name
    witness = db.scalars(select(Witness).where(mine)).one()
    assert (witness.signature, witness.territory_id, witness.sector) == (None, None, None)
    assert witness.pseudonym
    assert not db.execute(select(Base.metadata.tables["identities"])).all()


def test_the_evidence_of_consent_keeps_hashes_only(world: World, db: Session) -> None:
    proof = world.make.media(
        organization=world.account.organization,
        files={"original": f"signed by {CANARY}".encode()},
        sha256="a" * 64,
    )
    with world.make.sessions.begin() as writing:
        writing.execute(
            update(ConsentEvent)
            .where(ConsentEvent.witness_id == world.witness.id)
            .values(evidence_media_id=proof.id)
        )
    world.take_back()
    world.work()
    event = db.scalars(select(ConsentEvent).where(ConsentEvent.evidence_media_id == proof.id)).one()
    assert (event.evidence_sha256, event.note) == ("a" * 64, None)
    assert not db.scalars(select(Rendition).where(Rendition.media_id == proof.id)).all()
    assert holding(CANARY, bytes_of_storage()) == []


# Releases


def test_a_successor_takes_the_place_of_the_release_and_says_what_it_lost(world: World) -> None:
    world.take_back()
    world.work()
    newest, old = world.releases()
    assert (newest["number"], old["number"]) == (2, 1)
    told = world.editor.get(f"{API}/releases/{newest['id']}").json()
    assert CANARY not in str(told)
    assert NOISE in str(told)
    assert {e["reason"] for e in told["exclusions"]} == {"withdrawn"}
    assert len(told["exclusions"]) == 3
    assert told["content"]["k"] is None
    assert told["content"]["balance"]["nature"] == {"other": {"value": None, "suppressed": True}}


def test_words_go_from_releases_that_somebody_else_had_recalled_before(
    world: World, db: Session
) -> None:
    """A release that nobody reads any more still holds what was not taken back then."""
    world.take_back(witness_id=str(world.other.id), all=True)
    world.work()
    contents = select(Release.content).order_by(Release.number)
    first, _ = db.scalars(contents)
    db.rollback()
    assert CANARY in str(first)
    assert NOISE not in str(first)
    world.take_back()
    world.work()
    assert CANARY not in str(list(db.scalars(contents)))


@pytest.mark.parametrize("path", ["", "/files/page.html"])
def test_the_old_one_answers_410(world: World, path: str) -> None:
    world.take_back()
    world.work()
    answer = world.editor.get(f"{API}/releases/{world.release_id}{path}")
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/release-recalled")
    assert answer.json()["superseded_by"] == 2


def test_each_recipient_is_asked_to_take_note_then_reads_the_successor(world: World) -> None:
    other_token, _ = deliver(world.editor, world.release_id)
    world.shared()
    world.take_back()
    world.work()
    for token in (world.token, other_token):
        for path in ("", "/files/page.html"):
            answer = world.anybody.get(f"{API}/shared/{token}{path}")
            assert (answer.status_code, answer.json()["superseded_by"]) == (410, 2)
    deliveries = world.editor.get(f"{API}/releases/{world.release_id}/deliveries").json()["items"]
    assert all(d["recalled_at"] and not d["recall_acknowledged_at"] for d in deliveries)

    take_note = f"{API}/shared/{world.token}/recall-acknowledgement"
    first = world.anybody.put(take_note)
    assert first.status_code == 200, first.text
    assert world.anybody.put(take_note).json() == first.json()
    read = world.shared().json()
    assert read["number"] == 2
    assert CANARY not in str(read)
    assert world.anybody.get(f"{API}/shared/{other_token}").status_code == 410


def test_nobody_takes_note_of_what_was_not_recalled(world: World) -> None:
    answer = world.anybody.put(f"{API}/shared/{world.token}/recall-acknowledgement")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/wrong-state")


def test_on_the_page_too(world: World) -> None:
    page = world.anybody.post(f"/r/{world.token}")
    here = f"/dossiers/{world.release_id}"
    assert str(page.url).endswith(here)
    world.take_back()
    world.work()
    recalled = world.anybody.get(here)
    assert recalled.status_code == 410
    assert "Ce dossier a été rappelé" in recalled.text
    assert CANARY not in recalled.text
    newer = world.anybody.post(f"{here}/rappel")
    assert newer.status_code == 200, newer.text
    assert NOISE in newer.text
    assert CANARY not in newer.text
    assert world.anybody.post(f"{here}/rappel").status_code in (403, 404)


def test_a_second_withdrawal_recalls_the_successor_too(world: World) -> None:
    world.take_back()
    world.work()
    assert world.anybody.put(f"{API}/shared/{world.token}/recall-acknowledgement").is_success
    asked = {"witness_id": str(world.other.id), "all": True}
    assert world.animator.post(f"{API}/withdrawals", json=asked).status_code == 201
    world.work()
    assert [release["number"] for release in world.releases()] == [3, 2, 1]
    assert world.shared().status_code == 410
    assert world.anybody.put(f"{API}/shared/{world.token}/recall-acknowledgement").is_success
    read = world.shared().json()
    assert all(item["withdrawn"] for item in read["sections"][0]["items"])
    told = world.editor.get(f"{API}/releases/{world.releases()[0]['id']}").json()
    assert len(told["exclusions"]) == 4


def test_what_says_no_in_the_file_of_the_animator_reaches_as_far(world: World, db: Session) -> None:
    said: dict[str, Any] = {"verb": "restrict", "cells": [], "territory": "world"}
    said |= {"method": "paper"}
    answer = world.animator.post(f"{API}/witnesses/{world.witness.id}/consents", json=said)
    assert answer.status_code == 201, answer.text
    world.work()
    (made,) = db.scalars(select(Withdrawal))
    assert (made.everything, made.event_number) == (False, 2)
    assert {tuple(cell) for cell in made.cells} >= {tuple(map(str, cell)) for cell in SHOWN}
    assert made.purged_at
    assert world.shared().status_code == 410


def test_an_expired_consent_gets_a_successor_by_the_daily_job(world: World) -> None:
    with world.make.sessions.begin() as db:
        past = now() - timedelta(days=1)
        of = CurrentConsent.witness_id == world.witness.id
        db.execute(update(CurrentConsent).where(of).values(valid_until=past))
        own = ConsentEvent.witness_id == world.witness.id
        db.execute(update(ConsentEvent).where(own).values(valid_until=past))
    page = world.words_on_the_page()
    assert CANARY not in page
    assert "ne peut plus être montré ici" in page
    assert "à la demande de la personne" not in page.partition("Qui parle")[0]
    with world.database.write.begin() as db:
        enqueue(db, "releases.recall")
    world.work()
    newest, _ = world.releases()
    told = world.editor.get(f"{API}/releases/{newest['id']}").json()
    assert {e["reason"] for e in told["exclusions"]} == {"expired"}


def test_an_embargo_recalls_nothing_for_it_ends_by_itself(world: World) -> None:
    with world.make.sessions.begin() as db:
        later = now() + timedelta(days=1)
        db.execute(update(Testimony).values(embargo_until=later))
    with world.database.write.begin() as db:
        enqueue(db, "releases.recall")
    world.work()
    assert len(world.releases()) == 1


def compose(world: World, name: str, content: bytes) -> ReleaseFile:
    """A file of the release, which is there since it was published, as its job makes it."""
    with world.make.sessions.begin() as db:
        of_it = ReleaseFile.release_id == UUID(world.release_id), ReleaseFile.name == name
        file = db.scalars(select(ReleaseFile).where(*of_it)).one()
        stored = storage().write(file.key, [content])
        file.status, file.size, file.sha256 = FileStatus.READY, stored.size, stored.sha256
    return file


def test_a_composed_file_with_one_blocked_item_is_gone_at_once_then_destroyed(
    world: World, db: Session
) -> None:
    file = compose(world, "bundle.zip", f"zip of {CANARY}".encode())
    links = [
        (world.editor, f"{API}/releases/{world.release_id}/files/bundle.zip"),
        (world.anybody, f"{API}/shared/{world.token}/files/bundle.zip"),
    ]
    told = [f["name"] for f in world.shared().json()["files"]]
    assert told == ["page.html", "bundle.zip"]
    tags = []
    for client, url in links:
        whole = client.get(url)
        assert (whole.status_code, whole.content) == (200, f"zip of {CANARY}".encode())
        assert client.get(url, headers={"Range": "bytes=0-2"}).status_code == 206
        tags.append(whole.headers["ETag"])
    world.take_back()
    for (client, url), tag in zip(links, tags, strict=True):
        for headers in ({}, {"Range": "bytes=0-2"}, {"If-None-Match": tag}):
            answer = client.get(url, headers=headers)
            assert (answer.status_code, answer.json()["superseded_by"]) == (410, None)

    world.work()
    for client, url in links:
        assert (client.get(url).status_code, client.get(url).json()["superseded_by"]) == (410, 2)
    assert not db.scalars(select(ReleaseFile).where(ReleaseFile.id == file.id)).all()
    assert holding(CANARY, bytes_of_storage()) == []


# Propositions


def proposition_of(world: World, client: TestClient | None = None) -> dict[str, Any]:
    found = (client or world.editor).get(f"{API}/propositions/{world.proposition_id}")
    return found.json()  # type: ignore[no-any-return]


def test_a_proposition_says_at_once_that_words_were_taken_from_it(world: World) -> None:
    before = proposition_of(world)
    assert [e["state"] for e in before["evidence"]] == ["valid"] * 3
    since = {"updated_since": now().isoformat()}
    world.take_back()  # and no worker is there
    after = proposition_of(world)
    assert after["needs_review"]
    assert after["version"] > before["version"]
    assert after["evidence"] == [
        {"excerpt_id": None, "stance": "for", "state": "withdrawn"},
        {"excerpt_id": str(world.excerpts[1].id), "stance": "for", "state": "valid"},
        {"excerpt_id": None, "stance": "against", "state": "withdrawn"},
    ]
    roles = [(a["role"], a["witness_id"]) for a in after["co_authors"]]
    assert roles == [("tutor", None), ("tutor", str(world.other.id))]
    (listed,) = world.evaluator.get(f"{API}/propositions", params=since).json()["items"]
    assert (listed["id"], listed["needs_review"]) == (str(world.proposition_id), True)


def test_then_nothing_links_it_to_them_and_the_others_stay(world: World, db: Session) -> None:
    world.take_back()
    at_once = proposition_of(world)
    world.work()
    after = proposition_of(world)
    for told in ("evidence", "co_authors", "needs_review", "label"):
        assert after[told] == at_once[told]
    gone = {world.witness.id, world.excerpts[0].id, world.excerpts[2].id}
    rests = db.scalars(select(Evidence.excerpt_id)).all()
    wrote = db.scalars(select(CoAuthor.witness_id)).all()
    assert {*rests, *wrote} == {None, world.excerpts[1].id, world.other.id}
    (version,) = db.scalars(select(Version).where(Version.of_id == world.proposition_id))
    assert not [id_ for id_ in gone if str(id_) in str(version.content)]
    assert [e["excerpt_id"] for e in version.content["evidence"]] == [str(world.excerpts[1].id)]
    assert [a["role"] for a in version.content["co_authors"]] == ["tutor", "tutor"]
    history = world.evaluator.get(f"{API}/propositions/{world.proposition_id}/history")
    assert not [id_ for id_ in gone if str(id_) in history.text]


def test_words_that_go_with_who_is_heard_leave_it_too(world: World, db: Session) -> None:
    """Somebody else's film, in which the witness is heard: that passage bears nothing any more."""
    film = world.make.media(organization=world.account.organization, files={"original": b"film"})
    transcript = world.make.transcript(film, "Une chose", "Une autre")
    testimony = world.make.testimony(workshop=world.workshop, witnesses=[world.other], media=[film])
    heard = world.make.excerpt(
        testimony,
        exact=None,
        selector=SelectorType.TIME,
        media_id=film.id,
        start=0,
        stop=9_000,
        public_quote="à deux voix",
    )
    with world.make.sessions.begin() as writing:
        about = {"media_id": film.id, "witness_id": world.witness.id}
        writing.add(Appearance(start_ms=0, end_ms=9_000, kind=AppearanceKind.VOICE, **about))
    assert transcript.id
    proposition = world.make.proposition(heard)
    world.take_back()
    world.work()
    found = world.editor.get(f"{API}/propositions/{proposition.id}").json()
    assert found["evidence"] == [{"excerpt_id": None, "stance": "for", "state": "withdrawn"}]


# Lineage, holds, repetition


def test_every_output_that_is_remembered_can_be_undone(world: World, db: Session) -> None:
    tables = {model.__tablename__ for model in UNDO}
    assert set(db.scalars(select(Derivation.output).distinct())) <= tables
    world.take_back()
    world.work()
    db.rollback()
    left = select(func.count()).select_from(Derivation).where(Derivation.output == "renditions")
    assert db.scalar(left) == 0


def test_moments_of_others_films_in_which_they_are_go_the_others_stay(
    world: World, db: Session
) -> None:
    names = ("original", "web.mp4", "clip-0-500.mp4", "clip-400-900.mp4")
    film = world.make.media(
        organization=world.account.organization,
        files={name: f"together {name} {CANARY}".encode() for name in names},
    )
    with world.make.sessions.begin() as writing:
        about = {"media_id": film.id, "witness_id": world.witness.id}
        face = AppearanceKind.FACE
        writing.add(Appearance(start_ms=600, end_ms=800, kind=face, **about))
    world.make.testimony(workshop=world.workshop, witnesses=[world.other], media=[film])
    world.take_back()
    world.work()
    left = db.scalars(select(Rendition.name).where(Rendition.media_id == film.id))
    assert set(left) == {"original", "clip-0-500.mp4"}


def test_a_legal_hold_makes_the_purge_wait_and_shows_nothing(world: World, db: Session) -> None:
    hold = world.custodian.post(
        f"{API}/legal-holds", json={"witness_id": str(world.witness.id), "reason": "Enquête"}
    )
    assert hold.status_code == 201, hold.text
    withdrawal = world.take_back()
    world.work()
    assert state_of(world, withdrawal) == "held"
    assert holding(CANARY, bytes_of_storage())
    assert CANARY not in world.words_on_the_page()
    assert world.editor.get(f"{API}/testimonies/{world.testimony.id}").status_code == 404

    assert world.custodian.delete(f"{API}/legal-holds/{hold.json()['id']}").status_code == 204
    world.work()
    assert state_of(world, withdrawal) == "purged"
    assert holding(CANARY, bytes_of_storage()) == []


def test_done_twice_it_is_done_once(world: World, db: Session) -> None:
    withdrawal = world.take_back()
    world.work()
    with world.make.sessions.begin() as writing:
        writing.execute(update(Withdrawal).values(purged_at=None))
        enqueue(writing, "withdrawal.made", withdrawal_id=withdrawal["id"])
    world.work()
    assert state_of(world, withdrawal) == "purged"
    assert len(world.releases()) == 2
    assert not db.scalars(select(Job).where(Job.failed_at.is_not(None))).all()


def test_a_worker_that_dies_after_the_rows_leaves_the_objects_to_another(
    world: World, monkeypatch: pytest.MonkeyPatch, db: Session
) -> None:
    withdrawal = world.take_back()

    def die(_: object, __: object) -> None:
        raise SystemExit

    monkeypatch.setattr("app.withdrawals.jobs._delete", die)
    world.work()
    assert not db.scalars(select(Rendition).join(Media).where(Media.id == world.media.id)).all()
    assert holding(CANARY, bytes_of_storage())
    db.rollback()  # who reads on keeps the log of the database
    monkeypatch.undo()
    with world.make.sessions.begin() as writing:
        writing.execute(update(Job).values(due_at=now(), claimed_until=None))
    world.work()
    assert holding(CANARY, bytes_of_storage()) == []
    assert state_of(world, withdrawal) == "purged"
    assert list(storage().objects("media")) == []


def test_partly_taken_back_the_words_themselves_stay(world: World) -> None:
    cells = [dict(zip(("medium", "audience", "form", "purpose"), c, strict=True)) for c in SHOWN]
    withdrawal = world.take_back(cells=cells)
    world.work()
    assert state_of(world, withdrawal) == "purged"
    read = world.editor.get(f"{API}/testimonies/{world.testimony.id}")
    assert CANARY in read.json()["body"]
    assert world.shared().status_code == 410
    newest, _ = world.releases()
    assert CANARY not in world.editor.get(f"{API}/releases/{newest['id']}").text


def test_a_refusal_in_the_consents_of_a_guardian_counts_for_the_minor(world: World) -> None:
    world.make.consent(world.witness, *SHOWN, verb=Verb.REFUSE)
    assert CANARY not in world.shared().text
