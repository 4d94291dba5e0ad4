"""A form field for a link to another record: typed by name, resolved by the server.

A text input with native suggestions works without JavaScript and with any number of records;
a name that several records have is refused with the candidates, numbered, as suggestions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.urls import reverse

from crm.models import Workspace
from crm.selectors.lookup import LOOKUPS, Lookup, lookup_find, suggestions


class LookupWidget(forms.TextInput):
    """The input with its list of suggestions; htmx refreshes the list while typing."""

    template_name = "crm/forms/lookup.html"

    def __init__(self, lookup_name: str) -> None:
        super().__init__(attrs={"autocomplete": "off", "maxlength": 400})
        self.lookup_name = lookup_name
        self.field: LookupField | None = None

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        identifier = context["widget"]["attrs"].get("id", f"id_{name}")
        context["widget"]["attrs"]["list"] = f"{identifier}-options"
        context["options"] = self.field.options(value) if self.field else []
        context["lookup_url"] = reverse("crm:lookup", kwargs={"name": self.lookup_name})
        return context


class LookupField(forms.Field):
    """Cleans to a record of the workspace, or None."""

    widget: LookupWidget

    def __init__(self, lookup_name: str, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("help_text", "Type a name and choose from the suggestions.")
        super().__init__(widget=LookupWidget(lookup_name), **kwargs)
        self.lookup: Lookup = LOOKUPS[lookup_name]
        self.workspace: Workspace | None = None
        self.current: Any | None = None
        self.candidates: tuple[Any, ...] = ()

    def limit_to(self, workspace: Workspace, current: Any | None = None) -> None:
        """Look in this workspace; `current` stays chosen while its text is left as it is."""
        self.workspace = workspace
        self.current = current
        self.widget.field = self

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else self.lookup.label(value)

    def to_python(self, value: Any) -> Any | None:
        text = str(value or "").strip().replace("\x00", "")
        if not text or self.workspace is None:
            return None
        if self.current is not None and text == self.lookup.label(self.current):
            return self.current
        found = lookup_find(self.lookup, self.workspace, text)
        if found.record is None:
            self.candidates = found.candidates
            raise forms.ValidationError(self._refusal(text, found.candidates))
        return found.record

    def options(self, value: Any) -> list[str]:
        """What the list of suggestions offers beside the present text."""
        if self.workspace is None:
            return []
        if self.candidates:
            return [self.lookup.numbered(record) for record in self.candidates]
        typed = value if isinstance(value, str) and value != self._current_label() else ""
        return labels(self.lookup, suggestions(self.lookup, self.workspace, typed))

    def _current_label(self) -> str:
        return self.lookup.label(self.current) if self.current is not None else ""

    def _refusal(self, text: str, candidates: tuple[Any, ...]) -> str:
        noun = self.lookup.noun
        if not candidates:
            return f"There is no {noun} “{text[:100]}”. Choose one of the suggestions."
        named = ", ".join(self.lookup.numbered(record) for record in candidates[:3])
        return (
            f"“{text[:100]}” may mean more than one {noun}: {named}. Choose one of the suggestions."
        )


def labels(lookup: Lookup, records: Iterable[Any]) -> list[str]:
    """Labels for a list of suggestions, numbered where one may mean several of them."""
    rows = list(records)
    shown = [lookup.label(row).casefold() for row in rows]
    meanings = shown + [lookup.name(row).casefold() for row in rows if lookup.hint(row)]
    return [
        lookup.numbered(row) if meanings.count(label) > 1 else lookup.label(row)
        for row, label in zip(rows, shown, strict=True)
    ]
