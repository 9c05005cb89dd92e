"""What a text repeats of other words is taken out of it, and the rest stays."""

import pytest

from app.reactions.quoting import unquoted

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
