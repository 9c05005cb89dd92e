"""The HTTP routes of pages: a link is exchanged for a pass, which lets its reader into a release.

Opening the link shows an invitation, and counts for nothing: previews of messages and scanners of
mail open it too. Its button does: POST, then the release.
"""

from typing import Annotated, Any
from unicodedata import normalize
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Form, Header, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AfterValidator

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.db import Database
from app.core.models import now
from app.core.problems import NotFound, RateLimited, documented
from app.core.settings import settings
from app.pages import passes
from app.pages.answers import FOR_EVER, HEADERS, PageRoute, page
from app.pages.assets import BY_NAME
from app.pages.render import invitation_page, recall_page, release_page
from app.releases import deliveries
from app.releases import service as releases
from app.releases.deliveries import LinkClosed, PasscodeNeeded
from app.releases.models import Delivery
from app.releases.service import ReleaseRecalled

router = APIRouter(route_class=PageRoute, include_in_schema=False)
# The files of releases are part of the API: problems there are problem documents.
files = APIRouter(route_class=Route, responses=documented(NotFound, Forbidden))
HTML: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page.", "content": {"text/html": {}}}
}

WRONG = "Ce code n’est pas le bon. Vérifiez-le, puis tapez-le de nouveau."
MISSING = "Tapez le code qui vous a été donné."
SAME_ORIGIN = ("same-origin", "none")  # `none`: the reader's own deed, a reload for instance


def _typed(passcode: str) -> str:
    """The passcode as it is kept: phones type some accents apart, and add a blank."""
    return normalize("NFC", passcode).strip()


Passcode = Annotated[str, Form(max_length=200), AfterValidator(_typed)]


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
def invite(token: str, request: Request) -> Response:
    """The invitation to open what was given to the holder of this link."""
    with _database(request).read() as db:
        delivery = deliveries.find(db, token)
    return page(_invitation(token, delivery))


@router.post("/r/{token}")
def enter(token: str, request: Request, passcode: Passcode = "") -> Response:
    """Open the release: the link, and its passcode if it has one, become a pass."""
    _require_same_origin(request)
    database = _database(request)
    try:
        delivery_id = deliveries.enter(database, token, passcode or None)
    except PasscodeNeeded:
        with database.read() as db:
            delivery = deliveries.find(db, token)
        return page(_invitation(token, delivery, WRONG if passcode else MISSING), 403)
    with database.read() as db:
        release_id = deliveries.find(db, token).release_id
    return _admitted(release_id, delivery_id)


def _admitted(release_id: UUID, delivery_id: UUID) -> Response:
    """On to the release, with a pass for it."""
    here = _address(release_id)
    response = RedirectResponse(here, 303, HEADERS)
    response.set_cookie(
        passes.NAME,
        passes.issue(release_id, delivery_id),
        max_age=int(settings().session_ttl),
        path=here,
        secure=settings().base_url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )
    return response


@router.get("/dossiers/{release_id}")
def read(release_id: UUID, request: Request) -> Response:
    """The release, as it may be read now, for the bearer of a pass."""
    delivery_id = _bearer(request, release_id)
    here = _address(release_id)
    with _database(request).read() as db:
        delivery = deliveries.find_by_id(db, delivery_id, release_id)
        try:
            content = deliveries.read(db, delivery, here)
        except ReleaseRecalled as recalled:
            return page(recall_page(here, recalled.facts), recalled.status)
    return page(release_page(content, here))


@router.post("/dossiers/{release_id}/rappel")
def acknowledge_recall(release_id: UUID, request: Request) -> Response:
    """Take note of a recall, and read the newer release."""
    _require_same_origin(request)
    delivery_id = _bearer(request, release_id)
    with _database(request).write.begin() as db:
        delivery = deliveries.find_by_id(db, delivery_id, release_id)
        newer_id = deliveries.acknowledge_recall(db, delivery).release_id
    return _admitted(newer_id, delivery_id)


@router.post("/dossiers/{release_id}/accuse-de-reception")
def acknowledge(release_id: UUID, request: Request) -> Response:
    """Take note: the team, and then the witnesses, learn that it was read."""
    _require_same_origin(request)
    delivery_id = _bearer(request, release_id)
    with _database(request).write.begin() as db:
        deliveries.acknowledge(db, deliveries.find_by_id(db, delivery_id, release_id))
    return RedirectResponse(f"{_address(release_id)}#merci", 303, HEADERS)


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """A file of ours, by its name and hash."""
    if name not in BY_NAME:
        raise NotFound
    found = BY_NAME[name]
    return Response(found.content, headers=FOR_EVER, media_type=found.content_type)


@files.get(
    "/releases/{release_id}/files/{name}",
    response_class=HTMLResponse,
    responses=HTML | documented(ReleaseRecalled),
    tags=["releases"],
)
def show_file(release_id: UUID, name: str, call: Call) -> Response:
    """A file of a release, as it may be read now: `page.html`."""
    with call as (db, me):
        release = releases.find(db, release_id, by=me)
        _require_page(name)
        content, _ = releases.read(db, release, now())
        newer = releases.superseded_by(db, release)
        nobody: dict[str, Any] = {
            "acknowledged_at": None,
            "superseded_by": newer and newer.number,
            "files": [],
        }
        return page(release_page(content | nobody))


@files.get(
    "/shared/{token}/files/{name}",
    response_class=HTMLResponse,
    responses=HTML | documented(LinkClosed, PasscodeNeeded, RateLimited, ReleaseRecalled),
    tags=["shared"],
)
def read_shared_file(
    token: str,
    name: str,
    request: Request,
    passcode: Annotated[str | None, Header(alias="X-Passcode", max_length=200)] = None,
) -> Response:
    """A file of what was given to the holder of this link: `page.html`."""
    delivery_id = deliveries.enter(_database(request), token, passcode)
    _require_page(name)
    with _database(request).read() as db:
        content = deliveries.read(db, db.get_one(Delivery, delivery_id), "")
        return page(release_page(content))


def _require_page(name: str) -> None:
    if name != releases.PAGE:
        raise NotFound


def _address(release_id: UUID) -> str:
    return f"/dossiers/{release_id}"


def _database(request: Request) -> Database:
    return request.app.state.database  # type: ignore[no-any-return]


def _invitation(token: str, delivery: Delivery, mistake: str | None = None) -> str:
    asks = delivery.passcode_hash is not None
    return invitation_page(f"/r/{token}", delivery.expires_at, asks=asks, mistake=mistake)


def _bearer(request: Request, release_id: UUID) -> UUID:
    """The delivery whose pass this is. Raises Forbidden, whether or not there is such a release."""
    delivery_id = passes.bearer(release_id, request.cookies.get(passes.NAME, ""))
    if not delivery_id:
        raise Forbidden
    return delivery_id


def _require_same_origin(request: Request) -> None:
    """Raise Forbidden when the form was on another site.

    Browsers say so (Sec-Fetch-Site, since 2020 to 2023). Of an older one Origin is compared; ours
    is `null` there, because of `no-referrer`: the pass is SameSite=Strict, and protects by itself.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    ours = {request.headers.get("Host"), urlsplit(settings().base_url).netloc}
    is_ours = origin == "null" or urlsplit(origin).netloc in ours
    if not (site in SAME_ORIGIN if site else is_ours):
        raise Forbidden
