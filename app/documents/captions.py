"""What is read beside a film: its captions, and its chapters."""

import re

from app.documents.cards import imprint
from app.documents.cutlist import CutList, milliseconds
from app.documents.edition import Edition
from app.transcripts.formats import Format, write

SPECIAL = re.compile(r"([=;#\\\n])")


def captions(cuts: CutList, edition: Edition) -> str:
    """WebVTT: what stands on the cards, and what is said, by whom as far as readers are told.

    A sound is captioned by what is said in it, or by its card when nobody wrote that down.
    """
    cues = [
        {
            "start_ms": start,
            "end_ms": end,
            "speaker": who.replace("\n", " ") or None,
            "text": re.sub(r"\s*\n\s*", "\n", text.strip()),
        }
        for start, end, who, text in _timed(cuts, edition)
        if text.strip() and end > start
    ]
    return write(cues, Format.VTT)


def chapters(cuts: CutList) -> str:
    """The film's parts, as ffmpeg reads them (FFMETADATA1): from one title to the next."""
    starts = [(milliseconds(start), cut.chapter) for start, cut in cuts.placed() if cut.chapter]
    ends = [*(start for start, _ in starts), milliseconds(cuts.frames)][1:]
    told = [";FFMETADATA1"]
    for (start, title), end in zip(starts, ends, strict=True):
        name = SPECIAL.sub(r"\\\1", title)
        told += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}", f"title={name}"]
    return "\n".join(told) + "\n"


def _timed(cuts: CutList, edition: Edition) -> list[tuple[int, int, str, str]]:
    """Start, end, speaker, text."""
    told = []
    for first, cut in cuts.placed():
        start, end = milliseconds(first), milliseconds(first + cut.frames)
        for cue in cut.cues:
            until = min(end, start + cue["end_ms"])
            told.append((min(end, start + cue["start_ms"]), until, cut.who, cue["text"]))
        if not cut.cues:
            at = first
            for card, frames in cut.cards:
                words = [*card.words, *([imprint(edition)] if card.imprint else [])]
                stands = milliseconds(at), milliseconds(at + frames)
                told.append((*stands, cut.who, "\n".join(words)))
                at += frames
            if cut.name:
                stands = start, milliseconds(first + cut.named)
                told.append((*stands, "", "\n".join(cut.name.words)))
    return told
