"""Errors the caller can understand, as RFC 9457 problem documents, in French or English.

A feature declares its problems beside the rule they protect, and raises them from anywhere:

    class WorkshopNotOpen(Problem):
        \"\"\"Testimonies are collected only while a workshop is open.\"\"\"

        status = 409

    raise WorkshopNotOpen(state="closed")

The class is the type, its docstring the English title (the French one is in `messages`), its
arguments the extension members: facts, not sentences, for they are in no language.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.core.messages import DETAILS_FR, MISTAKES, TITLES_FR
from app.core.text import INVALID_TEXT

MEDIA_TYPE = "application/problem+json"
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
ACCEPTED_LANGUAGE = re.compile(r"(?:^|,)\s*(fr|en)\b[^,;]*(?:;\s*q=([01](?:\.\d+)?))?", re.I)
CONTRADICTIONS = {  # of a unique or a foreign key, which the caller can understand
    *("23001", "23503", "23505"),  # PostgreSQL
    *("SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"),
}
PASSING = {  # of the database: the same request may succeed in a moment
    *("40001", "40P01"),  # PostgreSQL: serialization failure, deadlock
    *("55P03", "57014"),  # lock timeout, statement timeout
    *("53300", "57P01", "57P03", None),  # too many connections, restarting, or not reached at all
    *("SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED"),
}


class Problem(Exception):
    """Something the caller can understand, and perhaps repair."""

    status: ClassVar[int] = 400
    headers: dict[str, str] = {}

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.title(), facts)
        self.facts = facts

    @classmethod
    def slug(cls) -> str:
        """`WorkshopNotOpen` -> `workshop-not-open`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def title(cls, language: str = "en") -> str:
        """What went wrong, in one sentence of this language: `fr` or `en`."""
        english = (cls.__doc__ or cls.__name__).splitlines()[0]
        return TITLES_FR.get(cls.slug(), english) if language == "fr" else english

    def body(self, language: str) -> dict[str, Any]:
        """The problem document, before it is JSON."""
        about = {"type": f"/problems/{self.slug()}", "title": self.title(language)}
        return about | {"status": self.status} | self.facts


class NotFound(Problem):
    """There is nothing here, or nothing you may see."""

    status = 404


class MethodNotAllowed(Problem):
    """This address does not know this method."""

    status = 405


class Conflict(Problem):
    """This contradicts what is already recorded."""

    status = 409


class WrongState(Problem):
    """What you ask is not possible at this stage."""

    status = 409


class PreconditionFailed(Problem):
    """This changed since you read it."""

    status = 412


class ContentTooLarge(Problem):
    """What you sent is too large."""

    status = 413


class UnsupportedMediaType(Problem):
    """What you sent is not of a type that is accepted here."""

    status = 415


class RangeNotSatisfiable(Problem):
    """The file has no such bytes."""

    status = 416


class Invalid(Problem):
    """Some of what you sent is not valid."""

    status = 422

    @classmethod
    def at(cls, pointer: str, code: str, **facts: Any) -> "Invalid":
        """One mistake, at this JSON pointer; its sentences are in `messages.MISTAKES`."""
        return cls(errors=[{"pointer": pointer, "code": code, **facts}])

    def body(self, language: str) -> dict[str, Any]:
        errors = [
            {**error, "detail": error.get("detail") or mistake(error, language)}
            for error in self.facts.get("errors", [])
        ]
        return super().body(language) | {"errors": errors}


class InvalidText(Invalid):
    """Some of your text holds characters that cannot be kept or shown."""


class RateLimited(Problem):
    """Too many tries: wait a little, then try again."""

    status = 429

    def __init__(self, retry_after: int = 60) -> None:
        super().__init__()
        self.headers = {"Retry-After": str(retry_after)}


class RequestHeaderFieldsTooLarge(Problem):
    """The headers of your request are too large."""

    status = 431


class InternalError(Problem):
    """Something broke on our side."""

    status = 500


class ServiceUnavailable(Problem):
    """The service is too busy: send your request again in a moment."""

    status = 503
    headers = {"Retry-After": "1"}  # seconds


class InsufficientStorage(Problem):
    """The service has no room left for new files: reading and withdrawing still work."""

    status = 507
    headers = {"Retry-After": "3600"}


class BadRequest(Problem):
    """Your request cannot be read."""


OF_STATUS: dict[int, type[Problem]] = {
    400: BadRequest,
    404: NotFound,
    405: MethodNotAllowed,
    413: ContentTooLarge,
    415: UnsupportedMediaType,
}


def mistake(error: dict[str, Any], language: str) -> str:
    """The sentence of one of our own mistakes, by its code."""
    english, french = MISTAKES[error["code"]]
    return (french if language == "fr" else english).format(**error)


def documented(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: what can go wrong, for the API's readers."""
    by_status = attrgetter("status")
    return {
        status: {
            "description": " ".join(p.title() for p in same),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, same in groupby(sorted(problems, key=by_status), by_status)
    }


def preferred_language(accept_language: str) -> str:
    """`en` when this header prefers it to French, else `fr`."""
    choices = [*ACCEPTED_LANGUAGE.findall(accept_language), ("fr", "0.001")]
    language, _ = max(choices, key=lambda choice: float(choice[1] or 1))
    return str(language).lower()


def answer(problem: Problem, accept_language: str, request_id: str) -> JSONResponse:
    """The problem document, in the language that the caller prefers."""
    language = preferred_language(accept_language)
    headers = {
        **problem.headers,
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    body = {**problem.body(language), "request_id": request_id}
    return JSONResponse(jsonable_encoder(body), problem.status, headers, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Make the application answer every error as a problem document."""
    app.exception_handler(Problem)(_answer)
    app.exception_handler(RequestValidationError)(_answer_invalid)
    app.exception_handler(IntegrityError)(_answer_contradiction)
    app.exception_handler(OperationalError)(_answer_operational)
    app.exception_handler(PoolTimeout)(_answer_busy)
    app.exception_handler(StaleDataError)(_answer_stale)
    app.exception_handler(HTTPException)(_answer_http)
    app.exception_handler(Exception)(_answer_bug)


def _answer(request: Request, problem: Problem) -> JSONResponse:
    language = request.headers.get("Accept-Language", "")
    return answer(problem, language, request.scope.get("request_id", ""))


def _answer_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    if all(e["loc"][0] == "path" for e in found):
        return _answer(request, NotFound())  # no such thing can exist at this address
    language = preferred_language(request.headers.get("Accept-Language", ""))
    errors = [
        {"pointer": _pointer(e, error.body), "detail": _detail(e, language), "code": e["type"]}
        for e in found
    ]
    is_text = any(e["type"] == INVALID_TEXT for e in found)
    return _answer(request, (InvalidText if is_text else Invalid)(errors=errors))


def _pointer(error: Any, sent: Any) -> str:
    """RFC 6901, from the root of the body, the query or the headers."""
    loc = error["loc"]
    if error["type"] == "json_invalid":
        return "#"  # where JSON breaks off: a position, not a member
    parts = _in_body(error, sent) if loc[0] == "body" else loc[1:]
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "/".join(("#", *escaped)).encode("utf-8", "replace").decode()


def _in_body(error: Any, sent: Any) -> Iterator[str | int]:
    """Where a mistake is, without what pydantic adds: which choice of a union it tried."""
    *_, last = places = list(enumerate(error["loc"]))[1:] or [(0, "")]
    for place in places:
        part = place[1]
        is_there = isinstance(sent, dict) and part in sent
        is_there |= isinstance(sent, list) and isinstance(part, int) and part < len(sent)
        if is_there:
            sent = sent[part]
        if is_there or (place == last and error["type"] in ("missing", "extra_forbidden")):
            yield part


def _detail(error: Any, language: str) -> str:
    """What is wrong, in one sentence; pydantic speaks English, the catalogue French."""
    english = str(error["msg"])
    template = DETAILS_FR.get(error["type"]) if language == "fr" else None
    try:
        return template.format(**error.get("ctx", {})) if template else english
    except (KeyError, IndexError):
        return english


def _answer_contradiction(request: Request, error: IntegrityError) -> JSONResponse:
    if _code(error) not in CONTRADICTIONS:
        raise error  # our mistake, not the caller's: a 500, and a traceback in the logs
    return _answer(request, Conflict())


def _answer_operational(request: Request, error: OperationalError) -> JSONResponse:
    if _code(error) not in PASSING:
        raise error
    return _answer(request, ServiceUnavailable())


def _answer_busy(request: Request, error: PoolTimeout) -> JSONResponse:
    return _answer(request, ServiceUnavailable())


def _code(error: DBAPIError) -> str | None:
    """What went wrong, by PostgreSQL's SQLSTATE or SQLite's name for it."""
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)


def _answer_stale(request: Request, error: StaleDataError) -> JSONResponse:
    return _answer(request, PreconditionFailed() if "If-Match" in request.headers else Conflict())


def _answer_http(request: Request, error: HTTPException) -> JSONResponse:
    carried = getattr(error, "problem", None)
    response = _answer(request, carried or OF_STATUS.get(error.status_code, BadRequest)())
    response.headers.update(error.headers or {})
    if error.status_code == MethodNotAllowed.status:
        response.headers["Allow"] = ", ".join(_allowed(request))
    return response


def _allowed(request: Request) -> Iterator[str]:
    """The methods of this address: each is a route, of which Starlette only tells the first."""
    for method in METHODS:
        asked = {**request.scope, "method": method}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            yield method


def _answer_bug(request: Request, error: Exception) -> JSONResponse:
    return _answer(request, InternalError())
