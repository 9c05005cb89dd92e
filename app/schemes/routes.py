"""The HTTP routes of schemes and vocabularies. Every account reads them; few change them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import Conflict, NotFound, PreconditionFailed, documented
from app.schemes import service
from app.schemes.schemas import (
    QuestionOut,
    SchemeIn,
    SchemeOut,
    TermCode,
    TermFilters,
    TermIn,
    TermOut,
    VocabularyOut,
)

router = APIRouter(
    route_class=Route, responses=documented(NotFound, Forbidden, PreconditionFailed, Conflict)
)


@router.get("/schemes", response_model=Page[SchemeOut], tags=["schemes"])
def index(params: Annotated[PageParams, Query()], call: Call) -> Response:
    """The schemes, by code."""
    with call:
        return call.page(SchemeOut, service.schemes(), params, service.BY_CODE)


@router.post("/schemes", response_model=SchemeOut, status_code=201, tags=["schemes"])
def add(payload: SchemeIn, call: Call) -> Response:
    """Add a scheme."""
    with call as (db, me):
        return call.created(SchemeOut, service.add(db, payload, by=me))


@router.get("/schemes/{scheme_id}", response_model=SchemeOut, tags=["schemes"])
def show(scheme_id: UUID, call: Call) -> Response:
    """One scheme."""
    with call as (db, _):
        return call.ok(SchemeOut, service.find(db, scheme_id))


@router.put("/schemes/{scheme_id}", response_model=SchemeOut, tags=["schemes"])
def change(scheme_id: UUID, payload: SchemeIn, call: Call) -> Response:
    """Describe a scheme again, in full. A question that changes needs a `reason`."""
    with call as (db, me):
        scheme = call.unchanged(service.find(db, scheme_id))
        return call.ok(SchemeOut, service.change(db, scheme, payload, by=me))


@router.get("/schemes/{scheme_id}/questions", response_model=Page[QuestionOut], tags=["schemes"])
def list_questions(scheme_id: UUID, params: Annotated[PageParams, Query()], call: Call) -> Response:
    """The questions that a scheme asked before, the oldest first."""
    with call as (db, _):
        rows = service.earlier_questions(service.find(db, scheme_id))
        return call.page(QuestionOut, rows, params, service.OLDEST_FIRST)


@router.get("/vocabularies", response_model=Page[VocabularyOut], tags=["vocabularies"])
def list_vocabularies(params: Annotated[PageParams, Query()], call: Call) -> Response:
    """The vocabularies: their terms are the codes that the API speaks."""
    with call as (db, _):
        return call.paged(VocabularyOut, service.vocabularies(db, params))


@router.get("/vocabularies/{name}/terms", response_model=Page[TermOut], tags=["vocabularies"])
def list_terms(name: str, filters: Annotated[TermFilters, Query()], call: Call) -> Response:
    """The terms of a vocabulary, by position."""
    with call:
        return call.page(TermOut, service.terms(name, filters), filters, service.BY_POSITION)


@router.post(
    "/vocabularies/{name}/terms", response_model=TermOut, status_code=201, tags=["vocabularies"]
)
def add_term(name: str, payload: TermIn, call: Call) -> Response:
    """Add a term to a vocabulary."""
    with call as (db, me):
        term = service.add_term(db, name, payload, by=me)
        return call.created(TermOut, term, at=f"{call.request.url.path}/{term.code}")


@router.get("/vocabularies/{name}/terms/{code}", response_model=TermOut, tags=["vocabularies"])
def show_term(name: TermCode, code: TermCode, call: Call) -> Response:
    """One term."""
    with call as (db, _):
        return call.ok(TermOut, service.find_term(db, name, code))


@router.put("/vocabularies/{name}/terms/{code}", response_model=TermOut, tags=["vocabularies"])
def change_term(name: TermCode, code: TermCode, payload: TermIn, call: Call) -> Response:
    """Describe a term again, in full; `retired` takes it out of use."""
    with call as (db, me):
        term = call.unchanged(service.find_term(db, name, code))
        return call.ok(TermOut, service.change_term(db, term, payload, by=me))
