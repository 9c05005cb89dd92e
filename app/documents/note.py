"""A note: what was heard, on paper, for who decides. A4, read aloud as well as it is printed."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from app.documents import typesetting
from app.documents.edition import Document, Edition, audience_of, readers_of
from app.documents.wording import (
    NATURES,
    NO_BREAK,
    PANELS,
    day,
    duration,
    is_rtl,
    is_told,
    label,
    limits,
    line,
    prose,
    quoted,
    share,
    untold,
    who,
)

TABLES = {  # of the balance, but for the natures, which have a chart: a heading
    "role": "Rôle",
    "territory": "Territoire",
    "method": "Manière de recueillir",
}
TAKEN_BACK = "Un témoignage a été retiré à la demande de la personne."
NOT_SHOWN = "Un témoignage ne peut plus être montré ici."


def make(edition: Edition) -> Path:
    """The note as `note.pdf`: PDF/UA-1 and PDF/A-2a."""
    path = edition.folder / "note.pdf"
    path.write_bytes(typesetting.pdf("note.typ", told(edition), edition.published_at))
    return path


NOTE = Document("note.pdf", "application/pdf", make, uses_recordings=False)


def told(edition: Edition) -> dict[str, Any]:
    """What the template shows: sentences, and figures with their words."""
    content, numbers = edition.content, count(1)
    sections: list[dict[str, Any]] = [
        {
            "title": _line(section["title"]),
            "text": prose(section["text"]),
            "items": [_item(item, numbers) for item in section["items"]],
        }
        for section in content["sections"]
    ]
    items = [item for section in sections for item in section["items"]]
    has_natures = is_told(content["balance"].get("nature"))
    return {
        "title": _line(content["title"]),
        "public_title": _line(content["public_title"]),
        "number": edition.number,
        "day": day(edition.published_at),
        "audience": audience_of(content),
        "readers": readers_of(content),
        "introduction": prose(content["introduction"]),
        "length": _length(items),
        "sections": sections,
        "natures": _rows("nature", content["balance"]) if has_natures else [],
        "alt": _alt(content["balance"].get("nature") or {}),
        "tables": [
            {"title": PANELS[table], "heading": heading, "rows": _rows(table, content["balance"])}
            for table, heading in TABLES.items()
            if is_told(content["balance"].get(table))
        ],
        "untold": untold(content),
        "limits": limits(content.get("k")),
        "roles": _listed(_roles(edition.items())),
        "signed": edition.is_signed,
        "withdrawn": sum(item["kind"] == "withdrawn" for item in items),
        "sha256": edition.sha256,
    }


def _item(item: Mapping[str, Any], numbers: Iterator[int]) -> dict[str, Any]:
    """An item; what was withdrawn keeps its number, so that the others keep theirs."""
    kind = _kind(item)
    shown: dict[str, Any] = {"kind": kind}
    if kind == "note":
        return shown | {"text": prose(item["quote"]), "caption": _line(item["caption"])}
    shown["number"] = next(numbers)
    if kind == "withdrawn":
        is_theirs = item.get("withdrawn_on_request", True)
        return shown | {"text": TAKEN_BACK if is_theirs else NOT_SHOWN}
    media = item["media"] or {}
    known = item["nature"] in NATURES
    return shown | {
        "nature": item["nature"] if known else None,
        "nature_word": NATURES[item["nature"]] if known else None,
        "recording": _recording(item, media),
        "said": _said(media.get("captions")),
        "quote": quoted(item["quote"]),
        "who": who(item) or None,
        "caption": _line(item["caption"]),
    }


def _kind(item: Mapping[str, Any]) -> str:
    """`withdrawn`, `note` (the editor's own words), or `words` of somebody."""
    if item["withdrawn"]:
        return "withdrawn"
    return "words" if item["nature"] or item["role_label"] or item["media"] else "note"


def _recording(item: Mapping[str, Any], media: Mapping[str, Any]) -> str | None:
    """« Vidéo, 2 min 5 s » of what is seen or heard on the page, and can only be read here."""
    if item["show_as"] == "text":
        return None
    lasting = media.get("duration_ms")
    name = "Vidéo" if item["show_as"] == "video" else "Enregistrement sonore"
    return f"{name}, {duration(lasting)}" if lasting else name


def _said(captions: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The words under a recording, each with its moment."""
    if not captions or not captions["cues"]:
        return None
    cues = [
        {
            "at": f"{cue['start_ms'] // 60_000}:{cue['start_ms'] // 1000 % 60:02}",
            "text": line(cue["text"]),
            "rtl": is_rtl(cue["text"]),
        }
        for cue in captions["cues"]
    ]
    return {"language": captions["language"], "cues": cues}


def _rows(table: str, balance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A table of the balance, the largest first; what is not told last."""
    rows = [
        {
            "code": code,
            "label": line(label(table, code)),
            "value": value if isinstance(value, int | float) else None,
            "share": share(value),
        }
        for code, value in (balance.get(table) or {}).items()
    ]
    return sorted(rows, key=lambda row: -1 if row["value"] is None else row["value"], reverse=True)


def _alt(natures: Mapping[str, Any]) -> str:
    """The chart in words."""
    parts = [f"{label('nature', code)}, {share(value)}" for code, value in natures.items()]
    return f"Ce que disent ces paroles{NO_BREAK}: {' ; '.join(parts)}."


def _length(items: list[dict[str, Any]]) -> str:
    """« 12 paroles », and how many were withdrawn."""
    many = sum(item["kind"] == "words" for item in items)
    return f"{many}{NO_BREAK}parole{'s' if many > 1 else ''}"


def _roles(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """Those who are heard, in their order."""
    return list(dict.fromkeys(item["role_label"] for item in items if item["role_label"]))


def _listed(names: list[str]) -> str:
    """« jeune éligible, tuteur ou tutrice et employeur »."""
    lowered = [name if name[1:2].isupper() else name[:1].lower() + name[1:] for name in names]
    *others, last = lowered or [""]
    return line(f"{', '.join(others)} et {last}" if others else last)


def _line(text: str | None) -> str:
    return line(text or "")
