"""The HTTP routes of releases, deliveries, and of what recipients read without an account."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from app.accounts.authentication import Forbidden
from app.accounts.passwords import hash_password
from app.bundles.service import find as find_bundle
from app.calls.call import Call
from app.core.bodies import Route
from app.core.db import Database
from app.core.models import now
from app.core.pages import Page, PageParams
from app.core.problems import (
    NotFound,
    RangeNotSatisfiable,
    RateLimited,
    ServiceUnavailable,
    WrongState,
    documented,
)
from app.core.schemas import to_json
from app.gate.answers import send, send_text
from app.media.models import Rendition
from app.releases import deliveries, public, service
from app.releases.addresses import is_good
from app.releases.deliveries import LinkClosed, PasscodeNeeded
from app.releases.models import Delivery, Release
from app.releases.public import NotForThePublic, SlugTaken
from app.releases.schemas import (
    AcknowledgementOut,
    DeliveryIn,
    DeliveryOut,
    NewDeliveryOut,
    PublicAddressIn,
    PublicAddressOut,
    RecallOut,
    ReleaseBrief,
    ReleaseOut,
    SharedOut,
)
from app.releases.service import NotPublishable, ReleaseRecalled
from app.storage.service import StorageUnavailable
from app.transcripts.formats import Format

router = APIRouter(route_class=Route, responses=documented(NotFound, Forbidden))
SHARED = "/api/v1/shared"


@router.get("/bundles/{bundle_id}/releases", response_model=Page[ReleaseBrief], tags=["releases"])
def index(bundle_id: UUID, params: Annotated[PageParams, Query()], call: Call) -> Response:
    """What was published of a bundle, the latest first."""
    with call as (db, me):
        rows = service.of_bundle(find_bundle(db, bundle_id, by=me))
        return call.page(ReleaseBrief, rows, params, service.LATEST_FIRST)


@router.post(
    "/bundles/{bundle_id}/releases",
    response_model=ReleaseOut,
    status_code=201,
    tags=["releases"],
    responses={
        200: {"model": ReleaseOut, "description": "Nothing changed since: the last release."},
        **documented(NotPublishable, WrongState),
    },
)
def publish(bundle_id: UUID, call: Call) -> Response:
    """Publish a bundle that is ready: its snapshot is taken, once every consent is there."""
    with call as (db, me):
        bundle = call.unchanged(find_bundle(db, bundle_id, by=me))
        release, is_new = service.publish(db, bundle, by=me)
        known = _known(db, release)
        if is_new:
            return call.created(ReleaseOut, release, known, at=f"/api/v1/releases/{release.id}")
        return call.ok(ReleaseOut, release, known)


@router.get(
    "/releases/{release_id}",
    response_model=ReleaseOut,
    tags=["releases"],
    responses=documented(ReleaseRecalled),
)
def show(release_id: UUID, call: Call) -> Response:
    """One release: its snapshot, minus what may not be shown any more, and what that is."""
    with call as (db, me):
        release = service.find(db, release_id, by=me)
        return call.ok(ReleaseOut, release, _known(db, release))


@router.put(
    "/releases/{release_id}/public-address",
    response_model=PublicAddressOut,
    tags=["releases"],
    responses=documented(NotForThePublic, SlugTaken, WrongState, ReleaseRecalled),
)
def give_public_address(release_id: UUID, payload: PublicAddressIn, call: Call) -> Response:
    """Have everybody read it at `/p/{slug}`, and then each newer release of its bundle.

    Only what is meant for the general public. A slug stays its bundle's; an earlier one of the same
    bundle leads to the one given last.
    """
    with call as (db, me):
        release = service.find(db, release_id, by=me)
        address = public.give(db, release, payload.slug, by=me)
        return call.ok(PublicAddressOut, address, public.told(address))


@router.delete("/releases/{release_id}/public-address", status_code=204, tags=["releases"])
def withdraw_public_address(release_id: UUID, call: Call) -> Response:
    """Nobody reads it there any more: the page says so."""
    with call as (db, me):
        public.withdraw(db, service.find(db, release_id, by=me), by=me)
        return call.nothing()


@router.get(
    "/releases/{release_id}/items/{item_id}/{name}",
    response_class=Response,
    tags=["releases"],
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
        206: {"description": "The range asked for."},
        304: {"description": "You have it already."},
        **documented(RangeNotSatisfiable, LinkClosed, ReleaseRecalled),
        **documented(ServiceUnavailable, StorageUnavailable),
    },
)
async def show_item(
    request: Request,
    release_id: UUID,
    item_id: UUID,
    name: str,
    expires: Annotated[str, Query(max_length=20)],
    signature: Annotated[str, Query(max_length=200)],
    delivery: UUID | None = None,
) -> Response:
    """A recording of an item, or a range of it, at the signed address that the content gives."""
    if not is_good(release_id, item_id, name, delivery, expires, signature):
        raise NotFound

    def find() -> Rendition | str:
        with request.app.state.database.read() as db:
            if delivery:
                deliveries.find_by_id(db, delivery, release_id)
            if name == service.CAPTIONS:
                return service.captions_of_item(db, release_id, item_id, now())
            return service.file_of_item(db, release_id, item_id, name, now())

    file = await run_in_threadpool(find)
    if isinstance(file, str):
        return send_text(request, name, file, Format.VTT)
    ranges = request.headers.get("Range"), request.headers.get("If-Range")
    return await run_in_threadpool(send, request, file, *ranges)


def _known(db: Session, release: Release) -> dict[str, Any]:
    address = db.scalar(public.current_of(release.bundle_id))
    return service.shown(db, release) | {"public_address": public.told(address)}


# Deliveries


@router.get(
    "/releases/{release_id}/deliveries", response_model=Page[DeliveryOut], tags=["deliveries"]
)
def list_deliveries(
    release_id: UUID, params: Annotated[PageParams, Query()], call: Call
) -> Response:
    """To whom a release was given, the latest first, and what became of it."""
    with call as (db, me):
        rows = deliveries.of_release(service.find(db, release_id, by=me))
        return call.page(DeliveryOut, rows, params, deliveries.LATEST_FIRST, deliveries.tell)


@router.post(
    "/releases/{release_id}/deliveries",
    response_model=NewDeliveryOut,
    status_code=201,
    tags=["deliveries"],
)
def deliver(release_id: UUID, payload: DeliveryIn, call: Call) -> Response:
    """Give a release to a recipient. `url` is theirs, and shown this once."""
    call.authenticate()
    passcode_hash = hash_password(payload.passcode) if payload.passcode else None
    with call as (db, me):
        release = service.find(db, release_id, by=me)
        url, delivery = deliveries.deliver(db, release, payload, passcode_hash, by=me)
        known = {"url": url, "has_passcode": passcode_hash is not None}
        return call.created(NewDeliveryOut, delivery, known, at=f"/api/v1/deliveries/{delivery.id}")


@router.delete("/deliveries/{delivery_id}", status_code=204, tags=["deliveries"])
def revoke(delivery_id: UUID, call: Call) -> Response:
    """Close a link, at once."""
    with call as (db, me):
        deliveries.revoke(db, delivery_id, by=me)
        return call.nothing()


# What recipients read: the link is their only key

Passcode = Annotated[
    str | None, Header(alias="X-Passcode", max_length=200), AfterValidator(deliveries.from_header)
]
OF_LINKS = documented(LinkClosed, PasscodeNeeded, RateLimited, ReleaseRecalled)


@router.get("/shared/{token}", response_model=SharedOut, tags=["shared"], responses=OF_LINKS)
def read_shared(token: str, request: Request, passcode: Passcode = None) -> Response:
    """What was given to the holder of this link. Its first opening is kept."""
    database: Database = request.app.state.database
    delivery_id = deliveries.enter(database, token, passcode)
    with database.read() as db:
        delivery = db.get_one(Delivery, delivery_id)
        shown = deliveries.read(db, delivery, f"{SHARED}/{token}")
    return _private(to_json(SharedOut, shown))


@router.put(
    "/shared/{token}/acknowledgement",
    response_model=AcknowledgementOut,
    tags=["shared"],
    responses=OF_LINKS,
)
def acknowledge(token: str, request: Request, passcode: Passcode = None) -> Response:
    """Take note: the team, and then the witnesses, learn that it was read."""
    database: Database = request.app.state.database
    deliveries.enter(database, token, passcode)
    with database.write.begin() as db:
        delivery = deliveries.acknowledge(db, deliveries.find(db, token))
        shown = {"acknowledged_at": delivery.acknowledged_at}
    return _private(to_json(AcknowledgementOut, shown))


@router.put(
    "/shared/{token}/recall-acknowledgement",
    response_model=RecallOut,
    tags=["shared"],
    responses=OF_LINKS | documented(WrongState),
)
def acknowledge_recall(token: str, request: Request, passcode: Passcode = None) -> Response:
    """Take note of a recall: this link then opens the release that takes its place, if any does."""
    database: Database = request.app.state.database
    deliveries.enter(database, token, passcode)
    with database.write.begin() as db:
        delivery = deliveries.acknowledge_recall(db, deliveries.find(db, token))
        shown = {name: getattr(delivery, name) for name in RecallOut.model_fields}
    return _private(to_json(RecallOut, shown))


def _private(body: bytes) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(body, 200, headers, "application/json")
