"""What the API of excerpts promises: the very words, or a passage of a recording."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.models import now
from app.excerpts.models import Excerpt, ExcerptState, ExcerptTheme, SelectorType
from app.media.models import Kind, Reason, Status
from app.testimonies.models import Nature, State, Testimony
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/excerpts"


# Choosing


def test_an_editor_chooses_the_very_words(
    as_editor: TestClient, make: Make, payload: dict[str, Any], testimony: Testimony
) -> None:
    themes = [str(make.theme(scheme_id=testimony.scheme_id).id) for _ in range(3)][::-1]
    more = {
        "theme_ids": themes,
        "memo": "À rapprocher du groupe de mai.",
        "names_employer": True,
        "restriction": {"media": None, "audiences": ["team"], "forms": None, "purposes": None},
    }
    response = as_editor.post(URL, json=payload | more)

    assert response.status_code == 201
    shown = response.json()
    around = {"prefix": "Déjà le 1er jour 👩🏽‍🍳, ", "suffix": " : ça m'a plu."}
    selector = payload["selector"] | around
    assert shown.items() >= (payload | more | {"selector": selector}).items()
    assert (shown["quote"], shown["state"]) == ("j'ai suivi Karim", "valid")
    assert shown["scheme_id"] == str(testimony.scheme_id)
    again = as_editor.get(response.headers["location"])
    assert again.json() == shown
    assert again.headers["etag"] == response.headers["etag"]
    assert as_editor.get(URL).json()["items"] == [shown]


def test_what_is_given_back_may_be_worded_for_the_public(
    as_editor: TestClient, payload: dict[str, Any]
) -> None:
    shown = as_editor.post(URL, json=payload | {"public_quote": "« J'ai suivi [un collègue] »"})
    assert shown.json()["quote"] == "« J'ai suivi [un collègue] »"
    assert shown.json()["selector"]["exact"] == "j'ai suivi Karim"


def test_what_was_read_can_be_sent_again_and_what_surrounds_it_is_the_text_s(
    as_editor: TestClient, payload: dict[str, Any]
) -> None:
    created = as_editor.post(URL, json=payload)
    read = created.json()["selector"]
    for sent in (read, read | {"prefix": "Autre chose", "suffix": None}):
        again = as_editor.put(created.headers["location"], json=payload | {"selector": sent})
        assert again.status_code == 200
        assert again.json()["selector"] == read


def test_passages_may_overlap(as_editor: TestClient, payload: dict[str, Any]) -> None:
    whole = payload["selector"]
    part = whole | {"start": whole["start"] + 5, "exact": whole["exact"][5:]}
    ids = set()
    for selector in (whole, part, whole):
        made = as_editor.post(URL, json=payload | {"selector": selector})
        assert made.status_code == 201
        assert made.json()["quote"] == selector["exact"]
        ids.add(made.json()["id"])
    assert {item["id"] for item in as_editor.get(URL).json()["items"]} == ids
    assert len(ids) == 3


def test_words_that_do_not_stand_there_are_refused_with_those_that_do(
    as_editor: TestClient, payload: dict[str, Any], db: Session
) -> None:
    wrong = payload["selector"] | {"exact": "j'ai suivi Kevin"}
    response = as_editor.post(URL, json=payload | {"selector": wrong})

    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == "/problems/not-there"
    assert (problem["pointer"], problem["found"]) == ("#/selector/exact", "j'ai suivi Karim")
    assert db.scalars(select(Excerpt)).all() == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"selector": {"type": "text", "start": 0, "end": 900, "exact": "D"}}, "#/selector/end"),
        ({"selector": {"type": "text", "start": 3, "end": 3, "exact": "D"}}, "#/selector/end"),
        ({"selector": {"type": "text", "start": 5, "end": 3, "exact": "D"}}, "#/selector/end"),
        (
            {"selector": {"type": "text", "start": -1, "end": 3, "exact": "D"}},
            "#/selector/start",
        ),
        (
            {"selector": {"type": "text", "start": 0, "end": 1, "exact": "D" * 20_001}},
            "#/selector/exact",
        ),
        ({"selector": {"type": "text", "start": 0, "end": 1, "exact": ""}}, "#/selector/exact"),
        (
            {
                "selector": {
                    "type": "text",
                    "start": 0,
                    "end": 1,
                    "exact": "D",
                    "prefix": "D" * 4_001,
                }
            },
            "#/selector/prefix",
        ),
        ({"selector": {"type": "dream"}}, "#/selector"),
        ({"nature": "poem"}, "#/nature"),
        ({"practice": None}, "#"),
        ({"nature": "feeling"}, "#"),
        ({"practice": {"actor": "Moi", "action": "Suivre"}}, "#/practice/occasion"),
        ({"practice": {"actor": " ", "action": "A", "occasion": "B"}}, "#/practice/actor"),
        ({"theme_ids": [str(uuid4())]}, "#/theme_ids/0"),
        ({"restriction": {"forms": "film"}}, "#/restriction/forms"),
        ({"state": "valid"}, "#/state"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_editor: TestClient, payload: dict[str, Any], wrong: dict[str, Any], pointer: str
) -> None:
    response = as_editor.post(URL, json=payload | wrong)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_a_theme_is_of_the_same_scheme(
    as_editor: TestClient, payload: dict[str, Any], make: Make
) -> None:
    stranger = make.theme(scheme_id=make.scheme().id)
    response = as_editor.post(URL, json=payload | {"theme_ids": [str(stranger.id)]})
    assert response.json()["errors"][0]["pointer"] == "#/theme_ids/0"


PIECES = st.sampled_from(
    [
        *("é", "e\u0301", "q\u0303", "👩🏽‍🍳", "👨‍👩‍👧‍👦", "🙂", "ça", "a", " "),
        *("ﬁ", "’", "日本", "𝔘", "\n", "\r\n", "שלום", "\u200fمرحبا\u200f"),
    ]
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(PIECES, min_size=1, max_size=12), st.data())
@example(["🙂", "e\u0301", "x"], None)
def test_offsets_are_code_points_of_the_body_as_it_is_shown(
    as_editor: TestClient,
    as_animator: TestClient,
    make: Make,
    testimony: Testimony,
    pieces: list[str],
    data: st.DataObject | None,
) -> None:
    """Whatever people wrote: cut the body that the API shows anywhere, and it is found there."""
    with make.sessions.begin() as db:
        db.execute(update(Testimony).values(state=State.DRAFT, submitted_at=None))
        witnesses = [str(w.id) for w in make.witnesses_of(db, testimony)]
    address = f"/api/v1/testimonies/{testimony.id}"
    about = {
        "scheme_id": str(testimony.scheme_id),
        "workshop_id": str(testimony.workshop_id),
        "method": "written",
        "recorded_on": "2013-05-14",
        "witness_ids": witnesses,
    }
    body = as_animator.put(address, json=about | {"body": f"[{''.join(pieces)}]"}).json()["body"]
    as_animator.put(f"{address}/submission")

    start = data.draw(st.integers(0, len(body) - 1)) if data else 1
    end = data.draw(st.integers(start + 1, len(body))) if data else 3
    exact = body[start:end]
    selector = {"type": "text", "start": start, "end": end, "exact": exact}
    quote = {"testimony_id": str(testimony.id), "nature": "feeling", "selector": selector}
    shown = as_editor.post(URL, json=quote)
    assert shown.status_code == 201
    assert shown.json()["quote"] == exact
    place = shown.json()["selector"]
    assert (place["prefix"], place["suffix"]) == (body[max(0, start - 32) : start], body[end:][:32])

    # In other units (UTF-16, bytes) it is not there, and what stands there is told.
    shifted = selector | {"start": len(body[:start].encode("utf-16-le")) // 2}
    shifted["end"] = shifted["start"] + end - start
    if shifted["start"] != start and shifted["end"] <= len(body):
        response = as_editor.post(URL, json=quote | {"selector": shifted})
        there = body[shifted["start"] : shifted["end"]]
        if there != exact:
            assert response.json()["type"] == "/problems/not-there"
            assert response.json()["found"] == there


@pytest.mark.parametrize(
    ("written", "chosen", "problem"),
    [
        ("Un.\r\nDeux oui.", "oui", "not-there"),  # line ends are one code point here
        ("Deja\u0300 vu, oui.", "oui", "not-there"),  # so is a letter with its accent
        ("Un.\r\nDeux.", "Un.\r\nDeux", "invalid-text"),
        ("De\u0301ja\u0300.", "De\u0301ja\u0300", "not-there"),
    ],
)
def test_who_counts_on_a_text_of_their_own_is_told_what_stands_here(
    as_editor: TestClient,
    payload: dict[str, Any],
    source: dict[str, Any],
    testimony: Testimony,
    written: str,
    chosen: str,
    problem: str,
) -> None:
    """Bodies are kept in NFC, with line feeds: offsets are those of the body that is shown."""
    here = f"/api/v1/testimonies/{testimony.id}"
    kept = as_editor.put(here, json=source | {"body": written}).json()["body"]
    start = written.index(chosen)
    end = min(start + len(chosen), len(kept))
    place = {"type": "text", "start": start, "end": end, "exact": chosen}
    refused = as_editor.post(URL, json=payload | {"selector": place})
    assert refused.status_code == 422
    assert refused.json()["type"] == f"/problems/{problem}"
    if problem == "not-there":
        assert refused.json()["found"] == kept[start:end]
    exact = kept[-4:-1]
    place |= {"start": len(kept) - 4, "end": len(kept) - 1, "exact": exact}
    assert as_editor.post(URL, json=payload | {"selector": place}).status_code == 201


# What was edited out


@pytest.fixture
def edited(as_editor: TestClient, payload: dict[str, Any]) -> dict[str, Any]:
    """An excerpt whose quote names nobody, with a note of the editor's."""
    more = {"public_quote": "j'ai suivi [un collègue]", "memo": "Le même qu'en mai ?"}
    made = as_editor.post(URL, json=payload | more)
    assert made.status_code == 201
    return made.json()  # type: ignore[no-any-return]


def read_by(client: TestClient, excerpt: dict[str, Any]) -> list[dict[str, Any]]:
    """This excerpt, from everywhere that it is read."""
    (listed,) = client.get(URL).json()["items"]
    (mirrored,) = client.get(f"{URL}?updated_since=2013-01-01T00:00:00Z").json()["items"]
    return [client.get(f"{URL}/{excerpt['id']}").json(), listed, mirrored]


def test_who_studies_excerpts_reads_the_quote_and_not_what_was_edited_out(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, edited: dict[str, Any]
) -> None:
    for told in read_by(as_evaluator, edited):
        assert told["quote"] == "j'ai suivi [un collègue]"
        place = {name: told["selector"][name] for name in ("exact", "prefix", "suffix")}
        assert place == {"exact": None, "prefix": None, "suffix": None}
        assert told["memo"] is None
        assert "Karim" not in str({**told, "practice": None})
    for told in read_by(as_editor, edited):
        assert told == edited
    tag = as_editor.get(f"{URL}/{edited['id']}").headers["etag"]
    theirs = as_evaluator.get(f"{URL}/{edited['id']}", headers={"If-None-Match": tag})
    assert theirs.status_code == 200


def test_words_that_nobody_edited_are_read_by_who_studies_them(
    as_evaluator: TestClient, make: Make, testimony: Testimony
) -> None:
    excerpt = make.excerpt(testimony, memo="Pour nous")
    told = as_evaluator.get(f"{URL}/{excerpt.id}").json()
    assert told["selector"]["exact"] == told["quote"] == excerpt.exact
    assert told["memo"] is None


def test_who_heard_them_reads_them_and_a_case_shows_all(
    as_animator: TestClient, as_custodian: TestClient, edited: dict[str, Any]
) -> None:
    for told in read_by(as_animator, edited):
        assert told["selector"] == edited["selector"]
        assert told["memo"] is None
    address = f"{URL}/{edited['id']}"
    assert as_custodian.get(address).status_code == 404
    told = as_custodian.get(address, headers={"X-Reason": "Une plainte"}).json()
    assert (told["selector"], told["memo"]) == (edited["selector"], edited["memo"])


def test_editors_see_what_a_quote_changes_in_the_words(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    as_outsider: TestClient,
    edited: dict[str, Any],
    payload: dict[str, Any],
) -> None:
    address = f"{URL}/{edited['id']}/edits"
    told = as_editor.get(address)
    assert told.json()["edits"] == [
        {"op": "equal", "text": "j'ai suivi "},
        {"op": "delete", "text": "Karim"},
        {"op": "insert", "text": "[un collègue]"},
    ]
    known = {"If-None-Match": told.headers["etag"]}
    assert as_editor.get(address, headers=known).status_code == 304
    assert as_evaluator.get(address).status_code == 403
    assert as_animator.get(address).status_code == 403
    assert as_outsider.get(address).status_code == 404
    as_editor.put(f"{URL}/{edited['id']}", json=payload)
    assert as_editor.get(address, headers=known).json() == {"edits": []}


def test_and_in_what_is_said_in_a_passage(as_editor: TestClient, make: Make) -> None:
    media = make.media()
    testimony = make.testimony(media=[media])
    make.transcript(media, "Karim m'a montré.", "Ensuite, rien.")
    place = {"start": 0, "stop": 10_000, "public_quote": "[Un collègue] m'a montré."}
    filmed = make.excerpt(
        testimony, exact=None, selector=SelectorType.TIME, media_id=media.id, **place
    )
    assert as_editor.get(f"{URL}/{filmed.id}/edits").json()["edits"] == [
        {"op": "delete", "text": "Karim"},
        {"op": "insert", "text": "[Un collègue]"},
        {"op": "equal", "text": " m'a montré."},
    ]


# Of what


def test_a_draft_is_not_there_to_be_quoted(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    draft = make.testimony(state=State.DRAFT)
    theirs = as_editor.post(URL, json=payload | {"testimony_id": str(draft.id)})
    unknown = as_editor.post(URL, json=payload | {"testimony_id": str(uuid4())})
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


def test_neither_is_what_was_withdrawn(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    gone = make.testimony(state=State.WITHDRAWN)
    response = as_editor.post(URL, json=payload | {"testimony_id": str(gone.id)})
    assert response.status_code == 404


@pytest.mark.parametrize("state", [State.REJECTED, State.RETURNED])
def test_what_was_not_kept_is_not_quoted(
    as_editor: TestClient, make: Make, payload: dict[str, Any], state: State
) -> None:
    rejected = make.testimony(state=state, body="j'ai suivi Karim" * 9)
    response = as_editor.post(URL, json=payload | {"testimony_id": str(rejected.id)})
    assert (response.status_code, response.json()["state"]) == (409, state)


def test_what_was_submitted_may_be_quoted_before_it_is_accepted(
    as_editor: TestClient, as_evaluator: TestClient, make: Make
) -> None:
    handed = make.testimony(state=State.SUBMITTED)
    selector = {"type": "text", "start": 0, "end": 2, "exact": "Le"}
    quote = {"testimony_id": str(handed.id), "selector": selector, "nature": "feeling"}
    address = as_editor.post(URL, json=quote).headers["location"]
    assert as_evaluator.get(address).status_code == 404
    as_editor.post(f"/api/v1/testimonies/{handed.id}/decisions", json={"verdict": "accept"})
    assert as_evaluator.get(address).status_code == 200


# Recordings


def test_a_passage_of_a_recording_lies_within_it(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    media = make.media(kind=Kind.AUDIO, duration_ms=60_000)
    testimony = make.testimony(media=[make.media(), media])
    whole = {"type": "time", "media_id": str(media.id), "start_ms": 0, "end_ms": 60_000}
    quote = payload | {"testimony_id": str(testimony.id)}

    response = as_editor.post(URL, json=quote | {"selector": whole})
    assert response.status_code == 201
    assert (response.json()["selector"], response.json()["quote"]) == (whole, None)
    assert as_editor.get(URL).json()["items"][0]["selector"] == whole
    for wrong in ({"end_ms": 60_001}, {"start_ms": 60_000}, {"start_ms": 7, "end_ms": 3}):
        refused = as_editor.post(URL, json=quote | {"selector": whole | wrong})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "#/selector/end_ms"


@pytest.mark.parametrize(("end_ms", "status"), [(1199, 422), (1200, 201)])
def test_and_lasts_long_enough_to_be_shown(
    as_editor: TestClient, make: Make, payload: dict[str, Any], end_ms: int, status: int
) -> None:
    media = make.media()
    testimony = make.testimony(media=[media])
    passage = {"type": "time", "media_id": str(media.id), "start_ms": 1000, "end_ms": end_ms}
    quote = payload | {"testimony_id": str(testimony.id), "selector": passage}
    response = as_editor.post(URL, json=quote)
    assert response.status_code == status
    if status == 422:
        (error,) = response.json()["errors"]
        assert (error["pointer"], error["code"], error["shortest"]) == (
            "#/selector/end_ms",
            "too_short",
            200,
        )


def test_and_the_recording_is_one_of_this_testimony(
    as_editor: TestClient, make: Make, payload: dict[str, Any]
) -> None:
    elsewhere = make.media()
    make.testimony(media=[elsewhere])
    for media_id in (elsewhere.id, make.media().id, uuid4()):
        passage = {"type": "time", "media_id": str(media_id), "start_ms": 0, "end_ms": 5}
        response = as_editor.post(URL, json=payload | {"selector": passage})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "#/selector/media_id"


@pytest.mark.parametrize(
    "given",
    [
        {"status": Status.PROCESSING},
        {"status": Status.REJECTED, "reason": Reason.CORRUPT},
        {"kind": Kind.IMAGE, "duration_ms": None},
    ],
)
def test_and_it_is_ready(
    as_editor: TestClient, make: Make, payload: dict[str, Any], given: dict[str, Any]
) -> None:
    media = make.media(**given)
    testimony = make.testimony(media=[media])
    passage = {"type": "time", "media_id": str(media.id), "start_ms": 0, "end_ms": 5}
    quote = payload | {"testimony_id": str(testimony.id), "selector": passage}
    problem = as_editor.post(URL, json=quote).json()
    assert (problem["type"], problem["status"]) == ("/problems/wrong-state", 409)
    assert problem["media_status"] == given.get("status", Status.READY)


# Changing and deleting


def test_to_change_it_is_to_describe_it_again(
    as_editor: TestClient, make: Make, payload: dict[str, Any], testimony: Testimony
) -> None:
    one, other = (str(make.theme(scheme_id=testimony.scheme_id).id) for _ in range(2))
    created = as_editor.post(URL, json=payload | {"theme_ids": [one]})
    address, read = created.headers["location"], {"If-Match": created.headers["etag"]}
    feeling = payload | {"nature": "feeling", "practice": None, "theme_ids": [other]}
    changed = as_editor.put(address, json=feeling, headers=read)

    assert changed.status_code == 200
    selector = created.json()["selector"]
    assert changed.json().items() >= {**feeling, "selector": selector, "version": 2}.items()
    assert as_editor.put(address, json=feeling, headers=read).status_code == 412
    elsewhere = feeling | {"testimony_id": str(make.testimony().id)}
    response = as_editor.put(address, json=elsewhere)
    assert response.json()["errors"][0]["pointer"] == "#/testimony_id"


def test_to_change_only_its_themes_is_a_new_version(
    as_editor: TestClient, make: Make, payload: dict[str, Any], testimony: Testimony
) -> None:
    created = as_editor.post(URL, json=payload)
    theme = str(make.theme(scheme_id=testimony.scheme_id).id)
    changed = as_editor.put(created.headers["location"], json=payload | {"theme_ids": [theme]})
    assert changed.json()["version"] == 2


def test_it_can_be_discarded(
    as_editor: TestClient, make: Make, payload: dict[str, Any], testimony: Testimony, db: Session
) -> None:
    theme = str(make.theme(scheme_id=testimony.scheme_id).id)
    address = as_editor.post(URL, json=payload | {"theme_ids": [theme]}).headers["location"]
    assert as_editor.delete(address).status_code == 204
    assert as_editor.get(address).status_code == 404
    for table in (Excerpt, ExcerptTheme):
        assert db.scalar(select(func.count()).select_from(table)) == 0
    actions = db.scalars(select(AuditEvent.action).where(AuditEvent.subject_kind == "excerpt"))
    assert sorted(actions) == ["excerpt.chosen", "excerpt.discarded"]


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.ANIMATOR, True),
        (Role.EVALUATOR, True),
        (Role.CUSTODIAN, False),
        (Role.ADMINISTRATOR, False),
    ],
)
def test_only_editors_choose_and_who_reads(
    client_for: ClientFor,
    make: Make,
    animator: Account,
    testimony: Testimony,
    payload: dict[str, Any],
    role: Role,
    sees: bool,
) -> None:
    client = client_for(make.account(role=role, organization=animator.organization))
    address = f"{URL}/{make.excerpt(testimony).id}"
    assert client.get(address).status_code == (200 if sees else 404)
    assert len(client.get(URL).json()["items"]) == sees
    assert client.post(URL, json=payload).status_code == 403
    assert client.put(address, json=payload).status_code == (403 if sees else 404)
    assert client.delete(address).status_code == (403 if sees else 404)


def test_somebody_elses_is_none(as_outsider: TestClient, make: Make, testimony: Testimony) -> None:
    theirs = as_outsider.get(f"{URL}/{make.excerpt(testimony).id}")
    unknown = as_outsider.get(f"{URL}/{uuid4()}")
    assert theirs.status_code == 404
    assert theirs.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


# Lists


def test_the_list_is_filtered(as_evaluator: TestClient, make: Make, testimony: Testimony) -> None:
    theme, media = make.theme(scheme_id=testimony.scheme_id), make.media()
    filmed = make.testimony(media=[media], scheme_id=testimony.scheme_id)
    words = make.excerpt(testimony, state=ExcerptState.NEEDS_REVIEW)
    passage = make.excerpt(
        filmed,
        exact=None,
        selector=SelectorType.TIME,
        start=0,
        stop=5,
        media_id=media.id,
        nature=Nature.IDEA,
        created_at=now() + timedelta(minutes=1),
    )
    make.excerpt(make.testimony(state=State.SUBMITTED))  # not for evaluators
    with make.sessions.begin() as db:
        db.add(ExcerptTheme(excerpt_id=passage.id, theme_id=theme.id, position=0))

    def listed(query: str) -> list[str]:
        return [item["id"] for item in as_evaluator.get(f"{URL}?{query}").json()["items"]]

    assert listed("") == [str(passage.id), str(words.id)]
    assert listed("limit=1") == [str(passage.id)]
    assert listed(f"testimony_id={testimony.id}") == [str(words.id)]
    assert listed("nature=idea&nature=mixed") == [str(passage.id)]
    assert listed(f"theme_id={theme.id}") == [str(passage.id)]
    assert listed("state=needs_review") == [str(words.id)]
    assert listed("selector=time") == [str(passage.id)]
    assert listed(f"scheme_id={uuid4()}") == []
