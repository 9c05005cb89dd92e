"""Word by word: what stayed, went and came; nothing is lost, and no text takes for ever."""

import json
import random
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.history.diffs import LONG, changes, compare, shortened
from app.history.schemas import Op

WORDS = st.sampled_from(
    ["Karim", "j'ai", "suivi", "é", "👩🏽‍🍳", "\n", "  ", ".", "le", "jour", ",", "e\u0301"]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=80).map(" ".join))
EQUAL, INSERT, DELETE = Op.EQUAL, Op.INSERT, Op.DELETE


@given(TEXTS, TEXTS)
def test_a_diff_holds_both_texts(before: str, after: str) -> None:
    parts = compare(before, after)
    assert "".join(part.text for part in parts if part.op is not INSERT) == before
    assert "".join(part.text for part in parts if part.op is not DELETE) == after
    assert all(part.length == len(part.text) > 0 for part in parts)
    assert all(one.op is not two.op for one, two in pairwise(parts))


@given(TEXTS)
def test_the_same_text_is_one_part_at_most(text: str) -> None:
    assert [part.op for part in compare(text, text)] == [EQUAL] * bool(text)


def test_it_reads_as_people_write() -> None:
    found = compare("J'ai suivi Karim toute la matinée.", "J'ai suivi Karim et Awa la matinée !")
    assert [(part.op, part.text) for part in found] == [
        (EQUAL, "J'ai suivi Karim"),
        (DELETE, " toute"),
        (INSERT, " et Awa"),
        (EQUAL, " la matinée"),
        (DELETE, "."),
        (INSERT, " !"),
    ]


def test_two_changes_far_apart_in_a_long_text_are_still_told_word_by_word() -> None:
    numbers = random.Random(7)
    words = [f"mot{numbers.randrange(3_000)}{'.' * (n % 11 == 0)}" for n in range(20_000)]
    before, after = " ".join(words), [*words]
    after[50], after[19_900] = "AVANT", "APRÈS"
    found = [part for part in compare(before, " ".join(after)) if part.op is INSERT]
    assert [part.text for part in found] == [" AVANT", " APRÈS"]


def _hostile() -> dict[str, tuple[str, str]]:
    numbers = random.Random(1)

    def said(words: int, vocabulary: int, ends: str = "") -> str:
        return " ".join(f"m{numbers.randrange(vocabulary)}{ends}" for _ in range(words))

    return {
        "one word, again and again": ("a " * 20_000, "a " * 19_000 + "b " + "a " * 999),
        "two words in disorder": (said(20_000, 2), said(20_000, 2)),
        "many words in disorder": (said(20_000, 5_000), said(20_000, 5_000)),
        "sentences of one word": (said(20_000, 40, "."), said(20_000, 40, ".")),
        "short, and just few enough": (said(100, 2), said(100, 2)),
        "every fifth word changed": (
            " ".join(f"m{n}" for n in range(20_000)),
            " ".join(f"m{n}" if n % 5 else "AUTRE" for n in range(20_000)),
        ),
        "no blank": ("a" * 100_000, "b" * 100_000),
        "line feeds": ("\n" * 50_000 + "a", "a" + "\n" * 50_000),
    }


@pytest.mark.parametrize("case", _hostile())
def test_no_text_of_20_000_words_takes_long_or_much_room(case: str) -> None:
    before, after = _hostile()[case]
    begun = process_time()
    parts = compare(before, after)
    assert process_time() - begun < 2, "it takes a tenth of that, on a calm machine"
    assert "".join(part.text for part in parts if part.op is not INSERT) == before


def test_what_is_shown_of_20_000_words_is_small() -> None:
    words = " ".join(f"mot{number}" for number in range(20_000))
    told = changes({"body": words}, {"body": words.replace("mot700 ", "")}, {})
    assert len(json.dumps(told)) < 1_000
    told = changes({"body": words}, {"body": words.upper()}, {})
    assert len(json.dumps(told)) < 30_000
    many = [f"mot{number}" if number % 5 else "AUTRE" for number in range(20_000)]
    told = changes({"body": words}, {"body": " ".join(many)}, {})
    assert len(json.dumps(told)) < 100_000
    assert sum(p.length for p in told[0]["diff"] if p.op is not INSERT) == len(words)


def test_long_runs_keep_their_ends_and_say_how_long_they_are() -> None:
    words = " ".join(f"mot{number}" for number in range(1_000))
    (part,) = shortened(compare(words, words))
    assert part.length == len(words)
    assert part.text.startswith("mot0 mot1")
    assert part.text.endswith("mot999")
    assert " … " in part.text


# Field by field


def told(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {c["field"]: (c["before"], c["after"]) for c in changes(before, after, {})}


def test_only_what_differs_is_told_by_the_names_that_lead_to_it() -> None:
    before = {"title": "A", "tags": ["x"], "practice": {"actor": "Moi", "occasion": "Hier"}}
    after = {"title": "A", "tags": ["x", "y"], "practice": {"actor": "Elle", "occasion": "Hier"}}
    assert told(before, after) == {"tags": (["x"], ["x", "y"]), "practice/actor": ("Moi", "Elle")}


def test_what_came_or_went_is_told_too() -> None:
    assert told({"memo": None}, {"memo": "Bien"}) == {"memo": (None, "Bien")}
    found = told({"practice": None}, {"practice": {"actor": "Moi"}})
    assert found == {"practice/actor": (None, "Moi")}


def test_a_text_that_was_empty_is_told_as_a_diff_when_it_is_long() -> None:
    (change,) = changes({"memo": None}, {"memo": "a" * (LONG + 1)}, {})
    assert (change["before"], change["after"]) == (None, None)
    assert [part.op for part in change["diff"]] == [INSERT]
