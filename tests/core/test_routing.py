"""Every path finds the route that it would find if all were asked."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from app.core.routing import include_all
from app.main import OUTSIDE, ROUTERS

first, second, third = APIRouter(), APIRouter(prefix="/things"), APIRouter()


@first.get("/things/{id_}")
def one(id_: str) -> str:
    return f"one {id_}"


@second.get("/special")
def special() -> str:
    return "special"


@second.delete("/{id_}")
def delete(id_: str) -> str:
    return f"deleted {id_}"


@third.get("/others")
def others() -> str:
    return "others"


ASKED = [
    ("GET", "/api/things/a"),
    ("GET", "/api/things/special"),  # the one included first takes it
    ("DELETE", "/api/things/a"),
    ("PATCH", "/api/things/a"),
    ("GET", "/api/others"),
    ("POST", "/api/others"),
    ("GET", "/api/others/"),
    ("GET", "/api/othersmore"),
    ("GET", "/api/"),
    ("GET", "/api"),
    ("GET", "/apix/things/a"),
    ("GET", "/things/a"),
    ("GET", "/others"),
    ("POST", "/others"),
    ("GET", "/"),
    ("GET", "/own"),
    ("GET", "/api/own"),
]


def application(*, quick: bool) -> TestClient:
    app = FastAPI(redirect_slashes=False)
    app.get("/own")(others)
    for routers, prefix in (([first, second, third], "/api"), ([third], "")):
        if quick:
            include_all(app, routers, prefix)
            continue
        for router in routers:
            app.include_router(router, prefix=prefix)
    app.get("/api/own")(others)
    return TestClient(app)


@pytest.mark.once
@pytest.mark.parametrize(("method", "path"), ASKED)
def test_a_path_finds_what_it_would_find_if_all_were_asked(method: str, path: str) -> None:
    quick, slow = (application(quick=yes).request(method, path) for yes in (True, False))
    assert (quick.status_code, quick.text) == (slow.status_code, slow.text)
    assert quick.headers == slow.headers


@pytest.mark.once
def test_the_document_is_the_same() -> None:
    quick, slow = (application(quick=yes).get("/openapi.json").json() for yes in (True, False))
    assert quick == slow


@pytest.mark.once
def test_no_path_of_ours_begins_with_a_parameter() -> None:
    routers = [*ROUTERS, *OUTSIDE]
    paths = [getattr(route, "path", "") for router in routers for route in router.routes]
    assert len(paths) > 100
    assert not [path for path in paths if not path.startswith("/") or path.startswith("/{")]
