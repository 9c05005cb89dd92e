"""What callers receive of a trace."""

from datetime import date
from uuid import UUID

from pydantic import Field

from app.core.schemas import Out
from app.traces.kinds import Kind


class NodeOut(Out):
    """A thing of the chain: its state and its day; `GET` it by its own address for the rest."""

    kind: Kind
    id: UUID
    label: str | None = Field(description="Its title, its quote, its recipient, or its reason.")
    state: str
    on: date


class LinkOut(Out):
    """That something came of something else."""

    from_id: UUID
    to_id: UUID


class GraphOut(Out):
    """Things, nearest first, and the links between them and to what was asked about."""

    nodes: list[NodeOut]
    links: list[LinkOut]


class TraceOut(Out):
    """What it came from, and what became of it: of both what the caller may see, and no more.

    `complete` is false when there is more than 500 things on a side: the nearest are told.
    """

    subject: NodeOut
    came_from: GraphOut
    became: GraphOut
    complete: bool
