"""An evaluation: all is exported, counted again elsewhere, opened in other tools, and compared.

What the evaluator finds in the files alone is what the service says; nobody can be found in them.
"""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO, StringIO
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.models import Base
from app.exports.datasets import DATASETS
from tests.exports.conftest import undrawn
from tests.exports.test_project import Read
from tests.exports.test_project import opened as opened_project
from tests.stories.conftest import Town
from tests.stories.people import OFFICIALS, Animator, Editor, Person, Thing, quoted

STUDIED = (*OFFICIALS, "dataset_evaluation")
WHY = "Évaluation à mi-parcours"
KEYS = "Elle m’a laissé les clés le deuxième jour 🔑, j'étais fier."
TRAIN = "Le train de 6 h 12, c'est ça ou perdre la place."
CONTRACT = "À l’école d'à côté, on partage le poste à deux."
ALONE = "L'été dernier, personne n'était là pour m'expliquer."
BOTH = "On a fait le planning ensemble, elle et moi — ça tient."
SECRET = "Je ne veux pas que cela sorte d'ici."
REFUSED = "Finalement, ne lisez pas cela."
NAMES = ("Yasmina", "Belkacem", "Hervé", "Delestrac")
ID = re.compile(r"x[0-9a-f]{32}")


@dataclass(frozen=True)
class Pack:
    """A pack on the evaluator's disk."""

    content: bytes
    headers: Any
    files: dict[str, bytes]

    def table(self, name: str) -> pandas.DataFrame:
        """As pandas reads it: everything is text, and nothing is missing."""
        told = StringIO(self.files[f"{name}.csv"].decode("utf-8-sig"), newline="")
        return pandas.read_csv(told, sep=";", dtype=str, keep_default_na=False)

    @property
    def codes(self) -> set[str]:
        return set(ID.findall("\n".join(content.decode() for content in self.files.values())))


def saved(evaluator: Person, name: str, **params: str) -> Any:
    """An export, as it comes."""
    return evaluator.asks("GET", f"/exports/{name}", 200, params={"purpose": WHY} | params)


def opened(answer: Any) -> Pack:
    archive = zipfile.ZipFile(BytesIO(answer.content))
    files = {name: archive.read(name) for name in archive.namelist()}
    return Pack(answer.content, answer.headers, files)


@dataclass(frozen=True)
class Heard:
    """Who was heard, and what was kept of it."""

    young: Thing
    tutor: Thing
    employer: Thing
    reserved: Thing
    refusing: Thing
    testimonies: list[Thing]
    excerpts: list[Thing]


def listen(town: Town, animator: Animator, editor: Editor, host: Thing) -> Heard:
    """Two workshops, in two departments: some consent to be studied, two do not."""
    eric = town.place("ERIC-Cyber-base Berthe", "eric_cyber_base", host, "83126")
    office = town.place("Bureau des entretiens", "other", host, "04070")
    films, talks = animator.opens(eric), animator.opens(office, kind="interview")
    who = {"given_name": "Yasmina", "family_name": "Belkacem"}
    boss = {"given_name": "Hervé", "family_name": "Delestrac"}
    young = animator.registers(
        films, "young_person", *STUDIED, birth_year=1991, identity=who, signature="Y. de Berthe"
    )
    tutor = animator.registers(films, "tutor", *STUDIED)
    employer = animator.registers(talks, "employer", *STUDIED, identity=boss)
    reserved = animator.registers(talks, "employer", *OFFICIALS)
    refusing = animator.registers(films, "tutor", *STUDIED)
    var, digne = animator.territory("83126"), animator.territory("04070")
    theme = {"name": "Horaires", "definition": "Quand on travaille."}
    hours = editor.posts("/themes", {"scheme_id": town.scheme["id"]} | theme)
    near, far = {"territory_id": var}, {"territory_id": digne, "recorded_on": "2013-06-03"}

    said = [
        animator.hands_in(films, young, body=KEYS, nature="feeling", **near),
        animator.hands_in(
            films, young, tutor, body=BOTH, nature="practice", theme_ids=[hours["id"]], **near
        ),
        animator.hands_in(films, young, body=TRAIN, nature="information", **near),
        animator.hands_in(talks, employer, body=CONTRACT, nature="practice", **far),
        animator.hands_in(talks, employer, body=ALONE, **far),
    ]
    hidden = [
        animator.hands_in(films, refusing, body=REFUSED, **near),
        animator.hands_in(talks, reserved, body=SECRET, **far),
    ]
    for testimony in (*said, hidden[0]):
        editor.decides(testimony, "accept")
    animator.notes(refusing, "refuse", "written_inside")
    excerpts = [
        editor.quotes(said[0], KEYS[5:45], "feeling"),
        editor.quotes(said[1], BOTH, "practice", theme_ids=[hours["id"]]),
        editor.quotes(said[3], CONTRACT, "practice"),
    ]
    editor.composes(
        *(quoted(excerpt) for excerpt in (*excerpts, excerpts[0])),
        audience="elected_officials",
        form="note",
    )
    return Heard(young, tutor, employer, reserved, refusing, [*said, *hidden], excerpts)


# Counting again, from the files alone


def spoken(pack: Pack) -> pandas.DataFrame:
    """A row for each who speaks in each testimony, as docs/evaluation.md explains."""
    rows = pack.table("donnees/testimonies")
    assert (rows["anomaly"] == "").all()
    near = pack.table("territoires").set_index(["code", "level"])["counted_in"]
    place = pandas.MultiIndex.from_frame(rows[["territory", "territory_level"]])
    rows["territory"] = near.reindex(place).fillna("unknown").to_numpy()
    several = ["witness_ids", "roles", "age_bands"]
    for column in several:
        rows[column] = rows[column].str.split("|")
    rows = rows.explode(several)
    rows = rows.rename(columns={"roles": "role", "age_bands": "age_band", "recorded_on": "month"})
    plain = ["nature", "sector", "workshop_kind", "age_band"]
    rows[plain] = rows[plain].replace("", "unknown")
    return rows


def compare_counts(evaluator: Person, pack: Pack, scheme_id: str) -> None:
    rows = spoken(pack)
    codes = {t["id"]: t["code"] for t in evaluator.gets("/territories", limit=200)["items"]}
    units = {"testimonies": "id", "witnesses": "witness_ids", "workshops": "workshop_id"}
    by_each = ("role", "age_band", "method", "nature", "territory", "month", "workshop_kind")
    for (of, unit), by in product(units.items(), by_each):
        told = evaluator.gets("/indicators/counts", scheme_id=scheme_id, of=of, by=by)
        cells = {codes.get(c["keys"][0], c["keys"][0]): c["count"] for c in told["cells"]}
        assert cells.pop(None) == rows[unit].nunique()
        assert cells == rows.groupby(by)[unit].nunique().to_dict(), (of, by)


def compare_balance(evaluator: Person, pack: Pack, scheme_id: str) -> None:
    told = evaluator.gets("/indicators/balance", scheme_id=scheme_id, over="month")
    for of in ("testimonies", "excerpts"):
        rows = pack.table(f"donnees/{of}")
        rows["nature"] = rows["nature"].replace("", "unknown")
        for cell in (c for c in told["cells"] if c["of"] == of):
            mine = rows if cell["month"] is None else rows[rows["recorded_on"] == cell["month"]]
            many = int((mine["nature"] == cell["nature"]).sum())
            assert cell["count"] == many, cell
            assert cell["share"] == (round(many / len(mine), 4) if len(mine) else None)


def compare_coverage(evaluator: Person, pack: Pack, scheme_id: str) -> None:
    """The targets are those of the table beside: files of people know none."""
    told = evaluator.gets("/indicators/coverage", scheme_id=scheme_id)
    codes = {t["id"]: t["code"] for t in evaluator.gets("/territories", limit=200)["items"]}
    people = spoken(pack).groupby(["role", "territory"])["witness_ids"].nunique().to_dict()
    table = pack.table("indicateurs/coverage")
    cells = table[(table["table"] == "cells") & (table["measure"] == "target")]
    targets = cells.set_index(["code_1", "code_2"])["value"]
    for cell in told["cells"]:
        key = cell["role"], codes.get(cell["territory_id"], "")
        heard = people.get((key[0], key[1] or "unknown"), 0)
        target = int(targets[key]) if targets[key] else None
        assert (cell["witnesses"], cell["target"]) == (heard, target), cell
        assert cell["gap"] == (None if target is None else target - heard)
    assert {(m["role"], codes[m["territory_id"]]) for m in told["missing"]} == {
        key for key in targets[targets != ""].index if key not in people
    }
    unheard = table[(table["table"] == "missing") & (table["measure"] == "target")]
    assert set(zip(unheard["code_1"], unheard["code_2"], strict=True)) == {
        (m["role"], codes[m["territory_id"]]) for m in told["missing"]
    }
    assert [cell["gap"] for cell in told["cells"] if cell["target"]] == [2, 3]


def compare_voices(evaluator: Person, pack: Pack, scheme_id: str) -> None:
    told = evaluator.gets("/indicators/voices", scheme_id=scheme_id)
    rows = spoken(pack)
    rows["in_bundles"] = rows["in_bundles"].astype(int)
    uses = rows.groupby("witness_ids")["in_bundles"].sum()
    each = sorted(uses[uses > 0])
    n, total = len(each), sum(each)
    gini = sum((2 * i - n - 1) * x for i, x in enumerate(each, 1)) / (n * total)
    [summary] = (s for s in told["summaries"] if s["of"] == "bundles")
    assert (summary["heard"], summary["quoted"]) == (len(uses), n)
    assert (summary["passages"], summary["gini"]) == (total, round(gini, 4))


# Opening in other tools


def open_workbook(evaluator: Person, pack: Pack, scheme_id: str) -> None:
    """The spreadsheet has the same rows as the file of the pack, ids apart."""
    answer = saved(evaluator, "testimonies.xlsx", scheme_id=scheme_id)
    head, *rows = load_workbook(BytesIO(answer.content))["Données"].iter_rows(values_only=True)
    told = sorted(str(row[head.index("body")]) for row in rows)
    assert told == sorted(pack.table("donnees/testimonies")["body"])
    alone = saved(evaluator, "testimonies.csv", scheme_id=scheme_id)
    table = pandas.read_csv(BytesIO(alone.content), sep=";", encoding="utf-8-sig")
    assert sorted(table["body"]) == told
    assert not set(table["id"]) & set(pack.table("donnees/testimonies")["id"])


def open_project(evaluator: Person, pack: Pack, scheme_id: str) -> None:
    """Coding software finds each excerpt at the place where the file of the pack has it."""
    project: Read = opened_project(saved(evaluator, "project.qdpx", scheme_id=scheme_id).content)
    coded = set()
    for body, source in project.texts.items():
        for selection in source.plain_text_selection:
            start, stop = selection.start_position, selection.end_position
            coded.add((body, start, stop, body[start:stop]))
    bodies = pack.table("donnees/testimonies").set_index("id")["body"]
    excerpts = pack.table("donnees/excerpts")
    found = {
        (bodies[of], int(start), int(stop), quote)
        for of, start, stop, quote in zip(
            *(excerpts[name] for name in ("testimony_id", "start", "stop", "quote")), strict=True
        )
    }
    assert found == coded
    assert all(body[start:stop] == quote for body, start, stop, quote in found)
    assert len(found) == 3


def verify(pack: Pack, folder: Path) -> None:
    zipfile.ZipFile(BytesIO(pack.content)).extractall(folder)
    command = shutil.which("sha256sum")
    assert command
    asked = [command, "--strict", "-c", "SHA256SUMS"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


# What is not in it


def find_nobody(pack: Pack, db: Session, *people: Thing) -> None:
    """No byte leads back to somebody: ids of ours, pseudonyms, names, days, birth years.

    What is drawn (codes, sums) may hold the four digits of a year by chance: years and days are
    sought in the rest.
    """
    said = {*NAMES, "Y. de Berthe", "1991", "2013-05-14", "2013-06-03", SECRET, REFUSED}
    said |= {str(person["pseudonym"]) for person in people}
    ids: set[str] = set()
    for table in Base.metadata.sorted_tables:
        if "id" in table.c:
            ids |= {str(id_) for id_ in db.scalars(select(table.c.id))}
    db.rollback()  # nobody reads a state of before: what is erased leaves the files at once
    ids.discard(pack.headers["X-Export-Id"])
    for name, content in pack.files.items():
        text = content.decode()
        found = [id_ for id_ in ids if id_ in text or id_.replace("-", "") in text]
        rest = undrawn(text)
        found += [secret for secret in said if secret in rest or secret.replace("-", "") in rest]
        assert not found, name


def reasons(pack: Pack) -> list[tuple[str, str]]:
    told = pack.table("exclusions")
    return sorted(zip(told["kind"], told["reason"], strict=True))


def remembered(custodian: Person, packs: Sequence[Pack]) -> None:
    """The audit log knows who took which bytes, and why."""
    events = custodian.gets("/audit-events", limit=200)["items"]
    for pack in packs:
        id_ = pack.headers["X-Export-Id"]
        made, finished = sorted(
            (event for event in events if event["subject_id"] == id_),
            key=lambda event: event["action"],
            reverse=True,
        )
        assert (made["action"], finished["action"]) == ("export.made", "export.finished")
        assert made["facts"]["purpose"] == WHY == unquote(pack.headers["X-Export-Purpose"])
        assert finished["facts"]["sha256"] == sha256(pack.content).hexdigest()
        rows = sum(len(pack.table(f"donnees/{name}")) for name in DATASETS)
        assert finished["facts"]["rows"] == rows


def test_all_is_exported_counted_again_and_compared(
    town: Town, machines: Callable[[], None], tmp_path: Path, db: Session
) -> None:
    host = town.organization("Association de Berthe (essai)", "eric_host")
    animator, editor, evaluator = town.animator(host), town.editor(), town.evaluator()
    scheme_id = town.scheme["id"]
    heard = listen(town, animator, editor, host)
    wanted = [
        {"role": role, "territory_id": editor.territory(code), "witnesses": many}
        for role, code, many in (("tutor", "06", 2), ("young_person", "83", 4))
    ]
    editor.puts(f"/schemes/{scheme_id}/targets", wanted, expected=200)  # type: ignore[arg-type]

    # Everything at once, in one file; what was counted is counted again from it.
    first = opened(saved(evaluator, "evaluation-pack.zip", scheme_id=scheme_id))
    verify(first, tmp_path)
    assert sorted(first.table("donnees/testimonies")["body"]) == sorted(
        [KEYS, BOTH, TRAIN, CONTRACT, ALONE]
    )
    compare_counts(evaluator, first, scheme_id)
    compare_balance(evaluator, first, scheme_id)
    compare_coverage(evaluator, first, scheme_id)
    compare_voices(evaluator, first, scheme_id)
    page = first.files["methode.html"].decode()
    assert "5 témoignages de 3 personnes, et 3 extraits" in page

    # The tools of the trade open the others.
    open_workbook(evaluator, first, scheme_id)
    open_project(evaluator, first, scheme_id)

    # Who refused is not there, nor who was not asked; it says so, without saying who.
    everybody = (heard.young, heard.tutor, heard.employer, heard.reserved, heard.refusing)
    find_nobody(first, db, *everybody)
    assert reasons(first) == [
        ("testimony", "never-given"),
        ("testimony", "refused"),
        ("witness", "never-given"),
        ("witness", "refused"),
    ]

    # Words are accepted that may be read but not studied: the page says both numbers.
    editor.decides(heard.testimonies[-1], "accept")
    # One who spoke takes all back: a second pack has nothing of it.
    reader = town.somebody()
    session = reader.posts("/receipt-sessions", {"code": heard.young["receipt_code"]})
    reader.client.headers["Authorization"] = f"Bearer {session['token']}"
    reader.posts("/receipt/withdrawals", {"all": True})
    second = opened(saved(evaluator, "evaluation-pack.zip", scheme_id=scheme_id))
    machines()
    third = opened(saved(evaluator, "evaluation-pack.zip", scheme_id=scheme_id))
    for pack in (second, third):
        assert sorted(pack.table("donnees/testimonies")["body"]) == sorted([CONTRACT, ALONE])
        told = b"".join(pack.files.values()).decode()
        assert not [body for body in (KEYS, BOTH, TRAIN, KEYS[5:45]) if body in told]
        assert len(pack.table("donnees/excerpts")) == 1
        assert ("witness", "withdrawn") in reasons(pack)
        find_nobody(pack, db, *everybody)
        page = pack.files["methode.html"].decode()
        assert "2 témoignages de 1 personnes, et 1 extraits" in page
        assert "3 témoignages de 2 personnes" in page
        assert first.codes.isdisjoint(pack.codes), "what was taken before cannot be joined"

    remembered(town.custodian(), (first, second, third))
