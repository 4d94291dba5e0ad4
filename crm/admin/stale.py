"""The console's form of a record: it refuses an edit of what somebody changed meanwhile."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.models import Change, Record
from crm.selectors.ledger import changes_of

OPENED_VERSION = "opened_version"


class VersionedForm(forms.ModelForm[Any]):
    """`opened_version` is the version the operator saw; None for a new record."""

    opened_version: int | None = None

    def clean(self) -> dict[str, Any] | None:
        """What was entered stays in the form, with what is in the record now beside it."""
        cleaned = super().clean()
        record = self.instance
        is_stale = self.opened_version is not None and record.version != self.opened_version
        if record.pk and is_stale:
            raise ValidationError([_who(record), *self._differences()])
        return cleaned

    def _differences(self) -> list[str]:
        """Each entered value that is not what the record holds now, in words."""
        names = [name for name in self.changed_data if name in self.cleaned_data]
        said = [
            f"{self.fields[name].label}: now “{_shown(self.instance, name)}”, "
            f"in this form “{_worded(self.instance, name, self.cleaned_data[name])}”."
            for name in names
        ]
        if not said:
            return ["What is in this form is what the record holds by now."]
        keep = "Put back what you want to keep, then save again: this form is then what counts."
        return [*said, keep]


def opened_version(posted: str) -> int | None:
    """The version as the form sent it back; None when it sent none."""
    return int(posted) if posted.isdecimal() and len(posted) < 10 else None


def _who(record: Record) -> str:
    change = changes_of(record).first()
    by = f" by {_author(change)}" if change else ""
    at = f" at {timezone.localtime(change.at):%H:%M:%S on %d %B}" if change else ""
    return (
        f"This was changed{by}{at}, since you opened it. Nothing was saved; what you entered is "
        "still in this form."
    )


def _author(change: Change) -> str:
    if change.actor is not None:
        return str(change.actor)
    return f"{change.get_origin_kind_display()} {change.reason or change.origin_id}".strip()


def _shown(record: Record, name: str) -> str:
    return _worded(record, name, getattr(record, name))


def _worded(record: Record, name: str, value: object) -> str:
    """The words of a choice instead of its key; empty values as a dash."""
    words = _text(record, name, value) if value not in (None, "", [], {}) else "—"
    return words if len(words) <= 80 else f"{words[:79]}…"


def _text(record: Record, name: str, value: object) -> str:
    """Tags as they are entered; custom fields as the form shows them."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str | int):
        choices = dict(getattr(record._meta.get_field(name), "flatchoices", ()))
        return str(choices.get(value, value))
    return str(value)
