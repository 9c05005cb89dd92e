"""Everyone who appears in a passage must agree to what it shows of them, wherever it goes."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.appearances.models import AppearanceKind
from app.appearances.queries import Segment
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt, SelectorType
from app.gate.service import Use, WayOut, judge
from app.groups.models import Identification
from app.media.models import Media
from app.media.urls import address as sign_address
from app.testimonies.models import Testimony
from app.witnesses.decision import TEAM, Cell, Medium, Purpose, Reason, Verb
from app.witnesses.models import Witness
from tests.appearances.conftest import NAMES, WITH_THEM, WITHOUT
from tests.bundles.conftest import URL as BUNDLES
from tests.make import Make

MEDIA = "/api/v1/media"
SHARED = "/api/v1/shared"
OFFICIALS = WayOut("elected_officials", "web_page", Purpose.EVALUATION, None)
FILM = frozenset({Medium.VOICE, Medium.IMAGE})
INSIDE = Cell(Medium.VOICE, TEAM, "film", Purpose.EVALUATION)
SHOWN = [
    (AppearanceKind.FACE, {Medium.IMAGE}),
    (AppearanceKind.VOICE, set(Medium) - {Medium.IMAGE}),
    (AppearanceKind.NAME, set(Medium)),
]


def agrees(make: Make, *witnesses: Witness) -> None:
    for witness in witnesses:
        make.consent(witness, *OFFICIALS.cells(Medium))


# What is published


@pytest.fixture
def excerpts(make: Make, testimony: Testimony, media: Media) -> list[Excerpt]:
    """The passage where the other appears, and one where they do not."""
    time = {"selector": SelectorType.TIME, "media_id": media.id, "exact": None}
    return [
        make.excerpt(testimony, start=start, stop=stop, **time)
        for start, stop in (WITH_THEM, WITHOUT)
    ]


@pytest.fixture
def bundle(as_editor: TestClient, make: Make, excerpts: list[Excerpt]) -> dict[str, Any]:
    """A ready bundle of both, as films."""
    items = [{"excerpt_id": str(excerpt.id), "show_as": "video"} for excerpt in excerpts]
    sent = {
        "scheme_id": str(make.the_scheme.id),
        "title": "Ce que disent les tuteurs",
        "audience": "elected_officials",
        "form": "web_page",
        "sections": [{"title": "Les débuts", "items": items}],
    }
    response = as_editor.post(BUNDLES, json=sent)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    assert as_editor.put(f"{BUNDLES}/{made['id']}/readiness").status_code == 204
    return made


def test_everyone_in_the_passage_must_agree_before_it_is_published(
    as_editor: TestClient,
    make: Make,
    media: Media,
    bundle: dict[str, Any],
    speaker: Witness,
    other: Witness,
) -> None:
    make.appearance(media, other, start_ms=12_000, end_ms=13_000)
    agrees(make, speaker)
    found = as_editor.get(f"{BUNDLES}/{bundle['id']}/checks").json()
    missing = [b for b in found["blockers"] if b["code"] == "consent-missing"]
    assert [b["item_id"] for b in missing] == [bundle["sections"][0]["items"][0]["id"]]
    assert missing[0]["facts"]["cell"]["medium"] == "voice"
    assert as_editor.post(f"{BUNDLES}/{bundle['id']}/releases").status_code == 409
    agrees(make, other)
    assert as_editor.post(f"{BUNDLES}/{bundle['id']}/releases").status_code == 201


def test_one_withdrawal_takes_the_item_and_its_file_at_once_and_leaves_the_other(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    media: Media,
    bundle: dict[str, Any],
    speaker: Witness,
    other: Witness,
) -> None:
    make.appearance(media, other, start_ms=12_000, end_ms=13_000, kind=AppearanceKind.FACE)
    agrees(make, speaker, other)
    release = as_editor.post(f"{BUNDLES}/{bundle['id']}/releases").json()
    url = f"/api/v1/releases/{release['id']}"
    link = as_editor.post(f"{url}/deliveries", json={"recipient": "Madame l'Élue (démo)"}).json()
    shared = f"{SHARED}/{link['url'].rpartition('/r/')[2]}"

    def items() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = as_anonymous.get(shared).json()["sections"][0]["items"]
        return found

    files = [item["media"]["url"] for item in items()]
    assert [as_anonymous.get(file).status_code for file in files] == [200, 200]

    make.consent(other, *OFFICIALS.cells({Medium.IMAGE}), verb=Verb.WITHDRAW)
    assert [item["withdrawn"] for item in items()] == [True, False]
    assert items()[0]["media"] is None
    for headers in ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-3"}):
        assert as_anonymous.get(files[0], headers=headers).status_code == 404
    assert as_anonymous.get(files[1]).content == NAMES[1].encode()
    [exclusion] = as_editor.get(url).json()["exclusions"]
    assert exclusion["reason"] == "withdrawn"


# What the team sees and hears


@pytest.mark.usefixtures("testimony")
@pytest.mark.parametrize(
    ("kind", "medium", "hidden"),
    [
        (AppearanceKind.FACE, Medium.IMAGE, True),
        (AppearanceKind.FACE, Medium.VOICE, False),
        (AppearanceKind.VOICE, Medium.VOICE, True),
        (AppearanceKind.VOICE, Medium.IMAGE, False),
        (AppearanceKind.NAME, Medium.SIGNED_TEXT, True),
    ],
)
def test_the_team_sees_no_more_of_it_but_the_clip_that_does_not_show_them(
    as_editor: TestClient,
    as_anonymous: TestClient,
    make: Make,
    media: Media,
    other: Witness,
    kind: AppearanceKind,
    medium: Medium,
    hidden: bool,
) -> None:
    make.appearance(media, other, start_ms=12_000, end_ms=20_000, kind=kind)
    names = ["web.mp4", *NAMES]
    addresses = [f"{MEDIA}/{media.id}/renditions/{name}" for name in names]
    signed = [sign_address(media.id, name) for name in names]
    assert {as_editor.get(url).status_code for url in addresses} == {200}

    make.consent(other, INSIDE._replace(medium=medium), verb=Verb.WITHDRAW)
    expected = [404, 404, 200] if hidden else [200, 200, 200]
    assert [as_editor.get(url).status_code for url in addresses] == expected
    assert [as_anonymous.get(url).status_code for url in signed] == expected
    for path in ("", "/appearances"):
        assert as_editor.get(f"{MEDIA}/{media.id}{path}").status_code == expected[0]


# One by one


@pytest.mark.parametrize(("kind", "asked"), SHOWN)
def test_who_appears_is_asked_what_is_shown_of_them(
    database: Database,
    make: Make,
    media: Media,
    testimony: Testimony,
    speaker: Witness,
    other: Witness,
    kind: AppearanceKind,
    asked: set[Medium],
) -> None:
    agrees(make, speaker)
    make.appearance(media, other, kind=kind)
    for medium in Medium:
        use = Use(testimony.id, frozenset({medium}), segment=Segment(media.id))
        with database.read() as db:
            [verdict] = judge(db, [use], OFFICIALS, now())
        who = (Reason.NEVER_GIVEN, other.id) if medium in asked else (None, None)
        assert (verdict.reason, verdict.witness_id) == who, medium


moments = st.tuples(st.integers(0, 9), st.integers(1, 9)).map(lambda m: (m[0], m[0] + m[1]))
some = st.one_of(st.none(), st.lists(st.sampled_from(["elected_officials", "team"])))
protocols = st.fixed_dictionaries(
    {
        "audiences": some,
        "forms": st.one_of(st.none(), st.lists(st.sampled_from(["web_page", "film"]))),
        "media": st.one_of(st.none(), st.lists(st.sampled_from(list(Medium)))),
        "identification": st.sampled_from(Identification),
    }
)


@given(
    agree=st.tuples(st.sets(st.sampled_from(Medium)), st.sets(st.sampled_from(Medium))),
    kind=st.sampled_from(AppearanceKind),
    there=moments,
    protocol=st.one_of(st.none(), protocols),
    passages=st.lists(moments, min_size=1, max_size=4),
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_appearance_or_a_protocol_never_opens_anything(
    database: Database,
    make: Make,
    agree: tuple[set[Medium], set[Medium]],
    kind: AppearanceKind,
    there: tuple[int, int],
    protocol: dict[str, Any] | None,
    passages: list[tuple[int, int]],
) -> None:
    media, group = make.media(), make.group()
    people = [make.witness(), make.witness()]
    workshop = make.workshop(group_id=group.id)
    testimony = make.testimony(workshop=workshop, witnesses=people[:1], media=[media])
    for witness, allowed in zip(people, agree, strict=True):
        if allowed:
            make.consent(witness, *OFFICIALS.cells(allowed))
    uses = [
        Use(testimony.id, frozenset(shown), segment=segment)
        for segment in (None, Segment(media.id), *(Segment(media.id, *p) for p in passages))
        for shown in (FILM, {Medium.ANONYMOUS_TEXT}, {Medium.SIGNED_TEXT})
    ]

    def open_now() -> list[bool]:
        with database.read() as db:
            return [verdict.allowed for verdict in judge(db, uses, OFFICIALS, now())]

    before = open_now()
    if protocol:
        make.protocol(group, **protocol)
        between = open_now()
        assert all(was or not is_now for was, is_now in zip(before, between, strict=True))
        before = between
    make.appearance(media, people[1], start_ms=there[0], end_ms=there[1], kind=kind)
    assert all(was or not is_now for was, is_now in zip(before, open_now(), strict=True))
