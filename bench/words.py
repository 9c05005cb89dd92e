"""What is said in a database to measure on: invented texts, and their index, written in bulk."""

import random
from collections.abc import Iterator
from uuid import uuid4

from sqlalchemy import insert, select

from app.core.db import Database
from app.testimonies.models import Testimony
from app.textindex import languages
from app.textindex.models import COLUMNS, FTS, TextKind
from app.textindex.service import TEXTS
from app.textindex.words import words

TITLE, TAG = "Le premier jour", "horaires"
SENTENCES = (
    "On m'a dit lundi : tu commences demain, et personne n'était prévenu.",
    "J'ai regardé faire, j'ai porté les cartons, et le vendredi on m'a montré la caisse.",
    "La mission locale a rappelé deux fois avant que le dossier soit complet.",
    "Le bus part à six heures, alors je dors chez ma tante la veille.",
    "Nous avons accueilli trois jeunes en deux ans, et un seul est resté après le contrat.",
    "Ce qui manque, c'est quelqu'un à qui poser les questions bêtes.",
    "À la fin, j'ai demandé une attestation, et on me l'a refusée.",
    "Les horaires changeaient chaque semaine : impossible de garder la petite.",
    "J'ai appris à tenir la régie, les câbles, les projecteurs, le planning.",
    "Il faudrait que la formation commence avant le poste, et non après.",
)
SYLLABLES = (
    *("ba", "bri", "cho", "du", "fai", "glo", "ju", "lan"),
    *("mer", "nou", "pli", "que", "ron", "sa", "tur", "vel"),
)
FREQUENT = "Mon tuteur me montrait chaque geste."  # of one testimony in five
RARE = "Un matin de neige, le pluviomètre débordait."
RARE_ONES = 20  # however many others there are
BODIES = 2000  # different ones
BATCH = 5000


def spoken(many: int, choose: random.Random) -> Iterator[str]:
    """So many texts of 30 to 400 words."""
    bodies, every = list(_bodies(choose)), max(1, many // RARE_ONES)
    for number in range(many):
        body = choose.choice(bodies)
        yield body if number % every else f"{body} {RARE}"


def _bodies(choose: random.Random) -> Iterator[str]:
    """The last word of each sentence is hardly said elsewhere."""
    for number in range(BODIES):
        said = [FREQUENT] if number % 5 == 0 else []
        length, wanted = 0, choose.randint(30, 390)
        while length < wanted:
            sentence = choose.choice(SENTENCES)
            odd = "".join(choose.choice(SYLLABLES) for _ in range(4))
            said.append(f"{sentence[:-1]} {odd}.")
            length += len(sentence.split()) + 1
        yield " ".join(said)


def index(database: Database) -> None:
    """Have all of it found by its words: in bulk, as the deeds write it."""
    known: dict[str | None, dict[str, str]] = {}
    with database.read() as db:
        every = db.execute(select(Testimony.id, Testimony.body).order_by(Testimony.id)).all()
    for start in range(0, len(every), BATCH):
        texts, said = [], []
        for number, (id_, body) in enumerate(every[start : start + BATCH], start + 1):
            row = {"id": uuid4(), "kind": TextKind.TESTIMONY, "thing_id": id_, "number": number}
            found = known.get(body) or known.setdefault(body, _found_by(body, database.dialect))
            if database.dialect == "postgresql":
                texts.append(row | found)
            else:
                texts.append(row)
                said.append({"rowid": number, **found})
        with database.write.begin() as db:
            db.execute(insert(TEXTS), texts)
            if said:
                db.execute(insert(FTS[TextKind.TESTIMONY]), said)


def _found_by(body: str | None, dialect: str) -> dict[str, str]:
    heads, said = [list(words(TITLE)), list(words(TAG))], list(words(body or ""))
    if dialect == "postgresql":
        return {"vector": languages.vector(heads, said)}
    return dict(zip(COLUMNS, languages.columns(heads, said), strict=True))
