"""How pages are answered: their headers, and a page instead of a problem document."""

from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from app.accounts.authentication import Forbidden
from app.core.db import Database
from app.core.preconditions import is_known
from app.core.problems import (
    OF_STATUS,
    BadRequest,
    InternalError,
    NotFound,
    Problem,
    ServiceUnavailable,
)
from app.core.settings import settings
from app.pages.messages import message_of, public_message_of
from app.pages.render import message_page

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",  # addresses hold tokens
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Language": "fr",
}
# Indexed, but not quoted nor kept by who indexes: what is taken back is gone from there too.
EVERYBODY = HEADERS | {
    "Cache-Control": "no-cache",
    "X-Robots-Tag": "noarchive, nosnippet, noimageindex",
}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
SAME_ORIGIN = ("same-origin", "none")  # `none`: the reader's own deed, a reload for instance
PASSING = (OperationalError, PoolTimeout, StaleDataError)

log = structlog.get_logger("app.pages")


def page(html: str, status: int = 200) -> HTMLResponse:
    """This page, which nobody but its reader keeps."""
    return HTMLResponse(html, status, HEADERS)


def public_page(request: Request, html: str) -> Response:
    """This page, which anybody may keep, and must ask for again before each use: 304, or another.

    So no copy of it outlives what was taken back.
    """
    headers = EVERYBODY | {"ETag": f'"{sha256(html.encode()).hexdigest()[:32]}"'}
    if is_known(headers["ETag"], request.headers.get("If-None-Match", "")):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(html, 200, headers)


def moved(path: str) -> Response:
    """There, for now: an address that was given up may be given again."""
    return RedirectResponse(path, 302, EVERYBODY)


def database_of(request: Request) -> Database:
    """The database that this request is answered from."""
    return request.app.state.database  # type: ignore[no-any-return]


def require_same_origin(request: Request) -> None:
    """Raise Forbidden when the form was on another site.

    Browsers say so (Sec-Fetch-Site, since 2020 to 2023). Of an older one Origin is compared; ours
    is `null` there, because of `no-referrer`: our cookies are SameSite=Strict, and protect by
    themselves.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    ours = {request.headers.get("Host"), urlsplit(settings().base_url).netloc}
    is_ours = origin == "null" or urlsplit(origin).netloc in ours
    if not (site in SAME_ORIGIN if site else is_ours):
        raise Forbidden


class PageRoute(APIRoute):
    """The routes of pages: what goes wrong is told to a person, in a page."""

    def tell(self, problem: Problem) -> HTMLResponse:
        """The page that tells this problem."""
        return page(message_page(message_of(problem)), problem.status)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                problem = _problem_of(error)
                response = self.tell(problem)
                response.headers.update(problem.headers)
                return response

        return shown


class PublicRoute(PageRoute):
    """The routes of what everybody may read: what goes wrong is told to anybody."""

    def tell(self, problem: Problem) -> HTMLResponse:
        return page(message_page(public_message_of(problem), "/p/"), problem.status)


def _problem_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError():
            is_address = all(e["loc"][0] == "path" for e in error.errors())
            return NotFound() if is_address else BadRequest()
        case HTTPException():
            return OF_STATUS.get(error.status_code, BadRequest)()
    log.exception("page failed")
    return ServiceUnavailable() if isinstance(error, PASSING) else InternalError()
