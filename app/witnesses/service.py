"""What can be done with witnesses: register them, disclose who they are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.models import Organization
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.pages import Order, matches
from app.core.problems import Invalid, NotFound, Problem
from app.places.service import require_territory, within
from app.schemes.service import require_scheme, require_terms
from app.witnesses.codes import new_pseudonym, new_receipt_code, receipt_hash
from app.witnesses.decision import is_too_young
from app.witnesses.models import Disclosure, Guardian, Identity, Witness
from app.witnesses.schemas import WitnessFilters, WitnessIn
from app.witnesses.vault import open_identity, seal
from app.workshops.service import require_open_workshop

LATEST_FIRST = Order(Witness.created_at, Witness.id, descending=True)
YOUNG = ("young_person", "eligible_young_person")
FIELD_ACTOR = "field_actor"


class TooYoung(Problem):
    """Nobody is heard here before the end of the year when they become 16."""

    status = 422


class WithdrawnWitness(Problem):
    """This person took back all that they had said."""

    status = 409


def visible_to(me: Caller) -> Select[Witness]:
    """Every witness this account may see, by pseudonym."""
    return select(Witness).where(or_(False, *me.sees(Witness)))


def search(me: Caller, filters: WitnessFilters) -> Sequence[Select[Witness]]:
    """The visible witnesses which pass the filters: a select for each right to see."""
    rows = filtered(filters)
    return [rows.where(right) for right in me.sees(Witness)]


def filtered(filters: WitnessFilters) -> Select[Witness]:
    """The witnesses which pass the filters, whoever may see them."""
    conditions = matches(Witness, filters, "scheme_id", "workshop_id", "role", "sector")
    if filters.territory_id:
        conditions.append(Witness.territory_id.in_(within(filters.territory_id)))
    return select(Witness).where(*conditions)


def find(db: Session, witness_id: UUID, by: Caller) -> Witness:
    """The witness, if `by` may see them; locked if they may be changed. Raises NotFound."""
    witness = db.scalar(locked(db, visible_to(by).where(Witness.id == witness_id)))
    if not witness:
        raise NotFound
    return witness


def require_witnesses(db: Session, ids: Sequence[UUID], scheme_id: UUID, by: Caller) -> None:
    """Raise Invalid at `#/witness_ids/…` for the first that `by` does not see in this scheme.

    Raises WithdrawnWitness for who took all back: nothing more is kept of them.
    """
    seen = visible_to(by).where(Witness.id.in_(ids), Witness.scheme_id == scheme_id)
    columns = seen.with_only_columns(Witness.id, Witness.withdrawn_at)
    known = {row.id: row.withdrawn_at for row in db.execute(columns)}
    for index, witness_id in enumerate(ids):
        if witness_id not in known:
            raise Invalid.at(f"#/witness_ids/{index}", "unknown_id")
        if known[witness_id]:
            raise WithdrawnWitness(pointer=f"#/witness_ids/{index}")


def register(db: Session, payload: WitnessIn, by: Caller) -> tuple[str, Witness]:
    """A new witness, and their receipt code. Raises TooYoung, WorkshopNotOpen."""
    by.require(Permission.HEAR_WITNESSES)
    _check(db, payload)
    owner, partner = by.organization_id, None
    if payload.workshop_id:
        workshop = require_open_workshop(db, payload.workshop_id, payload.scheme_id, by)
        by.require(Permission.HEAR_WITNESSES, at=workshop)
        owner, partner = workshop.owner_organization_id, workshop.partner_organization_id
    code = new_receipt_code()
    witness = Witness(
        **payload.model_dump(exclude={"identity"}),
        owner_organization_id=owner,
        partner_organization_id=partner,
        pseudonym=_free_pseudonym(db, payload.scheme_id),
        receipt_hash=receipt_hash(code),
    )
    db.add(witness)
    record(db, "witness.registered", on=witness, by=by, role=witness.role)
    if payload.identity:
        db.add(seal(witness.id, payload.identity.model_dump()))
    return code, witness


def disclose(db: Session, witness: Witness, reason: str, by: Caller) -> dict[str, Any]:
    """Who the witness is: one record, one audit event. Raises NotFound when nobody knows."""
    if by.permissions.isdisjoint({Permission.READ_AUDIT}):  # the custodian, everywhere
        by.require(Permission.DISCLOSE_IDENTITY, at=witness)
    by.require(Permission.DISCLOSE_IDENTITY)
    by.require_fresh_login()
    own = Identity.witness_id == witness.id, Identity.guardian_id.is_(None)
    identity = db.scalar(select(Identity).where(*own))
    if not identity:
        raise NotFound
    db.add(Disclosure(witness_id=witness.id, by_id=by.id, by_role=by.role, reason=reason))
    record(db, "identity.disclosed", on=witness, by=by)
    who = {"witness_id": witness.id, "guardians": _guardians(db, witness)}
    return {**open_identity(identity), **who}


def _guardians(db: Session, witness: Witness) -> list[dict[str, Any]]:
    """Who the guardians are whose names were given."""
    rows = (
        select(Guardian, Identity)
        .join(Identity, Identity.guardian_id == Guardian.id)
        .where(Guardian.witness_id == witness.id)
        .order_by(Guardian.created_at, Guardian.id)
    )
    return [
        {**open_identity(identity), "guardian_id": guardian.id, "relation": guardian.relation}
        for guardian, identity in db.execute(rows)
    ]


def _check(db: Session, payload: WitnessIn) -> None:
    require_scheme(db, payload.scheme_id)
    require_terms(
        db, ("#/role", "witness_roles", payload.role), ("#/sector", "sectors", payload.sector)
    )
    if payload.territory_id:
        require_territory(db, payload.territory_id)
    if payload.role in YOUNG and payload.birth_year is None:
        raise Invalid.at("#/birth_year", "birth_year_needed")
    if payload.birth_year is not None and is_too_young(payload.birth_year, now().date()):
        raise TooYoung
    organization = None
    if payload.organization_id:
        organization = db.get(Organization, payload.organization_id)
        if not organization:
            raise Invalid.at("#/organization_id", "unknown_id")
    if payload.role == FIELD_ACTOR and not (organization and organization.in_mapping):
        raise Invalid.at("#/organization_id", "not_in_mapping")


def _free_pseudonym(db: Session, scheme_id: UUID) -> str:
    """One that nobody has in this scheme; of two at the same instant, one is asked to retry."""
    while True:
        pseudonym = new_pseudonym()
        same = Witness.scheme_id == scheme_id, Witness.pseudonym == pseudonym
        if not db.scalar(select(Witness.id).where(*same)):
            return pseudonym
