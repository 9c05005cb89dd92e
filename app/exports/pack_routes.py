"""The HTTP route of evaluation packs: all that is known of a scheme, for who evaluates it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.problems import NotFound, documented
from app.exports import service
from app.exports.answers import ZIPPED, Exported, Why
from app.exports.pack.pack import Asked, Pack
from app.exports.schemas import PackExport
from app.exports.sending import MEDIA_TYPE

router = APIRouter(
    route_class=Route,
    prefix="/exports",
    tags=["exports"],
    responses=documented(NotFound, Forbidden),
)


@router.get("/evaluation-pack.zip", response_class=Response, responses=ZIPPED)
def export_pack(filters: Annotated[PackExport, Query()], call: Call, why: Why = None) -> Response:
    """All that an evaluation of a scheme needs, in one zip: files that can be joined.

    Every dataset, what their columns mean, the codebook, how people were heard, the indicators,
    what is not there and why, until when consents last, checksums. See docs/evaluation.md.
    """
    purpose = filters.purpose or why
    with call.traced() as (db, me):
        export, scheme = service.make_pack(db, filters, purpose, by=me)
    asked = Asked(scheme.id, scheme.name, call.language)
    pack = Pack(call.database, export, asked, me).start()
    return Exported(pack, service.PACK, service.ZIP, MEDIA_TYPE)
