"""Pages in a real browser, with and without JavaScript, on a phone and on a desk."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from fastapi import FastAPI, Response
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.types import ASGIApp

from app.core.edge import Edge
from app.core.settings import settings
from app.operations.serving import open_socket
from app.pages.answers import page as answer
from app.pages.assets import address
from app.pages.messages import OUR_FAULT, public_message_of
from app.pages.render import (
    invitation_page,
    message_page,
    public_list_page,
    recall_page,
    release_page,
)
from app.pages.routes import WRONG, router
from app.releases import exhibitions
from app.releases.public import NoLongerPublic
from app.transcripts.formats import Format, write
from tests.pages.conftest import Dossier, Published
from tests.pages.contents import FILM, SAID, content, demo, item, note, withdrawn

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed: apt-get install chromium"),
]

UNTIL = datetime(2027, 2, 21, tzinfo=UTC)
EVERYTHING = [
    *(item(nature=nature) for nature in ("practice", "feeling", "mixed", "idea", "information")),
    item(nature=None, quote="Un mot " + "interminable" * 20 + ".\n\nDeux."),
    item(quote="أحب هذا العمل كثيرا"),
    withdrawn(),
    note("Mot de l'équipe."),
    item(show_as="video", media=FILM, caption="Le permis"),
    item(show_as="audio", media=FILM, quote=None),
    item(show_as="video", media=SAID, quote=None),
    item(show_as="audio", media=SAID),
]
SAID_ITEM = item(show_as="video", media=SAID, quote=None, id="b2ab1b0e-5d2f-4b0a-8d0c-0f6a3b8d7c11")
POSTER = address("poster.svg")
FILES = [
    {"name": name, "content_type": kind, "status": "ready", "size": 4_200_000, "url": POSTER}
    for name, kind in (
        *(("film.mp4", "video/mp4"), ("film.jpg", "image/jpeg")),
        *(("note.pdf", "application/pdf"), ("bundle.zip", "application/zip")),
    )
]
LISTED = {
    "slug": "quand-ca-coince",
    "title": "Berthe et Martigues : ce qu'on fait quand ça coince",
    "public_title": "Paroles d'avenir",
    "form": "web_page",
    "published_at": "2026-11-22T14:05:00Z",
}
SHOWN = {
    "demo": release_page(demo(), "/shown/demo"),
    "everything": release_page(content(*EVERYTHING, superseded_by=3), "/shown/everything"),
    "film": release_page(content(item(), SAID_ITEM, form="film", files=FILES), "/x"),
    "interview": release_page(
        content(item(), form="filmed_interview", files=[FILES[0] | {"status": "pending"}]), "/x"
    ),
    "exhibition": release_page(content(*EVERYTHING, form="exhibition", files=FILES), "/x"),
    "visit": release_page(content(*EVERYTHING, form="exhibition", personal=False), "/x"),
    "event": release_page(content(*EVERYTHING, form="event"), "/x"),
    "note": release_page(content(item(), form="note", files=FILES[2:]), "/x"),
    "public": release_page(content(*EVERYTHING, files=FILES), is_public=True),
    "list": public_list_page([LISTED, LISTED | {"title": "Un mot " + "interminable" * 15}], "x"),
    "nothing": public_list_page([], None),
    "gone": message_page(public_message_of(NoLongerPublic()), "/p/"),
    "recall": recall_page("/x", {"number": 1, "superseded_by": 2}),
    "thanks": release_page(content(item(), acknowledged_at="2026-11-22T14:05:00Z"), "/x"),
    "invitation": invitation_page(UNTIL, asks=False),
    "entrance": invitation_page(UNTIL, asks=False, is_visit=True),
    "passcode": invitation_page(UNTIL, asks=True),
    "mistake": invitation_page(UNTIL, asks=True, mistake=WRONG),
    "message": message_page(OUR_FAULT),
}
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BUTTON = "J’ai pris connaissance de ce dossier"

Open = Callable[..., Page]


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address where this application answers."""
    listening = open_socket("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, ws="none", log_config=None))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Every page, as it would be served."""
    app = FastAPI()
    app.include_router(router)

    @app.get("/shown/captions.vtt")
    def captions() -> Response:
        return Response(write(SAID["captions"]["cues"], Format.VTT), media_type="text/vtt")

    @app.get("/shown/{name}")
    def shown(name: str) -> Response:
        return answer(SHOWN[name])

    with serving(Edge(app, settings())) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """A page of a fresh browser; at the end, it complained of nothing and asked nobody else."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    asked: set[str] = set()

    def open_page(url: str, width: int = 360, **given: Any) -> Page:
        viewport = {"width": width, "height": 740}
        context = browser.new_context(viewport=viewport, locale="fr-FR", **given)  # type: ignore[arg-type]
        contexts.append(context)
        context.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    ours = ("http://127.0.0.1", "http://webmail.example")
    assert not [host for host in asked if not host.startswith(ours)]
    assert not complaints


def unfold(page: Any) -> None:
    """Open all that is folded."""
    closed = page.locator("details:not([open]) > summary")
    while closed.count():
        closed.first.click()


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_screen(
    site: str, open_page: Open, name: str, width: int
) -> None:
    page = open_page(f"{site}/shown/{name}", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_accessibility(site: str, open_page: Open, name: str, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page = open_page(f"{site}/shown/{name}", width, color_scheme=scheme)
    unfold(page)
    options = {"runOnly": {"type": "tag", "values": STANDARDS}, "resultTypes": ["violations"]}
    found = axe.Axe().run(page, options=options).response["violations"]
    assert not [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]


def test_the_first_words_are_seen_at_once_on_a_phone(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/shown/demo")
    box = page.locator("blockquote").first.bounding_box()
    assert box
    assert box["y"] + 60 < 740  # two lines of it at least


def test_the_keyboard_goes_everywhere(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/shown/demo")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Aller au contenu")).to_be_focused()
    expect(page.get_by_text("Aller au contenu")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    button = page.get_by_role("button", name=BUTTON)
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("it => it === document.activeElement"):
            break
    expect(button).to_be_focused()
    assert button.evaluate("it => getComputedStyle(it).outlineStyle") == "solid"


def test_targets_are_large_enough(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/shown/demo")
    unfold(page)
    for target in page.locator("a:visible, button, summary").all():
        box = target.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24


def test_it_can_be_printed(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/shown/demo")
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.get_by_role("button", name=BUTTON)).to_be_hidden()
    assert page.locator("blockquote:visible").count() == 9


CUES = "[...document.querySelector('video:has(track)').textTracks[0].cues].map(cue => cue.text)"


def test_captions_are_loaded_and_what_is_said_can_be_read(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/shown/everything")
    page.wait_for_function("document.querySelector('track').readyState === 2")
    assert page.evaluate(CUES)[0].startswith("Le premier jour")
    assert page.evaluate("document.querySelector('track').track.mode") == "showing"


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [360, 1280])
def test_what_is_said_is_read_beside_the_film(
    site: str, open_page: Open, script: bool, width: int
) -> None:
    page = open_page(f"{site}/shown/film", width, java_script_enabled=script)
    words = page.locator(".said p").first
    expect(words).to_be_visible()
    expect(words).to_contain_text("0:00 Le premier jour")
    film = page.locator(".with-words video").bounding_box()
    said = words.bounding_box()
    assert film
    assert said
    is_beside = said["x"] >= film["x"] + film["width"]
    assert is_beside == (width > 1000)
    page.get_by_text("Ce qui est dit").first.click()  # and is put away
    expect(words).to_be_hidden()


def test_a_film_is_seen_at_once(site: str, open_page: Open) -> None:
    for width in (360, 1280):
        box = open_page(f"{site}/shown/film", width).locator("video").first.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 740


def test_an_exhibition_is_walked_with_the_keyboard(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/shown/exhibition", reduced_motion="reduce")
    page.get_by_role("link", name="Suivante").first.click()
    expect(page.locator("figure").nth(1)).to_be_in_viewport()
    assert page.evaluate("getComputedStyle(document.documentElement).scrollSnapType") == "none"
    moving = open_page(f"{site}/shown/exhibition", reduced_motion="no-preference")
    # `y proximity`, which is told without its second word: that is what is meant without one.
    assert moving.evaluate("getComputedStyle(document.documentElement).scrollSnapType") == "y"


@pytest.mark.parametrize("name", ["demo", "exhibition", "public", "list"])
def test_at_twice_the_size_nothing_is_lost(site: str, open_page: Open, name: str) -> None:
    page = open_page(f"{site}/shown/{name}", 640)  # 1280 px at 200 % are 640
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def show(page: Page, url: str, html: str) -> None:
    """Make this browser find this page at that address, which is nobody's."""
    page.route(url, lambda route: route.fulfill(body=html, content_type="text/html"))


@pytest.mark.parametrize("script", [True, False])
def test_from_a_message_to_the_thanks(
    app: FastAPI, dossier: Dossier, open_page: Open, browser: Browser, script: bool
) -> None:
    link, delivery_id = dossier.deliver(passcode="été 2026")
    with serving(Edge(app, settings())) as address:
        page = open_page(f"{address}{link}", java_script_enabled=script)
        mail = f'<!doctype html><a href="{address}{link}">Votre dossier</a>'
        page.route(
            "http://webmail.example/",
            lambda route: route.fulfill(body=mail, content_type="text/html"),
        )
        for _ in range(2):  # the second time is like the first: the link is not worn out
            page.goto("http://webmail.example/")
            page.get_by_text("Votre dossier").click()
            page.get_by_label("Code d’accès").fill("été 2026")
            page.get_by_role("button", name="Ouvrir le dossier").click()
            page.wait_for_url(f"{address}{dossier.here}")
            expect(page.locator("h1")).to_contain_text("quand ça coince")
        page.reload()
        page.get_by_role("button", name=BUTTON).click()
        page.wait_for_url(f"{address}{dossier.here}#merci")
        expect(page.get_by_text("Vous avez pris connaissance")).to_be_in_viewport()
        assert dossier.told(delivery_id)["acknowledged_at"]


@pytest.mark.parametrize("script", [True, False])
def test_a_code_on_a_panel_leads_to_its_words(
    app: FastAPI, published: Published, open_page: Open, script: bool
) -> None:
    dossier = published(form="exhibition")
    read = dossier.editor.get(f"/api/v1/releases/{dossier.release_id}").json()
    last = read["content"]["sections"][-1]["items"][-1]["id"]
    token = exhibitions.token_of(UUID(dossier.release_id))
    with serving(Edge(app, settings())) as address:
        page = open_page(f"{address}/r/{token}#{last}", java_script_enabled=script)
        page.get_by_role("button", name="Entrer dans l’exposition").click()
        page.wait_for_url(f"{address}{dossier.here}#{last}")
        expect(page.locator(f"[id='{last}']")).to_be_in_viewport()
        expect(page.get_by_role("button")).to_have_count(0)


def test_another_site_cannot_acknowledge(app: FastAPI, dossier: Dossier, browser: Browser) -> None:
    link, delivery_id = dossier.deliver()
    with serving(Edge(app, settings())) as address:
        page = browser.new_page()
        page.goto(f"{address}{link}")
        page.get_by_role("button", name="Ouvrir le dossier").click()
        page.wait_for_url(f"{address}{dossier.here}")
        deed = f"{address}{dossier.here}/accuse-de-reception"
        trap = f'<form method="post" action="{deed}"><button>Gagné</button></form>'
        page.route(
            "http://evil.example/", lambda route: route.fulfill(body=trap, content_type="text/html")
        )
        page.goto("http://evil.example/")
        page.get_by_role("button").click()
        expect(page.locator("h1")).to_have_text("Ouvrez ce dossier par votre lien personnel")
        page.close()
    assert dossier.told(delivery_id)["acknowledged_at"] is None
