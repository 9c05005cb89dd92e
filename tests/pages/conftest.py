"""A dossier: two quotes of two tutors, published and given by a personal link."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.testimonies.models import Nature
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from tests.make import Make

CELL = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "web_page", Purpose.EVALUATION)
WORDS = ("Chaque vendredi on écrit une ligne à nous deux.", "On s'appelle tous les soirs.")


@dataclass
class Dossier:
    """What an editor did, and what a recipient holds: a token."""

    make: Make
    editor: TestClient
    witnesses: list[Witness]
    bundle_id: str
    release_id: str
    cell: Cell

    @property
    def here(self) -> str:
        return f"/dossiers/{self.release_id}"

    def deliver(self, **given: Any) -> tuple[str, str]:
        """A new link: its path, and the id of the delivery."""
        url = f"/api/v1/releases/{self.release_id}/deliveries"
        answer = self.editor.post(url, json={"recipient": "Madame l'Élue (démo)"} | given)
        assert answer.status_code == 201, answer.text
        delivery = answer.json()
        return "/r/" + delivery["url"].rpartition("/r/")[2], delivery["id"]

    def told(self, delivery_id: str) -> dict[str, Any]:
        """What the editor is told of this delivery."""
        found = self.editor.get(f"/api/v1/releases/{self.release_id}/deliveries").json()["items"]
        return next(item for item in found if item["id"] == delivery_id)

    def republish(self, **changes: Any) -> Any:
        """What the editor changes, then publishes again: the answer."""
        url = f"/api/v1/bundles/{self.bundle_id}"
        bundle = self.editor.get(url).json()
        names = ("scheme_id", "title", "audience", "form", "purpose", "introduction", "sections")
        changed = {name: bundle[name] for name in names} | changes
        assert self.editor.put(url, json=changed).status_code == 200
        assert self.editor.put(f"{url}/readiness").status_code == 204
        return self.editor.post(f"{url}/releases")

    def publish_for(self, audience: str) -> str:
        """The same words, to which everybody agrees, for others too: the id of the release."""
        for witness in self.witnesses:
            self.make.consent(witness, self.cell._replace(audience=audience))
        answer = self.republish(audience=audience)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def withdraw(self, number: int) -> None:
        """A witness takes words back."""
        self.make.consent(self.witnesses[number], self.cell, verb=Verb.WITHDRAW)


Published = Callable[..., Dossier]


@pytest.fixture
def published(make: Make, as_editor: TestClient) -> Published:
    """Publishes a dossier for this audience, in this form."""

    def published(audience: str = "elected_officials", form: str = "web_page") -> Dossier:
        cell = CELL._replace(audience=audience, form=form)
        workshop = make.workshop()
        witnesses = [make.witness(workshop=workshop) for _ in WORDS]
        items = []
        for witness, words in zip(witnesses, WORDS, strict=True):
            make.consent(witness, cell)
            testimony = make.testimony(workshop=workshop, witnesses=[witness], body=words)
            excerpt = make.excerpt(testimony, exact=words, nature=Nature.FEELING)
            items.append({"excerpt_id": str(excerpt.id), "caption": "Un tuteur"})
        bundle = {
            "scheme_id": str(make.the_scheme.id),
            "title": "Ce qu'on fait : <b>quand ça coince</b>",
            "audience": audience,
            "form": form,
            "introduction": "Deux personnes ont parlé.",
            "sections": [{"title": "Apprendre", "items": items}],
        }
        answer = as_editor.post("/api/v1/bundles", json=bundle)
        assert answer.status_code == 201, answer.text
        bundle_id = answer.json()["id"]
        assert as_editor.put(f"/api/v1/bundles/{bundle_id}/readiness").status_code == 204
        release = as_editor.post(f"/api/v1/bundles/{bundle_id}/releases")
        assert release.status_code == 201, release.text
        return Dossier(make, as_editor, witnesses, bundle_id, release.json()["id"], cell)

    return published


@pytest.fixture
def dossier(published: Published) -> Dossier:
    return published()
