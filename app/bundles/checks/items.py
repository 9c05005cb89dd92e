"""Whether each item is there to be shown, and whether somebody said why it is."""

from collections.abc import Iterator

from app.bundles.checks.case import Case, Finding, finding
from app.bundles.checks.consent import WHY
from app.bundles.models import ShowAs
from app.bundles.sources import Source, read_there
from app.excerpts.anchoring import is_said
from app.excerpts.models import Excerpt, ExcerptState


def none_at_all(case: Case) -> Iterator[Finding]:
    """Texts of the editor's own are nobody's words."""
    if not case.sources:
        yield finding("empty-bundle", "Ce dossier ne contient aucun passage.")


def unready(case: Case) -> Iterator[Finding]:
    """Items whose words changed since they were chosen, or that cannot be read or played yet."""
    for source in case.sources.values():
        item, excerpt = source.item, source.excerpt
        if excerpt and not _is_said(case, source, excerpt):
            message = "Le témoignage a changé sous cet extrait : relisez-le."
            yield finding("needs-review", message, item.id, excerpt_id=excerpt.id)
        if item.show_as is ShowAs.TEXT and excerpt and not read_there(case.db, source):
            message = "Ce passage n'a pas de transcription validée : il n'y a rien à lire."
            yield finding("no-words", message, item.id)
        if item.show_as is not ShowAs.TEXT and not source.file:
            yield finding("media-not-ready", "L'enregistrement n'est pas encore prêt.", item.id)
        if item.signed and not all(source.signatures.values()):
            message = "Une personne qui parle ici n'a pas, ou n'a plus, de signature."
            yield finding("no-signature", message, item.id)


def _is_said(case: Case, source: Source, excerpt: Excerpt) -> bool:
    """Whether nobody has to read it again; its source is asked too, for a release stays."""
    is_valid = excerpt.state is ExcerptState.VALID
    return is_valid and is_said(case.db, excerpt, source.testimony.body)


def no_introduction(case: Case) -> Iterator[Finding]:
    """Readers are not told what they are about to read."""
    if not case.bundle.introduction:
        yield finding("no-introduction", "Ce dossier n'a pas d'introduction.")


def no_selection_reason(case: Case) -> Iterator[Finding]:
    """Nobody will know later why these passages were chosen, and not others."""
    silent = [id_ for id_, source in case.sources.items() if not source.item.selection_reason]
    if silent:
        message = (
            f"Passages dont personne n'a dit pourquoi ils ont été choisis : {len(silent)} sur "
            f"{len(case.sources)}."
        )
        yield finding("no-selection-reason", message, items=silent)


def captions(case: Case) -> Iterator[Finding]:
    """Recordings that cannot be read beside, or not in whole."""
    for source in case.sources.values():
        if source.item.show_as is not ShowAs.TEXT:
            yield from _about_captions(source)


def _about_captions(source: Source) -> Iterator[Finding]:
    if source.unread:
        message = f"Sans sous-titres : les paroles ne peuvent pas être lues. {WHY[source.unread]}"
        yield finding("no-captions", message, source.item.id, reason=source.unread)
    elif not source.captions:
        message = "Cet enregistrement n'a pas de sous-titres : validez une transcription."
        yield finding("no-captions", message, source.item.id)
    elif source.captions.cut:
        message = (
            "Les sous-titres sont incomplets : des segments de la transcription commencent avant "
            "le passage ou finissent après lui. Coupez-les aux bornes du passage."
        )
        yield finding("captions-cut", message, source.item.id, segments=source.captions.cut)
