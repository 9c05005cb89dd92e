"""Which documents a form of restitution offers, besides the page and the archive of every form."""

from app.documents.edition import Document
from app.documents.event import EVENT
from app.documents.film import FILM
from app.documents.note import NOTE
from app.documents.panels import EXHIBITION

ARCHIVE, ARCHIVE_TYPE = "bundle.zip", "application/zip"

# By the code of the vocabulary; a form that is not here has its page, and its archive.
FORMS: dict[str, tuple[Document, ...]] = {
    "event": EVENT,
    "exhibition": EXHIBITION,
    "film": FILM,
    "filmed_interview": FILM,
    "note": (NOTE,),
}


def documents_of(form: str) -> tuple[Document, ...]:
    """What is composed for a release of this form, in this order."""
    return FORMS.get(form, ())


def is_heavy(form: str) -> bool:
    """Whether composing it keeps a core busy for long."""
    return any(document.is_heavy for document in documents_of(form))
