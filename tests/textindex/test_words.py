"""Words, questions and snippets, whatever people type."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.textindex.languages import Where, columns, match
from app.textindex.snippets import LENGTH, Snippets
from app.textindex.sought import MOST, Sought, Term, TooManyWords, read
from app.textindex.words import reduced, words

FRENCH = st.sampled_from(
    (
        *("L'employeur", "l’été", "œuvre", "naïf", "NOËL", "aujourd'hui", "14", "—", "« jour »"),
        *("porte-monnaie", "👩🏽‍🏭", "me\u0301thode", "\r\n", "tuteurs,", "qu'il", "السلام"),
        *("ﬁn", "x\u0302", "Ⅳ", "Straße", "İstanbul"),
    )
)
TEXTS = st.lists(FRENCH | st.text(max_size=8), max_size=60).map(" ".join)


@pytest.fixture(scope="module")
def fts5() -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE fts USING fts5"
            "(title, title_words, body, body_words, tokenize = 'ascii')"
        )
        yield connection
    connection.close()


@given(TEXTS)
def test_a_word_stands_where_it_says(text: str) -> None:
    end = 0
    for word in words(text):
        assert end <= word.start < word.end <= len(text)
        assert reduced(text[word.start : word.end]) == (word.folded, word.stem)
        assert word.stem
        end = word.end


@given(TEXTS, st.data())
def test_a_text_is_found_by_any_of_its_words_and_shows_it(
    fts5: sqlite3.Connection, text: str, data: st.DataObject
) -> None:
    said = list(words(text))
    if not said:
        return
    word = data.draw(st.sampled_from(said))
    asked = f'"{text[word.start : word.end]}"'
    sought = read(asked)
    fts5.execute("DELETE FROM fts")
    fts5.execute("INSERT INTO fts VALUES (?, ?, ?, ?)", columns([], said))
    found = fts5.execute("SELECT count(*) FROM fts WHERE fts MATCH ?", [_anywhere(sought)])
    assert found.fetchone() == (1,)
    shown = Snippets(sought).of(text)
    assert shown.ranges
    for start, end in shown.ranges:
        assert sought.terms[0].fits(list(words(shown.text[start:end])), 0)
    assert len(shown.text) <= LENGTH + 2
    assert shown.text.strip("…") in text


@given(st.text(max_size=60) | TEXTS)
def test_any_question_is_understood(fts5: sqlite3.Connection, question: str) -> None:
    try:
        sought = read(question)
    except TooManyWords:
        assert len(list(words(question))) > MOST
        return
    if sought.terms:
        for where in Where:
            fts5.execute(
                "SELECT rowid FROM fts WHERE fts MATCH ?", [match(sought, where)]
            ).fetchall()


def test_what_a_question_says() -> None:
    assert read('tuteur "premier jour" -stage -"fin de contrat" formati') == Sought(
        (Term(("tuteur",)), Term(("premi", "jour")), Term(("format",), "formati")),
        (Term(("stag",)), Term(("fin", "de", "contrat"))),
    )
    assert read("le permis ") == Sought((Term(("perm",)),))
    assert read("le la ") == Sought((Term(("le",)), Term(("la",))))
    assert read('"le permis"').terms == (Term(("le", "perm")),)


def test_a_snippet_of_a_long_text_reads_no_more_than_it_must() -> None:
    text = "mot " * 40_000 + "tuteur " + "fin " * 40_000
    shown = Snippets(read("tuteur ")).of(text)
    assert [shown.text[start:end] for start, end in shown.ranges] == ["tuteur"]
    assert Snippets(read("absent ")).of("mot " * 100).ranges == []


def _anywhere(sought: Sought) -> str:
    return match(sought, Where.ANYWHERE)
