"""The command line, as an operator uses it: real processes, on a folder of their own."""

import json
import os
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.__main__ import main
from app.accounts.models import Account, ApiToken, Organization
from app.audit.models import ActorKind, AuditEvent
from app.audit.service import EVENTS, seal
from app.demo.service import PASSWORD as DEMO_PASSWORD
from app.witnesses.vault import key_id
from tests.postgres import free_port
from tests.processes import Place, new_database, refused

PASSWORD = "un mot de passe assez long"
COMMANDS = [
    [],
    ["run"],
    ["serve"],
    ["worker"],
    ["migrate"],
    ["seed"],
    ["openapi"],
    ["verify"],
    ["account"],
    ["account", "create"],
    ["token"],
    ["token", "create"],
    ["audit"],
    ["audit", "verify"],
    ["vault"],
    ["vault", "rotate"],
    ["backup"],
    ["restore"],
    ["retention"],
]
ACCOUNT = [
    *("account", "create", "--email", "Chef@Example.org", "--display-name", "La cheffe"),
    *("--role", "administrator", "--organization", "Région Exemple"),
]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with new_database(tmp_path / "data") as url:
        yield url


@pytest.fixture
def place(tmp_path: Path, url: str) -> Place:
    return Place(tmp_path / "data", url)


@pytest.fixture
def port() -> int:
    return free_port()


# What needs no process of its own


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--help"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    description = said.out.split("\n\n")[1].strip()
    assert re.match(r"^[A-ZÀ-Ý].*\.$", description, re.DOTALL)


def test_alone_it_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "migrate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nonsense"], "Il n'y a pas de telle commande : voir « python -m app --help »."),
        (["serve", "--prot", "1"], "Il n'y a pas d'option --prot."),
        (["serve", "--port", "many"], "--port : valeur refusée ; voir --help."),
        (["serve", "--port", "99999"], "--port : valeur refusée ; voir --help."),
        (["account", "create", "--role", "queen"], "--role : valeur refusée ; voir --help."),
        (["token", "create", "--email", "a@b.fr"], "Il manque --name."),
    ],
)
def test_a_misuse_is_one_line(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{why}\n")


# Real processes


@pytest.mark.slow
def test_from_nothing_to_a_token_that_is_let_in(place: Place, port: int) -> None:
    place.migrated()
    created = place.do(*ACCOUNT, "--password-stdin", said=f"{PASSWORD}\n")
    assert (created.returncode, created.stderr) == (0, "")
    token = place.do("token", "create", "--email", "CHEF@example.org", "--name", "essai")
    assert (token.returncode, token.stderr) == (0, "")
    with place.started("serve", "--port", str(port)) as server:
        assert server.answers(port).status_code == 200
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            bearer = {"Authorization": f"Bearer {token.stdout.strip()}"}
            me = client.get("/api/v1/me", headers=bearer)
            assert (me.status_code, me.json()["email"]) == (200, "chef@example.org")
            assert "server" not in me.headers
            login = {"email": "chef@example.org", "password": PASSWORD}
            assert client.post("/api/v1/sessions", json=login).status_code == 201
            # The connection is kept open: it must not hold the server up.
            server.stop()


@pytest.mark.slow
def test_migrating_twice_is_migrating_once(place: Place) -> None:
    assert place.migrated().migrated().do("audit", "verify").returncode == 0


@pytest.mark.slow
def test_an_account_comes_with_its_organization_and_an_event(place: Place) -> None:
    place.migrated()
    assert place.do(*ACCOUNT).returncode == 0
    second = [*ACCOUNT[:3], "autre@example.org", *ACCOUNT[4:]]
    assert place.do(*second).returncode == 0
    assert "déjà un compte pour chef@example.org" in refused(place.do(*ACCOUNT))
    with place.opened() as database, database.read() as db:
        assert db.scalars(select(Organization.name)).all() == ["Région Exemple"]
        assert db.scalars(select(Account.password_hash)).all() == [None, None]
        events = db.scalars(select(AuditEvent).order_by(AuditEvent.created_at)).all()
    assert [event.action for event in events] == [
        "organization.added",
        "account.added",
        "account.added",
    ]
    assert {(event.actor_kind, event.actor_id) for event in events} == {(ActorKind.COMMAND, None)}


@pytest.mark.slow
def test_a_mistake_in_an_account_writes_nothing(place: Place) -> None:
    place.migrated()
    wrong = [*ACCOUNT[:3], "chef@", *ACCOUNT[4:]]
    assert refused(place.do(*wrong)) == "--email : Ce n'est pas une adresse électronique."
    short = place.do(*ACCOUNT, "--password-stdin", said="court\n")
    assert refused(short) == "--password : Longueur minimale : 12."
    nobody = place.do("token", "create", "--email", "personne@example.org", "--name", "x")
    assert refused(nobody) == "Il n'y a pas de compte pour personne@example.org."
    with place.opened() as database, database.read() as db:
        assert not db.scalars(select(Organization)).all()
        assert not db.scalars(select(ApiToken)).all()


@pytest.mark.slow
def test_the_log_is_verified(place: Place) -> None:
    place.migrated()
    assert place.do(*ACCOUNT).returncode == 0
    with place.opened() as database, database.write.begin() as db:
        seal(db)
    whole = place.do("audit", "verify")
    assert whole.returncode == 0
    assert "2 événements scellés, 0 en attente" in whole.stdout
    kept = whole.stdout.rpartition(" : ")[2].strip()
    assert place.do("audit", "verify", "--known", kept).returncode == 0
    other = place.do("audit", "verify", "--known", kept, "--known", f"1:{'0' * 64}")
    assert refused(other) == "Le journal contredit ce qui avait été gardé de l'événement 1."
    unreadable = place.do("audit", "verify", "--known", "deux")
    assert refused(unreadable).startswith("--known : attendu NUMÉRO:EMPREINTE")
    with place.opened() as database, database.write.begin() as db:
        db.execute(update(EVENTS).where(EVENTS.c.number == 1).values(facts={"role": "editor"}))
    broken = place.do("audit", "verify")
    assert refused(broken) == "La chaîne du journal est rompue à l'événement 1."


@pytest.mark.slow
@pytest.mark.once
def test_keys_are_made_once_and_only_their_owner_reads_them(place: Place) -> None:
    place.migrated()
    keys = sorted((place.folder / "keys").iterdir())
    assert [key.name for key in keys] == ["secret.key", "vault.key"]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o400}
    before = [key.read_bytes() for key in keys]
    place.migrated()
    assert [key.read_bytes() for key in keys] == before


@pytest.mark.slow
def test_what_is_not_migrated_is_not_served(place: Place) -> None:
    why = "La base de données n'est pas à jour : lancez d'abord « python -m app migrate »."
    for command in (["serve"], ["worker"], ["audit", "verify"], ["verify"]):
        assert refused(place.do(*command)) == why


BAD_SETTINGS: list[tuple[dict[str, str], str]] = [
    ({"APP_ENV": "production"}, "APP_SECRET_KEY_FILE et APP_VAULT_KEY_FILE"),
    ({"APP_ENV": "elsewhere"}, "APP_ENV : Valeurs possibles :"),
    ({"APP_INLINE_WORKERS": "many"}, "APP_INLINE_WORKERS : Attendu : un nombre entier."),
    ({"APP_LOG_LEVEL": "loud"}, "APP_LOG_LEVEL : "),
    ({"APP_DATABASE_URL": "nonsense"}, "APP_DATABASE_URL n'est pas l'adresse d'une base"),
    ({"APP_DATABASE_URL": "mysql://h/b"}, "APP_DATABASE_URL n'est pas l'adresse d'une base"),
    ({"APP_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/b"}, "ne répond pas"),
    ({"APP_DATA_DIR": "/proc/nowhere", "APP_DATABASE_URL": ""}, "/proc/nowhere"),
    ({"APP_SECRET_KEY_FILE": "/dev/null"}, "APP_SECRET_KEY_FILE : le fichier /dev/null"),
    ({"APP_VAULT_KEY_FILE": "/dev/null"}, "APP_VAULT_KEY_FILE : le fichier /dev/null"),
]


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(("wrong", "why"), BAD_SETTINGS)
def test_bad_settings_are_one_line(place: Place, wrong: dict[str, str], why: str) -> None:
    line = refused(place.do("migrate", **wrong))
    assert why in line
    assert "secret@" not in line


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("name", ["SECRET", "VAULT"])
def test_production_refuses_a_key_that_others_may_read(place: Place, name: str) -> None:
    place.migrated()
    keys = {n: place.folder / "keys" / f"{n.lower()}.key" for n in ("SECRET", "VAULT")}
    chosen = {"APP_ENV": "production"} | {f"APP_{n}_KEY_FILE": str(keys[n]) for n in keys}
    assert place.do("audit", "verify", **chosen).returncode == 0
    for mode in (0o404, 0o440):
        keys[name].chmod(mode)
        for command in (["serve"], ["worker"], ["migrate"], ["vault", "rotate"]):
            assert refused(place.do(*command, **chosen)) == (
                f"APP_{name}_KEY_FILE : d'autres que son propriétaire peuvent lire {keys[name]} : "
                f"faites « chmod 400 {keys[name]} »."
            )
    assert place.do("audit", "verify").returncode == 0, "it is for production to refuse"


@pytest.mark.slow
@pytest.mark.once
def test_the_key_of_the_vault_is_changed_and_the_former_one_kept(place: Place) -> None:
    place.migrated()
    key = place.folder / "keys" / "vault.key"
    before = key.read_bytes()
    done = place.do("vault", "rotate")
    assert (done.returncode, done.stderr) == (0, "")
    former = key.with_name(f"vault.key.{key_id(before)}")
    assert done.stdout == (
        f"Une nouvelle clé, {key_id(key.read_bytes())}, est en place. Identités rechiffrées : 0.\n"
        f"L'ancienne clé est gardée dans {former} : elle ouvre les sauvegardes d'avant.\n"
        "Copiez la nouvelle en lieu sûr ; "
        "détruisez l'ancienne avec la dernière de ces sauvegardes.\n"
    )
    assert former.read_bytes() == before != key.read_bytes()


@pytest.mark.slow
@pytest.mark.once
def test_a_key_that_cannot_be_replaced_is_one_line(place: Place) -> None:
    place.migrated()
    long = place.folder / "keys" / ("k" * 250)  # no name beside it fits: root is stopped too
    long.write_bytes(bytes(32))
    refusal = place.do("vault", "rotate", APP_VAULT_KEY_FILE=str(long))
    assert refused(refusal) == (
        f"On ne peut pas écrire de nouvelle clé dans {long.parent} : rien n'a changé."
    )
    assert long.read_bytes() == bytes(32)


@pytest.mark.slow
@pytest.mark.once
def test_a_port_that_is_taken_is_one_line(place: Place, port: int) -> None:
    place.migrated()
    with place.started("serve", "--port", str(port)) as server:
        server.answers(port)
        line = refused(place.do("serve", "--port", str(port)))
        assert f"port {port} : une autre application y répond déjà" in line
        server.stop()


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize("everybody", [False, True], ids=["SIGTERM", "Ctrl-C"])
def test_a_server_stops_quickly_whatever_it_was_told_by(
    place: Place, port: int, workers: str, everybody: bool
) -> None:
    """Its job threads too."""
    place.migrated()
    with place.started("serve", "--port", str(port), "--workers", workers) as server:
        server.answers(port)
        server.stop(signal.SIGINT if everybody else signal.SIGTERM, everybody)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")


@pytest.mark.slow
def test_several_processes_share_one_database(place: Place, port: int) -> None:
    place.migrated()
    assert place.do(*ACCOUNT).returncode == 0
    token = place.do("token", "create", "--email", "chef@example.org", "--name", "x").stdout
    bearer = {"Authorization": f"Bearer {token.strip()}"}
    organization = {"name": "", "kind": "other", "in_mapping": False}
    with place.started("serve", "--port", str(port), "--workers", "2") as server:
        server.answers(port)
        address = f"http://127.0.0.1:{port}/api/v1/organizations"
        for number in range(20):  # a connection each: both processes answer some
            asked = organization | {"name": f"Structure {number}"}
            answer = httpx.post(address, json=asked, headers=bearer, timeout=10)
            assert answer.status_code == 201, answer.text
        listed = httpx.get(address, headers=bearer, params={"limit": 100}).json()["items"]
        assert len(listed) == 21
        server.stop()


@pytest.mark.slow
def test_a_worker_seals_the_log_and_stops_quickly(place: Place) -> None:
    place.migrated()
    assert place.do(*ACCOUNT).returncode == 0
    with place.started("worker") as worker, place.opened() as database:

        def sealed() -> bool:
            with database.read() as db:
                numbers = db.scalars(select(EVENTS.c.number)).all()
            return None not in numbers

        worker.wait_for(sealed)
        worker.stop()
    assert "pas de file nonsense" in refused(place.do("worker", "--queues", "nonsense"))


@pytest.mark.slow
@pytest.mark.once
def test_two_servers_side_by_side_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Two data folders, two addresses; links begin with the right one."""
    places = [
        Place(tmp_path / name, f"sqlite:///{tmp_path / name / 'retours.db'}") for name in "ab"
    ]
    ports = [free_port(), free_port()]
    assert places[0].migrated().do(*ACCOUNT).returncode == 0
    places[1].migrated()
    token = places[0].do("token", "create", "--email", "chef@example.org", "--name", "x").stdout
    bearer = {"Authorization": f"Bearer {token.strip()}"}
    with (
        places[0].started("serve", "--port", str(ports[0])) as one,
        places[1].started("serve", "--port", str(ports[1])) as other,
    ):
        assert one.answers(ports[0]).status_code == other.answers(ports[1]).status_code == 200
        status = [
            httpx.get(f"http://127.0.0.1:{port}/api/v1/me", headers=bearer).status_code
            for port in ports
        ]
        assert status == [200, 401]
        one.stop()
        other.stop()


@pytest.mark.slow
@pytest.mark.once
def test_run_does_it_all_and_says_where_to_go(place: Place, port: int) -> None:
    """And a second time it adds nothing."""
    said: list[str] = []
    counts: list[Any] = []
    for _ in range(2):
        with place.started("run", "--port", str(port)) as server:
            assert server.answers(port).status_code == 200
            said.append(server.stop())
        with place.opened() as database, database.read() as db:
            counts.append(len(db.scalars(select(Account.id)).all()))
    assert counts[0] == counts[1] > 0
    for welcome in said:
        assert f"http://127.0.0.1:{port}/api/docs" in welcome
        assert "administration@example.org" in welcome
        assert f"« {DEMO_PASSWORD} »" in welcome
    links = [welcome.count(f"http://127.0.0.1:{port}/r/") for welcome in said]
    assert links == [2, 0], "they are shown once"
    assert "déjà en place" in place.do("seed").stdout
    keys = {
        f"APP_{name}_KEY_FILE": str(place.folder / "keys" / f"{name.lower()}.key")
        for name in ("SECRET", "VAULT")
    }
    line = refused(place.do("seed", APP_ENV="production", **keys))
    assert line == "La démonstration ne s'installe pas en production : tout y est inventé."


@pytest.mark.slow
@pytest.mark.once
def test_openapi_is_the_one_that_is_served(place: Place) -> None:
    done = place.do("openapi")
    assert done.stderr == ""
    described = json.loads(done.stdout)
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/jobs" in described["paths"]
    assert not place.folder.exists()


@pytest.mark.slow
def test_verify_finds_what_is_missing_and_repairs_what_is_useless(place: Place) -> None:
    place.migrated()
    assert "Inutiles : 0." in place.do("verify").stdout
    orphan = place.folder / "blobs" / "media" / "aa" / "bb"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"words")
    os.utime(orphan, (0, 0))
    assert "orphelin media/aa/bb" in place.do("verify").stdout
    assert "Supprimés : 1." in place.do("verify", "--repair").stdout
    assert not orphan.exists()
