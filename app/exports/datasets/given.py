"""How far releases went: to how many they were given, and what recipients did."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select

from app.exports.columns import Column
from app.exports.datasets.base import count
from app.reactions.models import Reaction
from app.releases.models import Delivery


def given(
    of: Any, released: Callable[[SQLColumnExpression[Any]], ColumnElement[bool]]
) -> dict[str, ColumnElement[Any]]:
    """What `GIVEN` and `REVOKED_UNOPENED` read of each `of`.

    `released` says of an id whether it is of a release of it. A delivery stays that of the release
    it was given with; that of a wall was given to nobody.
    """

    def many(rows: Any, *which: ColumnElement[bool]) -> ColumnElement[Any]:
        its = select(func.count()).select_from(rows).where(*which)
        return its.correlate(of).scalar_subquery()

    def links(*which: ColumnElement[bool]) -> ColumnElement[Any]:
        return many(Delivery, released(Delivery.given_release_id), ~Delivery.is_wall, *which)

    revoked = Delivery.revoked_at.is_not(None)
    return {
        "deliveries": links(),
        "opened": links(Delivery.opened_at.is_not(None)),
        "acknowledged": links(Delivery.acknowledged_at.is_not(None)),
        "revoked": links(revoked),
        "reactions": many(Reaction, released(Reaction.release_id)),
        "revoked_unopened": links(revoked, Delivery.opened_at.is_(None)),
    }


def _deliveries(name: str, label_fr: str, label_en: str, rule: str) -> Column:
    return count(name, label_fr, label_en, "delivery", field="deliveries", rule=rule)


GIVEN = (
    _deliveries(
        "deliveries",
        "Envois",
        "Deliveries",
        "leur nombre, chacun avec la version pour laquelle il a été fait, même s'il en ouvre une "
        "autre depuis ; les codes d'une exposition ne comptent pas",
    ),
    _deliveries("opened", "dont ouverts", "of which opened", "nombre de ceux qui ont un opened_at"),
    _deliveries(
        "acknowledged",
        "dont il est accusé réception",
        "of which acknowledged",
        "nombre de ceux qui ont un acknowledged_at",
    ),
    _deliveries(
        "revoked", "dont révoqués", "of which revoked", "nombre de ceux qui ont un revoked_at"
    ),
    count(
        "reactions",
        "Réponses reçues",
        "Answers received",
        "answer",
        field="reactions.release_id",
        rule="leur nombre",
    ),
)
REVOKED_UNOPENED = _deliveries(
    "revoked_unopened",
    "dont révoqués sans avoir été ouverts : la réception ne les compte pas",
    "of which revoked before they were opened: reception does not count them",
    "nombre de ceux qui ont un revoked_at et pas d'opened_at",
)
