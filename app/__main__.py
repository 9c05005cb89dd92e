"""The command line: `python -m app COMMAND`.

Each command ends with 0; or with 1, and one line on standard error that says why.
"""

import gc
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import make_url
from typer.exceptions import Abort, TyperException

from app import worker as workers
from app.accounts import service as accounts
from app.accounts.passwords import hash_password
from app.accounts.permissions import Role
from app.accounts.schemas import AccountIn, ApiTokenIn
from app.audit import service as audit_log
from app.core.db import SETTINGS, Database, dialect_of
from app.core.keys import KeyExposed, KeyUnusable, load_key
from app.core.logs import configure_logs
from app.core.settings import Env, settings
from app.jobs.service import QUEUES
from app.operations import backup as backups
from app.operations import install, restoring, retention, service, serving, verification
from app.operations.failures import BAD_URL, NOT_MIGRATED, Failure, exposed, line
from app.operations.health import is_migrated
from app.storage.service import storage
from app.withdrawals import purge
from app.withdrawals.replay import replay
from app.witnesses import vault

KEPT = re.compile(r"[1-9][0-9]{0,17}:[0-9a-f]{64}")
OPTIONS: dict[str, Any] = {"rich_markup_mode": None, "no_args_is_help": True}
commands = typer.Typer(
    **OPTIONS,
    add_completion=False,
    help="Retours d'usages : recueillir la parole sur un dispositif public, et la rendre à ceux "
    "qui peuvent agir.",
)
account_commands = typer.Typer(**OPTIONS, help="Les comptes des personnes qui utilisent l'API.")
token_commands = typer.Typer(**OPTIONS, help="Les jetons d'API, pour les programmes.")
audit_commands = typer.Typer(**OPTIONS, help="Le journal de tout ce qui a été fait.")
vault_commands = typer.Typer(**OPTIONS, help="Le coffre où sont les identités.")
commands.add_typer(account_commands, name="account")
commands.add_typer(token_commands, name="token")
commands.add_typer(audit_commands, name="audit")
commands.add_typer(vault_commands, name="vault")

Host = Annotated[str, typer.Option(help="Adresse où écouter ; 0.0.0.0 pour toutes.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port ; 0 pour n'importe lequel.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what these arguments ask. 0; or 1, after one line on standard error."""
    try:
        code = commands(args=arguments, prog_name="python -m app", standalone_mode=False)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return 0
        return _complain(_misuse(error))
    except (Abort, KeyboardInterrupt):
        return _complain("Interrompu.")
    except Exception as error:  # none may end in a traceback
        return _complain(line(error))
    return 1 if code else 0


# Serving


@commands.command(help="Tout en un : met la base à jour, ajoute la démonstration, et sert l'API.")
def run(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Migrate, seed once, serve: what `make run` calls."""
    _prepare()
    install.migrate(settings().database)
    with _opened_to_people() as database, serving.open_socket(host, port) as listening:
        address = serving.address_of(listening)
        serving.announce(address)
        _welcome(address, _seed_once(database))
        database.dispose()
        serving.serve(listening)


@commands.command(help="Sert l'API, sur une base déjà à jour.")
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Nombre de processus.")] = 1,
    trusted_proxies: Annotated[
        str, typer.Option(help="Adresses des mandataires dont on croit les en-têtes X-Forwarded.")
    ] = "",
) -> None:
    """Serve the application until SIGTERM or Ctrl-C."""
    _prepare()
    with _opened_to_people():
        pass
    with serving.open_socket(host, port) as listening:
        serving.announce(serving.address_of(listening))
        serving.serve(listening, workers, trusted_proxies)


@commands.command(help="Fait le travail demandé : médias, journal, ménage.")
def worker(
    queues: Annotated[str, typer.Option(help="Files à vider, séparées par des virgules.")] = (
        ",".join(QUEUES)
    ),
) -> None:
    """Empty the jobs table until SIGTERM or Ctrl-C."""
    _prepare()
    asked = [queue.strip() for queue in queues.split(",") if queue.strip()]
    if unknown := [queue for queue in asked if queue not in QUEUES]:
        raise Failure(f"--queues : pas de file {unknown[0]} ; il y a {', '.join(QUEUES)}.")
    with _opened_to_people():
        pass
    workers.main(asked or QUEUES)


@commands.command(help="Crée la base, ou la met à jour, avec les données de référence.")
def migrate() -> None:
    """Bring the database of the settings to the present version."""
    _prepare()
    install.migrate(settings().database)
    print("La base de données est à jour.")


@commands.command(help="Ajoute la démonstration : tout y est inventé.")
def seed() -> None:
    """Add the demo to the database of the settings."""
    _prepare()
    from app.demo import service as demo  # noqa: PLC0415 - production has no use for it

    with _opened() as database:
        added = demo.seed(database)
        if not added:
            print("La démonstration est déjà en place : rien n'a changé.")
            return
        with database.read() as db:
            print("La démonstration est en place.", *demo.tell(db, added), sep="\n")


@commands.command(help="Écrit la description OpenAPI de l'API, en JSON.")
def openapi() -> None:
    """Print the OpenAPI document."""
    from app.main import create_app  # noqa: PLC0415 - half a second that others need not wait

    print(json.dumps(create_app().openapi(), ensure_ascii=False, indent=2))


# People and programs


@account_commands.command("create", help="Ouvre un compte, et sa structure si elle est nouvelle.")
def create_account(
    email: Annotated[str, typer.Option(help="Adresse électronique, pour se connecter.")],
    display_name: Annotated[str, typer.Option(help="Nom affiché.")],
    role: Annotated[Role, typer.Option(help="Ce que la personne peut faire.")],
    organization: Annotated[str, typer.Option(help="Nom de sa structure.")],
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Lit le mot de passe sur l'entrée standard."),
    ] = False,
) -> None:
    """Open an account; without a password it acts through API tokens only."""
    _prepare()
    described = {"email": email, "display_name": display_name, "role": role}
    if password_stdin:
        described["password"] = sys.stdin.readline().rstrip("\r\n")
    # Checked and hashed before the transaction: the organization is not known yet.
    asked = AccountIn.model_validate(described | {"organization_id": UUID(int=0)})
    password_hash = hash_password(asked.password) if asked.password else None
    me = service.operator()
    with _opened() as database, database.write.begin() as db:
        if service.find_account_of(db, asked.email):
            raise Failure(f"Il y a déjà un compte pour {asked.email}.")
        found = service.find_or_add_organization(db, organization, by=me)
        asked = asked.model_copy(update={"organization_id": found.id})
        accounts.add_account(db, asked, password_hash, by=me)
    print(f"Le compte {asked.email} est ouvert.")


@token_commands.command("create", help="Crée un jeton d'API et l'affiche, cette seule fois.")
def create_token(
    email: Annotated[str, typer.Option(help="Adresse du compte au nom duquel il agit.")],
    name: Annotated[str, typer.Option(help="À quoi il sert.")],
) -> None:
    """Make a token that may do all that this account may."""
    _prepare()
    asked = ApiTokenIn(name=name)
    with _opened() as database, database.write.begin() as db:
        account = service.find_account_of(db, email)
        if not account:
            raise Failure(f"Il n'y a pas de compte pour {email}.")
        secret, _ = accounts.issue_token(db, account, asked.name, by=service.operator())
    print(secret)


# Checking


@commands.command(help="Compare la base et les fichiers : rien ne manque, rien n'est de trop.")
def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Supprime les fichiers inutiles de plus d'une heure.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Compare les tailles, sans relire les fichiers.")
    ] = False,
) -> None:
    """Read every object that the database knows, and look for the owner of every object."""
    _prepare()
    with _opened() as database:
        report = verification.verify(database, storage(), repair, quick=quick)
    print(
        f"Fichiers en place : {report.in_place}. Absents : {report.missing}. "
        f"Abîmés : {report.damaged}. Inutiles : {report.orphans}. "
        f"Supprimés : {report.deleted}. À personne : {report.of_nobody}."
    )
    for example in report.examples:
        print(f"  {example}")
    if not report.ok:
        raise Failure("Des fichiers manquent ou sont abîmés.")


# Keeping, and forgetting


@commands.command(help="Sauvegarde la base et les fichiers dans un nouveau dossier.")
def backup(
    to: Annotated[str, typer.Argument(metavar="TO", help="Dossier vide, ou s3://…")],
) -> None:
    """Write a backup, while the service runs."""
    _prepare()
    with _opened() as database:
        made = backups.back_up(database, storage(), backups.place_of(to, is_new=True), _say)
    print(f"La sauvegarde est faite : {made.rows} lignes, {made.objects} fichiers.")
    print("Les deux fichiers de clé n'y sont pas : gardez-les ailleurs, en lieu sûr.")
    if made.missing:
        raise Failure(
            f"{made.missing} fichiers connus de la base manquent ou sont abîmés, et ne sont pas "
            "dans la sauvegarde : voir « python -m app verify »."
        )


@commands.command(help="Restaure une sauvegarde ; ce qui a été retiré depuis reste retiré.")
def restore(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Dossier d'une sauvegarde.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Remplace toutes les données qui sont ici.")
    ] = False,
) -> None:
    """Put a backup in place of what is here, on either database."""
    _prepare()
    saved, url = backups.place_of(source), settings().database
    manifest = restoring.inspect_backup(saved, _say)
    if _is_there(url):
        with _connected(url) as database:
            restoring.require_no_people(database, replace)
    install.migrate(url)
    workers.discover()
    with _opened() as database:
        done_again = restoring.restore(database, storage(), saved, manifest, _say)
        report = restoring.finish(database, storage(), sweep=replace)
    print(f"La sauvegarde du {backups.made_on(manifest)} est restaurée.")
    print(f"Retraits faits depuis, et refaits : {done_again}.")
    print("Tout autre changement fait depuis est à refaire : comptes suspendus, liens et jetons")
    print("révoqués, conservations pour litige. Les clés ne viennent pas de la sauvegarde.")
    if not report.ok:
        raise Failure("Des fichiers manquent ou sont abîmés : voir « python -m app verify ».")


@commands.command("retention", help="Efface ce qui a passé sa durée de conservation.")
def retain(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Dit ce qui serait effacé, et n'efface rien.")
    ] = False,
) -> None:
    """Apply the rules of retention now, or say what they would do."""
    _prepare()
    with _opened() as database:
        if dry_run:
            with database.read() as db:
                counts = retention.due_now(db)
        else:
            counts = retention.totals(retention.apply(database.write.begin, by=service.operator()))
            purge.scrub(database)
    print("À effacer maintenant :" if dry_run else "Effacé :")
    for rule in retention.RULES:
        print(f"  {rule.what} — {rule.kept}, puis {rule.then} : {counts.get(rule, '—')}")


@audit_commands.command("verify", help="Recalcule la chaîne du journal : rien n'y a été changé.")
def verify_audit(
    known: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER:DIGEST", help="Ce qui avait été gardé ailleurs. Répétable."),
    ] = None,
) -> None:
    """Compute the chain of audit events again; it must pass through what was kept elsewhere."""
    _prepare()
    kept = [_kept_elsewhere(text) for text in known or []]
    with _opened() as database, database.read() as db:
        found = audit_log.verify(db)
        passes = [(one.number, audit_log.passes_through(db, one)) for one in kept]
    if not found.ok:
        raise Failure(f"La chaîne du journal est rompue à l'événement {found.first_broken}.")
    for number, is_there in passes:
        if is_there is False:
            raise Failure(f"Le journal contredit ce qui avait été gardé de l'événement {number}.")
        if is_there is None:
            print(f"L'événement {number} est trop ancien : plus rien ici ne permet de comparer.")
    print(f"Le journal est intact : {found.sealed} événements scellés, {found.waiting} en attente.")
    print(f"À conserver ailleurs : {found.head.number}:{found.head.digest}")


@vault_commands.command("rotate", help="Chiffre toutes les identités avec une nouvelle clé.")
def rotate_key() -> None:
    """Put a new key in the place of the present one, which is kept beside it."""
    _prepare()
    with _opened() as database:
        done = vault.rotate(database)
    print(f"Une nouvelle clé, {done.key_id}, est en place. Identités rechiffrées : {done.rows}.")
    print(f"L'ancienne clé est gardée dans {done.former} : elle ouvre les sauvegardes d'avant.")
    print(
        "Copiez la nouvelle en lieu sûr ; détruisez l'ancienne avec la dernière de ces sauvegardes."
    )
    if done.closed:
        raise Failure(f"Identités qu'aucune clé n'ouvre, laissées telles quelles : {done.closed}.")


# What the commands share


def _kept_elsewhere(text: str) -> audit_log.Checkpoint:
    """A number and its digest, as `audit verify` printed them. Raises Failure."""
    number, _, digest = text.strip().partition(":")
    if not KEPT.fullmatch(text.strip()):
        raise Failure("--known : attendu NUMÉRO:EMPREINTE, tel que « audit verify » l'affiche.")
    return audit_log.Checkpoint(int(number), digest)


def _prepare() -> None:
    """Read the settings and the keys, and write logs. Raises Failure."""
    chosen = settings()
    configure_logs(chosen.log_level)
    if dialect_of(chosen.database) not in SETTINGS:
        raise Failure(BAD_URL)
    for name, path in (
        ("APP_SECRET_KEY_FILE", chosen.secret_key_path),
        ("APP_VAULT_KEY_FILE", chosen.vault_key_path),
    ):
        try:
            load_key(path)
        except KeyExposed:
            raise Failure(f"{name} : {exposed(path)}") from None
        except KeyUnusable:
            raise Failure(f"{name} : le fichier {path} doit contenir 32 octets.") from None


@contextmanager
def _opened() -> Iterator[Database]:
    """The database of the settings. Raises Failure when it is not migrated."""
    if not _is_there(settings().database):
        raise Failure(NOT_MIGRATED)
    with _connected(settings().database) as database:
        with database.read() as db:
            if not is_migrated(db.connection()):
                raise Failure(NOT_MIGRATED)
        yield database


@contextmanager
def _connected(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def _is_there(url: str) -> bool:
    """Whether there is a database to connect to: SQLite would make an empty one."""
    found = make_url(url)
    return found.get_backend_name() != "sqlite" or Path(found.database or "").is_file()


def _say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def _opened_to_people() -> Iterator[Database]:
    """The same, once all that is in the ledger is taken back there: it may come from a backup."""
    with _opened() as database:
        if count := replay(database):
            print(f"Retraits du registre refaits : {count}.", flush=True)
        yield database


def _seed_once(database: Database) -> list[str]:
    """Add the demo where there is nothing yet; what to say of it. Production has none."""
    if settings().env is Env.PRODUCTION:
        return []
    from app.demo import service as demo  # noqa: PLC0415 - production has no use for it

    with database.read() as db:
        is_wanted = demo.is_wanted(db)
    if is_wanted:
        print("Première fois : la démonstration s'installe, en moins d'une minute…", flush=True)
    added = demo.seed(database) if is_wanted else None
    with database.read() as db:
        return demo.tell(db, added)


def _welcome(address: str, told: list[str]) -> None:
    """Say where to go, and as whom."""
    print(
        "",
        "Retours d'usages est prêt.",
        "",
        f"  Adresse         {address}",
        f"  Documentation   {address}/api/docs",
        f"  Données         {settings().data_dir.resolve()}",
        *told,
        "",
        "Pour arrêter : Ctrl-C.",
        "",
        sep="\n",
        flush=True,
    )


def _complain(why: str) -> int:
    print(" ".join(why.split()), file=sys.stderr)
    return 1


def _misuse(error: TyperException) -> str:
    """What is wrong with the arguments."""
    param, kind = getattr(error, "param", None), type(error).__name__
    option = param.opts[-1] if param else getattr(error, "option_name", None)
    if not option:
        return "Il n'y a pas de telle commande : voir « python -m app --help »."
    if kind == "MissingParameter":
        return f"Il manque {option}."
    if kind == "NoSuchOption":
        return f"Il n'y a pas d'option {option}."
    return f"{option} : valeur refusée ; voir --help."


if __name__ == "__main__":
    gc.freeze()  # what is loaded is no garbage: ending takes no second
    sys.exit(main())
