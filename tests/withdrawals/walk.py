"""Walk every route of the OpenAPI document that reads, as everybody, by every kind of link."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi.testclient import TestClient

from tests.document import Operation, operations
from tests.withdrawals.world import CANARY, World

SINCE = "2000-01-01T00:00:00Z"
NAMES = ("page.html", "original", "web.mp4", "poster.jpg", "clip-1000-2000.mp4", "methods")
CAPTIONS = ("captions.vtt", "clip-1000-2000.vtt")
LINK = re.compile(r"""(?:"|')((?:http://[^/"']+)?/(?:api|r|dossiers)/[^"'\s]+)""")
FIRST = {"Range": "bytes=0-3"}


@dataclass
class Walk:
    """Where the word was met, and how: who asked, and for which address."""

    seen: dict[tuple[str, str], str] = field(default_factory=dict)  # with their ETags
    links: set[str] = field(default_factory=set)
    asked: int = 0


def addresses(world: World) -> Iterator[str]:
    """Every address that is read, with the ids of what there is."""
    for operation in operations():
        if operation.method == "get":
            yield from _addresses(operation, world)


def _addresses(operation: Operation, world: World) -> Iterator[str]:
    known: dict[str, Any] = {
        "testimony_id": world.testimony.id,
        "media_id": world.media.id,
        "transcript_id": world.transcript.id,
        "bundle_id": world.bundle_id,
        "release_id": world.release_id,
        "delivery_id": world.delivery_id,
        "witness_id": world.witness.id,
        "workshop_id": world.workshop.id,
        "scheme_id": world.workshop.scheme_id,
        "place_id": world.workshop.place_id,
        "organization_id": world.workshop.owner_organization_id,
        "token": world.token,
        "remark_id": world.remark_id,
        "annotation_id": world.annotation_id,
        "reaction_id": world.reaction_id,
        "proposition_id": world.proposition_id,
    }
    for kind, id_ in _traced(world).items() if "traced_id" in operation.in_path else ():
        yield operation.url(kind=kind, traced_id=id_)
    for excerpt in world.excerpts if "excerpt_id" in operation.in_path else [None]:
        for name in (*NAMES, *CAPTIONS) if "name" in operation.in_path else [""]:
            for format_ in ("csv", "jsonl") if "format" in operation.in_path else [""]:
                more = {"name": name, "format": format_}
                url = operation.url(
                    **known | more | ({"excerpt_id": excerpt.id} if excerpt else {})
                )
                yield url
                queries = {parameter["name"] for parameter in operation.parameters("query")}
                if "updated_since" in queries:
                    yield f"{url}?updated_since={SINCE}"
                if "purpose" in queries:
                    yield f"{url}?purpose=essai"
                if "cells" in queries:
                    yield f"{url}?cells=true"


def _traced(world: World) -> dict[str, Any]:
    """One of each kind that a trace starts from."""
    return {
        "testimony": world.testimony.id,
        "excerpt": world.excerpts[0].id,
        "bundle": world.bundle_id,
        "release": world.release_id,
        "delivery": world.delivery_id,
        "reaction": world.reaction_id,
        "proposition": world.proposition_id,
    }


def walk(world: World, people: dict[str, TestClient], before: Walk | None = None) -> Walk:
    """Ask everybody for everything; the second time also for what the first one led to.

    The second time it fails at the first word, 304 or 206 of what held the word before.
    """
    found = Walk()
    for who, client in people.items():
        for url in addresses(world):
            _ask(found, before, who, client, url)
    # What signed addresses, links and passes open, for whoever has them.
    stranger = people["nobody"]
    for url in sorted((before or found).links):
        _ask(found, before, "nobody", stranger, url)
    return found


def _ask(found: Walk, before: Walk | None, who: str, client: TestClient, url: str) -> None:
    answer = client.get(url)
    found.asked += 1
    assert answer.status_code < 500, (who, url, answer.text)
    if CANARY in answer.text:
        found.seen[who, url] = answer.headers.get("ETag", "")
        assert before is None, f"{who} still reads it at {url}"
    if before is None:
        found.links |= _links(answer)
    elif (who, url) in before.seen:
        tag = before.seen[who, url]
        again = client.get(url, headers={"If-None-Match": tag} if tag else {})
        assert again.status_code != 304, f"{who} is told to keep it: {url}"
        assert client.get(url, headers=FIRST).status_code != 206, f"{who} has a part of it: {url}"


def _links(answer: httpx2.Response) -> set[str]:
    if not answer.headers.get("Content-Type", "").startswith(("application/json", "text/html")):
        return set()
    found = {
        link.replace("&amp;", "&").replace("\\u0026", "&") for link in LINK.findall(answer.text)
    }
    return {re.sub(r"^http://[^/]+", "", link) for link in found if "?" in link}
