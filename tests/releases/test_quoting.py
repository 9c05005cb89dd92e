"""What a text repeats of other words is taken out of it, and the rest stays."""

import pytest

from app.releases.quoting import unquoted

SAID = "Chaque vendredi on écrit une ligne à nous deux."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Nous changeons tout en mars.", "Nous changeons tout en mars."),
        ("« Chaque vendredi on écrit une ligne » : bravo !", "« […] » : bravo !"),
        ("CHAQUE vendredi, on\nécrit ! Et nous ?", "[…] ! Et nous ?"),
        ("On écrit une lettre chaque vendredi.", "On écrit une lettre chaque vendredi."),
        (f"{SAID} {SAID}", "[…]."),
        ("", ""),
    ],
)
def test_four_words_in_a_row_are_a_quotation(text: str, left: str) -> None:
    assert unquoted(text, [SAID, "…"]) == left


def test_so_is_all_of_what_is_shorter() -> None:
    assert unquoted("Vous dites : j'ai peur, et moi aussi.", ["J'ai peur."]) == (
        "Vous dites : […], et moi aussi."
    )


@pytest.mark.parametrize(
    ("signature", "text", "left"),
    [
        ("L.", "L'employeur l'a appelé. L. a dit oui.", "L'employeur l'a appelé. […]. a dit oui."),
        ("L", "L’employeur, L'été, puis L a dit oui.", "L’employeur, L'été, puis […] a dit oui."),
        ("A", "A dit oui, et il a raison.", "[…] dit oui, et il a raison."),
        ("Tuteur", "Merci Tuteur ! Le tuteur écoute.", "Merci […] ! Le tuteur écoute."),
        ("Léa", "LÉA et Léa, à Berthe.", "[…] et […], à Berthe."),
        ("Léa, Berthe", "Comme le dit léa (Berthe).", "Comme le dit […])."),
        ("…", "Rien…", "Rien…"),
    ],
)
def test_a_signature_of_one_word_is_not_every_word_like_it(
    signature: str, text: str, left: str
) -> None:
    assert unquoted(text, [], [signature]) == left
