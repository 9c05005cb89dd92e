"""What is not in an export, and why: how much of it, and each thing under its id there."""

import csv
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import IO

from app.witnesses.decision import Reason

READ = 256 * 1024

# Why something is not there, besides the reasons of consent
WITHDRAWN, UNREADABLE, MEANWHILE = "withdrawn", "unreadable", "meanwhile"
NEEDS_REVIEW, MOVED, SOMEBODY, WORDS = "needs-review", "moved", "somebody-else", "words-withheld"
NOT_ASKED_FOR, NOT_SHOWN, NO_FILE, OTHER = "not-asked-for", "not-shown", "no-file", "other-kind"

KINDS = {
    "testimony": "témoignages",
    "excerpt": "extraits",
    "transcript": "transcriptions",
    "media": "fichiers d'enregistrement",
    "witness": "personnes",
    "workshop": "ateliers",
    "theme": "thèmes",
    "decision": "décisions",
    "reaction": "réactions",
    "proposition": "propositions",
    "bundle": "dossiers",
}
WHY = {
    Reason.NEVER_GIVEN: "une des personnes n'a pas dit qu'elle permet cet usage",
    Reason.REFUSED: "une des personnes l'a refusé",
    Reason.WITHDRAWN: "ils ont été retirés, ou une des personnes a retiré son accord",
    Reason.EXPIRED: "l'accord d'une des personnes n'est plus valable",
    Reason.NOTICE_REVOKED: "la notice sur laquelle repose l'accord a été révoquée",
    Reason.TERRITORY: "l'accord ne s'étend pas jusque-là",
    Reason.RESTRICTION: "l'usage est limité à d'autres fins",
    Reason.EMBARGO: "ce n'est pas encore permis",
    Reason.PROTOCOL: "le protocole du groupe ne le prévoit pas",
    Reason.GUARDIAN_MISSING: "l'accord d'une personne responsable manque",
    Reason.GUARDIAN_VETO: "une personne responsable l'a refusé",
    Reason.NOT_ACCEPTED: "l'équipe ne les a pas acceptés, ou pas encore",
    UNREADABLE: "une valeur ne peut pas être lue : c'est une anomalie, à signaler",
    MEANWHILE: "ils sont devenus disponibles pendant l'export : un nouvel export les donne",
    NEEDS_REVIEW: "le texte a changé depuis, et l'extrait attend d'être relu",
    MOVED: "le texte ne dit plus cela à cet endroit : c'est une anomalie, à signaler",
    SOMEBODY: "une autre personne y est entendue ou nommée, qui ne le permet pas",
    WORDS: "la transcription dont ils sont tirés n'est pas là",
    NOT_ASKED_FOR: "ils n'ont pas été demandés (media=true)",
    NOT_SHOWN: "ils ne vous sont pas montrés",
    NO_FILE: "il n'y a pas de fichier",
    OTHER: "ce n'est ni un son ni une vidéo",
}


class Exclusions:
    """A list that grows in `file`, and what it comes to."""

    def __init__(self, file: IO[bytes], delimiter: str = ",", mark: str = "") -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._file, self._delimiter = file, delimiter
        file.write(mark.encode())
        self._line("kind", "id", "reason")

    def add(self, kind: str, guid: str, reason: str) -> None:
        """This thing is not there, for this reason."""
        self.counts[kind, str(reason)] += 1
        self._line(kind, guid, str(reason))

    def _line(self, *cells: str) -> None:
        line = StringIO(newline="")
        csv.writer(line, delimiter=self._delimiter).writerow(cells)
        self._file.write(line.getvalue().encode())

    def facts(self) -> dict[str, dict[str, int]]:
        """How much of each kind, by reason."""
        told: dict[str, dict[str, int]] = {}
        for (kind, reason), count in sorted(self.counts.items()):
            told.setdefault(kind, {})[reason] = count
        return told

    def told(self) -> str:
        """The same in plain words."""
        if not self.counts:
            return "Rien n'a été laissé de côté.\n"
        lines = []
        for kind, reasons in self.facts().items():
            lines.append(f"{KINDS[kind].capitalize()} :")
            lines += [f"- {count} ({reason}) : {WHY[reason]}." for reason, count in reasons.items()]
        return "\n".join([*lines, ""])

    def list(self) -> Iterator[bytes]:
        """The list as CSV: kind, id of this export, reason."""
        self._file.seek(0)
        yield from iter(lambda: self._file.read(READ), b"")
