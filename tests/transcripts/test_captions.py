"""Captions: what is said beside what is seen, wherever it goes, as long as it may be read."""

from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.excerpts.models import SelectorType
from app.media.models import Media
from app.media.urls import address
from app.testimonies.models import State, Testimony
from app.transcripts.models import Transcript
from app.transcripts.words import cues_of
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.make import Make
from tests.transcripts.conftest import SEGMENTS
from tests.transcripts.test_excerpts import approved, said
from tests.withdrawals.conftest import world as world  # noqa: PLC0414 - a fixture
from tests.withdrawals.world import CANARY, World

API = "/api/v1"
WORDS_INSIDE = Cell(Medium.ANONYMOUS_TEXT, TEAM, "note", Purpose.EVALUATION)
VOICE_INSIDE = Cell(Medium.VOICE, TEAM, "note", Purpose.EVALUATION)
FILM = [
    Cell(medium, "elected_officials", "web_page", Purpose.EVALUATION)
    for medium in (Medium.VOICE, Medium.IMAGE)
]
WORDS = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "web_page", Purpose.EVALUATION)


@pytest.fixture
def media(make: Make, animator: Any) -> Media:
    names = ("web.mp4", "clip-10000-30000.mp4", "clip-10000-30000.jpg")
    files = {name: name.encode() for name in names}
    return make.media(organization=animator.organization, files=files)


@pytest.fixture
def transcript(make: Make, media: Media, testimony: Testimony) -> Transcript:
    with make.sessions.begin() as db:
        db.execute(update(Testimony).values(state=State.ACCEPTED))
    return make.transcript(media, segments=SEGMENTS)


def listed(client: TestClient, media: Media) -> dict[str, str]:
    files = client.get(f"{API}/media/{media.id}").json().get("renditions", [])
    return {file["name"]: file["url"] for file in files if file["name"].endswith(".vtt")}


# For the team


def test_they_are_listed_like_other_files_with_signed_addresses(
    as_editor: TestClient, as_anonymous: TestClient, media: Media, transcript: Transcript
) -> None:
    found = listed(as_editor, media)
    assert found.keys() == {"captions.vtt", "clip-10000-30000.vtt"}
    whole = as_anonymous.get(found["captions.vtt"])
    assert whole.status_code == 200
    assert whole.headers["Content-Type"].startswith("text/vtt")
    assert "j'ai suivi" in whole.text
    assert "Awa" not in whole.text, "who speaks is for the team"
    clip = as_anonymous.get(found["clip-10000-30000.vtt"]).text
    assert "suivi" not in clip
    assert "00:00:00.000 --> 00:00:10.000\nOn s'appelle le soir." in clip
    with_token = as_editor.get(f"{API}/media/{media.id}/renditions/clip-20000-30000.vtt")
    assert "appelle" not in with_token.text
    assert as_anonymous.get(address(media.id, "other.vtt")).status_code == 404


def test_a_draft_is_no_captions(as_editor: TestClient, make: Make, media: Media) -> None:
    make.testimony(media=[media])
    make.transcript(media, "x", approved_at=None)
    assert listed(as_editor, media) == {}
    answer = as_editor.get(f"{API}/media/{media.id}/renditions/captions.vtt")
    assert answer.status_code == 404


def test_they_are_words_and_stop_with_them_at_once(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    media: Media,
    transcript: Transcript,
    speaker: Witness,
    other: Witness,
) -> None:
    url = listed(as_editor, media)["captions.vtt"]
    make.consent(other, WORDS_INSIDE, verb=Verb.REFUSE)
    told = as_anonymous.get(url).text
    assert ("appelle" in told, "suivi" in told) == (False, True)
    make.consent(speaker, WORDS_INSIDE, verb=Verb.REFUSE)
    assert as_anonymous.get(url).status_code == 404
    plain = f"{API}/media/{media.id}/renditions/captions.vtt"
    assert as_editor.get(plain).status_code == 404


def test_a_film_that_may_not_be_seen_may_still_be_read(
    as_editor: TestClient, make: Make, media: Media, transcript: Transcript, speaker: Witness
) -> None:
    make.consent(speaker, VOICE_INSIDE, verb=Verb.REFUSE)
    assert as_editor.get(f"{API}/media/{media.id}").status_code == 404
    plain = f"{API}/media/{media.id}/renditions/captions.vtt"
    assert "suivi" in as_editor.get(plain).text


def test_the_times_of_a_clip_begin_at_zero_and_end_with_it() -> None:
    segments = [{"start_ms": 900, "end_ms": 2_300, "text": "x"}]
    assert cues_of(segments, (1000, 2000)) == [{"start_ms": 0, "end_ms": 1000, "text": "x"}]


# For readers


@dataclass
class Published:
    """A film in a dossier of one clip, and its link."""

    editor: TestClient
    reader: TestClient
    bundle: str
    release: dict[str, Any]
    token: str

    def item(self) -> dict[str, Any]:
        shown = self.reader.get(f"{API}/shared/{self.token}").json()
        return shown["sections"][0]["items"][0]  # type: ignore[no-any-return]

    def warnings(self) -> list[dict[str, Any]]:
        found = self.editor.get(f"{API}/bundles/{self.bundle}/checks").json()
        return [w for w in found["warnings"] if "captions" in w["code"]]


def publish(
    editor: TestClient, reader: TestClient, make: Make, testimony: Testimony, media: Media
) -> Published:
    clip = make.excerpt(
        testimony,
        exact=None,
        selector=SelectorType.TIME,
        media_id=media.id,
        start=10_000,
        stop=30_000,
    )
    sent = {
        "scheme_id": str(make.the_scheme.id),
        "title": "Des films",
        "audience": "elected_officials",
        "form": "web_page",
        "sections": [
            {"title": "Tous", "items": [{"excerpt_id": str(clip.id), "show_as": "video"}]}
        ],
    }
    bundle = editor.post(f"{API}/bundles", json=sent).json()["id"]
    assert editor.put(f"{API}/bundles/{bundle}/readiness").status_code == 204
    release = editor.post(f"{API}/bundles/{bundle}/releases")
    assert release.status_code == 201, release.text
    about = {"recipient": "Madame l'Élue (essai)"}
    given = editor.post(f"{API}/releases/{release.json()['id']}/deliveries", json=about).json()
    token = given["url"].rpartition("/r/")[2]
    return Published(editor, reader, bundle, release.json(), token)


@pytest.fixture
def published(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    testimony: Testimony,
    media: Media,
    transcript: Transcript,
    speaker: Witness,
    other: Witness,
) -> Published:
    for witness in (speaker, other):
        make.consent(witness, *FILM, WORDS)
    return publish(as_editor, as_anonymous, make, testimony, media)


def test_a_release_gives_captions_of_its_passage_and_the_page_shows_them(
    published: Published,
) -> None:
    media = published.item()["media"]
    assert "captions.vtt" in media["captions_url"]
    answer = published.reader.get(media["captions_url"])
    assert answer.headers["Content-Type"].startswith("text/vtt")
    assert "00:00:00.000 --> 00:00:10.000\nOn s'appelle le soir." in answer.text
    assert "suivi" not in answer.text
    assert published.warnings() == []
    page = published.reader.post(f"/r/{published.token}").text
    assert '<track kind="captions" srclang="fr" label="Français"' in page
    assert "<details" in page
    assert "On s’appelle le soir." in page.replace("&#39;", "’").replace("'", "’")
    team = published.release["content"]["sections"][0]["items"][0]["media"]
    assert published.reader.get(team["captions_url"]).status_code == 200


def test_what_was_published_stays_as_it_was_approved_then(
    published: Published, as_editor: TestClient, media: Media
) -> None:
    url = published.item()["media"]["captions_url"]
    approved(as_editor, media, said("Tout autre chose."))
    assert "soir" in published.reader.get(url).text


def test_words_that_are_taken_back_take_the_captions_along(
    published: Published, make: Make, other: Witness
) -> None:
    url = published.item()["media"]["captions_url"]
    make.consent(other, WORDS, verb=Verb.WITHDRAW)
    assert published.reader.get(url).status_code == 404
    assert published.item()["withdrawn"]
    assert "soir" not in published.reader.post(f"/r/{published.token}").text


def test_who_agrees_to_a_film_but_not_to_words_is_seen_without_captions(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    testimony: Testimony,
    media: Media,
    transcript: Transcript,
    speaker: Witness,
    other: Witness,
) -> None:
    make.consent(speaker, *FILM, WORDS)
    make.consent(other, *FILM)
    published = publish(as_editor, as_anonymous, make, testimony, media)
    item = published.item()
    assert item["media"]["url"]
    assert item["media"]["captions_url"] is None
    assert "soir" not in str(published.release)
    (warning,) = published.warnings()
    assert (warning["code"], warning["facts"]["reason"]) == ("no-captions", "never-given")
    assert "sans sous-titres" in published.reader.post(f"/r/{published.token}").text


def test_a_film_without_captions_or_with_some_of_them_is_a_warning(
    published: Published, as_editor: TestClient, media: Media, transcript: Transcript
) -> None:
    early = {"start_ms": 5_000, "end_ms": 15_000, "text": "Un segment qui commence avant."}
    approved(as_editor, media, [early, SEGMENTS[2]])
    (warning,) = published.warnings()
    assert (warning["code"], warning["facts"]["segments"]) == ("captions-cut", 1)
    approved(as_editor, media, said("Ailleurs."))
    assert [w["code"] for w in published.warnings()] == ["no-captions"]


def test_a_withdrawal_leaves_no_caption_anywhere(world: World) -> None:
    page = world.words_on_the_page()
    assert f"Je dis {CANARY}." in page
    film = next(
        item for item in world.shared().json()["sections"][0]["items"] if item["show_as"] == "video"
    )
    url = film["media"]["captions_url"]
    assert CANARY in world.anybody.get(url).text
    world.take_back()
    assert world.anybody.get(url).status_code == 404
    world.work()
    assert world.anybody.get(url).status_code in (404, 410)
    assert CANARY not in world.words_on_the_page()
