"""Which router a request is for, without asking each of them.

FastAPI asks one router after the other whether a path is theirs; with dozens, that costs a tenth of
a short request. The first word of a path tells which few may have it: only they are asked.
"""

from collections import defaultdict
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

CHOSEN = "retours.chosen_router"


class ByFirstWord(BaseRoute):
    """Asks the routers that have paths of the same first word, in the order of their inclusion.

    What none of them knows is left to the application's own routes, which come after.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}/"
        self._routers: dict[str, list[BaseRoute]] = defaultdict(list)

    def add(self, router: APIRouter, included: BaseRoute) -> None:
        """These are the paths of `router`, which was `included`."""
        for word in dict.fromkeys(_first_word(path) for path in _paths(router)):
            self._routers[word].append(included)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(self._prefix):
            return Match.NONE, {}
        partly: tuple[Match, Scope] = Match.NONE, {}
        for router in self._routers.get(_first_word(path.removeprefix(self._prefix)), ()):
            match, found = router.matches(scope)
            if match is Match.FULL:
                return match, {**found, CHOSEN: router}
            if match is Match.PARTIAL and partly[0] is Match.NONE:
                partly = match, {**found, CHOSEN: router}
        return partly

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope.pop(CHOSEN).handle(scope, receive, send)


def include_all(app: FastAPI, routers: Sequence[APIRouter], prefix: str = "") -> None:
    """Include these routers, so that requests find theirs at once.

    No path of theirs begins with a parameter.
    """
    shortcut = ByFirstWord(prefix)
    for router in routers:
        app.include_router(router, prefix=prefix)
        shortcut.add(router, app.routes[-1])
    app.router.routes.insert(0, shortcut)


def _paths(router: APIRouter) -> list[str]:
    return [getattr(route, "path", "").removeprefix("/") for route in router.routes]


def _first_word(path: str) -> str:
    return path.partition("/")[0]
