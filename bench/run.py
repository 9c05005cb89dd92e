"""How fast the service is, beside the least that the same work can cost: `make bench`.

Each number stands beside a ceiling measured in the same run, and most are processor time of the
server process: machines differ and are noisy, so only the ratios count. `--rows 10000` is quicker;
`--database postgresql://…` measures there, on an empty database. Takes about four minutes.
"""

import argparse
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.load import ROOT, Server, alternately, request, send, serving
from bench.uploads import AT_ONCE, answering, bare_and_tus, joined_and_copied, uploading

MIB = 1024**2
PARTS = ["lists", "creation", "export", "files", "page", "uploads", "joining", "transcoding"]
EXPORT = "/api/v1/exports/testimonies.csv?purpose=banc"
LIST = "/api/v1/testimonies?method=video&nature=practice&limit=50"


@dataclass(frozen=True)
class Measure:
    """One line of the table: what was measured, its ceiling, and the bound on their ratio."""

    what: str
    measured: str
    beside: str
    ratio: float
    bound: str
    holds: bool

    def __str__(self) -> str:
        verdict = "yes" if self.holds else "NO"
        return (
            f"{self.what:<58} {self.measured:>14} {self.beside:>14} {self.ratio:>7.2f}"
            f"  {self.bound:<10} {verdict}"
        )


def at_most(bound: float, what: str, ours: float, ceiling: float, unit: str = "ms") -> Measure:
    """Ours may be this many times the ceiling."""
    ratio = ours / ceiling if ceiling else float("inf")
    shown = f"{ours:.2f} {unit}", f"{ceiling:.2f} {unit}"
    return Measure(what, *shown, ratio, f"<= {bound:g}", ratio <= bound)


def at_least(bound: float, what: str, ours: float, ceiling: float, unit: str) -> Measure:
    """Ours must be this share of the ceiling."""
    shown = f"{ours:,.0f} {unit}", f"{ceiling:,.0f} {unit}"
    return Measure(what, *shown, ours / ceiling, f">= {bound:g}", ours / ceiling >= bound)


def below(bound: float, what: str, ours: float) -> Measure:
    """Ours, in MiB, must stay below."""
    shown = f"{ours:.1f} MiB", f"{bound:g} MiB"
    return Measure(what, *shown, ours / bound, "<= 1", ours <= bound)


def of_lists(app: Server, bare: Server, small: Server, tokens: dict[str, str]) -> Iterator[Measure]:
    """Lists: beside bare routes, far down, and among ten times fewer rows."""
    first = request("GET", LIST, tokens["editor"])
    ours, ceiling = alternately(
        (app, first), (bare, request("GET", "/list", tokens["editor"])), 150
    )
    yield at_most(2, "list of 50 of the testimonies, two filters", ours, ceiling)
    path = f"{LIST}&cursor={_cursor_of_page(app, 1000, tokens['editor'])}"
    late, early = alternately((app, request("GET", path, tokens["editor"])), (app, first), 150)
    yield at_most(1.5, "its last page by cursor, beside the first", late, early)
    many, few = alternately((app, first), (small, first), 150)
    yield at_most(1.5, "its first page, beside that of ten times fewer rows", many, few)


def _cursor_of_page(app: Server, pages: int, token: str) -> str:
    """The cursor of page 1000 of this list, or of its last page but one."""
    cursor, path = "", LIST
    for _ in range(pages):
        page = json.loads(send(app, request("GET", path, token)))
        if not page["next_cursor"]:
            break
        cursor = page["next_cursor"]
        path = f"{LIST}&cursor={cursor}"
    return cursor


def of_creation(
    app: Server, bare: Server, tokens: dict[str, str], payload: dict[str, Any]
) -> Iterator[Measure]:
    """A testimony of two witnesses and two themes, beside the same rows as durably written."""
    body = json.dumps(payload).encode()
    ours, ceiling = alternately(
        (app, request("POST", "/api/v1/testimonies", tokens["animator"], body)),
        (bare, request("POST", "/create", tokens["animator"], body)),
        100,
        201,
    )
    yield at_most(3, "create a testimony, 2 witnesses, 2 themes", ours, ceiling)


def of_export(
    app: Server, database: Any, tokens: dict[str, str], folder: Path, rows: int
) -> Iterator[Measure]:
    """The CSV of all testimonies, beside a bare loop over the same SQL into `csv.writer`."""
    from bench.export_loop import rows_per_second

    rates, loops, memory, exported = [], [], 0, 0
    for _ in range(2):
        with app.growth() as growth:
            before = app.cpu()
            answer = send(app, request("GET", EXPORT, tokens["evaluator"]))
            spent = app.cpu() - before
        lines = csv.reader(io.StringIO(answer.decode("utf-8-sig")), delimiter=";")
        exported = sum(1 for _ in lines) - 1
        rates.append(exported / spent)
        memory = max(memory, growth[0])
        loops.append(rows_per_second(database, folder))
    if exported < rows:
        raise RuntimeError(f"{exported} rows exported, of {rows}")
    yield at_least(0.5, f"CSV export of {rows} testimonies", max(rates), max(loops), "rows/s")
    yield below(50, "its memory growth", memory / MIB)


def of_files(app: Server, bare: Server, tokens: dict[str, str], folder: Path) -> Iterator[Measure]:
    """A file posted, and a file read by ranges."""
    video = (folder / "video.bin").read_bytes()
    head = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n'
        b"Content-Type: video/mp4\r\n\r\n"
    )

    def post(number: int) -> bytes:
        """A file that was not sent before: one that was is the media that it became."""
        form = head + b"%d" % number + video + b"\r\n--x--\r\n"
        kind = "multipart/form-data; boundary=x"
        return request("POST", "/api/v1/media", tokens["animator"], form, kind)

    send(app, post(0), 1, 201)
    with app.growth() as growth:
        for number in (1, 2, 3):
            answer = json.loads(send(app, post(number), 1, 201))
    yield below(30, "multipart upload of 20 MB: memory growth", growth[0] / MIB)
    path = f"/api/v1/media/{answer['id']}/renditions/original"
    ours, ceiling = alternately(
        (app, _ranged(path, tokens["animator"])),
        (bare, _ranged("/file", tokens["animator"])),
        6,
        206,
    )
    size = len(video) / MIB * 1000
    yield at_least(
        0.8, "range download, per processor second", size / ours, size / ceiling, "MiB/s"
    )


def of_page(
    app: Server, bare: Server, database: Any, folder: Path, filled: Any
) -> Iterator[Measure]:
    """The page of a release, beside a static file that is sent once the gate was asked."""
    from bench.pages import QUOTES, page_and_file

    ours, ceiling = page_and_file(app, bare, database, folder, filled.scheme_id)
    yield at_most(2, f"the page of a release, {QUOTES} quotes", ours, ceiling)


def of_uploads(app: Server, bare: Server, tokens: dict[str, str], mib: int) -> Iterator[Measure]:
    """A large file by tus, beside a bare route; lists, while several come at once."""
    ours, ceiling, grown = bare_and_tus(app, bare, tokens["animator"], mib)
    yield at_least(0.7, f"tus upload of {mib} MiB", ours, ceiling, "MiB/s")
    yield below(60, "its memory growth", grown / MIB)
    alone = answering(app, LIST, tokens["editor"])
    with uploading(app, tokens["animator"], max(1, mib // AT_ONCE)):
        busy = answering(app, LIST, tokens["editor"])
    yield at_most(3, f"a list while {AT_ONCE} uploads come, beside alone", busy, alone)


def of_joining(database: Any, folder: Path, mib: int) -> Iterator[Measure]:
    """What a job does of the pieces of an upload."""
    joined, copied = joined_and_copied(database, folder, mib)
    yield at_most(1.3, f"joining {mib} MiB of pieces, beside copying", joined, copied, "s")


def _ranged(path: str, token: str) -> bytes:
    plain = request("GET", path, token)
    return plain.replace(b"Content-Length: 0\r\n", b"Range: bytes=0-\r\n")


@contextmanager
def prepared(rows: int, url: str) -> Iterator[tuple[Path, dict[str, str], Any]]:
    """A data directory with this many testimonies: its folder, environment, and what it holds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        environment = {
            "APP_DATA_DIR": temporary,
            "APP_DATABASE_URL": url,
            "APP_INLINE_WORKERS": "0",
            "APP_DISK_RESERVE": "0",
            "BENCH_FOLDER": temporary,
        }
        os.environ.update(environment)
        from app.core.settings import settings

        settings.cache_clear()
        from app.core.db import Database
        from app.operations.install import migrate
        from bench.fill import fill

        migrate(settings().database)
        database = Database(settings().database)
        filled = fill(database, rows)
        yield folder, environment, (database, filled)
        database.dispose()


def payload_of(filled: Any) -> dict[str, Any]:
    """A testimony to deposit."""
    return {
        "scheme_id": filled.scheme_id,
        "workshop_id": filled.workshop_id,
        "method": "written",
        "witness_ids": filled.witness_ids[:2],
        "theme_ids": filled.theme_ids[:2],
        "title": "Le premier jour",
        "body": "On m'a dit lundi : tu commences demain. Le tuteur n'était pas prévenu.",
        "recorded_on": "2013-05-14",
    }


def measure(rows: int, url: str, mib: int, only: Container[str]) -> Iterator[Measure]:
    """The lines of these parts of the table."""
    from app.accounts.permissions import Role
    from bench.fill import token_of
    from bench.record import record
    from bench.transcoding import of_transcoding

    tokens = {str(role): token_of(role) for role in Role}
    with (
        prepared(rows // 10, "") as (_, few, _),
        serving("app.main:create_server", few) as small,
        prepared(rows, url) as (folder, environment, (database, filled)),
    ):
        as_editor = {"Authorization": f"Bearer {tokens['editor']}"}
        as_animator = {"Authorization": f"Bearer {tokens['animator']}"}
        payload = payload_of(filled)
        record(database, folder, "list", method="GET", url=LIST, headers=as_editor)
        create = {"method": "POST", "url": "/api/v1/testimonies", "json": payload}
        record(database, folder, "create", **create, headers=as_animator)
        as_evaluator = {"Authorization": f"Bearer {tokens['evaluator']}"}
        record(database, folder, "export", method="GET", url=EXPORT, headers=as_evaluator)
        (folder / "video.bin").write_bytes(os.urandom(20 * MIB - 1000))
        with (
            serving("app.main:create_server", environment) as app,
            serving("bench.ceiling:create", environment) as bare,
        ):
            if not url and "lists" in only:
                yield from of_lists(app, bare, small, tokens)
            parts: dict[str, Callable[[], Iterator[Measure]]] = {
                "creation": lambda: of_creation(app, bare, tokens, payload),
                "export": lambda: of_export(app, database, tokens, folder, rows),
                "files": lambda: of_files(app, bare, tokens, folder),
                "page": lambda: of_page(app, bare, database, folder, filled),
                "uploads": lambda: of_uploads(app, bare, tokens, mib),
                "joining": lambda: of_joining(database, folder, mib),
                "transcoding": lambda: of_transcoding(database, folder),
            }
            for name, part in parts.items():
                if name in only:
                    yield from part()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="testimonies in the database")
    parser.add_argument("--database", default="", help="an empty PostgreSQL; default SQLite")
    parser.add_argument("--mib", type=int, default=1024, help="size of the files that are sent")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="which lines")
    options = parser.parse_args()
    os.chdir(ROOT)
    print(f"{'':<58} {'measured':>14} {'beside':>14} {'ratio':>7}  {'wanted':<10} holds")
    for line in measure(options.rows, options.database, options.mib, options.only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
