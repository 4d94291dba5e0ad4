"""The middle of a record's page: its timeline by kind, and the history of its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator

from crm.choices import ActivityKind
from crm.forms.activities import CallForm, NoteForm
from crm.models import OwnedRecord
from crm.selectors.ledger import changes_of, imports_of
from crm.selectors.timeline import Subject, timeline
from crm.views.doors import WorkspaceRequest, may_edit
from crm.views.history import history_rows
from crm.views.timeline_imports import WithImports, import_entries

PAGE_SIZE = 20
HISTORY = "history"


@dataclass(frozen=True)
class Tab:
    """One view of the middle column; `kinds` are the activities it shows."""

    id: str
    label: str
    kinds: tuple[str, ...] = ()


MONEY = (
    ActivityKind.PAYMENT_RECEIVED,
    ActivityKind.PAYMENT_FAILED,
    ActivityKind.REFUND,
    ActivityKind.SUBSCRIPTION,
)
MAIL = (
    ActivityKind.EMAIL,
    ActivityKind.EMAIL_OPENED,
    ActivityKind.EMAIL_CLICKED,
    ActivityKind.EMAIL_BOUNCED,
    ActivityKind.UNSUBSCRIBED,
)
TABS = (
    Tab("all", "All"),
    Tab("note", "Notes", (ActivityKind.NOTE,)),
    Tab("call", "Calls", (ActivityKind.CALL,)),
    Tab("email", "E-mails", MAIL),
    Tab("meeting", "Meetings", (ActivityKind.MEETING,)),
    Tab("money", "Payments", MONEY),
    Tab(HISTORY, "History"),
)


def timeline_context(
    request: WorkspaceRequest, record: Subject, *, extra_tabs: tuple[Tab, ...] = ()
) -> dict[str, Any]:
    """What `crm/records/_timeline.html` shows; the tab and page are in the address."""
    tabs = (*TABS, *extra_tabs)
    tab = next((one for one in tabs if one.id == request.GET.get("tab")), tabs[0])
    context: dict[str, Any] = {"tabs": tabs, "tab": tab, "is_history": tab.id == HISTORY}
    if tab in extra_tabs:
        return context
    if tab.id == HISTORY:
        return {**context, **history_context(request, record)}
    return {**context, **_activities(request, record, tab)}


def _activities(request: WorkspaceRequest, record: Subject, tab: Tab) -> dict[str, Any]:
    rows = timeline(record)
    if tab.kinds:
        pages = Paginator[Any](rows.filter(kind__in=tab.kinds), PAGE_SIZE)
    else:
        entries = import_entries(request, imports_of(record))
        merged: Any = WithImports(rows, entries)
        pages = Paginator[Any](merged, PAGE_SIZE)
    boxes = {"note_form": NoteForm(), "call_form": CallForm()} if may_edit(request, record) else {}
    return {"activities": pages.get_page(request.GET.get("page")), **boxes}


def history_context(request: WorkspaceRequest, record: OwnedRecord) -> dict[str, Any]:
    page = Paginator(changes_of(record), PAGE_SIZE).get_page(request.GET.get("page"))
    return {"history_page": page, "history": history_rows(record, list(page))}
