"""JSON bodies, read strictly, in one place for every route.

Python's parser takes more than RFC 8259 allows. Refused here, with a 422: NaN and infinities,
names given twice in an object, depth over 32, bytes that are not UTF-8, lone surrogates. What is
sent as another type is refused with a 415, and a parameter that a route has not with a 422.
"""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.core.problems import Invalid, InvalidText, Problem, UnsupportedMediaType

DEEPEST = 32
JSON = re.compile(r"[ \t]*application/json[ \t]*(?:;.*)?", re.ASCII | re.IGNORECASE)


class RefusedBody(HTTPException):
    """Carries a problem through FastAPI, which lets only its own exceptions leave a body."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status)
        self.problem = problem


def _refuse(code: str, **facts: Any) -> RefusedBody:
    return RefusedBody(Invalid.at("#", code, **facts))


def _constant(name: str) -> Any:
    raise _refuse("json_constant", name=name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refuse("json_twice")
    return found


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def parse(body: bytes) -> Any:
    """The value of a JSON text. Raises RefusedBody, or JSONDecodeError where it breaks off."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _refuse("json_utf8") from None
    try:
        value = DECODER.decode(text)
    except RecursionError:
        raise _refuse("json_depth", deepest=DEEPEST) from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise
        raise _refuse("json_number") from None  # Python's limit of digits
    _check(value, has_escapes="\\u" in text)
    return value


def _check(value: Any, has_escapes: bool) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if depth > DEEPEST and isinstance(item, dict | list):
                raise _refuse("json_depth", deepest=DEEPEST)
            if isinstance(item, dict):
                below.extend(item.values())
                if has_escapes:
                    below.extend(item)
            elif isinstance(item, list):
                below.extend(item)
            elif has_escapes and isinstance(item, str) and _has_surrogate(item):
                raise RefusedBody(InvalidText.at("#", "lone_surrogate"))
        level = below


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def body(self) -> bytes:
        body = await super().body()
        if body and not JSON.fullmatch(self.headers.get("Content-Type", "")):
            raise RefusedBody(UnsupportedMediaType())
        return body

    async def json(self) -> Any:
        return parse(await self.body())


class Route(APIRoute):
    """The routes of the API: `APIRouter(route_class=Route)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known, is_public = self._parameters(), not self.dependant.dependencies

        async def strict(request: Request) -> Response:
            asked = StrictRequest(request.scope, request.receive)
            # Strangers are told nothing of parameters: they get their 401.
            if is_public or "Authorization" in asked.headers:
                _refuse_unknown(asked, known)
            return await handle(asked)

        return strict

    def _parameters(self) -> frozenset[str]:
        """The names of all that its query may hold."""
        names: set[str] = set()
        for field in self.dependant.query_params:
            model = field.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel):
                names |= {part.alias or name for name, part in model.model_fields.items()}
            else:
                names.add(field.alias)
        return frozenset(names)


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    """Raise RequestValidationError at the parameters of the query that the route does not have."""
    unknown = dict.fromkeys(name for name in request.query_params if name not in known)
    if unknown:
        what = "Extra inputs are not permitted"
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": what} for name in unknown]
        )
