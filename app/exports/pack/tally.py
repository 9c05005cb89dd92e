"""What the files come to: counted from the very cells that are written, as a reader counts them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from app.exports.columns import Cells, Column
from app.exports.formats import Csv
from app.exports.ids import compact

UNKNOWN = "unknown"
ROLE, AGE, TERRITORY, MONTH, THEME = "role", "age_band", "territory", "month", "theme"
LEVEL = "territory_level"
PLAIN = {  # the columns of which each cell is one code
    "testimonies": ("method", "nature", "sector", "workshop_kind"),
    "excerpts": ("method", "nature"),
    "workshops": ("kind", "place_kind", "organization_kind"),
}
MONTHS = {"testimonies": "recorded_on", "excerpts": "recorded_on", "workshops": "starts_on"}
Named: TypeAlias = Mapping[str, Cells]


class Profile(NamedTuple):
    """Somebody as they were when they spoke once."""

    role: str
    age_band: str
    territory: str


class Counted(Csv):
    """CSV of which somebody heeds each batch, by the names of its columns."""

    def __init__(
        self, columns: Sequence[Column], delimiter: str, heed: Callable[[Named], None]
    ) -> None:
        super().__init__(columns, delimiter)
        self._heed = heed

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        shown = super().shown(cells)
        self._heed({c.name: found for c, found in zip(self.columns, cells, strict=True)})
        return shown


class Tally:
    """How many rows have each code, and how many people spoke so.

    `coarse` tells of the code and level of each territory in which department, or else region, it
    lies. Of each person a number is kept, and which profiles theirs are.
    """

    def __init__(self, coarse: Mapping[tuple[str, str], str]) -> None:
        self._coarse = coarse
        self._counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._heard: dict[int, int] = {}
        self._profiles: list[frozenset[Profile]] = [frozenset()]
        self._places = {self._profiles[0]: 0}

    def add(self, dataset: str, cells: Named) -> None:
        """Rows of a dataset, as they are written."""
        for name in PLAIN.get(dataset, ()):
            self._counts[dataset, name].update(cell or UNKNOWN for cell in cells[name])
        if month := MONTHS.get(dataset):
            self._counts[dataset, MONTH].update(cell or UNKNOWN for cell in cells[month])
        if dataset == "testimonies":
            self._add_speakers(cells)

    def of(self, dataset: str, name: str) -> Counter[str]:
        """How many rows of a dataset have each code."""
        return self._counts[dataset, name]

    @property
    def heard(self) -> int:
        """How many people spoke in the testimonies."""
        return len(self._heard)

    def people(self, name: str) -> Counter[str]:
        """How many people spoke with each role, age or territory; with several, in each."""
        return self._people(lambda profile: getattr(profile, name))

    def people_by_role_and_territory(self) -> Counter[tuple[str, str]]:
        """How many people of each role spoke in each territory."""
        return self._people(lambda profile: (profile.role, profile.territory))

    def _people(self, tell: Callable[[Profile], Any]) -> Counter[Any]:
        found = Counter[Any]()
        for place, many in Counter(self._heard.values()).items():
            for told in {tell(profile) for profile in self._profiles[place]}:
                found[told] += many
        return found

    def _add_speakers(self, cells: Named) -> None:
        named = zip(cells[TERRITORY], cells[LEVEL], strict=True)
        territories = [self._coarse.get(territory, UNKNOWN) for territory in named]
        self._counts["testimonies", TERRITORY].update(territories)
        for theme in cells["themes"]:
            self._counts["testimonies", THEME].update(set(theme) or {UNKNOWN})
        rows = zip(
            *(cells["witness_ids"], cells["roles"], cells["age_bands"], territories), strict=True
        )
        for people, roles, bands, territory in rows:
            known = [band or UNKNOWN for band in bands]
            self._counts["testimonies", ROLE].update(set(roles))
            self._counts["testimonies", AGE].update(set(known))
            for person, role, band in zip(people, roles, known, strict=True):
                self._hear(compact(person), Profile(role, band, territory))

    def _hear(self, person: int, profile: Profile) -> None:
        before = self._profiles[self._heard.get(person, 0)]
        if profile in before:
            return
        now = before | {profile}
        if now not in self._places:
            self._places[now] = len(self._profiles)
            self._profiles.append(now)
        self._heard[person] = self._places[now]
