"""A page that many read is made once, and again as soon as anything of it is another."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.models import now
from app.pages.kept import Kept, Values
from app.pages.render import release_page
from tests.pages.contents import demo


class Made:
    """Makes pages, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, values: Values) -> str:
        self.count += 1
        return f"{values['quote']} ({self.count})"


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.mark.once
def test_the_same_values_make_one_page(made: Made) -> None:
    page = Kept(made, most=100)
    moment = now()
    pages = {page({"quote": "On m'a dit lundi", "at": moment}) for _ in range(3)}
    assert pages == {"On m'a dit lundi (1)"}


@pytest.mark.once
def test_whatever_differs_makes_another(made: Made) -> None:
    page = Kept(made, most=100)
    told: dict[str, Any] = {"quote": "a", "at": now(), "items": [{"withdrawn": False}]}
    others: list[Values] = [
        told,
        told | {"at": told["at"] + timedelta(microseconds=1)},
        told | {"items": [{"withdrawn": True}]},
        told | {"items": []},
        {"quote": "a"},
    ]
    assert [page(one) for one in others] == [f"a ({n})" for n in range(1, 6)]


@pytest.mark.once
def test_only_the_latest_are_kept(made: Made) -> None:
    page = Kept(made, most=len("a (1)") * 2)
    for quote in ("a", "b", "a", "c"):
        page({"quote": quote})
    assert page({"quote": "a"}) == "a (1)"
    assert page({"quote": "b"}) == "b (4)"


@pytest.mark.once
def test_a_page_that_is_too_long_is_made_each_time(made: Made) -> None:
    page = Kept(made, most=8)
    for quote, number in (("a", 1), ("too long", 2), ("too long", 3), ("a", 1)):
        assert page({"quote": quote}) == f"{quote} ({number})"


@pytest.mark.once
def test_what_is_kept_is_what_would_be_made() -> None:
    content = demo()
    kept = Kept(release_page, most=10**6)
    assert kept(content) == kept(content) == release_page(content)
