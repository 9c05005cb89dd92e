"""What an exhibition prints: panels (A3, one for each section) and cards (A4, one for each quote).

Posters are shown of videos only, and only where the snapshot has one: that is where somebody agreed
to be seen. A code opens the recording behind the exhibition's own link.
"""

import shutil
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import segno

from app.documents import typesetting
from app.documents.edition import Document, Edition
from app.documents.wording import (
    NATURES,
    NO_BREAK,
    PANELS,
    day,
    duration,
    is_told,
    label,
    limits,
    line,
    prose,
    quoted,
    share,
    untold,
)

SHARED = "shared.typ"
PDF = "application/pdf"
MEANS = {
    "practice": "ce que la personne fait, ou a fait.",
    "feeling": "ce que la personne éprouve.",
    "mixed": "ce qu’elle fait, et ce qu’elle en éprouve.",
    "idea": "ce qu’elle propose.",
    "information": "ce qu’elle sait, et veut faire savoir.",
}
CHARTS = {  # of the balance: what its first column tells
    "nature": "Nature",
    "role": "Rôle",
    "territory": "Territoire",
    "method": "Manière de recueillir",
}
CHOSEN = (
    "L’équipe du projet a choisi ces paroles pour ce qu’elles apprennent"
    f"{NO_BREAK}: ce n’est pas un sondage."
)
PROMISE = (
    "Chaque personne a accepté d’être lue, vue ou entendue ici, sans que son nom soit donné par "
    "nous{signed}. Elle peut reprendre sa parole à tout moment, sans dire pourquoi : le panneau "
    "est alors décroché, et l’enregistrement n’est plus accessible."
)
SIGNED = ", ou avec la signature qu’elle a choisie"
AIM = (
    "Visez ce carré avec l’appareil photo de votre téléphone, puis appuyez sur le lien. "
    "Sans téléphone : demandez à l’accueil."
)
RETRIEVED = {  # by whether the person asked for it: one, several
    True: (
        "Un témoignage a été retiré à la demande de la personne.",
        "{} témoignages ont été retirés à la demande des personnes.",
    ),
    False: (
        "Un témoignage ne peut plus être montré ici.",
        "{} témoignages ne peuvent plus être montrés ici.",
    ),
}


def panels(edition: Edition) -> Path:
    """`panels.pdf`: what this is, the sections, and who speaks. Long sections go on."""
    content = edition.content
    told = _front(edition) | {
        "introduction": prose(content["introduction"]),
        "heard": _heard(edition),
        "natures": _natures(edition),
        "chosen": CHOSEN,
        "promise": line(PROMISE.format(signed=SIGNED if edition.is_signed else "")),
        "code": _code_of_all(edition),
        "sections": [_section(edition, section) for section in content["sections"]],
        "balance": _charts(content["balance"]),
        "untold": untold(content),
        "rounding": limits(content.get("k")),
    }
    return typeset("panels", told, edition)


def cards(edition: Edition) -> Path:
    """`cards.pdf`: each quote by itself, large; what an editor wrote has none."""
    shown = (_item(edition, item) for item in edition.items())
    cards = [item for item in shown if item["kind"] != "note" and _has_something(item)]
    told = {"cards": cards, "nothing": "Aucune parole ne peut être montrée."}
    return typeset("cards", _front(edition) | told, edition)


EXHIBITION: tuple[Document, ...] = (
    Document("panels.pdf", PDF, panels),
    Document("cards.pdf", PDF, cards),
)


def typeset(name: str, data: dict[str, Any], edition: Edition) -> Path:
    """`<name>.pdf` in the edition's folder, from the template of this name."""
    shutil.copyfile(typesetting.TEMPLATES / SHARED, edition.folder / SHARED)
    made = edition.folder / f"{name}.pdf"
    made.write_bytes(
        typesetting.pdf(f"{name}.typ", data, edition.published_at, folder=edition.folder)
    )
    return made


def _front(edition: Edition) -> dict[str, Any]:
    content = edition.content
    on = day(edition.published_at)
    return {
        "title": line(content["title"]),
        "public_title": line(content["public_title"]),
        "edition": f"Version{NO_BREAK}{edition.number} du {on}, {edition.sha256[:8]}",
    }


def _section(edition: Edition, section: Mapping[str, Any]) -> dict[str, Any]:
    shown = [_item(edition, item) for item in section["items"] if not item["withdrawn"]]
    return {
        "title": line(section["title"]),
        "text": prose(section["text"]),
        "items": [item for item in shown if _has_something(item)],
        "withdrawn": _withdrawn(section["items"]),
    }


def _item(edition: Edition, item: Mapping[str, Any]) -> dict[str, Any]:
    media = item["media"] or {}
    is_told_by_somebody = item["nature"] or item["role_label"] or media
    kind = item["show_as"] if is_told_by_somebody else "note"
    words = item["quote"] or _said(media)
    return {
        "kind": kind,
        "quote": prose(words) if kind == "note" else quoted(words),
        "nature": item["nature"],
        "nature_label": NATURES.get(item["nature"]),
        "name": NATURES.get(item["nature"], "Parole"),
        "short": ", ".join(filter(None, (NATURES.get(item["nature"]), item["role_label"]))),
        "signature": line(item.get("signature") or "") or None,
        "who": item["role_label"] and line(item["role_label"]),
        "where": item["territory_label"] and line(item["territory_label"]),
        "caption": prose(item["caption"]),
        "poster": _poster(edition, item),
        "code": _code(edition, item),
    }


def _has_something(item: Mapping[str, Any]) -> bool:
    return any(item[name] for name in ("quote", "caption", "poster", "code"))


def _said(media: Mapping[str, Any]) -> str | None:
    """What is said in a recording, as its captions tell it."""
    cues = (media.get("captions") or {}).get("cues") or []
    return " ".join(cue["text"] for cue in cues) or None


def _poster(edition: Edition, item: Mapping[str, Any]) -> dict[str, str] | None:
    agreed = item["show_as"] == "video" and item["media"] and item["media"]["poster"]
    if not agreed or not (file := edition.posters.get(item["id"])):
        return None
    name = f"poster-{item['id']}"
    shutil.copyfile(file, edition.folder / name)
    about = item["caption"] or item["role_label"]
    return {"name": name, "alt": "Image de la vidéo" + (f" : {about}" if about else "")}


def _code(edition: Edition, item: Mapping[str, Any]) -> dict[str, str] | None:
    if not (address := edition.links.get(item["id"])):
        return None
    what = "voir la vidéo" if item["show_as"] == "video" else "écouter cette personne"
    length = (item["media"] or {}).get("duration_ms")
    lasts = f" ({duration(length)})" if length else ""
    return drawn(address, f"Pour {what}{lasts}")


def _code_of_all(edition: Edition) -> dict[str, str] | None:
    """The way to the whole, when there is one to some item of it."""
    address = next(iter(edition.links.values()), None)
    whole = "Pour lire, voir et écouter l’exposition chez vous"
    return drawn(address.partition("#")[0], whole) if address else None


def drawn(address: str, purpose: str) -> dict[str, str]:
    """A code that opens this address: `svg`, `alt`, and `help` beside it."""
    out = BytesIO()
    code = segno.make(address, error="m", micro=False, boost_error=False)
    code.save(out, kind="svg", xmldecl=False, border=4, dark="#000", light="#fff")
    return {
        "svg": out.getvalue().decode(),
        "alt": f"Code à viser avec un téléphone. {purpose} : {address}",
        "help": line(f"{purpose} : {AIM[0].lower()}{AIM[1:]}"),
    }


def _withdrawn(items: list[dict[str, Any]]) -> list[str]:
    gone = [item.get("withdrawn_on_request", True) for item in items if item["withdrawn"]]
    return [
        RETRIEVED[asked][0] if many == 1 else RETRIEVED[asked][1].format(many)
        for asked in (True, False)
        if (many := gone.count(asked))
    ]


def _heard(edition: Edition) -> list[str]:
    roles = (
        role for item in edition.items() for role in (item["role_label"] or "").split(", ") if role
    )
    return [line(role) for role in dict.fromkeys(roles)]


def _natures(edition: Edition) -> list[dict[str, str]]:
    here = {item["nature"] for item in edition.items()}
    return [
        {"nature": code, "label": name, "means": MEANS[code]}
        for code, name in NATURES.items()
        if code in here
    ]


def _charts(balance: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "title": PANELS[table],
            "of": first,
            "marked": table == "nature",
            "rows": [_row(table, code, value) for code, value in balance[table].items()],
        }
        for table, first in CHARTS.items()
        if is_told(balance.get(table))
    ]


def _row(table: str, code: str, value: Any) -> dict[str, Any]:
    told = value if isinstance(value, int | float) else None
    return {"code": code, "label": line(label(table, code)), "value": told, "told": share(value)}
