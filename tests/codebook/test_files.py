"""What files of codebooks promise: what is written is read again, and nothing else is believed."""

from time import process_time
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrefiqda.models.codebook import CodeBook
from xsdata_pydantic.bindings import XmlParser, XmlSerializer

from app.codebook.files import read as read_file
from app.codebook.files import write
from app.codebook.models import Theme
from app.codebook.schemas import Format
from app.core.models import now
from app.core.problems import Invalid
from app.core.text import OneLine, Prose

pytestmark = pytest.mark.once

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
CODES = '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes>{}</Codes></CodeBook>'


def read(content: str, format_: Format) -> list[dict[str, Any]]:
    return [entry.model_dump(exclude_unset=True) for _, entry in read_file(content, format_)]


def refused(content: str, format_: Format) -> dict[str, Any]:
    with pytest.raises(Invalid) as raised:
        read_file(content, format_)
    (error,) = raised.value.facts["errors"]
    assert error["pointer"] == "#/content"
    return dict(error)


def passes(rule: OneLine | Prose) -> Any:
    def clean(text: str) -> str | None:
        try:
            return rule.clean(text)
        except ValueError:
            return None

    letters = st.characters(codec="utf-8") | st.sampled_from("=+-@'|;,\"\n<&>]— é👩🏽‍🍳")
    return st.text(letters, min_size=1, max_size=12).map(clean).filter(bool)


LINES = passes(OneLine(200))
PROSE = passes(Prose(4000))
LISTS = st.lists(LINES, max_size=3)


@st.composite
def codebooks(draw: st.DrawFn) -> list[Theme]:
    """Themes, some of which lie in others."""
    themes: list[Theme] = []
    for name in draw(st.lists(LINES, min_size=1, max_size=5, unique=True)):
        parent = draw(st.sampled_from([None, *themes[:3]]))
        about = {"definition": draw(PROSE), "examples": draw(LISTS)}
        about |= {
            "counter_examples": draw(LISTS),
            "color": draw(st.sampled_from([None, "#aA0099"])),
        }
        retired_at = draw(st.sampled_from([None, now()]))
        themes.append(
            Theme(
                id=uuid4(),
                name=name,
                parent_id=parent.id if parent else None,
                retired_at=retired_at,
                **about,
            )
        )
    return themes


@pytest.mark.parametrize(("format_", "delimiter"), [("csv", ","), ("csv", ";"), ("qdc", "")])
@given(themes=codebooks())
def test_what_was_written_is_read_again(format_: str, delimiter: str, themes: list[Theme]) -> None:
    content = write(themes, Format(format_), delimiter or ",").decode()
    names = {theme.id: theme.name for theme in themes}
    found = {entry["name"]: entry for entry in read(content, Format(format_))}
    for theme in themes:
        told = found.pop(theme.name)
        assert told["parent"] == (names[theme.parent_id] if theme.parent_id else None)
        assert told["definition"] == theme.definition
        assert told.get("examples", []) == theme.examples
        assert told.get("counter_examples", []) == theme.counter_examples
        assert told.get("color") == theme.color
        assert told["retired"] is bool(theme.retired_at)
    assert found == {}


@given(themes=codebooks())
def test_a_qdc_is_what_the_field_s_schema_says(themes: list[Theme]) -> None:
    """By the models made from the official schema; written again by them, it is the same."""
    content = write(themes, Format.QDC)
    model = XmlParser().from_bytes(content, CodeBook)
    rendered = XmlSerializer().render(model, ns_map={None: "urn:QDA-XML:codebook:1.0"})
    canonical = [
        ElementTree.canonicalize(xml, strip_text=True) for xml in (content.decode(), rendered)
    ]
    assert canonical[0] == canonical[1]


def test_no_cell_is_a_formula_and_no_id_is_ours() -> None:
    theme = Theme(id=uuid4(), name="=1+1", definition="@SUM", examples=["+1"], counter_examples=[])
    for format_ in Format:
        assert str(theme.id) not in write([theme], format_).decode()
    text = write([theme], Format.CSV).decode()
    assert text.startswith("\ufeffname,parent,definition,")
    assert "\r\n'=1+1,,'@SUM,'+1,,,\r\n" in text


# CSV


def test_what_a_csv_does_not_say_is_not_told() -> None:
    assert read("name;definition\nMobilité;Les trajets\nTutorat;\n", Format.CSV) == [
        {"name": "Mobilité", "definition": "Les trajets"},
        {"name": "Tutorat"},
    ]
    told = read('name,examples,parent,retired\nA,"un\n\ndeux",,Oui\n,,,\n', Format.CSV)
    assert told == [{"name": "A", "examples": ["un", "deux"], "parent": None, "retired": True}]


@pytest.mark.parametrize(
    ("content", "code", "facts"),
    [
        ("definition\nSans nom", "not_the_columns", {}),
        ("name,id\nA,1", "not_the_columns", {}),
        ("name,name\nA,B", "not_the_columns", {}),
        ("name,color\nA,#000000,en trop", "too_many_cells", {"line": 2}),
        ('name,definition\n"A" B,C', "not_csv", {"line": 2}),
        ('name,definition\nA,"sans fin', "not_csv", {"line": 2}),
        ("name,color\nA,\nB,rouge", "wrong_in_line", {"line": 3, "field": "color"}),
        ("name,retired\nA,peut-être", "wrong_in_line", {"line": 2, "field": "retired"}),
        ("name,definition\n,Sans nom", "wrong_in_line", {"line": 2, "field": "name"}),
        (f"name\n{'a' * 201}", "wrong_in_line", {"line": 2, "field": "name"}),
        ("name\nA\nB\n A", "name_twice", {"line": 4, "name": "A"}),
        (f'name,definition\nA,"{"a" * 200_000}"', "not_csv", {}),
    ],
)
def test_a_csv_that_is_wrong_is_refused_at_its_line(
    content: str, code: str, facts: dict[str, Any]
) -> None:
    error = refused(content, Format.CSV)
    assert error["code"] == code
    assert error.items() >= facts.items()


# REFI-QDA


def test_a_codebook_of_coding_software_is_read() -> None:
    content = HEAD + CODES.format(
        """
        <Code guid="2f6c7e1e-0000-4000-8000-000000000001" name="Contrat" isCodable="false">
          <Code guid="2f6c7e1e-0000-4000-8000-000000000002" name="Tutorat" isCodable="true"
                color="#f0a">
            <Description>Qui accompagne &amp; comment.</Description>
            <NoteRef targetGUID="2f6c7e1e-0000-4000-8000-000000000009"/>
          </Code>
        </Code>
        <Code guid="2f6c7e1e-0000-4000-8000-000000000003" name="Mobilité" isCodable="true">
          <Description>Les trajets.

Exemples :
- Le bus
- La trottinette</Description>
        </Code>"""
    ).replace(
        "</Codes>",
        '</Codes><Sets><Set guid="2f6c7e1e-0000-4000-8000-000000000004" name="Tout">'
        "<Description>Un ensemble</Description></Set></Sets>",
    )
    assert read(content, Format.QDC) == [
        {"name": "Contrat", "parent": None, "retired": True},
        {
            "name": "Tutorat",
            "parent": "Contrat",
            "retired": False,
            "color": "#ff00aa",
            "definition": "Qui accompagne & comment.",
        },
        {
            "name": "Mobilité",
            "parent": None,
            "retired": False,
            "definition": "Les trajets.",
            "examples": ["Le bus", "La trottinette"],
        },
    ]


def described(description: str) -> str:
    inside = f"<Description>{description}</Description>"
    return CODES.format(f"<Code guid='a' name='A'>{inside}</Code>")


@pytest.mark.parametrize(
    "description",
    [
        "def\n\nExemples :\n- a" + " " * 200_000 + "x\nfin",
        "def" + "\n\nExemples :\n- a" * 12_000,
        "def" + "\n\nExemples :\n- a\n\nContre-exemples :\n- a" * 5_000,
        "def\n\nExemples :" + "\n- a" * 50_000 + "\nfin",
        "def" + "\n\nExemples :" * 15_000,
        "def" + "\n \n" * 60_000 + "fin",
    ],
    ids=range(6),
)
def test_a_description_made_to_be_long_to_read_is_refused_at_once(description: str) -> None:
    """Processor time says so: it is read once, whatever is in it."""
    began = process_time()
    error = refused(described(description), Format.QDC)
    assert process_time() - began < 2
    assert (error["code"], error["field"]) == ("wrong_in_line", "definition")


def test_of_blanks_as_long_as_a_definition_may_be_it_is_read_at_once() -> None:
    """As many themes of them as a file holds."""
    blanks = "def\n\nExemples :\n- a" + " " * 3_900 + "x\nfin"
    names = range(60)
    code = "<Code guid='a' name='{}'><Description>" + blanks + "</Description></Code>"
    began = process_time()
    found = read(CODES.format("".join(code.format(name) for name in names)), Format.QDC)
    assert process_time() - began < 1
    assert [told["definition"] for told in found] == [blanks for _ in names]


def test_two_lists_of_one_title_are_not_one_lost_for_the_other() -> None:
    told = read(described("def\n\nExemples :\n- a\n\nExemples :\n- b\n \n"), Format.QDC)
    assert told[0]["definition"] == "def\n\nExemples :\n- a"
    assert told[0]["examples"] == ["b"]


CODE = '<Code guid="a" name="{}" isCodable="true">'
LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
)
XXE = '<!DOCTYPE CodeBook [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (XXE + CODES.format(CODE.format("&x;") + "</Code>"), "not_qdc"),
        (
            f"<!DOCTYPE CodeBook [{LAUGHS}]>" + CODES.format(CODE.format("&l9;") + "</Code>"),
            "not_qdc",
        ),
        ('<!DOCTYPE CodeBook SYSTEM "http://192.0.2.1/x.dtd">' + CODES.format(""), "not_qdc"),
        (CODES.format(CODE.format("&inconnu;") + "</Code>"), "not_qdc"),
        (CODES.format(CODE.format("A")), "not_qdc"),
        (CODES.format("").replace("codebook:1.0", "project:1.0"), "not_qdc"),
        (CODES.format("<Description><Code name='a'/></Description>"), "not_qdc"),
        ("<html><body>Une page</body></html>", "not_qdc"),
        ("name,definition\nA,B", "not_qdc"),
        (CODES.format('<Code guid="a" isCodable="true"/>'), "wrong_in_line"),
        (CODES.format(CODE.format("A") + "</Code>" + CODE.format("A") + "</Code>"), "name_twice"),
        (CODES.format("".join(CODE.format(n) for n in range(7)) + "</Code>" * 7), "too_deep"),
        (CODES.format("<Code name='a'>" * 15_000), "too_deep"),
        (CODES.format(f"<Code name='{'a' * 200_000}'/>"), "wrong_in_line"),
        (CODES.format("<a>" * 60_000), "not_qdc"),
    ],
    ids=range(15),
)
def test_what_is_no_codebook_is_refused(content: str, code: str) -> None:
    assert refused(content, Format.QDC)["code"] == code
    if content.startswith("<!DOCTYPE"):
        assert refused(HEAD + content, Format.QDC)["line"] == 2


def test_an_encoding_that_is_declared_is_not_believed() -> None:
    head = '<?xml version="1.0" encoding="utf-16"?>'
    assert read(head + CODES.format(CODE.format("Été") + "</Code>"), Format.QDC)[0]["name"] == "Été"
