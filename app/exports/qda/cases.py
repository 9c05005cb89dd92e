"""Who spoke where: a case for each person, a set for each workshop. Names tell neither."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.exports.qda.guids import Guids, short
from app.exports.qda.reading import Person
from app.exports.qda.variables import Told, Variables
from app.exports.qda.xml import Xml


@dataclass
class Case:
    """Somebody who spoke, and in which sources."""

    told: Told
    sources: list[str] = field(default_factory=list)


class Cases:
    """The cases and sets of a project, as its sources are written."""

    def __init__(self, guids: Guids, variables: Variables) -> None:
        self._guids, self._variables = guids, variables
        self._cases: dict[UUID, Case] = {}
        self._sets: dict[str, list[str]] = defaultdict(list)

    def __len__(self) -> int:
        """How many people spoke."""
        return len(self._cases)

    def know(self, person: Person, told: Told) -> None:
        """What is told of somebody: the first time counts."""
        self._cases.setdefault(person.id, Case(told))

    def place(self, guid: str, people: Sequence[Person], workshop_id: object) -> None:
        """A source is of each who spoke there, whom one knows, and of its workshop."""
        for person in people:
            self._cases[person.id].sources.append(guid)
        if workshop_id:
            self._sets[self._guids.of("workshop", workshop_id)].append(guid)

    def write(self, xml: Xml) -> Iterator[bytes]:
        """The element `Cases`, bit by bit: one of each who spoke."""
        cases = {self._guids.of("witness", id_): case for id_, case in self._cases.items()}
        if not cases:
            return
        with xml.element("Cases"):
            for guid in sorted(cases):
                with xml.element("Case", {"guid": guid, "name": f"Témoin {short(guid)}"}):
                    self._variables.write_values(xml, cases[guid].told)
                    for source in cases[guid].sources:
                        xml.leaf("SourceRef", about={"targetGUID": source})
                yield xml.taken()

    def write_sets(self, xml: Xml) -> Iterator[bytes]:
        """The element `Sets`, bit by bit: one of each workshop."""
        if not self._sets:
            return
        with xml.element("Sets"):
            for guid in sorted(self._sets):
                with xml.element("Set", {"guid": guid, "name": f"Atelier {short(guid)}"}):
                    for source in self._sets[guid]:
                        xml.leaf("MemberSource", about={"targetGUID": source})
                yield xml.taken()
