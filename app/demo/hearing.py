"""What was heard, decided, chosen and composed: the second step of the demo."""

from functools import cached_property
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Role
from app.audiences import expectations
from app.audiences import service as audiences
from app.audiences.schemas import DecisionMakerIn, ExpectationIn
from app.bundles import service as bundles
from app.bundles.schemas import BundleIn
from app.codebook import service as codebook
from app.codebook.reference import THEMES
from app.codebook.schemas import ThemeIn
from app.demo.stories import Known, Row, Stories
from app.excerpts import service as excerpts
from app.excerpts.schemas import ExcerptIn
from app.moderation import service as moderation
from app.moderation.models import Verdict
from app.moderation.schemas import DecisionIn
from app.places import service as places
from app.places.schemas import PlaceIn
from app.propositions import service as propositions
from app.propositions import steps
from app.propositions.schemas import PropositionIn, StepIn
from app.schemes import service as schemes
from app.schemes.schemas import SchemeIn
from app.testimonies import service as testimonies
from app.testimonies.models import State
from app.testimonies.schemas import TestimonyIn
from app.witnesses import consents, reference
from app.witnesses import service as witnesses
from app.witnesses.models import Notice, Witness
from app.witnesses.schemas import ConsentIn, WitnessIn
from app.workshops import service as workshops
from app.workshops.models import Workshop
from app.workshops.schemas import WorkshopIn

VERDICTS = {
    State.ACCEPTED: Verdict.ACCEPT,
    State.RETURNED: Verdict.RETURN,
    State.REJECTED: Verdict.REJECT,
}


class Hearing:
    """Tells the stories in one session, each deed by whoever does it in life."""

    def __init__(self, db: Session, stories: Stories, known: Known) -> None:
        self._db, self._stories, self._known = db, stories, known
        self._bodies: dict[str, str] = {}
        self.receipts: dict[str, tuple[str, str]] = {}

    def tell(self) -> None:
        """All of it. `receipts` are then the pseudonym and the receipt code of each witness."""
        self._frame()
        self._ask()
        for row in self._stories["workshops"]:
            plan = WorkshopIn(**self._described(row, "captured_by", "closed"))
            workshop = workshops.plan(self._db, plan, by=self._host(row["key"]))
            self._known.ids[row["key"]] = workshop.id
        for row in self._stories["witnesses"]:
            self._welcome(row)
        for row in self._stories["testimonies"]:
            self._deposit(row)
        for row in self._stories["workshops"]:
            if row["closed"]:
                workshop = self._db.get_one(Workshop, self._known.ids[row["key"]])
                workshops.close(self._db, workshop, by=self._host(row["key"]))
        self._give_sense()

    def _give_sense(self) -> None:
        """What editors make of what was heard."""
        for row in self._stories["excerpts"]:
            self._choose(row)
        for row in self._stories["bundles"]:
            self._compose(row)
        for row in self._stories["propositions"]:
            self._propose(row)

    @property
    def _editor(self) -> Caller:
        return self._known.role(Role.EDITOR)

    @cached_property
    def _hosts(self) -> dict[str, Caller]:
        rows = self._stories["workshops"]
        return {row["key"]: self._known.callers[row["captured_by"]] for row in rows}

    def _host(self, workshop: str) -> Caller:
        """Who receives people in this workshop."""
        return self._hosts[workshop]

    @cached_property
    def _notice_id(self) -> UUID:
        of_it = Notice.code == reference.CODE, Notice.language == "fr"
        newest = select(Notice.id).where(*of_it).order_by(Notice.version.desc())
        return self._db.scalars(newest).first() or UUID(int=0)

    def _described(self, row: Row, *left_out: str) -> Row:
        return {"scheme_id": self._known.ids["scheme"], **self._known.described(row, *left_out)}

    def _frame(self) -> None:
        db, ids, administrator = self._db, self._known.ids, self._known.role(Role.ADMINISTRATOR)
        (scheme,) = self._stories["scheme"]
        ids["scheme"] = schemes.add(db, SchemeIn(**scheme), by=administrator).id
        for row in THEMES:
            ids[row["key"]] = codebook.add(db, ThemeIn(**self._described(row)), by=self._editor).id
        for row in self._stories["places"]:
            place = PlaceIn(**self._known.described(row))
            ids[row["key"]] = places.add(db, place, by=administrator).id

    def _ask(self) -> None:
        """Ask those who can act what they want to know."""
        for row in self._stories["decision_makers"]:
            who = DecisionMakerIn(**self._known.described(row))
            self._known.ids[row["key"]] = audiences.add(self._db, who, by=self._editor).id
        for row in self._stories["expectations"]:
            wish = ExpectationIn(**self._described(row))
            noted = expectations.note(self._db, wish, by=self._editor)
            self._known.ids[row["key"]] = noted.id

    def _welcome(self, row: Row) -> None:
        """Register a witness, and note what they consent to."""
        me = self._host(row["workshop"])
        payload = WitnessIn(**self._described(row, "consents"))
        code, witness = witnesses.register(self._db, payload, by=me)
        self._known.ids[row["key"]] = witness.id
        self.receipts[row["key"]] = witness.pseudonym, code
        for said in row["consents"]:
            self._note(witness, said, me)

    def _note(self, witness: Witness, said: Row, me: Caller) -> None:
        payload = ConsentIn(notice_id=self._notice_id, **said)
        consents.note(self._db, witness, payload, by=me)

    def _deposit(self, row: Row) -> None:
        """Deposit a testimony, and bring it where it is on its way."""
        me, state = self._host(row["workshop"]), State(row["state"])
        payload = TestimonyIn(
            **self._described(row, "state", "reason", "video"),
            media_ids=[self._known.media[row["key"]]] if "video" in row else [],
        )
        testimony = testimonies.deposit(self._db, payload, by=me)
        self._known.ids[row["key"]] = testimony.id
        self._bodies[row["key"]] = testimony.body or ""
        if state is State.DRAFT:
            return
        testimonies.submit(self._db, testimony, by=me)
        if verdict := VERDICTS.get(state):
            decision = DecisionIn(verdict=verdict, reason_code=row.get("reason"))
            moderation.decide(self._db, testimony, decision, by=self._editor)

    def _choose(self, row: Row) -> None:
        """Choose an excerpt: of the words, or of the recording."""
        key = row["testimony"]
        if exact := row.get("exact"):
            start = self._bodies[key].index(exact)
            place = {"type": "text", "start": start, "end": start + len(exact), "exact": exact}
        else:
            place = {name: row[name] for name in ("start_ms", "end_ms")}
            place |= {"type": "time", "media_id": self._known.media[key]}
        described = self._known.described(row, "exact", "start_ms", "end_ms")
        payload = ExcerptIn(selector=place, **described)
        excerpt = excerpts.choose(self._db, payload, by=self._editor)
        self._known.ids[row["key"]] = excerpt.id

    def _compose(self, row: Row) -> None:
        sections = [
            section | {"items": [self._known.described(item) for item in section["items"]]}
            for section in row["sections"]
        ]
        afterwards = "published", "public_slug", "deliveries", "event"
        described = self._described(row, *afterwards, "sections")
        payload = BundleIn(sections=sections, **described)
        bundles.compose(self._db, payload, by=self._editor)

    def _propose(self, row: Row) -> None:
        """Write a proposition, and say what became of it."""
        parts = ("evidence", "co_authors")
        told = {part: [self._known.described(item) for item in row[part]] for part in parts}
        payload = PropositionIn(**self._described(row, *parts, "steps"), **told)
        proposition = propositions.write(self._db, payload, by=self._editor)
        for step in row["steps"]:
            steps.take(self._db, proposition, StepIn(**step), by=self._editor)
