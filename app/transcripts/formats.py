"""Subtitles and texts with times: read without trust, written for players and people.

    VTT  WebVTT; `<v Name>` says who speaks
    SRT  SubRip; it does not say who speaks
    TXT  `[00:01:02] text` or `[00:01:02 Name] text`, a paragraph for each segment, which lasts
         until the next one begins

Files are UTF-8, or UTF-16 with its mark. Line breaks of all systems are understood. Of a cue only
its words are kept: no tag, no style, no position.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from pysubs2 import SSAFile

from app.core.problems import Invalid

Segment = Mapping[str, Any]

LARGEST = 2 * 1024**2  # bytes of a file
ARROW = "-->"
TIME = r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
TIMING = re.compile(rf"[ \t]*{TIME}[ \t]+-->[ \t]+{TIME}(?:[ \t][^\n]*)?", re.ASCII)
# Each takes a time that grows with the length of the text, whatever is in it.
TAG = re.compile(r"<[^<>]*>")
STYLE = re.compile(r"\{\\[^{}]*\}")
VOICE = re.compile(r"<v(?:\.[^ \t<>]*)?[ \t]+([^<>]*)>")
BLANKS = re.compile(r"\n(?:[ \t]*\n){2,}")
CLOCK = re.compile(TIME, re.ASCII)
STAMP = re.compile(r"\[(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?(?: ([^\]\n]*))?\](.*)", re.ASCII)
MILLISECONDS = (3_600_000, 60_000, 1000)


class Format(StrEnum):
    """How a transcript is written."""

    VTT = "vtt"
    SRT = "srt"
    TXT = "txt"

    @property
    def content_type(self) -> str:
        """What a file of it is sent as."""
        kinds = {Format.VTT: "text/vtt", Format.SRT: "application/x-subrip"}
        return f"{kinds.get(self, 'text/plain')}; charset=utf-8"


def read(content: bytes, duration_ms: int) -> list[dict[str, Any]]:
    """The segments of a file, whose format is found in it; of a text, up to the end of the media.

    What they hold is not looked at here. Raises Invalid at `#/file`.
    """
    text = _decoded(content)
    if text.lstrip().startswith("WEBVTT"):
        found = list(_cues(_without_notes(text), Format.VTT))
    elif ARROW in text:
        found = list(_cues(text, Format.SRT))
    else:
        found = _paragraphs(text, duration_ms)
    if not found:
        raise Invalid.at("#/file", "not_subtitles")
    return found


def write(segments: Iterable[Segment], form: Format, *, speakers: bool = True) -> str:
    """These segments as a file; with who speaks where the format can say so."""
    return WRITERS[form](list(segments), speakers)


def captions(cues: Iterable[Segment]) -> str:
    """What is read under a recording, as WebVTT, without who speaks."""
    return write(cues, Format.VTT, speakers=False)


def _decoded(content: bytes) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid.at("#/file", "not_utf8") from None
    return BLANKS.sub("\n\n", text.replace("\r\n", "\n").replace("\r", "\n"))


def _without_notes(text: str) -> str:
    """A WebVTT file without what is no cue, and without the names of cues."""
    blocks = (block.split("\n") for block in re.split(r"\n[ \t]*\n", text))
    cues = []
    for lines in blocks:
        first = next((i for i, line in enumerate(lines) if ARROW in line), None)
        if first is not None:
            cues.append("\n".join(lines[first:]))
    return "WEBVTT\n\n" + "\n\n".join(cues)


def _cues(text: str, form: Format) -> Iterator[dict[str, Any]]:
    """Raises Invalid at a line of times that are none: negative ones, for instance."""
    for number, line in enumerate(text.split("\n"), 1):
        if ARROW in line and not TIMING.fullmatch(line):
            raise Invalid.at("#/file", "no_times", line=number)
    for event in SSAFile.from_string(_padded(text), format_=form, keep_html_tags=True):
        words = event.text.replace("\\N", "\n")
        voice = VOICE.search(words)
        told = STYLE.sub("", TAG.sub("", words))
        if form is Format.VTT:
            told = html.unescape(told)
        if told.strip():
            speaker = html.unescape(voice[1]).strip() if voice else ""
            times = {"start_ms": event.start, "end_ms": event.end}
            yield times | {"speaker": speaker or None, "text": told}


def _padded(text: str) -> str:
    """Every time with its hours and three digits: `1:02.5` is read as `00:01:02.500`."""

    def full(stamp: re.Match[str]) -> str:
        hours, minutes, seconds, part = stamp.groups()
        return f"{hours or 0:0>2}:{minutes:0>2}:{seconds}.{part:0<3}"

    return "\n".join(
        CLOCK.sub(full, line, count=2) if ARROW in line else line for line in text.split("\n")
    )


def _paragraphs(text: str, duration_ms: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for line in text.split("\n"):
        if stamp := STAMP.fullmatch(line.strip()):
            *clock, part, speaker, told = stamp.groups()
            start = sum(int(n) * ms for n, ms in zip(clock, MILLISECONDS, strict=True))
            start += int(f"{part or 0:0<3}")
            if found:
                found[-1]["end_ms"] = start
            who = (speaker or "").strip() or None
            found.append({"start_ms": start, "end_ms": duration_ms, "speaker": who, "text": told})
        elif found:
            found[-1]["text"] += f"\n{line}"
        elif line.strip():
            raise Invalid.at("#/file", "not_subtitles")
    return found


def _clock(ms: int, point: str = ".") -> str:
    minutes, ms = divmod(ms, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}{point}{ms % 1000:03}"


def _vtt(segments: list[Segment], speakers: bool) -> str:
    cues = ["WEBVTT"]
    for segment in segments:
        who = f"<v {_escaped(segment['speaker'])}>" if speakers and segment.get("speaker") else ""
        times = f"{_clock(segment['start_ms'])} {ARROW} {_clock(segment['end_ms'])}"
        cues.append(f"{times}\n{who}{_escaped(segment['text'])}")
    return "\n\n".join(cues) + "\n"


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _srt(segments: list[Segment], _speakers: bool) -> str:
    cues = (
        f"{number}\n{_clock(s['start_ms'], ',')} {ARROW} {_clock(s['end_ms'], ',')}\n"
        f"{s['text'].replace(ARROW, '→')}\n"
        for number, s in enumerate(segments, 1)
    )
    return "\n".join(cues)


def _txt(segments: list[Segment], speakers: bool) -> str:
    lines = []
    for segment in segments:
        who = segment.get("speaker") if speakers else None
        time = _clock(segment["start_ms"]).removesuffix(".000")
        label = f"{time} {who.replace(']', ')')}" if who else time
        lines.append(f"[{label}] {segment['text']}\n")
    return "".join(lines)


WRITERS = {Format.VTT: _vtt, Format.SRT: _srt, Format.TXT: _txt}
