"""The HTTP routes of pages: a link is exchanged for a pass, which lets its reader into a release.

Opening the link shows an invitation, and counts for nothing: previews of messages and scanners of
mail open it too. Its button does: POST, then the release.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal
from unicodedata import normalize
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Header, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from pydantic import AfterValidator

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.models import now
from app.core.problems import (
    Invalid,
    NotFound,
    RangeNotSatisfiable,
    RateLimited,
    WrongState,
    documented,
)
from app.core.settings import MIB, settings
from app.gate.answers import send
from app.pages import passes
from app.pages.answers import (
    FOR_EVER,
    HEADERS,
    PageRoute,
    PublicRoute,
    database_of,
    moved,
    page,
    public_page,
    require_same_origin,
)
from app.pages.assets import BY_NAME
from app.pages.kept import Kept
from app.pages.messages import GOODBYE, IDLE, mistake_in_code, too_many_codes
from app.pages.reactions import Answer, Mistaken, mistake_of
from app.pages.receipts import (
    HERE,
    OWN,
    PRIVATE,
    ReceiptRoute,
    Step,
    forgotten,
    form_token,
    go,
    holder_of,
    leave,
    let_in,
    own_page,
    require_own_form,
    step_of_all,
    step_of_choice,
    step_of_use,
)
from app.pages.render import (
    Visit,
    answered_page,
    confirmation_page,
    done_page,
    door_page,
    invitation_page,
    public_list_page,
    recall_page,
    receipt_message_page,
    receipt_page,
    release_page,
)
from app.reactions import service as reactions
from app.reactions.service import TooManyReactions
from app.receipts import archive, service, sessions
from app.receipts.sessions import Holder, InvalidReceiptCode
from app.releases import deliveries, public
from app.releases import service as releases
from app.releases.deliveries import LinkClosed, PasscodeNeeded
from app.releases.files import FileNotReady
from app.releases.models import Delivery, Release
from app.releases.schemas import Slug
from app.releases.service import ReleaseRecalled
from app.withdrawals.service import withdraw as take_back

router = APIRouter(route_class=PageRoute, include_in_schema=False)
everybody = APIRouter(route_class=PublicRoute, include_in_schema=False)
receipts = APIRouter(route_class=ReceiptRoute, include_in_schema=False)
# The files of releases are part of the API: problems there are problem documents.
files = APIRouter(route_class=Route, responses=documented(NotFound, Forbidden))
HTML: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The page, or the file.",
        "content": {"text/html": {}, "application/octet-stream": {}},
    },
    206: {"description": "The range asked for."},
    304: {"description": "You have it already."},
    **documented(RangeNotSatisfiable),
}

SHARED = "/api/v1/shared"  # below it, by its token, is what was given to the holder of a link
WRONG = "Ce code n’est pas le bon. Vérifiez-le, puis tapez-le de nouveau."
MISSING = "Tapez le code qui vous a été donné."


def _typed(passcode: str) -> str:
    """The passcode as it is kept: phones type some accents apart, and add a blank."""
    return normalize("NFC", passcode).strip()


Passcode = Annotated[str, Form(max_length=200), AfterValidator(_typed)]
ReceiptCode = Annotated[str, Form(max_length=200)]
Token = Annotated[str, Form(max_length=200)]
Field = Annotated[str, Form(max_length=40)]
Text = Annotated[str, Form(max_length=20_000)]
Opinion = Annotated[Literal["oui", "non"], Form()]


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
def invite(token: str, request: Request) -> Response:
    """The invitation to open what was given to the holder of this link."""
    with database_of(request).read() as db:
        delivery = deliveries.find(db, token)
    return page(_invitation(delivery))


@router.post("/r/{token}")
def enter(token: str, request: Request, passcode: Passcode = "") -> Response:
    """Open the release: the link, and its passcode if it has one, become a pass."""
    require_same_origin(request)
    database = database_of(request)
    try:
        delivery_id = deliveries.enter(database, token, passcode or None)
    except PasscodeNeeded:
        with database.read() as db:
            delivery = deliveries.find(db, token)
        return page(_invitation(delivery, WRONG if passcode else MISSING), 403)
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
    with database_of(request).read() as db:
        delivery = deliveries.find_by_id(db, delivery_id, release_id)
        try:
            content = deliveries.read(db, delivery, here)
        except ReleaseRecalled as recalled:
            return page(recall_page(here, recalled.facts), recalled.status)
    return page(release_page(content, here))


@router.post("/dossiers/{release_id}/rappel")
def acknowledge_recall(release_id: UUID, request: Request) -> Response:
    """Take note of a recall, and read the release that takes its place, if any does."""
    require_same_origin(request)
    delivery_id = _bearer(request, release_id)
    with database_of(request).write.begin() as db:
        delivery = deliveries.find_by_id(db, delivery_id, release_id)
        newer_id = deliveries.acknowledge_recall(db, delivery).release_id
    return _admitted(newer_id, delivery_id)


@router.post("/dossiers/{release_id}/accuse-de-reception")
def acknowledge(release_id: UUID, request: Request) -> Response:
    """Take note: the team, and then the witnesses, learn that it was read."""
    require_same_origin(request)
    delivery_id = _bearer(request, release_id)
    with database_of(request).write.begin() as db:
        deliveries.acknowledge(db, deliveries.find_by_id(db, delivery_id, release_id))
    return RedirectResponse(f"{_address(release_id)}#merci", 303, HEADERS)


@router.get("/dossiers/{release_id}/files/{name}")
def read_file(release_id: UUID, name: str, request: Request) -> Response:
    """A file of the release, or a range of it, for the bearer of a pass."""
    delivery_id = _bearer(request, release_id)
    with database_of(request).read() as db:
        deliveries.find_by_id(db, delivery_id, release_id)
        composed = releases.composed_file(db, db.get_one(Release, release_id), name, now())
    return send(request, composed, *_range(request))


@router.post("/dossiers/{release_id}/reactions")
def react(
    release_id: UUID,
    request: Request,
    item_id: Field = "",
    commitment: Field = "",
    text: Text = "",
    understood: Field = "",
    surprised: Field = "",
    form_rating: Field = "",
) -> Response:
    """Answer the release, or one item of it; the same form sent twice is one answer."""
    require_same_origin(request)
    delivery_id, here = _bearer(request, release_id), _address(release_id)
    said = Answer(
        item_id, commitment or Answer.commitment, text, understood, surprised, form_rating
    )
    try:
        payload = said.payload()
        with database_of(request).write.begin() as db:
            delivery = deliveries.find_by_id(db, delivery_id, release_id)
            if not reactions.is_last(db, delivery, payload):
                reactions.react(db, delivery, payload)
    except Mistaken as mistaken:
        return _answered_again(request, release_id, delivery_id, said, str(mistaken))
    except (Invalid, TooManyReactions) as problem:
        return _answered_again(request, release_id, delivery_id, said, mistake_of(problem))
    return RedirectResponse(f"{here}/reactions", 303, HEADERS)


@router.get("/dossiers/{release_id}/reactions")
def thank(release_id: UUID, request: Request) -> Response:
    """After an answer."""
    _bearer(request, release_id)
    return page(answered_page(_address(release_id)))


def _answered_again(
    request: Request, release_id: UUID, delivery_id: UUID, said: Answer, mistake: str
) -> Response:
    """The release once more, with what was answered and what is wrong with it."""
    here = _address(release_id)
    with database_of(request).read() as db:
        delivery = deliveries.find_by_id(db, delivery_id, release_id)
        content = deliveries.read(db, delivery, here)
    return page(release_page(content, here, said, mistake), Invalid.status)


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """A file of ours, by its name and hash."""
    if name not in BY_NAME:
        raise NotFound
    found = BY_NAME[name]
    return Response(found.content, headers=FOR_EVER, media_type=found.content_type)


# What everybody may read

for_everybody = Kept(partial(release_page, is_public=True), most=4 * MIB)


@everybody.api_route("/p", methods=["GET", "HEAD"])
def go_to_list() -> Response:
    """On to the list."""
    return RedirectResponse("/p/", 308, HEADERS)


@everybody.api_route("/p/", methods=["GET", "HEAD"])
def list_public(request: Request, suite: str | None = None) -> Response:
    """What everybody may read, the latest first."""
    with database_of(request).read() as db:
        found, cursor = public.listed(db, suite)
    return public_page(request, public_list_page(found, cursor))


@everybody.api_route("/p/{slug}", methods=["GET", "HEAD"])
def read_public(slug: Slug, request: Request) -> Response:
    """The newest release of a bundle, as everybody may read it now."""
    with database_of(request).read() as db:
        found = public.find(db, slug)
        if found.slug != slug:
            return moved(found.path)
        content = public.read(db, found)
    return public_page(request, for_everybody(content))


@everybody.get("/p/{slug}/files/{name}")
def read_public_file(slug: Slug, name: str, request: Request) -> Response:
    """A file of what everybody may read, or a range of it: asked of the gate each time."""
    with database_of(request).read() as db:
        found = public.find(db, slug)
        if found.slug != slug:
            return moved(f"{found.path}/files/{quote(name, safe='')}")
        composed = releases.composed_file(db, found.release, name, now())
    return send(request, composed, *_range(request))


@files.get(
    "/releases/{release_id}/files/{name}",
    response_class=HTMLResponse,
    responses=HTML | documented(ReleaseRecalled, FileNotReady, WrongState),
    tags=["releases"],
)
def show_file(release_id: UUID, name: str, request: Request, call: Call) -> Response:
    """A file of a release, as it may be read now: `page.html`, or one that was composed."""
    with call as (db, me):
        release = releases.find(db, release_id, by=me)
        if name == releases.PAGE:
            content, _ = releases.read(db, release, now())
            newer = releases.superseded_by(db, release)
            nobody: dict[str, Any] = {
                "acknowledged_at": None,
                "superseded_by": newer and newer.number,
                "files": [],
            }
            return page(release_page(content | nobody))
        composed = releases.composed_file(db, release, name, now())
    return send(request, composed, *_range(request))


@files.get(
    "/shared/{token}/files/{name}",
    response_class=HTMLResponse,
    responses=HTML
    | documented(
        LinkClosed, PasscodeNeeded, RateLimited, ReleaseRecalled, FileNotReady, WrongState
    ),
    tags=["shared"],
)
def read_shared_file(
    token: str,
    name: str,
    request: Request,
    passcode: Annotated[
        str | None,
        Header(alias="X-Passcode", max_length=200),
        AfterValidator(deliveries.from_header),
    ] = None,
) -> Response:
    """A file of what was given to the holder of this link: `page.html`, or one composed."""
    delivery_id = deliveries.enter(database_of(request), token, passcode)
    with database_of(request).read() as db:
        delivery = db.get_one(Delivery, delivery_id)
        if name == releases.PAGE:
            return page(release_page(deliveries.read(db, delivery, f"{SHARED}/{token}")))
        release = db.get_one(Release, delivery.release_id)
        composed = releases.composed_file(db, release, name, now())
    return send(request, composed, *_range(request))


def _range(request: Request) -> tuple[str | None, str | None]:
    return request.headers.get("Range"), request.headers.get("If-Range")


def _address(release_id: UUID) -> str:
    return f"/dossiers/{release_id}"


def _invitation(delivery: Delivery, mistake: str | None = None) -> str:
    asks = delivery.passcode_hash is not None
    return invitation_page(
        delivery.expires_at, asks=asks, mistake=mistake, is_visit=delivery.is_wall
    )


def _bearer(request: Request, release_id: UUID) -> UUID:
    """The delivery whose pass this is. Raises Forbidden, whether or not there is such a release."""
    delivery_id = passes.bearer(release_id, request.cookies.get(passes.NAME, ""))
    if not delivery_id:
        raise Forbidden
    return delivery_id


# The witness's page


@receipts.api_route("/suivi", methods=["GET", "HEAD"])
def show_door() -> Response:
    """Where a witness types their code."""
    return HTMLResponse(door_page(), 200, PRIVATE)


@receipts.post("/suivi")
def come_in(request: Request, code: ReceiptCode = "") -> Response:
    """A code becomes a session of this browser."""
    require_same_origin(request)
    address = request.client.host if request.client else ""
    try:
        opened = sessions.open_session(database_of(request), code, address)
    except InvalidReceiptCode as problem:
        mistake = mistake_in_code(sessions.symbols_of(code))
        return HTMLResponse(door_page(mistake), problem.status, PRIVATE)
    except RateLimited as problem:
        headers = PRIVATE | problem.headers
        return HTMLResponse(door_page(too_many_codes(problem)), problem.status, headers)
    return let_in(opened["token"])


@receipts.get("/suivi/mes-paroles")
def show_own(request: Request) -> Response:
    """What became of one's words."""
    me = holder_of(request)
    with database_of(request).read() as db:
        receipt = service.read(db, service.find(db, me))
    return own_page(receipt_page(receipt, _visit(me, receipt["pseudonym"])))


@receipts.post("/suivi/avis/{release_item_id}")
def say(
    release_item_id: UUID,
    request: Request,
    avis: Opinion,
    jeton: Token = "",
) -> Response:
    """Agree with a use of one's words, or not."""
    me = holder_of(request)
    require_own_form(request, me, jeton)
    with database_of(request).write.begin() as db:
        service.approve(db, release_item_id, avis == "oui", by=me)
    return go(f"{OWN}#usage-{release_item_id}")


@receipts.get("/suivi/retraits/usages/{release_item_id}")
def confirm_use(release_item_id: UUID, request: Request) -> Response:
    """Before words are taken back from one use."""
    return _confirm(request, partial(step_of_use, item_id=release_item_id))


@receipts.post("/suivi/retraits/usages/{release_item_id}")
def withdraw_use(release_item_id: UUID, request: Request, jeton: Token = "") -> Response:
    """Take words back from one use."""
    return _withdraw(request, partial(step_of_use, item_id=release_item_id), jeton)


@receipts.get("/suivi/retraits/choix/{code}")
def confirm_choice(code: str, request: Request) -> Response:
    """Before a choice is taken back."""
    return _confirm(request, partial(step_of_choice, code=code))


@receipts.post("/suivi/retraits/choix/{code}")
def withdraw_choice(code: str, request: Request, jeton: Token = "") -> Response:
    """Take a choice back."""
    return _withdraw(request, partial(step_of_choice, code=code), jeton)


@receipts.get("/suivi/retraits/tout")
def confirm_all(request: Request) -> Response:
    """Before everything is taken back."""
    return _confirm(request, step_of_all)


@receipts.post("/suivi/retraits/tout")
def withdraw_all(request: Request, jeton: Token = "") -> Response:
    """Take everything back."""
    return _withdraw(request, step_of_all, jeton)


@receipts.get("/suivi/retraits/dernier")
def show_done(request: Request) -> Response:
    """After words were taken back: how far that is."""
    me = holder_of(request)
    with database_of(request).read() as db:
        receipt = service.read(db, service.find(db, me))
    newest = next(iter(receipt["withdrawals"]), None)
    return own_page(done_page(newest, _visit(me, receipt["pseudonym"])))


@receipts.get("/suivi/mes-paroles.zip")
def carry_away(request: Request) -> Response:
    """One's words, in a file."""
    found = archive.make(database_of(request), holder_of(request))
    headers = PRIVATE | archive.headers()
    return StreamingResponse(iter(found), 200, headers, archive.MEDIA_TYPE)


@receipts.post("/suivi/fin")
def finish(request: Request, jeton: Token = "") -> Response:
    """End the session: the button, or the page that is left."""
    leave(request, jeton)
    return forgotten(go("/suivi/au-revoir"))


@receipts.get("/suivi/au-revoir")
def say_goodbye() -> Response:
    """After the session was ended."""
    return HTMLResponse(receipt_message_page(GOODBYE, HERE), 200, PRIVATE)


@receipts.get("/suivi/fin-de-session")
def show_ended() -> Response:
    """After five idle minutes."""
    return forgotten(HTMLResponse(receipt_message_page(IDLE, HERE), 200, PRIVATE))


def _visit(me: Holder, pseudonym: str) -> Visit:
    return Visit(pseudonym, form_token(me), int(settings().receipt_idle))


def _confirm(request: Request, step: Callable[..., Step]) -> Response:
    me = holder_of(request)
    with database_of(request).read() as db:
        about = step(db, me).about
        pseudonym = service.find(db, me).pseudonym
        return own_page(confirmation_page(request.url.path, about, _visit(me, pseudonym)))


def _withdraw(request: Request, step: Callable[..., Step], token: str) -> Response:
    """What is confirmed is asked again: it may be gone meanwhile, and then nothing is done."""
    me = holder_of(request)
    require_own_form(request, me, token)
    with database_of(request).write.begin() as db:
        witness = service.find(db, me)
        take_back(db, witness, step(db, me).asked, by=me.actor)
    return go("/suivi/retraits/dernier")
