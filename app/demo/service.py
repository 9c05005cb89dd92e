"""Tell the demo: through the deeds that people do, so that all that follows from them is there.

Three steps, of one transaction each: who is there, what was heard, what is given back. Recordings
are made ready in between, by the jobs of every day. A step that is done is not done again: a demo
that was interrupted goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import worker as workers
from app.accounts import service as accounts
from app.accounts.authentication import Caller
from app.accounts.models import Account
from app.accounts.passwords import hash_password
from app.accounts.permissions import Role
from app.accounts.schemas import AccountIn, OrganizationIn
from app.bundles import service as bundles
from app.bundles.models import Bundle
from app.core.db import Database
from app.core.models import now
from app.core.settings import Env, settings
from app.demo.films import film
from app.demo.hearing import Hearing
from app.demo.stories import Known, Row, Stories, caller, filename, films, load
from app.documents.edition import items_of
from app.documents.wording import HERE
from app.jobs.models import Job
from app.jobs.runner import Worker
from app.jobs.service import MEDIA, QUEUES
from app.media import service as media
from app.mobilization import service as mobilization
from app.mobilization.schemas import MobilizationIn
from app.operations.failures import Failure
from app.operations.service import is_empty, operator
from app.reactions import service as reactions
from app.reactions.schemas import PublicationIn, ReactionIn
from app.releases import deliveries, events, public
from app.releases import service as releases
from app.releases.event_schemas import EventIn
from app.releases.models import Delivery, Release
from app.releases.schemas import DeliveryIn
from app.schemes.models import Scheme
from app.storage.service import Stored

PASSWORD = "paroles-d-avenir"  # noqa: S105 - of invented people; production refuses them
IN_PRODUCTION = "La démonstration ne s'installe pas en production : tout y est inventé."
NOT_READY = "Les vidéos de la démonstration ne sont pas prêtes : relancez « python -m app seed »."
PATIENCE = 120.0  # seconds for the recordings
SHOWN = ("b-awa", "a-directrice", "c-cirque")  # whose receipt codes are told


@dataclass(frozen=True)
class Demo:
    """What was added, and what nobody can read again: links and receipt codes."""

    accounts: Sequence[tuple[str, Role]]
    password: str
    links: Sequence[tuple[str, str]]
    receipts: Sequence[tuple[str, str]]


def seed(database: Database) -> Demo | None:
    """Add the demo; None when it is there already. Raises Failure in production.

    `links` are addresses by recipient, `receipts` are codes by pseudonym: none when an earlier try,
    which was interrupted, got as far.
    """
    if settings().env is Env.PRODUCTION:
        raise Failure(IN_PRODUCTION)
    stories = load()
    with database.read() as db:
        if _is_given_back(db, stories):
            return None
    _arrive(database, stories)
    _make_ready(database)
    receipts = _hear(database, stories)
    _make_ready(database)
    links = _give_back(database, stories)
    told = [(row["email"], Role(row["role"])) for row in stories["accounts"]]
    return Demo(told, PASSWORD, links, receipts)


def is_wanted(db: Session) -> bool:
    """Whether a first run adds the demo: no scheme is there yet, or only a part of the demo's."""
    stories = load()
    if _scheme(db, stories):
        return not _is_given_back(db, stories)
    return is_empty(db, Scheme)


def tell(db: Session, added: Demo | None) -> list[str]:
    """Lines that say who may log in, and what was `added`; none where there is no demo."""
    emails = [row["email"] for row in load()["accounts"]]
    there = select(Account).where(Account.email.in_(emails)).order_by(Account.email)
    lines = [f"  {account.email:<32}{account.display_name}" for account in db.scalars(there)]
    if lines:
        told = f"Comptes de démonstration (tout y est inventé), mot de passe « {PASSWORD} » :"
        lines = ["", told, "", *lines]
    if added and added.links:
        lines += ["", "Liens personnels du dossier publié, montrés cette seule fois :", ""]
        lines += [f"  {url}\n      {recipient}" for recipient, url in added.links]
    if added and added.receipts:
        lines += ["", "Codes de suivi de trois témoins, montrés cette seule fois :", ""]
        lines += [f"  {code}  {pseudonym}" for pseudonym, code in added.receipts]
    return lines


def _scheme(db: Session, stories: Stories) -> Scheme | None:
    return db.scalar(select(Scheme).where(Scheme.code == stories["scheme"][0]["code"]))


def _is_given_back(db: Session, stories: Stories) -> bool:
    """Whether the last step is done."""
    of_demo = select(Bundle.id).join(Scheme, Scheme.id == Bundle.scheme_id)
    of_demo = of_demo.where(Scheme.code == stories["scheme"][0]["code"])
    return db.scalar(select(Release.id).where(Release.bundle_id.in_(of_demo)).limit(1)) is not None


# Who is there


def _arrive(database: Database, stories: Stories) -> None:
    """Organizations and accounts, and the recordings, which are soon processed."""
    with database.read() as db:
        emails = {row["email"] for row in stories["accounts"]}
        if emails <= set(db.scalars(select(Account.email).where(Account.email.in_(emails)))):
            return
    hashes = {row["key"]: hash_password(PASSWORD) for row in stories["accounts"]}
    filmed = {row["key"]: film(**row["video"]) for row in films(stories)}
    with database.write.begin() as db:
        known = Known(db, stories)
        _add_people(db, stories, known, hashes)
        _receive(db, stories, known, filmed)


def _add_people(db: Session, stories: Stories, known: Known, hashes: dict[str, str]) -> None:
    """The operator adds the administrator, who adds all others."""
    people = sorted(stories["accounts"], key=lambda row: row["role"] != Role.ADMINISTRATOR)
    first, homes = people[0], stories["organizations"]
    for home in sorted(homes, key=lambda row: row["key"] != first["organization"]):
        me = known.callers.get(first["key"]) or operator()
        organization = accounts.add_organization(db, _organization(known, home), by=me)
        known.ids[home["key"]] = organization.id
        if me.kind == operator().kind:
            _add_account(db, first, known, hashes, by=me)
    for person in people[1:]:
        _add_account(db, person, known, hashes, by=known.callers[first["key"]])


def _organization(known: Known, row: Row) -> OrganizationIn:
    return OrganizationIn(**known.described(row))


def _add_account(db: Session, row: Row, known: Known, hashes: dict[str, str], by: Caller) -> None:
    payload = AccountIn(**known.described(row))
    account = accounts.add_account(db, payload, hashes[row["key"]], by=by)
    known.callers[row["key"]] = caller(account)


def _receive(db: Session, stories: Stories, known: Known, filmed: dict[str, Stored]) -> None:
    hosts = {row["key"]: known.callers[row["captured_by"]] for row in stories["workshops"]}
    for row in films(stories):
        name, me = filename(row["key"]), hosts[row["workshop"]]
        media.receive(db, filmed[row["key"]], filename=name, by=me)


# What was heard


def _hear(database: Database, stories: Stories) -> list[tuple[str, str]]:
    """The pseudonyms and receipt codes of some witnesses."""
    with database.write.begin() as db:
        if _scheme(db, stories):
            return []
        hearing = Hearing(db, stories, Known(db, stories))
        hearing.tell()
    return [hearing.receipts[key] for key in SHOWN]


# What is given back


def _give_back(database: Database, stories: Stories) -> list[tuple[str, str]]:
    """The recipients of the published bundles, and their links."""
    links = []
    with database.write.begin() as db:
        known = Known(db, stories)
        me = known.role(Role.EDITOR)
        scheme = _scheme(db, stories)
        for row in stories["bundles"]:
            if scheme and row["published"]:
                ours = Bundle.scheme_id == scheme.id, Bundle.title == row["title"]
                bundle = db.scalars(select(Bundle).where(*ours)).one()
                bundles.declare_ready(db, bundle, by=me)
                release, _ = releases.publish(db, bundle, by=me)
                if slug := row.get("public_slug"):
                    public.give(db, release, slug, by=me)
                if held := row.get("event"):
                    _hold(db, release, held, known, by=me)
                for given in row["deliveries"]:
                    to = known.described(given, "answers", "mobilization")
                    url, delivery = deliveries.deliver(db, release, DeliveryIn(**to), None, by=me)
                    links.append((delivery.recipient, url))
                    _answer(db, delivery, given.get("answers", []), by=me)
                    for line in given.get("mobilization", []):
                        _mobilize(db, scheme, delivery, line, by=me)
    return links


def _hold(db: Session, release: Release, row: Row, known: Known, by: Caller) -> None:
    """Tell of an event of today: what was said long ago at one would soon be erased.

    Its `item` is the number of a passage of the release, from 1.
    """
    ids = [item["id"] for item in items_of(release.content)]
    parts = {
        name: [
            {key: value for key, value in part.items() if key != "item"}
            | ({"item_id": ids[part["item"] - 1]} if "item" in part else {})
            for part in row[name]
        ]
        for name in ("programme", "reactions")
    }
    shown = [ids[number - 1] for number in row["shown"]]
    told = known.described(row, *parts, "shown", "starts_at")
    today = now().astimezone(HERE).date()
    begins = datetime.combine(today, row["starts_at"], HERE)
    when = {"held_on": today, "starts_at": begins}
    events.note(db, release, None, EventIn(**told, **parts, **when, shown=shown), by=by)


def _answer(db: Session, delivery: Delivery, answers: Sequence[Row], by: Caller) -> None:
    """The recipient opens the link and answers; an editor publishes what is for the witnesses."""
    for row in answers:
        if not delivery.acknowledged_at:
            deliveries.note_opening(db, delivery)
            deliveries.acknowledge(db, delivery)
        said = {name: value for name, value in row.items() if name != "published"}
        reaction = reactions.react(db, delivery, ReactionIn(**said))
        if row["published"]:
            reactions.publish(db, reaction, PublicationIn(), by=by)


def _mobilize(db: Session, scheme: Scheme, delivery: Delivery, line: Row, by: Caller) -> None:
    about = {"scheme_id": scheme.id, "delivery_id": delivery.id, "with_whom": delivery.recipient}
    mobilization.note(db, MobilizationIn(**about, **line), by=by)


# Recordings


def _make_ready(database: Database) -> None:
    """Do the jobs that wait; those that another process does are waited for. Raises Failure."""
    workers.discover()
    worker, deadline = Worker(database), monotonic() + PATIENCE
    unfinished = select(Job.id).where(
        Job.queue == MEDIA, Job.done_at.is_(None), Job.failed_at.is_(None)
    )
    while True:
        while any(worker.run_next(queue) for queue in QUEUES):
            pass  # `any` stops at the first: the next turn begins anew
        with database.read() as db:
            if not db.scalar(unfinished.limit(1)):
                return
        if monotonic() > deadline:
            raise Failure(NOT_READY)
        sleep(0.2)
