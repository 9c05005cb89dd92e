"""How long each class of data is kept, and what happens then: one table of rules, `RULES`.

A rule has a deed of the feature that owns the rows, or the name of the job that does it already, or
says why the rows stay. `apply` does the deeds in short transactions: what is done is done, and what
is left is found again. Nothing of a witness under a legal hold is touched.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, select
from sqlalchemy.orm import Session

from app.accounts import forgetting as accounts
from app.appearances.models import Appearance
from app.audiences import forgetting as audiences
from app.audit.models import CaseReading
from app.audit.service import record
from app.core.models import Base, now
from app.excerpts.models import Excerpt
from app.media.models import Media, Rendition
from app.mobilization import forgetting as mobilization
from app.operations.models import Retention
from app.reactions import forgetting as reactions
from app.receipts.models import ReceiptSession
from app.releases import forgetting as releases
from app.releases.models import ReleaseItem
from app.storage.service import storage
from app.testimonies import forgetting as testimonies
from app.testimonies.models import State, TestimonyMedia
from app.withdrawals import purge
from app.witnesses import forgetting as witnesses
from app.witnesses.holds import is_held
from app.witnesses.models import ConsentEvent, Witness

BATCH = 200  # rows of a transaction

Due = Callable[[datetime], Select[UUID]]
Forget = Callable[[Session, Sequence[UUID]], Sequence[str]]  # storage keys, to delete afterwards
Writing = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Months:
    """A duration by the calendar."""

    count: int

    def before(self, moment: datetime) -> datetime:
        """This long before this moment; the last day of a shorter month."""
        years, month = divmod(moment.month - 1 - self.count, 12)
        year = moment.year + years
        day = min(moment.day, monthrange(year, month + 1)[1])
        return moment.replace(year=year, month=month + 1, day=day)

    def __str__(self) -> str:
        return f"{self.count} mois"


@dataclass(frozen=True)
class Days:
    """A duration in days."""

    count: int

    def before(self, moment: datetime) -> datetime:
        """This long before this moment."""
        return moment - timedelta(days=self.count)

    def __str__(self) -> str:
        return f"{self.count} jours" if self.count else "sans délai"


@dataclass(frozen=True, eq=False)
class Rule:
    """What is kept (`tables`, or a part of them), how long, what then, and why.

    `due` selects the ids of what is older than `kept`, `forget` does what `then` says; or `job` is
    the name of the periodic job that does it. With neither, it stays.
    """

    code: str
    what: str
    tables: Sequence[str]
    kept: Months | Days | str
    then: str
    because: str
    due: Due | None = None
    forget: Forget | None = None
    job: str | None = None

    def due_before(self, moment: datetime) -> Select[UUID] | None:
        """The ids of what is too old at this moment."""
        if self.due and not isinstance(self.kept, str):
            return self.due(self.kept.before(moment))
        return None


def _end_testimonies(db: Session, ids: Sequence[UUID]) -> list[str]:
    testimonies.end(db, ids)
    return purge.forget_testimonies(db, ids)


def _forget_people(db: Session, ids: Sequence[UUID]) -> list[str]:
    return [*purge.forget_signatures(db, ids), *witnesses.forget_people(db, ids)]


def _media_of_nobody(before: datetime) -> Select[UUID]:
    """Media that nothing points to: no testimony, consent, passage, person or publication."""
    pointing = [
        TestimonyMedia.media_id == Media.id,
        ConsentEvent.evidence_media_id == Media.id,
        Excerpt.media_id == Media.id,
        Appearance.media_id == Media.id,
    ]
    files = select(Rendition.id).where(Rendition.media_id == Media.id)
    published = exists(
        select(ReleaseItem.id).where(
            ReleaseItem.file_id.in_(files) | ReleaseItem.poster_id.in_(files)
        )
    )
    nobody = [~exists().where(points) for points in pointing]
    old = Media.deposited_at <= before, Media.erased_at.is_(None)
    return select(Media.id).where(*old, *nobody, ~published)


def _evidence_of_forgotten(before: datetime) -> Select[UUID]:
    """Media that prove consents of witnesses who are all forgotten, and prove nothing else."""
    proves = select(ConsentEvent.id).join(Witness, Witness.id == ConsentEvent.witness_id)
    of_it = proves.where(ConsentEvent.evidence_media_id == Media.id)
    known = of_it.where(Witness.erased_at.is_(None) | is_held(Witness.id))
    shown = exists().where(TestimonyMedia.media_id == Media.id)
    old = Media.created_at <= before, Media.erased_at.is_(None)
    return select(Media.id).where(*old, of_it.exists(), ~known.exists(), ~shown)


def _forget_evidence(db: Session, ids: Sequence[UUID]) -> list[str]:
    witnesses.keep_hashes(db, ids)
    return purge.forget_media(db, ids)


def _ended_receipts(before: datetime) -> Select[UUID]:
    return select(ReceiptSession.id).where(ReceiptSession.expires_at <= before)


def _old_readings(before: datetime) -> Select[UUID]:
    return select(CaseReading.id).where(CaseReading.created_at <= before)


def _delete(model: type[Base], db: Session, ids: Sequence[UUID]) -> list[str]:
    db.execute(delete(model).where(model.id.in_(ids)))
    return []


ERASED_AS_WITHDRAWN = "effacés comme après un retrait"
FOR_GOOD = "sans limite"
WITH_IT = "aussi longtemps que ce dont c'est une partie"
STAYS = "rien"

RULES: Sequence[Rule] = (
    # What serves for a moment
    Rule(
        code="sessions",
        what="Connexions finies des comptes",
        tables=["sessions"],
        kept=Days(0),
        then="supprimées",
        because="une connexion finie n'ouvre plus rien",
        due=accounts.ended_sessions,
        forget=accounts.forget_sessions,
    ),
    Rule(
        code="receipt-sessions",
        what="Connexions finies des témoins",
        tables=["receipt_sessions"],
        kept=Days(0),
        then="supprimées",
        because="une connexion finie n'ouvre plus rien",
        due=_ended_receipts,
        forget=partial(_delete, ReceiptSession),
    ),
    Rule(
        code="api-tokens",
        what="Jetons d'API expirés",
        tables=["api_tokens"],
        kept=Days(0),
        then="supprimés",
        because="un jeton expiré n'ouvre plus rien",
        due=accounts.ended_tokens,
        forget=accounts.forget_tokens,
    ),
    Rule(
        code="tries",
        what="Essais de mots de passe et de codes (comptes seulement)",
        tables=["tries"],
        kept="15 minutes au plus",
        then="supprimés",
        because="ils ne servent qu'à ralentir qui devine",
        job="calls.purge",
    ),
    Rule(
        code="answers",
        what="Réponses gardées pour être répétées (chiffrées)",
        tables=["idempotency_keys"],
        kept="24 heures",
        then="supprimées",
        because="le temps qu'un appareil sans réseau renvoie sa demande",
        job="calls.purge",
    ),
    Rule(
        code="uploads",
        what="Envois de fichiers inachevés, et le nom des fichiers envoyés",
        tables=["uploads", "upload_parts"],
        kept="24 heures, 7 jours pour une personne qui anime",
        then="effacés, avec les octets reçus ; un fichier complet est un média, gardé comme tel",
        because="le temps de reprendre un envoi sur une mauvaise ligne",
        job="uploads.expire",
    ),
    Rule(
        code="jobs",
        what="Travaux faits",
        tables=["jobs"],
        kept="7 jours",
        then="supprimés",
        because="le temps de comprendre une panne ; ils ne contiennent que des identifiants",
        job="jobs.forget",
    ),
    # What people said
    Rule(
        code="drafts",
        what="Brouillons jamais remis, sans changement",
        tables=["testimonies"],
        kept=Months(12),
        then=ERASED_AS_WITHDRAWN,
        because="des paroles que personne n'a reprises ne servent plus leur but",
        due=partial(testimonies.untouched, State.DRAFT),
        forget=_end_testimonies,
    ),
    Rule(
        code="rejected",
        what="Témoignages écartés",
        tables=["testimonies"],
        kept=Months(12),
        then=ERASED_AS_WITHDRAWN,
        because="le temps qu'une décision soit revue",
        due=partial(testimonies.untouched, State.REJECTED),
        forget=_end_testimonies,
    ),
    Rule(
        code="testimonies",
        what="Témoignages dont tous les consentements ont pris fin",
        tables=["testimonies", "excerpts", "transcripts"],
        kept=Months(12),
        then=ERASED_AS_WITHDRAWN,
        because="le temps de demander aux témoins s'ils consentent encore",
        due=testimonies.over,
        forget=_end_testimonies,
    ),
    Rule(
        code="media-of-nobody",
        what="Fichiers qui ne sont joints à rien",
        tables=["media", "renditions", "transcripts"],
        kept=Days(30),
        then="effacés",
        because="le temps de finir un dépôt interrompu",
        due=_media_of_nobody,
        forget=purge.forget_media,
    ),
    Rule(
        code="versions",
        what="Versions antérieures : témoignages, transcriptions, extraits, dossiers, propositions",
        tables=["versions"],
        kept=WITH_IT,
        then=ERASED_AS_WITHDRAWN,
        because="elles disent qui a changé quoi ; ce sont les paroles mêmes, effacées avec elles",
    ),
    Rule(
        code="remarks",
        what="Remarques de l'équipe sur les témoignages, les extraits et les dossiers",
        tables=["remarks"],
        kept=WITH_IT,
        then=ERASED_AS_WITHDRAWN,
        because="elles peuvent citer les paroles qu'elles discutent",
    ),
    Rule(
        code="annotations",
        what="Annotations des « martyrs » (dossiers, propositions), et leurs réponses",
        tables=["annotations"],
        kept=WITH_IT,
        then=ERASED_AS_WITHDRAWN,
        because="elles disent pourquoi un dossier a changé, et peuvent citer ce qu'il montrait",
    ),
    # Who people are
    Rule(
        code="identities",
        what="Identités des témoins et de leurs représentants, après leur dernier consentement",
        tables=["identities", "witnesses", "guardians"],
        kept=Months(24),
        then="effacées, avec ce qui décrit la personne",
        because="le temps de la retrouver, pour lui rendre compte ou lui redemander son accord",
        due=witnesses.people_over,
        forget=_forget_people,
    ),
    Rule(
        code="evidence",
        what="Enregistrements et papiers qui prouvent un consentement, après l'identité",
        tables=["media", "renditions"],
        kept=Days(0),
        then="effacés ; leur empreinte reste",
        because="ils montrent la personne ; l'empreinte suffit à reconnaître l'original",
        due=_evidence_of_forgotten,
        forget=_forget_evidence,
    ),
    Rule(
        code="disclosures",
        what="Trace de qui a demandé une identité, une fois l'identité effacée",
        tables=["disclosures"],
        kept=Months(12),
        then="supprimée",
        because="la personne peut savoir qui l'a demandée tant que son identité est là, et un an",
        due=witnesses.old_disclosures,
        forget=witnesses.forget_disclosures,
    ),
    Rule(
        code="recipients",
        what="Noms des destinataires, après la fin de leur lien",
        tables=["deliveries"],
        kept=Months(12),
        then="remplacés par « Destinataire »",
        because="le temps de dire aux témoins à qui leurs paroles ont été remises",
        due=releases.ended_deliveries,
        forget=releases.forget_recipients,
    ),
    Rule(
        code="contacts",
        what="Coordonnées des interlocuteurs retirés du répertoire",
        tables=["decision_maker_contacts"],
        kept=Months(12),
        then="effacées",
        because="le temps de leur dire ce qui est advenu ; la fonction reste, sans nom",
        due=audiences.old_contacts,
        forget=audiences.forget_contacts,
    ),
    Rule(
        code="contact-disclosures",
        what="Trace de qui a demandé les coordonnées d'un interlocuteur",
        tables=["contact_disclosures"],
        kept=Months(12),
        then="supprimée",
        because="comme le journal, qui garde qu'il y en eut une",
        due=audiences.old_disclosures,
        forget=audiences.forget_disclosures,
    ),
    Rule(
        code="event-words",
        what="Réactions dites à un évènement, et son compte rendu",
        tables=["event_reactions", "events"],
        kept=Months(24),
        then="effacés ; la date, le lieu et le nombre de personnes venues restent",
        because="le temps d'y répondre ; quelqu'un peut s'y reconnaître",
        due=releases.old_words_of_events,
        forget=releases.forget_words_of_events,
    ),
    Rule(
        code="reactions",
        what="Textes des réponses des destinataires, tels qu'ils les ont écrits",
        tables=["reactions"],
        kept=Months(24),
        then="effacés, sauf ce qui fut publié pour les témoins ; notes et engagements restent",
        because="le temps de les relire et de suivre ce qu'ils annoncent ; ils citent parfois",
        due=reactions.old_texts,
        forget=reactions.forget_texts,
    ),
    Rule(
        code="mobilization",
        what="Noms et notes du journal de mobilisation",
        tables=["mobilizations"],
        kept=Months(24),
        then="noms remplacés par « Destinataire », notes effacées ; le fait et son jour restent",
        because="le temps de revenir vers les personnes qui peuvent agir",
        due=mobilization.old_contacts,
        forget=mobilization.forget_contacts,
    ),
    Rule(
        code="accounts",
        what="Noms et adresses des comptes suspendus",
        tables=["accounts"],
        kept=Months(24),
        then="remplacés",
        because="le temps qu'une personne revienne ; ce qu'elle a fait reste, par identifiant",
        due=accounts.closed_accounts,
        forget=accounts.forget_people,
    ),
    # What was done
    Rule(
        code="audit-events",
        what="Journal de ce qui a été fait",
        tables=["audit_events"],
        kept="12 mois",
        then="effacé, après un point de contrôle",
        because="durée usuelle d'un journal d'accès (recommandation de la CNIL)",
        job="audit.prune",
    ),
    Rule(
        code="case-readings",
        what="Lectures motivées du délégué à la protection des données",
        tables=["case_readings"],
        kept=Months(12),
        then="supprimées",
        because="comme le journal, qui les dit aussi",
        due=_old_readings,
        forget=partial(_delete, CaseReading),
    ),
    Rule(
        code="legal-holds",
        what="Conservations pour litige, une fois levées",
        tables=["legal_holds"],
        kept=Months(12),
        then="supprimées",
        because="leur motif peut nommer quelqu'un ; le journal garde qu'il y en eut une",
        due=witnesses.old_holds,
        forget=witnesses.forget_holds,
    ),
    # What stays
    Rule(
        code="evidence-of-consent",
        what="Consentements et retraits",
        tables=["consent_events", "current_consents", "withdrawals"],
        kept=FOR_GOOD,
        then=STAYS,
        because="ils prouvent ce qui était permis ; des codes et des empreintes, sous pseudonyme",
    ),
    Rule(
        code="checkpoints",
        what="Points de contrôle du journal",
        tables=["audit_checkpoints"],
        kept=FOR_GOOD,
        then=STAYS,
        because="sans eux la suite du journal ne se vérifie plus",
    ),
    Rule(
        code="frame",
        what="Dispositifs, cibles, vocabulaires, territoires, lieux, structures, notices, thèmes",
        tables=[
            *("schemes", "earlier_questions", "terms", "territories", "places", "organizations"),
            *("notices", "themes", "targets"),
        ],
        kept=FOR_GOOD,
        then=STAYS,
        because="ils ne sont de personne, et disent le sens de ce qui est gardé",
    ),
    Rule(
        code="occasions",
        what="Ateliers et groupes, leurs protocoles et leurs transmissions",
        tables=["workshops", "groups", "protocols", "group_handovers"],
        kept=FOR_GOOD,
        then=STAYS,
        because="ils disent quand et comment l'on a écouté, et ce que le groupe a permis",
    ),
    Rule(
        code="restitutions",
        what="Dossiers et publications",
        tables=[
            *("bundles", "bundle_sections", "releases", "release_files"),
            *("events", "event_attendances"),
        ],
        kept=FOR_GOOD,
        then=STAYS,
        because="ce qui fut rendu ; les paroles retirées ou échues en sortent avec leur témoignage",
    ),
    Rule(
        code="audiences",
        what="Répertoire des interlocuteurs décisionnaires (des fonctions, sans nom) et attentes",
        tables=["decision_makers", "expectations"],
        kept=FOR_GOOD,
        then=STAYS,
        because="ils disent à qui l'on s'est adressé, et ce qui était demandé avant de rendre",
    ),
    Rule(
        code="figures",
        what="Tableaux publics",
        tables=["frozen_figures"],
        kept=FOR_GOOD,
        then=STAYS,
        because="ils ne sont de personne, et les refaire dirait ce qui en fut retiré",
    ),
    Rule(
        code="public-addresses",
        what="Adresses publiques des dossiers, retirées comprises",
        tables=["public_addresses"],
        kept=FOR_GOOD,
        then=STAYS,
        because="une adresse donnée une fois ne montre jamais autre chose ; elle n'est de personne",
    ),
    Rule(
        code="propositions",
        what="Propositions, et ce qui en est advenu",
        tables=["propositions", "proposition_steps"],
        kept=FOR_GOOD,
        then=STAYS,
        because="ce que l'équipe a proposé, et la réponse ; aucune parole de témoin n'y est copiée",
    ),
    Rule(
        code="candor",
        what="Appréciations de la liberté de parole, par l'équipe",
        tables=["candors"],
        kept=WITH_IT,
        then=STAYS,
        because="elles ne servent qu'à lire ces paroles : elles sont effacées avec elles",
    ),
    Rule(
        code="parts",
        what="Ce qui fait partie d'autre chose",
        tables=[
            *("testimony_witnesses", "testimony_themes", "testimony_media", "testimony_tags"),
            *("decisions", "excerpt_themes", "bundle_items", "release_items", "approvals"),
            *("bundle_expectations", "decision_maker_themes"),
            *("appearances", "group_members", "derivations", "transcriptions", "indexed_texts"),
            *("proposition_evidence", "proposition_co_authors"),
        ],
        kept=WITH_IT,
        then=STAYS,
        because="ce sont des liens et des index, effacés avec les paroles dont ils sont faits",
    ),
)


def due_now(db: Session) -> dict[Rule, int]:
    """How much each rule would forget now; of those which forget something."""
    moment, found = now(), {}
    for rule in RULES:
        rows = rule.due_before(moment)
        if rows is not None:
            found[rule] = db.scalar(select(func.count()).select_from(rows.subquery())) or 0
    return found


def apply(writing: Writing, by: Any | None = None) -> Iterator[tuple[Rule, int]]:
    """Forget what is too old, one transaction at a time: after each, the rule and how much.

    Each transaction that forgets something says so in one audit event: the rule and the count.
    Files are deleted once it is committed; by a worker, if this process dies in between. A worker
    has nothing left of it in the files of the database.
    """
    moment = now()
    for rule in RULES:
        rows = rule.due_before(moment)
        if rows is not None:
            for count in _forget(writing, rule, rows, by):
                yield rule, count


def totals(steps: Iterable[tuple[Rule, int]]) -> dict[Rule, int]:
    """How much each rule forgot, in all."""
    found: Counter[Rule] = Counter()
    for rule, count in steps:
        found[rule] += count
    return dict(found)


def _forget(writing: Writing, rule: Rule, rows: Select[UUID], by: Any | None) -> Iterator[int]:
    """In the order of ids: what could not be forgotten is not tried again today."""
    (id_,) = rows.selected_columns
    batch, last = rows.order_by(id_).limit(BATCH), None
    while True:
        keys: Sequence[str] = []
        with writing() as db:
            ids = list(db.scalars(batch.where(id_ > last) if last else batch))
            if ids and rule.forget:
                keys = rule.forget(db, ids)
                purge.doom(db, keys)
                purge.scrub_later(db)
                record(db, "retention.applied", on=Retention(), by=by, rule=rule.code, n=len(ids))
        for key in keys:
            storage().delete(key)
        yield len(ids)
        if len(ids) < BATCH:
            return
        last = ids[-1]
