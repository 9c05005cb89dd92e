"""The codebook of a project: the themes, the natures, and what names an employer."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.codebook.files import Branch, branches_of, described
from app.codebook.models import Theme
from app.exports.qda.guids import Guids
from app.exports.qda.xml import Xml
from app.testimonies.models import Nature

NATURES = {
    Nature.PRACTICE: ("pratique", "Ce que quelqu'un a fait, une fois, réellement."),
    Nature.FEELING: ("ressenti", "Comment c'était pour la personne."),
    Nature.MIXED: ("pratique et ressenti", "Les deux, que l'on ne peut pas séparer."),
    Nature.IDEA: ("idée", "Ce qui pourrait se faire, et ne se fait pas encore."),
    Nature.INFORMATION: ("information", "Comment les choses sont, qui que ce soit qui le dise."),
}
EMPLOYER = "employer"
RETIRED = "Retiré : ce thème ne se donne plus, et reste sur ce qui fut codé."


@dataclass(frozen=True)
class Codebook:
    """The codes that codings may refer to. Names are told apart, as software wants it."""

    guids: Guids
    themes: Sequence[Theme]

    @property
    def known(self) -> frozenset[UUID]:
        return frozenset(theme.id for theme in self.themes)

    def write(self, xml: Xml) -> None:
        """The element `CodeBook`: themes as they lie in one another, natures in a group."""
        taken: set[str] = set()
        with xml.element("CodeBook"), xml.element("Codes"):
            self._write_themes(xml, branches_of(self.themes), taken)
            group = self._about("nature", "", "Nature", taken) | {"isCodable": "false"}
            with xml.element("Code", group):
                xml.leaf("Description", "Ce que disent les propos, extrait par extrait.")
                for nature, (name, definition) in NATURES.items():
                    about = self._about("nature", nature, f"Nature : {name}", taken)
                    with xml.element("Code", about):
                        xml.leaf("Description", definition)
            with xml.element("Code", self._about(EMPLOYER, "", "Nomme l'employeur", taken)):
                xml.leaf("Description", "Un employeur se reconnaît dans cet extrait.")

    def _write_themes(self, xml: Xml, found: Sequence[Branch], taken: set[str]) -> None:
        for theme, below in found:
            about = self._about("theme", theme.id, theme.name, taken)
            about |= {"color": theme.color} if theme.color else {}
            told = described(theme) + (f"\n\n{RETIRED}" if theme.retired_at else "")
            with xml.element("Code", about):
                xml.leaf("Description", told)
                self._write_themes(xml, below, taken)

    def _about(self, kind: str, real: object, name: str, taken: set[str]) -> dict[str, str]:
        """Themes that are retired may be coded too: else software drops what was coded so."""
        number, chosen = 1, name
        while chosen.casefold() in taken:
            number += 1
            chosen = f"{name} ({number})"
        taken.add(chosen.casefold())
        return {"guid": self.guids.of(kind, real), "name": chosen, "isCodable": "true"}
