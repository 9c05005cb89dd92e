"""The HTTP routes of exports, and of the dictionaries that say what their columns mean."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import ApiCall, Call
from app.codebook.files import CONTENT_TYPES
from app.core.bodies import Route
from app.core.problems import NotFound, documented
from app.exports import service
from app.exports.answers import Exported, Why, saved
from app.exports.datasets import (
    BUNDLES,
    DATASETS,
    DECISIONS,
    EXCERPTS,
    PROPOSITIONS,
    REACTIONS,
    RELEASES,
    TESTIMONIES,
    THEMES_OF_CODEBOOKS,
    WITNESSES,
    WORKSHOPS,
    Dataset,
)
from app.exports.schemas import (
    BundleExport,
    CodebookExport,
    DecisionExport,
    DictionaryOut,
    ExcerptExport,
    Format,
    PropositionExport,
    ReactionExport,
    ReleaseExport,
    TestimonyExport,
    ThemeExport,
    Whole,
    WitnessExport,
    WorkshopExport,
)
from app.exports.service import Asked, Stream
from app.exports.workbook import Xlsx

router = APIRouter(
    route_class=Route,
    prefix="/exports",
    tags=["exports"],
    responses=documented(NotFound, Forbidden),
)
FormatPath = Annotated[Format, Path(alias="format")]
MARKS: dict[str, Any] = {
    name: {"schema": {"type": "string"}, "description": told}
    for name, told in {
        "X-Export-Id": "The subject of its events in the audit log.",
        "X-Export-At": "When it was made.",
        "X-Export-By": "Who made it, with percent escapes.",
        "X-Export-Purpose": "Why, with percent escapes.",
    }.items()
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file. Its name and headers say which export it is.",
        "headers": MARKS,
        "content": {"text/csv": {}, "application/jsonl": {}, Xlsx.media_type: {}},
    }
}

CODEBOOK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file. Its name and headers say which export it is.",
        "headers": MARKS,
        "content": {"application/xml": {"schema": {"type": "string"}}},
    }
}


@router.get("/testimonies.{format}", response_class=Response, responses=FILE)
def export_testimonies(
    filters: Annotated[TestimonyExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The accepted testimonies of which every witness consents to be studied."""
    return _export(TESTIMONIES, format_, filters, why, call)


@router.get("/excerpts.{format}", response_class=Response, responses=FILE)
def export_excerpts(
    filters: Annotated[ExcerptExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The valid excerpts of those testimonies."""
    return _export(EXCERPTS, format_, filters, why, call)


@router.get("/witnesses.{format}", response_class=Response, responses=FILE)
def export_witnesses(
    filters: Annotated[WitnessExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The witnesses who consent to be studied: neither names nor pseudonyms."""
    return _export(WITNESSES, format_, filters, why, call)


@router.get("/workshops.{format}", response_class=Response, responses=FILE)
def export_workshops(
    filters: Annotated[WorkshopExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The workshops, without their guides and notes."""
    return _export(WORKSHOPS, format_, filters, why, call)


@router.get("/themes.{format}", response_class=Response, responses=FILE)
def export_themes(
    filters: Annotated[ThemeExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The themes, retired and merged ones too."""
    return _export(THEMES_OF_CODEBOOKS, format_, filters, why, call)


@router.get("/decisions.{format}", response_class=Response, responses=FILE)
def export_decisions(
    filters: Annotated[DecisionExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """What was decided of testimonies of which every witness consents to be studied, and why.

    Of those that were returned or rejected too; neither the editors' comments nor who decided.
    """
    return _export(DECISIONS, format_, filters, why, call)


@router.get("/reactions.{format}", response_class=Response, responses=FILE)
def export_reactions(
    filters: Annotated[ReactionExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """What recipients answered: of their texts, those that were published.

    A text that may quote words which may not leave stays here.
    """
    return _export(REACTIONS, format_, filters, why, call)


@router.get("/propositions.{format}", response_class=Response, responses=FILE)
def export_propositions(
    filters: Annotated[PropositionExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The propositions, how much speaks for and against them, and what became of them.

    No words of witnesses are in it, and no co-author but by their role.
    """
    return _export(PROPOSITIONS, format_, filters, why, call)


@router.get("/bundles.{format}", response_class=Response, responses=FILE)
def export_bundles(
    filters: Annotated[BundleExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The bundles: for whom, of what they are made, how far they went. No word of theirs."""
    return _export(BUNDLES, format_, filters, why, call)


@router.get("/releases.{format}", response_class=Response, responses=FILE)
def export_releases(
    filters: Annotated[ReleaseExport, Query()], format_: FormatPath, call: Call, why: Why = None
) -> Response:
    """The releases, recalled ones too: for whom each was published, and what became of it."""
    return _export(RELEASES, format_, filters, why, call)


@router.get("/codebook.qdc", response_class=Response, responses=CODEBOOK)
def export_codebook(
    filters: Annotated[CodebookExport, Query()], call: Call, why: Why = None
) -> Response:
    """A scheme's codebook for coding software: REFI-QDA, version 1.0."""
    with call.traced() as (db, me):
        export, content = service.make_codebook(db, filters, filters.purpose or why, by=me)
    headers = saved("codebook", export, service.QDC)
    return Response(content, 200, headers, CONTENT_TYPES[service.QDC])


@router.get("/{dataset}/dictionary", response_model=DictionaryOut)
def show_dictionary(dataset: str, call: Call) -> Response:
    """What the columns of a dataset mean, in the order of its header."""
    with call as (db, _):
        if not (found := DATASETS.get(dataset)):
            raise NotFound
        return call.shown(DictionaryOut, service.dictionary(db, found))


def _export(
    dataset: Dataset, format_: Format, filters: Whole, why: str | None, call: ApiCall
) -> Response:
    asked = Asked(dataset, format_, filters, filters.purpose or why, call.language)
    with call.traced() as (db, me):
        export = service.make(db, asked, by=me)
    stream = Stream(call.database, export, asked, me).start()
    return Exported(stream, dataset.name, format_, stream.media_type)
