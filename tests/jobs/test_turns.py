"""Heavy jobs take turns, all processes of a machine together; light ones never wait for them."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from app.core.settings import settings
from app.jobs.turns import turn
from app.worker import share

HOLD = (
    "import sys; from app.jobs.turns import turn\n"
    "with turn('media') as ours: print(ours, flush=True); sys.stdin.read()"
)


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the machine have so many."""

    def cores(count: int) -> None:
        monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(count)))

    return cores


@pytest.mark.parametrize(("count", "at_once"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)])
def test_one_for_each_two_cores(cores: Callable[[int], None], count: int, at_once: int) -> None:
    cores(count)
    held = [turn("media") for _ in range(at_once + 1)]
    assert [one.__enter__() for one in held] == [True] * at_once + [False]
    held[0].__exit__(None, None, None)
    with turn("media") as is_ours:
        assert is_ours
    for one in held[1:]:
        one.__exit__(None, None, None)


def test_light_jobs_wait_for_nobody() -> None:
    with turn("media"), turn("default") as one, turn("default") as other:
        assert (one, other) == (True, True)


@pytest.mark.slow
def test_another_process_has_the_same_turns_and_gives_them_back_when_it_is_killed(
    cores: Callable[[int], None],
) -> None:
    cores(2)
    environment = {"APP_DATA_DIR": str(settings().data_dir)}
    command = [sys.executable, "-c", HOLD]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe) as other:
        assert other.stdout
        assert other.stdout.readline() == b"True\n"
        with turn("media") as is_ours:
            assert not is_ours
        other.kill()
    with turn("media") as is_ours:
        assert is_ours


@pytest.mark.parametrize(
    ("queues", "count", "shares"),
    [
        (("default", "media"), 1, [("default", "media")]),
        (("default", "media"), 2, [["default"], ("default", "media")]),
        (("default", "media"), 3, [["default"], ("default", "media"), ("default", "media")]),
        (("media",), 2, [("media",), ("media",)]),
        (("default",), 2, [["default"], ("default",)]),
        (("default", "media"), 0, []),
    ],
)
def test_of_several_threads_one_is_kept_for_light_jobs(
    queues: tuple[str, ...], count: int, shares: list[object]
) -> None:
    assert share(queues, count) == shares
