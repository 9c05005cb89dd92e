"""Whether a bundle gives back what was heard, and not one side of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.bundles.balance import UNKNOWN
from app.bundles.checks.case import Case, Finding, finding, percent
from app.bundles.coverage import absent, dominant
from app.core.settings import settings
from app.testimonies.models import Nature


def few_practices(case: Case) -> Iterator[Finding]:
    """What people do says more to who may act than how they feel."""
    natures, wanted = case.made_of.table("nature"), settings().practice_share_min
    total = sum(natures.values())
    share = (natures.get(Nature.PRACTICE, 0) / total) if total else 0
    if total and share < wanted:
        message = f"{percent(share)} de pratiques : moins que les {percent(wanted)} souhaités."
        yield finding("few-practices", message, share=round(share, 4))


def only_feelings(case: Case) -> Iterator[Finding]:
    """Nobody tells what they do, know or propose."""
    if case.made_of.table("nature").keys() == {Nature.FEELING}:
        message = "Rien que des ressentis : personne ne dit ce qui se fait, ni ce qu'il faudrait."
        yield finding("only-feelings", message)


def few_voices(case: Case) -> Iterator[Finding]:
    """Too few people to tell what is common from what is one person's."""
    least, count = settings().voices_min, len(case.voices)
    if case.sources and count < least:
        message = f"Peu de voix ({count}) : il en faut d'ordinaire {least} pour ne rien manquer."
        yield finding("few-voices", message, voices=count, least=least)


def one_voice(case: Case) -> Iterator[Finding]:
    """A bundle that is mostly one person's."""
    most = settings().voice_share_max
    what = "La même personne parle dans {share} des passages."
    yield from _dominating(case, "one-voice", what, case.voices, most)


def one_workshop(case: Case) -> Iterator[Finding]:
    """A bundle that is mostly what was said on one occasion."""
    most, workshops = settings().workshop_share_max, case.made_of.table("workshop")
    known = {id_: many for id_, many in workshops.items() if id_ != UNKNOWN}
    what = "{share} des passages viennent du même atelier."
    yield from _dominating(case, "one-workshop", what, known, most)


def one_point_of_view(case: Case) -> Iterator[Finding]:
    """Where one role speaks alone, nobody contradicts it."""
    roles = list(case.made_of.table("role"))
    if len(roles) == 1:
        [label] = case.named("witness_roles", roles)
        message = f"Un seul rôle parle ici ({label}) : personne n'y voit les choses autrement."
        yield finding("one-point-of-view", message, role=roles[0])


def roles_missing(case: Case) -> Iterator[Finding]:
    """Roles that were heard, and of which the bundle shows nobody."""
    roles = absent(case.made_of.table("role"), case.corpus.table("role"))
    if case.sources and roles:
        told = ", ".join(case.named("witness_roles", roles))
        message = f"Ces rôles ont été entendus, et ne parlent pas dans ce dossier : {told}."
        yield finding("roles-missing", message, roles=roles)


def _dominating(
    case: Case, code: str, what: str, counts: Mapping[Any, int], most: float
) -> Iterator[Finding]:
    for id_, passages in dominant(counts, case.made_of.count, most):
        share = passages / case.made_of.count
        message = what.format(share=percent(share))
        facts = {"id": id_, "passages": passages, "share": round(share, 4)}
        yield finding(code, message, **facts)
