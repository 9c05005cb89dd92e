"""The least that the same work costs: bare routes that run the same SQL and answer the same bytes.

They have the same authentication and the same transaction as the application. What they run was
recorded from the application itself by `record.py`, in `$BENCH_FOLDER`.
"""

import os
import pickle
import threading
from functools import cache, partial
from pathlib import Path
from secrets import randbits
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy.orm import Session
from starlette.types import ASGIApp

from app.accounts.authentication import authenticate
from app.core.db import Database
from app.core.edge import Edge
from app.core.logs import configure_logs
from app.core.settings import settings
from app.main import create_app, settle

FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))


def create() -> FastAPI:
    """The ceilings, as an application."""
    app, database = FastAPI(), Database(settings().database)
    turn = threading.Lock()

    def token(request: Request) -> str:
        return request.headers["Authorization"].removeprefix("Bearer ")

    @app.get("/file")
    def file() -> Response:
        return FileResponse(FOLDER / "video.bin", media_type="video/mp4")

    app.get("/page")(partial(page, database))

    @app.get("/{name}")
    def read(name: str, request: Request) -> Response:
        reads = recorded(name)
        with database.read.begin() as db:
            authenticate(db, token(request))
            for statement, values in reads["statements"]:
                _run(db, statement, values).fetchall()
        return Response(reads["answer"], media_type="application/json")

    @app.post("/create")
    def create_(request: Request, payload: dict[str, Any]) -> Response:
        with database.read() as db:
            authenticate(db, token(request))
        writes = recorded("create")
        fresh = {known: _like(known) for known in writes["ids"]}
        with turn, database.write.begin() as db:
            for statement, values in writes["statements"]:
                _run(db, statement, _renewed(values, fresh))
        return Response(writes["answer"], 201, media_type="application/json")

    app.put("/stream")(stream)

    return app


def within() -> ASGIApp:
    """The application itself, which has one route more: what every request passes is in both."""
    configure_logs(settings().log_level)
    app = create_app()
    app.get("/page")(partial(page, app.state.database))
    settle()
    return Edge(app, app.state.settings)


def page(database: Database) -> Response:
    """A static file, after the bare statements by which the gate is asked what it may show."""
    with database.read() as db:
        for statement, values in recorded("gate")["statements"]:
            _run(db, statement, values).fetchall()
    return FileResponse(FOLDER / "page.html", media_type="text/html")


async def stream(request: Request) -> Response:
    """Write what comes, and have it on disk."""
    with (FOLDER / "streamed.bin").open("wb", buffering=0) as file:
        async for chunk in request.stream():
            file.write(chunk)
        os.fsync(file.fileno())
    return Response(status_code=204)


@cache
def recorded(name: str) -> dict[str, Any]:
    """What `record` kept under this name."""
    kept: dict[str, Any] = pickle.loads((FOLDER / f"{name}.pickle").read_bytes())
    return kept


def _run(db: Session, statement: str, values: Any) -> Any:
    return db.connection().exec_driver_sql(statement, values)


def _like(known: Any) -> Any:
    if isinstance(known, int):
        return randbits(62)
    return uuid4() if isinstance(known, UUID) else str(uuid4())


def _renewed(values: Any, fresh: dict[Any, Any]) -> Any:
    """The same values, with the ids of new rows renewed."""
    if isinstance(values, list):
        return [_renewed(row, fresh) for row in values]
    if isinstance(values, dict):
        return {name: fresh.get(v, v) if _hashable(v) else v for name, v in values.items()}
    return tuple(fresh.get(v, v) if _hashable(v) else v for v in values)


def _hashable(value: Any) -> bool:
    return isinstance(value, (str, int, UUID))
