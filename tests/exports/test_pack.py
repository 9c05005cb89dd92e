"""What an evaluation pack promises: whole, joinable, of consenting people, countable again."""

import csv
import json
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import GRANTS, Role
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import Base, now
from app.excerpts.models import ExcerptState
from app.exports.datasets import DATASETS
from app.exports.ids import Seen, ids_for
from app.exports.models import Export
from app.exports.pack.pack import Asked, Pack
from app.exports.queries import EXPORTED
from app.testimonies.models import Nature, State, Testimony, TestimonyWitness
from app.witnesses.decision import Medium, Reach, Verb
from app.witnesses.models import Witness
from tests.conftest import ClientFor
from tests.exports.conftest import URL, UUIDS, WHY, Says, get, rows_of, undrawn
from tests.exports.test_project import spoil_consents
from tests.indicators.conftest import heard, noise
from tests.make import Make

__all__ = ["heard", "noise"]

Willing = Callable[..., Witness]
Row = dict[str, str]
ID = re.compile(r"x[0-9a-f]{32}")


class Page(HTMLParser):
    """The tables of a page by their captions, and whatever it would run or fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, list[str]]] = {}
        self.dangers: list[str] = []
        self.text, self._caption, self._row = "", "", list[str]()
        self._into: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        about = dict(attrs)
        self._into.append(tag)
        if tag in ("caption", "th", "td"):
            self._row.append("")
        source = about.get("src") or about.get("href") or ""
        if tag in ("script", "iframe", "object", "link") or any(n.startswith("on") for n in about):
            self.dangers.append(tag)
        if source and not source.startswith(("data:image/svg+xml;base64,", "#")):
            self.dangers.append(source)
        if tag == "img":
            assert about["alt"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption":
            self._caption = self._row.pop()
            self.tables[self._caption] = {}
        elif tag == "tr" and self._row:
            name, *cells = self._row
            self.tables[self._caption][name] = cells
            self._row = []
        self._into.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._row and self._into[-1] in ("caption", "th", "td"):
            self._row[-1] += data


@dataclass(frozen=True)
class Opened:
    """A pack as its readers find it."""

    content: bytes
    names: list[str]
    files: dict[str, bytes]

    def table(self, name: str) -> list[Row]:
        told = self.files[f"{name}.csv"].decode("utf-8-sig")
        return list(csv.DictReader(StringIO(told, newline=""), delimiter=";"))

    def data(self, dataset: str) -> list[Row]:
        return self.table(f"donnees/{dataset}")

    def ids(self, dataset: str) -> set[str]:
        return {row["id"] for row in self.data(dataset)}

    @property
    def page(self) -> Page:
        return Page(self.files["methode.html"].decode())

    @property
    def left_out(self) -> list[tuple[str, str]]:
        return sorted((row["kind"], row["reason"]) for row in self.table("exclusions"))

    @property
    def codes(self) -> set[str]:
        """All ids of this export."""
        return set(ID.findall("\n".join(b.decode() for b in self.files.values())))


def opened(content: bytes) -> Opened:
    archive = zipfile.ZipFile(BytesIO(content))
    assert archive.testzip() is None
    files = {name: archive.read(name) for name in archive.namelist()}
    return Opened(content, archive.namelist(), files)


def pack(client: TestClient, make: Make, **params: Any) -> Opened:
    asked = {"scheme_id": str(make.the_scheme.id)} | params
    return opened(get(client, "evaluation-pack.zip", **asked).content)


def events(db: Session) -> list[AuditEvent]:
    rows = select(AuditEvent).where(AuditEvent.action.startswith("export."))
    return list(db.scalars(rows.order_by(AuditEvent.created_at)))


# It is whole


def test_it_has_every_file_and_checksums_that_verify(
    as_evaluator: TestClient, make: Make, heard: list[Testimony], tmp_path: Path
) -> None:
    found = pack(as_evaluator, make)
    assert found.names[0] == "LISEZMOI.txt"
    assert found.names[-1] == "SHA256SUMS"
    assert {f"donnees/{name}.csv" for name in DATASETS} <= set(found.names)
    assert {
        *("LISEZMOI.txt", "methode.html", "dictionnaire.csv", "dictionnaire.json"),
        *("codebook.csv", "codebook.qdc", "territoires.csv", "consentements.csv"),
        *("exclusions.csv", "exclusions-totaux.csv", "SHA256SUMS"),
    } == {name for name in found.names if "/" not in name}
    for name in ("balance", "coverage", "methods", "reception", "loop", "voices"):
        assert {f"indicateurs/{name}.csv", f"indicateurs/{name}.svg"} <= set(found.names)
    assert all(name.isascii() for name in found.names)
    assert len(set(found.names)) == len(found.names)
    zipfile.ZipFile(BytesIO(found.content)).extractall(tmp_path)
    lines = found.files["SHA256SUMS"].decode().splitlines()
    sums = {name: told for told, name in (line.split("  ") for line in lines)}
    assert sums.keys() == set(found.names) - {"SHA256SUMS"}
    assert all(sha256(found.files[name]).hexdigest() == sums[name] for name in sums)
    assert verified(tmp_path)
    (tmp_path / "donnees/testimonies.csv").write_bytes(b"changed")
    assert not verified(tmp_path)


def verified(folder: Path) -> bool:
    """What `sha256sum -c` says of a folder."""
    command = shutil.which("sha256sum")
    assert command
    asked = [command, "-c", "SHA256SUMS"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def test_a_scheme_without_words_is_a_pack_too(as_evaluator: TestClient, make: Make) -> None:
    found = pack(as_evaluator, make)
    assert all(found.data(name) == [] for name in DATASETS)
    assert found.left_out == []
    assert "Rien n'a été laissé de côté." in found.page.text
    assert "0 témoignages de 0 personnes" in found.page.text


def test_data_are_those_of_the_exports_and_the_dictionary_knows_every_column(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    found = pack(as_evaluator, make)
    told = {
        each["dataset"]: each["columns"] for each in json.loads(found.files["dictionnaire.json"])
    }
    for name, dataset in DATASETS.items():
        head = found.files[f"donnees/{name}.csv"].decode("utf-8-sig").splitlines()[0].split(";")
        assert head == [column.name for column in dataset.columns]
        assert [column["name"] for column in told[name]] == head
        listed = [row["name"] for row in found.table("dictionnaire") if row["dataset"] == name]
        assert listed == head
        alone = rows_of(as_evaluator, name, scheme_id=str(make.the_scheme.id))
        assert len(found.data(name)) == len(alone)
    titles = Counter(row["body"] for row in found.data("testimonies"))
    assert titles == Counter(
        row["body"]
        for row in rows_of(as_evaluator, "testimonies", scheme_id=str(make.the_scheme.id))
    )


# Ids


def test_its_files_can_be_joined_and_two_packs_cannot(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    make.decision(heard[0])
    first, second = (pack(as_evaluator, make) for _ in "12")
    for found in (first, second):
        testimonies, people = found.ids("testimonies"), found.ids("witnesses")
        assert len(testimonies) == 9
        assert {row["testimony_id"] for row in found.data("excerpts")} < testimonies
        assert {row["testimony_id"] for row in found.data("decisions")} < testimonies
        spoke = {w for row in found.data("testimonies") for w in row["witness_ids"].split("|")}
        assert len(spoke) == 8
        assert spoke <= people
        workshops = found.ids("workshops")
        assert {row["workshop_id"] for row in found.data("testimonies")} <= workshops
        rows = found.table("indicateurs/counts-testimonies-theme")
        by_theme = {row["code_1"] for row in rows} - {"", "unknown"}
        assert by_theme
        assert by_theme <= found.ids("themes")
        for name in ("donnees/testimonies", "exclusions"):
            ids = [row["id"] for row in found.table(name)]
            by_kind = sorted(ids) if name != "exclusions" else ids
            assert ids == by_kind, "their places tell nothing"
    assert first.codes
    assert first.codes.isdisjoint(second.codes)


def test_the_places_of_what_is_not_there_tell_nothing(as_evaluator: TestClient, make: Make) -> None:
    for number in range(8):
        make.testimony(body=f"{number}")
    for kind in ("testimony", "witness"):
        ids = [
            row["id"] for row in pack(as_evaluator, make).table("exclusions") if row["kind"] == kind
        ]
        assert len(ids) == 8
        assert ids == sorted(ids)


def test_follow_up_needs_its_right_and_joins_with_other_exports(
    client_for: ClientFor, make: Make, says: Says, as_evaluator: TestClient, db: Session
) -> None:
    says("Le premier jour")
    scheme_id = str(make.the_scheme.id)
    asked = WHY | {"scheme_id": scheme_id, "follow_up": "true"}
    refused = as_evaluator.get(f"{URL}/evaluation-pack.zip", params=asked)
    assert refused.status_code == 403
    assert refused.json()["permission"] == "exports:follow-up"
    account = make.account(role="evaluator", follow_up_at=now(), follow_up_by_id=make.account().id)
    client = client_for(account)
    first, second = (pack(client, make, follow_up="true") for _ in "12")
    assert first.ids("testimonies") == second.ids("testimonies")
    alone = rows_of(client, "testimonies", scheme_id=scheme_id, follow_up="true")
    assert {row["id"] for row in alone} == first.ids("testimonies")
    assert first.ids("testimonies").isdisjoint(pack(client, make).ids("testimonies"))
    made = [event.facts for event in events(db) if event.action == "export.made"]
    assert [facts.get("follow_up") for facts in made] == [True, True, True, None], "none refused"
    assert "propre à ce compte" in first.files["LISEZMOI.txt"].decode()


def test_what_was_seen_is_known_again() -> None:
    by = Caller(uuid4(), uuid4(), Role.EVALUATOR, GRANTS[Role.EVALUATOR], uuid4())
    exported = ids_for(Export(), by)
    ids = [uuid4() for _ in range(500)]
    seen = Seen(exported)
    assert ids[0] not in seen
    for some in (ids[:200], ids[200:400]):
        seen.add(map(exported, some))
        assert all(id_ in seen for id_ in some)
        assert all(str(id_) in seen for id_ in some)
    assert not [id_ for id_ in ids[400:] if id_ in seen]
    assert len(seen) == 400


# Who may, and what is kept of it


def test_it_is_audited_with_the_sha256_of_what_was_received(
    as_evaluator: TestClient, make: Make, heard: list[Testimony], db: Session
) -> None:
    found = pack(as_evaluator, make)
    made, finished = events(db)
    assert made.facts == {
        "dataset": "evaluation-pack",
        "format": "zip",
        "purpose": WHY["purpose"],
        "filters": {"scheme_id": str(make.the_scheme.id)},
    }
    assert (finished.action, finished.subject_id) == ("export.finished", made.subject_id)
    assert finished.facts["sha256"] == sha256(found.content).hexdigest()
    rows = {name: len(found.data(name)) for name in DATASETS}
    assert finished.facts["datasets"] == rows
    assert finished.facts["rows"] == sum(rows.values())
    assert finished.facts["anomalies"] == 0
    told = Counter(found.left_out)
    counts = finished.facts["left_out"]
    assert {(k, r): many for k, reasons in counts.items() for r, many in reasons.items()} == told


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"purpose": None}, "#/purpose"),
        ({"purpose": " "}, "#/purpose"),
        ({"scheme_id": None}, "#/scheme_id"),
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"scheme_id": "x"}, "#/scheme_id"),
        ({"follow_up": "peut-être"}, "#/follow_up"),
        ({"media": "true"}, "#/media"),
        ({"limit": "5"}, "#/limit"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_evaluator: TestClient, make: Make, db: Session, wrong: dict[str, Any], pointer: str
) -> None:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)} | wrong
    given = {name: value for name, value in asked.items() if value is not None}
    refused = as_evaluator.get(f"{URL}/evaluation-pack.zip", params=given)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert events(db) == []


def test_another_format_is_not_found(as_evaluator: TestClient, make: Make) -> None:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)}
    for name in ("evaluation-pack.csv", "evaluation-pack", "pack.zip"):
        assert as_evaluator.get(f"{URL}/{name}", params=asked).status_code == 404


def test_nobody_else_has_it(
    as_editor: TestClient, as_animator: TestClient, as_administrator: TestClient, make: Make
) -> None:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)}
    for client in (as_editor, as_animator, as_administrator):
        assert client.get(f"{URL}/evaluation-pack.zip", params=asked).status_code == 403


def test_who_sees_no_indicator_has_none(
    as_custodian: TestClient, make: Make, heard: list[Testimony]
) -> None:
    found = pack(as_custodian, make)
    assert not [name for name in found.names if name.startswith("indicateurs/")]
    assert "ne sont pas montrés à ce compte" in found.files["LISEZMOI.txt"].decode()
    assert "ne sont pas montrés à ce compte" in found.page.text
    assert found.page.tables["Témoignages, par rôle"]["Tuteur ou tutrice"] == ["3"]
    assert {row["candor"] for row in found.data("testimonies")} == {""}


def test_commas_stand_between_cells_in_english(as_evaluator: TestClient, make: Make) -> None:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)}
    answer = as_evaluator.get(
        f"{URL}/evaluation-pack.zip", params=asked, headers={"Accept-Language": "en"}
    )
    found = opened(answer.content)
    for name in ("donnees/testimonies.csv", "exclusions.csv", "consentements.csv"):
        assert b"," in found.files[name].splitlines()[0]
        assert b";" not in found.files[name].splitlines()[0]


# What is not in it


def test_what_is_not_there_is_listed_with_the_reason(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    kept = says("Gardé", body="Le premier jour, gardé.")
    make.excerpt(kept)
    make.excerpt(kept, state=ExcerptState.NEEDS_REVIEW)
    make.excerpt(kept, restriction={"audiences": ["elected_officials"]})
    refuses, withdraws, late = make.witness(), willing(), make.witness()
    make.consent(refuses, EXPORTED, verb=Verb.REFUSE)
    make.consent(withdraws, EXPORTED, verb=Verb.WITHDRAW)
    make.consent(late, EXPORTED, valid_until=now() - timedelta(days=1))
    for witness in (refuses, withdraws, late):
        make.excerpt(says("CANARY", body="Le premier jour, CANARY.", witnesses=[witness]))
    says("CANARY", body="CANARY", state=State.SUBMITTED)
    says("CANARY", body="CANARY", restriction={"audiences": ["elected_officials"]})
    says("CANARY", body="CANARY", embargo_until=now() + timedelta(days=3))
    make.testimony(title="CANARY", state=State.DRAFT, witnesses=[willing()])
    found = pack(as_evaluator, make)
    assert [row["title"] for row in found.data("testimonies")] == ["Gardé"]
    assert len(found.data("excerpts")) == 1
    assert found.left_out == [
        ("excerpt", "needs-review"),
        ("excerpt", "restriction"),
        ("testimony", "embargo"),
        ("testimony", "expired"),
        ("testimony", "not-accepted"),
        ("testimony", "refused"),
        ("testimony", "restriction"),
        ("testimony", "withdrawn"),
        ("witness", "expired"),
        ("witness", "refused"),
        ("witness", "withdrawn"),
    ]
    assert b"CANARY" not in b"".join(found.files.values())
    there = found.ids("testimonies") | found.ids("excerpts") | found.ids("witnesses")
    assert there.isdisjoint(row["id"] for row in found.table("exclusions"))
    totals = {
        (row["kind"], row["reason"]): int(row["count"]) for row in found.table("exclusions-totaux")
    }
    assert totals == Counter(found.left_out)
    assert found.page.tables["Ce qui n'est pas dans les fichiers, par motif"]


def test_a_bad_row_is_told_and_stops_nothing(
    as_evaluator: TestClient, make: Make, says: Says, database: Database, db: Session
) -> None:
    says("Bon")
    bad, odd = says("CANARY", body="CANARY"), make.excerpt(says("Étrange"))
    with database.write.begin() as broken:
        told = text("UPDATE testimonies SET restriction = '{\"audiences\": 3}' WHERE id = :id")
        broken.execute(told, {"id": str(bad.id)})
        practice = text("UPDATE excerpts SET practice = '[1]', nature = 'practice' WHERE id = :id")
        broken.execute(practice, {"id": str(odd.id)})
    found = pack(as_evaluator, make)
    assert found.left_out == [("excerpt", "unreadable"), ("testimony", "unreadable")]
    rows = found.data("testimonies")
    assert sorted(row["anomaly"] for row in rows) == ["", "", "unreadable"]
    assert events(db)[-1].facts["anomalies"] == 2
    assert b"CANARY" not in b"".join(found.files.values())
    assert "2 témoignages de 2 personnes, et 0 extraits" in found.page.text
    listed = {row["id"] for row in found.table("exclusions")}
    assert listed == {
        row["id"]
        for name in ("testimonies", "excerpts")
        for row in found.data(name)
        if row["anomaly"]
    }


@pytest.mark.parametrize("end", ["9999-99-99 00:00:00", "9999", "zzz", "1", "2012-99-99 00:00:00"])
def test_a_consent_that_cannot_be_read_stops_nothing(
    as_evaluator: TestClient,
    make: Make,
    says: Says,
    willing: Willing,
    database: Database,
    db: Session,
    end: str,
) -> None:
    """Until when is unreadable, when it seems to hold; else its witness is not there."""
    bad = willing()
    says("Bon")
    says("Étrange", witnesses=[bad])
    spoil_consents(database, bad, end)
    found = pack(as_evaluator, make)
    assert "Bon" in {row["title"] for row in found.data("testimonies")}
    holds = end > str(now())
    untils = [row["until"] for row in found.table("consentements")]
    assert untils.count("unreadable") == (1 if holds else 0)
    assert len(found.data("witnesses")) == (2 if holds else 1)
    assert events(db)[-1].facts["anomalies"] == (1 if holds else 0)


def test_a_witness_whose_word_cannot_be_read_is_left_out_and_stops_nothing(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing, database: Database
) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL holds moments alone.")
    says("Bon")
    bad = willing()
    make.consent(bad, EXPORTED, verb=Verb.REFUSE)
    told = text("UPDATE consent_events SET valid_until = '2012-99-99' WHERE witness_id = :id")
    with database.write.begin() as writing:
        writing.execute(text("DROP TRIGGER IF EXISTS consent_events_no_update"))
        writing.execute(told, {"id": str(bad.id)})
    found = pack(as_evaluator, make)
    assert found.left_out == [("witness", "unreadable")]
    assert {row["title"] for row in found.data("testimonies")} == {"Bon"}


def test_another_schemes_words_are_not_in_it(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    says("Ici")
    elsewhere = make.workshop(scheme_id=make.scheme().id, title="CANARY")
    theirs = says("CANARY", workshop=elsewhere, witnesses=[willing(workshop=elsewhere)])
    make.excerpt(theirs)
    make.testimony(workshop=elsewhere, title="CANARY")
    found = pack(as_evaluator, make)
    assert len(found.data("testimonies")) == len(found.data("witnesses")) == 1
    assert found.left_out == []
    assert b"CANARY" not in b"".join(found.files.values())
    assert found.table("consentements")[0]["witnesses"] == "1"


def test_nothing_in_it_leads_back_to_somebody(
    as_evaluator: TestClient,
    make: Make,
    heard: list[Testimony],
    says: Says,
    willing: Willing,
    db: Session,
) -> None:
    witness = willing(birth_year=1987, signature="SIGNED", role="young_person")
    make.excerpt(says("Jour", witnesses=[witness], territory_id=make.territory("83126").id))
    found = pack(as_evaluator, make)
    export = str(events(db)[0].subject_id)
    ids, secrets = set[str](), {"SIGNED", "1987", "2013-05-14", "14/05"}
    for table in Base.metadata.sorted_tables:
        if "id" in table.c:
            ids |= {str(id_) for id_ in db.scalars(select(table.c.id))}
    secrets |= set(db.scalars(select(Witness.pseudonym)))
    assert len(ids) > 100
    for name, content in found.files.items():
        told = content.decode()
        assert not ids & set(UUIDS.findall(told)) - {export}, name
        assert not [id_ for id_ in ids if id_.replace("-", "") in told], name
        rest = undrawn(told)
        assert not [secret for secret in secrets if secret in rest], name


# What people allow


def test_consents_are_counted_until_their_month(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    note = EXPORTED._replace(medium=Medium.VOICE, audience="services", form="note")
    people = [willing(), willing(), willing(role="young_person", birth_year=now().year - 17)]
    for witness in people:
        make.consent(witness, note, territory=Reach.REGION)
    make.consent(people[1], note, verb=Verb.WITHDRAW)
    make.consent(make.witness(), note)
    says("un", witnesses=people)
    found = pack(as_evaluator, make)
    until = (now() + timedelta(days=365)).strftime("%Y-%m")
    rows = [tuple(row.values()) for row in found.table("consentements")]
    assert rows == [
        ("anonymous_text", "team", "dataset", "evaluation", "world", until, "3"),
        ("voice", "services", "note", "evaluation", "region", until, "1"),
    ]
    assert len(found.data("witnesses")) == 3


# The page


def test_the_page_says_both_numbers_and_those_of_the_files_are_counted_again(
    as_evaluator: TestClient, make: Make, heard: list[Testimony]
) -> None:
    """The team may read one more, of somebody who was not asked about exports."""
    make.excerpt(make.testimony(method="survey", nature=Nature.IDEA, witnesses=[make.witness()]))
    found = pack(as_evaluator, make)
    page, rows = found.page, found.data("testimonies")
    assert page.dangers == []
    assert "9 témoignages de 8 personnes, et 3 extraits" in page.text
    assert "10 témoignages de 9 personnes" in page.text
    assert "La différence (1)" in page.text
    roles = {"tutor": "Tuteur ou tutrice", "young_person": "Jeune"}
    for role, name in roles.items():
        mine = [row for row in rows if role in row["roles"].split("|")]
        spoke = {
            w
            for row in rows
            for w, r in zip(row["witness_ids"].split("|"), row["roles"].split("|"), strict=True)
            if r == role
        }
        [label] = [known for known in page.tables["Personnes, par rôle"] if known.startswith(name)]
        extra = role == "tutor"
        assert page.tables["Personnes, par rôle"][label] == [
            str(len(spoke)),
            str(len(spoke) + extra),
        ]
        assert page.tables["Témoignages, par rôle"][label] == [
            str(len(mine)),
            str(len(mine) + extra),
        ]
    counted_in = {row["code"]: row["counted_in"] for row in found.table("territoires")}
    near = Counter(counted_in.get(row["territory"], "") for row in rows)
    told = page.tables["Témoignages, par territoire"]
    assert told["Var (83)"] == [str(near["83"])] * 2
    assert told["Bouches-du-Rhône (13)"] == [str(near["13"])] * 2
    assert told["Non précisé"] == [str(near[""]), str(near[""] + 1)]
    natures = Counter(row["nature"] or "unknown" for row in rows)
    assert page.tables["Témoignages, par nature"]["Idée"] == [
        str(natures["idea"]),
        str(natures["idea"] + 1),
    ]
    themes = Counter(theme for row in rows for theme in row["themes"].split("|") if theme)
    assert {
        name: int(cells[0])
        for name, cells in page.tables["Témoignages, par thème"].items()
        if name in themes
    } == themes
    kinds = Counter(row["organization_kind"] for row in found.data("workshops"))
    by_kind = page.tables["Ateliers, par type de structure qui écoute"]
    assert by_kind["Association"] == [str(kinds["association"])]


def test_targets_and_whom_nobody_heard_are_told(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, heard: list[Testimony]
) -> None:
    wanted = [
        {"role": role, "territory_id": str(make.territory(code).id), "witnesses": many}
        for role, code, many in (("young_person", "83", 20), ("tutor", "06", 3))
    ]
    url = f"/api/v1/schemes/{make.the_scheme.id}/targets"
    assert as_editor.put(url, json=wanted).status_code == 200
    page = pack(as_evaluator, make).page
    covered = page.tables["Personnes entendues, par rôle et territoire"]
    [young] = [cells for name, cells in covered.items() if "Jeune" in name and "(83)" in name]
    assert young == ["2", "2", "20"]
    assert "Tuteur ou tutrice, Alpes-Maritimes (06)" in page.text


def test_nothing_that_people_wrote_runs_in_the_page(
    as_evaluator: TestClient, make: Make, says: Says
) -> None:
    nasty = "<script>alert(1)</script>"
    says("Un", themes=[make.theme(name=nasty)])
    answer = as_evaluator.get(
        f"{URL}/evaluation-pack.zip",
        params={"scheme_id": str(make.the_scheme.id), "purpose": f"{nasty} & =1+1"},
    )
    found = opened(answer.content)
    assert found.page.dangers == []
    assert nasty in found.page.text
    assert nasty in found.files["LISEZMOI.txt"].decode(), "a text is a text"


# While it is written


@pytest.fixture
def written(database: Database, make: Make, says: Says, willing: Willing) -> tuple[Pack, Witness]:
    """A pack of 2 500 testimonies of one witness, begun and not read yet."""
    witness = willing()
    first = says("0", witnesses=[witness])
    columns = Testimony.metadata.tables["testimonies"].c
    common = {c.key: getattr(first, c.key) for c in columns if c.key not in ("id", "title")}
    rows = [
        {**common, "id": uuid4(), "title": str(number), "body": token_hex(200)}
        for number in range(1, 2500)
    ]
    ids = [{"testimony_id": r["id"], "witness_id": witness.id, "position": 0} for r in rows]
    with database.write.begin() as db:
        db.execute(insert(Testimony), rows)
        db.execute(insert(TestimonyWitness), ids)
    by = Caller(uuid4(), uuid4(), Role.EVALUATOR, GRANTS[Role.EVALUATOR], uuid4())
    scheme = make.the_scheme
    return Pack(database, Export(), Asked(scheme.id, scheme.name, "fr"), by), witness


def test_a_withdrawal_takes_effect_while_it_is_written(
    written: tuple[Pack, Witness], make: Make, db: Session
) -> None:
    """What was read before is there; nothing is read afterwards, and the list says why."""
    pack, witness = written
    chunks: list[bytes] = []
    for chunk in pack.start():
        if not chunks:
            make.consent(witness, EXPORTED, verb=Verb.WITHDRAW)
        chunks.append(chunk)
    pack.end()
    found = opened(b"".join(chunks))
    many = len(found.data("testimonies"))
    assert many in (1000, 2000)
    assert found.data("witnesses") == []
    reasons = Counter(found.left_out)
    assert reasons == {("testimony", "withdrawn"): 2500 - many, ("witness", "withdrawn"): 1}
    assert events(db)[-1].facts["datasets"]["testimonies"] == many
    assert f"{many} témoignages de 1 personnes" in found.page.text


def test_whoever_leaves_early_has_nothing_that_opens(
    written: tuple[Pack, Witness], db: Session
) -> None:
    pack, _ = written
    chunks = [chunk for _, chunk in zip(range(1), pack.start(), strict=False)]
    pack.end()
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(BytesIO(b"".join(chunks)))
    assert events(db)[-1].action == "export.aborted"
    assert events(db)[-1].facts["sha256"] == sha256(b"".join(chunks)).hexdigest()
