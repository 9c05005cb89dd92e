"""Propositions, what speaks for and against them, what became of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, not_, select

from app.core.models import as_stored
from app.excerpts.models import Excerpt
from app.exports.columns import Column, each
from app.exports.datasets.base import (
    ANOMALY,
    CODED,
    CUT,
    SCHEME,
    Dataset,
    code,
    count,
    day_of,
    id_of,
    ids_that_leave,
    month_of,
    one_of,
    text,
    yes,
)
from app.exports.queries import children, confined, unopposed
from app.exports.schemas import Type
from app.propositions import queries as proposed
from app.propositions import service as propositions
from app.propositions.models import (
    CoAuthor,
    Competence,
    Evidence,
    EvidenceState,
    Proposition,
    PropositionState,
    Stance,
    Step,
)
from app.propositions.schemas import PropositionFilters
from app.propositions.steps import ENDED
from app.schemes.models import Scheme

P = Proposition


def _propositions(filters: PropositionFilters, _: datetime) -> Select[Any]:
    return propositions.filtered(filters).select_from(P).join(Scheme, Scheme.id == P.scheme_id)


def _last_day(*states: PropositionState) -> ColumnElement[Any]:
    """The day of the last step to one of these states."""
    days = select(day_of(Step.on)).where(Step.proposition_id == P.id, Step.state.in_(states))
    return days.order_by(Step.number.desc()).limit(1).correlate(P).scalar_subquery()


def _many(stance: Stance) -> ColumnElement[Any]:
    """How many excerpts were ever named that speak so, and were not let go."""
    rows = select(func.count()).where(Evidence.proposition_id == P.id, Evidence.stance == stance)
    return rows.correlate(P).scalar_subquery()


def _rests(stance: Stance) -> Callable[[datetime], ColumnElement[Any]]:
    """The excerpts that speak so, of those that may leave at a moment."""

    def at_moment(at: datetime) -> ColumnElement[Any]:
        rows = proposed.evidence(Evidence).where(
            Evidence.proposition_id == P.id,
            Evidence.stance == stance,
            proposed.evidence_state() == EvidenceState.VALID.value,
            Excerpt.restriction.is_(None),
            not_(confined()),
            unopposed(at),
        )
        return children(P, rows, Evidence.position, Evidence.excerpt_id)

    return at_moment


STEPS = "propositions/{proposition_id}/steps.on"
PROPOSITIONS = Dataset(
    name="propositions",
    rows=_propositions,
    order=propositions.LATEST_FIRST,
    reads={
        "id": as_stored(P.id),
        "scheme": Scheme.code,
        "workshop_id": as_stored(P.workshop_id),
        "kind": P.kind,
        "competence": as_stored(P.competence),
        "relayed": P.relayed_to.is_not(None),
        "title": P.title,
        "description": P.description,
        "experiment": P.experiment,
        "product": P.product,
        "state": func.coalesce(
            proposed.last_steps(cast(Step.state, String)), PropositionState.MARTYR.value
        ),
        "reason": proposed.last_steps(Step.reason),
        "proposed_on": _last_day(PropositionState.PROPOSED),
        "sent_on": _last_day(PropositionState.SENT),
        "due_on": day_of(P.due_on),
        "ended_on": _last_day(*ENDED),
        "co_author_roles": children(
            P,
            select(CoAuthor).where(CoAuthor.proposition_id == P.id),
            CoAuthor.position,
            CoAuthor.role,
        ),
        "co_written": proposed.is_co_written(),
        "evidence_for": _many(Stance.FOR),
        "evidence_against": _many(Stance.AGAINST),
    },
    reads_at={
        "overdue": lambda _: proposed.is_overdue(),
        "needs_review": lambda _: proposed.needs_review(),
        "excerpt_ids_for": _rests(Stance.FOR),
        "excerpt_ids_against": _rests(Stance.AGAINST),
    },
    columns=(
        id_of("id", "Proposition, dans cet export seulement", "Proposition, in this export only"),
        SCHEME,
        id_of("workshop_id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        code("kind", "Domaine", "Kind", "proposition_kinds"),
        one_of("competence", "Qui peut décider", "Who may decide", Competence),
        yes(
            "relayed",
            "Relayée à qui elle revient",
            "Relayed to whom it belongs",
            field="propositions.relayed_to",
            rule="vrai quand il y en a un",
        ),
        text("title", "Titre", "Title"),
        text("description", "Description", "Description"),
        text("experiment", "Essai", "Experiment"),
        text("product", "Ce que cela a produit", "Concrete product"),
        one_of("state", "État", "State", PropositionState),
        text(
            "reason",
            "Motif de la dernière étape",
            "Reason of the last step",
            field="propositions/{proposition_id}/steps.reason",
            rule="de la dernière étape",
        ),
        month_of(
            "proposed_on",
            "Mois où elle est proposée",
            "Month when it is proposed",
            field=STEPS,
            rule="mois de la dernière étape proposed",
        ),
        month_of(
            "sent_on",
            "Mois où elle est transmise",
            "Month when it is sent",
            field=STEPS,
            rule="mois de la dernière étape sent",
        ),
        month_of("due_on", "Mois prévu pour la réponse", "Month when an answer is planned"),
        month_of(
            "ended_on",
            "Mois où elle est adoptée, refusée ou abandonnée",
            "Month when it is adopted, refused or abandoned",
            field=STEPS,
            rule="mois de la dernière étape qui la termine",
        ),
        yes(
            "overdue",
            "En retard : réponse prévue avant ce jour, et pas venue",
            "Overdue: an answer was planned before today, and did not come",
        ),
        Column(
            "co_author_roles",
            "Rôle de chaque co-auteur",
            "Role of each co-author",
            Type.CODES,
            each("co_author_roles"),
            vocabularies=propositions.ROLES,
            field="propositions.co_authors",
            rule="leurs rôles, dans l'ordre",
        ),
        yes("co_written", "Co-écrite par des usagers", "Co-written by users"),
        count(
            "evidence_for",
            "Paroles pour",
            "Excerpts for it",
            "excerpt",
            field="propositions.evidence",
            rule="nombre d'extraits pour, même repris depuis",
        ),
        count(
            "evidence_against",
            "Paroles contre",
            "Excerpts against it",
            "excerpt",
            field="propositions.evidence",
            rule="nombre d'extraits contre, même repris depuis",
        ),
        ids_that_leave(
            "excerpt_ids_for",
            "Extraits pour, de ceux qui peuvent sortir, dans cet export seulement",
            "Excerpts for it, of those that may leave, in this export only",
            field="propositions.evidence",
            rule=CODED,
        ),
        ids_that_leave(
            "excerpt_ids_against",
            "Extraits contre, de ceux qui peuvent sortir, dans cet export seulement",
            "Excerpts against it, of those that may leave, in this export only",
            field="propositions.evidence",
            rule=CODED,
        ),
        yes(
            "needs_review",
            "À revoir : des paroles ont changé ou ne sont plus là",
            "To be reviewed: words have changed or are gone",
        ),
        CUT,
        ANOMALY,
    ),
)
