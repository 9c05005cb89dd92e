"""Who takes words back takes them out of transcripts: all of them, or where they are heard."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.lineage.service import made_from
from app.transcripts.models import Source, Transcript
from tests.withdrawals.conftest import world as world  # noqa: PLC0414 - a fixture
from tests.withdrawals.world import API, CANARY, NOISE, World, bytes_of_database, holding


def test_a_transcript_is_erased_and_that_it_was_there_is_kept(world: World, db: Session) -> None:
    child = world.make.transcript(world.media, f"ou {CANARY}", parent_id=world.transcript.id)
    url = f"{API}/transcripts/{world.transcript.id}"
    assert CANARY in world.editor.get(url).text
    world.take_back()
    for form in ("", ".vtt", ".srt", ".txt"):
        assert world.editor.get(f"{url}{form}").status_code == 404, "at once"
    assert world.editor.get(f"{API}/media/{world.media.id}/transcripts").status_code == 404
    world.work()
    for id_ in (world.transcript.id, child.id):
        kept = db.get_one(Transcript, id_)
        assert (kept.segments, kept.approved_at, kept.text) == ([], None, "")
        assert kept.erased_at
    assert holding(CANARY, bytes_of_database(world.database)) == []


def test_it_is_known_to_be_made_of_the_media_and_of_what_it_corrects(
    world: World, db: Session
) -> None:
    sent: dict[str, Any] = {"segments": [{"start_ms": 0, "end_ms": 5, "text": "x"}]}
    sent |= {"parent_id": str(world.transcript.id)}
    made = world.editor.post(f"{API}/media/{world.media.id}/transcripts", json=sent)
    assert made.status_code == 201, made.text
    for start in ({"media": [world.media.id]}, {"transcripts": [world.transcript.id]}):
        found = {str(id_) for id_ in made_from(db, start)["transcripts"]}
        assert made.json()["id"] in found


def test_of_another_s_film_only_the_moments_in_which_they_are_heard_are_gone(
    world: World, db: Session
) -> None:
    """Also from what a machine heard, which otherwise never changes."""
    make = world.make
    film = make.media(organization=world.account.organization)
    make.testimony(witnesses=[world.other], media=[film], workshop=world.workshop)
    make.appearance(film, world.witness, start_ms=12_000, end_ms=15_000)
    texts = (f"Moi {NOISE}", f"Elle {CANARY}", f"Moi encore {NOISE}")
    transcripts = [
        make.transcript(film, *texts, source=Source.MACHINE, engine="essai"),
        make.transcript(film, *texts),
    ]
    world.take_back()
    told = world.editor.get(f"{API}/transcripts/{transcripts[0].id}")
    assert (told.status_code, CANARY in told.text, NOISE in told.text) == (200, False, True)
    world.work()
    for transcript in db.scalars(
        select(Transcript).where(Transcript.id.in_([t.id for t in transcripts]))
    ):
        assert [s["text"] for s in transcript.segments] == [texts[0], texts[2]]
    assert holding(CANARY, bytes_of_database(world.database)) == []
