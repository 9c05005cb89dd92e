"""Codebooks that come from files and go into them.

An import adds and changes; what the file does not tell stays, and nothing is removed. So the same
file twice changes nothing more.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.codebook import files
from app.codebook.files import WHERE
from app.codebook.models import Theme
from app.codebook.reference import THEMES
from app.codebook.schemas import Entry, Format, ImportIn, Outcome
from app.codebook.service import MOST, lock_tree
from app.codebook.tree import level_of, require_shape
from app.core.db import locked
from app.core.models import now
from app.core.problems import Conflict, Invalid
from app.schemes.models import Scheme

DESCRIBED = ("definition", "examples", "counter_examples", "color")
Entries = Sequence[tuple[int, Entry]]


@dataclass(frozen=True)
class Step:
    """What an entry comes to: the theme, the values that change, those of a new one included."""

    line: int
    theme: Theme
    is_new: bool
    values: dict[str, Any]

    @property
    def outcome(self) -> Outcome:
        if self.is_new:
            return Outcome.CREATED
        return Outcome.CHANGED if self.values else Outcome.LEFT

    def told(self) -> dict[str, Any]:
        """An `ImportedThemeOut`."""
        fields = [] if self.is_new else sorted(self.values)
        shown = {"line": self.line, "name": self.theme.name, "outcome": self.outcome}
        return shown | {"fields": fields}


def written(db: Session, scheme_id: UUID, format_: Format, delimiter: str) -> bytes:
    """The codebook of this scheme as a file: retired themes too, but none that was merged."""
    rows = select(Theme).where(Theme.scheme_id == scheme_id, Theme.merged_into_id.is_(None))
    return files.write(list(db.scalars(rows)), format_, delimiter)


def bring_in(
    db: Session, scheme: Scheme, payload: ImportIn, dry_run: bool, by: Caller
) -> dict[str, Any]:
    """Add and change the themes that a file tells; with `dry_run`, only say which: an `ImportOut`.

    Raises Invalid where the file is wrong: then nothing is done.
    """
    by.require(Permission.CODE)
    entries = files.read(payload.content, payload.format)
    steps = _plan(db, scheme, entries)
    counts = Counter(str(step.outcome) for step in steps)
    if not dry_run and (counts[Outcome.CREATED] or counts[Outcome.CHANGED]):
        _apply(db, steps, by)
        record(db, "codebook.imported", on=scheme, by=by, format=payload.format, **counts)
    return _report(steps, dry_run)


def start(db: Session, scheme: Scheme, dry_run: bool, by: Caller) -> dict[str, Any]:
    """Add those themes of the diary that the codebook has not yet: an `ImportOut`."""
    by.require(Permission.CODE)
    told = [{name: theme[name] for name in ("name", *DESCRIBED)} for theme in THEMES]
    entries = [(number, Entry(**theme)) for number, theme in enumerate(told, 1)]
    known = _known(db, scheme)
    steps = _plan(db, scheme, [(n, entry) for n, entry in entries if entry.name not in known])
    left = [Step(n, known[e.name], False, {}) for n, e in entries if e.name in known]
    if steps and not dry_run:
        _apply(db, steps, by)
        record(db, "codebook.started", on=scheme, by=by, created=len(steps))
    return _report(sorted([*steps, *left], key=lambda step: step.line), dry_run)


def _known(db: Session, scheme: Scheme) -> dict[str, Theme]:
    rows = locked(db, select(Theme).where(Theme.scheme_id == scheme.id))
    return {theme.name: theme for theme in db.scalars(rows.order_by(Theme.id))}


def _plan(db: Session, scheme: Scheme, entries: Entries) -> list[Step]:
    """What to do for each entry. Raises Invalid when what comes out is no codebook."""
    parents = lock_tree(db, scheme.id)
    known = _known(db, scheme)
    new = {e.name: Theme(id=uuid4(), scheme_id=scheme.id, name=e.name) for _, e in entries}
    themes = new | known
    if len(themes) > MOST:
        raise Invalid.at(WHERE, "too_many_themes", most=MOST)
    steps = []
    for line, entry in entries:
        theme, is_new = themes[entry.name], entry.name not in known
        parent_id = _parent(line, entry, theme, themes)
        if not theme.merged_into_id:
            parents[theme.id] = parent_id
        values = _values(entry, theme, is_new, parent_id)
        steps.append(Step(line, theme, is_new, values))
    try:
        require_shape(parents, WHERE)
    except Conflict:
        raise Invalid.at(WHERE, "within_itself") from None
    return sorted(steps, key=lambda step: level_of(parents, step.theme.id))


def _parent(line: int, entry: Entry, theme: Theme, themes: dict[str, Theme]) -> UUID | None:
    """The theme that this one lies in: of one that was merged, the one that took over from it."""
    if "parent" not in entry.model_fields_set:
        return theme.parent_id
    if entry.parent is None:
        return None
    if not (parent := themes.get(entry.parent)):
        raise Invalid.at(WHERE, "unknown_parent", line=line, name=entry.parent)
    return parent.merged_into_id or parent.id


def _values(entry: Entry, theme: Theme, is_new: bool, parent_id: UUID | None) -> dict[str, Any]:
    """What becomes different. A new theme without a definition is defined by its name."""
    if theme.merged_into_id:
        return {}
    if is_new:
        told = {name: getattr(entry, name) for name in (*DESCRIBED, "retired")}
        return told | {"definition": entry.definition or entry.name, "parent_id": parent_id}
    told = {name: getattr(entry, name) for name in DESCRIBED if name in entry.model_fields_set}
    told |= {"parent_id": parent_id}
    return {name: value for name, value in told.items() if getattr(theme, name) != value}


def _apply(db: Session, steps: Sequence[Step], by: Caller) -> None:
    """Those that others lie in come first."""
    for step in steps:
        values = dict(step.values)
        if values.pop("retired", False):
            step.theme.retired_at, step.theme.retired_by_id = now(), by.id
        for name, value in values.items():
            setattr(step.theme, name, value)
        if step.is_new:
            db.add(step.theme)


def _report(steps: Sequence[Step], dry_run: bool) -> dict[str, Any]:
    in_order = sorted(steps, key=lambda step: step.line)
    counts = {str(outcome): 0 for outcome in Outcome}
    counts |= Counter(str(step.outcome) for step in steps)
    return {"dry_run": dry_run, **counts, "themes": [step.told() for step in in_order]}
