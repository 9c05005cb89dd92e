"""JSON bodies, read strictly, in one place for every route.

Python's parser takes more than RFC 8259 allows. Refused here, with a 422: NaN and infinities,
names given twice in an object, depth over 32, bytes that are not UTF-8, lone surrogates.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.core.problems import Invalid, InvalidText, Problem

DEEPEST = 32


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

    async def json(self) -> Any:
        return parse(await self.body())


class Route(APIRoute):
    """The routes of the API: `APIRouter(route_class=Route)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict
