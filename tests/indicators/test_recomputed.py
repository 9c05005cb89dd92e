"""What indicators tell is computed again from exports alone, as an evaluator can: cell by cell."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from itertools import combinations, product
from math import ceil
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.bundles.models import Bundle
from app.codebook.models import Theme
from app.core.models import now
from app.core.schemas import Out
from app.core.settings import settings
from app.excerpts.models import Excerpt, ExcerptTheme
from app.exports.datasets import DATASETS
from app.exports.datasets.testimonies import REACHED
from app.exports.queries import EXPORTED
from app.exports.schemas import Type
from app.indicators.schemas import (
    BalanceCell,
    BalanceOut,
    BalanceTotal,
    CandorCell,
    CountCell,
    CountsOut,
    CoverageCell,
    CoverageOut,
    LoopOut,
    LoopStage,
    MethodCandorCell,
    MethodCell,
    MethodRoleCell,
    MethodsOut,
    MissingCell,
    OverusedVoice,
    ReceptionCell,
    ReceptionOut,
    RoleCandorCell,
    RoleCell,
    VoicesBand,
    VoicesOut,
    VoicesSummary,
)
from app.indicators.tables import INDICATORS
from app.reactions.models import Commitment
from app.releases.models import Release
from app.testimonies.models import Nature, Testimony
from app.witnesses.models import Witness
from tests.conftest import ClientFor
from tests.exports.conftest import get, rows_of
from tests.exports.test_pack import Opened, pack
from tests.indicators.conftest import Willing
from tests.indicators.test_reception import given
from tests.indicators.test_voices import Composes, composes
from tests.make import Make
from tests.pages.conftest import Dossier, Published, dossier, published

__all__ = ["composes", "dossier", "given", "published"]

API = "/api/v1"
Row = dict[str, Any]
Given = Callable[..., str]
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


def listed_territories(client: TestClient) -> list[Row]:
    found: list[Row] = client.get(f"{API}/territories", params={"limit": 200}).json()["items"]
    return found


def near(client: TestClient) -> dict[tuple[str, str], str]:
    """The department, or else region, of each code and level: of the public list."""
    listed = listed_territories(client)
    by_id = {territory["id"]: territory for territory in listed}
    found = {}
    for territory in listed:
        above = territory
        while above["level"] not in ("department", "region"):
            above = by_id[above["parent_id"]]
        found[territory["code"], territory["level"]] = above["id"]
    return found


def spoken(client: TestClient, make: Make) -> Iterator[Row]:
    """A row for each witness and theme of each exported testimony."""
    yield from speakers(exported(client, "testimonies", make), near(client))


def speakers(rows: Sequence[Row], coarse: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    """A row for each witness and theme of each of these testimonies."""
    for row in rows:
        place = coarse.get((row["territory"], row["territory_level"]), "unknown")
        about = {name: row[name] or "unknown" for name in ONE}
        about |= {"month": row["recorded_on"], "territory": place}
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


@dataclass(frozen=True)
class Files:
    """The tables of a pack, which join: as JSON lines have them."""

    pack: Opened

    def rows(self, dataset: str) -> list[Row]:
        plural = {Type.IDS, Type.CODES, Type.TEXTS}
        several = {column.name for column in DATASETS[dataset].columns if column.type in plural}
        return [
            {name: _several(name, cell) if name in several else cell for name, cell in row.items()}
            for row in self.pack.data(dataset)
        ]


def _several(name: str, cell: str) -> list[str]:
    """An empty cell is no value; of ages, which are beside people, that of one whose is unknown."""
    return cell.split("|") if cell or name == "age_bands" else []


def packed(client: TestClient, make: Make) -> Files:
    return Files(pack(client, make))


def near_in(files: Files, client: TestClient) -> dict[tuple[str, str], str]:
    """As `near`, from the table of the pack; the ids are those that indicators tell."""
    ids = {(t["code"], t["level"]): t["id"] for t in listed_territories(client)}
    return {
        (row["code"], row["level"]): ids[row["counted_in"], row["counted_in_level"]]
        for row in files.pack.table("territoires")
        if row["counted_in"]
    }


def test_counts_of_excerpts(as_evaluator: TestClient, make: Make, heard: list[Testimony]) -> None:
    """Nature and themes are the excerpt's, all else the testimony's, which the pack joins."""
    make.excerpt(heard[1], nature=Nature.INFORMATION, exact="j'ai")
    give_themes(make, make.excerpt(heard[2], exact="on a"), make.theme(name="Trajet"))
    two = make.excerpt(heard[0], exact="C'était")
    give_themes(make, two, make.theme(name="Repas"), make.theme(name="Accueil"))
    files = packed(as_evaluator, make)
    spoke = defaultdict[str, list[Row]](list)
    for row in speakers(files.rows("testimonies"), near_in(files, as_evaluator)):
        spoke[row["testimonies"]].append(row)
    rows = [
        row | {"excerpts": excerpt["id"], "nature": excerpt["nature"], "theme": theme}
        for excerpt in files.rows("excerpts")
        for row in spoke[excerpt["testimony_id"]]
        for theme in excerpt["themes"] or ["unknown"]
    ]
    for by in (*([name] for name in PLAIN), *combinations(PLAIN, 2)):
        found = told(as_evaluator, "counts", make, of="excerpts", by=by)
        assert named(as_evaluator, found) == by_hand(rows, "excerpts", by), by
    by_theme = named(as_evaluator, told(as_evaluator, "counts", make, of="excerpts", by="theme"))
    assert by_theme == {
        (None,): 6,
        ("unknown",): 4,
        ("Trajet",): 1,
        ("Repas",): 1,
        ("Accueil",): 1,
    }
    by_place = told(as_evaluator, "counts", make, of="excerpts", by="place")["cells"]
    places = Counter({r["excerpts"]: r["row"]["place_id"] for r in rows}.values())
    assert sorted(c["count"] for c in by_place if c["keys"][0]) == sorted(places.values())


def give_themes(make: Make, excerpt: Excerpt, *themes: Theme) -> None:
    with make.sessions.begin() as db:
        for position, theme in enumerate(themes):
            given = {"excerpt_id": excerpt.id, "theme_id": theme.id, "position": position}
            db.add(ExcerptTheme(**given))


def test_a_region_with_the_code_of_a_department_is_counted_apart(
    as_evaluator: TestClient, as_editor: TestClient, make: Make, willing: Willing
) -> None:
    """INSEE gives 84 to the Vaucluse and to Auvergne-Rhône-Alpes."""
    [vaucluse] = [t for t in listed_territories(as_evaluator) if t["code"] == "84"]
    region = {"level": "region", "code": "84", "name": "Auvergne-Rhône-Alpes", "parent_id": None}
    answer = as_editor.post(f"{API}/territories", json=region)
    assert answer.status_code == 201, answer.text
    for place, many in ((vaucluse, 1), (answer.json(), 2)):
        for _ in range(many):
            make.testimony(witnesses=[willing()], territory_id=UUID(place["id"]))
    rows = list(spoken(as_evaluator, make))
    for of in ("testimonies", "witnesses"):
        found = told(as_evaluator, "counts", make, of=of, by="territory")
        assert named(as_evaluator, found) == by_hand(rows, of, ["territory"])
    files = packed(as_evaluator, make)
    assert by_hand(
        [*speakers(files.rows("testimonies"), near_in(files, as_evaluator))],
        *("testimonies", ["territory"]),
    ) == {(None,): 3, (vaucluse["id"],): 1, (answer.json()["id"],): 2}
    table = files.pack.table("indicateurs/counts-witnesses-territory")
    counts = {
        (row["code_1"], row["territory_level"]): row["value"]
        for row in table
        if row["measure"] == "count"
    }
    assert counts == {("", ""): "3", ("84", "department"): "1", ("84", "region"): "2"}
    page = files.pack.page.tables
    for name in ("Personnes, par territoire", "Témoignages, par territoire"):
        assert (page[name]["Vaucluse (84)"], page[name]["Auvergne-Rhône-Alpes (84)"]) == (
            *(["1", "1"], ["2", "2"]),
        )
    coverage = page["Personnes entendues, par rôle et territoire"]
    assert coverage["Tuteur ou tutrice, Vaucluse (84)"][:2] == ["1", "1"]
    assert coverage["Tuteur ou tutrice, Auvergne-Rhône-Alpes (84)"][:2] == ["2", "2"]


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
        assert found["has_targets"] is bool(targets)
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
    assert found["witnesses"] == len(quotations(rows, "in_bundles"))


def test_who_is_quoted_too_much(
    as_evaluator: TestClient, make: Make, heard: list[Testimony], composes: Composes
) -> None:
    """From `bundles`, whose ids lead to excerpts and testimonies of the same pack."""
    composes(*[heard[1]] * 3, heard[5])  # two people together
    composes(heard[5], heard[5], heard[8])
    composes(*[heard[5]] * 3)
    composes(heard[0], heard[2])  # each once: too little to be too much
    composes(heard[0], heard[0], heard[3], heard[4])  # a half is no more than a half
    files = packed(as_evaluator, make)
    people = {row["id"]: row["witness_ids"] for row in files.rows("testimonies")}
    of_excerpt = {row["id"]: row["testimony_id"] for row in files.rows("excerpts")}
    dominated = defaultdict[str, list[tuple[int, float]]](list)
    for bundle in files.rows("bundles"):
        said = [*bundle["testimony_ids"], *(of_excerpt[id_] for id_ in bundle["excerpt_ids"])]
        passages = Counter(witness for testimony in said for witness in people[testimony])
        for witness, many in passages.items():
            if many > 1 and many / len(said) > settings().voice_share_max:
                dominated[witness].append((many, many / len(said)))
    by_hand = sorted(
        (round(max(s for _, s in each), 4), len(each), sum(many for many, _ in each))
        for each in dominated.values()
    )
    for name in ("voices", "coverage"):
        found = told(as_evaluator, name, make)["overused"]
        names = ("largest_share", "bundles", "passages")
        assert sorted(tuple(voice[n] for n in names) for voice in found) == by_hand
        assert {voice["witness_id"] for voice in found} == {None}
        shares = [voice["largest_share"] for voice in found]
        assert shares == sorted(shares, reverse=True)
    assert by_hand == [(0.75, 1, 3), (0.75, 1, 3), (1.0, 2, 5)]


def last(rows: Sequence[Row], question: str) -> Any:
    """What somebody said last of this; None when they never did."""
    said = [row[question] for row in rows if row[question] is not None]
    return said[-1] if said else None


def test_reception(
    as_evaluator: TestClient, make: Make, dossier: Dossier, published: Published, given: Given
) -> None:
    """Answers by form and audience, and who received and opened what was released so."""
    for commitment, rating in ((Commitment.NONE, 2), (Commitment.PLANNED, 5)):
        talker = given(acknowledged_at=now())
        words = "C'est prévu." if commitment is Commitment.PLANNED else None
        make.reaction(talker, commitment=commitment, form_rating=rating, text=words)
    make.reaction(talker, understood=False, surprised=True, form_rating=4, created_at=now())
    make.reaction(talker, understood=None, surprised=False, created_at=now())
    given()
    given(opened_at=None)
    revoked = {"revoked_at": now(), "revoked_by_id": make.account().id}
    given(opened_at=None, **revoked)
    given(**revoked)
    elsewhere = published(audience="services", form="note")
    make.reaction(elsewhere.deliver()[1], surprised=True, commitment=Commitment.MADE)
    with make.sessions.begin() as db:  # the bundle is prepared for others: it was not sent to them
        db.get_one(Bundle, UUID(elsewhere.bundle_id)).audience = "steering_committee"
    rows = sorted(exported(as_evaluator, "reactions", make), key=lambda row: row["number"])
    assert [row["number"] for row in rows] == [1, 1, 1, 2, 3]
    releases = exported(as_evaluator, "releases", make)
    order = [*Commitment]
    found = told(as_evaluator, "reception", make)["cells"]
    forms, audiences = ({None, *(row[name] for row in rows)} for name in ("form", "audience"))
    assert {(c["form"], c["audience"]) for c in found} == {*product(forms, audiences)}
    for cell in found:
        of = {name: cell[name] for name in ("form", "audience")}
        mine, sent = (
            [row for row in each if all(of[n] in (None, row[n]) for n in of)]
            for each in (rows, releases)
        )
        each = defaultdict[str, list[Row]](list)
        for row in mine:
            each[row["delivery_id"]].append(row)
        furthest = Counter(
            max((r["commitment"] for r in said), key=order.index) for said in each.values()
        )
        ratings, *answers = (
            [a for said in each.values() if (a := last(said, question)) is not None]
            for question in ("form_rating", "understood", "surprised")
        )
        understood, surprised = answers
        assert cell == {
            **of,
            "deliveries": sum(r["deliveries"] - r["revoked_unopened"] for r in sent),
            "opened": sum(r["opened"] for r in sent),
            "acknowledged": sum(r["acknowledged"] for r in sent),
            "answered": len(each),
            "reactions": len(mine),
            "rated": len(ratings),
            "mean_form_rating": round(sum(ratings) / len(ratings), 2) if ratings else None,
            "understood_said": len(understood),
            "understood_share": share(understood),
            "surprised_said": len(surprised),
            "surprised_share": share(surprised),
            "commitments": {code: furthest[code] for code in order},
        }
    [whole] = [c for c in found if (c["form"], c["audience"]) == (None, None)]
    assert (whole["deliveries"], whole["opened"], whole["acknowledged"]) == (6, 4, 2)
    assert (whole["understood_said"], whole["understood_share"]) == (3, round(2 / 3, 4))
    assert (whole["surprised_said"], whole["surprised_share"]) == (2, 0.5)


def share(answers: Sequence[bool]) -> float | None:
    return round(sum(answers) / len(answers), 4) if answers else None


def test_the_loop(
    as_evaluator: TestClient,
    as_editor: TestClient,
    client_for: ClientFor,
    make: Make,
    dossier: Dossier,
    given: Given,
) -> None:
    for witness in dossier.witnesses:
        make.consent(witness, EXPORTED)
    unheard = make.witness()  # whose words are nowhere
    make.testimony(witnesses=[unheard])
    make.consent(unheard, EXPORTED)
    by = make.account().id
    public = {"published_at": now(), "published_by_id": by}
    content = as_editor.get(f"{API}/releases/{dossier.release_id}").json()["content"]
    item_id = UUID(content["sections"][0]["items"][0]["id"])

    def compare(*wanted: int) -> None:
        found = told(as_evaluator, "loop", make)
        rows, people = [exported(as_evaluator, name, make) for name in ("testimonies", "witnesses")]
        reached = defaultdict[str, set[str]](set)
        for row in rows:
            stages = ["published"] * bool(row["in_releases"]) + row["reached"]
            for stage in stages:
                reached[stage].update(row["witness_ids"])
        published = len(reached["published"])
        assert found["witnesses"] == published == 2
        counts = {stage: len(reached[stage]) for stage in REACHED}
        counts["looked"] = sum(row["looked"] for row in people)
        assert found["stages"] == [
            {"stage": stage, "count": many, "share": round(many / published, 4)}
            for stage, many in counts.items()
        ]
        assert tuple(counts.values()) == wanted

    def looks(witness: Witness) -> None:
        code = {"code": make.receipt_code(witness)}
        opened = client_for(None).post(f"{API}/receipt-sessions", json=code)
        assert opened.status_code == 201

    looks(unheard)
    compare(0, 0, 0, 0, 0)
    given(opened_at=None, revoked_at=now(), revoked_by_id=by)
    compare(0, 0, 0, 0, 0)
    talker = given(opened_at=None)
    make.reaction(talker)
    compare(2, 0, 0, 0, 0)
    given()
    compare(2, 2, 0, 0, 0)
    make.reaction(talker, item_id=item_id, **public)
    compare(2, 2, 0, 1, 0)
    given(acknowledged_at=now())
    make.reaction(talker, **public)
    compare(2, 2, 2, 2, 0)
    looks(dossier.witnesses[1])
    compare(2, 2, 2, 2, 1)
    with make.sessions.begin() as db:  # as if they had come an hour before
        db.get_one(Release, dossier.release_id).published_at += timedelta(hours=1)
    compare(2, 2, 2, 2, 0)


COMPARED: dict[type[Out], str] = {
    CountCell: "keys count share",
    BalanceTotal: "of month count",
    BalanceCell: "of month nature count share",
    MethodCell: "method count share assessed",
    RoleCell: "role count share assessed",
    MethodRoleCell: "method role count share",
    CandorCell: "level count share",
    MethodCandorCell: "method level count share",
    RoleCandorCell: "role level count share",
    CoverageCell: "role territory_id target witnesses testimonies gap",
    MissingCell: "role territory_id target",
    OverusedVoice: "witness_id bundles passages largest_share",
    VoicesBand: "of band count share",
    VoicesSummary: "of heard quoted passages top_share gini",
    ReceptionCell: "form audience deliveries opened acknowledged answered reactions rated "
    "mean_form_rating understood_said understood_share surprised_said surprised_share commitments",
    LoopStage: "stage count share",
    CountsOut: "of by cells",
    BalanceOut: "over totals cells",
    MethodsOut: "testimonies assessed methods roles methods_by_role candor candor_by_method "
    "candor_by_role",
    CoverageOut: "has_targets witnesses testimonies cells missing overused",
    VoicesOut: "witnesses summaries bands overused",
    ReceptionOut: "cells",
    LoopOut: "witnesses stages",
}


@pytest.mark.once
@pytest.mark.parametrize("model", COMPARED)
def test_nothing_is_told_that_is_not_compared_here(model: type[Out]) -> None:
    """Who adds a figure counts it again, above, and writes how in docs/evaluation.md."""
    assert model.model_fields.keys() - {"counted_at", "k"} == {*COMPARED[model].split()}


@pytest.mark.once
def test_no_indicator_is_forgotten() -> None:
    answers = {model.__name__ for model in COMPARED if model.__name__.endswith("Out")}
    assert answers == {f"{name.capitalize()}Out" for name in INDICATORS}
