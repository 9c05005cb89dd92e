"""Ready-made rows for tests: say what matters, the rest is made up.

Each is committed at once, as if an earlier request had made it.
"""

from datetime import date, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.authentication import SESSION, TOKEN, fingerprint
from app.accounts.models import Account, ApiToken, LoginSession, Organization
from app.accounts.models import Kind as OrganizationKind
from app.accounts.permissions import Role
from app.annotations.models import Annotation, AnnotationKind
from app.appearances.models import Appearance, AppearanceKind
from app.audiences.models import DecisionMaker, DecisionMakerTheme, Expectation
from app.bundles.models import Bundle
from app.codebook.models import Theme
from app.core.models import Base, now
from app.excerpts.models import Excerpt, SelectorType
from app.excerpts.places import around
from app.figures.models import FrozenFigures
from app.groups.models import Identification, Member, Protocol, Rereading
from app.history.models import Version
from app.lineage.service import made
from app.media.models import Kind as MediaKind
from app.media.models import Media, Rendition, Status
from app.mobilization.models import Mobilization, What
from app.moderation.models import Candor, Decision, Verdict
from app.places.models import Place, PlaceKind, Territory
from app.propositions.models import (
    CoAuthor,
    Competence,
    Evidence,
    Proposition,
    PropositionState,
    Stance,
    Step,
)
from app.propositions.steps import EXPLAINED
from app.reactions.models import Reaction
from app.receipts.models import ReceiptSession
from app.receipts.sessions import PREFIX
from app.releases.models import Delivery, Release, ReleaseItem
from app.remarks.models import Remark
from app.schemes.models import Scheme
from app.storage.keys import new_key
from app.storage.service import storage
from app.testimonies.models import (
    Nature,
    State,
    Testimony,
    TestimonyMedia,
    TestimonyTag,
    TestimonyTheme,
    TestimonyWitness,
)
from app.transcripts.models import Source, Transcript
from app.uploads.models import Upload
from app.witnesses.codes import new_receipt_code, receipt_hash
from app.witnesses.consents import append
from app.witnesses.decision import Cell, GivenBy, Reach, Verb
from app.witnesses.models import ConsentEvent, Witness
from app.workshops.models import Group, Kind, Workshop

Row = TypeVar("Row", bound=Base)
number = count(1)


class Make:
    """One method for each kind of row."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions
        self._scheme: Scheme | None = None

    def organization(self, **given: Any) -> Organization:
        return self._save(
            Organization,
            given,
            name=f"Association {next(number)}",
            kind=OrganizationKind.ASSOCIATION,
        )

    def account(self, **given: Any) -> Account:
        given["organization"] = given.get("organization") or self.organization()
        email = f"someone{next(number)}@example.org"
        return self._save(
            Account, given, email=email, role=Role.ANIMATOR, display_name="Quelqu'un (démo)"
        )

    def account_in(self, organization_id: UUID | None, **given: Any) -> Account:
        with self.sessions() as db:
            organization = db.get_one(Organization, organization_id)
        return self.account(organization=organization, **given)

    def token(self, account: Account, **given: Any) -> str:
        token = f"{TOKEN}token-{next(number)}"
        owner = {"account_id": account.id, "fingerprint": fingerprint(token)}
        self._save(ApiToken, given, **owner, name="tests")
        return token

    def session(self, account: Account, **given: Any) -> str:
        """The token of a login, which is as old as `created_at`."""
        token = f"{SESSION}session-{next(number)}"
        owner = {"account_id": account.id, "fingerprint": fingerprint(token)}
        self._save(LoginSession, given, **owner, expires_at=now() + timedelta(hours=12))
        return token

    def territory(self, code: str = "83126") -> Territory:
        """One of the reference data, by its INSEE code."""
        with self.sessions() as db:
            return db.scalars(select(Territory).where(Territory.code == code)).one()

    def scheme(self, **given: Any) -> Scheme:
        """A scheme of one's own; `make.the_scheme` is the one that others are about."""
        return self._save(
            Scheme,
            given,
            code=f"dispositif-{next(number)}",
            name="Emplois d'avenir",
            public_title="Vos emplois d'avenir",
            question="Comment ça se passe, en vrai ?",
            starts_on=date(2012, 11, 1),
        )

    @property
    def the_scheme(self) -> Scheme:
        if self._scheme is None:
            self._scheme = self.scheme()
        return self._scheme

    def place(self, **given: Any) -> Place:
        organization = given.pop("organization", None) or self.organization()
        return self._save(
            Place,
            given,
            organization_id=organization.id,
            territory_id=self.territory().id,
            name="ERIC-Cyber-base Berthe",
            kind=PlaceKind.ERIC_CYBER_BASE,
        )

    def workshop(self, **given: Any) -> Workshop:
        """A workshop which started an hour ago, in `place` or at `organization`'s."""
        organization = given.pop("organization", None)
        place = given.pop("place", None) or self.place(organization=organization)
        return self._save(
            Workshop,
            given,
            scheme_id=self.the_scheme.id,
            place_id=place.id,
            owner_organization_id=place.organization_id,
            kind=Kind.WORKSHOP,
            method="video",
            title="Atelier vidéo à l'ERIC de La Seyne",
            starts_at=now() - timedelta(hours=1),
            roles_expected=[],
        )

    def group(self, **given: Any) -> Group:
        """A standing group that `organization` runs."""
        organization = given.pop("organization", None) or self.organization()
        return self._save(
            Group,
            given,
            scheme_id=self.the_scheme.id,
            owner_organization_id=organization.id,
            name="Groupe témoin de Berthe",
        )

    def member(self, group: Group, **given: Any) -> Member:
        """Somebody who belongs to the group since 2013: `witness`, or a new one of its owner's."""
        witness = given.pop("witness", None)
        if not witness:
            with self.sessions() as db:
                owner = db.get_one(Organization, group.owner_organization_id)
            witness = self.witness(organization=owner)
        ids = {"group_id": group.id, "witness_id": witness.id}
        return self._save(Member, given, **ids, joined_on=date(2013, 5, 14))

    def protocol(self, group: Group, **given: Any) -> Protocol:
        """The next version of the group's protocol, which allows all; adopted a moment ago."""
        author = self.account_in(group.owner_organization_id).id
        adopted_at = given.setdefault("adopted_at", now())
        return self._save(
            Protocol,
            given,
            group_id=group.id,
            number=next(number),
            identification=Identification.SIGNATURE,
            rereading=Rereading.NOBODY,
            clauses=[],
            written_by_id=author,
            adopted_by_id=author if adopted_at else None,
        )

    def witness(self, **given: Any) -> Witness:
        """A tutor heard in `workshop`, or by `organization`; says nothing of consents."""
        organization = given.pop("organization", None)
        workshop = given.pop("workshop", None) or self.workshop(organization=organization)
        return self._save(
            Witness,
            given,
            scheme_id=workshop.scheme_id,
            workshop_id=workshop.id,
            owner_organization_id=workshop.owner_organization_id,
            partner_organization_id=workshop.partner_organization_id,
            pseudonym=f"Mésange {next(number)}",
            role="tutor",
            receipt_hash=receipt_hash(new_receipt_code()),
        )

    def receipt_code(self, witness: Witness) -> str:
        """A new code of the witness, instead of the one they had."""
        code = new_receipt_code()
        with self.sessions.begin() as db:
            db.get_one(Witness, witness.id).receipt_hash = receipt_hash(code)
        return code

    def receipt(self, witness: Witness, **given: Any) -> str:
        """The token of a session that the witness's code opened."""
        token = f"{PREFIX}receipt-{next(number)}"
        owner = {"witness_id": witness.id, "fingerprint": fingerprint(token)}
        self._save(ReceiptSession, given, **owner, expires_at=now() + timedelta(hours=1))
        return token

    def consent(self, witness: Witness, *cells: Cell, **given: Any) -> ConsentEvent:
        """The witness gives these cells, from last year to next year, for the world."""
        event = ConsentEvent(
            witness_id=witness.id,
            cells=[list(cell) for cell in cells],
            **{
                "verb": Verb.GIVE,
                "choices": [],
                "territory": Reach.WORLD,
                "valid_from": now() - timedelta(days=365),
                "valid_until": now() + timedelta(days=365),
                "given_by": GivenBy.SELF,
                "method": "paper",
                "at": now(),
            }
            | given,
        )
        with self.sessions.begin() as db:
            append(db, event)
        return event

    def testimony(self, **given: Any) -> Testimony:
        """An accepted testimony of one witness; `witnesses`, `themes`, `media`, `tags` are rows."""
        links: dict[str, Any] = {
            name: given.pop(name, []) for name in ("witnesses", "themes", "media", "tags")
        }
        organization = given.pop("organization", None)
        workshop = given.pop("workshop", None) or self.workshop(organization=organization)
        state = given.setdefault("state", State.ACCEPTED)
        testimony = self._save(
            Testimony,
            given,
            scheme_id=workshop.scheme_id,
            workshop_id=workshop.id,
            place_id=workshop.place_id,
            owner_organization_id=workshop.owner_organization_id,
            partner_organization_id=workshop.partner_organization_id,
            method="written",
            title="Le premier jour",
            body="Le premier jour, j'ai suivi Karim toute la matinée. C'était bien, on a ri.",
            language="fr",
            recorded_on=date(2013, 5, 14),
            submitted_at=None if state is State.DRAFT else now(),
            withdrawn_at=now() if state is State.WITHDRAWN else None,
            withdrawn_from=State.ACCEPTED if state is State.WITHDRAWN else None,
            captured_by=given.get("captured_by") or self._animator(workshop).id,
        )
        with self.sessions.begin() as db:
            for position, witness in enumerate(
                links["witnesses"] or [self.witness(workshop=workshop)]
            ):
                ids = {"testimony_id": testimony.id, "position": position}
                db.add(TestimonyWitness(witness_id=witness.id, **ids))
            for position, theme in enumerate(links["themes"]):
                ids = {"testimony_id": testimony.id, "position": position}
                db.add(TestimonyTheme(theme_id=theme.id, **ids))
            for position, media in enumerate(links["media"]):
                ids = {"testimony_id": testimony.id, "position": position}
                db.add(TestimonyMedia(media_id=media.id, **ids))
            for position, tag in enumerate(links["tags"]):
                db.add(TestimonyTag(testimony_id=testimony.id, tag=tag, position=position))
        return testimony

    def attribute(self, testimony: Testimony, *witnesses: Witness) -> None:
        """These people said it, and nobody else."""
        with self.sessions.begin() as db:
            for link in self.links_of(db, testimony):
                db.delete(link)
            db.flush()
            for position, witness in enumerate(witnesses):
                ids = {"testimony_id": testimony.id, "position": position}
                db.add(TestimonyWitness(witness_id=witness.id, **ids))

    def links_of(self, db: Session, testimony: Testimony) -> list[TestimonyWitness]:
        links = TestimonyWitness.testimony_id == testimony.id
        return list(db.scalars(select(TestimonyWitness).where(links)))

    def witnesses_of(self, db: Session, testimony: Testimony) -> list[Witness]:
        return [db.get_one(Witness, link.witness_id) for link in self.links_of(db, testimony)]

    def _animator(self, workshop: Workshop) -> Account:
        with self.sessions() as db:
            organization = db.get_one(Organization, workshop.owner_organization_id)
        return self.account(organization=organization)

    def media(self, **given: Any) -> Media:
        """A ready video of a minute, by `organization`; `files` are bytes by name."""
        organization = given.pop("organization", None) or self.organization()
        files: dict[str, bytes] = given.pop("files", {})
        kind = given.setdefault("kind", MediaKind.VIDEO)
        media = self._save(
            Media,
            given,
            owner_organization_id=organization.id,
            created_by_id=self.account(organization=organization).id,
            status=Status.READY,
            filename="atelier.mp4",
            content_type=kind and f"{kind}/mp4",
            size=sum(map(len, files.values())),
            sha256="0" * 64,
            duration_ms=60_000,
        )
        for name, content in files.items():
            stored = storage().write(new_key("media"), [content])
            about = {"media_id": media.id, "name": name, "content_type": f"{kind}/mp4"}
            kept = {"size": stored.size, "sha256": stored.sha256, "key": stored.key}
            file = self._save(Rendition, {}, **about, **kept)
            self._made(file, (Media, media.id))
        return media

    def _made(self, output: Base, *inputs: tuple[type[Base], UUID | None]) -> None:
        """As the deed that makes it remembers."""
        with self.sessions.begin() as db:
            made(db, output, inputs)

    def upload(self, account: Account, **given: Any) -> Upload:
        """A file of 10 bytes that this account began to send, and of which none came."""
        given["created_by_id"] = account.id
        tomorrow = now() + timedelta(days=1)
        return self._save(Upload, given, metadata_="", size=10, received=0, expires_at=tomorrow)

    def transcript(self, media: Media, *texts: str, **given: Any) -> Transcript:
        """An approved transcript of a media: each text is said for ten seconds, one by one."""
        segments = given.pop("segments", None) or [
            {"start_ms": n * 10_000, "end_ms": (n + 1) * 10_000, "speaker": None, "text": text}
            for n, text in enumerate(texts)
        ]
        approved_at = given.setdefault("approved_at", now())
        with self.sessions() as db:
            others = select(func.count()).where(Transcript.media_id == media.id)
            last = db.scalar(others) or 0
        transcript = self._save(
            Transcript,
            given,
            media_id=media.id,
            number=last + 1,
            source=Source.MANUAL,
            language="fr",
            segments=segments,
            created_by_id=media.created_by_id,
            approved_by_id=media.created_by_id if approved_at else None,
        )
        self._made(transcript, (Media, media.id))
        return transcript

    def appearance(self, media: Media, witness: Witness, **given: Any) -> Appearance:
        """The witness is heard in all of this media."""
        return self._save(
            Appearance,
            given,
            media_id=media.id,
            witness_id=witness.id,
            start_ms=0,
            end_ms=media.duration_ms or 1,
            kind=AppearanceKind.VOICE,
        )

    def theme(self, **given: Any) -> Theme:
        return self._save(
            Theme,
            given,
            scheme_id=self.the_scheme.id,
            name=f"Thème {next(number)}",
            definition="De quoi il s'agit.",
        )

    def decision(self, testimony: Testimony, **given: Any) -> Decision:
        """That it was accepted, or `verdict`; `reason_code`, `comment`."""
        return self._save(
            Decision,
            given,
            testimony_id=testimony.id,
            verdict=Verdict.ACCEPT,
            by_id=testimony.captured_by,
        )

    def figures(self, **given: Any) -> FrozenFigures:
        """The first period of the scheme, of 22 testimonies and no table."""
        return self._save(
            FrozenFigures,
            given,
            scheme_id=self.the_scheme.id,
            number=1,
            last_month="2013-05",
            k=11,
            testimonies=22,
            tables=[],
        )

    def excerpt(self, testimony: Testimony, **given: Any) -> Excerpt:
        """The first words of the testimony's body, as a feeling."""
        exact = given.pop("exact", (testimony.body or "")[:15])
        start = (testimony.body or "").index(exact or "")
        if exact:
            prefix, suffix = around(testimony.body or "", start, start + len(exact))
            given = {"prefix": prefix, "suffix": suffix} | given
        excerpt = self._save(
            Excerpt,
            given,
            scheme_id=testimony.scheme_id,
            testimony_id=testimony.id,
            owner_organization_id=testimony.owner_organization_id,
            partner_organization_id=testimony.partner_organization_id,
            selector=SelectorType.TEXT,
            start=start,
            stop=start + len(exact or ""),
            exact=exact,
            nature=Nature.FEELING,
            created_by_id=testimony.captured_by,
        )
        self._made(excerpt, (Testimony, testimony.id), (Media, excerpt.media_id))
        return excerpt

    def proposition(self, *excerpts: Excerpt, **given: Any) -> Proposition:
        """A proposition that these excerpts speak for; `steps` are states, on 2013-06-03 and on.

        `against` are excerpts, `co_authors` are witnesses.
        """
        against: list[Excerpt] = given.pop("against", [])
        states: list[PropositionState] = given.pop("steps", [])
        witnesses: list[Witness] = given.pop("co_authors", [])
        author = self.account(role=Role.EDITOR)
        proposition = self._save(
            Proposition,
            given,
            scheme_id=self.the_scheme.id,
            title="Un tuteur déchargé deux heures par semaine",
            description="Deux heures par semaine, payées, pour montrer le métier.",
            kind="training",
            competence=Competence.REGION,
            created_by_id=author.id,
        )
        of_it = {"proposition_id": proposition.id}
        rests = [(e, Stance.FOR) for e in excerpts] + [(e, Stance.AGAINST) for e in against]
        for position, (excerpt, stance) in enumerate(rests):
            about = {"position": position, "excerpt_id": excerpt.id, "stance": stance}
            self._save(Evidence, {}, **of_it, **about)
        for position, witness in enumerate(witnesses):
            about = {"position": position, "role": witness.role, "witness_id": witness.id}
            self._save(CoAuthor, {}, **of_it, **about)
        for number_, state in enumerate(states, 1):
            why = {"reason": "Trop cher cette année."} if state in EXPLAINED else {}
            when = {"number": number_, "on": date(2013, 5 + number_, 3), "by_id": author.id}
            self._save(Step, {}, state=state, **of_it, **when, **why)
        return proposition

    def candor(self, testimony: Testimony, **given: Any) -> Candor:
        """An assessment of the testimony: one sign of speech, so `mixed`."""
        if not given:
            given["first_person"] = True
        about = {"testimony_id": testimony.id, "assessed_by_id": testimony.captured_by}
        candor = self._save(Candor, given, **about)
        self._made(candor, (Testimony, testimony.id))
        return candor

    def version(self, thing: Base, content: dict[str, Any], **given: Any) -> Version:
        """What a thing said at first, as its author wrote it; made also of `sources`."""
        sources = given.pop("sources", [])
        version = self._save(
            Version,
            given,
            of=thing.__tablename__,
            of_id=thing.id,
            version=1,
            at=thing.created_at,
            content=content,
        )
        self._made(version, (type(thing), thing.id), *sources)
        return version

    def remark(self, thing: Testimony | Excerpt | Bundle, **given: Any) -> Remark:
        """An evaluator's remark."""
        by_id = given.pop("by_id", None) or self.account(role=Role.EVALUATOR).id
        about = {f"{type(thing).__name__.lower()}_id": thing.id}
        sources = given.pop("sources", [(type(thing), thing.id)])
        remark = self._save(Remark, given, text="À creuser.", by_id=by_id, **about)
        self._made(remark, *sources)
        return remark

    def annotation(self, thing: Bundle | Proposition, **given: Any) -> Annotation:
        """An evaluator's question about a bundle or a proposition, made of `sources`."""
        given["by_id"] = given.get("by_id") or self.account(role=Role.EVALUATOR).id
        sources = given.pop("sources", [])
        about = {f"{type(thing).__name__.lower()}_id": thing.id, "subject_version": thing.version}
        annotation = self._save(
            Annotation, given, kind=AnnotationKind.QUESTION, text="Qui manque ici ?", **about
        )
        self._made(annotation, *sources)
        return annotation

    def decision_maker(self, **given: Any) -> DecisionMaker:
        """An elected official, not limited to a theme or a territory; `themes` are rows."""
        themes = given.pop("themes", [])
        found = self._save(
            DecisionMaker,
            given,
            title=f"Vice-présidence n° {next(number)} (démo)",
            kind="elected_official",
            audience="elected_officials",
            created_by_id=given.get("created_by_id") or self.account(role=Role.EDITOR).id,
        )
        for position, theme in enumerate(themes):
            ids = {"decision_maker_id": found.id, "theme_id": theme.id}
            self._save(DecisionMakerTheme, ids, position=position)
        return found

    def expectation(self, **given: Any) -> Expectation:
        """What the elected officials want to know of `make.the_scheme`."""
        return self._save(
            Expectation,
            given,
            scheme_id=self.the_scheme.id,
            audience="elected_officials",
            question="Pourquoi des jeunes quittent-ils leur poste ?",
            asked_on=date(2013, 4, 2),
            created_by_id=given.get("created_by_id") or self.account(role=Role.EDITOR).id,
        )

    def reaction(self, delivery_id: UUID | str, **given: Any) -> Reaction:
        """What was answered by this link: that it was understood; made of what it may quote."""
        with self.sessions() as db:
            delivery = db.get_one(Delivery, UUID(str(delivery_id)))
            release = db.get_one(Release, delivery.release_id)
            scheme_id = db.get_one(Bundle, release.bundle_id).scheme_id
            items = list(db.scalars(select(ReleaseItem).filter_by(release_id=release.id)))
        about = {"scheme_id": scheme_id, "release_id": release.id, "delivery_id": delivery.id}
        way = {"audience": release.audience, "form": release.form}
        reaction = self._save(Reaction, given, understood=True, **about, **way)
        read = [i for i in items if given.get("item_id") in (None, i.item_id)]
        for_good = [(Testimony, i.testimony_id) for i in read]
        self._made(reaction, *for_good, *((Excerpt, i.excerpt_id) for i in read))
        return reaction

    def mobilization(self, **given: Any) -> Mobilization:
        """Somebody who can act was met."""
        by_id = given.pop("by_id", None) or self.account(role=Role.EDITOR).id
        met = {"with_whom": "Madame l'Élue (démo)", "what": What.MET, "on": date(2026, 1, 5)}
        return self._save(Mobilization, given, scheme_id=self.the_scheme.id, by_id=by_id, **met)

    def _save(self, model: type[Row], given: dict[str, Any], /, **made_up: Any) -> Row:
        row = model(**(made_up | given))
        with self.sessions.begin() as db:
            db.add(row)
        return row
