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
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.load import ROOT, Server, alternately, request, send, serving
from bench.searching import RARE, SEARCH, compared, creating, grown
from bench.uploads import AT_ONCE, answering, bare_and_tus, joined_and_copied, uploading

MIB = 1024**2
EXPORT = "/api/v1/exports/testimonies.{}?purpose=banc"
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


@dataclass(frozen=True)
class Bench:
    """What there is to measure: the application, its ceilings, and the same on ten times less."""

    app: Server
    bare: Server
    small: Server | None  # None when it has another sort of database
    tokens: dict[str, str]  # by role
    folder: Path
    environment: dict[str, str]
    database: Any
    payload: dict[str, Any]  # a testimony to deposit
    rows: int
    mib: int

    @property
    def post(self) -> bytes:
        """Its deposit."""
        body = json.dumps(self.payload).encode()
        return request("POST", "/api/v1/testimonies", self.tokens["animator"], body)


def of_lists(bench: Bench) -> Iterator[Measure]:
    """Lists: beside bare routes, far down, and among ten times fewer rows."""
    app, token = bench.app, bench.tokens["editor"]
    first = request("GET", LIST, token)
    ours, ceiling = alternately((app, first), (bench.bare, request("GET", "/list", token)), 150)
    yield at_most(2, "list of 50 of the testimonies, two filters", ours, ceiling)
    path = f"{LIST}&cursor={_cursor_of_page(app, 1000, token)}"
    late, early = alternately((app, request("GET", path, token)), (app, first), 150)
    yield at_most(1.5, "its last page by cursor, beside the first", late, early)
    if bench.small:
        many, few = alternately((app, first), (bench.small, first), 150)
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


def of_creation(bench: Bench) -> Iterator[Measure]:
    """A testimony of two witnesses and two themes, beside the same rows as durably written."""
    bare = bench.post.replace(b"/api/v1/testimonies", b"/create", 1)
    ours, ceiling = alternately((bench.app, bench.post), (bench.bare, bare), 100, 201)
    yield at_most(3, "create a testimony, 2 witnesses, 2 themes", ours, ceiling)


def of_export(bench: Bench) -> Iterator[Measure]:
    """All testimonies in each format, beside a bare loop over the same SQL into its library."""
    for format_, bound in EXPORTS.items():
        yield from _exported(bench, format_, bound)


EXPORTS = {"csv": 0.6, "jsonl": 0.6, "xlsx": 0.8}


def _exported(bench: Bench, format_: str, bound: float) -> Iterator[Measure]:
    from bench.export_loop import rows_per_second

    rates, loops, memory = [], [], 0
    asked = request("GET", EXPORT.format(format_), bench.tokens["evaluator"])
    for _ in range(2):
        with bench.app.growth() as growth:
            before = bench.app.cpu()
            answer = send(bench.app, asked)
            spent = bench.app.cpu() - before
        exported = _rows_of(format_, answer)
        if exported < bench.rows:
            raise RuntimeError(f"{exported} rows exported, of {bench.rows}")
        rates.append(exported / spent)
        memory = max(memory, growth[0])
        loops.append(rows_per_second(bench.database, bench.folder, format_))
    what = f"export of {bench.rows} testimonies, {format_}"
    yield at_least(bound, what, max(rates), max(loops), "rows/s")
    yield below(50, "its memory growth", memory / MIB)


def _rows_of(format_: str, answer: bytes) -> int:
    """How many rows an export holds, its heading apart."""
    if format_ == "jsonl":
        return answer.count(b"\n")
    if format_ == "csv":
        lines = csv.reader(io.StringIO(answer.decode("utf-8-sig")), delimiter=";")
        return sum(1 for _ in lines) - 1
    with ZipFile(io.BytesIO(answer)) as book:
        return book.read("xl/worksheets/sheet1.xml").count(b"<row ") - 1


def of_project(bench: Bench) -> Iterator[Measure]:
    """A scheme for coding software."""
    from bench.projects import EXCERPTS_OF_EACH, TESTIMONIES, exported

    where = bench.database, UUID(bench.payload["workshop_id"])
    spent, growth = exported(bench.app, *where, bench.tokens["evaluator"])
    what = f".qdpx of {TESTIMONIES} testimonies, {TESTIMONIES * EXCERPTS_OF_EACH} excerpts"
    yield at_most(1, what, spent, 60, "s")
    yield below(50, "its memory growth", growth / MIB)


def of_pack(bench: Bench) -> Iterator[Measure]:
    """All that an evaluation needs, of all testimonies."""
    from bench.packing import packed

    growth, rows = packed(bench.app, bench.payload["scheme_id"], bench.tokens["evaluator"])
    if rows < bench.rows:
        raise RuntimeError(f"{rows} rows packed, of {bench.rows}")
    yield below(50, f"evaluation pack of {bench.rows}: memory growth", growth / MIB)


def of_files(bench: Bench) -> Iterator[Measure]:
    """A file posted, and a file read by ranges."""
    app, token = bench.app, bench.tokens["animator"]
    video = (bench.folder / "video.bin").read_bytes()
    head = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n'
        b"Content-Type: video/mp4\r\n\r\n"
    )

    def post(number: int) -> bytes:
        """A file that was not sent before: one that was is the media that it became."""
        form = head + b"%d" % number + video + b"\r\n--x--\r\n"
        kind = "multipart/form-data; boundary=x"
        return request("POST", "/api/v1/media", token, form, kind)

    send(app, post(0), 1, 201)
    with app.growth() as growth:
        for number in (1, 2, 3):
            answer = json.loads(send(app, post(number), 1, 201))
    yield below(30, "multipart upload of 20 MB: memory growth", growth[0] / MIB)
    path = f"/api/v1/media/{answer['id']}/renditions/original"
    ours, ceiling = alternately(
        (app, _ranged(path, token)), (bench.bare, _ranged("/file", token)), 6, 206
    )
    size = len(video) / MIB * 1000
    yield at_least(
        0.8, "range download, per processor second", size / ours, size / ceiling, "MiB/s"
    )


def of_uploads(bench: Bench) -> Iterator[Measure]:
    """A large file by tus, beside a bare route; lists, while several come at once."""
    app, mib, animator = bench.app, bench.mib, bench.tokens["animator"]
    ours, ceiling, grown = bare_and_tus(app, bench.bare, animator, mib)
    yield at_least(0.7, f"tus upload of {mib} MiB", ours, ceiling, "MiB/s")
    yield below(60, "its memory growth", grown / MIB)
    alone = answering(app, LIST, bench.tokens["editor"])
    with uploading(app, animator, max(1, mib // AT_ONCE)):
        busy = answering(app, LIST, bench.tokens["editor"])
    yield at_most(3, f"a list while {AT_ONCE} uploads come, beside alone", busy, alone)


def of_search(bench: Bench) -> Iterator[Measure]:
    """Words found, and what it costs to be found."""
    app, token = bench.app, bench.tokens["editor"]
    for what, ours, beside, bound in compared(app, bench.bare, token):
        yield at_most(bound, what, ours, beside)
    if bench.small:
        many, few = grown(app, bench.small, token)
        yield at_most(2, "the rare word, beside ten times fewer rows", many, few)
    with serving("bench.unindexed:create", bench.environment) as unindexed:
        with_index, without = creating(app, unindexed, bench.post)
    yield at_most(1.4, "a creation, beside one that is not indexed", with_index, without)


def of_joining(bench: Bench) -> Iterator[Measure]:
    """What a job does of the pieces of an upload."""
    joined, copied = joined_and_copied(bench.database, bench.folder, bench.mib)
    yield at_most(1.3, f"joining {bench.mib} MiB of pieces, beside copying", joined, copied, "s")


def of_transcoding(bench: Bench) -> Iterator[Measure]:
    """A phone's film made ready."""
    from bench.transcoding import of_transcoding as measured

    yield from measured(bench.database, bench.folder)


def of_filming(bench: Bench) -> Iterator[Measure]:
    """A release as a film."""
    from bench.filming import of_filming as measured

    yield from measured(bench.folder)


def of_publishing(bench: Bench) -> Iterator[Measure]:
    """A release and its files."""
    from bench.publishing import of_publishing as measured

    yield from measured(bench.database, bench.mib)


def of_page(bench: Bench) -> Iterator[Measure]:
    """The page of a release, beside a static file sent after the bare statements of the gate."""
    from bench.pages import QUOTES, page_and_file, published

    published(bench.app, bench.database, bench.folder, bench.payload["scheme_id"])
    with serving("bench.ceiling:within", bench.environment) as same:
        ours, ceiling = page_and_file(bench.app, same)
    yield at_most(2, f"the page of a release, {QUOTES} quotes", ours, ceiling)
    ours, ceiling = page_and_file(bench.app, bench.bare)
    yield at_most(2, "the same, beside a server of nothing else", ours, ceiling)


def of_indicators(bench: Bench) -> Iterator[Measure]:
    """Figures about the whole, beside the statements that they are counted by."""
    from bench.indicating import compared as indicated

    where = bench.app, bench.bare, bench.database, bench.folder
    for what, ours, ceiling in indicated(
        *where, bench.tokens["evaluator"], bench.payload["scheme_id"]
    ):
        yield at_most(2, f"indicator {what}, {bench.rows} testimonies", ours, ceiling)


PARTS: dict[str, Callable[[Bench], Iterator[Measure]]] = {
    "lists": of_lists,
    "creation": of_creation,
    "export": of_export,
    "project": of_project,
    "pack": of_pack,
    "search": of_search,
    "files": of_files,
    "uploads": of_uploads,
    "joining": of_joining,
    "transcoding": of_transcoding,
    "filming": of_filming,
    "page": of_page,
    "publishing": of_publishing,
    "indicators": of_indicators,
}


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


def measure(rows: int, url: str, few_url: str, mib: int, only: Sequence[str]) -> Iterator[Measure]:
    """The lines of these parts of the table."""
    from app.accounts.permissions import Role
    from bench.fill import token_of

    tokens = {str(role): token_of(role) for role in Role}
    with (
        prepared(rows // 10, few_url) as (_, few, _),
        serving("app.main:create_server", few) as small,
        prepared(rows, url) as (folder, environment, (database, filled)),
    ):
        payload = payload_of(filled)
        _record(database, folder, tokens, payload)
        (folder / "video.bin").write_bytes(os.urandom(20 * MIB - 1000))
        with (
            serving("app.main:create_server", environment) as app,
            serving("bench.ceiling:create", environment) as bare,
        ):
            alike = small if bool(url) == bool(few_url) else None
            where = folder, environment, database
            bench = Bench(app, bare, alike, tokens, *where, payload, rows, mib)
            for part in only:
                yield from PARTS[part](bench)


def _record(database: Any, folder: Path, tokens: dict[str, str], payload: dict[str, Any]) -> None:
    """What the ceilings run."""
    from bench.record import record

    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "list": ("editor", {"method": "GET", "url": LIST}),
        "search": ("editor", {"method": "GET", "url": SEARCH, "params": {"q": RARE}}),
        "create": ("animator", {"method": "POST", "url": "/api/v1/testimonies", "json": payload}),
        "export": ("evaluator", {"method": "GET", "url": EXPORT.format("csv")}),
    }
    for name, (role, what) in asked.items():
        headers = {"Authorization": f"Bearer {tokens[role]}"}
        record(database, folder, name, **what, headers=headers)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="testimonies in the database")
    parser.add_argument("--database", default="", help="an empty PostgreSQL; default SQLite")
    parser.add_argument("--few-database", default="", help="another: for a tenth of the rows")
    parser.add_argument("--mib", type=int, default=1024, help="size of the files that are sent")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="which lines")
    options = parser.parse_args()
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and the servers stop, the folders go
    print(f"{'':<58} {'measured':>14} {'beside':>14} {'ratio':>7}  {'wanted':<10} holds")
    for line in measure(
        options.rows, options.database, options.few_database, options.mib, options.only
    ):
        print(line, flush=True)


if __name__ == "__main__":
    main()
