"""How long a bundle plays: as a film, with the cards that are read in it; else what is played."""

from typing import Any

from app.bundles.checks.case import Case
from app.bundles.checks.form import FILMED
from app.bundles.models import BundleItem, ShowAs
from app.bundles.service import sections_of
from app.bundles.sources import Source, read_there
from app.documents import cutlist
from app.documents.wording import NATURES


def length_ms(case: Case) -> int:
    """How long it plays, in milliseconds.

    A film is as long as its cut list, but for what its snapshot will say of who speaks: seconds.
    Of another form, what is heard or watched of each item, one by one: what is read takes the time
    that it takes.
    """
    if case.bundle.form in FILMED:
        return cutlist.length_ms(_filmed(case))
    sources = case.sources.values()
    return sum(_played(source) for source in sources if source.item.show_as is not ShowAs.TEXT)


def _played(source: Source) -> int:
    if source.excerpt and source.excerpt.passage:
        start, end = source.excerpt.passage
        return end - start
    return (source.media.duration_ms or 0) if source.media else 0


def _filmed(case: Case) -> dict[str, Any]:
    """As much of its snapshot as tells how long each card stands, and each passage lasts."""
    bundle = case.bundle
    return {
        "title": bundle.title,
        "public_title": "",
        "introduction": bundle.introduction,
        "sections": [
            {
                "title": section["title"],
                "text": section["text"],
                "items": [_shown(case, item) for item in section["items"]],
            }
            for section in sections_of(case.db, bundle.id)
        ],
    }


def _shown(case: Case, item: BundleItem) -> dict[str, Any]:
    source = case.sources.get(item.id)
    nature = source and (source.excerpt or source.testimony).nature
    captions = source.captions if source else None
    return {
        "id": str(item.id),
        "show_as": item.show_as.value,
        "withdrawn": False,
        "caption": item.caption,
        "quote": read_there(case.db, source) if source else item.text,
        "nature": nature,
        "nature_label": NATURES.get(nature) if nature else None,
        "role_label": None,
        "territory_label": None,
        "media": {
            "duration_ms": _played(source) if source else 0,
            "captions": {"cues": captions.cues} if captions else None,
        },
    }
