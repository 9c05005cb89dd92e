"""XML written bit by bit, of which no text can break the form."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

NEVER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0
INSTEAD = "\ufffd"


class Xml:
    """Elements, written in their order. What XML cannot hold becomes U+FFFD."""

    def __init__(self) -> None:
        self._file = StringIO(newline="")
        self._xml = XMLGenerator(self._file, "utf-8", short_empty_elements=True)

    def taken(self) -> bytes:
        """What was written since the last time."""
        text = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return text.encode()

    def begin(self) -> None:
        """The declaration of a document."""
        self._xml.startDocument()

    def end_of_line(self) -> None:
        """A line ends in the element that was begun: its tag is written."""
        self._xml.ignorableWhitespace("\n")

    @contextmanager
    def element(self, name: str, about: Mapping[str, str] | None = None) -> Iterator[None]:
        """An element, around what is written meanwhile."""
        self._xml.startElement(name, _attributes(about or {}))
        yield
        self._xml.endElement(name)

    def leaf(self, name: str, text: str = "", about: Mapping[str, str] | None = None) -> None:
        """An element with nothing but this text in it."""
        with self.element(name, about):
            if text:
                self._xml.characters(NEVER.sub(INSTEAD, text))


def _attributes(about: Mapping[str, str]) -> "AttributesImpl[str]":
    return AttributesImpl({name: NEVER.sub(INSTEAD, value) for name, value in about.items()})
