"""HubSpot writes notes as HTML, the CRM as plain text: there and back without a loss of words."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"})
UNSEEN = frozenset({"script", "style", "head", "title"})
MANY_BREAKS = re.compile(r"\n{3,}")


class _Words(HTMLParser):
    """Collects the words, with a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen += 1
        if tag == "br" or (tag in BREAKS and self.parts and not self.parts[-1].endswith("\n")):
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN and self._unseen:
            self._unseen -= 1
        if tag in BREAKS - {"br"} and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


def text_of_html(source: str) -> str:
    """The words of it; text without any tag stays as it is but for its entities."""
    if "<" not in source and "&" not in source:
        return source.strip()
    words = _Words()
    words.feed(source)
    words.close()
    said = "".join(words.parts).replace("\xa0", " ")
    return MANY_BREAKS.sub("\n\n", said).strip()


def html_of_text(text: str) -> str:
    """As HubSpot shows it; `text_of_html` reads the same text from it."""
    return html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>")


def first_words(text: str, longest: int = 80) -> str:
    """The first line, cut."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else ""
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
