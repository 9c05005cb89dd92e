"""Words found among many: by the clock, for PostgreSQL works in another process."""

from collections.abc import Iterator
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench.load import Server, clocked, request

SEARCH, FACETS = "/api/v1/search", "/api/v1/search/facets"
RARE, FREQUENT = "pluviomètre ", "tuteur "  # ended by a blank: no beginning of a word
TIMES, ROUNDS = 100, 5


def asking(path: str, question: str, token: str) -> bytes:
    """Ask this of the search, or of its facets."""
    return request("GET", f"{path}?{urlencode({'q': question})}", token)


def in_turns(*asked: tuple[Server, bytes]) -> list[float]:
    """The median times of these requests, in milliseconds, which take turns."""
    found: list[list[float]] = [[] for _ in asked]
    for _ in range(ROUNDS):
        for (server, what), times in zip(asked, found, strict=True):
            times.extend(clocked(server, what, TIMES))
    return [median(times) * 1000 for times in found]


def compared(app: Server, bare: Server, token: str) -> Iterator[tuple[str, float, float, float]]:
    """`(what, ours, beside, bound)` of a rare word, a frequent one, and their facets."""
    rare, frequent = (asking(SEARCH, question, token) for question in (RARE, FREQUENT))
    ours, sql = in_turns((app, rare), (bare, request("GET", "/search", token)))
    yield "a rare word, beside the bare SQL", ours, sql, 2
    often, seldom = in_turns((app, frequent), (app, rare))
    yield "a word of every fifth testimony, beside the rare one", often, seldom, 5
    for name, question, search in (("rare", RARE, rare), ("frequent", FREQUENT, frequent)):
        told, alone = in_turns((app, asking(FACETS, question, token)), (app, search))
        yield f"facets of the {name} word, beside its search", told, alone, 3


def grown(app: Server, small: Server, token: str) -> tuple[float, float]:
    """A rare word here, and among ten times fewer rows."""
    rare = asking(SEARCH, RARE, token)
    many, few = in_turns((app, rare), (small, rare))
    return many, few


def creating(app: Server, unindexed: Server, post: bytes) -> tuple[float, float]:
    """A testimony deposited, and one that nobody finds: medians, in milliseconds."""
    times: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(ROUNDS):
        for server, found in zip((app, unindexed), times, strict=True):
            found.extend(clocked(server, post, TIMES, 201))
    with_index, without = (median(found) * 1000 for found in times)
    return with_index, without
