"""Pages made from plain values."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.problems import NotFound, RateLimited
from app.core.text import NOT_IN_PROSE
from app.pages.assets import BY_NAME, address
from app.pages.messages import message_of
from app.pages.render import (
    invitation_page,
    message_page,
    public_list_page,
    release_page,
    standalone_page,
)
from app.releases.deliveries import LinkClosed
from tests.pages.contents import FILM, SAID, content, demo, item, note, withdrawn

UNTIL = datetime(2027, 2, 21, tzinfo=UTC)
HERE = "/dossiers/8e03978e-40d5-43dd-bc93-6894a57f9324"
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "{{7*7}} {% raw %} ${7*7}",
    "'\" autofocus onfocus=alert(1) x='",
    "</blockquote></main><script>alert(1)</script>",
    "&lt;b&gt; &amp;amp;",
    "*gras* # titre _souligné_ [lien](javascript:alert(1))",
    "\u202eredro ni ton\u202c أحب هذا العمل",
    "=1+1",
]


class Reader(HTMLParser):
    """The elements of a page, their attributes, and all the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("th", "td"):
            self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts)).replace("\u00a0", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def shown(*items: dict[str, Any], **given: Any) -> Reader:
    return Reader(release_page(content(*items, **given), HERE))


def everywhere(text: str) -> dict[str, Any]:
    """A content that says this text wherever people can write."""
    names = ("quote", "signature", "role_label", "territory_label", "caption")
    words = dict.fromkeys(names, text)
    film = {"show_as": "video", "media": FILM}
    items = [item(**words), item(**words, **film), note(text)]
    given = dict.fromkeys(("title", "public_title", "introduction"), text)
    sections = [{"title": text, "text": text, "items": items}]
    return content(**given, sections=sections, balance={"territory": {text: 1.0}})


def skeleton(html: str) -> list[str]:
    return [tag for tag, _ in Reader(html).elements]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_is_text_and_stays_text(text: str) -> None:
    page = release_page(everywhere(text), HERE)
    assert skeleton(page) == skeleton(release_page(everywhere("Rien."), HERE))
    assert Reader(page).text.count(text) >= 17


@pytest.mark.parametrize("text", HOSTILE)
def test_so_it_is_on_a_page_as_a_file(text: str) -> None:
    page = standalone_page(everywhere(text))
    assert skeleton(page) == skeleton(standalone_page(everywhere("Rien.")))
    assert Reader(page).text.count(text) >= 17


def test_a_page_as_a_file_is_the_same_each_time() -> None:
    told = demo()
    assert standalone_page(told) == standalone_page(told)


# Lines and clauses make elements of their own: here, one line, and no colon.
ONE_LINE = st.text(st.characters(codec="utf-8", exclude_characters=":"), min_size=1).filter(
    lambda text: text.strip() and len(text.splitlines()) == 1 and not NOT_IN_PROSE.search(text)
)


@given(ONE_LINE)
@settings(deadline=None)  # it is about what is made, not how fast
def test_no_text_changes_the_page(text: str) -> None:
    page = release_page(everywhere(text), HERE)
    assert skeleton(page) == skeleton(release_page(everywhere("Rien."), HERE))


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    for page in (release_page(demo(), HERE), release_page(everywhere(HOSTILE[0]), HERE)):
        reader = Reader(page)
        assert not {"script", "style", "iframe", "object", "base"} & {t for t, _ in reader.elements}
        for tag, attributes in reader.elements:
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            for name in ("src", "href", "action", "poster"):
                url = attributes.get(name)
                assert url is None or re.match(r"[/#](?!/)", url), (tag, name, url)


def test_the_order_of_a_page() -> None:
    page = release_page(demo(), HERE)
    reader = Reader(page[page.index("<html") : page.index("<title")] + page[page.index("<body") :])
    told = ["Paroles d'avenir", "Berthe et Martigues", "Treize personnes", "la veille"]
    places = [reader.text.find(text) for text in told]
    assert places == sorted(places)
    assert min(places) >= 0
    assert [tag for tag, _ in reader.elements if re.fullmatch(r"h\d", tag)] == ["h1"] + ["h2"] * 6
    assert reader.all("html") == [{"lang": "fr"}]
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in reader.elements}
    assert reader.all("a")[0] == {"class": "skip", "href": "#contenu"}


def test_a_quote_keeps_its_paragraphs_and_says_who_spoke() -> None:
    page = release_page(content(item(quote="Un.\nDeux.\n\nTrois.")), HERE)
    quote = re.search(r"<blockquote>(.*)</blockquote>", page, re.DOTALL)
    assert quote
    assert re.findall(r">([^<\n]+)<", quote[1]) == ["Un.", "Deux.", "Trois."]
    assert quote[1].count("<p") == 2
    assert "Tuteur ou tutrice, Var" in Reader(page).text


@pytest.mark.parametrize(
    ("nature", "word", "form"),
    [("practice", "Pratique", "rect"), ("feeling", "Ressenti", "circle"), ("idea", "Idée", "path")],
)
def test_natures_have_a_word_and_a_shape(nature: str, word: str, form: str) -> None:
    page = release_page(content(item(nature=nature)), HERE)
    figure = page[page.index("<figure") : page.index("</figure>")]
    assert word in figure
    assert f"<{form}" in figure


def test_an_item_without_nature_or_role() -> None:
    assert len(shown(item(nature=None)).all("blockquote")) == 1
    reader = shown(note("Mot de l'équipe."))
    assert not reader.all("figure")
    assert "Mot de l'équipe." in reader.text


def test_what_was_taken_back_leaves_one_sentence() -> None:
    reader = shown(withdrawn())
    assert "Un témoignage a été retiré à la demande de la personne." in reader.text
    assert not reader.all("figure")


def test_a_film_waits_and_tells_its_length() -> None:
    captions = FILM | {"captions_url": "/film.vtt", "poster_url": "/film.jpg"}
    reader = shown(item(show_as="video", quote=None, caption="Le permis", media=captions))
    (film,) = reader.all("video")
    assert film["preload"] == "none"
    assert "controls" in film
    assert film["poster"] == "/film.jpg"
    assert film["aria-label"] == "Vidéo\u00a0: Le permis"
    assert reader.all("track")[0]["kind"] == "captions"
    assert "Vidéo, 2 minutes 5 secondes" in reader.text
    assert "sans sous-titres" not in reader.text


def test_a_film_without_captions_says_so_and_has_our_poster() -> None:
    reader = shown(item(show_as="video", media=FILM), item(show_as="audio", media=FILM))
    assert reader.all("video")[0]["poster"] == address("poster.svg")
    assert "2 minutes 5 secondes, sans sous-titres" in reader.text
    assert len(reader.all("audio")) == 1
    gone = shown(item(show_as="video", media=None))
    assert "ne peut pas être montré" in gone.text
    assert not gone.all("video")


def test_the_balance_is_a_table_and_hides_small_cells() -> None:
    reader = shown(item())
    assert len(reader.all("caption")) == 3
    assert "Tuteur ou tutrice 50 %" in reader.text
    assert "Recueilli comment : non montré, pour ne désigner personne." in reader.text
    assert "Rien n’est montré de moins de 5 paroles ou de moins de 5 personnes" in reader.text
    some = {"method": {"written": 0.8, "video": {"value": None, "suppressed": True}}}
    assert "Vidéo non communiqué" in shown(item(), balance=some).text
    assert not shown(item(), balance={}).all("table")


def test_a_page_that_has_no_figures_says_so() -> None:
    hidden = {"other": {"value": None, "suppressed": True}}
    reader = shown(item(), k=None, balance=dict.fromkeys(("nature", "role"), hidden))
    assert not reader.all("table")
    assert "Qui parle : non montré dans cette version." in reader.text
    assert "diraient quelles paroles sont venues ou parties" in reader.text


def test_to_acknowledge_then_thanks() -> None:
    form, _ = shown(item()).all("form")  # and the answer's
    assert form == {"method": "post", "action": f"{HERE}/accuse-de-reception"}
    thanked = shown(item(), acknowledged_at="2026-11-22T14:05:00Z")
    assert [form["action"] for form in thanked.all("form")] == [f"{HERE}/reactions#reponse"]
    assert "Vous avez pris connaissance de ce dossier le 22 novembre 2026." in thanked.text
    assert {time["datetime"] for time in thanked.all("time")} == {"2026-11-22"}


def test_who_stands_before_an_exhibition_is_asked_for_nothing() -> None:
    files = [{"name": "panels.pdf", "content_type": "application/pdf", "status": "pending"}]
    given: dict[str, Any] = {"form": "exhibition", "files": files}
    in_person, visit = (shown(item(), **given, personal=personal) for personal in (True, False))
    assert in_person.all("form")
    assert "Les panneaux" in in_person.text
    assert not visit.all("form")
    for words in ("personnellement", "Accuser réception", "Répondre", "Les panneaux"):
        assert words not in visit.text
    assert "Cette page accompagne une exposition" in visit.text
    assert "Votre lien" not in visit.text


@pytest.mark.parametrize(
    ("audience", "form", "said"),
    [
        ("general_public", "web_page", "Ce dossier est destiné au grand public"),
        ("general_public", "event", "Ce dossier est destiné au grand public"),
        ("general_public", "exhibition", "Cette page accompagne une exposition"),
        ("elected_officials", "exhibition", "Cette page accompagne une exposition"),
        ("elected_officials", "web_page", "Ce dossier vous est adressé personnellement"),
    ],
)
def test_who_holds_a_link_reads_for_whom_it_is_and_whose_the_link_is(
    audience: str, form: str, said: str
) -> None:
    for_ = content(item(), audience=audience, form=form)
    with_link, by_the_team = Reader(release_page(for_, HERE)).text, Reader(release_page(for_)).text
    is_alone = "personnellement" in said
    for page in (with_link, by_the_team):
        assert said in page
        assert ("personnellement" in page) is is_alone
        assert "donnez-en l’adresse" not in page, "it may have none"
    assert ("Votre lien, lui, est personnel" in with_link) is not is_alone
    assert "Votre lien" not in by_the_team


def test_an_answer_is_about_the_number_that_the_page_shows() -> None:
    items = (note("Mot de l'équipe."), withdrawn(), item(quote="Le trajet à blanc."))
    page = shown(*items).text
    assert page.count("n° 2") == 2  # beside the words, and among what may be answered
    assert "n° 2 : Le trajet à blanc." in page


def test_a_newer_release_is_announced() -> None:
    assert "version plus récente" not in shown(item()).text
    assert "plus récente de ce dossier existe (n° 3)" in shown(item(), superseded_by=3).text


def test_files_beside_the_page_are_offered() -> None:
    note_ = {"name": "note.pdf", "content_type": "application/pdf", "status": "ready", "url": "/n"}
    page = {"name": "page.html", "content_type": "text/html", "status": "ready", "url": "/p"}
    waiting = note_ | {"name": "bundle.zip", "status": "pending"}
    gone = note_ | {"name": "film.mp4", "content_type": "video/mp4", "status": "failed"}
    reader = shown(item(), files=[page, note_ | {"size": 1_234_567}, waiting, gone])
    assert "La note PDF, 1,2 Mo" in reader.text
    assert "Tout le dossier, en un seul fichier en préparation" in reader.text
    assert "Le film indisponible pour le moment" in reader.text
    assert [a for a in reader.all("a") if "download" in a] == [{"href": "/n", "download": None}]
    assert "page.html" not in reader.text


FILMED: list[dict[str, Any]] = [
    {"name": name, "content_type": kind, "status": "ready", "url": f"/x/{name}", "size": 42_300_000}
    for name, kind in (
        *(("film.mp4", "video/mp4"), ("film.vtt", "text/vtt"), ("film.jpg", "image/jpeg")),
    )
]


@pytest.mark.parametrize("form", ["film", "filmed_interview"])
def test_a_film_comes_before_anything_else(form: str) -> None:
    page = release_page(content(item(), form=form, files=FILMED), HERE)
    assert page.index("</h1>") < page.index("<video") < page.index("Treize personnes")
    reader = Reader(page)
    [film] = reader.all("video")
    assert (film["src"], film["poster"], film["preload"]) == ("/x/film.mp4", "/x/film.jpg", "none")
    assert reader.all("track")[0]["src"] == "/x/film.vtt"
    assert "Le film, sous-titré (vidéo MP4, 42 Mo)" in reader.text
    assert "image JPEG" not in reader.text  # the poster is not carried away
    assert not shown(item(), files=FILMED).all("video")  # of a page, it is one file among others


@pytest.mark.parametrize(
    ("status", "said"), [("pending", "est en préparation"), ("failed", "n’est pas disponible")]
)
def test_a_film_that_is_not_there_yet_is_told_and_the_words_are_read(
    status: str, said: str
) -> None:
    film = FILMED[0] | {"status": status, "url": None}
    reader = shown(item(), form="film", files=[film])
    assert f"Le film {said}" in reader.text
    assert not reader.all("video")
    assert "une ligne à nous deux" in reader.text


def test_every_item_has_an_address_of_its_own_on_the_page() -> None:
    items = [item(), note("Mot de l'équipe."), withdrawn(), item(show_as="video", media=FILM)]
    reader = shown(*items)
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {each["id"] for each in items} <= set(ids)
    anchors = [a["href"] for a in reader.all("a") if a.get("class") == "anchor"]
    assert anchors == [f"#{items[0]['id']}", f"#{items[3]['id']}"]
    assert "Lien vers la parole n° 3" in reader.text  # what was taken back keeps its number


def test_an_exhibition_is_a_walk_from_one_quote_to_the_next() -> None:
    items = [item(), withdrawn(), note("Mot de l'équipe."), item()]
    page = release_page(content(*items, form="exhibition"), HERE)
    steps = re.findall(r'<p class="steps">(.*?)</p>', page, re.DOTALL)
    ways = [re.findall(r'href="#([^"]+)"', step) for step in steps]
    first, second, _, last = (each["id"] for each in items)
    assert ways == [[second], [first, last], [second, "reperes"]]
    assert ["2 sur 3" in step for step in steps] == [False, True, False]
    assert 'class="steps"' not in release_page(content(*items), HERE)


def test_an_event_shows_its_programme() -> None:
    reader = shown(item(), form="event")
    assert reader.all("details")[0] == {"open": None}
    assert "Programme : 1 partie" in reader.text
    assert "1. Apprendre" in reader.text


def test_the_chart_says_its_figures_and_the_table_too() -> None:
    natures = {"practice": 0.6, "feeling": 0.45, "idea": {"value": None, "suppressed": True}}
    page = release_page(content(item(), balance={"nature": natures}), HERE)
    reader = Reader(page)
    [chart] = [svg for svg in reader.all("svg") if svg.get("role") == "img"]
    named = (chart["aria-labelledby"], chart["aria-describedby"])
    assert named == (reader.all("title")[1]["id"], reader.all("desc")[0]["id"])
    assert "Pratique : 60 %, Ressenti : 45 %, Idée : non communiqué." in reader.text
    assert "Pratique 60 %" in reader.text
    parts = [r for r in reader.all("rect") if "%" in (r.get("x") or "")]
    ends = [float((r["x"] or "")[:-1]) + float((r["width"] or "")[:-1]) for r in parts]
    assert ends == pytest.approx([57.14, 100], abs=0.02)  # rounded shares never leave the bar


def test_a_page_for_everybody_says_so_and_asks_nothing() -> None:
    page = release_page(content(item()), is_public=True)
    assert 'content="noarchive, nosnippet, noimageindex"' in page
    reader = Reader(page)
    assert not reader.all("form")
    assert "Ce dossier est public" in reader.text
    assert "personnellement" not in reader.text
    assert "/p/" in [a["href"] for a in reader.all("a")]
    assert "#merci" not in page


def test_the_list_of_what_is_public() -> None:
    one = {
        "slug": "ce-qu-on-fait",
        "title": "<b>Ce qu'on fait</b>",
        "public_title": "Paroles d'avenir",
        "form": "web_page",
        "published_at": "2026-11-22T14:05:00Z",
    }
    reader = Reader(public_list_page([one], "abc="))
    assert "<b>Ce qu'on fait</b> Paroles d'avenir, page web, 22 novembre 2026" in reader.text
    ways = [a["href"] for a in reader.all("a")]
    assert ways == ["#contenu", "/p/ce-qu-on-fait", "/p/?suite=abc%3D"]
    empty = Reader(public_list_page([], None))
    assert "Rien n’est public pour le moment." in empty.text
    assert not empty.all("ul")


@pytest.mark.parametrize("form", ["web_page", "exhibition", "event", "film"])
@pytest.mark.parametrize("audience", ["general_public", "elected_officials"])
def test_what_comes_before_a_colon_is_on_the_same_line(form: str, audience: str) -> None:
    items = [item(), note("Et puis ?"), withdrawn(), item(show_as="video", media=SAID)]
    given = {"form": form, "audience": audience, "superseded_by": 3, "files": FILMED}
    told = content(*items, **given)
    pages = [
        release_page(told, HERE),
        release_page(told | {"personal": False}, HERE),
        release_page(told, is_public=True),
        standalone_page(told),
        *(invitation_page(UNTIL, asks=True, is_visit=is_visit) for is_visit in (True, False)),
    ]
    for page in pages:
        words = "".join(Reader(page.partition("<body")[2]).texts)
        assert re.findall(r"\S+ [:;?!»]", words) == []


def test_the_longest_release_is_made() -> None:
    items = [item(quote="mot " * 4000) for _ in range(200)]
    assert len(shown(*items).all("blockquote")) == 200


def test_messages() -> None:
    assert "Recommencez dans 15 minutes." in Reader(message_page(message_of(RateLimited(861)))).text
    closed = Reader(message_page(message_of(LinkClosed())))
    assert "Ce lien n’est plus valable" in closed.text
    assert message_of(NotFound()) != message_of(LinkClosed())


def test_names_of_assets_hold_their_hash() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[0-9a-f]{12}\.\w+", name) for name in BY_NAME)
    css = BY_NAME[address("pages.css").removeprefix("/assets/")].content.decode()
    assert "url(" not in css
    assert "@import" not in css


ALONE = ("adressé personnellement", "un autre lien", "qui vous l’a envoyé")


def test_a_page_as_a_file_says_whose_it_is() -> None:
    page = Reader(standalone_page(content(item()))).text
    assert [said for said in ALONE if said not in page] == []
    everybody = Reader(standalone_page(content(item(), audience="general_public"))).text
    assert "Ce dossier est destiné au grand public" in everybody
    for audience in ("general_public", "elected_officials"):
        hung = Reader(standalone_page(content(item(), audience=audience, form="exhibition"))).text
        assert "Cette page accompagne une exposition" in hung
        assert "grand public" not in hung
        assert [said for said in ALONE if said in everybody + hung] == []


def test_a_page_as_a_file_leads_nowhere_and_never_says_that_it_changes() -> None:
    for form in ("web_page", "exhibition"):
        page = standalone_page(content(item(), audience="general_public", form=form))
        assert 'href="/' not in page
        assert "noindex" in page
        assert "la page dit alors" not in Reader(page).text
        assert "ce dossier est alors rappelé" in Reader(page).text
    assert "la page dit alors" in shown(item()).text
