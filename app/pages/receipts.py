"""The witness's page `/suivi`: its cookie, its forms, and what a withdrawal would do.

Nothing stays on a shared computer: the cookie dies with the browser, the session with the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from app.accounts.authentication import Forbidden, NotAuthenticated
from app.core import signatures
from app.core.problems import NotFound, Problem
from app.core.settings import settings
from app.pages import words
from app.pages.answers import HEADERS, PageRoute, database_of, require_same_origin
from app.pages.messages import receipt_message_of
from app.pages.render import receipt_message_page
from app.receipts import service, sessions
from app.receipts.sessions import Holder
from app.receipts.uses import described
from app.schemes.service import labels
from app.withdrawals.service import Asked, cells_of_choices
from app.witnesses.consents import events_of
from app.witnesses.decision import Cell
from app.witnesses.models import Witness

COOKIE, HERE = "suivi", "/suivi"
OWN, ENDED = f"{HERE}/mes-paroles", f"{HERE}/fin-de-session"
AnyResponse = TypeVar("AnyResponse", bound=Response)
PURPOSE = "receipt-forms"
POLICY = "Content-Security-Policy"
# The page tells that it is left.
PRIVATE = HEADERS | {POLICY: f"{HEADERS[POLICY]}; connect-src 'self'"}
NO_TRACE = {"Clear-Site-Data": '"cache", "cookies", "storage"'}


class ReceiptRoute(PageRoute):
    """The routes of `/suivi`: what goes wrong is told to a witness."""

    def tell(self, problem: Problem) -> HTMLResponse:
        again = OWN if isinstance(problem, NotFound) else HERE
        html = receipt_message_page(receipt_message_of(problem), again)
        told = HTMLResponse(html, problem.status, PRIVATE)
        return forgotten(told) if isinstance(problem, NotAuthenticated) else told


def let_in(token: str) -> Response:
    """To one's own page, with a cookie that dies with the browser."""
    response = go(OWN)
    response.set_cookie(
        COOKIE,
        token,
        path=HERE,
        secure=settings().base_url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )
    return response


def go(address: str) -> RedirectResponse:
    """There, by GET."""
    return RedirectResponse(address, 303, PRIVATE)


def own_page(html: str) -> HTMLResponse:
    """A page of somebody who came in: after five idle minutes it closes, without any script."""
    refresh = {"Refresh": f"{int(settings().receipt_idle)}; url={ENDED}"}
    return HTMLResponse(html, 200, PRIVATE | refresh)


def forgotten(response: AnyResponse) -> AnyResponse:
    """The same answer, after which this browser keeps nothing of ours."""
    response.headers.update(NO_TRACE)
    response.delete_cookie(COOKIE, path=HERE, httponly=True, samesite="strict")
    return response


def holder_of(request: Request) -> Holder:
    """Who came in with their code. Raises NotAuthenticated."""
    return sessions.keep(database_of(request), request.cookies.get(COOKIE, ""))


def form_token(me: Holder) -> str:
    """What every form of this session holds, and no other site knows."""
    expires = int(me.expires_at.timestamp())
    return f"{expires}.{signatures.sign(PURPOSE, expires, me.session_id)}"


def require_own_form(request: Request, me: Holder, token: str) -> None:
    """Raise Forbidden unless the form was on a page of this session."""
    require_same_origin(request)
    expires, _, signature = token.partition(".")
    if not signatures.is_good(PURPOSE, expires, signature, me.session_id):
        raise Forbidden


def leave(request: Request, token: str) -> None:
    """End the session of this browser, if it has one. Raises Forbidden."""
    try:
        me = holder_of(request)
    except NotAuthenticated:
        return
    require_own_form(request, me, token)
    with database_of(request).write.begin() as db:
        sessions.leave(db, by=me)


@dataclass(frozen=True)
class Step:
    """A withdrawal that waits for a confirmation: what is asked, and what it would do."""

    asked: Asked
    about: dict[str, Any]


def step_of_use(db: Session, me: Holder, item_id: UUID) -> Step:
    """Of one use: its cells, whatever else they cover. Raises NotFound."""
    use = service.find_use(db, item_id, me)
    (shown,) = described(db, [use], me.id)
    about = _ends(db, service.find(db, me), use.cells)
    about["uses"] = [other for other in about["uses"] if other["item_id"] != item_id]
    about["clauses"] = _clauses(db, use.cells)
    return Step(Asked(cells=use.cells), about | {"use": shown})


def step_of_choice(db: Session, me: Holder, code: str) -> Step:
    """Of one choice that is allowed now. Raises NotFound."""
    witness = service.find(db, me)
    if code not in _answered(db, witness):
        raise NotFound
    cells = cells_of_choices(db, witness, [code])
    about = _ends(db, witness, cells)
    chosen = next((c for c in about["choices"] if c["choice"] == code), None)
    if not chosen:
        raise NotFound
    about["choices"] = [c for c in about["choices"] if c["choice"] != code]
    return Step(Asked(cells=cells, choices=[code]), about | {"chosen": chosen})


def step_of_all(db: Session, me: Holder) -> Step:
    """Of everything that was said. Raises NotFound when it was taken back already."""
    witness = service.find(db, me)
    if witness.withdrawn_at:
        raise NotFound
    return Step(Asked(everything=True), {"testimonies": service.testimonies_of(db, me.id)})


def _answered(db: Session, witness: Witness) -> set[str]:
    events = events_of(db, [witness.id])[witness.id]
    return {choice["code"] for e in events if e.notice for choice in e.notice.choices}


def _ends(db: Session, witness: Witness, cells: frozenset[Cell]) -> dict[str, Any]:
    return service.touched(db, witness, cells)


def _clauses(db: Session, cells: Iterable[Cell]) -> dict[str, str]:
    """« vos mots, sans votre nom », « élus », « page web »: what the cells of a use cover."""
    audiences, forms = labels(db, "audiences"), labels(db, "forms")
    cells = sorted(cells)
    media = [words.MEDIA[cell.medium] for cell in cells]
    first = cells[0]
    return {
        "media": words.listed(list(dict.fromkeys(media))),
        "audience": words.lowered(audiences.get(first.audience, first.audience)),
        "form": words.lowered(forms.get(first.form, first.form)),
        "purpose": words.PURPOSES[first.purpose],
    }
