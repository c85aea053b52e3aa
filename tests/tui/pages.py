"""A page read as a browser would: its elements, its texts, and whether every element is closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "line", "rect", "path", "polygon"}
"""Without an end tag: HTML's own, and those of SVG that close themselves here."""
_MAY_END_ITSELF = {"line", "rect", "path", "polygon"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """What was parsed; ``faults`` holds every tag that is not closed where it should be."""

    html: str
    elements: list[Element] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.html)
        self.close()
        self.faults += [f"<{each.name}> is never closed" for each in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if len(dict(attrs)) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in _VOID or (tag in _MAY_END_ITSELF and not self.get_starttag_text().endswith("/>")):  # type: ignore[union-attr]
            self._open.append(self.elements[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].name != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1].name if self._open else 'nothing'}")
            return
        closed = self._open.pop()
        if self._open:
            self._open[-1].text += closed.text

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data[:20]}")

    @property
    def text(self) -> str:
        """All that is to be read, without the style sheet."""
        return "".join(each.text for each in self.named("body"))

    @property
    def ids(self) -> Counter[str]:
        return Counter(each.attributes["id"] for each in self.elements if "id" in each.attributes)

    def named(self, *names: str) -> list[Element]:
        return [each for each in self.elements if each.name in names]

    def cells(self) -> list[str]:
        return [" ".join(each.text.split()) for each in self.named("td", "th", "dd", "dt")]
