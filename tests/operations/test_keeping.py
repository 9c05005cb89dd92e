"""Backups, restoring and forgetting, as an operator does them: real processes, other databases."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import inspect, make_url, select, update

import app.pages.jobs  # noqa: F401 - registers the handlers
from app.core.db import Database
from app.core.models import now
from app.core.settings import settings
from app.operations.rows import every_table
from app.testimonies.models import State, Testimony
from app.withdrawals import ledger
from tests.conftest import DATA_DIR
from tests.jobs.desk import Desk
from tests.make import Make
from tests.operations.test_backup import dumped
from tests.postgres import NoServer, free_port
from tests.postgres import server as postgres
from tests.processes import Place, new_database, refused
from tests.withdrawals.conftest import world
from tests.withdrawals.world import API, CANARY, NOISE, World, bytes_of_database, holding

__all__ = ["world"]
pytestmark = pytest.mark.slow
ALONE = {"APP_INLINE_WORKERS": "0", "APP_DISK_RESERVE": "0"}
# What an operator keeps apart from backups.
KEPT_APART = {
    "APP_SECRET_KEY_FILE": str(DATA_DIR / "keys" / "secret.key"),
    "APP_VAULT_KEY_FILE": str(DATA_DIR / "keys" / "vault.key"),
    "APP_LEDGER_URL": settings().ledger,
}


@pytest.fixture(autouse=True)
def _own_ledger() -> Iterator[None]:
    yield
    for key in list(ledger.every_key()):
        ledger.ledger().delete(key)


@pytest.fixture
def here(url: str, database: Database) -> Place:
    """The place of the tests: their folder, their database."""
    return Place(DATA_DIR, url)


@pytest.fixture
def saved(here: Place, world: World, database: Database, tmp_path: Path) -> Path:
    """A backup of the world."""
    desk = Desk(database)
    while desk.run_next():
        pass  # what was published is composed
    folder = tmp_path / "saved"
    done = here.do("backup", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Place]:
    """Another machine, with nothing yet."""
    with new_database(tmp_path / "elsewhere") as url:
        yield Place(tmp_path / "elsewhere", url, **ALONE, **KEPT_APART)


@contextmanager
def other_kind(url: str, folder: Path) -> Iterator[str]:
    """An empty PostgreSQL, of a SQLite; and the reverse."""
    if make_url(url).get_backend_name() != "sqlite":
        yield f"sqlite:///{folder / 'retours.db'}"
        return
    with ExitStack() as started:
        try:
            found = started.enter_context(postgres())
        except NoServer as why:
            pytest.skip(str(why))
        yield found


def rows_of(place: Place) -> dict[str, bytes]:
    """All rows but those of jobs, which go on."""
    with place.opened() as database:
        return {name: rows for name, rows in dumped(database).items() if name != "jobs"}


def shared(place: Place, world: World) -> httpx.Response:
    """What a server there answers to whoever has the link, at its first request."""
    port = free_port()
    with place.started("serve", "--port", str(port), **ALONE) as server:
        assert server.answers(port).status_code == 200
        answer = httpx.get(f"http://127.0.0.1:{port}{API}/shared/{world.token}", timeout=30)
        server.stop()
    return answer


def test_a_backup_says_what_it_holds_and_that_the_keys_are_not_inside(
    here: Place, world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    done = here.do("backup", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert "La sauvegarde est faite" in done.stdout
    assert "Les deux fichiers de clé n'y sont pas" in done.stdout
    keys = [path.read_bytes() for path in (DATA_DIR / "keys").iterdir()]
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert len(keys) >= 2
    assert not [key for key in keys if key in content]
    assert "vide" in refused(here.do("backup", str(folder)))


def test_what_is_restored_elsewhere_has_the_same_rows_and_answers(
    here: Place, saved: Path, elsewhere: Place, world: World
) -> None:
    done = elsewhere.do("restore", str(saved))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Retraits faits depuis, et refaits : 0." in done.stdout
    assert "Les clés ne viennent pas de la sauvegarde." in done.stdout
    assert rows_of(elsewhere) == rows_of(here)
    answer = shared(elsewhere, world)
    assert answer.status_code == 200
    assert CANARY in answer.text
    assert elsewhere.do("verify").returncode == 0


def test_data_that_is_there_is_replaced_only_when_asked(
    here: Place, saved: Path, world: World
) -> None:
    added = world.make.testimony(body="Depuis hier.")
    before = rows_of(here)
    line = refused(here.do("restore", str(saved)))
    assert line == (
        "Il y a déjà des données ici : ajoutez --replace pour les remplacer toutes. "
        "Rien n'a été touché."
    )
    assert rows_of(here) == before
    assert here.do("restore", str(saved), "--replace").returncode == 0
    with world.database.read() as db:
        assert db.get(Testimony, added.id) is None
        assert db.get(Testimony, world.testimony.id)


@pytest.mark.parametrize("member", ["manifest", "index", "tables/testimonies", "an object"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    here: Place, saved: Path, elsewhere: Place, member: str
) -> None:
    objects = sorted(path for path in (saved / "objects").rglob("*") if path.is_file())
    damaged = objects[0] if member == "an object" else saved / member
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.chmod(0o600)
    damaged.write_bytes(content)
    before = rows_of(here)
    assert "abîmée" in refused(here.do("restore", str(saved), "--replace"))
    assert rows_of(here) == before
    assert "rien n'a été touché" in refused(elsewhere.do("restore", str(saved)))
    assert not (elsewhere.folder / "blobs").exists()
    assert is_empty(elsewhere)


def test_what_is_no_backup_is_one_line(here: Place, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    assert refused(here.do("restore", str(missing))) == f"Il n'y a pas de dossier {missing}."
    missing.mkdir()
    assert "le fichier « manifest » manque" in refused(here.do("restore", str(missing)))


def is_empty(place: Place) -> bool:
    """Whether the database there has no table."""
    if make_url(place.url).get_backend_name() == "sqlite":
        return not (place.folder / "retours.db").exists()
    with place.opened() as database, database.read() as db:
        return not inspect(db.connection()).get_table_names()


def test_a_backup_moves_between_databases_and_what_was_taken_back_since_stays_so(
    here: Place, saved: Path, world: World, tmp_path: Path
) -> None:
    with ExitStack() as there:
        url = there.enter_context(other_kind(here.url, tmp_path / "other"))
        other = Place(tmp_path / "other", url, **ALONE, **KEPT_APART)
        done = other.do("restore", str(saved))
        assert (done.returncode, done.stderr) == (0, "")
        assert rows_of(other) == rows_of(here)
        assert CANARY in shared(other, world).text
        back = tmp_path / "back"
        done = other.do("backup", str(back))
        assert (done.returncode, done.stderr) == (0, "")

        world.take_back()
        third = Place(
            tmp_path / "third",
            there.enter_context(new_database(tmp_path / "third")),
            **ALONE,
            **KEPT_APART,
        )
        done = third.do("restore", str(back))
        assert (done.returncode, done.stderr) == (0, "")
        assert "Retraits faits depuis, et refaits : 1." in done.stdout
        found = shared(third, world)
        assert CANARY not in found.text
        with third.opened() as database:
            assert holding(NOISE, bytes_of_database(database))
            assert holding(CANARY, bytes_of_database(database)) == []
        # The other one goes on from its own rows: the ledger reaches it when it opens.
        first = shared(other, world)
        assert first.status_code == 200
        assert CANARY not in first.text
        assert NOISE in first.text


def test_a_dry_run_of_retention_says_how_much_and_writes_nothing(here: Place, make: Make) -> None:
    draft = make.testimony(state=State.DRAFT)
    make.session(make.account(), expires_at=now() - timedelta(seconds=1))
    with make.sessions.begin() as db:
        old = now() - timedelta(days=370)
        db.execute(update(Testimony).where(Testimony.id == draft.id).values(updated_at=old))
    before = everything(here)
    said = here.do("retention", "--dry-run")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("À effacer maintenant :\n")
    assert counts(said.stdout)["Brouillons jamais remis, sans changement"] == "1"
    assert counts(said.stdout)["Connexions finies des comptes"] == "1"
    assert everything(here) == before

    done = here.do("retention")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Effacé :\n")
    assert counts(done.stdout) == counts(said.stdout)
    with here.opened() as database, database.read() as db:
        assert db.get_one(Testimony, draft.id).body is None
    assert set(counts(here.do("retention").stdout).values()) == {"0", "—"}


def everything(place: Place) -> list[tuple[str, list[object]]]:
    """All rows of all tables, transient ones too."""
    with place.opened() as database, database.read() as db:
        return [
            (table.name, list(db.execute(select(table).order_by(table.c.id)).all()))
            for table in every_table()
        ]


def counts(said: str) -> dict[str, str]:
    """What is told of each class of data."""
    lines = said.splitlines()[1:]
    return {line.strip().partition(" — ")[0]: line.rpartition(" : ")[2] for line in lines}
