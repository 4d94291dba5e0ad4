"""The page for an edit of a record that somebody else wrote meanwhile: both versions, no loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import render

from crm.forms.record import VERSION, RecordForm
from crm.views.doors import WorkspaceRequest
from crm.views.kinds import RecordKind


@dataclass(frozen=True)
class Difference:
    """One field both versions do not agree on."""

    label: str
    yours: str
    present: str


def stale_page(
    request: WorkspaceRequest, kind: RecordKind, form: RecordForm, pk: int
) -> HttpResponse:
    """409 with what differs; the person's values are kept in the form to send again."""
    record = kind.records(request.workspace).get(pk=pk)
    present = kind.form(instance=record, membership=request.membership)
    context = {
        "kind": kind,
        "record": record,
        "differences": differences(form, present),
        "kept": [(name, value) for name, value in _posted(request) if name != VERSION],
        "version": record.version,
        "edit_url": kind.url("edit", record),
        "detail_url": kind.url("detail", record),
    }
    return render(request, "crm/records/stale.html", context, status=409)


def differences(mine: RecordForm, present: RecordForm) -> list[Difference]:
    """Fields whose values, as shown, are not the same in both forms."""
    found = []
    for name in mine.fields:
        if name == VERSION:
            continue
        yours, theirs = _shown(mine[name]), _shown(present[name])
        if yours != theirs:
            found.append(Difference(str(mine[name].label), yours, theirs))
    return found


def _shown(field: BoundField) -> str:
    """The value as the person reads it: the words of a choice, not its key."""
    value: Any = field.value()
    choices = getattr(field.field, "choices", None)
    if choices is None:
        return str(field.field.widget.format_value(value) or "").replace("\r\n", "\n").strip()
    named = {str(key): str(label) for key, label in choices}
    return named.get(str("" if value is None else value), "")


def _posted(request: WorkspaceRequest) -> list[tuple[str, str]]:
    """What was sent, to be sent again with the present version."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
        if isinstance(value, str)
    ]
