"""The HTTP routes of bundles. To offer, to make ready, to close: things one puts and deletes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.accounts.authentication import Forbidden
from app.bundles import balance, service
from app.bundles.checks import check
from app.bundles.coverage import coverage
from app.bundles.schemas import (
    BundleBalanceOut,
    BundleBrief,
    BundleFilters,
    BundleIn,
    BundleOut,
    ChecksOut,
)
from app.bundles.versions import reading
from app.calls.call import Call
from app.core.bodies import Route
from app.core.models import now
from app.core.pages import Page
from app.core.problems import Conflict, NotFound, PreconditionFailed, WrongState, documented
from app.history import service as history
from app.history.schemas import (
    HistoryParams,
    RestorationIn,
    VersionNumber,
    VersionOut,
    VersionWhole,
)

router = APIRouter(
    route_class=Route,
    prefix="/bundles",
    tags=["bundles"],
    responses=documented(NotFound, Forbidden, PreconditionFailed, WrongState, Conflict),
)


@router.get("", response_model=Page[BundleBrief])
def index(filters: Annotated[BundleFilters, Query()], call: Call) -> Response:
    """The bundles, the latest first. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(BundleBrief, rows, filters, service.LATEST_FIRST, service.complete)


@router.post("", response_model=BundleOut, status_code=201)
def compose(payload: BundleIn, call: Call) -> Response:
    """Compose a bundle."""
    with call as (db, me):
        bundle = service.compose(db, payload, by=me)
        return call.created(BundleOut, bundle, service.shown(db, bundle))


@router.get("/{bundle_id}", response_model=BundleOut)
def show(bundle_id: UUID, call: Call) -> Response:
    """One bundle, with its sections and items."""
    with call as (db, me):
        bundle = service.find(db, bundle_id, by=me)
        return call.ok(BundleOut, bundle, service.shown(db, bundle))


@router.put("/{bundle_id}", response_model=BundleOut)
def change(bundle_id: UUID, payload: BundleIn, call: Call) -> Response:
    """Compose a bundle again, in full. Items that carry their `id` keep it."""
    with call as (db, me):
        bundle = call.unchanged(service.find(db, bundle_id, by=me))
        service.change(db, bundle, payload, by=me)
        return call.ok(BundleOut, bundle, service.shown(db, bundle))


@router.delete("/{bundle_id}", status_code=204)
def discard(bundle_id: UUID, call: Call) -> Response:
    """Delete a bundle of which nothing was published."""
    with call as (db, me):
        service.discard(db, call.unchanged(service.find(db, bundle_id, by=me)), by=me)
        return call.nothing()


@router.put("/{bundle_id}/martyr", status_code=204)
def offer_as_martyr(bundle_id: UUID, call: Call) -> Response:
    """Offer a draft to be taken apart: the team may annotate it, until it is ready."""
    with call as (db, me):
        service.offer_as_martyr(db, call.unchanged(service.find(db, bundle_id, by=me)), by=me)
        return call.nothing()


@router.delete("/{bundle_id}/martyr", status_code=204)
def end_martyr(bundle_id: UUID, call: Call) -> Response:
    """Make it a draft again: its annotations are kept, and frozen."""
    with call as (db, me):
        service.end_martyr(db, call.unchanged(service.find(db, bundle_id, by=me)), by=me)
        return call.nothing()


@router.put("/{bundle_id}/readiness", status_code=204)
def declare_ready(bundle_id: UUID, call: Call) -> Response:
    """Say that a bundle may be published."""
    with call as (db, me):
        service.declare_ready(db, call.unchanged(service.find(db, bundle_id, by=me)), by=me)
        return call.nothing()


@router.delete("/{bundle_id}/readiness", status_code=204)
def undo_ready(bundle_id: UUID, call: Call) -> Response:
    """Make a bundle a draft again."""
    with call as (db, me):
        service.undo_ready(db, call.unchanged(service.find(db, bundle_id, by=me)), by=me)
        return call.nothing()


@router.put("/{bundle_id}/closure", status_code=204)
def close(bundle_id: UUID, call: Call) -> Response:
    """Close a bundle: nothing more will come of it."""
    with call as (db, me):
        service.close(db, call.unchanged(service.find(db, bundle_id, by=me)), by=me)
        return call.nothing()


@router.delete("/{bundle_id}/closure", status_code=204)
def reopen(bundle_id: UUID, call: Call) -> Response:
    """Reopen a closed bundle."""
    with call as (db, me):
        service.reopen(db, call.unchanged(service.find(db, bundle_id, by=me)), by=me)
        return call.nothing()


@router.get("/{bundle_id}/balance", response_model=BundleBalanceOut)
def show_balance(bundle_id: UUID, call: Call) -> Response:
    """The make-up of a bundle, beside the corpus: practices and feelings, who speaks, where.

    And what of the corpus is absent, and whose voice is used more than others'.
    """
    with call as (db, me):
        bundle = service.find(db, bundle_id, by=me)
        chosen, corpus = balance.of_bundle(db, bundle), balance.of_corpus(db, bundle.scheme_id)
        told = {"bundle": chosen.told(), "corpus": corpus.told()}
        told |= {"coverage": coverage(db, bundle, chosen, corpus)}
        return call.shown(BundleBalanceOut, told)


@router.get("/{bundle_id}/checks", response_model=ChecksOut)
def show_checks(bundle_id: UUID, call: Call) -> Response:
    """What forbids publishing a bundle, and what calls for a second look."""
    with call as (db, me):
        return call.shown(ChecksOut, check(db, service.find(db, bundle_id, by=me), now()))


@router.get("/{bundle_id}/history", response_model=Page[VersionOut])
def show_history(
    bundle_id: UUID, params: Annotated[HistoryParams, Query()], call: Call
) -> Response:
    """Who changed a bundle, when, and what; sections are compared as texts. Sort: `-version`."""
    with call as (db, me):
        bundle = service.find(db, bundle_id, by=me)
        versions = reading(bundle, service.shown(db, bundle))
        return call.paged(VersionOut, history.page(db, versions, params))


@router.get("/{bundle_id}/history/{version}", response_model=VersionWhole)
def show_version(
    bundle_id: UUID, version: Annotated[VersionNumber, Path()], call: Call
) -> Response:
    """The whole of a version of a bundle."""
    with call as (db, me):
        bundle = service.find(db, bundle_id, by=me)
        versions = reading(bundle, service.shown(db, bundle))
        return call.shown(VersionWhole, history.whole(db, versions, version))


@router.put("/{bundle_id}/restoration", response_model=BundleOut)
def restore(bundle_id: UUID, payload: RestorationIn, call: Call) -> Response:
    """Have a version of a bundle hold again: a draft anew, like after any change."""
    with call as (db, me):
        bundle = call.unchanged(service.find(db, bundle_id, by=me))
        service.restore(db, bundle, payload.version, by=me)
        return call.ok(BundleOut, bundle, service.shown(db, bundle))
