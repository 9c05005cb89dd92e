"""Entity tags and the headers which compare them."""

import pytest

from app.core.preconditions import is_expected, is_known, make_etag


def test_an_etag_tells_versions_and_contents_apart() -> None:
    etags = {make_etag(version, shown) for version in (1, 2) for shown in (b"open", b"closed")}
    assert len(etags) == 4


def test_the_etag_of_a_plain_row_is_its_version() -> None:
    assert make_etag(7) == '"7"'
    assert make_etag(7, b"open").startswith('"7.')


@pytest.mark.parametrize(
    ("if_none_match", "known"),
    [
        ("", False),
        ('"1"', False),
        ('"1.a"', True),
        ('W/"1.a"', True),
        ('"2.b" , W/"1.a"', True),
        ("*", True),
        ("1.a", False),
    ],
)
def test_if_none_match_compares_all_of_an_etag(if_none_match: str, known: bool) -> None:
    assert is_known('"1.a"', if_none_match) is known


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        ("", False),
        ('"1"', True),
        ('"1.a"', True),
        ('"2", "1.b"', True),
        ('W/"1.a"', False),
        ('"11"', False),
        ('"2.1"', False),
        ("*", True),
    ],
)
def test_if_match_compares_the_version(if_match: str, expected: bool) -> None:
    assert is_expected(1, if_match) is expected
