"""What it costs to assemble the film of a release, beside one bare ffmpeg command."""

import resource
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.documents.assembly import assemble
from app.documents.cards import drawn, ground_of, names
from app.documents.cutlist import FPS, Cut, CutList, cut_list
from app.documents.edition import Edition
from app.media.ffmpeg import BARE, SOUND, ffmpeg
from app.media.video import H264
from bench.run import Measure, at_most
from bench.transcoding import processor

SECONDS = 10  # of each recording
SIZE = "scale=1280:720:out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1"
WORDS = "On m’a dit lundi : tu commences demain. Le tuteur n’était pas prévenu. "


def of_filming(folder: Path) -> Iterator[Measure]:
    """Two videos with their names, a sound, three texts, and the cards around them."""
    recordings = {"video": _video(folder / "v.mp4"), "sound": _sound(folder / "s.m4a")}
    recordings["again"] = recordings["video"]
    room = folder / "filming"
    room.mkdir()
    edition = Edition(
        _content(), 1, datetime(2013, 5, 14, tzinfo=UTC), "", room, recordings, {}, {}
    )
    cuts = cut_list(edition.content)
    bare = folder / "bare"
    bare.mkdir()
    plain = _plain(cuts, edition, bare)
    beside = processor(lambda: subprocess.run(plain, check=True))
    before = resource.getrusage(resource.RUSAGE_SELF)
    ours = processor(lambda: assemble(cuts, edition, "film.mp4"))
    after = resource.getrusage(resource.RUSAGE_SELF)
    ours += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    what = f"a film of {cuts.frames // FPS} s, {len(cuts.cuts)} cuts, processor time"
    yield at_most(1.2, what, ours, beside, "s")


def _content() -> dict[str, Any]:
    def item(id_: str, show_as: str, **other: Any) -> dict[str, Any]:
        return {
            "id": id_,
            "show_as": show_as,
            "quote": None,
            "caption": None,
            "withdrawn": False,
            "nature": "practice",
            "nature_label": "Pratique",
            "territory_label": "Var",
            "role_label": "Tuteur ou tutrice",
            "media": {"duration_ms": SECONDS * 1000},
            **other,
        }

    texts = [item(str(number), "text", quote=WORDS) for number in range(3)]
    items = [item("video", "video"), *texts, item("sound", "audio"), item("again", "video")]
    return {
        "title": "Le premier jour",
        "public_title": "Paroles d’avenir",
        "introduction": WORDS,
        "sections": [{"title": "Arriver", "text": None, "items": items}],
    }


def _video(path: Path) -> Path:
    """As `web.mp4` is."""
    pictures = "testsrc2=size=1280x720:rate=30"
    sound = ("-f", "lavfi", "-i", "anoisesrc=color=pink:seed=1:amplitude=0.3")
    _run("-f", "lavfi", "-i", pictures, *sound, "-t", str(SECONDS), *H264, *SOUND, str(path))
    return path


def _sound(path: Path) -> Path:
    noise = "anoisesrc=color=pink:seed=2:amplitude=0.1"
    _run("-f", "lavfi", "-i", noise, "-t", str(SECONDS), *SOUND, str(path))
    return path


def _run(*what: str) -> None:
    subprocess.run([ffmpeg(), "-v", "error", "-y", *what], check=True)


def _plain(cuts: CutList, edition: Edition, folder: Path) -> list[str]:
    """One command for the whole list: no sandbox, no look at what is read, no loudness."""
    inputs: list[str] = []
    graph: list[str] = []
    for number, cut in enumerate(cuts.cuts):
        graph += _shown(number, cut, inputs, edition, folder)
        graph += _heard(number, cut, inputs, edition)
    joined = "".join(f"[v{number}][a{number}]" for number in range(len(cuts.cuts)))
    graph.append(f"{joined}concat=n={len(cuts.cuts)}:v=1:a=1[v][a]")
    return [
        *(ffmpeg(), "-v", "error", "-nostdin", "-y", *inputs, "-filter_complex", ";".join(graph)),
        *("-filter_threads", "1", "-filter_complex_threads", "1"),
        *("-map", "[v]", "-map", "[a]", *H264, "-r", str(FPS), *SOUND, *BARE, "-threads", "1"),
        *("-movflags", "+faststart", str(folder / "plain.mp4")),
    ]


def _shown(
    number: int, cut: Cut, inputs: list[str], edition: Edition, folder: Path
) -> Iterator[str]:
    lasts = cut.frames / FPS
    if not cut.is_video:
        card = cut.cards[0][0]
        at = _read(inputs, _picture(folder / f"{number}.png", drawn([card], edition)))
        ground = ground_of(card).replace("#", "0x")
        fades = f"fade=d=0.3:color={ground},fade=t=out:st={lasts - 0.3}:d=0.3:color={ground}"
        yield f"[{at}:v]{SIZE},tpad=stop_mode=clone:stop={cut.frames - 1},{fades}[v{number}]"
        return
    at = _read(inputs, ["-threads", "1", "-i", str(edition.recordings[cut.item_id or ""])])
    yield f"[{at}:v]fps={FPS},{SIZE},trim=end_frame={cut.frames}[f{number}]"
    if cut.name:
        at = _read(inputs, _picture(folder / f"{number}.png", names([cut.name], edition)))
        stands = f"tpad=stop_mode=clone:stop={cut.named - 1},fade=d=0.3:alpha=1"
        yield f"[{at}:v]format=yuva420p,{stands}[n{number}]"
        yield f"[f{number}][n{number}]overlay=x=64:y=580-h:eof_action=pass[v{number}]"


def _heard(number: int, cut: Cut, inputs: list[str], edition: Edition) -> Iterator[str]:
    lasts = cut.frames / FPS
    if not cut.item_id:
        yield f"anullsrc=r=48000:cl=stereo,atrim=end={lasts}[a{number}]"
        return
    at = _read(inputs, ["-vn", "-i", str(edition.recordings[cut.item_id])])
    yield f"[{at}:a]aresample=48000,apad=whole_dur={lasts},atrim=end={lasts}[a{number}]"


def _picture(path: Path, drawn: list[bytes]) -> list[str]:
    path.write_bytes(drawn[0])
    return ["-threads", "1", "-framerate", str(FPS), "-i", str(path)]


def _read(inputs: list[str], how: list[str]) -> int:
    inputs += how
    return inputs.count("-i") - 1
