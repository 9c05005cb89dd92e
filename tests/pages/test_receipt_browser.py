"""The witness's page in a real browser: with and without JavaScript, by keyboard, on a phone."""

import pytest
from fastapi import FastAPI
from playwright.sync_api import expect

from app.core.edge import Edge
from app.core.settings import settings
from tests.pages.conftest import Dossier
from tests.pages.test_browser import STANDARDS, Open, browser, open_page, pytestmark, serving
from tests.receipts.conftest import Kept, kept

__all__ = ["browser", "kept", "open_page", "pytestmark"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_accessibility_and_width(
    app: FastAPI, dossier: Dossier, open_page: Open, scheme: str, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    token = dossier.make.receipt(dossier.witnesses[0])
    with serving(Edge(app, settings())) as address:
        page = open_page(f"{address}/suivi", width, color_scheme=scheme)
        cookie = {"name": "suivi", "value": token, "url": f"{address}/suivi"}
        page.context.add_cookies([cookie])  # type: ignore[list-item]
        for path in ("", "/mes-paroles", "/retraits/tout"):
            if path == "/retraits/tout":
                page.get_by_role("link", name="Tout retirer").click()
                page.wait_for_url("**/retraits/tout")
            else:
                page.goto(f"{address}/suivi{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            options = {"runOnly": {"type": "tag", "values": STANDARDS}}
            found = axe.Axe().run(page, options=options).response["violations"]
            assert not [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize("script", [True, False])
def test_everything_is_taken_back_by_keyboard_alone(
    app: FastAPI, kept: Kept, open_page: Open, script: bool
) -> None:
    with serving(Edge(app, settings())) as address:
        page = open_page(f"{address}/suivi", java_script_enabled=script)
        page.keyboard.press("Tab")
        expect(page.get_by_label("Votre code de suivi")).to_be_focused()
        page.keyboard.type(kept.code)
        page.keyboard.press("Enter")
        page.wait_for_url("**/suivi/mes-paroles")
        for name in ("Tout retirer", "Oui, tout retirer"):
            role = "button" if name.startswith("Oui") else "link"
            target = page.get_by_role(role, name=name)  # type: ignore[arg-type]
            for _ in range(20):
                page.keyboard.press("Tab")
                if target.evaluate("it => it === document.activeElement"):
                    break
            expect(target).to_be_focused()
            page.keyboard.press("Enter")
            page.wait_for_url("**/suivi/retraits/*")
        page.wait_for_url("**/suivi/retraits/dernier")
        expect(page.locator("h1")).to_have_text("C’est retiré")


def test_leaving_ends_the_session(app: FastAPI, kept: Kept, browser: object) -> None:
    with serving(Edge(app, settings())) as address:
        page = browser.new_page()  # type: ignore[attr-defined]
        page.goto(f"{address}/suivi")
        page.get_by_label("Votre code de suivi").fill(kept.code)
        page.keyboard.press("Enter")
        page.wait_for_url("**/suivi/mes-paroles")
        page.goto("about:blank")
        page.wait_for_timeout(1000)
        page.goto(f"{address}/suivi/mes-paroles")
        expect(page.locator("h1")).to_have_text("Votre page s’est refermée")
        page.close()
