"""Whether anything that was heard could answer an expectation.

Material is a valid excerpt, of an accepted testimony of the scheme,

- coded with a theme that the decision maker can act on, or with one that lies in it; with any, when
  they name no theme of this scheme;
- heard in their territory, or within it; anywhere, when they name none;
- which the gate lets out to the audience of the expectation, in their territory, for evaluation: as
  a text, or as a sound. In the wanted form; when none is wanted, in one of those that they prefer,
  else in any.

An expectation of nobody in particular asks the scheme and the gate alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from app.appearances.queries import Segment
from app.audiences.models import DecisionMaker
from app.audiences.service import themes_of
from app.codebook.models import Theme
from app.excerpts.models import Excerpt, ExcerptState, ExcerptTheme, SelectorType
from app.excerpts.service import readable, words_of
from app.gate.service import Use, WayOut, judge, media_shown
from app.places.service import within
from app.schemes.models import Term
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.transcripts.words import widened
from app.witnesses.decision import Purpose
from app.witnesses.queries import gives

BATCH = 50  # excerpts that the gate is asked about at once


@dataclass(frozen=True)
class _Wish:
    """What an answer would be made of. `theme_ids` None is any theme."""

    scheme_id: UUID
    audience: str
    forms: tuple[str, ...]
    territory_id: UUID | None
    theme_ids: frozenset[UUID] | None


@dataclass(frozen=True)
class _Reach:
    """What is known of a decision maker: of nobody in particular, nothing."""

    forms: tuple[str, ...] = ()
    territory_id: UUID | None = None
    theme_ids: tuple[UUID, ...] = ()


NOBODY = _Reach()


class Material:
    """Whether there is material, for many expectations at one moment: the same is asked once."""

    def __init__(self, db: Session, at: datetime) -> None:
        self._db, self._at = db, at
        self._reaches: dict[UUID, _Reach] = {}
        self._trees: dict[UUID, dict[UUID, UUID | None]] = {}
        self._found: dict[_Wish, bool] = {}
        self._all_forms: tuple[str, ...] = ()

    def there_is(
        self, scheme_id: UUID, audience: str, decision_maker_id: UUID | None, form: str | None
    ) -> bool:
        """Whether an excerpt could answer what these want."""
        reach = self._reach(decision_maker_id) if decision_maker_id else NOBODY
        forms = (form,) if form else reach.forms or self._forms()
        themes = self._below(scheme_id, reach.theme_ids)
        wish = _Wish(scheme_id, audience, forms, reach.territory_id, themes)
        if wish not in self._found:
            self._found[wish] = self._look(wish)
        return self._found[wish]

    def _look(self, wish: _Wish) -> bool:
        for excerpts in self._batches(wish):
            uses = [use for excerpt in excerpts for use in _ways(self._db, excerpt)]
            for form in wish.forms:
                way = WayOut(wish.audience, form, Purpose.EVALUATION, wish.territory_id)
                if any(verdict.allowed for verdict in judge(self._db, uses, way, self._at)):
                    return True
        return False

    def _batches(self, wish: _Wish) -> Iterator[Sequence[Excerpt]]:
        """The excerpts on the subject, of people who all gave something to this audience."""
        rows = _on_subject(wish).where(~self._without_consent(wish)).order_by(Excerpt.id)
        last = None
        while True:
            batch = rows.where(Excerpt.id > last) if last else rows
            found = self._db.scalars(batch.limit(BATCH)).all()
            if found:
                yield found
            if len(found) < BATCH:
                return
            last = found[-1].id

    def _without_consent(self, wish: _Wish) -> Any:
        """Whether somebody who speaks gave nothing: the gate need not be asked, it would say no."""
        speaks = TestimonyWitness.testimony_id == Excerpt.testimony_id
        given = gives(TestimonyWitness.witness_id, wish.audience, wish.forms, self._at)
        return exists(select(TestimonyWitness.id).where(speaks, ~given))

    def _reach(self, decision_maker_id: UUID) -> _Reach:
        if decision_maker_id not in self._reaches:
            row = self._db.get_one(DecisionMaker, decision_maker_id)
            themes = themes_of(self._db, [row.id]).get(row.id, [])
            reach = _Reach(tuple(row.preferred_forms), row.territory_id, tuple(themes))
            self._reaches[decision_maker_id] = reach
        return self._reaches[decision_maker_id]

    def _forms(self) -> tuple[str, ...]:
        if not self._all_forms:
            used = select(Term.code).where(Term.vocabulary == "forms", Term.retired.is_(False))
            self._all_forms = tuple(self._db.scalars(used.order_by(Term.code)))
        return self._all_forms

    def _below(self, scheme_id: UUID, theme_ids: Sequence[UUID]) -> frozenset[UUID] | None:
        """Those of these themes that are of this scheme, and all that lie in them; None for any."""
        if not theme_ids:
            return None
        if scheme_id not in self._trees:
            rows = select(Theme.id, Theme.parent_id).where(Theme.scheme_id == scheme_id)
            self._trees[scheme_id] = dict(self._db.execute(rows).all())
        parents = self._trees[scheme_id]
        ours = {theme_id for theme_id in theme_ids if theme_id in parents}
        added = set(ours)
        while added:
            added = {theme for theme, parent in parents.items() if parent in added} - ours
            ours |= added
        return frozenset(ours) or None


def _on_subject(wish: _Wish) -> Select[Excerpt]:
    rows = (
        select(Excerpt)
        .join(Testimony, Testimony.id == Excerpt.testimony_id)
        .where(
            Excerpt.scheme_id == wish.scheme_id,
            Excerpt.state == ExcerptState.VALID,
            *readable(),
            Testimony.state == State.ACCEPTED,
        )
    )
    if wish.territory_id:
        rows = rows.where(Testimony.territory_id.in_(within(wish.territory_id)))
    if wish.theme_ids is not None:
        coded = select(ExcerptTheme.id).where(
            ExcerptTheme.excerpt_id == Excerpt.id, ExcerptTheme.theme_id.in_(wish.theme_ids)
        )
        rows = rows.where(coded.exists())
    return rows


def _ways(db: Session, excerpt: Excerpt) -> Iterator[Use]:
    """How an excerpt can be shown at the least: what is read of it, and what is heard of it."""
    passage = excerpt.passage if excerpt.media_id else None
    if words_of(db, excerpt):
        yield _use(excerpt, "text", widened(*passage) if passage else None)
    if excerpt.selector is SelectorType.TIME:
        yield _use(excerpt, "audio", passage)


def _use(excerpt: Excerpt, show_as: str, passage: tuple[int, int] | None) -> Use:
    is_text = show_as == "text"
    media = media_shown(show_as, with_text=is_text, names_employer=excerpt.names_employer)
    segment = Segment(excerpt.media_id, *passage) if excerpt.media_id and passage else None
    return Use(excerpt.testimony_id, media, excerpt.restriction, segment)
