"""What indicators count, and to whom they tell it exactly."""

from sqlalchemy import Select, or_

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.core.figures import Figures
from app.core.models import now
from app.core.settings import settings
from app.excerpts.models import Excerpt, ExcerptState
from app.excerpts.service import standing
from app.indicators.schemas import CorpusFilters
from app.testimonies.models import State, Testimony
from app.testimonies.queries import all_refused, filtered, sights


def accepted(filters: CorpusFilters, me: Caller) -> Select[Testimony]:
    """The accepted testimonies that the caller may read, and that pass the filters."""
    me.require(Permission.STUDY)
    rows = filtered(filters.of_testimonies())
    return rows.where(
        Testimony.state == State.ACCEPTED,
        or_(False, *sights(me)),
        Testimony.id.not_in(all_refused(now())),
    )


def quoted(filters: CorpusFilters, me: Caller) -> Select[Testimony]:
    """The valid excerpts of those testimonies: a row for each."""
    rows = accepted(filters, me).join(Excerpt, Excerpt.testimony_id == Testimony.id)
    return rows.where(Excerpt.state == ExcerptState.VALID, *standing())


def figures_for(me: Caller) -> Figures:
    """Empty figures: exact for who may export, without small cells for the others."""
    return Figures(0 if Permission.EXPORT in me.permissions else settings().figures_k_restricted)
