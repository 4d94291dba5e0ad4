"""Reads a page as a person without JavaScript would: its words, links and forms. No Django."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source"})
UNSEEN = frozenset({"script", "style", "template", "svg"})
Attributes = dict[str, str]


@dataclass
class Button:
    """What sends a form, with the value it adds."""

    label: str
    name: str = ""
    value: str = ""


@dataclass
class Form:
    """A form with the values it would send as it stands."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)

    def button(self, label: str) -> Button | None:
        """The first whose label begins so."""
        return next((one for one in self.buttons if one.label.startswith(label)), None)


@dataclass
class Page:
    """One answer of a server."""

    url: str
    status: int
    source: str
    text: str = ""
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    texts_by_id: dict[str, str] = field(default_factory=dict)

    def form(self, found: Callable[[Form], bool]) -> Form | None:
        return next((form for form in self.forms if found(form)), None)

    def form_with(self, label: str) -> Form | None:
        """The first form with a button of that label."""
        return self.form(lambda form: form.button(label) is not None)

    def link(self, label: str) -> str | None:
        """The address of the first link whose words contain `label`."""
        return next((href for href, words in self.links if label in words), None)

    def figure(self, label: str) -> str:
        """The value of a figure (components/stat.html) by its label; empty when there is none."""
        pattern = (
            rf'<span class="stat-label">(?:<svg.*?</svg>)?\s*{re.escape(label)}</span>\s*'
            r'<span class="stat-value[^"]*">([^<]*)</span>'
        )
        found = re.search(pattern, self.source, re.DOTALL)
        return found.group(1).strip() if found else ""


def page_read(url: str, status: int, source: str) -> Page:
    reader = _Reader(Page(url, status, source))
    reader.feed(source)
    reader.close()
    reader.page.text = _plain(reader.words)
    reader.page.texts_by_id = {name: _plain(words) for name, words in reader.by_id.items()}
    return reader.page


def _plain(words: list[str]) -> str:
    return " ".join(" ".join(words).split())


class _Reader(HTMLParser):
    """Follows open elements, the form around them and the ids that their words belong to."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.words: list[str] = []
        self.by_id: dict[str, list[str]] = {}
        self._open: list[tuple[str, str]] = []
        self._unseen = 0
        self._form: Form | None = None
        self._select = ""
        self._textarea = ""
        self._label: list[str] | None = None
        self._finish: Callable[[str], None] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in UNSEEN:
            self._unseen += 1
        if tag not in VOID:
            self._open.append((tag, given.get("id", "")))
            if given.get("id"):
                self.by_id.setdefault(given["id"], [])
        handler = getattr(self, f"_start_{tag}", None)
        if handler is not None and not self._unseen:
            handler(given)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN and self._unseen:
            self._unseen -= 1
        if any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass
        if tag == "form":
            self._form = None
        if tag in ("button", "a") and self._finish is not None and self._label is not None:
            self._finish(_plain(self._label))
            self._finish = self._label = None
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        self.words.append(data)
        for _, name in self._open:
            if name:
                self.by_id[name].append(data)
        if self._label is not None:
            self._label.append(data)
        if self._textarea and self._form is not None:
            self._form.values[self._textarea] = data.removeprefix("\n")

    def _start_form(self, given: Attributes) -> None:
        self._form = Form(given.get("action", ""), given.get("method", "get").lower())
        self.page.forms.append(self._form)

    def _start_input(self, given: Attributes) -> None:
        kind, name = given.get("type", "text"), given.get("name", "")
        if self._form is None or not name or kind in ("file", "submit", "button", "image"):
            return
        if kind in ("checkbox", "radio") and "checked" not in given:
            return
        self._form.values[name] = given.get("value", "on" if kind == "checkbox" else "")

    def _start_select(self, given: Attributes) -> None:
        self._select = given.get("name", "")

    def _start_option(self, given: Attributes) -> None:
        if self._form is None or not self._select:
            return
        if "selected" in given or self._select not in self._form.values:
            self._form.values[self._select] = given.get("value", "")

    def _start_textarea(self, given: Attributes) -> None:
        self._textarea = given.get("name", "")
        if self._form is not None and self._textarea:
            self._form.values[self._textarea] = ""

    def _start_button(self, given: Attributes) -> None:
        form = self._form
        if form is None or given.get("type", "submit") != "submit":
            return
        button = Button("", given.get("name", ""), given.get("value", ""))
        form.buttons.append(button)

        def named(label: str) -> None:
            button.label = label

        self._label, self._finish = [], named

    def _start_a(self, given: Attributes) -> None:
        href = given.get("href", "")
        self._label, self._finish = [], lambda label: self.page.links.append((href, label))
