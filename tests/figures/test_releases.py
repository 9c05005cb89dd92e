"""Somebody who has everything: the tables of two months, and all releases of a bundle.

All is counted from one world. A bundle is published, then without one of its passages, then again
for other readers; this attacker reads them all, as recipients do and as everybody does.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.figures import OTHER, SUPPRESSED, nearest
from app.figures.tables import tables_of
from app.gate.service import GENERAL_PUBLIC
from app.places.models import Territory
from app.releases.figures import PANELS, k_of, panels_of, repeated, untold
from app.testimonies.heard import NATURE, Told
from app.witnesses.decision import Cell, Medium, Purpose
from tests.bundles.conftest import OFFICIALS as TO_OFFICIALS
from tests.bundles.conftest import URL, payload_of
from tests.figures.attacker import Knowledge, Read, everything
from tests.figures.conftest import Frozen, Heard
from tests.figures.worlds import LISTS, counted, month_of
from tests.figures.worlds import figures_of as tables_told

K_PUBLIC, K_RESTRICTED, STEP = 11, 5, 0.05
OFFICIALS = "elected_officials"
TO_EVERYBODY = Cell(Medium.ANONYMOUS_TEXT, GENERAL_PUBLIC, "web_page", Purpose.EVALUATION)
__all__ = ["payload_of"]
QUICK = 2  # worlds of every run; the others are seen in the slow one
WORLDS = [pytest.param(n, marks=[pytest.mark.slow] if n >= QUICK else []) for n in range(50)]
FIRST = pytest.mark.parametrize("audience", [OFFICIALS, GENERAL_PUBLIC])
Counting = Callable[[Sequence[Told], int], dict[str, Any]]


class World(NamedTuple):
    """What was accepted in each of two months, and of which a bundle is made."""

    months: list[list[Told]]
    passages: list[Told]

    @property
    def periods(self) -> list[dict[str, Any]]:
        """The tables, as everybody reads them."""
        return [tables_told(tables_of(m, LISTS), len(m), K_PUBLIC) for m in self.months]


def world_of(seed: int, audience: str, *, are_whole: bool = False) -> World:
    """Two months, and passages of some testimonies; or these testimonies, whole, none twice."""
    chance = Random(seed)
    months = [month_of(chance), month_of(chance)]
    every = [one for month in months for one in month]
    k = k_of(audience)
    many = chance.randint(2 * k, min(len(every), 6 * k))
    if are_whole:
        return World(months, chance.sample(every, many))
    passages = [replace(one, cells=dict(one.cells)) for one in chance.choices(every, k=many)]
    for one in passages:
        one.cells[NATURE] = chance.choice([one.cells[NATURE], *LISTS[NATURE]])
    return World(months, passages)


def safe(told: Sequence[Told], k: int) -> dict[str, Any]:
    return panels_of(told, LISTS, k)


def naive(told: Sequence[Told], k: int, *, is_rounded: bool = True) -> dict[str, Any]:
    """What is hidden of these is below k, and nothing else."""
    counts = counted(list(told))

    def share(count: int) -> Any:
        exact = count / len(told)
        return SUPPRESSED if 0 < count < k else nearest(exact) if is_rounded else exact

    return {table: {c: share(counts[table, c]) for c in LISTS[table]} for table in PANELS}


def unrounded(told: Sequence[Told], k: int) -> dict[str, Any]:
    return naive(told, k, is_rounded=False)


def published(world: World, audience: str, counting: Counting, *, once: bool = True) -> list[Read]:
    """The bundle; it without one passage; and that again, for the others.

    Not `once`: each tells its own panels, and not the first one's for ever.
    """
    other = OFFICIALS if audience == GENERAL_PUBLIC else GENERAL_PUBLIC
    reads: list[Read] = []
    ids = [UUID(int=n) for n, _ in enumerate(world.passages)]
    for readers, lost in ((audience, 0), (audience, 1), (other, 0)):
        many = len(world.passages) if not reads else len(world.passages) - 1
        k = k_of(readers)
        told = {"k": k, "balance": counting(world.passages[:many], k)}
        if reads and once:
            first = (audience, Counter(ids))
            told = repeated(first, reads[0].told, (readers, Counter(ids[:many])))
        reads.append(Read(told, many, lost))
    return reads


def narrow(world: World, reads: list[Read], known: Knowledge, k: int) -> Iterator[Any]:
    """The cells of few that are known closer than k - 1: `(cell, count, from, to)`.

    Not one that the first release told: of the next, it is known but for what was lost.
    """
    for number, month in enumerate(world.months):
        for cell, count in counted(month).items():
            if 0 < count < K_PUBLIC:
                yield from _narrow((number, *cell), count, known, k)
    for number, read in enumerate(reads):
        for cell, count in counted(world.passages[: read.passages]).items():
            if 0 < count < k and not reads[0].tells(*cell):
                yield from _narrow(("release", number, *cell), count, known, k)


def _narrow(cell: Any, count: int, known: Knowledge, k: int) -> Iterator[Any]:
    least, most = known.about(cell)
    assert least <= count <= most, "the attacker is no fool"
    if most - least < k - 1:
        yield cell, count, least, most


def told_of_the_lost(reads: list[Read], known: Knowledge) -> Iterator[str]:
    """The tables by which the one passage that was lost is known to be of one cell.

    Not those of which all passages are in one, which is told: no panel promises that of 100 %.
    """
    for number in (n for n, read in enumerate(reads) if read.lost):
        for table, codes in LISTS.items():
            if [share for share in reads[0].told["balance"][table].values() if share] == [1.0]:
                continue
            cells = [("lost", number, table, code) for code in codes]
            if sum(known.about(cell)[1] > 0 for cell in cells) < 2:
                yield table


@FIRST
@pytest.mark.parametrize("seed", WORLDS)
def test_who_has_all_tables_and_all_releases_knows_no_cell_of_few(seed: int, audience: str) -> None:
    """Nor of which sort the passage was that went: no exact value, nothing closer than k - 1."""
    world = world_of(seed, audience)
    reads = published(world, audience, safe)
    known = everything(world.periods, reads, STEP)
    assert list(narrow(world, reads, known, k_of(audience))) == []
    assert list(told_of_the_lost(reads, known)) == []


@FIRST
@pytest.mark.parametrize("seed", WORLDS[QUICK:] + WORLDS[:QUICK])
@pytest.mark.slow
def test_who_believes_that_each_passage_is_a_whole_testimony_knows_none_exactly(
    seed: int, audience: str
) -> None:
    """It is not told, and here it is true: nothing is closer than who is given k = 5 may know."""
    world = world_of(seed, audience, are_whole=True)
    reads = published(world, audience, safe)
    known = everything(world.periods, reads, STEP, believes=True)
    assert list(narrow(world, reads, known, K_RESTRICTED)) == []
    assert list(told_of_the_lost(reads, known)) == []


def test_the_same_attacker_knows_cells_of_which_only_the_small_are_hidden() -> None:
    """In shares that are rounded, closer than k - 1; in others, exactly."""
    beaten, exact = 0, 0
    for seed in range(6):
        world = world_of(seed, OFFICIALS)
        reads = published(world, OFFICIALS, naive)[:1]
        known = everything(world.periods, reads, STEP)
        beaten += bool(list(narrow(world, reads, known, K_RESTRICTED)))
        reads = published(world, OFFICIALS, unrounded)[:1]
        known = everything(world.periods, reads, STEP, of_panels=0)
        found = narrow(world, reads, known, K_RESTRICTED)
        exact += any(least == most for _, _, least, most in found)
    assert (beaten > 1, exact > 1) == (True, True), (beaten, exact)


def test_and_what_was_lost_when_each_release_has_panels_of_its_own() -> None:
    """By differencing: two panels say which cell one passage left."""
    world = world_of(0, OFFICIALS)
    of_own = published(world, OFFICIALS, unrounded, once=False)[:2]
    known = everything(world.periods, of_own, STEP, of_panels=0)
    assert list(told_of_the_lost(of_own, known)) != []
    exact = {cell for cell in known.names if "lost" in str(cell) and known.about(cell) == (1, 1)}
    assert {("lost", 1, *cell) for cell in world.passages[-1].cells.items()} >= exact != set()


def test_panels_tell_something_all_the_same() -> None:
    """In most worlds; releases that hide everything would be as safe."""
    told = 0
    for seed in range(50):
        world = world_of(seed, OFFICIALS)
        told += sum(bool(set(p) - {OTHER}) for p in safe(world.passages, K_RESTRICTED).values())
    assert told > 100, f"{told} of 200 panels"


def test_two_releases_differ_in_nothing_or_in_everything() -> None:
    """By differencing alone: what is subtracted is the same panel, or is not there."""
    for seed in range(50):
        reads = published(world_of(seed, OFFICIALS), OFFICIALS, safe)
        for before, after in pairwise(reads):
            assert after.told in (before.told, untold())


# With what the database really gives


@pytest.fixture
def agreed() -> tuple[Cell, ...]:
    return TO_EVERYBODY, TO_OFFICIALS


@pytest.mark.slow
def test_nor_with_all_that_the_database_gives(
    as_editor: TestClient,
    as_anonymous: TestClient,
    heard: Heard,
    frozen: Frozen,
    payload_of: Callable[..., dict[str, Any]],
    db: Session,
) -> None:
    """Two months, and a bundle: for officials, for them without one passage, for everybody."""
    chance = Random(3)
    months = [month_of(chance, many=34) for _ in range(2)]
    every: list[tuple[Told, str]] = []
    for month, said in enumerate(months, 9):
        ids = [str(testimony.id) for testimony in heard(said, month)]
        assert frozen(month + 1)
        every += zip(said, ids, strict=True)
    chosen = chance.sample(every, 30)
    world = World(months, [one for one, _ in chosen])

    bundle = ""
    reads: list[Read] = []
    names = dict(db.execute(select(Territory.name, Territory.code)).all())
    for audience, lost in ((OFFICIALS, 0), (OFFICIALS, 1), (GENERAL_PUBLIC, 0)):
        ids = [id_ for _, id_ in chosen[: 30 if not reads else 29]]
        payload = payload_of(*({"testimony_id": id_} for id_ in ids), audience=audience)
        answer = (
            as_editor.put(bundle, json=payload) if bundle else as_editor.post(URL, json=payload)
        )
        assert answer.is_success, answer.text
        bundle = bundle or f"{URL}/{answer.json()['id']}"
        as_editor.put(f"{bundle}/readiness")
        release = as_editor.post(f"{bundle}/releases")
        assert release.status_code == 201, release.text
        content = release.json()["content"]
        where = content["balance"]["territory"]
        content["balance"]["territory"] = {names.get(n, n): share for n, share in where.items()}
        reads.append(Read(content, len(ids), lost))
    assert [read.told["k"] for read in reads] == [K_RESTRICTED, None, None]

    periods = as_anonymous.get("/api/v1/figures").json()["items"][::-1]
    known = everything(periods, reads, STEP)
    assert list(narrow(world, reads, known, K_RESTRICTED)) == []
    assert list(told_of_the_lost(reads, known)) == []
