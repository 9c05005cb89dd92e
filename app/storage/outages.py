"""What a store answers when it has no object to give, and what we do when it does not answer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import structlog
from obstore.exceptions import AlreadyExistsError, BaseError

from app.core.problems import Problem

PAUSE = 5.0  # seconds that a store which did not answer is left alone
STATUS = re.compile(r"non-2xx status code: (\d{3})")

log = structlog.get_logger(__name__)


class ObjectMissing(Exception):
    """Nothing is stored under this key."""


class ObjectExists(Exception):
    """A key is written once, and this one was."""


class StorageUnavailable(Problem):
    """Files cannot be reached for the moment: reading and writing words still work."""

    status = 503
    headers = {"Retry-After": "10"}  # seconds

    def __init__(self, refused: bool = False) -> None:
        """`refused` when the store answered, but not to us: keys, rights, the bucket."""
        super().__init__()
        self.refused = refused


class BeyondEnd(Exception):
    """The object has no such bytes."""


class Reach:
    """How the calls to one store are made: `with reach(key): …`.

    Once it did not answer, the calls of the next 5 seconds fail at once, so that they do not all
    wait for it; then one call tries again. Unless it `is_near`: a disk is always asked.
    """

    def __init__(self, is_near: bool = False) -> None:
        self._is_near, self._is_down, self._again_at = is_near, False, 0.0

    @contextmanager
    def __call__(self, key: str, may_miss: bool = True) -> Iterator[None]:
        """Raises ObjectMissing, ObjectExists, BeyondEnd, StorageUnavailable.

        Unless the object of a key `may_miss`, what the store does not find is the bucket.
        """
        if self._is_down:
            if monotonic() < self._again_at:
                raise StorageUnavailable
            self._again_at = monotonic() + PAUSE  # the others do not wait for this one
        try:
            yield
        except FileNotFoundError as error:
            if not may_miss or "NoSuchBucket" in str(error):
                raise self._unavailable(error) from error
            self._is_down = False
            raise ObjectMissing(key) from None
        except AlreadyExistsError:
            self._is_down = False
            raise ObjectExists(key) from None
        except (BaseError, OSError) as error:
            raise self._unavailable(error) from error
        self._is_down = False

    def _unavailable(self, error: Exception) -> StorageUnavailable | BeyondEnd:
        """What to raise. What the store wrote is told to nobody: it quotes keys and addresses."""
        found = STATUS.search(str(error))
        status = int(found[1]) if found else None
        if status == 416:  # noqa: PLR2004 - Range Not Satisfiable
            return BeyondEnd()
        log.debug("storage.unavailable", error=type(error).__qualname__, status=status)
        refused = status is not None and status < 500  # noqa: PLR2004 - it answers others
        self._is_down = not (refused or self._is_near)
        self._again_at = monotonic() + PAUSE
        return StorageUnavailable(refused)
