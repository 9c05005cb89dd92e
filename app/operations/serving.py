"""Serve the application with uvicorn: one process, or several on one socket."""

import errno
import os
import signal
import socket

import uvicorn
from uvicorn.supervisors import Multiprocess

from app.core.settings import settings
from app.operations.failures import Failure

APPLICATION = "app.main:create_server"
GRACE = 8  # seconds for the answers under way, once asked to stop
KEEP_ALIVE = 5  # seconds that an idle connection is kept
BACKLOG = 1024
MOST_AT_ONCE = 1000  # connections of one process; more are answered 503 at once


def open_socket(host: str, port: int) -> socket.socket:
    """Listen there, on any free port when it is 0. Raises Failure."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = "une autre application y répond déjà ; choisissez un autre --port"
        else:
            why = error.strerror or "refusé"
        raise Failure(f"Impossible d'écouter sur {host}, port {port} : {why}.") from None


def address_of(listening: socket.socket) -> str:
    """Where people of this machine reach it: `http://127.0.0.1:8000`."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(listening: socket.socket, workers: int = 1, trusted_proxies: str = "") -> None:
    """Answer on this socket until SIGTERM or Ctrl-C. Raises Failure when it cannot start.

    `X-Forwarded-*` headers are believed when they come from `trusted_proxies` only.
    """
    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        h11_max_incomplete_event_size=settings().headers_max,
        limit_concurrency=MOST_AT_ONCE,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ws="none",
    )
    # Uvicorn gives the signal back when it is done: it has had its effect by then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    if workers > 1:
        Multiprocess(config, [listening]).run()
        return
    server = uvicorn.Server(config)
    server.run([listening])
    if not server.started:
        raise Failure("Le service n'a pas pu démarrer : son journal dit pourquoi.")


def announce(address: str) -> None:
    """Links begin with this address, here and in the processes to come, unless a setting says."""
    if "base_url" not in settings().model_fields_set:
        os.environ["APP_BASE_URL"] = address
        settings.cache_clear()
