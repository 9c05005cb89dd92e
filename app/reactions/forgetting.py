"""What is forgotten of reactions: their texts, which may quote witnesses, and are recipients' own.

That somebody answered, how far they committed themselves and what they thought of the form stays.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.db import locked
from app.excerpts.models import Excerpt
from app.excerpts.service import words_of
from app.lineage.service import forget
from app.reactions.models import Reaction
from app.releases.models import Release, ReleaseItem
from app.releases.quoting import unquoted
from app.releases.service import signatures_in
from app.testimonies.models import Testimony


def unquote(db: Session, ids: Collection[UUID]) -> None:
    """Some words that these reactions may quote are about to be erased.

    The text of a reaction to an item goes whole: it is about these words. One to all of a release
    keeps what it says, but not what it repeats of the words it was about.
    """
    for reaction in db.scalars(locked(db, select(Reaction).where(Reaction.id.in_(ids)))):
        if reaction.item_id:
            reaction.text = reaction.public_text = None
            forget(db, Reaction.__tablename__, [reaction.id])
            continue
        _leave_out(reaction, *words_read(db, reaction))


def unsign(db: Session, unsigned: Mapping[UUID, Sequence[str]]) -> None:
    """Releases show these signatures no more: what was answered to them repeats none of them."""
    rows = select(Reaction).where(Reaction.release_id.in_(unsigned))
    for reaction in db.scalars(locked(db, rows)):
        _leave_out(reaction, [], unsigned[reaction.release_id])


def old_texts(before: datetime) -> Select[UUID]:
    """The reactions of before this moment of which the text, as it was written, is still there."""
    return select(Reaction.id).where(Reaction.created_at <= before, Reaction.text.is_not(None))


def forget_texts(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Of these, only what was published stays, for the witnesses."""
    for reaction in db.scalars(locked(db, select(Reaction).where(Reaction.id.in_(ids)))):
        reaction.public_text = reaction.told if reaction.published_at else None
        reaction.text = None
    return []


def words_read(db: Session, reaction: Reaction) -> tuple[list[str], list[str]]:
    """All that the recipient read in the release, as far as it is still there; and who signed."""
    read = select(ReleaseItem).where(ReleaseItem.release_id == reaction.release_id)
    found: list[str | None] = []
    for item in db.scalars(read):
        if item.excerpt_id:
            excerpt = db.get_one(Excerpt, item.excerpt_id)
            found += [words_of(db, excerpt), excerpt.exact]
        else:
            found.append(db.get_one(Testimony, item.testimony_id).body)
    signatures = signatures_in(db.get_one(Release, reaction.release_id).content)
    return [text for text in found if text], signatures


def _leave_out(reaction: Reaction, words: Sequence[str], signatures: Sequence[str]) -> None:
    for name in ("text", "public_text"):
        if said := getattr(reaction, name):
            setattr(reaction, name, unquoted(said, words, signatures))
