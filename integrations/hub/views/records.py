"""Why a record is, or is not, in step with each connected system; and one more try."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.access import Action, is_allowed
from crm.models import Record
from crm.views.doors import WorkspaceRequest, is_swap, swap_headers, workspace_page
from integrations.hub.board import connections_of
from integrations.hub.errors import HubError
from integrations.hub.models import SyncState
from integrations.hub.panels import PANEL, record_systems_path
from integrations.hub.retrying import record_retry
from integrations.hub.standings import ATTEMPTS_SHOWN, OUTCOMES, attempts_of, standings_of
from integrations.hub.subjects import PAGES, noun_of, page_of, record_find, record_key


@require_GET
@workspace_page(Action.VIEW)
def record_systems(request: WorkspaceRequest, record_type: str, pk: int) -> HttpResponse:
    """The card beside a record, and the page with every attempt for those who mend things."""
    record = _record_or_404(request, record_type, pk)
    context: dict[str, Any] = {
        "record": record,
        "record_type": record_type,
        "record_key": record_key(record),
        "noun": noun_of(record_type),
        "standings": standings_of(record),
        "page_url": record_systems_path(record),
    }
    if is_swap(request, PANEL):
        return swap_headers(render(request, "hub/records/_panel.html", context))
    if is_allowed(request.membership, Action.EDIT_ANY):
        context |= _attempts(record)
    if record_type in PAGES:
        context["back_url"] = page_of(record)
    return swap_headers(render(request, "hub/records/detail.html", context))


@require_POST
@workspace_page(Action.EDIT_ANY)
def record_again(request: WorkspaceRequest, record_type: str, pk: int) -> HttpResponse:
    """Try one stream of the record once more."""
    record = _record_or_404(request, record_type, pk)
    wanted = request.POST.get("stream", "")
    streams = SyncState.objects.filter(connection__in=connections_of(request.workspace))
    state = get_object_or_404(streams, pk=int(wanted) if wanted.isdecimal() else 0)
    try:
        record_retry(record, state, actor=request.membership.user)
    except HubError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "It is being tried again. Reload in a moment to see how it went.")
    return redirect(record_systems_path(record))


def _attempts(record: Record) -> dict[str, Any]:
    found = attempts_of(record)
    return {
        "attempts": [(one, *OUTCOMES.get(one.outcome, (one.outcome, ""))) for one in found],
        "attempts_shown": ATTEMPTS_SHOWN if len(found) == ATTEMPTS_SHOWN else 0,
        "attempts_days": settings.RETENTION_DAYS["attempts"],
    }


def _record_or_404(request: WorkspaceRequest, record_type: str, pk: int) -> Record:
    record = record_find(request.workspace, record_type, pk)
    if record is None:
        raise Http404("There is no such record.")
    return record
