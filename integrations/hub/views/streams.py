"""The page of one stream: how well it is, what it holds back, and the buttons that decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub import board
from integrations.hub.aside_tries import aside_retry, is_any_tried
from integrations.hub.asides import aside_lines, aside_page
from integrations.hub.conflict_lines import field_words
from integrations.hub.errors import HubError
from integrations.hub.first_sync import stream_label, stream_of
from integrations.hub.health import stream_health
from integrations.hub.held import held_back
from integrations.hub.models import ConnectionState, RunKind, SyncRun, SyncState
from integrations.hub.sync import holds, reconciling, undoing
from integrations.hub.sync.comparing import SHOWN
from integrations.hub.troubles import problem_lines, troubled_page
from integrations.hub.undo_words import (
    BEGUN,
    undo_begin,
    undo_outlook,
    undo_refusal,
    undo_told,
)
from integrations.hub.value_words import names_of
from integrations.hub.views.conflicts import conflicts_path

RUNS = 10
# By button: what it does, and what is said then; '' where the act says it itself.
ACTS: dict[str, tuple[Callable[..., object], str]] = {
    "go-on": (holds.hold_go_on, "It goes on. What was held back is done now."),
    "stop": (holds.stream_stop, "It is stopped. Nothing is read or sent until you start it."),
    "start": (holds.stream_start, "It is started again."),
    "reconcile": (reconciling.reconcile_ask, "It is being compared. That takes a while."),
    "aside": (aside_retry, ""),
    "repair": (reconciling.repair_ask, "It is being compared, and differences are mended."),
}


@workspace_page(Action.VIEW)
def stream_detail(request: WorkspaceRequest, pk: int) -> HttpResponse:
    states = SyncState.objects.select_related("connection__workspace")
    state = get_object_or_404(states, pk=pk, connection__workspace=request.workspace)
    if state.connection.state == ConnectionState.DISABLED:
        return redirect("hub:connection_detail", pk=state.connection_id)
    runs = SyncRun.objects.filter(connection=state.connection_id, object=state.object)
    found = runs.filter(kind=RunKind.RECONCILE).order_by("-pk").first()
    troubled = troubled_page(state, request.GET.get("page"))
    aside = aside_page(state, request.GET.get("aside"))
    samples = found.details.get("samples", {}) if found is not None else {}
    health, stream = stream_health(state), stream_of(state)
    context = {
        "state": state,
        "connection": state.connection,
        "label": stream_label(state),
        "health": health,
        "conflicts": health.conflicts,
        "conflicts_url": conflicts_path(state.connection, state.object),
        "held": held_back(state) if state.hold_reason and stream else None,
        "is_unguarded": state.is_pushed and stream is not None and not stream.is_guarded,
        "runs": [_run_line(run) for run in runs.order_by("-pk")[:RUNS]],
        "found": found,
        "samples": _samples(state, samples),
        "accepted_words": SHOWN["accepted"],
        "troubled": troubled,
        "problems": problem_lines(state, list(troubled)),
        "aside": aside,
        "aside_lines": aside_lines(state, aside),
        "aside_is_tried": bool(aside) and is_any_tried(state),
    }
    return render(request, "hub/streams/detail.html", context)


@require_POST
@workspace_page(Action.CONNECT)
def stream_act(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """One of the buttons of the page; each act is in the ledger."""
    state = _state_or_404(request, pk)
    act, words = ACTS.get(request.POST.get("act", ""), (None, ""))
    if act is None:
        messages.error(request, "Nothing was done: choose one of the buttons.")
    else:
        try:
            said = act(state, actor=request.membership.user)
            messages.success(request, words or str(said))
        except HubError as refusal:
            messages.error(request, str(refusal))
    return redirect("hub:stream_detail", pk=pk)


@workspace_page(Action.CONNECT)
def run_undo(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Show what an undo would do and what follows from it, then begin it."""
    rows = SyncRun.objects.select_related("connection__workspace")
    run = get_object_or_404(rows, pk=pk, connection__in=board.connections_of(request.workspace))
    state = get_object_or_404(SyncState, connection=run.connection_id, object=run.object)
    back_url = reverse("hub:stream_detail", args=[state.pk])
    if request.method == "POST":
        return _undo_begin(request, run, back_url)
    refusal = undo_refusal(run)
    if refusal:
        messages.error(request, refusal)
        return redirect(back_url)
    context = {
        "run": run,
        "state": state,
        "connection": run.connection,
        "outlook": undo_outlook(run),
        "back_url": back_url,
    }
    return render(request, "hub/streams/undo.html", context)


def _samples(state: SyncState, samples: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """Of each gap, the examples with our record's name and the fields in words."""
    kind = state.record_type
    kept = [one for rows in samples.values() for one in rows]
    pairs = [(kind, one["local_id"]) for one in kept if one["local_id"]]
    names = names_of({state.connection.workspace_id}, (), pairs)
    words = {pk: name for (_, pk), name in names.items()}
    return [
        (SHOWN.get(sort, sort), [_sample(kind, one, words) for one in rows])
        for sort, rows in samples.items()
    ]


def _sample(kind: str, one: Mapping[str, Any], words: Mapping[int, str]) -> dict[str, Any]:
    fields = [field_words(kind, path) if kind else path for path in one["fields"]]
    return {**one, "fields": fields, "record": words.get(one["local_id"], "")}


def _run_line(run: SyncRun) -> tuple[SyncRun, bool, str]:
    """The run, whether there may be something to undo, and what became of an undo."""
    has_written = bool(run.created or run.updated or run.deleted)
    is_undoable = has_written and undoing.is_undoable(run) and not undoing.undo_asked(run)
    return run, is_undoable, undo_told(run)


def _undo_begin(request: WorkspaceRequest, run: SyncRun, back_url: str) -> HttpResponse:
    try:
        undo_begin(run, actor=request.membership.user)
    except HubError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, BEGUN)
    return redirect(back_url)


def _state_or_404(request: WorkspaceRequest, pk: int) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return get_object_or_404(rows, pk=pk, connection__in=board.connections_of(request.workspace))
