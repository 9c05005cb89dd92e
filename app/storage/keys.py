"""The names of objects: ours, random, the same on a disk and in a bucket."""

import re
from secrets import token_hex

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(?:/[a-z0-9][a-z0-9_-]{0,63}){0,4}", re.ASCII)


class KeyRefused(ValueError):
    """A key is not one of ours: lower case words, digits, `-` and `_`, parted by `/`."""


def new_key(purpose: str) -> str:
    """A key that nobody has or guesses, of 128 random bits: `media/3f/9c…`."""
    name = token_hex(16)
    return checked(f"{purpose}/{name[:2]}/{name[2:]}")


def checked(key: str) -> str:
    """This key. Raises KeyRefused unless it is of our form, which knows no `..`."""
    if not KEY.fullmatch(key):
        raise KeyRefused(f"{key!r} is not a key of the storage.")
    return key
