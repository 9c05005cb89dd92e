"""The snapshot of a bundle: all that a release will ever show, in the words of its readers.

It holds no id of a testimony or a witness, and no address: those are put in when it is served.
Only an item that is shown signed has a `signature`.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bundles.models import Bundle, ShowAs
from app.bundles.service import sections_of
from app.bundles.sources import Source, settled
from app.core.models import now
from app.documents.wording import NATURES
from app.excerpts.service import words_of
from app.places.models import Place
from app.places.service import coarse
from app.releases.figures import Passage, figures_of
from app.schemes.models import Scheme
from app.schemes.service import labels
from app.testimonies.models import TestimonyWitness
from app.witnesses.models import Witness
from app.workshops.models import Workshop


@dataclass(frozen=True)
class Snapshot:
    """What will be shown, its digest, and what each item is made from."""

    content: dict[str, Any]
    sources: dict[UUID, Source]

    @property
    def sha256(self) -> str:
        return digest(self.content)


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of the content as JSON: sorted names, no blanks, UTF-8 (RFC 8785 in spirit)."""
    told = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(told.encode()).hexdigest()


def take(db: Session, bundle: Bundle) -> Snapshot:
    """The bundle as it is now."""
    sources, _ = settled(db, bundle, now())
    scheme = db.get_one(Scheme, bundle.scheme_id)
    speakers = _Speakers(db, {source.testimony.id for source in sources.values()})
    sections = [
        {
            "title": section["title"],
            "text": section["text"],
            "items": [_item(db, item, sources.get(item.id), speakers) for item in section["items"]],
        }
        for section in sections_of(db, bundle.id)
    ]
    passages = [_passage(source) for source in sources.values()]
    content = {
        "title": bundle.title,
        "public_title": scheme.public_title,
        "audience": bundle.audience,
        "form": bundle.form,
        "introduction": bundle.introduction,
        "sections": sections,
        **figures_of(db, bundle.id, bundle.audience, passages),
    }
    return Snapshot(content, sources)


def _item(db: Session, item: Any, source: Source | None, speakers: "_Speakers") -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(item.id),
        "show_as": item.show_as.value,
        "quote": item.text,
        "nature": None,
        "nature_label": None,
        "role_label": None,
        "territory_label": None,
        "caption": item.caption,
        "media": None,
        "withdrawn": False,
    }
    if not source:
        return shown
    excerpt, testimony = source.excerpt, source.testimony
    nature = excerpt.nature if excerpt else testimony.nature
    if item.show_as is ShowAs.TEXT:
        shown["quote"] = words_of(db, excerpt) if excerpt else testimony.body
    elif source.file:
        shown["media"] = {
            "name": source.file.name,
            "poster": source.poster.name if source.poster else None,
            "sha256": source.file.sha256,
            "duration_ms": (excerpt.stop - excerpt.start)
            if excerpt
            else source.media and source.media.duration_ms,
        }
        if captions := source.captions:
            told = {"language": captions.language, "cues": captions.cues}
            shown["media"]["captions"] = told
    shown["nature"] = nature and nature.value
    shown["nature_label"] = NATURES.get(nature) if nature else None
    shown["role_label"] = speakers.role(testimony.id)
    shown["territory_label"] = speakers.territory(testimony.id)
    if source.item.signed:
        known = filter(None, source.signatures.values())
        shown["signature"] = ", ".join(dict.fromkeys(known)) or None
    return shown


def _passage(source: Source) -> Passage:
    said = source.excerpt or source.testimony
    return Passage(said.id, source.testimony.id, said.nature)


class _Speakers:
    """How readers are told who spoke: a role, and a territory no finer than a department."""

    def __init__(self, db: Session, testimony_ids: set[UUID]) -> None:
        self._db = db
        self._roles = labels(db, "witness_roles")
        self._names: dict[UUID, str | None] = {}
        self._spoke: dict[UUID, list[tuple[str, UUID | None]]] = {}
        rows = (
            select(
                TestimonyWitness.testimony_id,
                Witness.role,
                Witness.territory_id,
                Place.territory_id,
            )
            .join(Witness, Witness.id == TestimonyWitness.witness_id)
            .outerjoin(Workshop, Workshop.id == Witness.workshop_id)
            .outerjoin(Place, Place.id == Workshop.place_id)
            .where(TestimonyWitness.testimony_id.in_(testimony_ids))
            .order_by(TestimonyWitness.testimony_id, TestimonyWitness.position)
        )
        for testimony_id, role, own, place in db.execute(rows):
            self._spoke.setdefault(testimony_id, []).append((role, own or place))

    def role(self, testimony_id: UUID) -> str | None:
        """« Tuteur ou tutrice », or several."""
        roles = dict.fromkeys(role for role, _ in self._spoke.get(testimony_id, []))
        return ", ".join(self._roles.get(role, role) for role in roles) or None

    def territory(self, testimony_id: UUID) -> str | None:
        """« Var », or several."""
        found = (self._name(where) for _, where in self._spoke.get(testimony_id, []) if where)
        return ", ".join(dict.fromkeys(name for name in found if name)) or None

    def _name(self, territory_id: UUID) -> str | None:
        if territory_id not in self._names:
            territory = coarse(self._db, territory_id)
            self._names[territory_id] = territory.name if territory else None
        return self._names[territory_id]
