"""Passages of what was said: chosen where it stands, followed when it moves, asked of all heard."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.bundles.models import Bundle
from app.bundles.sources import sources_of
from app.excerpts.anchoring import follow, review
from app.excerpts.models import Excerpt, SelectorType
from app.lineage.models import Derivation
from app.media.models import Media
from app.testimonies.models import Testimony, TestimonyMedia
from app.transcripts.models import Transcript
from app.transcripts.words import moments_of, within
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.make import Make
from tests.transcripts.conftest import SEGMENTS
from tests.withdrawals.conftest import world as world  # noqa: PLC0414 - a fixture
from tests.withdrawals.world import CANARY, NOISE, World, bytes_of_database, holding

API = "/api/v1"
EXCERPTS = f"{API}/excerpts"
TEXT = "\n".join(segment["text"] for segment in SEGMENTS)
WORDS_INSIDE = Cell(Medium.ANONYMOUS_TEXT, TEAM, "note", Purpose.EVALUATION)
OFFICIALS = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "note", Purpose.EVALUATION)


@pytest.fixture
def transcript(make: Make, media: Media, testimony: Testimony) -> Transcript:
    return make.transcript(media, segments=SEGMENTS)


def chosen(testimony: Testimony, transcript: Transcript, said: str, **more: Any) -> dict[str, Any]:
    start = TEXT.index(said)
    place = {"start": start, "end": start + len(said), "exact": said}
    selector = {"type": "text", "transcript_id": str(transcript.id)} | place | more
    return {"testimony_id": str(testimony.id), "selector": selector, "nature": "feeling"}


def choose(client: TestClient, *about: Any) -> dict[str, Any]:
    answer = client.post(EXCERPTS, json=chosen(*about))
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def approved(client: TestClient, media: Media, segments: list[dict[str, Any]]) -> str:
    """The id of a newer transcript, which is approved."""
    sent = client.post(f"{API}/media/{media.id}/transcripts", json={"segments": segments})
    assert sent.status_code == 201, sent.text
    id_ = sent.json()["id"]
    assert client.put(f"{API}/transcripts/{id_}/approval").status_code == 204
    return str(id_)


def test_offsets_are_code_points_of_the_segments_joined_by_a_line_feed(
    as_editor: TestClient, testimony: Testimony, transcript: Transcript, db: Session
) -> None:
    exact = "j'ai suivi.\nOn s'appelle"
    made = choose(as_editor, testimony, transcript, exact)
    assert made["quote"] == exact
    assert made["selector"]["transcript_id"] == str(transcript.id)
    kept = db.get_one(Excerpt, UUID(made["id"]))
    assert (kept.media_id, kept.passage) == (transcript.media_id, (0, 20_000))
    made_of = select(Derivation.input).where(Derivation.output_id == kept.id)
    assert set(db.scalars(made_of)) == {"testimonies", "media", "transcripts"}
    assert as_editor.get(f"{EXCERPTS}/{made['id']}").json() == made
    assert as_editor.get(EXCERPTS).json()["items"] == [made]


def test_other_words_are_refused_and_what_stands_there_is_told(
    as_editor: TestClient, testimony: Testimony, transcript: Transcript
) -> None:
    sent = chosen(testimony, transcript, "suivi", exact="suivr")
    answer = as_editor.post(EXCERPTS, json=sent)
    assert (answer.status_code, answer.json()["found"]) == (422, "suivi")
    beyond = chosen(testimony, transcript, "suivi", end=len(TEXT) + 1)
    assert as_editor.post(EXCERPTS, json=beyond).status_code == 422


def test_only_the_current_transcript_of_one_of_its_recordings_is_quoted(
    as_editor: TestClient, make: Make, media: Media, testimony: Testimony, transcript: Transcript
) -> None:
    newer = approved(as_editor, media, SEGMENTS)
    answer = as_editor.post(EXCERPTS, json=chosen(testimony, transcript, "suivi"))
    assert (answer.status_code, answer.json()["current_transcript_id"]) == (409, newer)
    draft = make.transcript(media, segments=SEGMENTS, approved_at=None)
    assert as_editor.post(EXCERPTS, json=chosen(testimony, draft, "suivi")).status_code == 409
    elsewhere = make.transcript(make.media(), segments=SEGMENTS)
    answer = as_editor.post(EXCERPTS, json=chosen(testimony, elsewhere, "suivi"))
    assert answer.json()["errors"][0]["pointer"] == "#/selector/transcript_id"


# Corrections


def said(*texts: str) -> list[dict[str, Any]]:
    return [
        {"start_ms": n * 5000, "end_ms": n * 5000 + 5000, "text": t} for n, t in enumerate(texts)
    ]


@pytest.mark.parametrize("way", ["child", "put"])
@pytest.mark.parametrize(
    ("texts", "state", "place"),
    [
        (["Avant.", "On s'appelle le soir."], "valid", (7, (5000, 10_000))),
        (["On s'appelle le soir.", "On s'appelle le soir."], "needs_review", None),
        (["On s’appellera le soir."], "needs_review", None),
    ],
)
def test_a_correction_moves_it_with_its_words_or_has_it_reviewed(  # noqa: PLR0917
    as_editor: TestClient,
    media: Media,
    testimony: Testimony,
    transcript: Transcript,
    db: Session,
    way: str,
    texts: list[str],
    state: str,
    place: Any,
) -> None:
    before = choose(as_editor, testimony, transcript, "On s'appelle le soir.")
    if way == "child":
        where = approved(as_editor, media, said(*texts))
    else:
        where = str(transcript.id)
        sent = {"segments": said(*texts)}
        assert as_editor.put(f"{API}/transcripts/{where}", json=sent).status_code == 200
    after = as_editor.get(f"{EXCERPTS}/{before['id']}").json()
    assert (after["state"], after["quote"]) == (state, before["quote"])
    assert after["version"] == before["version"] + 1
    assert after["updated_at"] > before["updated_at"]
    if place:
        start, passage = place
        assert after["selector"]["start"] == start
        assert after["selector"]["transcript_id"] == where
        assert db.scalars(select(Excerpt)).one().passage == passage
        made_of = select(Derivation.input_id).where(Derivation.input == "transcripts")
        assert [str(i) for i in db.scalars(made_of.where(Derivation.output == "excerpts"))] == [
            where
        ]


def test_taking_back_an_approval_has_it_reviewed_and_giving_it_again_does_not_lose_it(
    as_editor: TestClient, testimony: Testimony, transcript: Transcript
) -> None:
    made = choose(as_editor, testimony, transcript, "suivi")
    for deed, state in ((as_editor.delete, "needs_review"), (as_editor.put, "valid")):
        assert deed(f"{API}/transcripts/{transcript.id}/approval").status_code == 204
        assert as_editor.get(f"{EXCERPTS}/{made['id']}").json()["state"] == state


def test_a_change_elsewhere_leaves_it_as_it_is(
    as_editor: TestClient, testimony: Testimony, transcript: Transcript
) -> None:
    made = choose(as_editor, testimony, transcript, "suivi")
    sent = {"segments": [*SEGMENTS[:2], SEGMENTS[2] | {"text": "Autre chose."}]}
    assert as_editor.put(f"{API}/transcripts/{transcript.id}", json=sent).status_code == 200
    assert as_editor.get(f"{EXCERPTS}/{made['id']}").json() == made


def test_what_surrounds_it_stays_within_the_segments_that_it_touches(
    as_editor: TestClient, testimony: Testimony, transcript: Transcript
) -> None:
    """So whoever is heard there is asked already, and what erases them erases it."""
    alone = choose(as_editor, testimony, transcript, "s'appelle")["selector"]
    assert (alone["prefix"], alone["suffix"]) == ("On ", " le soir.")
    both = choose(as_editor, testimony, transcript, "j'ai suivi.\nOn")["selector"]
    assert (both["prefix"], both["suffix"]) == ("Le 1er jour 👩🏽‍🍳, ", " s'appelle le soir.")


def test_and_never_touches_what_is_withheld(
    as_editor: TestClient,
    make: Make,
    testimony: Testimony,
    transcript: Transcript,
    other: Witness,
) -> None:
    make.consent(other, WORDS_INSIDE, verb=Verb.REFUSE)
    end = TEXT.index("\nÇa")
    for exact, start in (("\nÇa", end), (".\nOn", TEXT.index(".\nOn"))):
        place = {"start": start, "end": start + len(exact), "exact": exact}
        sent = chosen(testimony, transcript, "Ça", **place)
        refused = as_editor.post(EXCERPTS, json=sent)
        assert refused.status_code == 422
        assert "appelle" not in refused.text


def test_its_review_shows_nothing_that_is_withheld(
    as_editor: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
    transcript: Transcript,
    other: Witness,
) -> None:
    made = choose(as_editor, testimony, transcript, "j'ai suivi")
    newer = approved(as_editor, media, said("Rien.", "Bon.", "On dit : j'ai bien suivi, oui."))
    told = as_editor.get(f"{EXCERPTS}/{made['id']}/review").json()
    assert (told["state"], told["transcript_id"]) == ("needs_review", newer)
    assert told["now"]["text"] == "j'ai bien suivi"
    assert (told["now"]["prefix"], told["now"]["suffix"]) == ("On dit : ", ", oui.")
    make.consent(other, WORDS_INSIDE, verb=Verb.REFUSE)  # heard from 10 s on
    told = as_editor.get(f"{EXCERPTS}/{made['id']}/review").json()
    assert (told["now"], told["candidates"]) == (None, [])
    assert told["chosen"]["exact"] == "j'ai suivi"


def test_the_same_words_twice_are_told_apart_by_what_surrounds_them(
    as_editor: TestClient, media: Media, testimony: Testimony, transcript: Transcript
) -> None:
    made = choose(as_editor, testimony, transcript, "appelle")
    newer = approved(as_editor, media, said("On t'appelle ?", "Bon.", "On s'appelle le soir."))
    shown = as_editor.get(f"{EXCERPTS}/{made['id']}").json()
    assert shown["state"] == "valid"
    assert shown["selector"]["transcript_id"] == newer
    assert shown["selector"]["start"] == len("On t'appelle ?\nBon.\nOn s'")


def test_a_recording_that_was_taken_away_is_not_found_again_by_a_correction(
    as_editor: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
    transcript: Transcript,
) -> None:
    made = choose(as_editor, testimony, transcript, "suivi")
    with make.sessions.begin() as db:
        db.execute(delete(TestimonyMedia).where(TestimonyMedia.testimony_id == testimony.id))
        review(db, testimony.id)
        follow(db, media.id)
    with make.sessions() as db:
        assert db.get_one(Excerpt, UUID(made["id"])).state == "needs_review"
    told = as_editor.get(f"{EXCERPTS}/{made['id']}/review").json()
    assert (told["now"], told["transcript_id"]) == (None, None)


# Everybody who is heard


def test_who_is_heard_there_and_refuses_hides_it_from_the_team(
    as_editor: TestClient,
    make: Make,
    testimony: Testimony,
    transcript: Transcript,
    other: Witness,
) -> None:
    theirs = choose(as_editor, testimony, transcript, "On s'appelle")
    others = choose(as_editor, testimony, transcript, "suivi")
    since = f"{EXCERPTS}?updated_since=2000-01-01T00:00:00Z"
    make.consent(other, WORDS_INSIDE, verb=Verb.REFUSE)
    assert as_editor.get(f"{EXCERPTS}/{theirs['id']}").status_code == 404
    assert as_editor.get(f"{EXCERPTS}/{others['id']}").status_code == 200
    assert [e["id"] for e in as_editor.get(EXCERPTS).json()["items"]] == [others["id"]]
    mirrored = {e["id"]: e["state"] for e in as_editor.get(since).json()["items"]}
    assert mirrored == {theirs["id"]: "withdrawn", others["id"]: "valid"}
    again = as_editor.post(EXCERPTS, json=chosen(testimony, transcript, "On s'appelle"))
    assert again.status_code == 422
    assert "appelle" not in again.text


def bundle_of(client: TestClient, make: Make, *items: dict[str, Any]) -> Any:
    return client.post(
        f"{API}/bundles",
        json={
            "scheme_id": str(make.the_scheme.id),
            "title": "Note",
            "audience": "elected_officials",
            "form": "note",
            "sections": [{"title": "Tous", "items": list(items)}],
        },
    )


def blockers(client: TestClient, bundle: Any) -> list[str]:
    found = client.get(f"{API}/bundles/{bundle.json()['id']}/checks").json()["blockers"]
    return [finding["code"] for finding in found]


def test_it_leaves_when_all_who_are_heard_agree_and_the_snapshot_keeps_the_words(
    as_editor: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
    transcript: Transcript,
    speaker: Witness,
    other: Witness,
) -> None:
    exact = "On s'appelle le soir."
    made = choose(as_editor, testimony, transcript, exact)
    with make.sessions.begin() as db:
        db.execute(update(Testimony).values(state="accepted"))
    bundle = bundle_of(as_editor, make, {"excerpt_id": made["id"]})
    make.consent(speaker, OFFICIALS)
    assert blockers(as_editor, bundle) == ["consent-missing"]
    make.consent(other, OFFICIALS)
    assert blockers(as_editor, bundle) == []
    here = f"{API}/bundles/{bundle.json()['id']}"
    assert as_editor.put(f"{here}/readiness").status_code == 204
    release = as_editor.post(f"{here}/releases")
    assert release.status_code == 201, release.text
    approved(as_editor, media, said("Tout autre chose."))
    url = f"{API}/releases/{release.json()['id']}"
    assert exact in as_editor.get(url).text, "what was published stays"
    assert blockers(as_editor, bundle) == ["needs-review"]
    make.consent(other, OFFICIALS, verb=Verb.WITHDRAW)
    assert exact not in as_editor.get(url).text


def test_words_are_never_shown_as_the_whole_film(
    as_editor: TestClient, make: Make, testimony: Testimony, transcript: Transcript
) -> None:
    made = choose(as_editor, testimony, transcript, "suivi")
    answer = bundle_of(as_editor, make, {"excerpt_id": made["id"], "show_as": "video"})
    assert answer.json()["errors"][0]["code"] == "not_showable"
    filmed = make.excerpt(
        testimony,
        exact=None,
        selector=SelectorType.TIME,
        media_id=transcript.media_id,
        start=0,
        stop=1000,
    )
    item = {"excerpt_id": str(filmed.id), "show_as": "video"}
    bundle = bundle_of(as_editor, make, item)
    assert bundle.status_code == 201
    changed = as_editor.put(f"{EXCERPTS}/{filmed.id}", json=chosen(testimony, transcript, "suivi"))
    assert changed.status_code == 200, changed.text
    with make.sessions() as db:
        (source,) = sources_of(db, db.scalars(select(Bundle)).one()).values()
    assert source.file is None


# A passage of time, in a note


def test_a_passage_shown_as_text_shows_what_is_said_in_it(
    as_editor: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
    speaker: Witness,
    other: Witness,
) -> None:
    selector = {"type": "time", "media_id": str(media.id), "start_ms": 9_800, "end_ms": 29_700}
    sent = {"testimony_id": str(testimony.id), "selector": selector, "nature": "feeling"}
    made = as_editor.post(EXCERPTS, json=sent).json()
    assert made["quote"] is None
    item = {"excerpt_id": made["id"], "show_as": "text"}
    assert bundle_of(as_editor, make, item).status_code == 422, "there is nothing to read"
    transcript = make.transcript(media, segments=SEGMENTS)
    told = as_editor.get(f"{EXCERPTS}/{made['id']}").json()["quote"]
    assert told == "On s'appelle le soir. Ça m'a plu."
    bundle = bundle_of(as_editor, make, item)
    assert bundle.status_code == 201
    with make.sessions.begin() as db:
        db.execute(update(Testimony).values(state="accepted"))
    make.consent(speaker, OFFICIALS)
    assert blockers(as_editor, bundle) == ["consent-missing"], "the other is heard there"
    make.consent(other, OFFICIALS)
    here = f"{API}/bundles/{bundle.json()['id']}"
    assert as_editor.put(f"{here}/readiness").status_code == 204
    release = as_editor.post(f"{here}/releases").json()
    (shown,) = release["content"]["sections"][0]["items"]
    assert shown["quote"] == told
    assert as_editor.delete(f"{API}/transcripts/{transcript.id}/approval").status_code == 204
    assert blockers(as_editor, bundle) == ["no-words"]


def test_words_that_were_cut_off_are_not_in_the_passage() -> None:
    heard = within(SEGMENTS, 4_000, 20_000)
    assert [s["start_ms"] for s in heard] == [10_000]
    assert within(SEGMENTS, 9_400, 20_000)[0]["start_ms"] == 10_000
    assert moments_of(SEGMENTS, len(SEGMENTS[0]["text"]), len(SEGMENTS[0]["text"]) + 1) == (
        0,
        10_000,
    )


# Taken back


def test_what_is_quoted_of_another_s_film_goes_with_who_is_heard_there(
    world: World, db: Session
) -> None:
    make = world.make
    film = make.media(organization=world.account.organization)
    testimony = make.testimony(witnesses=[world.other], media=[film], workshop=world.workshop)
    make.appearance(film, world.witness, start_ms=10_000, end_ms=20_000)
    transcript = make.transcript(film, f"Moi {NOISE}", f"Elle {CANARY}", f"Moi encore {NOISE}")
    ids = []
    for exact in (f"Elle {CANARY}", f"Moi encore {NOISE}"):
        start = transcript.text.index(exact)
        place = {"start": start, "end": start + len(exact), "exact": exact}
        selector = {"type": "text", "transcript_id": str(transcript.id)} | place
        sent = {"testimony_id": str(testimony.id), "selector": selector, "nature": "feeling"}
        answer = world.editor.post(EXCERPTS, json=sent)
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    world.take_back()
    assert world.editor.get(f"{EXCERPTS}/{ids[0]}").status_code == 404
    world.work()
    rows = {str(e.id): e for e in db.scalars(select(Excerpt).where(Excerpt.media_id == film.id))}
    gone = rows[ids[0]]
    assert (gone.exact, gone.prefix, gone.suffix, bool(gone.erased_at)) == (None, None, None, True)
    kept = rows[ids[1]]
    assert kept.state == "valid"
    assert db.get_one(Transcript, transcript.id).text[kept.start : kept.stop] == kept.exact
    assert holding(CANARY, bytes_of_database(world.database)) == []
