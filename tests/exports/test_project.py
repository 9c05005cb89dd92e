"""What a REFI-QDA project promises: it opens, its offsets hold, only what may leave is in it."""

import csv
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from pyrefiqda.models.project import Project as ProjectModel
from pyrefiqda.refiproject import RefiProject
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session
from xsdata_pydantic.bindings import XmlParser, XmlSerializer

from app.accounts.authentication import Caller
from app.accounts.permissions import GRANTS, Role
from app.appearances.models import AppearanceKind
from app.audit.models import AuditEvent
from app.codebook.models import Theme
from app.core.db import Database
from app.core.models import now
from app.excerpts.models import ExcerptState, SelectorType
from app.exports.archive import Archive
from app.exports.models import Export
from app.exports.qda.guids import Guids
from app.exports.qda.project import TOGETHER, Asked, Project
from app.exports.qda.sources import Elements, file_name
from app.exports.qda.variables import Variables
from app.exports.qda.xml import Xml
from app.exports.queries import EXPORTED
from app.media.models import Kind
from app.storage.service import storage
from app.testimonies.models import Nature, State, Testimony, TestimonyWitness
from app.witnesses.decision import Medium, Reach, Verb
from app.witnesses.models import Witness
from tests.conftest import ClientFor
from tests.exports.conftest import URL, WHY, Says, rows_of, undrawn
from tests.make import Make

Willing = Callable[..., Witness]
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
BODY = (
    "Le premier jour, à l’accueil :\r\n« Tu commences demain. »\r\n\r\n"
    "J'ai ri 👩🏽‍🍳 puis j'e\u0301tais la\u0300, tout seul."
)
VOICE = EXPORTED._replace(medium=Medium.VOICE)
IMAGE = EXPORTED._replace(medium=Medium.IMAGE)


@dataclass(frozen=True)
class Read:
    """A project as its readers find it."""

    content: bytes
    names: list[str]
    files: dict[str, bytes]
    model: ProjectModel

    @property
    def texts(self) -> dict[str, Any]:
        """The text sources by what stands in their files."""
        return {self.text_of(source): source for source in self.sources("text_source")}

    def sources(self, kind: str) -> list[Any]:
        return list(getattr(self.model.sources, kind)) if self.model.sources else []

    def text_of(self, source: Any) -> str:
        assert source.plain_text_path == f"internal://{source.guid}.txt"
        return self.files[f"sources/{source.guid}.txt"].decode()

    def values_of(self, thing: Any) -> dict[str, str]:
        assert self.model.variables
        names = {variable.guid: variable.name for variable in self.model.variables.variable}
        return {
            names[value.variable_ref.target_guid]: value.text_value
            for value in thing.variable_value
        }

    @property
    def codes(self) -> dict[str, str]:
        """The names of codes by their guids."""
        assert self.model.code_book
        found = {}
        waiting = list(self.model.code_book.codes.code)
        while waiting:
            code = waiting.pop()
            found[code.guid] = code.name
            waiting += code.code
        return found

    def codes_of(self, thing: Any) -> list[str]:
        return [self.codes[coding.code_ref.target_guid] for coding in thing.coding]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """The kind and the reason of each thing that is not there."""
        assert self.model.notes
        note = self.model.notes.note[1]
        rows = list(csv.DictReader(StringIO(self.text_of(note), newline="")))
        assert all(GUID.fullmatch(row["id"]) for row in rows)
        return sorted((row["kind"], row["reason"]) for row in rows)

    @property
    def why(self) -> str:
        assert self.model.notes
        return self.text_of(self.model.notes.note[0])


def opened(content: bytes) -> Read:
    archive = zipfile.ZipFile(BytesIO(content))
    assert archive.testzip() is None
    files = {name: archive.read(name) for name in archive.namelist()}
    model = XmlParser().from_bytes(files["project.qde"], ProjectModel)
    return Read(content, archive.namelist(), files, model)


def project(client: TestClient, make: Make, **params: Any) -> Read:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)} | params
    response = client.get(f"{URL}/project.qdpx", params=asked)
    assert response.status_code == 200, response.text
    return opened(response.content)


# It opens


def test_it_opens_in_the_order_of_the_standard(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing, tmp_path: Path
) -> None:
    theme = make.theme(name="Tutorat", color="#1B6CA8")
    witness = willing(role="employer")
    testimony = says("Accueil & <balises>", witnesses=[witness], themes=[theme], tags=["a", "b"])
    make.excerpt(testimony)
    found = project(as_evaluator, make)
    (tmp_path / "p.qdpx").write_bytes(found.content)
    model = RefiProject.load(tmp_path / "p.qdpx", str(tmp_path / "out"))
    assert model.name == make.the_scheme.name
    rendered = XmlSerializer().render(model, ns_map={None: "urn:QDA-XML:project:1.0"})
    canonical = [
        ElementTree.canonicalize(xml, strip_text=True)
        for xml in (found.files["project.qde"].decode(), rendered)
    ]
    assert canonical[0] == canonical[1]
    (source,) = found.sources("text_source")
    assert found.text_of(source) == testimony.body
    assert source.description == "Accueil & <balises>"
    path = RefiProject.resolve_source_path(source.plain_text_path, tmp_path / "out")
    assert path.read_bytes().decode() == testimony.body


def test_every_reference_leads_somewhere(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    above = make.theme(name="Contrat")
    themes = [make.theme(name="Durée", parent_id=above.id), make.theme(name="Nature")]
    workshop, people = make.workshop(), [willing(), willing()]
    for number in range(3):
        testimony = says(f"{number}", witnesses=people[: 1 + number % 2], workshop=workshop)
        excerpt = make.excerpt(testimony)
        make_coded(make, excerpt, themes)
    found = project(as_evaluator, make)
    tree = ElementTree.fromstring(found.files["project.qde"])
    guids = [element.get("guid") for element in tree.iter() if element.get("guid")]
    assert len(guids) == len(set(guids))
    assert all(GUID.fullmatch(guid or "") for guid in guids)
    wanted = {e.get("targetGUID") for e in tree.iter() if e.get("targetGUID")}
    wanted |= {e.get("creatingUser") for e in tree.iter() if e.get("creatingUser")}
    assert wanted <= set(guids)
    assert found.model.cases
    assert sorted(len(case.source_ref) for case in found.model.cases.case) == [1, 3]
    assert found.model.sets
    assert [len(found_set.member_source) for found_set in found.model.sets.set] == [3]
    names = list(found.codes.values())
    assert {"Contrat", "Durée", "Nature", "Nature (2)"} <= set(names)
    assert len(names) == len({name.casefold() for name in names})


def make_coded(make: Make, excerpt: Any, themes: Sequence[Theme]) -> None:
    from app.excerpts.models import ExcerptTheme

    with make.sessions.begin() as db:
        for position, theme in enumerate(themes):
            ids = {"excerpt_id": excerpt.id, "theme_id": theme.id}
            db.add(ExcerptTheme(**ids, position=position))


def test_an_excerpt_is_coded_with_its_themes_and_its_nature(
    as_evaluator: TestClient, make: Make, says: Says
) -> None:
    theme = make.theme(name="Tutorat", retired_at=now(), retired_by_id=make.account().id)
    practice = {"actor": "la tutrice", "action": "refait la caisse", "occasion": "un mardi"}
    excerpt = make.excerpt(
        says("Caisse", themes=[theme]),
        nature=Nature.PRACTICE,
        practice=practice,
        names_employer=True,
        public_quote="Le premier […]",
        memo="CANARY",
    )
    make_coded(make, excerpt, [theme])
    found = project(as_evaluator, make)
    (source,) = found.sources("text_source")
    (selection,) = source.plain_text_selection
    assert found.codes_of(selection) == ["Nature : pratique", "Tutorat", "Nomme l'employeur"]
    assert found.codes_of(source) == ["Tutorat"]
    assert selection.description == (
        "Qui : la tutrice\nA fait quoi : refait la caisse\nÀ quelle occasion : un mardi\n"
        "Citation publique : Le premier […]"
    )
    assert selection.name == "Le premier […]"
    assert b"CANARY" not in found.files["project.qde"]
    assert found.model.code_book
    assert all(code.is_codable for code in found.model.code_book.codes.code if not code.code)


def test_a_scheme_without_words_is_a_project_too(as_evaluator: TestClient, make: Make) -> None:
    make.theme(name="Tutorat")
    found = project(as_evaluator, make)
    assert found.sources("text_source") == []
    assert "Tutorat" in found.codes.values()
    assert found.left_out == []
    assert "Rien n'a été laissé de côté." in found.why


# What is known of words and of people


def test_variables_tell_what_the_dataset_tells(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    young = willing(role="young_person", birth_year=1994)
    testimony = says(
        "Jeune",
        witnesses=[young, willing()],
        nature=Nature.IDEA,
        sector="culture",
        tags=["vélo"],
        territory_id=make.territory("13056").id,
        restriction={"audiences": ["team", "services"]},
    )
    make.candor(testimony)
    found = project(as_evaluator, make)
    (source,) = found.sources("text_source")
    until = (now() + timedelta(days=365)).strftime("%Y-%m")
    assert found.values_of(source) == {
        "title": "Jeune",
        "roles": "young_person | tutor",
        "age_bands": "18-21 | ",
        "territory": "13056",
        "method": "written",
        "language": "fr",
        "recorded_on": "2013-05",
        "nature": "idea",
        "sector": "culture",
        "tags": "vélo",
        "candor": "mixed",
        "restriction": "audiences: team, services",
        "consent_until": until,
    }
    assert found.model.cases
    cases = [found.values_of(case) for case in found.model.cases.case]
    tutor, youth = sorted(cases, key=len)
    assert tutor == {
        "witness_role": "tutor",
        "witness_consent_until": until,
        "witness_consents": "team/dataset/evaluation: anonymous_text",
    }
    assert youth["witness_role"] == "young_person"
    assert youth["witness_age_band"] == "26+"


def test_consents_in_force_are_told(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    """Of a minor, only what minors decide alone."""
    adult, minor = willing(), willing(role="young_person", birth_year=now().year - 17)
    note = EXPORTED._replace(audience="services", form="note")
    for witness in (adult, minor):
        make.consent(witness, VOICE, note, note._replace(medium=Medium.VOICE))
    make.consent(adult, note, verb=Verb.WITHDRAW)
    says("adulte", witnesses=[adult])
    says("mineur", witnesses=[minor])
    found = project(as_evaluator, make)
    assert found.model.cases
    told = {
        values["witness_role"]: values["witness_consents"]
        for values in map(found.values_of, found.model.cases.case)
    }
    assert told == {
        "tutor": "services/note/evaluation: voice | team/dataset/evaluation: anonymous_text, voice",
        "young_person": "team/dataset/evaluation: anonymous_text",
    }


def test_a_protocol_that_allows_it_is_told(
    as_evaluator: TestClient, make: Make, says: Says
) -> None:
    group = make.group()
    make.protocol(group, audiences=["team"], adopted_at=now() - timedelta(days=1))
    says("Groupe", workshop=make.workshop(group_id=group.id))
    found = project(as_evaluator, make)
    (source,) = found.sources("text_source")
    assert found.values_of(source)["protocol"] == "audiences: team"


def test_how_freely_it_was_said_is_for_the_evaluator_alone(
    as_custodian: TestClient, make: Make, says: Says
) -> None:
    make.candor(says("Libre"))
    found = project(as_custodian, make)
    assert b"candor" not in found.files["project.qde"]


# Offsets


def test_places_are_those_of_the_text(as_evaluator: TestClient, make: Make, says: Says) -> None:
    testimony = says("Accents", body=BODY)
    passages = ["l’accueil :\r\n« Tu", "👩🏽‍🍳 puis", "e\u0301tais la\u0300", BODY, BODY[-1]]
    for passage in passages:
        make.excerpt(testimony, exact=passage)
    found = project(as_evaluator, make)
    (source,) = found.sources("text_source")
    said = found.text_of(source)
    assert said == BODY
    quoted = [said[s.start_position : s.end_position] for s in source.plain_text_selection]
    assert sorted(quoted) == sorted(passages)


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from(
    ["\r\n", "\n", "\r", "’", "é", "e\u0301", "👩🏽‍🍳", "\u2028", "œ", "ﬁ", "\u200d", "<&>"]
)


@pytest.mark.once
@given(
    body=st.lists(LETTERS, min_size=1).map("".join),
    ends=st.lists(st.tuples(st.integers(0), st.integers(1)), min_size=1, max_size=5),
)
@example(body=BODY, ends=[(0, 30), (60, 8)])
@example(body="\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), ends=[(0, 1)])
def test_places_come_back_the_same_in_any_text(body: str, ends: list[tuple[int, int]]) -> None:
    guids = Guids()
    by = Caller(uuid4(), uuid4(), Role.EVALUATOR, GRANTS[Role.EVALUATOR], uuid4())
    elements = Elements(guids, Variables(guids, by), frozenset(), "2026-11-26T00:00:00Z")
    excerpts = [passage(body, start % len(body), length) for start, length in ends]
    xml, archive, guid = Xml(), Archive(), guids.of("testimony", uuid4())
    xml.begin()
    about = {"xmlns": "urn:QDA-XML:project:1.0", "name": "P"}
    with xml.element("Project", about), xml.element("Sources"):
        elements.text(xml, guid, "Témoignage", excerpts, description=body)
    archive.add(file_name(guid, "txt"), body.encode())
    archive.add("project.qde", xml.taken())
    archive.finish()
    found = opened(archive.taken())
    (source,) = found.sources("text_source")
    said = found.text_of(source)
    assert said == body
    for selection, excerpt in zip(source.plain_text_selection, excerpts, strict=True):
        assert (selection.start_position, selection.end_position) == (excerpt.start, excerpt.stop)
        assert said[selection.start_position : selection.end_position] == excerpt.exact


def passage(body: str, start: int, length: int) -> Any:
    stop = start + 1 + length % (len(body) - start)
    told = {"id": uuid4(), "nature": "feeling", "theme_ids": None, "names_employer": False}
    told |= {"practice": None, "public_quote": None, "exact": body[start:stop]}
    return SimpleNamespace(start=start, stop=min(stop, len(body)), **told)


# What may leave


def in_days(number: int) -> datetime:
    return now() + timedelta(days=number)


def test_what_may_not_leave_is_listed_with_the_reason(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    group = make.group()
    make.protocol(group, forms=["film"], adopted_at=in_days(-1))
    never, no, taken, expired, unread = (make.witness(), *(willing() for _ in range(4)))
    make.consent(no, EXPORTED, verb=Verb.REFUSE)
    make.consent(taken, EXPORTED, verb=Verb.WITHDRAW)
    make.consent(expired, EXPORTED, valid_until=in_days(-1))
    make.consent(unread, EXPORTED._replace(form="note"), verb=Verb.REFUSE)
    says("CANARY", witnesses=[never])
    for witness in (no, taken, expired, unread):
        says("CANARY", body="CANARY", witnesses=[witness])
    says("CANARY", state=State.WITHDRAWN)
    says("CANARY", state=State.SUBMITTED)
    says("CANARY", embargo_until=in_days(1))
    says("CANARY", restriction={"audiences": ["services"]})
    says("CANARY", workshop=make.workshop(group_id=group.id))
    draft = says("CANARY", state=State.DRAFT)
    says("CANARY", state=State.WITHDRAWN, withdrawn_from=State.DRAFT)
    says("CANARY", witnesses=[willing(), make.witness()])
    says("Gardé")

    found = project(as_evaluator, make)
    assert len(found.sources("text_source")) == 1
    assert found.left_out == [
        ("testimony", reason)
        for reason in sorted(
            [
                *("never-given", "never-given", "refused", "refused", "withdrawn", "withdrawn"),
                *("expired", "not-accepted", "embargo", "restriction", "protocol"),
            ]
        )
    ]
    assert "- 2 (never-given) : une des personnes n'a pas dit" in found.why
    assert all(b"CANARY" not in content for content in found.files.values())
    assert str(draft.id) not in found.why


def test_so_are_excerpts(as_evaluator: TestClient, make: Make, says: Says) -> None:
    testimony = says("Gardé")
    make.excerpt(testimony, exact="Le premier")
    make.excerpt(testimony, exact="jour", restriction={"audiences": ["services"]})
    make.excerpt(testimony, exact="j'ai", state=ExcerptState.NEEDS_REVIEW)
    make.excerpt(testimony, exact="suivi", start=0, stop=5)
    found = project(as_evaluator, make)
    (source,) = found.sources("text_source")
    assert [s.name for s in source.plain_text_selection] == ["Le premier"]
    assert [reason for _, reason in found.left_out] == ["moved", "needs-review", "restriction"]


def test_another_scheme_is_not_in_it(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    other = make.workshop(scheme_id=make.scheme().id)
    make.theme(scheme_id=other.scheme_id, name="CANARY")
    elsewhere = make.testimony(
        workshop=other, body="CANARY", witnesses=[willing(workshop=other)], title="CANARY"
    )
    make.excerpt(elsewhere)
    make.testimony(workshop=other, title="CANARY", state=State.SUBMITTED)
    says("Ici")
    found = project(as_evaluator, make)
    assert len(found.sources("text_source")) == 1
    assert found.left_out == []
    assert all(b"CANARY" not in content for content in found.files.values())


def test_nothing_in_it_leads_back_to_somebody(
    as_evaluator: TestClient, make: Make, says: Says, willing: Willing
) -> None:
    witness = willing(birth_year=1987, signature="SIGNED", role="young_person")
    media = make.media(kind=Kind.AUDIO, filename="KARIM.mp3")
    testimony = says("Jour", witnesses=[witness], media=[media])
    transcript = make.transcript(media, "On m'a dit demain.")
    theme = make.theme()
    excerpt = make.excerpt(testimony)
    hidden = make.testimony()
    found = project(as_evaluator, make)
    again = project(as_evaluator, make)
    rows = [testimony, excerpt, transcript, media, theme, hidden, make.the_scheme, witness]
    ids = [str(row.id) for row in rows] + [row.id.hex for row in rows]
    ids += [str(testimony.captured_by), str(testimony.workshop_id), str(testimony.place_id)]
    secrets = [witness.pseudonym, "SIGNED", "1987", "2013-05-14", "KARIM", "14/05"]
    for name, content in found.files.items():
        told = name + content.decode()
        assert not [id_ for id_ in ids if id_ in told], name
        rest = undrawn(told)
        assert not [secret for secret in secrets if secret in rest], name
    guids = [
        set(GUID.findall("\n".join(map(bytes.decode, p.files.values())))) for p in (found, again)
    ]
    shared = guids[0] & guids[1]
    assert not {source.guid for source in found.sources("text_source")} & shared


def test_a_bad_row_is_told_and_stops_nothing(
    as_evaluator: TestClient, make: Make, says: Says, database: Database
) -> None:
    says("Bon")
    bad, worse = says("CANARY", body="CANARY"), says("CANARY", body="CANARY")
    odd = make.excerpt(says("Étrange"), exact="Le premier")
    broken = '{"audiences": 3}'
    with database.write.begin() as db:
        told = text("UPDATE testimonies SET restriction = :broken WHERE id = :id")
        for testimony in (bad, worse):
            db.execute(told, {"broken": broken, "id": str(testimony.id)})
        practice = text("UPDATE excerpts SET practice = '[1]', nature = 'practice' WHERE id = :id")
        db.execute(practice, {"id": str(odd.id)})
    found = project(as_evaluator, make)
    assert len(found.sources("text_source")) == 2
    assert found.left_out == [
        ("excerpt", "unreadable"),
        ("testimony", "unreadable"),
        ("testimony", "unreadable"),
    ]
    assert b"CANARY" not in b"".join(found.files.values())


BAD_ENDS = pytest.mark.parametrize("end", ["9999-99-99 00:00:00", "9999", "zzz"])


@BAD_ENDS
@pytest.mark.parametrize("media", [False, True])
def test_a_consent_that_cannot_be_read_is_told_and_stops_nothing(
    as_evaluator: TestClient,
    make: Make,
    says: Says,
    willing: Willing,
    database: Database,
    db: Session,
    end: str,
    media: bool,
) -> None:
    """What somebody says with them is left out, and why; a recording of both as well."""
    bad = willing()
    film = make.media(files={"web.mp4": b"WEB", "audio.m4a": b"SOUND", "original": b"CANARY"})
    says("Bon", body="Bon", media=[film])
    says("CANARY", body="CANARY", witnesses=[bad, willing()], media=[film])
    spoil_consents(database, bad, end)
    found = project(as_evaluator, make, media=media)
    assert set(found.texts) == {"Bon"}
    assert ("testimony", "unreadable") in found.left_out
    assert b"CANARY" not in b"".join(found.files.values())
    assert b"WEB" not in b"".join(found.files.values())
    facts = [e.facts for e in db.scalars(select(AuditEvent)) if e.action == "export.finished"]
    assert facts[-1]["anomalies"] >= 1


def spoil_consents(database: Database, witness: Witness, end: str) -> None:
    """Until nobody knows when, as SQLite lets anything be."""
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL holds moments alone.")
    told = text("UPDATE current_consents SET valid_until = :end WHERE witness_id = :id")
    with database.write.begin() as writing:
        writing.execute(told, {"end": end, "id": str(witness.id)})


# Recordings


@pytest.fixture
def recorded(make: Make, says: Says, willing: Willing) -> Callable[..., Testimony]:
    """A testimony on video, of somebody who gives these cells too."""

    def recorded(*cells: Any, reach: Reach = Reach.WORLD, **given: Any) -> Testimony:
        witness = willing()
        if cells:
            make.consent(witness, *cells, territory=reach)
        files = {"web.mp4": b"WEB" * 1000, "audio.m4a": b"SOUND", "original": b"ORIGINAL"}
        media = make.media(files=files, **given)
        return says("Vidéo", body=None, witnesses=[witness], media=[media])

    return recorded


def media_of(make: Make, testimony: Testimony) -> Any:
    from app.media.models import Media
    from app.testimonies.models import TestimonyMedia

    with make.sessions() as db:
        rows = select(Media).join(TestimonyMedia, TestimonyMedia.media_id == Media.id)
        return db.scalars(rows.where(TestimonyMedia.testimony_id == testimony.id)).one()


def test_a_recording_is_named_and_its_words_are_a_text(
    as_evaluator: TestClient, make: Make, recorded: Callable[..., Testimony]
) -> None:
    testimony = recorded()
    media = media_of(make, testimony)
    transcript = make.transcript(media, "On m'a dit : « demain ».", "Le vélo 🚲, c’était l'été.")
    said = transcript.text
    chosen = "🚲, c’é"
    start = said.index(chosen)
    stop = start + len(chosen)
    made = {"transcript_id": transcript.id, "media_id": media.id, "from_ms": 0, "to_ms": 20_000}
    made |= {"start": start, "stop": stop, "exact": ""}
    excerpt = make.excerpt(testimony, **made)
    with make.sessions.begin() as db:
        db.execute(
            text("UPDATE excerpts SET exact = :said WHERE id = :id"),
            {"said": chosen, "id": str(excerpt.id)},
        )
    timed = {"selector": SelectorType.TIME, "media_id": media.id, "exact": None}
    make.excerpt(testimony, **timed, start=1000, stop=3000)

    of = {row["source"]: row for row in rows_of(as_evaluator, "excerpts")}
    assert of.keys() == {"transcript", "recording"}, "its places are not those of a body"
    assert of["transcript"]["quote"] == chosen

    found = project(as_evaluator, make)
    source = found.texts[said]
    (selection,) = source.plain_text_selection
    assert said[selection.start_position : selection.end_position] == chosen
    (video,) = found.sources("video_source")
    (shown,) = video.video_selection
    assert (shown.begin, shown.end) == (1000, 3000)
    assert video.path.startswith("relative:///")
    assert found.left_out == [("media", "not-asked-for")]
    assert found.model.cases
    (case,) = found.model.cases.case
    assert len(case.source_ref) == 3  # an empty text, the video, the transcript
    assert not [name for name in found.names if name.endswith(".mp4")]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([], "never-given"),
        ([VOICE], "never-given"),
        ([IMAGE], "never-given"),
        ([VOICE, IMAGE], None),
        ([VOICE._replace(form="film"), IMAGE._replace(form="film")], "never-given"),
    ],
)
def test_a_file_leaves_when_voice_and_face_may(
    as_evaluator: TestClient,
    make: Make,
    recorded: Callable[..., Testimony],
    cells: list[Any],
    reason: str | None,
) -> None:
    """Whoever gives anonymous words gives neither. Inside the team nobody is asked where."""
    recorded(*cells, reach=Reach.PLACE)
    found = project(as_evaluator, make, media="true")
    given = [content for name, content in found.files.items() if name.endswith(".mp4")]
    assert given == ([] if reason else [b"WEB" * 1000])
    assert found.left_out == ([("media", reason)] if reason else [])
    (video,) = found.sources("video_source")
    if not reason:
        assert f"sources/{video.path.removeprefix('internal://')}" in found.names
    assert all(b"ORIGINAL" not in content for content in found.files.values())


def test_everybody_who_appears_is_asked(
    as_evaluator: TestClient, make: Make, willing: Willing, recorded: Callable[..., Testimony]
) -> None:
    testimony = recorded(VOICE, IMAGE)
    media = media_of(make, testimony)
    make.transcript(media, "CANARY")
    passer_by = willing()
    make.appearance(media, passer_by, kind=AppearanceKind.FACE)
    found = project(as_evaluator, make, media="true")
    assert "CANARY" in found.texts  # the face says nothing
    assert found.left_out == [("media", "never-given")]
    make.appearance(media, make.witness(), kind=AppearanceKind.VOICE)
    found = project(as_evaluator, make, media="true")
    assert found.left_out == [("media", "never-given"), ("transcript", "never-given")]
    assert all(b"CANARY" not in content for content in found.files.values())


def test_who_speaks_in_another_testimony_of_the_same_recording_is_asked(
    as_evaluator: TestClient, make: Make, recorded: Callable[..., Testimony]
) -> None:
    media = media_of(make, recorded(VOICE, IMAGE))
    make.transcript(media, "CANARY")
    make.testimony(media=[media])
    found = project(as_evaluator, make, media="true")
    assert ("media", "never-given") in found.left_out
    assert ("transcript", "never-given") in found.left_out
    assert all(b"CANARY" not in content for content in found.files.values())


def test_a_named_employer_is_asked_for_too(
    as_evaluator: TestClient, make: Make, recorded: Callable[..., Testimony]
) -> None:
    testimony = recorded(VOICE, IMAGE)
    timed = {"selector": SelectorType.TIME, "media_id": media_of(make, testimony).id}
    make.excerpt(testimony, **timed, exact=None, start=0, stop=900, names_employer=True)
    assert project(as_evaluator, make, media="true").left_out == [("media", "never-given")]


def test_a_custodian_sees_no_recording_without_a_case(
    as_custodian: TestClient, make: Make, recorded: Callable[..., Testimony]
) -> None:
    recorded(VOICE, IMAGE)
    assert project(as_custodian, make, media="true").left_out == [("media", "not-shown")]


def test_other_files_stay_here_and_a_lost_one_is_told(
    as_evaluator: TestClient, make: Make, says: Says, recorded: Callable[..., Testimony]
) -> None:
    says("Photo", media=[make.media(kind=Kind.IMAGE, files={"image.jpg": b"CANARY"})])
    recorded(VOICE, IMAGE)
    for found in list(storage().objects("media")):
        storage().delete(found.key)
    found_ = project(as_evaluator, make, media="true")
    assert found_.left_out == [("media", "no-file"), ("media", "other-kind")]


# Who, why, and what is kept of it


def events(db: Session) -> list[AuditEvent]:
    made = select(AuditEvent).where(AuditEvent.subject_kind == "export")
    return sorted(db.scalars(made), key=lambda event: event.created_at)


def test_it_is_in_the_audit_log(
    as_evaluator: TestClient, make: Make, says: Says, db: Session
) -> None:
    make.excerpt(says("Gardé"))
    says("Retenu", embargo_until=in_days(1))
    found = project(as_evaluator, make)
    made, finished = events(db)
    assert made.action == "export.made"
    assert made.facts == {
        "dataset": "project",
        "format": "qdpx",
        "purpose": WHY["purpose"],
        "filters": {"scheme_id": str(make.the_scheme.id), "media": False},
    }
    assert finished.action == "export.finished"
    assert finished.facts == {
        "rows": 1,
        "excerpts": 1,
        "media": 0,
        "anomalies": 0,
        "left_out": {"testimony": {"embargo": 1}},
        "sha256": sha256(found.content).hexdigest(),
    }
    assert str(made.subject_id) in found.why
    assert WHY["purpose"] in found.why


def test_how_it_is_answered(as_evaluator: TestClient, make: Make) -> None:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)}
    response = as_evaluator.get(f"{URL}/project.qdpx", params=asked)
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["cache-control"] == "private, no-store"
    today = datetime.now(UTC).date()
    name = response.headers["content-disposition"]
    export = response.headers["x-export-id"]
    assert name == f'attachment; filename="project-{today}-{export[:8]}.qdpx"'


def test_nobody_else_exports_it(
    client_for: ClientFor,
    as_editor: TestClient,
    as_animator: TestClient,
    as_administrator: TestClient,
    as_anonymous: TestClient,
    make: Make,
    db: Session,
) -> None:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)}
    for client in (as_editor, as_animator, as_administrator):
        refused = client.get(f"{URL}/project.qdpx", params=asked)
        assert refused.status_code == 403
        assert refused.json()["permission"] == "export"
    assert as_anonymous.get(f"{URL}/project.qdpx", params=asked).status_code == 401
    assert events(db) == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"purpose": None}, "#/purpose"),
        ({"purpose": " "}, "#/purpose"),
        ({"scheme_id": None}, "#/scheme_id"),
        ({"scheme_id": str(uuid4())}, "#/scheme_id"),
        ({"scheme_id": "x"}, "#/scheme_id"),
        ({"media": "peut-être"}, "#/media"),
        ({"limit": "5"}, "#/limit"),
    ],
)
def test_a_mistake_is_pointed_at(
    as_evaluator: TestClient, make: Make, db: Session, wrong: dict[str, Any], pointer: str
) -> None:
    asked = WHY | {"scheme_id": str(make.the_scheme.id)} | wrong
    given = {name: value for name, value in asked.items() if value is not None}
    refused = as_evaluator.get(f"{URL}/project.qdpx", params=given)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert events(db) == []


# While it is written


@pytest.fixture
def written(
    database: Database, make: Make, says: Says, willing: Willing
) -> tuple[Project, Witness]:
    """A project of 2 500 testimonies of one witness, begun and not read yet."""
    witness = willing()
    first = says("0", witnesses=[witness])
    columns = Testimony.metadata.tables["testimonies"].c
    common = {c.key: getattr(first, c.key) for c in columns if c.key not in ("id", "title")}
    rows = [{**common, "id": uuid4(), "title": str(number)} for number in range(1, 2500)]
    ids = [{"testimony_id": r["id"], "witness_id": witness.id, "position": 0} for r in rows]
    with database.write.begin() as db:
        db.execute(insert(Testimony), rows)
        db.execute(insert(TestimonyWitness), ids)
    by = Caller(uuid4(), uuid4(), Role.EVALUATOR, GRANTS[Role.EVALUATOR], uuid4())
    scheme = make.the_scheme
    asked = Asked(scheme.id, scheme.name, "tests", media=False)
    return Project(database, Export(), asked, by), witness


def test_a_withdrawal_takes_effect_while_it_is_written(
    written: tuple[Project, Witness], make: Make, db: Session
) -> None:
    """No session is open between two chunks; who withdrew meanwhile is in the list."""
    project, witness = written
    chunks: list[bytes] = []
    for chunk in project.start():
        if not chunks:
            make.consent(witness, EXPORTED, verb=Verb.WITHDRAW)
        chunks.append(chunk)
    project.end()
    found = opened(b"".join(chunks))
    many = len(found.sources("text_source"))
    assert 0 < many <= 2 * TOGETHER, "those that were written before it, of a batch of 1 000"
    assert found.left_out == [("testimony", "withdrawn")] * (2500 - many)
    assert events(db)[-1].facts["rows"] == many


def test_whoever_leaves_early_has_nothing_that_opens(
    written: tuple[Project, Witness], db: Session
) -> None:
    project, _ = written
    chunks = [chunk for chunk, _ in zip(project.start(), range(2), strict=False)]
    project.end()
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(BytesIO(b"".join(chunks)))
    assert events(db)[-1].action == "export.aborted"
