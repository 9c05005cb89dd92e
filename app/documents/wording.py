"""How documents and pages say things in French: dates, durations, shares, spaces, long words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from app.schemes.reference import TERMS

HERE = ZoneInfo("Europe/Paris")  # where the readers are
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
UNITS = (("h", 3600), ("min", 60), ("s", 1))
NO_BREAK, MAY_BREAK = "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}"
UNBROKEN = re.compile(r"\S{25,}")  # no French word is that long
PIECE = 12

NATURES = {
    "practice": "Pratique",
    "feeling": "Ressenti",
    "mixed": "Pratique et ressenti",
    "idea": "Idée",
    "information": "Information",
}
LABELS = {  # of the tables of a balance
    "nature": NATURES,
    "role": {code: french for code, french, _ in TERMS["witness_roles"]},
    "territory": {},
    "method": {code: french for code, french, _ in TERMS["methods"]},
}
PANELS = {  # what these tables are called
    "nature": "Ce que disent ces paroles",
    "role": "Qui parle",
    "territory": "D’où",
    "method": "Recueilli comment",
}
UNKNOWN = {
    "unknown": "Non précisé",
    "non précisé": "Non précisé",
    "several": "Plusieurs rôles ensemble",
    "other": "Autres",
}
COMMITMENTS = {  # of somebody who answered
    "none": "en prend note",
    "thinking": "y réfléchit",
    "planned": "dit que quelque chose est prévu",
    "made": "dit que quelque chose est fait",
}

Paragraph = dict[str, Any]


def who(item: Mapping[str, Any]) -> str:
    """« Une jeune de Berthe, Jeune, Var »: who speaks, as far as readers are told.

    The signature that they chose, when it is shown signed; their role, and where that is from.
    """
    told = (item.get("signature"), item["role_label"], item["territory_label"])
    return ", ".join(part for part in told if part)


def prose(text: str | None) -> list[Paragraph]:
    """The paragraphs of a text, each with its direction; an empty line parts two of them."""
    parts = (part.strip() for part in re.split(r"\n\s*\n", text or ""))
    return [{"text": line(part), "rtl": is_rtl(part)} for part in parts if part]


def quoted(text: str | None) -> list[Paragraph]:
    """The same, between « »; unless it has its own."""
    paragraphs = prose(text)
    if paragraphs and not paragraphs[0]["text"].startswith("«"):
        first, last = paragraphs[0], paragraphs[-1]
        first["text"] = f"«{NO_BREAK}{first['text']}"
        last["text"] = f"{last['text']}{NO_BREAK}»"
    return paragraphs


def line(text: str) -> str:
    """The text, whose French punctuation never stands alone, and whose longest words may break."""
    return UNBROKEN.sub(lambda found: _in_pieces(found[0]), spaced(text))


def spaced(text: str) -> str:
    """The same text, whose French punctuation never stands alone on a line."""
    return re.sub(r" (?=[;:!?»])|(?<=«) |(?<=\d) (?=%)", NO_BREAK, text)


def is_rtl(text: str) -> bool:
    """Whether it is read from right to left: as its first letter is."""
    strong = (bidirectional(letter) for letter in text)
    return next((kind != "L" for kind in strong if kind in {"L", "R", "AL"}), False)


def day(moment: datetime | date) -> str:
    """« 22 novembre 2026 », the day that it is for the readers."""
    found = moment.astimezone(HERE).date() if isinstance(moment, datetime) else moment
    first = "1er" if found.day == 1 else str(found.day)
    return f"{first} {MONTHS[found.month - 1]} {found.year}"


def hour(moment: datetime) -> str:
    """« 18 h 30 », « 9 h », as the clocks of the readers tell it."""
    here = moment.astimezone(HERE)
    told = f"{here.hour}{NO_BREAK}h"
    return f"{told}{NO_BREAK}{here.minute:02}" if here.minute else told


def duration(milliseconds: int) -> str:
    """`125000` -> « 2 min 5 s »; never nothing."""
    return " ".join(f"{many}{NO_BREAK}{unit}" for many, unit in in_units(milliseconds, UNITS))


def in_units(milliseconds: int, units: Iterable[tuple[str, int]]) -> Iterator[tuple[int, str]]:
    """How many of each unit, of so many seconds, a duration lasts: at least one of the last."""
    left = max(1, round(milliseconds / 1000))
    for unit, seconds in units:
        many, left = divmod(left, seconds)
        if many:
            yield many, unit


def share(value: Any) -> str:
    """`0.6` -> « 60 % »; a share of too few people is not told."""
    if not isinstance(value, int | float):
        return "non communiqué"
    return f"{round(value * 100)}{NO_BREAK}%" if value else f"moins de 5{NO_BREAK}%"


def is_told(panel: Mapping[str, Any] | None) -> bool:
    """Whether a panel of the balance has a share that is told."""
    return any(isinstance(value, int | float) for value in (panel or {}).values())


def few(k: int | None) -> str:
    """In the place of a panel of which nothing is told; without k, the release has no figures.

    What is hidden may be no cell of few, but one that would give such a cell away.
    """
    return "non montré, pour ne désigner personne" if k else "non montré dans cette version"


def untold(content: Mapping[str, Any]) -> list[str]:
    """« Qui parle : non montré, … » for each panel of which nothing is told."""
    return [
        f"{title}{NO_BREAK}: {few(content.get('k'))}."
        for table, title in PANELS.items()
        if (panel := content["balance"].get(table)) and not is_told(panel)
    ]


def limits(k: int | None) -> str:
    """What shares of a balance do not tell."""
    if not k:
        return (
            "Ces parts ne sont données que dans la première version : d’une version à l’autre, "
            "elles diraient quelles paroles sont venues ou parties."
        )
    return (
        f"Les parts sont arrondies à 5 %. Rien n’est montré de moins de {k} paroles ou de moins "
        f"de {k} personnes, ni ce qui permettrait de le calculer."
    )


def label(table: str, code: str) -> str:
    """The words for a code of a balance; what has none says it itself."""
    return (LABELS[table] | UNKNOWN).get(code) or code.replace("_", " ")


def _in_pieces(word: str) -> str:
    return MAY_BREAK.join(word[at : at + PIECE] for at in range(0, len(word), PIECE))
