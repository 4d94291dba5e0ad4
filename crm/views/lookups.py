"""Suggestions for inputs that name another record, while the person types."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm.access import Action
from crm.forms.lookup import labels
from crm.selectors.lookup import LOOKUPS, suggestions
from crm.views.doors import WorkspaceRequest, workspace_page

TEXT_MAX = 200


@require_GET
@workspace_page(Action.VIEW)
def lookup(request: WorkspaceRequest, name: str) -> HttpResponse:
    """Options for one text: htmx sends the input's own value under the input's own name."""
    if name not in LOOKUPS:
        raise Http404
    sent = str(next(iter(request.GET.values()), ""))
    typed = sent.strip()[:TEXT_MAX].replace("\x00", "")
    chosen = LOOKUPS[name]
    options = labels(chosen, suggestions(chosen, request.workspace, typed))
    return render(request, "crm/forms/_lookup_options.html", {"options": options})
