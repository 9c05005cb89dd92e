"""A text may be as long as a transcript, of words that are all different."""

from random import Random

import pytest
from sqlalchemy import text

from app.core.db import Database
from app.textindex import languages
from app.textindex.words import words

GEORGIAN = [chr(0x10D0 + n) for n in range(33)]  # letters of three bytes each


@pytest.mark.parametrize(("letters", "many"), [(8, 30_000), (1, 60_000), (5, 60_000), (60, 4_000)])
def test_as_many_words_are_found_as_fit(database: Database, letters: int, many: int) -> None:
    if database.dialect != "postgresql":
        pytest.skip("FTS5 has no limit.")
    choose = Random(letters)
    said = ["".join(choose.choices(GEORGIAN, k=letters)) for _ in range(many)]
    told = languages.vector([list(words("Le permis"))], list(words(" ".join(said))))
    with database.read() as db:
        kept = text("SELECT CAST(:told AS tsvector) @@ CAST(:asked AS tsquery)")
        for asked in ("'perm'", f"'{said[0]}'"):
            assert db.scalar(kept, {"told": told, "asked": asked})


@pytest.mark.once
def test_a_text_that_fits_is_all_there() -> None:
    body = " ".join(f"mot{n}" for n in range(20_000))
    assert "'mot19999'" in languages.vector([], list(words(body)))
