"""What pages say in French."""

import pytest

from app.pages import words


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-22T14:05:00Z", "22 novembre 2026"),
        ("2026-11-30T23:30:00Z", "1er décembre 2026"),  # it is tomorrow already in Marseille
        ("2026-08-31T23:30:00.000001+00:00", "1er septembre 2026"),
    ],
)
def test_days(moment: str, said: str) -> None:
    assert words.day(moment) == said


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "1 seconde"),
        (2200, "2 secondes"),
        (60_000, "1 minute"),
        (125_000, "2 minutes 5 secondes"),
        (3_600_000, "1 heure"),
        (2_700_000, "45 minutes"),
    ],
)
def test_durations_are_spoken(milliseconds: int, said: str) -> None:
    assert words.duration(milliseconds).replace(words.NO_BREAK, " ") == said


def test_shares_of_few_people_are_not_told() -> None:
    shares = [words.share(value) for value in (0.6, 1, 0.0, {"value": None, "suppressed": True})]
    said = [share.replace(words.NO_BREAK, " ") for share in shares]
    assert said == ["60 %", "100 %", "moins de 5 %", "non communiqué"]


def test_codes_have_words_and_unknown_ones_say_themselves() -> None:
    assert words.label("role", "tutor") == "Tuteur ou tutrice"
    assert words.label("nature", "unknown") == "Non précisé"
    assert words.label("role", "social_worker") == "social worker"
    assert words.label("territory", "Var") == "Var"


def test_french_punctuation_stays_with_its_word() -> None:
    assert words.spaced("« Oui ! » : non ?") == "«\u00a0Oui\u00a0!\u00a0»\u00a0: non\u00a0?"
    assert words.spaced("10:30, http://x ; a:b") == "10:30, http://x\u00a0; a:b"


def test_a_long_title_is_cut_at_its_colon() -> None:
    assert words.clauses("Berthe : ce qu'on fait") == ["Berthe\u00a0:", "ce qu'on fait"]
    assert words.clauses("Sans rien") == ["Sans rien"]


def test_paragraphs_and_lines() -> None:
    assert words.paragraphs("Un.\nDeux.\n \n\nTrois.\n") == [["Un.", "Deux."], ["Trois."]]


def test_lists() -> None:
    assert [words.listed([]), words.listed(["a"]), words.listed(["a", "b", "c"])] == [
        "",
        "a",
        "a, b et c",
    ]
    assert [words.lowered(text) for text in ("Élu", "COTEFE", "A", "")] == [
        "élu",
        "COTEFE",
        "a",
        "",
    ]


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (1, "1 octet"),
        (999, "999 octets"),
        (320_400, "320 ko"),
        (1_234_567, "1,2 Mo"),
        (42_300_000, "42 Mo"),
        (2_000_000_000, "2,0 Go"),
        (5_000_000_000_000, "5000 Go"),
    ],
)
def test_sizes_are_told_as_phones_do(octets: int, said: str) -> None:
    assert words.size(octets).replace(words.NO_BREAK, " ") == said


def test_a_file_without_a_french_name_says_its_own() -> None:
    assert words.file_name("note.pdf") == "La note"
    assert words.file_name("autre.odt") == "autre.odt"
    unknown = {"content_type": "application/x", "status": "ready", "size": None}
    assert words.file_facts(unknown) == ""
