"""What can be done with targets: say whom a scheme wants to hear, and where, all at once."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.problems import Invalid
from app.indicators.models import Target
from app.indicators.schemas import TargetIn
from app.places.models import Level
from app.places.service import require_territory
from app.schemes.models import Scheme
from app.schemes.service import require_terms


def of_scheme(db: Session, scheme: Scheme) -> Sequence[Target]:
    """The targets of this scheme, by role."""
    rows = select(Target).where(Target.scheme_id == scheme.id)
    return db.scalars(rows.order_by(Target.role, Target.territory_id)).all()


def set_targets(db: Session, scheme: Scheme, targets: Sequence[TargetIn], by: Caller) -> None:
    """These are the targets of a scheme, and no others. Raises Invalid at the first mistake."""
    by.require(Permission.MANAGE_FRAME)
    _require_sound(db, targets)
    db.execute(delete(Target).where(Target.scheme_id == scheme.id))
    db.add_all(Target(scheme_id=scheme.id, **target.model_dump()) for target in targets)
    scheme.touch()
    told = [target.model_dump(mode="json") for target in targets]
    record(db, "targets.set", on=scheme, by=by, targets=told)


def _require_sound(db: Session, targets: Sequence[TargetIn]) -> None:
    require_terms(db, *((f"#/{i}/role", "witness_roles", t.role) for i, t in enumerate(targets)))
    seen = set()
    for index, target in enumerate(targets):
        territory = require_territory(db, target.territory_id, f"#/{index}/territory_id")
        if territory.level is not Level.DEPARTMENT:
            raise Invalid.at(f"#/{index}/territory_id", "not_a_department")
        if (target.role, target.territory_id) in seen:
            raise Invalid.at(f"#/{index}", "named_twice")
        seen.add((target.role, target.territory_id))
