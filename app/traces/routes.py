"""The HTTP routes of traces."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.calls.call import Call
from app.core.bodies import Route
from app.core.problems import NotFound, documented
from app.traces.chain import trace
from app.traces.kinds import Kind
from app.traces.schemas import TraceOut

router = APIRouter(
    route_class=Route, prefix="/traces", tags=["traces"], responses=documented(NotFound)
)

# A word: who calls is asked before whether there is such a kind.
KindPath = Annotated[str, Path(json_schema_extra={"enum": [kind.value for kind in Kind]})]


@router.get("/{kind}/{traced_id}", response_model=TraceOut)
def show(kind: KindPath, traced_id: UUID, call: Call) -> Response:
    """The chain from what was said to what was decided: what this came from, what became of it.

    Of the chain, what you may see; the rest is not there, nor is what only it leads to.
    """
    with call as (db, me):
        if kind not in set(Kind):
            raise NotFound
        return call.shown(TraceOut, trace(db, Kind(kind), traced_id, by=me))
