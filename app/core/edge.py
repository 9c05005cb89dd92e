"""What every request passes first and every answer last: an ASGI layer around the application.

It gives each request an id, refuses headers that are too large and foreign hosts, adds the security
headers, writes one line of log, and counts. Tokens stand in some paths: the route's template is
logged and counted, never the path.
"""

from time import perf_counter
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.problems import (
    OF_STATUS,
    BadRequest,
    Problem,
    RequestHeaderFieldsTooLarge,
    answer,
)
from app.core.settings import Settings

REQUESTS = Counter("http_requests_total", "Requests.", ["method", "route", "status"])
SECONDS = Histogram("http_request_seconds", "Time to the first byte.", ["route"])
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-site",
}

log = structlog.get_logger("app.request")


class Edge:
    """The outermost layer: `Edge(app, settings)` is an ASGI application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.headers_max = settings.headers_max
        self.hosts = frozenset(host.lower() for host in settings.trusted_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        exchange = _Exchange(scope, receive, send)
        try:
            if problem := self._refusal(scope):
                await exchange.answer(problem)
            else:
                await self.app(scope, receive, exchange.send)
        finally:
            _note(scope, exchange.status, perf_counter() - started)

    def _refusal(self, scope: Scope) -> Problem | None:
        if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > self.headers_max:
            return RequestHeaderFieldsTooLarge()
        if "*" not in self.hosts:
            host = Headers(scope=scope).get("Host", "").lower().rpartition(":")
            name = host[0] if host[2].isdigit() and host[0] else "".join(host)
            if name not in self.hosts:
                return BadRequest()
        return None


class _Exchange:
    """One request and its answer, whose head is completed as it leaves."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self._send = scope, receive, send
        self.headers = Headers(scope=scope)
        self.status, self._is_replaced = 500, False
        scope["request_id"] = uuid4().hex

    async def answer(self, problem: Problem) -> None:
        """Answer this problem, instead of what the application would say."""
        language = self.headers.get("Accept-Language", "")
        response = answer(problem, language, self.scope["request_id"])
        await response(self.scope, self.receive, self.send)

    async def send(self, message: Message) -> None:
        """Let a message leave; the first one with our headers."""
        if self._is_replaced:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            if _is_plain(self.status, headers):  # Starlette's own: a body announced too large, CORS
                await self.answer(OF_STATUS.get(self.status, BadRequest)())
                self._is_replaced = True
                return
            self._complete(headers)
        await self._send(message)

    def _complete(self, headers: MutableHeaders) -> None:
        headers["X-Request-Id"] = self.scope["request_id"]
        for name, value in SECURITY.items():
            headers.setdefault(name, value)
        if "authorization" in self.headers:
            headers.setdefault("Cache-Control", "private, no-cache")
            headers.add_vary_header("Authorization")


def _note(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unknown")
    REQUESTS.labels(scope["method"], route, status).inc()
    SECONDS.labels(route).observe(seconds)
    log.info(
        "request",
        method=scope["method"],
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        request_id=scope["request_id"],
    )


def _is_plain(status: int, headers: MutableHeaders) -> bool:
    """Whether this is an error in plain text, which nobody here wrote."""
    is_text = headers.get("Content-Type", "text/plain").startswith("text/plain")
    return status >= BadRequest.status and is_text
