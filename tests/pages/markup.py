"""HTML read into a flat list of elements: enough to ask which ids, names and texts a page has."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "img", "br", "wbr", "circle", "path"}


@dataclass(slots=True)
class Element:
    """A start tag with its attributes, and all the text inside."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: tuple[str, ...] = field(default=())

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        """The attribute's value, "" for one without a value, None where there is none."""
        return self.attributes.get(name)


class Markup(HTMLParser):
    """A parsed page; raises AssertionError when tags do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {[e.tag for e in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag}>: {names}"
        element = Element(
            tag, {name: value or "" for name, value in attrs}, inside=tuple(e.tag for e in self._open)
        )
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        opened = self._open.pop()
        assert opened.tag == tag, f"</{tag}> closes <{opened.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        """Every element of a kind, in order."""
        return [element for element in self.elements if element.tag == tag]

    def only(self, tag: str) -> Element:
        """The one element of a kind."""
        (element,) = self.all(tag)
        return element

    def by_id(self, name: str) -> Element | None:
        """The element with an id."""
        found = [element for element in self.elements if element.get("id") == name]
        assert len(found) < 2, f"the id {name} stands twice"
        return found[0] if found else None

    @property
    def ids(self) -> list[str]:
        """Every id, in order."""
        return [element["id"] for element in self.elements if "id" in element.attributes]

    @property
    def names(self) -> list[str]:
        """The name of every field, in order."""
        return [e["name"] for e in self.elements if e.tag in {"input", "button"} and "name" in e.attributes]
