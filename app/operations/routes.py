"""The HTTP routes of operations: health, figures, jobs, the audit log, legal holds, and help.

`outside` is not below `/api`, needs no login, and is not in the API's description.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import NotFound, documented
from app.media.sandbox import enclosure
from app.operations import service
from app.operations.explanations import POLICY, explain
from app.operations.health import NotReady, Readiness
from app.operations.schemas import (
    AuditCheckpointOut,
    AuditEventFilters,
    AuditEventOut,
    JobFilters,
    JobOut,
    LegalHoldFilters,
    LegalHoldIn,
    LegalHoldOut,
    VerificationOut,
)
from app.witnesses import holds

router = APIRouter(route_class=Route, tags=["operations"], responses=documented(Forbidden))
outside = APIRouter(include_in_schema=False)
NOT_KEPT = {"Cache-Control": "no-store"}


@router.get("/jobs", response_model=Page[JobOut])
def list_jobs(filters: Annotated[JobFilters, Query()], call: Call) -> Response:
    """The jobs, the newest first. For administrators. Sort: `-created_at,-id`."""
    with call as (_, me):
        return call.page(JobOut, service.jobs(filters, me), filters, service.NEWEST_JOB_FIRST)


@router.get("/audit-events", response_model=Page[AuditEventOut])
def list_audit_events(filters: Annotated[AuditEventFilters, Query()], call: Call) -> Response:
    """Who did what, the newest first. For custodians. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.audit_events(filters, me)
        return call.page(AuditEventOut, rows, filters, service.NEWEST_EVENT_FIRST)


@router.get("/audit-events/verification", response_model=VerificationOut)
def verify_audit_events(call: Call) -> Response:
    """Compute the chain of audit events again: `ok`, or the number where it breaks."""
    with call as (db, me):
        return call.shown(VerificationOut, service.verify_audit(db, by=me))


@router.get("/audit-events/checkpoints", response_model=Page[AuditCheckpointOut])
def list_audit_checkpoints(params: Annotated[PageParams, Query()], call: Call) -> Response:
    """Where the chain goes on after old events were deleted. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.audit_checkpoints(me)
        order = service.NEWEST_CHECKPOINT_FIRST
        return call.page(AuditCheckpointOut, rows, params, order)


@router.get("/legal-holds", response_model=Page[LegalHoldOut])
def list_legal_holds(filters: Annotated[LegalHoldFilters, Query()], call: Call) -> Response:
    """The legal holds, lifted ones included. For custodians. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = holds.holds(me, filters.witness_id)
        return call.page(LegalHoldOut, rows, filters, holds.LATEST_FIRST)


@router.post("/legal-holds", response_model=LegalHoldOut, status_code=201)
def place_legal_hold(payload: LegalHoldIn, call: Call) -> Response:
    """Have nothing of a witness erased for now, whatever they withdraw. It shows nothing more."""
    with call as (db, me):
        hold = holds.place(db, payload.witness_id, payload.reason, by=me)
        return call.created(LegalHoldOut, hold)


@router.delete("/legal-holds/{hold_id}", status_code=204, responses=documented(NotFound))
def lift_legal_hold(hold_id: UUID, call: Call) -> Response:
    """Lift a hold: what it made wait is erased. Repeating it changes nothing more."""
    with call as (db, me):
        holds.lift(db, hold_id, by=me)
        return call.nothing()


# These are `async`: they answer even while every thread of the API is busy.


@outside.get("/healthz")
async def is_alive() -> Response:
    """The process answers. It says nothing of what it needs: see `/readyz`."""
    return JSONResponse({"alive": True}, headers=NOT_KEPT)


@outside.get("/readyz")
async def is_ready(request: Request) -> Response:
    """The process can serve: 200, or 503 with what is missing.

    `media_sandbox` says what encloses the tools that read people's files: `bubblewrap`, or `limits`
    alone when it is not installed, or not allowed to work here.
    """
    readiness: Readiness = request.app.state.readiness
    checks = await readiness.look()
    if not all(check["ok"] for check in checks):
        raise NotReady(checks=checks)
    shown = {"ready": True, "checks": checks, "media_sandbox": enclosure()}
    return JSONResponse(shown, headers=NOT_KEPT)


@outside.get("/metrics")
async def show_metrics() -> Response:
    """The figures of this process, for Prometheus. Each process of a server has its own."""
    return Response(generate_latest(REGISTRY), headers=NOT_KEPT, media_type=CONTENT_TYPE_LATEST)


@outside.get("/problems/{slug}")
async def explain_problem(slug: str) -> Response:
    """What a problem's type means, and what to do: where `type` of a problem document leads."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "public, max-age=3600"}
    return HTMLResponse(explain(slug), headers=headers)
