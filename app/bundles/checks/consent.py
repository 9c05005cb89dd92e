"""What people agreed to, and what their groups decided."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.bundles.checks.case import Case, Finding, finding
from app.bundles.sources import no_cells
from app.gate.service import protocols_of
from app.groups.models import About, Protocol, Rereading
from app.groups.service import excluded_by
from app.schemes.service import labels
from app.witnesses.decision import DATASET, Cell, Medium, Reason

WHY = {
    Reason.NEVER_GIVEN: "Aucun accord n'a été donné pour cet usage.",
    Reason.REFUSED: "Cet usage a été refusé.",
    Reason.WITHDRAWN: "L'accord a été retiré.",
    Reason.EXPIRED: "L'accord est arrivé à son terme.",
    Reason.NOTICE_REVOKED: "La notice lue n'est plus valable.",
    Reason.TERRITORY: "L'accord ne vaut pas pour ce territoire.",
    Reason.RESTRICTION: "Une restriction a été posée sur ce passage.",
    Reason.EMBARGO: "Ce passage est sous embargo.",
    Reason.PROTOCOL: "Le protocole du groupe l'exclut.",
    Reason.GUARDIAN_MISSING: "Il manque l'accord d'un représentant légal.",
    Reason.GUARDIAN_VETO: "Un représentant légal s'y oppose.",
    Reason.NOT_ACCEPTED: "Le témoignage n'est pas accepté.",
}
LEFT = {
    About.AUDIENCES: "Publics permis",
    About.FORMS: "Formes permises",
    About.MEDIA: "Ce qui peut être montré",
}
MEDIA: dict[str, str] = {
    Medium.ANONYMOUS_TEXT: "le texte sans nom",
    Medium.SIGNED_TEXT: "le texte signé",
    Medium.VOICE: "la voix",
    Medium.IMAGE: "l'image",
    Medium.EMPLOYER_NAME: "le nom de l'employeur",
}
ADDED = {DATASET: "Jeu de données"}  # which no vocabulary has
REREADERS = {
    Rereading.GROUP: "le groupe relit",
    Rereading.EACH_WITNESS: "chaque témoin relit ses paroles",
}


def missing(case: Case) -> Iterator[Finding]:
    """Items that may not leave: the first reason, and every cell that is missing, with its own."""
    refused = [source for source, verdict in case.judged() if verdict.reason]
    cells = no_cells(case.db, case.bundle, refused, case.at)
    protocols = _protocols(case)
    for source, verdict in case.judged():
        if not verdict.reason:
            continue
        facts: dict[str, Any] = {
            "reason": verdict.reason,
            "cell": verdict.cell._asdict() if verdict.cell else None,
            "cells": [cell._asdict() | {"reason": why} for cell, why in cells[source.item.id]],
        }
        if verdict.reason is Reason.PROTOCOL and verdict.cell:
            message, clause = _clause(case.db, protocols[source.testimony.id], verdict.cell)
            yield finding("protocol-clause", message, source.item.id, **facts, **clause)
        else:
            media = ", ".join(MEDIA[cell.medium] for cell, _ in cells[source.item.id])
            message = f"{WHY[verdict.reason]} Cela concerne : {media}."
            yield finding("consent-missing", message, source.item.id, **facts)


def to_read_again(case: Case) -> Iterator[Finding]:
    """Once for each group whose words are read again before they are published."""
    for protocol in {protocol.id: protocol for protocol in _protocols(case).values()}.values():
        if who := REREADERS.get(protocol.rereading):
            message = (
                f"Avant la publication, {who} : c'est dans le protocole du groupe "
                f"(version {protocol.number})."
            )
            yield finding(
                "reread-first",
                message,
                group_id=protocol.group_id,
                protocol_number=protocol.number,
                rereading=protocol.rereading,
            )


def _protocols(case: Case) -> dict[UUID, Protocol]:
    return protocols_of(case.db, {s.testimony.id for s in case.sources.values()}, case.at)


def _clause(db: Session, protocol: Protocol, cell: Cell) -> tuple[str, dict[str, Any]]:
    """What a protocol says against this cell, in the group's words when it wrote some."""
    about = excluded_by(protocol, cell) or About.IDENTIFICATION
    said = " ".join(clause["text"] for clause in protocol.clauses if clause["about"] == about)
    because = f" : « {said} »" if said else f". {_allowed(db, protocol, about)}"
    message = f"Le protocole du groupe (version {protocol.number}) l'exclut{because}"
    facts = {"group_id": protocol.group_id, "protocol_number": protocol.number, "about": about}
    return message, facts


def _allowed(db: Session, protocol: Protocol, about: About) -> str:
    """What a protocol leaves, where its group wrote no clause about it."""
    if about is About.IDENTIFICATION:
        return "Ni signature ni nom d'employeur n'y sont permis."
    codes: list[str] = getattr(protocol, about) or []
    known = MEDIA if about is About.MEDIA else labels(db, about, codes) | ADDED
    told = ", ".join(known.get(code, code) for code in codes) or "rien"
    return f"{LEFT[about]} : {told}."
