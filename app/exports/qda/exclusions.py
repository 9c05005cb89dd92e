"""What is not in a project, and why: how much of it, and each thing under an id of this export."""

import csv
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from typing import IO

from app.exports.qda import reading
from app.witnesses.decision import Reason

READ = 256 * 1024
KINDS = {
    "testimony": "témoignages",
    "excerpt": "extraits",
    "transcript": "transcriptions",
    "media": "fichiers d'enregistrement",
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
    reading.UNREADABLE: "une valeur ne peut pas être lue : c'est une anomalie, à signaler",
    reading.MEANWHILE: "ils sont devenus disponibles pendant l'export : un nouvel export les donne",
    reading.NEEDS_REVIEW: "le texte a changé depuis, et l'extrait attend d'être relu",
    reading.MOVED: "le texte ne dit plus cela à cet endroit : c'est une anomalie, à signaler",
    reading.SOMEBODY: "une autre personne y est entendue ou nommée, qui ne le permet pas",
    reading.WORDS: "la transcription dont ils sont tirés n'est pas là",
    reading.NOT_ASKED_FOR: "ils n'ont pas été demandés (media=true)",
    reading.NOT_SHOWN: "ils ne vous sont pas montrés",
    reading.NO_FILE: "il n'y a pas de fichier",
    reading.OTHER: "ce n'est ni un son ni une vidéo",
}


class Exclusions:
    """A list that grows in `file`, and what it comes to."""

    def __init__(self, file: IO[bytes]) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._file = file
        self._line("kind", "id", "reason")

    def add(self, kind: str, guid: str, reason: str) -> None:
        """This thing is not there, for this reason."""
        self.counts[kind, str(reason)] += 1
        self._line(kind, guid, str(reason))

    def _line(self, *cells: str) -> None:
        line = StringIO(newline="")
        csv.writer(line).writerow(cells)
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
