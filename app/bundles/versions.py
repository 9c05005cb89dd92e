"""What a bundle says, as its history keeps it: its editors' words, and which passages it shows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bundles.models import Bundle
from app.bundles.schemas import BundleIn, ItemIn
from app.excerpts.models import Excerpt
from app.history import service as history
from app.history.models import Version
from app.history.service import Content, Reading, Snapshot, said_by, snapshot
from app.lineage.service import made_from
from app.testimonies.models import Testimony

BESIDE = ("caption", "selection_reason")  # what is written beside a passage


def snapshot_of(bundle: Bundle, shown: Mapping[str, Any]) -> Snapshot:
    """What it says now, of which `shown` is told besides its columns."""
    sections = [
        section | {"items": [_told(item) for item in section["items"]]}
        for section in shown["sections"]
    ]
    content = said_by(BundleIn, bundle, {**shown, "sections": sections})
    items = [item for section in sections for item in section["items"]]
    sources = [(Excerpt, item["excerpt_id"]) for item in items]
    return snapshot(bundle, content, [*sources, *((Testimony, i["testimony_id"]) for i in items)])


def reading(bundle: Bundle, shown: Mapping[str, Any]) -> Reading:
    """How whoever sees a bundle reads its versions."""
    now_ = snapshot_of(bundle, shown)
    return Reading(bundle, now_, bundle.created_by_id, prose={"sections": _outline})


def erase(db: Session, excerpt_ids: Collection[UUID], testimony_ids: Collection[UUID]) -> None:
    """What was written beside these passages, in any version, is gone; the items stay, empty."""
    start = {Excerpt.__tablename__: excerpt_ids, Testimony.__tablename__: testimony_ids}
    made = made_from(db, start).get(Version.__tablename__, set())
    gone = {str(id_) for id_ in (*excerpt_ids, *testimony_ids)}
    rows = select(Version).where(Version.id.in_(made), Version.of == Bundle.__tablename__)
    history.erase_parts(db, rows, lambda content: _without(content, gone))


def _told(item: Any) -> dict[str, Any]:
    """An item, as it was always told: of one that is not signed, nothing is said of that."""
    told = {name: getattr(item, name) for name in ItemIn.model_fields}
    return told if item.signed else {name: told[name] for name in told if name != "signed"}


def _without(content: Content, gone: Collection[str]) -> Content:
    return content | {
        "sections": [
            section | {"items": [_bare(item, gone) for item in section["items"]]}
            for section in content["sections"]
        ]
    }


def _bare(item: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    is_gone = item["excerpt_id"] in gone or item["testimony_id"] in gone
    return item | dict.fromkeys(BESIDE) if is_gone else item


def _outline(sections: Sequence[Mapping[str, Any]]) -> str:
    """The sections as a text: a title, a text, a line for each item and what stands beside it."""
    lines: list[str | None] = []
    for section in sections:
        lines += [f"# {section['title']}", section["text"]]
        for item in section["items"]:
            source = item["excerpt_id"] or item["testimony_id"] or item["text"]
            shown = f"{item['show_as']}, signed" if item.get("signed") else item["show_as"]
            lines += [f"- [{shown}] {source}", *(item[name] for name in BESIDE)]
    return "\n".join(line for line in lines if line)
