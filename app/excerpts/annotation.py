"""An excerpt as a W3C Web Annotation, for software that knows nothing of this one.

Web Annotation Data Model, W3C Recommendation of 23 February 2017: a `TextPositionSelector` counts
Unicode code points (section 4.2.5), as everything does here. Passages of a recording are Media
Fragments, in seconds of normal play time (Media Fragments URI 1.0, section 4.2.1).
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.codebook.models import Theme
from app.core.schemas import Out
from app.core.settings import settings
from app.excerpts.models import Excerpt, ExcerptState, ExcerptTheme
from app.excerpts.service import find, shown

MEDIA_TYPE = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'
CONTEXT = "http://www.w3.org/ns/anno.jsonld"
FRAGMENTS = "http://www.w3.org/TR/media-frags/"
PLAIN = "text/plain"


class TextualBody(Out):
    """What is said of the passage: its nature, a theme, or a note."""

    type: Literal["TextualBody"] = "TextualBody"
    value: str
    format: Literal["text/plain"] = "text/plain"
    purpose: Literal["classifying", "tagging", "commenting"]


class TextQuoteSelector(Out):
    """The words, and what stands around them."""

    type: Literal["TextQuoteSelector"] = "TextQuoteSelector"
    exact: str
    prefix: str
    suffix: str


class TextPositionSelector(Out):
    """Where they stand, in code points of the text of the source."""

    type: Literal["TextPositionSelector"] = "TextPositionSelector"
    start: int
    end: int


class FragmentSelector(Out):
    """When it is seen or heard, in seconds: `t=1.2,5`."""

    type: Literal["FragmentSelector"] = "FragmentSelector"
    conforms_to: Literal["http://www.w3.org/TR/media-frags/"] = Field(
        "http://www.w3.org/TR/media-frags/", alias="conformsTo"
    )
    value: str

    model_config = ConfigDict(serialize_by_alias=True)


class SpecificResource(Out):
    """A passage of a source: all selectors select the same. Without any, nobody knows where."""

    type: Literal["SpecificResource"] = "SpecificResource"
    source: str
    selector: list[TextQuoteSelector | TextPositionSelector | FragmentSelector] = Field(
        exclude_if=lambda selectors: not selectors
    )


class WebAnnotationOut(Out):
    """A W3C Web Annotation. `source` is the testimony, the transcript or the media of the passage.

    Positions are code points of the body, or of the texts of the segments joined by one line feed.
    The words are left out for who may not read what was edited out of them; positions, when it
    needs a review.
    """

    context: Literal["http://www.w3.org/ns/anno.jsonld"] = Field(alias="@context")
    id: str
    type: Literal["Annotation"]
    motivation: Literal["classifying"]
    created: datetime
    modified: datetime
    body: list[TextualBody]
    target: SpecificResource

    model_config = ConfigDict(serialize_by_alias=True)


def find_annotation(db: Session, excerpt_id: UUID, by: Caller) -> tuple[Excerpt, dict[str, Any]]:
    """An excerpt, and an `WebAnnotationOut`: what `by` may read of it. Raises NotFound."""
    excerpt = find(db, excerpt_id, by)
    seen = shown(db, excerpt, by)
    return excerpt, {
        "@context": CONTEXT,
        "id": _address("excerpts", f"{excerpt.id}/annotation"),
        "type": "Annotation",
        "motivation": "classifying",
        "created": excerpt.created_at,
        "modified": excerpt.updated_at,
        "body": _body(db, excerpt, seen["memo"]),
        "target": _target(excerpt, seen["selector"]),
    }


def _body(db: Session, excerpt: Excerpt, memo: str | None) -> list[TextualBody]:
    said = [TextualBody(value=excerpt.nature, purpose="classifying")]
    said += [TextualBody(value=name, purpose="tagging") for name in _themes(db, excerpt)]
    return said + ([TextualBody(value=memo, purpose="commenting")] if memo else [])


def _themes(db: Session, excerpt: Excerpt) -> list[str]:
    names = (
        select(Theme.name)
        .join(ExcerptTheme, ExcerptTheme.theme_id == Theme.id)
        .where(ExcerptTheme.excerpt_id == excerpt.id)
        .order_by(ExcerptTheme.position)
    )
    return list(db.scalars(names))


def _target(excerpt: Excerpt, selector: dict[str, Any]) -> SpecificResource:
    if selector["type"] == "time":
        moments = f"t={_seconds(selector['start_ms'])},{_seconds(selector['end_ms'])}"
        passage = FragmentSelector(conformsTo=FRAGMENTS, value=moments)
        source = _address("media", selector["media_id"])
        return SpecificResource(source=source, selector=[passage])
    found: list[Any] = []
    if exact := selector["exact"]:
        around = {name: selector[name] or "" for name in ("prefix", "suffix")}
        found.append(TextQuoteSelector(exact=exact, **around))
    if excerpt.state is ExcerptState.VALID:
        found.append(TextPositionSelector(start=selector["start"], end=selector["end"]))
    if excerpt.transcript_id:
        return SpecificResource(
            source=_address("transcripts", excerpt.transcript_id), selector=found
        )
    return SpecificResource(source=_address("testimonies", excerpt.testimony_id), selector=found)


def _address(collection: str, of: object) -> str:
    return f"{settings().base_url.rstrip('/')}/api/v1/{collection}/{of}"


def _seconds(ms: int) -> str:
    """1200 -> `1.2`, without the rounding of a float."""
    return f"{ms // 1000}.{ms % 1000:03d}".rstrip("0").rstrip(".")
