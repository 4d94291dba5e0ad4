"""What a stream is told from the console after a question: to go back in time, or to go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin, helpers
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from integrations.hub.admin.answers import CONFIRMED, Words, act_on_each, operator_of
from integrations.hub.first_sync import stream_of
from integrations.hub.held import held_back
from integrations.hub.models import SyncState
from integrations.hub.sync.holds import hold_go_on
from integrations.hub.sync.steering import by_operator, cursor_rewind

REWOUND = Words("stream", "streams", "due now, from that time on.")
GOING = Words("stream", "streams", "going on; what was held back is done.")


class SinceForm(forms.Form):
    """The time from which on everything is read again."""

    since = forms.DateTimeField(
        label="Read again what was changed since (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )


@dataclass(frozen=True)
class Question:
    """One page that asks before an action is carried out."""

    action: str
    title: str
    words: str
    button: str


REWIND = Question(
    "rewind",
    "Read these streams again from an earlier time?",
    "Everything that was changed at the vendor since then is read and compared again. Nothing is "
    "doubled by it; a run that is under way begins anew.",
    "Read again",
)
GO_ON = Question(
    "go_on",
    "Let these streams go on?",
    "What the guard held back is done now, this once, however much it is. It is remembered under "
    "your name, and a run can be undone afterwards.",
    "Go on",
)


def rewind(
    admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[SyncState]
) -> TemplateResponse | None:
    """Asks for the time first; None once it was done."""
    form = SinceForm(request.POST if CONFIRMED in request.POST else None)
    if not form.is_valid():
        return _asked(admin, request, REWIND, rows, _reached, form)
    since: datetime = form.cleaned_data["since"]
    origin = by_operator(operator_of(request))
    act_on_each(admin, request, rows, lambda one: cursor_rewind(one, since, origin=origin), REWOUND)
    return None


def go_on(
    admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[SyncState]
) -> TemplateResponse | None:
    """Shows first what is held back; None once it was done."""
    if CONFIRMED not in request.POST:
        return _asked(admin, request, GO_ON, rows, _held)
    actor = operator_of(request)
    act_on_each(admin, request, rows, lambda one: hold_go_on(one, actor=actor), GOING)
    return None


def _asked(
    admin: ModelAdmin[Any],
    request: HttpRequest,
    question: Question,
    rows: QuerySet[SyncState],
    line: Callable[[SyncState], str],
    form: forms.Form | None = None,
) -> TemplateResponse:
    states: Sequence[SyncState] = list(rows.select_related("connection__workspace"))
    errors = [str(said) for many in form.errors.values() for said in many] if form else []
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.model._meta,
        "title": question.title,
        "words": question.words,
        "button": question.button,
        "action": question.action,
        "problem": " ".join(errors),
        "time_field": form["since"] if form else None,
        "lines": [{"stream": str(state), "words": line(state)} for state in states],
        "confirmed": CONFIRMED,
        "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
        "is_across": request.POST.get("select_across", "0"),
    }
    return TemplateResponse(request, "admin/stream_act.html", context)


def _reached(state: SyncState) -> str:
    at = (state.cursor or {}).get("at")
    return f"Read up to {datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC." if at else "Not read yet."


def _held(state: SyncState) -> str:
    if not state.hold_reason:
        return "It waits for nobody."
    if stream_of(state) is None:
        return f"{state.hold_reason} It cannot go on: the provider has it no more."
    parts = ", ".join(f"{part.title}: {part.count}" for part in held_back(state).parts)
    return f"{state.hold_reason} {parts}".strip()
