"""What somebody looks for, as they type it.

    tuteur permis              both words, in any order
    "premier jour"             these words, one after the other
    -stage  -"premier jour"    not these
    formati                    a last word that may not be ended yet: any that begins so

Nothing else has a meaning: `*`, `NEAR(`, `%`, a lonely quotation mark are what people write. Words
that say nothing by themselves (*le*, *pour*…) are looked for between quotation marks only.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from app.textindex.words import EMPTY, Word, words

LONGEST = 500  # code points of a question
MOST = 40  # words that are looked for
KNOWN = 100  # questions
BEGINNING = 2  # letters at least of a word that is not ended
PART = re.compile(r'(?<!\S)(?P<no>-?)(?:"(?P<phrase>[^"]*)"|(?P<word>\S+))')


class TooManyWords(ValueError):
    """At most `MOST` words are looked for at once."""


@dataclass(frozen=True)
class Term:
    """Stems, one after the other; or, of an unfinished word, also any that begins so."""

    stems: tuple[str, ...]
    beginning: str | None = None

    def fits(self, said: list[Word], at: int) -> bool:
        """Whether these words say it, from the one at this place on."""
        if said[at].stem == self.stems[0]:
            following = said[at + 1 : at + len(self.stems)]
            if tuple(word.stem for word in following) == self.stems[1:]:
                return True
        return bool(self.beginning) and said[at].folded.startswith(self.beginning or "")


@dataclass(frozen=True)
class Sought:
    """All of `terms`, none of `excluded`; without terms, nothing is found."""

    terms: tuple[Term, ...]
    excluded: tuple[Term, ...] = ()


@lru_cache(KNOWN)  # who asks is answered by several that read it
def read(question: str) -> Sought:
    """What this question looks for. Raises TooManyWords."""
    terms: list[Term] = []
    plain: list[Term] = []  # of those, what may be left out
    excluded: list[Term] = []
    for part in PART.finditer(question):
        said = tuple(words(part["word"] if part["phrase"] is None else part["phrase"]))
        if not said:
            continue
        last = part["word"] and part.end() == len(question) and not part["no"]
        term = _term(said, is_last=bool(last))
        if part["no"]:
            excluded.append(term)
            continue
        terms.append(term)
        if part["word"] and len(said) == 1 and said[0].folded in EMPTY:
            plain.append(term)
    telling = [term for term in terms if term not in plain]
    chosen = dict.fromkeys(telling or terms)
    found = Sought(tuple(chosen), tuple(dict.fromkeys(excluded)))
    if sum(len(term.stems) for term in (*found.terms, *found.excluded)) > MOST:
        raise TooManyWords
    return found


def _term(said: tuple[Word, ...], *, is_last: bool) -> Term:
    stems = tuple(word.stem for word in said)
    beginning = said[0].folded if is_last and len(said) == 1 else None
    return Term(stems, beginning if beginning and len(beginning) >= BEGINNING else None)
