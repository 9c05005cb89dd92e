"""What recipients answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select
from sqlalchemy.orm import aliased

from app.core.models import as_stored
from app.exports.columns import Column, as_read
from app.exports.datasets.base import (
    ANOMALY,
    CUT,
    SCHEME,
    Dataset,
    code,
    count,
    day_of,
    id_of,
    month_of,
    one_of,
    text,
    yes,
)
from app.exports.queries import confined
from app.exports.schemas import Type
from app.reactions import service as reactions
from app.reactions.models import Commitment, Reaction
from app.reactions.schemas import ReactionFilters
from app.schemes.models import Scheme


def _reactions(filters: ReactionFilters, _: datetime) -> Select[Any]:
    rows = reactions.filtered(filters).select_from(Reaction)
    return rows.join(Scheme, Scheme.id == Reaction.scheme_id)


def _answer() -> ColumnElement[Any]:
    """What was published, unless it may quote words that may not leave at this moment."""
    told = func.coalesce(Reaction.public_text, Reaction.text)
    leaves = Reaction.published_at.is_not(None), ~reactions.may_quote(confined())
    return case((and_(*leaves), told), else_=null())


def _number() -> ColumnElement[Any]:
    """Which answer of its recipient it is, the first of them 1."""
    before = aliased(Reaction)
    earlier = before.created_at < Reaction.created_at
    at_once = and_(before.created_at == Reaction.created_at, before.id <= Reaction.id)
    rows = select(func.count()).where(
        before.delivery_id == Reaction.delivery_id, or_(earlier, at_once)
    )
    return rows.correlate(Reaction).scalar_subquery()


REACTIONS = Dataset(
    name="reactions",
    rows=_reactions,
    order=reactions.LATEST_FIRST,
    reads={
        "id": as_stored(Reaction.id),
        "scheme": Scheme.code,
        "release_id": as_stored(Reaction.release_id),
        "delivery_id": as_stored(Reaction.delivery_id),
        "item_id": as_stored(Reaction.item_id),
        "audience": Reaction.audience,
        "form": Reaction.form,
        "form_rating": Reaction.form_rating,
        "understood": Reaction.understood,
        "surprised": Reaction.surprised,
        "commitment": as_stored(Reaction.commitment),
        "text": _answer(),
        "published": Reaction.published_at.is_not(None),
        "answered_on": day_of(Reaction.created_at),
        "number": _number(),
    },
    columns=(
        id_of("id", "Réaction, dans cet export seulement", "Reaction, in this export only"),
        SCHEME,
        id_of("release_id", "Publication, dans cet export", "Release, in this export only"),
        id_of("delivery_id", "Envoi, dans cet export seulement", "Delivery, in this export only"),
        id_of(
            "item_id",
            "Élément du dossier, dans cet export ; vide : tout le dossier",
            "Item, in this export only; empty: all of the release",
        ),
        code("audience", "Public", "Audience", "audiences"),
        code("form", "Forme", "Form", "forms"),
        Column(
            "form_rating",
            "Note de la forme",
            "Rating of the form",
            Type.INTEGER,
            as_read("form_rating"),
            unit="1-5",
            values=tuple("12345"),
        ),
        yes("understood", "A compris", "Understood"),
        yes("surprised", "A été surpris", "Surprised"),
        one_of("commitment", "Engagement", "Commitment", Commitment),
        text(
            "text",
            "Réponse publiée",
            "Published answer",
            rule="public_text s'il y en a un ; vide tant qu'elle n'est pas publiée, et quand elle "
            "peut citer des mots qui ne sortent pas",
        ),
        yes(
            "published",
            "Publiée",
            "Published",
            field="reactions.published_at",
            rule="vrai quand il y en a une",
        ),
        month_of(
            "answered_on", "Mois de la réponse", "Month of the answer", field="reactions.created_at"
        ),
        CUT,
        ANOMALY,
        count(
            "number",
            "Rang parmi les réponses du même destinataire, la première d'abord",
            "Its place among the answers of the same recipient, the first first",
            "rank",
            field="reactions.created_at",
            rule="rang parmi celles du même delivery_id, à partir de 1",
        ),
    ),
)
