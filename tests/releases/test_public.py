"""Public addresses: who gives them, to what, and what becomes of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import Excerpt
from app.releases.models import PublicAddress, Release, ReleaseItem
from app.releases.successors import succeed
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.decision import Cell, Medium, Purpose, Reach, Verb
from app.witnesses.models import Witness
from tests.bundles.conftest import URL
from tests.make import Make

EVERYBODY = Cell(Medium.ANONYMOUS_TEXT, "general_public", "web_page", Purpose.EVALUATION)
SLUG = "ce-que-disent-les-tuteurs"


@pytest.fixture
def published(
    as_editor: TestClient, make: Make, composed: Callable[..., dict[str, Any]]
) -> Callable[..., str]:
    """The address of a release for the general public, of so many tutors and what they told."""

    def published(
        tutors: int = 1,
        young: int = 0,
        young_people: int = 0,
        employers: Sequence[int] = (),
        **given: Any,
    ) -> str:
        workshop = make.workshop(method="video")
        excerpts: list[Excerpt] = []

        def somebody(role: str, **of: Any) -> Witness:
            witness = make.witness(workshop=workshop, role=role, **of)
            make.consent(witness, EVERYBODY)
            return witness

        spoke = [somebody("tutor") for _ in range(tutors)]
        people = [somebody("eligible_young_person") for _ in range(young_people or young)]
        spoke += [people[n % len(people)] for n in range(young)]
        for many in employers:
            employer = make.organization()
            spoke += [somebody("employer", organization_id=employer.id) for _ in range(many)]
        for witness in spoke:
            role = witness.role
            method = "video" if role == "tutor" else "written"
            told = make.testimony(workshop=workshop, witnesses=[witness], method=method)
            excerpts.append(make.excerpt(told))
        bundle = composed(*excerpts, audience="general_public", **given)
        as_editor.put(f"{URL}/{bundle['id']}/readiness")
        release = as_editor.post(f"{URL}/{bundle['id']}/releases")
        assert release.status_code == 201, release.text
        return f"/api/v1/releases/{release.json()['id']}"

    return published


def give(client: TestClient, release: str, slug: str = SLUG) -> Any:
    return client.put(f"{release}/public-address", json={"slug": slug})


def test_it_is_given_told_and_taken_back(
    as_editor: TestClient, published: Callable[..., str], db: Session
) -> None:
    release = published()
    assert as_editor.get(release).json()["public_address"] is None
    given = give(as_editor, release)
    assert given.status_code == 200
    told = given.json()
    assert told["slug"] == SLUG
    assert told["url"].endswith(f"/p/{SLUG}")
    assert give(as_editor, release).json() == told  # twice is once
    assert as_editor.get(release).json()["public_address"] == told

    for _ in range(2):
        assert as_editor.delete(f"{release}/public-address").status_code == 204
    assert as_editor.get(release).json()["public_address"] is None
    assert give(as_editor, release).json()["given_at"] > told["given_at"]
    about_it = select(AuditEvent.action).where(AuditEvent.action.like("public-address.%"))
    events = list(db.scalars(about_it.order_by(AuditEvent.created_at)))
    assert events == [f"public-address.{did}" for did in ("given", "withdrawn", "given")]


def test_it_is_for_the_general_public_only(as_editor: TestClient, release: dict[str, Any]) -> None:
    refused = give(as_editor, f"/api/v1/releases/{release['id']}")
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/not-for-the-public"
    assert refused.json()["audience"] == "elected_officials"


def test_the_public_is_everywhere_or_nothing_is_published(
    as_editor: TestClient, make: Make, composed: Callable[..., dict[str, Any]]
) -> None:
    workshop = make.workshop()
    witness = make.witness(workshop=workshop)
    make.consent(witness, EVERYBODY, territory=Reach.REGION)
    excerpt = make.excerpt(make.testimony(workshop=workshop, witnesses=[witness]))
    region = str(make.territory("93").id)
    bundle = composed(excerpt, audience="general_public", territory_id=region)
    as_editor.put(f"{URL}/{bundle['id']}/readiness")
    refused = as_editor.post(f"{URL}/{bundle['id']}/releases")
    assert refused.json()["type"] == "/problems/not-publishable"


def test_a_slug_stays_its_bundles(as_editor: TestClient, published: Callable[..., str]) -> None:
    first, second = published(), published(title="Un autre dossier")
    give(as_editor, first)
    for _ in range(2):  # also once it is withdrawn: nobody is led to something else
        refused = give(as_editor, second)
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/slug-taken"
        as_editor.delete(f"{first}/public-address")
    assert give(as_editor, first).status_code == 200


def test_another_address_takes_the_place_of_the_first(
    as_editor: TestClient, published: Callable[..., str], db: Session
) -> None:
    release = published()
    for slug in (SLUG, "un-autre-nom", SLUG):
        assert give(as_editor, release, slug).json()["slug"] == slug
    rows = {row.slug: row.withdrawn_at for row in db.scalars(select(PublicAddress))}
    assert rows.keys() == {SLUG, "un-autre-nom"}
    assert rows[SLUG] is None
    assert rows["un-autre-nom"]


@pytest.mark.parametrize(
    "slug",
    [
        *("", "ab", "a" * 81, "Majuscule", "été", "deux mots", "a/b", "..", "a--b", "-abc", "abc-"),
        *("abc\n", "abc_def", "abc\u202e", "<b>", "%2e%2e", None, 3, ["abc"]),
    ],
)
def test_a_slug_is_plain(as_editor: TestClient, published: Callable[..., str], slug: Any) -> None:
    refused = as_editor.put(f"{published()}/public-address", json={"slug": slug})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/slug"


def test_nothing_new_is_public_of_a_closed_bundle(
    as_editor: TestClient, published: Callable[..., str]
) -> None:
    release = published()
    bundle = f"{URL}/{as_editor.get(release).json()['bundle_id']}"
    as_editor.put(f"{bundle}/closure")
    assert give(as_editor, release).json()["type"] == "/problems/wrong-state"


def test_who_does_not_compose_gives_no_address(
    as_editor: TestClient,
    as_evaluator: TestClient,
    as_animator: TestClient,
    as_anonymous: TestClient,
    published: Callable[..., str],
) -> None:
    release = published()
    give(as_editor, release)
    for client, status in ((as_evaluator, 403), (as_animator, 404), (as_anonymous, 401)):
        assert give(client, release, "un-autre-nom").status_code == status
        assert client.delete(f"{release}/public-address").status_code == status
    assert as_editor.get(release).json()["public_address"]["slug"] == SLUG


def test_two_at_once_want_the_same_slug(
    as_editor: TestClient, published: Callable[..., str]
) -> None:
    releases = [published(), published(title="Un autre dossier")]
    with ThreadPoolExecutor(2) as at_once:
        statuses = list(at_once.map(lambda r: give(as_editor, r).status_code, releases))
    assert sorted(statuses) == [200, 409]


def test_two_at_once_give_one_address_to_a_bundle(
    as_editor: TestClient, published: Callable[..., str], db: Session
) -> None:
    release = published()
    with ThreadPoolExecutor(2) as at_once:
        slugs = ("un-nom", "un-autre-nom")
        statuses = list(at_once.map(lambda s: give(as_editor, release, s).status_code, slugs))
    assert statuses == [200, 200]
    current = db.scalars(select(PublicAddress.slug).where(PublicAddress.withdrawn_at.is_(None)))
    assert len(list(current)) == 1


# Figures


def test_figures_of_fewer_than_11_are_not_told_to_the_public(
    as_editor: TestClient, published: Callable[..., str]
) -> None:
    hidden = {"value": None, "suppressed": True}
    balance = as_editor.get(published(tutors=11, young=10)).json()["content"]["balance"]
    # The only one that is hidden could be subtracted: another goes with it.
    assert balance["method"] == balance["role"] == {"other": hidden}
    assert balance["nature"] == {"feeling": 1.0}
    assert balance["territory"] == {"Var": 1.0}
    content = as_editor.get(published(tutors=12, young=11)).json()["content"]
    assert content["k"] == 11
    assert content["balance"]["method"] == {"video": 0.5, "written": 0.5}
    assert content["balance"]["role"] == {"tutor": 0.5, "eligible_young_person": 0.5}


def test_nor_are_figures_of_many_passages_of_few_people(
    as_editor: TestClient, make: Make, published: Callable[..., str]
) -> None:
    hidden = {"value": None, "suppressed": True}
    balance = as_editor.get(published(tutors=12, young=12, young_people=10)).json()["content"][
        "balance"
    ]
    assert balance["role"] == {"tutor": 0.5, "other": hidden}
    assert balance["method"] == {"video": 0.5, "other": hidden}
    assert balance["territory"] == {"Var": 1.0}


@pytest.mark.parametrize(("of_each", "is_told"), [((6, 6), False), ((4, 4, 4), True)])
def test_nor_are_figures_of_two_employers(
    as_editor: TestClient,
    make: Make,
    published: Callable[..., str],
    of_each: tuple[int, ...],
    is_told: bool,
) -> None:
    """People of one organization are one employer."""
    balance = as_editor.get(published(tutors=12, employers=of_each)).json()["content"]["balance"]
    assert ("employer" in balance["role"]) is is_told
    assert ("other" in balance["role"]) is not is_told


def test_figures_go_with_the_first_word_that_is_taken_back(
    as_editor: TestClient,
    published: Callable[..., str],
    make: Make,
    db: Session,
) -> None:
    """At once, with no job: beside the words that are left, they would tell what was lost."""
    here = published(tutors=12, young=11)
    told = as_editor.get(here).json()
    said = db.scalars(select(ReleaseItem.testimony_id)).first()
    witness = db.scalars(select(TestimonyWitness.witness_id).filter_by(testimony_id=said)).one()
    make.consent(db.get_one(Witness, witness), EVERYBODY, verb=Verb.WITHDRAW)
    after = as_editor.get(here).json()
    assert after["number"] == told["number"]  # there is no successor yet
    assert after["content"]["k"] is None
    panels = after["content"]["balance"]
    assert panels.keys() == told["content"]["balance"].keys()
    assert all(p == {"other": {"value": None, "suppressed": True}} for p in panels.values())


def test_nor_does_a_release_tell_figures_of_before_they_were_held_to_a_number(
    as_editor: TestClient, published: Callable[..., str], make: Make
) -> None:
    here = published(tutors=12, young=11)
    told = as_editor.get(here).json()
    with make.sessions.begin() as db:
        release = db.get_one(Release, UUID(told["id"]))
        before = {name: value for name, value in release.content.items() if name != "k"}
        release.content = before | {"balance": {"role": {"tutor": 0.95, "employer": 0.05}}}
    content = as_editor.get(here).json()["content"]
    hidden = {"other": {"value": None, "suppressed": True}}
    assert content["k"] is None
    assert content["balance"] == dict.fromkeys(("nature", "role", "territory", "method"), hidden)


def test_a_bundle_has_one_set_of_panels_for_ever(
    as_editor: TestClient,
    published: Callable[..., str],
    make: Make,
    database: Database,
    db: Session,
) -> None:
    """Two of them, of nearly the same passages, would tell of those that differ."""
    hidden = {"other": {"value": None, "suppressed": True}}
    untold = dict.fromkeys(("nature", "role", "territory", "method"), hidden)
    first = as_editor.get(published(tutors=13, young=12)).json()
    assert first["content"]["balance"]["method"] == {"video": 0.5, "written": 0.5}
    bundle = f"{URL}/{first['bundle_id']}"

    def published_again(change: Callable[[dict[str, Any]], None]) -> Any:
        known = as_editor.get(bundle).json()
        change(known)
        names = ("scheme_id", "title", "audience", "form", "purpose", "introduction")
        [section] = known["sections"]
        items = [{name: item[name] for name in ("id", "excerpt_id")} for item in section["items"]]
        sections = [{"title": section["title"], "items": items}]
        payload = {name: known[name] for name in names} | {"sections": sections}
        assert as_editor.put(bundle, json=payload).status_code == 200
        as_editor.put(f"{bundle}/readiness")
        release = as_editor.post(f"{bundle}/releases")
        assert release.status_code == 201, release.text
        return release.json()["content"]["balance"]

    def retitle(known: dict[str, Any]) -> None:
        known["title"] = "Un autre titre"

    def lose_one(known: dict[str, Any]) -> None:
        known["sections"][0]["items"].pop()

    with make.sessions.begin() as writing:  # one is corrected: the panel says what it said
        item = writing.scalars(select(ReleaseItem)).first()
        assert item
        writing.get_one(Testimony, item.testimony_id).method = "interview"
    assert published_again(retitle) == first["content"]["balance"]
    assert published_again(lose_one) == untold

    rows = select(ReleaseItem.testimony_id).join(Release, Release.id == ReleaseItem.release_id)
    said = db.scalars(rows.order_by(Release.number.desc())).first()
    witness = db.scalars(select(TestimonyWitness.witness_id).filter_by(testimony_id=said)).one()
    make.consent(db.get_one(Witness, witness), EVERYBODY, verb=Verb.WITHDRAW)
    with database.write.begin() as writing:
        recalled = succeed(writing, UUID(first["bundle_id"]), now())
    assert recalled
    [successor_id] = recalled.successors
    successor = as_editor.get(f"/api/v1/releases/{successor_id}").json()
    assert successor["content"]["balance"] == untold
