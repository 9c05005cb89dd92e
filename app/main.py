"""Assembles the application. Nothing is decided here."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from app import worker
from app.access import routes as access
from app.accounts.authentication import NotAuthenticated
from app.annotations import routes as annotations
from app.audiences import routes as audiences
from app.bundles import expectation_routes as expectations
from app.bundles import routes as bundles
from app.calls.call import install_replays
from app.codebook import routes as codebook
from app.coding import routes as coding
from app.core.db import Database
from app.core.edge import Edge
from app.core.logs import configure_logs
from app.core.openapi import describe, operation_id
from app.core.problems import Invalid, ServiceUnavailable, documented, install_problem_handlers
from app.core.routing import include_all
from app.core.settings import Settings
from app.core.settings import settings as current_settings
from app.excerpts import routes as excerpts
from app.exports import pack_routes as packs
from app.exports import project_routes as projects
from app.exports import routes as exports
from app.figures import routes as figures
from app.gate import clips
from app.gate import routes as gate
from app.gate import transcript_routes as transcripts
from app.groups import routes as groups
from app.indicators import routes as indicators
from app.media import routes as media
from app.mobilization import routes as mobilization
from app.moderation import candor_routes as candor
from app.moderation import routes as moderation
from app.operations import routes as operations
from app.operations.health import Readiness
from app.pages import proposition_routes as proposition_pages
from app.pages import routes as pages
from app.places import routes as places
from app.propositions import routes as propositions
from app.reactions import routes as reactions
from app.receipts import routes as receipts
from app.releases import event_routes as events
from app.releases import routes as releases
from app.remarks import routes as remarks
from app.returns import routes as returns
from app.schemes import routes as schemes
from app.search import routes as search
from app.testimonies import routes as testimonies
from app.traces import routes as traces
from app.uploads import routes as uploads
from app.withdrawals import routes as withdrawals
from app.witnesses import routes as witnesses
from app.workshops import routes as workshops

API = "/api/v1"
EXPOSED = [
    "Location",
    "ETag",
    "Link",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Expires",
    "Upload-Metadata",
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
    "Media-Id",
    "Content-Disposition",
    "X-Export-Id",
    "X-Export-At",
    "X-Export-By",
    "X-Export-Purpose",
    "Retry-After",
    "Idempotency-Replayed",
]
ROUTERS = [
    access.router,
    schemes.router,
    places.router,
    workshops.router,
    media.router,
    uploads.router,
    witnesses.router,
    groups.router,
    codebook.router,
    codebook.files,
    testimonies.router,
    moderation.router,
    candor.router,
    excerpts.router,
    excerpts.of_testimonies,
    coding.router,
    search.router,
    gate.router,
    clips.router,
    transcripts.router,
    audiences.router,
    expectations.router,
    bundles.router,
    releases.router,
    events.router,
    reactions.router,
    mobilization.router,
    remarks.router,
    annotations.router,
    propositions.router,
    pages.files,
    proposition_pages.router,
    withdrawals.router,
    figures.router,
    indicators.router,
    indicators.of_schemes,
    traces.router,
    exports.router,
    projects.router,
    packs.router,
    receipts.router,
    returns.router,
    operations.router,
]
OUTSIDE = [operations.outside, pages.router, pages.everybody, pages.receipts]


def create_app(database: Database | None = None, settings: Settings | None = None) -> FastAPI:
    """The whole application, on this database or on the one of the settings."""
    chosen = settings or current_settings()
    app = FastAPIOffline(
        title="Retours d'usages",
        summary="Recueillir la parole sur un dispositif public, la rendre à ceux qui peuvent agir.",
        version="1.0.0",
        openapi_url=f"{API}/openapi.json",
        docs_url="/api/docs",
        redoc_url=None,
        static_url="/api/docs-assets",
        swagger_ui_oauth2_redirect_url="/api/docs/oauth2-redirect",
        generate_unique_id_function=operation_id,
        max_body_size=chosen.json_body_max,
        redirect_slashes=False,
        lifespan=_lifespan,
        responses=documented(NotAuthenticated, Invalid, ServiceUnavailable),
    )
    app.state.settings = chosen
    app.state.database = database or Database(chosen.database)
    app.state.readiness = Readiness(app.state.database)
    install_problem_handlers(app)
    install_replays(app)
    include_all(app, ROUTERS, API)
    include_all(app, OUTSIDE)
    describe(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=chosen.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
        max_age=600,
    )
    return app


def create_server() -> ASGIApp:
    """What uvicorn serves: the application, and what every request passes first."""
    configure_logs(current_settings().log_level)  # of this process: a server may have several
    app = create_app()
    settle()
    return Edge(app, app.state.settings)


def settle() -> None:
    """What is loaded stays: nobody looks at it again for garbage, neither meanwhile nor at the end.

    A process ends a second earlier for it.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Job threads live with the web process, when the settings say so."""
    running = worker.start(app.state.database, app.state.settings.workers)
    try:
        yield
    finally:
        running.stop()
        app.state.database.dispose()
