"""What a bundle leaves out of the corpus, and whose voice it uses more than others'."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bundles.balance import UNKNOWN, Counts, usable
from app.bundles.models import Bundle, BundleItem
from app.core.figures import largest_first
from app.core.settings import settings
from app.excerpts.models import Excerpt, ExcerptTheme
from app.places.service import coarse
from app.testimonies.models import TestimonyTheme, TestimonyWitness


def coverage(db: Session, bundle: Bundle, chosen: Counts, corpus: Counts) -> dict[str, Any]:
    """A `CoverageOut`: what is absent, how many people speak, who dominates."""
    voices, most = voices_of(db, bundle), settings()
    workshops = {id_: n for id_, n in chosen.table("workshop").items() if id_ != UNKNOWN}
    return {
        "missing": _missing(db, bundle, chosen, corpus),
        "voices": len(voices),
        "dominant": [
            {
                "kind": kind,
                "id": id_,
                "passages": passages,
                "share": round(passages / chosen.count, 4),
            }
            for kind, counts, limit in (
                ("witness", voices, most.voice_share_max),
                ("workshop", workshops, most.workshop_share_max),
            )
            for id_, passages in dominant(counts, chosen.count, limit)
        ],
    }


def absent(chosen: Mapping[str, int], corpus: Mapping[str, int]) -> list[str]:
    """What the corpus has and the bundle has not, the most frequent first."""
    return [code for code, _ in largest_first(corpus) if code not in chosen and code != UNKNOWN]


def dominant(counts: Mapping[Any, int], total: int, most: float) -> Iterator[tuple[Any, int]]:
    """Who is in more than this share of the passages: of one passage, nobody is."""
    for id_, passages in counts.items():
        if passages > 1 and passages / total > most:
            yield id_, passages


def voices_of(db: Session, bundle: Bundle) -> Counter[UUID]:
    """In how many passages of a bundle each witness speaks."""
    said_in = func.coalesce(BundleItem.testimony_id, Excerpt.testimony_id)
    rows = (
        select(TestimonyWitness.witness_id, func.count(BundleItem.id.distinct()))
        .select_from(BundleItem)
        .outerjoin(Excerpt, Excerpt.id == BundleItem.excerpt_id)
        .join(TestimonyWitness, TestimonyWitness.testimony_id == said_in)
        .where(BundleItem.bundle_id == bundle.id)
        .group_by(TestimonyWitness.witness_id)
    )
    return Counter(dict(db.execute(rows).all()))


def _missing(db: Session, bundle: Bundle, chosen: Counts, corpus: Counts) -> dict[str, list[str]]:
    found = {name: absent(chosen.table(name), corpus.table(name)) for name in ("role", "method")}
    there, everywhere = (_coarse(db, counts.table("territory")) for counts in (chosen, corpus))
    themes = absent(_themes_of(db, bundle), _themes_of_corpus(db, bundle.scheme_id))
    return found | {"territory": absent(there, everywhere), "theme": themes}


def _coarse(db: Session, counts: Mapping[str, int]) -> Counter[str]:
    """Counts by territory, as counts by the department or region that each lies in."""
    found: Counter[str] = Counter()
    for id_, many in counts.items():
        territory = None if id_ == UNKNOWN else coarse(db, UUID(id_))
        found[str(territory.id) if territory else UNKNOWN] += many
    return found


def _themes_of(db: Session, bundle: Bundle) -> dict[str, int]:
    """The themes of the passages of a bundle, and how many items show each."""
    of_it = BundleItem.bundle_id == bundle.id
    of_excerpts = select(ExcerptTheme.theme_id).join(
        BundleItem, BundleItem.excerpt_id == ExcerptTheme.excerpt_id
    )
    of_wholes = select(TestimonyTheme.theme_id).join(
        BundleItem, BundleItem.testimony_id == TestimonyTheme.testimony_id
    )
    ids = (id_ for rows in (of_excerpts, of_wholes) for id_ in db.scalars(rows.where(of_it)))
    return Counter(map(str, ids))


def _themes_of_corpus(db: Session, scheme_id: UUID) -> dict[str, int]:
    rows = (
        usable(scheme_id)
        .join(ExcerptTheme, ExcerptTheme.excerpt_id == Excerpt.id)
        .with_only_columns(ExcerptTheme.theme_id, func.count())
        .group_by(ExcerptTheme.theme_id)
    )
    return {str(id_): many for id_, many in db.execute(rows)}
