"""An item shown with the signature that a witness chose: what composing it promises."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.media.models import Kind
from app.testimonies.models import Testimony
from app.witnesses.decision import Medium
from app.witnesses.models import Witness
from tests.bundles.conftest import OFFICIALS, URL
from tests.make import Make

SIGNED = OFFICIALS._replace(medium=Medium.SIGNED_TEXT)
FRENCH = {"Accept-Language": "fr"}
PayloadOf = Callable[..., dict[str, Any]]


@pytest.fixture
def witness(make: Make) -> Witness:
    """Who signs, and agreed to be read without a name."""
    witness = make.witness(signature="Une jeune de Berthe")
    make.consent(witness, OFFICIALS)
    return witness


@pytest.fixture
def testimony(make: Make, witness: Witness) -> Testimony:
    return make.testimony(witnesses=[witness])


def shown_signed(testimony: Testimony, **given: Any) -> dict[str, Any]:
    return {"testimony_id": str(testimony.id), "signed": True} | given


def composed(client: TestClient, payload: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(URL, json=payload)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def blockers_of(client: TestClient, bundle: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{URL}/{bundle['id']}/checks").json()["blockers"]
    return found


def test_nothing_is_signed_unless_it_is_asked_for(
    as_editor: TestClient, make: Make, testimony: Testimony, payload_of: PayloadOf
) -> None:
    excerpt = make.excerpt(testimony)
    items = [
        {"testimony_id": str(testimony.id)},
        shown_signed(testimony),
        {"excerpt_id": str(excerpt.id), "signed": True},
        {"text": "De nous."},
    ]
    bundle = composed(as_editor, payload_of(*items))
    kept = bundle["sections"][0]["items"]
    assert [item["signed"] for item in kept] == [False, True, True, False]
    assert as_editor.get(f"{URL}/{bundle['id']}").json()["sections"][0]["items"] == kept
    changed = as_editor.put(f"{URL}/{bundle['id']}", json=payload_of(*reversed(kept))).json()
    assert [i["signed"] for i in changed["sections"][0]["items"]] == [False, True, True, False]


@pytest.mark.parametrize("value", ["true", 1, None, {}])
def test_it_is_said_with_yes_or_no(
    as_editor: TestClient, testimony: Testimony, payload_of: PayloadOf, value: Any
) -> None:
    answer = as_editor.post(URL, json=payload_of(shown_signed(testimony, signed=value)))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/sections/0/items/0/signed"


def test_a_text_of_ones_own_is_signed_by_nobody(
    as_editor: TestClient, payload_of: PayloadOf
) -> None:
    answer = as_editor.post(
        URL, json=payload_of({"text": "De nous.", "signed": True}), headers=FRENCH
    )
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "#/sections/0/items/0"
    assert error["detail"] == "Un texte de l'éditeur n'est signé par personne."


@pytest.mark.parametrize("of", ["testimony", "excerpt"])
@pytest.mark.parametrize(
    ("others", "told"), [([], "1 sur 1"), (["Un tuteur"], "1 sur 2"), ([None, "Elle"], "2 sur 3")]
)
def test_who_chose_no_signature_has_none(
    as_editor: TestClient,
    make: Make,
    testimony: Testimony,
    payload_of: PayloadOf,
    of: str,
    others: list[str | None],
    told: str,
) -> None:
    """Also of a testimony of several, of whom one has none."""
    people = [make.witness(signature=signature) for signature in [None, *others]]
    silent = make.testimony(witnesses=people)
    source = {"testimony": silent, "excerpt": make.excerpt(silent)}[of]
    items = [shown_signed(testimony), {f"{of}_id": str(source.id), "signed": True}]
    answer = as_editor.post(URL, json=payload_of(*items), headers=FRENCH)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "#/sections/0/items/1/signed"
    assert error["detail"] == (
        f"Ne peut pas être signé : personnes qui parlent ici sans signature, {told}."
    )
    items[1]["signed"] = False
    assert as_editor.post(URL, json=payload_of(*items)).status_code == 201


def test_to_publish_it_every_speaker_must_agree_to_a_signed_text(
    as_editor: TestClient, make: Make, witness: Witness, payload_of: PayloadOf
) -> None:
    other = make.witness(signature="Un tuteur")
    make.consent(other, OFFICIALS)
    together = make.testimony(witnesses=[witness, other])
    bundle = composed(as_editor, payload_of({"testimony_id": str(together.id)}))
    here = f"{URL}/{bundle['id']}"
    assert blockers_of(as_editor, bundle) == []
    [item] = bundle["sections"][0]["items"]
    as_editor.put(here, json=payload_of(item | {"signed": True}))
    as_editor.put(f"{here}/readiness")

    make.consent(witness, SIGNED)
    answer = as_editor.post(f"{here}/releases")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-publishable")
    [blocker] = answer.json()["blockers"]
    assert (blocker["code"], blocker["item_id"]) == ("consent-missing", item["id"])
    assert blocker["facts"]["cells"] == [SIGNED._asdict() | {"reason": "never-given"}]
    assert "le texte signé" in blocker["message"]

    make.consent(other, SIGNED)
    assert as_editor.post(f"{here}/releases").status_code == 201


def test_a_recording_asks_for_what_it_shows_and_for_the_signature(
    as_editor: TestClient, make: Make, witness: Witness, payload_of: PayloadOf
) -> None:
    film = make.media(kind=Kind.VIDEO, files={"web.mp4": b"film", "poster.jpg": b"picture"})
    filmed = make.testimony(witnesses=[witness], media=[film])
    for medium in (Medium.VOICE, Medium.IMAGE):
        make.consent(witness, OFFICIALS._replace(medium=medium))
    bundle = composed(as_editor, payload_of(shown_signed(filmed, show_as="video")))
    [blocker] = blockers_of(as_editor, bundle)
    assert [cell["medium"] for cell in blocker["facts"]["cells"]] == ["signed_text"]
    make.consent(witness, SIGNED)
    assert blockers_of(as_editor, bundle) == []


def test_a_signature_that_is_no_more_blocks(
    as_editor: TestClient,
    make: Make,
    witness: Witness,
    testimony: Testimony,
    payload_of: PayloadOf,
) -> None:
    """The words turn out to be also somebody's who has none."""
    make.consent(witness, SIGNED)
    bundle = composed(as_editor, payload_of(shown_signed(testimony)))
    assert blockers_of(as_editor, bundle) == []
    silent = make.witness()
    make.consent(silent, SIGNED)
    make.attribute(testimony, witness, silent)
    [blocker] = blockers_of(as_editor, bundle)
    assert blocker["code"] == "no-signature"


def test_a_protocol_that_wants_no_name_forbids_it(
    as_editor: TestClient, make: Make, witness: Witness, payload_of: PayloadOf
) -> None:
    group = make.group()
    make.protocol(group, identification="anonymous")
    make.consent(witness, SIGNED)
    said = make.testimony(workshop=make.workshop(group_id=group.id), witnesses=[witness])
    plain = {"testimony_id": str(said.id)}
    bundle = composed(as_editor, payload_of(plain, shown_signed(said)))
    [blocker] = blockers_of(as_editor, bundle)
    assert (blocker["code"], blocker["facts"]["about"]) == ("protocol-clause", "identification")


def test_its_history_says_so_and_says_nothing_of_what_is_not(
    as_editor: TestClient, testimony: Testimony, payload_of: PayloadOf
) -> None:
    plain = {"testimony_id": str(testimony.id)}
    bundle = composed(as_editor, payload_of(plain))
    here = f"{URL}/{bundle['id']}"
    [item] = bundle["sections"][0]["items"]
    as_editor.put(here, json=payload_of(item, title="Un autre titre"))
    as_editor.put(here, json=payload_of(item | {"signed": True}, title="Un autre titre"))
    first, second, third = reversed(as_editor.get(f"{here}/history").json()["items"])
    assert [change["field"] for change in second["changes"]] == ["title"]
    assert [change["field"] for change in third["changes"]] == ["sections"]
    assert ", signed]" in str(third["changes"])
    assert "signed" not in str(first) + str(second)


@pytest.mark.parametrize("signed", [False, True])
def test_the_balance_is_the_same(
    as_editor: TestClient, testimony: Testimony, payload_of: PayloadOf, signed: bool
) -> None:
    bundle = composed(as_editor, payload_of(shown_signed(testimony, signed=signed)))
    balance = as_editor.get(f"{URL}/{bundle['id']}/balance").json()
    assert balance["bundle"]["count"] == 1
    assert balance["bundle"]["role"] == {"tutor": 1.0}


def test_cells_are_of_the_audience_and_form_of_the_bundle(
    as_editor: TestClient,
    make: Make,
    witness: Witness,
    testimony: Testimony,
    payload_of: PayloadOf,
) -> None:
    """A signature for elected officials is none for employers, nor for another form."""
    make.consent(witness, SIGNED)
    for given in ({"audience": "employers"}, {"form": "note"}, {"purpose": "promotion"}):
        bundle = composed(as_editor, payload_of(shown_signed(testimony), **given))
        [blocker] = blockers_of(as_editor, bundle)
        assert [cell["medium"] for cell in blocker["facts"]["cells"]] == ["signed_text"]
