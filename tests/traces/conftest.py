"""A dossier of two voices that was given and answered, and a proposition that rests on one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.excerpts.models import Excerpt
from app.moderation.models import Decision
from app.propositions.models import Proposition, PropositionState, Step
from app.releases.models import ReleaseItem
from app.testimonies.models import Testimony
from tests.make import Make
from tests.pages.conftest import WORDS, Dossier, dossier, published

__all__ = ["dossier", "published"]

API = "/api/v1"


@dataclass
class Chain:
    """What came of what one person said; `other` is what the other one said."""

    make: Make
    dossier: Dossier
    excerpt: Excerpt
    other: Excerpt
    decision: Decision
    proposition: Proposition
    delivery_id: str
    reaction_id: str  # to all of it
    reaction_to_other_id: str

    @property
    def step_id(self) -> str:
        with self.make.sessions() as db:
            rows = select(Step.id).where(Step.proposition_id == self.proposition.id)
            return str(db.scalars(rows).one())


@pytest.fixture
def chain(make: Make, dossier: Dossier) -> Chain:
    """With, elsewhere, what has nothing to do with it."""
    with make.sessions() as db:
        rows = (
            select(Excerpt, ReleaseItem.item_id)
            .join(ReleaseItem, ReleaseItem.excerpt_id == Excerpt.id)
            .where(ReleaseItem.release_id == UUID(dossier.release_id))
        )
        said = {excerpt.exact: (excerpt, item_id) for excerpt, item_id in db.execute(rows)}
        (excerpt, _), (other, item_id) = (said[words] for words in WORDS)
        testimony = db.get_one(Testimony, excerpt.testimony_id)
    _, delivery_id = dossier.deliver()
    noise = make.testimony()
    make.decision(noise)
    make.proposition(make.excerpt(noise), steps=[PropositionState.PROPOSED])
    return Chain(
        make=make,
        dossier=dossier,
        excerpt=excerpt,
        other=other,
        decision=make.decision(testimony),
        proposition=make.proposition(excerpt, steps=[PropositionState.REFUSED]),
        delivery_id=delivery_id,
        reaction_id=str(make.reaction(delivery_id).id),
        reaction_to_other_id=str(make.reaction(delivery_id, item_id=item_id).id),
    )


def traced(client: TestClient, kind: str, id_: object) -> dict[str, Any]:
    answer = client.get(f"{API}/traces/{kind}/{id_}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(graph: dict[str, Any], kind: str | None = None) -> set[str]:
    """The things of this side, or those of one kind."""
    return {node["id"] for node in graph["nodes"] if kind in (None, node["kind"])}


def links(graph: dict[str, Any]) -> set[tuple[str, str]]:
    return {(link["from_id"], link["to_id"]) for link in graph["links"]}
