"""Whose voice is heard more than others': how often each is quoted, in bundles and in releases."""

from collections.abc import Sequence
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, Subquery, cast, desc, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.bundles.models import Bundle, BundleItem
from app.core.figures import SUPPRESSED, Figures, nearest
from app.core.models import now
from app.core.pages import matches
from app.core.settings import settings
from app.excerpts.models import Excerpt
from app.indicators.corpus import accepted, figures_for
from app.indicators.schemas import CorpusFilters, LoopFilters
from app.releases.models import Release, ReleaseItem
from app.testimonies.models import Testimony, TestimonyWitness

NEVER = "never"
BANDS = {"1": (1, 1), "2-3": (2, 3), "4-9": (4, 9), "10+": (10, None)}
HEARD, QUOTED = "heard", "quoted"
MOST_TOLD = 100  # voices that are used too much
Histogram = Sequence[tuple[int, int]]  # how often, and how many are quoted so: the rarest first


def voices(db: Session, filters: LoopFilters, me: Caller) -> dict[str, Any]:
    """A `VoicesOut`. The unit is the witness, and `k` counts them."""
    me.require(Permission.READ_BUNDLES)
    heard = db.scalar(_heard(filters, me)) or 0
    of = {"bundles": _in_bundles(filters, me), "releases": _in_releases(filters, me)}
    drawn = {name: _histogram(db, spoken) for name, spoken in of.items()}
    figures = figures_for(me)
    figures.counts[HEARD] = heard
    for name, histogram in drawn.items():
        _count(figures, name, histogram, heard)
    return {
        "counted_at": now(),
        "k": figures.k,
        "witnesses": figures.count(HEARD),
        "summaries": [_summary(figures, name, histogram) for name, histogram in drawn.items()],
        "bands": [
            {
                "of": name,
                "band": band,
                "count": figures.count((name, band)),
                "share": figures.share((name, band), of=HEARD),
            }
            for name in drawn
            for band in (NEVER, *BANDS)
        ],
        "overused": overused(db, filters, me),
    }


def overused(db: Session, filters: LoopFilters, me: Caller) -> list[dict[str, Any]]:
    """Who speaks in more than `voice_share_max` of the passages of a bundle, as its coverage says.

    Who composes bundles is told who it is, to look for others; nobody else is.
    """
    me.require(Permission.READ_BUNDLES)
    items = _items(filters, me).subquery()
    totals = (
        select(items.c.bundle_id, func.count().label("total")).group_by(items.c.bundle_id)
    ).subquery()
    each = (
        select(items.c.bundle_id, TestimonyWitness.witness_id, func.count().label("passages"))
        .join(TestimonyWitness, TestimonyWitness.testimony_id == items.c.testimony_id)
        .group_by(items.c.bundle_id, TestimonyWitness.witness_id)
    ).subquery()
    share = each.c.passages * 1.0 / totals.c.total
    largest = func.max(share)
    rows = (
        select(each.c.witness_id, func.count(), func.sum(each.c.passages), largest)
        .join(totals, totals.c.bundle_id == each.c.bundle_id)
        .where(each.c.passages > 1, share > settings().voice_share_max)
        .group_by(each.c.witness_id)
        .order_by(desc(largest), each.c.witness_id)
        .limit(MOST_TOLD)
    )
    may_know = Permission.COMPOSE in me.permissions
    return [
        {
            "witness_id": witness_id if may_know else None,
            "bundles": bundles,
            "passages": int(passages),
            "largest_share": round(float(part), 4),
        }
        for witness_id, bundles, passages, part in db.execute(rows)
    ]


def gini(histogram: Histogram) -> float:
    """How unequally voices are quoted: 0 when each as often, towards 1 when one alone is.

    G = sum((2 i - n - 1) x_i) / (n sum(x_i)), x_1 <= … <= x_n (Damgaard & Weiner, 2000).
    """
    before = total = weighted = 0
    many = sum(voices for _, voices in histogram)
    for uses, equal in histogram:
        # Of ranks before + 1 … before + equal: the sum of 2 i - n - 1.
        weighted += uses * equal * (2 * before + equal - many)
        before += equal
        total += uses * equal
    return weighted / (many * total)


def top_share(histogram: Histogram) -> float:
    """The share, of all quotations, of the tenth of the voices that are quoted most."""
    left = tenth(histogram)
    total = sum(uses * equal for uses, equal in histogram)
    found = 0
    for uses, equal in reversed(histogram):
        taken = min(left, equal)
        found, left = found + uses * taken, left - taken
    return found / total


def tenth(histogram: Histogram) -> int:
    """How many voices a tenth of them is: one at least."""
    return ceil(sum(voices for _, voices in histogram) / 10)


def _of_corpus(filters: LoopFilters, me: Caller) -> Select[Testimony]:
    return accepted(CorpusFilters(scheme_id=filters.scheme_id), me)


def _heard(filters: LoopFilters, me: Caller) -> Select[int]:
    rows = _of_corpus(filters, me).join(
        TestimonyWitness, TestimonyWitness.testimony_id == Testimony.id
    )
    return rows.with_only_columns(func.count(TestimonyWitness.witness_id.distinct()))


def _items(filters: LoopFilters, me: Caller) -> Select[UUID, UUID]:
    """The items of bundles that show what counts, and the testimony of each."""
    said_in = func.coalesce(BundleItem.testimony_id, Excerpt.testimony_id)
    testimonies = _of_corpus(filters, me).with_only_columns(Testimony.id)
    return (
        select(BundleItem.bundle_id, said_in.label("testimony_id"))
        .join(Bundle, Bundle.id == BundleItem.bundle_id)
        .outerjoin(Excerpt, Excerpt.id == BundleItem.excerpt_id)
        .where(said_in.in_(testimonies), *matches(Bundle, filters, "audience", "form"))
    )


def _in_bundles(filters: LoopFilters, me: Caller) -> Select[UUID, int]:
    """How many items of bundles quote each witness.

    Items are counted first: a database that joins them one by one may look at each for everybody.
    """
    items = _items(filters, me).subquery()
    of_testimony = (
        select(items.c.testimony_id, func.count().label("uses")).group_by(items.c.testimony_id)
    ).subquery()
    uses = cast(func.sum(of_testimony.c.uses), Integer)  # or PostgreSQL gives a decimal
    return (
        select(TestimonyWitness.witness_id, uses.label("uses"))
        .join(of_testimony, of_testimony.c.testimony_id == TestimonyWitness.testimony_id)
        .group_by(TestimonyWitness.witness_id)
    )


def _in_releases(filters: LoopFilters, me: Caller) -> Select[UUID, int]:
    """The same of releases that were not recalled: an item of several of them counts once."""
    return (
        select(
            TestimonyWitness.witness_id, func.count(ReleaseItem.item_id.distinct()).label("uses")
        )
        .join(ReleaseItem, ReleaseItem.testimony_id == TestimonyWitness.testimony_id)
        .join(Release, Release.id == ReleaseItem.release_id)
        .where(
            Release.recalled_at.is_(None),
            ReleaseItem.testimony_id.in_(_of_corpus(filters, me).with_only_columns(Testimony.id)),
            *matches(Release, filters, "audience", "form"),
        )
        .group_by(TestimonyWitness.witness_id)
    )


def _histogram(db: Session, spoken: Select[UUID, int]) -> Histogram:
    each: Subquery = spoken.subquery()
    rows = select(each.c.uses, func.count()).group_by(each.c.uses).order_by(each.c.uses)
    return [(uses, many) for uses, many in db.execute(rows)]


def _count(figures: Figures, name: str, histogram: Histogram, heard: int) -> None:
    quoted = sum(many for _, many in histogram)
    figures.counts[name, QUOTED], figures.counts[name, NEVER] = quoted, heard - quoted
    for band, (least, most) in BANDS.items():
        figures.counts[name, band] = sum(
            many for uses, many in histogram if least <= uses and (most is None or uses <= most)
        )
    figures.add_up(HEARD, [(name, QUOTED), (name, NEVER)])
    figures.add_up((name, QUOTED), [(name, band) for band in BANDS])


def _summary(figures: Figures, name: str, histogram: Histogram) -> dict[str, Any]:
    quoted = figures.count((name, QUOTED))
    found: dict[str, Any] = {"passages": 0, "gini": None, "top_share": None}
    if histogram:
        found["passages"] = sum(uses * many for uses, many in histogram)
        found["gini"] = _rounded(gini(histogram), figures.k)
        few = tenth(histogram) < figures.k
        found["top_share"] = SUPPRESSED if few else _rounded(top_share(histogram), figures.k)
    if quoted == SUPPRESSED:
        found = dict.fromkeys(found, SUPPRESSED)
    return {"of": name, "heard": figures.count(HEARD), "quoted": quoted} | found


def _rounded(share: float, k: int) -> float:
    return nearest(share) if k else round(share, 4)
