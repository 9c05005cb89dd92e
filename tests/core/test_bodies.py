"""JSON bodies are read strictly, and refused as problems."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.bodies import DEEPEST, RefusedBody, parse

URL = "/api/v1/schemes"
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)


def refusals(client: TestClient, body: bytes) -> Iterator[Any]:
    """What each way of sending it is told."""
    for content_type in ("application/json", "application/json; charset=utf-8"):
        for method, url in (("POST", URL), ("PUT", f"{URL}/8e03978e-40d5-43dd-bc93-6894a57f9324")):
            headers = {"Content-Type": content_type, "Accept-Language": "en"}
            response = client.request(method, url, content=body, headers=headers)
            assert response.status_code == 422
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["request_id"] == response.headers["x-request-id"]
            yield response.json()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"name": NaN}', "json_constant"),
        (b'{"name": Infinity}', "json_constant"),
        (b'{"name": [-Infinity]}', "json_constant"),
        (b'{"name": "a", "name": "a"}', "json_twice"),
        (b'{"name": "a", "n\\u0061me": "b"}', "json_twice"),
        (b'{"facts": {"deep": [{"a": 1, "a": 2}]}}', "json_twice"),
        (b'{"name": "\xff"}', "json_utf8"),
        (b'{"name": "\xed\xa0\x80"}', "json_utf8"),  # a surrogate in CESU-8
        (b'{"name": "\xc0\x80"}', "json_utf8"),  # an overlong NUL
        ('{"name": "é"}'.encode("utf-16"), "json_utf8"),
        ('{"name": "é"}'.encode("latin-1"), "json_utf8"),
        (b"[" * 33 + b"]" * 33, "json_depth"),
        (b'{"a":' * 32 + b"{}" + b"}" * 32, "json_depth"),
        (b"[" * 100_000, "json_depth"),
        (b"[" * 100_000 + b"]" * 100_000, "json_depth"),
        (b'{"position": 1' + b"0" * 5000 + b"}", "json_number"),
        (b'{"name": "\\ud800"}', "lone_surrogate"),
        (b'{"name": "\\udc00\\ud800"}', "lone_surrogate"),
        (b'{"\\ud800": 1}', "lone_surrogate"),
        (b'{"facts": {"\\ud800": [1]}}', "lone_surrogate"),
    ],
)
def test_what_is_not_strict_json_is_refused(
    as_administrator: TestClient, body: bytes, code: str
) -> None:
    for problem in refusals(as_administrator, body):
        [error] = problem["errors"]
        assert (error["pointer"], error["code"]) == ("#", code)
        wanted = "invalid-text" if code == "lone_surrogate" else "invalid"
        assert problem["type"] == f"/problems/{wanted}"


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"{'a': 1}", b"\xef\xbb\xbf{}", b"nul", b"[1,]", b"01", b'"a\nb"', b"[]", b"1"],
)
def test_what_is_no_json_object_is_refused(as_administrator: TestClient, body: bytes) -> None:
    for problem in refusals(as_administrator, body):
        assert problem["type"] == "/problems/invalid"
        assert problem["errors"]


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"2147483648", b"9" * 400, b"1.5", b"-1"])
def test_a_number_that_no_database_holds_is_pointed_at(
    as_administrator: TestClient, number: bytes
) -> None:
    body = b'{"code": "poem", "label_fr": "a", "label_en": "a", "position": ' + number + b"}"
    headers = {"Content-Type": "application/json"}
    url = "/api/v1/vocabularies/methods/terms"
    response = as_administrator.post(url, content=body, headers=headers)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/position"]


@pytest.mark.parametrize("inside", [b"", b"1", b"[]", b"{}", b'{"a":1}'])
@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"\\u0061":', b"}")])
def test_32_levels_are_read_and_33_are_not(inside: bytes, begin: bytes, end: bytes) -> None:
    levels = DEEPEST - (1 if inside[:1] in (b"[", b"{") else 0)
    inside = inside if inside or begin == b"[" else b'"a"'
    parse(begin * levels + inside + end * levels)
    with pytest.raises(RefusedBody):
        parse(begin * (levels + 1) + inside + end * (levels + 1))


@given(values)
def test_everything_else_is_read_as_it_was_written(value: Any) -> None:
    for ensure_ascii in (True, False):
        assert parse(json.dumps(value, ensure_ascii=ensure_ascii).encode()) == value


def test_an_escaped_pair_is_one_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"
