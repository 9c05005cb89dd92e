"""How pages are answered: their headers, and a page instead of a problem document."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from app.core.problems import (
    OF_STATUS,
    BadRequest,
    InternalError,
    NotFound,
    Problem,
    ServiceUnavailable,
)
from app.pages.messages import message_of
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
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
PASSING = (OperationalError, PoolTimeout, StaleDataError)

log = structlog.get_logger("app.pages")


def page(html: str, status: int = 200) -> HTMLResponse:
    """This page, which nobody but its reader keeps."""
    return HTMLResponse(html, status, HEADERS)


class PageRoute(APIRoute):
    """The routes of pages: what goes wrong is told to a person, in a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                problem = _problem_of(error)
                response = page(message_page(message_of(problem)), problem.status)
                response.headers.update(problem.headers)
                return response

        return shown


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
