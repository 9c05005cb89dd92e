"""The film of a release, its captions and its poster: all made from one cut list."""

from pathlib import Path

from app.documents.assembly import NothingToFilm, assemble
from app.documents.captions import captions
from app.documents.cards import drawn
from app.documents.cutlist import CutList, cut_list
from app.documents.edition import Document, Edition
from app.media.pictures import rebuild

MOVIE, CAPTIONS, POSTER = "film.mp4", "film.vtt", "film.jpg"


def make_film(edition: Edition) -> Path:
    """1280x720, as long as `length_ms` says. Raises NotFilmed, and what `check` raises."""
    return assemble(_cuts(edition), edition, MOVIE)


def make_captions(edition: Edition) -> Path:
    """What is read and said in it, at the same moments. Raises NotFilmed."""
    path = edition.folder / CAPTIONS
    path.write_text(captions(_cuts(edition), edition), encoding="utf-8")
    return path


def make_poster(edition: Edition) -> Path:
    """Its first card. Raises NotFilmed, and what `check` raises."""
    card, _ = _cuts(edition).cuts[0].cards[0]
    (edition.folder / "card.png").write_bytes(drawn([card], edition)[0])
    path = edition.folder / POSTER
    rebuild(path, "card.png", 1280, lambda _: edition.check())
    return path


def _cuts(edition: Edition) -> CutList:
    cuts = cut_list(edition.content)
    if not cuts.cuts:
        raise NothingToFilm
    return cuts


FILM = (
    Document(MOVIE, "video/mp4", make_film, is_heavy=True),
    Document(CAPTIONS, "text/vtt", make_captions, uses_recordings=False),
    Document(POSTER, "image/jpeg", make_poster, uses_recordings=False),
)
