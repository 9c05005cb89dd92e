"""Who writes, approves and reads the words of a recording."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.media.models import Kind, Media, Status
from app.testimonies.models import State, Testimony
from app.transcripts.formats import LARGEST
from app.transcripts.models import Source, Transcript
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.make import Make
from tests.transcripts.conftest import SEGMENTS

API = "/api/v1"
WORDS_INSIDE = Cell(Medium.ANONYMOUS_TEXT, TEAM, "note", Purpose.EVALUATION)
VOICE_INSIDE = Cell(Medium.VOICE, TEAM, "note", Purpose.EVALUATION)


def of(media: Media) -> str:
    return f"{API}/media/{media.id}/transcripts"


def at(transcript: Transcript | dict[str, Any]) -> str:
    id_ = transcript["id"] if isinstance(transcript, dict) else transcript.id
    return f"{API}/transcripts/{id_}"


def send(client: TestClient, media: Media, content: bytes | str, name: str = "a.srt") -> Any:
    sent = content.encode() if isinstance(content, str) else content
    return client.post(of(media), files={"file": (name, sent, "text/plain")})


def mistake(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["pointer"], error["code"]


# Writing


def test_an_animator_writes_what_is_said_in_their_film(
    as_animator: TestClient, media: Media, testimony: Testimony, payload: dict[str, Any]
) -> None:
    answer = as_animator.post(of(media), json=payload)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["Location"] == at(made)
    assert (made["number"], made["source"], made["approved_at"]) == (1, "manual", None)
    assert [s["text"] for s in made["segments"]] == [s["text"] for s in SEGMENTS]
    text = "\n".join(s["text"] for s in SEGMENTS)
    for segment in made["segments"]:
        assert text[segment["offset"] :].startswith(segment["text"])
    again = as_animator.get(at(made))
    assert again.json() == made
    etag = again.headers["ETag"]
    assert as_animator.get(at(made), headers={"If-None-Match": etag}).status_code == 304
    assert as_animator.post(of(media), json=payload).json()["number"] == 2
    listed = as_animator.get(of(media)).json()["items"]
    assert [item["number"] for item in listed] == [2, 1]
    assert "segments" not in listed[0]


def test_a_file_of_subtitles_becomes_a_transcript(
    as_animator: TestClient, media: Media, testimony: Testimony
) -> None:
    answer = send(
        as_animator, media, "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Awa>Bonjour\nà <i>vous</i>\n"
    )
    assert answer.status_code == 201, answer.text
    (segment,) = answer.json()["segments"]
    assert (segment["text"], segment["speaker"]) == ("Bonjour à vous", "Awa")
    assert answer.json()["source"] == "import"


MISTAKES: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "no time": ([{"start_ms": 5, "end_ms": 5}], "#/segments/0/end_ms", "before_from"),
    "backwards": (
        [{"start_ms": 5, "end_ms": 9}, {"start_ms": 4, "end_ms": 9}],
        "#/segments/1/start_ms",
        "not_in_order",
    ),
    "three at once": (
        [{"start_ms": n, "end_ms": 9} for n in range(3)],
        "#/segments/2/start_ms",
        "too_many_at_once",
    ),
    "after the end": ([{"start_ms": 5, "end_ms": 61_001}], "#/segments/0/end_ms", "out_of_range"),
    "negative": ([{"start_ms": -1, "end_ms": 5}], "#/segments/0/start_ms", "greater_than_equal"),
    "NUL": ([{"text": "a\0b"}], "#/segments/0/text", "invalid_text"),
    "empty": ([{"text": " "}], "#/segments/0/text", "string_too_short"),
    "long": ([{"text": "a" * 2001}], "#/segments/0/text", "string_too_long"),
    "none": ([], "#/segments", "too_short"),
    "unknown member": ([{"voice": "x"}], "#/segments/0/voice", "extra_forbidden"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_shown_where_it_is(
    as_animator: TestClient, media: Media, testimony: Testimony, name: str
) -> None:
    told, pointer, code = MISTAKES[name]
    segments = [{"start_ms": 0, "end_ms": 1000, "text": "x"} | segment for segment in told]
    answer = as_animator.post(of(media), json={"segments": segments})
    assert mistake(answer) == (422, pointer, code)


def test_two_may_speak_at_once_and_a_last_word_may_end_after_the_film(
    as_animator: TestClient, media: Media, testimony: Testimony
) -> None:
    times = [(0, 30_000), (10_000, 20_000), (20_000, 60_999)]
    segments = [{"start_ms": start, "end_ms": end, "text": "x"} for start, end in times]
    answer = as_animator.post(of(media), json={"segments": segments})
    assert answer.status_code == 201, answer.text
    assert answer.json()["segments"][2]["end_ms"] == 60_000


def test_hostile_files_are_refused_with_a_reason(
    as_animator: TestClient, media: Media, testimony: Testimony
) -> None:
    cue = "1\n00:00:01,000 --> 00:00:02,000\n"
    assert mistake(send(as_animator, media, b"\xff")) == (422, "#/file", "not_utf8")
    negative = "1\n-00:00:01,000 --> 00:00:02,000\nx"
    assert mistake(send(as_animator, media, negative)) == (422, "#/file", "no_times")
    assert mistake(send(as_animator, media, cue)) == (422, "#/file", "not_subtitles")
    assert mistake(send(as_animator, media, cue + "a\0b"))[1] == "#/segments/0/text"
    assert mistake(send(as_animator, media, cue + "x" * 5000))[2] == "string_too_long"
    late = "1\n00:20:01,000 --> 00:20:02,000\nx"
    assert mistake(send(as_animator, media, late))[2] == "out_of_range"
    assert send(as_animator, media, b"x" * (LARGEST + 1)).status_code == 413
    assert as_animator.post(of(media), content=b"x").status_code == 415
    assert as_animator.post(of(media), json=None).status_code == 422
    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    assert as_animator.post(of(media), content=b"junk", headers=headers).status_code == 400
    broken = as_animator.post(of(media), content=b"{", headers={"Content-Type": "application/json"})
    assert mistake(broken) == (422, "#", "json_invalid")


def test_only_words_of_a_ready_recording_are_written(
    as_animator: TestClient, make: Make, media: Media, payload: dict[str, Any]
) -> None:
    home = {"owner_organization_id": media.owner_organization_id}
    picture = make.media(kind=Kind.IMAGE, duration_ms=None, **home)
    early = make.media(kind=None, status=Status.PROCESSING, **home)
    for one in (picture, early):
        assert as_animator.post(of(one), json=payload).status_code == 409
        srt = "1\n00:00:01,000 --> 00:00:02,000\nx"
        assert send(as_animator, one, srt).status_code == 409


def test_a_machine_s_words_never_change_but_are_corrected(
    as_animator: TestClient, make: Make, media: Media, testimony: Testimony, payload: Any
) -> None:
    heard = make.transcript(media, "x", source=Source.MACHINE, engine="essai", approved_at=None)
    answer = as_animator.put(at(heard), json=payload)
    assert (answer.status_code, answer.json()["source"]) == (409, "machine")
    child = as_animator.post(of(media), json=payload | {"parent_id": str(heard.id)})
    assert child.json()["parent_id"] == str(heard.id)
    elsewhere = make.transcript(make.media(), "x")
    answer = as_animator.post(of(media), json=payload | {"parent_id": str(elsewhere.id)})
    assert mistake(answer) == (422, "#/parent_id", "unknown_id")


def test_what_a_person_wrote_is_written_again_as_a_new_version(
    as_animator: TestClient, media: Media, testimony: Testimony, payload: dict[str, Any]
) -> None:
    made = as_animator.post(of(media), json=payload).json()
    again = as_animator.put(at(made), json=payload | {"segments": SEGMENTS[:1]})
    assert again.status_code == 200, again.text
    assert (again.json()["version"], len(again.json()["segments"])) == (2, 1)
    stale = {"If-Match": f'"{made["version"]}"'}
    assert as_animator.put(at(made), json=payload, headers=stale).status_code == 412


def test_animators_write_until_it_is_moderated_then_editors(
    as_animator: TestClient,
    as_editor: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
    payload: dict[str, Any],
) -> None:
    made = as_animator.post(of(media), json=payload).json()
    with make.sessions.begin() as db:
        db.execute(update(Testimony).values(state=State.ACCEPTED))
    assert as_animator.post(of(media), json=payload).status_code == 409
    assert as_animator.put(at(made), json=payload).status_code == 409
    assert send(as_animator, media, "WEBVTT\n\n00:01.000 --> 00:02.000\nx").status_code == 409
    assert as_editor.put(at(made), json=payload).status_code == 200


# Approving


def test_an_editor_approves_and_the_newest_approved_one_is_current(
    as_animator: TestClient,
    as_editor: TestClient,
    media: Media,
    testimony: Testimony,
    payload: dict[str, Any],
    db: Session,
) -> None:
    first, second = (as_animator.post(of(media), json=payload).json() for _ in range(2))
    assert as_animator.put(f"{at(first)}/approval").status_code == 403
    for transcript in (second, first, first):
        assert as_editor.put(f"{at(transcript)}/approval").status_code == 204
    events = select(AuditEvent).where(AuditEvent.action == "transcript.approved")
    assert len(db.scalars(events).all()) == 2
    currents = [as_editor.get(at(t)).json()["current"] for t in (first, second)]
    assert currents == [False, True]
    assert as_editor.delete(f"{at(second)}/approval").status_code == 204
    assert as_editor.delete(f"{at(second)}/approval").status_code == 204
    currents = [as_editor.get(at(t)).json()["current"] for t in (first, second)]
    assert currents == [True, False]


def test_what_is_approved_is_changed_by_who_approves(
    as_animator: TestClient, as_editor: TestClient, make: Make, media: Media, testimony: Testimony
) -> None:
    approved = make.transcript(media, "x", "y")
    sent = {"segments": SEGMENTS}
    assert as_animator.put(at(approved), json=sent).status_code == 403
    changed = as_editor.put(at(approved), json=sent)
    assert changed.status_code == 200
    assert changed.json()["current"]


# Reading


def test_drafts_are_for_those_who_write(
    as_animator: TestClient,
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_outsider: TestClient,
    as_administrator: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
) -> None:
    with make.sessions.begin() as db:
        db.execute(update(Testimony).values(state=State.ACCEPTED))
    draft, approved = make.transcript(media, "x", approved_at=None), make.transcript(media, "y")
    clients = (as_animator, as_editor, as_evaluator, as_outsider, as_administrator)
    assert [c.get(at(draft)).status_code for c in clients] == [200, 200, 404, 404, 404]
    assert [c.get(at(approved)).status_code for c in clients] == [200, 200, 200, 404, 404]
    counts = [len(c.get(of(media)).json().get("items", [])) for c in clients]
    assert counts == [2, 2, 1, 0, 0]


def test_it_is_read_as_a_file_of_each_format(
    as_editor: TestClient, make: Make, media: Media, testimony: Testimony
) -> None:
    transcript = make.transcript(media, segments=SEGMENTS)
    for form, begins in (
        ("vtt", "WEBVTT\n"),
        ("srt", "1\n00:00:00,000"),
        ("txt", "[00:00:00 Awa]"),
    ):
        answer = as_editor.get(f"{at(transcript)}.{form}")
        assert answer.status_code == 200, answer.text
        assert answer.text.startswith(begins)
        assert "j'ai suivi" in answer.text
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        known = {"If-None-Match": answer.headers["ETag"]}
        assert as_editor.get(f"{at(transcript)}.{form}", headers=known).status_code == 304
    assert as_editor.get(f"{at(transcript)}.ass").status_code == 404


def test_who_speaks_and_refuses_their_words_hides_all_of_them(
    as_editor: TestClient, make: Make, media: Media, testimony: Testimony, speaker: Witness
) -> None:
    transcript = make.transcript(media, "x")
    make.consent(speaker, VOICE_INSIDE, verb=Verb.REFUSE)
    assert as_editor.get(at(transcript)).status_code == 200, "words are no voice"
    make.consent(speaker, WORDS_INSIDE, verb=Verb.REFUSE)
    for url in (at(transcript), f"{at(transcript)}.vtt", of(media)):
        assert as_editor.get(url).status_code == 404


def test_who_is_heard_and_refuses_their_words_hides_that_segment(
    as_editor: TestClient, make: Make, media: Media, testimony: Testimony, other: Witness
) -> None:
    transcript = make.transcript(media, segments=SEGMENTS)
    make.consent(other, WORDS_INSIDE, verb=Verb.REFUSE)
    answer = as_editor.get(at(transcript))
    assert "soir" not in answer.text
    before, hidden, after = answer.json()["segments"]
    assert (hidden["text"], hidden["speaker"], hidden["withheld"]) == (None, None, True)
    assert not before["withheld"]
    text = "\n".join(s["text"] for s in SEGMENTS)
    assert text[after["offset"] :] == after["text"], "offsets stay what they are"
    for form in ("vtt", "srt", "txt"):
        assert "soir" not in as_editor.get(f"{at(transcript)}.{form}").text
    again = as_editor.put(at(transcript), json={"segments": SEGMENTS})
    assert (again.status_code, again.json()["withheld"]) == (409, 1)


def test_a_face_says_nothing(
    as_editor: TestClient, make: Make, media: Media, testimony: Testimony, workshop: Any
) -> None:
    seen = make.witness(workshop=workshop)
    make.appearance(media, seen, kind="face")
    transcript = make.transcript(media, "x")
    every = [Cell(m, TEAM, "note", Purpose.EVALUATION) for m in Medium]
    make.consent(seen, *every, verb=Verb.REFUSE)
    assert as_editor.get(at(transcript)).json()["segments"][0]["text"] == "x"


def test_an_erased_transcript_is_there_for_nobody(
    as_editor: TestClient, make: Make, media: Media, testimony: Testimony
) -> None:
    transcript = make.transcript(media, "x")
    with make.sessions.begin() as db:
        db.execute(
            update(Transcript).values(
                erased_at=transcript.created_at, approved_at=None, approved_by_id=None, segments=[]
            )
        )
    assert as_editor.get(at(transcript)).status_code == 404
    assert as_editor.get(of(media)).json()["items"] == []
