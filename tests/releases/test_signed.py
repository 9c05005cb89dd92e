"""What is published with a signature: who reads it, and until when."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.excerpts.models import Excerpt
from app.reactions.forgetting import words_read
from app.reactions.models import Reaction
from app.releases.models import EventReaction
from app.releases.quoting import unquoted
from app.testimonies.models import Testimony
from app.witnesses.decision import Medium, Verb
from app.witnesses.models import Witness
from tests.bundles.conftest import OFFICIALS, URL
from tests.jobs.desk import Desk
from tests.make import Make

SIGNED = OFFICIALS._replace(medium=Medium.SIGNED_TEXT)
SIGNATURE = "Une jeune de Berthe *#$ {{x}} <img src=x> مريم"
RELEASES = "/api/v1/releases"
Published = Callable[..., dict[str, Any]]


@pytest.fixture
def witness(make: Make) -> Witness:
    """Who signs, and agrees to be read so."""
    witness = make.witness(signature=SIGNATURE)
    make.consent(witness, SIGNED)
    return witness


@pytest.fixture
def testimony(make: Make, witness: Witness) -> Testimony:
    return make.testimony(witnesses=[witness])


@pytest.fixture
def published(as_editor: TestClient, payload_of: Callable[..., dict[str, Any]]) -> Published:
    """A release of these items."""

    def published(*items: dict[str, Any], **given: Any) -> dict[str, Any]:
        bundle = as_editor.post(URL, json=payload_of(*items, **given))
        assert bundle.status_code == 201, bundle.text
        here = f"{URL}/{bundle.json()['id']}"
        as_editor.put(f"{here}/readiness")
        release = as_editor.post(f"{here}/releases")
        assert release.status_code == 201, release.text
        found: dict[str, Any] = release.json()
        return found

    return published


def signed(testimony: Testimony) -> dict[str, Any]:
    return {"testimony_id": str(testimony.id), "signed": True}


def items_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for section in content["sections"] for item in section["items"]]


def token_of(client: TestClient, release: dict[str, Any]) -> str:
    url = f"{RELEASES}/{release['id']}/deliveries"
    answer = client.post(url, json={"recipient": "Madame l'Élue (démo)"})
    return str(answer.json()["url"]).rpartition("/r/")[2]


def work(database: Database, name: str, **given: Any) -> None:
    """Do this job, and all those that it asks for."""
    desk = Desk(database)
    desk.ask(name, **given)
    desk.work_all()


def test_readers_read_the_signature_of_what_is_shown_signed_alone(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    witness: Witness,
    testimony: Testimony,
    consented: Callable[..., Excerpt],
    published: Published,
) -> None:
    make.consent(witness, OFFICIALS)
    plain = consented()
    release = published(
        {"testimony_id": str(testimony.id)},
        signed(testimony),
        {"excerpt_id": str(make.excerpt(testimony).id), "signed": True},
        {"excerpt_id": str(plain.id)},
        {"text": "De nous."},
    )
    told = [item.get("signature", "no such key") for item in items_of(release["content"])]
    assert told == ["no such key", SIGNATURE, SIGNATURE, "no such key", "no such key"]
    assert str(witness.id) not in str(release)
    shared = as_anonymous.get(f"/api/v1/shared/{token_of(as_editor, release)}").json()
    assert [item.get("signature") for item in items_of(shared)] == [
        *(None, SIGNATURE, SIGNATURE),
        *(None, None),
    ]


def test_it_is_on_the_page_as_it_was_written(
    as_editor: TestClient, as_anonymous: TestClient, testimony: Testimony, published: Published
) -> None:
    token = token_of(as_editor, published(signed(testimony)))
    page = as_anonymous.post(f"/r/{token}").text
    assert "Une jeune de Berthe *#$ {{x}} &lt;img src=x&gt; مريم" in page
    assert "ou avec la signature qu’elle a choisie" in page
    assert "<img src=x" not in page


def test_several_sign_in_their_order_and_once(
    make: Make, witness: Witness, published: Published
) -> None:
    people = [make.witness(signature="Un tuteur"), witness, make.witness(signature="Un tuteur")]
    for person in people:
        make.consent(person, SIGNED)
    release = published(signed(make.testimony(witnesses=people)))
    assert items_of(release["content"])[0]["signature"] == f"Un tuteur, {SIGNATURE}"


def test_to_sign_it_is_another_snapshot(
    as_editor: TestClient,
    make: Make,
    witness: Witness,
    testimony: Testimony,
    published: Published,
    payload_of: Callable[..., dict[str, Any]],
) -> None:
    make.consent(witness, OFFICIALS)
    first = published({"testimony_id": str(testimony.id)})
    here = f"{URL}/{first['bundle_id']}"
    [item] = as_editor.get(here).json()["sections"][0]["items"]
    for is_signed, status in ((False, 200), (True, 201)):
        as_editor.put(here, json=payload_of(item | {"signed": is_signed}))
        as_editor.put(f"{here}/readiness")
        assert as_editor.post(f"{here}/releases").status_code == status


@pytest.mark.parametrize("verb", [Verb.WITHDRAW, Verb.REFUSE, Verb.RESTRICT])
def test_when_the_signature_is_taken_back_the_words_are_hidden_at_once(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    witness: Witness,
    testimony: Testimony,
    published: Published,
    verb: Verb,
) -> None:
    """Words without a name are still agreed to: that is not what was published."""
    make.consent(witness, OFFICIALS)
    release = published(signed(testimony), {"testimony_id": str(testimony.id)})
    token = token_of(as_editor, release)
    make.consent(witness, OFFICIALS if verb is Verb.RESTRICT else SIGNED, verb=verb)
    gone, stays = items_of(as_anonymous.get(f"/api/v1/shared/{token}").json())
    assert (gone["withdrawn"], gone["quote"], gone["signature"]) == (True, None, None)
    assert (stays["withdrawn"], stays["quote"]) == (False, testimony.body)
    assert "Berthe" not in as_anonymous.post(f"/r/{token}").text
    [exclusion] = as_editor.get(f"{RELEASES}/{release['id']}").json()["exclusions"]
    assert exclusion["item_id"] == gone["id"]


def test_words_without_a_name_may_be_taken_back_and_the_signed_ones_stay(
    as_editor: TestClient, make: Make, witness: Witness, testimony: Testimony, published: Published
) -> None:
    make.consent(witness, OFFICIALS)
    release = published(signed(testimony), {"testimony_id": str(testimony.id)})
    make.consent(witness, OFFICIALS, verb=Verb.WITHDRAW)
    content = as_editor.get(f"{RELEASES}/{release['id']}").json()["content"]
    assert [item["withdrawn"] for item in items_of(content)] == [False, True]


def test_whoever_signed_takes_it_back_although_the_words_are_said_to_be_somebody_elses(
    as_editor: TestClient,
    make: Make,
    database: Database,
    witness: Witness,
    testimony: Testimony,
    published: Published,
) -> None:
    """Who spoke was corrected after the publication: the signature stands there still."""
    release = published(signed(testimony))
    other = make.witness(signature="Un tuteur")
    make.consent(other, OFFICIALS, SIGNED)
    make.attribute(testimony, other)
    [item] = items_of(as_editor.get(f"{RELEASES}/{release['id']}").json()["content"])
    assert item["signature"] == SIGNATURE
    make.consent(witness, SIGNED, verb=Verb.WITHDRAW)
    [item] = items_of(as_editor.get(f"{RELEASES}/{release['id']}").json()["content"])
    assert item["withdrawn"]
    work(database, "consent.noted", witness_id=str(witness.id))
    assert as_editor.get(f"{RELEASES}/{release['id']}").status_code == 410


@pytest.mark.parametrize("together", [False, True])
def test_what_was_answered_repeats_no_signature_that_is_taken_back(
    as_editor: TestClient,
    make: Make,
    db: Session,
    database: Database,
    witness: Witness,
    published: Published,
    together: bool,
) -> None:
    other = make.witness(signature="Un tuteur")
    make.consent(other, OFFICIALS, SIGNED)
    people = [other, witness] if together else [witness]
    stays = {"testimony_id": str(make.testimony(witnesses=[other]).id)}
    release = published(signed(make.testimony(witnesses=people)), stays)
    url = f"{RELEASES}/{release['id']}/deliveries"
    delivery_id = as_editor.post(url, json={"recipient": "Madame l'Élue (démo)"}).json()["id"]
    text = "Merci à une jeune de Berthe, et à tous : nous paierons le bus."
    answer = make.reaction(delivery_id, text=text, public_text=text)
    known = db.get_one(Reaction, answer.id)
    read = unquoted(text, *words_read(db, known))
    assert (read, known.text) == ("Merci à […], et à tous : nous paierons le bus.", text)
    db.rollback()

    make.consent(witness, SIGNED, verb=Verb.WITHDRAW)
    work(database, "consent.noted", witness_id=str(witness.id))
    known = db.get_one(Reaction, answer.id)
    assert known.text == known.public_text == read


def test_nor_does_what_was_said_in_the_room_about_the_rest(
    as_editor: TestClient,
    make: Make,
    db: Session,
    database: Database,
    witness: Witness,
    published: Published,
) -> None:
    in_the_room = SIGNED._replace(form="event")
    make.consent(witness, in_the_room)
    other = make.witness()
    make.consent(other, OFFICIALS._replace(form="event"))
    stays = {"testimony_id": str(make.testimony(witnesses=[other]).id)}
    release = published(signed(make.testimony(witnesses=[witness])), stays, form="event")
    first, second = (item["id"] for item in items_of(release["content"]))
    texts = {first: "Merci.", second: "Une jeune de Berthe le dit aussi : le bus, nous l'aurons."}
    said = [{"item_id": item_id, "text": text, "role": None} for item_id, text in texts.items()]
    event = {"held_on": "2026-05-14", "reactions": said}
    assert as_editor.put(f"{RELEASES}/{release['id']}/event", json=event).status_code == 200

    make.consent(witness, in_the_room, verb=Verb.WITHDRAW)
    work(database, "consent.noted", witness_id=str(witness.id))
    kept = db.scalars(select(EventReaction.text)).all()
    assert kept == ["[…] le dit aussi : le bus, nous l'aurons."]


def test_a_successor_keeps_the_signatures_of_what_stays(
    as_editor: TestClient,
    make: Make,
    witness: Witness,
    testimony: Testimony,
    database: Database,
    published: Published,
) -> None:
    other = make.witness(signature="Un tuteur")
    make.consent(other, SIGNED)
    release = published(signed(testimony), signed(make.testimony(witnesses=[other])))
    make.consent(other, SIGNED, verb=Verb.WITHDRAW)
    work(database, "releases.recall")
    newest = as_editor.get(f"{URL}/{release['bundle_id']}/releases").json()["items"][0]
    url = f"{RELEASES}/{newest['id']}"
    content = as_editor.get(url).json()["content"]
    assert newest["number"] == 2
    assert [item["signature"] for item in items_of(content)] == [SIGNATURE, None]
    make.consent(witness, SIGNED, verb=Verb.WITHDRAW)
    assert items_of(as_editor.get(url).json()["content"])[0]["withdrawn"]
