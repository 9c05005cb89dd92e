"""A scheme in which people were heard who all consent to exports, and whatever must not count."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from app.exports.queries import EXPORTED
from app.testimonies.models import Nature, State, Testimony
from app.witnesses.decision import Cell, Medium, Purpose, Verb
from app.witnesses.models import Witness
from app.workshops.models import Kind
from tests.make import Make

READING = Cell(Medium.ANONYMOUS_TEXT, "team", "web_page", Purpose.EVALUATION)
HIDDEN = {"value": None, "suppressed": True}
PRACTICE = {"actor": "le tuteur", "action": "montre", "occasion": "le premier jour"}
Willing = Callable[..., Witness]


@pytest.fixture
def willing(make: Make) -> Willing:
    """A witness who consents to exports."""

    def willing(**given: Any) -> Witness:
        witness = make.witness(**given)
        make.consent(witness, EXPORTED)
        return witness

    return willing


@pytest.fixture
def noise(make: Make, willing: Willing) -> Callable[[], None]:
    """Whatever must appear in no figure of `make.the_scheme`: of each sort one, quoted."""

    def noise() -> None:
        about = {"method": "survey", "nature": Nature.INFORMATION, "sector": "health"}
        for state in (State.SUBMITTED, State.RETURNED, State.REJECTED, State.WITHDRAWN):
            make.excerpt(make.testimony(state=state, witnesses=[willing()], **about))
        make.testimony(state=State.DRAFT, witnesses=[willing()], **about)
        refuses = willing(role="field_actor")
        make.consent(refuses, READING, EXPORTED, verb=Verb.REFUSE)
        make.excerpt(make.testimony(witnesses=[refuses, willing()], **about))
        elsewhere = make.workshop(scheme_id=make.scheme().id)
        theirs = willing(workshop=elsewhere, role="support_worker")
        make.excerpt(make.testimony(workshop=elsewhere, witnesses=[theirs], **about))

    return noise


@pytest.fixture
def heard(make: Make, willing: Willing, noise: Callable[[], None]) -> list[Testimony]:
    """Nine testimonies of eight people, in three departments, of all sorts; and noise."""
    films = make.workshop(kind=Kind.WORKSHOP)
    talks = make.workshop(kind=Kind.INTERVIEW)
    young = [willing(workshop=films, role="young_person", birth_year=y) for y in (1996, 1992, 1988)]
    tutor, other = willing(workshop=films), willing(workshop=talks)
    boss = willing(workshop=talks, role="employer")
    old = willing(workshop=talks, role="field_actor", birth_year=1960)
    late = willing(workshop=films, role="young_person")
    hours, pay = make.theme(name="Horaires"), make.theme(name="Salaire")
    var, digne = make.territory("83126").id, make.territory("04070").id
    region, town = make.territory("93").id, make.territory("13055").id

    def says(*witnesses: Witness, **given: Any) -> Testimony:
        given = {"workshop": films, "method": "video", "territory_id": var} | given
        return make.testimony(witnesses=list(witnesses), **given)

    talk = {"workshop": talks, "method": "interview", "territory_id": digne}
    said = [
        says(young[0], nature=Nature.FEELING, themes=[hours], sector="sport"),
        says(young[0], young[1], nature=Nature.FEELING, themes=[hours, pay]),
        says(young[1], tutor, recorded_on=date(2013, 6, 3), nature=Nature.PRACTICE),
        says(young[2], recorded_on=date(2014, 1, 15), territory_id=town, sector="culture"),
        says(late, territory_id=None),
        says(boss, nature=Nature.PRACTICE, sector="culture", themes=[pay], **talk),
        says(boss, nature=Nature.IDEA, **talk),
        says(old, other, **talk | {"territory_id": region}, nature=Nature.MIXED),
        says(other, **talk | {"method": "paper"}),
    ]
    make.candor(said[0], first_person=True, concrete_episode=True)
    make.candor(said[1], prepared_text=True)
    make.candor(said[5])
    for place, nature in ((0, Nature.PRACTICE), (0, Nature.IDEA), (5, Nature.FEELING)):
        practice = PRACTICE if nature is Nature.PRACTICE else None
        make.excerpt(said[place], nature=nature, practice=practice)
    noise()
    return said
