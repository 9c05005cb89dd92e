"""From discourse to speech: the questions of the vocabulary `follow_ups` that suit a testimony.

The facts of such a term are `methods` and `when`, lists of codes: the methods that it is for, and
the signs that it may settle. Without `methods` it is for all, without `when` for any moment.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.moderation.candor import of_testimony
from app.moderation.speech import Sign, unsettled
from app.schemes.models import Term
from app.testimonies.models import Testimony

VOCABULARY = "follow_ups"
MOST = 50  # questions of one answer: nobody asks more


def suggest(db: Session, testimony: Testimony) -> dict[str, Any]:
    """What to ask next: the questions for its method that may settle what is not settled yet."""
    candor = of_testimony(db, testimony)
    left = unsettled(candor.noted if candor else {})
    rows = select(Term.code, Term.label_fr, Term.label_en, Term.facts).where(
        Term.vocabulary == VOCABULARY, Term.retired.is_(False)
    )
    questions = []
    for code, label_fr, label_en, facts in db.execute(rows.order_by(Term.position, Term.id)):
        methods, when = _codes(facts, "methods"), _codes(facts, "when")
        if (methods and testimony.method not in methods) or (when and not {*when} & {*left}):
            continue
        told = [sign for sign in Sign if sign in when]
        questions.append({"code": code, "label_fr": label_fr, "label_en": label_en, "when": told})
    return {
        "testimony_id": testimony.id,
        "method": testimony.method,
        "level": candor and candor.level,
        "unsettled": left,
        "questions": questions[:MOST],
    }


def _codes(facts: dict[str, Any], name: str) -> list[str]:
    """The codes of this fact, which people write: one alone may stand without a list."""
    found = facts.get(name, [])
    return found if isinstance(found, list) else [str(found)]
