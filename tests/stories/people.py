"""People of the stories, who do everything by the API, with a password of their own.

What they are refused is a failure of the test, unless it is `expected`.
"""

from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi.testclient import TestClient

from app.moderation.speech import Sign

API = "/api/v1"
PASSWORD = "un mot de passe assez long"
OFFICIALS = ("written_inside", "written_officials")
DESCRIBED = (
    *("scheme_id", "workshop_id", "method", "witness_ids", "title", "language", "recorded_on"),
    *("nature", "theme_ids", "tags", "sector", "territory_id", "restriction", "embargo_until"),
)

Thing = dict[str, Any]


@dataclass
class Person:
    """Somebody who logged in, or nobody in particular."""

    client: TestClient

    def asks(self, method: str, path: str, expected: int, **what: Any) -> httpx2.Response:
        answer = self.client.request(method, f"{API}{path}", **what)
        assert answer.status_code == expected, f"{method} {path}: {answer.text}"
        return answer

    def gets(self, path: str, expected: int = 200, **params: Any) -> Thing:
        return self.asks("GET", path, expected, params=params).json()  # type: ignore[no-any-return]

    def posts(self, path: str, body: Thing | None = None, expected: int = 201) -> Thing:
        return self.asks("POST", path, expected, json=body).json()  # type: ignore[no-any-return]

    def puts(self, path: str, body: Thing | None = None, expected: int = 204) -> Thing:
        answer = self.asks("PUT", path, expected, json=body)
        return answer.json() if answer.content else {}

    def territory(self, code: str) -> str:
        """The id of a territory, by its INSEE code."""
        found = {t["code"]: t["id"] for t in self.gets("/territories", limit=200)["items"]}
        return found[code]  # type: ignore[no-any-return]

    def finds(self, testimony: Thing, *signs: str) -> Thing:
        """How freely it was said: these signs of candor were there, the others were not."""
        noted = {str(sign): sign in signs for sign in Sign}
        return self.puts(f"/testimonies/{testimony['id']}/candor", noted, expected=200)


@dataclass
class Animator(Person):
    """Somebody who receives people."""

    scheme_id: str

    def opens(self, place: Thing, **facts: Any) -> Thing:
        """A workshop, which began already."""
        made_up = {"title": "Atelier", "method": "written", "starts_at": "2013-05-14T12:00:00Z"}
        return self.posts(
            "/workshops", {"scheme_id": self.scheme_id, "place_id": place["id"], **made_up} | facts
        )

    def registers(
        self, workshop: Thing, role: str, *choices: str, reach: str = "region", **facts: Any
    ) -> Thing:
        """Somebody who came, and who says yes to these choices of the notice, on paper."""
        who = {"scheme_id": self.scheme_id, "workshop_id": workshop["id"], "role": role}
        witness = self.posts("/witnesses", who | facts)
        assert witness["receipt_code"]
        self.notes(witness, "give", *choices, reach=reach)
        return witness

    def notes(self, witness: Thing, verb: str, *choices: str, reach: str = "region") -> Thing:
        """What somebody said after reading the notice."""
        notices = self.gets("/notices", code="accueil", language="fr")["items"]
        said = {"verb": verb, "choices": choices, "territory": reach, "method": "paper"}
        where = f"/witnesses/{witness['id']}/consents"
        return self.posts(where, said | {"notice_id": notices[0]["id"]})

    def hands_in(self, workshop: Thing, *witnesses: Thing, **facts: Any) -> Thing:
        """A testimony, handed to the editors at once."""
        testimony = self.deposits(workshop, *witnesses, **facts)
        self.puts(f"/testimonies/{testimony['id']}/submission")
        return testimony

    def deposits(self, workshop: Thing, *witnesses: Thing, **facts: Any) -> Thing:
        """A testimony, of which the animator keeps a draft."""
        where = {"scheme_id": self.scheme_id, "workshop_id": workshop["id"]}
        who = {"witness_ids": [witness["id"] for witness in witnesses]}
        made_up = {"method": "written", "recorded_on": "2013-05-14"}
        return self.posts("/testimonies", where | who | made_up | facts)


@dataclass
class Editor(Person):
    """Somebody of the project team, who decides, chooses and composes."""

    scheme_id: str

    def meets(self, title: str, **facts: Any) -> Thing:
        """An elected official, who is written down in the directory."""
        told = {"title": title, "kind": "elected_official", "audience": "elected_officials"}
        return self.posts("/decision-makers", told | facts)

    def asks_for(self, decision_maker: Thing, question: str, **facts: Any) -> Thing:
        """What an elected official wants to know, before anything is given back."""
        told = {"scheme_id": self.scheme_id, "audience": "elected_officials"}
        whose = {"decision_maker_id": decision_maker["id"], "question": question}
        return self.posts("/expectations", told | whose | {"asked_on": "2013-01-29"} | facts)

    def became(self, expectation: Thing) -> str:
        """What became of an expectation."""
        return str(self.gets(f"/expectations/{expectation['id']}")["answer"])

    def decides(self, testimony: Thing, verdict: str, reason: str | None = None) -> Thing:
        decision = {"verdict": verdict, "reason_code": reason}
        return self.posts(f"/testimonies/{testimony['id']}/decisions", decision)

    def corrects(self, testimony: Thing, body: str) -> Thing:
        """The same testimony, in words that were heard better."""
        told = {name: testimony[name] for name in DESCRIBED}
        return self.puts(f"/testimonies/{testimony['id']}", told | {"body": body}, expected=200)

    def theme(self, name: str) -> str:
        """The id of a theme of the codebook that everybody starts with."""
        self.puts(f"/schemes/{self.scheme_id}/codebook/starter", expected=200)
        found: str = next(t["id"] for t in self.gets("/themes")["items"] if t["name"] == name)
        return found

    def quotes(self, testimony: Thing, exact: str, nature: str, **facts: Any) -> Thing:
        """An excerpt of the words."""
        start = testimony["body"].index(exact)
        place = {"type": "text", "start": start, "end": start + len(exact), "exact": exact}
        return self.chooses(testimony, place, nature, **facts)

    def chooses(self, testimony: Thing, selector: Thing, nature: str, **facts: Any) -> Thing:
        told = {"testimony_id": testimony["id"], "selector": selector, "nature": nature}
        if nature == "practice":
            told["practice"] = {"actor": "elle", "action": "s'organise", "occasion": "le matin"}
        return self.posts("/excerpts", told | facts)

    def composes(self, *items: Thing, **facts: Any) -> Thing:
        """A bundle of one part, which is said to be ready."""
        bundle = self.posts("/bundles", self.described(*items, **facts))
        self.puts(f"/bundles/{bundle['id']}/readiness")
        return bundle

    def described(self, *items: Thing, **facts: Any) -> Thing:
        part = {"title": "Ce qu'ils disent", "items": items}
        made_up = {"title": "Dossier", "introduction": "Ils ont parlé.", "sections": [part]}
        return {"scheme_id": self.scheme_id, **made_up} | facts

    def proposes(self, *excerpts: Thing, **facts: Any) -> Thing:
        """A proposition that these excerpts speak for, a draft."""
        rests = [{"excerpt_id": excerpt["id"], "stance": "for"} for excerpt in excerpts]
        made_up = {"description": "Ce qui changerait.", "competence": "region", "evidence": rests}
        return self.posts("/propositions", {"scheme_id": self.scheme_id, **made_up} | facts)

    def says_of(self, proposition: Thing, state: str, on: str, **facts: Any) -> Thing:
        """What became of it."""
        step = {"state": state, "on": on}
        return self.posts(f"/propositions/{proposition['id']}/steps", step | facts)

    def publishes(self, bundle: Thing, expected: int = 201) -> Thing:
        return self.posts(f"/bundles/{bundle['id']}/releases", expected=expected)

    def gives(self, release: Thing, recipient: str, **facts: Any) -> str:
        """The token of a personal link."""
        told = {"recipient": recipient, **facts}
        delivery = self.posts(f"/releases/{release['id']}/deliveries", told)
        return str(delivery["url"]).rpartition("/")[2]


def composed(reader: Person, token: str) -> dict[str, bytes]:
    """The files that a personal link gives, once the machines have made them."""
    files = reader.gets(f"/shared/{token}")["files"]
    assert {file["status"] for file in files} == {"ready"}
    return {file["name"]: reader.client.get(file["url"]).content for file in files}


def quoted(excerpt: Thing, **facts: Any) -> Thing:
    """An item that shows the words of an excerpt."""
    return {"excerpt_id": excerpt["id"], "show_as": "text", **facts}


def items_of(content: Thing) -> list[Thing]:
    return [item for section in content["sections"] for item in section["items"]]
