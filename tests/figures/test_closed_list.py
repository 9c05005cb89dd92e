"""Every number that the API tells of what was heard: a closed list, and what is told to whom.

A new one fails here until somebody says which of these it is. docs/figures.md has the list.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.core.figures import SUPPRESSED
from app.testimonies.models import Nature
from tests.document import Schema, operations, resolve
from tests.make import Make
from tests.pages.conftest import Dossier, dossier, published
from tests.search.conftest import index

__all__ = ["dossier", "index", "published"]

API = "/api/v1"
# Numbers that count nobody: of one thing, or the length of a list whose items are read (`count`).
PLAIN = {
    *("total", "version", "number", "position", "size", "status", "progress", "attempts", "terms"),
    *("duration_ms", "start_ms", "end_ms", "start", "end", "offset", "length", "width", "height"),
    *("fps", "score", "steps", "seats", "birth_year", "wanted_length_ms", "form_rating"),
    *("subject_version", "section", "protocol_number", "event_number", "superseded_by", "fields"),
    *("sealed", "waiting", "first_broken", "pruned", "k"),
}
FROZEN = {"/figures", "/figures/{figures_id}"}  # tables for everybody
PANELS = {"/releases/{release_id}", "/shared/{token}"}  # frozen with a release
FACETS = "/search/facets"  # exact for editors too, who moderate what they count
NO_FEW = {  # exact for who may export; the others are told none below 5, nor exact shares
    FACETS,
    *(f"/indicators/{name}" for name in ("counts", "coverage", "balance", "methods", "reception")),
    *("/indicators/loop", "/indicators/voices"),
}
OWN_WORK = {  # what is before them to be done, of words that they read one by one
    "/moderation-queue",
    "/codings",
    "/bundles/{bundle_id}/balance",
    "/bundles/{bundle_id}/checks",
    "/groups",
    "/groups/{group_id}",
    "/schemes/{scheme_id}/targets",
    "/releases/{release_id}/event",  # what they noted themselves; its minutes tell no few
}
READERS = {  # of who was given words, not of who said them: to the team, and to who said them
    "/deliveries",
    "/receipt",
}
OPEN = {"balance", "content", "facts"}  # objects of which the document says no more
NOT_HEARD = {  # of those, what is no figure: a version of one thing, the audit log, a vocabulary
    *(f"/{things}/{{{thing}_id}}/history/{{version}}" for things, thing in (
        ("testimonies", "testimony"), ("excerpts", "excerpt"), ("transcripts", "transcript"),
        ("bundles", "bundle"), ("propositions", "proposition"),
    )),
    *("/audit-events", "/vocabularies/{name}/terms", "/vocabularies/{name}/terms/{code}"),
}  # fmt: skip
FILES = {  # what is no JSON and counts: the same figures, or for who may export
    *(f"/indicators/{name}.{{format}}" for name in ("counts", "coverage", "balance", "methods")),
    *(f"/indicators/{name}.{{format}}" for name in ("reception", "loop", "voices")),
    *("/figures/{figures_id}.csv", "/workshops/{workshop_id}/return.pdf"),
    *("/releases/{release_id}/files/{name}", "/shared/{token}/files/{name}"),
}
WORDS = {  # what is no JSON and counts nothing
    *("/schemes/{scheme_id}/codebook.csv", "/schemes/{scheme_id}/codebook.qdc"),
    *("/excerpts/{excerpt_id}/annotation", "/excerpts/{excerpt_id}/clip"),
    *("/media/{media_id}/events", "/media/{media_id}/renditions/{name}"),
    *(f"/transcripts/{{transcript_id}}.{kind}" for kind in ("vtt", "srt", "txt")),
    *("/releases/{release_id}/items/{item_id}/{name}", "/propositions/{proposition_id}/page.html"),
    "/receipt/archive",
}


def numbers(schema: Schema, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The members of an answer that are numbers, or that may hold some."""
    name = schema.get("$ref", "")
    if name in seen:
        return
    schema, seen = resolve(schema), seen | {name} - {""}
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from numbers(one, seen)
    if "items" in schema:
        yield from numbers(schema["items"], seen)
    for name, member in schema.get("properties", {}).items():
        kinds = [member, *member.get("anyOf", ())]
        more = [kind.get("additionalProperties") for kind in kinds]
        if any(kind.get("type") in {"integer", "number"} for kind in [*kinds, *_objects(more)]):
            yield name
        if True in more and name in OPEN:
            yield name
        for kind in [*kinds, *_objects(more)]:
            yield from numbers(kind, seen)


def _objects(more: list[Any]) -> list[Schema]:
    found = [one for one in more if isinstance(one, dict)]
    return found + [kind for one in found for kind in one.get("anyOf", ())]


def answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """What each GET answers, by its media type."""
    for operation in operations():
        if operation.method == "get":
            content = operation.about["responses"].get("200", {}).get("content", {})
            yield operation.path.removeprefix(API), content


def test_every_route_that_counts_is_one_of_these() -> None:
    counting = {
        path
        for path, content in answers()
        if set(numbers(content.get("application/json", {}).get("schema", {}))) - PLAIN
    }
    assert counting == {*FROZEN, *PANELS, *NO_FEW, *OWN_WORK, *READERS, *NOT_HEARD}


def test_so_is_every_file() -> None:
    """Exports are for who may export: tests/roles.json says so, route by route."""
    files = {path for path, content in answers() if set(content) - {"application/json"}}
    assert {path for path in files if not path.startswith("/exports/")} == FILES | WORDS


@pytest.fixture
def few(
    make: Make, animator: Account, index: Callable[[], None], request: pytest.FixtureRequest
) -> None:
    """Two testimonies of one workshop, an excerpt of each; and a dossier that one answers."""
    workshop = make.workshop(organization=animator.organization)
    for _ in range(2):
        spoke = make.witness(workshop=workshop, role="tutor")
        told = make.testimony(
            workshop=workshop, witnesses=[spoke], nature=Nature.PRACTICE, body="Un jour de plus."
        )
        make.decision(told)
        make.excerpt(told)
    index()  # first: what is published asks for jobs, one of which would be done instead
    dossier: Dossier = request.getfixturevalue("dossier")
    _, delivery_id = dossier.deliver()
    make.reaction(delivery_id, form_rating=2)


def small(told: Any) -> Iterator[int]:
    """Every number of few in an answer, but k."""
    if isinstance(told, dict):
        for name, member in told.items():
            if name != "k":
                yield from small(member)
    elif isinstance(told, list):
        for member in told:
            yield from small(member)
    elif isinstance(told, int) and not isinstance(told, bool) and 0 < told < 5:
        yield told


def cells(told: Any) -> Iterator[Any]:
    """Everything in an answer."""
    yield told
    for member in (
        told.values() if isinstance(told, dict) else told if isinstance(told, list) else []
    ):
        yield from cells(member)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("path", sorted(NO_FEW))
def test_who_may_not_export_is_told_of_no_few(
    as_editor: TestClient, as_animator: TestClient, as_evaluator: TestClient, path: str
) -> None:
    """Who may is told exactly, where this world has something to count."""
    asked = {"q": "jour"} if path == FACETS else {}
    exact = as_evaluator.get(f"{API}{path}", params=asked)
    assert exact.status_code == 200, exact.text
    for client in (as_animator,) if path == FACETS else (as_editor, as_animator):
        answer = client.get(f"{API}{path}", params=asked)
        assert answer.status_code in {200, 403}
        if answer.status_code == 200:
            assert list(small(answer.json())) == []
    assert list(small(exact.json())), "there is nothing to hide"
    assert SUPPRESSED not in list(cells(exact.json()))


def test_exact_figures_are_for_who_may_export(
    as_anonymous: TestClient, as_evaluator: TestClient
) -> None:
    for path in sorted(NO_FEW):
        assert as_anonymous.get(f"{API}{path}").status_code == 401
    assert as_evaluator.get(f"{API}/indicators/counts").json()["k"] == 0
