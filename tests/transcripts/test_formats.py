"""Subtitles of anybody are read, or refused with a reason; what we write is read again."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.problems import Invalid
from app.core.text import NOT_IN_PROSE
from app.transcripts.formats import Format, read, write

MINUTE = 60_000


def words(content: bytes | str) -> list[str]:
    sent = content.encode() if isinstance(content, str) else content
    return [segment["text"].strip() for segment in read(sent, MINUTE)]


def times(content: str) -> list[tuple[int, int]]:
    return [(s["start_ms"], s["end_ms"]) for s in read(content.encode(), MINUTE)]


def test_an_srt_is_read_whatever_its_line_breaks_and_marks() -> None:
    srt = (
        "1\n00:00:01,000 --> 00:00:02,500\nBonjour\nà vous\n\n2\n00:00:03,000 --> 00:00:04,000\nOui"
    )
    for sent in (srt, srt.replace("\n", "\r\n"), srt.replace("\n", "\r"), "\ufeff" + srt):
        assert words(sent) == ["Bonjour\nà vous", "Oui"]
    assert words(srt.encode("utf-16")) == ["Bonjour\nà vous", "Oui"]
    assert times(srt) == [(1000, 2500), (3000, 4000)]


def test_of_a_vtt_only_the_words_of_cues_are_kept_and_who_speaks() -> None:
    vtt = """WEBVTT - titre

STYLE
::cue { color: red }

NOTE une remarque
sur deux lignes

intro
00:01.5 --> 00:02.000 align:start position:10%
<v.loud Awa &amp; Ali>Tu <i>viens</i> &lt;ici&gt; ?</v>

NOTE 00:01 rien

00:00:03.000 --> 00:00:04.000
{\\an8}<c.jaune>Oui</c> <b>a < b</b>
"""
    first, second = read(vtt.encode(), MINUTE)
    assert first == {
        "start_ms": 1500,
        "end_ms": 2000,
        "speaker": "Awa & Ali",
        "text": "Tu viens <ici> ?",
    }
    assert (second["text"], second["speaker"]) == ("Oui a < b", None)


def test_a_text_with_times_is_read() -> None:
    told = "\n[00:00:01 Awa] Bonjour.\nTout le monde.\n\n[00:00:05.500] Oui ?\n"
    first, second = read(told.encode(), MINUTE)
    assert (first["start_ms"], first["end_ms"], first["speaker"]) == (1000, 5500, "Awa")
    assert first["text"].split() == ["Bonjour.", "Tout", "le", "monde."]
    assert (second["start_ms"], second["end_ms"]) == (5500, MINUTE)


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not_subtitles"),
    "latin-1": ("1\n00:00:01,000 --> 00:00:02,000\nété".encode("latin-1"), "not_utf8"),
    "half a UTF-16": (b"\xff\xfea", "not_utf8"),
    "a film": (b"\x00\x00\x00\x18ftypmp42" * 99, "not_subtitles"),
    "prose": ("Bonjour à tous.".encode(), "not_subtitles"),
    "ASS": (b"[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,x", "not_subtitles"),
    "negative times": (b"1\n-00:00:01,000 --> 00:00:02,000\nx", "no_times"),
    "no end": (b"1\n00:00:01,000 -->\nx", "no_times"),
    "words for times": (b"WEBVTT\n\na --> b\nx", "no_times"),
    "hours without end": (b"1\n99999:00:01,000 --> 99999:00:02,000\nx", "no_times"),
    "a VTT without cues": (b"WEBVTT\n\nNOTE rien\n", "not_subtitles"),
    "cues without words": (b"1\n00:00:01,000 --> 00:00:02,000\n<i></i>\n", "not_subtitles"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_transcript_is_refused_with_the_reason(name: str) -> None:
    content, code = REFUSED[name]
    with pytest.raises(Invalid) as refused:
        read(content, MINUTE)
    (error,) = refused.value.facts["errors"]
    assert (error["pointer"], error["code"]) == ("#/file", code)


CUE = "1\n00:00:01,000 --> 00:00:02,000\nx"


@pytest.mark.parametrize(
    "piece", ["<", "<a", "{\\", "{", "\n", "\n1", " \n", "< ", "&", "&#1", "<v ", "1", "-->", "["]
)
def test_no_text_takes_long_to_read(piece: str) -> None:
    started = process_time()
    for start in (CUE, "WEBVTT\n\n00:01.000 --> 00:02.000\nx", "[00:00:01]"):
        try:
            read(f"{start}{piece * (100_000 // len(piece))}b".encode(), MINUTE)
        except Invalid:
            continue
    assert process_time() - started < 2


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_nothing_else_ever_happens(noise: bytes) -> None:
    for content in (noise, b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + noise, CUE.encode() + noise):
        try:
            found = read(content, MINUTE)
        except Invalid:
            continue
        assert found


said = (
    st.text(min_size=1, max_size=60)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: bool(text) and not NOT_IN_PROSE.search(text))
)
segments: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.tuples(said, st.none() | said), min_size=1, max_size=5
).map(
    lambda told: [
        {"start_ms": n * 1500, "end_ms": n * 1500 + 1499, "speaker": who, "text": text}
        for n, (text, who) in enumerate(told)
    ]
)


@given(segments)
def test_a_vtt_of_ours_gives_back_all_of_it(told: list[dict[str, Any]]) -> None:
    assert read(write(told, Format.VTT).encode(), MINUTE) == told
    without = read(write(told, Format.VTT, speakers=False).encode(), MINUTE)
    assert without == [segment | {"speaker": None} for segment in told]


def test_an_srt_and_a_text_of_ours_give_back_their_words() -> None:
    told: list[dict[str, Any]] = [
        {"start_ms": 1000, "end_ms": 2000, "speaker": "Awa", "text": "Un --> deux"},
        {"start_ms": 2500, "end_ms": MINUTE, "speaker": None, "text": "[trois]"},
    ]
    srt = read(write(told, Format.SRT).encode(), MINUTE)
    assert [s["text"] for s in srt] == ["Un → deux", "[trois]"]
    text = write(told, Format.TXT)
    assert text == "[00:00:01 Awa] Un --> deux\n[00:00:02.500] [trois]\n"


def test_no_speaker_closes_the_bracket_of_a_text() -> None:
    told = [{"start_ms": 0, "end_ms": 9, "speaker": "A] [B", "text": "x"}]
    assert read(write(told, Format.TXT).encode(), 9)[0]["text"].strip() == "x"
