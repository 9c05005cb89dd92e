"""What an event needs on paper: a programme, a sheet for who leads it, and its minutes.

The snapshot says what may be shown; what is recorded of the event says the rest. With nothing
recorded, the minutes are a form to fill in.
"""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from app.documents.edition import Document, Edition
from app.documents.panels import PDF, typeset
from app.documents.wording import (
    NATURES,
    NO_BREAK,
    day,
    duration,
    hour,
    line,
    prose,
    quoted,
    share,
    who,
)

WORDS_A_MINUTE = 130  # read aloud
MINUTE_MS = 60_000
FIRST_WORDS = 260
QUESTIONS = {  # to the room, by the nature of what it has just heard
    "practice": "Qui fait de même ici ? Comment vous y prenez-vous, et qu’est-ce qui change ?",
    "feeling": "Qu’est-ce qui, dans ce que cette personne a vécu, a pu la mener à ressentir cela ?",
    "mixed": "Qu’a fait cette personne, et que pourrait-on faire pour que ce soit mieux vécu ?",
    "idea": "Que faudrait-il pour essayer cela ici ? Qui pourrait commencer, et quand ?",
    "information": "Le saviez-vous ? Qu’est-ce que cela change pour vous ?",
}
ANY_QUESTION = "Qu’est-ce qui vous a surpris ? Qu’allez-vous en faire ?"
NAMED = {  # by whether some of the words are signed
    False: "Personne n’est nommé : on ne cherche pas à deviner qui parle.",
    True: (
        "Personne n’est nommé autrement que par la signature qu’il a choisie : on ne cherche pas à "
        "deviner qui parle."
    ),
}
REMINDERS = (
    "On n’enregistre pas, on ne photographie pas, on ne filme pas : ni l’écran, ni la salle.",
    "Chacun peut reprendre sa parole à tout moment, sans dire pourquoi.",
    "On parle de ce qui est dit, jamais de la valeur de qui le dit.",
)
OF_THE_DAY = (
    "Téléchargez cette feuille le jour même : une parole reprise n’y est plus, et ne doit plus "
    "être montrée."
)
AFTERWARDS = (
    "Notez combien de personnes sont venues, par rôle, sans aucun nom.",
    "Reportez les réactions, parole par parole : l’équipe du projet pourra les dire aux témoins.",
    "Détruisez les feuilles imprimées, ou rendez-les à l’équipe du projet.",
)
PROMISE = (
    "Chaque personne a accepté que ses paroles soient montrées ici. Elle peut les reprendre à tout "
    "moment : ne copiez pas, ne photographiez pas, ne nommez personne."
)
BLANK = "Rien n’est encore noté de cet évènement : cette feuille est à remplir, sans aucun nom."
NOBODY = "Le nombre de personnes venues n’a pas été noté."
ROUNDING = (
    "Les parts sont arrondies à 5 % ; ce qui permettrait de reconnaître quelqu’un n’est pas "
    "communiqué."
)
COMERS = ("Élus", "Services", "Jeunes", "Employeurs", "Tuteurs", "Acteurs de terrain", "Autres")

Step = dict[str, Any]


def programme(edition: Edition) -> Path:
    """`programme.pdf`: what will be shown, in order, and how long that is."""
    steps = _steps(edition)
    told = {
        "introduction": prose(edition.content["introduction"]),
        "steps": steps,
        "whole": _whole(steps),
        "promise": line(PROMISE),
    }
    return typeset("programme", _front(edition, "Programme") | told, edition)


def facilitator(edition: Edition) -> Path:
    """`facilitator.pdf`: what to say first, what to ask about each item, room for notes."""
    told = {
        "steps": _steps(edition),
        "of-the-day": line(OF_THE_DAY),
        "reminders": [line(one) for one in (NAMED[edition.is_signed], *REMINDERS)],
        "afterwards": [line(reminder) for reminder in AFTERWARDS],
    }
    return typeset("facilitator", _front(edition, "Feuille de l’animateur") | told, edition)


def minutes(edition: Edition) -> Path:
    """`minutes.pdf`: who came, what was shown, what was said of it; or a form to fill in."""
    event = edition.event or {}
    crowd: dict[str, Any] = event.get("attendance") or {}
    total = _total(crowd)
    is_blank = not (total or any(event.get(name) for name in ("shown", "minutes", "reactions")))
    told = {
        "blank": is_blank,
        "blank-help": line(BLANK),
        "blank-when": True,
        "total": total,
        "nobody": NOBODY,
        "roles": list(COMERS) if is_blank else [_row(row) for row in crowd.get("roles", [])],
        "rounding": line(ROUNDING),
        "minutes": prose(event.get("minutes")),
        "steps": _reported(edition, {} if is_blank else event),
        "promise": line(PROMISE),
    }
    return typeset("minutes", _front(edition, "Compte rendu") | told, edition)


EVENT: tuple[Document, ...] = (
    Document("programme.pdf", PDF, programme),
    Document("facilitator.pdf", PDF, facilitator),
    Document("minutes.pdf", PDF, minutes),
)


def _front(edition: Edition, kind: str) -> dict[str, Any]:
    content = edition.content
    on = day(edition.published_at)
    return {
        "kind": kind,
        "title": line(content["title"]),
        "public_title": line(content["public_title"]),
        "edition": f"version{NO_BREAK}{edition.number} du {on}",
        "when": _when(edition.event),
        "blank-when": False,
    }


def _when(event: Mapping[str, Any] | None) -> str | None:
    """« 14 mai 2026 à 18 h 30, Salle du conseil »."""
    if not event:
        return None
    told = day(date.fromisoformat(event["held_on"]))
    if event["starts_at"]:
        told += f" à {hour(datetime.fromisoformat(event['starts_at']))}"
    return line(f"{told}, {event['place']}" if event["place"] else told)


def _steps(edition: Edition) -> list[Step]:
    """The programme as it was recorded; with none, the items of the snapshot in their order."""
    items = {item["id"]: item for item in edition.items()}
    planned = (edition.event or {}).get("programme") or [{"item_id": id_} for id_ in items]
    steps = [
        _step(items.get(step["item_id"]), step)
        for step in planned
        if step["item_id"] is None or step["item_id"] in items
    ]
    for number, step in enumerate(steps, 1):
        step["number"] = str(number)
    return steps


def _step(item: Mapping[str, Any] | None, planned: Mapping[str, Any]) -> Step:
    title, ms = planned.get("title"), planned.get("duration_ms")
    if item is None:
        nothing = {"nature": None, "nature_label": None, "about": None, "question": None}
        return nothing | {"title": line(title or ""), "extract": [], **_lasting(ms, told=True)}
    words = _words_of(item)
    is_told_by_somebody = item["nature"] or item["role_label"] or item["media"]
    return {
        "nature": item["nature"],
        "nature_label": NATURES.get(item["nature"]),
        "title": line(title or _name(item)),
        "about": _about(item),
        "extract": quoted(_cut(words)) if is_told_by_somebody else prose(_cut(words)),
        "question": line(QUESTIONS.get(item["nature"], ANY_QUESTION)),
        **_lasting(ms or _length(item, words), told=bool(ms or item["media"])),
    }


def _lasting(ms: int | None, *, told: bool) -> dict[str, Any]:
    """How long it is; « environ » when that is reckoned from its words."""
    about = duration(ms) if ms else None
    return {"ms": ms or 0, "lasts": about if told or not about else f"environ {about}"}


def _whole(steps: list[Step]) -> str:
    total = sum(step["ms"] for step in steps)
    return f"En tout, environ {duration(-(-total // MINUTE_MS) * MINUTE_MS)}" if total else ""


def _length(item: Mapping[str, Any], words: str) -> int | None:
    """Of its recording; else of its words read aloud, in whole minutes."""
    if item["media"]:
        return item["media"]["duration_ms"] or None
    return -(-len(words.split()) // WORDS_A_MINUTE) * MINUTE_MS or None


def _name(item: Mapping[str, Any]) -> str:
    kinds = {"video": "Une vidéo", "audio": "Un enregistrement sonore"}
    if item["media"]:
        return kinds.get(item["show_as"], "Un enregistrement")
    return "Une parole lue" if item["nature"] or item["role_label"] else "Un mot de l’équipe"


def _about(item: Mapping[str, Any]) -> str | None:
    return line(" · ".join(filter(None, (who(item), item["caption"])))) or None


def _words_of(item: Mapping[str, Any]) -> str:
    cues = ((item["media"] or {}).get("captions") or {}).get("cues") or []
    return item["quote"] or " ".join(cue["text"] for cue in cues)


def _cut(words: str) -> str:
    """Its first words: enough to know which it is."""
    if len(words) <= FIRST_WORDS:
        return words
    return words[:FIRST_WORDS].rpartition(" ")[0].strip() + f"{NO_BREAK}[…]"


def _reported(edition: Edition, event: Mapping[str, Any]) -> list[Step]:
    """What was shown, each with what was said of it; of a form to fill in, all the items."""
    items = {item["id"]: item for item in edition.items()}
    planned = {step["item_id"]: step for step in (edition.event or {}).get("programme", [])}
    said: dict[str, list[dict[str, Any]]] = {}
    for one in event.get("reactions", []):
        said.setdefault(one["item_id"], []).append(
            {"text": prose(one["text"]), "who": one["role_label"] and line(one["role_label"])}
        )
    shown = set(event.get("shown", items))
    return [
        _step(item, planned.get(id_, {}))
        | {
            "shown": None if id_ in shown else "Pas montré.",
            "reactions": said.get(id_, []),
        }
        for id_, item in items.items()
        if id_ in shown or id_ in said
    ]


def _total(crowd: Mapping[str, Any]) -> str | None:
    total = crowd.get("at_least")
    if total is None:
        return None
    if not isinstance(total, int):
        return "Trop peu de personnes pour que leur nombre soit communiqué"
    return f"Au moins {total}{NO_BREAK}personnes"


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    value = row["share"] if isinstance(row["share"], int | float) else None
    return {"label": line(row["label"]), "value": value, "told": share(row["share"])}
