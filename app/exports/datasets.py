"""The datasets: which rows, what is read of them, and the columns it becomes.

Never here: identities, pseudonyms, signatures, receipt codes, real ids, days, birth years, what the
team writes for itself (notes, guides, memos, comments of decisions), and who decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    not_,
    null,
    select,
)

from app.accounts.models import Kind as OrganizationKind
from app.accounts.models import Organization
from app.accounts.permissions import Permission
from app.bundles import service as bundles
from app.bundles.models import Bundle, BundleExpectation, BundleItem, BundleState, ShowAs
from app.bundles.schemas import BundleFilters
from app.codebook import service as codebook
from app.codebook.models import Theme
from app.codebook.schemas import ThemeFilters
from app.core.models import as_stored
from app.core.pages import Order
from app.excerpts import service as excerpts
from app.excerpts.models import Excerpt, ExcerptState, ExcerptTheme, SelectorType
from app.excerpts.schemas import ExcerptFilters
from app.exports.columns import (
    Batch,
    Cells,
    Column,
    age_band,
    as_read,
    each,
    exported_id,
    exported_ids,
    made,
    member,
    month,
    none_each,
    nothing,
    words,
)
from app.exports.queries import (
    children,
    confined,
    exportable,
    protocol,
    studied,
    unopposed,
    willing,
)
from app.exports.schemas import Type
from app.exports.workbook import TRUNCATED
from app.moderation import service as moderation
from app.moderation.models import Candor, Decision, Verdict
from app.moderation.schemas import DecisionFilters
from app.moderation.speech import Level, level_in_sql
from app.places.models import Place, PlaceKind, Territory
from app.propositions import queries as proposed
from app.propositions import service as propositions
from app.propositions.models import (
    CoAuthor,
    Competence,
    Evidence,
    EvidenceState,
    Proposition,
    PropositionState,
    Stance,
    Step,
)
from app.propositions.schemas import PropositionFilters
from app.propositions.steps import ENDED
from app.reactions import service as reactions
from app.reactions.models import Commitment, Reaction
from app.reactions.schemas import ReactionFilters
from app.releases.models import Delivery, PublicAddress, Release, ReleaseItem
from app.schemes.models import Scheme
from app.testimonies import queries as testimonies
from app.testimonies.models import (
    Nature,
    Testimony,
    TestimonyTag,
    TestimonyTheme,
    TestimonyWitness,
)
from app.testimonies.schemas import TestimonyFilters
from app.testimonies.service import LATEST_FIRST as TESTIMONIES_LATEST_FIRST
from app.witnesses import service as witnesses
from app.witnesses.ages import BANDS
from app.witnesses.decision import Purpose
from app.witnesses.models import Witness
from app.witnesses.schemas import WitnessFilters
from app.workshops import service as workshops
from app.workshops.models import Kind, Workshop
from app.workshops.schemas import WorkshopFilters

UNREADABLE = "unreadable"
B, E, P, T, W = Bundle, Excerpt, Proposition, Testimony, Workshop


@dataclass(frozen=True)
class Dataset:
    """A dataset. `rows` are those that pass filters and may leave at a moment, in `order`.

    `reads` gives names to what is read of a row, `id` first, `reads_at` to what
    is read of it at that moment; `restrictions` are the names of those
    that Python asks, for they are JSON.
    """

    name: str
    rows: Callable[[Any, datetime], Select[Any]]
    order: Order
    reads: Mapping[str, SQLColumnExpression[Any]]
    columns: tuple[Column, ...]
    restrictions: tuple[str, ...] = ()
    reads_at: Mapping[str, Callable[[datetime], SQLColumnExpression[Any]]] = field(
        default_factory=dict
    )

    def source(self, column: Column) -> str:
        """Where the cells of a column come from: a list of the API and its field, then the rule."""
        field = f"{self.name}.{column.name}" if column.field is None else column.field
        return " : ".join(filter(None, (field, column.rule)))

    @property
    def names(self) -> list[str]:
        """The names of all that is read of a row, in their order."""
        return [*self.reads, *self.reads_at]


def _day(column: Any) -> ColumnElement[Any]:
    """The text of a date or moment: a wrong one must not stop the reading of the others."""
    return cast(column, String)


def _json(column: Any) -> ColumnElement[Any]:
    """The text of a JSON column, likewise."""
    return cast(column, Text)


def _code(name: str, label_fr: str, label_en: str, vocabulary: str, **source: Any) -> Column:
    of = as_read(name)
    return Column(name, label_fr, label_en, Type.CODE, of, vocabulary=vocabulary, **source)


def _text(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    return Column(name, label_fr, label_en, Type.TEXT, as_read(name), **source)


def _yes(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    return Column(name, label_fr, label_en, Type.BOOLEAN, as_read(name), **source)


def _one_of(name: str, label_fr: str, label_en: str, codes: type[StrEnum], **source: Any) -> Column:
    of = as_read(name)
    return Column(name, label_fr, label_en, Type.CODE, of, values=tuple(codes), **source)


def _id(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    source = {"rule": CODED} | source
    return Column(name, label_fr, label_en, Type.ID, exported_id(name), **source)


def _month(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    source = {"rule": MONTHLY} | source
    of = made(name, month)
    return Column(name, label_fr, label_en, Type.MONTH, of, unit="YYYY-MM", **source)


def _count(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    return Column(name, label_fr, label_en, Type.INTEGER, as_read(name), **source)


CODED = "remplacé par son code dans cet export"
MONTHLY = "au mois"
SCHEME = Column(
    "scheme", "Dispositif", "Scheme", Type.CODE, as_read("scheme"), field="schemes.code"
)
TERRITORY = Column(
    "territory",
    "Territoire (code INSEE)",
    "Territory (INSEE code)",
    Type.CODE,
    as_read("territory"),
    field="territories.code",
)
METHOD = _code("method", "Méthode de recueil", "Method of collection", "methods")
METHOD_OF_TESTIMONY = replace(METHOD, field="testimonies.method")
SECTOR = _code("sector", "Secteur d'activité", "Sector", "sectors")
RECORDED = _month(
    "recorded_on", "Mois du recueil", "Month of recording", field="testimonies.recorded_on"
)
NATURE = _one_of("nature", "Nature des propos", "Nature", Nature)
THEMES = Column(
    "themes",
    "Thèmes",
    "Themes",
    Type.TEXTS,
    each("themes"),
    field="themes.name",
    rule="dans l'ordre où ils sont donnés",
)
CUT = Column(
    TRUNCATED,
    "Colonnes coupées dans cette ligne : trop longues pour une cellule d'Excel",
    "Columns cut in this row: too long for a cell of Excel",
    Type.CODES,
    none_each,
    field="",
    rule="noms des colonnes dont le classeur coupe la cellule ; vide en csv et jsonl, qui ont tout",
)
ANOMALY = Column(
    "anomaly",
    "Anomalie : la ligne n'a pas pu être lue, seul son identifiant est là",
    "Anomaly: the row could not be read, only its id is here",
    Type.CODE,
    nothing,
    values=(UNREADABLE,),
    field="",
    rule="la ligne enregistrée ne se lit pas, le reste de la ligne est vide",
)


# Testimonies


def _testimonies(filters: TestimonyFilters, at: datetime) -> Select[Any]:
    return (
        testimonies.filtered(filters)
        .where(*exportable(at))
        .select_from(T)
        .join(Scheme, Scheme.id == T.scheme_id)
        .outerjoin(Territory, Territory.id == T.territory_id)
        .outerjoin(Candor, Candor.testimony_id == T.id)
        .outerjoin(W, W.id == T.workshop_id)
    )


def _in_bundles() -> ColumnElement[Any]:
    """How many items of bundles show a testimony, or an excerpt of it."""
    items = select(func.count(BundleItem.id)).correlate(T)
    quoted = items.join(Excerpt, Excerpt.id == BundleItem.excerpt_id)
    quoted = quoted.where(Excerpt.testimony_id == T.id)
    whole = items.where(BundleItem.testimony_id == T.id)
    return whole.scalar_subquery() + quoted.scalar_subquery()


def _in_releases() -> ColumnElement[Any]:
    """The same of releases that were not recalled: an item of several of them counts once."""
    items = select(func.count(ReleaseItem.item_id.distinct())).join(
        Release, Release.id == ReleaseItem.release_id
    )
    shown = items.where(ReleaseItem.testimony_id == T.id, Release.recalled_at.is_(None))
    return shown.correlate(T).scalar_subquery()


def _age_bands(batch: Batch) -> Cells:
    """One of each witness, at the time of recording."""
    years = each("witnesses", 2)(batch)
    spoke = zip(years, batch.read["recorded_on"], strict=True)
    return [[age_band(int(year) if year else None, day) for year in row] for row, day in spoke]


TESTIMONIES = Dataset(
    name="testimonies",
    rows=_testimonies,
    order=TESTIMONIES_LATEST_FIRST,
    reads={
        "id": as_stored(T.id),
        "scheme": Scheme.code,
        "workshop_id": as_stored(T.workshop_id),
        "place_id": as_stored(T.place_id),
        "territory": Territory.code,
        "method": T.method,
        "title": T.title,
        "body": T.body,
        "language": T.language,
        "recorded_on": _day(T.recorded_on),
        "nature": as_stored(T.nature),
        "sector": T.sector,
        "candor": level_in_sql(Candor),
        "workshop_kind": as_stored(W.kind),
        "in_bundles": _in_bundles(),
        "in_releases": _in_releases(),
        "restriction": _json(T.restriction),
        "protocol": protocol(),
        "witnesses": children(
            T,
            select(TestimonyWitness)
            .join(Witness, Witness.id == TestimonyWitness.witness_id)
            .where(TestimonyWitness.testimony_id == T.id),
            TestimonyWitness.position,
            TestimonyWitness.witness_id,
            Witness.role,
            Witness.birth_year,
        ),
        "themes": children(
            T,
            select(TestimonyTheme)
            .join(Theme, Theme.id == TestimonyTheme.theme_id)
            .where(TestimonyTheme.testimony_id == T.id),
            TestimonyTheme.position,
            Theme.name,
        ),
        "tags": children(
            T,
            select(TestimonyTag).where(TestimonyTag.testimony_id == T.id),
            TestimonyTag.position,
            TestimonyTag.tag,
        ),
    },
    restrictions=("restriction", "protocol"),
    columns=(
        _id("id", "Témoignage, dans cet export seulement", "Testimony, in this export only"),
        SCHEME,
        _id("workshop_id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        _id("place_id", "Lieu, dans cet export seulement", "Place, in this export only"),
        TERRITORY,
        Column(
            "witness_ids",
            "Témoins, dans cet export seulement",
            "Witnesses, in this export only",
            Type.IDS,
            exported_ids("witnesses"),
            rule=CODED,
        ),
        Column(
            "roles",
            "Rôle de chaque témoin",
            "Role of each witness",
            Type.CODES,
            each("witnesses", 1),
            vocabulary="witness_roles",
            field="witnesses.role",
        ),
        Column(
            "age_bands",
            "Tranche d'âge de chaque témoin au moment du recueil",
            "Age band of each witness at the time of recording",
            Type.CODES,
            _age_bands,
            unit="year",
            values=BANDS,
            field="witnesses.birth_year",
            rule="année du recueil, moins l'année de naissance, moins 1 ; vide sous 16 ans",
        ),
        METHOD,
        _text("title", "Titre", "Title"),
        _text("body", "Propos", "Words"),
        _text("language", "Langue", "Language"),
        RECORDED,
        NATURE,
        SECTOR,
        THEMES,
        Column("tags", "Mots-clés", "Tags", Type.TEXTS, each("tags")),
        Column(
            "candor",
            "Liberté de la parole, appréciée par l'équipe (pour l'évaluation seule)",
            "How freely it was said, as the team assessed it (for evaluators alone)",
            Type.CODE,
            as_read("candor"),
            values=tuple(Level),
            needs=Permission.STUDY,
            field="testimonies/{testimony_id}/candor.level",
            rule="vide pour qui n'a pas le droit d'étudier",
        ),
        Column(
            "workshop_kind",
            "Type d'atelier",
            "Kind of workshop",
            Type.CODE,
            as_read("workshop_kind"),
            values=tuple(Kind),
            field="workshops.kind",
        ),
        _count(
            "in_bundles",
            "Éléments de dossiers qui le montrent, ou un extrait de lui",
            "Items of bundles that show it, or an excerpt of it",
            field="bundles.sections",
            rule="combien sont de ce témoignage, ou d'un extrait de lui",
        ),
        _count(
            "in_releases",
            "Éléments publiés, et non rappelés, qui le montrent",
            "Items of releases, not recalled, that show it",
            field="releases.content",
            rule="combien d'éléments viennent de ce témoignage",
        ),
        CUT,
        ANOMALY,
    ),
)


# Excerpts


def _excerpts(filters: ExcerptFilters, at: datetime) -> Select[Any]:
    return (
        excerpts.filtered(filters)
        .where(E.state == ExcerptState.VALID, *exportable(at), unopposed(at))
        .select_from(E)
        .join(T, T.id == E.testimony_id)
        .join(Scheme, Scheme.id == E.scheme_id)
    )


def _quotes(batch: Batch) -> Cells:
    """What is given back: the edited quote when there is one, else the words themselves."""
    both = zip(batch.read["public_quote"], batch.read["exact"], strict=True)
    return [edited or exact for edited, exact in both]


def _practice(name: str, label_fr: str, label_en: str) -> Column:
    part = name.removeprefix("practice_")
    of = made("practice", member(part))
    return Column(name, label_fr, label_en, Type.TEXT, of, field="excerpts.practice", rule=part)


EXCERPTS = Dataset(
    name="excerpts",
    rows=_excerpts,
    order=excerpts.LATEST_FIRST,
    reads={
        "id": as_stored(E.id),
        "scheme": Scheme.code,
        "testimony_id": as_stored(E.testimony_id),
        "selector": as_stored(E.selector),
        "start": E.start,
        "stop": E.stop,
        "exact": E.exact,
        "public_quote": E.public_quote,
        "nature": as_stored(E.nature),
        "practice": _json(E.practice),
        "names_employer": E.names_employer,
        "method": T.method,
        "recorded_on": _day(T.recorded_on),
        "restriction": _json(E.restriction),
        "testimony_restriction": _json(T.restriction),
        "protocol": protocol(),
        "themes": children(
            E,
            select(ExcerptTheme)
            .join(Theme, Theme.id == ExcerptTheme.theme_id)
            .where(ExcerptTheme.excerpt_id == E.id),
            ExcerptTheme.position,
            Theme.name,
        ),
    },
    restrictions=("restriction", "testimony_restriction", "protocol"),
    columns=(
        _id("id", "Extrait, dans cet export seulement", "Excerpt, in this export only"),
        _id(
            "testimony_id",
            "Témoignage, dans cet export seulement",
            "Testimony, in this export only",
        ),
        SCHEME,
        METHOD_OF_TESTIMONY,
        RECORDED,
        _one_of(
            "selector",
            "De quoi il est tiré : text ou time (enregistrement)",
            "What it is taken from: text, or time (a recording)",
            SelectorType,
            field="excerpts.selector",
            rule="son type",
        ),
        Column(
            "start",
            "Début",
            "Start",
            Type.INTEGER,
            as_read("start"),
            unit="code point (text) | ms (time)",
            field="excerpts.selector",
            rule="son début, depuis 0",
        ),
        Column(
            "stop",
            "Fin, non comprise",
            "End, excluded",
            Type.INTEGER,
            as_read("stop"),
            unit="code point (text) | ms (time)",
            field="excerpts.selector",
            rule="sa fin, non comprise",
        ),
        Column(
            "quote",
            "Citation",
            "Quote",
            Type.TEXT,
            _quotes,
            rule="la citation publique (public_quote) quand il y en a une, sinon les mots mêmes",
        ),
        NATURE,
        _practice("practice_actor", "Pratique : qui", "Practice: who"),
        _practice("practice_action", "Pratique : a fait quoi", "Practice: did what"),
        _practice(
            "practice_occasion", "Pratique : à quelle occasion", "Practice: on what occasion"
        ),
        THEMES,
        _yes("names_employer", "Nomme l'employeur", "Names the employer"),
        CUT,
        ANOMALY,
    ),
)


# Witnesses


def _witnesses(filters: WitnessFilters, at: datetime) -> Select[Any]:
    return (
        witnesses.filtered(filters)
        .where(*willing(at))
        .select_from(Witness)
        .join(Scheme, Scheme.id == Witness.scheme_id)
        .outerjoin(Territory, Territory.id == Witness.territory_id)
    )


def _age_band(batch: Batch) -> Cells:
    known = zip(batch.read["birth_year"], batch.read["registered_on"], strict=True)
    return [age_band(birth_year, day) for birth_year, day in known]


WITNESSES = Dataset(
    name="witnesses",
    rows=_witnesses,
    order=witnesses.LATEST_FIRST,
    reads={
        "id": as_stored(Witness.id),
        "scheme": Scheme.code,
        "workshop_id": as_stored(Witness.workshop_id),
        "role": Witness.role,
        "birth_year": Witness.birth_year,
        "territory": Territory.code,
        "sector": Witness.sector,
        "registered_on": _day(Witness.created_at),
    },
    columns=(
        _id("id", "Témoin, dans cet export seulement", "Witness, in this export only"),
        SCHEME,
        _id("workshop_id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        _code("role", "Rôle", "Role", "witness_roles"),
        Column(
            "age_band",
            "Tranche d'âge à l'inscription",
            "Age band when registered",
            Type.CODE,
            _age_band,
            unit="year",
            values=BANDS,
            field="witnesses.birth_year",
            rule="année d'inscription, moins l'année de naissance, moins 1 ; vide sous 16 ans",
        ),
        TERRITORY,
        SECTOR,
        _month(
            "registered_on",
            "Mois d'inscription",
            "Month of registration",
            field="witnesses.created_at",
        ),
        CUT,
        ANOMALY,
    ),
)


# Workshops


def _workshops(filters: WorkshopFilters, _: datetime) -> Select[Any]:
    return (
        workshops.filtered(filters)
        .select_from(W)
        .join(Scheme, Scheme.id == W.scheme_id)
        .join(Place, Place.id == W.place_id)
        .join(Territory, Territory.id == Place.territory_id)
        .join(Organization, Organization.id == _heard_by())
    )


def _heard_by() -> ColumnElement[Any]:
    """Who came to hear people in a workshop: the partner who films there, or whose place it is."""
    return func.coalesce(W.partner_organization_id, W.owner_organization_id)


WORKSHOPS = Dataset(
    name="workshops",
    rows=_workshops,
    order=workshops.LATEST_FIRST,
    reads={
        "id": as_stored(W.id),
        "scheme": Scheme.code,
        "place_id": as_stored(W.place_id),
        "place_kind": as_stored(Place.kind),
        "organization_kind": as_stored(Organization.kind),
        "territory": Territory.code,
        "kind": as_stored(W.kind),
        "method": W.method,
        "title": W.title,
        "starts_on": _day(W.starts_at),
        "planned_on": _day(W.planned_starts_at),
        "closed_on": _day(W.closed_at),
        "roles_expected": _json(W.roles_expected),
        "hierarchy_present": W.hierarchy_present,
    },
    columns=(
        _id("id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        SCHEME,
        _id("place_id", "Lieu, dans cet export seulement", "Place, in this export only"),
        _one_of("place_kind", "Type de lieu", "Kind of place", PlaceKind, field="places.kind"),
        _one_of(
            "organization_kind",
            "Type de structure qui écoute",
            "Kind of organization that listens",
            OrganizationKind,
            field="organizations.kind",
            rule="de la structure partenaire s'il y en a une, sinon de celle du lieu",
        ),
        TERRITORY,
        _one_of("kind", "Type", "Kind", Kind),
        METHOD,
        _text("title", "Titre", "Title"),
        _month(
            "starts_on", "Mois où il commence", "Month when it starts", field="workshops.starts_at"
        ),
        _month(
            "planned_on",
            "Mois prévu d'abord",
            "Month planned at first",
            field="workshops.planned_starts_at",
        ),
        _month(
            "closed_on",
            "Mois où il est clos",
            "Month when it is closed",
            field="workshops.closed_at",
        ),
        Column(
            "roles_expected",
            "Rôles attendus",
            "Roles expected",
            Type.CODES,
            made("roles_expected", words),
            vocabulary="witness_roles",
        ),
        _yes("hierarchy_present", "La hiérarchie est présente", "The hierarchy is present"),
        CUT,
        ANOMALY,
    ),
)

# Themes


def _themes(filters: ThemeFilters, _: datetime) -> Select[Any]:
    return codebook.search(filters).select_from(Theme).join(Scheme, Scheme.id == Theme.scheme_id)


def _texts(name: str, label_fr: str, label_en: str) -> Column:
    return Column(name, label_fr, label_en, Type.TEXTS, made(name, words))


THEMES_OF_CODEBOOKS = Dataset(
    name="themes",
    rows=_themes,
    order=codebook.BY_NAME,
    reads={
        "id": as_stored(Theme.id),
        "scheme": Scheme.code,
        "parent_id": as_stored(Theme.parent_id),
        "name": Theme.name,
        "definition": Theme.definition,
        "examples": _json(Theme.examples),
        "counter_examples": _json(Theme.counter_examples),
        "color": Theme.color,
        "retired": Theme.retired_at.is_not(None),
        "merged_into_id": as_stored(Theme.merged_into_id),
    },
    columns=(
        _id("id", "Thème, dans cet export seulement", "Theme, in this export only"),
        SCHEME,
        _id("parent_id", "Thème qui le contient", "Theme that it lies in"),
        _text("name", "Nom", "Name"),
        _text("definition", "Définition", "Definition"),
        _texts("examples", "Exemples", "Examples"),
        _texts("counter_examples", "Contre-exemples", "Counter-examples"),
        _text("color", "Couleur", "Color"),
        _yes(
            "retired",
            "Retiré : ne se donne plus, reste sur ce qui fut codé",
            "Retired: given no more, stays on what was coded",
            field="themes.retired_at",
            rule="vrai quand il y en a une",
        ),
        _id(
            "merged_into_id",
            "Thème dans lequel il a été fusionné",
            "Theme into which it was merged",
        ),
        CUT,
        ANOMALY,
    ),
)


# Decisions


def _decisions(filters: DecisionFilters, at: datetime) -> Select[Any]:
    """Of testimonies that were not accepted too: nothing here is their words, or an editor's."""
    return (
        moderation.filtered(filters)
        .where(*studied(at))
        .select_from(Decision)
        .join(T, T.id == Decision.testimony_id)
        .join(Scheme, Scheme.id == T.scheme_id)
    )


DECISIONS = Dataset(
    name="decisions",
    rows=_decisions,
    order=moderation.LATEST_FIRST,
    reads={
        "id": as_stored(Decision.id),
        "testimony_id": as_stored(Decision.testimony_id),
        "scheme": Scheme.code,
        "method": T.method,
        "verdict": as_stored(Decision.verdict),
        "reason": Decision.reason_code,
        "decided_on": _day(Decision.created_at),
        "restriction": _json(T.restriction),
        "protocol": protocol(),
    },
    restrictions=("restriction", "protocol"),
    columns=(
        _id("id", "Décision, dans cet export seulement", "Decision, in this export only"),
        _id(
            "testimony_id",
            "Témoignage, dans cet export seulement",
            "Testimony, in this export only",
        ),
        SCHEME,
        METHOD_OF_TESTIMONY,
        _one_of("verdict", "Décision", "Verdict", Verdict),
        _code("reason", "Motif", "Reason", "rejection_reasons", field="decisions.reason_code"),
        _month(
            "decided_on",
            "Mois de la décision",
            "Month of the decision",
            field="decisions.created_at",
        ),
        CUT,
        ANOMALY,
    ),
)

# Reactions


def _reactions(filters: ReactionFilters, _: datetime) -> Select[Any]:
    rows = reactions.filtered(filters).select_from(Reaction)
    return rows.join(Scheme, Scheme.id == Reaction.scheme_id)


def _answer() -> ColumnElement[Any]:
    """What was published, unless it may quote words that may not leave at this moment."""
    told = func.coalesce(Reaction.public_text, Reaction.text)
    leaves = Reaction.published_at.is_not(None), ~reactions.may_quote(confined())
    return case((and_(*leaves), told), else_=null())


REACTIONS = Dataset(
    name="reactions",
    rows=_reactions,
    order=reactions.LATEST_FIRST,
    reads={
        "id": as_stored(Reaction.id),
        "scheme": Scheme.code,
        "release_id": as_stored(Reaction.release_id),
        "delivery_id": as_stored(Reaction.delivery_id),
        "item_id": as_stored(Reaction.item_id),
        "audience": Reaction.audience,
        "form": Reaction.form,
        "form_rating": Reaction.form_rating,
        "understood": Reaction.understood,
        "surprised": Reaction.surprised,
        "commitment": as_stored(Reaction.commitment),
        "text": _answer(),
        "published": Reaction.published_at.is_not(None),
        "answered_on": _day(Reaction.created_at),
    },
    columns=(
        _id("id", "Réaction, dans cet export seulement", "Reaction, in this export only"),
        SCHEME,
        _id("release_id", "Publication, dans cet export", "Release, in this export only"),
        _id("delivery_id", "Envoi, dans cet export seulement", "Delivery, in this export only"),
        _id(
            "item_id",
            "Élément du dossier, dans cet export ; vide : tout le dossier",
            "Item, in this export only; empty: all of the release",
        ),
        _code("audience", "Public", "Audience", "audiences"),
        _code("form", "Forme", "Form", "forms"),
        Column(
            "form_rating",
            "Note de la forme",
            "Rating of the form",
            Type.INTEGER,
            as_read("form_rating"),
            unit="1-5",
        ),
        _yes("understood", "A compris", "Understood"),
        _yes("surprised", "A été surpris", "Surprised"),
        _one_of("commitment", "Engagement", "Commitment", Commitment),
        _text(
            "text",
            "Réponse publiée",
            "Published answer",
            rule="public_text s'il y en a un ; vide tant qu'elle n'est pas publiée, et quand elle "
            "peut citer des mots qui ne sortent pas",
        ),
        _yes(
            "published",
            "Publiée",
            "Published",
            field="reactions.published_at",
            rule="vrai quand il y en a une",
        ),
        _month(
            "answered_on", "Mois de la réponse", "Month of the answer", field="reactions.created_at"
        ),
        CUT,
        ANOMALY,
    ),
)

# Propositions


def _propositions(filters: PropositionFilters, _: datetime) -> Select[Any]:
    return propositions.filtered(filters).select_from(P).join(Scheme, Scheme.id == P.scheme_id)


def _last_day(*states: PropositionState) -> ColumnElement[Any]:
    """The day of the last step to one of these states."""
    days = select(_day(Step.on)).where(Step.proposition_id == P.id, Step.state.in_(states))
    return days.order_by(Step.number.desc()).limit(1).correlate(P).scalar_subquery()


def _many(stance: Stance) -> ColumnElement[Any]:
    """How many excerpts were ever named that speak so, and were not let go."""
    rows = select(func.count()).where(Evidence.proposition_id == P.id, Evidence.stance == stance)
    return rows.correlate(P).scalar_subquery()


def _rests(stance: Stance) -> Callable[[datetime], ColumnElement[Any]]:
    """The excerpts that speak so, of those that may leave at a moment."""

    def at_moment(at: datetime) -> ColumnElement[Any]:
        rows = proposed.evidence(Evidence).where(
            Evidence.proposition_id == P.id,
            Evidence.stance == stance,
            proposed.evidence_state() == EvidenceState.VALID.value,
            *exportable(at),
            unopposed(at),
        )
        return children(P, rows, Evidence.position, Evidence.excerpt_id)

    return at_moment


def _ids_that_leave(name: str, label_fr: str, label_en: str, **source: Any) -> Column:
    return Column(name, label_fr, label_en, Type.IDS, exported_ids(name), **source)


STEPS = "propositions/{proposition_id}/steps.on"
PROPOSITIONS = Dataset(
    name="propositions",
    rows=_propositions,
    order=propositions.LATEST_FIRST,
    reads={
        "id": as_stored(P.id),
        "scheme": Scheme.code,
        "workshop_id": as_stored(P.workshop_id),
        "kind": P.kind,
        "competence": as_stored(P.competence),
        "relayed": P.relayed_to.is_not(None),
        "title": P.title,
        "description": P.description,
        "experiment": P.experiment,
        "product": P.product,
        "state": func.coalesce(
            proposed.last_steps(cast(Step.state, String)), PropositionState.MARTYR.value
        ),
        "reason": proposed.last_steps(Step.reason),
        "proposed_on": _last_day(PropositionState.PROPOSED),
        "sent_on": _last_day(PropositionState.SENT),
        "due_on": _day(P.due_on),
        "ended_on": _last_day(*ENDED),
        "co_author_roles": children(
            P,
            select(CoAuthor).where(CoAuthor.proposition_id == P.id),
            CoAuthor.position,
            CoAuthor.role,
        ),
        "co_written": proposed.is_co_written(),
        "evidence_for": _many(Stance.FOR),
        "evidence_against": _many(Stance.AGAINST),
    },
    reads_at={
        "overdue": lambda _: proposed.is_overdue(),
        "needs_review": lambda _: proposed.needs_review(),
        "excerpt_ids_for": _rests(Stance.FOR),
        "excerpt_ids_against": _rests(Stance.AGAINST),
    },
    columns=(
        _id("id", "Proposition, dans cet export seulement", "Proposition, in this export only"),
        SCHEME,
        _id("workshop_id", "Atelier, dans cet export seulement", "Workshop, in this export only"),
        _code("kind", "Domaine", "Kind", "proposition_kinds"),
        _one_of("competence", "Qui peut décider", "Who may decide", Competence),
        _yes(
            "relayed",
            "Relayée à qui elle revient",
            "Relayed to whom it belongs",
            field="propositions.relayed_to",
            rule="vrai quand il y en a un",
        ),
        _text("title", "Titre", "Title"),
        _text("description", "Description", "Description"),
        _text("experiment", "Essai", "Experiment"),
        _text("product", "Ce que cela a produit", "Concrete product"),
        _one_of("state", "État", "State", PropositionState),
        _text(
            "reason",
            "Motif de la dernière étape",
            "Reason of the last step",
            field="propositions/{proposition_id}/steps.reason",
            rule="de la dernière étape",
        ),
        _month(
            "proposed_on",
            "Mois où elle est proposée",
            "Month when it is proposed",
            field=STEPS,
            rule="mois de la dernière étape proposed",
        ),
        _month(
            "sent_on",
            "Mois où elle est transmise",
            "Month when it is sent",
            field=STEPS,
            rule="mois de la dernière étape sent",
        ),
        _month("due_on", "Mois prévu pour la réponse", "Month when an answer is planned"),
        _month(
            "ended_on",
            "Mois où elle est adoptée, refusée ou abandonnée",
            "Month when it is adopted, refused or abandoned",
            field=STEPS,
            rule="mois de la dernière étape qui la termine",
        ),
        _yes(
            "overdue",
            "En retard : réponse prévue avant ce jour, et pas venue",
            "Overdue: an answer was planned before today, and did not come",
        ),
        Column(
            "co_author_roles",
            "Rôle de chaque co-auteur",
            "Role of each co-author",
            Type.CODES,
            each("co_author_roles"),
            field="propositions.co_authors",
            rule="leurs rôles, dans l'ordre",
        ),
        _yes("co_written", "Co-écrite par des usagers", "Co-written by users"),
        _count(
            "evidence_for",
            "Paroles pour",
            "Excerpts for it",
            field="propositions.evidence",
            rule="nombre d'extraits pour, même repris depuis",
        ),
        _count(
            "evidence_against",
            "Paroles contre",
            "Excerpts against it",
            field="propositions.evidence",
            rule="nombre d'extraits contre, même repris depuis",
        ),
        _ids_that_leave(
            "excerpt_ids_for",
            "Extraits pour, de ceux qui peuvent sortir, dans cet export seulement",
            "Excerpts for it, of those that may leave, in this export only",
            field="propositions.evidence",
            rule=CODED,
        ),
        _ids_that_leave(
            "excerpt_ids_against",
            "Extraits contre, de ceux qui peuvent sortir, dans cet export seulement",
            "Excerpts against it, of those that may leave, in this export only",
            field="propositions.evidence",
            rule=CODED,
        ),
        _yes(
            "needs_review",
            "À revoir : des paroles ont changé ou ne sont plus là",
            "To be reviewed: words have changed or are gone",
        ),
        CUT,
        ANOMALY,
    ),
)

# Bundles


def _bundles(filters: BundleFilters, _: datetime) -> Select[Any]:
    return (
        bundles.filtered(filters)
        .select_from(B)
        .join(Scheme, Scheme.id == B.scheme_id)
        .outerjoin(Territory, Territory.id == B.territory_id)
    )


def _bundle_state() -> ColumnElement[Any]:
    """What `state_of` says."""
    return case(
        (B.closed_at.is_not(None), BundleState.CLOSED.value),
        (B.published_at.is_not(None), BundleState.PUBLISHED.value),
        (B.ready_at.is_not(None), BundleState.READY.value),
        (B.martyr_at.is_not(None), BundleState.MARTYR.value),
        else_=BundleState.DRAFT.value,
    )


def _of_bundle(rows: Select[Any]) -> ColumnElement[Any]:
    """What these rows come to, of one bundle."""
    return rows.correlate(B).scalar_subquery()


def _items(*which: ColumnElement[bool]) -> ColumnElement[Any]:
    return _of_bundle(select(func.count()).where(BundleItem.bundle_id == B.id, *which))


def _told_so(nature: Nature) -> ColumnElement[Any]:
    """How many passages of this nature: excerpts and whole testimonies, each once."""
    told = func.coalesce(cast(E.nature, String), cast(T.nature, String))
    rows = select(func.count()).select_from(BundleItem)
    rows = rows.outerjoin(E, E.id == BundleItem.excerpt_id)
    rows = rows.outerjoin(T, T.id == BundleItem.testimony_id)
    return _of_bundle(rows.where(BundleItem.bundle_id == B.id, told == nature.value))


def _sources() -> Select[Any]:
    """The testimonies that a bundle quotes, or shows whole."""
    said = func.coalesce(BundleItem.testimony_id, E.testimony_id)
    rows = select(said).select_from(BundleItem).outerjoin(E, E.id == BundleItem.excerpt_id)
    return rows.where(BundleItem.bundle_id == B.id, said.is_not(None)).correlate(B)


def _voices() -> ColumnElement[Any]:
    rows = select(func.count(TestimonyWitness.witness_id.distinct()))
    return _of_bundle(rows.where(TestimonyWitness.testimony_id.in_(_sources())))


def _heard_in() -> ColumnElement[Any]:
    rows = select(func.count(T.workshop_id.distinct()))
    return _of_bundle(rows.where(T.id.in_(_sources())))


def _releases(what: Any, *which: ColumnElement[bool]) -> ColumnElement[Any]:
    return _of_bundle(select(what).where(Release.bundle_id == B.id, *which))


def _deliveries(*which: ColumnElement[bool]) -> ColumnElement[Any]:
    rows = select(func.count()).select_from(Delivery)
    rows = rows.join(Release, Release.id == Delivery.release_id)
    return _of_bundle(rows.where(Release.bundle_id == B.id, *which))


def _answers() -> ColumnElement[Any]:
    rows = select(func.count()).select_from(Reaction)
    rows = rows.join(Release, Release.id == Reaction.release_id)
    return _of_bundle(rows.where(Release.bundle_id == B.id))


def _expectations() -> ColumnElement[Any]:
    rows = select(func.count()).where(BundleExpectation.bundle_id == B.id)
    return _of_bundle(rows)


def _is_public() -> ColumnElement[Any]:
    """Whether everybody reads it at an address of its own."""
    current = PublicAddress.bundle_id == B.id, PublicAddress.withdrawn_at.is_(None)
    return exists(select(PublicAddress.id).where(*current).correlate(B))


def _excerpts_that_leave(at: datetime) -> ColumnElement[Any]:
    rows = (
        select(BundleItem)
        .join(E, E.id == BundleItem.excerpt_id)
        .join(T, T.id == E.testimony_id)
        .where(
            BundleItem.bundle_id == B.id,
            E.state == ExcerptState.VALID,
            E.restriction.is_(None),
            not_(confined()),
            unopposed(at),
        )
    )
    return children(B, rows, BundleItem.position, BundleItem.excerpt_id)


def _testimonies_that_leave(_: datetime) -> ColumnElement[Any]:
    rows = select(BundleItem).join(T, T.id == BundleItem.testimony_id)
    rows = rows.where(BundleItem.bundle_id == B.id, not_(confined()))
    return children(B, rows, BundleItem.position, BundleItem.testimony_id)


ITEMS = "bundles/{bundle_id}.sections"
RELEASES = "bundles/{bundle_id}/releases"

GIVEN = "deliveries"
LEAVE = f"ceux qui peuvent sortir sans condition ; {CODED}"


def _passages(name: str, label_fr: str, nature: Nature) -> Column:
    rule = f"nombre d'extraits et de témoignages entiers de nature {nature}"
    return _count(name, label_fr, name.capitalize(), field=ITEMS, rule=rule)


BUNDLES = Dataset(
    name="bundles",
    rows=_bundles,
    order=bundles.LATEST_FIRST,
    reads={
        "id": as_stored(B.id),
        "scheme": Scheme.code,
        "audience": B.audience,
        "form": B.form,
        "purpose": as_stored(B.purpose),
        "territory": Territory.code,
        "state": _bundle_state(),
        "composed_on": _day(B.created_at),
        "ready_on": _day(B.ready_at),
        "closed_on": _day(B.closed_at),
        "expectations": _expectations(),
        "items": _items(),
        "excerpts": _items(BundleItem.excerpt_id.is_not(None)),
        "testimonies": _items(BundleItem.testimony_id.is_not(None)),
        "texts": _items(BundleItem.text.is_not(None)),
        "heard": _items(BundleItem.show_as == ShowAs.AUDIO),
        "seen": _items(BundleItem.show_as == ShowAs.VIDEO),
        "practices": _told_so(Nature.PRACTICE),
        "feelings": _told_so(Nature.FEELING),
        "mixed": _told_so(Nature.MIXED),
        "ideas": _told_so(Nature.IDEA),
        "information": _told_so(Nature.INFORMATION),
        "voices": _voices(),
        "workshops": _heard_in(),
        "releases": _releases(func.count()),
        "recalled": _releases(func.count(), Release.recalled_at.is_not(None)),
        "first_published_on": _releases(func.min(_day(Release.published_at))),
        "last_published_on": _releases(func.max(_day(Release.published_at))),
        "public": _is_public(),
        "deliveries": _deliveries(),
        "opened": _deliveries(Delivery.opened_at.is_not(None)),
        "acknowledged": _deliveries(Delivery.acknowledged_at.is_not(None)),
        "revoked": _deliveries(Delivery.revoked_at.is_not(None)),
        "reactions": _answers(),
    },
    reads_at={
        "excerpt_ids": _excerpts_that_leave,
        "testimony_ids": _testimonies_that_leave,
    },
    columns=(
        _id("id", "Dossier, dans cet export seulement", "Bundle, in this export only"),
        SCHEME,
        _code("audience", "Public", "Audience", "audiences"),
        _code("form", "Forme", "Form", "forms"),
        _one_of("purpose", "Usage", "Purpose", Purpose),
        replace(
            TERRITORY,
            label_fr="Territoire (code INSEE) ; vide : partout",
            label_en="Territory (INSEE code); empty: everywhere",
        ),
        _one_of("state", "État", "State", BundleState),
        _month(
            "composed_on",
            "Mois où il est composé",
            "Month when it is composed",
            field="bundles.created_at",
        ),
        _month(
            "ready_on",
            "Mois où il est dit prêt",
            "Month when it is said to be ready",
            field="bundles.ready_at",
        ),
        _month(
            "closed_on", "Mois où il est clos", "Month when it is closed", field="bundles.closed_at"
        ),
        _count(
            "expectations",
            "Attentes auxquelles il répond",
            "Expectations that it answers",
            field="bundles.expectation_ids",
            rule="leur nombre",
        ),
        _count("items", "Éléments", "Items", field=ITEMS, rule="nombre d'éléments"),
        _count(
            "excerpts",
            "dont extraits",
            "of which excerpts",
            field=ITEMS,
            rule="nombre d'éléments tirés d'un extrait",
        ),
        _count(
            "testimonies",
            "dont témoignages entiers",
            "of which whole testimonies",
            field=ITEMS,
            rule="nombre d'éléments tirés d'un témoignage entier",
        ),
        _count(
            "texts",
            "dont textes de l'équipe",
            "of which texts of the team",
            field=ITEMS,
            rule="nombre d'éléments écrits par l'équipe",
        ),
        _count(
            "heard",
            "dont donnés à entendre",
            "of which shown as sound",
            field=ITEMS,
            rule="nombre d'éléments dont show_as est audio",
        ),
        _count(
            "seen",
            "dont donnés à voir",
            "of which shown as video",
            field=ITEMS,
            rule="nombre d'éléments dont show_as est video",
        ),
        _passages("practices", "Pratiques", Nature.PRACTICE),
        _passages("feelings", "Ressentis", Nature.FEELING),
        _passages("mixed", "Mêlés", Nature.MIXED),
        _passages("ideas", "Idées", Nature.IDEA),
        _passages("information", "Informations", Nature.INFORMATION),
        _count(
            "voices",
            "Personnes entendues",
            "People heard",
            field=ITEMS,
            rule="nombre de témoins différents des extraits et des témoignages",
        ),
        _count(
            "workshops",
            "Ateliers d'où viennent les paroles",
            "Workshops where it was said",
            field=ITEMS,
            rule="nombre d'ateliers différents des extraits et des témoignages",
        ),
        _ids_that_leave(
            "excerpt_ids",
            "Extraits, de ceux qui peuvent sortir, dans cet export seulement",
            "Excerpts, of those that may leave, in this export only",
            field=ITEMS,
            rule=LEAVE,
        ),
        _ids_that_leave(
            "testimony_ids",
            "Témoignages entiers, de ceux qui peuvent sortir, dans cet export seulement",
            "Whole testimonies, of those that may leave, in this export only",
            field=ITEMS,
            rule=LEAVE,
        ),
        _count("releases", "Publications", "Releases", field=RELEASES, rule="leur nombre"),
        _count(
            "recalled",
            "dont rappelées",
            "of which recalled",
            field=RELEASES,
            rule="nombre de celles qu'une autre remplace parce que des paroles en ont été retirées",
        ),
        _month(
            "first_published_on",
            "Mois de la première publication",
            "Month of the first release",
            field=RELEASES,
            rule="published_at de la première, au mois",
        ),
        _month(
            "last_published_on",
            "Mois de la dernière publication",
            "Month of the last release",
            field=RELEASES,
            rule="published_at de la dernière, au mois",
        ),
        _yes(
            "public",
            "A une adresse publique",
            "Has a public address",
            field="releases/{release_id}/public-address",
            rule="vrai s'il en a une à présent",
        ),
        _count(
            "deliveries",
            "Envois",
            "Deliveries",
            field=GIVEN,
            rule="nombre, de toutes ses publications",
        ),
        _count(
            "opened",
            "dont ouverts",
            "of which opened",
            field=GIVEN,
            rule="nombre de ceux qui ont un opened_at",
        ),
        _count(
            "acknowledged",
            "dont il est accusé réception",
            "of which acknowledged",
            field=GIVEN,
            rule="nombre de ceux qui ont un acknowledged_at",
        ),
        _count(
            "revoked",
            "dont révoqués",
            "of which revoked",
            field=GIVEN,
            rule="nombre de ceux qui ont un revoked_at",
        ),
        _count(
            "reactions",
            "Réponses reçues",
            "Answers received",
            field="reactions.release_id",
            rule="nombre de celles à ses publications",
        ),
        CUT,
        ANOMALY,
    ),
)

ALL = (
    *(TESTIMONIES, EXCERPTS, WITNESSES, WORKSHOPS),
    *(THEMES_OF_CODEBOOKS, DECISIONS, REACTIONS, PROPOSITIONS, BUNDLES),
)
DATASETS = {dataset.name: dataset for dataset in ALL}
