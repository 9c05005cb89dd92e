"""Where words stand in a text that changed: whatever people write, and never by guessing."""

from time import process_time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.excerpts.edits import edits
from app.excerpts.places import (
    ALIKE,
    CONTEXT,
    MOST,
    WORD,
    Candidate,
    Quote,
    anchored,
    around,
    candidates,
)
from app.history.schemas import Op
from app.transcripts.words import bounds_of

# Accents, a combining mark, a family of four joined by ZWJ, a flag, right to left and its marks.
PIECES = st.sampled_from(
    [
        *("é", "e\u0301", "q\u0303", "👩🏽‍🍳", "👨‍👩‍👧‍👦", "🇫🇷", "🙂", "ça", "a", "oui"),
        *(" ", "\n", "\t", "’", "'", ".", "日本", "𝔘", "שלום", "\u200fمرحبا\u200f", "İ", "ß"),
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)
SAID = st.lists(PIECES, min_size=1, max_size=12).map("".join)


@given(TEXTS, SAID, TEXTS)
def test_what_stands_around_is_next_to_it_and_within_the_text(
    before: str, exact: str, after: str
) -> None:
    text, start = before + exact + after, len(before)
    prefix, suffix = around(text, start, start + len(exact))
    assert before.endswith(prefix)
    assert after.startswith(suffix)
    assert len(prefix) == min(CONTEXT, len(before))
    assert len(suffix) == min(CONTEXT, len(after))


@given(st.lists(SAID.filter(lambda said: "\n" not in said), min_size=1, max_size=6), st.data())
def test_around_what_is_said_it_stays_within_the_segments(
    texts: list[str], data: st.DataObject
) -> None:
    segments = [{"start_ms": n, "end_ms": n + 1, "text": text} for n, text in enumerate(texts)]
    text = "\n".join(texts)
    start = data.draw(st.integers(0, len(text) - 1))
    stop = data.draw(st.integers(start + 1, len(text)))
    first, last = bounds_of(segments, start, stop)
    prefix, suffix = around(text, start, stop, (first, last))
    assert text[:start].endswith(prefix)
    assert text[stop:].startswith(suffix)
    assert "\n" not in prefix + suffix


@given(TEXTS, SAID, TEXTS, TEXTS, TEXTS)
def test_it_points_to_the_very_words_or_to_nothing(
    before: str, exact: str, after: str, new_before: str, new_after: str
) -> None:
    quote = Quote(*_around(before, exact, after))
    for text in (
        before + exact + after,
        new_before + before + exact + after + new_after,
        new_before + exact + new_after,
        new_before + after + new_after,
    ):
        place = anchored(text, quote, len(before))
        assert place is None or text[place : place + len(exact)] == exact
    assert anchored(before + exact + after, quote, len(before)) == len(before)


@given(TEXTS, SAID, TEXTS, TEXTS)
def test_words_that_stand_once_are_always_found(
    before: str, exact: str, after: str, moved: str
) -> None:
    text = moved + exact + moved[::-1]
    assume(text.find(exact) == len(moved) and text.find(exact, len(moved) + 1) < 0)
    assert anchored(text, Quote(*_around(before, exact, after)), len(before)) == len(moved)


def _around(before: str, exact: str, after: str) -> tuple[str, str, str]:
    prefix, suffix = around(before + exact + after, len(before), len(before) + len(exact))
    return prefix, exact, suffix


@pytest.mark.parametrize(
    ("old", "start", "new", "place"),
    [
        ("Oui. Non.", 0, "Oui. Non. Bon.", 0),  # as it was
        ("Oui. Non.", 0, "Bon. Oui. Non.", 5),  # elsewhere, once
        ("Oui. Non.", 0, "Peut-être.", None),
        ("Oui, alors. Non.", 0, "Oui, ah. Bon. Oui, alors. Non.", 14),  # told apart by the rest
        # The same words are put right before it: the place says them still, and is another one.
        ("Oui. Oui, merci.", 0, "Oui. Oui. Oui, merci.", 5),
        # What follows was corrected, what is before was not.
        ("Ah oui, bon. Et oui.", 3, "Ah oui, non. Et oui.", 3),
        ("Ah oui, bon. Et oui.", 3, "Eh oui, non. Et oui.", None),  # both sides were
        ("Ah oui, bon.", 3, "Oui. Ah oui ! Ah oui ?", None),
    ],
)
def test_several_occurrences_are_told_apart_by_what_surrounds_them(
    old: str, start: int, new: str, place: int | None
) -> None:
    exact = old[start : start + 3]
    quote = Quote(*_around(old[:start], exact, old[start + 3 :]))
    assert anchored(new, quote, start) == place


def test_when_nobody_knows_what_surrounded_them_the_words_stand_once() -> None:
    quote = Quote(None, "oui", None)
    assert anchored("Ah oui.", quote, 0) == 3
    assert anchored("Ah oui, oui.", quote, 3) is None


# Candidates


@given(TEXTS, SAID, TEXTS, st.integers(0, 300))
@example("", "a" * 100, "İ" * 40, 0)
def test_candidates_lie_within_the_text_the_most_alike_first(
    before: str, exact: str, after: str, start: int
) -> None:
    text = before + after
    found = candidates(text, Quote("", exact, ""), start)
    assert len(found) <= MOST
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    for candidate in found:
        assert 0 <= candidate.start < candidate.end <= len(text)
        assert ALIKE <= candidate.score <= 1
        assert not _cuts_a_word(text, candidate) or _is_long(text, candidate)


def _cuts_a_word(text: str, candidate: Candidate) -> bool:
    ends = (candidate.start, candidate.end)
    return any(text[max(0, n - 1) : n].isalnum() and text[n : n + 1].isalnum() for n in ends)


def _is_long(text: str, candidate: Candidate) -> bool:
    """Whether a run of letters is longer than a boundary is moved, or it is an occurrence."""
    around_it = text[max(0, candidate.start - WORD) : candidate.end + WORD]
    return candidate.score == 1 or any(len(run) > WORD for run in around_it.split())


@pytest.mark.parametrize(
    ("text", "exact", "found"),
    [
        (
            "Bon. On prête toujours une voiture contre un carnet de bord. Voilà.",
            "On prête une voiture contre un carnet de bord",
            "On prête toujours une voiture contre un carnet de bord",
        ),
        (
            "Le 1er jour, J’ai suivi Karime toute la matinée. C'était bien, on a ri.",
            "j'ai suivi Karim toute la matinée",
            "J’ai suivi Karime toute la matinée",
        ),
        (
            "Ils disent que שלום עולם יפה et puis rien d'autre.",
            "שלום עולם יפה מאוד",
            "שלום עולם יפה",
        ),
    ],
)
def test_a_passage_that_was_reworded_is_found(text: str, exact: str, found: str) -> None:
    first = candidates(text, Quote("", exact, ""), 0)[0]
    assert text[first.start : first.end] == found
    assert 0.6 < first.score < 1


def test_nothing_alike_is_nothing() -> None:
    quote = Quote("", "On prête une voiture contre un carnet de bord", "")
    assert candidates("Je ne sais pas quoi dire de ça, moi.", quote, 0) == []
    assert candidates("", quote, 0) == []
    assert candidates("Oui.", Quote("", "No", ""), 0) == []


def test_of_the_same_words_those_with_the_same_surroundings_come_first() -> None:
    text = "Bon oui non. Ah oui, merci. Et oui. Bref oui. Puis oui. Enfin oui."
    found = candidates(text, Quote("Ah ", "oui", ", d'accord"), 0)
    assert [c.score for c in found] == [1.0] * MOST
    assert found[0].start == text.index("oui, merci")


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("a" * 20_000, "a" * 9_999 + "b"),
        ("ab" * 10_000, "abc" * 6_000),
        ("Le matin je prends le bus de la ville. " * 512, "Le soir je prends le car. " * 700),
        ("a" * 20_000, "a"),
    ],
)
def test_the_work_is_bounded(text: str, exact: str) -> None:
    began = process_time()
    candidates(text, Quote("", exact, ""), 0)
    assert process_time() - began < 5  # a tenth of it, on a machine with nothing else to do


# Edits


@given(SAID | st.text(min_size=1), SAID | st.text(min_size=1))
def test_edits_make_up_both_texts(exact: str, quote: str) -> None:
    found = edits(exact, quote)
    said = "".join(edit["text"] for edit in found if edit["op"] is not Op.INSERT)
    told = "".join(edit["text"] for edit in found if edit["op"] is not Op.DELETE)
    assert (said, told) == (exact, quote)
    assert all(edit["text"] for edit in found)


def test_what_was_replaced_is_told_word_by_word() -> None:
    assert edits("Chez Leclerc, j'ai suivi Karim.", "Ici, j'ai suivi [un collègue].") == [
        {"op": "delete", "text": "Chez Leclerc"},
        {"op": "insert", "text": "Ici"},
        {"op": "equal", "text": ", j'ai suivi "},
        {"op": "delete", "text": "Karim"},
        {"op": "insert", "text": "[un collègue]"},
        {"op": "equal", "text": "."},
    ]


def test_very_long_texts_are_one_change() -> None:
    exact, quote = "a b " * 2_000, "c d " * 2_000
    assert [edit["op"] for edit in edits(exact + "fin", quote + "fin")] == [
        *("delete", "insert", "equal")
    ]
