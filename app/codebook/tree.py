"""The shape of a codebook: each theme lies in at most one other, and none within itself."""

from collections.abc import Mapping
from typing import TypeVar

from app.core.problems import Conflict, Invalid

Key = TypeVar("Key")
Parents = Mapping[Key, Key | None]  # of each theme, the one that it lies in

DEEPEST = 6  # levels: what a screen shows, and a coder keeps in mind


def level_of(parents: Parents[Key], key: Key) -> int:
    """How deep a theme lies, from 1. Raises Conflict when it lies within itself."""
    level, above = 1, parents.get(key)
    while above is not None:
        if above == key or level > len(parents):
            raise Conflict
        level, above = level + 1, parents.get(above)
    return level


def require_shape(parents: Parents[Key], pointer: str) -> None:
    """Raise Conflict when a theme lies within itself, Invalid here when one lies too deep."""
    if any(level_of(parents, key) > DEEPEST for key in parents):
        raise Invalid.at(pointer, "too_deep", deepest=DEEPEST)
