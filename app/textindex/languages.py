"""The same words and the same question, as FTS5 and as PostgreSQL write them.

Both are given stems and whole words, and neither cuts or changes them: what is found is the same
on both. Words hold letters and digits only, so that nothing in them is an operator.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain

from app.textindex.sought import Sought, Term
from app.textindex.words import Word

Texts = Sequence[Sequence[Word]]
BREAK = " ¶ "  # a word of its own for FTS5, and of no text
WHOLE = "="  # before a whole word of PostgreSQL, which has stems beside them
TITLE = "^"  # before a word of a title of PostgreSQL, which has it among all words too
APART = 5  # places between two titles, and the body: no phrase goes from one into the other
LAST_PLACE = 16_383  # of PostgreSQL: phrases further on are not told from others
LARGEST = 2**20 - 1  # bytes of a `tsvector`
PLACE, BESIDE = (
    2,
    4,
)  # bytes in it of one place of a lexeme; and of a lexeme, at most, beside its own


def columns(titles: Texts, body: Sequence[Word]) -> tuple[str, str, str, str]:
    """Of FTS5: stems and whole words of the titles, stems and whole words of the body."""
    stems = BREAK.join(" ".join(word.stem for word in title) for title in titles)
    return (
        stems,
        _whole(chain.from_iterable(titles)),
        " ".join(word.stem for word in body),
        _whole(body),
    )


def _whole(said: Iterable[Word]) -> str:
    return " ".join(dict.fromkeys(word.folded for word in said))


def vector(titles: Texts, body: Sequence[Word]) -> str:
    """Of PostgreSQL: where each stem stands, and the whole words; those of titles once more.

    Words of titles are words of their own (weights would be in no index, and each row read). What
    does not fit into a `tsvector` any more, at the end of a very long text, is not found.
    """
    places: dict[str, list[str]] = {}
    size = 0
    for lexeme, place in _lexemes(titles, body):
        size += PLACE if lexeme in places else PLACE + BESIDE + len(lexeme.encode())
        if size > LARGEST:
            break
        places.setdefault(lexeme, []).extend(place)
    return " ".join(f"'{lexeme}'{_at(of)}" for lexeme, of in places.items())


def _lexemes(titles: Texts, body: Sequence[Word]) -> Iterator[tuple[str, list[str]]]:
    """Each in its turn, and where it stands, if that matters."""
    at = 0
    for title in titles:
        for word in title:
            at += 1
            for lexeme in (word.stem, WHOLE + word.folded):
                for said in (lexeme, TITLE + lexeme):
                    yield said, [str(min(at, LAST_PLACE))]
        at += APART
    for word in body:
        at += 1
        yield word.stem, [str(min(at, LAST_PLACE))]
        yield WHOLE + word.folded, []


def _at(places: Sequence[str]) -> str:
    return f":{','.join(places)}" if places else ""


class Where(StrEnum):
    """Where the words stand."""

    ANYWHERE = "anywhere"
    TITLE = "title"  # all of them in titles and tags
    ELSEWHERE = "elsewhere"  # not all of them there


def match(sought: Sought, where: Where) -> str:
    """The question to FTS5."""
    wanted = _fts5(sought, "{title body}", "{title_words body_words}")
    in_title = _fts5(sought, "{title}", "{title_words}")
    refused = [f'({{title body}} : "{" ".join(term.stems)}")' for term in sought.excluded]
    if where is Where.ELSEWHERE:
        refused.append(in_title)
    return " NOT ".join([in_title if where is Where.TITLE else wanted, *refused])


def _fts5(sought: Sought, stems: str, whole: str) -> str:
    def said(term: Term) -> str:
        phrase = f'{stems} : "{" ".join(term.stems)}"'
        return f'({phrase} OR {whole} : "{term.beginning}"*)' if term.beginning else f"({phrase})"

    return f"({' AND '.join(map(said, sought.terms))})"


def tsquery(sought: Sought, where: Where) -> str:
    """The question to PostgreSQL."""
    wanted, in_title = _tsquery(sought, ""), _tsquery(sought, TITLE)
    refused = [_tsquery(Sought((term,)), "") for term in sought.excluded]
    if where is Where.ELSEWHERE:
        refused.append(in_title)
    asked = in_title if where is Where.TITLE else wanted
    return " & ".join([asked, *(f"!{one}" for one in refused)])


def _tsquery(sought: Sought, within: str) -> str:
    def said(term: Term) -> str:
        phrase = " <-> ".join(f"'{within}{stem}'" for stem in term.stems)
        if not term.beginning:
            return f"({phrase})"
        return f"({phrase} | '{within}{WHOLE}{term.beginning}':*)"

    return f"({' & '.join(map(said, sought.terms))})"
