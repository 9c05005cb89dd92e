"""What indicators tell is computed again from exports alone, as an evaluator can: cell by cell."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import combinations
from math import ceil
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.models import now
from app.reactions.models import Commitment
from app.testimonies.models import Testimony
from tests.exports.conftest import get, rows_of
from tests.indicators.test_voices import Composes, composes
from tests.make import Make
from tests.pages.conftest import Dossier, dossier, published

__all__ = ["composes", "dossier", "published"]

API = "/api/v1"
Row = dict[str, Any]
ONE = ("method", "nature", "sector", "workshop_kind")  # of a testimony
PLAIN = ("role", *ONE, "age_band", "month", "territory", "theme")


def told(client: TestClient, name: str, make: Make, **params: Any) -> Row:
    params = {"scheme_id": str(make.the_scheme.id)} | params
    answer = client.get(f"{API}/indicators/{name}", params=params)
    assert answer.status_code == 200, answer.text
    found: Row = answer.json()
    return found


def exported(client: TestClient, dataset: str, make: Make) -> list[Row]:
    return rows_of(client, dataset, scheme_id=str(make.the_scheme.id))


def near(client: TestClient) -> dict[str, str]:
    """The name of the department, or else region, of each code: of the public list."""
    listed = client.get(f"{API}/territories", params={"limit": 200}).json()["items"]
    by_id = {territory["id"]: territory for territory in listed}
    found = {}
    for territory in listed:
        above = territory
        while above["level"] not in ("department", "region"):
            above = by_id[above["parent_id"]]
        found[territory["code"]] = above["id"]
    return found


def spoken(client: TestClient, make: Make) -> Iterator[Row]:
    """A row for each witness and theme of each exported testimony."""
    coarse = near(client)
    for row in exported(client, "testimonies", make):
        about = {name: row[name] or "unknown" for name in ONE}
        about |= {"month": row["recorded_on"], "territory": coarse.get(row["territory"], "unknown")}
        about |= {"testimonies": row["id"], "workshops": row["workshop_id"], "row": row}
        people = zip(row["witness_ids"], row["roles"], row["age_bands"], strict=True)
        for (witness, role, band), theme in (
            (one, theme) for one in people for theme in row["themes"] or ["unknown"]
        ):
            who = {"witnesses": witness, "role": role, "age_band": band or "unknown"}
            yield about | who | {"theme": theme}


def by_hand(rows: Sequence[Row], of: str, by: Sequence[str]) -> dict[tuple[str | None, ...], int]:
    """How many different ones, by these, with all sums."""
    found = defaultdict[tuple[str | None, ...], set[str]](set)
    for row in rows:
        for many in range(len(by) + 1):
            for kept in combinations(by, many):
                found[tuple(row[name] if name in kept else None for name in by)].add(row[of])
    return {key: len(ids) for key, ids in found.items()}


def named(client: TestClient, found: Row) -> dict[tuple[str | None, ...], int]:
    """The cells of `counts`; themes by their names, as exports tell them."""
    themes = client.get(f"{API}/themes", params={"limit": 200}).json()["items"]
    names = {theme["id"]: theme["name"] for theme in themes}
    return {tuple(names.get(k, k) for k in cell["keys"]): cell["count"] for cell in found["cells"]}


@pytest.mark.parametrize("of", ["testimonies", "witnesses", "workshops"])
def test_counts(as_evaluator: TestClient, make: Make, heard: list[Testimony], of: str) -> None:
    rows = list(spoken(as_evaluator, make))
    asked = [*([name] for name in PLAIN), *combinations(PLAIN, 2)]
    for by in asked:
        found = told(as_evaluator, "counts", make, of=of, by=by)
        assert named(as_evaluator, found) == by_hand(rows, of, by), by
        totals = {tuple(c["keys"]): c["count"] for c in found["cells"]}
        for cell in found["cells"]:
            last = cell["keys"][-1]
            whole = (*cell["keys"][:-1], None) if last else (None,) * len(by)
            assert cell["share"] == round(cell["count"] / totals[whole], 4)
    by_place = told(as_evaluator, "counts", make, of=of, by="place")["cells"]
    places = defaultdict[str, set[str]](set)
    for row in rows:
        places[row["row"]["place_id"]].add(row[of])
    counted = sorted(cell["count"] for cell in by_place if cell["keys"][0])
    assert counted == sorted(map(len, places.values())), "ids of places are of this export alone"


def test_counts_of_excerpts(as_evaluator: TestClient, make: Make, heard: list[Testimony]) -> None:
    rows = exported(as_evaluator, "excerpts", make)
    plain = [{"excerpts": r["id"], "month": r["recorded_on"]} | r for r in rows]
    for by in (["nature"], ["method"], ["month"], ["nature", "method"], ["month", "nature"]):
        found = told(as_evaluator, "counts", make, of="excerpts", by=by)
        assert named(as_evaluator, found) == by_hand(plain, "excerpts", by), by


def test_balance(as_evaluator: TestClient, make: Make, heard: list[Testimony]) -> None:
    found = told(as_evaluator, "balance", make, over="month")
    counted = Counter[tuple[str, str | None, str | None]]()
    for of in ("testimonies", "excerpts"):
        for row in exported(as_evaluator, of, make):
            for month in (None, row["recorded_on"]):
                for nature in (None, row["nature"] or "unknown"):
                    counted[of, month, nature] += 1
    for total in found["totals"]:
        assert total["count"] == counted[total["of"], total["month"], None]
    for cell in found["cells"]:
        many, whole = (counted[cell["of"], cell["month"], n] for n in (cell["nature"], None))
        assert cell["count"] == many, cell
        assert cell["share"] == (round(many / whole, 4) if whole else None)
    assert sum(counted.values()) == 4 * (9 + 3), "nothing else is in the exports"


def test_methods(as_evaluator: TestClient, make: Make, heard: list[Testimony]) -> None:
    """From the CSV, as a spreadsheet has it."""
    text = get(as_evaluator, "testimonies.csv", scheme_id=str(make.the_scheme.id)).text
    rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    found, counted = told(as_evaluator, "methods", make), Counter[tuple[str, ...]]()
    for row in rows:
        cells = [(), ("method", row["method"])]
        cells += [("role", role) for role in set(row["roles"].split("|"))]
        both = [("method", row["method"], *role) for role in cells[2:]]
        levels = ["count", *(["assessed", row["candor"]] if row["candor"] else [])]
        counted.update((*cell, level) for cell in cells for level in levels)
        counted.update((*cell, "count") for cell in both)
    assert found["testimonies"] == counted[("count",)] == len(rows) == 9
    assert found["assessed"] == counted[("assessed",)] == 3
    for kind in ("method", "role"):
        for cell in found[f"{kind}s"]:
            for measure in ("count", "assessed"):
                assert cell[measure] == counted[kind, cell[kind], measure], cell
            assert cell["share"] == round(cell["count"] / len(rows), 4)
        for cell in found[f"candor_by_{kind}"]:
            many, of = (counted[kind, cell[kind], m] for m in (cell["level"], "assessed"))
            assert (cell["count"], cell["share"]) == (many, round(many / of, 4) if of else None)
    for cell in found["methods_by_role"]:
        many = counted["method", cell["method"], "role", cell["role"], "count"]
        of = counted["method", cell["method"], "count"]
        assert (cell["count"], cell["share"]) == (many, round(many / of, 4))
    for cell in found["candor"]:
        many = counted[(cell["level"],)]
        assert (cell["count"], cell["share"]) == (many, round(many / 3, 4))


def test_coverage(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, heard: list[Testimony]
) -> None:
    url = f"{API}/schemes/{make.the_scheme.id}/targets"
    for wanted in (
        [],
        [
            {"role": role, "territory_id": str(make.territory(code).id), "witnesses": many}
            for role, code, many in (("young_person", "83", 20), ("tutor", "06", 3))
        ],
    ):
        assert as_editor.put(url, json=wanted).status_code == 200
        rows = list(spoken(as_evaluator, make))
        found = told(as_evaluator, "coverage", make)
        targets = {
            (t["role"], t["territory_id"]): t["witnesses"] for t in as_evaluator.get(url).json()
        }
        people, words = (
            by_hand(rows, of, ("role", "territory")) for of in ("witnesses", "testimonies")
        )
        heard_in = {key for key in people if None not in key}
        assert (found["witnesses"], found["testimonies"]) == (people[None, None], words[None, None])
        assert {(c["role"], c["territory_id"] or "unknown") for c in found["cells"]} >= heard_in
        for cell in found["cells"]:
            key = cell["role"], cell["territory_id"] or "unknown"
            many, target = people.get(key, 0), targets.get(key)
            assert (cell["witnesses"], cell["testimonies"]) == (many, words.get(key, 0)), cell
            assert cell["target"] == target
            assert cell["gap"] == (None if target is None else target - many)
        empty = {(c["role"], c["territory_id"]) for c in found["cells"] if not c["witnesses"]}
        assert {(m["role"], m["territory_id"]) for m in found["missing"]} == empty
        if targets:
            assert empty == targets.keys() - heard_in


def quotations(rows: Sequence[Row], column: str) -> Counter[str]:
    """How often each witness is quoted: what they say together is quoted of each."""
    found = Counter[str]()
    for row in rows:
        for witness in row["witness_ids"]:
            found[witness] += row[column]
    return found


def test_voices_and_the_first_step_of_the_loop(
    as_evaluator: TestClient,
    make: Make,
    heard: list[Testimony],
    composes: Composes,
    dossier: Dossier,
) -> None:
    from app.exports.queries import EXPORTED

    for witness in dossier.witnesses:
        make.consent(witness, EXPORTED)
    composes(*heard[:3], heard[1], *[heard[5]] * 4)
    composes(*[heard[8]] * 11)
    rows, found = exported(as_evaluator, "testimonies", make), told(as_evaluator, "voices", make)
    for of in ("bundles", "releases"):
        uses = quotations(rows, f"in_{of}")
        each = sorted((many for many in uses.values() if many), reverse=True)
        [summary] = (s for s in found["summaries"] if s["of"] == of)
        apart = sum(abs(a - b) for a in each for b in each)
        top = sum(each[: ceil(len(each) / 10)]) / sum(each)
        assert summary == {
            "of": of,
            "heard": len(uses),
            "quoted": len(each),
            "passages": sum(each),
            "gini": round(apart / (2 * len(each) * sum(each)), 4),
            "top_share": round(top, 4),
        }
        edges = {"never": (0, 0), "1": (1, 1), "2-3": (2, 3), "4-9": (4, 9), "10+": (10, 10**9)}
        for band in (b for b in found["bands"] if b["of"] == of):
            least, most = edges[band["band"]]
            many = sum(1 for n in uses.values() if least <= n <= most)
            assert (band["count"], band["share"]) == (many, round(many / len(uses), 4)), band
    assert {b["band"] for b in found["bands"] if b["of"] == "bundles" and b["count"]} == {
        *("never", "1", "2-3", "4-9", "10+")
    }, "each band is tried"
    published = sum(1 for many in quotations(rows, "in_releases").values() if many)
    assert told(as_evaluator, "loop", make)["witnesses"] == published == 2


def test_reception_as_far_as_exports_tell(
    as_evaluator: TestClient, make: Make, dossier: Dossier
) -> None:
    """Who opened without a word is in no export; the answers of those who spoke are."""
    for commitment, rating in ((Commitment.NONE, 2), (Commitment.PLANNED, 5)):
        _, delivery_id = dossier.deliver()
        words = "C'est prévu." if commitment is Commitment.PLANNED else None
        make.reaction(delivery_id, commitment=commitment, form_rating=rating, text=words)
    make.reaction(delivery_id, understood=False, commitment=Commitment.NONE, created_at=now())
    dossier.deliver()
    rows = exported(as_evaluator, "reactions", make)
    found = told(as_evaluator, "reception", make)
    order = [*Commitment]
    for cell in found["cells"]:
        mine = [
            row
            for row in rows
            if cell["form"] in (None, row["form"]) and cell["audience"] in (None, row["audience"])
        ]
        each = defaultdict[str, list[Row]](list)
        for row in mine:
            each[row["delivery_id"]].append(row)
        rated = {
            d: [r["form_rating"] for r in said if r["form_rating"]] for d, said in each.items()
        }
        ratings = [said[0] for said in rated.values() if said]
        furthest = Counter(
            max((r["commitment"] for r in said), key=order.index) for said in each.values()
        )
        assert (cell["answered"], cell["reactions"]) == (len(each), len(mine)) == (2, 3)
        assert (cell["rated"], cell["mean_form_rating"]) == (2, sum(ratings) / len(ratings))
        assert cell["commitments"] == {code: furthest[code] for code in order}
