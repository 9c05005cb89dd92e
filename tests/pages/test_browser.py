"""Pages in a real browser, with and without JavaScript, on a phone and on a desk."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Response
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.types import ASGIApp

from app.core.edge import Edge
from app.core.settings import settings
from app.operations.serving import open_socket
from app.pages.answers import page as answer
from app.pages.messages import OUR_FAULT
from app.pages.render import invitation_page, message_page, release_page
from app.pages.routes import WRONG, router
from app.transcripts.formats import Format, write
from tests.pages.conftest import Dossier
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
SHOWN = {
    "demo": release_page(demo(), "/shown/demo"),
    "everything": release_page(content(*EVERYTHING, superseded_by=3), "/shown/everything"),
    "thanks": release_page(content(item(), acknowledged_at="2026-11-22T14:05:00Z"), "/x"),
    "invitation": invitation_page("/r/x", UNTIL, asks=False),
    "passcode": invitation_page("/r/x", UNTIL, asks=True),
    "mistake": invitation_page("/r/x", UNTIL, asks=True, mistake=WRONG),
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


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_screen(
    site: str, open_page: Open, name: str, width: int
) -> None:
    page = open_page(f"{site}/shown/{name}", width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(site: str, open_page: Open, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page = open_page(f"{site}/shown/{name}", color_scheme=scheme)
    for details in page.locator("summary").all():
        details.click()
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
    page.locator("summary").click()
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
def test_what_is_said_can_be_read_without_scripts(site: str, open_page: Open, script: bool) -> None:
    page = open_page(f"{site}/shown/everything", java_script_enabled=script)
    words = page.locator("details.said p").first
    expect(words).to_be_hidden()
    page.get_by_text("Lire ce qui est dit").first.click()
    expect(words).to_be_visible()
    expect(words).to_contain_text("0:00 Le premier jour")


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
