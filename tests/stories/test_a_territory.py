"""A territory: employers of the Alpes-de-Haute-Provence are heard one by one, without a camera.

Everybody knows everybody there: what they say may be read in their department, and not beyond.
"""

from collections.abc import Callable

from tests.stories.conftest import Town
from tests.stories.people import OFFICIALS, Editor, Person, Thing, composed, items_of, quoted

VILLAGES = "On s'est mis à trois communes pour faire un temps plein."
CAR = "On prête une voiture contre un carnet de bord."
DOUBT = "Si je le regarde lui, je ne regarde pas mon mur."
HEARD_AGAIN = "Si je le regarde faire, lui, je ne regarde plus mon mur."


def words_of(reader: Person, excerpt: Thing) -> tuple[str, str, str]:
    """An excerpt as other software reads it: its words, between what surrounds them."""
    found = reader.gets(f"/excerpts/{excerpt['id']}/annotation")
    quote = found["target"]["selector"][0]
    assert quote["type"] == "TextQuoteSelector"
    return quote["prefix"], quote["exact"], quote["suffix"]


def count(evaluator: Person) -> None:
    """How freely employers spoke one by one, and what they told."""
    figures = evaluator.gets("/indicators/methods")
    assert [(m["method"], m["count"], m["assessed"]) for m in figures["methods"]] == [
        ("interview", 3, 3)
    ]
    levels = {c["level"]: c["count"] for c in figures["candor_by_role"] if c["role"] == "employer"}
    assert levels == {"normed": 1, "mixed": 0, "free": 2}
    balance = evaluator.gets("/indicators/balance")["cells"]
    natures = {c["nature"]: c["share"] for c in balance if c["of"] == "excerpts"}
    assert (natures["practice"], natures["feeling"]) == (0.6667, 0.3333)


def confirm(editor: Editor, excerpt: Thing) -> None:
    """Say that what is heard now is what was chosen."""
    here = f"/excerpts/{excerpt['id']}"
    review = editor.gets(f"{here}/review")
    assert (review["state"], review["chosen"]["exact"]) == ("needs_review", DOUBT)
    now = review["now"]
    assert now["text"] == HEARD_AGAIN
    place = {"type": "text", "start": now["start"], "end": now["end"], "exact": now["text"]}
    told = {"testimony_id": excerpt["testimony_id"], "selector": place, "nature": "feeling"}
    assert editor.puts(here, told, expected=200)["state"] == "valid"


def hear_again(editor: Editor, evaluator: Person, theme: str, excerpts: list[Thing]) -> None:
    """A quote followed its words, another asks a person; both are found by the words of now.

    Others are found by words with other endings, and by the theme that they are coded with.
    """
    villages, car, doubt = excerpts
    assert words_of(evaluator, villages) == ("Chez nous, c'est petit. ", VILLAGES, "")
    confirm(editor, doubt)
    found = editor.gets("/search", q="voitures et carnets", kind="excerpt")["items"]
    assert [item["id"] for item in found] == [car["id"]]
    coded = evaluator.gets("/excerpts", theme_id=theme)["items"]
    assert [excerpt["id"] for excerpt in coded] == [car["id"]]
    assert evaluator.gets("/search", q="voiture", theme_id=theme, kind="excerpt")["items"]
    for question, many in (('"ne regarde pas mon mur"', 0), ('"ne regarde plus mon mur"', 1)):
        found = evaluator.gets("/search", q=question, kind="excerpt")["items"]
        assert [item["id"] for item in found] == [doubt["id"]] * many


def meet(editor: Editor, office: Thing) -> tuple[Thing, Thing, Thing]:
    """Who can act around this place, and two things that they want to know."""
    department = editor.territory("04")
    title = "Conseillère départementale (essai)"
    official = editor.meets(title, territory_id=department, preferred_forms=["note"])
    far = editor.meets("Conseillère d'ailleurs (essai)", territory_id=editor.territory("13"))
    competent = editor.gets("/decision-makers", territory_id=office["territory_id"])["items"]
    assert [found["title"] for found in competent] == [title]
    reason = competent[0]["reasons"][0]
    assert (reason["code"], reason["level"]) == ("territory_containing", "department")
    wish = editor.asks_for(official, "Comment font-ils tenir un temps plein ?", wanted_form="note")
    assert editor.became(wish) == "no_material", "nobody was heard yet"
    return official, wish, editor.asks_for(far, "Et chez nous ?")


def answer(editor: Editor, bundle: Thing, wish: Thing) -> Thing:
    """Publish what was asked for, in the form that was wanted: it is answered."""
    here = f"/bundles/{bundle['id']}"
    warned = {warning["code"] for warning in editor.gets(f"{here}/checks")["warnings"]}
    assert warned.isdisjoint({"no-expectation", "form-differs", "form-not-preferred"})
    editor.puts(f"{here}/readiness")
    release = editor.publishes(bundle)
    assert editor.became(wish) == "answered"
    [found] = editor.gets("/bundles", expectation_id=wish["id"])["items"]
    assert found["id"] == bundle["id"]
    return release


def test_words_for_the_department_stay_in_the_department(
    town: Town, machines: Callable[[], None]
) -> None:
    investigators = town.organization("Enquêtrices des Alpes (essai)", "association")
    office = town.place("Bureau des entretiens", "other", investigators, "04070")
    animator, editor, evaluator = town.animator(investigators), town.editor(), town.evaluator()
    department, region = editor.territory("04"), editor.territory("93")

    # The officials are met first: who can act there, and what they want to know.
    official, wish, far_off = meet(editor, office)

    mobility = editor.theme("Mobilité")
    excerpts, testimonies, employers = [], [], []
    freely = ["first_person", "concrete_episode"]
    for body, nature in ((VILLAGES, "practice"), (CAR, "practice"), (DOUBT, "feeling")):
        interview = animator.opens(office, kind="interview", method="interview")
        employer = animator.registers(
            interview, "employer", *OFFICIALS, reach="department", territory_id=department
        )
        employers.append(employer)
        told = {"body": body, "method": "interview", "nature": nature}
        testimony = animator.hands_in(interview, employer, **told)
        animator.finds(testimony, *(freely if nature == "practice" else ["prepared_text"]))
        editor.decides(testimony, "accept")
        testimonies.append(testimony)
        coded = [mobility] * (body == CAR)
        excerpts.append(editor.quotes(testimony, body, nature, theme_ids=coded))
        animator.puts(f"/workshops/{interview['id']}/closure")
    assert editor.gets("/testimonies", media_kind="video", count="true")["total"] == 0

    # Two interviews are heard again: a quote follows its words, another asks a person.
    editor.corrects(testimonies[0], f"Chez nous, c'est petit. {VILLAGES}")
    editor.corrects(testimonies[2], HEARD_AGAIN)
    machines()
    hear_again(editor, evaluator, mobility, excerpts)
    # One by one, without a camera, employers tell what they do; the evaluator counts it.
    count(evaluator)
    evaluator.gets(f"/testimonies/{testimony['id']}/candor", expected=404)

    # A note for the officials of the whole region: each passage says why it may not.
    items = [quoted(excerpt) for excerpt in excerpts]
    note = {"title": "Ce qu'ils inventent", "audience": "elected_officials", "form": "note"}
    bundle = editor.composes(*items, **note, territory_id=region)
    refused = editor.publishes(bundle, expected=409)
    assert refused["type"].endswith("/not-publishable")
    shown = editor.gets(f"/bundles/{bundle['id']}")
    ids = [item["id"] for section in shown["sections"] for item in section["items"]]
    assert sorted(blocker["item_id"] for blocker in refused["blockers"]) == sorted(ids)
    assert {blocker["code"] for blocker in refused["blockers"]} == {"consent-missing"}
    assert {blocker["facts"]["reason"] for blocker in refused["blockers"]} == {"territory"}
    assert editor.gets(f"/bundles/{bundle['id']}/releases")["items"] == []

    # For those of the department it works, and answers what they asked.
    here = f"/bundles/{bundle['id']}"
    assert (editor.became(wish), editor.became(far_off)) == ("not_answered", "no_material")
    answering = {"territory_id": department, "expectation_ids": [wish["id"]]}
    editor.puts(here, editor.described(*items, **note, **answering), expected=200)
    release = answer(editor, bundle, wish)
    token = editor.gives(release, official["title"], decision_maker_id=official["id"])
    read = town.somebody().gets(f"/shared/{token}")
    assert [item["quote"] for item in items_of(read)] == [VILLAGES, CAR, HEARD_AGAIN]
    assert {item["territory_label"] for item in items_of(read)} == {"Alpes-de-Haute-Provence"}
    assert all(item["media"] is None for item in items_of(read))

    # It is a note that they may print; one of them says what she will do about a passage.
    machines()
    be_answered(town, editor, release, token, employers)

    follow(town, editor, evaluator, excerpts, employers)


def follow(
    town: Town, editor: Editor, evaluator: Person, excerpts: list[Thing], employers: list[Thing]
) -> None:
    """Two propositions: one is tried and adopted, one is refused; those who spoke are told."""
    _, car, doubt = excerpts
    author = {"role": "employer", "witness_id": employers[1]["id"]}
    loan = editor.proposes(
        car, title="Prêter une voiture", kind="organization", co_authors=[author]
    )
    week = editor.proposes(
        doubt, title="Une semaine d'essai", kind="recruitment", competence="state"
    )
    assert (loan["state"], loan["label"]) == ("martyr", None)
    assert week["label"] == "Aucun usager n'a co-écrit cette proposition."
    assert told_to(town, employers[1]) == []

    for proposition in (loan, week):
        editor.says_of(proposition, "proposed", "2013-05-28")
        editor.says_of(proposition, "sent", "2013-06-06")
    editor.says_of(loan, "experiment", "2013-07-01", responsible="Service emploi (essai)")
    editor.says_of(loan, "adopted", "2014-01-16", reason="Les contrats ont tenu.")
    refusal = {"state": "refused", "on": "2013-10-03"}
    editor.posts(f"/propositions/{week['id']}/steps", refusal, expected=422)
    editor.says_of(week, "refused", "2013-10-03", reason="Cela existe déjà.")
    states = {p["title"]: p["state"] for p in evaluator.gets("/propositions")["items"]}
    assert states == {"Prêter une voiture": "adopted", "Une semaine d'essai": "refused"}

    (adopted,), (refused,) = told_to(town, employers[1]), told_to(town, employers[2])
    assert (adopted["state"], adopted["on"], adopted["co_written"]) == (
        "adopted",
        "2014-01-16",
        True,
    )
    assert [s["state"] for s in adopted["steps"]] == ["proposed", "sent", "experiment", "adopted"]
    assert (refused["state"], refused["reason"]) == ("refused", "Cela existe déjà.")

    # Who doubted takes everything back: the proposition says that it lost what it rested on.
    witness = as_witness(town, employers[2])
    witness.posts("/receipt/withdrawals", {"all": True})
    assert evaluator.gets(f"/propositions/{week['id']}")["needs_review"]
    assert not evaluator.gets(f"/propositions/{loan['id']}")["needs_review"]
    assert witness.gets("/receipt")["propositions"] == []


def be_answered(
    town: Town, editor: Editor, release: Thing, token: str, employers: list[Thing]
) -> None:
    """The official takes note, and says what is planned; who spoke reads it once published."""
    reader = town.somebody()
    files = composed(reader, token)
    assert files["note.pdf"].startswith(b"%PDF")
    assert "bundle.zip" in files
    reader.puts(f"/shared/{token}/acknowledgement", expected=200)
    _, car, _ = items_of(reader.gets(f"/shared/{token}"))
    said = {"item_id": car["id"], "commitment": "planned"}
    reader.posts(f"/shared/{token}/reactions", said, expected=422)  # what, and when?
    reader.posts(f"/shared/{token}/reactions", said | {"text": "Au conseil du 3 octobre."})
    (delivery,) = editor.gets("/deliveries", unanswered=False)["items"]
    assert (delivery["reactions"], delivery["release_id"]) == (1, release["id"])
    assert delivery["opened_at"]
    assert delivery["acknowledged_at"]

    assert answers_told_to(town, employers[1]) == []
    (waiting,) = editor.gets(f"/releases/{release['id']}/reactions", state="waiting")["items"]
    editor.puts(f"/reactions/{waiting['id']}/publication", {}, expected=200)
    (answer,) = answers_told_to(town, employers[1])
    assert (answer["commitment"], answer["text"]) == ("planned", "Au conseil du 3 octobre.")
    assert answer["audience_label"] == "Élus"
    assert answers_told_to(town, employers[0]) == [], "it is not about their words"


def answers_told_to(town: Town, witness: Thing) -> list[Thing]:
    """What a witness is told that others answered to their words."""
    (testimony,) = as_witness(town, witness).gets("/receipt")["testimonies"]
    return [answer for use in testimony["uses"] for answer in use["reactions"]]


def as_witness(town: Town, witness: Thing) -> Person:
    """Somebody who types the code that they kept."""
    reader = town.somebody()
    session = reader.posts("/receipt-sessions", {"code": witness["receipt_code"]})
    reader.client.headers["Authorization"] = f"Bearer {session['token']}"
    return reader


def told_to(town: Town, witness: Thing) -> list[Thing]:
    """What a witness is told of propositions."""
    found: list[Thing] = as_witness(town, witness).gets("/receipt")["propositions"]
    return found
