"""The conflict inbox: what both sides changed, one field each, and whose value stays."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.models import Record
from crm.services.ledger import record_type
from crm.views.doors import WorkspaceRequest, is_swap, swap_headers, workspace_page
from crm.views.listing import Filter, Listing, Options, Rows, list_page
from integrations.hub import board
from integrations.hub.conflict_lines import conflict_lines, field_words
from integrations.hub.conflicts import MOST_AT_ONCE, conflicts_of, conflicts_resolve
from integrations.hub.merge import Side
from integrations.hub.models import ConflictState, Connection, SyncConflict
from integrations.hub.subjects import record_find, record_key

RESULTS = "results"
EVERY = "all"
TABS = ((ConflictState.OPEN.value, "Waiting"), *ConflictState.choices[1:], (EVERY, "All"))
GONE = "This conflict is not there any more: the list shows those that are."
SIDES = {"ours": Side.OURS, "theirs": Side.THEIRS}


def _connections(request: WorkspaceRequest) -> Options:
    rows = board.connections_of(request.workspace)
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


def _fields(request: WorkspaceRequest) -> Options:
    """Those that conflicts are about, in words; a path may mean a field of several types."""
    rows = conflicts_of(request.workspace).order_by().values_list("record_type", "field")
    return sorted({(path, field_words(name, path)) for name, path in rows.distinct()[:200]})


def _objects(request: WorkspaceRequest) -> Options:
    """Kinds of things at vendors that conflicts are about."""
    rows = conflicts_of(request.workspace).order_by().values_list("object", flat=True)
    return [(name, name.replace("_", " ").capitalize()) for name in sorted(rows.distinct())]


def _of_connection(rows: Rows, value: str, request: WorkspaceRequest) -> Rows:
    return rows.filter(connection=int(value))


LISTING = Listing(
    search=lambda rows, query: rows,
    sorts={"pk": ("pk",)},
    filters=(
        Filter("connection", "Connection", _connections, _of_connection),
        Filter("object", "Kind", _objects, lambda rows, value, _: rows.filter(object=value)),
        Filter("field", "Field", _fields, lambda rows, value, _: rows.filter(field=value)),
    ),
    default_sort="-pk",
)


def conflicts_path(connection: Connection, object: str = "") -> str:
    """The page of those that wait on one connection, or in one stream of it."""
    of_stream = f"&{urlencode({'object': object})}" if object else ""
    return f"{reverse('hub:conflict_list')}?connection={connection.pk}{of_stream}"


@workspace_page(Action.VIEW)
def conflict_list(request: WorkspaceRequest) -> HttpResponse:
    state = _state(request)
    rows = conflicts_of(request.workspace)
    rows = rows if state == EVERY else rows.filter(state=state)
    record = _record(request)
    if record is not None:
        rows = rows.filter(record_type=record_type(record), local_id=record.pk)
    found = list_page(request, rows, LISTING)
    context = {
        "found": found,
        "record": record,
        "record_key": record_key(record) if record is not None else "",
        "lines": conflict_lines(found.page.object_list, request.membership),
        "tabs": TABS,
        "state": state,
        "is_filtered": record is not None or any(one.value for one in found.filters),
        "address": request.GET.urlencode(),
    }
    template = "_results" if is_swap(request, RESULTS) else "list"
    return swap_headers(render(request, f"hub/conflicts/{template}.html", context))


@require_POST
@workspace_page(Action.EDIT)
def conflict_decide(request: WorkspaceRequest) -> HttpResponse:
    """One conflict by its own button, or all that are ticked by the button below."""
    side, chosen = _chosen(request)
    if side is None or not chosen:
        is_single = any(name in request.POST for name in SIDES)
        messages.error(
            request, GONE if is_single else "Nothing was decided: tick the conflicts first."
        )
        return _back(request)
    lines = conflict_lines(chosen, request.membership)
    allowed = [line.conflict for line in lines if line.may_resolve]
    done, refused = conflicts_resolve(allowed, winner=side, actor=request.membership.user)
    for reason in dict.fromkeys(refused):
        messages.error(request, reason)
    if len(allowed) < len(lines):
        messages.error(request, "Records of other people were left alone: a manager decides those.")
    if done:
        _tell(request, done, side)
    return _back(request)


def _record(request: WorkspaceRequest) -> Record | None:
    """The one whose conflicts alone are shown: `?record=contact-12`."""
    name, _, pk = request.GET.get("record", "").rpartition("-")
    if not pk.isdecimal() or len(pk) > 18:
        return None
    return record_find(request.workspace, name, int(pk))


def _chosen(request: WorkspaceRequest) -> tuple[Side | None, QuerySet[SyncConflict]]:
    """Whose value stays, and where; rows of another workspace are not among them."""
    rows = conflicts_of(request.workspace)
    for name, side in SIDES.items():
        if pk := request.POST.get(name):
            return side, rows.filter(pk=int(pk)) if pk.isdecimal() else rows.none()
    ids = [int(pk) for pk in request.POST.getlist("chosen") if pk.isdecimal()]
    return SIDES.get(request.POST.get("winner", "")), rows.filter(pk__in=ids[:MOST_AT_ONCE])


def _tell(request: WorkspaceRequest, done: int, side: Side) -> None:
    conflicts = "1 conflict is" if done == 1 else f"{done} conflicts are"
    kept = "The value here is sent." if side == Side.OURS else "Their value is taken over."
    messages.success(request, f"{conflicts} decided. {kept} It takes some seconds.")


def _back(request: WorkspaceRequest) -> HttpResponse:
    """To the same page of the list; only its own query is taken from the form."""
    query = request.POST.get("address", "")
    return redirect(f"{reverse('hub:conflict_list')}{'?' if query else ''}{query}")


def _state(request: WorkspaceRequest) -> str:
    given = request.GET.get("state", "")
    return given if given in dict(TABS) else ConflictState.OPEN.value
