"""From the link to the thanks: what is shown, to whom, and what is kept of it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from app.audit.models import AuditEvent
from app.core.models import now
from app.core.settings import settings
from app.pages import passes
from app.pages.assets import BY_NAME, address
from app.releases import deliveries
from tests.conftest import ClientFor
from tests.pages.conftest import WORDS, Dossier

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
RETIRED = "Un témoignage a été retiré à la demande de la personne."


@pytest.fixture
def reader(client_for: ClientFor) -> TestClient:
    """Somebody without an account, with a browser of their own."""
    client = client_for(None)
    client.follow_redirects = False
    return client


def is_a_page(answer: Response) -> bool:
    """Whether it has every header of a page."""
    headers = answer.headers
    return (
        headers["content-type"] == "text/html; charset=utf-8"
        and headers["content-security-policy"] == POLICY
        and headers["referrer-policy"] == "no-referrer"
        and headers["cache-control"] == "private, no-store"
        and headers["x-robots-tag"].startswith("noindex")
        and headers["x-content-type-options"] == "nosniff"
        and '<html lang="fr">' in answer.text
    )


def test_looking_at_the_link_is_not_opening_it(reader: TestClient, dossier: Dossier) -> None:
    link, delivery_id = dossier.deliver()
    for _ in range(3):
        shown = reader.get(link)
        assert shown.status_code == 200
        assert is_a_page(shown)
        assert "Vous avez reçu un dossier" in shown.text
    assert reader.head(link).status_code == 200
    assert not reader.cookies
    assert WORDS[0] not in shown.text
    assert "passcode" not in shown.text
    assert dossier.told(delivery_id)["opened_at"] is None


def test_from_the_link_to_the_thanks(reader: TestClient, dossier: Dossier, db: Session) -> None:
    link, delivery_id = dossier.deliver()
    opened = reader.post(link)
    assert (opened.status_code, opened.headers["location"]) == (303, dossier.here)
    assert opened.headers["referrer-policy"] == "no-referrer"
    assert dossier.told(delivery_id)["opened_at"]

    page = reader.get(dossier.here)
    assert page.status_code == 200
    assert is_a_page(page)
    for words in ("&lt;b&gt;quand", "Vos emplois d&#39;avenir", "Deux personnes", "Un tuteur"):
        assert words in page.text
    assert WORDS[0] in page.text
    assert link not in page.text

    took = reader.post(f"{dossier.here}/accuse-de-reception")
    assert (took.status_code, took.headers["location"]) == (303, f"{dossier.here}#merci")
    first = dossier.told(delivery_id)["acknowledged_at"]
    assert first
    assert "Vous avez pris connaissance de ce dossier" in reader.get(dossier.here).text
    assert reader.post(f"{dossier.here}/accuse-de-reception").status_code == 303
    assert dossier.told(delivery_id)["acknowledged_at"] == first
    events = list(db.scalars(select(AuditEvent.action).where(AuditEvent.actor_kind == "link")))
    assert sorted(events) == ["delivery.acknowledged", "delivery.opened"]


def test_the_pass_is_for_this_release_and_this_browser(
    reader: TestClient, dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cookie() -> set[str]:
        header = reader.post(dossier.deliver()[0]).headers["set-cookie"]
        return set(header.lower().split("; ")[1:])

    limits = {f"path={dossier.here}", "httponly", "samesite=strict", "max-age=43200"}
    assert cookie() == limits
    monkeypatch.setattr(settings(), "base_url", "https://retours.example.org")
    assert cookie() == limits | {"secure"}


def test_without_a_pass_every_release_looks_the_same(
    reader: TestClient, dossier: Dossier, client_for: ClientFor
) -> None:
    reader.post(dossier.deliver()[0])
    good = reader.cookies[passes.NAME]
    forged = good[:-1] + ("1" if good.endswith("0") else "0")
    stranger, other = client_for(None), uuid4()
    answers = [
        stranger.get(f"/dossiers/{release}", headers={b"Cookie": f"{passes.NAME}={value}".encode()})
        for release in (dossier.release_id, other)
        for value in ("", "x", forged, good.replace(".", ".1", 1), "é.1.é", "a.b.c")
    ]
    answers.append(stranger.get(f"/dossiers/{other}", headers={"Cookie": f"dossier={good}"}))
    for answer in answers:
        assert answer.status_code == 403
        assert is_a_page(answer)
        assert "Ouvrez ce dossier par votre lien personnel" in answer.text
    assert len({answer.text for answer in answers}) == 1
    deed = stranger.post(f"{dossier.here}/accuse-de-reception")
    assert deed.status_code == 403


def test_a_pass_ends(reader: TestClient, dossier: Dossier, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.post(dossier.deliver()[0])
    later = now() + timedelta(hours=13)
    monkeypatch.setattr(passes, "now", lambda: later)
    assert reader.get(dossier.here).status_code == 403


def test_a_link_that_is_closed_closes_its_passes(reader: TestClient, dossier: Dossier) -> None:
    link, delivery_id = dossier.deliver()
    reader.post(link)
    dossier.editor.delete(f"/api/v1/deliveries/{delivery_id}")
    took = reader.post(f"{dossier.here}/accuse-de-reception")
    for answer in (reader.get(link), reader.post(link), reader.get(dossier.here), took):
        assert answer.status_code == 410
        assert is_a_page(answer)
        assert "Ce lien n’est plus valable" in answer.text
    assert dossier.told(delivery_id)["acknowledged_at"] is None


def test_a_link_that_expires(
    reader: TestClient, dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, _ = dossier.deliver()
    later = now() + timedelta(days=91)
    monkeypatch.setattr(deliveries, "now", lambda: later)
    assert reader.get(link).status_code == 410


@pytest.mark.parametrize("token", ["nothing", "%00", "%F0%9F%90%98", "..%2e", "a" * 3000])
def test_an_unknown_link(reader: TestClient, token: str) -> None:
    for answer in (reader.get(f"/r/{token}"), reader.post(f"/r/{token}")):
        assert answer.status_code == 404
        assert is_a_page(answer)
        assert "Nous ne trouvons pas cette page" in answer.text


def test_what_is_no_id_is_not_found(reader: TestClient) -> None:
    for path in ("/dossiers/1", "/assets/nothing.css"):
        answer = reader.get(path)
        assert answer.status_code == 404
        assert is_a_page(answer)


def test_a_passcode_is_asked_for(reader: TestClient, dossier: Dossier) -> None:
    link, delivery_id = dossier.deliver(passcode="été 2026")
    assert 'name="passcode"' in reader.get(link).text
    for given, said in (("", "Tapez le code"), ("hiver", "Ce code n’est pas le bon")):
        refused = reader.post(link, data={"passcode": given})
        assert refused.status_code == 403
        assert is_a_page(refused)
        assert said in refused.text
        assert "<title>Erreur" in refused.text
        assert 'aria-describedby="passcode-mistake' in refused.text
        assert "hiver" not in refused.text
    assert not reader.cookies
    assert dossier.told(delivery_id)["opened_at"] is None
    assert reader.post(link, data={"passcode": " e\u0301te\u0301 2026 "}).status_code == 303


def test_passcodes_cannot_be_guessed(reader: TestClient, dossier: Dossier) -> None:
    link, _ = dossier.deliver(passcode="4711")
    codes = [reader.post(link, data={"passcode": f"471{n}"}).status_code for n in range(2, 7)]
    assert codes == [403] * 5
    late = reader.post(link, data={"passcode": "4711"})
    assert late.status_code == 429
    assert is_a_page(late)
    assert int(late.headers["retry-after"]) > 800
    assert "Recommencez dans 15\u00a0minutes" in late.text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"data": {"passcode": "x" * 2000}}, 400),
        ({"data": {"passcode": "\u202ex\x00"}}, 403),
        ({"files": {"passcode": ("a.txt", b"x")}}, 400),
        ({"json": {"passcode": 1}}, 403),
        ({"content": b"passcode=%ff%fe", "headers": {"Content-Type": "text/plain"}}, 403),
    ],
)
def test_hostile_forms(
    reader: TestClient, dossier: Dossier, form: dict[str, object], status: int
) -> None:
    link, _ = dossier.deliver(passcode="4711")
    answer = reader.post(link, **form)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert is_a_page(answer)


HOSTILE_ORIGINS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://testserver.evil.example"},
]


@pytest.mark.parametrize("headers", HOSTILE_ORIGINS)
def test_a_form_on_another_site_does_nothing(
    reader: TestClient, dossier: Dossier, headers: dict[str, str]
) -> None:
    link, delivery_id = dossier.deliver()
    assert reader.post(link, headers=headers).status_code == 403
    assert reader.post(link, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    took = reader.post(f"{dossier.here}/accuse-de-reception", headers=headers)
    assert took.status_code == 403
    assert is_a_page(took)
    assert dossier.told(delivery_id)["acknowledged_at"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "http://testserver"},
        {"Origin": "null"},  # an old browser, because of no-referrer
    ],
)
def test_our_own_forms_do(reader: TestClient, dossier: Dossier, headers: dict[str, str]) -> None:
    assert reader.post(dossier.deliver()[0], headers=headers).status_code == 303
    took = reader.post(f"{dossier.here}/accuse-de-reception", headers=headers)
    assert took.status_code == 303


def test_words_taken_back_are_gone_at_once(reader: TestClient, dossier: Dossier) -> None:
    reader.post(dossier.deliver()[0])
    assert WORDS[1].replace("'", "&#39;") in reader.get(dossier.here).text
    dossier.withdraw(1)
    page = reader.get(dossier.here).text
    assert page.count(RETIRED) == 1
    assert WORDS[0] in page
    assert "tous les soirs" not in page


def test_a_newer_release_is_announced(reader: TestClient, dossier: Dossier) -> None:
    reader.post(dossier.deliver()[0])
    dossier.withdraw(1)
    url = f"/api/v1/bundles/{dossier.bundle_id}"
    bundle = dossier.editor.get(url).json()
    kept = [{"excerpt_id": bundle["sections"][0]["items"][0]["excerpt_id"]}]
    names = ("scheme_id", "title", "audience", "form", "purpose")
    changed = {name: bundle[name] for name in names}
    changed["sections"] = [{"title": "Apprendre", "items": kept}]
    assert dossier.editor.put(url, json=changed).status_code == 200
    dossier.editor.put(f"{url}/readiness")
    assert dossier.editor.post(f"{url}/releases").status_code == 201
    assert "Une version plus récente de ce dossier existe" in reader.get(dossier.here).text


def test_tokens_are_not_logged(reader: TestClient, dossier: Dossier) -> None:
    link, _ = dossier.deliver()
    with capture_logs() as lines:
        reader.get(link)
        reader.post(link)
        reader.get(dossier.here)
    assert {line["route"] for line in lines} == {"/r/{token}", "/dossiers/{release_id}"}
    assert link.removeprefix("/r/") not in str(lines)


def fail(error: Exception) -> Callable[..., None]:
    def raises(*_: object) -> None:
        raise error

    return raises


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("secret"), 500),
        (OperationalError("", {}, Exception()), 503),
        (PoolTimeout(), 503),
    ],
)
def test_what_breaks_is_told_to_a_person(
    reader: TestClient,
    dossier: Dossier,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
) -> None:
    link, _ = dossier.deliver()
    monkeypatch.setattr(deliveries, "find", fail(error))
    with capture_logs() as lines:
        answer = reader.get(link)
    assert answer.status_code == status
    assert is_a_page(answer)
    assert "secret" not in answer.text
    assert lines[0]["event"] == "page failed"


@pytest.mark.parametrize("name", BY_NAME)
def test_assets_are_kept_for_ever(reader: TestClient, name: str) -> None:
    answer = reader.get(f"/assets/{name}")
    assert answer.status_code == 200
    assert answer.content == BY_NAME[name].content
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == BY_NAME[name].content_type
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_know_their_assets(reader: TestClient, dossier: Dossier) -> None:
    page = reader.get(dossier.deliver()[0]).text
    assert f'href="{address("pages.css")}"' in page


def test_pages_are_no_api(reader: TestClient) -> None:
    paths = reader.get("/api/v1/openapi.json").json()["paths"]
    assert not [path for path in paths if path.startswith(("/r/", "/dossiers", "/assets"))]
