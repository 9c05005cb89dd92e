"""What a film will show, before anything is made: whole, in its order, as long as one reads."""

import json
import re
from pathlib import Path
from typing import Any

import font_source_sans_pro
import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from app.documents import typesetting
from app.documents.captions import captions, chapters
from app.documents.cards import _told, drawn, names
from app.documents.cutlist import FPS, Card, Cut, Kind, cut_list, length_ms, milliseconds
from app.documents.film import make_captions, make_poster
from app.documents.flow import LONGEST, flowed
from app.transcripts.formats import read
from tests.documents.pdftext import text_of
from tests.documents.scripts import HOSTILE, TEXTS, content, edition, item, recorded, section


def cards_of(told: dict[str, object]) -> list[Card]:
    return [card for cut in cut_list(told).cuts for card, _ in cut.cards]


def words_in(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(st.text(alphabet=st.sampled_from("ab é\n.!»👩\u200d\u0301漢"), max_size=1200))
def test_no_word_is_lost_when_a_text_flows(text: str) -> None:
    cards = flowed(text)
    assert words_in("".join(cards)) == words_in(text)
    assert all(card.strip() and len(card) <= LONGEST for card in cards)


@pytest.mark.parametrize("text", TEXTS)
def test_no_word_is_lost_whatever_it_is(text: str) -> None:
    cards = flowed(text * 5)
    assert words_in("".join(cards)) == words_in(text * 5)


def test_a_text_is_parted_between_sentences_and_evenly() -> None:
    sentence = "On attend deux heures dans le couloir, puis quelqu'un vient."
    assert flowed(" ".join([sentence] * 4)) == [" ".join([sentence] * 2)] * 2


def test_a_card_stands_as_long_as_it_takes_to_read() -> None:
    assert Card(Kind.QUOTE, text="Oui.").frames == 3 * FPS
    assert Card(Kind.QUOTE, text="a" * 150).frames == 10 * FPS
    later = Card(Kind.QUOTE, text="a" * 150, who="b" * 15, page=2, pages=2)
    assert later.frames == 10 * FPS, "who speaks was read on the first page"


def test_the_order_is_that_of_the_snapshot() -> None:
    told = content(
        section(item(quote="Un."), recorded(1000, id="2"), title="A", text="Court."),
        section(recorded(700, id="3", show_as="audio"), item(quote="Deux."), title="B"),
        introduction="Voici.",
    )
    cuts = cut_list(told).cuts
    shown = [cut.item_id or cut.cards[0][0].kind for cut in cuts]
    assert shown == [
        *(Kind.TITLE, Kind.INTRODUCTION, Kind.CHAPTER, Kind.QUOTE, "2"),
        *(Kind.CHAPTER, "3", Kind.QUOTE, Kind.CLOSING, Kind.CLOSING),
    ]
    assert [cut.chapter for cut in cuts if cut.chapter] == [
        "Le premier jour",
        "A",
        "B",
        "Pour finir",
    ]


def test_a_length_is_known_to_the_frame() -> None:
    without = length_ms(content(section(item())))
    with_video = length_ms(content(section(item(), recorded(1001, id="2"))))
    assert with_video - without == pytest.approx(milliseconds(31), abs=1), "whole, not cut short"


def test_who_speaks_is_told_as_the_snapshot_tells_it() -> None:
    (cut,) = (cut for cut in cut_list(content(section(recorded(9000)))).cuts if cut.is_video)
    assert cut.name
    assert cut.name.words == ["Tuteur ou tutrice, Var · Pratique"]
    assert cut.named == 4 * FPS
    nobody = recorded(9000, role_label=None, territory_label=None, nature=None, nature_label=None)
    (cut,) = (cut for cut in cut_list(content(section(nobody))).cuts if cut.is_video)
    assert cut.name is None


def test_what_was_withdrawn_is_left_out_and_a_part_of_which_nothing_is_left() -> None:
    gone = item(quote="Secret.", role_label="Employeur", withdrawn=True)
    told = content(section(gone, title="Vide", text="Rien."), section(item(), gone))
    assert told["sections"][0]["title"] not in [card.heading for card in cards_of(told)]
    seen = "\n".join(word for card in cards_of(told) for word in card.words)
    assert "Secret" not in seen
    assert "Employeur" not in seen
    assert length_ms(content(section(gone))) == length_ms(content()) == 0


def test_long_texts_of_parts_and_captions_have_cards_of_their_own() -> None:
    long = "Une phrase de plus, pour voir. " * 12
    told = content(section(recorded(1000, caption=long), text=long))
    kinds = [card.kind for card in cards_of(told)]
    assert kinds.count(Kind.INTRODUCTION) == kinds.count(Kind.CAPTION) == len(flowed(long)) > 1
    (cut,) = (cut for cut in cut_list(told).cuts if cut.is_video)
    assert cut.name
    assert cut.name.note == ""


def test_a_caption_without_a_text_is_shown() -> None:
    assert "Vu !" in [
        card.note for card in cards_of(content(section(item(quote="", caption="Vu !"))))
    ]


def sound_of(told: dict[str, object]) -> Cut:
    (cut,) = (cut for cut in cut_list(told).cuts if cut.item_id)
    return cut


def test_a_sound_shows_what_is_said_as_it_is_said() -> None:
    said = [
        (500, 2500, "a" * 70),
        (4000, 5000, "b" * 70),
        (5100, 5200, "Oui."),
        (5200, 6000, "Non."),
    ]
    cut = sound_of(content(section(recorded(7000, *said, show_as="audio"))))
    assert [(card.text, frames) for card, frames in cut.cards] == [
        ("a" * 70, 4 * FPS),
        ("b" * 70, 33),
        ("Oui. Non.", 57),
    ]
    assert sum(frames for _, frames in cut.cards) == cut.frames == 7 * FPS


def test_a_sound_without_captions_stands_over_its_caption() -> None:
    cut = sound_of(content(section(recorded(7000, show_as="audio", caption="Dans la rue"))))
    assert [(card.text, frames) for card, frames in cut.cards] == [("Dans la rue", 7 * FPS)]


def test_captions_are_at_the_moments_of_the_film(tmp_path: Path) -> None:
    told = content(
        section(item(quote=HOSTILE), recorded(2000, (500, 1500, "Oui --> <b>non</b>"), id="2"))
    )
    cuts = cut_list(told)
    cues = read(captions(cuts, edition(told, tmp_path)).encode(), milliseconds(cuts.frames))
    (start, _), *_ = ((start, cut) for start, cut in cuts.placed() if cut.is_video)
    assert [cue for cue in cues if cue["text"].startswith("Oui")] == [
        {
            "start_ms": milliseconds(start) + 500,
            "end_ms": milliseconds(start) + 1500,
            "speaker": "Tuteur ou tutrice, Var",
            "text": "Oui --> <b>non</b>",
        }
    ]
    assert HOSTILE in {cue["text"].split("\n")[0] for cue in cues}
    assert cues[0]["text"].endswith("Film n°\u00a03 du 15 mai 2013")
    assert (cues[0]["start_ms"], cues[-1]["end_ms"]) == (0, milliseconds(cuts.frames))
    ends = [cue["end_ms"] for cue in cues]
    assert ends == sorted(ends)


def test_captions_of_a_film_say_all_that_its_cards_say(tmp_path: Path) -> None:
    told = content(section(*(item(quote=text) for text in TEXTS)))
    read_there = words_in(captions(cut_list(told), edition(told, tmp_path)))
    for card in cards_of(told):
        escaped = card.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert words_in(escaped) in read_there


def test_titles_of_chapters_are_literal() -> None:
    told = chapters(cut_list(content(section(item(), title="a=b;c#d\\e"))))
    assert "title=a\\=b\\;c\\#d\\\\e\n" in told


def test_who_signs_is_on_the_card_on_the_name_over_a_video_and_in_the_captions(
    tmp_path: Path,
) -> None:
    said = [(0, 3000, "Au début je n'osais pas.")]
    signed = {"signature": "Une jeune de Berthe"}
    told = content(section(item(**signed), recorded(3000, *said, **signed), item()))
    who = "Une jeune de Berthe, Tuteur ou tutrice, Var"
    by_item = [cut for cut in cut_list(told).cuts if cut.who]
    assert [cut.who for cut in by_item] == [who, who, "Tuteur ou tutrice, Var"]
    [name] = [cut.name for cut in by_item if cut.name]
    assert name.words[0].startswith(who)
    assert f"<v {who}>Au début je n'osais pas." in captions(cut_list(told), edition(told, tmp_path))


@pytest.mark.parametrize("text", TEXTS)
def test_every_card_is_one_picture_whatever_it_says(tmp_path: Path, text: str) -> None:
    line = text.replace("\n", " ")[:200]
    labels = {
        "signature": line[:64],
        "role_label": line,
        "territory_label": line,
        "nature_label": line,
    }
    told = content(
        section(
            item(quote=text, caption=line[:100], **labels),
            recorded(3000, (0, 3000, text), show_as="audio", **labels),
            recorded(3000, caption=line[:100], **labels),
            title=line,
            text=text[:100],
        ),
        title=line,
        public_title=line,
        introduction=text,
    )
    release = edition(told, tmp_path)
    cards = cards_of(told)
    assert all(picture.startswith(b"\x89PNG") for picture in drawn(cards, release))
    assert len(names([cut.name for cut in cut_list(told).cuts if cut.name], release)) == 1


def test_what_is_written_is_read_on_a_card_as_it_is(tmp_path: Path) -> None:
    """Its template makes a PDF as well, of which the words can be read."""
    for kind in Kind:
        card = Card(kind, heading=HOSTILE, text=HOSTILE, who=HOSTILE, nature_label=HOSTILE)
        path = tmp_path / f"{kind}.pdf"
        told = {"cards": [_told(card, edition(content(), tmp_path))]}
        template = "film_names.typ" if kind is Kind.NAME else "film_cards.typ"
        path.write_bytes(_as_pdf(template, told))
        assert words_in(HOSTILE) in words_in(text_of(path).replace("\u200b", "")), kind


def _as_pdf(template: str, told: dict[str, Any]) -> bytes:
    made: bytes = typst.compile(
        (typesetting.TEMPLATES / template).read_bytes(),
        format="pdf",
        font_paths=[font_source_sans_pro.font_directory],
        sys_inputs={"data": json.dumps(told)},
    )
    return made


@pytest.mark.parametrize("word", ["שלום", "مرحبا"])
def test_words_from_right_to_left_are_drawn_so(tmp_path: Path, word: str) -> None:
    path = tmp_path / "card.pdf"
    card = _told(Card(Kind.QUOTE, text=word), edition(content(), tmp_path))
    path.write_bytes(_as_pdf("film_cards.typ", {"cards": [card]}))
    assert word[::-1] in words_in(text_of(path))  # what is read last is drawn first, at the left


def test_captions_and_poster_are_the_same_each_time(tmp_path: Path) -> None:
    told = content(section(item(), recorded(3000, (0, 900, "Oui."), show_as="audio")))
    for make in (make_captions, make_poster):
        made = set()
        for number in range(2):
            folder = tmp_path / f"{make.__name__}-{number}"
            folder.mkdir()
            made.add(make(edition(told, folder)).read_bytes())
        assert len(made) == 1


def test_signs_are_drawn_as_they_are(tmp_path: Path) -> None:
    release = edition(content(), tmp_path)
    bold, plain = drawn([Card(Kind.TEXT, text=text) for text in ("*gras*", "gras")], release)
    assert bold != plain
