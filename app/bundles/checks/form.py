"""What each form asks for. A form without a rule here, one of a project's own, has none."""

from collections.abc import Iterator

from app.bundles.checks.case import Case, Finding, finding
from app.bundles.models import ShowAs
from app.bundles.service import sections_of
from app.bundles.sources import read_there
from app.core.settings import settings

FILMED = {"film", "filmed_interview"}
EXHIBITION, NOTE = "exhibition", "note"


def no_recording(case: Case) -> Iterator[Finding]:
    """A film of nothing but cards to read is no film."""
    shown = {source.item.show_as for source in case.sources.values()}
    if case.bundle.form in FILMED and case.sources and shown <= {ShowAs.TEXT}:
        [label] = case.named("forms", [case.bundle.form])
        message = (
            f"Aucun passage filmé ou enregistré : cette forme ({label}) en demande au moins un."
        )
        yield finding("no-recording", message)


def long_quotes(case: Case) -> Iterator[Finding]:
    """On a panel, people read standing, and walk on."""
    most = settings().panel_words_max
    if case.bundle.form != EXHIBITION:
        return
    for source in case.sources.values():
        if source.item.show_as is ShowAs.TEXT:
            words = _words(read_there(case.db, source))
            if words > most:
                message = f"{words} mots sur un panneau : au-delà de {most}, on ne lit plus debout."
                yield finding("long-quote", message, source.item.id, words=words, most=most)


def long_note(case: Case) -> Iterator[Finding]:
    """A note is read between two meetings."""
    most = settings().note_words_max
    if case.bundle.form != NOTE:
        return
    words = _words_of_note(case)
    if words > most:
        message = f"{words} mots : une note de plus de {most} mots n'est guère lue jusqu'au bout."
        yield finding("long-note", message, words=words, most=most)


def _words_of_note(case: Case) -> int:
    """All that is read in it: quotes, captions, the editor's own texts and titles."""
    texts = [case.bundle.introduction]
    for section in sections_of(case.db, case.bundle.id):
        texts += [section["title"], section["text"]]
        texts += [text for item in section["items"] for text in (item.text, item.caption)]
    texts += [
        read_there(case.db, source)
        for source in case.sources.values()
        if source.item.show_as is ShowAs.TEXT
    ]
    return sum(map(_words, texts))


def _words(text: str | None) -> int:
    return len((text or "").split())
