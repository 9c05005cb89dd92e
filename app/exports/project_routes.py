"""The HTTP route of projects: the words and codings of a scheme, for coding software."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.problems import NotFound, documented
from app.exports import service
from app.exports.answers import ZIPPED, Exported, Why
from app.exports.qda.project import Asked, Project
from app.exports.schemas import ProjectExport
from app.exports.sending import MEDIA_TYPE

router = APIRouter(
    route_class=Route,
    prefix="/exports",
    tags=["exports"],
    responses=documented(NotFound, Forbidden),
)


@router.get("/project.qdpx", response_class=Response, responses=ZIPPED)
def export_project(
    filters: Annotated[ProjectExport, Query()], call: Call, why: Why = None
) -> Response:
    """A scheme's words and codings for coding software: a REFI-QDA project, version 1.0.

    The testimonies that exports hold, their transcripts and excerpts, the codebook, a case for each
    witness; what may not leave is listed in a note, with the reasons. See docs/qda.md.
    """
    purpose = filters.purpose or why
    with call.traced() as (db, me):
        export, scheme = service.make_project(db, filters, purpose, by=me)
    asked = Asked(scheme.id, scheme.name, purpose or "", filters.media)
    project = Project(call.database, export, asked, me).start()
    return Exported(project, "project", service.QDPX, MEDIA_TYPE)
