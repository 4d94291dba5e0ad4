"""Pages of a connection's lists of values and of its people."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.access import Action
from crm.models import User
from crm.selectors.pages import KeysFirstPaginator
from crm.views.doors import WorkspaceRequest, workspace_page
from integrations.hub.errors import HubError, InvalidSettings
from integrations.hub.mapping.checks import fields_of_list
from integrations.hub.mapping.people import owners_pull
from integrations.hub.mapping.pipelines import pipelines_pull
from integrations.hub.mapping.values import (
    owner_set,
    unmapped_owner_set,
    value_create,
    value_delete,
    value_update,
)
from integrations.hub.mapping_forms import OwnerForm, UnmappedOwnerForm, ValueForm, value_choices
from integrations.hub.models import Connection, FieldMapping, OwnershipMapping, ValueMapping
from integrations.hub.views.mapping import connection_or_404, shared

PAGE_SIZE = 50
PEOPLE, VALUES = "/people", "/values"


# --- Values -------------------------------------------------------------------------------------
@workspace_page(Action.CONNECT)
def value_list(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """All lists of the connection, each value with what it is here."""
    connection = connection_or_404(request, pk)
    rows = ValueMapping.objects.filter(connection=connection).order_by("name", "order", "pk")
    page = KeysFirstPaginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    choices = {row.name: dict(_choices(connection, row.name)) for row in page.object_list}
    context = {
        **shared(connection, VALUES),
        "page_obj": page,
        "lines": [
            (row, _list_words(row.name), choices[row.name].get(row.ours, row.ours))
            for row in page.object_list
        ],
        "lists": [(name, _list_words(name)) for name in _list_names(connection)],
        "has_pipelines": connection.declaration.pipelines is not None,
    }
    return render(request, "hub/mapping/values.html", context)


@workspace_page(Action.CONNECT)
def value_new(request: WorkspaceRequest, pk: int, name: str) -> HttpResponse:
    connection = connection_or_404(request, pk)
    return _value_page(request, ValueMapping(connection=connection, name=name))


@workspace_page(Action.CONNECT)
def value_edit(request: WorkspaceRequest, pk: int, row_pk: int) -> HttpResponse:
    return _value_page(request, _value_or_404(request, pk, row_pk))


@workspace_page(Action.CONNECT)
def value_remove(request: WorkspaceRequest, pk: int, row_pk: int) -> HttpResponse:
    row = _value_or_404(request, pk, row_pk)
    back_url = _values_url(row.connection)
    if request.method == "POST":
        value_delete(row, actor=request.membership.user)
        messages.success(request, f"{row.label or row.theirs} has no counterpart any more.")
        return redirect(back_url)
    return render(request, "hub/mapping/value_delete.html", {"row": row, "back_url": back_url})


@require_POST
@workspace_page(Action.CONNECT)
def pipelines_fetch(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """See that each pipeline and stage of the vendor's has one of ours."""
    connection = connection_or_404(request, pk)
    try:
        report = pipelines_pull(connection)
    except HubError as refusal:
        messages.error(request, f"The pipelines could not be fetched: {refusal}")
    else:
        (messages.warning if report.problems else messages.success)(request, report.words)
    return redirect(_values_url(connection))


# --- People -------------------------------------------------------------------------------------
@workspace_page(Action.CONNECT)
def people_list(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """The vendor's people, each with who it is here; and who gets the records of the rest."""
    connection = connection_or_404(request, pk)
    form = UnmappedOwnerForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid() and _unmapped_set(request, connection, form):
        return redirect(_people_url(connection))
    rows = OwnershipMapping.objects.filter(connection=connection).select_related("user")
    ordered = rows.order_by("-is_active", "external_name", "pk")
    page = KeysFirstPaginator(ordered, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {**shared(connection, PEOPLE), "page_obj": page, "form": form}
    return render(request, "hub/mapping/people.html", context)


@workspace_page(Action.CONNECT)
def person_edit(request: WorkspaceRequest, pk: int, row_pk: int) -> HttpResponse:
    """Say who a person at the vendor is here."""
    connection = connection_or_404(request, pk)
    row = get_object_or_404(OwnershipMapping.objects.filter(connection=connection), pk=row_pk)
    form = OwnerForm(request.POST or None, connection=connection, initial={"user": row.user_id})
    if request.method == "POST" and form.is_valid():
        try:
            owner_set(row, user=form.cleaned_data["user"], actor=request.membership.user)
        except InvalidSettings as refusal:
            form.add_refusal(refusal)
        else:
            messages.success(request, _matched_words(row, form.cleaned_data["user"]))
            return redirect(_people_url(connection))
    context = {
        **shared(connection, PEOPLE),
        "row": row,
        "form": form,
        "back_url": _people_url(connection),
    }
    return render(request, "hub/mapping/person_form.html", context)


@require_POST
@workspace_page(Action.CONNECT)
def people_fetch(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Match the vendor's people to members by e-mail."""
    connection = connection_or_404(request, pk)
    try:
        report = owners_pull(connection)
    except HubError as refusal:
        messages.error(request, f"The people could not be fetched: {refusal}")
    else:
        messages.success(request, report.words)
    return redirect(_people_url(connection))


def _matched_words(row: OwnershipMapping, user: User | None) -> str:
    if user is None:
        return f"{row} is nobody here: records that come from now on go to whoever gets the rest."
    return f"{row} is {user} here. Records that wait for an owner are mended now."


def _unmapped_set(
    request: WorkspaceRequest, connection: Connection, form: UnmappedOwnerForm
) -> bool:
    chosen = form.cleaned_data["unmapped_owner"]
    try:
        unmapped_owner_set(connection, user=chosen, actor=request.membership.user)
    except InvalidSettings as refusal:
        form.add_refusal(refusal)
        return False
    messages.success(request, "Saved. It holds for records that come from now on.")
    return True


def _value_page(request: WorkspaceRequest, row: ValueMapping) -> HttpResponse:
    choices = _choices(row.connection, row.name)
    is_new_list = row.name not in _list_names(row.connection)
    form = ValueForm(request.POST or None, row=row, choices=choices, is_new_list=is_new_list)
    if request.method == "POST" and form.is_valid() and _value_saved(request, row, form):
        return redirect(_values_url(row.connection))
    context = {
        **shared(row.connection, VALUES),
        "row": row,
        "form": form,
        "back_url": _values_url(row.connection),
    }
    return render(request, "hub/mapping/value_form.html", context)


def _value_saved(request: WorkspaceRequest, row: ValueMapping, form: ValueForm) -> bool:
    values = {**form.cleaned_data, "name": row.name}
    try:
        if row.pk:
            value_update(row, values=values, actor=request.membership.user)
        else:
            value_create(row.connection, values=values, actor=request.membership.user)
    except InvalidSettings as refusal:
        form.add_refusal(refusal)
        return False
    messages.success(request, "Saved. Records are compared anew as they come.")
    return True


def _choices(connection: Connection, name: str) -> list[tuple[str, str]]:
    """What our side of a list can hold, by the first field that it is about."""
    for field, kind in fields_of_list(connection, name):
        return value_choices(field, kind, connection)
    return []


def _list_words(name: str) -> str:
    """`call direction`."""
    return name.replace("_", " ")


def _list_names(connection: Connection) -> list[str]:
    """The lists that the mapping uses, and those that have values."""
    named = {
        str(step.get("name"))
        for transform in FieldMapping.objects.filter(connection=connection).values_list(
            "transform", flat=True
        )
        for step in transform
        if step.get("kind") in ("picklist", "reference") and step.get("name")
    }
    kept = ValueMapping.objects.filter(connection=connection).values_list("name", flat=True)
    return sorted(named | set(kept.order_by().distinct()))


def _value_or_404(request: WorkspaceRequest, pk: int, row_pk: int) -> ValueMapping:
    connection = connection_or_404(request, pk)
    row = get_object_or_404(ValueMapping.objects.filter(connection=connection), pk=row_pk)
    row.connection = connection
    return row


def _values_url(connection: Connection) -> str:
    return reverse("hub:value_list", args=[connection.pk])


def _people_url(connection: Connection) -> str:
    return reverse("hub:people_list", args=[connection.pk])
